"""Find what a request breaks, and decide what to do about it."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Collection, Mapping
from typing import Any, Final

from ..types import Unset
from ._record import Record
from ._violation import Change, Rule, RuleViolation, RuleWarning, Violation

SCHEMA: Final = "schema"
_UNCHANGING: Final = frozenset({str, bool, int, float, Unset})


class RuleSet(Record):
    """The compiled rules of one model, or of the parameters of one operation.

    Args:
        model: The model class; for parameters, `Arguments`.
        rules: Its rules, in the order violations are reported.
        fields: JSON names of the fields the rules look at.
        domains: For each of them that can be listed, every value it may take (`ABSENT` if optional).
        fits: Tells at a glance that a model surely fits its schema; where it does not, look closely.
        keeps: Tells whether a model that fits its schema keeps every rule.
        model_values: Returns the value of each of `fields` in a model.
        json_values: Returns the value of each of `fields` in a JSON object.
        broken: Returns what such values break.
    """

    model: type[Any]
    rules: tuple[Rule, ...]
    fields: tuple[str, ...]
    domains: Mapping[str, tuple[Any, ...]]
    fits: Callable[[Any], bool]
    keeps: Callable[[Any], bool]
    model_values: Callable[[Any], tuple[Any, ...]]
    json_values: Callable[[Mapping[str, Any]], tuple[Any, ...]]
    broken: Callable[..., list[Violation]]

    def violations(self, body: Any, waive: Collection[str]) -> tuple[Violation, ...]:
        """Return every rule the body breaks except the waived ones; each can tell the nearest valid request."""
        values = self.model_values(body) if isinstance(body, self.model) else self.json_values(body)
        found = self.broken(*values)
        if waive:
            found = [violation for violation in found if violation.rule not in waive]
        if found:
            search = Search(self, values, waive)
            for violation in found:
                violation.search_with(search)
        return tuple(found)


def never(body: Any) -> bool:  # noqa: ARG001
    """Say nothing at a glance, where no model is looked at."""
    return False


class Search:
    """The search for the nearest valid request, made when its result is first asked for.

    Args:
        rules: The rules of the body's model.
        values: The value of each field the rules look at. What can change is copied, for the caller may change it.
        waive: Ids of the rules that are switched off.
    """

    __slots__ = ("_found", "_rules", "_values", "_waive")

    def __init__(self, rules: RuleSet, values: tuple[Any, ...], waive: Collection[str]) -> None:
        self._rules = rules
        self._values = values if _UNCHANGING.issuperset(map(type, values)) else tuple(map(_copied, values))
        self._waive = frozenset(waive)
        self._found: tuple[Change, ...] | None = None

    def __call__(self) -> tuple[Change, ...]:
        """Return the changes."""
        if self._found is None:
            from ._nearest import nearest  # seldom needed

            rules, values, waive = self._rules, self._values, self._waive
            broken = [each for each in rules.broken(*values) if each.rule not in waive]
            self._found = nearest(rules, dict(zip(rules.fields, values, strict=True)), broken, waive)
        return self._found


def _copied(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _copied(child) for name, child in value.items()}
    return [_copied(item) for item in value] if isinstance(value, list) else value


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

            close = difflib.get_close_matches(rule, known, cutoff=0)
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
        raise RuleViolation([*refused, *(each for each in found if not strict and each.level != "error")])
    for violation in found:
        warnings.warn(str(violation), RuleWarning, stacklevel=stacklevel)
