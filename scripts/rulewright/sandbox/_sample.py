"""Make up a value for a schema: the example it gives, or the plainest thing it allows."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any, Final

from rulewright.sandbox._fitting import fits
from rulewright.sandbox._pattern import matching
from rulewright.sandbox._pointer import tokens_of
from rulewright.sandbox._spec import Spec

_MAX_DEPTH: Final = 12
_TEXTS: Final = {
    "date-time": "2026-01-01T00:00:00.000Z",
    "date": "2026-01-01",
    "time": "12:00:00Z",
    "duration": "P1D",
    "uri": "https://example.com/",
    "uri-reference": "https://example.com/",
    "hostname": "example.com",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "email": "someone@example.com",
    "uuid": "00000000-0000-4000-8000-000000000000",
    "byte": "dGV4dA==",
}


def sample(spec: Spec, schema: Any, depth: int = 0) -> Any:
    """Return a value that fits a schema, with its required properties only."""
    value = spec.resolve(schema)
    if not isinstance(value, Mapping) or depth > _MAX_DEPTH:
        return None
    for shown in _shown(value):
        if fits(spec, value, shown):
            return shown
    for keyword in ("oneOf", "anyOf"):
        if value.get(keyword):
            return _alternative(spec, value, keyword, depth)
    return _by_type(spec, value, depth)


def _shown(value: Mapping[str, Any]) -> Iterator[Any]:
    """Yield the values that a schema shows, the most telling first."""
    yield from (value[keyword] for keyword in ("example", "const", "default") if keyword in value)
    for keyword in ("examples", "enum"):
        if isinstance(value.get(keyword), list):
            yield from value[keyword]


def _alternative(spec: Spec, value: Mapping[str, Any], keyword: str, depth: int) -> Any:
    """Return a sample of the first alternative, with what stands beside the alternatives and the tag it needs."""
    first = value[keyword][0]
    chosen = sample(spec, first, depth + 1)
    if not isinstance(chosen, dict):
        return chosen
    beside = _by_type(spec, value, depth) if value.get("properties") or value.get("allOf") else {}
    discriminator = value.get("discriminator") or {}
    if "propertyName" in discriminator and isinstance(first, Mapping) and "$ref" in first:
        reference, mapping, tag = first["$ref"], discriminator.get("mapping") or {}, discriminator["propertyName"]
        names = [name for name, target in mapping.items() if target in {reference, reference.rpartition("/")[2]}]
        said = properties_of(spec, first).get(tag) or {}
        own = said.get("enum") or ([said["const"]] if "const" in said else [])
        if not own:
            chosen = {**chosen, tag: (names or [reference.rpartition("/")[2]])[0]}
        elif tag not in chosen:  # what the tag need not be for the alternative, it is for telling them apart
            chosen = {**chosen, tag: next((name for name in names if name in own), own[0])}
    return {**beside, **chosen} if isinstance(beside, dict) else chosen


def _by_type(spec: Spec, value: Mapping[str, Any], depth: int) -> Any:
    properties, required = _object_parts(spec, value)
    kind = _kind(spec, value)
    if kind == "object" or properties or required:
        return {name: sample(spec, properties.get(name, {}), depth + 1) for name in required}
    if value.get("allOf"):
        return sample(spec, _flat(spec, value), depth + 1)
    if kind == "array":
        return _items(spec, value, depth)
    if kind == "string":
        return _string(value)
    if kind in {"integer", "number"}:
        return _number(value, whole=kind == "integer")
    return False if kind == "boolean" else None


def _kind(spec: Spec, value: Mapping[str, Any]) -> Any:
    kind = value.get("type")
    if isinstance(kind, list):
        return next((each for each in kind if each != "null"), "null")
    if kind is None and (members := value.get("allOf")):
        found = [_kind(spec, spec.resolve(member) or {}) for member in members]
        return next((each for each in found if each), None)
    return kind


def _flat(spec: Spec, value: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a schema of a text, number or list says, that of its allOf members included."""
    found = {key: operand for key, operand in value.items() if key != "allOf"}
    for member in value.get("allOf") or ():
        said = spec.resolve(member)
        found = {**_flat(spec, said), **found} if isinstance(said, Mapping) else found
    return found


def _items(spec: Spec, value: Mapping[str, Any], depth: int) -> list[Any]:
    item, count = spec.resolve(value.get("items")), value.get("minItems", 0)
    if value.get("uniqueItems") and isinstance(item, Mapping) and len(item.get("enum") or ()) >= count:
        return list((item.get("enum") or ())[:count])
    made = [sample(spec, item, depth + 1) for _ in range(count)]
    if value.get("uniqueItems"):
        made = [f"{text}{number or ''}" if isinstance(text, str) else text for number, text in enumerate(made)]
    return made


def _string(value: Mapping[str, Any]) -> str:
    least = value.get("minLength", 0)
    if "pattern" in value and (text := matching(value["pattern"], least)) is not None:
        return text
    text = _TEXTS.get(value.get("format", ""), "text")
    return text.ljust(least, "x")[: value.get("maxLength")]


def _number(value: Mapping[str, Any], *, whole: bool) -> int | float:
    low, above = value.get("minimum"), value.get("exclusiveMinimum")
    high, below = value.get("maximum"), value.get("exclusiveMaximum")
    if isinstance(above, bool):  # OpenAPI 3.0: says of `minimum` whether it is allowed itself
        low, above = (None, low) if above else (low, None)
    if isinstance(below, bool):
        high, below = (None, high) if below else (high, None)
    step = value.get("multipleOf", 1)
    floor = low if low is not None else above
    ceiling = high if high is not None else below
    if floor is None:
        floor = min(1, ceiling) if ceiling is not None else 1
    made = math.ceil(floor / step) * step
    if above is not None and made <= above:
        made += step
    if ceiling is not None and (made > ceiling or made == below):
        made = (max(floor, above or floor) + ceiling) / 2 if low is None else low
    return int(made) if whole or float(made).is_integer() else made


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
    tokens = tokens_of(pointer)
    for token in tokens[:-1]:
        below = target.get(token)
        if not isinstance(below, dict):
            below = target[token] = {}
        target = below
    target[tokens[-1]] = value
