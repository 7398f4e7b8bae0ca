"""Share one event loop, and a bounded number of connections, among any number of calls."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Final

PASS: Final = 0.05
"""Seconds that one pass of the event loop should take at most."""

FEWEST: Final = 10
MOST: Final = 200
"""Calls that go on in one pass, depending on how long the last one took."""


class Turns:
    """Let waiting calls go on a few at a time.

    Ten thousand calls that begin or wake at one moment would otherwise all run in one pass of the event loop, and
    nothing else of the program for seconds.
    """

    def __init__(self) -> None:
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._batch = FEWEST

    async def take(self) -> None:
        """Wait for one's turn."""
        loop = asyncio.get_running_loop()
        turn: asyncio.Future[None] = loop.create_future()
        self._waiting.append(turn)
        if len(self._waiting) == 1:
            loop.call_soon(self._pass, loop, loop.time())
        await turn

    def _pass(self, loop: asyncio.AbstractEventLoop, last: float) -> None:
        now = loop.time()
        self._batch = max(FEWEST, self._batch // 2) if now - last > PASS else min(MOST, self._batch * 2)
        for _ in range(min(self._batch, len(self._waiting))):
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
        if self._waiting:
            loop.call_soon(self._pass, loop, now)


class Limit:
    """At most so many exchanges at a time, first come, first served.

    Args:
        places: How many.
    """

    def __init__(self, places: int) -> None:
        self._free = places
        self._queue: deque[asyncio.Future[bool]] = deque()
        self._answered_at = 0.0

    async def enter(self, timeout: float, *, patient: bool) -> bool:
        """Take a place, to be left again; return False if none came free in time.

        Args:
            timeout: Seconds to wait.
            patient: Count them anew whenever an exchange is answered: as long as there are answers, the queue moves.
        """
        if self._free:
            self._free -= 1
            return True
        loop = asyncio.get_running_loop()
        place: asyncio.Future[bool] = loop.create_future()
        timer = (
            loop.call_later(timeout, self._expire_unless_answered, place, timeout)
            if patient
            else loop.call_later(timeout, _expire, place)
        )
        self._queue.append(place)
        try:
            return await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled() and place.result():
                # Granted just before the cancellation was delivered.
                self.leave(answered=False)
            raise
        finally:
            timer.cancel()

    def _expire_unless_answered(self, place: asyncio.Future[bool], timeout: float) -> None:
        left = self._answered_at + timeout - place.get_loop().time()
        if left > 0 and not place.done():
            place.get_loop().call_later(left, self._expire_unless_answered, place, timeout)
        else:
            _expire(place)

    def leave(self, *, answered: bool) -> None:
        """Give a place to the next in the queue."""
        if answered:
            self._answered_at = asyncio.get_running_loop().time()
        while self._queue:
            place = self._queue.popleft()
            if not place.done():
                place.set_result(True)
                return
        self._free += 1

    def dismiss(self) -> None:
        """Send everybody in the queue away."""
        while self._queue:
            _expire(self._queue.popleft())


def _expire(place: asyncio.Future[bool]) -> None:
    if not place.done():
        place.set_result(False)
