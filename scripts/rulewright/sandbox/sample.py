"""Sample one value of a schema: an example of the document that is valid, else the plainest valid value."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any, Final

from rulewright.sandbox.spec import Spec
from rulewright.sandbox.validation import Schemas

_MAX_DEPTH: Final = 12
_MAX_REPEAT: Final = 64
_PLAIN: Final = "a0A-_ .:/@"
_CLASSES: Final = {
    "CATEGORY_DIGIT": "0",
    "CATEGORY_WORD": "a",
    "CATEGORY_SPACE": " ",
    "CATEGORY_NOT_DIGIT": "a",
    "CATEGORY_NOT_WORD": "-",
    "CATEGORY_NOT_SPACE": "a",
}
_FORMATS: Final = {
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


def sample(schemas: Schemas, schema: Any, depth: int = 0) -> Any:
    """Return a value of a schema, with its required properties only."""
    value = schemas.spec.resolve(schema)
    if not isinstance(value, Mapping) or depth > _MAX_DEPTH:
        return None
    shown = list(_shown(value))
    if shown:
        validator = schemas.validator(value)
        for example in shown:
            if validator.is_valid(example):
                return example
    for keyword in ("oneOf", "anyOf"):
        if value.get(keyword):
            return _alternative(schemas, value, keyword, depth)
    return _of_type(schemas, value, depth)


def _shown(value: Mapping[str, Any]) -> Iterator[Any]:
    """Yield the values that a schema shows, the most specific first."""
    yield from (value[keyword] for keyword in ("example", "const", "default") if keyword in value)
    for keyword in ("examples", "enum"):
        if isinstance(value.get(keyword), list):
            yield from value[keyword]


def _alternative(schemas: Schemas, value: Mapping[str, Any], keyword: str, depth: int) -> Any:
    """Return a sample of the first alternative, with the properties beside the choice and the discriminator."""
    first = value[keyword][0]
    chosen = sample(schemas, first, depth + 1)
    if not isinstance(chosen, dict):
        return chosen
    beside = _of_type(schemas, value, depth) if value.get("properties") or value.get("allOf") else {}
    discriminator = value.get("discriminator") or {}
    if "propertyName" in discriminator and isinstance(first, Mapping) and "$ref" in first:
        reference, mapping, tag = first["$ref"], discriminator.get("mapping") or {}, discriminator["propertyName"]
        names = [name for name, target in mapping.items() if target in {reference, reference.rpartition("/")[2]}]
        tag_schema = schemas.spec.properties(first).get(tag) or {}
        own = tag_schema.get("enum") or ([tag_schema["const"]] if "const" in tag_schema else [])
        if not own:
            chosen = {**chosen, tag: (names or [reference.rpartition("/")[2]])[0]}
        elif tag not in chosen:  # optional in the alternative, but needed to tell the alternatives apart
            chosen = {**chosen, tag: next((name for name in names if name in own), own[0])}
    return {**beside, **chosen} if isinstance(beside, dict) else chosen


def _of_type(schemas: Schemas, value: Mapping[str, Any], depth: int) -> Any:
    properties, required = schemas.spec.object_parts(value)
    kind = _type(schemas.spec, value)
    if kind == "object" or properties or required:
        return {name: sample(schemas, properties.get(name, {}), depth + 1) for name in required}
    if value.get("allOf"):
        return sample(schemas, _flattened(schemas.spec, value), depth + 1)
    if kind == "array":
        return _array(schemas, value, depth)
    if kind == "string":
        return _string(value)
    if kind in {"integer", "number"}:
        return _number(value, whole=kind == "integer")
    return False if kind == "boolean" else None


def _type(spec: Spec, value: Mapping[str, Any]) -> Any:
    kind = value.get("type")
    if isinstance(kind, list):
        return next((each for each in kind if each != "null"), "null")
    if kind is None and (members := value.get("allOf")):
        found = [_type(spec, spec.resolve(member) or {}) for member in members]
        return next((each for each in found if each), None)
    return kind


def _flattened(spec: Spec, value: Mapping[str, Any]) -> dict[str, Any]:
    """Return the keywords of a schema together with those of its allOf members."""
    found = {key: operand for key, operand in value.items() if key != "allOf"}
    for member in value.get("allOf") or ():
        inner = spec.resolve(member)
        found = {**_flattened(spec, inner), **found} if isinstance(inner, Mapping) else found
    return found


def _array(schemas: Schemas, value: Mapping[str, Any], depth: int) -> list[Any]:
    item, count = schemas.spec.resolve(value.get("items")), value.get("minItems", 0)
    if value.get("uniqueItems") and isinstance(item, Mapping) and len(item.get("enum") or ()) >= count:
        return list((item.get("enum") or ())[:count])
    made = [sample(schemas, item, depth + 1) for _ in range(count)]
    if value.get("uniqueItems"):
        made = [f"{text}{number or ''}" if isinstance(text, str) else text for number, text in enumerate(made)]
    return made


def _string(value: Mapping[str, Any]) -> str:
    least = value.get("minLength", 0)
    if "pattern" in value and (text := matching_text(value["pattern"], least)) is not None:
        return text
    text = _FORMATS.get(value.get("format", ""), "text")
    return text.ljust(least, "x")[: value.get("maxLength")]


def _number(value: Mapping[str, Any], *, whole: bool) -> int | float:
    low, above = value.get("minimum"), value.get("exclusiveMinimum")
    high, below = value.get("maximum"), value.get("exclusiveMaximum")
    if isinstance(above, bool):  # OpenAPI 3.0: whether `minimum` itself is excluded
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


def matching_text(pattern: str, shortest: int = 0) -> str | None:
    """Return a text that contains a match of a pattern, or None where none was found.

    Lookarounds, back-references and Unicode properties are not supported; the result is checked, so that a
    text that is returned always matches.

    Args:
        pattern: As in JSON Schema: not anchored, unless it is written so.
        shortest: How many characters the text must have at least.
    """
    try:
        parsed = import_module("re._parser").parse(pattern)
        texts = [_pattern_text(parsed, more) for more in (0, 1, max(0, shortest - 1), shortest)]
        texts += [text.ljust(shortest, "a") for text in texts]  # right where the pattern has no end
        return next((text for text in texts if len(text) >= shortest and re.search(pattern, text)), None)
    except (re.error, LookupError, RecursionError, OverflowError):
        return None


def _pattern_text(parsed: Any, more: int) -> str:
    """Return a text for a parsed pattern; repeats are `more` times longer than they must be."""
    return "".join(_node_text(str(kind), argument, more) for kind, argument in parsed)


def _node_text(kind: str, argument: Any, more: int) -> str:
    match kind:
        case "LITERAL":
            return chr(argument)
        case "ANY":
            return "a"
        case "NOT_LITERAL":
            return next(char for char in _PLAIN if ord(char) != argument)
        case "IN":
            return _class_member(argument)
        case "BRANCH":
            return _pattern_text(argument[1][0], more)
        case "SUBPATTERN":
            return _pattern_text(argument[-1], more)
        case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
            least, most, inner = int(argument[0]), int(argument[1]), argument[2]
            return _pattern_text(inner, 0) * min(max(least, min(int(most), least + more)), max(least, _MAX_REPEAT))
        case "AT" | "ASSERT" | "ASSERT_NOT":
            return ""
        case _:
            raise LookupError(kind)


def _class_member(members: Any) -> str:
    """Return a character of a class, such as `[a-f0-9]` or `[^/]`."""
    kinds = [(str(kind), argument) for kind, argument in members]
    if kinds[0][0] == "NEGATE":
        return next(char for char in _PLAIN if not any(_is_member(char, *member) for member in kinds[1:]))
    kind, argument = kinds[0]
    if kind == "RANGE":
        return chr(argument[0])
    return chr(argument) if kind == "LITERAL" else _CLASSES[str(argument)]


def _is_member(char: str, kind: str, argument: Any) -> bool:
    if kind == "RANGE":
        return bool(argument[0] <= ord(char) <= argument[1])
    if kind == "LITERAL":
        return bool(argument == ord(char))
    name = str(argument)
    is_word = char.isalnum() or char == "_"
    positive = name.replace("NOT_", "")
    found = char.isdecimal() if positive == "CATEGORY_DIGIT" else char.isspace() if "SPACE" in positive else is_word
    return found is ("NOT_" not in name)
