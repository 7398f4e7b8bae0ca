"""What a check may look at beside the difference: both sides, uses of the place, and the counted requests.

A use is an operation that has a part in its request or in an answer, and how the part is reached there.
"""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import json
import re
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from typing import Any, Final, NamedTuple

import jsonschema_rs

from rulewright.impact.containment import Containing, Side
from rulewright.impact.difference import REVERSING, Difference, compare, renamed_paths
from rulewright.impact.normal import at, flatten, key_of, normal, resolve, same
from rulewright.impact.requests import Acceptance, RequestImpact, Table, compare_requests
from rulewright.impact.revision import Revision
from rulewright.openapi.operations import operations
from rulewright.openapi.pointer import Location, decode, differences
from rulewright.openapi.sample import sample
from rulewright.openapi.schemas import SchemaError, Schemas
from rulewright.rules.space import around_bounds

_LONGEST: Final = 60
_MOST_TRIED: Final = 12
_DEEPEST_SHOWN: Final = 100
"""Fields within each other up to which a refused request is made: it needs a sample of each schema on the way."""
_MOST_USES: Final = 4
_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
_DATA: Final = frozenset({"example", "examples", "default", "enum", "x-rules"})
"""Keys whose values are no part of the document, though they may look like one."""
HIDING: Final[Mapping[Side, str]] = {"request": "readOnly", "response": "writeOnly"}
_THROUGH: Final = frozenset({"allOf", "anyOf", "oneOf", "content", "schema", "application/json"})
Path = tuple[str | None, ...]
"""The way into a body: the name of a property, or None for the items of a list."""


class _Way(NamedTuple):
    """How a part is reached: the path to it, if one leads there, and whether it is within a reversing keyword."""

    path: Path | None
    is_reversed: bool


class Use(NamedTuple):
    """One use of a part: the operation, the side, and where on that side."""

    operation: str
    side: Side
    where: str

    def __str__(self) -> str:
        return f"{self.operation} ({self.where})"


