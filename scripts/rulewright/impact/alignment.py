"""Two request spaces as one: for each field what either side lists, judged by both.

A field's alternatives are absence, every value either side lists, and one sample for each side of what cannot be
listed but differs. Fields that both sides treat alike and no rule looks at multiply the counts and are not walked.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rulewright.impact.acceptance import Acceptance
from rulewright.impact.grammar import resolved
from rulewright.impact.structure import same
from rulewright.openapi.sample import samples
from rulewright.openapi.schemas import SchemaError, Schemas
from rulewright.rules.space import Given, Length, Sample, concrete, concretes, product, schema_domains
from rulewright.rules.verdict import mentions

Point = tuple[Any, ...]


@dataclass(frozen=True)
class Table:
    """Every walked combination: the names of its fields, and for each point what was said before and now."""

    fields: tuple[str, ...]
    alternatives: tuple[tuple[Point, ...], ...]
    points: Mapping[Point, tuple[bool, bool]]
    old: Acceptance
    new: Acceptance
    fixed: Mapping[str, Any]

    def body(self, point: Point) -> dict[str, Any]:
        """Return the request of a point."""
        given = {name: concrete(value[0]) for name, value in zip(self.fields, point, strict=True) if value}
        return {**self.fixed, **given}


class Aligned:
    """The fields of two request schemas, with the alternatives that either side knows."""

    def __init__(self, sides: tuple[Acceptance, Acceptance], documents: tuple[Any, Any]) -> None:
        self.sides = sides
        self.walked: dict[str, tuple[Point, ...]] = {}
        self.fixed: dict[str, Any] = {}
        self.free: dict[str, int] = {}
        self.unlisted: list[str] = []
        found = [schema_domains(side.schema, document) for side, document in zip(sides, documents, strict=True)]
        listed = [{name: _alternatives(values) for name, values in each.items()} for each in found]
        sampled = [{name for name, values in each.items() if any(map(_is_given, values))} for each in found]
        properties = [side.schema.get("properties", {}) for side in sides]
        for name in dict.fromkeys((*properties[0], *properties[1])):
            needed = [name in side.schema.get("required", []) for side in sides]
            schemas = [resolved(each.get(name), document) for each, document in zip(properties, documents, strict=True)]
            alike = needed[0] == needed[1] and same(_bare(schemas[0]), _bare(schemas[1]))
            values = _union([*listed[0].get(name, ()), *listed[1].get(name, ())])
            if alike and not values:
                self._fix(name, schemas[0], documents[0], needed=needed[0])
                continue
            if not all(name in each for each in listed) or len({name in each for each in sampled}) > 1:
                plainest = (
                    value
                    for each, document in zip(schemas, documents, strict=True)
                    if isinstance(each, dict)
                    for value in _plainest(document, each)
                )
                values = _union([*values, *plainest])
                self.unlisted.append(name)
            alternatives = ((), *((value,) for value in values))
            ruled = any(mentions(rule, name) for side in sides if side.ruled for rule in side.ruled.rules)
            if alike and not ruled:
                self.free[name] = len(values) + (not needed[0])
                if needed[0]:
                    self.fixed[name] = concrete(values[0])
            else:
                self.walked[name] = alternatives
        self.size = product(map(len, self.walked.values()))
        self.others = product(self.free.values())

    def _fix(self, name: str, schema: Any, document: Any, *, needed: bool) -> None:
        if needed and isinstance(schema, dict):
            for value in _plainest(document, schema):
                self.fixed[name] = value
        if isinstance(schema, dict):
            self.unlisted.append(name)

    def table(self) -> Table:
        """Return every combination of the walked fields, smallest first, with what both sides say."""
        points = sorted(itertools.product(*self.walked.values()), key=lambda point: sum(bool(value) for value in point))
        old, new = self.sides
        table = Table(tuple(self.walked), tuple(self.walked.values()), {}, old, new, self.fixed)
        judged = {point: (old.accepts(table.body(point)), new.accepts(table.body(point))) for point in points}
        return Table(table.fields, table.alternatives, judged, old, new, self.fixed)

    def method(self) -> str:
        """Return what is evaluated and what is not, in words."""
        text = f"all {self.size} combinations of {', '.join(self.walked) or 'no field'} judged by both sides"
        if self.free:
            text += f"; {', '.join(self.free)} treated alike by both (x{self.others})"
        if self.unlisted:
            text += f"; not listable, so compared by schema beside one sample: {', '.join(self.unlisted)}"
        return text


def _plainest(document: Any, schema: Any) -> Iterator[Any]:
    """Yield the plainest value of a schema, if there is one; what is wrong about an invalid one is reported elsewhere."""
    try:
        yield from itertools.islice(samples(Schemas(document), schema, shown=False), 1)
    except SchemaError:
        return


def _is_given(value: Any) -> bool:
    return isinstance(value, Given)


def _alternatives(values: Iterable[Any]) -> tuple[Any, ...]:
    return _union([each for value in values for each in (concretes(value) if isinstance(value, Given) else (value,))])


def _union(values: list[Any]) -> tuple[Any, ...]:
    result: dict[Any, None] = {}
    for value in values:
        plain = isinstance(value, str | Length | Sample)
        result[value if plain else Sample(json.dumps(value, sort_keys=True))] = None
    counts = sorted(value.count for value in result if isinstance(value, Length))
    return (*(value for value in result if not isinstance(value, Length)), *map(Length, counts))


def _bare(schema: Any) -> Any:
    """Return a schema without what says nothing about acceptance."""
    silent = {"description", "title", "example", "examples", "default", "deprecated", "externalDocs", "xml"}
    if not isinstance(schema, dict):
        return schema
    return {key: value for key, value in schema.items() if key not in silent and not key.startswith("x-")}
