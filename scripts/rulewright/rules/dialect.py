"""The bounded part of JSON Schema that rules are written in, and its form in each OpenAPI version.

Rules are JSON Schema 2020-12. OpenAPI 3.0 has neither `const` nor boolean schemas nor numeric `exclusiveMinimum`;
`lowered` expresses them with what the document's version has.
"""

from __future__ import annotations

import copy
import math
import re
from collections.abc import Callable, Iterator
from typing import Any, Final

from rulewright.openapi.pointer import Location

_SPACE: Final = r"\t\n\x0b\x0c\r \xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
_CLASSES: Final = {"d": "0-9", "w": "A-Za-z0-9_", "s": _SPACE}
_OTHERS: Final = {
    "D": r"\x00-/:-\U0010ffff",
    "W": r"\x00-/:-@\[-^`{-\U0010ffff",
    "S": r"\x00-\x08\x0e-\x1f!-\x9f\xa1-\u167f\u1681-\u1fff\u200b-\u2027\u202a-\u202e\u2030-\u205e\u2060-\u2fff"
    r"\u3001-\ufefe\uff00-\U0010ffff",
}
"""The same within brackets, for what is in none of them."""
_PLAIN_ESCAPES: Final = frozenset("^$\\.*+?()[]{}|/-tnrfv _@'\":,;&=#%!~`")
_SPELT: Final = {"$": r"\Z", ".": r"[^\n\r\u2028\u2029]"}
_PIECE: Final = re.compile(
    r"(?P<escape>\\(?:x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|.?))"
    r"|(?P<group>\((?:\?(?::|=|!))?)"
    r"|(?P<quantifier>(?:[*+?]|\{[0-9]+(?:,[0-9]*)?\})\??)"
    r"|.",
    re.DOTALL,
)


class PatternError(ValueError):
    """A regular expression uses something the two languages do not share."""


def translate(pattern: str) -> str:
    """Return the Python spelling of an ECMA-262 pattern; use it with `re.search`.

    Raises:
        PatternError: It uses a construct outside the shared part, or is not a regular expression.
    """
    result: list[str] = []
    opened: int | None = None  # where the class begins that a piece is in
    for found in _PIECE.finditer(pattern):
        piece, at, following = found[0], found.start(), pattern[found.end() : found.end() + 1]
        if found["escape"]:
            piece = _translate_escape(piece, at, in_class=opened is not None)
        elif opened is not None:
            opened = None if piece == "]" else opened
            piece = re.sub(r"[\[&~|]", r"\\\g<0>", piece)
        elif piece == "[":
            if pattern.startswith(("[]", "[^]"), at):
                raise PatternError(f"the empty class at position {at} is not shared")
            opened = at
        elif found["group"] and following == "?":
            raise PatternError(f"the group at position {at} is of a kind that is not shared")
        elif found["quantifier"] and following in {"+", "*"}:
            raise PatternError(f"the quantifier at position {at} is possessive")
        elif piece == "{":
            raise PatternError(f"the brace at position {at} must be escaped")
        result.append(_SPELT.get(piece, piece) if opened is None else piece)
    if opened is not None:
        raise PatternError(f"the class at position {opened} is not closed")
    text = "".join(result)
    try:
        re.compile(text)
    except (re.error, OverflowError, RecursionError) as error:
        raise PatternError(str(error)) from error
    return text


def _translate_escape(piece: str, at: int, *, in_class: bool) -> str:
    char = piece[1:]
    if len(char) > 1:
        return piece  # by its code, such as \x41
    if in_class and char in _OTHERS:
        return _OTHERS[char]
    if char in _CLASSES:
        return _CLASSES[char] if in_class else f"[{_CLASSES[char]}]"
    if char.lower() in _CLASSES:
        return f"[^{_CLASSES[char.lower()]}]"
    if char not in _PLAIN_ESCAPES:
        raise PatternError(f"the escape \\{char} at position {at} is not shared")
    return {"/": "/", "v": r"\x0b"}.get(char, piece)


def is_shared(pattern: str) -> bool:
    """Return whether Python can search for a pattern as ECMA-262 means it."""
    try:
        translate(pattern)
    except PatternError:
        return False
    return True


TYPES: Final = ("string", "number", "integer", "boolean", "array", "object", "null")


class DialectError(ValueError):
    """A schema of a rule holds something that cannot be compiled; `location` is relative to that schema."""

    def __init__(self, message: str, location: Location) -> None:
        super().__init__(message)
        self.location = location


def _count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _number(value: Any) -> bool:
    whole = isinstance(value, int) and not isinstance(value, bool)
    return whole or (isinstance(value, float) and math.isfinite(value))


def _names(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(name, str) for name in value) and len(set(value)) == len(value)


def _json(value: Any) -> bool:
    """Return whether JSON has such a value: YAML also has dates, infinity, bytes, and keys that are no text."""
    if isinstance(value, dict):
        return all(isinstance(key, str) and _json(child) for key, child in value.items())
    if isinstance(value, list):
        return all(map(_json, value))
    return value is None or isinstance(value, str | bool) or _number(value)


