"""Run the checks of this package against the effective spec: `python -m` this package.

Where the document tells of tasks, started by a flat body and asked about by a query, the contract checks follow a
task through its whole life; elsewhere every operation is called, right and wrong.
"""

import sys

from .contract._command import main as contract
from .contract._contract import Contract
from .operations._command import main as operations

if __name__ == "__main__":
    sys.exit(contract() if Contract().tells_of_tasks else operations())
