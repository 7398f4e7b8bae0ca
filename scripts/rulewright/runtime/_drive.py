"""Drive a decision core, blocking or on asyncio."""

from __future__ import annotations

import asyncio
import inspect
import logging
import threading
import time
from abc import ABC, abstractmethod
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
from ._http import Http
from ._http_sync import finish
from ._secrets import printable

R = TypeVar("R")

_log = logging.getLogger(LOGGER)

_BEGINNINGS: Final = frozenset({Sleep, Send, Open})
"""Effects that a closed client does not begin; what has begun is brought to its end."""


class Driver(ABC):
    """Carry out what a core asks for.

    Args:
        http: Where requests go.
        clock: Whose time it is.
    """

    def __init__(self, http: Http, clock: Clock) -> None:
        self.http = http
        self.clock = clock
        self._closed = False
        self._at_once: dict[type, Callable[[Any], Any]] = {
            Now: lambda _: clock.now(),
            Wall: lambda _: clock.wall(),
            Random: lambda _: clock.random(),
            Write: _write,
        }
        self._later: dict[type, Callable[[Any], Awaitable[Any]]] = {
            Sleep: self._sleep,
            Send: http.send,
            Open: http.open,
            Read: http.read,
            Close: lambda effect: http.close_stream(effect.stream),
            Disk: self.use_disk,
            Tell: self.call_back,
        }

    @abstractmethod
    async def sleep(self, seconds: float) -> None:
        """Wait on the system's clock, or until the driver is closed."""

    @abstractmethod
    async def use_disk(self, effect: Disk[R]) -> R | DiskFailed:
        """Do something with the file system."""

    @abstractmethod
    async def call_back(self, effect: Tell) -> None:
        """Call the caller back."""

    async def drive(self, core: Core[R]) -> R:
        """Return what `core` returns, or raise what it raises."""
        step: Callable[[], Effect[Any]] = partial(next, core)
        # Time counts from the call, not from its turn: so the first answer to "what time is it" is this one.
        called_at: float | None = self.clock.now()
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
                    at_once = self._at_once.get(type(effect))
                    outcome = at_once(effect) if at_once else await self._perform(effect)
            except BaseException as error:  # noqa: BLE001  (the core cleans up, adds the task's id, and raises it)
                step = partial(core.throw, error)
            else:
                step = partial(core.send, outcome)

    async def _perform(self, effect: Effect[Any]) -> Any:
        if self._closed and type(effect) in _BEGINNINGS:
            raise _closed_error()
        started = time.monotonic()
        outcome = await self._later[type(effect)](effect)
        if isinstance(effect, (Send, Open)) and _log.isEnabledFor(logging.DEBUG):
            # Neither header nor body nor query, where secrets are.
            address = printable(effect.request.url.partition("?")[0])
            end = "no answer" if isinstance(outcome, Failed) else f"HTTP {outcome.status}"
            _log.debug("%s %s: %s (%.3f s)", effect.request.method, address, end, time.monotonic() - started)
        return outcome

    async def _sleep(self, effect: Sleep) -> None:
        # A clock of the caller's own knows nothing of `close`.
        if type(self.clock) is SystemClock:
            await self.sleep(effect.seconds)
        elif isinstance(self, SyncDriver):
            self.clock.sleep(effect.seconds)
        else:
            await self.clock.asleep(effect.seconds)
        if self._closed:
            raise _closed_error()


class SyncDriver(Driver):
    """Carry out what a core asks for, blocking."""

    def __init__(self, http: Http, clock: Clock) -> None:
        super().__init__(http, clock)
        self._woken = threading.Event()

    def run(self, core: Core[R]) -> R:
        """Return what `core` returns, or raise what it raises."""
        return finish(self.drive(core))

    async def sleep(self, seconds: float) -> None:
        self._woken.wait(seconds)

    async def use_disk(self, effect: Disk[R]) -> R | DiskFailed:
        return use_disk(effect)

    async def call_back(self, effect: Tell) -> None:
        effect.callback(effect.argument)

    def close(self) -> None:
        """End what runs, in whatever thread, before its next step, and close the connections."""
        self._closed = True
        self._woken.set()
        self.http.close()


class AsyncDriver(Driver):
    """Carry out what a core asks for, on asyncio."""

    def __init__(self, http: Http, clock: Clock) -> None:
        super().__init__(http, clock)
        self._asleep: set[asyncio.Future[None]] = set()

    async def sleep(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        woken: asyncio.Future[None] = loop.create_future()
        timer = loop.call_later(seconds, _wake, woken)
        self._asleep.add(woken)
        try:
            await woken
        finally:
            timer.cancel()
            self._asleep.discard(woken)
        await self.http.turn()

    async def use_disk(self, effect: Disk[R]) -> R | DiskFailed:
        if effect.brief:
            return use_disk(effect)
        work = asyncio.ensure_future(asyncio.to_thread(use_disk, effect))
        try:
            return await asyncio.shield(work)
        except asyncio.CancelledError:
            # Leave no thread behind that still writes: what was begun is finished, then the cancellation goes on.
            await asyncio.wait([work])
            raise

    async def call_back(self, effect: Tell) -> None:
        answer = effect.callback(effect.argument)
        if inspect.isawaitable(answer):
            await answer

    async def aclose(self) -> None:
        """End what runs, on whatever event loop, before its next step, and close the connections."""
        self._closed = True
        for woken in [*self._asleep]:
            loop = woken.get_loop()
            if loop is asyncio.get_running_loop():
                _wake(woken)
            elif loop.is_running():
                loop.call_soon_threadsafe(_wake, woken)
        self.http.close()


def _wake(sleeper: asyncio.Future[None]) -> None:
    if not sleeper.done():
        sleeper.set_result(None)


def _closed_error() -> ConnectionFailed:
    return ConnectionFailed(
        "the client was closed while this call was running",
        way_out="a task that was started goes on and costs nothing more; go on with the task(id) of a new client",
    )


def _write(effect: Write) -> DiskFailed | None:
    try:
        effect.sink.write(effect.chunk)
    except OSError as error:
        return _disk_failed(error)
    return None


def use_disk(effect: Disk[R]) -> R | DiskFailed:
    """Do something with the file system."""
    try:
        return effect.action()
    except OSError as error:
        return _disk_failed(error)


def _disk_failed(error: OSError) -> DiskFailed:
    return DiskFailed(printable(error.strerror or type(error).__name__))
