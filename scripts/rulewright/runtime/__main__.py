"""The program: `python -m` this package, or the console script of the distribution."""

from __future__ import annotations

import sys


def main() -> int:
    """Run the command line with the arguments of the process.

    Returns:
        The exit code; 2 where the libraries of the extra `cli` are not installed.
    """
    try:
        from .cli import ignore_all, run
    except ModuleNotFoundError as error:
        if error.name not in {"cyclopts", "rich"}:
            raise
        print(
            f"the command line needs {error.name}, which is not installed:"
            " install this distribution with its extra 'cli'",
            file=sys.stderr,
        )
        return 2
    except KeyboardInterrupt:
        return 130
    code = run(sys.argv[1:])
    if code > 128:  # a signal's
        ignore_all()
    return code


if __name__ == "__main__":
    sys.exit(main())
