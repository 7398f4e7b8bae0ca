"""Values of a field that cannot be listed at which a rule changes its mind: those it names, and beside its bounds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

_LONGEST: Final = 10_000
"""Characters up to which a bound of a text's length is walked."""

_BOUNDS: Final = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
_LENGTHS: Final = ("minLength", "maxLength")


def edges(field: Mapping[str, Any], name: str, part: Any) -> tuple[Any, ...]:
    """Return the values that one part of a rule tells apart, as far as the field's own schema accepts them.

    Args:
        field: The schema of the field, references followed.
        name: Its name.
        part: The `if` or `then` of a rule.
    """
    told = (value for schema in _about(part, name) for value in _told(schema))
    return tuple(value for value in told if _accepted(value, field))


def _about(part: Any, name: str) -> Iterator[Any]:
    """Yield what a part of a rule says of a field."""
    if isinstance(part, dict):
        if name in part.get("properties", {}):
            yield part["properties"][name]
        for member in (*part.get("allOf", []), *part.get("anyOf", []), part.get("not")):
            yield from _about(member, name)


def _told(schema: Any) -> Iterator[Any]:
    if not isinstance(schema, dict):
        return
    if "const" in schema:
        yield schema["const"]
    yield from schema.get("enum", [])
    for keyword in _BOUNDS:
        if keyword in schema:
            yield from (schema[keyword] - 1, schema[keyword], schema[keyword] + 1)
    for keyword in _LENGTHS:
        if keyword in schema and schema[keyword] < _LONGEST:
            yield from ("x" * length for length in range(max(0, schema[keyword] - 1), schema[keyword] + 2))
    for member in (*schema.get("allOf", []), *schema.get("anyOf", []), schema.get("not")):
        yield from _told(member)


def _accepted(value: Any, field: Mapping[str, Any]) -> bool:
    """Tell whether a field takes a text or a number, by its type and its own bounds."""
    kind = field.get("type")
    kinds = kind if isinstance(kind, list) else [kind]
    if isinstance(value, str):
        return "string" in kinds and field.get("minLength", 0) <= len(value) <= field.get("maxLength", len(value))
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    if "number" not in kinds and not ("integer" in kinds and value == int(value)):
        return False
    low, high = field.get("minimum", value), field.get("maximum", value)
    return bool(low <= value <= high) and not _excluded(value, field)


def _excluded(value: float, field: Mapping[str, Any]) -> bool:
    """Tell whether a field excludes a bound: OpenAPI 3.0 says so beside it, 3.1 gives the bound itself."""
    low, high = field.get("exclusiveMinimum"), field.get("exclusiveMaximum")
    if low is True or high is True:
        return (low is True and value == field.get("minimum")) or (high is True and value == field.get("maximum"))
    below = low is not None and low is not False and value <= low
    return bool(below or (high is not None and high is not False and value >= high))
