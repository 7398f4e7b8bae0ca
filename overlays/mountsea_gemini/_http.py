"""The one module that imports httpx: requests out, answers in, failures as data.

It speaks to a transport, not to an `httpx.Client`: no redirect is followed, no cookie kept, no netrc
read and no URL logged behind our back. Exceptions end here; only what they said goes on, so that no
traceback can drag a header along.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import AsyncIterator, Iterator
from typing import Final, cast

import httpcore
import httpx
from attrs import define, frozen

from ._addresses import is_public, origin
from ._bodies import Collector
from ._exchange import Answer, Failed, Open, Opened, Read, Request, Send, Stream
from ._network import CURRENT, AddressRefused, AsyncSockets, Exchange, Guard, SyncSockets, quieten
from ._secrets import Secret, printable

KEEPALIVE: Final = 2.0
"""Seconds an idle connection is kept. A submit on one the server has just closed would end unclear."""

_ERRORS: Final = (
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
    httpx.UnsupportedProtocol,
    httpcore.ConnectError,
    httpcore.ConnectTimeout,
    httpcore.PoolTimeout,
    httpcore.UnsupportedProtocol,
)
_CONNECTING: Final = (httpx.ConnectError, httpcore.ConnectError, httpx.ProxyError, httpcore.ProxyError)
_TIMEOUTS: Final = (httpx.TimeoutException, httpcore.TimeoutException, TimeoutError)
_PROTOCOL: Final = (httpx.ProtocolError, httpcore.ProtocolError, httpx.DecodingError)


@frozen
class Authority:
    """Who may see the token: one origin."""

    secret: Secret
    origin: tuple[str, str, int]

    def headers(self, url: str) -> dict[str, str]:
        """Return the Authorization header for `url`, or nothing where the token has no business."""
        if origin(url) != self.origin:
            return {}
        return {"Authorization": f"Bearer {self.secret.reveal()}"}


def failed(error: Exception, exchange: Exchange) -> Failed:
    """Return what went wrong as data, and whether the request may have left."""
    detail = printable(f"{type(error).__name__}: {error}" if str(error) else type(error).__name__)[:300]
    if isinstance(error, AddressRefused):
        return Failed("refused", sent=False, detail=str(error))
    # A proxy that refuses CONNECT got bytes, but none of the request.
    tunnel = isinstance(error, httpx.ProxyError | httpcore.ProxyError)
    sent = not tunnel and (exchange.wrote or not isinstance(error, _NEVER_SENT))
    if isinstance(error, _TIMEOUTS):
        return Failed("timeout", sent, detail)
    if isinstance(error, _CONNECTING):
        return Failed("connect", sent, detail)
    return Failed("protocol" if isinstance(error, _PROTOCOL) else "disconnect", sent, detail)


def _built(request: Request, extra: dict[str, str], timeout: float) -> httpx.Request:
    headers = {"Accept-Encoding": "identity", "User-Agent": "mountsea-gemini", **request.headers, **extra}
    every = dict.fromkeys(("connect", "read", "write", "pool"), timeout)
    return httpx.Request(
        request.method, request.url, headers=headers, content=request.content, extensions={"timeout": every}
    )


def _unbuildable(error: Exception) -> Failed:
    return Failed("refused", sent=False, detail=f"the URL cannot be used: {printable(str(error))[:200]}")


def _headers(response: httpx.Response) -> dict[str, str]:
    return {name.lower(): value[:4000] for name, value in response.headers.items()}


_OVER: Final = "its body was not complete when the time for this exchange was over"


def _to_core(request: httpx.Request) -> httpcore.Request:
    url = httpcore.URL(
        scheme=request.url.raw_scheme,
        host=request.url.raw_host,
        port=request.url.port,
        target=request.url.raw_path,
    )
    return httpcore.Request(
        method=request.method,
        url=url,
        headers=request.headers.raw,
        content=request.content,
        extensions=request.extensions,
    )


class _Body(httpx.SyncByteStream):
    def __init__(self, response: httpcore.Response) -> None:
        self._response = response

    def __iter__(self) -> Iterator[bytes]:
        return self._response.iter_stream()

    def close(self) -> None:
        self._response.close()


class _AsyncBody(httpx.AsyncByteStream):
    def __init__(self, response: httpcore.Response) -> None:
        self._response = response

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._response.aiter_stream()

    async def aclose(self) -> None:
        await self._response.aclose()


class SyncTransport(httpx.BaseTransport):
    """A pool of connections over our own sockets, opened when first needed.

    Args:
        guard: Says which addresses may be connected to; None permits all.
    """

    def __init__(self, guard: Guard | None = None) -> None:
        self._guard = guard
        self._pool: httpcore.ConnectionPool | None = None
        self._lock = threading.Lock()

    def _opened(self) -> httpcore.ConnectionPool:
        with self._lock:
            if self._pool is None:
                quieten()
                self._pool = httpcore.ConnectionPool(
                    ssl_context=httpx.create_ssl_context(),
                    keepalive_expiry=KEEPALIVE,
                    network_backend=SyncSockets(self._guard),
                )
            return self._pool

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request and return the head of its answer."""
        response = self._opened().handle_request(_to_core(request))
        return httpx.Response(response.status, headers=response.headers, stream=_Body(response))

    def close(self) -> None:
        """Close all connections."""
        with self._lock:
            if self._pool is not None:
                self._pool.close()
                self._pool = None


