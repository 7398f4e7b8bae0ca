"""Every part of a document is added, removed and changed: each edit is reported, and each difference explained."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest
from rulewright.impact.difference import Difference, differences, same
from rulewright.impact.grammar import ALTERNATIVES, GRAMMAR, kind_of
from rulewright.impact.report import all_differences
from rulewright.openapi.pointer import encode

from tests.impact.conftest import Lab, edited

NEW: dict[str, Any] = {
    "version": "9", "prose": "Only new.", "docs": {"url": "https://d.example"}, "dialect": "https://d.example/schema",
    "security": [{"new": []}], "url": "https://new.example", "variables": {"v": {"default": "w"}}, "name": "new",
    "examples": {"new": {"value": 1}}, "callbacks": {"new": {}}, "tags": ["new"], "id": "newId", "flag": True,
    "waiter": {"name": "new"}, "style": True, "example": "new", "encoding": {"new": {}}, "link": "new", "scheme": "new",
    "bound": 3, "type": "string", "nullable": True, "enum": ["new"], "required": ["new"], "format": "date-time",
    "default": "new", "deprecated": True, "readOnly": True, "uniqueItems": True, "writeOnly": True,
    "discriminator": {"propertyName": "new"},
    "xml": {"name": "new"}, "$comment": "new", "contentMediaType": "text/plain", "contentEncoding": "base64",
    "variants": {"by": "new"}, "level": "error", "message": "new", "source": {"at": "#/new"},
    "rule": {"required": ["new"]},
}  # fmt: skip
ENTRY: dict[str, Any] = {
    "Server": {"url": "https://new.example"}, "Tag": {"name": "new"}, "PathItem": {"get": {"responses": {}}},
    "Schema": {"type": "string"}, "Response": {"description": "New."}, "Parameter": {"name": "new", "in": "query"},
    "RequestBody": {"content": {}}, "Header": {"schema": {}}, "SecurityScheme": {"type": "http", "scheme": "basic"},
    "Link": {"operationId": "new"}, "Media": {}, "Operation": {"responses": {}}, "Info": {"title": "New"},
    "Components": {}, "Rule": {"id": "new"},
}  # fmt: skip


def objects(
    value: Any, owner: str = "OpenAPI", at: tuple[str | int, ...] = ()
) -> Iterator[tuple[str, Any, tuple[Any, ...]]]:
    """Yield every object of a document with its type in the grammar and its place."""
    if not isinstance(value, dict) or "$ref" in value:
        return
    yield owner, value, at
    for key, child in value.items():
        kind = kind_of(owner, key) or ""
        entries = {"@": [((key,), child)], "{": _entries(key, child), "[": _entries(key, child)}.get(kind[:1], [])
        for place, entry in entries:
            yield from objects(entry, kind[1:], (*at, *place))


def _entries(key: str, value: Any) -> list[tuple[tuple[Any, ...], Any]]:
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [((key, name), child) for name, child in pairs]


def additions(document: Any, *, everywhere: bool) -> Iterator[dict[str, Any]]:
    """Yield one edit for each key that any object of the document could have and has not, and each further entry.

    Args:
        document: The document.
        everywhere: Whether to try a key in every object, or in one object of each type.
    """
    tried: set[tuple[str, str, bool]] = set()
    for owner, value, at in objects(document):
        for key, kind in {**GRAMMAR[owner], "x-new": "extension"}.items():
            if not everywhere and (owner, key, key in value) in tried:
                continue
            tried.add((owner, key, key in value))
            inner = ENTRY.get(kind[1:])
            if kind[0] == "{" or kind[0] == "[":
                present = value.get(key)
                new: Any = {"new": inner} if kind[0] == "{" else [inner]
                if present is not None:
                    new = {**present, "new": inner} if kind[0] == "{" else [*present, inner]
                yield {"set": encode((*at, key)), "to": new}
            elif key not in value:
                yield {"set": encode((*at, key)), "to": inner if kind[0] == "@" else NEW.get(kind, "new")}


def pointers(value: Any, at: tuple[str | int, ...] = ()) -> Iterator[tuple[str, Any]]:
    """Yield every pointer below the root, with its value."""
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in children:
        yield encode((*at, key)), child
        yield from pointers(child, (*at, key))


def other(value: Any) -> Any:
    """Return another value of the same kind."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + 1
    if isinstance(value, str):
        return f"{value} changed"
    return list(reversed(value)) if isinstance(value, list) else dict(reversed(value.items()))


