"""Which requests stop being accepted and which start: every combination of listable values, judged by both sides.

The alternatives of a field are absence, every value that either side lists, and one sample for each side of what
cannot be listed but differs. Fields that both sides treat alike and no rule looks at multiply the counts and are not
walked.
"""

from __future__ import annotations

import contextlib
import itertools
import json
from collections.abc import Container, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

import jsonschema_rs

from rulewright.impact.normal import NOTES, key_of, resolve, same
from rulewright.impact.revision import Revision
from rulewright.openapi.operations import Operation, operations, parameter_names, parameters_schema
from rulewright.openapi.pointer import decode
from rulewright.openapi.sample import samples
from rulewright.openapi.schemas import SchemaError, Schemas
from rulewright.rules.definition import RuledSchema, Verdict
from rulewright.rules.space import Given, Length, Sample, concrete, concretes, product, schema_domains

LIMIT: Final = 300_000
_BY_SCHEMA: Final = "compared by schema only"
Point = tuple[Any, ...]
"""One alternative for each walked field: `()` if the field is absent, else `(value,)`."""


@dataclass(frozen=True, order=True)
class Reason:
    """Why a request is refused.

    Args:
        place: The way to the failing part of the request; empty where it fails as a whole.
        keyword: The keyword of the schema that fails, or `rule`.
        what: The value that is not listed, as JSON text, or the rule's id.
    """

    place: tuple[str, ...]
    keyword: str
    what: str | None = None

    @property
    def field(self) -> str | None:
        """The field of the request it is about."""
        return self.place[0] if self.place else None

    def __str__(self) -> str:
        name = "/".join(self.place) or "the request"
        if self.keyword == "rule":
            return f"rule {self.what}"
        if self.keyword == "required":
            return f"{name} missing"
        if self.what is None:
            return f"{name}: {self.keyword}"
        value = json.loads(self.what)
        return f"{name}={value if isinstance(value, str) else self.what}"


class Acceptance:
    """Judges requests by one revision.

    Args:
        revision: The revision.
        schemas: The schemas of its effective document.
        schema: The schema of the request: a part of the effective document, or an object of parameters.

    Raises:
        SchemaError: A validator refuses the schema.
    """

    def __init__(self, revision: Revision, schemas: Schemas, schema: Any) -> None:
        self._validator = schemas.validator(schema)
        self.document = revision.value
        self.schema: Mapping[str, Any] = resolve(schema, revision.value)
        reference = schema.get("$ref")
        location = decode(reference) if isinstance(reference, str) else None
        none = RuledSchema((), self.schema, ())
        self.verdict = Verdict(
            next((each for each in revision.ruled if each.schema is self.schema or each.location == location), none)
        )

    def accepts(self, body: Any) -> bool:
        """Whether schema and rules accept a request."""
        return self._validator.is_valid(body) and not self.verdict.violated_rules(body)

    def reasons(self, body: Any) -> tuple[Reason, ...]:
        """Return why a request is refused: fields and their values, then rules."""
        found = [_reason(error) for error in self._validator.iter_errors(body)]
        found += [Reason((), "rule", rule) for rule in self.verdict.violated_rules(body)]
        return tuple(dict.fromkeys(found))


def _reason(error: jsonschema_rs.ValidationError) -> Reason:
    keyword = str(error.schema_path[-1]) if error.schema_path else "schema"
    place = [str(key) for key in error.instance_path]
    if isinstance(error.kind, jsonschema_rs.ValidationErrorKind.Required):
        return Reason((*place, error.kind.property), "required")
    value = json.dumps(error.instance, sort_keys=True) if keyword in {"enum", "const"} else None
    return Reason(tuple(place), keyword, value)


@dataclass(frozen=True)
class Table:
    """Every walked combination: the names of its fields, and for each point whether it was and is accepted."""

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

    @cached_property
    def smallest(self) -> dict[str, Any]:
        """The smallest request that both sides accept, or else the old one."""
        both = (point for point, outcome in self.points.items() if all(outcome))
        one = (point for point, outcome in self.points.items() if outcome[0])
        point = next(both, None) or next(one, None)
        return dict(self.fixed) if point is None else self.body(point)

    @cached_property
    def tried(self) -> Mapping[str, frozenset[Hashable]]:
        """The keys of the values of each field that were tried as a whole, not only somewhere within them."""
        return {
            name: frozenset(key_of(concrete(value[0])) for value in values if value)
            for name, values in zip(self.fields, self.alternatives, strict=True)
        }


@dataclass(frozen=True)
class Group:
    """Requests that stop, or start, for the same reasons."""

    causes: tuple[Reason, ...]
    count: int
    witness: Any

    @property
    def cause(self) -> str:
        """The causes, in words."""
        return ", ".join(map(str, self.causes))

    def data(self) -> dict[str, Any]:
        """Return the group as JSON."""
        return {"causes": [*map(str, self.causes)], "count": self.count, "witness": self.witness}


