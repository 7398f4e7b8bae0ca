"""The table of benchmarks: each figure beside its target, with missed targets marked."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bench import __main__ as bench
from bench._rows import READERS, Row

ROOT = Path(__file__).resolve().parents[1]


def ways(bare: float, ours: float) -> dict[str, dict[str, float]]:
    """Return the seconds of each way of one size."""
    found = {"bare generator": bare, "regenerate": ours, "regenerate, a rule changed": ours / 4}
    return {name: {"wall": seconds * 2, "cpu": seconds} for name, seconds in found.items()}


def rows(name: str, figures: Any) -> dict[str, Row]:
    """Return the rows of one bench by what they are about."""
    return {row.what: row for row in READERS[name](figures)}


def test_each_bench_has_a_reader_a_title_and_a_script() -> None:
    """A benchmark added to the folder is run and its figures are read."""
    scripts = {path.stem for path in (ROOT / "bench").glob("[!_]*.py")} | {"faults"}
    assert set(bench.COMMANDS) == set(bench.TITLES) == set(READERS) == scripts


def test_a_missed_target_is_reported() -> None:
    """A ratio above its target, and growth above the bare generator's own."""
    found = rows("scale", {"seconds": {"10": ways(1, 1.1), "100": ways(5, 6)}})
    assert found["10 operations: regenerate, processor"].met is True
    assert found["100 operations: regenerate, processor"].met is False
    assert found["from 10 to 100 operations, processor"].met is False
    figures = {"command": "python bench/scale.py", "minutes": 1, "load": [0.5, 1], "processors": 2}
    page = bench.page({"scale": figures}, {"scale": tuple(found.values())})
    assert "| 5.00 s" not in page
    assert "| 6.00 s, the bare generator 5.00 s | 1.20 | at most 1.15 | **MISSED** |" in page
    assert "Of 6 targets 2 are met and 4 are missed." in page
    assert page.count("Not measured.") == len(bench.TITLES) - 1


def test_one_size_alone_shows_no_growth() -> None:
    """Growth needs two sizes."""
    assert not [what for what in rows("scale", {"seconds": {"10": ways(1, 1)}}) if what.startswith("from")]


@pytest.mark.parametrize(("prism", "met"), [(None, None), (3.0, True), (2.0, False)])
def test_a_missing_peer_is_not_measured(prism: float | None, met: bool | None) -> None:
    """Without Prism its row says so, and counts neither way."""
    ratios = {"bare handler": 0.8}
    if prism is not None:
        ratios["prism, silent"] = prism
    servers = {name: {"requests_per_second": 1.0, "ready_seconds": 0.6} for name in ("sandbox", *ratios)}
    least = {"bare handler": 0.7, "prism, silent": 2.5}
    measured = {"rate_ratio_to": ratios, "processor_ratio_to": ratios, "servers": servers, "least": least}
    found = rows("sandbox", {**measured, "megabytes": 50})
    (row,) = (row for what, row in found.items() if "prism" in what.lower() and "a second" in what)
    assert row.met is met
    assert found["ready"].met is False
    assert found["memory after its requests"].met is True


def test_ctrl_c_keeps_what_was_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The partial figures of an interrupted benchmark are kept, and so are those of all others."""
    monkeypatch.setattr(bench, "FIGURES", tmp_path / "results.json")

    def interrupted(command: list[str], **_: Any) -> None:
        Path(command[-1]).write_text('{"ratio": 1.2}', encoding="utf-8")
        raise KeyboardInterrupt

    monkeypatch.setattr(subprocess, "run", interrupted)
    figures: dict[str, Any] = {"scale": {"figures": {}}}
    with pytest.raises(KeyboardInterrupt):
        bench.measure("rules", figures, quick=True)
    assert figures["rules"]["figures"] == {"ratio": 1.2}
    assert figures["rules"]["command"] == "python bench/rules.py"
    assert set(figures) == {"scale", "rules"}
    assert sys.executable not in (tmp_path / "results.json").read_text(encoding="utf-8")
