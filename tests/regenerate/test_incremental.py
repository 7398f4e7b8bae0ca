"""Unchanged inputs start nothing; any change runs the whole build, which gives the bytes of a first run."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rulewright.commands import regenerate as command
from rulewright.generate.tree import Tree, read_tree

from tests.generating import Inside
from tests.regenerate.test_new_rule import ACTION

CORRECTIONS, TASKS, RULES, WAITERS = (
    f"overlays/{name}.overlay.yaml" for name in ("10-corrections", "20-tasks", "30-rules", "40-waiters")
)
Edit = tuple[str, Callable[[str], str]]


def replaced(file: str, old: str, new: str) -> Edit:
    """Return an edit of one file that says something else in one place."""

    def edit(text: str) -> str:
        assert text.count(old) == 1, f"{file} says {old!r} {text.count(old)} times"
        return text.replace(old, new)

    return file, edit


EDITS: dict[str, Edit] = {
    "a reason": replaced(CORRECTIONS, "overlay: 1.1.0\n", "overlay: 1.1.0\nx-note: why\n"),
    "a rule more": (RULES, lambda text: text.rstrip() + "\n" + ACTION),
    "a rule's message": replaced(
        RULES, "message: imageList must hold 1 or 2", "message: the imageList must hold 1 or 2"
    ),
    "a rule for everybody": replaced(
        RULES, "level: warning\n          message: prompt", "level: error\n          message: prompt"
    ),
    "a deadline": replaced(WAITERS, "deadline: ", "deadline: 1"),
    "a comment": (TASKS, lambda text: text + "# Nothing.\n"),
    "a description": replaced("openapi.yaml", "version: 2.0.0", "version: 2.0.1"),
    "a summary": replaced(TASKS, "summary: ", "summary: Now - "),
    "a field": replaced(
        CORRECTIONS,
        "actions:\n",
        "actions:\n"
        """\
  - target: $.components.schemas.VideoGenerationDto.properties
    description: A field, invented for the test.
    update: {invented: {type: integer}}
""",
    ),
}


def apply(project: Path, edit: Edit) -> None:
    """Make an edit."""
    path = project / edit[0]
    path.write_text(edit[1](path.read_text(encoding="utf-8")), encoding="utf-8")


class Counting(Inside):
    """Counts the runs of the generator."""

    runs = 0

    def start(self, given: str) -> None:
        """Count, then generate."""
        type(self).runs += 1
        super().start(given)


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Return a function that regenerates a project and says how often the generator ran."""
    monkeypatch.setattr(command, "Generator", Counting)

    def regenerate(project: Path, *options: str) -> int:
        before = Counting.runs
        assert command.main(["--project", str(project), "--quiet", *options]) == 0
        return Counting.runs - before

    return regenerate


def test_nothing_at_all_is_started_without_a_change(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the generator nor the formatter: unchanged inputs and outputs are recognised by their hashes."""

    def started(*_: Any, **__: Any) -> None:
        pytest.fail("a process was started")

    monkeypatch.setattr(subprocess, "Popen", started)
    for options in ([], ["--check"]):
        assert command.main(["--project", str(project), *options]) == 0


@pytest.mark.parametrize("name", EDITS)
def test_a_changed_input_runs_the_whole_build(project: Path, runs: Callable[..., int], name: str) -> None:
    """There is no cache of partial results: the bytes are those of regenerating from nothing."""
    apply(project, EDITS[name])
    assert runs(project) == 1
    assert runs(project) == 0
    assert read_tree(project / "generated") == from_nothing(project, runs)


def from_nothing(project: Path, runs: Callable[..., int]) -> Tree:
    """Regenerate a project that has no output, and return what it then has."""
    shutil.rmtree(project / "generated")
    assert runs(project) == 1
    return read_tree(project / "generated")


FORGED: dict[str, Callable[[Path], object]] = {
    "a model": lambda output: _append(output / "mountsea_gemini/raw/models/task_id_dto.py"),
    "another file": lambda output: _append(output / "RULES.md"),
    "a file more": lambda output: (output / "mountsea_gemini/raw/models/mine.py").write_bytes(b"x = 1\n"),
    "a file less": lambda output: (output / "mountsea_gemini/raw/errors.py").unlink(),
    "another generator": lambda output: _tool(output / "manifest.json"),
}


def _append(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"\n")


def _tool(path: Path) -> None:
    path.write_text(
        path.read_text("utf-8").replace('"openapi-python-client": "', '"openapi-python-client": "0.'), "utf-8"
    )


@pytest.mark.parametrize("name", FORGED)
def test_an_output_that_somebody_touched_is_never_reused(project: Path, runs: Callable[..., int], name: str) -> None:
    """Whatever was edited by hand, or made by another version, is made anew from the inputs."""
    apply(project, EDITS["a deadline"])
    FORGED[name](project / "generated")
    assert runs(project) == 1
    assert read_tree(project / "generated") == from_nothing(project, runs)
