"""The nearest valid request: the fewest changes to listable fields after which nothing is broken."""

from __future__ import annotations

import itertools
import math
from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from ..types import UNSET, Unset
from ._values import is_number
from ._violation import ABSENT, Broken, Change, Length

if TYPE_CHECKING:
    from ._engine import RuleSet

MAX_CHANGES: Final = 3


def nearest(
    rules: RuleSet, before: Mapping[str, Any], found: Collection[Broken], waive: Collection[str]
) -> tuple[Change, ...]:
    """Return the fewest changes to listable fields that make a body valid.

    On a tie, a change that also keeps the inferred rules comes first, then one of the fields complained
    about, then document and enum order.

    Args:
        rules: The rules of the body's model.
        before: The value of each field the rules look at; `UNSET` where there is none.
        found: What the body breaks; a warning counts only if no error is broken.
        waive: Ids of the rules that are switched off.

    Returns:
        The changes, or nothing if no change of at most three listable fields is enough.
    """
    levels = {"error"} if any(rule.level == "error" for rule, _, _ in found) else {"error", "warning"}
    blamed = {pointer.split("/")[1] for _, pointer, _ in found if pointer}
    fields = sorted((name for name in rules.fields if name in rules.domains), key=lambda name: name not in blamed)
    for size in range(1, min(MAX_CHANGES, len(fields)) + 1):
        best: tuple[int, tuple[Change, ...]] | None = None
        for chosen in itertools.combinations(fields, size):
            for pairs in itertools.product(
                *(_alternatives(name, rules.domains[name], before[name]) for name in chosen)
            ):
                after = dict(pairs)
                changed = {**before, **{name: _sample(value, before[name]) for name, value in after.items()}}
                left = [rule for rule, _, _ in rules.broken(*changed.values()) if rule.id not in waive]
                if any(rule.level in levels for rule in left) or (best and best[0] <= len(left)):
                    continue
                changes = (Change(_pointer(name), _listed(before[name]), value) for name, value in after.items())
                best = (len(left), tuple(changes))
        if best is not None:
            return best[1]
    return ()


def _alternatives(name: str, domain: tuple[Any, ...], before: Any) -> Iterator[tuple[str, Any]]:
    now = _listed(before)
    others = [value for value in domain if value != now or type(value) is not type(now)]
    if isinstance(now, Length):  # a list: the fewest items added or dropped come first
        others.sort(key=lambda value: abs(value.count - now.count) if isinstance(value, Length) else now.count + 1)
    if is_number(now):  # the nearest number comes first, and being left out last
        others.sort(key=lambda value: abs(value - now) if is_number(value) else math.inf)
    return ((name, value) for value in others)


def _listed(value: Any) -> Any:
    if isinstance(value, Unset):
        return ABSENT
    return Length(len(value)) if isinstance(value, (list, tuple)) else value


def _sample(value: Any, before: Any) -> Any:
    """Return a field value to check: a list keeps its items and repeats one where it grows."""
    if value is ABSENT:
        return UNSET
    if not isinstance(value, Length):
        return value
    items = list(before) if isinstance(before, (list, tuple)) else []
    filler = items[-1:] or ["https://example.com/"]
    return (items + filler * value.count)[: value.count]


def _pointer(name: str) -> str:
    return "/" + name.replace("~", "~0").replace("/", "~1")
