"""The rules of the objects within a request body: an object whose schema carries rules keeps them where it stands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ._shape import Schema, misfits
from ._table import BY_REFERENCE, DEFINITIONS
from ._violation import Violation


def within(value: Any, schema: Schema, at: str = "") -> Iterator[Violation]:
    """Yield what the objects within a JSON value break, each with its JSON pointer; not what the value itself does."""
    for part in schema.get("allOf", ()):
        yield from _referred(value, part, at)
    for keyword in ("anyOf", "oneOf"):
        fitting = [part for part in schema.get(keyword, ()) if next(misfits(value, part), None) is None]
        if len(fitting) == 1:  # what fits several may keep the rules of another
            yield from _referred(value, fitting[0], at)
    if isinstance(value, Mapping):
        properties, others = schema.get("properties", {}), schema.get("additionalProperties")
        for name, child in value.items():
            inner = properties.get(name, others)
            if isinstance(inner, Mapping):
                yield from _referred(child, inner, f"{at}/{name.replace('~', '~0').replace('/', '~1')}")
    elif isinstance(value, (list, tuple)) and "items" in schema:
        for index, item in enumerate(value):
            yield from _referred(item, schema["items"], f"{at}/{index}")


def _referred(value: Any, schema: Schema, at: str) -> Iterator[Violation]:
    while "$ref" in schema:
        rules = BY_REFERENCE.get(schema["$ref"])
        if rules is not None and isinstance(value, Mapping):
            for each in rules.violations(value, ()):
                yield Violation(each.rule, each.level, each.message, at + each.pointer, each.value, each.source)
        schema = DEFINITIONS[schema["$ref"]]
    yield from within(value, schema, at)
