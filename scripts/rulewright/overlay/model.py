"""Overlay documents, read and checked."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from rulewright.openapi.document import Document, load
from rulewright.openapi.pointer import Location
from rulewright.overlay.check import check, fault
from rulewright.overlay.expectation import Expect, check_was, parse_expect
from rulewright.overlay.query import Query, QueryError

ABSENT: Final = object()
_OURS: Final = ("x-expect", "x-was")


@dataclass(frozen=True)
class Action:
    """One action: what it selects, what it does there, and what it expects to find.

    Args:
        number: Its number in the overlay, counted from 1.
        line: 1-based line at which it begins.
        target: Which nodes it acts on.
        update: The value to merge, or ABSENT.
        copy: Which node to merge instead, or None.
        remove: Whether the nodes are removed; this wins over update and copy.
        expect: How many nodes the target must select.
        was: The value they must have before, a digest of it, or ABSENT.
        doubtful: Extension fields that look like a misspelt x-expect or x-was, each with what it may mean.
    """

    number: int
    line: int | None
    target: Query
    update: Any
    copy: Query | None
    remove: bool
    expect: Expect
    was: Any
    doubtful: tuple[tuple[str, str], ...]

    @property
    def idle(self) -> bool:
        """Whether it can never change anything: no update, no copy, no removal."""
        return self.update is ABSENT and self.copy is None and not self.remove


@dataclass(frozen=True)
class Overlay:
    """One overlay document.

    Args:
        path: Its file, as the user named it.
        version: Its feature set, "1.0" or "1.1".
        title: `info.title`.
        extends: The URI reference of the document it was written for, or None.
        actions: Its actions in order.
        document: The document as read, with lines.
    """

    path: str
    version: str
    title: str
    extends: str | None
    actions: tuple[Action, ...]
    document: Document = field(repr=False)


def load_overlay(path: str | Path) -> Overlay:
    """Read one overlay file, YAML or JSON.

    Raises:
        OverlayError: Not a valid overlay 1.0 or 1.1; names file, line and JSON pointer.
        InputError: Not readable, or not YAML.
    """
    return parse_overlay(load(path))


def parse_overlay(document: Document) -> Overlay:
    """Check a document that was read already and turn it into an overlay, as `load_overlay` does."""
    version = check(document)
    root = document.value
    actions = tuple(_action(document, index) for index in range(len(root["actions"])))
    return Overlay(document.path, version, root["info"]["title"], root.get("extends"), actions, document)


def _action(document: Document, index: int) -> Action:
    location: Location = ("actions", index)
    raw = document.value["actions"][index]
    remove = raw.get("remove", False)
    if not remove and "update" in raw and "copy" in raw:
        # The text voids each in favour of the other; engines disagree which one is left. Nobody means both.
        raise fault(document, location, "has both update and copy; give one of them, or make two actions")
    return Action(
        number=index + 1,
        line=document.line(location),
        target=_query(document, (*location, "target")),
        update=raw.get("update", ABSENT),
        copy=_query(document, (*location, "copy")) if "copy" in raw else None,
        remove=remove,
        expect=_expect(document, location, raw),
        was=_was(document, location, raw),
        doubtful=tuple(_doubtful(raw)),
    )


def _query(document: Document, location: Location) -> Query:
    text: str = document.value["actions"][location[1]][location[2]]
    try:
        return Query(text)
    except QueryError as error:
        raise fault(document, location, str(error)) from error


def _expect(document: Document, location: Location, raw: dict[str, Any]) -> Expect:
    try:
        return parse_expect(raw["x-expect"]) if "x-expect" in raw else Expect()
    except ValueError as error:
        raise fault(document, (*location, "x-expect"), f"x-expect {error}") from error


def _was(document: Document, location: Location, raw: dict[str, Any]) -> Any:
    try:
        check_was(raw.get("x-was"))
    except ValueError as error:
        raise fault(document, (*location, "x-was"), f"x-was {error}") from error
    return raw.get("x-was", ABSENT)


def _doubtful(raw: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield near misses of our own fields: an expectation must not be lost to a typo."""
    for name in raw:
        meant = difflib.get_close_matches(name, _OURS, 1, 0.8)
        if name.startswith("x-") and name not in _OURS and meant:
            yield name, meant[0]
