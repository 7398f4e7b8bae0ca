"""Edges of what a client takes and shows, each by example, for both skins."""

from __future__ import annotations

import io
import json
import os
import stat
import struct
from pathlib import Path

import httpx
import pytest
from mountsea_gemini import (
    ApiError,
    BadRequest,
    NotFound,
    ProtocolError,
    RequestRefused,
    ServerError,
    TaskFailed,
    TaskOutputMissing,
    WaitTimeout,
)
from mountsea_gemini._addresses import origin, split
from mountsea_gemini._downloading import mp4_problem
from mountsea_gemini._secrets import WITHHELD
from mountsea_gemini.operations import GENERATE_VIDEO, GET_TASK_RESULT
from mountsea_gemini.raw.models import VideoGenerationDto
from rulewright.testing import FakeClock

from tests.client.scripted import COMPLETED, PROCESSING, TASK, Play, Skin, reply, streamed
from tests.client.test_downloading import fetch, film


def _box(name: bytes, size: int) -> bytes:
    return struct.pack(">I4s", size, name) + bytes(size - 8)


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
    assert caught.value.vendor_message == WITHHELD


@pytest.mark.parametrize(
    "name", ["x-trace-id", "x-request-id", "trace-id", "request-id", "x-correlation-id", "cf-ray", "CF-Ray"]
)
def test_every_name_of_an_id_for_the_support_is_read(skin: Skin, name: str) -> None:
    """Where the body names none, any of the headers that servers and their proxies use does."""
    play = Play(submit=[reply(400, {}, {name: "t-17"})])
    with pytest.raises(ApiError) as caught:
        skin.do(skin.client(play).text_to_video("a cat"))
    assert caught.value.trace_id == "t-17"


def test_a_task_whose_file_is_no_longer_listed_is_an_error(skin: Skin, tmp_path: Path) -> None:
    """The address has expired and the fresh answer names none: that is the answer's fault, not the index's."""
    play = Play(poll=[COMPLETED, reply(200, {"taskId": TASK, "status": "completed", "result": {}})], file=[reply(403)])
    task = skin.task(skin.client(play))
    with pytest.raises(TaskOutputMissing, match="names no usable URL"):
        skin.do(task.download(tmp_path / "cat.mp4"))


def test_the_last_answer_is_reported_before_the_error(skin: Skin) -> None:
    """Whoever follows a task sees it fail, too: `on_poll` is called with the end, whatever it is."""
    seen: list[str] = []
    play = Play(poll=[PROCESSING, reply(200, {"taskId": TASK, "status": "failed"})])
    with pytest.raises(TaskFailed):
        skin.do(skin.task(skin.client(play)).wait(on_poll=lambda result: seen.append(result.status)))
    assert seen == ["processing", "failed"]


@pytest.mark.parametrize("missing", [1, 2])
def test_a_404_late_in_a_wait_does_not_end_it(skin: Skin, missing: int) -> None:
    """One of several servers may not know the task; it was paid for, and the next poll may find it."""
    play = Play(
        poll=[*[PROCESSING] * 20, *[reply(404, {})] * missing, PROCESSING, *[reply(404, {})] * missing, COMPLETED]
    )
    assert skin.do(skin.task(skin.client(play)).wait()).succeeded
    assert len(play.of("poll")) == 22 + 2 * missing


def test_a_task_that_stays_missing_late_is_gone(skin: Skin) -> None:
    """A run of at least three 404s ends the wait, once it has lasted as long as the waiter's grace of 30 s."""
    clock = FakeClock()
    missing: list[float] = []

    def unknown(request: httpx.Request) -> httpx.Response:
        missing.append(clock.elapsed)
        return reply(404, {})(request)

    with pytest.raises(NotFound):
        skin.do(skin.task(skin.client(Play(poll=[*[PROCESSING] * 20, unknown]), clock=clock)).wait())
    assert len(missing) >= 3
    assert missing[-1] - missing[0] >= 30 > missing[-2] - missing[0]


