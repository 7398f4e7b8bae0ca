"""The document while actions change it, and the record of every change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from rulewright.openapi.document import MAX_DEPTH, MAX_NODES
from rulewright.openapi.pointer import Location, decode, encode
from rulewright.overlay.values import clone


@dataclass(frozen=True)
class Change:
    """One change of one value.

    Args:
        overlay: The overlay file.
        action: Number of the action in it, counted from 1.
        pointer: JSON pointer (RFC 6901) of the changed value at that moment.
        kind: `add` and `remove` change a container by one member, `replace` swaps a primitive for another.
        old: The value before; None for `add`.
        new: The value after; None for `remove`.
        position: Where among its siblings an added or removed member stands; None for `replace`.
        within: Where in the update of the action the new value stands; None for `remove`.
    """

    overlay: str
    action: int
    pointer: str
    kind: Literal["add", "remove", "replace"]
    old: Any = None
    new: Any = None
    position: int | None = None
    within: Location | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the change as a JSON object; `old` and `new` are absent where there is none."""
        record: dict[str, Any] = {
            "overlay": self.overlay,
            "action": self.action,
            "pointer": self.pointer,
            "change": self.kind,
        }
        if self.position is not None:
            record["position"] = self.position
        if self.kind != "add":
            record["old"] = self.old
        if self.kind != "remove":
            record["new"] = self.new
        return record


def trace(ledger: Sequence[Change], location: Location) -> tuple[Location, Change | None]:
    """Follow a location of the result back to where its value came from.

    Returns:
        The location in the vendor document and None, or the location when it was added and that change.
    """
    path = list(location)
    for change in reversed(ledger):
        tokens = decode(change.pointer)
        if len(tokens) > len(path) or any(str(key) != token for key, token in zip(path, tokens[:-1], strict=False)):
            continue
        if change.kind != "remove":
            if not tokens or str(path[len(tokens) - 1]) == tokens[-1]:
                return tuple(path), change
            continue
        here = path[len(tokens) - 1]
        if isinstance(here, int) and change.position is not None and here >= change.position:
            path[len(tokens) - 1] = here + 1
    return tuple(path), None


class TooLargeError(ValueError):
    """The result would grow beyond the limits every document has."""


class Draft:
    """A working copy of a document's value and the ledger of what was done to it.

    Args:
        value: The value to start from; it is copied, never changed.
    """

    def __init__(self, value: Any) -> None:
        self._holder = [clone(value)]
        self._written = 0
        self.changes: list[Change] = []
        self.lines: dict[tuple[str, int], int | None] = {}
        self._overlay = ""
        self._action = 0

    @property
    def value(self) -> Any:
        """The document as it stands."""
        return self._holder[0]

    def begin(self, overlay: str, action: int, line: int | None) -> None:
        """Name the action that makes the changes from here on, and the line at which it begins."""
        self._overlay, self._action = overlay, action
        self.lines[overlay, action] = line

    def at(self, location: Location) -> Any:
        """Return the value at a location, itself and not a copy."""
        value = self.value
        for key in location:
            value = value[key]
        return value

    def add(self, location: Location, value: Any, within: Location) -> None:
        """Insert a new key as the last of its object, or append the next item to its array."""
        container = self.at(location[:-1])
        position = len(container)
        self._weigh(value, len(location))
        if isinstance(container, list):
            container.append(clone(value))
        else:
            container[location[-1]] = clone(value)
        self._record("add", location, new=clone(value), position=position, within=within)

    def replace(self, location: Location, value: Any, within: Location) -> None:
        """Put a primitive in the place of a primitive."""
        container: Any = self.at(location[:-1]) if location else self._holder
        key: Any = location[-1] if location else 0
        old = container[key]
        container[key] = value
        self._record("replace", location, old=old, new=value, within=within)

    def remove(self, location: Location) -> None:
        """Take a member out of its object or array."""
        container = self.at(location[:-1])
        key = location[-1]
        position = key if isinstance(key, int) else list(container).index(key)
        old = container.pop(key)
        self._record("remove", location, old=old, position=position)

    def _record(
        self,
        kind: Literal["add", "remove", "replace"],
        location: Location,
        *,
        old: Any = None,
        new: Any = None,
        position: int | None = None,
        within: Location | None = None,
    ) -> None:
        pointer = encode(location)
        self.changes.append(Change(self._overlay, self._action, pointer, kind, old, new, position, within))

    def _weigh(self, value: Any, depth: int) -> None:
        """Count what is written: a few actions that copy the document into itself would fill any memory."""
        self._written += 1
        if self._written > MAX_NODES:
            raise TooLargeError(f"the overlays write more than {MAX_NODES} values")
        if depth > MAX_DEPTH:
            raise TooLargeError(f"the result would be nested deeper than {MAX_DEPTH} levels")
        if isinstance(value, (dict, list)):
            for item in value.values() if isinstance(value, dict) else value:
                self._weigh(item, depth + 1)
