"""Carry requests out, on asyncio."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from typing import Final, cast

import httpx
from attrs import define

from ._addresses import is_public
from ._bodies import Collector
from ._errors import ConfigurationError
from ._exchange import Answer, Failed, Open, Opened, Read, Send, Stream
from ._http_async_pools import AsyncTransport
from ._http_sockets import CURRENT, Exchange
from ._http_wire import ERRORS, OVER, built, failed, headers_of, unbuildable
from ._policy import Authority

_BEHIND: Final = 0.05
"""Seconds the overall limit of an async exchange lies behind the limits of its parts, which tell more."""


@define(eq=False)
class _AsyncStream:
    response: httpx.Response
    chunks: AsyncIterator[bytes]
    exchange: Exchange


class AsyncHttp:
    """Carry requests out, on asyncio.

    Args:
        authority: Who may see the token.
        transport: Used for everything instead of sockets; the caller's to close.

    Raises:
        ConfigurationError: The transport is of the wrong kind.
    """

    def __init__(self, authority: Authority, transport: httpx.AsyncBaseTransport | None) -> None:
        if transport is not None and not isinstance(transport, httpx.AsyncBaseTransport):
            raise ConfigurationError(f"transport must be an httpx.AsyncBaseTransport, got {type(transport).__name__}")
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
            request = built(effect.request, self._authority.carried(effect.request), effect.timeout)
            async with asyncio.timeout(effect.timeout + _BEHIND):
                response = await self._api.handle_async_request(request)
                body = Collector(response.status_code, headers_of(response), effect.limit)
                return await self._collected(response, exchange, body)
        except ERRORS as error:
            if body is not None:
                return body.answer(OVER)
            return failed(error, exchange)
        except (httpx.InvalidURL, UnicodeError) as error:
            return unbuildable(error)
        finally:
            CURRENT.reset(mark)

    async def _collected(self, response: httpx.Response, exchange: Exchange, body: Collector) -> Answer:
        broken = None
        try:
            async for chunk in _async_chunks(response):
                if not body.feed(chunk):
                    break
        except ERRORS as error:
            broken = f"its body ended early ({failed(error, exchange).detail})"
        finally:
            with contextlib.suppress(*ERRORS):
                await response.aclose()
        return body.answer(broken)

    async def open(self, effect: Open) -> Opened | Failed:
        """Ask for a file, without token, and read the head of the answer."""
        exchange = Exchange(time.monotonic() + effect.timeout)
        mark = CURRENT.set(exchange)
        try:
            transport = self._guarded if effect.guarded else self._files
            async with asyncio.timeout(effect.timeout + _BEHIND):
                response = await transport.handle_async_request(
                    built(effect.request, (effect.request.url, {}), effect.timeout)
                )
        except ERRORS as error:
            return failed(error, exchange)
        except (httpx.InvalidURL, UnicodeError) as error:
            return unbuildable(error)
        finally:
            CURRENT.reset(mark)
        stream = _AsyncStream(response, _async_chunks(response), exchange)
        return Opened(response.status_code, headers_of(response), stream)

    async def read(self, effect: Read) -> bytes | Failed:
        """Read the next piece of an open answer."""
        stream = cast(_AsyncStream, effect.stream)
        stream.exchange.deadline = time.monotonic() + effect.timeout
        mark = CURRENT.set(stream.exchange)
        try:
            async with asyncio.timeout(effect.timeout + _BEHIND):
                return await _next_piece(stream.chunks)
        except ERRORS as error:
            return failed(error, stream.exchange)
        finally:
            CURRENT.reset(mark)

    async def close_stream(self, stream: Stream) -> None:
        """Give an open answer up."""
        with contextlib.suppress(*ERRORS):
            await cast(_AsyncStream, stream).response.aclose()

    async def aclose(self) -> None:
        """Close the connections that are ours."""
        for transport in self._owned:
            await transport.aclose()


def _async_chunks(response: httpx.Response) -> AsyncIterator[bytes]:
    return aiter(cast(httpx.AsyncByteStream, response.stream))


async def _next_piece(chunks: AsyncIterator[bytes]) -> bytes:
    async for chunk in chunks:
        if chunk:
            return chunk
    return b""
