"""The finite part of a request: for each field, the values whose difference a rule or the schema can see.

An array counts by its length: absent, 0, 1, ... up to one more than the largest bound anybody states. Of a field
whose values cannot be listed (free text, numbers, objects) its presence counts, if a stated rule speaks of it or any
asks for it, and samples stand for its values: those of the rules' examples, those that a rule names, and both sides
of each bound that a rule states.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from rulewright.openapi import parameters
from rulewright.rules.definition import RuledSchema
from rulewright.rules.edges import edges

_LONGEST: Final = 1000
"""Items up to which a bound is walked; a list with a larger bound counts by the smaller ones, or not at all."""


@dataclass(frozen=True)
class Length:
    """A list of so many items, whichever they are."""

    count: int


@dataclass(frozen=True)
class Sample:
    """A value as JSON text: unlike the value, it can be looked up, and `true` is not 1."""

    text: str

    @property
    def value(self) -> Any:
        """The value."""
        return json.loads(self.text)


@dataclass(frozen=True)
class Given:
    """Some value of a field whose values cannot be listed; `samples` stand for all of them."""

    samples: tuple[Sample, ...]


def schema_domains(schema: Mapping[str, Any], document: Any) -> dict[str, tuple[Any, ...]]:
    """Return the listable values of each field: enum values, booleans, `Length`s, or one `Given`."""
    largest = _largest_bounds(schema)
    parts = tuple(_rule_parts(schema))
    stated = {name for rule in schema.get("x-rules", []) if rule.get("level") == "error" for name in _spoken_of(rule)}
    asked = {name for part in parts for name in _asked(part)} - set(schema.get("required", []))
    result: dict[str, tuple[Any, ...]] = {}
    for name, given in schema.get("properties", {}).items():
        field = resolved(given, document)
        if isinstance(field.get("enum"), list):
            result[name] = _listed(field["enum"])
        elif field.get("type") == "boolean":
            result[name] = (False, True)
        elif field.get("type") == "array" and name in largest:
            result[name] = tuple(Length(count) for count in range(largest[name] + 2))
        elif name in asked or name in stated or any(edges(field, name, part) for part in parts):
            told = [each for part in parts for each in edges(field, name, part)]
            if samples := tuple(dict.fromkeys(map(_sample, (*_examples(schema, name), *told)))):
                result[name] = (Given(samples),)
    return result


def _listed(values: list[Any]) -> tuple[Any, ...]:
    """Return the values of an enum; as samples where one is a list or an object, which cannot be looked up."""
    if any(isinstance(value, list | dict) for value in values):
        return (Given(tuple(dict.fromkeys(map(_sample, values)))),)
    return tuple(values)


def _sample(value: Any) -> Sample:
    return Sample(json.dumps(value, ensure_ascii=False))


def _examples(schema: Mapping[str, Any], name: str) -> Iterator[Any]:
    """Yield the values that the examples of the rules give a field."""
    bodies = [body for rule in schema["x-rules"] for body in rule.get("examples", {}).values()]
    yield from (body[name] for body in bodies if isinstance(body, dict) and name in body)


def _rule_parts(schema: Mapping[str, Any]) -> Iterator[Any]:
    for rule in schema.get("x-rules", []):
        yield from (rule.get("if"), rule.get("then"))


def _spoken_of(rule: Mapping[str, Any]) -> Iterator[str]:
    """Yield the fields of the body that a rule says something of."""
    parts = [rule.get("if"), rule.get("then")]
    while parts:
        part = parts.pop()
        if isinstance(part, dict):
            yield from part.get("properties", {})
            parts += [*part.get("allOf", []), *part.get("anyOf", []), part.get("not")]


def _asked(schema: Any) -> Iterator[str]:
    """Yield the fields of the body whose presence a rule's schema asks for or forbids."""
    if isinstance(schema, dict):
        yield from schema.get("required", [])
        for part in (*schema.get("allOf", []), *schema.get("anyOf", []), schema.get("not")):
            yield from _asked(part)


def resolved(schema: Any, document: Any) -> Mapping[str, Any]:
    """Return a schema with its references followed; an empty one where they lead nowhere."""
    found = parameters.resolved(document, schema)
    return found if isinstance(found, dict) else {}


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
        if isinstance(schema.get(keyword), int) and schema[keyword] <= _LONGEST:
            yield schema[keyword]
    for part in (*schema.get("allOf", []), *schema.get("anyOf", []), schema.get("not")):
        yield from _own_bounds(part)


def domains(ruled: RuledSchema, document: Any, used: Iterable[str]) -> dict[str, tuple[Any, ...]]:
    """Return the finite fields among those that the rules of a schema use."""
    listed = schema_domains(ruled.schema, document)
    return {name: listed[name] for name in used if name in listed}