@dataclass(frozen=True)
class RequestImpact:
    """The counted requests of one operation: bodies, or parameters.

    Args:
        operation: Such as `POST /orders`.
        where: `request body` or `parameters`.
        method: What was evaluated, and what was not.
        total: How many combinations were judged; 0 if none could be.
        before: How many of them the old side accepts.
        after: How many of them the new side accepts.
        stops: Those accepted before and refused now, grouped by cause.
        starts: Those refused before and accepted now, grouped by cause.
        is_complete: Whether every possible request was judged.
        table: Every walked combination with both verdicts, to draw a decision table.
    """

    operation: str
    where: str
    method: str
    total: int = 0
    before: int = 0
    after: int = 0
    stops: tuple[Group, ...] = ()
    starts: tuple[Group, ...] = ()
    is_complete: bool = False
    table: Table | None = field(default=None, repr=False)

    @property
    def groups(self) -> Iterator[tuple[str, Group]]:
        """Each group with the verb of its fate, `stop` or `start`."""
        yield from (("stop", group) for group in self.stops)
        yield from (("start", group) for group in self.starts)

    def data(self) -> dict[str, Any]:
        """Return the impact as JSON."""
        result = {key: value for key, value in vars(self).items() if key != "table"}
        return {**result, **{key: [each.data() for each in result[key]] for key in ("stops", "starts")}}


def compare_requests(
    old: Revision, new: Revision, renamed: Mapping[str, str], touched: Container[str]
) -> Iterator[RequestImpact]:
    """Count the requests of operations that both sides have.

    Args:
        old: The old side.
        new: The new side.
        renamed: The new name of each path whose parameters have other names.
        touched: The operations, by their new names, whose requests may differ.
    """
    sides = (old, Schemas(old.value)), (new, Schemas(new.value))
    before = {(each.method, renamed.get(each.path, each.path)): each for each in operations(old.value)}
    for operation in operations(new.value):
        other = before.get((operation.method, operation.path))
        if other is None or operation.title not in touched:
            continue
        pair = (_body_schema(other.body, old.value), _body_schema(operation.body, new.value))
        if None not in pair:
            yield _count(operation.title, "request body", sides, pair)
        names = {*parameter_names(other.parameters).items(), *parameter_names(operation.parameters).items()}
        if any(len({each[part] for each in names}) < len(names) for part in (0, 1)):
            yield RequestImpact(operation.title, "parameters", f"not counted: a parameter moved; {_BY_SCHEMA}")
            continue
        pair = (_parameters(old, other), _parameters(new, operation))
        if all(each["properties"] for each in pair):
            yield _count(operation.title, "parameters", sides, pair)


def _parameters(revision: Revision, operation: Operation) -> Mapping[str, Any]:
    """Return the parameters of an operation as the schema of one object, so that they are compared like a body."""
    ruled = (each.schema for each in revision.ruled if each.location == operation.location)
    return next(ruled, None) or parameters_schema(revision.value, operation.path, operation.body)


def _body_schema(operation: Mapping[str, Any], document: Any) -> Any:
    body = resolve(operation.get("requestBody"), document)
    content = body.get("content") if isinstance(body, dict) else None
    for kind, media in content.items() if isinstance(content, dict) else ():
        if "json" in kind and isinstance(media, dict) and isinstance(media.get("schema"), dict):
            return media["schema"]
    return None


def _count(
    name: str, where: str, sides: tuple[tuple[Revision, Schemas], ...], schemas: tuple[Any, ...]
) -> RequestImpact:
    try:
        old, new = (Acceptance(*side, schema) for side, schema in zip(sides, schemas, strict=True))
        space = _Space((old, new))
    except (SchemaError, TypeError, AttributeError) as error:
        return RequestImpact(name, where, f"not counted: {error}; {_BY_SCHEMA}")
    if space.size > LIMIT:
        method = f"not counted: {space.size} combinations of {', '.join(space.walked)} are more than {LIMIT}"
        return RequestImpact(name, where, f"{method}; {_BY_SCHEMA}")
    table = space.table()
    before = sum(was for was, _ in table.points.values()) * space.others
    after = sum(now for _, now in table.points.values()) * space.others
    if not before and not after:  # for instance because no sample can match a pattern
        text = f"not counted: neither side accepts any of {len(table.points)} combinations"
        text += f", with one sample for each of {', '.join(space.unlisted)}" if space.unlisted else ""
        return RequestImpact(name, where, f"{text}; {_BY_SCHEMA}")
    stops = _groups(table, table.new, (True, False), space.others)
    starts = _groups(table, table.old, (False, True), space.others)
    total = len(table.points) * space.others
    return RequestImpact(name, where, space.method(), total, before, after, stops, starts, space.is_complete, table)


