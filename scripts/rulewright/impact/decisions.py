"""The decision table of a request before and after: what each pair of values allows, and which cells changed."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rulewright.impact.acceptance import Acceptance, Reason
from rulewright.impact.alignment import Point, Table
from rulewright.impact.requests import RequestImpact
from rulewright.rules.space import Length, Sample


@dataclass(frozen=True)
class Cell:
    """One pair of values: what it allowed and what it allows, and whether the requests behind it changed."""

    before: str
    after: str
    changed: bool


@dataclass(frozen=True)
class Decisions:
    """One table: a row for each value of one field, a column for each value of another."""

    title: str
    rows: str
    columns: str
    others: tuple[str, ...]
    heads: tuple[str, ...]
    lines: tuple[tuple[str, tuple[Cell, ...]], ...]


def decisions(impact: RequestImpact) -> Decisions | None:
    """Return the decision table of counted requests; None where no two fields can be set against each other."""
    table = impact.table
    if table is None:
        return None
    listed = [name for name, values in zip(table.fields, table.alternatives, strict=True) if _is_listed(values)]
    if len(listed) < 2:
        return None
    by = next((by for side in (table.new, table.old) if (by := _discriminator(side)) in listed), listed[0])
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
    shown = tuple((_word(line), tuple(_cell(table, cells[line, head], others) for head in heads)) for line in lines)
    return Decisions(f"{impact.operation}, {impact.where}", rows, by, others, tuple(map(_word, heads)), shown)


def _is_listed(values: Sequence[Point]) -> bool:
    given = [value[0] for value in values if value]
    return len(given) > 1 and not any(isinstance(value, Length | Sample) for value in given)


def _discriminator(side: Acceptance) -> Any:
    variants = side.schema.get("x-variants")
    return variants.get("by") if isinstance(variants, dict) else None


def _cell(table: Table, points: Sequence[Point], others: tuple[str, ...]) -> Cell:
    changed = any(before != after for before, after in (table.points[point] for point in points))
    return Cell(_says(table, points, others, 0), _says(table, points, others, 1), changed)


def _says(table: Table, points: Sequence[Point], others: tuple[str, ...], side: int) -> str:
    accepted = [point for point in points if table.points[point][side]]
    if not accepted:
        judge = (table.old, table.new)[side]
        named = [name for name in table.fields if name not in others]
        reasons = [_worded(judge.reasons(table.body(point)), named) for point in points]
        common = [reason for reason in reasons[0] if all(reason in each for each in reasons)]
        return "no: " + ", ".join(common or sorted({reason for each in reasons for reason in each}))
    if len(accepted) == len(points):
        return "any"
    if len(others) == 1:
        index = table.fields.index(others[0])
        return f"{others[0]} {_span([point[index] for point in accepted], table.alternatives[index])}"
    return f"{len(accepted)} of {len(points)}"


def _worded(reasons: Sequence[Reason], named: Sequence[str]) -> list[str]:
    """Return reasons as a cell tells them, whose row and column name the value already."""
    words = ("not listed" if reason.field in named and reason.what else str(reason) for reason in reasons)
    return list(dict.fromkeys(words))


def _span(values: Sequence[Point], domain: Sequence[Point]) -> str:
    counts = sorted(value[0].count for value in values if value and isinstance(value[0], Length))
    if not counts:
        return ", ".join(map(_word, values))
    largest = max(value[0].count for value in domain if value and isinstance(value[0], Length))
    text = str(counts[0]) if counts[0] == counts[-1] else f"{counts[0]}-{counts[-1]}"
    text = f"{counts[0]} or more" if counts[-1] == largest else text
    return f"none or {text}" if () in values else text


def _word(value: Point) -> str:
    return "(absent)" if not value else value[0].text if isinstance(value[0], Sample) else str(value[0])
