"""Drive a decision core: two loops of the same shape, one blocking and one on asyncio."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable
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
from ._http_async import AsyncHttp
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
            **_common(clock),
            Sleep: lambda effect: clock.sleep(effect.seconds),
            Send: http.send,
            Open: http.open,
            Read: http.read,
            Close: lambda effect: http.close_stream(effect.stream),
            Disk: _on_disk,
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


class AsyncDriver:
    """Carry out what a core asks for, on asyncio.

    Args:
        http: Where requests go.
        clock: Whose time it is.
    """

    def __init__(self, http: AsyncHttp, clock: Clock) -> None:
        self.http = http
        self._now = _common(clock)
        self._later: dict[type, Callable[[Any], Awaitable[Any]]] = {
            Sleep: lambda effect: clock.asleep(effect.seconds),
            Send: http.send,
            Open: http.open,
            Read: http.read,
            Close: lambda effect: http.close_stream(effect.stream),
            Disk: _off_loop,
            Tell: _told,
        }

    async def run(self, core: Core[R]) -> R:
        """Return what `core` returns, or raise what it raises."""
        step: Callable[[], Effect[Any]] = partial(next, core)
        while True:
            try:
                effect = step()
            except StopIteration as stop:
                found: R = stop.value
                return found
            try:
                at_once = self._now.get(type(effect))
                outcome = at_once(effect) if at_once else await self._later[type(effect)](effect)
            except BaseException as error:  # noqa: BLE001  (the core cleans up, adds the task's id, and raises it)
                step = partial(core.throw, error)
            else:
                step = partial(core.send, outcome)


def _common(clock: Clock) -> dict[type, Callable[[Any], Any]]:
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


def _on_disk(effect: Disk[R]) -> R | DiskFailed:
    try:
        return effect.action()
    except OSError as error:
        return _refusal(error)


def _refusal(error: OSError) -> DiskFailed:
    return DiskFailed(printable(error.strerror or type(error).__name__))


async def _off_loop(effect: Disk[R]) -> R | DiskFailed:
    if effect.brief:
        return _on_disk(effect)
    work = asyncio.ensure_future(asyncio.to_thread(_on_disk, effect))
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        # Leave no thread behind that still writes: what was begun is finished, then the cancellation goes on.
        await asyncio.wait([work])
        raise


async def _told(effect: Tell) -> None:
    answer = effect.callback(effect.argument)
    if inspect.isawaitable(answer):
        await answer
