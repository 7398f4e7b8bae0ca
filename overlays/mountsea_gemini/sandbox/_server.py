"""The TCP door: uvicorn in a thread of its own."""

from __future__ import annotations

import socket
import struct
import threading
from types import TracebackType
from typing import Any, Final, Literal, Self

import uvicorn

from ._asgi import Application
from ._core import Core

_START_SECONDS: Final = 10.0
_STOP_SECONDS: Final = 5.0


class Running:
    """A sandbox that listens; leave its `with` block, or call `stop`, to end it.

    Args:
        core: The sandbox.
        host: The address to listen on.
        port: The port; 0 lets the system choose a free one.

    Raises:
        OSError: The address cannot be listened on.
    """

    def __init__(self, core: Core, host: str, port: int) -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.socket(family)
        try:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._socket.bind((host, port))
            self._socket.listen(2048)
        except OSError:
            self._socket.close()
            raise
        shown = f"[{host}]" if ":" in host else host
        self.port: int = self._socket.getsockname()[1]
        self.origin = f"http://{shown}:{self.port}"
        self.url = self.origin + core.spec.base_path
        application = Application(core)
        application.door.hang_up = self._hang_up
        self._server = uvicorn.Server(config(application))
        self._thread = threading.Thread(target=self._run, name="sandbox", daemon=True)
        self._ready = threading.Event()
        self._thread.start()

    def _run(self) -> None:
        self._server.run(sockets=[self._socket])

    def stop(self) -> None:
        """Close all connections and free the port."""
        self._server.should_exit = True
        self._thread.join(_STOP_SECONDS)
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _hang_up(self, client: Any, how: Literal["close", "reset"]) -> None:
        """Break the connection of a client; runs in the server's own thread."""
        for connection in tuple(self._server.server_state.connections):
            transport = connection.transport
            if connection.client != client or transport is None:
                continue
            if how == "reset":
                # Linger of zero seconds makes the kernel send RST in place of FIN.
                transport.get_extra_info("socket").setsockopt(
                    socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
                )
                transport.abort()
            else:
                transport.close()


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
        timeout_graceful_shutdown=1,
    )