def test_other_faults_between_two_404s_change_nothing(skin: Skin) -> None:
    """They say nothing about the task, so a run of 404s goes on behind them and still ends the wait."""
    clock = FakeClock()
    play = Play(poll=[PROCESSING, *[reply(404, {}), reply(503, {})] * 100])
    with pytest.raises(NotFound):
        skin.do(skin.task(skin.client(play, clock=clock)).wait())
    assert 30 <= clock.elapsed < 120


def test_a_wait_that_ends_in_faults_keeps_the_last_state_seen(skin: Skin) -> None:
    """The last answer that could be read and the last fault are two things, and both are told."""
    play = Play(poll=[PROCESSING, reply(503, {})])
    with pytest.raises(WaitTimeout) as caught:
        skin.do(skin.task(skin.client(play)).wait(timeout=60))
    assert caught.value.last is not None
    assert caught.value.last.status == "processing"
    assert isinstance(caught.value.fault, ServerError)


def test_only_the_first_wait_after_a_submit_can_do_without_a_look(skin: Skin) -> None:
    """Who comes back wants to know now; only a task that was submitted just now cannot have got far."""
    clock = FakeClock()
    pauses: list[int] = []

    def noted(request: httpx.Request) -> httpx.Response:
        pauses.append(len(clock.slept))
        return PROCESSING(request)

    task = skin.do(skin.client(Play(poll=[noted]), clock=clock).text_to_video("a cat"))
    for before_the_first_look in (1, 0):
        slept, looks = len(clock.slept), len(pauses)
        with pytest.raises(WaitTimeout):
            skin.do(task.wait(timeout=30))
        assert pauses[looks] - slept == before_the_first_look


def test_a_call_of_a_single_operation_keeps_the_rules_too(skin: Skin) -> None:
    """Whoever builds the body and calls the operation by itself is refused like everybody else, before sending."""
    play = Play()
    body = VideoGenerationDto(prompt="a cat", action="img2video", model="veo3_fast")
    with pytest.raises(RequestRefused) as caught:
        skin.do(skin.client(play).call(GENERATE_VIDEO, body=body))
    assert [violation.rule for violation in caught.value.violations] == ["img2video-needs-images"]
    assert play.seen == []


def test_half_an_answer_to_a_call_is_none(skin: Skin) -> None:
    """All of the JSON may have come, and still nobody knows what was to follow."""
    whole = json.dumps({"taskId": TASK, "status": "processing"}).encode()
    play = Play(poll=[streamed(200, [whole], error=httpx.ReadError("cut off"))])
    with pytest.raises(ProtocolError, match="its body ended early"):
        skin.do(skin.client(play).call(GET_TASK_RESULT, task_id=TASK))


def _large_box(name: bytes, size: int) -> bytes:
    """Return a box whose length stands behind its name, in eight bytes."""
    return struct.pack(">I4sQ", 1, name, size) + bytes(size - 16)


BEGINNING = _box(b"ftyp", 16)
WHOLE = BEGINNING + _box(b"moov", 8) + _box(b"mdat", 8)


def _indexed(name: bytes, width: int) -> bytes:
    """Return a film whose index lists two chunks of its media, the last box."""
    index = struct.pack(">II", 0, 2)
    for outer in (name, b"stbl", b"minf", b"mdia", b"trak", b"moov"):
        if outer == name:
            chunks = [len(BEGINNING) + 6 * 8 + 8 + 2 * width + 8 + place for place in (0, 4)]
            index += b"".join(chunk.to_bytes(width, "big") for chunk in chunks)
        index = struct.pack(">I4s", 8 + len(index), outer) + index
    return BEGINNING + index + _box(b"mdat", 16)


INSIDE = "it ends inside a box, so it is cut"


