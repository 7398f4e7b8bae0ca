"""Drive a decision core, blocking; `_async_drive` has the loop of the same shape on asyncio."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from ._clock import Clock
from ._exchange import (
    Close,
    Core,
    Disk,
    DiskFailed,
    Effect,
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
from ._http_sync import SyncHttp
from ._secrets import printable

R = TypeVar("R")


class SyncDriver:
    """Carry out what a core asks for, blocking.

    Args:
        http: Where requests go.
        clock: Whose time it is.
    """

    def __init__(self, http: SyncHttp, clock: Clock) -> None:
        self.http = http
        self._do: dict[type, Callable[[Any], Any]] = {
            **common(clock),
            Sleep: lambda effect: clock.sleep(effect.seconds),
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
                outcome = self._do[type(effect)](effect)
            except BaseException as error:  # noqa: BLE001  (the core cleans up, adds the task's id, and raises it)
                step = partial(core.throw, error)
            else:
                step = partial(core.send, outcome)


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