class Usage:
    """The uses of every part of a document, found by following its references."""

    def __init__(self, document: Any, renamed: Mapping[str, str]) -> None:
        self._document = document
        self._uses: dict[Location, dict[Use, Path | None]] = defaultdict(dict)
        self._operations: dict[str, dict[str, str]] = defaultdict(dict)
        self.roots: dict[Use, dict[str, Any]] = defaultdict(dict)
        self.reversed: set[Location] = set()
        for operation in operations(document):
            title = f"{operation.method.upper()} {renamed.get(operation.path, operation.path)}"
            self._operations[operation.path][operation.method] = title
            listed = operation.body.get("parameters")
            for parameter in listed if isinstance(listed, list) else ():
                label = _parameter_label(resolve(parameter, document))
                self._follow(parameter, Use(title, "request", f"parameter {label}"))
            self._follow(operation.body.get("requestBody"), Use(title, "request", "request body"))
            responses = operation.body.get("responses")
            for status, response in responses.items() if isinstance(responses, dict) else ():
                self._follow(response, Use(title, "response", f"answer {status}"))

    def of(self, location: Location) -> Iterator[Use]:
        """Yield the uses of the part at a location."""
        if location[:1] == ("components",):
            yield from self._uses.get(location[:3], ())
        if location[:1] != ("paths",) or len(location) < 3:
            return
        method, rest = str(location[2]), location[3:]
        here = self._operations.get(str(location[1]), {})
        for name in [here[method]] if method in here else here.values() if method in {"parameters", "servers"} else ():
            if rest[:1] == ("responses",):
                yield Use(name, "response", f"answer {rest[1]}" if len(rest) > 1 else "answers")
            elif rest[:1] == ("parameters",) and len(rest) > 1:
                parameter = resolve(at(self._document, location[:5]), self._document)
                yield Use(name, "request", f"parameter {_parameter_label(parameter)}")
            else:
                yield Use(name, "request", "request body" if rest[:1] == ("requestBody",) else "operation")

    def path(self, location: Location, use: Use) -> Path | None:
        """Return the way into a body or parameter to the part at a location; None if it cannot be named."""
        if location[:1] == ("components",):
            before, rest = self._uses.get(location[:3], {}).get(use), location[3:]
        elif "schema" in location:
            before, rest = (), location[location.index("schema") + 1 :]
        else:
            return None
        inner = _path(rest)
        return None if before is None or inner is None else (*before, *inner)

    def _follow(self, value: Any, use: Use) -> None:
        """Note a use of every component that a value leads to, however long the chain of references."""
        found = resolve(value, self._document)
        content = found.get("content") if isinstance(found, dict) else None
        for name, media in content.items() if isinstance(content, dict) else ():
            self.roots[use][name] = media.get("schema") if isinstance(media, dict) else None
        if isinstance(found, dict) and "schema" in found:
            self.roots[use][""] = found["schema"]
        waiting = [(value, _Way((), is_reversed=False))]
        while waiting:
            part, way = waiting.pop()
            if isinstance(part, list):
                waiting += ((each, way) for each in part)
            elif isinstance(part, dict) and part.get(HIDING[use.side]) is not True:
                reference = part.get("$ref")
                if isinstance(reference, str) and reference.startswith("#/"):
                    waiting += self._component(reference, use, way)
                waiting += self._children(part, way)

    def _children(self, part: dict[str, Any], way: _Way) -> Iterator[tuple[Any, _Way]]:
        for key, child in part.items():
            path = way.path
            if key == "properties" and isinstance(child, dict):
                yield from (
                    (each, _Way(None if path is None else (*path, name), way.is_reversed))
                    for name, each in child.items()
                )
            elif key not in _DATA:
                inner = path if key in _THROUGH else (*path, None) if key == "items" and path is not None else None
                turned = key in REVERSING and not (key == "oneOf" and "discriminator" in part)
                yield child, _Way(inner, way.is_reversed or turned)

    def _component(self, reference: str, use: Use, way: _Way) -> list[tuple[Any, _Way]]:
        """Note the use of a component, and return it if that is new."""
        try:
            location = decode(reference)[:3]
        except ValueError:
            return []
        uses = self._uses[location]
        known = use in uses and (location in self.reversed or not way.is_reversed)
        if way.is_reversed and use.side == "request":
            self.reversed.add(location)
        uses.setdefault(use, way.path)
        return [] if known else [(at(self._document, location), way)]


def _path(location: Location) -> Path | None:
    """Return the way into a value that a location within its schema stands for."""
    path: list[str | None] = []
    tokens = iter(location)
    for key in tokens:
        if key == "properties":
            name = next(tokens, None)
            if name is None:
                break
            path.append(str(name))
        elif key == "items":
            path.append(None)
        elif key in {"allOf", "anyOf", "oneOf"}:
            next(tokens, None)
        elif key in {"not", "if", "then", "else", "patternProperties", "additionalProperties", "contains"}:
            return None
    return tuple(path)


def _parameter_label(parameter: Any) -> str:
    return str(parameter.get("name", parameter.get("$ref", "?"))) if isinstance(parameter, dict) else "?"


@dataclass(frozen=True)
class Count:
    """The counted requests that one field is a cause of.

    Args:
        stops: The number that stop being accepted.
        starts: The number that start being accepted.
        before: The number that were accepted.
        after: The number that are accepted now.
        stopped: The smallest that stops, or None.
        started: The smallest that starts, or None.
    """

    stops: int
    starts: int
    before: int
    after: int
    stopped: Any
    started: Any


class _Judges(NamedTuple):
    """What both sides think of a body: its old schema, a body to start from, and who accepts it."""

    old: Any
    base: dict[str, Any] | None
    accepted: Callable[[Any], bool]
    accepts: Callable[[Any], bool]


