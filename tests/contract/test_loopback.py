"""Neither a test nor a program that it starts connects to another machine."""

from __future__ import annotations

import socket
import subprocess
import sys

import httpx
import pytest
from mountsea_gemini import Client, ConnectionFailed

ELSEWHERE = ("192.0.2.1", 80)  # reserved for documentation (RFC 5737); nobody is there


def test_a_connection_from_a_test_is_refused() -> None:
    """The guard covers `connect` and `connect_ex` of every library."""
    for method in ("connect", "connect_ex"):
        with socket.socket() as sock, pytest.raises(pytest.fail.Exception, match="only loopback is allowed"):
            getattr(sock, method)(ELSEWHERE)
    with pytest.raises(pytest.fail.Exception, match=r"192\.0\.2\.1"):
        httpx.get("http://192.0.2.1/", trust_env=False)


def test_the_client_cannot_connect_elsewhere() -> None:
    """Even with the address of a live server."""
    with Client("token", base_url="https://192.0.2.1") as client, pytest.raises(pytest.fail.Exception):
        client.text_to_video("a cat")


def test_loopback_is_let_through() -> None:
    """A closed port gives the client's own error."""
    with Client("token", base_url="http://127.0.0.1:9", timeout=1) as client, pytest.raises(ConnectionFailed):
        client.task("t").result()


@pytest.mark.parametrize("call", ["connect(('192.0.2.1', 80))", "connect_ex(('192.0.2.1', 80))",
                                  "sendto(b'', ('192.0.2.1', 80))"])  # fmt: skip
def test_a_subprocess_is_guarded_too(call: str, guarded: dict[str, str]) -> None:
    """A Python process finds the guard first on its path."""
    kind = "socket.SOCK_DGRAM" if "sendto" in call else "socket.SOCK_STREAM"
    code = f"import socket; socket.socket(type={kind}).{call}"
    done = subprocess.run([sys.executable, "-c", code], env=guarded, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "only loopback is allowed" in done.stderr
