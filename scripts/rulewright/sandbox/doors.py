"""The doors to a sandbox: an httpx transport in this process, an ASGI application, and a TCP port."""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from importlib import import_module
from importlib.util import find_spec
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Literal, Self

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request as ReceivedRequest
from starlette.routing import Mount
from starlette.types import Receive, Scope, Send

from rulewright.sandbox.core import Core
from rulewright.sandbox.exchange import Request, Response, decode_path
from rulewright.sandbox.tasks import Clock

HangUp = Callable[[Any, Literal["close", "reset"]], None]
_STOP_SECONDS: Final = 5.0

if TYPE_CHECKING:

    class _AnyTransport(httpx.BaseTransport, httpx.AsyncBaseTransport): ...

    class _AnyStream(httpx.SyncByteStream, httpx.AsyncByteStream): ...

else:
    # Where both are installed, one class is of both: a client takes transports and bodies of its own library only.
    _libraries = [httpx, *map(import_module, filter(find_spec, ["httpx2"]))]

    def _of_all(*names: str) -> type:
        return type("Any" + names[0], tuple({getattr(each, name): None for each in _libraries for name in names}), {})

    _AnyTransport = _of_all("BaseTransport", "AsyncBaseTransport")
    _AnyStream = _of_all("SyncByteStream", "AsyncByteStream")


class Transport(_AnyTransport):
    """A transport of every HTTP library of clients, sync and async, that calls a function instead of a network.

    Args:
        respond: Answers a request whose body has been read.
    """

    def __init__(self, respond: Callable[[httpx.Request], httpx.Response]) -> None:
        self._respond = respond

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer one request."""
        request.read()
        return self._respond(request)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer one request."""
        await request.aread()
        return self._respond(request)


def _library(request: httpx.Request) -> Any:
    """Return the HTTP library that a request is of."""
    return import_module(type(request).__module__.partition(".")[0])


def ask(core: Core, request: httpx.Request) -> httpx.Response:
    """Answer a request whose body has been read, in terms of its HTTP library.

    Raises:
        httpx.RemoteProtocolError: The script drops the connection before the first byte.
    """
    library, url = _library(request), request.url
    headers = [(name.lower(), value) for name, value in request.headers.raw]
    body = request.content[: core.settings.max_body + 1]
    path = decode_path(url.path, url.raw_path)
    response = core.handle(Request(request.method, path, url.query, headers, body, scheme=url.scheme))
    if response.ending == "drop":
        raise library.RemoteProtocolError("Server disconnected without sending a response.", request=request)
    whole = response.ending == "whole" and not response.delay and not response.drip
    content: Any = {"content": response.body} if whole else {"stream": Stream(_parts(response, request), core.clock)}
    answer: httpx.Response = library.Response(response.status, headers=response.headers, request=request, **content)
    return answer


class Stream(_AnyStream):
    """A body that comes in parts.

    Args:
        parts: Seconds to wait, with the bytes after them; may raise what breaks the body off.
        clock: Whose time passes.
    """

    def __init__(self, parts: Iterable[tuple[float, bytes]], clock: Clock) -> None:
        self._parts = parts
        self._clock = clock

    def __iter__(self) -> Iterator[bytes]:
        for wait, part in self._parts:
            if wait and not self._clock.advance(wait):
                time.sleep(wait)
            yield part

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for wait, part in self._parts:
            if wait and not self._clock.advance(wait):
                await asyncio.sleep(wait)
            yield part


def _parts(response: Response, request: httpx.Request) -> Iterator[tuple[float, bytes]]:
    """Yield the parts of a body that is late, slow or incomplete; a wait beyond the read time-out ends as one."""
    library = _library(request)
    timeout: Any = request.extensions.get("timeout", {})
    limit: float | None = timeout.get("read")
    for wait, part in ((response.delay, b""), *response.chunks()):
        if limit is not None and wait > limit:
            yield limit, b""
            raise library.ReadTimeout("The read operation timed out", request=request)
        yield wait, part
    if response.ending == "reset":
        raise library.ReadError("Connection reset by peer", request=request)
    if response.ending == "cut":
        sizes = f"({len(response.delivered)} of {len(response.body)} bytes)"
        message = f"peer closed connection without sending complete message body {sizes}"
        raise library.RemoteProtocolError(message, request=request)


