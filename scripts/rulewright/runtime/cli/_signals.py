"""Signals that end a command, while money is at stake."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Final

from .._clock import SystemClock

ENDING: Final = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK") if hasattr(signal, name)
)
"""The signals that ask a program to end, as far as this system has them."""


class Interrupted(KeyboardInterrupt):
    """A signal asked the command to end.

    Args:
        number: The signal.
    """

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number


class Interrupts:
    """Raise `Interrupted` when a signal asks the command to end, but not while a submit is under way.

    A submit that is cut off leaves a task that is billed and whose id is lost, so its answer is awaited first; the
    request's own time-out bounds that. Only a second Ctrl-C cuts it off: a person who presses it has read the
    notice, while supervisors and closing terminals send their signals twice without a look.
    """

    def __init__(self) -> None:
        self._received: int | None = None
        self._presses = 0
        self._hold: Callable[[], Any] | None = None
        self._pausing = False
        self._over = False
        self.idle = False
        """Whether the command was interrupted in a pause, when no request was under way."""

    @contextmanager
    def handle(self) -> Iterator[None]:
        """Handle the signals in this block; those that are ignored or handled already stay so."""
        before: dict[int, Any] = {}
        if threading.current_thread() is threading.main_thread():
            for number in ENDING:
                if signal.getsignal(number) in {signal.SIG_DFL, signal.default_int_handler}:
                    before[number] = signal.signal(number, self._handle)
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    @contextmanager
    def hold(self, on_signal: Callable[[], Any]) -> Iterator[None]:
        """Hold a signal back in this block; `deliver` raises it afterwards.

        Args:
            on_signal: Called once, from the signal handler: says why the command goes on, or ends the block.

        Raises:
            Interrupted: Ctrl-C was pressed twice, or a signal came in a pause.
        """
        self._hold = on_signal
        try:
            yield
        finally:
            self._hold = None

    def deliver(self) -> None:
        """Raise the signal that was held back, if there was one."""
        if self._received is not None and not self._over:
            self._over = True
            raise Interrupted(self._received)

    def ignore(self) -> None:
        """Ignore all further signals: the command reports its end, and a second signal must not cut off an id."""
        self._over = True

    def pause(self, seconds: float) -> None:
        """Sleep, unless a signal has come before or comes now."""
        self._pausing = True
        try:
            self.deliver()
            time.sleep(seconds)
        except KeyboardInterrupt:
            self.idle = True
            raise
        finally:
            self._pausing = False

    def _handle(self, number: int, _frame: FrameType | None) -> None:
        if self._over:
            return
        self._presses += number == signal.SIGINT
        first = self._received is None
        if first:
            self._received = number
        if self._hold is None or self._pausing or self._presses > 1:
            self.deliver()
        elif first:
            # The interrupted code may be writing to the same stream, and a message is not worth a failed submit.
            with contextlib.suppress(RuntimeError):
                self._hold()


def ignore_all() -> None:
    """Ignore the signals for the rest of the process: a repeated one must not replace the exit code."""
    for number in ENDING:
        signal.signal(number, signal.SIG_IGN)


class Clock(SystemClock):
    """The machine's time, with pauses that signals end.

    Args:
        interrupts: Who handles the signals.
        pace: What to multiply pauses by; a sandbox needs none of them in full.
    """

    def __init__(self, interrupts: Interrupts, pace: float = 1.0) -> None:
        self._interrupts = interrupts
        self._pace = pace

    def sleep(self, seconds: float) -> None:
        """Block the thread."""
        self._interrupts.pause(seconds * self._pace)


class Paced(SystemClock):
    """The machine's time on asyncio, with shorter pauses for a sandbox.

    Args:
        pace: What to multiply pauses by.
    """

    def __init__(self, pace: float = 1.0) -> None:
        self._pace = pace

    async def asleep(self, seconds: float) -> None:
        """Suspend the task."""
        await asyncio.sleep(seconds * self._pace)
