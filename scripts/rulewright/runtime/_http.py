"""Carry requests out over HTTP/1.1, blocking and on asyncio: the only module that imports the HTTP library.

httpcore frames a request and parses its answer on one connection; connections, their limit, time-outs and reuse
are ours, because its pool and its time-outs leave open what a paid request depends on:

* A submit goes out on a connection of its own. On a used one it could take a surplus answer for its own, or meet
  the server's idle close half-way.
* Every step is bounded by what is left of the whole exchange, resolving and writing included, and whether a byte of
  the request was written is known, so that "never sent" is a fact.
* No bookkeeping is shared among exchanges beyond a counter, so a cancellation at any step leaves nothing behind.

No redirect is followed, no cookie kept, no netrc read and no URL logged. The library's exceptions end here; only their
text goes on, so that no traceback can hold a header.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import socket
import ssl
import threading
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator
from contextvars import ContextVar
from fnmatch import fnmatch
from functools import partial
from typing import Any, Final, TypeVar, cast

import httpcore
import httpx
from attrs import define, field

from ._answers import Unreadable, document_of
from ._api import PROGRAM
from ._bodies import Collector
from ._errors import ConfigurationError
from ._exchange import Answer, Failed, Open, Opened, Progress, Read, Request, Send, Stream
from ._operation import Operation
from ._policy import Authority
from ._routes import AddressRefusedError, Resolver, Route, Talk, Tls, load_certificates, route_to, tunnel
from ._scheduling import Limit, Turns
from ._secrets import printable
from ._values import tolerantly

R = TypeVar("R")

KEEPALIVE: Final = 2.0
"""Seconds an idle connection may be used again; servers close theirs after five and more."""

MAX_IDLE: Final = 20
MAX_EXCHANGES: Final = 100
"""Exchanges an `AsyncClient` has under way at a time; more wait, and count as not sent."""

MAX_DOWNLOADS: Final = 100

LATE_READS: Final = 16
"""Reads after the end of an exchange's time, of what lies there already: this process may have been stopped."""

AT_ONCE: Final = 8
"""Reads after which others of the event loop go on: a server that sends fast enough always has a next piece there."""

_MOMENT: Final = 0.001
"""Seconds that a late read waits."""

_BEHIND: Final = 0.05
"""Seconds the limit around a caller's own transport lies behind that transport's own, which tell more."""

_READ_SIZE: Final = 2**16

_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that may be sent on a used connection, and be cut off by `close`."""

ERRORS: Final = (
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
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    httpcore.ConnectError,
    httpcore.ConnectTimeout,
    httpcore.PoolTimeout,
    httpcore.ProxyError,
    httpcore.UnsupportedProtocol,
)
_CONNECTING: Final = (httpx.ConnectError, httpcore.ConnectError, httpx.ProxyError, httpcore.ProxyError)
_TIMEOUTS: Final = (httpx.TimeoutException, httpcore.TimeoutException, TimeoutError)
_PROTOCOL: Final = (httpx.ProtocolError, httpcore.ProtocolError, httpx.DecodingError)
_UNBUILDABLE: Final = (httpx.InvalidURL, UnicodeError)
_LATE: Final = "the time for this exchange is over"


class _Refused(httpcore.ConnectError):
    """A connection that must not be made."""


@define(eq=False)
class Exchange:
    """One request on its way.

    Attributes:
        deadline: On time.monotonic().
        progress: Whether a byte of the request was written, for whoever is interrupted meanwhile.
        taken: Bytes that the operating system took to send, those of a handshake among them.
    """

    deadline: float
    progress: Progress = field(factory=Progress)
    taken: int = 0
    _wrote: bool | None = False
    _late: int = 0
    _received: int = 0
    _head: bytearray | None = field(factory=bytearray)
    _head_size: int = 0

    @property
    def wrote(self) -> bool | None:
        """Whether a byte of the request was written; None while that is in the hands of another's transport."""
        return self._wrote

    @wrote.setter
    def wrote(self, wrote: bool | None) -> None:
        self._wrote = wrote
        self.progress.sent = wrote is not False

    def left(self) -> float:
        """Return the seconds left.

        Raises:
            TimeoutError: None are.
        """
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError(_LATE)
        return left

    def left_to_read(self) -> float:
        """Return the seconds a read may wait: a moment even after the end, for what has arrived already.

        Raises:
            TimeoutError: That was made use of too often.
        """
        left = self.deadline - time.monotonic()
        if left > 0:
            return left
        self._late += 1
        if self._late > LATE_READS:
            raise TimeoutError(_LATE)
        return _MOMENT

    def note_received(self, piece: bytes) -> bytes:
        """Count what was received, and return it."""
        self._received += len(piece)
        if self._head is not None:
            self._head += piece
            end = self._head.find(b"\r\n\r\n")
            if end >= 0:
                self._head, self._head_size = None, end + 4
        return piece

    def is_exact(self, body_size: int) -> bool:
        """Whether one head and that many bytes of body were received and nothing else, such as another answer."""
        return self._head is None and self._received == self._head_size + body_size


