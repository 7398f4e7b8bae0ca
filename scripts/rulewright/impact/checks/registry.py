"""The registry of checks: one record for each thing a difference can mean."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from rulewright.impact.change import Change
from rulewright.impact.context import Context
from rulewright.impact.structure import Difference

Judge = Callable[["Check", Difference, Context], Iterable[Change]]
ALL: Final = frozenset({"add", "remove", "change", "order"})


@dataclass(frozen=True)
class Check:
    """One check.

    Args:
        id: Stable name.
        purpose: What it finds, one sentence.
        at: The places it looks at, such as `Schema.enum` or `Schema.properties[]`.
        kinds: The kinds of difference it looks at.
        judge: Yields the changes it makes of a difference; none where the difference is not its business.
        mirror: The check that finds the opposite change; its own id where the opposite is of the same kind.
        alone: Why there is no mirror, where there is none.
    """

    id: str
    purpose: str
    at: tuple[str, ...]
    kinds: frozenset[str]
    judge: Judge
    mirror: str | None = None
    alone: str | None = None

    def run(self, difference: Difference, context: Context) -> Iterator[Change]:
        """Yield the changes this check makes of a difference."""
        if difference.known and difference.selector in self.at and difference.kind in self.kinds:
            yield from self.judge(self, difference, context)


class Registry:
    """The checks of one subject; the decorator that adds to them."""

    def __init__(self) -> None:
        self.checks: dict[str, Check] = {}

    def check(
        self,
        name: str,
        at: Iterable[str],
        kinds: Iterable[str] = ALL,
        *,
        mirror: str | None = None,
        alone: str | None = None,
    ) -> Callable[[Judge], Judge]:
        """Register a judge under an id; its docstring is its purpose."""

        def add(judge: Judge) -> Judge:
            if name in self.checks:
                raise ValueError(f"the check id {name} is taken")
            purpose = (judge.__doc__ or "").strip().splitlines()[0]
            self.checks[name] = Check(name, purpose, tuple(at), frozenset(kinds), judge, mirror, alone)
            return judge

        return add
