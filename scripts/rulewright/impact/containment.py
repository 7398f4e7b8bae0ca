"""Whether one schema accepts all that another accepts, as requests or for readers of answers."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal

import jsonschema_rs
from jsonschema_rs.canonical import CanonicalizationError, Containment

from rulewright.impact.normal import NOTES, flatten, kind_of, resolve
from rulewright.openapi.sample import samples
from rulewright.openapi.schemas import SCHEMAS, SchemaError, Schemas

Side = Literal["request", "response"]
_READ: Final = frozenset(
    {
        "type", "properties", "required", "items", "prefixItems", "additionalProperties", "allOf", "anyOf", "oneOf",
        "$ref",
    }
)  # fmt: skip
"""What a reader of an answer relies on: it validates no bounds, and takes values and fields that it does not know."""
_TOGETHER: Final = frozenset({"allOf", "not", "if", "then", "else"})
_OPEN: Final = frozenset(
    {"additionalProperties", "unevaluatedProperties", "patternProperties", "anyOf", "oneOf", "if", "allOf"}
)
"""What may allow fields that a schema does not list by name, or lists elsewhere."""
FORMATS: Final = frozenset(
    {
        "date-time", "date", "time", "duration", "email", "idn-email", "hostname", "idn-hostname", "ipv4", "ipv6", "uri",
        "uri-reference", "iri", "iri-reference", "uri-template", "uuid", "json-pointer", "relative-json-pointer", "regex",
        "int32", "int64", "byte", "binary",
    }
)  # fmt: skip
"""Formats that say which values are valid; any other is a remark."""
_RANGES: Final[Mapping[str, int]] = {"int32": 31, "int64": 63}
_MOST_LEVELS: Final = 300
"""Nested levels of all schemas together up to which they are compared: the library recurses, and would end the process."""
_MOST_FIELDS: Final = 10
_UNKNOWN: Final = Containment.UNKNOWN
_ERRORS: Final = (
    CanonicalizationError,
    jsonschema_rs.ValidationError,
    jsonschema_rs.ReferencingError,
    ValueError,
    SchemaError,
)


class Containing:
    """Compares schemas of two documents in normal form.

    A value that is sent has no fields but those its schema lists, although the schema may not forbid others.

    Args:
        old: The old document.
        new: The new document.
    """

    def __init__(self, old: Any, new: Any) -> None:
        self._sides = old, new
        self._components: dict[tuple[int, Side, bool, str], Any] = {}
        self._canonical: dict[tuple[int, int, Side, bool], Any] = {}
        self._answers: dict[tuple[int, int, int, Side], bool | None] = {}
        self._kept: list[Any] = []  # what is known by its id must live

    def is_safe(self, old: Any, new: Any, side: Side) -> bool | None:
        """Whether what was valid stays valid: the new schema covers the old one, for answers the other way around.

        Returns:
            None where that is not known.
        """
        return self.widens(old, new, side) if side == "request" else self._covers((0, old), (1, new), side)

    def widens(self, old: Any, new: Any, side: Side) -> bool | None:
        """Whether the new schema covers the old one; None where that is not known."""
        return self._covers((1, new), (0, old), side)

    def _covers(self, outer: tuple[int, Any], inner: tuple[int, Any], side: Side) -> bool | None:
        key = outer[0], id(outer[1]), id(inner[1]), side
        if key not in self._answers:
            self._kept += [outer, inner]
            answer = None
            for sent in self._ways(outer, side):
                found = _containment(self._canonicalize(*outer, side), self._canonicalize(*inner, side, sent=sent))
                answer = found if found or answer is None else answer
                if answer:
                    break
            self._answers[key] = answer
        return self._answers[key]

    def _ways(self, outer: tuple[int, Any], side: Side) -> tuple[bool, ...]:
        """Return how to understand what is sent: with fields that are not listed, or without, or either way."""
        with contextlib.suppress(ValueError):
            if side == "response":
                return (True,)
            # a schema that forbids further fields refuses what was accepted without being listed
            return (False,) if _closes(self.whole(*outer, side, most=_MOST_LEVELS)) else (False, True)
        return ()

    def _canonicalize(self, number: int, schema: Any, side: Side, *, sent: bool = False) -> Any:
        key = number, id(schema), side, sent
        if key not in self._canonical:
            self._kept.append(schema)
            self._canonical[key] = None
            with contextlib.suppress(*_ERRORS):
                whole = self.whole(number, schema, side, sent=sent, most=_MOST_LEVELS)
                self._canonical[key] = jsonschema_rs.canonicalize(whole, validate_formats=True, offline=True)
        return self._canonical[key]

    def whole(
        self, number: int, schema: Any, side: Side, *, sent: bool = False, most: int | None = None
    ) -> dict[str, Any]:
        """Return a schema of one side as requests or answers mean it, complete with the components it refers to.

        Raises:
            ValueError: It is nested more deeply than `most` levels.
        """
        document = self._sides[number]
        meant = _Meaning(document, side, sent=sent).of(schema)
        found: dict[str, Any] = {}
        waiting, size = [meant], 0
        while waiting:
            components, depth = _references(waiting.pop())
            size += depth
            if most is not None and size > most:
                raise ValueError("nested too deeply to be compared")
            for name in components:
                if name not in found:
                    place = number, side, sent, name
                    if place not in self._components:
                        target = resolve({"$ref": f"{SCHEMAS}{name}"}, document)
                        self._components[place] = _Meaning(document, side, sent=sent).of(target, alone=False)
                    found[name] = self._components[place]
                    waiting.append(found[name])
        return {**meant, **({"components": {"schemas": found}} if found else {})} if isinstance(meant, dict) else {}

    def difference(self, old: Any, new: Any, side: Side = "request") -> Iterator[Any]:
        """Yield a few values that are valid for the old schema and not for the new one, as far as they can be made."""
        sides = self._canonicalize(0, old, side), self._canonicalize(1, new, side)
        if None in sides:
            return
        with contextlib.suppress(*_ERRORS):
            gone = sides[0].subtract(sides[1]).to_json_schema()
            if isinstance(gone, dict):
                schemas, required = Schemas({**gone, "openapi": "3.1.0"}), gone.get("required", [])
                fields = [name for name in gone.get("properties", {}) if name not in required]
                for asked in ([], *([name] for name in fields[:_MOST_FIELDS])):
                    more = {"required": [*required, *asked]} if asked else {}
                    yield from itertools.islice(samples(schemas, {**gone, **more}, shown=False), 2)


def _references(schema: Any) -> tuple[dict[str, None], int]:
    """Return the components that a schema refers to, and how deeply it is nested itself."""
    found: dict[str, None] = {}
    level, depth = [schema], 0
    while level:
        depth += 1
        inner: list[Any] = []
        for part in level:
            if isinstance(part, dict):
                reference = part.get("$ref")
                if isinstance(reference, str) and reference.startswith(SCHEMAS):
                    found[reference.removeprefix(SCHEMAS)] = None
                inner += part.values()
            elif isinstance(part, list):
                inner += part
        level = inner
    return found, depth


class _Meaning:
    """Rewrites schemas to what binds requests, or readers of answers.

    Args:
        document: The document, for references.
        side: Whether requests or answers are meant.
        sent: Whether objects have the fields that are listed alone.
    """

    def __init__(self, document: Any, side: Side, *, sent: bool) -> None:
        self._side: Side = side
        self._document, self._sent = document, sent

    def of(self, schema: Any, *, alone: bool = True) -> Any:
        """Return what a schema means; `alone` unless it is one of several that a value has to fit together."""
        if not isinstance(schema, dict):
            return schema
        result: dict[str, Any] = {}
        either = alone and not ({"properties", "allOf"} & schema.keys())
        for key, value in schema.items():
            kind = kind_of("Schema", key) or ""
            inner = either if key in {"anyOf", "oneOf"} else key not in _TOGETHER
            if key in NOTES or key.startswith("x-") or (self._side == "response" and key not in _READ):
                continue
            if kind == "@Schema":
                result[key] = self.of(value, alone=inner)
            elif kind[1:] == "Schema" and isinstance(value, dict):
                result[key] = {name: self.of(each, alone=inner) for name, each in value.items()}
            elif kind[1:] == "Schema" and isinstance(value, list):
                result[key] = [self.of(each, alone=inner) for each in value]
            else:
                result[key] = value
        _keep_to(result, schema, self._side)
        if self._sent and alone and self._lists_fields(schema):
            result["unevaluatedProperties"] = False
        if self._side == "response" and not self._sent and result.get("additionalProperties") is False:
            del result["additionalProperties"]  # a reader takes what it does not know
        if "oneOf" in result and (self._side == "response" or "discriminator" in schema):
            options = {"anyOf": result.pop("oneOf")}
            result |= options if "anyOf" not in result else {"allOf": [*result.get("allOf", []), options]}
        limit = _RANGES.get(str(result.get("format")))
        if limit is not None and result.get("type") == "integer":
            del result["format"]
            result["minimum"] = max(result.get("minimum", -(2**limit)), -(2**limit))
            result["maximum"] = min(result.get("maximum", 2**limit - 1), 2**limit - 1)
        elif result.get("format") not in FORMATS:
            result.pop("format", None)
        return result

    def _lists_fields(self, schema: dict[str, Any]) -> bool:
        """Whether a schema is that of objects with listed fields, and leaves others open without asking for them."""
        found = resolve(schema, self._document)
        found = flatten(found, self._document) if isinstance(found, dict) else {}
        return bool(found.get("properties")) and not (_OPEN & found.keys())


def _containment(outer: Any, inner: Any) -> bool | None:
    if outer is None or inner is None:
        return None
    with contextlib.suppress(CanonicalizationError, ValueError):
        answer = outer.covers(inner)
        return None if answer == _UNKNOWN else bool(answer == Containment.YES)
    return None


def _closes(value: Any) -> bool:
    """Whether a schema forbids fields that it does not list, anywhere in it."""
    if isinstance(value, dict):
        return any(value.get(key) is False for key in _OPEN) or any(map(_closes, value.values()))
    return isinstance(value, list) and any(map(_closes, value))


def _keep_to(result: dict[str, Any], schema: Mapping[str, Any], side: Side) -> None:
    """Leave out the fields that are for the other side alone."""
    properties = schema.get("properties")
    if not isinstance(properties, dict):
        return
    flag = "readOnly" if side == "request" else "writeOnly"
    other = {name for name, each in properties.items() if isinstance(each, dict) and each.get(flag) is True}
    if other:
        result["properties"] = {name: each for name, each in result["properties"].items() if name not in other}
        if isinstance(result.get("required"), list):
            result["required"] = [name for name in result["required"] if name not in other]