def _failure(error: Exception, exchange: Exchange) -> Failed:
    """Return what went wrong as data, and whether the request may have left."""
    detail = printable(f"{type(error).__name__}: {error}" if str(error) else type(error).__name__)[:300]
    if isinstance(error, _Refused):
        return Failed("refused", sent=False, detail=str(error))
    # Of a transport that is not ours, the kind of its error is all there is to go by.
    sent = not isinstance(error, _NEVER_SENT) if exchange.wrote is None else exchange.wrote
    if isinstance(error, _TIMEOUTS):
        return Failed("timeout", sent, detail)
    if isinstance(error, _CONNECTING):
        return Failed("connect", sent, detail)
    return Failed("protocol" if isinstance(error, _PROTOCOL) else "disconnect", sent, detail)


def _unbuildable(error: Exception) -> Failed:
    return Failed("refused", sent=False, detail=f"the URL cannot be used: {printable(str(error))[:200]}")


def _build_request(request: Request, url: str, added: dict[str, str], timeout: float) -> httpx.Request:
    headers = {"Accept-Encoding": "identity", "User-Agent": PROGRAM, **request.headers, **added}
    every = dict.fromkeys(("connect", "read", "write", "pool"), timeout)
    return httpx.Request(request.method, url, headers=headers, content=request.content, extensions={"timeout": every})


def _opening_request(effect: Open, authority: Authority) -> httpx.Request:
    url, added = (
        authority.add_credentials(effect.request) if effect.authorized else (effect.request.url, dict[str, str]())
    )
    return _build_request(effect.request, url, added, effect.timeout)


def _headers_of(response: httpx.Response) -> dict[str, str]:
    return {name.lower(): value[:4000] for name, value in response.headers.items()}


def _route_of(request: httpx.Request, *, guarded: bool) -> Route:
    url = request.url
    return route_to(url.scheme, url.raw_host.decode("ascii"), url.port, guarded=guarded)


def _for_route(request: httpx.Request, route: Route) -> httpcore.Request:
    """Return a request as it is written: one that a proxy forwards names its whole URL."""
    target, headers = request.url.raw_path, request.headers.raw
    if route.proxy is not None and not route.is_tunnel:
        target = str(request.url.copy_with(fragment=None)).encode("ascii")
        if route.proxy.authorization is not None:
            headers = [*headers, (b"Proxy-Authorization", route.proxy.authorization.encode("ascii"))]
    url = httpcore.URL(scheme=request.url.raw_scheme, host=request.url.raw_host, port=request.url.port, target=target)
    return httpcore.Request(request.method, url, headers=headers, content=request.content)


@contextlib.contextmanager
def _connect_errors(host: str) -> Iterator[None]:
    """Turn whatever goes wrong before a request is written into an error of connecting."""
    try:
        yield
    except AddressRefusedError as error:
        raise _Refused(str(error)) from None
    except TimeoutError as error:
        raise httpcore.ConnectTimeout(str(error) or f"no connection to {host} in time") from None
    except (OSError, ValueError) as error:
        raise httpcore.ConnectError(f"{host}: {error}" if host not in str(error) else str(error)) from None


@contextlib.contextmanager
def _read_errors() -> Iterator[None]:
    try:
        yield
    except TimeoutError as error:
        raise httpcore.ReadTimeout(str(error)) from None
    except OSError as error:
        raise httpcore.ReadError(str(error)) from None


@contextlib.contextmanager
def _note_sent(exchange: Exchange) -> Iterator[None]:
    """Note that a request is sent before its first byte can have left, and take it back where none was taken."""
    taken = exchange.taken
    try:
        exchange.left()
        exchange.wrote = True
        yield
    except OSError as error:
        exchange.wrote = exchange.taken > taken
        if isinstance(error, TimeoutError):
            raise httpcore.WriteTimeout(str(error)) from None
        if not exchange.wrote:
            raise httpcore.WriteError(str(error)) from None
        # Who refuses a request half-way may still have answered it.


class _Certificates:
    """What servers are checked with, read when first needed: that takes longer than a request to this machine."""

    def __init__(self) -> None:
        self._context: ssl.SSLContext | None = None

    def __call__(self) -> ssl.SSLContext:
        if self._context is None:
            self._context = load_certificates(httpx.create_ssl_context)
        return self._context


_OURS: ContextVar[bool] = ContextVar("ours", default=False)


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    """Log nothing in this block that the other end may have made up."""
    mark = _OURS.set(True)
    try:
        yield
    finally:
        _OURS.reset(mark)


class _Quiet(logging.Filter):
    """Drop what httpcore logs of answers on our connections: a Location may be a signed URL, an error quote an echo."""

    def filter(self, record: logging.LogRecord) -> bool:
        message = str(record.msg)
        return not (_OURS.get() and ("receive_response_headers" in message or ".failed" in message))