def edits(document: Any, *, everywhere: bool) -> Iterator[dict[str, Any]]:
    """Yield every edit: each pointer removed and changed, and whatever could be added."""
    for pointer, value in pointers(document):
        yield {"remove": pointer}
        if not same(value, other(value)):
            yield {"set": pointer, "to": other(value)}
    yield from additions(document, everywhere=everywhere)


@pytest.mark.parametrize(
    ("name", "everywhere"),
    [
        ("seed", False),
        ("base", False),
        *(pytest.param(each, True, marks=pytest.mark.heavy) for each in ("seed", "base")),
    ],
)
def test_no_edit_is_silent_or_unexplained(name: str, everywhere: bool, request: pytest.FixtureRequest) -> None:
    """Each edit is reported, each difference has a check, and a change that stops requests is breaking.

    Adding each key to one object of each type represents adding it to every object, which `nox -s upkeep` does.
    """
    lab: Lab = request.getfixturevalue(name)
    count = 0
    for edit in edits(lab.vendor.value, everywhere=everywhere):
        report = lab.after(edit)
        count += 1
        assert report.changes, edit
        assert not report.unexplained, edit
        assert len({change.fingerprint for change in report.changes}) == len(report.changes), edit
        assert report.exit_code == 30 or not any(impact.stops for impact in report.requests), edit
    assert count > (700 if everywhere else 250)


def test_the_differences_are_complete(base: Lab) -> None:
    """Applied to the old document, the differences give the new one, whatever was edited."""
    document = base.vendor.value
    for edit in edits(document, everywhere=False):
        new = edited(document, [edit])
        made = copy.deepcopy(document)
        for difference in sorted(differences(document, new), key=_entries_first):
            _make(made, difference)
        assert same(_sorted(made), _sorted(new)), edit


def _entries_first(difference: Difference) -> tuple[bool, int]:
    gone = difference.kind == "remove"
    return gone, -len(difference.location) if gone else len(difference.location)


def _make(document: Any, difference: Difference) -> None:
    *way, last = difference.location
    value: Any = document
    for key in way:
        value = value.setdefault(key, {}) if isinstance(value, dict) else value[key]
    kind = kind_of(difference.owner, difference.key) or ""
    holds_entries = difference.entry is None and kind[:1] in {"{", "["} and difference.key not in ALTERNATIVES
    if difference.kind == "remove":
        _drop(value, last, difference.old)
    elif holds_entries and difference.kind == "add":
        value[last] = {} if kind[0] == "{" else []  # its entries come one by one
    elif difference.kind == "add" and isinstance(last, int):
        value.append(difference.new)
    else:
        value[last] = copy.deepcopy(difference.new)


def _drop(value: Any, key: Any, old: Any) -> None:
    if isinstance(value, list):
        value.remove(old)
    else:
        value.pop(key, None)  # its entries may have gone before it, or it before them


def _sorted(value: Any) -> Any:
    """Return a document with its lists of named items in one order."""
    if isinstance(value, dict):
        return {key: _sorted(child) for key, child in value.items()}
    if isinstance(value, list):
        return sorted(map(_sorted, value), key=repr)
    return value


def test_an_unknown_key_is_an_error(base: Lab) -> None:
    """A difference that no check understands is named, and the exit code is that of an error."""
    for edit in (
        {"set": "/paths/~1orders/post/frobnicate", "to": 1},
        {"set": "/components/schemas/Order/properties", "to": "nonsense"},
        {"set": "/paths/~1orders/post/responses/201", "to": 7},
    ):
        report = base.after(edit)
        assert [each.pointer for each in report.unexplained] == [edit["set"]]
        assert report.exit_code == 1


def test_a_value_that_an_overlay_hides_is_compared_too(seed: Lab) -> None:
    """A vendor's edit under an overlay's correction is a difference of its own, marked as hidden."""
    new = seed.revision(
        edited(seed.vendor.value, [{"set": "/paths/~1gemini~1video~1generate/post/operationId", "to": "other"}])
    )
    (difference,) = all_differences(seed.old, new)
    assert (difference.hidden, difference.key) == (True, "operationId")
