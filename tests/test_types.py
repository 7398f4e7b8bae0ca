"""mypy and pyright accept the project, and judge calls of the client as the rules do.

Each checker reads everything once: most of its time goes to what all of these files import.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from collections import defaultdict
from pathlib import Path
from typing import Any, Final

import pytest

pytestmark = pytest.mark.xdist_group("types")

ROOT: Final = Path(__file__).resolve().parents[1]
CALLS: Final = ROOT / "generated/calls"
SETTINGS: Final[dict[str, Any]] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]
SHOWN: Final = re.findall(
    r"^\| `(client\..*?)` \| (accepted|rejected)", (ROOT / "README.md").read_text("utf-8"), re.MULTILINE
)
"""The calls in the README, each with what a type checker is said to do with it."""
HEAD: Final = ("from mountsea_gemini import Client", "def calls(client: Client, start: str, end: str) -> None:")

Errors = dict[Path, dict[int, str]]
"""What a checker finds wrong: message by file and line."""


def mypy(files: list[Path]) -> Errors:
    """Return the errors that mypy finds, in the project and in further files."""
    command = [sys.executable, "-m", "mypy", "--no-error-summary", *SETTINGS["mypy"]["files"], *map(str, files)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode in {0, 1}, done.stdout + done.stderr
    found: Errors = defaultdict(dict)
    for path, line, message in re.findall(r"^(.+?):(\d+): error: (.*)$", done.stdout, re.MULTILINE):
        # Of a file that it has read before, in another folder of a test, it names the place of then.
        place = next((each for each in files if each.name == Path(path).name), ROOT / path)
        found[place][int(line)] = message
    return found


def pyright(files: list[Path]) -> Errors:
    """Return the same of pyright, for the client only: the rest of the project takes it twice as long."""
    command = [sys.executable, "-m", "pyright", "--pythonpath", sys.executable, "--outputjson"]
    command += [str(ROOT / "generated/mountsea_gemini"), *map(str, files)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    report = json.loads(done.stdout)
    assert report["summary"]["filesAnalyzed"] > len(files)
    found: Errors = defaultdict(dict)
    for entry in report["generalDiagnostics"]:
        if entry["severity"] == "error":
            found[Path(entry["file"])][entry["range"]["start"]["line"] + 1] = entry["message"]
    return found


@pytest.fixture(scope="module")
def readme(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A module of the calls that the README shows."""
    file = tmp_path_factory.mktemp("types") / "readme_calls.py"
    file.write_text("\n".join([*HEAD, *(f"    {call}" for call, _ in SHOWN)]) + "\n", encoding="utf-8")
    return file


@pytest.fixture(scope="module", params=[mypy, pyright], ids=["mypy", "pyright"])
def errors(request: pytest.FixtureRequest, readme: Path) -> Errors:
    """What each checker finds wrong in the project and the tables of calls."""
    found: Errors = request.param([CALLS / "right.py", CALLS / "wrong.py", readme])
    return found


@pytest.mark.heavy
def test_pyright_accepts_the_whole_project() -> None:
    """Check the client, the tool and the tests that `pyproject.toml` names."""
    done = subprocess.run([sys.executable, "-m", "pyright"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_the_project_passes_type_checks(errors: Errors, readme: Path) -> None:
    """Strict mypy accepts the client, the tool and the tests; pyright accepts the client."""
    tables = {CALLS / "right.py", CALLS / "wrong.py", readme}
    assert {str(path): found for path, found in errors.items() if path not in tables} == {}


def test_a_type_checker_decides_like_the_rules(errors: Errors) -> None:
    """No right call is rejected, and no wrong one is accepted."""
    assert errors.get(CALLS / "right.py", {}) == {}
    wrong = calls(CALLS / "wrong.py")
    assert [call for line, call in wrong.items() if line not in errors[CALLS / "wrong.py"]] == []


def test_the_table_of_the_readme_is_true(errors: Errors, readme: Path) -> None:
    """Each call shown is accepted or rejected by the type checker as it says."""
    assert len(SHOWN) >= 7
    expected = {number for number, (_, verdict) in enumerate(SHOWN, len(HEAD) + 1) if verdict == "rejected"}
    assert set(errors.get(readme, {})) == expected


def calls(file: Path) -> dict[int, str]:
    """Return the calls of a table by line."""
    lines = file.read_text(encoding="utf-8").splitlines()
    return {number: line for number, line in enumerate(lines, 1) if line.startswith("    client.")}


def test_the_tables_hold_every_combination() -> None:
    """Each stands in exactly one of them, and a wrong one names the rules it breaks."""
    right, wrong = calls(CALLS / "right.py"), calls(CALLS / "wrong.py")
    assert right
    assert wrong
    assert not {line.split("  #")[0] for line in wrong.values()} & set(right.values())
    assert all("  # " in line for line in wrong.values())