logging.getLogger(f"{httpcore.__name__}.http11").addFilter(_Quiet())


def _socket_for(address: str) -> socket.socket:
    made = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
    # Small pieces at once: a head and its body are written one after the other.
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return made


def _has_arrived(sock: socket.socket) -> bool:
    """Whether something lies in an idle socket: the end of the connection, or an answer nobody asked for."""
    sock.settimeout(0)
    try:
        sock.recv(1, socket.MSG_PEEK)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True


class _SyncStream(httpcore.NetworkStream):
    """A connection whose every step ends with its exchange."""

    def __init__(self, line: _SyncLine, sock: socket.socket) -> None:
        self.line = line
        self.socket = sock
        self._unsent = b""

    def send(self, data: bytes) -> None:
        """Send all of `data`."""
        view = memoryview(data)
        while view:
            self.socket.settimeout(self.line.exchange.left())
            sent = self.socket.send(view)
            self.line.exchange.taken += sent
            view = view[sent:]

    def receive(self, size: int) -> bytes:
        """Receive at most `size` bytes; none at the end."""
        while True:
            self.socket.settimeout(self.line.exchange.left_to_read())
            with contextlib.suppress(TimeoutError):
                return self.socket.recv(size)

    def hold(self, talk: Talk[R]) -> R:
        """Hold a talk with the other end."""
        received: bytes | None = None
        while True:
            try:
                asked = next(talk) if received is None else talk.send(received)
            except StopIteration as stop:
                found: R = stop.value
                return found
            received = None
            if asked is None:
                received = self.receive(_READ_SIZE)
            else:
                self.send(asked)

    def secured(self, host: str) -> _SyncTls:
        """Return the connection after a TLS handshake; no byte of a request is in that."""
        tls = Tls(self.line.certificates(), host)
        self.hold(tls.handshake())
        return _SyncTls(self, tls)

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        """Shake hands with the origin."""
        with _connect_errors(self.line.route.host):
            return self.secured(server_hostname or self.line.route.host)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Put a piece of the request by: all of it is sent at once, so that none is held up between two pieces."""
        self._unsent += buffer

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read a piece of the answer, once the request is sent."""
        if self._unsent:
            request, self._unsent = self._unsent, b""
            with _note_sent(self.line.exchange):
                self.send(request)
        with _read_errors():
            return self.line.exchange.note_received(self.receive(max_bytes))

    def close(self) -> None:
        """Close the connection."""
        self.socket.close()

    def get_extra_info(self, info: str) -> Any:
        """Return whether something was received that nobody read; nothing else is asked for."""
        return _has_arrived(self.socket) if info == "is_readable" else None


class _SyncTls(_SyncStream):
    """TLS over a connection, which may itself be TLS to a proxy."""

    def __init__(self, inner: _SyncStream, tls: Tls) -> None:
        super().__init__(inner.line, inner.socket)
        self._inner = inner
        self._tls = tls

    def send(self, data: bytes) -> None:
        """Send all of `data`."""
        self._inner.hold(self._tls.write(data))

    def receive(self, size: int) -> bytes:
        """Receive at most `size` bytes; none at the end."""
        return self._inner.hold(self._tls.read(size))

    def get_extra_info(self, info: str) -> Any:
        """Return whether something was received that nobody read; nothing else is asked for."""
        return (info == "is_readable" and self._tls.has_unread) or super().get_extra_info(info)


class _SyncLine(httpcore.NetworkBackend):
    """One connection, made when its first request is sent.

    Args:
        route: How to reach the other end.
        resolver: Looks names up.
        certificates: Returns what servers are checked with.
    """

    def __init__(self, route: Route, resolver: Resolver, certificates: Callable[[], ssl.SSLContext]) -> None:
        self.route = route
        self.certificates = certificates
        self.exchange = Exchange(0.0)
        self._resolver = resolver
        self._socket: socket.socket | None = None
        self._http = httpcore.HTTPConnection(
            httpcore.Origin(route.scheme.encode(), route.host.encode(), route.port),
            ssl_context=certificates() if route.needs_certificates else None,
            keepalive_expiry=KEEPALIVE,
            network_backend=self,
        )

    def handle(self, request: httpx.Request, exchange: Exchange) -> httpx.Response:
        """Send a request and return the head of its answer."""
        self.exchange = exchange
        # In the library's hands, or those of whoever patched it for a test, until it asks us to connect.
        exchange.wrote = None if self._socket is None else False
        with _quietly():
            response = self._http.handle_request(_for_route(request, self.route))
        return httpx.Response(response.status, headers=response.headers, stream=_SyncBody(response))

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to the origin, or to the proxy and through its tunnel."""
        self.exchange.wrote = False
        proxy = self.route.proxy
        host, port = (host, port) if proxy is None else (proxy.host, proxy.port)
        with _connect_errors(host):
            stream = _SyncStream(self, self._connect(host, port))
            if proxy is not None and proxy.scheme == "https":
                stream = stream.secured(proxy.host)
            if self.route.is_tunnel:
                stream.hold(tunnel(self.route))
        return stream

    def _connect(self, host: str, port: int) -> socket.socket:
        """Connect to the first address that answers; the addresses checked are the ones connected to."""
        try:
            found = self._resolver.start(host, port).result(self.exchange.left())
        except TimeoutError:
            raise TimeoutError(f"{host} was not resolved in time") from None
        addresses = self.route.permit(found, host)
        for remaining in range(len(addresses), 0, -1):
            patience = self.exchange.left() / remaining
            self._socket = made = _socket_for(addresses[-remaining])
            made.settimeout(patience)
            try:
                made.connect((addresses[-remaining], port))
            except OSError:
                made.close()
                if remaining == 1:
                    raise
            else:
                return made
        raise OSError(f"{host} has no address")

    def is_idle(self) -> bool:
        """Whether the last answer was read to its end."""
        return self._socket is not None and self._http.is_idle()

    def is_usable(self) -> bool:
        """Whether an idle connection may serve once more: it is young, and nothing lies in it."""
        return not self._http.has_expired()

    def cut(self) -> None:
        """End the exchange under way from another thread; who carries it out closes the connection."""
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close the connection."""
        self._http.close()
        if self._socket is not None:
            self._socket.close()


