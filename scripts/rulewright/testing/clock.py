"""Time that passes only when somebody sleeps."""

from __future__ import annotations

import asyncio
import random
from typing import Final

from rulewright.sandbox.tasks import EPOCH

PATIENCE: Final = 100_000
"""Sleeps after which waiting is taken to be endless: that fails a test, and does not hang it."""


class FakeClock:
    """A clock for a client and a sandbox: sleeping advances it, and takes no time.

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

    def advance(self, seconds: float) -> bool:
        """Let time pass, as if something had taken that long, and return True: nobody has to wait.

        Raises:
            ValueError: The number is negative.
        """
        if not seconds >= 0:
            raise ValueError(f"cannot advance a clock by {seconds!r} s: time does not go back")
        self._elapsed += seconds
        return True

    def step(self, seconds: float) -> None:
        """Set the date on or back, as a time server does; no time passes, and `now` does not change."""
        self._stepped += seconds

    def now(self) -> float:
        """Return the elapsed seconds."""
        return self._elapsed

    def wall(self) -> float:
        """Return the date in seconds since 1970: the first of January 2026, the elapsed time and the steps."""
        return EPOCH + self._elapsed + self._stepped

    def random(self) -> float:
        """Return the chance that is set, or the next repeatable one."""
        return self._drawn.random() if self.chance is None else self.chance

    def sleep(self, seconds: float) -> None:
        """Let time pass, and record the sleep.

        Raises:
            AssertionError: There were so many sleeps that somebody waits for ever.
        """
        self.slept.append(seconds)
        if len(self.slept) > self._patience:
            raise AssertionError(f"{self._patience} sleeps: the code under test waits for something that never comes")
        self.advance(seconds)

    async def asleep(self, seconds: float) -> None:
        """Do as `sleep` does, and give other coroutines a turn."""
        self.sleep(seconds)
        await asyncio.sleep(0)
