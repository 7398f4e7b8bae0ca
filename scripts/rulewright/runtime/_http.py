"""Carry requests out over HTTP/1.1: what the blocking and the asynchronous client share.

All of it is written once, as coroutines. `_http_async` adds the sockets of an event loop, `_http_sync` sockets that
block: coroutines over those never suspend, so they run like functions. No module but `_http*` imports the HTTP library.

httpcore frames a request and parses its answer on one connection; connections, their limit, time-outs and reuse
are ours, because its pool and its time-outs leave open what a paid request depends on:

* A submit goes out on a connection of its own. On a used one it could take a surplus answer for its own, or meet
  the server's idle close half-way.
* Every step is bounded by what is left of the whole exchange, resolving and writing included, and whether a byte of
  the request was written is known, so that "never sent" is a fact.
* No bookkeeping is shared among exchanges beyond a counter, so a cancellation at any step leaves nothing behind.

No redirect is followed, no cookie kept, no netrc read and no URL logged. The library's exceptions end here; only their
text goes on, so that no traceback can hold a header.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import ssl
import threading
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable
from typing import Any, ClassVar, Final, cast

import httpcore
import httpx
from attrs import define

from ._api import PROGRAM
from ._exchange import Answer, Collector, Failed, Open, Opened, Read, Request, Send, Stream
from ._http_line import AddressRefusedError, Exchange, Line, Resolver, Route, load_certificates, quietly, route_to
from ._secrets import printable
from ._settings import Authority

MAX_IDLE: Final = 20
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that may be sent on a used connection, and be cut off by `close`."""

ERRORS: Final = (
    httpx.HTTPError,
    httpx.StreamError,
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.TimeoutException,
    httpcore.ProxyError,
    httpcore.UnsupportedProtocol,
    OSError,
)
_NEVER_SENT: Final = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    httpcore.ConnectError,
    httpcore.ConnectTimeout,
    httpcore.PoolTimeout,
    httpcore.ProxyError,
    httpcore.UnsupportedProtocol,
)
_UNBUILDABLE: Final = (httpx.InvalidURL, UnicodeError)

PASS: Final = 0.05
"""Seconds that one pass of the event loop should take at most."""

FEWEST: Final = 10
MOST: Final = 200
"""Calls that go on in one pass, depending on how long the last one took."""


def _failure(error: Exception, exchange: Exchange) -> Failed:
    """Return what went wrong as data, and whether the request may have left."""
    detail = printable(f"{type(error).__name__}: {error}" if str(error) else type(error).__name__)[:300]
    if isinstance(error, AddressRefusedError):
        return Failed(sent=False, detail=str(error), refused=True)
    # Of a transport that is not ours, the kind of its error is all there is to go by.
    sent = not isinstance(error, _NEVER_SENT) if exchange.wrote is None else exchange.wrote
    return Failed(sent, detail)


def _unbuildable(error: Exception) -> Failed:
    return Failed(sent=False, detail=f"the URL cannot be used: {printable(str(error))[:200]}", refused=True)


def _no_place(timeout: float) -> Failed:
    return Failed(sent=False, detail=f"none of the client's connections was free within {timeout:g} s")


def _build_request(request: Request, url: str, added: dict[str, str], timeout: float) -> httpx.Request:
    headers = {"Accept-Encoding": "identity", "User-Agent": PROGRAM, **request.headers, **added}
    every = dict.fromkeys(("connect", "read", "write", "pool"), timeout)
    return httpx.Request(request.method, url, headers=headers, content=request.content, extensions={"timeout": every})


def _read_headers(headers: Any) -> dict[str, str]:
    return {name.lower(): value[:4000] for name, value in httpx.Headers(headers).items()}


@define(eq=False)
class Reply:
    """An answer whose body is still to be read."""

    status: int
    headers: dict[str, str]
    exchange: Exchange
    body: Any
    release: Callable[[Exchange, int], None] = lambda _, __: None
    chunks: Any = None
    size: int = 0


