"""One connection: the route to its other end, name look-up, a proxy's tunnel, TLS, and the bytes of an exchange."""

from __future__ import annotations

import base64
import contextlib
import logging
import os
import re
import socket
import ssl
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextvars import ContextVar
from fnmatch import fnmatchcase
from functools import partial
from typing import Any, Final, Generic, TypeVar
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

import httpcore
import httpx
from attrs import define, field, frozen

from ._addresses import is_address, is_loopback, is_public
from ._errors import ConfigurationError
from ._exchange import Progress
from ._secrets import printable, without_query

R = TypeVar("R")
Connection = TypeVar("Connection", bound=httpcore.HTTPConnection | httpcore.AsyncHTTPConnection)

KEEPALIVE: Final = 2.0
"""Seconds an idle connection may be used again; servers close theirs after five and more."""

LATE_READS: Final = 16
"""Reads after the end of an exchange's time, of what lies there already: this process may have been stopped."""

_MOMENT: Final = 0.001
"""Seconds that a late read waits."""

_READ_SIZE: Final = 2**16

_LATE: Final = "the time for this exchange is over"
_PORTS: Final = {"http": 80, "https": 443}
_STATUS_LINE: Final = re.compile(rb"HTTP/1\.[01] ([1-5][0-9]{2})(?: [^\r\n]*)?\r\n")
HEAD_LIMIT: Final = 65536
"""Bytes of a proxy's answer to CONNECT accepted."""


class AddressRefusedError(OSError):
    """A name resolves to an address that must not be connected to."""


@frozen
class Proxy:
    """A forward proxy."""

    scheme: str
    host: str
    port: int
    authorization: str | None = field(default=None, repr=False)
    """Value of Proxy-Authorization."""


@frozen
class Route:
    """How to reach an origin.

    Attributes:
        scheme: Of the origin.
        host: Of the origin, as sent in Host.
        port: Of the origin.
        proxy: Where to connect instead, if anywhere.
        guarded: Connect to public addresses only. A proxy is the operator's choice and exempt: what a name
            means behind it, only the proxy knows.
    """

    scheme: str
    host: str
    port: int
    proxy: Proxy | None
    guarded: bool

    @property
    def is_tunnel(self) -> bool:
        """Whether the proxy is asked for a tunnel, through which it sees nothing of the request."""
        return self.proxy is not None and self.scheme == "https"

    def permit(self, addresses: list[str], host: str) -> list[str]:
        """Return the addresses of `host` if all may be connected to.

        Raises:
            AddressRefusedError: One is not public. One is enough: an honest name does not mix them.
        """
        if self.guarded and self.proxy is None and not all(map(is_public, addresses)):
            raise AddressRefusedError(f"{host} has an address that is not public")
        return addresses


def route_to(scheme: str, host: str, port: int | None, *, guarded: bool) -> Route:
    """Return how to reach an origin, as the environment's proxy variables say now.

    Raises:
        ConfigurationError: They name a proxy that cannot be used.
    """
    proxy, named, number = None, getproxies(), port or _PORTS[scheme]
    exempt = (
        proxy_bypass(host)
        or proxy_bypass(f"[{host}]:{number}" if ":" in host else f"{host}:{number}")
        or any(fnmatchcase(host.lower(), pattern.strip()) for pattern in named.get("no", "").lower().split(","))
    )
    if not (is_loopback(host) or exempt):
        variable = scheme if named.get(scheme) else "all"
        url = named.get(variable)
        proxy = _parse_proxy(url, f"{variable.upper()}_PROXY") if url else None
    return Route(scheme, host, number, proxy, guarded)


