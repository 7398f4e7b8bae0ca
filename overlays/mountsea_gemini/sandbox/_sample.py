"""Make up a value for a schema: the example it gives, or the plainest thing it allows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ._spec import Spec

_MAX_DEPTH: Final = 12
_TEXTS: Final = {
    "date-time": "2026-01-01T00:00:00.000Z",
    "date": "2026-01-01",
    "uri": "https://example.com/",
    "email": "someone@example.com",
    "uuid": "00000000-0000-4000-8000-000000000000",
}


def sample(spec: Spec, schema: Any, depth: int = 0) -> Any:
    """Return a value that fits a schema, with its required properties only."""
    value = spec.resolve(schema)
    if not isinstance(value, Mapping) or depth > _MAX_DEPTH:
        return None
    for keyword in ("example", "const", "default"):
        if keyword in value:
            return value[keyword]
    for keyword in ("examples", "enum"):
        if isinstance(value.get(keyword), list) and value[keyword]:
            return value[keyword][0]
    for keyword in ("oneOf", "anyOf"):
        if value.get(keyword):
            return sample(spec, value[keyword][0], depth + 1)
    return _by_type(spec, value, depth)


def _by_type(spec: Spec, value: Mapping[str, Any], depth: int) -> Any:
    kind = value.get("type")
    kind = kind[0] if isinstance(kind, list) and kind else kind
    properties, required = _object_parts(spec, value)
    if kind == "object" or properties or required:
        return {name: sample(spec, properties.get(name, {}), depth + 1) for name in required}
    if kind == "array":
        return [sample(spec, value.get("items"), depth + 1) for _ in range(value.get("minItems", 0))]
    if kind == "string":
        text: str = _TEXTS.get(value.get("format", ""), "text")
        return text.ljust(value.get("minLength", 0), "x")[: value.get("maxLength")]
    if kind in {"integer", "number"}:
        low = value.get("minimum", value.get("exclusiveMinimum", 0))
        return 1 if isinstance(low, bool) else low + 1 if "maximum" not in value else low
    return False if kind == "boolean" else None


def _object_parts(spec: Spec, value: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Return properties and required names of an object schema, those of its allOf members included."""
    properties: dict[str, Any] = dict(value.get("properties") or {})
    required: list[str] = list(value.get("required") or ())
    for member in value.get("allOf") or ():
        more, names = _object_parts(spec, spec.resolve(member) or {})
        properties |= more
        required += [name for name in names if name not in required]
    return properties, required


def properties_of(spec: Spec, schema: Any) -> dict[str, Any]:
    """Return the properties an object schema names, its allOf members included, references followed."""
    value = spec.resolve(schema)
    properties = _object_parts(spec, value)[0] if isinstance(value, Mapping) else {}
    return {name: spec.resolve(child) for name, child in properties.items()}


def put(target: dict[str, Any], pointer: str, value: Any) -> None:
    """Set the value at a JSON pointer, making the objects above it."""
    tokens = [token.replace("~1", "/").replace("~0", "~") for token in pointer.split("/")[1:]]
    for token in tokens[:-1]:
        below = target.get(token)
        if not isinstance(below, dict):
            below = target[token] = {}
        target = below
    target[tokens[-1]] = value
