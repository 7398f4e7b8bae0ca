"""Run the real program as a process of its own, and look at what it leaves behind."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from attrs import frozen
from mountsea_gemini import Client
from mountsea_gemini._api import BASE_URL_VARIABLE, TOKEN_VARIABLE
from rulewright.sandbox import Sandbox

ROOT = Path(__file__).parents[2]


@frozen
class Ran:
    """What one run of the program left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one JSON object on standard output."""
        (line,) = self.out.splitlines()
        return json.loads(line)


@frozen
class Running:
    """A sandbox that listens, and the options that lead there."""

    sandbox: Sandbox
    url: str

    @property
    def options(self) -> tuple[str, ...]:
        """What to give a command so that it goes there."""
        return ("--sandbox", "--base-url", self.url)

    def sent(self, method: str) -> int:
        """How many requests with that method came."""
        return sum(request.method == method for request in self.sandbox.requests)

    def submit(self) -> str:
        """Submit a task as any client would, and return its id."""
        with Client("sandbox", base_url=self.url) as client:
            return client.text_to_video("a cat").id


def environment(**more: str) -> dict[str, str]:
    """Return the environment of a program that is to find this repository's packages."""
    paths = os.pathsep.join(str(ROOT / name) for name in ("overlays", "generated"))
    kept = {name: value for name, value in os.environ.items() if name not in {TOKEN_VARIABLE, BASE_URL_VARIABLE}}
    return {**kept, "PYTHONPATH": paths, "PYTHONUTF8": "1", **more}


def command(*arguments: str) -> list[str]:
    """Return the command line of the real program."""
    return [sys.executable, "-m", "mountsea_gemini", *arguments]


@contextlib.contextmanager
def started(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Start the real program and make sure that it ends."""
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


def seen(process: subprocess.Popen[str], words: str) -> str:
    """Return the first line on standard error that holds some words."""
    assert process.stderr is not None
    return next(line for line in process.stderr if words in line)


def until(happened: Callable[[], bool]) -> None:
    """Wait until something has happened."""
    deadline = time.monotonic() + 60
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.02)
