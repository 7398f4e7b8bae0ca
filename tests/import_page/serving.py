"""A local server with scripted responses, byte by byte."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Self

Answer = Callable[[socket.socket], None]


def whole(body: bytes, *, status: str = "200 OK", headers: str = "") -> Answer:
    """Return an answer with a body and its length."""
    return raw(f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{headers}\r\n".encode() + body)


def raw(answer: bytes) -> Answer:
    """Return an answer that is exactly these bytes; then the connection ends."""
    return lambda connection: connection.sendall(answer)


def moved(location: str, status: str = "302 Found") -> Answer:
    """Return a redirect."""
    return whole(b"", status=status, headers=f"Location: {location}\r\n")


def drip(head: bytes, piece: bytes, stop: threading.Event) -> Answer:
    """Return an answer that never ends: a piece every few milliseconds, each well within any time-out of its own."""

    def answer(connection: socket.socket) -> None:
        connection.sendall(head)
        while not stop.wait(0.01):
            connection.sendall(piece)

    return answer


class Vendor:
    """A server with one answer per path; a context manager.

    Args:
        answers: What is answered, by path; anything else is a 404.
    """

    def __init__(self, answers: dict[str, Answer] | None = None) -> None:
        self.answers = answers or {}
        self.asked: list[str] = []
        self.requests: list[str] = []
        self.stop = threading.Event()
        self._server = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._server.getsockname()[1]}"
        self._threads = [threading.Thread(target=self._serve, daemon=True)]

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop.set()
        self._server.shutdown(socket.SHUT_RDWR)  # wakes the thread that waits for a connection
        self._server.close()
        for thread in self._threads:
            thread.join(timeout=5)

    def _serve(self) -> None:
        for connection in self._connections():
            thread = threading.Thread(target=self._answer, args=(connection,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _connections(self) -> Iterator[socket.socket]:
        while not self.stop.is_set():
            try:
                yield self._server.accept()[0]
            except OSError:  # closed
                return

    def _answer(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):  # the other side may leave when it has had enough
            request = b""
            while b"\r\n\r\n" not in request and (piece := connection.recv(65_536)):
                request += piece
            text = request.decode("latin-1")
            self.requests.append(text)
            path = text.split(" ")[1] if " " in text else ""
            self.asked.append(path)
            self.answers.get(path, whole(b"", status="404 Not Found"))(connection)