class _SyncBody(httpx.SyncByteStream):
    def __init__(self, response: httpcore.Response) -> None:
        self._response = response

    def __iter__(self) -> Iterator[bytes]:
        return self._response.iter_stream()

    def close(self) -> None:
        self._response.close()


@define(eq=False)
class _SyncReply:
    """An answer whose body is still to be read."""

    response: httpx.Response
    exchange: Exchange
    release: Callable[[Exchange, int], None]
    _chunks: Iterator[bytes] = field(init=False)
    _size: int = 0

    def __attrs_post_init__(self) -> None:
        self._chunks = iter(cast(httpx.SyncByteStream, self.response.stream))

    def read(self) -> bytes:
        """Return the next piece; none at the end."""
        if self.exchange.wrote is None:
            # A caller's own transport keeps its own time-outs, which bound a read and not the whole.
            self.exchange.left()
        with _quietly():
            piece = next((chunk for chunk in self._chunks if chunk), b"")
        self._size += len(piece)
        return piece

    def close(self) -> None:
        """Give the answer up, if it was not read to its end."""
        try:
            with contextlib.suppress(*ERRORS):
                self.response.close()
        finally:
            self.release(self.exchange, self._size)


class _SyncPool:
    """The connections of one client in one process."""

    def __init__(self) -> None:
        self.process = os.getpid()
        self.certificates = _Certificates()
        self._resolver = Resolver()
        self._lock = threading.Lock()
        self._idle: list[_SyncLine] = []
        self._busy: set[_SyncLine] = set()
        self._closed = False

    def start(self, request: httpx.Request, exchange: Exchange, *, guarded: bool) -> _SyncReply:
        """Send a request and return its answer, whose `close` is due."""
        route = _route_of(request, guarded=guarded)
        safe = request.method in _SAFE
        line = (self._reusable(route) if safe else None) or _SyncLine(route, self._resolver, self.certificates)
        if safe:
            # A submit under way is heard out even by `close`: its answer was paid for.
            self._busy.add(line)

        def release(exchange: Exchange, body_size: int) -> None:
            self._busy.discard(line)
            with self._lock:
                if safe and not self._closed and line.is_idle() and exchange.is_exact(body_size):
                    self._idle.append(line)
                    surplus = self._idle[:-MAX_IDLE]
                    del self._idle[:-MAX_IDLE]
                else:
                    surplus = [line]
            for each in surplus:
                each.close()

        try:
            return _SyncReply(line.handle(request, exchange), exchange, release)
        except BaseException:
            self._busy.discard(line)
            line.close()
            raise

    def _reusable(self, route: Route) -> _SyncLine | None:
        """Take the youngest idle connection that can be used; close those that cannot."""
        while True:
            with self._lock:
                line = next((line for line in reversed(self._idle) if line.route == route), None)
                if line is None:
                    return None
                self._idle.remove(line)
            if line.is_usable():
                return line
            line.close()

    def close(self) -> None:
        """Close idle connections, and end exchanges that may be repeated."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
            busy = [*self._busy]
        for line in idle:
            line.close()
        for line in busy:
            line.cut()

    def forget(self) -> None:
        """Close this process's ends of connections inherited from another; that one's stay open."""
        for line in (*self._idle, *self._busy):
            line.close()


def _nothing(_: Exchange, __: int) -> None:
    pass


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
        self._transport = transport
        self._pool = _SyncPool()

    def send(self, effect: Send) -> Answer | Failed:
        """Send a request to the API and read its whole answer."""
        url, added = self._authority.add_credentials(effect.request)
        exchange = Exchange(time.monotonic() + effect.timeout, effect.progress)
        effect.progress.sent = False
        try:
            reply = self._start(_build_request(effect.request, url, added, effect.timeout), exchange, guarded=False)
        except ERRORS as error:
            return _failure(error, exchange)
        except _UNBUILDABLE as error:
            return _unbuildable(error)
        body = Collector(reply.response.status_code, _headers_of(reply.response), effect.limit)
        broken = None
        try:
            while (piece := reply.read()) and body.feed(piece):
                pass
        except ERRORS as error:
            broken = _early_end(error, exchange)
        finally:
            reply.close()
        return body.answer(broken)

    def open(self, effect: Open) -> Opened | Failed:
        """Ask for a file or a stream, and read the head of the answer."""
        exchange = Exchange(time.monotonic() + effect.timeout, effect.progress)
        effect.progress.sent = False
        try:
            request = _opening_request(effect, self._authority)
            reply = self._start(request, exchange, guarded=effect.guarded)
        except ERRORS as error:
            return _failure(error, exchange)
        except _UNBUILDABLE as error:
            return _unbuildable(error)
        return Opened(reply.response.status_code, _headers_of(reply.response), reply)

    def read(self, effect: Read) -> bytes | Failed:
        """Read the next piece of an open answer."""
        reply = cast(_SyncReply, effect.stream)
        reply.exchange.deadline = time.monotonic() + effect.timeout
        try:
            return reply.read()
        except ERRORS as error:
            return _failure(error, reply.exchange)

    def close_stream(self, stream: Stream) -> None:
        """Give an open answer up."""
        cast(_SyncReply, stream).close()

    def close(self) -> None:
        """Close the connections that are ours."""
        self._here().close()

    def _start(self, request: httpx.Request, exchange: Exchange, *, guarded: bool) -> _SyncReply:
        if self._transport is not None:
            exchange.wrote = None
            return _SyncReply(self._transport.handle_request(request), exchange, _nothing)
        return self._here().start(request, exchange, guarded=guarded)

    def _here(self) -> _SyncPool:
        """Return this process's connections: after a fork, those of the other process are not ours to use."""
        pool = self._pool
        if pool.process != os.getpid():
            self._pool = _SyncPool()
            pool.forget()
        return self._pool


