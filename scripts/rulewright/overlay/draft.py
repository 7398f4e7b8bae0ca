"""The document while actions change it: a private copy that records every change."""

from __future__ import annotations

from typing import Any, Literal

from rulewright.openapi.document import MAX_DEPTH, MAX_NODES
from rulewright.openapi.pointer import Location, encode
from rulewright.overlay.ledger import Change
from rulewright.overlay.values import clone


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

    def add(self, location: Location, value: Any) -> None:
        """Insert a new key as the last of its object, or append the next item to its array."""
        container = self.at(location[:-1])
        position = len(container)
        self._weigh(value, len(location))
        if isinstance(container, list):
            container.append(clone(value))
        else:
            container[location[-1]] = clone(value)
        self._record("add", location, new=clone(value), position=position)

    def replace(self, location: Location, value: Any) -> None:
        """Put a primitive in the place of a primitive."""
        container: Any = self.at(location[:-1]) if location else self._holder
        key: Any = location[-1] if location else 0
        old = container[key]
        container[key] = value
        self._record("replace", location, old=old, new=value)

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
    ) -> None:
        pointer = encode(location)
        self.changes.append(Change(self._overlay, self._action, pointer, kind, old, new, position))

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
