"""Run the contract checks: `python -m` this package."""

import sys

from .contract._command import main

if __name__ == "__main__":
    sys.exit(main())
