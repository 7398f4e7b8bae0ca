"""What a check may look at beside the difference: both revisions, who uses the place, what requests became of."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from typing import Any, Final

from rulewright.impact.acceptance import Acceptance
from rulewright.impact.alignment import Table
from rulewright.impact.change import Change, Severity
from rulewright.impact.grammar import resolved
from rulewright.impact.requests import Group, RequestImpact, compare_requests
from rulewright.impact.revision import Revision
from rulewright.impact.structure import Difference, key_of
from rulewright.impact.usage import Usage, Use
from rulewright.openapi.pointer import Location
from rulewright.rules.space import concrete

_REVERSING: Final = frozenset({"not", "if", "oneOf", "contains", "dependentSchemas"})
_HIDEABLE: Final = frozenset({"source", "types"})
_SHOWN: Final = 60


@dataclass(frozen=True)
class Fate:
    """What the exact count says of one field: how many requests stop and start because of it.

    Args:
        stops: The number that stop being accepted.
        starts: The number that start being accepted.
        stopped: The smallest that stops, or None.
        started: The smallest that starts, or None.
    """

    stops: int
    starts: int
    stopped: Any
    started: Any


class Context:
    """Both sides of a comparison, and answers about places in them."""

    def __init__(self, old: Revision, new: Revision) -> None:
        self.old, self.new = old, new
        self.requests: tuple[RequestImpact, ...] = compare_requests(old, new)
        self._tried: dict[tuple[int, str], frozenset[Hashable]] = {}
        self._bases: dict[tuple[int, bool], dict[str, Any]] = {}

    @cached_property
    def usage(self) -> tuple[Usage, Usage]:
        """Who uses what, before and now."""
        return Usage(self.old.value), Usage(self.new.value)

    def uses(self, difference: Difference) -> tuple[Use, ...]:
        """Return the uses of the place of a difference, on the sides where it exists."""
        before, after = self.usage
        found: list[Use] = []
        if difference.kind != "add":
            found += before.of(difference.location)
        if difference.kind != "remove":
            found += after.of(difference.location)
        return tuple(dict.fromkeys(found))

    def sides(self, difference: Difference) -> frozenset[str]:
        """Return `request`, `response`, both or neither."""
        return frozenset(use.side for use in self.uses(difference))

    def unclear(self, difference: Difference) -> bool:
        """Tell whether the place stands where narrowing may widen the whole (`not`, `if`, `oneOf`)."""
        own = 2 if difference.entry is not None else 1  # the keyword whose entry differs is not around it
        return bool(_REVERSING & set(map(str, difference.location[:-own])))

    def schema_at(self, difference: Difference) -> tuple[Any, Any]:
        """Return the object that holds the differing key, on both sides; {} where it is not there."""
        values = [side.vendor.value if difference.hidden else side.value for side in (self.old, self.new)]
        return _at(values[0], difference.location[:-1]), _at(values[1], difference.location[:-1])

    def holder(self, difference: Difference) -> Any:
        """Return the object around the map that holds the differing entry, in the new document."""
        side = self.new.vendor.value if difference.hidden else self.new.value
        return _at(side, difference.location[:-2])

    def fate(self, difference: Difference, *, value: Any = ..., field: str | None = None) -> Fate | None:
        """Return the exact answer for a field of a request, or None where its place or the value was not counted.

        Args:
            difference: The difference.
            value: Only requests that hold this value in the field.
            field: The field, where the place is the schema that holds it.
        """
        found = self._counted(difference, field)
        if not found:
            return None
        listed = isinstance(value, str | int | float | bool)
        if listed:
            found = [(impact, name) for impact, name in found if key_of(value) in self._listed(impact.table, name)]
            if not found:
                return None
        what = json.dumps(value) if listed else ...
        stops, starts = (
            [group for impact, name in found for group in self._caused.get((id(impact), stopped, name, what), ())]
            for stopped in (True, False)
        )
        return Fate(
            sum(group.count for group in stops),
            sum(group.count for group in starts),
            stops[0].witness if stops else None,
            starts[0].witness if starts else None,
        )

    def probe(self, difference: Difference, candidates: Iterable[Any], *, stops: bool) -> Any:
        """Return the smallest request with one of the candidates in the field that stops (or starts)."""
        values = list(candidates)
        for impact, name in self._counted(difference) if values else ():
            if impact.table is None:
                continue
            base = self._smallest(impact.table, stops=stops)
            for value in values:
                body = {**base, name: value}
                if (impact.table.old.accepts(body), impact.table.new.accepts(body)) == (stops, not stops):
                    return body
        return None

    @cached_property
    def _by_operation(self) -> Mapping[str, list[RequestImpact]]:
        found: dict[str, list[RequestImpact]] = defaultdict(list)
        for impact in self.requests:
            found[impact.operation].append(impact)
        return found

    @cached_property
    def _caused(self) -> Mapping[tuple[int, bool, str | None, Any], list[Group]]:
        """Groups of requests by impact, whether they stop, the field that is a cause, and its value or `...` for any."""
        found: dict[tuple[int, bool, str | None, Any], list[Group]] = defaultdict(list)
        for impact in self.requests:
            for stopped, groups in ((True, impact.stops), (False, impact.starts)):
                for group in groups:
                    causes = dict.fromkeys((each.field, what) for each in group.causes for what in (each.what, ...))
                    for field, what in causes:
                        found[id(impact), stopped, field, what].append(group)
        return found

    def _listed(self, table: Table | None, name: str) -> frozenset[Hashable]:
        """Return the keys of the values of a field that were tried, and not only stand somewhere within them."""
        if table is None or name not in table.fields:
            return frozenset()
        place = id(table), name
        if place not in self._tried:
            points = table.alternatives[table.fields.index(name)]
            self._tried[place] = frozenset(key_of(concrete(point[0])) for point in points if point)
        return self._tried[place]

    def _smallest(self, table: Table, *, stops: bool) -> dict[str, Any]:
        place = id(table), stops
        if place not in self._bases:
            self._bases[place] = _smallest(table, stops=stops)
        return self._bases[place]

    def must_be_given(self, difference: Difference) -> bool:
        """Tell whether the property whose schema differs is required on both sides."""
        name = difference.location[-2]
        values = (side.vendor.value if difference.hidden else side.value for side in (self.old, self.new))
        owners = [_at(value, difference.location[:-3]) for value in values]
        return all(isinstance(owner, dict) and name in owner.get("required", ()) for owner in owners)

    def without(self, difference: Difference) -> Any:
        """Return the smallest request that leaves the field of a difference out, or None."""
        for impact, name in self._counted(difference):
            if impact.table is not None and name not in (body := self._smallest(impact.table, stops=True)):
                return body
        return None

    def _counted(self, difference: Difference, field: str | None = None) -> list[tuple[RequestImpact, str]]:
        uses: dict[str, set[str]] = defaultdict(set)
        for use in self.uses(difference):
            if use.side == "request":
                uses[use.operation].add(use.where)
        found = []
        for operation, places in uses.items():
            for impact in self._by_operation.get(operation, ()):
                if impact.table is None:
                    continue
                if impact.where == "parameters" and any(where.startswith("parameter ") for where in places):
                    name = self._parameter(difference)
                    if name is not None and any(name in side.schema["properties"] for side in _sides(impact.table)):
                        found.append((impact, name))
                if impact.where in places and (name := self._field(difference, impact.table, field)):
                    found.append((impact, name))
        return found

    def _field(self, difference: Difference, table: Table, field: str | None) -> str | None:
        """Return the field of the request that a difference is about, if it stands in the request's own schema."""
        location = difference.location
        for side, revision in zip(_sides(table), (self.old, self.new), strict=True):
            if field is not None and resolved(_at(revision.value, location[:-1]), revision.value) is side.schema:
                return field
            for length in range(len(location), 0, -1):
                if location[length - 1] == "properties" and length < len(location):
                    owner = resolved(_at(revision.value, location[: length - 1]), revision.value)
                    if owner is side.schema:
                        return str(location[length])
        return None

    def _parameter(self, difference: Difference) -> str | None:
        location = difference.location
        if "parameters" not in location:
            return None
        end = location.index("parameters") + 2
        for side in (self.new, self.old):
            entry = resolved(_at(side.value, location[:end]), side.value)
            if isinstance(entry, dict) and "name" in entry:
                return f"{entry.get('in')} {entry['name']}"
        return None

    def change(
        self,
        check: str,
        difference: Difference,
        effect: str,
        severity: Severity,
        *who: str,
        witness: Any = None,
        side: str | None = None,
    ) -> Change:
        """Return a change at the place of a difference; what an overlay hides breaks no generated code."""
        severe = severity
        labels = tuple(dict.fromkeys(who))
        if difference.hidden and set(labels) & _HIDEABLE:
            labels = tuple(label for label in labels if label not in _HIDEABLE)
            severe = severity if labels else Severity.NOTHING
        if difference.hidden:
            effect += " (an overlay replaces this in the client)"
        return Change(
            check=check,
            pointer=difference.pointer,
            effect=effect,
            severity=severe,
            who=labels,
            old=difference.old,
            new=difference.new,
            uses=tuple(str(use) for use in self.uses(difference) if side in {None, use.side}),
            witness=witness,
        )


