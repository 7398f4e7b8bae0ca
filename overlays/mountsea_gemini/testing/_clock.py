"""Time that passes only when somebody sleeps."""

from __future__ import annotations

import asyncio
import random
from datetime import UTC, datetime
from typing import Final

START: Final = datetime(2026, 1, 1, tzinfo=UTC)
PATIENCE: Final = 100_000
"""Sleeps after which nothing will come of waiting: an endless wait fails a test, and does not hang it."""


class FakeClock:
    """A clock for `Client(clock=...)`: sleeping moves it on, and takes no time.

    Args:
        chance: The "random" number drawn each time, from 0 to below 1; None draws repeatable ones.
        patience: How many sleeps there may be; one more is a failure of the test.

    Attributes:
        slept: The sleeps so far, in seconds.
        chance: May be set at any time.
    """

    def __init__(self, chance: float | None = 0.5, patience: int = PATIENCE) -> None:
        if chance is not None and not 0 <= chance < 1:
            raise ValueError(f"chance is a number from 0 to below 1, got {chance!r}")
        self.chance = chance
        self.slept: list[float] = []
        self._patience = patience
        self._elapsed = 0.0
        self._stepped = 0.0
        self._drawn = random.Random(0)  # noqa: S311  (repeatable on purpose)

    @property
    def elapsed(self) -> float:
        """Seconds that have passed since the clock was made."""
        return self._elapsed

    def advance(self, seconds: float) -> None:
        """Let time pass, as if something had taken that long.

        Raises:
            ValueError: The number is negative.
        """
        if not seconds >= 0:
            raise ValueError(f"cannot advance a clock by {seconds!r} s: time does not go back")
        self._elapsed += seconds

    def step(self, seconds: float) -> None:
        """Set the date on or back, as a time server does; no time passes, and `now` does not notice."""
        self._stepped += seconds

    def now(self) -> float:
        """Return the elapsed seconds."""
        return self._elapsed

    def wall(self) -> float:
        """Return the same as a date, counted from the first of January 2026, steps included."""
        return START.timestamp() + self._elapsed + self._stepped

    def random(self) -> float:
        """Return the chance that is set, or the next repeatable one."""
        return self._drawn.random() if self.chance is None else self.chance

    def sleep(self, seconds: float) -> None:
        """Let time pass, and remember that somebody slept.

        Raises:
            AssertionError: It was asked for so often that somebody waits for ever.
        """
        self.slept.append(seconds)
        if len(self.slept) > self._patience:
            raise AssertionError(f"somebody slept {self._patience} times, and goes on waiting for what never comes")
        self.advance(seconds)

    async def asleep(self, seconds: float) -> None:
        """Do as `sleep` does, and give other tasks a turn."""
        self.sleep(seconds)
        await asyncio.sleep(0)
