"""What overlays added by hand and the vendor document has meanwhile: absorbed upstream, though not word for word.

An action that changes nothing is caught while it is applied. One that would write a whole operation or schema over
the vendor's own is worse: lists would be joined, and the vendor's words replaced, without anybody having meant it.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from rulewright.errors import InputError
from rulewright.openapi.document import Document
from rulewright.openapi.pointer import Location, at, encode
from rulewright.overlay import Overlay
from rulewright.overlay.query import QueryError

WAY_OUT: Final = (
    "delete it from the update; what the page says wrongly, or leaves out, is corrected by an action of its own "
    "that targets it"
)
_DEPTH: Final = 3  # paths, path, method; components, schemas, name
_WHOLE: Final = {"paths": "responses", "components": "type"}  # what a whole one has and a correction has not


@dataclass(frozen=True)
class Addition:
    """One operation or schema that an overlay adds although the vendor document has it.

    Args:
        overlay: The overlay file.
        line: 1-based line of the action.
        action: Its number, counted from 1.
        what: `GET /path`, or `schema Name`.
        location: Where it stands in the vendor document.
        inside: Where it stands in the action's update.
    """

    overlay: str
    line: int | None
    action: int
    what: str
    location: Location
    inside: Location

    @property
    def message(self) -> str:
        """The message, without the place."""
        return f"action {self.action} adds {self.what}, which the page has now: absorbed upstream"

    def __str__(self) -> str:
        place = self.overlay if self.line is None else f"{self.overlay}:{self.line}"
        return f"{place}, {self.message}"


def find_absorbed(vendor: Document, overlays: Sequence[Overlay]) -> tuple[Addition, ...]:
    """Return what overlays add that the vendor document already has, unless they removed the vendor's before."""
    found: list[Addition] = []
    removed: set[Location] = set()
    for overlay in overlays:
        for action in overlay.actions:
            starts: list[Location] = []
            with contextlib.suppress(QueryError):  # applying the overlay reports it
                starts = action.target.select(vendor.value)
            if action.remove:
                removed.update(starts)
            elif isinstance(action.update, dict):
                found += [
                    Addition(overlay.path, action.line, action.number, what, location, location[len(start) :])
                    for start in starts
                    for what, location in _rewritten(vendor.value, start, action.update)
                    if not any(location[: len(gone)] == gone for gone in removed)
                ]
    return tuple(found)


def refuse_absorbed(vendor: Document, overlays: Sequence[Overlay]) -> None:
    """Refuse overlays that write whole operations or schemas over the vendor's own.

    Raises:
        InputError: Names each action and what it adds.
    """
    if found := find_absorbed(vendor, overlays):
        first, *rest = found
        message = "\n  ".join([first.message, *map(str, rest), WAY_OUT])
        raise InputError(message, path=first.overlay, line=first.line, pointer=encode(first.location))


def without(overlays: Sequence[Overlay], found: Sequence[Addition]) -> list[Overlay]:
    """Return overlays without what they need not add any more, so that the rest can be applied and looked at.

    Args:
        overlays: The overlays.
        found: What `absorbed` found in them.
    """
    gone: dict[tuple[str, int], list[Location]] = {}
    for addition in found:
        gone.setdefault((addition.overlay, addition.action), []).append(addition.inside)
    result = []
    for overlay in overlays:
        actions = []
        for action in overlay.actions:
            locations = gone.get((overlay.path, action.number), [])
            update = _prune(action.update, locations) if locations else action.update
            if update or not locations:
                actions.append(dataclasses.replace(action, update=update))
        result.append(dataclasses.replace(overlay, actions=tuple(actions)))
    return result


def _prune(update: dict[str, Any], locations: Sequence[Location]) -> dict[str, Any]:
    """Return an update without some of its parts, and without what then holds nothing."""
    result = {}
    for key, value in update.items():
        deeper = [location[1:] for location in locations if location[0] == key]
        if () in deeper:
            continue
        kept = _prune(value, deeper) if deeper else value
        if kept or not deeper:
            result[key] = kept
    return result


def _rewritten(document: Any, start: Location, update: Any) -> Iterator[tuple[str, Location]]:
    if len(start) >= _DEPTH:
        return  # it targets the thing itself, so it is a correction
    for location, value in _parts(start, update):
        kind, name, last = map(str, location)
        if kind in _WHOLE and _WHOLE[kind] in value and isinstance(at(document, location), dict):
            yield (f"{last.upper()} {name}" if kind == "paths" else f"{name.rstrip('s')} {last}"), location


def _parts(location: Location, value: Any) -> Iterable[tuple[Location, dict[str, Any]]]:
    if isinstance(value, dict) and len(location) < _DEPTH:
        return (part for key, child in value.items() for part in _parts((*location, key), child))
    return [(location, value)] if isinstance(value, dict) and len(location) == _DEPTH else []
