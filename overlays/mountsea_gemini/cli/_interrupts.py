"""Ctrl-C while money is under way."""

from __future__ import annotations

import asyncio
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from ._package import SystemClock


class Interrupts:
    """Hold the first Ctrl-C of a submit back until its answer has come.

    Broken off in between, a submit leaves a task that is billed and whose id nobody knows. A second
    Ctrl-C breaks off all the same, and so does one in a pause between two attempts, when nothing is
    under way.

    Args:
        notice: Tells the caller that, and why, the program goes on for a moment.
    """

    def __init__(self, notice: Callable[[], None]) -> None:
        self._notice = notice
        self._pending = False
        self._pausing = False
        self.idle = False
        """Whether it was broken off in a pause, when nothing was under way."""

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold Ctrl-C back in this block; at its end, a held one is raised.

        Raises:
            KeyboardInterrupt: Ctrl-C was pressed.
        """
        before = signal.getsignal(signal.SIGINT)
        if threading.current_thread() is not threading.main_thread() or before != signal.default_int_handler:
            # Somebody else has decided what Ctrl-C means here.
            yield
            return
        signal.signal(signal.SIGINT, self._pressed)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)

    def deliver(self) -> None:
        """Raise the Ctrl-C that was held back, if there was one."""
        if self._pending:
            self._pending = False
            raise KeyboardInterrupt

    def pause(self, seconds: float) -> None:
        """Sleep, unless Ctrl-C was pressed before or is now."""
        self._pausing = True
        try:
            self.deliver()
            time.sleep(seconds)
        except KeyboardInterrupt:
            self.idle = True
            raise
        finally:
            self._pausing = False

    def _pressed(self, _number: int, _frame: FrameType | None) -> None:
        if self._pending or self._pausing:
            self._pending = False
            raise KeyboardInterrupt
        self._pending = True
        self._notice()


class Clock(SystemClock):
    """The machine's time, with pauses that Ctrl-C ends.

    Args:
        interrupts: Who knows about Ctrl-C.
        pace: What to multiply pauses by; a sandbox needs none of them in full.
    """

    def __init__(self, interrupts: Interrupts, pace: float = 1.0) -> None:
        self._interrupts = interrupts
        self._pace = pace

    def sleep(self, seconds: float) -> None:
        """Block the thread."""
        self._interrupts.pause(seconds * self._pace)


class Stopped(Exception):  # noqa: N818  (it is no error)
    """A pause was broken off; nothing was under way."""


class Paced(SystemClock):
    """The machine's time on asyncio, with pauses that end when everything does.

    Args:
        pace: What to multiply pauses by; a sandbox needs none of them in full.
    """

    def __init__(self, pace: float = 1.0) -> None:
        self._pace = pace
        self._over = asyncio.Event()

    def stop(self) -> None:
        """Break all pauses off, now and from now on."""
        self._over.set()

    async def asleep(self, seconds: float) -> None:
        """Suspend the task.

        Raises:
            Stopped: Somebody called `stop`.
        """
        if not self._over.is_set():
            try:
                await asyncio.wait_for(self._over.wait(), seconds * self._pace)
            except TimeoutError:
                return
        raise Stopped("broken off in a pause between two attempts; nothing was under way")