def _early_end(error: Exception, exchange: Exchange) -> str:
    return f"its body ended early ({_failure(error, exchange).detail})"


class _AsyncStream(httpcore.AsyncNetworkStream):
    """The asynchronous twin of `_SyncStream`."""

    def __init__(self, line: _AsyncLine, sock: socket.socket) -> None:
        self.line = line
        self.socket = sock
        self._unsent = b""
        self._at_once = 0

    async def send(self, data: bytes) -> None:
        """Send all of `data`."""
        try:
            sent = self.socket.send(data)
        except BlockingIOError:
            sent = 0
        # Of the rest, nobody knows how much is taken where it fails.
        self.line.exchange.taken += len(data)
        if sent < len(data):
            work = asyncio.get_running_loop().sock_sendall(self.socket, memoryview(data)[sent:])
            await self.line.within(work, self.line.exchange.left)

    async def receive(self, size: int) -> bytes:
        """Receive at most `size` bytes; none at the end."""
        self.line.exchange.left_to_read()
        self._at_once += 1
        if self._at_once % AT_ONCE == 0:
            await asyncio.sleep(0)
        try:
            return self.socket.recv(size)
        except BlockingIOError:
            work = asyncio.get_running_loop().sock_recv(self.socket, size)
            return await self.line.within(work, self.line.exchange.left_to_read)

    async def hold(self, talk: Talk[R]) -> R:
        """Hold a talk with the other end."""
        received: bytes | None = None
        while True:
            try:
                asked = next(talk) if received is None else talk.send(received)
            except StopIteration as stop:
                found: R = stop.value
                return found
            received = None
            if asked is None:
                received = await self.receive(_READ_SIZE)
            else:
                await self.send(asked)

    async def secured(self, host: str) -> _AsyncTls:
        """Return the connection after a TLS handshake; no byte of a request is in that."""
        tls = Tls(self.line.certificates(), host)
        await self.hold(tls.handshake())
        return _AsyncTls(self, tls)

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.AsyncNetworkStream:
        """Shake hands with the origin."""
        with _connect_errors(self.line.route.host):
            return await self.secured(server_hostname or self.line.route.host)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Put a piece of the request by: all of it is sent at once, so that none is held up between two pieces."""
        self._unsent += buffer

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read a piece of the answer, once the request is sent."""
        if self._unsent:
            request, self._unsent = self._unsent, b""
            with _note_sent(self.line.exchange):
                await self.send(request)
        with _read_errors():
            return self.line.exchange.note_received(await self.receive(max_bytes))

    async def aclose(self) -> None:
        """Close the connection."""
        self.line.hang_up()

    def get_extra_info(self, info: str) -> Any:
        """Return whether something was received that nobody read; nothing else is asked for."""
        return _has_arrived(self.socket) if info == "is_readable" else None


