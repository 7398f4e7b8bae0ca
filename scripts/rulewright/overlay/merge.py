"""The merge of the Overlay Specification, and its type errors."""

from __future__ import annotations

from typing import Any

from rulewright.openapi.pointer import Location
from rulewright.overlay.draft import Draft
from rulewright.overlay.values import a_kind, kind, same


class IncompatibleError(ValueError):
    """Two values that the specification does not allow to be merged.

    Args:
        message: What does not go together.
        location: Where in the target document.
        within: Where in the update value.
    """

    def __init__(self, message: str, location: Location, within: Location) -> None:
        super().__init__(message)
        self.location = location
        self.within = within


def merge(draft: Draft, location: Location, update: Any) -> None:
    """Merge an update value into one target node.

    An object takes an object. An array takes an array, whose items it gets, or one item. A primitive takes
    a primitive.

    Raises:
        IncompatibleError: Any other pair, here or deeper inside.
    """
    target = draft.at(location)
    if kind(target) == "array" and kind(update) != "array":
        draft.add((*location, len(target)), update)
        return
    _pair(draft, location, update, ())


def _pair(draft: Draft, location: Location, update: Any, within: Location) -> None:
    target = draft.at(location)
    if kind(target) != kind(update):
        message = f"cannot merge {a_kind(update)} into {a_kind(target)}"
        raise IncompatibleError(message, location, within)
    if isinstance(target, dict):
        for key, value in update.items():
            if key in target:
                _pair(draft, (*location, key), value, (*within, key))
            else:
                draft.add((*location, key), value)
    elif isinstance(target, list):
        for item in update:
            draft.add((*location, len(target)), item)
    elif not same(target, update):
        draft.replace(location, update)
