"""Known holes: operations that the vendor names without describing, checked like sources of rules."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from rulewright.errors import InputError
from rulewright.openapi.document import load
from rulewright.overlay import load_overlay
from rulewright.rules.sources import KnownHole, read_holes

HOLE = {"name": "big", "at": "#/info/description", "quote": "For big things use /big.", "advice": "ask"}


def read(tmp_path: Path, *holes: Any) -> tuple[KnownHole, ...]:
    """Return the holes of an overlay, for a document that mentions /big."""
    spec = {"openapi": "3.0.0", "info": {"title": "T", "version": "1", "description": HOLE["quote"]}, "paths": {}}
    (tmp_path / "openapi.json").write_text(json.dumps(spec), encoding="utf-8")
    overlay = {
        "overlay": "1.1.0",
        "info": {"title": "O", "version": "1"},
        "x-known-holes": holes,
        "actions": [{"target": "$.info", "update": {"contact": {}}}],
    }
    (tmp_path / "o.overlay.yaml").write_text(json.dumps(overlay), encoding="utf-8")
    return read_holes(load(tmp_path / "openapi.json"), [load_overlay(tmp_path / "o.overlay.yaml")])


def test_a_hole_is_read_as_data(tmp_path: Path) -> None:
    """A hole has its sentence and advice."""
    (hole,) = read(tmp_path, {**HOLE, "path": "/big"})
    assert hole.data() == {**HOLE, "path": "/big"}
    assert hole.reason == "known hole: big; ask"


@pytest.mark.parametrize(
    ("holes", "words"),
    [
        ([7], "a known hole has name, at, quote, advice, and may have path"),
        ([{**HOLE, "more": "x"}], "and may have path"),
        ([{**HOLE, "advice": " "}], "each text"),
        ([HOLE, HOLE], "'big' is named twice"),
        ([{**HOLE, "quote": "For small things"}], "do not stand at #/info/description"),
        ([{**HOLE, "at": "#/info/summary"}], "do not stand at #/info/summary"),
    ],
)
def test_a_wrong_hole_is_an_error(tmp_path: Path, holes: list[Any], words: str) -> None:
    """The error names the file and the line of the overlay."""
    with pytest.raises(InputError, match=words) as caught:
        read(tmp_path, *holes)
    assert caught.value.line is not None
