"""`st run` against the sandbox over a socket finds no failure and no warning."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from rulewright.merged import Merged
from rulewright.sandbox import Sandbox

from tests.contract.conftest import LONG

SEEDS = range(1, 1 + int(os.environ.get("CONTRACT_SEEDS", "1")))
PHASES = () if LONG else ("--phases=examples,coverage,stateful",)
"""The contract checks draw the requests that fuzzing would, in every run."""
CONFIG = """
base-url = "{url}"
headers = {{ Authorization = "Bearer sandbox" }}
[generation]
max-examples = {examples}
database = "none"
[warnings]
fail-on = true
"""


def start_run(folder: Path, document: Any, url: str, guarded: dict[str, str], *options: str) -> subprocess.Popen[str]:
    """Start `st run` in its own folder."""
    folder.mkdir(parents=True)
    (folder / "spec.json").write_text(json.dumps({**document, "servers": [{"url": url}]}), encoding="utf-8")
    (folder / "schemathesis.toml").write_text(CONFIG.format(url=url, examples=100 if LONG else 5), encoding="utf-8")
    command = [sys.executable, "-m", "schemathesis.cli", "run", "spec.json", "--no-color", "--checks", "all", *options]
    return subprocess.Popen(
        command, cwd=folder, env=guarded, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, encoding="utf-8"
    )


def count_passed(run: subprocess.Popen[str]) -> int:
    """Wait for a run without findings, and return the number of its cases."""
    output = run.communicate(timeout=600)[0]
    assert run.returncode == 0, output
    assert "No issues found" in output, output
    assert "WARNING" not in output, output
    counts = re.search(r"(\d+) generated, (\d+) passed", output)
    assert counts is not None, output
    assert counts[1] == counts[2]
    return int(counts[1])


@pytest.mark.parametrize("seed", SEEDS)
def test_the_sandbox_is_what_the_document_says(
    seed: int, merged: Merged, tmp_path: Path, guarded: dict[str, str]
) -> None:
    """All phases on the effective document."""
    sandbox = Sandbox("mountsea_gemini")
    with sandbox.serve() as server:
        run = start_run(tmp_path / "effective", merged.effective, server.url, guarded, f"--seed={seed}", *PHASES)
        assert count_passed(run) >= 100
    statuses = {(each.path, each.status) for each in sandbox.requests}
    for path, success in (("/gemini/video/generate", 201), ("/gemini/task/result", 200)):
        assert {(path, success), (path, 400), (path, 401)} <= statuses
