"""Unchanged inputs start no process; any change runs the whole build, with the output of a first run."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rulewright.commands import regenerate as command
from rulewright.files import read_tree

from tests.generating import Inside
from tests.regenerate.test_new_rule import ACTION

EDITS: dict[str, tuple[str, Callable[[str], str]]] = {
    "a comment": ("overlays/20-tasks.overlay.yaml", lambda text: text + "# Nothing.\n"),
    "a rule more": ("overlays/30-rules.overlay.yaml", lambda text: text.rstrip() + "\n" + ACTION),
    "another version": ("openapi.yaml", lambda text: text.replace("version: 2.0.0", "version: 2.0.1")),
}


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
    """Unchanged inputs and outputs are recognised by their hashes."""

    def started(*_: Any, **__: Any) -> None:
        pytest.fail("a process was started")

    monkeypatch.setattr(subprocess, "Popen", started)
    for options in ([], ["--check"]):
        assert command.main(["--project", str(project), *options]) == 0


@pytest.mark.parametrize("name", EDITS)
def test_a_changed_input_runs_the_whole_build(project: Path, runs: Callable[..., int], name: str) -> None:
    """The output equals that of regenerating from nothing; there is no cache of partial results."""
    file, edit = EDITS[name]
    text = (project / file).read_text(encoding="utf-8")
    assert edit(text) != text
    (project / file).write_text(edit(text), encoding="utf-8")
    assert runs(project) == 1
    assert runs(project) == 0
    changed = read_tree(project / "generated")
    shutil.rmtree(project / "generated")
    assert runs(project) == 1
    assert read_tree(project / "generated") == changed