@pytest.mark.parametrize(
    ("film", "problem"),
    [
        (WHOLE, None),
        (WHOLE + _large_box(b"mdat", 40), None),
        (WHOLE + _large_box(b"mdat", 40) + _box(b"free", 8), None),
        (WHOLE + _large_box(b"mdat", 40)[:-1], INSIDE),
        (WHOLE + _large_box(b"mdat", 40)[:12], INSIDE),
        (WHOLE + struct.pack(">I4s", 2, b"mdat"), INSIDE),
        (WHOLE + struct.pack(">I4s", 7, b"mdat"), INSIDE),
        (WHOLE + struct.pack(">I4s", 1, b"mdat") + bytes(4), INSIDE),
        (WHOLE + struct.pack(">I4s", 0, b"mdat") + b"xx",
         "its last box names no length, so nobody can tell whether it is whole"),
        (BEGINNING + _box(b"mdat", 8), "it has no moov box, so it is cut"),
        (BEGINNING + _box(b"moov", 8), None),
        (_indexed(b"stco", 4), None),
        (_indexed(b"co64", 8), None),
        (_indexed(b"stco", 4)[:-16], "its index points behind its end, so it is cut"),
        (_indexed(b"co64", 8)[:-16], "its index points behind its end, so it is cut"),
        (BEGINNING + _box(b"moov", 8) + (_box(b"moof", 8) + _box(b"mdat", 8)) * 2, None),
        (WHOLE + struct.pack(">I4sQ", 1, b"free", 15), INSIDE),
        (WHOLE + b"xx", "it ends inside a box header, so it is cut"),
        (WHOLE[:-1], "it ends inside a box header, so it is cut"),
        (BEGINNING, "it has no moov box, so it is cut"),
        (BEGINNING + _box(b"moov", 20)[:-1], INSIDE),
        (_box(b"free", 16), "it does not begin like an MP4 file (no ftyp box)"),
        (b"", "it does not begin like an MP4 file (no ftyp box)"),
    ],
    ids=["whole", "a large box", "a box behind a large one", "half a large box", "a large box of its head alone",
         "a length of two", "a length of seven", "half a long length", "a box without end", "no table",
         "no media and none listed", "an index", "a large index", "an index without media",
         "a large index without media", "fragments", "a large box of less than its head", "half a header",
         "almost a header",
         "a cut between two boxes", "half a box", "no beginning", "nothing"],
)  # fmt: skip
def test_an_incomplete_film_is_an_error_with_its_reason(film: bytes, problem: str | None) -> None:
    """One reason for each way to be cut: it tells whether to try again or to ask the vendor."""
    assert mp4_problem(io.BytesIO(film), len(film), length_known=False) == problem


def test_a_film_of_endless_boxes_is_given_up() -> None:
    """A file of nothing but heads would keep the disk busy for as long as it is large."""
    film = WHOLE + _box(b"free", 8) * 100_000
    assert mp4_problem(io.BytesIO(film), len(film), length_known=False) == "it has too many boxes"


def test_the_boxes_count_whatever_length_was_announced() -> None:
    """A server that lost the end of a film announces what it has left; only a last box without a length may use it."""
    whole = _indexed(b"stco", 4)
    for cut in range(len(whole)):
        assert mp4_problem(io.BytesIO(whole[:cut]), cut, length_known=True) is not None
    assert mp4_problem(io.BytesIO(whole), len(whole), length_known=True) is None
    endless = BEGINNING + _box(b"moov", 8) + struct.pack(">I4s", 0, b"mdat") + b"xx"
    assert mp4_problem(io.BytesIO(endless), len(endless), length_known=True) is None
    early = BEGINNING + struct.pack(">I4s", 0, b"mdat") + b"xx"
    assert mp4_problem(io.BytesIO(early), len(early), length_known=True) == "it has no moov box, so it is cut"


def test_a_rename_is_on_the_disk_when_a_download_returns(
    skin: Skin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """First the file's bytes, then its new name in the directory: a power cut leaves the old film or the new one."""
    synced: list[str] = []
    fsync = os.fsync

    def noted(handle: int) -> None:
        synced.append("directory" if stat.S_ISDIR(os.fstat(handle).st_mode) else "file")
        fsync(handle)

    monkeypatch.setattr(os, "fsync", noted)
    fetch(skin, Play(file=[film()]), tmp_path / "cat.mp4")
    assert synced == ["file", "directory"]