class Turns:
    """Let waiting calls go on a few at a time.

    Ten thousand calls that begin or wake at one moment would otherwise all run in one pass of the event loop, and
    nothing else of the program for seconds.
    """

    def __init__(self) -> None:
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._batch = FEWEST

    async def take(self) -> None:
        """Wait for one's turn."""
        loop = asyncio.get_running_loop()
        turn: asyncio.Future[None] = loop.create_future()
        self._waiting.append(turn)
        if len(self._waiting) == 1:
            loop.call_soon(self._pass, loop, loop.time())
        await turn

    def _pass(self, loop: asyncio.AbstractEventLoop, last: float) -> None:
        now = loop.time()
        self._batch = max(FEWEST, self._batch // 2) if now - last > PASS else min(MOST, self._batch * 2)
        for _ in range(min(self._batch, len(self._waiting))):
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
        if self._waiting:
            loop.call_soon(self._pass, loop, now)


class Limit:
    """At most so many exchanges at a time, first come, first served.

    Args:
        places: How many.
    """

    def __init__(self, places: float) -> None:
        self._free = places
        self._queue: deque[asyncio.Future[bool]] = deque()
        self._answered_at = 0.0

    async def enter(self, timeout: float, *, patient: bool) -> bool:
        """Take a place, to be left again; return False if none came free in time.

        Args:
            timeout: Seconds to wait.
            patient: Count them anew whenever an exchange is answered: as long as there are answers, the queue moves.
        """
        if self._free:
            self._free -= 1
            return True
        loop = asyncio.get_running_loop()
        place: asyncio.Future[bool] = loop.create_future()
        timer = (
            loop.call_later(timeout, self._expire_unless_answered, place, timeout)
            if patient
            else loop.call_later(timeout, _expire, place)
        )
        self._queue.append(place)
        try:
            return await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled() and place.result():
                # Granted just before the cancellation was delivered.
                self.leave(answered=False)
            raise
        finally:
            timer.cancel()

    def _expire_unless_answered(self, place: asyncio.Future[bool], timeout: float) -> None:
        left = self._answered_at + timeout - time.monotonic()
        if left > 0 and not place.done():
            place.get_loop().call_later(left, self._expire_unless_answered, place, timeout)
        else:
            _expire(place)

    def leave(self, *, answered: bool) -> None:
        """Give a place to the next in the queue."""
        if answered:
            self._answered_at = time.monotonic()
        while self._queue:
            place = self._queue.popleft()
            if not place.done():
                place.set_result(True)
                return
        self._free += 1

    def dismiss(self) -> None:
        """Send everybody in the queue away."""
        while self._queue:
            _expire(self._queue.popleft())


def _expire(place: asyncio.Future[bool]) -> None:
    if not place.done():
        place.set_result(False)


class Pool:
    """The connections of one client in one process, on one event loop if it has one, and the calls that wait for them.

    Args:
        exchanges: How many may be under way at a time.
        downloads: How many may be open at a time.
    """

    def __init__(self, exchanges: float, downloads: float) -> None:
        self.exchanges = Limit(exchanges)
        self.downloads = Limit(downloads)
        self.turns = Turns()
        self._resolver = Resolver()
        self._context: ssl.SSLContext | None = None
        self._lock = threading.Lock()
        self._idle: list[Line[Any]] = []
        self._busy: set[Line[Any]] = set()
        self._closed = False

    def certificates(self) -> ssl.SSLContext:
        """Return what servers are checked with, read when first needed: that takes longer than a local request."""
        if self._context is None:
            self._context = load_certificates(httpx.create_ssl_context)
        return self._context

    async def start(
        self, line_type: type[Line[Any]], request: httpx.Request, exchange: Exchange, *, guarded: bool
    ) -> Reply:
        """Send a request and return its answer, whose release is due."""
        url = request.url
        route = route_to(url.scheme, url.raw_host.decode("ascii"), url.port, guarded=guarded)
        safe = request.method in _SAFE
        line = (self._take_idle(route) if safe else None) or line_type(route, self._resolver, self.certificates)
        if safe:
            # A submit under way is heard out even by `close`: its answer was paid for.
            self._busy.add(line)

        def release(exchange: Exchange, body_size: int) -> None:
            self._busy.discard(line)
            with self._lock:
                if safe and not self._closed and line.is_idle() and exchange.is_exact(body_size):
                    self._idle.append(line)
                    surplus = self._idle[:-MAX_IDLE]
                    del self._idle[:-MAX_IDLE]
                else:
                    surplus = [line]
            for each in surplus:
                each.hang_up()

        try:
            response = await line.handle(request, exchange)
        except BaseException:
            self._busy.discard(line)
            line.hang_up()
            raise
        return Reply(response.status, _read_headers(response.headers), exchange, response.stream, release)

    def _take_idle(self, route: Route) -> Line[Any] | None:
        """Take the youngest idle connection that can be used; close those that cannot."""
        while True:
            with self._lock:
                line: Line[Any] | None = next((line for line in reversed(self._idle) if line.route == route), None)
                if line is None:
                    return None
                self._idle.remove(line)
            if line.is_usable():
                return line
            line.hang_up()

    def close(self) -> None:
        """Close idle connections, and end exchanges that may be repeated, under way or waiting for their turn."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
            busy = [*self._busy]
        self.exchanges.dismiss()
        self.downloads.dismiss()
        for line in idle:
            line.hang_up()
        for line in busy:
            line.cut()

    def forget(self) -> None:
        """Close this process's ends of connections that belong to another process or to an ended event loop."""
        for line in (*self._idle, *self._busy):
            line.forget()


class Http(ABC):
    """Carry requests out.

    Args:
        authority: Who may see the token.
        transport: Used for everything instead of sockets; the caller's to close.
    """

    line: ClassVar[type[Line[Any]]]
    max_exchanges: ClassVar[float]
    max_downloads: ClassVar[float]

    def __init__(self, authority: Authority, transport: Any) -> None:
        self.transport = transport
        self._authority = authority
        self._process = os.getpid()
        self._pools: dict[asyncio.AbstractEventLoop | None, Pool] = {}

    @abstractmethod
    def event_loop(self) -> asyncio.AbstractEventLoop | None:
        """Return the event loop whose connections are used."""

    @abstractmethod
    async def turn(self) -> None:
        """Let others of this event loop go first."""

    @abstractmethod
    async def ask_transport(self, request: httpx.Request) -> httpx.Response:
        """Send a request over the caller's own transport."""

    @abstractmethod
    async def next_chunk(self, reply: Reply) -> bytes | None:
        """Return the next chunk of a body, or None at its end."""

    @abstractmethod
    async def close_body(self, reply: Reply) -> None:
        """Give the rest of a body up."""

    @abstractmethod
    def limit(self, exchange: Exchange) -> contextlib.AbstractAsyncContextManager[Any]:
        """Return what ends an exchange over a caller's own transport; our connections do so by themselves."""

    async def send(self, effect: Send) -> Answer | Failed:
        """Send a request to the API and read its whole answer.

        Waiting for one of the client's connections counts as part of an exchange that may be repeated. A submit's
        time begins when its turn has come, as long as the server answers anybody.
        """
        pool = self.pool()
        deadline = time.monotonic() + effect.timeout
        patient = effect.request.method not in _SAFE
        effect.progress.sent = False
        if not await pool.exchanges.enter(effect.timeout, patient=patient):
            await self.turn()
            return _no_place(effect.timeout)
        outcome: Answer | Failed | None = None
        try:
            exchange = Exchange(time.monotonic() + effect.timeout if patient else deadline, effect.progress)
            outcome = await self._send_within(effect, exchange)
            return outcome
        finally:
            pool.exchanges.leave(answered=isinstance(outcome, Answer))

    async def _send_within(self, effect: Send, exchange: Exchange) -> Answer | Failed:
        url, added = self._authority.add_credentials(effect.request)
        body: Collector | None = None
        try:
            request = _build_request(effect.request, url, added, effect.timeout)
            async with self.limit(exchange):
                reply = await self._start(request, exchange, guarded=False)
                try:
                    body = Collector(reply.status, reply.headers, effect.limit)
                    while (piece := await self._read(reply)) and body.feed(piece):
                        pass
                    return body.answer()
                finally:
                    await self._close(reply)
        except ERRORS as error:
            failed = _failure(error, exchange)
            return failed if body is None else body.answer(f"its body ended early ({failed.detail})")
        except _UNBUILDABLE as error:
            return _unbuildable(error)

    async def open(self, effect: Open) -> Opened | Failed:
        """Ask for a file or a stream, and read the head of the answer."""
        effect.progress.sent = False
        pool = self.pool()
        if not await pool.downloads.enter(effect.timeout, patient=True):
            await self.turn()
            return _no_place(effect.timeout)
        exchange = Exchange(time.monotonic() + effect.timeout, effect.progress)
        with contextlib.ExitStack() as place:
            place.callback(pool.downloads.leave, answered=True)
            try:
                url, added = effect.request.url, dict[str, str]()
                if effect.authorized:
                    url, added = self._authority.add_credentials(effect.request)
                request = _build_request(effect.request, url, added, effect.timeout)
                async with self.limit(exchange):
                    reply = await self._start(request, exchange, guarded=effect.guarded)
            except ERRORS as error:
                return _failure(error, exchange)
            except _UNBUILDABLE as error:
                return _unbuildable(error)
            held, release = place.pop_all(), reply.release

        def leave(exchange: Exchange, body_size: int) -> None:
            release(exchange, body_size)
            held.close()

        reply.release = leave
        return Opened(reply.status, reply.headers, reply)

    async def read(self, effect: Read) -> bytes | Failed:
        """Read the next piece of an open answer."""
        reply = cast(Reply, effect.stream)
        reply.exchange.deadline = time.monotonic() + effect.timeout
        try:
            async with self.limit(reply.exchange):
                return await self._read(reply)
        except ERRORS as error:
            return _failure(error, reply.exchange)

    async def close_stream(self, stream: Stream) -> None:
        """Give an open answer up."""
        await self._close(cast(Reply, stream))

    def close(self) -> None:
        """Close the connections that are ours, on whatever event loop each was used."""
        here = self.pool()
        for loop, pool in self._pools.copy().items():
            if loop is None or pool is here or not loop.is_running():
                pool.close()
            else:
                loop.call_soon_threadsafe(pool.close)

    async def _start(self, request: httpx.Request, exchange: Exchange, *, guarded: bool) -> Reply:
        """Send a request and return its answer, whose `_close` is due."""
        if self.transport is None:
            return await self.pool().start(self.line, request, exchange, guarded=guarded)
        exchange.wrote = None
        response = await self.ask_transport(request)
        return Reply(response.status_code, _read_headers(response.headers), exchange, response.stream)

    async def _read(self, reply: Reply) -> bytes:
        """Return the next piece of an answer; none at the end."""
        if reply.exchange.wrote is None:
            # A caller's own transport keeps its own time-outs, which bound a read and not the whole.
            reply.exchange.left()
        with quietly():
            chunk = await self.next_chunk(reply)
            while chunk is not None and not chunk:
                chunk = await self.next_chunk(reply)
        reply.size += len(chunk or b"")
        return chunk or b""

    async def _close(self, reply: Reply) -> None:
        """Give an answer up, if it was not read to its end."""
        try:
            with contextlib.suppress(*ERRORS):
                await self.close_body(reply)
        finally:
            reply.release(reply.exchange, reply.size)

    def pool(self) -> Pool:
        """Return the connections of this process and event loop; those of another are not ours to use."""
        if self._process != os.getpid():
            for pool in self._pools.values():
                pool.forget()
            self._process, self._pools = os.getpid(), {}
        here = self.event_loop()
        if here not in self._pools:
            # Each event loop may run in a thread of its own: a copy is taken in one step, and any may be gone since.
            for loop in self._pools.copy():
                if loop is not None and loop.is_closed() and (left := self._pools.pop(loop, None)) is not None:
                    left.forget()
            self._pools.setdefault(here, Pool(self.max_exchanges, self.max_downloads))
        return self._pools[here]
