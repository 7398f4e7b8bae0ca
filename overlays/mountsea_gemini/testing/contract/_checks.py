"""The registry of checks: each is one function that yields, for every case it tried, a failure or None."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, TypeAlias

from attrs import frozen

from ._bench import Bench
from ._failure import Failure

Tried: TypeAlias = Iterator[Failure | None]
Body: TypeAlias = Callable[[Bench], Tried]


@frozen
class Check:
    """One check.

    Attributes:
        name: Its name in reports.
        purpose: What holds if it passes, in one sentence.
        run: Tries its cases on a bench.
    """

    name: str
    purpose: str
    run: Body


CHECKS: Final[dict[str, Check]] = {}


def check(function: Body) -> Body:
    """Register a check under its function's name; its docstring is its purpose."""
    name = function.__name__.replace("_", " ")
    CHECKS[name] = Check(name, (function.__doc__ or "").strip().partition("\n")[0], function)
    return function
