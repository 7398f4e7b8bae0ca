"""A project to import into, and the command line, run as a user runs it but in this process."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from rulewright.commands.importing import main
from rulewright.errors import run_cli

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Outcome:
    """Exit code and output of one run of the command line."""

    code: int
    out: str
    err: str


Run = Callable[..., Outcome]


@pytest.fixture
def pages() -> Path:
    """Return the folder of invented pages."""
    return HERE / "pages"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty project, which is the working directory."""
    root = tmp_path / "project"
    root.mkdir()
    table = '[tool.rulewright]\nspec = "openapi.yaml"\noverlays = []\npackage = "made"\noutput = "made"\n'
    (root / "pyproject.toml").write_text(table, encoding="utf-8")
    monkeypatch.chdir(root)
    return root


@pytest.fixture
def run(project: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Return a function that runs the command line in the project."""

    def run_once(*arguments: str | Path) -> Outcome:
        code = run_cli(lambda: main([str(argument) for argument in arguments]))
        captured = capsys.readouterr()
        return Outcome(code, captured.out, captured.err)

    return run_once


def list_overlay(project: Path, name: str) -> None:
    """Add an overlay to the settings of a project that has none."""
    settings = project / "pyproject.toml"
    settings.write_text(
        settings.read_text("utf-8").replace("overlays = []", f"overlays = ['{name}']"), encoding="utf-8"
    )


def find_proposals(text: str) -> list[Any]:
    """Return the overlay actions that a report proposes."""
    return [yaml.safe_load(block)[0] for block in re.findall(r"(?m)^ {6}- target: .*\n(?: {8}.*\n)*", text)]
