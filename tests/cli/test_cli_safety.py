"""Foreign text is escaped, secrets are hidden, and Ctrl-C loses nothing."""

from __future__ import annotations

import io
import json
import logging
import shlex
import signal
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest
from mountsea_gemini import TaskResult
from mountsea_gemini.cli import _command, _output, run
from mountsea_gemini.cli._options import Printing
from mountsea_gemini.cli._signals import Clock, Interrupted, Interrupts
from mountsea_gemini.rules import RULES

from tests.cli.running import Cli, Serve

HOSTILE = "\x1b]0;owned\x07[bold red]$(id)\u202e\nhttps://example.com/forged"
KEY = "key-1234567890-secret"


class Hostile(BaseHTTPRequestHandler):
    """A server that sends escape sequences and markup everywhere."""

    authorization: ClassVar[list[str]] = []

    def do_POST(self) -> None:
        """Respond to a submit."""
        self.authorization.append(self.headers.get("Authorization", ""))
        self.rfile.read(int(self.headers["Content-Length"]))
        self.reply({"taskId": f"--x {HOSTILE}"})

    def do_GET(self) -> None:
        """Respond to a poll."""
        state = {"status": "failed", "errorMessage": HOSTILE, "errorCode": HOSTILE, "traceId": HOSTILE}
        self.reply({"taskId": "x", **state})

    def reply(self, document: object) -> None:
        """Send JSON."""
        body = json.dumps(document).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the name it has above)
        """Print nothing."""


@pytest.fixture
def hostile() -> Iterator[str]:
    """Serve the hostile server, and yield its URL."""
    Hostile.authorization.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), Hostile) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("as_json", [(), ("--json",)])
def test_escape_sequences_of_a_server_are_escaped(cli: Cli, hostile: str, as_json: tuple[str, ...]) -> None:
    """In notes, errors and JSON; markup is plain text."""
    ran = cli("text2video", "a cat", "--sandbox", "--base-url", hostile, *as_json)
    assert ran.code == 6
    assert "[bold red]$(id)" in ran.err
    assert not {"\x1b", "\x07", "\u202e"} & set(ran.out + ran.err)


def test_one_result_is_one_line(cli: Cli, hostile: str) -> None:
    """A line break in an id must not look like a second result."""
    ran = cli("text2video", "a cat", "--no-wait", "--sandbox", "--base-url", hostile)
    assert len(ran.out.splitlines()) == 1
    assert "\\nhttps://example.com/forged" in ran.out


def test_an_id_in_a_command_to_paste_is_quoted() -> None:
    """An id that looks like an option or like shell code is one word after `--`."""
    job = _command.Job(Printing())
    job.id = "--rm; $(id)"
    assert shlex.split(job.resume() or "") == ["mountsea-gemini", "wait", "--", "--rm; $(id)"]


