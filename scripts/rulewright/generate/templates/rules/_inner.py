"""Rules of what a request holds: objects within objects and lists, wherever one carries rules of its own."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

from ._engine import RuleSet
from ._shape import Schema, followed, misfits
from ._table import RULE_SETS
from ._violation import Change, Violation

_BY_FIRST: Final[Mapping[str, RuleSet]] = {rules.rules[0].id: rules for rules in RULE_SETS}


def inner_violations(body: Any, schema: Schema, own: RuleSet | None, waive: Collection[str]) -> Iterator[Violation]:
    """Yield what the parts of a request break, each with its place in the whole.

    Args:
        body: The request, as JSON.
        schema: Its schema.
        own: The rules of the request itself, which are left out.
        waive: Ids of rules that are switched off.
    """
    for at, part, rules in _parts(body, schema, ""):
        if at or rules is not own:
            for violation in rules.violations(part, waive):
                yield moved(violation, at)


def moved(violation: Violation, at: str) -> Violation:
    """Return a violation of a part as one of the whole that holds the part at a place."""

    def nearest() -> tuple[Change, ...]:
        return tuple(Change(at + each.pointer, each.before, each.after) for each in violation.nearest)

    return Violation(
        violation.rule,
        violation.level,
        violation.message,
        at + violation.pointer,
        violation.value,
        violation.source,
        nearest,
    )


def _parts(value: Any, schema: Schema, at: str) -> Iterator[tuple[str, Mapping[str, Any], RuleSet]]:
    """Yield each object that carries rules; of a choice, where it is clear which alternative is meant."""
    schema = followed(schema)
    if isinstance(value, Mapping) and "x-rules" in schema:
        yield at, value, _BY_FIRST[schema["x-rules"]]
    for member in schema.get("allOf", ()):
        yield from _parts(value, member, at)
    for keyword in ("oneOf", "anyOf"):
        fitting = [member for member in schema.get(keyword, ()) if next(misfits(value, member), None) is None]
        if len(fitting) == 1:
            yield from _parts(value, fitting[0], at)
    if isinstance(value, Mapping):
        yield from _members(value, schema, at)
    elif isinstance(value, (list, tuple)) and "items" in schema:
        for index, item in enumerate(value):
            yield from _parts(item, schema["items"], f"{at}/{index}")


def _members(value: Mapping[str, Any], schema: Schema, at: str) -> Iterator[tuple[str, Mapping[str, Any], RuleSet]]:
    properties, others = schema.get("properties", {}), schema.get("additionalProperties")
    for name, child in value.items():
        inner = properties.get(name, others)
        if isinstance(inner, Mapping):
            yield from _parts(child, inner, f"{at}/{name.replace('~', '~0').replace('/', '~1')}")
