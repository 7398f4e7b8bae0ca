"""The differences of two documents in normal form, each with its place in the grammar of OpenAPI.

General JSON diffs compare lists by position, so that one removed enum value reads as a change of all that follow;
here parameters, tags, servers, rules and alternatives are matched by what they are, and a set of names stays one value.
References are followed: where a part is kept does not matter, only what it is.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict, deque
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from rulewright.impact.normal import COMPOSITION, EXTENSION, GRAMMAR, NOTES, flatten, key_of, kind_of, resolve, same
from rulewright.openapi.pointer import Location, encode

REVERSING: Final = frozenset({"not", "if", "oneOf", "contains", "dependentSchemas"})
"""Keywords within which a schema that allows more may make the whole allow less."""
_MISSING: Final = object()
_IDENTITY: Final[Mapping[str, str]] = {"Tag": "name", "Server": "url", "Rule": "id"}
Named = dict[Hashable, tuple[int, Any]]
Kind = Literal["add", "remove", "change", "order", "rename"]


@dataclass(frozen=True, eq=False)
class Pair:
    """A schema on both sides, and whether it is within a keyword that may reverse its effect on the outermost one."""

    old: Any
    new: Any
    reversed: bool


@dataclass(frozen=True)
class Place:
    """A place on both sides, with the schemas around it, outermost first."""

    old: Location = ()
    new: Location = ()
    within: tuple[Pair, ...] = ()

    def down(self, key: str | int, new: str | int | None = None) -> Place:
        """Return the place one key deeper, where the new side may have another key."""
        return Place((*self.old, key), (*self.new, key if new is None else new), self.within)


@dataclass(frozen=True)
class Difference:
    """One difference between two documents.

    Args:
        owner: The type of the object that has the key, such as `Schema`.
        key: The keyword of that object, such as `enum` or `properties`.
        entry: The name of the entry, if the keyword has a map or a list and an entry differs.
        kind: `add`, `remove`, `change`, `order` if entries only changed places, or `rename`.
        old: The value before; None for `add`.
        new: The value after; None for `remove`.
        place: Where it is on both sides.
        known: Whether the grammar knows the key and allows the value.
        hidden: Whether only the vendor documents differ, because an overlay replaces the value.
    """

    owner: str
    key: str
    entry: str | None
    kind: Kind
    old: Any
    new: Any
    place: Place
    known: bool = True
    hidden: bool = field(default=False, compare=False)

    @property
    def location(self) -> Location:
        """The place in the new document, for `remove` in the old one."""
        return self.place.old if self.kind == "remove" else self.place.new

    @property
    def pointer(self) -> str:
        """JSON pointer of the place."""
        return encode(self.location)

    @property
    def is_reversed(self) -> bool:
        """Whether allowing more at the place may make the whole allow less."""
        return bool(self.place.within) and self.place.within[-1].reversed

    @property
    def selector(self) -> str:
        """The place as checks name it: `Schema.enum`, or `Schema.properties[]` for an entry."""
        return f"{self.owner}.{self.key}" + ("[]" if self.entry is not None else "")


def compare(old: Any, new: Any) -> list[Difference]:
    """Return every difference of two documents in normal form."""
    return list(_Walk(old, new).objects("OpenAPI", old, new, Place()))


class _Walk:
    def __init__(self, old: Any, new: Any) -> None:
        self.old, self.new = old, new
        self.renamed = Renames(old, new)
        self._around: list[tuple[Any, Any]] = []

    def objects(self, owner: str, old: Any, new: Any, at: Place) -> Iterator[Difference]:
        """Yield the differences of two objects of one type, wherever they are kept."""
        references = tuple(value.get("$ref") for value in (old, new))
        if any(isinstance(each, str) for each in references):
            yield from self._compare_references(owner, old, new, references, at)
        elif owner == "Schema":
            yield from self._schemas(old, new, at)
        else:
            yield from self._keys(owner, old, new, at)

    def _compare_references(
        self, owner: str, old: Any, new: Any, references: tuple[Any, Any], at: Place
    ) -> Iterator[Difference]:
        """Compare what two references lead to, and what stands beside them."""
        if self.renamed.reference(references[0]) == references[1]:
            beside = [{key: value for key, value in each.items() if key != "$ref"} for each in (old, new)]
            yield from self._keys(owner, beside[0], beside[1], at)
            return
        targets = resolve(old, self.old), resolve(new, self.new)
        if not all(isinstance(each, dict) and "$ref" not in each for each in targets) or targets in self._around:
            yield Difference(owner, "$ref", None, "change", old, new, at)
            return
        found: list[Difference] = []
        self._around.append(targets)
        beside = [{key: value for key, value in each.items() if key != "$ref"} for each in (old, new)]
        found += self.objects(owner, {**targets[0], **beside[0]}, {**targets[1], **beside[1]}, at)
        self._around.pop()
        if owner == "Schema" or found:
            yield Difference(owner, "$ref", None, "change", old, new, at)
        yield from found

    def _schemas(self, old: Any, new: Any, at: Place) -> Iterator[Difference]:
        """Compare two schemas: by keyword where they are composed alike, else as wholes."""
        if _members(old) != _members(new):
            flat = flatten(old, self.old), flatten(new, self.new)
            if not any("allOf" in each for each in flat):
                old, new = flat
        around = at.within[-1] if at.within else None
        turned = REVERSING & set(map(str, at.new[-2:])) if around else set()
        if turned == {"oneOf"} and around and all("discriminator" in each for each in (around.old, around.new)):
            turned = set()  # which alternative is meant is not left to what fits
        at = Place(at.old, at.new, (*at.within, Pair(old, new, bool(turned or (around and around.reversed)))))
        if {key for key in COMPOSITION if key in old} == {key for key in COMPOSITION if key in new}:
            yield from self._keys("Schema", old, new, at)
            return
        bare = [
            {key: value for key, value in each.items() if key in NOTES or kind_of("Schema", key) in {None, EXTENSION}}
            for each in (old, new)
        ]
        yield Difference("Schema", "composition", None, "change", old, new, at)
        yield from self._keys("Schema", bare[0], bare[1], at)

    def _keys(self, owner: str, old: Any, new: Any, at: Place) -> Iterator[Difference]:
        for key in dict.fromkeys((*old, *new)):
            before, after = old.get(key, _MISSING), new.get(key, _MISSING)
            if before is _MISSING or after is _MISSING or not same(before, after):
                yield from self._value(owner, key, before, after, at.down(key))

    def _value(self, owner: str, key: str, old: Any, new: Any, at: Place) -> Iterator[Difference]:
        kind = kind_of(owner, key)
        shape, inner = (kind[:1], kind[1:]) if kind else ("", "")
        if kind is None:
            yield _plain(owner, key, old, new, at, known=False)
        elif shape == "@" and isinstance(old, dict) and isinstance(new, dict):
            yield from self.objects(inner, old, new, at)
        elif shape == "{" and _is(dict, old, new):
            before, after = ({} if value is _MISSING else value for value in (old, new))
            names = self.renamed.names.get(key if owner in {"Components", "OpenAPI"} else "", {})
            taken = {now for was, now in names.items() if was in before}
            for name in dict.fromkeys((*before, *(name for name in after if name not in taken))):
                now = names.get(name, name) if name in before else name
                place = at.down(name, now)
                if now != name:
                    yield Difference(owner, key, name, "rename", name, now, place)
                yield from self._entry(
                    (owner, key, name), inner, before.get(name, _MISSING), after.get(now, _MISSING), place
                )
        elif shape == "[" and _is(list, old, new):
            yield from self._list((owner, key, inner), old, new, at)
        elif kind == EXTENSION:
            yield _plain(owner, EXTENSION, old, new, at)
        else:
            known = shape not in "@{[" or not shape or all(_fits(shape, value) for value in (old, new))
            yield _plain(owner, key, old, new, at, known=known)

    def _list(self, path: tuple[str, str, str], old: Any, new: Any, at: Place) -> Iterator[Difference]:
        owner, key, inner = path
        before = self._name_items(inner, [] if old is _MISSING else old, self.old, at.old)
        after = self._name_items(inner, [] if new is _MISSING else new, self.new, at.new)
        if inner == "Schema":
            after = self._match(before, after)
        for name in dict.fromkeys((*before, *after)):
            index, one = before.get(name, (-1, _MISSING))
            now, other = after.get(name, (-1, _MISSING))
            place = at.down(index if index >= 0 else now, now if now >= 0 else index)
            yield from self._entry((owner, key, str(name)), inner, one, other, place)
        common = [name for name in before if name in after]
        if common != [name for name in after if name in before]:
            yield Difference(owner, key, None, "order", old, new, at)

    def _name_items(self, inner: str, items: list[Any], document: Any, at: Location) -> Named:
        """Return the items of a list by the name that each keeps in another revision, whatever its position."""
        result: Named = {}
        for index, item in enumerate(items):
            name = _identity(inner, item, index, document, at)
            result[name if name not in result else (name, index)] = (index, item)
        return result

    def _match(self, before: Named, after: Named) -> Named:
        """Return the new schemas of a list under the names of the old ones they are or continue."""
        names: dict[Hashable, Hashable] = {}
        left = list(before)
        for alike in (self._reference, self._content, _type):
            waiting: dict[Hashable, deque[Hashable]] = defaultdict(deque)
            for name in left:
                if (mark := alike(before[name][1], old=True)) is not None:
                    waiting[mark].append(name)
            for name in after:
                if name not in names and (found := waiting.get(alike(after[name][1], old=False))):
                    names[name] = found.popleft()
            used = set(names.values())
            left = [name for name in left if name not in used]
        return {names.get(name, ("new", name)): item for name, item in after.items()}

    def _reference(self, item: Any, *, old: bool) -> Hashable:
        reference = item.get("$ref") if isinstance(item, dict) else None
        return self.renamed.reference(reference) if old and isinstance(reference, str) else reference

    def _content(self, item: Any, *, old: bool) -> Hashable:
        return key_of(resolve(item, self.old if old else self.new))

    def _entry(self, path: tuple[str, str, str], inner: str, old: Any, new: Any, at: Place) -> Iterator[Difference]:
        owner, key, name = path
        if old is not _MISSING and new is not _MISSING:
            if same(old, new):
                return
            if isinstance(old, dict) and isinstance(new, dict) and inner in GRAMMAR:
                yield from self.objects(inner, old, new, at)
                return
        malformed = any(value is not _MISSING and not isinstance(value, dict | bool) for value in (old, new))
        extension = name.startswith("x-") and key in {"paths", "responses"}
        yield _plain(owner, EXTENSION if extension else key, old, new, at, known=extension or not malformed, entry=name)


class Renames:
    """What has another name on the new side: components that the same places refer to, and paths of one shape."""

    def __init__(self, old: Any, new: Any) -> None:
        self.names: dict[str, dict[str, str]] = {}
        self._references: dict[str, str] = {}
        paths = renamed_paths(*(each.get("paths") for each in (old, new)))
        if paths:
            self.names["paths"] = paths
        sides = [each.get("components") for each in (old, new)]
        votes: Counter[tuple[str, str]] | None = None
        for kind in sides[0] if all(isinstance(each, dict) for each in sides) else ():
            before, after = (each.get(kind) if isinstance(each.get(kind), dict) else {} for each in sides)
            removed = {f"#/components/{kind}/{name}": name for name in before if name not in after}
            added = {f"#/components/{kind}/{name}": name for name in after if name not in before}
            if removed and added:
                votes = self._votes(old, new) if votes is None else votes
                self._pair(kind, removed, added, votes)
                # the components that have the same content
                found = {key_of(before[name]): place for place, name in removed.items()}
                pairs = ((found.get(key_of(after[name])), place) for place, name in added.items())
                self._pair(kind, removed, added, Counter((old, new) for old, new in pairs if old is not None))

    def _pair(self, kind: str, removed: dict[str, str], added: dict[str, str], votes: Counter[tuple[str, str]]) -> None:
        names = self.names.setdefault(kind, {})
        for (one, other), _ in votes.most_common():
            if one in removed and other in added and removed[one] not in names and added[other] not in names.values():
                names[removed[one]] = added[other]
                self._references[one] = other

    def _votes(self, old: Any, new: Any) -> Counter[tuple[str, str]]:
        """Count the places that refer to one component on the old side and to another on the new one."""
        votes: Counter[tuple[str, str]] = Counter()
        waiting = [(old, new)]
        while waiting:
            one, other = waiting.pop()
            if isinstance(one, dict) and isinstance(other, dict):
                if isinstance(one.get("$ref"), str) and isinstance(other.get("$ref"), str):
                    votes[one["$ref"], other["$ref"]] += 1
                paths = self.names.get("paths", {}) if one is old.get("paths") else {}
                waiting += [(one[key], other.get(paths.get(key, key))) for key in one]
            elif isinstance(one, list) and isinstance(other, list):
                waiting += zip(one, other, strict=False)
        return votes

    def reference(self, value: Any) -> Any:
        """Return a reference of the old side as the new one writes it."""
        return self._references.get(value, value) if isinstance(value, str) else value


def renamed_paths(old: Any, new: Any) -> dict[str, str]:
    """Pair the paths that differ only in the names of their parameters."""
    if not isinstance(old, dict) or not isinstance(new, dict):
        return {}
    shapes = {shape(path): path for path in new if path not in old}
    return {path: shapes[shape(path)] for path in old if path not in new and shape(path) in shapes}


def shape(path: str) -> str:
    """Return a path template without the names of its parameters."""
    return re.sub(r"\{[^{}]*\}", "{}", path)


def _identity(kind: str, item: Any, index: int, document: Any, at: Location) -> Hashable:
    """Return the name of an item; a parameter of the path is the one at its position in the template."""
    item = item if kind == "Schema" else resolve(item, document)
    if not isinstance(item, dict):
        return f"#{index}"
    if kind == "Parameter":
        name, place = item.get("name"), item.get("in")
        if place == "path" and at[:1] == ("paths",):
            names = re.findall(r"\{([^{}]*)\}", str(at[1]))
            return f"path {names.index(name)}" if name in names else f"path {name}"
        return f"{place} {str(name).lower() if place == 'header' else name}" if name and place else f"#{index}"
    name = item.get(_IDENTITY.get(kind, ""))
    return name if isinstance(name, str) else f"#{index}"


def _type(item: Any, *, old: bool) -> Hashable:  # noqa: ARG001  one signature for all ways to match
    return key_of(item.get("type")) if isinstance(item, dict) and "type" in item else None


def _members(schema: Any) -> set[Hashable]:
    """Return what a schema is composed of, to compare it with another."""
    members = schema.get("allOf")
    return (
        {key_of(each.get("$ref", {})) for each in members if isinstance(each, dict)}
        if isinstance(members, list)
        else set()
    )


def _plain(
    owner: str, key: str, old: Any, new: Any, at: Place, *, known: bool = True, entry: str | None = None
) -> Difference:
    before, after = (None if value is _MISSING else value for value in (old, new))
    kind: Kind = "add" if old is _MISSING else "remove" if new is _MISSING else "change"
    return Difference(owner, key, entry, kind, before, after, at, known)


def _is(kind: type, old: Any, new: Any) -> bool:
    return all(value is _MISSING or isinstance(value, kind) for value in (old, new))


def _fits(shape: str, value: Any) -> bool:
    """Whether a value has the shape of its kind; a schema may be a boolean too."""
    if value is _MISSING:
        return True
    return isinstance(value, list) if shape == "[" else isinstance(value, dict | bool if shape == "@" else dict)
