"""The drivers: what a core asks for is done as asked, and what goes wrong goes back into the core."""

from __future__ import annotations

import errno
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from mountsea_gemini._drive import on_disk
from mountsea_gemini._exchange import (
    Answer,
    Close,
    Core,
    Disk,
    DiskFailed,
    Effect,
    Now,
    Open,
    Opened,
    Random,
    Read,
    Request,
    Send,
    Sleep,
    Tell,
    Wall,
    Write,
)
from rulewright.testing import FakeClock

from tests.client.scripted import BASE, Skin


def done(skin: Skin, *effects: Effect[Any], clock: FakeClock | None = None) -> list[Any]:
    """Return the outcomes of some effects."""

    def core() -> Core[list[Any]]:
        outcomes = []
        for effect in effects:
            outcomes.append((yield from effect))  # noqa: PERF401  (a comprehension cannot yield)
        return outcomes

    with skin.opened(transport=httpx.MockTransport(answered), clock=clock or FakeClock()) as client:
        outcomes: list[Any] = skin.do(client.run(core()))
    return outcomes


class Piece(httpx.ByteStream):
    """A body of one piece that says whether it was given up."""

    closed = 0

    def close(self) -> None:
        """Count."""
        Piece.closed += 1

    async def aclose(self) -> None:
        """Count."""
        Piece.closed += 1


def answered(request: httpx.Request) -> httpx.Response:
    """Answer with the path."""
    return httpx.Response(200, headers={"X-Y": "z"}, stream=Piece(request.url.path.encode()))


def test_time_and_chance_are_the_clocks(skin: Skin) -> None:
    """Sleeping is left to it, too."""
    clock = FakeClock(chance=0.25)
    found = done(skin, Now(), Sleep(7.0), Now(), Wall(), Random(), clock=clock)
    assert found == [0.0, None, 7.0, clock.wall(), 0.25]
    assert clock.slept == [7.0]
    assert clock.wall() == 1767225607.0


def test_requests_are_sent_files_are_opened_read_and_closed(skin: Skin) -> None:
    """One is read whole; of the other, the head comes first."""

    def core() -> Core[list[Any]]:
        answer = yield from Send(Request("GET", f"{BASE}/a"), 1.0, 9)
        opened = yield from Open(Request("GET", f"{BASE}/b"), 1.0, guarded=False)
        assert isinstance(answer, Answer)
        assert isinstance(opened, Opened)
        pieces = [(yield from Read(opened.stream, 1.0)), (yield from Read(opened.stream, 1.0))]
        before = Piece.closed
        yield from Close(opened.stream)
        return [answer.body, opened.status, opened.headers["x-y"], *pieces, Piece.closed - before]

    with skin.opened(transport=httpx.MockTransport(answered)) as client:
        assert skin.do(client.run(core())) == [b"/a", 200, "z", b"/b", b"", 1]


class Sheet:
    """A file that has room for one piece."""

    def __init__(self) -> None:
        self.held: list[bytes] = []

    def write(self, chunk: bytes) -> None:
        """Keep it."""
        if self.held:
            raise OSError(errno.ENOSPC, "No space\x07 left on device")
        self.held.append(chunk)


def raising(error: Exception) -> Callable[[], Any]:
    """Return something to be done with the file system that goes wrong."""

    def action() -> Any:
        raise error

    return action


def test_an_error_of_the_disk_is_reported_in_its_words(skin: Skin) -> None:
    """It is an outcome, not an error; without words, the name of the error has to do."""
    sheet = Sheet()
    first, second = done(skin, Write(sheet, b"a"), Write(sheet, b"b"))
    assert (first, sheet.held) == (None, [b"a"])
    assert isinstance(second, DiskFailed)
    assert second.detail == r"No space\x07 left on device"
    for brief in (False, True):
        read, denied, odd = done(
            skin,
            Disk(lambda: 7, brief=brief),
            Disk(raising(PermissionError(errno.EACCES, "Permission denied")), brief=brief),
            Disk(raising(BlockingIOError("no number")), brief=brief),
        )
        assert (read, denied.detail, odd.detail) == (7, "Permission denied", "BlockingIOError")
    with pytest.raises(KeyError):
        on_disk(Disk(raising(KeyError("a mistake of ours"))))


def test_the_caller_is_notified(skin: Skin) -> None:
    """With what there is to tell; the answer is nobody's business."""
    told: list[Any] = []
    done(skin, Tell(told.append, "a"), Tell(told.append, None))
    assert told == ["a", None]


def test_what_goes_wrong_goes_back_into_the_core(skin: Skin) -> None:
    """Which may make something of it: its next effect is carried out like any other."""
    seen: list[BaseException] = []

    def core(error: BaseException) -> Core[Any]:
        try:
            yield from Tell(raising_with(error), None)
        except BaseException as caught:
            seen.append(caught)
            now = yield from Now()
            if isinstance(caught, KeyboardInterrupt):
                raise
            return "caught", now

    ours, theirs = LookupError("no"), KeyboardInterrupt()
    with skin.opened(transport=httpx.MockTransport(answered)) as client:
        assert skin.do(client.run(core(ours))) == ("caught", 0.0)
        with pytest.raises(KeyboardInterrupt):
            skin.do(client.run(core(theirs)))
    assert seen == [ours, theirs]


def raising_with(error: BaseException) -> Callable[[Any], None]:
    """Return a callback that raises."""

    def callback(_: Any) -> None:
        raise error

    return callback
