"""Documents to edit in memory and to compare with themselves as they were."""

from __future__ import annotations

import copy
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from rulewright.impact.report import Report, compare
from rulewright.impact.revision import Revision, revise
from rulewright.openapi.document import Document, load
from rulewright.openapi.pointer import decode
from rulewright.overlay import Overlay, load_overlay
from rulewright.project import load_project

ROOT = Path(__file__).resolve().parents[2]
BASE = Path(__file__).parent / "base.yaml"
EDITS = (
    ("- veo3_fast\n", "- veo3_turbo\n"),
    ("1-3 reference images", "1-4 reference images"),
    ("default: '16:9'", "default: '9:16'"),
)
"""A vendor's edits of the document: one value, one count in a sentence and one default."""


def replaced(text: str, *edits: tuple[str, str]) -> str:
    """Return a text with each old part replaced, which must occur once."""
    for old, new in edits:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


def parent(value: Any, pointer: str) -> tuple[Any, Any]:
    """Return the container a pointer leads into, and the key in it."""
    *way, last = decode(pointer)
    for token in way:
        value = value[int(token)] if isinstance(value, list) else value[token]
    return value, int(last) if isinstance(value, list) else last


def edited(value: Any, edits: Sequence[dict[str, Any]]) -> Any:
    """Return a copy of a document with edits made: `set` a pointer to a value, `remove` it, or `rename` a name."""
    result = copy.deepcopy(value)
    for edit in edits:
        if "rename" in edit:
            result = json.loads(json.dumps(result).replace(str(edit["rename"]), edit["to"]))
            continue
        pointer = edit.get("set", edit.get("remove"))
        container, key = parent(result, str(pointer))
        if "remove" in edit:
            del container[key]
        elif isinstance(container, list) and key == len(container):
            container.append(edit["to"])
        else:
            container[key] = edit["to"]
    return result


class Lab:
    """A project whose vendor document is edited."""

    def __init__(self, vendor: Document, overlays: Sequence[Overlay]) -> None:
        self.vendor, self.overlays = vendor, tuple(overlays)
        self.old = self.revision(vendor.value)

    def revision(self, value: Any) -> Revision:
        """Return the project with another vendor document."""
        return revise("new", Document(self.vendor.path, value, self.vendor.text, self.vendor.lines), self.overlays)

    def after(self, *edits: dict[str, Any]) -> Report:
        """Return the report on edits of the vendor document."""
        return compare(self.old, self.revision(edited(self.vendor.value, edits)))

    def back(self, *edits: dict[str, Any]) -> Report:
        """Return the report on taking the same edits back."""
        return compare(self.revision(edited(self.vendor.value, edits)), self.old)


@pytest.fixture(scope="session")
def seed() -> Lab:
    """This project."""
    project = load_project(ROOT)
    return Lab(load(project.spec), [load_overlay(path) for path in project.overlays])


@pytest.fixture(scope="session")
def base() -> Lab:
    """A document with a little of everything, without overlays."""
    return Lab(load(BASE), [])
