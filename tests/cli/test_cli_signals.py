"""Signals end a command without losing the id of a task that was paid for."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.running import Ran, Running, command, environment, seen, started, until

Cli = Callable[..., Ran]
Serve = Callable[[str], Running]
ENDING = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]


def requests(path: Path, count: int) -> Path:
    """Write a file of valid requests and return it."""
    rows = ({"prompt": f"cat {number}", "action": "text2video", "model": "veo31_fast"} for number in range(count))
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return path


def ids(sandbox: Running) -> set[str]:
    """Return the ids of all tasks that were accepted."""
    return set(sandbox.sandbox.core.tasks._tasks)


@pytest.mark.parametrize("number", ENDING)
@pytest.mark.parametrize("form", [(), ("--quiet",), ("--json", "--quiet")])
def test_a_batch_awaits_every_answer(serve: Serve, tmp_path: Path, number: int, form: tuple[str, ...]) -> None:
    """All lines in flight get their ids, which are printed and recorded; no other line is sent."""
    sandbox = serve("slow=3@submit")
    file = requests(tmp_path / "cats.jsonl", 30)
    with started("submit", str(file), "--concurrency", "20", *form, *sandbox.options) as process:
        until(lambda: sandbox.sent("POST") == 20)
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 128 + number
    assert (sandbox.sent("POST"), len(ids(sandbox))) == (20, 20)
    journal = Path(f"{file}.journal").read_text()
    assert '"unknown"' not in journal
    assert all(task in journal and task in (out if "--json" in form else err) for task in ids(sandbox))
    if "--json" in form:
        found = json.loads(out)
        assert (found["exit"], found["counts"]["submitted"], found["counts"]["new"]) == (128 + number, 20, 10)
        assert (found["error"]["type"], found["error"]["message"]) == ("Interrupted", signal.Signals(number).name)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_batch_is_resumed_after_a_signal(cli: Cli, serve: Serve, tmp_path: Path, number: int) -> None:
    """The next run downloads what was submitted, submits the rest, and nothing twice."""
    sandbox = serve("slow=1@submit now")
    file = requests(tmp_path / "cats.jsonl", 4)
    with started("submit", str(file), "--concurrency", "2", *sandbox.options) as process:
        until(lambda: sandbox.sent("POST") == 2)
        process.send_signal(number)
        process.communicate(timeout=60)
    assert process.returncode == 128 + number
    assert cli("resume", str(file), *sandbox.options).code == 0
    assert sandbox.sent("POST") == 4


@pytest.mark.parametrize("number", ENDING)
@pytest.mark.parametrize("form", [(), ("--quiet",), ("--json",), ("--no-wait",)])
def test_a_submit_awaits_its_answer(serve: Serve, number: int, form: tuple[str, ...]) -> None:
    """The id of a single submit is printed with the command that continues with it; the exit code is the signal's."""
    sandbox = serve("slow=2@submit")
    with started("text2video", "a cat", *form, *sandbox.options) as process:
        until(lambda: sandbox.sent("POST") == 1)
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 128 + number
    (task,) = ids(sandbox)
    assert f"mountsea-gemini wait --base-url {sandbox.url} --sandbox {task}" in err
    if "--json" in form:
        found = json.loads(out)
        assert (found["exit"], found["id"]) == (128 + number, task)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_only_a_second_ctrl_c_gives_up(serve: Serve, number: int) -> None:
    """Supervisors and terminals repeat their signals; the answer is awaited all the same."""
    sandbox = serve("slow=2@submit")
    with started("text2video", "a cat", *sandbox.options) as process:
        until(lambda: sandbox.sent("POST") == 1)
        process.send_signal(number)
        seen(process, "a second Ctrl-C gives up")
        for repeated in (number, signal.SIGTERM, signal.SIGINT, number):
            process.send_signal(repeated)
            time.sleep(0.05)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 128 + number
    (task,) = ids(sandbox)
    assert task in err


@pytest.mark.parametrize("number", ENDING)
@pytest.mark.parametrize("arguments", [("wait",), ("text2video",)])
def test_a_wait_ends_at_once(serve: Serve, number: int, arguments: tuple[str, ...]) -> None:
    """No submit is under way: nothing is awaited, and the id is printed."""
    sandbox = serve("never")
    task = sandbox.submit() if arguments == ("wait",) else "a cat"
    with started(*arguments, task, *sandbox.options) as process:
        seen(process, ": pending")
        process.send_signal(number)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 128 + number
    assert f"interrupted by {signal.Signals(number).name}; task " in err
    assert "go on with: mountsea-gemini wait" in err


def test_a_batch_that_waits_ends_at_once_and_names_its_tasks(serve: Serve, tmp_path: Path) -> None:
    """Quiet or not, every id that was not finished stands on standard error."""
    sandbox = serve("never")
    file = requests(tmp_path / "cats.jsonl", 3)
    with started("submit", str(file), "--quiet", *sandbox.options) as process:
        until(lambda: sandbox.sent("GET") > 6)
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 143
    assert all(task in err for task in ids(sandbox))
    assert "waiting for the answer" not in err


def test_an_ignored_hangup_stays_ignored(serve: Serve) -> None:
    """Under nohup a closed terminal does not end the command."""
    sandbox = serve("slow=1@submit now")
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with started("text2video", "a cat", *sandbox.options) as process:
            until(lambda: sandbox.sent("POST") == 1)
            process.send_signal(signal.SIGHUP)
            out, _ = process.communicate(timeout=60)
    finally:
        signal.signal(signal.SIGHUP, before)
    assert process.returncode == 0
    assert out.endswith(".mp4\n")


def test_a_terminal_that_is_gone_costs_no_id(serve: Serve, tmp_path: Path) -> None:
    """Its hangup comes when no message can be written any more; still every answer is awaited and recorded."""
    sandbox = serve("slow=2@submit")
    file = requests(tmp_path / "cats.jsonl", 4)
    terminal, side = pty.openpty()
    process = subprocess.Popen(
        command("submit", str(file), *sandbox.options), env=environment(), stdin=side, stdout=side, stderr=side,
        start_new_session=True,
    )  # fmt: skip
    os.close(side)
    until(lambda: sandbox.sent("POST") == 4)
    os.close(terminal)
    process.send_signal(signal.SIGHUP)
    assert process.wait(60) == 129 or process.returncode == 1
    journal = Path(f"{file}.journal").read_text()
    assert all(task in journal for task in ids(sandbox))
    assert len(ids(sandbox)) == 4


def test_a_signal_before_anything_is_sent_starts_nothing(serve: Serve, tmp_path: Path) -> None:
    """While the token is still awaited on standard input."""
    sandbox = serve("")
    fifo = tmp_path / "token"
    os.mkfifo(fifo)
    given = ("--token-file", str(fifo), *sandbox.options)
    with started("text2video", "a cat", *given) as process, fifo.open("w"):  # which waits until it is read
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 143
    assert "interrupted by SIGTERM; nothing was started" in err
    assert sandbox.sent("POST") == 0
