"""Wrong usage, and what comes out of it: refused with the place, before anything is sent."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable
from pathlib import Path

import mountsea_gemini.cli
import pytest
from mountsea_gemini.cli import _lines
from mountsea_gemini.cli._exits import Exit
from mountsea_gemini.cli._tally import gravest

from tests.cli.running import Ran, Running

Cli = Callable[..., Ran]
Serve = Callable[[str], Running]
LINE = json.dumps({"prompt": "a cat", "action": "text2video", "model": "veo31_fast"}) + "\n"


def test_the_gravest_is_the_first_of_the_order_that_is_written_down() -> None:
    """Money that may be gone counts more than a wrong token, and that more than a file: for every pair of codes."""
    said = re.search(r"in the order ([\d, ]+)\.", mountsea_gemini.cli.__doc__ or "")
    assert said is not None
    order = [Exit(int(number)) for number in said[1].split(", ")]
    assert set(order) == set(Exit) - {Exit.OK, Exit.INTERRUPTED}
    for graver, other in itertools.combinations(order, 2):
        assert gravest([Exit.OK, other, graver]) is graver
    assert gravest([Exit.OK]) is Exit.OK


@pytest.mark.parametrize("number", ["0", "101", "-1"])
def test_so_many_lines_at_a_time_are_refused(cli: Cli, serve: Serve, tmp_path: Path, number: str) -> None:
    """None would never come to an end, and there are not more connections than a hundred."""
    sandbox, file = serve("now"), tmp_path / "cats.jsonl"
    file.write_text(LINE)
    ran = cli("submit", str(file), "--concurrency", number, *sandbox.options)
    assert (ran.code, sandbox.sent("POST")) == (Exit.USAGE, 0)
    assert f"--concurrency must be a number from 1 to 100, got {number}" in ran.err


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
    monkeypatch.setattr(_lines, "LIMIT", len(LINE) - 1)
    ran = cli("submit", str(file), *sandbox.options)
    assert (ran.code, sandbox.sent("POST")) == (Exit.USAGE, 0)
    assert f"is larger than {len(LINE) - 1} bytes; split it" in ran.err
    monkeypatch.setattr(_lines, "LIMIT", len(LINE))
    assert cli("submit", str(file), *sandbox.options).code == Exit.OK


def test_a_token_file_may_begin_with_a_mark(cli: Cli, serve: Serve, tmp_path: Path) -> None:
    """Editors on Windows write a byte order mark, and it is no part of a token."""
    sandbox, path = serve("now"), tmp_path / "token"
    path.write_bytes(b"\xef\xbb\xbfsandbox\r\n")
    given = ("--token-file", str(path), "--base-url", sandbox.url)
    assert cli("text2video", "a cat", "--no-wait", *given).code == Exit.OK