class _AsyncTls(_AsyncStream):
    """The asynchronous twin of `_SyncTls`."""

    def __init__(self, inner: _AsyncStream, tls: Tls) -> None:
        super().__init__(inner.line, inner.socket)
        self._inner = inner
        self._tls = tls

    async def send(self, data: bytes) -> None:
        """Send all of `data`."""
        await self._inner.hold(self._tls.write(data))

    async def receive(self, size: int) -> bytes:
        """Receive at most `size` bytes; none at the end."""
        return await self._inner.hold(self._tls.read(size))

    def get_extra_info(self, info: str) -> Any:
        """Return whether something was received that nobody read; nothing else is asked for."""
        return (info == "is_readable" and self._tls.has_unread) or super().get_extra_info(info)


class _AsyncLine(httpcore.AsyncNetworkBackend):
    """The asynchronous twin of `_SyncLine`."""

    def __init__(self, route: Route, resolver: Resolver, certificates: Callable[[], ssl.SSLContext]) -> None:
        self.route = route
        self.certificates = certificates
        self.exchange = Exchange(0.0)
        self._resolver = resolver
        self._socket: socket.socket | None = None
        self._work: asyncio.Task[Any] | None = None
        self._http = httpcore.AsyncHTTPConnection(
            httpcore.Origin(route.scheme.encode(), route.host.encode(), route.port),
            ssl_context=certificates() if route.needs_certificates else None,
            keepalive_expiry=KEEPALIVE,
            network_backend=self,
        )

    async def handle(self, request: httpx.Request, exchange: Exchange) -> httpx.Response:
        """Send a request and return the head of its answer."""
        self.exchange = exchange
        # In the library's hands, or those of whoever patched it for a test, until it asks us to connect.
        exchange.wrote = None if self._socket is None else False
        with _quietly():
            response = await self._http.handle_async_request(_for_route(request, self.route))
        return httpx.Response(response.status, headers=response.headers, stream=_AsyncBody(response))

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to the origin, or to the proxy and through its tunnel."""
        self.exchange.wrote = False
        proxy = self.route.proxy
        host, port = (host, port) if proxy is None else (proxy.host, proxy.port)
        with _connect_errors(host):
            stream = _AsyncStream(self, await self._connect(host, port))
            if proxy is not None and proxy.scheme == "https":
                stream = await stream.secured(proxy.host)
            if self.route.is_tunnel:
                await stream.hold(tunnel(self.route))
        return stream

    async def _connect(self, host: str, port: int) -> socket.socket:
        """Connect to the first address that answers; the addresses checked are the ones connected to."""
        look_up = self._resolver.start(host, port)
        if not look_up.done():
            try:
                await asyncio.wait_for(asyncio.wrap_future(look_up), self.exchange.left())
            except TimeoutError:
                raise TimeoutError(f"{host} was not resolved in time") from None
        addresses = self.route.permit(look_up.result(), host)
        loop = asyncio.get_running_loop()
        for remaining in range(len(addresses), 0, -1):
            address = addresses[-remaining]
            until = time.monotonic() + self.exchange.left() / remaining
            self._socket = made = _socket_for(address)
            made.settimeout(0)
            try:
                await self.within(loop.sock_connect(made, (address, port)), Exchange(until).left)
            except OSError:
                self.hang_up()
                if remaining == 1:
                    raise
            else:
                return made
        raise OSError(f"{host} has no address")

    async def within(self, work: Coroutine[Any, Any, R], patience: Callable[[], float]) -> R:
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

    def is_idle(self) -> bool:
        """Whether the last answer was read to its end."""
        return self._socket is not None and self._http.is_idle()

    def is_usable(self) -> bool:
        """Whether an idle connection may serve once more: it is young, and nothing lies in it."""
        return not self._http.has_expired()

    def cut(self) -> None:
        """End the exchange under way from another task; who carries it out closes the connection."""
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)

    def hang_up(self) -> None:
        """Close the connection, once the event loop has let go of it."""
        sock, work, self._socket, self._work = self._socket, self._work, None, None
        if sock is None:
            return
        if work is None or work.get_loop().is_closed():
            sock.close()
        else:
            work.cancel()
            work.add_done_callback(partial(_close_after, sock))

    def forget(self) -> None:
        """Close this process's end of a connection that belongs to another process or to an ended event loop."""
        if self._socket is not None:
            self._socket.close()


def _close_after(sock: socket.socket, work: asyncio.Task[Any]) -> None:
    sock.close()
    if not work.cancelled():
        # Retrieved, or the event loop would log it as lost.
        work.exception()


class _AsyncBody(httpx.AsyncByteStream):
    def __init__(self, response: httpcore.Response) -> None:
        self._response = response

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._response.aiter_stream()

    async def aclose(self) -> None:
        await self._response.aclose()


