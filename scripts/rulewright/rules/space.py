"""The request space: the finite part of a schema's requests, and the values that stand for what cannot be listed.

An array counts by its length: absent, 0, 1, ... up to one more than the largest bound in the schema or a rule. A field
whose values cannot be listed (free text, numbers, objects) counts by its presence, if a rule reads it, and by samples:
the values in the rules' examples, those that a rule names, and both sides of each bound that a rule has.
"""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import jsonschema_rs

from rulewright.openapi.references import follow_schema
from rulewright.openapi.sample import samples
from rulewright.openapi.schemas import Schemas
from rulewright.rules.definition import RuledSchema
from rulewright.rules.dialect import members

_LONGEST_TEXT: Final = 10_000
"""Characters up to which a bound of a text's length is walked."""

_BOUNDS: Final = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
_LENGTHS: Final = ("minLength", "maxLength")


def _within(parts: Iterable[Mapping[str, Any]], name: str) -> Iterator[Mapping[str, Any]]:
    """Yield the schemas that apply to the value of a property, out of those that apply to its object."""
    for part in parts:
        yield from members(part.get("properties", {}).get(name))


def boundaries(field: Mapping[str, Any], name: str, part: Any) -> tuple[Any, ...]:
    """Return the values that one part of a rule distinguishes, as far as the field's own schema accepts them.

    Args:
        field: The schema of the field, references followed.
        name: Its name.
        part: The `if` or `then` of a rule.
    """
    values = (value for schema in _within(members(part), name) for value in around_bounds(schema))
    return tuple(value for value in values if _is_accepted(value, field))


def around_bounds(schema: Mapping[str, Any]) -> Iterator[Any]:
    """Yield the values that a schema names, and those on both sides of each of its bounds, accepted or not."""
    if "const" in schema:
        yield schema["const"]
    yield from schema.get("enum", [])
    for keyword in _BOUNDS:
        if keyword in schema:
            yield from (schema[keyword] - 1, schema[keyword], schema[keyword] + 1)
    for keyword in _LENGTHS:
        if keyword in schema and schema[keyword] < _LONGEST_TEXT:
            yield from ("x" * length for length in range(max(0, schema[keyword] - 1), schema[keyword] + 2))


def _is_accepted(value: Any, field: Mapping[str, Any]) -> bool:
    """Return whether a field takes a text or a number, by its type and its own bounds."""
    kind = field.get("type")
    kinds = kind if isinstance(kind, list) else [kind]
    if isinstance(value, str):
        return "string" in kinds and field.get("minLength", 0) <= len(value) <= field.get("maxLength", len(value))
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    if "number" not in kinds and not ("integer" in kinds and value == int(value)):
        return False
    low, high = field.get("minimum", value), field.get("maximum", value)
    return bool(low <= value <= high) and not _excludes(value, field)


def _excludes(value: float, field: Mapping[str, Any]) -> bool:
    """Return whether a field excludes a bound: OpenAPI 3.0 has a flag beside it, 3.1 the bound itself."""
    low, high = field.get("exclusiveMinimum"), field.get("exclusiveMaximum")
    if low is True or high is True:
        return (low is True and value == field.get("minimum")) or (high is True and value == field.get("maximum"))
    below = low is not None and low is not False and value <= low
    return bool(below or (high is not None and high is not False and value >= high))


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
    rules = schema.get("x-rules", [])
    parts = [part for rule in rules for part in (rule.get("if"), rule.get("then"))]
    largest = _largest_bounds((schema, *parts))
    read = {
        name
        for rule in rules
        if rule.get("level") == "error"
        for part in (rule.get("if"), rule.get("then"))
        for member in members(part)
        for name in member.get("properties", {})
    }
    asked = {name for part in parts for member in members(part) for name in member.get("required", [])}
    counted = read | (asked - set(schema.get("required", [])))
    result: dict[str, tuple[Any, ...]] = {}
    for name, given in schema.get("properties", {}).items():
        field = follow_schema(document, given)
        if isinstance(field.get("enum"), list):
            result[name] = _enum_values(field["enum"])
        elif field.get("type") == "boolean":
            result[name] = (False, True)
        elif field.get("type") == "array" and name in largest:
            result[name] = tuple(Length(count) for count in range(largest[name] + 2))
        else:
            distinct = [each for part in parts for each in boundaries(field, name, part)]
            samples = tuple(Sample(text) for text in dict.fromkeys(map(_text, (*_examples(rules, name), *distinct))))
            if samples and (distinct or name in counted):
                result[name] = (Given(samples),)
    return result


