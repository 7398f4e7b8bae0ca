"""Settings of every test: no connection leaves this machine, and Ctrl-C works."""

from __future__ import annotations

import ipaddress
import signal
import socket
import threading
from typing import Any

import pytest


def pytest_configure() -> None:
    """Restore SIGINT, which shells disable for background jobs and which programs that tests start inherit."""
    is_ignored = signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    if is_ignored and threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.default_int_handler)


FIRST = {"test_command.py", "test_readme.py"}
"""Files with the slowest tests: started first, so that no worker is busy alone at the end."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start with the slowest tests; keep the order of all others."""
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
