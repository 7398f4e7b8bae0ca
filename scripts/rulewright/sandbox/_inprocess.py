"""The in-process door: httpx transports and a side effect for respx, no socket anywhere."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx

from rulewright.sandbox._clock import Clock
from rulewright.sandbox._core import Core
from rulewright.sandbox._http import Request, Response, decoded


class Transport(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """An httpx transport, sync and async, that asks the core instead of a network."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer one request."""
        request.read()
        return ask(self._core, request)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer one request."""
        await request.aread()
        return ask(self._core, request)


def ask(core: Core, request: httpx.Request) -> httpx.Response:
    """Answer an httpx request whose body has been read.

    Raises:
        httpx.RemoteProtocolError: The script drops the connection before the first byte.
    """
    response = core.handle(_request(core, request))
    if response.ending == "whole" and not response.delay and not response.drip:
        return httpx.Response(response.status, headers=response.headers, content=response.body, request=request)
    if response.ending == "drop":
        raise httpx.RemoteProtocolError("Server disconnected without sending a response.", request=request)
    stream = _Stream(response, core.clock, request)
    return httpx.Response(response.status, headers=response.headers, stream=stream, request=request)


class _Stream(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body that comes late, slowly or not to its end; a wait beyond the read time-out ends as one."""

    def __init__(self, response: Response, clock: Clock, request: httpx.Request) -> None:
        self._response = response
        self._clock = clock
        self._request = request
        timeout: Any = request.extensions.get("timeout", {})
        self._limit: float | None = timeout.get("read")

    def __iter__(self) -> Iterator[bytes]:
        for wait, part in self._parts():
            if wait and not self._clock.sleep(wait):
                time.sleep(wait)
            yield part
        self._end()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for wait, part in self._parts():
            if wait and not self._clock.sleep(wait):
                await asyncio.sleep(wait)
            yield part
        self._end()

    def _parts(self) -> Iterator[tuple[float, bytes]]:
        """Yield waits with the bytes after them; a wait that is too long is cut and raises."""
        body, drip = self._response.delivered, self._response.drip
        size = 1 if drip else max(1, len(body))
        waits = [self._response.delay, *[drip] * len(body)]
        for number, at in enumerate(range(0, max(1, len(body)), size)):
            wait = waits[number] if number == 0 or drip else 0.0
            if self._limit is not None and wait > self._limit:
                yield self._limit, b""
                raise httpx.ReadTimeout("The read operation timed out", request=self._request)
            yield wait, body[at : at + size]

    def _end(self) -> None:
        got, wanted = len(self._response.delivered), len(self._response.body)
        if self._response.ending == "reset":
            raise httpx.ReadError("Connection reset by peer", request=self._request)
        if self._response.ending == "cut":
            message = f"peer closed connection without sending complete message body ({got} of {wanted} bytes)"
            raise httpx.RemoteProtocolError(message, request=self._request)


def _request(core: Core, request: httpx.Request) -> Request:
    url = request.url
    headers = [(name.lower(), value) for name, value in request.headers.raw]
    body = request.content[: core.settings.max_body + 1]
    return Request(request.method, decoded(url.path, url.raw_path), url.query, headers, body, scheme=url.scheme)
