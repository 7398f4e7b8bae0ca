"""Rules become types: type checkers accept each call that keeps the rules and reject each that breaks one."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CALLS = ROOT / "generated/calls"


def rejected_by_mypy(file: Path) -> set[int]:
    """Return the lines in which mypy finds errors; with the project's settings, so that it finds its cache warm."""
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--no-error-summary", str(file)],
        cwd=ROOT,
        env={"PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    return {int(line) for line in re.findall(rf"{file.name}:(\d+): error", done.stdout)}


def rejected_by_pyright(file: Path) -> set[int]:
    """Return the lines in which pyright finds errors."""
    done = subprocess.run(
        [sys.executable, "-m", "pyright", "--pythonpath", sys.executable, "--outputjson", str(file)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    found = json.loads(done.stdout)["generalDiagnostics"]
    return {entry["range"]["start"]["line"] + 1 for entry in found if entry["severity"] == "error"}


CHECKERS = {"mypy": rejected_by_mypy, "pyright": rejected_by_pyright}


def calls(file: Path) -> dict[int, str]:
    """Return the calls of a table by line."""
    lines = file.read_text(encoding="utf-8").splitlines()
    return {number: line for number, line in enumerate(lines, 1) if line.startswith("    client.")}


def test_the_tables_hold_every_combination() -> None:
    """3 actions x 7 models x 6 image counts, each in exactly one table."""
    right, wrong = calls(CALLS / "right.py"), calls(CALLS / "wrong.py")
    assert (len(right), len(wrong)) == (504 // 9, 126 - 504 // 9)
    assert not {line.split("  #")[0] for line in wrong.values()} & set(right.values())
    assert all("  # " in line for line in wrong.values())


@pytest.mark.parametrize("checker", CHECKERS)
def test_a_type_checker_decides_like_the_rules(checker: str) -> None:
    """No right call is rejected, and no wrong one is accepted."""
    assert CHECKERS[checker](CALLS / "right.py") == set()
    wrong = calls(CALLS / "wrong.py")
    assert sorted(set(wrong) - CHECKERS[checker](CALLS / "wrong.py")) == []


@pytest.mark.parametrize("checker", CHECKERS)
def test_the_table_of_the_readme_is_true(checker: str, tmp_path: Path) -> None:
    """Each call shown is accepted or rejected by the type checker as it says."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(client\..*?)` \| (accepted|rejected)", readme, re.MULTILINE)
    assert len(rows) >= 7
    file = tmp_path / "readme_calls.py"
    head = ["from mountsea_gemini import Client", "def calls(client: Client, start: str, end: str) -> None:"]
    file.write_text("\n".join([*head, *(f"    {call}" for call, _ in rows)]) + "\n", encoding="utf-8")
    expected = {number for number, (_, verdict) in enumerate(rows, len(head) + 1) if verdict == "rejected"}
    assert CHECKERS[checker](file) == expected