KEYWORDS: Final[dict[str, tuple[Callable[[Any], bool], str]]] = {
    "properties": (lambda value: isinstance(value, dict) and _names([*value]), "an object of schemas by name"),
    "required": (_names, "a list of property names, each once"),
    "const": (_json, "a JSON value"),
    "enum": (
        lambda value: isinstance(value, list) and value != [] and _json(value),
        "a list of JSON values, at least one",
    ),
    "type": (lambda value: value in TYPES, f"one of {', '.join(TYPES)}"),
    "items": (lambda value: isinstance(value, dict | bool), "a schema"),
    "minItems": (_count, "a count"),
    "maxItems": (_count, "a count"),
    "minLength": (_count, "a count"),
    "maxLength": (_count, "a count"),
    "pattern": (lambda value: isinstance(value, str), "a regular expression"),
    "minimum": (_number, "a finite number"),
    "maximum": (_number, "a finite number"),
    "exclusiveMinimum": (_number, "a finite number"),
    "exclusiveMaximum": (_number, "a finite number"),
    "allOf": (lambda value: isinstance(value, list) and value != [], "a list of schemas, at least one"),
    "anyOf": (lambda value: isinstance(value, list) and value != [], "a list of schemas, at least one"),
    "not": (lambda value: isinstance(value, dict | bool), "a schema"),
}


BODY_KEYWORDS: Final = frozenset({"properties", "required", "allOf", "anyOf", "not"})


def check(schema: Any, location: Location = (), *, body: bool = True) -> None:
    """Refuse a schema that no output could express.

    Args:
        schema: The schema.
        location: Where it stands in the rule's schema, for messages.
        body: Whether it applies to the body itself, which only its properties can describe.

    Raises:
        DialectError: An unknown keyword, a wrong operand or an untranslatable pattern, with its place.
    """
    if isinstance(schema, bool):
        return
    if not isinstance(schema, dict):
        raise DialectError(f"a schema must be an object or a boolean, got {schema!r:.60}", location)
    for keyword, operand in schema.items():
        place = (*location, keyword)
        if keyword not in KEYWORDS:
            raise DialectError(f"the keyword {keyword!r} cannot be compiled; known are {', '.join(KEYWORDS)}", place)
        if body and keyword not in BODY_KEYWORDS:
            raise DialectError(f"{keyword} is about the body as a whole; name the property it is about", place)
        fits, wanted = KEYWORDS[keyword]
        if not fits(operand):
            raise DialectError(f"{keyword} must be {wanted}, got {operand!r:.60}", place)
        if keyword == "pattern":
            try:
                translate(operand)
            except PatternError as error:
                raise DialectError(f"pattern {operand!r:.60} cannot be compiled: {error}", place) from error
    for place, child in children(schema):
        check(child, (*location, *place), body=body and place[0] != "properties")


def children(schema: Any) -> Iterator[tuple[Location, Any]]:
    """Yield the direct subschemas of a schema with their location in it."""
    if not isinstance(schema, dict):
        return
    for name, child in schema.get("properties", {}).items():
        yield ("properties", name), child
    for keyword in ("allOf", "anyOf"):
        for index, child in enumerate(schema.get(keyword, [])):
            yield (keyword, index), child
    for keyword in ("items", "not"):
        if keyword in schema:
            yield (keyword,), schema[keyword]


def members(schema: Any) -> Iterator[dict[str, Any]]:
    """Yield a schema and those within it that apply to the same value: its `allOf`, `anyOf` and `not`."""
    if isinstance(schema, dict):
        yield schema
        for part in (*schema.get("allOf", []), *schema.get("anyOf", []), schema.get("not")):
            yield from members(part)


def lower(schema: Any, version: str) -> Any:
    """Return a rule's schema in the words of an OpenAPI version (`3.0.3`, `3.1.0`); the argument stays as is."""
    return _lower_30(schema) if version.startswith("3.0") else copy.deepcopy(schema)


def _lower_30(schema: Any) -> Any:
    if isinstance(schema, bool):
        return {} if schema else {"not": {}}
    result: dict[str, Any] = {}
    extra: list[Any] = []
    for keyword, operand in schema.items():
        if keyword == "const":
            extra.append({"enum": [operand]}) if "enum" in schema else result.update(enum=[operand])
        elif keyword in {"exclusiveMinimum", "exclusiveMaximum"}:
            bound = keyword[len("exclusive") :].lower()
            extra.append({bound: operand, keyword: True})
        elif keyword == "properties":
            result[keyword] = {name: _lower_30(child) for name, child in operand.items()}
        elif keyword in {"allOf", "anyOf"}:
            result[keyword] = [_lower_30(child) for child in operand]
        elif keyword in {"items", "not"}:
            result[keyword] = _lower_30(operand)
        elif keyword == "type" and operand == "null":
            extra.append({"enum": [None]})
        elif keyword == "required" and not operand:
            continue  # OpenAPI 3.0 wants at least one name, and no name asks for nothing
        else:
            result[keyword] = copy.deepcopy(operand)
    if extra:
        result["allOf"] = [*result.get("allOf", []), *extra]
    return result
