"""The structure of an overlay document: OpenAPI Overlay Specification 1.0 and 1.1, section "Schema"."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from rulewright.openapi.document import Document
from rulewright.openapi.pointer import Location
from rulewright.overlay.fault import OverlayError
from rulewright.overlay.values import a_kind, canonical

_VERSION: Final = re.compile(r"(1\.[01])\.[0-9]+")
_ROOT: Final = ("overlay", "info", "extends", "actions")
_INFO: Final = {"1.0": ("title", "version"), "1.1": ("title", "version", "description")}
_ACTION: Final = {
    "1.0": ("target", "description", "update", "remove"),
    "1.1": ("target", "description", "update", "copy", "remove"),
}


def check(document: Document) -> str:
    """Check that a document has the structure of an overlay.

    Whether its targets are RFC 9535 queries is checked when they are compiled.

    Args:
        document: The overlay as read.

    Returns:
        The feature set the overlay is written for, "1.0" or "1.1"; the patch number makes no difference.

    Raises:
        OverlayError: The first fault, with file, line and JSON pointer.
    """
    root = document.value
    _typed(document, (), dict, "an overlay document must be an object")
    if "overlay" not in root:
        raise fault(document, (), f"has no overlay field{_near('overlay', root)}; add overlay: 1.1.0")
    version = _version(document)
    _members(document, (), _ROOT, required=("overlay", "info", "actions"))
    _text(document, ("extends",))
    _typed(document, ("info",), dict, "must be an object with title and version")
    _members(document, ("info",), _INFO[version], required=("title", "version"))
    for name in _INFO[version]:
        _text(document, ("info", name))
    _typed(document, ("actions",), list, "must be a list of actions")
    if not root["actions"]:
        raise fault(document, ("actions",), "must hold at least one action, got an empty list")
    for index in range(len(root["actions"])):
        _action(document, ("actions", index), _ACTION[version])
    _unique(document, root["actions"])
    return version


def fault(document: Document, location: Location, message: str) -> OverlayError:
    """Return the error for one place of an overlay document."""
    plain = document.error(message, location)
    return OverlayError(plain.message, path=plain.path, line=plain.line, pointer=plain.pointer)


def _version(document: Document) -> str:
    written = document.value["overlay"]
    match = _VERSION.fullmatch(written) if isinstance(written, str) else None
    if match is None:
        got = repr(written) if isinstance(written, str) else a_kind(written)
        raise fault(document, ("overlay",), f"must be a version 1.0.x or 1.1.x as text, got {got}")
    return match[1]


def _action(document: Document, location: Location, allowed: Sequence[str]) -> None:
    _typed(document, location, dict, "an action must be an object")
    _members(document, location, allowed, required=("target",))
    for name in ("target", "description", *(["copy"] if "copy" in allowed else [])):
        _text(document, (*location, name))
    _typed(document, (*location, "remove"), bool, "must be true or false")
    action = document.value["actions"][location[-1]]
    for name in ("target", "copy"):
        query = action.get(name, "$")
        if not query.startswith("$"):
            raise fault(document, (*location, name), f"must be a query that begins with $, got {query!r}")


def _members(document: Document, location: Location, allowed: Sequence[str], required: Sequence[str]) -> None:
    value: Mapping[str, Any] = _at(document, location)
    for name in value:
        if name not in allowed and not name.startswith("x-"):
            version = document.value["overlay"]
            known = ", ".join(allowed)
            raise fault(
                document,
                (*location, name),
                f"{name!r} is no field here in Overlay {version}{_near(name, allowed)}; "
                f"there are {known}, and any name that begins with x-",
            )
    for name in required:
        if name not in value:
            raise fault(document, location, f"lacks the required field {name!r}")


def _text(document: Document, location: Location) -> None:
    _typed(document, location, str, "must be text")


def _typed(document: Document, location: Location, wanted: type, message: str) -> None:
    parent = _at(document, location[:-1])
    if location and isinstance(parent, dict) and location[-1] not in parent:
        return
    value = _at(document, location)
    if not isinstance(value, wanted):
        raise fault(document, location, f"{message}, got {a_kind(value)}")


def _unique(document: Document, actions: Sequence[Any]) -> None:
    first: dict[str, int] = {}
    for index, action in enumerate(actions):
        other = first.setdefault(canonical(action), index)
        if other != index:
            raise fault(document, ("actions", index), f"action {index + 1} repeats action {other + 1} word for word")


def _at(document: Document, location: Location) -> Any:
    value = document.value
    for key in location:
        value = value[key]
    return value


def _near(name: str, known: Sequence[str] | Mapping[str, Any]) -> str:
    close: Callable[..., list[str]] = difflib.get_close_matches
    found = close(name, list(known), 1)
    return f" (did you mean {found[0]}?)" if found else ""
