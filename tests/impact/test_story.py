"""The story of a changed page: one value, one count in a sentence, one default; one command says exactly that."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from rulewright.commands.impact import main

from tests.impact.conftest import ROOT

PAGE = ROOT / "openapi.yaml"


@pytest.fixture
def changed(tmp_path: Path) -> Path:
    """A copy of the vendor document with a model renamed, a count raised and a default turned."""
    text = PAGE.read_text(encoding="utf-8")
    for old, new in (
        ("- veo3_fast\n", "- veo3_turbo\n"),
        ("1-3 reference images", "1-4 reference images"),
        ("default: '16:9'", "default: '9:16'"),
    ):
        assert text.count(old) == 1
        text = text.replace(old, new)
    copy = tmp_path / "openapi.yaml"
    copy.write_text(text, encoding="utf-8")
    return copy


@pytest.fixture
def told(changed: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, Any]]:
    """The exit code and the report as JSON."""
    code = main([str(PAGE), str(changed), "--format", "json", "--project", str(ROOT)])
    return code, json.loads(capsys.readouterr().out)


def test_it_says_exactly_what_changed(told: tuple[int, dict[str, Any]]) -> None:
    """Three edits are three stories, and nothing else is told."""
    code, report = told
    assert code == report["exit"] == 30
    assert {change["check"] for change in report["changes"]} == {
        "enum-value-removed", "enum-value-added", "function-narrowed", "rule-examples-unfit",  # the value
        "prose-changed", "rule-text-changed",  # the count
        "default-changed", "overlay-stale",  # the default
        "version-kept",
    }  # fmt: skip
    assert report["unexplained"] == []


def test_it_counts_the_requests_and_shows_the_smallest(told: tuple[int, dict[str, Any]]) -> None:
    """As many requests stop with the old value as start with the new one, and a request of each kind is shown."""
    (body, _) = told[1]["requests"]
    assert (body["before"], body["after"]) == (504, 504)
    assert body["stops"] == [
        {
            "causes": ["model=veo3_fast"],
            "count": 72,
            "witness": {"prompt": "text", "action": "text2video", "model": "veo3_fast"},
        }
    ]
    assert [(group["causes"], group["count"]) for group in body["starts"]] == [(["model=veo3_turbo"], 72)]
    assert body["starts"][0]["witness"]["model"] == "veo3_turbo"


def test_it_shows_the_sentence_and_who_quotes_it(told: tuple[int, dict[str, Any]]) -> None:
    """Old and new sentence, word by word, with the rule and the overlay action that rest on it."""
    (prose,) = [change for change in told[1]["changes"] if change["check"] == "prose-changed"]
    assert prose["old"] == "INGREDIENTS2VIDEO: 1-3 reference images (required)"
    assert prose["new"] == "INGREDIENTS2VIDEO: 1-4 reference images (required)"
    assert [(word["kind"], word["text"]) for word in prose["words"]] == [
        ("same", "INGREDIENTS2VIDEO:"),
        ("gone", "1-3"),
        ("new", "1-4"),
        ("same", "reference images (required)"),
    ]
    assert prose["quoted"] == ["rule ingredients-need-images", "30-rules.overlay.yaml, action 2"]
    assert prose["severity"] == "review"
    (rule,) = [change for change in told[1]["changes"] if change["check"] == "rule-text-changed"]
    assert rule["effect"].startswith("the source of the rule ingredients-need-images changed")


def test_it_tells_what_the_default_means(told: tuple[int, dict[str, Any]]) -> None:
    """The same request means another thing, although the client's overlay hides the default; that overlay is stale."""
    changes = {change["check"]: change for change in told[1]["changes"]}
    default = changes["default-changed"]
    assert "now means 9:16 instead of 16:9" in default["effect"]
    assert default["who"] == ["wire"]
    assert "aspectRatio" not in default["witness"]
    assert "10-corrections.overlay.yaml, action 2" in changes["overlay-stale"]["effect"]
    assert any('expected: "16:9"' in line for line in changes["overlay-stale"]["details"])


def test_an_unchanged_version_is_said(told: tuple[int, dict[str, Any]]) -> None:
    """The vendor did not raise its version; the report says so and concludes nothing from it."""
    (kept,) = [change for change in told[1]["changes"] if change["check"] == "version-kept"]
    assert kept["severity"] == "nothing"
    assert "2.0.0 on both sides" in kept["effect"]


def test_only_the_sentence_is_for_review(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A count that changes in a sentence, and nothing else, has an exit code of its own."""
    copy = tmp_path / "openapi.yaml"
    copy.write_text(PAGE.read_text(encoding="utf-8").replace("1-3 reference", "1-4 reference"), encoding="utf-8")
    assert main([str(PAGE), str(copy), "--project", str(ROOT)]) == 20
    said = capsys.readouterr().out
    assert "[-1-3-] {+1-4+}" in said
    assert re.search(r"^review$", said, re.MULTILINE)
    assert "breaking" not in said