def _groups(table: Table, refusing: Acceptance, outcome: tuple[bool, bool], others: int) -> tuple[Group, ...]:
    """Group the points with an outcome by the reasons of the side that refuses them."""
    found: dict[tuple[Reason, ...], list[Point]] = {}
    for point, each in table.points.items():
        if each == outcome:
            found.setdefault(refusing.reasons(table.body(point)), []).append(point)
    groups = [Group(causes, len(points) * others, table.body(points[0])) for causes, points in found.items()]
    return tuple(sorted(groups, key=lambda group: (len(group.causes), -group.count, group.cause)))


class _Space:
    """The request spaces of two schemas as one: the alternatives of each field that either side distinguishes.

    Args:
        sides: Both sides.

    Attributes:
        walked: The fields to combine, with their alternatives.
        fixed: The values of required fields that are not walked.
        free: The fields that both sides treat alike, with the number of their alternatives.
        unlisted: The fields whose values cannot be listed.
    """

    def __init__(self, sides: tuple[Acceptance, Acceptance]) -> None:
        self._sides = sides
        self.walked: dict[str, tuple[Point, ...]] = {}
        self.fixed: dict[str, Any] = {}
        self.free: dict[str, int] = {}
        self.unlisted: list[str] = []
        domains = [schema_domains(side.schema, side.document) for side in sides]
        for name in dict.fromkeys(name for side in sides for name in side.schema.get("properties", {})):
            self._add(name, [each.get(name) for each in domains])
        self.size = product(map(len, self.walked.values()))
        self.others = product(self.free.values())

    def _add(self, name: str, domains: list[Any]) -> None:
        schemas = [resolve(side.schema.get("properties", {}).get(name), side.document) for side in self._sides]
        required = [name in side.schema.get("required", []) for side in self._sides]
        alike = required[0] == required[1] and same(*map(_without_annotations, schemas))
        values = _distinct(
            [
                each
                for domain in domains
                for value in domain or ()
                for each in (concretes(value) if isinstance(value, Given) else (value,))
            ]
        )
        known = [
            (side.document, each) for side, each in zip(self._sides, schemas, strict=True) if isinstance(each, dict)
        ]
        if alike and not values:
            self.unlisted += [name] if known else []
            for value in _sample(*known[0]) if known and required[0] else ():
                self.fixed[name] = value
            return
        sampled = {any(isinstance(value, Given) for value in domain or ()) for domain in domains}
        if None in domains or len(sampled) > 1:
            values = _distinct([*values, *(value for each in known for value in _sample(*each))])
            self.unlisted.append(name)
        if not alike or any(side.verdict.mentions(name) for side in self._sides):
            self.walked[name] = ((), *((value,) for value in values))
            return
        self.free[name] = len(values) + (not required[0])
        if required[0]:
            self.fixed[name] = concrete(values[0])

    @property
    def is_complete(self) -> bool:
        """Whether the combinations are all requests there are."""
        values = [value[0] for values in self.walked.values() for value in values if value]
        closed = all(side.schema.get("additionalProperties") is False for side in self._sides)
        return closed and not self.unlisted and not any(isinstance(value, Length | Sample) for value in values)

    def table(self) -> Table:
        """Return every combination of the walked fields, smallest first, with both verdicts."""
        points = sorted(itertools.product(*self.walked.values()), key=lambda point: sum(bool(value) for value in point))
        old, new = self._sides
        judged: dict[Point, tuple[bool, bool]] = {}
        table = Table(tuple(self.walked), tuple(self.walked.values()), judged, old, new, self.fixed)
        for point in points:
            body = table.body(point)
            judged[point] = (old.accepts(body), new.accepts(body))
        return table

    def method(self) -> str:
        """Return what is evaluated and what is not, in words."""
        walked = f"{self.size} combinations of {', '.join(self.walked)}" if self.walked else "1 request"
        text = f"{walked} compared"
        if self.free:
            text += f"; both sides treat {', '.join(self.free)} alike (x{self.others})"
        if self.unlisted:
            text += f"; free values compared by schema and one sample: {', '.join(self.unlisted)}"
        return text


def _distinct(values: list[Any]) -> tuple[Any, ...]:
    """Return the values without repetition, list lengths last and in order."""
    result: dict[Any, None] = {}
    for value in values:
        plain = isinstance(value, str | Length | Sample)
        result[value if plain else Sample(json.dumps(value, sort_keys=True))] = None
    counts = sorted(value.count for value in result if isinstance(value, Length))
    return (*(value for value in result if not isinstance(value, Length)), *map(Length, counts))