def _parse_proxy(url: str, variable: str) -> Proxy:
    shown = printable(without_query(url.rpartition("@")[2]))[:100]
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        port = parts.port
        # To be refused now rather than by the look-up.
        (parts.hostname or "").encode("idna")
    except (ValueError, UnicodeError) as error:
        raise ConfigurationError(f"{variable} is not the URL of a proxy ({error}), got {shown!r}") from None
    if parts.scheme not in _PORTS:
        raise ConfigurationError(
            f"{variable} must be an http or https URL, got {shown!r};"
            f" proxies of the kind {printable(parts.scheme)[:20]!r} are not supported"
        )
    if not parts.hostname or port == 0 or any(char in " \\" or not char.isprintable() for char in parts.netloc):
        raise ConfigurationError(f"{variable} must name a host and, if any, a port from 1 to 65535, got {shown!r}")
    authorization = None
    if parts.username is not None:
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        authorization = f"Basic {base64.b64encode(pair.encode()).decode()}"
    return Proxy(parts.scheme, parts.hostname, port or _PORTS[parts.scheme], authorization)


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


@contextlib.contextmanager
def _connect_errors(host: str) -> Iterator[None]:
    """Turn whatever goes wrong before a request is written into an error of connecting."""
    try:
        yield
    except AddressRefusedError:
        raise
    except TimeoutError as error:
        raise httpcore.ConnectTimeout(str(error) or f"no connection to {host} in time") from None
    except (OSError, ValueError) as error:
        raise httpcore.ConnectError(f"{host}: {error}" if host not in str(error) else str(error)) from None


class Wire:
    """An open connection."""

    def __init__(self, line: Line[Any], sock: socket.socket) -> None:
        self.line = line
        self.socket = sock
        self._unsent = b""

    async def send(self, data: bytes) -> None:
        """Send all of `data`."""
        await self.line.send(self.socket, data)

    async def receive(self, size: int) -> bytes:
        """Receive at most `size` bytes; none at the end."""
        return await self.line.receive(self.socket, size)

    async def start_tls(self, host: str) -> Wire:
        """Return the connection after a TLS handshake; no byte of a request is in that."""
        with _connect_errors(host):
            wire = _TlsWire(self, host)
            await wire.shake_hands()
        return wire

    async def open_tunnel(self, route: Route) -> None:
        """Ask a proxy for a tunnel to the route's origin; no byte of a request is in that.

        Raises:
            ConnectionError: The proxy refuses, or gives no whole answer.
        """
        host = f"[{route.host}]" if ":" in route.host else route.host
        lines = [f"CONNECT {host}:{route.port} HTTP/1.1", f"Host: {host}:{route.port}"]
        if route.proxy is not None and route.proxy.authorization is not None:
            lines.append(f"Proxy-Authorization: {route.proxy.authorization}")
        await self.send("\r\n".join([*lines, "", ""]).encode("ascii"))
        answer = b""
        while b"\r\n\r\n" not in answer and len(answer) <= HEAD_LIMIT:
            piece = await self.receive(_READ_SIZE)
            if not piece:
                raise ConnectionError("the proxy closed the connection before the tunnel stood")
            answer += piece
        head, _, surplus = answer.partition(b"\r\n\r\n")
        status = _STATUS_LINE.match(head + b"\r\n")
        if status is None:
            raise ConnectionError("the proxy did not answer CONNECT in HTTP")
        if not status[1].startswith(b"2"):
            raise ConnectionError(f"the proxy refused the tunnel with HTTP {status[1].decode()}")
        if surplus:
            raise ConnectionError("the proxy sent more than an answer to CONNECT")

    def write(self, piece: bytes) -> None:
        """Put a piece of the request by: all of it is sent at once, so that none is held up between two pieces."""
        self._unsent += piece

    async def read(self, size: int) -> bytes:
        """Read a piece of the answer, once the request is sent."""
        exchange = self.line.exchange
        if self._unsent:
            request, self._unsent = self._unsent, b""
            taken = exchange.taken
            try:
                exchange.left()
                # Before its first byte can have left; taken back where none was taken.
                exchange.wrote = True
                await self.send(request)
            except OSError as error:
                exchange.wrote = exchange.taken > taken
                if isinstance(error, TimeoutError) or not exchange.wrote:
                    raise
                # Who refuses a request half-way may still have answered it.
        return exchange.note_received(await self.receive(size))

    def has_arrived(self) -> bool:
        """Whether something lies in the idle connection: its end, or an answer nobody asked for."""
        self.socket.settimeout(0)
        try:
            self.socket.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return False
        except OSError:
            return True
        return True


