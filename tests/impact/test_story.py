"""A changed page with one value, one count in a sentence and one default: the report has exactly these."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from rulewright.commands.impact import main

from tests.impact.conftest import EDITS, ROOT, replaced

FROZEN = ROOT / "tests/example"
PAGE = FROZEN / "openapi.yaml"


@pytest.fixture
def changed(tmp_path: Path) -> Path:
    """A copy of the vendor document with a model renamed, a count raised and a default turned."""
    copy = tmp_path / "openapi.yaml"
    copy.write_text(replaced(PAGE.read_text(encoding="utf-8"), *EDITS), encoding="utf-8")
    return copy


@pytest.fixture
def reported(changed: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, Any]]:
    """The exit code and the report as JSON."""
    code = main([str(PAGE), str(changed), "--format", "json", "--project", str(FROZEN)])
    return code, json.loads(capsys.readouterr().out)


def test_exactly_the_edits_are_reported(reported: tuple[int, dict[str, Any]]) -> None:
    """Three edits have these changes and no other."""
    code, report = reported
    assert code == report["exit"] == 30
    assert {change["check"] for change in report["changes"]} == {
        "enum-value-removed", "enum-value-added", "rule-examples-unfit",  # the value
        "prose-changed", "rule-text-changed",  # the count
        "default-changed", "overlay-stale",  # the default
        "version-kept",
    }  # fmt: skip
    assert report["unexplained"] == []
    (value,) = [change for change in report["changes"] if change["check"] == "enum-value-removed"]
    assert [part["check"] for part in value["parts"]] == ["function-narrowed", "function-narrowed"]


def test_requests_are_counted_with_the_smallest_of_each_kind(reported: tuple[int, dict[str, Any]]) -> None:
    """As many requests stop with the old value as start with the new one, and a request of each kind is shown."""
    (body,) = reported[1]["requests"]
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


def test_a_changed_sentence_is_shown_with_what_quotes_it(reported: tuple[int, dict[str, Any]]) -> None:
    """Old and new sentence, word by word, with the rule and the overlay action that rest on it."""
    (prose,) = [change for change in reported[1]["changes"] if change["check"] == "prose-changed"]
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
    (rule,) = [change for change in reported[1]["changes"] if change["check"] == "rule-text-changed"]
    assert rule["effect"].startswith("the source of the rule ingredients-need-images changed")


def test_a_changed_default_means_another_request(reported: tuple[int, dict[str, Any]]) -> None:
    """The changed default is reported although an overlay hides it; that overlay is stale."""
    changes = {change["check"]: change for change in reported[1]["changes"]}
    default = changes["default-changed"]
    assert "now means 9:16 instead of 16:9" in default["effect"]
    assert default["who"] == ["wire"]
    assert "aspectRatio" not in default["witness"]
    assert "10-corrections.overlay.yaml, action 2" in changes["overlay-stale"]["effect"]
    assert any('expected: "16:9"' in line for line in changes["overlay-stale"]["details"])


def test_a_stale_action_is_accepted_for_its_cause(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The fingerprint depends on the new default and not on its line."""
    text = PAGE.read_text(encoding="utf-8")

    def fingerprint(changed: str) -> str:
        (tmp_path / "openapi.yaml").write_text(changed, encoding="utf-8")
        main([str(PAGE), str(tmp_path / "openapi.yaml"), "--format", "json", "--project", str(FROZEN)])
        changes = json.loads(capsys.readouterr().out)["changes"]
        return next(str(change["fingerprint"]) for change in changes if change["check"] == "overlay-stale")

    first = fingerprint(replaced(text, ("default: '16:9'", "default: '9:16'")))
    assert fingerprint("# moved\n" + replaced(text, ("default: '16:9'", "default: '9:16'"))) == first
    assert fingerprint(replaced(text, ("default: '16:9'", "default: '4:3'"))) != first
