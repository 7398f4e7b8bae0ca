"""Time and chance as seen by a client: the system's, or a scripted one in tests."""

from __future__ import annotations

import random
import time
from typing import Protocol


class Clock(Protocol):
    """What a client needs to know of time.

    Give your own to `Client(clock=...)` in tests, and an hour of waiting takes no time.
    """

    def now(self) -> float:
        """Return seconds on a clock that never goes back."""
        ...

    def wall(self) -> float:
        """Return seconds since 1970 (UTC)."""
        ...

    def random(self) -> float:
        """Return a number drawn uniformly from [0, 1)."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait (sync client)."""

    async def asleep(self, seconds: float) -> None:
        """Wait (async client)."""


class SystemClock:
    """The machine's own time and chance."""

    def now(self) -> float:
        """Return the monotonic clock."""
        return time.monotonic()

    def wall(self) -> float:
        """Return the wall clock."""
        return time.time()

    def random(self) -> float:
        """Return a pseudo-random number; jitter needs no better one."""
        return random.random()  # noqa: S311

    def sleep(self, seconds: float) -> None:
        """Block the thread."""
        time.sleep(seconds)

    async def asleep(self, seconds: float) -> None:
        """Suspend the task."""
        import asyncio

        await asyncio.sleep(seconds)
