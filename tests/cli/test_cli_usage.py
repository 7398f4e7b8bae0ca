"""The order of exit codes, and the JSON of errors."""

from __future__ import annotations

import re

import mountsea_gemini.cli
import pytest
from mountsea_gemini.cli._board import GRAVITY
from mountsea_gemini.cli._exits import Exit

from tests.cli.running import Cli, Serve


def test_the_documented_order_of_exit_codes_is_the_one_used() -> None:
    """Possibly lost money counts more than a wrong token, and that more than a missing file."""
    said = re.search(r"in the order\s+([\d, ]+)\.", mountsea_gemini.cli.__doc__ or "")
    assert said is not None
    order = [Exit(int(number)) for number in said[1].split(", ")]
    assert set(order) == {code for code in Exit if 0 < code < 128}
    assert tuple(order) == GRAVITY


@pytest.mark.parametrize(("script", "status"), [("400@submit", 400), ("401@submit", 401), ("500@submit", 500)])
def test_json_of_an_error_has_the_status(cli: Cli, serve: Serve, script: str, status: int) -> None:
    """A script can distinguish a bad request from an outage."""
    error = cli("text2video", "a cat", "--json", *serve(script).options).json["error"]
    assert error["http_status"] == status
    assert f"HTTP {status}" in error["message"]


def test_json_of_a_refusal_has_the_rules(cli: Cli, serve: Serve) -> None:
    """Id, level, pointer, the vendor's words and the nearest valid request; nothing is sent."""
    sandbox = serve("")
    ran = cli("img2video", "a cat", "--image-list", "a", "--image-list", "b", "--image-list", "c", "--json",
              *sandbox.options)  # fmt: skip
    (violation, *_) = ran.json["error"]["violations"]
    assert (ran.code, sandbox.sent("POST")) == (Exit.REFUSED, 0)
    assert violation["rule"] == "img2video-needs-images"
    assert (violation["level"], violation["pointer"]) == ("error", "/imageList")
    assert "1-2 images" in violation["source"]["quote"]
    assert violation["nearest"]
