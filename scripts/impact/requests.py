"""Which requests stop being accepted and which start: every combination of listable values, judged by both sides.

The two spaces are aligned: a field's alternatives are absence, every value either side lists, and one sample for
each side of what cannot be listed but differs. Fields that both sides treat alike and no rule looks at multiply
the counts and are not walked.
"""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from scripts.emit.operations import operations
from scripts.impact.acceptance import Acceptance, Unanswerable
from scripts.impact.grammar import resolved
from scripts.impact.revision import Revision
from scripts.impact.structure import same
from scripts.rules.domain import Given, Length, schema_domains
from scripts.rules.space import concrete
from scripts.rules.verdict import mentions

LIMIT: Final = 300_000
Point = tuple[Any, ...]


@dataclass(frozen=True)
class Sample:
    """A value as JSON text: unlike the value, it can be looked up, and `true` is not 1."""

    text: str

    @property
    def value(self) -> Any:
        """The value."""
        return json.loads(self.text)


@dataclass(frozen=True)
class Group:
    """Requests that share the cause of their fate."""

    causes: tuple[str, ...]
    count: int
    witness: Any


@dataclass(frozen=True)
class RequestImpact:
    """What became of the requests of one operation, on one side of it.

    Args:
        operation: Such as `POST /orders`.
        where: `request body` or `parameters`.
        total: How many combinations were judged; 0 where nothing could be.
        before: How many of them the old side accepts.
        after: How many of them the new side accepts.
        stops: Those accepted before and refused now, grouped by cause.
        starts: Those refused before and accepted now, grouped by cause.
        method: What was evaluated, and what was not.
        table: Every walked combination with what both sides say, for drawing.
    """

    operation: str
    where: str
    total: int
    before: int
    after: int
    stops: tuple[Group, ...]
    starts: tuple[Group, ...]
    method: str
    table: Table | None = field(default=None, repr=False)

    def data(self) -> dict[str, Any]:
        """Return the impact as JSON."""
        result = {key: value for key, value in vars(self).items() if key != "table"}
        return {**result, "stops": [vars(each) for each in self.stops], "starts": [vars(each) for each in self.starts]}


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
        given = {name: _plain(value[0]) for name, value in zip(self.fields, point, strict=True) if value}
        return {**self.fixed, **given}


def compare_requests(old: Revision, new: Revision) -> tuple[RequestImpact, ...]:
    """Return what became of the requests of every operation that both sides have."""
    return tuple(_compare(old, new))


def _compare(old: Revision, new: Revision) -> Iterator[RequestImpact]:
    before = {(each.method, each.path): each for each in operations(old.value)}
    for operation in operations(new.value):
        if (other := before.get((operation.method, operation.path))) is None:
            continue
        name = f"{operation.method.upper()} {operation.path}"
        pair = (_body(other.body, old.value), _body(operation.body, new.value))
        if None not in pair:
            yield _judge(name, "request body", (old, new), pair)
        given = tuple(
            _parameters(revision.value, each.path, each.body) for revision, each in ((old, other), (new, operation))
        )
        if given[0]["properties"] and given[1]["properties"]:
            yield _judge(name, "parameters", (old, new), given)


def _body(operation: Mapping[str, Any], document: Any) -> Any:
    body = resolved(operation.get("requestBody"), document)
    content = body.get("content") if isinstance(body, dict) else None
    for kind, media in content.items() if isinstance(content, dict) else ():
        if "json" in kind and isinstance(media, dict) and isinstance(media.get("schema"), dict):
            return media["schema"]
    return None


