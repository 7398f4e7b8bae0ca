"""A server that plays the scripted responses of a case, in this process or on a loopback port."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

import httpx

_HOP: Final = {"host", "connection", "content-length", "user-agent", "accept-encoding"}


class Player:
    """Play the replies of a case in turn, and record the requests."""

    def __init__(self) -> None:
        self.replies: list[Mapping[str, Any]] = []
        self.asked: list[dict[str, Any]] = []

    def take(self, replies: list[Mapping[str, Any]]) -> None:
        """Start another case."""
        self.replies, self.asked = list(replies), []

    def answer(
        self, method: str, target: str, headers: Mapping[str, str], content: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        """Return status, headers and body of the next reply."""
        kept = {name.lower(): value for name, value in headers.items() if name.lower() not in _HOP}
        asked: dict[str, Any] = {"request": f"{method} {target}", "headers": kept}
        self.asked.append(asked | ({"body": json.loads(content)} if content else {}))
        if not self.replies:
            return 599, {}, b"the case has no more replies"
        reply = self.replies.pop(0)
        body = reply["text"].encode() if "text" in reply else json.dumps(reply["body"]).encode()
        kind = "text/html" if "text" in reply else "application/json"
        return reply["status"], {"Content-Type": kind, **reply.get("headers", {})}, body

    def transport(self) -> httpx.MockTransport:
        """Return a transport, sync and async, that ends here."""

        def play(request: httpx.Request) -> httpx.Response:
            target = request.url.raw_path.decode()
            status, headers, body = self.answer(request.method, target, request.headers, request.content)
            return httpx.Response(status, headers=headers, content=body)

        return httpx.MockTransport(play)

    @contextmanager
    def listening(self) -> Iterator[str]:
        """Listen on a port, and yield its URL."""
        player = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1  # head and body in one packet: two would wait 40 ms for each other

            def do_GET(self) -> None:
                content = self.rfile.read(int(self.headers.get("content-length", 0)))
                status, headers, body = player.answer(self.command, self.path, dict(self.headers), content)
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(body))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            do_POST = do_GET  # noqa: N815  the name the standard library looks for

            def log_message(self, *_: Any) -> None:
                """Print nothing."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            server.server_close()
            thread.join()
