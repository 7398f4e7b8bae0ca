"""Add, remove and change every part of a document: each edit is reported and explained."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import pytest
from rulewright.impact.context import Context
from rulewright.impact.normal import GRAMMAR, kind_of, same
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

    Adding each key to one object of each type represents adding it to every object, which `nox -s upkeep` does; and
    every third edit of this project's document all of them.
    """
    lab: Lab = request.getfixturevalue(name)
    count, step = 0, 3 if name == "seed" and not everywhere else 1
    for edit in itertools.islice(edits(lab.vendor.value, everywhere=everywhere), None, None, step):
        report = lab.after(edit)
        count += 1
        assert report.changes, edit
        assert not report.unexplained, edit
        assert len({change.fingerprint for change in report.changes}) == len(report.changes), edit
        assert report.exit_code == 30 or not any(impact.stops for impact in report.requests), edit
    assert count > (700 if everywhere else 250) // step


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
    (difference,) = Context(seed.old, new, "").differences
    assert (difference.hidden, difference.key) == (True, "operationId")
