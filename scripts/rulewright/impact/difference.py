"""The structural differences of two documents, each with its place in the grammar of OpenAPI.

General JSON diffs compare lists by position, so that one removed enum value reads as a change of all that follow;
here parameters, tags, servers and rules are matched by name, and a set of names stays one value. The differences
are complete: applied to the old document they give the new one.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from rulewright.impact.grammar import ALTERNATIVES, EXTENSION, GRAMMAR, identity, kind_of, resolved
from rulewright.openapi.pointer import Location, encode

_MISSING: Final = object()
_Named = dict[str, tuple[int, Any]]


@dataclass(frozen=True)
class Difference:
    """One difference between two documents.

    Args:
        owner: The type of the object that has the key, such as `Schema`.
        key: The keyword of that object, such as `enum` or `properties`.
        entry: The name of the entry, if the keyword has a map or a list and an entry differs.
        kind: `add`, `remove`, `change`, or `order` if entries only changed places.
        old: The value before; None for `add`.
        new: The value after; None for `remove`.
        location: The place in the new document, for `remove` in the old one.
        known: Whether the grammar knows the key and allows the value.
        hidden: Whether only the vendor documents differ, because an overlay replaces the value.
    """

    owner: str
    key: str
    entry: str | None
    kind: Literal["add", "remove", "change", "order"]
    old: Any
    new: Any
    location: Location
    known: bool = True
    hidden: bool = field(default=False, compare=False)

    @property
    def pointer(self) -> str:
        """JSON pointer of the place."""
        return encode(self.location)

    @property
    def selector(self) -> str:
        """The place as checks name it: `Schema.enum`, or `Schema.properties[]` for an entry."""
        return f"{self.owner}.{self.key}" + ("[]" if self.entry is not None else "")


def differences(old: Any, new: Any) -> list[Difference]:
    """Return every difference of two documents."""
    return list(_Walk(old, new).objects("OpenAPI", old, new, ()))


class _Walk:
    def __init__(self, old: Any, new: Any) -> None:
        self.old, self.new = old, new

    def objects(self, owner: str, old: Any, new: Any, at: Location) -> Iterator[Difference]:
        """Yield the differences of two objects of one type."""
        if "$ref" in old or "$ref" in new:
            if old != new:
                yield Difference(owner, "$ref", None, "change", old, new, at)
            return
        for key in dict.fromkeys((*old, *new)):
            before, after = old.get(key, _MISSING), new.get(key, _MISSING)
            if before is _MISSING or after is _MISSING or not same(before, after):
                yield from self._value(owner, key, before, after, (*at, key))

    def _value(self, owner: str, key: str, old: Any, new: Any, at: Location) -> Iterator[Difference]:
        kind = kind_of(owner, key)
        shape, inner = (kind[:1], kind[1:]) if kind else ("", "")
        if kind is None:
            yield _plain(owner, key, old, new, at, known=False)
        elif shape == "@" and isinstance(old, dict) and isinstance(new, dict):
            yield from self.objects(inner, old, new, at)
        elif shape == "{" and _is(dict, old, new):
            yield from self._map(owner, key, old, new, at)
        elif shape == "[" and _is(list, old, new):
            yield from self._list(owner, key, old, new, at)
        elif kind == EXTENSION:
            yield _plain(owner, EXTENSION, old, new, at)
        else:
            known = shape not in "@{[" or not shape or all(_fits(shape, value) for value in (old, new))
            yield _plain(owner, key, old, new, at, known=known)

    def _map(self, owner: str, key: str, old: Any, new: Any, at: Location) -> Iterator[Difference]:
        if old is _MISSING or new is _MISSING:
            yield _plain(owner, key, old, new, at)
        before, after = ({} if value is _MISSING else value for value in (old, new))
        inner = str(kind_of(owner, key))[1:]
        for name in dict.fromkeys((*before, *after)):
            one, other = before.get(name, _MISSING), after.get(name, _MISSING)
            yield from self._entry((owner, key, name), inner, one, other, (*at, name))

    def _list(self, owner: str, key: str, old: Any, new: Any, at: Location) -> Iterator[Difference]:
        if old is _MISSING or new is _MISSING:
            yield _plain(owner, key, old, new, at)
            if key in ALTERNATIVES:
                return  # unlike the entries of any other list, more alternatives allow more
        inner = str(kind_of(owner, key))[1:]
        before = _named(inner, [] if old is _MISSING else old, self.old)
        after = _named(inner, [] if new is _MISSING else new, self.new)
        if inner == "Schema":
            after = self._renamed(before, after)
        for name in dict.fromkeys((*before, *after)):
            index, one = before.get(name, (0, _MISSING))
            place, other = after.get(name, (index, _MISSING))
            yield from self._entry((owner, key, name), inner, one, other, (*at, place))
        common = [name for name in before if name in after]
        if common != [name for name in after if name in before]:
            yield Difference(owner, key, None, "order", old, new, at)

    def _renamed(self, before: _Named, after: _Named) -> _Named:
        """Return the new items, under the old name if a reference only leads to the same content by another name."""
        gone: dict[Hashable, deque[str]] = defaultdict(deque)
        for name in before:
            if name not in after:
                gone[key_of(resolved(before[name][1], self.old))].append(name)
        names = {}
        for name in after:
            if gone and name not in before and (alike := gone.get(key_of(resolved(after[name][1], self.new)))):
                names[name] = alike.popleft()
        return {names.get(name, name): item for name, item in after.items()}

    def _entry(self, place: tuple[str, str, str], inner: str, old: Any, new: Any, at: Location) -> Iterator[Difference]:
        owner, key, name = place
        if old is not _MISSING and new is not _MISSING:
            if same(old, new):
                return
            if isinstance(old, dict) and isinstance(new, dict) and inner in GRAMMAR:
                yield from self.objects(inner, old, new, at)
                return
        malformed = any(value is not _MISSING and not isinstance(value, dict | bool) for value in (old, new))
        extension = name.startswith("x-") and key in {"paths", "responses"}
        yield _plain(owner, EXTENSION if extension else key, old, new, at, known=extension or not malformed, entry=name)


def _plain(
    owner: str, key: str, old: Any, new: Any, at: Location, *, known: bool = True, entry: str | None = None
) -> Difference:
    before, after = (None if value is _MISSING else value for value in (old, new))
    kind: Literal["add", "remove", "change"] = "add" if old is _MISSING else "remove" if new is _MISSING else "change"
    return Difference(owner, key, entry, kind, before, after, at, known)


def _is(kind: type, old: Any, new: Any) -> bool:
    return all(value is _MISSING or isinstance(value, kind) for value in (old, new))


def _fits(shape: str, value: Any) -> bool:
    """Whether a value has the shape of its kind; a schema may be a boolean too."""
    if value is _MISSING:
        return True
    return isinstance(value, list) if shape == "[" else isinstance(value, dict | bool if shape == "@" else dict)


def _named(inner: str, items: list[Any], document: Any) -> _Named:
    result: _Named = {}
    for index, item in enumerate(items):
        name = identity(inner, item, index, document)
        result[name if name not in result else f"{name} #{index}"] = (index, item)
    return result


def same(old: Any, new: Any) -> bool:
    """Whether two JSON values are the same; unlike in Python, `true` is not 1."""
    if isinstance(old, dict) and isinstance(new, dict):
        return old.keys() == new.keys() and all(same(old[key], new[key]) for key in old)
    if isinstance(old, list) and isinstance(new, list):
        return len(old) == len(new) and all(map(same, old, new))
    return bool(old == new) and isinstance(old, bool) == isinstance(new, bool)


def key_of(value: Any) -> Hashable:
    """Return a hashable key that two values share if and only if they are the `same`."""
    if isinstance(value, dict):
        return frozenset((key, key_of(child)) for key, child in value.items())
    if isinstance(value, list):
        return tuple(map(key_of, value))
    return isinstance(value, bool), value
