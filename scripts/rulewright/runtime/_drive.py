"""Drive a decision core, blocking; `_async_drive` has the loop of the same shape on asyncio."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any, Final, TypeVar

from ._api import LOGGER
from ._clock import Clock, SystemClock
from ._errors import ConnectionFailed
from ._exchange import (
    Close,
    Core,
    Disk,
    DiskFailed,
    Effect,
    Failed,
    Now,
    Open,
    Random,
    Read,
    Send,
    Sleep,
    Tell,
    Wall,
    Write,
)
from ._http import SyncHttp
from ._secrets import printable

R = TypeVar("R")

_log = logging.getLogger(LOGGER)


class SyncDriver:
    """Carry out what a core asks for, blocking.

    Args:
        http: Where requests go.
        clock: Whose time it is.
    """

    def __init__(self, http: SyncHttp, clock: Clock) -> None:
        self.http = http
        self._clock = clock
        self._closed = threading.Event()
        self._do: dict[type, Callable[[Any], Any]] = {
            **common(clock),
            Sleep: self._sleep,
            Send: http.send,
            Open: http.open,
            Read: http.read,
            Close: lambda effect: http.close_stream(effect.stream),
            Disk: on_disk,
            Tell: lambda effect: effect.callback(effect.argument),
        }

    def run(self, core: Core[R]) -> R:
        """Return what `core` returns, or raise what it raises."""
        step: Callable[[], Effect[Any]] = partial(next, core)
        while True:
            try:
                effect = step()
            except StopIteration as stop:
                found: R = stop.value
                return found
            try:
                outcome = self._done(effect)
            except BaseException as error:  # noqa: BLE001  (the core cleans up, adds the task's id, and raises it)
                step = partial(core.throw, error)
            else:
                step = partial(core.send, outcome)

    def _done(self, effect: Effect[Any]) -> Any:
        if self._closed.is_set() and type(effect) in BEGINNINGS:
            raise closed()
        started = time.monotonic()
        outcome = self._do[type(effect)](effect)
        log_exchange(effect, outcome, started)
        return outcome

    def _sleep(self, effect: Sleep) -> None:
        # A clock of the caller's own knows nothing of `close`.
        if type(self._clock) is SystemClock:
            if self._closed.wait(effect.seconds):
                raise closed()
        else:
            self._clock.sleep(effect.seconds)

    def close(self) -> None:
        """End what runs, in whatever thread, before its next step, and close the connections."""
        self._closed.set()
        self.http.close()


BEGINNINGS: Final = frozenset({Sleep, Send, Open})
"""Effects that a closed client does not begin; what has begun is brought to its end."""


def log_exchange(effect: Effect[Any], outcome: Any, started: float) -> None:
    """Log a request and how it ended; neither header nor body nor query, where secrets are."""
    if isinstance(effect, (Send, Open)) and _log.isEnabledFor(logging.DEBUG):
        address = printable(effect.request.url.partition("?")[0])
        end = "no answer" if isinstance(outcome, Failed) else f"HTTP {outcome.status}"
        _log.debug("%s %s: %s (%.3f s)", effect.request.method, address, end, time.monotonic() - started)


def closed() -> ConnectionFailed:
    """Return the error that ends what still runs when its client is closed."""
    return ConnectionFailed(
        "the client was closed while this call was running",
        way_out="a task that was started goes on and costs nothing more; go on with the task(id) of a new client",
    )


def common(clock: Clock) -> dict[type, Callable[[Any], Any]]:
    """Return what neither driver has to wait for."""
    return {
        Now: lambda _: clock.now(),
        Wall: lambda _: clock.wall(),
        Random: lambda _: clock.random(),
        Write: _written,
    }


def _written(effect: Write) -> DiskFailed | None:
    try:
        effect.sink.write(effect.chunk)
    except OSError as error:
        return _refusal(error)
    return None


def on_disk(effect: Disk[R]) -> R | DiskFailed:
    try:
        return effect.action()
    except OSError as error:
        return _refusal(error)


def _refusal(error: OSError) -> DiskFailed:
    return DiskFailed(printable(error.strerror or type(error).__name__))
