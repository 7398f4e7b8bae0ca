"""Find what a request breaks, and decide what to do about it."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import Any, Final

from ..types import Unset
from ._record import Record
from ._violation import Broken, Change, Rule, RuleViolation, RuleWarning, Violation

SCHEMA: Final = "schema"
_UNCHANGING: Final = (str, Unset, bool, int, float)


class RuleSet(Record):
    """The compiled rules of one model, or of the parameters of one operation.

    Args:
        model: The model class; for parameters `Arguments`, for an object that has no class the type of None.
        rules: Its rules, in the order violations are reported.
        fields: JSON names of the fields the rules look at.
        domains: For each of them that can be listed, every value it may take (`ABSENT` if optional).
        look: Returns what a model breaks that plainly fits its schema; None for any other, to be looked at closely.
        model_values: Returns the value of each of `fields` in a model.
        json_values: Returns the value of each of `fields` in a JSON object.
        broken: Returns what such values break.
    """

    model: type[Any]
    rules: tuple[Rule, ...]
    fields: tuple[str, ...]
    domains: Mapping[str, tuple[Any, ...]]
    look: Callable[[Any], Sequence[Broken] | None]
    model_values: Callable[[Any], tuple[Any, ...]]
    json_values: Callable[[Mapping[str, Any]], tuple[Any, ...]]
    broken: Callable[..., list[Broken]]

    def violations(
        self, body: Any, waive: Collection[str], found: Sequence[Broken] | None = None
    ) -> tuple[Violation, ...]:
        """Return every rule the body breaks except the waived ones; each can tell the nearest valid request.

        Args:
            body: A model, or the JSON object of one.
            waive: Ids of the rules that are switched off.
            found: What the body breaks, if that is known.
        """
        values = self.model_values(body) if isinstance(body, self.model) else self.json_values(body)
        if found is None:
            found = self.broken(*values)
        if waive:
            found = [each for each in found if each[0].id not in waive]
        if not found:
            return ()
        for value in values:
            if type(value) not in _UNCHANGING:  # the caller may change it before the search is made
                values = tuple(map(_copied, values))
                break
        search = partial(_nearest_of, self, values, frozenset(waive) if waive else ())
        return tuple([rule.broken_at(pointer, value, search) for rule, pointer, value in found])


def unseen(body: Any) -> None:
    """Say nothing at a glance, where no model is looked at."""


def _nearest_of(rules: RuleSet, values: tuple[Any, ...], waive: Collection[str]) -> tuple[Change, ...]:
    from ._nearest import nearest  # seldom needed

    broken = [each for each in rules.broken(*values) if each[0].id not in waive]
    return nearest(rules, dict(zip(rules.fields, values, strict=True)), broken, waive)


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
