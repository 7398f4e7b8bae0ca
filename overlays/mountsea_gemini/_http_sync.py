"""Carry requests out, blocking."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from typing import cast

import httpx
from attrs import define

from ._addresses import is_public
from ._bodies import Collector
from ._errors import ConfigurationError
from ._exchange import Answer, Failed, Open, Opened, Read, Send, Stream
from ._http_pools import SyncTransport
from ._http_sockets import CURRENT, Exchange
from ._http_wire import ERRORS, OVER, built, failed, headers_of, unbuildable
from ._policy import Authority


@define(eq=False)
class _SyncStream:
    response: httpx.Response
    chunks: Iterator[bytes]
    exchange: Exchange


class SyncHttp:
    """Carry requests out, blocking.

    Args:
        authority: Who may see the token.
        transport: Used for everything instead of sockets; the caller's to close.

    Raises:
        ConfigurationError: The transport is of the wrong kind.
    """

    def __init__(self, authority: Authority, transport: httpx.BaseTransport | None) -> None:
        if transport is not None and not isinstance(transport, httpx.BaseTransport):
            raise ConfigurationError(f"transport must be an httpx.BaseTransport, got {type(transport).__name__}")
        self._authority = authority
        self._owned = [] if transport else [SyncTransport(), SyncTransport(), SyncTransport(is_public)]
        doors: list[httpx.BaseTransport] = [transport] * 3 if transport else [*self._owned]
        self._api, self._files, self._guarded = doors

    def send(self, effect: Send) -> Answer | Failed:
        """Send a request to the API and read its whole answer."""
        exchange = Exchange(time.monotonic() + effect.timeout)
        mark = CURRENT.set(exchange)
        try:
            request = built(effect.request, self._authority.carried(effect.request), effect.timeout)
            response = self._api.handle_request(request)
            return self._collected(response, exchange, effect.limit)
        except ERRORS as error:
            return failed(error, exchange)
        except (httpx.InvalidURL, UnicodeError) as error:
            return unbuildable(error)
        finally:
            CURRENT.reset(mark)

    def _collected(self, response: httpx.Response, exchange: Exchange, limit: int) -> Answer:
        body = Collector(response.status_code, headers_of(response), limit)
        broken = None
        try:
            for chunk in _sync_chunks(response):
                if not body.feed(chunk):
                    break
                if exchange.left() <= 0:
                    broken = OVER
                    break
        except ERRORS as error:
            broken = f"its body ended early ({failed(error, exchange).detail})"
        finally:
            with contextlib.suppress(*ERRORS):
                response.close()
        return body.answer(broken)

    def open(self, effect: Open) -> Opened | Failed:
        """Ask for a file, without token, and read the head of the answer."""
        exchange = Exchange(time.monotonic() + effect.timeout)
        mark = CURRENT.set(exchange)
        try:
            transport = self._guarded if effect.guarded else self._files
            response = transport.handle_request(built(effect.request, (effect.request.url, {}), effect.timeout))
        except ERRORS as error:
            return failed(error, exchange)
        except (httpx.InvalidURL, UnicodeError) as error:
            return unbuildable(error)
        finally:
            CURRENT.reset(mark)
        stream = _SyncStream(response, _sync_chunks(response), exchange)
        return Opened(response.status_code, headers_of(response), stream)

    def read(self, effect: Read) -> bytes | Failed:
        """Read the next piece of an open answer."""
        stream = cast(_SyncStream, effect.stream)
        stream.exchange.deadline = time.monotonic() + effect.timeout
        mark = CURRENT.set(stream.exchange)
        try:
            return next((chunk for chunk in stream.chunks if chunk), b"")
        except ERRORS as error:
            return failed(error, stream.exchange)
        finally:
            CURRENT.reset(mark)

    def close_stream(self, stream: Stream) -> None:
        """Give an open answer up."""
        with contextlib.suppress(*ERRORS):
            cast(_SyncStream, stream).response.close()

    def close(self) -> None:
        """Close the connections that are ours."""
        for transport in self._owned:
            transport.close()


def _sync_chunks(response: httpx.Response) -> Iterator[bytes]:
    return iter(cast(httpx.SyncByteStream, response.stream))
