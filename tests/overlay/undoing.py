"""Undo a ledger of changes: what a ledger records must be enough for that."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

from rulewright.openapi.pointer import decode
from rulewright.overlay import Change


def undo(value: Any, ledger: Sequence[Change]) -> Any:
    """Return the value as it was before the changes, key order included; the argument is left alone.

    Raises:
        LookupError: The ledger does not belong to this value.
    """
    holder = [copy.deepcopy(value)]
    for change in reversed(ledger):
        if change.kind == "add":
            _take(holder, change)
        elif change.kind == "remove":
            _put(holder, change, change.old)
        else:
            _set(holder, change, change.old)
    return holder[0]


def _parent(holder: list[Any], change: Change) -> tuple[Any, Any]:
    container: Any = holder
    key: Any = 0
    for token in decode(change.pointer):
        container = container[key]
        key = int(token) if isinstance(container, list) else token
    return container, key


def _set(holder: list[Any], change: Change, value: Any) -> None:
    container, key = _parent(holder, change)
    container[key] = copy.deepcopy(value)


def _take(holder: list[Any], change: Change) -> None:
    container, key = _parent(holder, change)
    del container[key]


def _put(holder: list[Any], change: Change, value: Any) -> None:
    container, key = _parent(holder, change)
    position = len(container) if change.position is None else change.position
    if isinstance(container, list):
        container.insert(position, copy.deepcopy(value))
        return
    items = list(container.items())
    items.insert(position, (key, copy.deepcopy(value)))
    container.clear()
    container.update(items)
