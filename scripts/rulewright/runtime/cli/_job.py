"""What is known of a task so far, and the command that comes back to it."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Literal

from attrs import define

from .._api import PROGRAM
from ._options import Connecting, Printing, Saving, Waiting
from ._output import one_line
from ._package import TaskResult

STATES: Final[Mapping[str, str]] = {
    "retry": "running",
    "success": "succeeded",
    "failure": "failed",
    "cancelled": "cancelled",
    "timeout": "timed_out",
    "unknown": "unknown",
}
"""A task's state in JSON, by the waiter's verdict, whose "retry" a script's author would read as "submit again"."""


def output_of(options: Connecting) -> Path | None:
    """Return the file that is to be written, if any; `-` is standard output, by the name of its descriptor."""
    output = options.output if isinstance(options, Printing | Saving) else None
    return Path("/dev/fd/1") if output == Path("-") else output


@define
class Job:
    """One task of a command.

    Attributes:
        options: What the command was given.
        stage: How far the submit is.
        id: The task, once there is one.
        result: The last poll's result.
        file: What was downloaded.
    """

    options: Connecting
    stage: Literal["before", "submitting", "submitted"] = "before"
    id: str | None = None
    result: TaskResult | None = None
    file: Path | None = None

    def submitted(self, task_id: str) -> None:
        """Note the id."""
        self.stage, self.id = "submitted", task_id

    def seen(self, result: TaskResult) -> None:
        """Note a poll's result."""
        self.result = result

    @property
    def lasting(self) -> bool:
        """Whether the task outlives this command; in a sandbox of its own it does not."""
        return not (self.options.sandbox and self.options.base_url is None)

    def document(self) -> dict[str, Any]:
        """Return the job as JSON; every key is always there."""
        return {
            "id": self.id,
            "status": self.result.status if self.result else None,
            "state": STATES[self.result.verdict] if self.result else None,
            "urls": list(self.result.urls) if self.result else [],
            "file": str(self.file) if self.file else None,
        }

    def resume(self) -> str | None:
        """Return the command that resumes the task, or None if there is no task to resume."""
        if self.id is None or not self.lasting:
            return None
        output = output_of(self.options)
        if output is None:
            return self.command("wait")
        return self.command("download", "-o", str(output))

    def command(self, verb: str, *more: str) -> str:
        """Return a command about the task, ready to be pasted into a shell."""
        words = words_for(self.options, verb)
        if isinstance(self.options, Waiting) and self.options.allow_private_downloads and more:
            words.append("--allow-private-downloads")
        return pasted(words, str(self.id), *more)


def words_for(options: Connecting, verb: str) -> list[str]:
    """Return the beginning of a command that connects as these options do."""
    words = [PROGRAM, verb]
    if options.base_url is not None:
        words += ["--base-url", options.base_url]
    if options.token_file is not None:
        words += ["--token-file", str(options.token_file)]
    if options.sandbox:
        words.append("--sandbox")
    return words


def pasted(words: list[str], subject: str, *more: str) -> str:
    """Return a command about a task or a file, ready to be pasted into a shell."""
    # A subject may be foreign text: after "--" it cannot be taken for an option.
    whole = [*words, *more, "--", subject] if subject.startswith("-") else [*words, subject, *more]
    return one_line(subprocess.list2cmdline(whole) if os.name == "nt" else shlex.join(whole))
