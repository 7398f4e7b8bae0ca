"""The asynchronous twins of `_http_sockets`; an exchange's deadline is kept by the time-out around it."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterable
from typing import Any, cast

import httpcore

from ._addresses import is_address
from ._http_sockets import TCP, Guard, addresses_of, note_write, permitted


class AsyncStream(httpcore.AsyncNetworkStream):
    """The asynchronous twin of `SyncStream`; the exchange's deadline is kept by a cancel scope around it."""

    def __init__(self, inner: httpcore.AsyncNetworkStream) -> None:
        self._inner = inner

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read."""
        return await self._inner.read(max_bytes, timeout)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write, and note it before the first byte can have left."""
        note_write()
        await self._inner.write(buffer, timeout)

    async def aclose(self) -> None:
        """Close the connection."""
        await self._inner.aclose()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.AsyncNetworkStream:
        """Shake hands; no byte of the request is in that."""
        return AsyncStream(await self._inner.start_tls(ssl_context, server_hostname, timeout))

    def get_extra_info(self, info: str) -> Any:
        """Return what the connection knows of itself."""
        return self._inner.get_extra_info(info)


class AsyncSockets(httpcore.AsyncNetworkBackend):
    """The asynchronous twin of `SyncSockets`.

    Args:
        guard: Says which addresses are permitted; None permits all.
    """

    def __init__(self, guard: Guard | None = None) -> None:
        self._guard = guard
        # httpcore has a stand-in of the same name for where anyio is missing; httpx always brings it.
        self._inner = cast(httpcore.AsyncNetworkBackend, httpcore.AnyIOBackend())

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to the first address that answers; the addresses checked are the ones connected to."""
        loop = asyncio.get_running_loop()
        try:
            # An address needs no look-up, which would start a thread.
            found = [host] if is_address(host) else addresses_of(await loop.getaddrinfo(host, port, type=TCP))
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError(f"cannot resolve {host}: {error}") from None
        addresses = permitted(found, host, self._guard)
        for remaining in range(len(addresses), 0, -1):
            share = None if timeout is None else timeout / len(addresses)
            try:
                stream = await self._inner.connect_tcp(
                    addresses[-remaining], port, share, local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                if remaining == 1:
                    raise
            else:
                return AsyncStream(stream)
        raise httpcore.ConnectError(f"{host} has no address")

    async def sleep(self, seconds: float) -> None:
        """Wait; httpcore does so between its own retries, of which we ask for none."""
        await asyncio.sleep(seconds)
