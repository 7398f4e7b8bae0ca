"""Known vulnerabilities: a floor that is written down, and a look at all pins every day."""

from __future__ import annotations

from pathlib import Path

import yaml
from rulewright.generate.generator import PINNED

ROOT = Path(__file__).resolve().parents[2]
FLOORS = {"openapi-python-client": (0, 29, 1)}
"""Below these a tool executes what a hostile document says."""


def test_no_pin_is_below_the_floor_of_its_advisories() -> None:
    """A downgrade that makes the same bytes would otherwise be a matter of taste."""
    for name, floor in FLOORS.items():
        assert tuple(map(int, PINNED[name].split("."))) >= floor


def test_ci_looks_for_advisories_every_day() -> None:
    """On the schedule and by hand, with the session that everybody can run."""
    jobs = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8"))
    (command,) = [step["run"] for step in jobs["jobs"]["advisories"]["steps"] if "run" in step]
    assert command.endswith("nox -s advisories")
    assert "def advisories(session: nox.Session)" in (ROOT / "noxfile.py").read_text(encoding="utf-8")
    assert "schedule" in jobs["jobs"]["advisories"]["if"]
    assert jobs[True]["schedule"]