def test_with_sandbox_the_real_key_stays_home(cli: Cli, hostile: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With --sandbox the server at --base-url never gets the key of the environment."""
    monkeypatch.setenv("MOUNTSEA_API_KEY", KEY)
    cli("text2video", "a cat", "--no-wait", "--sandbox", "--base-url", hostile)
    assert Hostile.authorization == ["Bearer sandbox"]


@pytest.mark.parametrize("text", [f"{KEY}\n", f"\ufeff{KEY}\r\n"])
def test_the_key_comes_from_a_file(cli: Cli, hostile: str, tmp_path: Path, text: str) -> None:
    """--token-file ignores a byte order mark and the line end; nothing prints the key."""
    path = tmp_path / "token"
    path.write_bytes(text.encode())
    ran = cli("text2video", "a cat", "--no-wait", "--token-file", str(path), "--base-url", hostile)
    assert Hostile.authorization == [f"Bearer {KEY}"]
    assert KEY not in ran.out + ran.err


def test_a_refused_key_is_not_shown(cli: Cli, serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message says only where the key came from."""
    monkeypatch.setenv("MOUNTSEA_API_KEY", KEY)
    ran = cli("text2video", "a cat", "--base-url", serve("").url, "--json")
    assert ran.code == 4
    assert KEY not in ran.out + ran.err


@pytest.mark.parametrize("content", [b"", b"two words", b"one\ntwo\n", b"\xff\xfe"])
def test_a_file_that_holds_no_token_is_refused(cli: Cli, tmp_path: Path, content: bytes) -> None:
    """The message does not repeat its content."""
    path = tmp_path / "token"
    path.write_bytes(content)
    ran = cli("text2video", "a cat", "--token-file", str(path))
    assert ran.code == 2
    assert "--token-file" in ran.err
    assert "two" not in ran.err


def test_a_token_file_that_is_not_there_is_named(cli: Cli, tmp_path: Path) -> None:
    """The message names the missing file."""
    ran = cli("text2video", "a cat", "--token-file", str(tmp_path / "nowhere"))
    assert ran.code == 2
    assert "nowhere: cannot be read" in ran.err


def test_there_is_no_option_for_the_token(cli: Cli) -> None:
    """Process lists would show it."""
    assert cli("text2video", "a cat", "--token", KEY).code == 2


def test_a_signal_ends_a_pause_between_attempts() -> None:
    """No request is under way, so the signal is not held."""
    interrupts = Interrupts()

    def pause() -> None:
        signal.raise_signal(signal.SIGINT)
        Clock(interrupts).sleep(60)

    with interrupts.handle(), interrupts.hold(lambda: None), pytest.raises(Interrupted):
        pause()
    assert interrupts.idle
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_message_that_fails_in_a_handler_does_not_end_the_submit() -> None:
    """The interrupted code may hold the stream."""

    def notice() -> None:
        raise RuntimeError("reentrant call")

    interrupts = Interrupts()
    with interrupts.handle(), interrupts.hold(notice):
        signal.raise_signal(signal.SIGTERM)
        reached = True
    assert reached


class Terminal(io.StringIO):
    """A stream that claims to be a terminal."""

    def isatty(self) -> bool:
        """Return True."""
        return True


def test_a_terminal_gets_one_moving_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """It has state and number of polls, and markup is plain text."""
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.delenv("TTY_INTERACTIVE", raising=False)
    screen = _output.Screen()
    with screen.show_log(), _output.Watch(screen, "task [b]x[/b]") as watch:
        watch.poll(TaskResult("x", "processing", "retry"))
        logging.getLogger("mountsea_gemini").warning("something [odd]")
    shown = terminal.getvalue()
    assert "task [b]x[/b]: processing" in shown
    assert "1 poll" in shown
    assert "warning: something [odd]" in shown
    assert "\x1b[3" not in shown.replace("\x1b[3A", "")


def test_a_dumb_terminal_gets_plain_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    """It cannot move its cursor."""
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "dumb")
    with _output.Watch(_output.Screen(), "task x") as watch:
        watch.poll(TaskResult("x", "processing", "retry"))
    assert terminal.getvalue() == "task x: processing (0 s, 1 poll)\n"


def test_no_terminal_is_too_narrow_for_an_id(monkeypatch: pytest.MonkeyPatch) -> None:
    """`rules` prints a list there, because a table would cut ids."""
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setenv("COLUMNS", "20")
    assert run(["rules"]) == 0
    assert all(f"- {rule.id} ({rule.level})" in terminal.getvalue() for rule in RULES.values())


def test_a_code_page_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Characters that it lacks are escaped, so that no id is lost."""
    stream = io.TextIOWrapper(io.BytesIO(), encoding="cp1252", newline="")
    monkeypatch.setattr(sys, "stdout", stream)
    with _output.standard_streams():
        _output.Screen().result(["猫.mp4"], {})
    stream.seek(0)
    assert stream.read() == "\\u732b.mp4\n"


def test_an_internal_error_has_a_traceback(cli: Cli, serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit 1, with the command that continues with the task."""

    def broken(*_: object) -> None:
        raise ZeroDivisionError("unforeseen")

    monkeypatch.setattr(_output.Watch, "poll", broken)
    ran = cli("text2video", "a cat", *serve("now").options)
    assert ran.code == 1
    assert "ZeroDivisionError: unforeseen" in ran.err
    assert "go on with: mountsea-gemini wait" in ran.err
