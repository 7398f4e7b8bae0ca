"""Which requests stop being accepted and which start: every combination of listable values, judged by both sides."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from rulewright.impact.acceptance import Acceptance, Reason, UnanswerableError
from rulewright.impact.alignment import Aligned, Point, Table
from rulewright.impact.grammar import resolved
from rulewright.impact.parameters import parameters
from rulewright.impact.revision import Revision
from rulewright.openapi.operations import operations
from rulewright.rules.definition import RuledSchema

LIMIT: Final = 300_000


@dataclass(frozen=True)
class Group:
    """Requests that share the cause of their fate."""

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
        return {
            **result,
            "stops": [each.data() for each in self.stops],
            "starts": [each.data() for each in self.starts],
        }


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
        (was, _), (now, _) = given = (parameters(old, other), parameters(new, operation))
        if was["properties"] and now["properties"]:
            yield _judge(name, "parameters", (old, new), (was, now), tuple(ruled for _, ruled in given))


def _body(operation: Mapping[str, Any], document: Any) -> Any:
    body = resolved(operation.get("requestBody"), document)
    content = body.get("content") if isinstance(body, dict) else None
    for kind, media in content.items() if isinstance(content, dict) else ():
        if "json" in kind and isinstance(media, dict) and isinstance(media.get("schema"), dict):
            return media["schema"]
    return None


def _judge(
    name: str,
    where: str,
    sides: tuple[Revision, Revision],
    schemas: tuple[Any, ...],
    ruled: tuple[RuledSchema | None, ...] = (None, None),
) -> RequestImpact:
    try:
        old, new = (Acceptance(*side) for side in zip(sides, schemas, ruled, strict=True))
        space = Aligned((old, new), (sides[0].value, sides[1].value))
    except (UnanswerableError, TypeError, AttributeError) as error:
        return RequestImpact(name, where, 0, 0, 0, (), (), f"not counted: {error}; compared by schema only")
    if space.size > LIMIT:
        method = f"not counted: {space.size} combinations of {', '.join(space.walked)} are more than {LIMIT}"
        return RequestImpact(name, where, 0, 0, 0, (), (), f"{method}; compared by schema only")
    table = space.table()
    before = sum(was for was, _ in table.points.values()) * space.others
    after = sum(now for _, now in table.points.values()) * space.others
    if not before and not after:  # such as where a pattern asks for more than a sample knows
        text = f"not counted: neither side accepts any of {len(table.points)} combinations"
        text += f", in which one sample stands for {', '.join(space.unlisted)}" if space.unlisted else ""
        return RequestImpact(name, where, 0, 0, 0, (), (), f"{text}; compared by schema only")
    stops = _groups(table, table.new, (True, False), space.others)
    starts = _groups(table, table.old, (False, True), space.others)
    total = len(table.points) * space.others
    return RequestImpact(name, where, total, before, after, stops, starts, space.method(), table)


def _groups(table: Table, refusing: Acceptance, fate: tuple[bool, bool], others: int) -> tuple[Group, ...]:
    found: dict[tuple[Reason, ...], list[Point]] = {}
    for point, outcome in table.points.items():
        if outcome == fate:
            found.setdefault(refusing.reasons(table.body(point)), []).append(point)
    groups = [Group(causes, len(points) * others, table.body(points[0])) for causes, points in found.items()]
    return tuple(sorted(groups, key=lambda group: (len(group.causes), -group.count, group.cause)))
