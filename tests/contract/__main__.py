"""Run the contract tests and say what they covered: `nox -s contract`, or `nox -s contract -- --long` at night.

Options this command does not know are pytest's.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import pytest
from rulewright.errors import printable

HERE: Final = Path(__file__).parent
FOLDER: Final = Path("contract-report")
SPEC_RUNS: Final = "st-run.txt"


def main(arguments: Sequence[str] | None = None) -> int:
    """Return 0 if tests ran, all passed, and left a report that says the contract is kept."""
    parser = argparse.ArgumentParser(prog="nox -s contract --", description=__doc__)
    parser.add_argument("--long", action="store_true", help="many more random bodies, and `st run` with twenty seeds")
    parser.add_argument("--seeds", type=int, metavar="N", help="how many seeds `st run` gets (1, or 20 with --long)")
    parser.add_argument("--report", type=Path, default=FOLDER, metavar="DIR", help="folder of the reports")
    options, others = parser.parse_known_args(arguments)
    folder = options.report.absolute()
    for path in (folder / name for name in (SPEC_RUNS, "report.json")):
        path.unlink(missing_ok=True)
    folder.mkdir(parents=True, exist_ok=True)
    # The folder and the profile have to reach the processes of pytest-xdist too.
    os.environ["CONTRACT_REPORT"] = str(folder)
    os.environ["CONTRACT_PROFILE"] = "long" if options.long else ""
    os.environ["CONTRACT_SEEDS"] = str(options.seeds or (20 if options.long else 1))
    started = time.monotonic()
    code = pytest.main(["-n", "2", "--dist", "loadfile", "--junit-xml", str(folder / "tests.xml"), *others, str(HERE)])
    print(*summary(folder), f"reports: {options.report}/ ({time.monotonic() - started:.0f} s)", sep="\n")
    return int(code) or (0 if _kept(folder) else 1)


def _kept(folder: Path) -> bool:
    return bool(_report(folder).get("passed"))


def _report(folder: Path) -> dict[str, Any]:
    path = folder / "report.json"
    found: dict[str, Any] = json.loads(path.read_bytes()) if path.is_file() else {}
    return found


def summary(folder: Path) -> Iterator[str]:
    """Yield what a run covered, in a few lines.

    Args:
        folder: Where its reports are.
    """
    report = _report(folder)
    if not report.get("checks"):
        yield "contract: no case was tried, which proves nothing"
        return
    failures = sum(len(each["failures"]) for each in report["checks"])
    word = "kept" if report["passed"] else "BROKEN"
    yield f"contract: {word}; {report['cases']} cases in {len(report['checks'])} checks, {failures} failures"
    coverage = report.get("coverage")
    if coverage:
        missed = len(coverage["missed"])
        yield (f"coverage: {coverage['share']:.1%} of {len(coverage['counts'])} things to show,"
               f" {missed} missed, {len(coverage['waived'])} waived")  # fmt: skip
    for sense, count in report["rules"].items():
        yield f"  {printable(sense)}: {count} bodies"
    runs = folder / SPEC_RUNS
    yield from (f"st run: {line}" for line in (runs.read_text(encoding="utf-8").splitlines() if runs.is_file() else ()))


if __name__ == "__main__":
    sys.exit(main())
