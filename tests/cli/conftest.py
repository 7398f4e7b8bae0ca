"""Run the program in this process or its own, against a sandbox on a loopback port."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from mountsea_gemini._api import BASE_URL_VARIABLE, TOKEN_VARIABLE
from mountsea_gemini.cli import run
from mountsea_gemini.cli._options import STORE_VARIABLE
from rulewright.sandbox import Sandbox

from tests.cli.running import Ran, Running, command, environment


@pytest.fixture(autouse=True)
def _no_account(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Hide the account of the person who runs the tests, and give each test its own store."""
    monkeypatch.delenv(TOKEN_VARIABLE, raising=False)
    monkeypatch.delenv(BASE_URL_VARIABLE, raising=False)
    monkeypatch.setenv(STORE_VARIABLE, str(tmp_path / "store.sqlite"))


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    """Run the program in this process."""

    def call(*arguments: str, **options: Any) -> Ran:
        capsys.readouterr()
        code = run(arguments, **options)
        seen = capsys.readouterr()
        return Ran(code, seen.out, seen.err)

    return call


@pytest.fixture
def serve() -> Iterator[Callable[[str], Running]]:
    """Start sandboxes whose tasks follow a script."""
    with ExitStack() as stack:

        def start(script: str = "") -> Running:
            sandbox = Sandbox("mountsea_gemini", script=script)
            return Running(sandbox, stack.enter_context(sandbox.serve()).url)

        yield start


@pytest.fixture
def program() -> Callable[..., Ran]:
    """Run the real program in its own process."""

    def call(*arguments: str, stdin: str = "", **more: str) -> Ran:
        done = subprocess.run(
            command(*arguments),
            input=stdin,
            env=environment(**more),
            capture_output=True,
            check=False,
            encoding="utf-8",
            timeout=60,
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    return call
