"""`st run` against the sandbox over a real socket: every phase, every check, no failure and no warning."""

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
from rulewright.rules.space import Space
from rulewright.rules.variants import with_disjoint_rules
from rulewright.rules.verdict import Verdict
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


def started(folder: Path, document: Any, url: str, guarded: dict[str, str], *options: str) -> subprocess.Popen[str]:
    """Start `st run` in a folder of its own."""
    folder.mkdir(parents=True)
    (folder / "spec.json").write_text(json.dumps({**document, "servers": [{"url": url}]}), encoding="utf-8")
    (folder / "schemathesis.toml").write_text(CONFIG.format(url=url, examples=100 if LONG else 5), encoding="utf-8")
    command = [sys.executable, "-m", "schemathesis.cli", "run", "spec.json", "--no-color", "--checks", "all", *options]
    return subprocess.Popen(
        command, cwd=folder, env=guarded, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, encoding="utf-8"
    )


def passed(run: subprocess.Popen[str]) -> int:
    """Wait for a run that finds nothing, and return how many cases it made."""
    output = run.communicate(timeout=600)[0]
    assert run.returncode == 0, output
    assert "No issues found" in output, output
    assert "WARNING" not in output, output
    counts = re.search(r"(\d+) generated, (\d+) passed", output)
    assert counts is not None, output
    assert counts[1] == counts[2]
    return int(counts[1])


@pytest.mark.parametrize("seed", SEEDS)
def test_the_sandbox_is_what_both_forms_of_the_document_say(
    seed: int, merged: Merged, tmp_path: Path, guarded: dict[str, str]
) -> None:
    """All phases on the effective spec; on its disjoint form coverage reaches all legal pairs and bounds."""
    first, second = Sandbox("mountsea_gemini"), Sandbox("mountsea_gemini")
    disjoint = with_disjoint_rules(merged.value, merged.ruled)
    with first.serve() as one, second.serve() as two:
        runs = (
            started(tmp_path / "effective", merged.effective, one.url, guarded, f"--seed={seed}", *PHASES),
            started(tmp_path / "disjoint", disjoint, two.url, guarded, f"--seed={seed}", "--phases=coverage"),
        )
        counts = list(map(passed, runs))
    assert min(counts) >= 100
    accepted = [json.loads(each.body) for each in second.requests if each.status == 201]
    (ruled,) = merged.ruled
    legal = [body for body in Space(ruled, merged.value).bodies() if not Verdict(ruled).broken(body)]
    assert {(body["action"], body["model"]) for body in accepted} == {(body["action"], body["model"]) for body in legal}
    images = {(body["action"], len(body["imageList"])) for body in accepted if "imageList" in body}
    assert {("img2video", 1), ("img2video", 2), ("ingredients2video", 1), ("ingredients2video", 3)} <= images
    statuses = {(each.path, each.status) for each in first.requests}
    for path, success in (("/gemini/video/generate", 201), ("/gemini/task/result", 200)):
        assert {(path, success), (path, 400), (path, 401)} <= statuses
