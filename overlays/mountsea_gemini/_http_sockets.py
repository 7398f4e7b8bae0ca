"""Sockets under a deadline: what an HTTP library's own time-outs leave open.

A time-out of httpx bounds one read. A server that sends a byte a second never trips it, and whether a
byte of the request left is not told. So the sockets below know the exchange they serve: every operation
is bounded by what is left of it, and the first write is noted.
"""

from __future__ import annotations

import logging
import socket
import ssl
import time
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from typing import Any, Final, TypeAlias

import httpcore
from attrs import define

from ._addresses import is_address

Guard: TypeAlias = Callable[[str], bool]
"""Whether an IP address may be connected to."""


@define(eq=False)
class Exchange:
    """One request on its way."""

    deadline: float
    """On time.monotonic()."""
    wrote: bool = False

    def left(self) -> float:
        """Return the seconds left."""
        return self.deadline - time.monotonic()


TCP: Final = socket.SOCK_STREAM
CURRENT: ContextVar[Exchange | None] = ContextVar("exchange", default=None)


class AddressRefused(httpcore.ConnectError):
    """A name resolves to an address that must not be connected to."""


def left_of(timeout: float | None, error: type[httpcore.TimeoutException]) -> float | None:
    exchange = CURRENT.get()
    if exchange is None:
        return timeout
    left = exchange.left()
    if left <= 0:
        raise error("the time for this exchange is over")
    return left if timeout is None else min(timeout, left)


def note_write() -> None:
    exchange = CURRENT.get()
    if exchange is not None:
        exchange.wrote = True


class _Quiet(logging.Filter):
    """Drop what httpcore logs of our answers' headers: a Location may be a signed URL."""

    def filter(self, record: logging.LogRecord) -> bool:
        return CURRENT.get() is None or "receive_response_headers" not in str(record.msg)


_QUIET = _Quiet()


def quieten() -> None:
    """Keep signed URLs out of the transport's debug log, for our own exchanges only."""
    for name in ("httpcore.http11", "httpcore.proxy"):
        logging.getLogger(name).addFilter(_QUIET)


def addresses_of(found: Iterable[Any]) -> list[str]:
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def permitted(addresses: list[str], host: str, guard: Guard | None) -> list[str]:
    for address in addresses:
        # One bad address is enough: who answers with a mix is trying something.
        if guard is not None and not guard(address):
            raise AddressRefused(f"{host} has an address that is not public")
    if not addresses:
        raise httpcore.ConnectError(f"{host} has no address")
    return addresses


class SyncStream(httpcore.NetworkStream):
    """A connection whose every operation ends with its exchange."""

    def __init__(self, inner: httpcore.NetworkStream) -> None:
        self._inner = inner

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read within what is left."""
        return self._inner.read(max_bytes, left_of(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write within what is left, and note it before the first byte can have left."""
        left = left_of(timeout, httpcore.WriteTimeout)
        note_write()
        self._inner.write(buffer, left)

    def close(self) -> None:
        """Close the connection."""
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        """Shake hands; no byte of the request is in that."""
        inner = self._inner.start_tls(ssl_context, server_hostname, left_of(timeout, httpcore.ConnectTimeout))
        return SyncStream(inner)

    def get_extra_info(self, info: str) -> Any:
        """Return what the connection knows of itself."""
        return self._inner.get_extra_info(info)


class SyncSockets(httpcore.NetworkBackend):
    """Connect within what is left, to permitted addresses only.

    Args:
        guard: Says which addresses are permitted; None permits all.
    """

    def __init__(self, guard: Guard | None = None) -> None:
        self._guard = guard
        self._inner = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to the first address that answers; the addresses checked are the ones connected to."""
        try:
            found = [host] if is_address(host) else addresses_of(socket.getaddrinfo(host, port, type=TCP))
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError(f"cannot resolve {host}: {error}") from None
        addresses = permitted(found, host, self._guard)
        for remaining in range(len(addresses), 0, -1):
            left = left_of(timeout, httpcore.ConnectTimeout)
            share = None if left is None else left / remaining
            try:
                stream = self._inner.connect_tcp(addresses[-remaining], port, share, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                if remaining == 1:
                    raise
            else:
                return SyncStream(stream)
        raise httpcore.ConnectError(f"{host} has no address")
