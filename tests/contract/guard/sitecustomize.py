"""Found first on the path of every Python that a test starts: no connection leaves this machine."""

from __future__ import annotations

import ipaddress
import socket
from typing import Any

CONNECT, CONNECT_EX, SENDTO = socket.socket.connect, socket.socket.connect_ex, socket.socket.sendto


def check(address: Any) -> None:
    """Raise unless an address is a loopback one or a path."""
    if not isinstance(address, tuple):
        return
    host = str(address[0]).partition("%")[0]
    try:
        local = ipaddress.ip_address(host).is_loopback
    except ValueError:
        local = host == "localhost"
    if not local:
        raise ConnectionRefusedError(f"a test's subprocess tried to reach {address!r}; only loopback is allowed")


def connect(self: socket.socket, address: Any) -> None:
    """Connect to this machine only."""
    check(address)
    CONNECT(self, address)


def connect_ex(self: socket.socket, address: Any) -> int:
    """Connect to this machine only."""
    check(address)
    return CONNECT_EX(self, address)


def sendto(self: socket.socket, data: Any, *rest: Any) -> int:
    """Send datagrams to this machine only."""
    check(rest[-1])
    return SENDTO(self, data, *rest)


for function in (connect, connect_ex, sendto):
    setattr(socket.socket, function.__name__, function)
