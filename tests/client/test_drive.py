"""The drivers carry out a core's effects, and pass errors back into the core."""

from __future__ import annotations

import errno
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from mountsea_gemini._drive import use_disk
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


def run_effects(skin: Skin, *effects: Effect[Any], clock: FakeClock | None = None) -> list[Any]:
    """Return the outcomes of some effects."""

    def core() -> Core[list[Any]]:
        outcomes = []
        for effect in effects:
            outcomes.append((yield from effect))  # noqa: PERF401  (a comprehension cannot yield)
        return outcomes

    with skin.opened(transport=httpx.MockTransport(echo_path), clock=clock or FakeClock()) as client:
        outcomes: list[Any] = skin.do(client.run(core()))
    return outcomes


class Piece(httpx.ByteStream):
    """A body of one piece that counts how often it was closed."""

    closed = 0

    def close(self) -> None:
        """Count."""
        Piece.closed += 1

    async def aclose(self) -> None:
        """Count."""
        Piece.closed += 1


def echo_path(request: httpx.Request) -> httpx.Response:
    """Respond with the path."""
    return httpx.Response(200, headers={"X-Y": "z"}, stream=Piece(request.url.path.encode()))


def test_time_and_randomness_come_from_the_clock(skin: Skin) -> None:
    """Sleeping is the clock's work too."""
    clock = FakeClock(chance=0.25)
    found = run_effects(skin, Now(), Sleep(7.0), Now(), Wall(), Random(), clock=clock)
    assert found == [0.0, None, 7.0, clock.wall(), 0.25]
    assert clock.slept == [7.0]
    assert clock.wall() == 1767225607.0


def test_requests_are_sent_files_are_opened_read_and_closed(skin: Skin) -> None:
    """`Send` reads the whole body; `Open` returns after the head."""

    def core() -> Core[list[Any]]:
        answer = yield from Send(Request("GET", f"{BASE}/a"), 1.0, 9)
        opened = yield from Open(Request("GET", f"{BASE}/b"), 1.0, guarded=False)
        assert isinstance(answer, Answer)
        assert isinstance(opened, Opened)
        pieces = [(yield from Read(opened.stream, 1.0)), (yield from Read(opened.stream, 1.0))]
        before = Piece.closed
        yield from Close(opened.stream)
        return [answer.body, opened.status, opened.headers["x-y"], *pieces, Piece.closed - before]

    with skin.opened(transport=httpx.MockTransport(echo_path)) as client:
        assert skin.do(client.run(core())) == [b"/a", 200, "z", b"/b", b"", 1]


def make_failing(error: BaseException) -> Callable[..., Any]:
    """Return a disk action or a callback that raises."""

    def fail(*_: Any) -> Any:
        raise error

    return fail


class Sheet:
    """A file that has room for one piece."""

    def __init__(self) -> None:
        self.held: list[bytes] = []

    def write(self, chunk: bytes) -> None:
        """Keep it."""
        if self.held:
            raise OSError(errno.ENOSPC, "No space\x07 left on device")
        self.held.append(chunk)


def test_a_disk_error_is_an_outcome(skin: Skin) -> None:
    """It has the system's message, or else the name of the exception."""
    sheet = Sheet()
    first, second = run_effects(skin, Write(sheet, b"a"), Write(sheet, b"b"))
    assert (first, sheet.held) == (None, [b"a"])
    assert isinstance(second, DiskFailed)
    assert second.detail == r"No space\x07 left on device"
    for brief in (False, True):
        read, denied, odd = run_effects(
            skin,
            Disk(lambda: 7, brief=brief),
            Disk(make_failing(PermissionError(errno.EACCES, "Permission denied")), brief=brief),
            Disk(make_failing(BlockingIOError("no number")), brief=brief),
        )
        assert (read, denied.detail, odd.detail) == (7, "Permission denied", "BlockingIOError")
    with pytest.raises(KeyError):
        use_disk(Disk(make_failing(KeyError("a mistake of ours"))))


def test_the_caller_is_notified(skin: Skin) -> None:
    """The callback gets the argument, and its result is ignored."""
    received: list[Any] = []
    run_effects(skin, Tell(received.append, "a"), Tell(received.append, None))
    assert received == ["a", None]


def test_an_error_of_a_callback_is_raised_in_the_core(skin: Skin) -> None:
    """The core may handle it: its next effect is carried out as usual."""
    seen: list[BaseException] = []

    def core(error: BaseException) -> Core[Any]:
        try:
            yield from Tell(make_failing(error), None)
        except BaseException as caught:
            seen.append(caught)
            now = yield from Now()
            if isinstance(caught, KeyboardInterrupt):
                raise
            return "caught", now

    ours, theirs = LookupError("no"), KeyboardInterrupt()
    with skin.opened(transport=httpx.MockTransport(echo_path)) as client:
        assert skin.do(client.run(core(ours))) == ("caught", 0.0)
        with pytest.raises(KeyboardInterrupt):
            skin.do(client.run(core(theirs)))
    assert seen == [ours, theirs]
