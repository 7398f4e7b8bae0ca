"""Wrong usage, and what comes out of it: refused with the place, before anything is sent."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import mountsea_gemini.cli
import pytest
from mountsea_gemini.cli._board import GRAVITY
from mountsea_gemini.cli._exits import Exit

from tests.cli.running import Ran, Running

Cli = Callable[..., Ran]
Serve = Callable[[str], Running]


def test_the_gravest_is_the_first_of_the_order_that_is_written_down() -> None:
    """Money that may be gone counts more than a wrong token, and that more than a file: for every pair of codes."""
    said = re.search(r"in the order\s+([\d, ]+)\.", mountsea_gemini.cli.__doc__ or "")
    assert said is not None
    order = [Exit(int(number)) for number in said[1].split(", ")]
    assert set(order) == {code for code in Exit if 0 < code < 128}
    assert tuple(order) == GRAVITY


def test_a_token_file_may_begin_with_a_mark(cli: Cli, serve: Serve, tmp_path: Path) -> None:
    """Editors on Windows write a byte order mark, and it is no part of a token."""
    sandbox, path = serve("now"), tmp_path / "token"
    path.write_bytes(b"\xef\xbb\xbfsandbox\r\n")
    given = ("--token-file", str(path), "--base-url", sandbox.url)
    assert cli("text2video", "a cat", "--no-wait", *given).code == Exit.OK


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
