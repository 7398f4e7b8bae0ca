"""Carry requests out, blocking."""

from __future__ import annotations

import contextlib
import math
import socket
import ssl
from collections.abc import Callable, Coroutine, Iterable
from concurrent.futures import Future
from typing import Any, TypeVar

import httpcore
import httpx

from ._errors import ConfigurationError
from ._http import Http, Reply
from ._http_line import Exchange, Line, Wire
from ._settings import Authority

R = TypeVar("R")


def finish(work: Coroutine[Any, Any, R]) -> R:
    """Run a coroutine that never suspends, and return what it returns."""
    try:
        work.send(None)
    except StopIteration as stop:
        found: R = stop.value
        return found
    raise RuntimeError("blocking code waits for an event loop")


class _Stream(httpcore.NetworkStream):
    """A connection as httpcore uses it."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return _Stream(finish(self._wire.start_tls(server_hostname or self._wire.line.route.host)))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._wire.write(buffer)

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return finish(self._wire.read(max_bytes))

    def close(self) -> None:
        self._wire.line.hang_up()

    def get_extra_info(self, info: str) -> Any:
        return self._wire.has_arrived() if info == "is_readable" else None


class _Line(Line[httpcore.HTTPConnection], httpcore.NetworkBackend):
    """One connection whose every step blocks."""

    def connection(self, **options: Any) -> httpcore.HTTPConnection:
        return httpcore.HTTPConnection(network_backend=self, **options)

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        return _Stream(finish(self.connect()))

    async def ask(self, request: httpcore.Request) -> httpcore.Response:
        return self.http.handle_request(request)

    async def wait_for(self, look_up: Future[Any]) -> None:
        look_up.exception(self.exchange.left())

    async def connect_socket(
        self, sock: socket.socket, address: tuple[str, int], patience: Callable[[], float]
    ) -> None:
        sock.settimeout(patience())
        sock.connect(address)

    async def send(self, sock: socket.socket, data: bytes) -> None:
        view = memoryview(data)
        while view:
            sock.settimeout(self.exchange.left())
            sent = sock.send(view)
            self.exchange.taken += sent
            view = view[sent:]

    async def receive(self, sock: socket.socket, size: int) -> bytes:
        while True:
            sock.settimeout(self.exchange.left_to_read())
            with contextlib.suppress(TimeoutError):
                return sock.recv(size)

    def hang_up(self) -> None:
        if self.socket is not None:
            self.socket.close()


class SyncHttp(Http):
    """Carry requests out, blocking; how many at a time is up to the caller's threads.

    Raises:
        ConfigurationError: The transport is of the wrong kind.
    """

    line = _Line
    max_exchanges = max_downloads = math.inf

    def __init__(self, authority: Authority, transport: httpx.BaseTransport | None) -> None:
        if transport is not None and not isinstance(transport, httpx.BaseTransport):
            raise ConfigurationError(f"transport must be an httpx.BaseTransport, got {type(transport).__name__}")
        super().__init__(authority, transport)

    def event_loop(self) -> None:
        pass

    async def turn(self) -> None:
        pass

    async def ask_transport(self, request: httpx.Request) -> httpx.Response:
        response: httpx.Response = self.transport.handle_request(request)
        return response

    async def next_chunk(self, reply: Reply) -> bytes | None:
        if reply.chunks is None:
            reply.chunks = iter(reply.body)
        return next(reply.chunks, None)

    async def close_body(self, reply: Reply) -> None:
        reply.body.close()

    def limit(self, exchange: Exchange) -> contextlib.AbstractAsyncContextManager[Any]:
        return contextlib.nullcontext()
