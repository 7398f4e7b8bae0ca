"""One plausible value of a schema, for a field that must be given although nothing depends on what it holds."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeGuard

from rulewright.openapi.references import follow

_DEPTH: Final = 8
_MOST: Final = 1000
"""Characters and items; a document may ask for more than a machine can hold."""
_PLAIN: Final[Mapping[str, Any]] = {"integer": 1, "number": 1, "boolean": True, "null": None}
_SAYS: Final = {"$ref", "type", "properties", "enum", "const", "example", "allOf"}
"""What tells, in a member of `allOf`, what a value is, and not only what it must not be."""
_CHOICES: Final = {"oneOf", "anyOf"}
_FORMATS: Final[Mapping[str, str]] = {
    "date": "2026-01-01",
    "date-time": "2026-01-01T00:00:00Z",
    "email": "someone@example.com",
    "uri": "https://example.com/",
    "uuid": "00000000-0000-4000-8000-000000000000",
}


def sample(schema: Any, document: Any, *, shown: bool = True, depth: int = 0) -> Any:
    """Return a value that a schema plausibly accepts: its own example, else the plainest.

    Args:
        schema: The schema.
        document: The document it stands in, for references.
        shown: Whether to take an example that the document shows; the plainest value is often smaller.
        depth: How many schemas it stands in; far down, objects and lists stay empty.
    """

    def inner(part: Any) -> Any:
        return sample(part, document, shown=shown, depth=depth + 1)

    found = follow(document, schema)
    if not isinstance(found, dict):
        return "text"
    for key in ("example", "const") if shown else ("const",):
        if key in found:
            return found[key]
    if isinstance(found.get("enum"), list) and found["enum"]:
        return found["enum"][0]
    if depth > _DEPTH:
        return {} if _kind(found) == "object" else "text"
    for keyword in ("oneOf", "anyOf"):
        if isinstance(found.get(keyword), list) and found[keyword] and "properties" not in found:
            return inner(found[keyword][0])
    says = _SAYS if "type" in found else _SAYS | _CHOICES
    parts = [inner(part) for part in found.get("allOf", ()) if isinstance(part, dict) and says & part.keys()]
    own = _of_kind(found, inner)
    if parts and not (isinstance(own, dict) and isinstance(parts[0], dict)):
        return parts[0]
    return {**{k: v for part in parts if isinstance(part, dict) for k, v in part.items()}, **own} if parts else own


def _kind(schema: Mapping[str, Any]) -> str:
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = next((each for each in kind if each != "null"), "null")
    return "object" if kind is None and ("properties" in schema or "allOf" in schema) else str(kind)


def _of_kind(schema: Mapping[str, Any], inner: Callable[[Any], Any]) -> Any:
    kind = _kind(schema)
    if kind == "object":
        properties = schema.get("properties", {})
        needed = schema.get("required") if isinstance(properties, dict) else None
        names = [name for name in needed if isinstance(name, str)] if isinstance(needed, list) else ()
        return {name: inner(properties.get(name)) for name in names}
    if kind == "array":
        return [inner(schema.get("items"))] * _count(schema.get("minItems"))
    if kind in {"integer", "number"}:
        return _number(schema, math.floor if kind == "integer" else lambda value: value)
    if kind in _PLAIN:
        return _PLAIN[kind]
    text = _FORMATS.get(str(schema.get("format")), "text")
    return text.ljust(_count(schema.get("minLength")), "x")


def _number(schema: Mapping[str, Any], down: Callable[[Any], Any]) -> Any:
    low, high = schema.get("minimum"), schema.get("maximum", schema.get("exclusiveMaximum"))
    exclusive = schema.get("exclusiveMinimum")
    if _is_number(exclusive):
        return down(exclusive) + 1
    if _is_number(low):
        return down(low) + 1 if exclusive is True or down(low) < low else low
    return min(1, down(high - 1)) if _is_number(high) else 1


def _count(value: Any) -> int:
    return min(value, _MOST) if isinstance(value, int) and not isinstance(value, bool) else 0


def _is_number(value: Any) -> TypeGuard[float]:
    whole = isinstance(value, int) and not isinstance(value, bool)  # and perhaps larger than any float
    return whole or (isinstance(value, float) and math.isfinite(value))
