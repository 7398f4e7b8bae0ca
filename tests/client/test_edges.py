"""Edge cases of inputs and messages, for both clients."""

from __future__ import annotations

import io
import json
import struct

import httpx
import pytest
from mountsea_gemini import (
    ApiError,
    BadRequest,
    NotFound,
    ProtocolError,
    TaskFailed,
)
from mountsea_gemini._downloading import mp4_problem
from mountsea_gemini._secrets import WITHHELD
from mountsea_gemini.operations import GET_TASK_RESULT
from rulewright.testing import FakeClock

from tests.client.scripted import COMPLETED, PROCESSING, TASK, Play, Skin, reply, stream


def _box(name: bytes, size: int) -> bytes:
    return struct.pack(">I4s", size, name) + bytes(size - 8)


IMAGE = "https://images.example/a-face-nobody-else-has.png"
LONG = "x" * 41


@pytest.mark.parametrize("echoed", [IMAGE, LONG])
def test_an_error_repeats_no_address_and_no_long_text_of_the_request(skin: Skin, echoed: str) -> None:
    """Servers echo what they refuse, and errors end up in logs."""
    play = Play(submit=[reply(400, {"message": f"bad value {echoed}"})])
    with pytest.raises(BadRequest) as caught:
        skin.do(skin.client(play).image_to_video("a cat", (echoed,), waive={"images-are-http-urls"}))
    assert echoed not in str(caught.value)
    assert caught.value.vendor_message == WITHHELD


@pytest.mark.parametrize(
    "name", ["x-trace-id", "x-request-id", "trace-id", "request-id", "x-correlation-id", "cf-ray", "CF-Ray"]
)
def test_every_name_of_a_trace_id_header_is_read(skin: Skin, name: str) -> None:
    """Headers of servers and proxies count where the body has no trace id."""
    play = Play(submit=[reply(400, {}, {name: "t-17"})])
    with pytest.raises(ApiError) as caught:
        skin.do(skin.client(play).text_to_video("a cat"))
    assert caught.value.trace_id == "t-17"


def test_the_last_answer_is_reported_before_the_error(skin: Skin) -> None:
    """`on_poll` gets the final state, also of a failed task."""
    seen: list[str] = []
    play = Play(poll=[PROCESSING, reply(200, {"taskId": TASK, "status": "failed"})])
    with pytest.raises(TaskFailed):
        skin.do(skin.task(skin.client(play)).wait(on_poll=lambda result: seen.append(result.status)))
    assert seen == ["processing", "failed"]


@pytest.mark.parametrize("missing", [1, 2])
def test_a_404_late_in_a_wait_does_not_end_it(skin: Skin, missing: int) -> None:
    """One of several servers may not know the task; the next poll may find it."""
    play = Play(
        poll=[*[PROCESSING] * 20, *[reply(404, {})] * missing, PROCESSING, *[reply(404, {})] * missing, COMPLETED]
    )
    assert skin.do(skin.task(skin.client(play)).wait()).succeeded
    assert len(play.of("poll")) == 22 + 2 * missing


def test_other_faults_between_two_404s_change_nothing(skin: Skin) -> None:
    """They say nothing about the task, so the run of 404s continues and ends the wait."""
    clock = FakeClock()
    play = Play(poll=[PROCESSING, *[reply(404, {}), reply(503, {})] * 100])
    with pytest.raises(NotFound):
        skin.do(skin.task(skin.client(play, clock=clock)).wait())
    assert 30 <= clock.elapsed < 120


def test_a_truncated_response_to_a_call_is_an_error(skin: Skin) -> None:
    """The JSON may be complete, but more may have followed."""
    whole = json.dumps({"taskId": TASK, "status": "processing"}).encode()
    play = Play(poll=[stream(200, [whole], error=httpx.ReadError("cut off"))])
    with pytest.raises(ProtocolError, match="its body ended early"):
        skin.do(skin.client(play).call(GET_TASK_RESULT, task_id=TASK))


def _large_box(name: bytes, size: int) -> bytes:
    """Return a box with a 64-bit length."""
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
        (WHOLE + struct.pack(">I4sQ", 1, b"free", 2**63), INSIDE),
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
         "a large index without media", "fragments", "a large box of less than its head",
         "a large box without end", "half a header",
         "almost a header",
         "a cut between two boxes", "half a box", "no beginning", "nothing"],
)  # fmt: skip
def test_an_incomplete_film_is_an_error_with_its_reason(film: bytes, problem: str | None) -> None:
    """The reason decides whether to retry or to ask the vendor."""
    assert mp4_problem(io.BytesIO(film), len(film), length_known=False) == problem


def test_a_film_of_endless_boxes_is_given_up() -> None:
    """A file of box headers alone would keep the disk busy."""
    film = WHOLE + _box(b"free", 8) * 100_000
    assert mp4_problem(io.BytesIO(film), len(film), length_known=False) == "it has too many boxes"


def test_the_boxes_count_whatever_length_was_announced() -> None:
    """A server that lost the end announces what it has left; only a last box without a length may rely on it."""
    whole = _indexed(b"stco", 4)
    for cut in range(len(whole)):
        assert mp4_problem(io.BytesIO(whole[:cut]), cut, length_known=True) is not None
    assert mp4_problem(io.BytesIO(whole), len(whole), length_known=True) is None
    endless = BEGINNING + _box(b"moov", 8) + struct.pack(">I4s", 0, b"mdat") + b"xx"
    assert mp4_problem(io.BytesIO(endless), len(endless), length_known=True) is None
    early = BEGINNING + struct.pack(">I4s", 0, b"mdat") + b"xx"
    assert mp4_problem(io.BytesIO(early), len(early), length_known=True) == "it has no moov box, so it is cut"