def _without_annotations(schema: Any) -> Any:
    """Return a schema without the keywords that do not affect acceptance."""
    if not isinstance(schema, dict):
        return schema
    return {key: value for key, value in schema.items() if key not in NOTES and not key.startswith("x-")}


@dataclass(frozen=True)
class Cell:
    """One pair of values: what it allowed and what it allows, and whether the requests behind it changed."""

    before: str
    after: str
    changed: bool


@dataclass(frozen=True)
class Decisions:
    """A decision table: a row for each value of one field, a column for each value of another."""

    title: str
    rows: str
    columns: str
    others: tuple[str, ...]
    heads: tuple[str, ...]
    lines: tuple[tuple[str, tuple[Cell, ...]], ...]

    @property
    def changed(self) -> int:
        """How many rows have a changed cell."""
        return sum(any(cell.changed for cell in cells) for _, cells in self.lines)


def decisions(impact: RequestImpact) -> Decisions | None:
    """Return the decision table of counted requests; None if fewer than two fields can be listed."""
    table = impact.table
    if table is None:
        return None
    listed = [name for name, values in zip(table.fields, table.alternatives, strict=True) if _is_listed(values)]
    if len(listed) < 2:
        return None
    variants = [side.schema.get("x-variants") for side in (table.new, table.old)]
    by = next((each["by"] for each in variants if isinstance(each, dict) and each.get("by") in listed), listed[0])
    rows = next(name for name in listed if name != by)
    column, row = table.fields.index(by), table.fields.index(rows)
    others = tuple(name for name in table.fields if name not in {by, rows})
    heads, lines = table.alternatives[column], table.alternatives[row]
    cells: dict[tuple[Point, Point], list[Point]] = {pair: [] for pair in itertools.product(lines, heads)}
    for point in table.points:
        cells[point[row], point[column]].append(point)
    used = [pair for pair, points in cells.items() if any(any(table.points[point]) for point in points)]
    heads = tuple(head for head in heads if any(head == pair[1] for pair in used))
    lines = tuple(line for line in lines if any(line == pair[0] for pair in used))
    shown = tuple(
        (_value_text(line), tuple(_cell(table, cells[line, head], others) for head in heads)) for line in lines
    )
    return Decisions(f"{impact.operation}, {impact.where}", rows, by, others, tuple(map(_value_text, heads)), shown)


def _is_listed(values: Sequence[Point]) -> bool:
    given = [value[0] for value in values if value]
    return len(given) > 1 and not any(isinstance(value, Length | Sample) for value in given)


def _cell(table: Table, points: Sequence[Point], others: tuple[str, ...]) -> Cell:
    changed = any(before != after for before, after in (table.points[point] for point in points))
    return Cell(_cell_text(table, points, others, 0), _cell_text(table, points, others, 1), changed)


def _cell_text(table: Table, points: Sequence[Point], others: tuple[str, ...], side: int) -> str:
    """Return what one side allows the other fields, or why it refuses every point of the cell."""
    accepted = [point for point in points if table.points[point][side]]
    if not accepted:
        judge = (table.old, table.new)[side]
        named = [name for name in table.fields if name not in others]
        reasons = [  # without the values that the row or the column of the cell names already
            dict.fromkeys(
                "not listed" if each.field in named and each.what else str(each)
                for each in judge.reasons(table.body(point))
            )
            for point in points
        ]
        common = [reason for reason in reasons[0] if all(reason in each for each in reasons)]
        return "no: " + ", ".join(common or sorted({reason for each in reasons for reason in each}))
    if len(accepted) == len(points):
        return "any"
    if len(others) == 1:
        index = table.fields.index(others[0])
        return f"{others[0]} {_range_text([point[index] for point in accepted], table.alternatives[index])}"
    return f"{len(accepted)} of {len(points)}"


def _range_text(values: Sequence[Point], domain: Sequence[Point]) -> str:
    counts = sorted(value[0].count for value in values if value and isinstance(value[0], Length))
    if not counts:
        return ", ".join(map(_value_text, values))
    largest = max(value[0].count for value in domain if value and isinstance(value[0], Length))
    text = str(counts[0]) if counts[0] == counts[-1] else f"{counts[0]}-{counts[-1]}"
    text = f"{counts[0]} or more" if counts[-1] == largest else text
    return f"none or {text}" if () in values else text


def _value_text(value: Point) -> str:
    return "(absent)" if not value else value[0].text if isinstance(value[0], Sample) else str(value[0])


def _sample(document: Any, schema: Any) -> Iterator[Any]:
    """Yield one value that a schema accepts, if one is found; a schema that is invalid is named by its judge."""
    with contextlib.suppress(SchemaError):
        yield from itertools.islice(samples(Schemas(document), schema, shown=False), 1)
