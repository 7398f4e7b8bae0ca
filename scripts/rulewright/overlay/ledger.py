"""The change ledger: every change an overlay made, enough to undo, redo and explain each of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from rulewright.openapi.pointer import Location, decode
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
    """

    overlay: str
    action: int
    pointer: str
    kind: Literal["add", "remove", "replace"]
    old: Any = None
    new: Any = None
    position: int | None = None

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


def undo(value: Any, ledger: Sequence[Change]) -> Any:
    """Return the value as it was before the changes, key order included; the argument is left alone.

    Raises:
        LookupError: The ledger does not belong to this value.
    """
    holder = [clone(value)]
    for change in reversed(ledger):
        if change.kind == "add":
            _take(holder, change)
        elif change.kind == "remove":
            _put(holder, change, change.old)
        else:
            _set(holder, change, change.old)
    return holder[0]


def redo(value: Any, ledger: Iterable[Change]) -> Any:
    """Return the value with the changes made again; the argument is left alone.

    Raises:
        LookupError: The ledger does not belong to this value.
    """
    holder = [clone(value)]
    for change in ledger:
        if change.kind == "add":
            _put(holder, change, change.new)
        elif change.kind == "remove":
            _take(holder, change)
        else:
            _set(holder, change, change.new)
    return holder[0]


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


def _parent(holder: list[Any], change: Change) -> tuple[Any, Any]:
    container: Any = holder
    key: Any = 0
    for token in decode(change.pointer):
        container = container[key]
        key = int(token) if isinstance(container, list) else token
    return container, key


def _set(holder: list[Any], change: Change, value: Any) -> None:
    container, key = _parent(holder, change)
    container[key] = clone(value)


def _take(holder: list[Any], change: Change) -> None:
    container, key = _parent(holder, change)
    del container[key]


def _put(holder: list[Any], change: Change, value: Any) -> None:
    container, key = _parent(holder, change)
    position = len(container) if change.position is None else change.position
    if isinstance(container, list):
        container.insert(position, clone(value))
        return
    items = list(container.items())
    items.insert(position, (key, clone(value)))
    container.clear()
    container.update(items)
