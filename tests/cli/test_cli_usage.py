"""Wrong usage, and what comes out of it: refused with the place, before anything is sent."""

from __future__ import annotations

import itertools
import json
import re
import signal
from collections.abc import Callable
from pathlib import Path

import mountsea_gemini.cli
import pytest
from mountsea_gemini import ConfigurationError
from mountsea_gemini.cli import _batch_commands, _requests
from mountsea_gemini.cli._exits import Exit
from mountsea_gemini.cli._options import Batching
from mountsea_gemini.cli._report import gravest

from tests.cli.running import Ran, Running, started, until

Cli = Callable[..., Ran]
Serve = Callable[[str], Running]
LINE = json.dumps({"prompt": "a cat", "action": "text2video", "model": "veo31_fast"}) + "\n"


def test_the_gravest_is_the_first_of_the_order_that_is_written_down() -> None:
    """Money that may be gone counts more than a wrong token, and that more than a file: for every pair of codes."""
    said = re.search(r"in the order\s+([\d, ]+)\.", mountsea_gemini.cli.__doc__ or "")
    assert said is not None
    order = [Exit(int(number)) for number in said[1].split(", ")]
    assert set(order) == {code for code in Exit if 0 < code < 128}
    for graver, other in itertools.combinations(order, 2):
        assert gravest([Exit.OK, other, graver]) is graver
    assert gravest([Exit.OK]) is Exit.OK


def test_so_many_lines_at_a_time_are_refused(cli: Cli, serve: Serve, tmp_path: Path) -> None:
    """There are not more connections than a hundred; nothing is sent, and no journal begun."""
    sandbox, file = serve("now"), tmp_path / "cats.jsonl"
    file.write_text(LINE)
    ran = cli("submit", str(file), "--concurrency", "101", *sandbox.options)
    assert (ran.code, sandbox.sent("POST")) == (Exit.USAGE, 0)
    assert "--concurrency must be a number from 1 to 100, got 101" in ran.err
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize("number", [0, -1])
def test_no_line_at_a_time_would_never_come_to_an_end(number: int) -> None:
    """Asked of the check itself: a program that let it pass would hang."""
    with pytest.raises(ConfigurationError, match=f"from 1 to 100, got {number}"):
        _batch_commands._check(Batching(concurrency=number, sandbox=True))


def test_a_journal_of_another_file_is_refused(cli: Cli, serve: Serve, tmp_path: Path) -> None:
    """Line 1 of one file is not line 1 of another; the same holds for the directory of what it made."""
    sandbox, file, other = serve("now"), tmp_path / "cats.jsonl", tmp_path / "dogs.jsonl"
    file.write_text(LINE)
    other.write_text(LINE)
    assert cli("submit", str(file), *sandbox.options).code == Exit.OK
    journal = ("--journal", f"{file}.journal")
    for given in ((str(other), *journal), (str(file), "--output-dir", str(tmp_path / "elsewhere"))):
        ran = cli("submit", *given, *sandbox.options)
        assert (ran.code, sandbox.sent("POST")) == (Exit.USAGE, 1)
        assert f"this journal belongs to {tmp_path}" in ran.err


def test_a_file_of_requests_has_a_limit(
    cli: Cli, serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is too large to be read at once is refused, to the byte."""
    sandbox, file = serve("now"), tmp_path / "cats.jsonl"
    file.write_text(LINE)
    monkeypatch.setattr(_requests, "LIMIT", len(LINE) - 1)
    ran = cli("submit", str(file), *sandbox.options)
    assert (ran.code, sandbox.sent("POST")) == (Exit.USAGE, 0)
    assert f"is larger than {len(LINE) - 1} bytes; split it" in ran.err
    monkeypatch.setattr(_requests, "LIMIT", len(LINE))
    assert cli("submit", str(file), *sandbox.options).code == Exit.OK


def test_a_token_file_may_begin_with_a_mark(cli: Cli, serve: Serve, tmp_path: Path) -> None:
    """Editors on Windows write a byte order mark, and it is no part of a token."""
    sandbox, path = serve("now"), tmp_path / "token"
    path.write_bytes(b"\xef\xbb\xbfsandbox\r\n")
    given = ("--token-file", str(path), "--base-url", sandbox.url)
    assert cli("text2video", "a cat", "--no-wait", *given).code == Exit.OK


def test_unknown_outcomes_stop_a_batch_only_in_a_row(cli: Cli, serve: Serve, tmp_path: Path) -> None:
    """Three of six with successes between them are bad luck; the rest goes on, and all three are reported."""
    sandbox, file = serve("now 500@submit:1 500@submit:3 500@submit:5"), tmp_path / "cats.jsonl"
    file.write_text(LINE * 6)
    ran = cli("submit", str(file), "--concurrency", "1", "--json", *sandbox.options)
    assert (ran.code, sandbox.sent("POST")) == (Exit.UNKNOWN, 6)
    counts = ran.json["counts"]
    assert (counts["done"], counts["unknown"]) == (3, 3)


@pytest.mark.parametrize(("script", "status"), [("400@submit", 400), ("401@submit", 401), ("500@submit", 500)])
def test_json_of_an_error_has_the_status(cli: Cli, serve: Serve, script: str, status: int) -> None:
    """A script can distinguish a bad request from an outage without reading English."""
    error = cli("text2video", "a cat", "--json", *serve(script).options).json["error"]
    assert error["http_status"] == status
    assert f"HTTP {status}" in error["message"]


def test_json_of_a_refusal_has_the_rules(cli: Cli, serve: Serve) -> None:
    """Each with its id, level, place, the vendor's words and the nearest request; and nothing was sent."""
    sandbox = serve("")
    ran = cli("img2video", "a cat", "--image-list", "a", "--image-list", "b", "--image-list", "c", "--json",
              *sandbox.options)  # fmt: skip
    (violation, *_) = ran.json["error"]["violations"]
    assert (ran.code, sandbox.sent("POST")) == (Exit.REFUSED, 0)
    assert violation["rule"] == "img2video-needs-images"
    assert (violation["level"], violation["pointer"]) == ("error", "/imageList")
    assert "1-2 images" in violation["source"]["quote"]
    assert violation["nearest"]


def test_what_the_api_refused_is_not_sent_again_unchanged(cli: Cli, serve: Serve, tmp_path: Path) -> None:
    """The same request is refused for the same reason; only a changed line is tried again."""
    sandbox, file = serve("now 400@submit:1"), tmp_path / "cats.jsonl"
    file.write_text(LINE)
    for command in ("submit", "resume", "resume"):
        assert cli(command, str(file), *sandbox.options).code == Exit.UNREACHABLE
    assert sandbox.sent("POST") == 1
    assert cli("resume", str(file), "--waive", "prompt-not-blank", *sandbox.options).code == Exit.UNREACHABLE
    assert sandbox.sent("POST") == 1


def test_a_ctrl_c_that_was_held_back_is_not_forgotten(serve: Serve) -> None:
    """Nothing waits behind a submit with --no-wait; still the id is printed, and the exit code is that of Ctrl-C."""
    sandbox = serve("slow=1@submit")
    with started("text2video", "a cat", "--no-wait", *sandbox.options) as process:
        until(lambda: sandbox.sent("POST") == 1)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
    assert process.returncode == Exit.INTERRUPTED
    (task,) = sandbox.sandbox.core.tasks._tasks
    assert task in err + out
