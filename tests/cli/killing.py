"""Run batches that kill themselves at every moment that matters, and then go on with each: one JSON line per moment.

Arguments: the sandbox's URL and a directory. Each moment is a child of its own, ended by SIGKILL: nothing is
cleaned up, nothing is flushed that was not on the disk already.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mountsea_gemini import _files, _http
from mountsea_gemini.cli import _journal, _report, run

LINES = 2


class Countdown:
    """Die at the n-th call."""

    def __init__(self, count: int) -> None:
        self.left = count

    def __call__(self) -> None:
        """Count, and die."""
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


def before(target: Any, name: str, tick: Callable[[], None]) -> None:
    """Let something tick before it does what it does."""
    original = getattr(target, name)

    def ticking(*arguments: Any, **named: Any) -> Any:
        tick()
        return original(*arguments, **named)

    setattr(target, name, ticking)


def after(target: Any, name: str, tick: Callable[[], None]) -> None:
    """Let something tick after it did what it does."""
    original = getattr(target, name)

    def ticking(*arguments: Any, **named: Any) -> Any:
        found = original(*arguments, **named)
        tick()
        return found

    setattr(target, name, ticking)


MOMENTS: dict[str, tuple[int, Callable[[Callable[[], None]], None]]] = {
    "before a record": (3 * LINES, lambda tick: before(_journal.Journal, "note", tick)),
    "after a record": (3 * LINES, lambda tick: after(_journal.Journal, "note", tick)),
    "before the disk has it": (3 * LINES + 2, lambda tick: before(os, "fsync", tick)),
    "before a request": (2 * LINES, lambda tick: before(_http.AsyncHttp, "send", tick)),
    "at a look": (LINES, lambda tick: before(_report.BatchProgress, "polled", tick)),
    "before a piece of a file": (LINES, lambda tick: before(_files.Partial, "write", tick)),
    "before a file's name": (LINES, lambda tick: before(_files.Partial, "commit", tick)),
    "after a file's name": (LINES, lambda tick: after(_files.Partial, "commit", tick)),
}


def in_a_child(work: Callable[[], Any]) -> int:
    """Do something in a child, and return how it ended."""
    child = os.fork()
    if child == 0:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
        code = 99
        try:
            code = int(work())
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def main() -> None:
    """Go through the moments."""
    url, home = sys.argv[1], Path(sys.argv[2])
    way = ("--sandbox", "--base-url", url, "--concurrency", "2")
    for name, (count, patch) in MOMENTS.items():
        for number in range(1, count + 1):
            file = home / f"{name} {number}.jsonl".replace("'", "").replace(" ", "-")
            prompts = [f"{name} {number} line {line}" for line in range(1, LINES + 1)]
            file.write_text(
                "".join(
                    json.dumps({"prompt": prompt, "action": "text2video", "model": "veo31_fast"}) + "\n"
                    for prompt in prompts
                )
            )

            def killed(file: Path = file, number: int = number, patch: Any = patch) -> int:
                patch(Countdown(number))
                return run(["submit", str(file), *way])

            ended = in_a_child(killed)
            journal = file.with_name(file.name + ".journal")
            left = journal.read_text() if journal.exists() else ""
            resumed = in_a_child(lambda file=file: run(["submit", str(file), *way]))  # type: ignore[misc]
            seen = {"moment": f"{name} {number}", "prompts": prompts, "killed": ended, "code": resumed}
            print(json.dumps({**seen, "left": left, "journal": journal.read_text()}), flush=True)


main()
