"""Edges of what a client takes and shows, each by example, for both skins."""

from __future__ import annotations

from pathlib import Path

import pytest
from mountsea_gemini import ApiError, BadRequest, NotFound, ServerError, TaskFailed, TaskOutputMissing, WaitTimeout
from mountsea_gemini._addresses import origin, split
from mountsea_gemini._http_pools import options_of
from mountsea_gemini.testing import FakeClock

from tests.client.scripted import COMPLETED, PROCESSING, TASK, Play, Skin, reply

IMAGE = "https://images.example/a-face-nobody-else-has.png"
LONG = "x" * 41


@pytest.mark.parametrize("char", ["\\", " ", "\t", "\n", "\x00", "\x7f"])
@pytest.mark.parametrize(
    "place", ["https://api{}.example/", "https://api.example/a{}b", "https://api.example{}@b.example/"]
)
def test_an_address_that_parsers_read_differently_is_none(place: str, char: str) -> None:
    """What one library takes for a host is a path to the next; the token must not go to either."""
    assert split(place.format("")) is not None
    assert split(place.format(char)) is None
    assert origin(place.format(char)) is None


@pytest.mark.parametrize("echoed", [IMAGE, LONG])
def test_an_error_repeats_no_address_and_no_long_text_of_the_request(skin: Skin, echoed: str) -> None:
    """Servers echo what they refuse; whose picture it was is nobody's business who reads a log."""
    play = Play(submit=[reply(400, {"message": f"bad value {echoed}"})])
    with pytest.raises(BadRequest) as caught:
        skin.do(skin.client(play).image_to_video("a cat", (echoed,), waive={"images-are-http-urls"}))
    assert echoed not in str(caught.value)
    assert "bad value [as sent]" in str(caught.value)


@pytest.mark.parametrize(
    "name", ["x-trace-id", "x-request-id", "trace-id", "request-id", "x-correlation-id", "cf-ray", "CF-Ray"]
)
def test_every_name_of_an_id_for_the_support_is_read(skin: Skin, name: str) -> None:
    """Where the body names none, any of the headers that servers and their proxies use does."""
    play = Play(submit=[reply(400, {}, {name: "t-17"})])
    with pytest.raises(ApiError) as caught:
        skin.do(skin.client(play).text_to_video("a cat"))
    assert caught.value.trace_id == "t-17"


def test_an_idle_connection_is_not_kept_longer_than_servers_keep_it() -> None:
    """Node's default is five seconds; a submit on a connection that has just been closed would end unclear."""
    assert options_of(("https", None))["keepalive_expiry"] < 5


def test_a_task_that_names_its_file_no_more_is_told_as_such(skin: Skin, tmp_path: Path) -> None:
    """The address has expired and the fresh answer names none: that is the answer's fault, not the index's."""
    play = Play(poll=[COMPLETED, reply(200, {"taskId": TASK, "status": "completed", "result": {}})], file=[reply(403)])
    task = skin.task(skin.client(play))
    with pytest.raises(TaskOutputMissing, match="names no usable URL"):
        skin.do(task.download(tmp_path / "cat.mp4"))


def test_the_last_answer_is_told_before_the_error(skin: Skin) -> None:
    """Whoever follows a task sees it fail, too: `on_poll` is called with the end, whatever it is."""
    seen: list[str] = []
    play = Play(poll=[PROCESSING, reply(200, {"taskId": TASK, "status": "failed"})])
    with pytest.raises(TaskFailed):
        skin.do(skin.task(skin.client(play)).wait(on_poll=lambda result: seen.append(result.status)))
    assert seen == ["processing", "failed"]


def test_a_task_that_vanishes_late_is_gone(skin: Skin) -> None:
    """The grace of a 404 counts from the submit: what was visible and is no longer will not come back."""
    clock = FakeClock()
    play = Play(poll=[*[PROCESSING] * 20, reply(404, {})])
    with pytest.raises(NotFound):
        skin.do(skin.task(skin.client(play, clock=clock)).wait())
    assert clock.elapsed > 30
    assert len(play.of("poll")) == 21


def test_a_wait_that_ends_in_faults_still_tells_what_was_seen_before(skin: Skin) -> None:
    """The last answer that could be read and the last fault are two things, and both are told."""
    play = Play(poll=[PROCESSING, reply(503, {})])
    with pytest.raises(WaitTimeout) as caught:
        skin.do(skin.task(skin.client(play)).wait(timeout=60))
    assert caught.value.last is not None
    assert caught.value.last.status == "processing"
    assert isinstance(caught.value.fault, ServerError)