@define(eq=False)
class _AsyncReply:
    """The asynchronous twin of `_SyncReply`."""

    response: httpx.Response
    exchange: Exchange
    release: Callable[[Exchange, int], None]
    _chunks: AsyncIterator[bytes] = field(init=False)
    _size: int = 0

    def __attrs_post_init__(self) -> None:
        self._chunks = aiter(cast(httpx.AsyncByteStream, self.response.stream))

    async def read(self) -> bytes:
        """Return the next piece; none at the end."""
        with _quietly():
            async for chunk in self._chunks:
                if chunk:
                    self._size += len(chunk)
                    return chunk
            return b""

    async def close(self) -> None:
        """Give the answer up, if it was not read to its end."""
        try:
            with contextlib.suppress(*ERRORS):
                await self.response.aclose()
        finally:
            self.release(self.exchange, self._size)


class _AsyncPool:
    """The connections of one client on one event loop, and the calls that wait for them."""

    def __init__(self) -> None:
        self.exchanges = Limit(MAX_EXCHANGES)
        self.downloads = Limit(MAX_DOWNLOADS)
        self.turns = Turns()
        self.certificates = _Certificates()
        self._resolver = Resolver()
        self._idle: list[_AsyncLine] = []
        self._busy: set[_AsyncLine] = set()
        self._closed = False

    async def start(self, request: httpx.Request, exchange: Exchange, *, guarded: bool) -> _AsyncReply:
        """Send a request and return its answer, whose `close` is due."""
        route = _route_of(request, guarded=guarded)
        safe = request.method in _SAFE
        line = (self._reusable(route) if safe else None) or _AsyncLine(route, self._resolver, self.certificates)
        if safe:
            # A submit under way is heard out even by `close`: its answer was paid for.
            self._busy.add(line)

        def release(exchange: Exchange, body_size: int) -> None:
            self._busy.discard(line)
            if safe and not self._closed and line.is_idle() and exchange.is_exact(body_size):
                self._idle.append(line)
                if len(self._idle) > MAX_IDLE:
                    self._idle.pop(0).hang_up()
            else:
                line.hang_up()

        try:
            return _AsyncReply(await line.handle(request, exchange), exchange, release)
        except BaseException:
            self._busy.discard(line)
            line.hang_up()
            raise

    def _reusable(self, route: Route) -> _AsyncLine | None:
        """Take the youngest idle connection that can be used; close those that cannot."""
        while True:
            line = next((line for line in reversed(self._idle) if line.route == route), None)
            if line is None:
                return None
            self._idle.remove(line)
            if line.is_usable():
                return line
            line.hang_up()

    def close(self) -> None:
        """Close idle connections, and end exchanges that may be repeated, under way or waiting for their turn."""
        self._closed = True
        self.exchanges.dismiss()
        self.downloads.dismiss()
        while self._idle:
            self._idle.pop().hang_up()
        for line in self._busy:
            line.cut()

    def forget(self) -> None:
        """Close this process's ends of connections that belong to another process or to an ended event loop."""
        for line in (*self._idle, *self._busy):
            line.forget()


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
        self._transport = transport
        self._process = os.getpid()
        self._pools: dict[asyncio.AbstractEventLoop, _AsyncPool] = {}

    async def turn(self) -> None:
        """Let others of this event loop go first."""
        await self._here().turns.take()

    async def send(self, effect: Send) -> Answer | Failed:
        """Send a request to the API and read its whole answer.

        Waiting for one of the client's connections counts as part of an exchange that may be repeated. A submit's
        time begins when its turn has come, as long as the server answers anybody.
        """
        pool = self._here()
        deadline = time.monotonic() + effect.timeout
        patient = effect.request.method not in _SAFE
        effect.progress.sent = False
        if not await pool.exchanges.enter(effect.timeout, patient=patient):
            await pool.turns.take()
            return _no_place(effect.timeout)
        answered = False
        try:
            exchange = Exchange(time.monotonic() + effect.timeout if patient else deadline, effect.progress)
            outcome = await self._exchange_within(effect, exchange)
            answered = isinstance(outcome, Answer)
            return outcome
        finally:
            pool.exchanges.leave(answered=answered)

    async def _exchange_within(self, effect: Send, exchange: Exchange) -> Answer | Failed:
        url, added = self._authority.add_credentials(effect.request)
        body: Collector | None = None
        try:
            request = _build_request(effect.request, url, added, effect.timeout)
            async with self._bound(exchange), self._started(request, exchange) as reply:
                body = Collector(reply.response.status_code, _headers_of(reply.response), effect.limit)
                while (piece := await reply.read()) and body.feed(piece):
                    pass
                return body.answer()
        except ERRORS as error:
            return _failure(error, exchange) if body is None else body.answer(_early_end(error, exchange))
        except _UNBUILDABLE as error:
            return _unbuildable(error)

    async def open(self, effect: Open) -> Opened | Failed:
        """Ask for a file or a stream, and read the head of the answer."""
        effect.progress.sent = False
        pool = self._here()
        if not await pool.downloads.enter(effect.timeout, patient=True):
            await pool.turns.take()
            return _no_place(effect.timeout)
        exchange = Exchange(time.monotonic() + effect.timeout, effect.progress)
        with contextlib.ExitStack() as place:
            place.callback(pool.downloads.leave, answered=True)
            try:
                request = _opening_request(effect, self._authority)
                async with self._bound(exchange):
                    reply = await self._start(request, exchange, guarded=effect.guarded)
            except ERRORS as error:
                return _failure(error, exchange)
            except _UNBUILDABLE as error:
                return _unbuildable(error)
            kept, release = place.pop_all(), reply.release

        def leave(exchange: Exchange, body_size: int) -> None:
            release(exchange, body_size)
            kept.close()

        reply.release = leave
        return Opened(reply.response.status_code, _headers_of(reply.response), reply)

    async def read(self, effect: Read) -> bytes | Failed:
        """Read the next piece of an open answer."""
        reply = cast(_AsyncReply, effect.stream)
        reply.exchange.deadline = time.monotonic() + effect.timeout
        try:
            async with self._bound(reply.exchange):
                return await reply.read()
        except ERRORS as error:
            return _failure(error, reply.exchange)

    async def close_stream(self, stream: Stream) -> None:
        """Give an open answer up."""
        await cast(_AsyncReply, stream).close()

    async def aclose(self) -> None:
        """Close the connections that are ours, on whatever event loop each was used."""
        here = self._here()
        for loop, pool in self._pools.copy().items():
            if pool is here or not loop.is_running():
                pool.close()
            else:
                loop.call_soon_threadsafe(pool.close)

    @contextlib.asynccontextmanager
    async def _started(self, request: httpx.Request, exchange: Exchange) -> AsyncIterator[_AsyncReply]:
        reply = await self._start(request, exchange, guarded=False)
        try:
            yield reply
        finally:
            await reply.close()

    async def _start(self, request: httpx.Request, exchange: Exchange, *, guarded: bool) -> _AsyncReply:
        if self._transport is not None:
            exchange.wrote = None
            return _AsyncReply(await self._transport.handle_async_request(request), exchange, _nothing)
        return await self._here().start(request, exchange, guarded=guarded)

    def _bound(self, exchange: Exchange) -> contextlib.AbstractAsyncContextManager[Any]:
        """Return what ends an exchange over a caller's own transport; our connections do so by themselves."""
        if self._transport is None:
            return contextlib.nullcontext()
        return asyncio.timeout(exchange.deadline - time.monotonic() + _BEHIND)

    def _here(self) -> _AsyncPool:
        """Return the connections of this process and event loop; those of another are not ours to use."""
        if self._process != os.getpid():
            for pool in self._pools.values():
                pool.forget()
            self._process, self._pools = os.getpid(), {}
        loop = asyncio.get_running_loop()
        if loop not in self._pools:
            # Each event loop may run in a thread of its own: a copy is taken in one step, and any may be gone since.
            for other in self._pools.copy():
                if other.is_closed() and (left := self._pools.pop(other, None)) is not None:
                    left.forget()
            self._pools[loop] = _AsyncPool()
        return self._pools[loop]


