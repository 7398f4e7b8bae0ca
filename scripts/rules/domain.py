"""The finite part of a request: for each field, the values whose difference a rule or the schema can see.

An array counts by its length: absent, 0, 1, ... up to one more than the largest bound anybody states. Of a
field whose values cannot be listed (free text, numbers) only its presence counts, if a rule asks for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from scripts.pointer import resolve
from scripts.rules.definition import RuledSchema

_MOST_REFERENCES: Final = 32


@dataclass(frozen=True)
class Length:
    """A list of so many items, whichever they are."""

    count: int


@dataclass(frozen=True)
class Given:
    """Some value of a field whose values cannot be listed; `samples` are those the rules' examples hold."""

    samples: tuple[Any, ...]


@dataclass(frozen=True)
class Written:
    """A value as JSON text: an object or a list, or a sample of a field whose values cannot be listed."""

    text: str


def schema_domains(schema: Mapping[str, Any], document: Any) -> dict[str, tuple[Any, ...]]:
    """Return the listable values of each field: enum values, booleans, `Length`s, or one `Given`."""
    largest = _largest_bounds(schema)
    asked = {name for part in _rule_parts(schema) for name in _asked(part)} - set(schema.get("required", []))
    result: dict[str, tuple[Any, ...]] = {}
    for name, given in schema.get("properties", {}).items():
        field = resolved(given, document)
        if isinstance(field.get("enum"), list):
            result[name] = tuple(field["enum"])
        elif field.get("type") == "boolean":
            result[name] = (False, True)
        elif field.get("type") == "array" and name in largest:
            result[name] = tuple(Length(count) for count in range(largest[name] + 2))
        elif name in asked and (samples := _samples(schema, name)):
            result[name] = (Given(samples),)
    return result


def _samples(schema: Mapping[str, Any], name: str) -> tuple[Any, ...]:
    """Return the values that the examples of the rules give a field."""
    found: list[Any] = []
    for rule in schema["x-rules"]:
        for body in rule.get("examples", {}).values():
            if isinstance(body, dict) and name in body and body[name] not in found:
                found.append(body[name])
    return tuple(found)


def _rule_parts(schema: Mapping[str, Any]) -> Iterator[Any]:
    for rule in schema.get("x-rules", []):
        yield from (rule.get("if"), rule.get("then"))


def _asked(schema: Any) -> Iterator[str]:
    """Yield the fields of the body whose presence a rule's schema asks for or forbids."""
    if isinstance(schema, dict):
        yield from schema.get("required", [])
        for part in (*schema.get("allOf", []), *schema.get("anyOf", []), schema.get("not")):
            yield from _asked(part)


def resolved(schema: Any, document: Any) -> Mapping[str, Any]:
    """Return a schema with its references followed; an empty one where they lead nowhere."""
    for _ in range(_MOST_REFERENCES):
        if not isinstance(schema, dict) or "$ref" not in schema:
            break
        try:
            schema = resolve(document, schema["$ref"])
        except (LookupError, ValueError):
            return {}
    return schema if isinstance(schema, dict) else {}


def _largest_bounds(schema: Mapping[str, Any]) -> dict[str, int]:
    """Return, for each array field, the largest `minItems` or `maxItems` in the schema or its rules."""
    result: dict[str, int] = {}
    for part in (schema, *_rule_parts(schema)):
        for name, bound in _bounds(part):
            result[name] = max(bound, result.get(name, 0))
    return result


def _bounds(schema: Any) -> Iterator[tuple[str, int]]:
    if not isinstance(schema, dict):
        return
    for name, child in schema.get("properties", {}).items():
        for bound in _own_bounds(child):
            yield name, bound
    for part in (*schema.get("allOf", []), *schema.get("anyOf", []), schema.get("not")):
        yield from _bounds(part)


def _own_bounds(schema: Any) -> Iterable[int]:
    if not isinstance(schema, dict):
        return
    for keyword in ("minItems", "maxItems"):
        if isinstance(schema.get(keyword), int):
            yield schema[keyword]
    for part in (*schema.get("allOf", []), *schema.get("anyOf", []), schema.get("not")):
        yield from _own_bounds(part)


def domains(ruled: RuledSchema, document: Any, used: Iterable[str]) -> dict[str, tuple[Any, ...]]:
    """Return the finite fields among those that the rules of a schema use."""
    listed = schema_domains(ruled.schema, document)
    return {name: listed[name] for name in used if name in listed}
