"""Drive a decision core, blocking or on asyncio; the two loops are of the same shape."""

from __future__ import annotations

import asyncio
import inspect
import logging
import threading
import time
from collections.abc import Awaitable, Callable
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
from ._http import AsyncHttp, SyncHttp
from ._secrets import printable

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
            Tell: _call_back,
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
                    outcome = at_once(effect) if at_once else await self._perform(effect)
            except BaseException as error:  # noqa: BLE001  (the core cleans up, adds the task's id, and raises it)
                step = partial(core.throw, error)
            else:
                step = partial(core.send, outcome)

    async def _perform(self, effect: Effect[Any]) -> Any:
        if self._closed and type(effect) in BEGINNINGS:
            raise closed_error()
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
            raise closed_error()

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


async def _call_back(effect: Tell) -> None:
    answer = effect.callback(effect.argument)
    if inspect.isawaitable(answer):
        await answer


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
                outcome = self._perform(effect)
            except BaseException as error:  # noqa: BLE001  (the core cleans up, adds the task's id, and raises it)
                step = partial(core.throw, error)
            else:
                step = partial(core.send, outcome)

    def _perform(self, effect: Effect[Any]) -> Any:
        if self._closed.is_set() and type(effect) in BEGINNINGS:
            raise closed_error()
        started = time.monotonic()
        outcome = self._do[type(effect)](effect)
        log_exchange(effect, outcome, started)
        return outcome

    def _sleep(self, effect: Sleep) -> None:
        # A clock of the caller's own knows nothing of `close`.
        if type(self._clock) is SystemClock:
            if self._closed.wait(effect.seconds):
                raise closed_error()
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


def closed_error() -> ConnectionFailed:
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
        Write: _write,
    }


def _write(effect: Write) -> DiskFailed | None:
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