def _no_place(timeout: float) -> Failed:
    return Failed("timeout", sent=False, detail=f"none of the client's connections was free within {timeout:g} s")


def in_parts(files: Any) -> tuple[str, bytes]:
    """Return the content type and the bytes of a form in parts."""
    request = httpx.Request("POST", "http://localhost", files=files)
    return request.headers["content-type"], request.read()


class _Tolerant:
    """What a generated reader asks of a client: to raise nothing for a status that the document does not list."""

    raise_on_unexpected_status: Final = False


def read_generated(answer: Answer, operation: Operation[..., R]) -> R:
    """Return what a generated reader makes of an answer.

    Many servers write null where they have nothing to say of an optional field. Where an answer cannot be read with
    its nulls, it is read without them.
    """
    kept = {name: value for name, value in answer.headers.items() if name == "content-type"}
    kind = kept.get("content-type", "").partition(";")[0].strip().lower()
    if kind and any(fnmatch(kind, each.partition(";")[0].lower()) for each in operation.others):
        found = httpx.Response(answer.status, headers=kept, content=answer.body)
        return cast(R, found.text if kind.startswith("text/") else answer.body)

    def made(content: bytes) -> R:
        response = httpx.Response(operation.status_read(answer.status), headers=kept, content=content)
        return tolerantly(lambda: operation.read(client=_Tolerant(), response=response))

    try:
        return made(answer.body)
    except (ValueError, TypeError, LookupError, AttributeError):
        document = document_of(answer)
        plain = _without_nulls(document)
        if isinstance(document, Unreadable) or plain == document:
            raise
    return made(json.dumps(plain).encode())


def _without_nulls(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_nulls(item) for item in value]
    if isinstance(value, dict):
        return {name: _without_nulls(child) for name, child in value.items() if child is not None}
    return value