class _TlsWire(Wire):
    """TLS over a connection, which may itself be TLS to a proxy."""

    def __init__(self, inner: Wire, host: str) -> None:
        super().__init__(inner.line, inner.socket)
        self._inner = inner
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = inner.line.certificates().wrap_bio(self._incoming, self._outgoing, server_hostname=host)

    async def shake_hands(self) -> None:
        await self._complete(self._tls.do_handshake)

    async def send(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            written = await self._complete(partial(self._tls.write, view))
            view = view[written:]

    async def receive(self, size: int) -> bytes:
        try:
            return await self._complete(partial(self._tls.read, size))
        except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
            # The end, which many servers do not announce.
            return b""

    async def _complete(self, step: Callable[[], R]) -> R:
        while True:
            try:
                found = step()
            except ssl.SSLWantReadError:
                if self._outgoing.pending:
                    await self._inner.send(self._outgoing.read())
                received = await self._inner.receive(_READ_SIZE)
                if received:
                    self._incoming.write(received)
                else:
                    self._incoming.write_eof()
            else:
                if self._outgoing.pending:
                    await self._inner.send(self._outgoing.read())
                return found

    def has_arrived(self) -> bool:
        return self._incoming.pending > 0 or self._tls.pending() > 0 or super().has_arrived()


class Line(ABC, Generic[Connection]):
    """One connection to an origin, made when its first request is sent.

    Args:
        route: How to reach the other end.
        resolver: Looks names up.
        certificates: Returns what servers are checked with.
    """

    def __init__(self, route: Route, resolver: Resolver, certificates: Callable[[], ssl.SSLContext]) -> None:
        self.route = route
        self.certificates = certificates
        self.exchange = Exchange(0.0)
        self.socket: socket.socket | None = None
        self._resolver = resolver
        self.http = self.connection(
            origin=httpcore.Origin(route.scheme.encode(), route.host.encode(), route.port),
            ssl_context=certificates() if route.scheme == "https" else None,
            keepalive_expiry=KEEPALIVE,
        )

    @abstractmethod
    def connection(self, **options: Any) -> Connection:
        """Return a connection of httpcore whose network is this line."""

    @abstractmethod
    async def ask(self, request: httpcore.Request) -> httpcore.Response:
        """Let httpcore send a request, and return the head of its answer."""

    @abstractmethod
    async def wait_for(self, look_up: Future[Any]) -> None:
        """Wait until a name is looked up."""

    @abstractmethod
    async def connect_socket(
        self, sock: socket.socket, address: tuple[str, int], patience: Callable[[], float]
    ) -> None:
        """Connect a new socket."""

    @abstractmethod
    async def send(self, sock: socket.socket, data: bytes) -> None:
        """Send all of `data`, and count in the exchange what was taken."""

    @abstractmethod
    async def receive(self, sock: socket.socket, size: int) -> bytes:
        """Receive at most `size` bytes; none at the end."""

    @abstractmethod
    def hang_up(self) -> None:
        """Close the connection."""

    async def handle(self, request: httpx.Request, exchange: Exchange) -> httpcore.Response:
        """Send a request and return the head of its answer."""
        self.exchange = exchange
        # In the library's hands, or those of whoever patched it for a test, until it asks us to connect.
        exchange.wrote = None if self.socket is None else False
        url, target, headers = request.url, request.url.raw_path, request.headers.raw
        if self.route.proxy is not None and not self.route.is_tunnel:
            # A proxy that forwards a request is told the whole URL.
            target = str(url.copy_with(fragment=None)).encode("ascii")
            if self.route.proxy.authorization is not None:
                headers = [*headers, (b"Proxy-Authorization", self.route.proxy.authorization.encode("ascii"))]
        sent_url = httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=target)
        with quietly():
            return await self.ask(httpcore.Request(request.method, sent_url, headers=headers, content=request.content))

    async def connect(self) -> Wire:
        """Connect to the origin, or to the proxy and through its tunnel."""
        self.exchange.wrote = False
        proxy = self.route.proxy
        host, port = (self.route.host, self.route.port) if proxy is None else (proxy.host, proxy.port)
        with _connect_errors(host):
            wire = Wire(self, await self._connect_to(host, port))
            if proxy is not None and proxy.scheme == "https":
                wire = await wire.start_tls(proxy.host)
            if self.route.is_tunnel:
                await wire.open_tunnel(self.route)
        return wire

    async def _connect_to(self, host: str, port: int) -> socket.socket:
        """Connect to the first address that answers; the addresses checked are the ones connected to."""
        look_up = self._resolver.start(host, port)
        if not look_up.done():
            try:
                await self.wait_for(look_up)
            except TimeoutError:
                raise TimeoutError(f"{host} was not resolved in time") from None
        addresses = self.route.permit(look_up.result(), host)
        for remaining in range(len(addresses), 0, -1):
            address = addresses[-remaining]
            until = Exchange(time.monotonic() + self.exchange.left() / remaining)
            self.socket = sock = socket.socket(
                socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM
            )
            # Small pieces at once: a head and its body are written one after the other.
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            try:
                await self.connect_socket(sock, (address, port), until.left)
            except OSError:
                self.hang_up()
                if remaining == 1:
                    raise
            else:
                return sock
        raise OSError(f"{host} has no address")

    def is_idle(self) -> bool:
        """Whether the last answer was read to its end."""
        return self.socket is not None and self.http.is_idle()

    def is_usable(self) -> bool:
        """Whether an idle connection may serve once more: it is young, and nothing lies in it."""
        return not self.http.has_expired()

    def cut(self) -> None:
        """End the exchange under way from another thread or task; who carries it out closes the connection."""
        if (sock := self.socket) is not None:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def forget(self) -> None:
        """Close this process's end of a connection that belongs to another process or to an ended event loop."""
        if self.socket is not None:
            self.socket.close()


