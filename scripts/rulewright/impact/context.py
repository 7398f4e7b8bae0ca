"""What a check may look at beside the difference: both revisions, uses of the place, and the counted requests."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from typing import Any, Final, Literal

from rulewright.impact.acceptance import Acceptance
from rulewright.impact.difference import Difference, key_of
from rulewright.impact.grammar import resolved
from rulewright.impact.requests import Group, RequestImpact, Table, compare_requests
from rulewright.impact.revision import Revision
from rulewright.openapi.operations import operations
from rulewright.openapi.pointer import Location, decode, encode
from rulewright.rules.space import concrete

_REVERSING: Final = frozenset({"not", "if", "oneOf", "contains", "dependentSchemas"})
_DATA: Final = frozenset({"example", "examples", "default", "enum", "x-rules"})
"""Keys whose values are no part of the document, though they may look like one."""
_LONGEST: Final = 60


@dataclass(frozen=True)
class Use:
    """One use of a part: the operation, the side, and where on that side."""

    operation: str
    side: Literal["request", "response"]
    where: str

    def __str__(self) -> str:
        return f"{self.operation} ({self.where})"


class Usage:
    """The uses of every part of a document, found by following its references."""

    def __init__(self, document: Any) -> None:
        self._document = document
        self._uses: dict[str, dict[Use, None]] = {}
        self._operations: dict[str, dict[str, str]] = {}
        for operation in operations(document):
            name = f"{operation.method.upper()} {operation.path}"
            self._operations.setdefault(operation.path, {})[operation.method] = name
            for holder in (document["paths"][operation.path], operation.body):
                listed = holder.get("parameters")
                for parameter in listed if isinstance(listed, list) else ():
                    self._follow(parameter, Use(name, "request", f"parameter {_parameter_label(parameter)}"))
            self._follow(operation.body.get("requestBody"), Use(name, "request", "request body"))
            responses = operation.body.get("responses")
            for status, response in responses.items() if isinstance(responses, dict) else ():
                self._follow(response, Use(name, "response", f"answer {status}"))

    def of(self, location: Location) -> tuple[Use, ...]:
        """Return the uses of the part at a location."""
        if location[:1] == ("paths",):
            return tuple(self._inline(location))
        if location[:1] == ("components",):
            return tuple(self._uses.get(encode(location[:3]), {}))
        return ()

    def _inline(self, location: Location) -> Iterator[Use]:
        if len(location) < 3:
            return
        path, method = str(location[1]), str(location[2])
        rest, here = location[3:], self._operations.get(path, {})
        if method in {"parameters", "servers", "summary", "description"}:
            found, rest = [*here.values()], location[2:]
        else:
            found = [here[method]] if method in here else []
        for name in found:
            if rest[:1] == ("responses",):
                yield Use(name, "response", f"answer {rest[1]}" if len(rest) > 1 else "answers")
            elif rest[:1] == ("parameters",) and len(rest) > 1:
                parameter = at(self._document, location[: location.index("parameters") + 2])
                yield Use(name, "request", f"parameter {_parameter_label(parameter)}")
            else:
                yield Use(name, "request", "request body" if rest[:1] == ("requestBody",) else "operation")

    def _follow(self, value: Any, use: Use) -> None:
        """Note a use of every component that a value leads to, however long the chain of references."""
        waiting = [value]
        while waiting:
            part = waiting.pop()
            if isinstance(part, list):
                waiting += part
            elif isinstance(part, dict):
                reference = part.get("$ref")
                if isinstance(reference, str) and reference.startswith("#/"):
                    waiting.append(self._component(reference, use))
                waiting += (part[key] for key in part if key not in _DATA)

    def _component(self, reference: str, use: Use) -> Any:
        """Note the use of a component, and return it if that is new."""
        try:
            location = decode(reference)[:3]
        except ValueError:
            return None
        uses = self._uses.setdefault(encode(location), {})
        if use in uses:
            return None
        uses[use] = None
        return at(self._document, location)


def _parameter_label(parameter: Any) -> str:
    return str(parameter.get("name", parameter.get("$ref", "?"))) if isinstance(parameter, dict) else "?"


@dataclass(frozen=True)
class Count:
    """The counted requests that one field is a cause of.

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
        """The uses of every part, before and now."""
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

    def documents(self, difference: Difference) -> tuple[Any, Any]:
        """Return the two documents in which a difference was found."""
        if difference.hidden:
            return self.old.vendor.value, self.new.vendor.value
        return self.old.value, self.new.value

    def around(self, difference: Difference, levels: int = 1) -> tuple[Any, Any]:
        """Return what is some levels above the differing value, on both sides; {} if it does not exist there."""
        old, new = self.documents(difference)
        return at(old, difference.location[:-levels], {}), at(new, difference.location[:-levels], {})

    def owner(self, difference: Difference) -> dict[str, Any]:
        """Return the object that has the differing key: the new one, or the old one if it is gone."""
        old, new = self.around(difference)
        found = new or old
        return found if isinstance(found, dict) else {}

    def is_ambiguous(self, difference: Difference) -> bool:
        """Whether narrowing the place may widen the whole, because it is within `not`, `if`, `oneOf` or the like."""
        own = 2 if difference.entry is not None else 1  # the keyword whose entry differs is not around it
        return bool(_REVERSING & set(map(str, difference.location[:-own])))

    def must_be_given(self, difference: Difference) -> bool:
        """Whether the property whose schema differs is required on both sides."""
        name = difference.location[-2]
        owners = self.around(difference, 3)
        return all(isinstance(owner, dict) and name in owner.get("required", ()) for owner in owners)

    def count_requests(self, difference: Difference, *, value: Any = ..., field: str | None = None) -> Count | None:
        """Count the requests that stop and start because of a field; None if its place or the value was not counted.

        Args:
            difference: The difference.
            value: Only requests that have this value in the field.
            field: The field, if the place is the schema that holds it.
        """
        found = self._counted(difference, field)
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
        return Count(
            sum(group.count for group in stops),
            sum(group.count for group in starts),
            stops[0].witness if stops else None,
            starts[0].witness if starts else None,
        )

    def probe(self, difference: Difference, candidates: Iterable[Any], *, stops: bool) -> Any:
        """Return the smallest request with one of the candidates in the field that stops (or starts), or None."""
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

    def smallest_without(self, difference: Difference) -> Any:
        """Return the smallest request that leaves the field of a difference out, or None."""
        for impact, name in self._counted(difference):
            if impact.table is not None and name not in (body := self._smallest(impact.table, stops=True)):
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
        """Return the keys of the values of a field that were tried as a whole, not only somewhere within them."""
        if table is None or name not in table.fields:
            return frozenset()
        place = id(table), name
        if place not in self._tried:
            points = table.alternatives[table.fields.index(name)]
            self._tried[place] = frozenset(key_of(concrete(point[0])) for point in points if point)
        return self._tried[place]

    def _smallest(self, table: Table, *, stops: bool) -> dict[str, Any]:
        """Return the smallest request that both sides accept, or else the side that accepts more."""
        place = id(table), stops
        if place not in self._bases:
            both = (point for point, outcome in table.points.items() if all(outcome))
            one = (point for point, outcome in table.points.items() if outcome[0 if stops else 1])
            point = next(both, None) or next(one, None)
            self._bases[place] = table.body(point) if point is not None else dict(table.fixed)
        return self._bases[place]

    def _counted(self, difference: Difference, field: str | None = None) -> list[tuple[RequestImpact, str]]:
        """Return the counted requests that a difference is about, each with the name of the field."""
        uses: dict[str, set[str]] = defaultdict(set)
        for use in self.uses(difference):
            if use.side == "request":
                uses[use.operation].add(use.where)
        found = []
        for operation, places in uses.items():
            for impact in self._by_operation.get(operation, ()):
                if impact.table is None:
                    continue
                sides = impact.table.old, impact.table.new
                if impact.where == "parameters" and any(where.startswith("parameter ") for where in places):
                    name = self._parameter(difference)
                    if name is not None and any(name in side.schema["properties"] for side in sides):
                        found.append((impact, name))
                if impact.where in places and (name := self._field(difference, sides, field)):
                    found.append((impact, name))
        return found

    def _field(self, difference: Difference, sides: tuple[Acceptance, ...], field: str | None) -> str | None:
        """Return the field of the request that a difference is about, if it belongs to the request's own schema."""
        location = difference.location
        for side, revision in zip(sides, (self.old, self.new), strict=True):
            if field is not None and resolved(at(revision.value, location[:-1]), revision.value) is side.schema:
                return field
            for length in range(len(location), 0, -1):
                if location[length - 1] == "properties" and length < len(location):
                    owner = resolved(at(revision.value, location[: length - 1]), revision.value)
                    if owner is side.schema:
                        return str(location[length])
        return None

    def _parameter(self, difference: Difference) -> str | None:
        location = difference.location
        if "parameters" not in location:
            return None
        end = location.index("parameters") + 2
        for side in (self.new, self.old):
            entry = resolved(at(side.value, location[:end]), side.value)
            if isinstance(entry, dict) and "name" in entry:
                return f"{entry.get('in')} {entry['name']}"
        return None


def at(value: Any, location: Location, default: Any = None) -> Any:
    """Return the part of a document at a location, or the default if there is none."""
    for key in location:
        try:
            value = value[key]
        except (LookupError, TypeError):
            return default
    return value


def python_name(name: str) -> str:
    """Return the attribute or argument that the generator makes of a name."""
    # by name: it takes a second to import, and few comparisons need it
    return str(import_module("openapi_python_client.strings").PythonIdentifier(name, "field_"))


def parameter_name(parameter: Any) -> str:
    """Return the name of a parameter and where it is sent."""
    if not isinstance(parameter, dict):
        return "?"
    return f"{shown(str(parameter.get('name', '?')))} ({shown(str(parameter.get('in', '?')))})"


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
    """Return a value as messages show it: cut, and `none` if there is none."""
    text = value if isinstance(value, str) else "none" if value is None else repr(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
