"""What holds for every test: nothing leaves this machine, and Ctrl-C can be pressed."""

from __future__ import annotations

import ipaddress
import signal
import socket
import threading
from typing import Any

import pytest


def pytest_configure() -> None:
    """Hear Ctrl-C, and with us the programs that tests start: a shell starts what runs in the background deaf to it."""
    deaf = signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    if deaf and threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.default_int_handler)


FIRST = {"test_command.py", "test_readme.py"}
"""Files of single tests that take longest: begun first, they leave no worker busy alone at the end."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest; all else stays in order."""
    items.sort(key=lambda item: item.path.name not in FIRST)


def _local(address: Any) -> bool:
    if not isinstance(address, tuple):
        return True  # a path: a Unix socket
    host = str(address[0]).partition("%")[0]
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@pytest.fixture(autouse=True)
def _only_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse every connection to another host at the socket, whichever library asks for it."""
    connect, connect_ex = socket.socket.connect, socket.socket.connect_ex

    def guarded(self: socket.socket, address: Any) -> None:
        if not _local(address):
            self.close()
            pytest.fail(f"a test tried to reach {address}; only loopback is allowed")
        connect(self, address)

    def guarded_ex(self: socket.socket, address: Any) -> int:
        if not _local(address):
            self.close()
            pytest.fail(f"a test tried to reach {address}; only loopback is allowed")
        return connect_ex(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)
    monkeypatch.setattr(socket.socket, "connect_ex", guarded_ex)