_OURS: ContextVar[bool] = ContextVar("ours", default=False)


@contextlib.contextmanager
def quietly() -> Iterator[None]:
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


class Resolver:
    """Look names up in daemon threads: a look-up cannot be interrupted, and must not keep a process alive."""

    def __init__(self) -> None:
        self._running: dict[tuple[str, int], Future[list[str]]] = {}
        self._lock = threading.Lock()

    def start(self, host: str, port: int) -> Future[list[str]]:
        """Return the future addresses of `host`; equal look-ups that run at a time share a thread."""
        outcome: Future[list[str]] = Future()
        outcome.set_running_or_notify_cancel()
        if is_address(host):
            outcome.set_result([host])
            return outcome
        with self._lock:
            if (host, port) in self._running:
                return self._running[host, port]
            work = threading.Thread(target=self._look_up, args=(outcome, host, port), name="resolve", daemon=True)
            try:
                work.start()
            except RuntimeError as error:
                outcome.set_exception(OSError(f"cannot resolve {host}: {error}"))
            else:
                self._running[host, port] = outcome
        return outcome

    def _look_up(self, outcome: Future[list[str]], host: str, port: int) -> None:
        addresses: list[str] = []
        problem = "it has no address"
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
        except (OSError, UnicodeError) as error:
            problem = str(error)
        with self._lock:
            del self._running[host, port]
        if addresses:
            outcome.set_result(addresses)
        else:
            outcome.set_exception(OSError(f"cannot resolve {host}: {problem}"))


def load_certificates(load: Callable[[], ssl.SSLContext]) -> ssl.SSLContext:
    """Return what servers are checked with.

    Raises:
        ConfigurationError: The file that the environment names cannot be read.
    """
    try:
        return load()
    except OSError as error:
        named = [f"{name}={os.environ[name]}" for name in ("SSL_CERT_FILE", "SSL_CERT_DIR") if os.environ.get(name)]
        reason = error.reason if isinstance(error, ssl.SSLError) else error.strerror
    raise ConfigurationError(
        f"the certificates to check servers with cannot be read"
        f" ({printable(', '.join(named)) or 'those of certifi'}): {printable(reason or 'unknown reason')};"
        f" nothing was sent",
        way_out="name a PEM file of certificates, or unset the variable",
    )
