"""Run the real program in its own process, and collect its output."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

from attrs import frozen
from mountsea_gemini import Client
from mountsea_gemini._api import BASE_URL_VARIABLE, TOKEN_VARIABLE
from rulewright.sandbox import Sandbox

ROOT = Path(__file__).parents[2]


@frozen
class Ran:
    """Exit code and output of one run."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Return the one JSON object on standard output."""
        (line,) = self.out.splitlines()
        return json.loads(line)


Cli: TypeAlias = Callable[..., Ran]
"""Run a command; options of `run`, or variables of the environment, by name."""


@frozen
class Running:
    """A sandbox that listens, and the options to reach it."""

    sandbox: Sandbox
    url: str

    @property
    def options(self) -> tuple[str, ...]:
        """Return the options that send a command there."""
        return ("--sandbox", "--base-url", self.url)

    def sent(self, method: str) -> int:
        """Return how many requests had that method."""
        return sum(request.method == method for request in self.sandbox.requests)

    def submit(self) -> str:
        """Submit a task with the client, and return its id."""
        with Client("sandbox", base_url=self.url) as client:
            return client.text_to_video("a cat").id


Serve: TypeAlias = Callable[[str], Running]
"""Start a sandbox whose tasks follow a script."""


def environment(**more: str) -> dict[str, str]:
    """Return environment variables with which a program finds this repository's packages."""
    paths = os.pathsep.join(str(ROOT / name) for name in ("overlays", "generated"))
    kept = {name: value for name, value in os.environ.items() if name not in {TOKEN_VARIABLE, BASE_URL_VARIABLE}}
    return {**kept, "PYTHONPATH": paths, "PYTHONUTF8": "1", **more}


def command(*arguments: str) -> list[str]:
    """Return the command line of the real program."""
    return [sys.executable, "-m", "mountsea_gemini", *arguments]


@contextlib.contextmanager
def start(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Start the real program, and kill it at the end."""
    process = subprocess.Popen(
        command(*arguments),
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                stream.close()


def read_until(process: subprocess.Popen[str], words: str) -> str:
    """Return the first line on standard error that contains some words."""
    assert process.stderr is not None
    return next(line for line in process.stderr if words in line)


def until(happened: Callable[[], bool]) -> None:
    """Wait for a condition."""
    deadline = time.monotonic() + 60
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.02)
