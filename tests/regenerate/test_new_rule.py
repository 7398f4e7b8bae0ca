"""A rule is one YAML action: after regeneration it applies everywhere."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from rulewright.commands.rules import main as rules

from tests.generating import regenerate

ROOT = Path(__file__).resolve().parents[2]

ACTION = """
  - target: $.components.schemas.VideoGenerationDto
    description: An eighth rule, invented for the test.
    update:
      x-rules:
        - id: portrait-needs-veo31
          level: error
          message: model must be veo31_fast or veo31_quality when aspectRatio is 9:16
          source:
            at: '#/components/schemas/VideoGenerationDto/properties/aspectRatio/description'
            quote: QUOTE
          if: {properties: {aspectRatio: {const: '9:16'}}, required: [aspectRatio]}
          then: {properties: {model: {enum: [veo31_fast, veo31_quality]}}}
          examples:
            passes: {prompt: a cat, action: text2video, model: veo31_fast, aspectRatio: '9:16'}
            breaks: {prompt: a cat, action: text2video, model: veo2_fast, aspectRatio: '9:16'}
"""
PAGE = (ROOT / "openapi.yaml").read_text(encoding="utf-8")
ACTION = ACTION.replace("QUOTE", re.findall("description: (.*aspect ratio.*)", PAGE)[0])
BROKEN: dict[str, Any] = {"prompt": "a cat", "action": "text2video", "model": "veo2_fast", "aspectRatio": "9:16"}


@pytest.fixture
def extended(project: Path) -> Path:
    """A copy of the project with an eighth rule, regenerated."""
    overlay = project / "overlays/30-rules.overlay.yaml"
    overlay.write_text(overlay.read_text(encoding="utf-8").rstrip() + "\n" + ACTION, encoding="utf-8")
    regenerate(project)
    return project


def run(project: Path, *command: str, text: str = "", status: int = 0) -> str:
    """Run Python with the copy's generated package in place of this project's."""
    path = os.pathsep.join([str(project / "generated"), str(ROOT), str(ROOT / "overlays")])
    done = subprocess.run(
        [sys.executable, *command],
        cwd=project,
        env={**os.environ, "PYTHONPATH": path, "MYPYPATH": str(project / "generated")},
        input=text,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout


def test_an_eighth_rule_reaches_everything(extended: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Effective spec, compiled check, error text, types, sandbox, command line, decision page, linter, analysis."""
    effective = json.loads((extended / "generated/openapi.effective.json").read_bytes())
    members = effective["components"]["schemas"]["VideoGenerationDto"]["allOf"]
    assert members[-1]["x-rule"]["id"] == "portrait-needs-veo31"
    assert "`portrait-needs-veo31`" in (extended / "generated/RULES.md").read_text(encoding="utf-8")

    script = f"""
from mountsea_gemini.raw.models import VideoGenerationDto
from mountsea_gemini.rules import violations
from rulewright.sandbox import Sandbox
import httpx
(found,) = violations({BROKEN!r}, model=VideoGenerationDto)
print(found)
with httpx.Client(base_url="http://127.0.0.1:9", transport=Sandbox("mountsea_gemini").transport()) as http:
    answer = http.post("/gemini/video/generate", json={BROKEN!r}, headers={{"Authorization": "Bearer sandbox"}})
print(answer.status_code, [each["rule"] for each in answer.json()["violations"]])
"""
    printed = run(extended, "-c", script)
    assert "portrait-needs-veo31: model must be veo31_fast or veo31_quality when aspectRatio is 9:16" in printed
    assert 'nearest valid request: model="veo31_fast"' in printed
    assert "400 ['portrait-needs-veo31']" in printed

    assert "portrait-needs-veo31" in run(extended, "-m", "mountsea_gemini", "rules")
    verdict = run(
        extended,
        "-m",
        "mountsea_gemini",
        "explain",
        "-",
        "--operation",
        "generate-video",
        "--json",
        text=json.dumps(BROKEN),
        status=3,
    )
    assert "portrait-needs-veo31" in verdict

    wrong = (extended / "generated/calls/wrong.py").read_text(encoding="utf-8")
    assert wrong.count("portrait-needs-veo31") > 10
    assert rules(["check", "--project", str(extended)]) == 0
    capsys.readouterr()
    assert rules(["analyse", "--project", str(extended), "--format", "json"]) == 1
    found = json.loads(capsys.readouterr().out)
    names = {finding["id"] for schema in found["schemas"] for finding in schema["findings"]}
    assert "dead-pair/model=veo2_fast/aspectRatio=9:16" in names
