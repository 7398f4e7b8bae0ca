"""Find what a request breaks, decide what to do about it, and search the nearest request that breaks nothing."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, Final

from attrs import define

from ..types import UNSET, Unset
from ._violation import ABSENT, Change, Length, Rule, RuleViolation, RuleWarning, Violation

MAX_CHANGES: Final = 3
SCHEMA: Final = "schema"


@define(frozen=True)
class RuleSet:
    """The compiled rules of one model.

    Args:
        model: The model class.
        rules: Its rules, in the order violations are reported.
        fields: JSON names of the fields the rules look at.
        domains: For each of them that can be listed, every value it may take (`ABSENT` if optional).
        broken: Checks field values, in the order of `fields`.
        broken_by_model: Checks a model.
        broken_by_json: Checks a JSON object.
    """

    model: type[Any]
    rules: tuple[Rule, ...]
    fields: tuple[str, ...]
    domains: Mapping[str, tuple[Any, ...]]
    broken: Callable[..., list[Violation]]
    broken_by_model: Callable[[Any], list[Violation]]
    broken_by_json: Callable[[Mapping[str, Any]], list[Violation]]

    def violations(self, body: Any, waive: Collection[str]) -> tuple[Violation, ...]:
        """Return every rule the body breaks except the waived ones, with the nearest valid request."""
        by_json = type(body) is not self.model and isinstance(body, Mapping)
        found = self.broken_by_json(body) if by_json else self.broken_by_model(body)
        if not found:
            return ()
        kept = [violation for violation in found if violation.rule not in waive]
        if not kept:
            return ()
        changes = nearest(self, body if by_json else self.model.to_dict(body), kept, waive)
        return tuple(violation.with_nearest(changes) for violation in kept)


def nearest(
    rules: RuleSet, body: Mapping[str, Any], found: Collection[Violation], waive: Collection[str]
) -> tuple[Change, ...]:
    """Return the fewest changes to listable fields that make a body valid.

    On a tie, a change that also keeps the inferred rules comes first, then one of the fields complained
    about, then document and enum order.

    Args:
        rules: The rules of the body's model.
        body: The JSON object.
        found: What it breaks; a warning counts only if no error is broken.
        waive: Ids of the rules that are switched off.

    Returns:
        The changes, or nothing if no change of at most three listable fields is enough.
    """
    levels = {"error"} if any(violation.level == "error" for violation in found) else {"error", "warning"}
    before = {name: body.get(name, UNSET) for name in rules.fields}
    blamed = {violation.pointer.split("/")[1] for violation in found if violation.pointer}
    fields = sorted((name for name in rules.fields if name in rules.domains), key=lambda name: name not in blamed)
    for size in range(1, min(MAX_CHANGES, len(fields)) + 1):
        best: tuple[int, tuple[Change, ...]] | None = None
        for chosen in itertools.combinations(fields, size):
            for values in itertools.product(*(_alternatives(rules.domains[name], before[name]) for name in chosen)):
                after = dict(zip(chosen, values, strict=True))
                changed = {**before, **{name: _sample(value, before[name]) for name, value in after.items()}}
                left = [violation for violation in rules.broken(*changed.values()) if violation.rule not in waive]
                if any(violation.level in levels for violation in left) or (best and best[0] <= len(left)):
                    continue
                changes = (Change(_pointer(name), _listed(before[name]), value) for name, value in after.items())
                best = (len(left), tuple(changes))
        if best is not None:
            return best[1]
    return ()


def _alternatives(domain: tuple[Any, ...], before: Any) -> Iterator[Any]:
    now = _listed(before)
    others = [value for value in domain if value != now or type(value) is not type(now)]
    if isinstance(now, Length):  # a list: the fewest items added or dropped come first
        others.sort(key=lambda value: abs(value.count - now.count) if isinstance(value, Length) else now.count + 1)
    return iter(others)


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


def check_waived(waive: Collection[str], known: Collection[str]) -> None:
    """Refuse the id of a rule that does not exist: a misspelt waiver would silently waive nothing.

    Raises:
        ValueError: It names the id and the closest existing one.
    """
    if isinstance(waive, str):
        raise ValueError(f"waive must be a collection of rule ids, got the text {waive!r}; write waive={{{waive!r}}}")
    for rule in waive:
        if rule not in known:
            import difflib  # only a mistake needs it

            close = difflib.get_close_matches(rule, known, 1, cutoff=0)
            raise ValueError(f"there is no rule {rule!r} to waive; did you mean {close[0]!r}?")


def enforce(found: Collection[Violation], *, strict: bool, stacklevel: int) -> None:
    """Raise for what must be refused, warn about the rest.

    Args:
        found: What a body breaks.
        strict: Refuse inferred rules too.
        stacklevel: Frames between the caller to blame for a warning and this function.

    Raises:
        RuleViolation: With every violation found, the refused ones first.
    """
    refused = [violation for violation in found if strict or violation.level == "error"]
    if refused:
        raise RuleViolation([*refused, *(violation for violation in found if violation not in refused)])
    for violation in found:
        warnings.warn(str(violation), RuleWarning, stacklevel=stacklevel)
