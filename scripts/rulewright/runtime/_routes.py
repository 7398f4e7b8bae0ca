"""Decide how to reach a host: directly or through the environment's proxy, by which addresses, with which certificates.

Nothing here writes a byte of a request, so every error of this module means that nothing was sent.
"""

from __future__ import annotations

import base64
import os
import re
import socket
import ssl
import threading
from collections.abc import Callable, Generator
from concurrent.futures import Future
from fnmatch import fnmatchcase
from functools import partial
from typing import Final, TypeAlias, TypeVar
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

from attrs import field, frozen

from ._addresses import is_address, is_loopback, is_public
from ._errors import ConfigurationError
from ._secrets import printable, without_query

R = TypeVar("R")

Talk: TypeAlias = Generator[bytes | None, bytes, R]
"""A talk with the other end: it yields bytes to be sent, or None for some to be received."""

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

    @property
    def needs_certificates(self) -> bool:
        """Whether anything on the way speaks TLS."""
        return "https" in {self.scheme, self.proxy.scheme if self.proxy else ""}

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
    proxy = None
    if not (is_loopback(host) or _is_exempt(host, port or _PORTS[scheme])):
        named = getproxies()
        variable = scheme if named.get(scheme) else "all"
        url = named.get(variable)
        proxy = _parse_proxy(url, f"{variable.upper()}_PROXY") if url else None
    return Route(scheme, host, port or _PORTS[scheme], proxy, guarded)


def _is_exempt(host: str, port: int) -> bool:
    """Whether NO_PROXY names a host, alone, with its port or by a pattern."""
    patterns = getproxies().get("no", "").lower().split(",")
    return bool(
        proxy_bypass(host)
        or proxy_bypass(f"[{host}]:{port}" if ":" in host else f"{host}:{port}")
        or any(fnmatchcase(host.lower(), pattern.strip()) for pattern in patterns)
    )


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


def tunnel(route: Route) -> Talk[None]:
    """Ask a proxy for a tunnel to the route's origin.

    Raises:
        ConnectionError: The proxy refuses, or gives no whole answer.
    """
    host = f"[{route.host}]" if ":" in route.host else route.host
    lines = [f"CONNECT {host}:{route.port} HTTP/1.1", f"Host: {host}:{route.port}"]
    if route.proxy is not None and route.proxy.authorization is not None:
        lines.append(f"Proxy-Authorization: {route.proxy.authorization}")
    yield "\r\n".join([*lines, "", ""]).encode("ascii")
    answer = b""
    while b"\r\n\r\n" not in answer and len(answer) <= HEAD_LIMIT:
        piece = yield None
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


class Tls:
    """TLS without a socket: what it reads and writes is asked of whoever drives its methods.

    Args:
        context: What the server is checked with.
        host: The name its certificate has to hold.
    """

    def __init__(self, context: ssl.SSLContext, host: str) -> None:
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._object = context.wrap_bio(self._incoming, self._outgoing, server_hostname=host)

    def handshake(self) -> Talk[None]:
        """Shake hands."""
        return self._complete(self._object.do_handshake)

    def write(self, data: bytes) -> Talk[None]:
        """Write all of `data`."""
        view = memoryview(data)
        while view:
            written = yield from self._complete(partial(self._object.write, view))
            view = view[written:]

    def read(self, size: int) -> Talk[bytes]:
        """Read at most `size` bytes; none at the end, which many servers do not announce."""
        try:
            return (yield from self._complete(partial(self._object.read, size)))
        except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
            return b""

    @property
    def has_unread(self) -> bool:
        """Whether something was received that nobody read."""
        return self._incoming.pending > 0 or self._object.pending() > 0

    def _complete(self, step: Callable[[], R]) -> Talk[R]:
        while True:
            try:
                found = step()
            except ssl.SSLWantReadError:
                if self._outgoing.pending:
                    yield self._outgoing.read()
                received = yield None
                if received:
                    self._incoming.write(received)
                else:
                    self._incoming.write_eof()
            else:
                if self._outgoing.pending:
                    yield self._outgoing.read()
                return found


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
