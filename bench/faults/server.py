"""A server of raw bytes that does one wrong thing after another, and counts what arrives."""

from __future__ import annotations

import json
import socket
import socketserver
import struct
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Self, TypeAlias

from attrs import frozen

KEY: Final = "sk-bench-0123456789"
Behaviour: TypeAlias = Callable[[socket.socket], None]


@frozen
class Seen:
    """One request that arrived."""

    kind: str
    at: float
    has_key: bool


class Server:
    """A server on a loopback port.

    Args:
        play: What to do at each submit, poll, file and request for a tunnel, in turn; the last one stays.
        host: The name clients reach it by.
    """

    def __init__(self, play: Callable[[str], Mapping[str, Sequence[Behaviour]]], host: str = "127.0.0.1") -> None:
        self.seen: list[Seen] = []
        self._gate = threading.Lock()
        outer = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                while head := read(self.request):
                    outer.answer(head, self.request)

        class Listener(socketserver.ThreadingTCPServer):
            daemon_threads = True
            request_queue_size = 256

        self._server = Listener(("127.0.0.1", 0), Handler)
        self.url = f"http://{host}:{self._server.server_address[1]}"
        self._left = {kind: list(steps) for kind, steps in play(self.url).items()}
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)

    def answer(self, head: bytes, connection: socket.socket) -> None:
        """Count a request and do what is due."""
        target = head.split(b" ", 2)[1]
        kinds = {b"POST": "submit", b"CONNECT": "tunnel"}
        kind = kinds.get(head.partition(b" ")[0], "file" if b"/file" in target else "poll")
        with self._gate:
            self.seen.append(Seen(kind, time.monotonic(), KEY.encode() in head))
            left = self._left.get(kind) or [reply(404, {})]
            step = left.pop(0) if len(left) > 1 else left[0]
        try:
            step(connection)
        except OSError:
            connection.close()

    def of(self, kind: str) -> list[Seen]:
        """Return the requests of one kind."""
        return [seen for seen in self.seen if seen.kind == kind]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def read(connection: socket.socket) -> bytes:
    """Return one request, or nothing when the client is gone."""
    found = b""
    try:
        while b"\r\n\r\n" not in found:
            piece = connection.recv(65536)
            if not piece:
                return b""
            found += piece
        head, _, body = found.partition(b"\r\n\r\n")
        fields = dict(line.lower().split(b":", 1) for line in head.split(b"\r\n")[1:])
        if b"chunked" in fields.get(b"transfer-encoding", b""):
            while not body.endswith(b"0\r\n\r\n"):
                body += connection.recv(65536)
        while len(body) < int(fields.get(b"content-length", b"0")):
            body += connection.recv(65536)
    except OSError:
        return b""
    return head + b"\r\n\r\n" + body


def reply(
    status: int, body: Any = b"", headers: Mapping[str, str] | None = None, *, length: int | None = None
) -> Behaviour:
    """Answer; `body` is JSON unless it is bytes. With `length`, that is announced and the connection closed."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    kind = "text/html" if isinstance(body, bytes) else "application/json"
    named = {"Content-Type": kind, "Content-Length": str(len(content) if length is None else length), **(headers or {})}
    head = f"HTTP/1.1 {status} X\r\n" + "".join(f"{name}: {value}\r\n" for name, value in named.items() if value)

    def step(connection: socket.socket) -> None:
        connection.sendall(head.encode() + b"\r\n" + content)
        if length is not None or named["Content-Length"] == "":
            connection.shutdown(socket.SHUT_RDWR)

    return step


def reset(connection: socket.socket) -> None:
    """Hang up hard."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def hang_up(connection: socket.socket) -> None:
    """Hang up."""
    connection.shutdown(socket.SHUT_RDWR)


def say_nothing(connection: socket.socket) -> None:
    """Keep the connection and never answer."""
    connection.settimeout(30)
    connection.recv(1)


def one_by_one(*steps: Behaviour) -> Behaviour:
    """Do several things."""

    def step(connection: socket.socket) -> None:
        for each in steps:
            each(connection)

    return step


def raw(content: bytes) -> Behaviour:
    """Send just these bytes."""
    return lambda connection: connection.sendall(content)


def babble(connection: socket.socket) -> None:
    """Speak another protocol."""
    connection.sendall(b"SSH-2.0-OpenSSH_9.6\r\n\r\n")


def drip(connection: socket.socket) -> None:
    """Send a byte now and then."""
    for byte in b"HTTP/1.1 200 X\r\nContent-Type: application/json\r\nContent-Length: 900\r\n\r\n" + b" " * 900:
        connection.sendall(bytes([byte]))
        time.sleep(0.1)