class Context:
    """Both sides of a comparison, and answers about places in them."""

    def __init__(self, old: Revision, new: Revision, today: str) -> None:
        self.old, self.new, self.today = old, new, today
        self.before, self.after = normal(old.value), normal(new.value)
        self.renamed = renamed_paths(self.before.get("paths"), self.after.get("paths"))
        self.containing = Containing(self.before, self.after)
        self._known_judges: dict[Use, list[_Judges]] = {}
        self._uses: dict[tuple[Location, Location, str], tuple[Use, ...]] = {}

    @cached_property
    def differences(self) -> tuple[Difference, ...]:
        """The differences of the effective documents, then those of the vendor documents that an overlay hides."""
        found = compare(self.before, self.after)
        if not self._has_overlays or same(self.old.vendor.value, self.new.vendor.value):
            return tuple(found)
        wholes = {(each.location, each.kind) for each in found if each.kind in {"add", "remove", "rename"}}
        known = {_content(each) for each in found}
        hidden = (
            each
            for each in compare(*self.vendors)
            if _content(each) not in known
            and not any((each.location[:length], each.kind) in wholes for length in range(len(each.location) + 1))
        )
        return (*found, *(dataclasses.replace(each, hidden=True) for each in hidden))

    @cached_property
    def _has_overlays(self) -> bool:
        return not all(same(each.value, each.vendor.value) for each in (self.old, self.new))

    def find_restated(self) -> list[Location]:
        """Return where the documents are written differently and mean the same."""
        places = {place for each in self.differences for place in (each.place.old, each.place.new)}
        around = {place[:length] for place in places for length in range(len(place) + 1)}
        sides = [(self.old.value, self.new.value)]
        sides += [(self.old.vendor.value, self.new.vendor.value)] if self._has_overlays else []
        written = dict.fromkeys(place for pair in sides for place, _, _ in differences(*pair))
        return [
            place
            for place in written
            if place not in around and not any(place[:length] in places for length in range(len(place)))
        ]

    @cached_property
    def requests(self) -> tuple[RequestImpact, ...]:
        """The requests of each operation that something differs in, counted."""
        touched = {use.operation for each in self.differences for use in self.uses(each) if use.side == "request"}
        return tuple(compare_requests(self.old, self.new, self.renamed, touched))

    @cached_property
    def vendors(self) -> tuple[Any, Any]:
        """The vendor documents of both sides in normal form."""
        return normal(self.old.vendor.value), normal(self.new.vendor.value)

    @cached_property
    def usage(self) -> tuple[Usage, Usage]:
        """The uses of every part, before and now."""
        return Usage(self.before, self.renamed), Usage(self.after, {})

    def uses(self, difference: Difference) -> tuple[Use, ...]:
        """Return the uses of the place of a difference, on the sides where it exists."""
        place = difference.place.old, difference.place.new, difference.kind
        if place not in self._uses:
            before, after = self.usage
            found: list[Use] = []
            if difference.kind != "add":
                found += before.of(place[0])
            if difference.kind != "remove":
                found += after.of(place[1])
            hidden = {  # the sides for which a schema around it is not meant, before and now
                side
                for side, flag in HIDING.items()
                for pair in difference.place.within
                if all(isinstance(each, dict) and each.get(flag) is True for each in (pair.old, pair.new))
            }
            self._uses[place] = tuple(use for use in dict.fromkeys(found) if use.side not in hidden)
        return self._uses[place]

    def sides(self, difference: Difference) -> frozenset[str]:
        """Return `request`, `response`, both or neither."""
        return frozenset(use.side for use in self.uses(difference))

    def documents(self, difference: Difference) -> tuple[Any, Any]:
        """Return the two documents, in normal form, in which a difference was found."""
        return self.vendors if difference.hidden else (self.before, self.after)

    def around(self, difference: Difference, levels: int = 1) -> tuple[Any, Any]:
        """Return what is some levels above the differing value, on both sides; {} if it does not exist there."""
        old, new = self.documents(difference)
        return at(old, difference.place.old[:-levels], {}), at(new, difference.place.new[:-levels], {})

    def owner(self, difference: Difference) -> dict[str, Any]:
        """Return the object that has the differing key: the new one, or the old one if it is gone."""
        old, new = self.around(difference)
        found = new or old
        return found if isinstance(found, dict) else {}

    def field(self, difference: Difference, *, end: int | None = None) -> str:
        """Return the place of a difference as people write it, such as `Order.items[].size`; not which operation has it."""
        return field_of(difference.location[:end], self.after if difference.kind != "remove" else self.before)

    def is_safe(self, difference: Difference, side: Side) -> bool | None:
        """Whether all that was valid around the place of a difference still is; None if that is not known.

        For requests: whatever was accepted still is. For answers: whatever is answered now could be before.
        """
        within = difference.place.within
        if not within:
            return None
        contains = Containing(*self.vendors) if difference.hidden else self.containing
        root = next(
            (each[:3] for each in (difference.place.new, difference.place.old) if each[:1] == ("components",)), None
        )
        turned = side == "request" and root is not None and any(root in each.reversed for each in self.usage)
        for pair in reversed(within):
            if not (turned or (pair.reversed and side == "request")) and contains.is_safe(pair.old, pair.new, side):
                return True
        used = [use for use in self.uses(difference) if use.side == side]
        answers = [contains.is_safe(*pair, side) for use in used for pair in self._roots(use)]
        answers += [] if turned or answers else [contains.is_safe(within[0].old, within[0].new, side)]
        found = [self._impact(use) for use in used]
        # every possible request of the uses was judged, and none stops
        if side == "request" and found and all(each and each.is_complete and not each.stops for each in found):
            return True
        return False if False in answers else True if answers and None not in answers else None

    def is_wider(self, difference: Difference, side: Side) -> bool | None:
        """Whether the innermost schema around a difference accepts all that it did; None if that is not known."""
        pair = difference.place.within[-1]
        contains = Containing(*self.vendors) if difference.hidden else self.containing
        return contains.widens(pair.old, pair.new, side)

    def sunset(self, part: Any) -> tuple[str, bool]:
        """Return what was announced about a removed part, in words, and whether its date has passed."""
        date = part.get("x-sunset") if isinstance(part, dict) and part.get("deprecated") is True else None
        if not isinstance(date, str) or not _DATE.fullmatch(date[:10]):
            return "", False
        if date[:10] <= self.today:
            return f", as announced: its sunset was {date[:10]}", True
        return f", before its sunset on {date[:10]}", False

    def _roots(self, use: Use) -> Iterator[tuple[Any, Any]]:
        """Yield the schemas of the bodies of a use, or of its parameter, that both sides have."""
        before, after = (each.roots.get(use, {}) for each in self.usage)
        yield from ((before[name], after[name]) for name in before if name in after)

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
        found = self._count(difference, field)
        what: Any = ...
        if isinstance(value, str | int | float | bool):
            what = json.dumps(value)
            found = [each for each in found if key_of(value) in each[1].tried.get(each[2], ())]
        if not found:
            return None
        stops, starts = (
            [
                group
                for impact, _, name in found
                for group in getattr(impact, fate)
                if any(cause.field == name and what in {..., cause.what} for cause in group.causes)
            ]
            for fate in ("stops", "starts")
        )
        impacts = list({id(impact): impact for impact, *_ in found}.values())
        return Count(
            sum(group.count for group in stops),
            sum(group.count for group in starts),
            sum(impact.before for impact in impacts),
            sum(impact.after for impact in impacts),
            stops[0].witness if stops else None,
            starts[0].witness if starts else None,
        )

    def refused_request(self, difference: Difference, *, value: Any = ..., without: str | None = None) -> Any:
        """Return a request that was accepted and is not now because of a difference of schemas, or None.

        Args:
            difference: The difference.
            value: The value that is refused, if that is known.
            without: The field that is missing, if one has to be given.
        """
        if not difference.place.within:
            return None
        for candidate in [value] if value is not ... else self._candidates(difference, without):
            for use in itertools.islice(self.uses(difference), _MOST_USES):
                path = self.usage[0].path(_outer(difference), use)
                is_shown = path is not None and len(path) <= _DEEPEST_SHOWN and use.side == "request"
                for judges in self._judges(use) if is_shown else ():
                    with contextlib.suppress(SchemaError):
                        body = _embed(self._schemas, judges.old, path or (), candidate, judges.base)
                        if judges.accepted(body) and not judges.accepts(body):
                            label = use.where.removeprefix("parameter ")
                            return {label: body} if use.where.startswith("parameter ") else body
        return None

    def _candidates(self, difference: Difference, without: str | None) -> Iterator[Any]:
        """Yield values of the innermost schema that may be refused because of a difference, the cheapest first."""
        pair = difference.place.within[-1]
        removed = difference.selector == "Schema.properties[]" and difference.kind == "remove"
        with contextlib.suppress(SchemaError):
            given = sample(self._schemas, pair.old, shown=False)
            if without is not None and isinstance(given, dict):
                yield {name: each for name, each in given.items() if name != without}
            if removed:
                own = sample(self._schemas, difference.old, shown=False)
                yield {**(given if isinstance(given, dict) else {}), str(difference.entry): own}
        found = itertools.islice(self.containing.difference(pair.old, pair.new), _MOST_TRIED)
        for each in itertools.chain(around_bounds(pair.new), around_bounds(pair.old), found):
            fields = each if isinstance(each, dict) else {}
            if (without is None or without not in fields) and (not removed or difference.entry in fields):
                yield each

    @cached_property
    def _schemas(self) -> Schemas:
        """The schemas of the old side in normal form, which are those of OpenAPI 3.1."""
        return Schemas({**self.before, "openapi": "3.1.0"})

    def _judges(self, use: Use) -> list[_Judges]:
        """Return, for each body of a use that both sides have, what the old side accepted and the new one accepts."""
        if use not in self._known_judges:
            impact = self._impact(use)
            table = impact.table if impact is not None else None
            found = self._known_judges.setdefault(use, [])
            for old, new in self._roots(use):
                if table is not None:
                    found.append(_Judges(old, table.smallest, table.old.accepts, table.new.accepts))
                    continue
                with contextlib.suppress(ValueError, jsonschema_rs.ReferencingError):
                    before, after = (
                        jsonschema_rs.Draft202012Validator(
                            self.containing.whole(side, each, "request"), validate_formats=True
                        )
                        for side, each in enumerate((old, new))
                    )
                    found.append(_Judges(old, None, before.is_valid, after.is_valid))
        return self._known_judges[use]

    def smallest_without(self, difference: Difference) -> Any:
        """Return the smallest request that leaves the field of a difference out, or None."""
        bodies = (table.smallest for _, table, name in self._count(difference) if name not in table.smallest)
        return next(bodies, None)

    def _impact(self, use: Use) -> RequestImpact | None:
        """Return the counted requests of a use, if they were counted."""
        return next((each for each in self._by_operation.get(use.operation, ()) if each.where == use.where), None)

    @cached_property
    def _by_operation(self) -> Mapping[str, list[RequestImpact]]:
        found: dict[str, list[RequestImpact]] = defaultdict(list)
        for impact in self.requests:
            found[impact.operation].append(impact)
        return found

    def _count(self, difference: Difference, field: str | None = None) -> list[tuple[RequestImpact, Table, str]]:
        """Return the counted requests that a difference is about, each with its table and the name of the field."""
        uses: dict[str, set[str]] = defaultdict(set)
        for use in self.uses(difference):
            if use.side == "request":
                uses[use.operation].add(use.where)
        found: list[tuple[RequestImpact, Table, str]] = []
        impacts = (impact for operation in uses for impact in self._by_operation.get(operation, ()))
        for impact in impacts:
            table, places = impact.table, uses[impact.operation]
            if table is None:
                continue
            sides = table.old, table.new
            if impact.where == "parameters" and any(where.startswith("parameter ") for where in places):
                known = {name for side in sides for name in side.schema["properties"]}
                found += [(impact, table, name) for name in self._parameter(difference) if name in known]
            if impact.where in places and (name := self._field(difference, sides, field)):
                found.append((impact, table, name))
        return found

    def _field(self, difference: Difference, sides: tuple[Acceptance, ...], field: str | None) -> str | None:
        """Return the field of the request that a difference is about, if it belongs to the request's own schema."""
        places = difference.place.old, difference.place.new
        for side, revision, location in zip(sides, (self.old, self.new), places, strict=True):
            if field is not None and resolve(at(revision.value, location[:-1]), revision.value) is side.schema:
                return field
            for length in range(len(location), 0, -1):
                if location[length - 1] == "properties" and length < len(location):
                    owner = resolve(at(revision.value, location[: length - 1]), revision.value)
                    if owner is side.schema:
                        return str(location[length])
        return None

    def _parameter(self, difference: Difference) -> tuple[str, ...]:
        """Return what rules may call the parameter that a difference is about."""
        for side, location in ((self.after, difference.place.new), (self.before, difference.place.old)):
            if "parameters" in location:
                entry = resolve(at(side, location[: location.index("parameters") + 2]), side)
                if isinstance(entry, dict) and "name" in entry:
                    return entry["name"], f"{entry.get('in')}:{entry['name']}"
        return ()


