"""Overlay documents, read and checked: OpenAPI Overlay Specification 1.0 and 1.1, with `x-expect` and `x-was`."""

from __future__ import annotations

import difflib
import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from rulewright.errors import InputError, printable
from rulewright.openapi.document import Document, load
from rulewright.openapi.pointer import ABSENT, Location, at
from rulewright.openapi.references import objects
from rulewright.overlay.query import Query, QueryError, canonical, show


class OverlayError(InputError):
    """An overlay document is not valid, or one of its actions cannot be applied.

    Args:
        message: What was wrong.
        action: Number of the action, counted from 1; None for a fault of the overlay as a whole.
        details: Further lines: place in the spec, got, wanted, way out.
        **place: The path of the overlay, and the line and the JSON pointer of the action or field in it.
    """

    def __init__(self, message: str, *, action: int | None = None, details: Sequence[str] = (), **place: Any) -> None:
        super().__init__(message, **place)
        self.action = action
        self.details = tuple(details)

    def __str__(self) -> str:
        if self.action is None:
            return "\n  ".join([super().__str__(), *map(printable, self.details)])
        head = f"{place(self.path or 'overlay', self.line)}, action {self.action}: {self.message}"
        return printable("\n  ".join([head, *self.details]))


def a_kind(value: Any) -> str:
    """Return the kind of a value with its article, for a message: "an object", "the primitive null"."""
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "an array"
    return f"the primitive {show(value)}"


def place(path: str, line: int | None) -> str:
    """Return `file:line`, or the file alone."""
    return path if line is None else f"{path}:{line}"


_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")


@dataclass(frozen=True)
class Expect:
    """How many nodes a target must select; without `x-expect` exactly one.

    Written as a number, or as an object with `min`, `max` or both.
    """

    least: int = 1
    most: int | None = 1

    def allows(self, count: int) -> bool:
        """Return whether a number of selected nodes is as expected."""
        return count >= self.least and (self.most is None or count <= self.most)

    def __str__(self) -> str:
        if self.least == self.most:
            return f"exactly {self.least}"
        if self.most is None:
            return f"at least {self.least}"
        return f"{self.least} to {self.most}" if self.least else f"at most {self.most}"


def parse_expect(value: Any) -> Expect:
    """Read an `x-expect`.

    Raises:
        ValueError: Neither a count nor an object of counts; the message names what would be right.
    """
    if _is_count(value):
        return Expect(value, value)
    if not isinstance(value, dict) or not value or value.keys() - {"min", "max"}:
        raise ValueError("must be a number of nodes, or an object with min, max or both")
    if not all(_is_count(item) for item in value.values()):
        raise ValueError("must count nodes: min and max are whole numbers from 0")
    expect = Expect(value.get("min", 0), value.get("max"))
    if expect.most is not None and expect.most < expect.least:
        raise ValueError(f"can never hold: min is {expect.least} and max is {expect.most}")
    return expect


def digest(value: Any) -> str:
    """Return `sha256:` and the hexadecimal SHA-256 of the canonical text of a value."""
    return "sha256:" + hashlib.sha256(canonical(value).encode("utf-8", "surrogatepass")).hexdigest()


def is_as_expected(expected: Any, value: Any, *, partial: bool) -> bool:
    """Return whether a value is the one an `x-was` describes.

    Args:
        expected: The `x-was`: a digest, or the old value.
        value: The value found.
        partial: Whether objects are compared at the expected keys only, at every depth; else wholly.
    """
    if isinstance(expected, str) and expected.startswith("sha256:"):
        return digest(value) == expected
    if partial and isinstance(expected, dict) and isinstance(value, dict):
        return all(key in value and is_as_expected(old, value[key], partial=True) for key, old in expected.items())
    return canonical(value) == canonical(expected)


