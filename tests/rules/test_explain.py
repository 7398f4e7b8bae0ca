"""`rulewright rules`: `explain` judges a request, `list` shows rules and sentences, `new` drafts a rule."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml
from rulewright.commands.rules import main

ROOT = Path(__file__).resolve().parents[2]
VIDEO = ("--project", str(ROOT), "--schema", "VideoGenerationDto")
PARCELS = str(ROOT / "tests/projects/parcels")
GOOD = {"prompt": "a", "action": "img2video", "model": "veo31_fast", "imageList": ["https://example.com/a.png"]}


def explain(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, Any]]:
    """Return the exit code and the JSON output of the command."""
    code = main(["explain", "--format", "json", *arguments])
    return code, json.loads(capsys.readouterr().out)


def test_a_valid_request_has_no_violation(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The command succeeds."""
    path = tmp_path / "request.json"
    path.write_text(json.dumps(GOOD))
    assert explain(capsys, str(path), *VIDEO) == (0, {"valid": True, "violations": []})


def test_a_violation_names_rule_place_message_and_source(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Everything needed to correct the request or to argue about the rule; read from standard input too."""
    monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps({**GOOD, "imageList": []})))
    code, output = explain(capsys, "-", *VIDEO)
    assert code == 1
    (violation,) = output["violations"]
    assert (violation["rule"], violation["level"], violation["pointer"]) == (
        "img2video-needs-images",
        "error",
        "/imageList",
    )
    assert "must hold 1 or 2" in violation["message"]
    assert violation["source"]["quote"].startswith("IMG2VIDEO: 1-2 images")
    assert violation["source"]["at"].startswith("#/components/schemas/")


def test_a_violation_of_the_schema_has_no_source(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A missing field has its own pointer."""
    path = tmp_path / "request.yaml"
    path.write_text("{size: large}")
    code, output = explain(capsys, str(path), "--project", PARCELS)
    assert code == 1
    found = [(each["rule"], each["pointer"], each["source"]) for each in output["violations"]]
    assert ("schema", "/kind", None) in found


def test_an_unknown_schema_has_a_suggestion(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The error suggests the closest name, or lists all."""
    path = tmp_path / "request.json"
    path.write_text("{}")
    assert main(["explain", str(path), "--project", PARCELS, "--schema", "LabelOder"]) == 1
    assert "--schema 'LabelOder' has no rules; did you mean 'LabelOrder'?" in capsys.readouterr().err
    assert main(["explain", str(path), "--project", PARCELS, "--schema", "Zebra"]) == 1
    assert "there are LabelOrder" in capsys.readouterr().err


def test_the_list_holds_rules_and_sentences(capsys: pytest.CaptureFixture[str]) -> None:
    """Rules first, each with its schema and source; as text and as JSON."""
    assert main(["list", "--project", str(ROOT)]) == 0
    shown = capsys.readouterr().out
    assert "img2video-needs-images (error, VideoGenerationDto)\n  imageList must hold" in shown
    assert "-> img2video-needs-images" in shown
    assert main(["list", "--project", str(ROOT), "--format", "json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert set(listed) == {"document", "rules", "sentences"}
    assert {rule["schema"] for rule in listed["rules"]} >= {"VideoGenerationDto"}


def skeleton(capsys: pytest.CaptureFixture[str], sentence: str) -> dict[str, Any]:
    """Return the action that `rules new` prints for a sentence."""
    assert main(["new", sentence, "--project", str(ROOT)]) == 0
    (action,) = yaml.safe_load(capsys.readouterr().out)
    assert isinstance(action, dict)
    return action


def test_new_writes_the_skeleton_of_a_rule(capsys: pytest.CaptureFixture[str]) -> None:
    """Target, source, condition and bound come from the sentence; an editor's schema accepts the action."""
    action = skeleton(capsys, "img2video: 1-2 images")
    (rule,) = action["update"]["x-rules"]
    assert action["target"] == "$.components.schemas.VideoGenerationDto"
    assert rule["source"]["quote"] == "IMG2VIDEO: 1-2 images (start frame, or start + end frames)"
    assert rule["if"] == {"properties": {"action": {"const": "img2video"}}, "required": ["action"]}
    assert rule["then"]["properties"] == {"imageList": {"minItems": 1, "maxItems": 2}}
    overlay = {"overlay": "1.1.0", "info": {"title": "Rules", "version": "1.0.0"}, "actions": [action]}
    jsonschema_rs.validate(json.loads((ROOT / "generated/overlay.schema.json").read_text("utf-8")), overlay)


def test_new_gives_an_example_on_each_side(capsys: pytest.CaptureFixture[str]) -> None:
    """Examples are filled in where samples exist."""
    (rule,) = skeleton(capsys, "INGREDIENTS2VIDEO only supports veo31_fast")["update"]["x-rules"]
    assert rule["then"]["properties"] == {"model": {"enum": ["veo31_fast"]}}
    assert rule["examples"]["passes"]["model"] == "veo31_fast"
    assert rule["examples"]["breaks"]["model"] != "veo31_fast"


@pytest.mark.parametrize(
    ("sentence", "problem"),
    [("images", r"\d sentences hold these words"), ("INGREDIENTS2VIDEO only support veo31fast", "did you mean: Note")],
)
def test_new_needs_one_sentence(sentence: str, problem: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Several matching sentences, and none, are errors with suggestions."""
    assert main(["new", sentence, "--project", str(ROOT)]) == 1
    assert re.search(problem, capsys.readouterr().err)
