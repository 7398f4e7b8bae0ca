"""After a compatible change of the page, regenerating is enough: no test, number or golden file is edited."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from tests.copies import copy_checkout

OPERATION: Final = """\
  /gemini/video/styles:
    get:
      operationId: ApiPublicController_styles
      summary: List the styles of videos
      responses:
        '200':
          description: ''
          content:
            application/json:
              schema:
                type: object
                required: [styles]
                properties: {styles: {type: array, items: {type: string}}}
      security:
      - bearerAuth: []
"""
EDITS: Final = (
    ("            - veo31_fast_ingredients\n", "            - veo31_fast_ingredients\n            - veo9_fast\n"),
    ("        translation:\n", "        seedNumber:\n          type: integer\n        translation:\n"),
    ("Video aspect ratio", "The aspect ratio of the video"),
    ("components:\n  schemas:\n", f"{OPERATION}components:\n  schemas:\n"),
)
"""A further value, a further optional field, changed prose that no rule quotes, and a further operation."""
SAMPLED: Final = (
    "tests/rules/test_agreement.py",
    "tests/rules/test_analysis.py",
    "tests/contract/test_effective.py",
    "tests/contract/test_failures.py",
    "tests/contract/test_wire.py",
)
EXCEPT: Final = ("tests/test_compatible_change.py", "tests/test_readme.py", "tests/new", "tests/vendor")
"""Tests that install or copy this project, independent of its page."""


@pytest.fixture
def changed(tmp_path: Path) -> Path:
    """A copy of the project with the edits in its page, regenerated."""
    copy = copy_checkout(tmp_path / "project")
    page = copy / "openapi.yaml"
    text = page.read_text(encoding="utf-8")
    for old, new in EDITS:
        assert old in text
        text = text.replace(old, new, 1)
    page.write_text(text, encoding="utf-8")
    run(copy, "-m", "rulewright", "regenerate")
    return copy


def run(project: Path, *command: str) -> str:
    """Run Python in a copy of the project, with what the copy holds."""
    path = os.pathsep.join(str(project / folder) for folder in ("", "scripts", "generated", "overlays"))
    environment = {**os.environ, "PYTHONPATH": path, "PYTHONUTF8": "1"}
    done = subprocess.run(
        [sys.executable, *command], cwd=project, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    return done.stdout


@pytest.mark.parametrize(
    "tests",
    [
        pytest.param(SAMPLED, id="sampled", marks=pytest.mark.heavy),
        pytest.param(("tests", *(f"--ignore={each}" for each in EXCEPT)), id="all", marks=pytest.mark.heavy),
    ],
)
def test_the_suites_hold_for_the_changed_page(changed: Path, tests: tuple[str, ...]) -> None:
    """Rules, analysis and tests are green; the contract checks try the value, the field and the operation."""
    run(changed, "-m", "rulewright", "rules", "check")
    run(changed, "-m", "rulewright", "rules", "analyse")
    run(changed, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests)
    printed = run(changed, "-m", "rulewright", "contract", "--check", "valid-request", "--", "-vv")
    assert "test_valid_request[ApiPublicController_styles-sync] PASSED" in printed