def _content(difference: Difference) -> Hashable:
    return difference.location, difference.selector, key_of(difference.old), key_of(difference.new)


def _outer(difference: Difference) -> Location:
    """Return the location of the innermost schema around a difference."""
    own = 2 if difference.entry is not None else 1
    place = difference.place.old
    return place if difference.key in {"composition", "$ref"} else place[: len(place) - own]


def _embed(schemas: Schemas, schema: Any, path: Path, value: Any, base: Any = None) -> Any:
    """Return a valid body with a value at a place in it."""
    if not path:
        return value
    found = schemas.resolve(schema)
    found = flatten(found, schemas.document) if isinstance(found, dict) else {}
    name, *rest = path
    if name is None:
        return [_embed(schemas, found.get("items", {}), tuple(rest), value)]
    given = base if base is not None else sample(schemas, found, shown=False)
    inner = found.get("properties", {}).get(name, {})
    return {**(given if isinstance(given, dict) else {}), name: _embed(schemas, inner, tuple(rest), value)}


def python_name(name: str) -> str:
    """Return the attribute or argument that the generator makes of a name."""
    # by name: it takes a second to import, and few comparisons need it
    return str(import_module("openapi_python_client.strings").PythonIdentifier(name, "field_"))


def parameter_name(parameter: Any) -> str:
    """Return the name of a parameter and where it is sent."""
    if not isinstance(parameter, dict):
        return "?"
    return f"{show_value(str(parameter.get('name', '?')))} ({show_value(str(parameter.get('in', '?')))})"


def field_of(location: Location, document: Any = None) -> str:
    """Return a location as people write it: within its schema, such as `Order.items[].size`, or its parameter."""
    words: list[str] = []
    if location[:1] == ("components",):
        location = location[2:]
    elif location[:1] == ("paths",) and "schema" in location:
        end = location.index("schema")
        if location[3:4] == ("parameters",):
            words.append(parameter_name(resolve(at(document, location[:5]), document)))
        elif location[3:4] == ("requestBody",):
            words.append("body")
        else:
            words.append("answer")
        location = location[end + 1 :]
    skip = False
    for index, key in enumerate(location):
        if skip or key in {"properties", "schema", "content"}:
            skip = key == "content" and not skip
            continue
        if key == "items" and (index == 0 or location[index - 1] != "properties"):
            words[-1:] = [f"{words[-1]}[]"] if words else ["[]"]
        else:
            words.append(str(key))
    return ".".join(words) or "the document"


def show_value(value: Any) -> str:
    """Return a value as messages show it: cut, and `none` if there is none."""
    text = value if isinstance(value, str) else "none" if value is None else repr(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
