"""Carry requests out, on asyncio."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import time
from collections.abc import Callable, Coroutine, Iterable
from concurrent.futures import Future
from functools import partial
from typing import Any, Final, TypeVar

import httpcore
import httpx

from ._errors import ConfigurationError
from ._http import Http, Reply
from ._http_line import Exchange, Line, Wire
from ._settings import Authority

R = TypeVar("R")

MAX_EXCHANGES: Final = 100
"""Exchanges an `AsyncClient` has under way at a time; more wait, and count as not sent."""

MAX_DOWNLOADS: Final = 100

AT_ONCE: Final = 8
"""Reads after which others of the event loop go on: a server that sends fast enough always has a next piece there."""

_BEHIND: Final = 0.05
"""Seconds the limit around a caller's own transport lies behind that transport's own, which tell more."""


class _Stream(httpcore.AsyncNetworkStream):
    """A connection as httpcore uses it."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.AsyncNetworkStream:
        return _Stream(await self._wire.start_tls(server_hostname or self._wire.line.route.host))

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._wire.write(buffer)

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return await self._wire.read(max_bytes)

    async def aclose(self) -> None:
        self._wire.line.hang_up()

    def get_extra_info(self, info: str) -> Any:
        return self._wire.has_arrived() if info == "is_readable" else None


class _Line(Line[httpcore.AsyncHTTPConnection], httpcore.AsyncNetworkBackend):
    """One connection whose every step waits on the event loop."""

    _work: asyncio.Task[Any] | None = None
    _reads = 0

    def connection(self, **options: Any) -> httpcore.AsyncHTTPConnection:
        return httpcore.AsyncHTTPConnection(network_backend=self, **options)

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        return _Stream(await self.connect())

    async def ask(self, request: httpcore.Request) -> httpcore.Response:
        return await self.http.handle_async_request(request)

    async def wait_for(self, look_up: Future[Any]) -> None:
        await asyncio.wait_for(asyncio.wrap_future(look_up), self.exchange.left())

    async def connect_socket(
        self, sock: socket.socket, address: tuple[str, int], patience: Callable[[], float]
    ) -> None:
        sock.settimeout(0)
        await self._within(asyncio.get_running_loop().sock_connect(sock, address), patience)

    async def send(self, sock: socket.socket, data: bytes) -> None:
        try:
            sent = sock.send(data)
        except BlockingIOError:
            sent = 0
        # Of the rest, nobody knows how much is taken where it fails.
        self.exchange.taken += len(data)
        if sent < len(data):
            work = asyncio.get_running_loop().sock_sendall(sock, memoryview(data)[sent:])
            await self._within(work, self.exchange.left)

    async def receive(self, sock: socket.socket, size: int) -> bytes:
        self.exchange.left_to_read()
        self._reads += 1
        if self._reads % AT_ONCE == 0:
            await asyncio.sleep(0)
        try:
            return sock.recv(size)
        except BlockingIOError:
            work = asyncio.get_running_loop().sock_recv(sock, size)
            return await self._within(work, self.exchange.left_to_read)

    async def _within(self, work: Coroutine[Any, Any, R], patience: Callable[[], float]) -> R:
        """Do one thing with the socket.

        It is waited for rather than cancelled: a cancellation that meets its end would lose what it has received.

        Raises:
            TimeoutError: It took longer than `patience` allows.
        """
        task: asyncio.Task[R] = asyncio.get_running_loop().create_task(work)
        self._work = task
        while not task.done():
            await asyncio.wait({task}, timeout=patience())
        self._work = None
        return task.result()

    def hang_up(self) -> None:
        """Close the connection, once the event loop has let go of it."""
        sock, work, self.socket, self._work = self.socket, self._work, None, None
        if sock is None:
            return
        if work is None or work.get_loop().is_closed():
            sock.close()
        else:
            work.cancel()
            work.add_done_callback(partial(_close_after, sock))


def _close_after(sock: socket.socket, work: asyncio.Task[Any]) -> None:
    sock.close()
    if not work.cancelled():
        # Retrieved, or the event loop would log it as lost.
        work.exception()


class AsyncHttp(Http):
    """Carry requests out, on asyncio.

    Raises:
        ConfigurationError: The transport is of the wrong kind.
    """

    line = _Line
    max_exchanges, max_downloads = MAX_EXCHANGES, MAX_DOWNLOADS

    def __init__(self, authority: Authority, transport: httpx.AsyncBaseTransport | None) -> None:
        if transport is not None and not isinstance(transport, httpx.AsyncBaseTransport):
            raise ConfigurationError(f"transport must be an httpx.AsyncBaseTransport, got {type(transport).__name__}")
        super().__init__(authority, transport)

    def event_loop(self) -> asyncio.AbstractEventLoop:
        return asyncio.get_running_loop()

    async def turn(self) -> None:
        await self.pool().turns.take()

    async def ask_transport(self, request: httpx.Request) -> httpx.Response:
        response: httpx.Response = await self.transport.handle_async_request(request)
        return response

    async def next_chunk(self, reply: Reply) -> bytes | None:
        if reply.chunks is None:
            reply.chunks = aiter(reply.body)
        return await anext(reply.chunks, None)

    async def close_body(self, reply: Reply) -> None:
        await reply.body.aclose()

    def limit(self, exchange: Exchange) -> contextlib.AbstractAsyncContextManager[Any]:
        if self.transport is None:
            return contextlib.nullcontext()
        return asyncio.timeout(exchange.deadline - time.monotonic() + _BEHIND)
