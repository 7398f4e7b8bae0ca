"""Drive a decision core on asyncio; `_drive` has the loop of the same shape that blocks."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, TypeVar

from ._clock import Clock
from ._drive import common, on_disk
from ._exchange import Close, Core, Disk, DiskFailed, Effect, Open, Read, Send, Sleep, Tell
from ._http_async import AsyncHttp

R = TypeVar("R")


class AsyncDriver:
    """Carry out what a core asks for, on asyncio.

    Args:
        http: Where requests go.
        clock: Whose time it is.
    """

    def __init__(self, http: AsyncHttp, clock: Clock) -> None:
        self.http = http
        self._now = common(clock)
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


async def _off_loop(effect: Disk[R]) -> R | DiskFailed:
    if effect.brief:
        return on_disk(effect)
    work = asyncio.ensure_future(asyncio.to_thread(on_disk, effect))
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
