"""The TCP door: uvicorn in a thread of its own."""

from __future__ import annotations

import socket
import struct
import threading
from types import TracebackType
from typing import Any, Final, Literal, Self

import uvicorn

from rulewright.sandbox._asgi import Door
from rulewright.sandbox._core import Core

_STOP_SECONDS: Final = 5.0


class Listener:
    """A port that is listened on, and the server that will answer there once it runs.

    Connections made before it runs wait for it.

    Args:
        core: The sandbox.
        host: The address to listen on.
        port: The port; 0 lets the system choose a free one.

    Raises:
        OSError: The address cannot be listened on.
    """

    def __init__(self, core: Core, host: str, port: int) -> None:
        self._socket = listen(host, port)
        shown = f"[{host}]" if ":" in host else host
        self.port: int = self._socket.getsockname()[1]
        self.url = f"http://{shown}:{self.port}{core.spec.base_path}"
        self._server = uvicorn.Server(config(Door(core, self._hang_up)))

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


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket.

    Raises:
        OSError: The address cannot be listened on.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.create_server((host, port), family=family, backlog=2048)
    # Its connections inherit this. Head and body go out in two writes, and without it the second waits for
    # the client's delayed acknowledgement: 40 ms for each answer.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def config(application: Any) -> uvicorn.Config:
    """Return the server's settings: nothing in its answers depends on the day or the server's version."""
    return uvicorn.Config(
        application,
        log_config=None,
        log_level="critical",
        access_log=False,
        date_header=False,
        server_header=False,
        lifespan="off",
        ws="none",
        proxy_headers=False,
        timeout_graceful_shutdown=1,
    )
