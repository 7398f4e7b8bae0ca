"""A closed or full standard output is one line on standard error."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cli.running import Serve, command, environment

PRINTING = [
    ("--help",),
    ("--version",),
    ("rules",),
    ("rules", "--json"),
    ("text2video", "--help"),
    ("text2video", "a cat", "--quiet", "--sandbox"),
    ("text2video", "a cat", "--quiet", "--sandbox", "--json", "--no-wait"),
]


@contextmanager
def open_unwritable(kind: str) -> Iterator[int]:
    """Open a device that accepts no byte, or a pipe without a reader."""
    if kind == "full":
        number = os.open("/dev/full", os.O_WRONLY)
    else:
        reader, number = os.pipe()
        os.close(reader)
    try:
        yield number
    finally:
        os.close(number)


@pytest.mark.parametrize("arguments", PRINTING)
def test_a_full_output_is_one_line(arguments: tuple[str, ...]) -> None:
    """Exit 1 without a traceback, for help, lists and results."""
    done = print_to("full", arguments)
    assert done.returncode == 1
    assert done.stderr.startswith("error: cannot write to standard output: ")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("arguments", [PRINTING[0], PRINTING[2], PRINTING[-1]])
def test_a_pipe_that_its_reader_closes_ends_a_command_quietly(arguments: tuple[str, ...]) -> None:
    """As with `head`, and with the exit code of SIGPIPE."""
    done = print_to("closed", arguments)
    assert (done.returncode, done.stderr) == (141, "")


def print_to(output: str, arguments: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
    """Run a command whose standard output cannot be written."""
    with open_unwritable(output) as out:
        return subprocess.run(
            command(*arguments),
            env=environment(),
            stdout=out,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            timeout=60,
        )


def shell(script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a shell script in which `"$@"` is the program."""
    words = ["bash", "-o", "pipefail", "-c", script, "bash", *command(*arguments)]
    return subprocess.run(words, env=environment(), capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize(("redirected", "words"), [(">&-", "it is closed"), (">/dev/full", "No space left on device")])
def test_without_standard_output_nothing_is_started(serve: Serve, redirected: str, words: str) -> None:
    """The result would be lost; without a descriptor, a connection would take its number."""
    sandbox = serve("now")
    done = shell(f'"$@" {redirected}', "text2video", "a cat", *sandbox.options)
    assert (done.returncode, sandbox.sent("POST")) == (1, 0)
    assert done.stderr == f"error: cannot write to standard output: {words}\n"


@pytest.mark.parametrize("redirected", ["2>&-", "2>/dev/full", "2> >(true)"])
def test_without_standard_error_the_result_is_still_printed(serve: Serve, redirected: str) -> None:
    """Lost messages do not end a command that costs money."""
    sandbox = serve("now")
    done = shell(f'"$@" {redirected}', "text2video", "a cat", *sandbox.options)
    assert done.returncode == 0
    assert done.stdout.endswith(".mp4\n")


def test_a_batch_whose_messages_cannot_be_written_goes_on(serve: Serve, tmp_path: Path) -> None:
    """Every line is submitted, and its result printed."""
    sandbox = serve("now")
    file = tmp_path / "cats.jsonl"
    file.write_text((json.dumps({"prompt": "a cat", "action": "text2video", "model": "veo31_fast"}) + "\n") * 5)
    done = shell('"$@" 2>/dev/full', "submit", str(file), *sandbox.options)
    assert (done.returncode, len(done.stdout.splitlines())) == (0, 5)


def test_a_lost_result_leaves_the_id(serve: Serve) -> None:
    """The line names the command that continues with the paid task."""
    sandbox = serve("now")
    done = shell('"$@" | true', "text2video", "a cat", "--no-wait", "--quiet", *sandbox.options)
    (task,) = sandbox.sandbox.core.tasks._tasks
    assert done.returncode == 141
    assert done.stderr.rstrip().endswith(f"go on with: mountsea-gemini wait --base-url {sandbox.url} --sandbox {task}")
