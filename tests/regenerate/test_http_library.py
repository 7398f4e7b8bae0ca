"""The HTTP library of a client is a setting; `nox -s httpx2` runs all tests of the client on httpx2."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from rulewright.errors import InputError
from rulewright.project import load_project
from rulewright.sandbox import Sandbox, Timing

from tests.generating import regenerate

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = """
import sys
from mountsea_gemini import Client

with Client("sandbox", allow_private_downloads=True) as client:
    task = client.text_to_video("a cat in a meadow")
    task.wait()
    print(task.download("cat.mp4"))
assert "httpx2" in sys.modules and "httpx" not in sys.modules and "httpcore" not in sys.modules
"""

FAKED = """
import asyncio
from mountsea_gemini import AsyncClient, Client, SubmitOutcomeUnknown, TaskFailed
from rulewright.testing import FakeApi

with FakeApi(Client, "", "failed", "drop@submit", "cut@download:1") as api, api.client() as client:
    print(client.text_to_video("a cat").download("cat.mp4"))
    for error in TaskFailed, SubmitOutcomeUnknown:
        try:
            client.text_to_video("a cat").wait()
        except error:
            continue
        raise SystemExit(f"no {error}")
    client.text_to_video("a cat").download("cat.mp4")

async def main():
    with FakeApi(AsyncClient, "reset@download:1") as api:
        async with api.client() as client:
            await (await client.text_to_video("a cat")).download("cat.mp4")

asyncio.run(main())
"""


def choose(project: Path, library: str) -> None:
    """Set the library of a project."""
    path = project / "pyproject.toml"
    text = path.read_text("utf-8").replace("[tool.rulewright]\n", f'[tool.rulewright]\nhttp = "{library}"\n')
    path.write_text(text, encoding="utf-8")


def test_a_client_on_httpx2_makes_a_video(project: Path) -> None:
    """The client submits, waits and downloads over sockets without loading httpx."""
    choose(project, "httpx2")
    regenerate(project)
    with Sandbox("mountsea_gemini", timing=Timing("now")).serve() as server:
        environment = {**os.environ, "MOUNTSEA_BASE_URL": server.url, "PYTHONPATH": str(project / "generated")}
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT],
            cwd=project,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    assert (project / "cat.mp4").read_bytes()[4:8] == b"ftyp"


def test_the_fake_api_uses_the_library_of_its_client(project: Path) -> None:
    """Faults of both clients are raised as errors of the client's library."""
    choose(project, "httpx2")
    regenerate(project)
    environment = {**os.environ, "PYTHONPATH": str(project / "generated")}
    done = subprocess.run(
        [sys.executable, "-c", FAKED], cwd=project, env=environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_another_library_is_refused(project: Path) -> None:
    """The error lists the supported libraries."""
    choose(project, "requests")
    with pytest.raises(InputError, match="http must be one of httpx, httpx2, got 'requests'"):
        load_project(project)