def _enum_values(values: list[Any]) -> tuple[Any, ...]:
    """Return the values of an enum; as samples where one is a list or an object, which cannot be looked up."""
    if any(isinstance(value, list | dict) for value in values):
        return (Given(tuple(Sample(text) for text in dict.fromkeys(map(_text, values)))),)
    return tuple(values)


def _examples(rules: Iterable[Mapping[str, Any]], name: str) -> list[Any]:
    """Return the values that the examples of the rules give a field."""
    return _values_of((body for rule in rules for body in rule.get("examples", {}).values()), name)


def _values_of(bodies: Iterable[Any], name: str) -> list[Any]:
    return [body[name] for body in bodies if isinstance(body, dict) and name in body]


def _largest_bounds(schemas: Iterable[Any]) -> dict[str, int]:
    """Return, for each array field, the largest `minItems` or `maxItems` in the schema or its rules."""
    result: dict[str, int] = {}
    for part in (member for schema in schemas for member in members(schema)):
        for name in part.get("properties", {}):
            for child in _within([part], name):
                for keyword in ("minItems", "maxItems"):
                    if isinstance(child.get(keyword), int) and child[keyword] <= _LONGEST:
                        result[name] = max(child[keyword], result.get(name, 0))
    return result


def domains(ruled: RuledSchema, document: Any, used: Iterable[str]) -> dict[str, tuple[Any, ...]]:
    """Return the finite fields among those that the rules of a schema use."""
    listed = schema_domains(ruled.schema, document)
    return {name: listed[name] for name in used if name in listed}


MOST: Final = 10**300
"""Combinations up to which they are counted; some more, and Python refuses to print the number."""
FILLER: Final = "https://example.com/{}.png"


def product(counts: Iterable[int]) -> int:
    """Return how many combinations there are; no number beyond `MOST` is counted."""
    result = 1
    for count in counts:
        result = min(result * count, MOST)
    return result