def python_name(name: str) -> str:
    """Return the attribute or argument that the generator makes of a name."""
    # by name: it takes a second to import, and few comparisons ask for it
    return str(import_module("openapi_python_client.strings").PythonIdentifier(name, "field_"))


def field_of(difference: Difference, *, end: int | None = None) -> str:
    """Return the place of a difference as people write it, such as `Order.items[].size`."""
    words: list[str] = []
    location: Location = difference.location[:end]
    if location[:1] == ("components",):
        location = location[2:]
    skip = False
    for index, key in enumerate(location):
        if skip or key in {"properties", "schema", "content"}:
            skip = key == "content" and not skip
            continue
        if key == "items" and (index == 0 or location[index - 1] != "properties"):
            words[-1:] = [f"{words[-1]}[]"] if words else ["[]"]
        elif key != difference.key or index < len(location) - 1:
            words.append(str(key))
    return ".".join(words) or "the document"


def shown(value: Any) -> str:
    """Return a value as messages show it, cut."""
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"


def _at(value: Any, location: Location) -> Any:
    for key in location:
        try:
            value = value[key]
        except (LookupError, TypeError):
            return {}
    return value


def _sides(table: Table) -> tuple[Acceptance, Acceptance]:
    return table.old, table.new


def _smallest(table: Table, *, stops: bool) -> dict[str, Any]:
    """Return the smallest request that the accepting side, or better both, accept."""
    both = (point for point, outcome in table.points.items() if all(outcome))
    one = (point for point, outcome in table.points.items() if outcome[0 if stops else 1])
    point = next(both, None) or next(one, None)
    return table.body(point) if point is not None else dict(table.fixed)
