"""A signal ends a command without losing the id of a paid task."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

import pytest

from tests.cli.running import Running, Serve, read_until, start, until


def ids(sandbox: Running) -> set[str]:
    """Return the ids of all accepted tasks."""
    return set(sandbox.sandbox.core.tasks._tasks)


@pytest.mark.parametrize(
    ("number", "form"),
    [
        (signal.SIGINT, ()),
        (signal.SIGINT, ("--json",)),
        (signal.SIGTERM, ("--quiet",)),
        (signal.SIGHUP, ("--no-wait",)),
    ],
)
def test_a_submit_awaits_its_answer(serve: Serve, number: int, form: tuple[str, ...]) -> None:
    """The id is printed with the command that continues; the exit code is the signal's."""
    sandbox = serve("slow=1@submit")
    with start("text2video", "a cat", *form, *sandbox.options) as process:
        until(lambda: sandbox.sent("POST") == 1)
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 128 + number
    (task,) = ids(sandbox)
    assert f"mountsea-gemini wait --base-url {sandbox.url} --sandbox {task}" in err
    if "--json" in form:
        found = json.loads(out)
        assert (found["exit"], found["id"]) == (128 + number, task)


def test_only_a_second_ctrl_c_gives_up(serve: Serve) -> None:
    """Supervisors and terminals repeat other signals."""
    number = signal.SIGHUP
    sandbox = serve("slow=1@submit")
    with start("text2video", "a cat", *sandbox.options) as process:
        until(lambda: sandbox.sent("POST") == 1)
        process.send_signal(number)
        read_until(process, "a second Ctrl-C gives up")
        for repeated in (number, signal.SIGTERM, signal.SIGINT, number):
            process.send_signal(repeated)
            time.sleep(0.05)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 128 + number
    (task,) = ids(sandbox)
    assert task in err


def test_a_wait_ends_at_once(serve: Serve) -> None:
    """No submit is in flight; the id is printed."""
    sandbox = serve("never")
    with start("wait", sandbox.submit(), *sandbox.options) as process:
        read_until(process, ": pending")
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 143
    assert "interrupted by SIGTERM; task " in err
    assert "go on with: mountsea-gemini wait" in err


def test_an_ignored_hangup_stays_ignored(serve: Serve) -> None:
    """Under nohup a closed terminal does not end the command."""
    sandbox = serve("slow=1@submit now")
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with start("text2video", "a cat", *sandbox.options) as process:
            until(lambda: sandbox.sent("POST") == 1)
            process.send_signal(signal.SIGHUP)
            out, _ = process.communicate(timeout=60)
    finally:
        signal.signal(signal.SIGHUP, before)
    assert process.returncode == 0
    assert out.endswith(".mp4\n")


def test_a_signal_before_anything_is_sent_starts_nothing(serve: Serve, tmp_path: Path) -> None:
    """The token is still being read."""
    sandbox = serve("")
    fifo = tmp_path / "token"
    os.mkfifo(fifo)
    given = ("--token-file", str(fifo), *sandbox.options)
    with start("text2video", "a cat", *given) as process, fifo.open("w"):  # which waits until it is read
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 143
    assert "interrupted by SIGTERM; nothing was started" in err
    assert sandbox.sent("POST") == 0