def at_keys(expected: Any, value: Any) -> Any:
    """Return the part of a value that a partial `x-was` looks at, for a message."""
    if isinstance(expected, dict) and isinstance(value, dict):
        return {key: at_keys(old, value[key]) for key, old in expected.items() if key in value}
    return value


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


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
    _check_type(document, (), dict, "an overlay document must be an object")
    if "overlay" not in root:
        raise fault(document, (), f"has no overlay field{_near('overlay', root)}; add overlay: 1.1.0")
    written = document.value["overlay"]
    match = _VERSION.fullmatch(written) if isinstance(written, str) else None
    if match is None:
        got = repr(written) if isinstance(written, str) else a_kind(written)
        raise fault(document, ("overlay",), f"must be a version 1.0.x or 1.1.x as text, got {got}")
    version = match[1]
    _members(document, (), _ROOT, required=("overlay", "info", "actions"))
    _text(document, ("extends",))
    _check_type(document, ("info",), dict, "must be an object with title and version")
    _members(document, ("info",), _INFO[version], required=("title", "version"))
    for name in _INFO[version]:
        _text(document, ("info", name))
    _check_type(document, ("actions",), list, "must be a list of actions")
    if not root["actions"]:
        raise fault(document, ("actions",), "must hold at least one action, got an empty list")
    allowed, first = _ACTION[version], dict[str, int]()
    for index, action in enumerate(root["actions"]):
        location = ("actions", index)
        _check_type(document, location, dict, "an action must be an object")
        _members(document, location, allowed, required=("target",))
        for name in ("target", "description", *(["copy"] if "copy" in allowed else [])):
            _text(document, (*location, name))
        _check_type(document, (*location, "remove"), bool, "must be true or false")
        for name in ("target", "copy"):
            query = action.get(name, "$")
            if not query.startswith("$"):
                raise fault(document, (*location, name), f"must be a query that begins with $, got {query!r}")
        other = first.setdefault(canonical(action), index)
        if other != index:
            raise fault(document, location, f"action {index + 1} repeats action {other + 1} word for word")
    return version


def fault(document: Document, location: Location, message: str) -> OverlayError:
    """Return the error for one place of an overlay document."""
    plain = document.error(message, location)
    return OverlayError(plain.message, path=plain.path, line=plain.line, pointer=plain.pointer)


def _members(document: Document, location: Location, allowed: Sequence[str], required: Sequence[str]) -> None:
    value: Mapping[str, Any] = at(document.value, location)
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
    _check_type(document, location, str, "must be text")


def _check_type(document: Document, location: Location, wanted: type, message: str) -> None:
    parent = at(document.value, location[:-1])
    if location and isinstance(parent, dict) and location[-1] not in parent:
        return
    value = at(document.value, location)
    if not isinstance(value, wanted):
        raise fault(document, location, f"{message}, got {a_kind(value)}")


