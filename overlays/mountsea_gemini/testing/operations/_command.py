"""The command line of the cases of every operation."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from ..._secrets import printable
from ._cases import cases
from ._played import Played


def main(arguments: Sequence[str] | None = None) -> int:
    """Try every case of every operation, in this process.

    Args:
        arguments: Those after the program's name; None takes them from the process.

    Returns:
        0 if each was answered as the document says, 1 if not.
    """
    argparse.ArgumentParser(
        prog=f"python -m {__name__.rpartition('.operations')[0]}",
        description="Call every operation, right and wrong: client, rules and sandbox must do as the document says.",
    ).parse_args(arguments)
    with Played() as played:
        found = cases(played)
        problems = {str(case): case.problem() for case in found if case.untried is None}
    failed = {name: problem for name, problem in problems.items() if problem is not None}
    for name, problem in failed.items():
        print(printable(f"FAILED {name}\n  {problem}"))
    for case in found:
        if case.untried is not None:
            print(printable(f"not tried: {case.untried}"))
    print(f"{len(problems)} cases of {len(played.operations)} operations, {len(failed)} failures")
    return int(bool(failed))
