"""Pools of connections over our own sockets, as httpx transports."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from typing import Final, TypeAlias, TypedDict
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

import httpcore
import httpx

from ._addresses import is_loopback
from ._http_sockets import Guard, SyncSockets, quieten

Way: TypeAlias = tuple[str, str | None]

KEEPALIVE: Final = 2.0
"""Seconds an idle connection is kept. A submit on one the server has just closed would end unclear."""


def to_core(request: httpx.Request) -> httpcore.Request:
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


def way_of(request: httpx.Request) -> Way:
    """Return how to reach a host: its scheme, and the proxy the environment names for it, if any."""
    scheme, host = request.url.scheme, request.url.host
    if is_loopback(host) or proxy_bypass(host):
        return scheme, None
    found = getproxies()
    return scheme, found.get(scheme) or found.get("all")


class _Options(TypedDict):
    ssl_context: ssl.SSLContext | None
    max_connections: int
    max_keepalive_connections: int
    keepalive_expiry: float


def options_of(way: Way) -> _Options:
    # Reading the certificates takes longer than a request to this machine does.
    context = httpx.create_ssl_context() if "https" in {way[0], (way[1] or "").partition(":")[0]} else None
    return _Options(
        ssl_context=context,
        max_connections=100,
        max_keepalive_connections=20,
        keepalive_expiry=KEEPALIVE,
    )


def proxy_of(url: str) -> tuple[str, tuple[str, str] | None]:
    """Return a proxy's URL without the user in it, and that user."""
    parts = urlsplit(url if "://" in url else f"http://{url}")
    auth = None if parts.username is None else (unquote(parts.username), unquote(parts.password or ""))
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}", auth


class SyncTransport(httpx.BaseTransport):
    """Connections to servers or proxies, opened when first needed.

    Args:
        guard: Says which addresses may be connected to; None permits all. A proxy is the operator's
            choice and not asked about; what a name means behind it, only the proxy knows.
    """

    def __init__(self, guard: Guard | None = None) -> None:
        self._guard = guard
        self._pools: dict[Way, httpcore.ConnectionPool] = {}
        self._lock = threading.Lock()

    def _opened(self, way: Way) -> httpcore.ConnectionPool:
        with self._lock:
            if way not in self._pools:
                quieten()
                self._pools[way] = self._pool(way)
            return self._pools[way]

    def _pool(self, way: Way) -> httpcore.ConnectionPool:
        if way[1] is None:
            return httpcore.ConnectionPool(network_backend=SyncSockets(self._guard), **options_of(way))
        url, auth = proxy_of(way[1])
        return httpcore.HTTPProxy(url, proxy_auth=auth, network_backend=SyncSockets(), **options_of(way))

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request and return the head of its answer."""
        response = self._opened(way_of(request)).handle_request(to_core(request))
        return httpx.Response(response.status, headers=response.headers, stream=_Body(response))

    def close(self) -> None:
        """Close all connections."""
        with self._lock:
            while self._pools:
                self._pools.popitem()[1].close()
