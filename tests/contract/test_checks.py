"""Every check of the contract passes, and together they exercise all of it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from mountsea_gemini.testing.contract import CHECKS, Contract, Report, text, universe, write

from tests.contract.conftest import REPORT_VARIABLE, Running


@pytest.mark.parametrize("name", CHECKS)
def test_check(name: str, running: Running) -> None:
    """The check tried something, and nothing failed; its docstring says what then holds."""
    result, bench = running.result(name), running.bench
    assert result.cases > 0
    shown = [line for each in result.failures[:10] for line in each.lines(bench.base, bench.variable)]
    assert not result.failures, "\n".join([f"{len(result.failures)} failures", *shown])


def test_everything_is_exercised(report: Report) -> None:
    """Every line of the universe was seen on the wire, or is waived with a reason that still holds."""
    assert report.coverage is not None
    assert report.coverage.problems == ()
    assert report.coverage.missed == ()
    assert report.passed, text(report)


def test_the_report_is_written_where_asked(report: Report, tmp_path: Path) -> None:
    """Text, Markdown, HTML, JSON and JUnit; in the folder the environment names, for people and for CI."""
    folder = Path(os.environ.get(REPORT_VARIABLE) or tmp_path)
    write(report, folder)
    names = {"report.txt", "report.md", "report.html", "report.json", "junit.xml"}
    assert names <= {path.name for path in folder.iterdir()}


def test_the_universe_holds_every_cell_twice() -> None:
    """1,134 combinations on each side, all fifteen legal pairs among the accepted ones."""
    lines = universe(Contract())
    cells = [line for line in lines if " cell " in line]
    assert len(cells) == 2 * 1134
    pairs = {tuple(line.split()[3:5]) for line in cells if line.endswith("accepted")}
    assert len(pairs) == 15


def test_every_rule_meets_enough_bodies(report: Report) -> None:
    """Each rule is broken alone and kept by at least 14 bodies, at the client and at the server."""
    senses = [f"{rule['id']} {sense} ({side})" for rule in Contract().submit.judge.rules  # type: ignore[union-attr]
              for sense in ("kept", "broken") for side in ("client", "server")]  # fmt: skip
    assert len(senses) == 28
    assert {sense: count for sense in senses if (count := report.rules.get(sense, 0)) < 14} == {}
