"""Time as the sandbox sees it."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

EPOCH: Final = datetime(2026, 1, 1, tzinfo=UTC)


class Clock(Protocol):
    """What decides how long a task has lived and which dates its answers carry."""

    def monotonic(self) -> float:
        """Return seconds since some fixed point; never smaller than before."""
        ...

    def now(self) -> datetime:
        """Return the date, with its time zone, that something that happens now carries."""
        ...

    def sleep(self, seconds: float) -> bool:
        """Let that much time pass without waiting and return True, or return False: the caller must wait."""
        ...


class SteadyClock:
    """Real elapsed time; dates are made up, so that the same seed gives the same bytes.

    The calendar starts in 2026 and moves on by one second at each look at it.
    """

    def __init__(self) -> None:
        self._looks = 0

    def monotonic(self) -> float:
        """Return real monotonic seconds."""
        return time.monotonic()

    def now(self) -> datetime:
        """Return the next second of the made-up calendar."""
        self._looks += 1
        return EPOCH + timedelta(0, self._looks)

    def sleep(self, seconds: float) -> bool:  # noqa: ARG002  the protocol's signature
        """Return False: real time passes only by waiting."""
        return False


class VirtualClock:
    """A clock that moves only when told, by `advance` or by a slow answer of an in-process door."""

    def __init__(self, start: datetime = EPOCH) -> None:
        self._start = start
        self._elapsed = 0.0
        self._lock = threading.Lock()

    def advance(self, seconds: float) -> None:
        """Move on by that many seconds.

        Raises:
            ValueError: The number is negative; a life never goes back.
        """
        if seconds < 0:
            raise ValueError(f"cannot advance a clock by {seconds} s: time does not go back")
        with self._lock:
            self._elapsed += seconds

    def monotonic(self) -> float:
        """Return the seconds advanced so far."""
        return self._elapsed

    def now(self) -> datetime:
        """Return the start date plus the seconds advanced so far."""
        return self._start + timedelta(seconds=self._elapsed)

    def sleep(self, seconds: float) -> bool:
        """Advance by that many seconds; nobody needs to wait."""
        self.advance(seconds)
        return True


def date_text(moment: datetime) -> str:
    """Return a date as RFC 3339 text in UTC with milliseconds, the way JavaScript servers write it."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