class Space:
    """Every point of the finite part, in order: fields as the document lists them, absent before present.

    Args:
        ruled: The schema.
        document: The merged document, for references.

    Attributes:
        domains: The values of each field.
        sampled: The fields whose values are samples of many.
    """

    def __init__(self, ruled: RuledSchema, document: Any) -> None:
        self._required = set(ruled.schema.get("required", []))
        found = schema_domains(ruled.schema, document)
        self.domains = {
            name: tuple(each for value in values for each in _alternatives(value)) for name, values in found.items()
        }
        self.sampled = frozenset(
            name for name, values in found.items() if any(isinstance(each, Given) for each in values)
        )
        self._fixed = dict(self._plainest(ruled, Schemas(document)))

    def _plainest(self, ruled: RuledSchema, schemas: Schemas) -> Iterator[tuple[str, Any]]:
        """Yield each required field with its first value, a plain sample, or what an example of a rule gives it."""
        for name, schema in ruled.schema.get("properties", {}).items():
            if name in self._required:
                listed = map(concrete, self.domains.get(name, ()))
                shown = _examples(ruled.schema.get("x-rules", []), name)
                yield from (
                    (name, value)
                    for value in itertools.islice(itertools.chain(listed, samples(schemas, schema), shown), 1)
                )

    def alternatives(self, name: str) -> tuple[tuple[Any, ...], ...]:
        """Return what a field may be: `()` for absent, if it may be, then `(value,)` for each value."""
        absent = () if name in self._required else ((),)
        return (*absent, *((value,) for value in self.domains[name]))

    @property
    def size(self) -> int:
        """How many points there are; a field that is sampled counts as given, whichever sample stands for it."""
        return product(
            1 + (name not in self._required) if name in self.sampled else len(self.alternatives(name))
            for name in self.domains
        )

    def with_required(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return a body of given fields, with the first value or a plain sample in every other required field."""
        return {**self._fixed, **given}

    def bodies(self, limit: int | None = None) -> Iterator[dict[str, Any]]:
        """Yield the body of each point.

        Args:
            limit: Where there are more points than this, yield about as many, spread evenly.
        """
        columns = [self.alternatives(name) for name in self.domains]
        total = math.prod(map(len, columns))
        sizes = [len(column) for column in columns]  # a step that passes no field at the same few of its values
        step = -(-total // max(1, limit or total))
        while step > 1 and any(math.gcd(step, size) > 1 for size in sizes):
            step += 1
        for number in range(0, total, max(1, step)):
            given, rest = {}, number
            for name, column in zip(reversed(self.domains), reversed(columns), strict=True):
                rest, place = divmod(rest, len(column))
                if column[place]:
                    given[name] = concrete(column[place][0])
            yield self.with_required({name: given[name] for name in self.domains if name in given})

    def cell(self, body: Any) -> str | None:
        """Return the name of the point that a body is at, or None if it is at none.

        A field that is not finite does not count.
        """
        if not isinstance(body, Mapping):
            return None
        labels = [(name, self._label(name, body)) for name in self.domains]
        return None if any(label is None for _, label in labels) else " ".join(f"{n}={label}" for n, label in labels)

    def _label(self, name: str, body: Mapping[str, Any]) -> str | None:
        if name not in body:
            return None if name in self._required else "absent"
        value = body[name]
        for (listed,) in filter(None, self.alternatives(name)):
            if isinstance(listed, Length):
                if isinstance(value, list) and len(value) == listed.count:
                    return str(listed.count)
            elif _text(concrete(listed)) == _text(value):
                return value if isinstance(value, str) else _text(value)
        return None


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _alternatives(value: Any) -> tuple[Any, ...]:
    """Return what a listed value counts as in a point: texts as they are, since points are looked up."""
    if not isinstance(value, Given):
        return (value,)
    return tuple(each.value if isinstance(each.value, str) else each for each in value.samples)


def concretes(value: Any) -> tuple[Any, ...]:
    """Return the JSON values that a listed one stands for: one, or each sample of what cannot be listed."""
    return tuple(each.value for each in value.samples) if isinstance(value, Given) else (concrete(value),)


def concrete(value: Any) -> Any:
    """Return a JSON value for a listed one: a `Length` becomes a list of that many invented items."""
    if isinstance(value, Sample):
        return value.value
    return [FILLER.format(index + 1) for index in range(value.count)] if isinstance(value, Length) else value


_MOST: Final = 2_000
_ABSENT: Final = object()
Parts = Sequence[Mapping[str, Any]]


def inner_values(ruled: RuledSchema, document: Any) -> dict[str, tuple[Sample, ...]]:
    """Return the values of each such field, by its name."""
    parts = [part for rule in ruled.rules for schema in (rule.condition, rule.requirement) for part in members(schema)]
    listed, plain = schema_domains(ruled.schema, document), Space(ruled, document).with_required({})
    result = {}
    for name, given in ruled.schema.get("properties", {}).items():
        field, asked = follow_schema(document, given), list(_within(parts, name))
        refused = (
            name in plain
            and name not in listed
            and not all(jsonschema_rs.Draft202012Validator(dict(part)).is_valid(plain[name]) for part in asked)
        )
        if asked and (_is_object(field) or refused):
            values = _values(field, asked, _examples(ruled.schema.get("x-rules", []), name), document)
            result[name] = tuple(Sample(text) for text in dict.fromkeys(map(_text, values)))
    return {name: values for name, values in result.items() if values}


def _is_object(field: Mapping[str, Any]) -> bool:
    return field.get("type") == "object" or "properties" in field


def _values(field: Mapping[str, Any], parts: Parts, shown: list[Any], document: Any) -> list[Any]:
    if isinstance(field.get("enum"), list):
        return list(field["enum"])
    if field.get("type") == "boolean":
        return [False, True]
    return list(_objects(field, parts, shown, document)) if _is_object(field) else shown


def _objects(field: Mapping[str, Any], parts: Parts, shown: list[Any], document: Any) -> Iterator[dict[str, Any]]:
    """Yield every combination of what the rules distinguish within an object; of too many, the examples alone."""
    required = set(field.get("required", []))
    named = {name for part in parts for name in (*part.get("properties", {}), *part.get("required", []))}
    choices: dict[str, list[Any]] = {}
    for name, given in field.get("properties", {}).items():
        if name not in named | required:
            continue
        values = _values(follow_schema(document, given), list(_within(parts, name)), _values_of(shown, name), document)
        values = values[:1] if name not in named else values
        choices[name] = [*values, *([] if name in required and values else [_ABSENT])]
    if math.prod(map(len, choices.values())) > _MOST:
        yield from shown
        return
    for point in itertools.product(*choices.values()):
        yield {name: value for name, value in zip(choices, point, strict=True) if value is not _ABSENT}
