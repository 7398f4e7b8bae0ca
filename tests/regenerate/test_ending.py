"""Regeneration ends: circular references are refused, an endless generator is stopped, and no process is left."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from rulewright.commands.regenerate import main
from rulewright.files import read_tree

ROOT = Path(__file__).resolve().parents[2]
TABLE = '[tool.rulewright]\nspec = "openapi.json"\noverlays = []\npackage = "things_api"\noutput = "generated"\n'


def schema(name: str) -> dict[str, Any]:
    """Return a reference to a schema."""
    return {"$ref": f"#/components/schemas/{name}"}


def write(root: Path, components: Any, **table: object) -> Path:
    """Write a project whose one operation uses none of the components."""
    operation = {"operationId": "look", "responses": {"200": {"description": "done"}}}
    document = {
        "openapi": "3.1.0",
        "info": {"title": "Things", "version": "1"},
        "servers": [{"url": "https://api.example.com"}],
        "paths": {"/things": {"get": operation}},
        "components": components,
    }
    root.mkdir(exist_ok=True)
    (root / "openapi.json").write_text(json.dumps(document, indent=1), encoding="utf-8")
    lines = "".join(f"{key} = {json.dumps(value)}\n" for key, value in table.items())
    (root / "pyproject.toml").write_text(TABLE + lines, encoding="utf-8")
    return root


ENDLESS = """\
#!{python}
import os, pathlib, sys
from rulewright.generate import _generator_process, openapi_python_client

def generate(spec, package):
    pathlib.Path({started!r}).write_text(str(os.getpid()))
    while True:
        pass

openapi_python_client.generate = generate
_generator_process._run(sys.argv[3:])
"""
"""An interpreter whose generator never ends; it writes its process id to a file."""
COMMAND = """\
import sys
sys.executable = sys.argv.pop(1)
from rulewright.commands.regenerate import main
sys.exit(main())
"""
posix = pytest.mark.skipif(sys.platform == "win32", reason="neither these signals nor executable scripts")


@dataclass(frozen=True)
class Endless:
    """An interpreter as `ENDLESS` describes it."""

    path: Path
    started: Path

    def pid(self) -> int:
        """Wait until the generator runs, and return its process id."""
        wait_until(lambda: self.started.is_file() and self.started.read_text() != "")
        return int(self.started.read_text())


@pytest.fixture
def endless(tmp_path: Path) -> Endless:
    """Write the interpreter."""
    found = Endless(tmp_path / "python", tmp_path / "started")
    found.path.write_text(ENDLESS.format(python=sys.executable, started=str(found.started)), encoding="utf-8")
    found.path.chmod(0o755)
    return found


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait for a condition that other processes bring about."""
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.02)


def is_alive(pid: int) -> bool:
    """Return whether there is such a process."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{pid}/stat")  # an orphan may stay a zombie, where nobody collects it
    return not (state.is_file() and state.read_text().rpartition(")")[2].split()[0] == "Z")


ROUND = "#/components/schemas/{0}"
CIRCLES: dict[str, tuple[Any, str]] = {
    "itself": ({"schemas": {"A": schema("A")}}, ROUND.format("A")),
    "itself, led to": ({"schemas": {"C": schema("A"), "A": schema("A")}}, ROUND.format("A")),
    "two": ({"schemas": {"C": schema("A"), "A": schema("B"), "B": schema("A")}}, "#/components/schemas/B"),
    "with a description": (
        {"schemas": {"C": schema("A"), "A": {**schema("A"), "description": "round"}}},
        ROUND.format("A"),
    ),
    "encoded": ({"schemas": {"C": schema("A%20b"), "A b": schema("A%20b")}}, ROUND.format("A%20b")),
    "allOf": ({"schemas": {"A": {"allOf": [schema("B")]}, "B": {"allOf": [schema("A")]}}}, ROUND.format("B")),
    "anyOf": ({"schemas": {"A": {"anyOf": [schema("A")], "title": "round"}}}, ROUND.format("A")),
    "a property": (
        {
            "schemas": {
                "A": {"type": "object", "properties": {"x": schema("A/properties/x")}},
                "C": schema("A/properties/x"),
            }
        },
        ROUND.format("A/properties/x"),
    ),
    "responses": ({"responses": {"A": {"$ref": "#/components/responses/A"}}}, "#/components/responses/A"),
    "parameters": ({"parameters": {"A": {"$ref": "#/components/parameters/A"}}}, "#/components/parameters/A"),
}


@pytest.mark.parametrize("name", CIRCLES)
def test_a_circular_reference_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    """Unused components are checked too."""
    components, circle = CIRCLES[name]
    project = write(tmp_path / "project", components)
    assert main(["--project", str(project)]) == 1
    error = capsys.readouterr().err
    assert "references lead in a circle" in error or "leads back to itself" in error
    assert circle in error
    assert "openapi.json:" in error
    assert not (project / "generated").exists()


def test_a_recursive_schema_is_allowed(tmp_path: Path) -> None:
    """A tree refers to itself below a property, and two references may lead to one schema."""
    tree = {"type": "object", "properties": {"left": schema("Tree"), "right": schema("Alias")}}
    schemas = {"Tree": tree, "Alias": schema("Tree"), "Other": {"allOf": [schema("Alias")]}}
    assert main(["--project", str(write(tmp_path / "project", {"schemas": schemas})), "--quiet"]) == 0


@posix
def test_a_generator_that_does_not_end_is_stopped(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, endless: Endless
) -> None:
    """The limit is a setting; the output is not changed, and no process is left."""
    project = write(tmp_path / "project", {}, timeout=3)
    monkeypatch.setattr(sys, "executable", str(endless.path))
    assert main(["--project", str(project)]) == 1
    error = capsys.readouterr().err
    assert "openapi-python-client was stopped, as it did not end within 3 seconds" in error
    assert "set a longer timeout in [tool.rulewright]" in error
    assert read_tree(project / "generated") == {}
    assert not endless.started.exists() or not is_alive(endless.pid())


@pytest.mark.parametrize("value", [0, -1, True, "long", [1], float(10**300)])
def test_a_malformed_time_limit_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str], value: Any) -> None:
    """The limit must be a finite number of seconds above zero."""
    assert main(["--project", str(write(tmp_path / "project", {}, timeout=value))]) == 1
    assert "timeout must be a number of seconds above 0" in capsys.readouterr().err


@posix
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGKILL"])
def test_the_generator_ends_with_its_parent(tmp_path: Path, endless: Endless, name: str) -> None:
    """The command may be interrupted, terminated or killed."""
    project = write(tmp_path / "project", {})
    command = subprocess.Popen(
        [sys.executable, "-c", COMMAND, str(endless.path), "--project", str(project)],
        cwd=ROOT,
        stderr=subprocess.PIPE,
    )
    pid = endless.pid()
    command.send_signal(getattr(signal, name))
    _, error = command.communicate(timeout=60)
    wait_until(lambda: not is_alive(pid))
    assert not (project / "generated").exists()
    if name != "SIGKILL":
        assert command.returncode == 130
        assert error.decode() == "interrupted; nothing was written\n"