class Application(Starlette):
    """The sandbox as a Starlette application, to be served, mounted or wrapped like any other.

    Args:
        core: The sandbox.
        hang_up: Closes or resets the connection of a client address, for the faults below HTTP. Without it a
            response just ends early, and the server decides about the connection.
    """

    def __init__(self, core: Core, hang_up: HangUp | None = None) -> None:
        self._core = core
        self._hang_up = hang_up
        super().__init__(routes=[Mount("/", app=self._respond)])

    async def _respond(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = await self._body(ReceivedRequest(scope, receive))
        path = decode_path(scope["path"], scope.get("raw_path") or b"")
        query = scope.get("query_string", b"")
        response = self._core.handle(
            Request(scope["method"], path, query, scope["headers"], body, scheme=scope.get("scheme", "http"))
        )
        await self._pause(response.delay)
        if response.ending != "drop":
            await send({"type": "http.response.start", "status": response.status, "headers": response.headers})
            for wait, part in response.chunks():
                await self._pause(wait)
                await send({"type": "http.response.body", "body": part, "more_body": True})
        if response.ending == "whole":
            await send({"type": "http.response.body", "body": b""})
        elif self._hang_up is not None:
            self._hang_up(scope.get("client"), "reset" if response.ending == "reset" else "close")

    async def _body(self, request: ReceivedRequest) -> bytes:
        """Read a body to its end; keep one byte more than the limit, which shows that it is too large."""
        limit = self._core.settings.max_body + 1
        body = b""
        async for part in request.stream():
            body += part[: limit - len(body)]
        return body

    async def _pause(self, seconds: float) -> None:
        """Let time pass on the sandbox's clock."""
        if seconds > 0 and not self._core.clock.advance(seconds):
            await asyncio.sleep(seconds)


class Listener:
    """A listening port, and the server that will answer there once it runs.

    Connections made before it runs wait for it.

    Args:
        core: The sandbox.
        host: The address to listen on.
        port: The port; 0 lets the system choose a free one.

    Raises:
        OSError: The address cannot be listened on.
    """

    def __init__(self, core: Core, host: str, port: int) -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.create_server((host, port), family=family)
        # asyncio sets this only on sockets that name their protocol; without it each answer waits for an ACK, 40 ms.
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        shown = f"[{host}]" if ":" in host else host
        self.port: int = self._socket.getsockname()[1]
        self.url = f"http://{shown}:{self.port}{core.spec.base_path}"
        # The same protocol and loop wherever it runs; nothing in its responses depends on the day or the version.
        config = uvicorn.Config(
            Application(core, self._hang_up),
            http="h11",
            loop="asyncio",
            lifespan="off",
            ws="none",
            log_config=None,
            log_level="critical",
            date_header=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=1,
        )
        self._server = uvicorn.Server(config)

    def run(self) -> None:
        """Answer until `end` is called; in the main thread also until SIGINT or SIGTERM, which it passes on."""
        try:
            self._server.run(sockets=[self._socket])
        finally:
            self._socket.close()

    def end(self) -> None:
        """Make `run` return soon; from any thread or a signal handler."""
        self._server.should_exit = True

    def _hang_up(self, client: Any, how: Literal["close", "reset"]) -> None:
        """Break the connection of a client; runs in the server's own thread."""
        for connection in tuple(self._server.server_state.connections):
            transport = connection.transport
            if transport is None or client is None or transport.get_extra_info("peername")[:2] != tuple(client):
                continue
            if how == "reset":
                # Linger of zero seconds makes the kernel send RST in place of FIN.
                transport.get_extra_info("socket").setsockopt(
                    socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
                )
                transport.abort()
            else:
                transport.close()


class Running:
    """A sandbox that answers in a thread of its own; leave its `with` block, or call `stop`, to end it.

    Args:
        listener: The port, not running yet.
    """

    def __init__(self, listener: Listener) -> None:
        self.port = listener.port
        self.url = listener.url
        self._listener = listener
        self._thread = threading.Thread(target=listener.run, name="sandbox", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Close all connections and free the port."""
        self._listener.end()
        self._thread.join(_STOP_SECONDS)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