def _near(name: str, known: Sequence[str] | Mapping[str, Any]) -> str:
    close: Callable[..., list[str]] = difflib.get_close_matches
    found = close(name, list(known), 1)
    return f" (did you mean {found[0]}?)" if found else ""


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
    """

    number: int
    line: int | None
    target: Query
    update: Any
    copy: Query | None
    remove: bool
    expect: Expect
    was: Any

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


def notes(overlays: Sequence[Overlay], extension: str) -> Iterator[tuple[Overlay, int, Any]]:
    """Yield the entries of a list that overlays keep under an extension of their own, with overlay and position."""
    for overlay in overlays:
        for index, entry in enumerate(overlay.document.value.get(extension, [])):
            yield overlay, index, entry


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
    was = raw.get("x-was", ABSENT)
    if isinstance(was, str) and was.startswith("sha256:") and not _DIGEST.fullmatch(was):
        message = "x-was must be sha256: and 64 hexadecimal digits in lower case, or the old value itself"
        raise fault(document, (*location, "x-was"), message)
    try:
        expect = parse_expect(raw["x-expect"]) if "x-expect" in raw else Expect()
    except ValueError as error:
        raise fault(document, (*location, "x-expect"), f"x-expect {error}") from error
    return Action(
        number=index + 1,
        line=document.line(location),
        target=_query(document, (*location, "target")),
        update=raw.get("update", ABSENT),
        copy=_query(document, (*location, "copy")) if "copy" in raw else None,
        remove=remove,
        expect=expect,
        was=was,
    )


def _query(document: Document, location: Location) -> Query:
    text: str = document.value["actions"][location[1]][location[2]]
    try:
        return Query(text)
    except QueryError as error:
        raise fault(document, location, str(error)) from error


_SCHEMA: Final = json.loads((Path(__file__).parents[1] / "overlay.schema.json").read_bytes())
EXTENSIONS: Final[Mapping[str, tuple[str, ...]]] = {
    place: tuple(name for name in schema["properties"] if name.startswith("x-"))
    for place, schema in {
        "an overlay": _SCHEMA,
        "an action": _SCHEMA["$defs"]["action"],
        "the update of an action": _SCHEMA["$defs"]["value"],
        "a rule": _SCHEMA["$defs"]["rule"],
    }.items()
}
"""The extensions that this tool reads, by where they stand."""


def check_extensions(overlay: Overlay) -> None:
    """Refuse an extension that is misspelt or in the wrong place: a rule must not be lost to a typo.

    Raises:
        OverlayError: The first one, with the name or the place that was meant.
    """
    for location, value, place in _extension_holders(overlay.document.value):
        for name in value:
            if not name.startswith("x-") or name in EXTENSIONS[place]:
                continue
            right = [where for where, names in EXTENSIONS.items() if name in names]
            close = difflib.get_close_matches(name, [each for names in EXTENSIONS.values() for each in names], 1, 0.8)
            if right or close:
                hint = f"it belongs into {right[0]}" if right else f"did you mean {close[0]}?"
                message = f"{name} has no meaning in {place}; {hint}"
                if not right:
                    message += " An extension of your own needs a name that is less close"
                raise fault(overlay.document, (*location, name), message)


def _extension_holders(root: Any) -> Iterator[tuple[Location, Mapping[str, Any], str]]:
    """Yield each object of an overlay that may hold extensions, with its location and what it is."""
    yield (), root, "an overlay"
    for index, action in enumerate(root["actions"]):
        yield ("actions", index), action, "an action"
        for location, value in objects(action.get("update"), ("actions", index, "update")):
            yield location, value, "the update of an action"
            rules = value.get("x-rules")
            for number, rule in enumerate(rules if isinstance(rules, list) else ()):
                if isinstance(rule, dict):
                    yield (*location, "x-rules", number), rule, "a rule"


def extended_path(overlay: Overlay) -> Path | None:
    """Return the file that `extends` names, taken relative to the overlay's own folder; None without it.

    Raises:
        OverlayError: It names no local file. Nothing is ever fetched.
    """
    if overlay.extends is None:
        return None
    try:
        parts = urlsplit(overlay.extends)
    except ValueError as error:
        raise fault(overlay.document, ("extends",), f"is not a URI reference: {error}") from error
    wrong = ""
    if parts.scheme in {"http", "https"}:
        wrong = "is not fetched: save the document, and name the file or give it as SPEC"
    elif parts.scheme not in {"", "file"} or parts.netloc not in {"", "localhost"}:
        wrong = f"must name a local file, got {overlay.extends!r}"
    elif parts.query or parts.fragment or not parts.path or "\0" in unquote(parts.path):
        wrong = f"must name a whole file, without ? or #, got {overlay.extends!r}"
    if wrong:
        raise fault(overlay.document, ("extends",), wrong)
    if not parts.scheme:
        return Path(overlay.path).parent / unquote(parts.path)
    from urllib.request import url2pathname  # noqa: PLC0415  with it comes all of HTTP, and this is seldom needed

    return Path(overlay.path).parent / url2pathname(parts.path)


def check_extends(overlay: Overlay, spec: str) -> None:
    """Check that an overlay with `extends` is applied to the document it names.

    Raises:
        OverlayError: It names another file.
    """
    wanted = extended_path(overlay)
    if wanted is not None and wanted.resolve() != Path(spec).resolve():
        raise fault(
            overlay.document,
            ("extends",),
            f"names {overlay.extends}, but the overlay is applied to {spec}; "
            "apply it to that document, or drop extends",
        )
