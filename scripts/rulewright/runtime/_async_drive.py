"""Drive a decision core on asyncio; `_drive` has the loop of the same shape that blocks."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, TypeVar

from ._clock import Clock, SystemClock
from ._drive import BEGINNINGS, closed, common, log_exchange, on_disk
from ._exchange import Close, Core, Disk, DiskFailed, Effect, Now, Open, Read, Send, Sleep, Tell
from ._http import AsyncHttp

R = TypeVar("R")


class AsyncDriver:
    """Carry out what a core asks for, on asyncio.

    Args:
        http: Where requests go.
        clock: Whose time it is.
    """

    def __init__(self, http: AsyncHttp, clock: Clock) -> None:
        self.http = http
        self._clock = clock
        self._closed = False
        self._asleep: set[asyncio.Future[None]] = set()
        self._now = common(clock)
        self._later: dict[type, Callable[[Any], Awaitable[Any]]] = {
            Sleep: self._sleep,
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
        # Time counts from the call, not from its turn: so the first answer to "what time is it" is this one.
        called_at: float | None = self._clock.now()
        await self.http.turn()
        while True:
            try:
                effect = step()
            except StopIteration as stop:
                found: R = stop.value
                return found
            try:
                if called_at is not None and type(effect) is Now:
                    outcome, called_at = called_at, None
                else:
                    at_once = self._now.get(type(effect))
                    outcome = at_once(effect) if at_once else await self._done(effect)
            except BaseException as error:  # noqa: BLE001  (the core cleans up, adds the task's id, and raises it)
                step = partial(core.throw, error)
            else:
                step = partial(core.send, outcome)

    async def _done(self, effect: Effect[Any]) -> Any:
        if self._closed and type(effect) in BEGINNINGS:
            raise closed()
        started = time.monotonic()
        outcome = await self._later[type(effect)](effect)
        log_exchange(effect, outcome, started)
        return outcome

    async def _sleep(self, effect: Sleep) -> None:
        # A clock of the caller's own knows nothing of `aclose`.
        if type(self._clock) is SystemClock:
            await self._sleep_until_closed(effect.seconds)
            await self.http.turn()
        else:
            await self._clock.asleep(effect.seconds)
        if self._closed:
            raise closed()

    async def _sleep_until_closed(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        woken: asyncio.Future[None] = loop.create_future()
        timer = loop.call_later(seconds, _wake, woken)
        self._asleep.add(woken)
        try:
            await woken
        finally:
            timer.cancel()
            self._asleep.discard(woken)

    async def aclose(self) -> None:
        """End what runs, on whatever event loop, before its next step, and close the connections."""
        self._closed = True
        for woken in [*self._asleep]:
            loop = woken.get_loop()
            if loop is asyncio.get_running_loop():
                _wake(woken)
            elif loop.is_running():
                loop.call_soon_threadsafe(_wake, woken)
        await self.http.aclose()


def _wake(sleeper: asyncio.Future[None]) -> None:
    if not sleeper.done():
        sleeper.set_result(None)


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
