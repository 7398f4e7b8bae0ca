"""The asynchronous twin of `_http_pools`."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpcore
import httpx

from ._http_async_sockets import AsyncSockets
from ._http_pools import Way, options_of, proxy_of, to_core, way_of
from ._http_sockets import Guard, quieten


class _AsyncBody(httpx.AsyncByteStream):
    def __init__(self, response: httpcore.Response) -> None:
        self._response = response

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._response.aiter_stream()

    async def aclose(self) -> None:
        await self._response.aclose()


class AsyncTransport(httpx.AsyncBaseTransport):
    """The asynchronous twin of `SyncTransport`.

    Args:
        guard: As there.
    """

    def __init__(self, guard: Guard | None = None) -> None:
        self._guard = guard
        self._pools: dict[Way, httpcore.AsyncConnectionPool] = {}

    def _opened(self, way: Way) -> httpcore.AsyncConnectionPool:
        if way not in self._pools:
            quieten()
            self._pools[way] = self._pool(way)
        return self._pools[way]

    def _pool(self, way: Way) -> httpcore.AsyncConnectionPool:
        if way[1] is None:
            return httpcore.AsyncConnectionPool(network_backend=AsyncSockets(self._guard), **options_of(way))
        url, auth = proxy_of(way[1])
        return httpcore.AsyncHTTPProxy(url, proxy_auth=auth, network_backend=AsyncSockets(), **options_of(way))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request and return the head of its answer."""
        response = await self._opened(way_of(request)).handle_async_request(to_core(request))
        return httpx.Response(response.status, headers=response.headers, stream=_AsyncBody(response))

    async def aclose(self) -> None:
        """Close all connections."""
        while self._pools:
            await self._pools.popitem()[1].aclose()
