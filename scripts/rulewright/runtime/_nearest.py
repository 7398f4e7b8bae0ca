"""The nearest valid request: the fewest changes to listable fields after which no rule is violated."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, Final

from ._values import ABSENT, is_number, pointer_token
from ._violation import Change, Length, Rule

MAX_CHANGES: Final = 3
Violated = tuple[Rule, str, Any]
"""A rule, where it is violated, and the value there: less than a violation, because a search makes hundreds."""
Domains = Mapping[str, tuple[Any, ...]]


def nearest(
    domains: Domains,
    before: Mapping[str, Any],
    violated: Callable[[Mapping[str, Any]], Collection[Violated]],
    waive: Collection[str],
) -> tuple[Change, ...]:
    """Return the fewest changes to listable fields that make a body valid.

    On a tie, a change that also keeps the inferred rules comes first, then one of the fields that violate a rule,
    then document and enum order. An inferred rule counts only if no stated one is violated.

    Args:
        domains: Every value of each field that can be listed; `ABSENT` if it is optional.
        before: The value of each field that the rules read; `ABSENT` where there is none.
        violated: Returns the rules that fields violate.
        waive: Ids of the rules that are switched off.

    Returns:
        The changes, or nothing if no change of at most three listable fields is enough.
    """
    found = [each for each in violated(_given(before)) if each[0].id not in waive]
    levels = {"error"} if any(rule.level == "error" for rule, _, _ in found) else {"error", "warning"}
    blamed = {pointer.split("/")[1] for _, pointer, _ in found if pointer}
    fields = sorted((name for name in before if name in domains), key=lambda name: name not in blamed)
    for size in range(1, min(MAX_CHANGES, len(fields)) + 1):
        best: tuple[int, tuple[Change, ...]] | None = None
        for chosen in itertools.combinations(fields, size):
            for pairs in itertools.product(*(_alternatives(name, domains[name], before[name]) for name in chosen)):
                after = dict(pairs)
                changed = {**before, **{name: _sample(value, before[name]) for name, value in after.items()}}
                left = [rule for rule, _, _ in violated(_given(changed)) if rule.id not in waive]
                if any(rule.level in levels for rule in left) or (best and best[0] <= len(left)):
                    continue
                changes = (
                    Change(f"/{pointer_token(name)}", _listed(before[name]), value) for name, value in after.items()
                )
                best = (len(left), tuple(changes))
        if best is not None:
            return best[1]
    return ()


def _given(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not ABSENT}


def _alternatives(name: str, domain: tuple[Any, ...], before: Any) -> Iterator[tuple[str, Any]]:
    now = _listed(before)
    others = [value for value in domain if value != now or type(value) is not type(now)]
    if isinstance(now, Length):  # a list: the fewest items added or dropped come first
        others.sort(key=lambda value: abs(value.count - now.count) if isinstance(value, Length) else now.count + 1)
    if is_number(now):  # the nearest number comes first, and being left out last
        others.sort(key=lambda value: abs(value - now) if is_number(value) else math.inf)
    return ((name, value) for value in others)


def _listed(value: Any) -> Any:
    return Length(len(value)) if isinstance(value, (list, tuple)) else value


def _sample(value: Any, before: Any) -> Any:
    """Return a field value to check: a list keeps its items and repeats one where it grows."""
    if not isinstance(value, Length):
        return value
    items = list(before) if isinstance(before, (list, tuple)) else []
    filler = items[-1:] or ["https://example.com/"]
    return (items + filler * value.count)[: value.count]
