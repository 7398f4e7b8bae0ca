"""Check a JSON value against the document's own schema before it is sent."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any, Final

from . import _values
from ._violation import ABSENT, Unlisted, Violation, describe

Schema = Mapping[str, Any]
_TYPES: Final[Mapping[str, Callable[[Any], bool]]] = {
    "object": lambda value: isinstance(value, Mapping),
    "array": _values.is_array,
    "string": _values.is_string,
    "boolean": _values.is_boolean,
    "null": _values.is_null,
    "number": _values.is_number,
    "integer": _values.is_integer,
}


def misfits(value: Any, schema: Schema, at: str = "") -> Iterator[Violation]:
    """Yield everything in which a JSON value does not fit a schema, each with its JSON pointer."""
    schema = followed(schema)
    if value is None and schema.get("nullable"):
        return
    if (kinds := schema.get("type")) is not None:
        wanted = [kinds] if isinstance(kinds, str) else kinds
        if not any(_TYPES[kind](value) for kind in wanted):
            yield _misfit(at, value, f"must be {_article(' or '.join(wanted))}")
            return
    yield from _listed(value, schema, at)
    if isinstance(value, Mapping):
        yield from _object(value, schema, at)
    elif isinstance(value, (list, tuple)):
        yield from _sized(len(value), value, schema, at, "Items", "item")
        if "items" in schema:
            for index, item in enumerate(value):
                yield from misfits(item, schema["items"], f"{at}/{index}")
    elif isinstance(value, str):
        yield from _sized(len(value), value, schema, at, "Length", "character")
        if "pattern" in schema and not _compiled(schema["pattern"]).search(value):
            yield _misfit(at, value, f"must match {schema['pattern']}")
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield from _bounded(value, schema, at)
    yield from _combined(value, schema, at)


def followed(schema: Schema) -> Schema:
    """Return a schema with its references followed."""
    while "$ref" in schema:
        schema = _definition(schema["$ref"])
    return schema


def _definition(reference: str) -> Schema:
    from ._table import DEFINITIONS  # imported late: the table imports this package's models

    found: Schema = DEFINITIONS[reference]
    return found


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def _listed(value: Any, schema: Schema, at: str) -> Iterator[Violation]:
    accepted = schema.get("enum", [schema["const"]] if "const" in schema else None)
    if accepted is None or isinstance(value, Unlisted) or _values.equals(value, *accepted):
        return
    words = ", ".join(describe(word) for word in accepted)
    insist = f"; to send it all the same: unlisted({describe(value)})" if isinstance(value, str) else ""
    yield _misfit(at, value, f"must be one of {words}{insist}")


def _object(value: Mapping[str, Any], schema: Schema, at: str) -> Iterator[Violation]:
    for name in schema.get("required", ()):
        if name not in value:
            yield _misfit(f"{at}/{_token(name)}", ABSENT, "is required")
    properties = schema.get("properties", {})
    others = schema.get("additionalProperties")
    for name, child in value.items():
        place = f"{at}/{_token(name)}"
        if name in properties:
            yield from misfits(child, properties[name], place)
        elif others is False:
            yield _misfit(place, child, "is not a field of this object")
        elif isinstance(others, Mapping):
            yield from misfits(child, others, place)


def _sized(size: int, value: Any, schema: Schema, at: str, keyword: str, noun: str) -> Iterator[Violation]:
    if size < (low := schema.get(f"min{keyword}", 0)):
        yield _misfit(at, value, f"must hold at least {low} {noun}{'' if low == 1 else 's'}")
    if (high := schema.get(f"max{keyword}")) is not None and size > high:
        yield _misfit(at, value, f"must hold at most {high} {noun}{'' if high == 1 else 's'}")


def _bounded(value: float, schema: Schema, at: str) -> Iterator[Violation]:
    for side, sign, beyond, worse in (
        ("minimum", "at least", "more than", _less),
        ("maximum", "at most", "less than", _more),
    ):
        exclusive = schema.get(f"exclusive{side.capitalize()}")
        if (bound := schema.get(side)) is not None and worse(value, bound, exclusive is True):
            yield _misfit(at, value, f"must be {beyond if exclusive is True else sign} {bound}")
        if exclusive is not None and not isinstance(exclusive, bool) and worse(value, exclusive, True):
            yield _misfit(at, value, f"must be {beyond} {exclusive}")


def _less(value: float, bound: float, exclusive: bool) -> bool:
    return value <= bound if exclusive else value < bound


def _more(value: float, bound: float, exclusive: bool) -> bool:
    return value >= bound if exclusive else value > bound


def _combined(value: Any, schema: Schema, at: str) -> Iterator[Violation]:
    for part in schema.get("allOf", ()):
        yield from misfits(value, part, at)
    for keyword, wanted in (("anyOf", "at least one"), ("oneOf", "exactly one")):
        if keyword in schema:
            fitting = sum(next(misfits(value, part), None) is None for part in schema[keyword])
            if fitting == 0 or (keyword == "oneOf" and fitting > 1):
                yield _misfit(at, value, f"must fit {wanted} of {len(schema[keyword])} schemas, fits {fitting}")
    if "not" in schema and next(misfits(value, schema["not"]), None) is None:
        yield _misfit(at, value, "has a form that is excluded")


def _misfit(at: str, value: Any, message: str) -> Violation:
    name = at.rpartition("/")[2].replace("~1", "/").replace("~0", "~") or "the body"
    return Violation("schema", "error", f"{name} {message}", at, value)


def _article(noun: str) -> str:
    return noun if noun == "null" else f"{'an' if noun.startswith(('a', 'i', 'o')) else 'a'} {noun}"


def _token(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")