def _parameters(document: Any, path: str, operation: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters of an operation as one object schema, so that both kinds are judged alike."""
    result: dict[str, Any] = {"type": "object", "properties": {}, "required": []}
    for given in (document["paths"][path].get("parameters"), operation.get("parameters")):
        for entry in given if isinstance(given, list) else []:
            parameter = resolved(entry, document)
            if not isinstance(parameter, dict) or not isinstance(parameter.get("name"), str):
                continue
            name = f"{parameter.get('in')} {parameter['name']}"
            schema = parameter.get("schema", {})
            result["properties"][name] = schema if isinstance(schema, dict) else {}
            if parameter.get("required") is True and name not in result["required"]:
                result["required"].append(name)
    return result if result["required"] else {key: value for key, value in result.items() if key != "required"}


def _judge(name: str, where: str, sides: tuple[Revision, Revision], schemas: tuple[Any, ...]) -> RequestImpact:
    try:
        old, new = (Acceptance(side, schema) for side, schema in zip(sides, schemas, strict=True))
        space = _Aligned((old, new), (sides[0].value, sides[1].value))
    except (Unanswerable, TypeError, AttributeError) as error:
        return RequestImpact(name, where, 0, 0, 0, (), (), f"not counted: {error}; compared by schema only")
    if space.size > LIMIT:
        method = f"not counted: {space.size} combinations of {', '.join(space.walked)} are more than {LIMIT}"
        return RequestImpact(name, where, 0, 0, 0, (), (), f"{method}; compared by schema only")
    table = space.table()
    before = sum(was for was, _ in table.points.values()) * space.others
    after = sum(now for _, now in table.points.values()) * space.others
    stops = _groups(table, table.new, (True, False), space.others)
    starts = _groups(table, table.old, (False, True), space.others)
    total = len(table.points) * space.others
    return RequestImpact(name, where, total, before, after, stops, starts, space.method(), table)


def _groups(table: Table, refusing: Acceptance, fate: tuple[bool, bool], others: int) -> tuple[Group, ...]:
    found: dict[tuple[str, ...], list[Point]] = {}
    for point, outcome in table.points.items():
        if outcome == fate:
            found.setdefault(refusing.reasons(table.body(point)), []).append(point)
    groups = [Group(causes, len(points) * others, table.body(points[0])) for causes, points in found.items()]
    return tuple(sorted(groups, key=lambda group: (len(group.causes), -group.count, group.causes)))


class _Aligned:
    """The fields of two request schemas, with the alternatives that either side knows."""

    def __init__(self, sides: tuple[Acceptance, Acceptance], documents: tuple[Any, Any]) -> None:
        self.sides = sides
        self.walked: dict[str, tuple[Point, ...]] = {}
        self.fixed: dict[str, Any] = {}
        self.free: dict[str, int] = {}
        self.unlisted: list[str] = []
        listed = [_domains(side.schema, document) for side, document in zip(sides, documents, strict=True)]
        properties = [side.schema.get("properties", {}) for side in sides]
        for name in dict.fromkeys((*properties[0], *properties[1])):
            needed = [name in side.schema.get("required", []) for side in sides]
            schemas = [resolved(each.get(name), document) for each, document in zip(properties, documents, strict=True)]
            alike = needed[0] == needed[1] and same(_bare(schemas[0]), _bare(schemas[1]))
            values = _union([*listed[0].get(name, ()), *listed[1].get(name, ())])
            if alike and not values:
                self._fix(name, schemas[0], needed=needed[0])
                continue
            if not all(name in each for each in listed):
                values = _union([*values, *(_sample(schema) for schema in schemas if isinstance(schema, dict))])
                self.unlisted.append(name)
            alternatives = ((), *((value,) for value in values))
            ruled = any(mentions(rule, name) for side in sides if side.ruled for rule in side.ruled.rules)
            if alike and not ruled:
                self.free[name] = len(values) + (not needed[0])
                if needed[0]:
                    self.fixed[name] = _plain(values[0])
            else:
                self.walked[name] = alternatives
        self.size = math.prod(map(len, self.walked.values()))
        self.others = math.prod(self.free.values())

    def _fix(self, name: str, schema: Any, *, needed: bool) -> None:
        if needed and isinstance(schema, dict):
            self.fixed[name] = _sample(schema)
        if isinstance(schema, dict):
            self.unlisted.append(name)

    def table(self) -> Table:
        points = sorted(itertools.product(*self.walked.values()), key=lambda point: sum(bool(value) for value in point))
        old, new = self.sides
        table = Table(tuple(self.walked), tuple(self.walked.values()), {}, old, new, self.fixed)
        judged = {point: (old.accepts(table.body(point)), new.accepts(table.body(point))) for point in points}
        return Table(table.fields, table.alternatives, judged, old, new, self.fixed)

    def method(self) -> str:
        text = f"all {self.size} combinations of {', '.join(self.walked) or 'no field'} judged by both sides"
        if self.free:
            text += f"; {', '.join(self.free)} treated alike by both (x{self.others})"
        if self.unlisted:
            text += f"; not listable, so compared by schema beside one sample: {', '.join(self.unlisted)}"
        return text


def _domains(schema: Mapping[str, Any], document: Any) -> dict[str, tuple[Any, ...]]:
    return {
        name: _union([each for value in values for each in (value.samples if isinstance(value, Given) else (value,))])
        for name, values in schema_domains(schema, document).items()
    }


def _union(values: list[Any]) -> tuple[Any, ...]:
    result: dict[Any, None] = {}
    for value in values:
        plain = isinstance(value, str | Length | Sample)
        result[value if plain else Sample(json.dumps(value, sort_keys=True))] = None
    counts = sorted(value.count for value in result if isinstance(value, Length))
    return (*(value for value in result if not isinstance(value, Length)), *map(Length, counts))


def _plain(value: Any) -> Any:
    return value.value if isinstance(value, Sample) else concrete(value)


def _bare(schema: Any) -> Any:
    """Return a schema without what says nothing about acceptance."""
    silent = {"description", "title", "example", "examples", "default", "deprecated", "externalDocs", "xml"}
    if not isinstance(schema, dict):
        return schema
    return {key: value for key, value in schema.items() if key not in silent and not key.startswith("x-")}


def _sample(schema: Mapping[str, Any]) -> Any:
    """Return a value that a schema plausibly accepts."""
    if isinstance(schema.get("enum"), list) and schema["enum"]:
        return schema["enum"][0]
    kind = schema.get("type")
    kind = kind[0] if isinstance(kind, list) and kind else kind
    samples: dict[str, Any] = {"integer": 1, "number": 1.5, "boolean": True, "array": [], "object": {}}
    if kind in {"integer", "number"}:
        low = schema.get("minimum", schema.get("exclusiveMinimum"))
        return low + 1 if isinstance(low, int | float) and not isinstance(low, bool) else samples[kind]
    if kind == "object":
        needed = schema.get("required", [])
        inner = schema.get("properties", {})
        return {name: _sample(inner.get(name, {})) for name in needed if isinstance(inner, dict)}
    if kind in samples:
        return samples[str(kind)]
    return "x" * max(4, schema["minLength"]) if isinstance(schema.get("minLength"), int) else "text"