class AsyncTransport(httpx.AsyncBaseTransport):
    """The asynchronous twin of `SyncTransport`.

    Args:
        guard: Says which addresses may be connected to; None permits all.
    """

    def __init__(self, guard: Guard | None = None) -> None:
        self._guard = guard
        self._pool: httpcore.AsyncConnectionPool | None = None

    def _opened(self) -> httpcore.AsyncConnectionPool:
        if self._pool is None:
            quieten()
            self._pool = httpcore.AsyncConnectionPool(
                ssl_context=httpx.create_ssl_context(),
                keepalive_expiry=KEEPALIVE,
                network_backend=AsyncSockets(self._guard),
            )
        return self._pool

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request and return the head of its answer."""
        response = await self._opened().handle_async_request(_to_core(request))
        return httpx.Response(response.status, headers=response.headers, stream=_AsyncBody(response))

    async def aclose(self) -> None:
        """Close all connections."""
        if self._pool is not None:
            await self._pool.aclose()
            self._pool = None


_BEHIND: Final = 0.05
"""Seconds the overall limit of an async exchange lies behind the limits of its parts, which tell more."""


@define(eq=False)
class _SyncStream:
    response: httpx.Response
    chunks: Iterator[bytes]
    exchange: Exchange


@define(eq=False)
class _AsyncStream:
    response: httpx.Response
    chunks: AsyncIterator[bytes]
    exchange: Exchange


class SyncHttp:
    """Carry requests out, blocking.

    Args:
        authority: Who may see the token.
        transport: Used for everything instead of sockets; the caller's to close.
    """

    def __init__(self, authority: Authority, transport: httpx.BaseTransport | None) -> None:
        self._authority = authority
        self._owned = [] if transport else [SyncTransport(), SyncTransport(), SyncTransport(is_public)]
        doors: list[httpx.BaseTransport] = [transport] * 3 if transport else [*self._owned]
        self._api, self._files, self._guarded = doors

    def send(self, effect: Send) -> Answer | Failed:
        """Send a request to the API and read its whole answer."""
        exchange = Exchange(time.monotonic() + effect.timeout)
        mark = CURRENT.set(exchange)
        try:
            request = _built(effect.request, self._authority.headers(effect.request.url), effect.timeout)
            response = self._api.handle_request(request)
            return self._collected(response, exchange, effect.limit)
        except _ERRORS as error:
            return failed(error, exchange)
        except (httpx.InvalidURL, UnicodeError) as error:
            return _unbuildable(error)
        finally:
            CURRENT.reset(mark)

    def _collected(self, response: httpx.Response, exchange: Exchange, limit: int) -> Answer:
        body = Collector(response.status_code, _headers(response), limit)
        broken = None
        try:
            for chunk in _sync_chunks(response):
                if not body.feed(chunk):
                    break
                if exchange.left() <= 0:
                    broken = _OVER
                    break
        except _ERRORS as error:
            broken = f"its body ended early ({failed(error, exchange).detail})"
        finally:
            with contextlib.suppress(*_ERRORS):
                response.close()
        return body.answer(broken)

    def open(self, effect: Open) -> Opened | Failed:
        """Ask for a file, without token, and read the head of the answer."""
        exchange = Exchange(time.monotonic() + effect.timeout)
        mark = CURRENT.set(exchange)
        try:
            transport = self._guarded if effect.guarded else self._files
            response = transport.handle_request(_built(effect.request, {}, effect.timeout))
        except _ERRORS as error:
            return failed(error, exchange)
        except (httpx.InvalidURL, UnicodeError) as error:
            return _unbuildable(error)
        finally:
            CURRENT.reset(mark)
        stream = _SyncStream(response, _sync_chunks(response), exchange)
        return Opened(response.status_code, _headers(response), stream)

    def read(self, effect: Read) -> bytes | Failed:
        """Read the next piece of an open answer."""
        stream = cast(_SyncStream, effect.stream)
        stream.exchange.deadline = time.monotonic() + effect.timeout
        mark = CURRENT.set(stream.exchange)
        try:
            return next((chunk for chunk in stream.chunks if chunk), b"")
        except _ERRORS as error:
            return failed(error, stream.exchange)
        finally:
            CURRENT.reset(mark)

    def close_stream(self, stream: Stream) -> None:
        """Give an open answer up."""
        with contextlib.suppress(*_ERRORS):
            cast(_SyncStream, stream).response.close()

    def close(self) -> None:
        """Close the connections that are ours."""
        for transport in self._owned:
            transport.close()


def _sync_chunks(response: httpx.Response) -> Iterator[bytes]:
    stream = response.stream
    if not isinstance(stream, httpx.SyncByteStream):
        raise httpx.StreamError("the transport given to Client is an asynchronous one")
    return iter(stream)


class AsyncHttp:
    """Carry requests out, on asyncio.

    Args:
        authority: Who may see the token.
        transport: Used for everything instead of sockets; the caller's to close.
    """

    def __init__(self, authority: Authority, transport: httpx.AsyncBaseTransport | None) -> None:
        self._authority = authority
        self._owned = [] if transport else [AsyncTransport(), AsyncTransport(), AsyncTransport(is_public)]
        doors: list[httpx.AsyncBaseTransport] = [transport] * 3 if transport else [*self._owned]
        self._api, self._files, self._guarded = doors

    async def send(self, effect: Send) -> Answer | Failed:
        """Send a request to the API and read its whole answer."""
        exchange = Exchange(time.monotonic() + effect.timeout)
        mark = CURRENT.set(exchange)
        body: Collector | None = None
        try:
            request = _built(effect.request, self._authority.headers(effect.request.url), effect.timeout)
            async with asyncio.timeout(effect.timeout + _BEHIND):
                response = await self._api.handle_async_request(request)
                body = Collector(response.status_code, _headers(response), effect.limit)
                return await self._collected(response, exchange, body)
        except _ERRORS as error:
            if body is not None:
                return body.answer(_OVER)
            return failed(error, exchange)
        except (httpx.InvalidURL, UnicodeError) as error:
            return _unbuildable(error)
        finally:
            CURRENT.reset(mark)

    async def _collected(self, response: httpx.Response, exchange: Exchange, body: Collector) -> Answer:
        broken = None
        try:
            async for chunk in _async_chunks(response):
                if not body.feed(chunk):
                    break
        except _ERRORS as error:
            broken = f"its body ended early ({failed(error, exchange).detail})"
        finally:
            with contextlib.suppress(*_ERRORS):
                await response.aclose()
        return body.answer(broken)

    async def open(self, effect: Open) -> Opened | Failed:
        """Ask for a file, without token, and read the head of the answer."""
        exchange = Exchange(time.monotonic() + effect.timeout)
        mark = CURRENT.set(exchange)
        try:
            transport = self._guarded if effect.guarded else self._files
            async with asyncio.timeout(effect.timeout + _BEHIND):
                response = await transport.handle_async_request(_built(effect.request, {}, effect.timeout))
        except _ERRORS as error:
            return failed(error, exchange)
        except (httpx.InvalidURL, UnicodeError) as error:
            return _unbuildable(error)
        finally:
            CURRENT.reset(mark)
        stream = _AsyncStream(response, _async_chunks(response), exchange)
        return Opened(response.status_code, _headers(response), stream)

    async def read(self, effect: Read) -> bytes | Failed:
        """Read the next piece of an open answer."""
        stream = cast(_AsyncStream, effect.stream)
        stream.exchange.deadline = time.monotonic() + effect.timeout
        mark = CURRENT.set(stream.exchange)
        try:
            async with asyncio.timeout(effect.timeout + _BEHIND):
                return await _next_piece(stream.chunks)
        except _ERRORS as error:
            return failed(error, stream.exchange)
        finally:
            CURRENT.reset(mark)

    async def close_stream(self, stream: Stream) -> None:
        """Give an open answer up."""
        with contextlib.suppress(*_ERRORS):
            await cast(_AsyncStream, stream).response.aclose()

    async def aclose(self) -> None:
        """Close the connections that are ours."""
        for transport in self._owned:
            await transport.aclose()


def _async_chunks(response: httpx.Response) -> AsyncIterator[bytes]:
    stream = response.stream
    if not isinstance(stream, httpx.AsyncByteStream):
        raise httpx.StreamError("the transport given to AsyncClient is a synchronous one")
    return aiter(stream)


async def _next_piece(chunks: AsyncIterator[bytes]) -> bytes:
    async for chunk in chunks:
        if chunk:
            return chunk
    return b""
