"""Failures before a byte of the request is written are never unknown outcomes."""

from __future__ import annotations

import errno
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from mountsea_gemini import ApiError, ConfigurationError, ConnectionFailed, SubmitOutcomeUnknown

from tests.client.scripted import TOKEN, Skin
from tests.client.test_crash import program
from tests.client.test_sockets import RawServer, answer, client_of, hang_up, never_answer, reset

API = "https://api.example.com"


def _raw(data: bytes, then: Callable[[socket.socket, int], None] | None = None) -> Callable[[socket.socket, int], None]:
    def behave(connection: socket.socket, number: int) -> None:
        connection.sendall(data)
        if then is not None:
            then(connection, number)

    return behave


def _garbled_tls(connection: socket.socket, _: int) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    connection.recv(5)
    connection.sendall(b"this is no TLS at all\r\n\r\n")
    hang_up(connection, 0)


def _half_a_handshake(connection: socket.socket, _: int) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    connection.recv(5)
    hang_up(connection, 0)


PROXIES = {
    "closes": hang_up,
    "resets": reset,
    "says nothing": never_answer,
    "garbage": _raw(b"SSH-2.0-OpenSSH_9.6\r\n\r\n", hang_up),
    "endless garbage": _raw(b"x" * 100_000, never_answer),
    "half a line": _raw(b"HTTP/1.1 2", never_answer),
    "half a line, then closes": _raw(b"HTTP/1.1 2", hang_up),
    "half a head, then closes": _raw(b"HTTP/1.1 200 OK\r\nVia: x\r\n", hang_up),
    "refuses": answer(403),
    "asks for a password": answer(407),
    "fails": answer(502),
    "redirects": answer(302, more=b"Location: http://127.0.0.1:9/\r\n"),
    "switches protocols": _raw(b"HTTP/1.1 101 Switching\r\n\r\n"),
    "stands, then closes": _raw(b"HTTP/1.1 200 OK\r\n\r\n", hang_up),
    "stands, then resets": _raw(b"HTTP/1.1 200 OK\r\n\r\n", reset),
    "stands, then says nothing": _raw(b"HTTP/1.1 200 OK\r\n\r\n", never_answer),
    "stands, then speaks first": _raw(b"HTTP/1.1 200 OK\r\n\r\nhello"),
    "closes during TLS": _half_a_handshake,
    "garbage during TLS": _garbled_tls,
}


@pytest.mark.parametrize("name", PROXIES)
def test_a_failed_tunnel_means_that_nothing_was_sent(skin: Skin, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """CONNECT and the handshake contain neither request nor token."""
    with RawServer(PROXIES[name]) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        with (
            client_of(skin, API, timeout=0.5) as client,
            pytest.raises(ConnectionFailed, match="nothing was started") as caught,
        ):
            skin.do(client.text_to_video("a cat"))
        assert all(request.startswith(b"CONNECT api.example.com:443 ") for request in proxy.requests)
        assert TOKEN.encode() not in b"".join(proxy.requests)
    assert isinstance(caught.value, ApiError)


def test_bytes_of_the_request_count_where_a_proxy_forwards_them(skin: Skin, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without TLS the proxy has the request, and may have forwarded it."""
    monkeypatch.setattr("mountsea_gemini._http_line.is_loopback", lambda _: False)
    with RawServer(hang_up) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url.replace("//", "//user:pass%20word@"))
        monkeypatch.setenv("NO_PROXY", "")
        with client_of(skin, "http://127.0.0.1:9/base") as client, pytest.raises(SubmitOutcomeUnknown):
            skin.do(client.text_to_video("a cat"))
        (request,) = proxy.requests
        assert request.startswith(b"POST http://127.0.0.1:9/base/gemini/video/generate HTTP/1.1\r\n")
        assert b"Proxy-Authorization: Basic dXNlcjpwYXNzIHdvcmQ=" in request


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("socks5://127.0.0.1:1080", "'socks5' are not supported"),
        ("socks5h://u:secret@127.0.0.1:1080", "'socks5h' are not supported"),
        ("socks4://127.0.0.1", "'socks4' are not supported"),
        ("ftp://127.0.0.1", "'ftp' are not supported"),
        ("http://127.0.0.1:port", "is not the URL of a proxy"),
        ("http://u:secret@127.0.0.1:99999", "is not the URL of a proxy"),
        ("http://127.0.0.1:0", "must name a host"),
        ("http://[::1", "is not the URL of a proxy"),
        ("http://:8080", "must name a host"),
        ("http://", "must name a host"),
        ("http://a b:8080", "must name a host"),
        ("http://a..b:8080", "is not the URL of a proxy"),
        ("://", "must"),
    ],
)
@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "all_proxy"])
def test_an_unusable_proxy_is_a_configuration_error(
    skin: Skin, url: str, words: str, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The proxy is never bypassed, and its password is not shown."""
    monkeypatch.setenv(variable, url)
    with client_of(skin, API) as client, pytest.raises(ConfigurationError, match=words) as caught:
        skin.do(client.text_to_video("a cat"))
    assert variable.upper() in str(caught.value)
    assert "secret" not in str(caught.value)
    # No note warns of a bill, because nothing was sent.
    assert not hasattr(caught.value, "__notes__")


@pytest.mark.parametrize("kind", ["missing", "garbage", "empty", "directory"])
def test_unreadable_certificates_are_a_configuration_error(
    skin: Skin, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message names the variable and the file."""
    bundle = tmp_path / "bundle.pem"
    if kind == "directory":
        bundle.mkdir()
    elif kind != "missing":
        bundle.write_bytes(b"no certificate\n" if kind == "garbage" else b"")
    monkeypatch.setenv("SSL_CERT_FILE", str(bundle))
    with client_of(skin, API) as client, pytest.raises(ConfigurationError, match=r"SSL_CERT_FILE=.*bundle\.pem"):
        skin.do(client.text_to_video("a cat"))


@pytest.fixture
def hanging_names(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Replace name resolution with one that never ends, and yield the names."""
    asked: list[str] = []
    over = threading.Event()

    def resolve(host: Any, *_: Any, **__: Any) -> Any:
        asked.append(str(host))
        over.wait(30)
        raise socket.gaierror(-3, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    yield asked
    over.set()


def test_a_hanging_name_lookup_times_out(skin: Skin, hanging_names: list[str]) -> None:
    """The lookup cannot be interrupted, and is not started again while it runs."""
    start = time.monotonic()
    with client_of(skin, API, timeout=0.3) as client, pytest.raises(ConnectionFailed, match="not resolved in time"):
        skin.do(client.text_to_video("a cat"))
    assert time.monotonic() - start < 3
    assert hanging_names == ["api.example.com"]


def test_a_hanging_name_lookup_does_not_keep_the_program_alive() -> None:
    """Neither the event loop nor the interpreter waits for it at exit."""
    text = """
import asyncio, socket, time
from mountsea_gemini import AsyncClient, Client, ConnectionFailed
socket.getaddrinfo = lambda *_, **__: time.sleep(60)
try:
    Client("k", base_url="https://api.example.com", timeout=0.1).task("t").result()
except ConnectionFailed:
    print("sync")
try:
    asyncio.run(AsyncClient("k", base_url="https://api.example.com", timeout=0.1).task("t").result())
except ConnectionFailed:
    print("async")
"""
    with program(text) as (process, output):
        assert process.wait(30) == 0
        assert output.read().split() == ["sync", "async"]


def test_a_server_that_reads_slowly_does_not_stretch_a_submit(skin: Skin) -> None:
    """The timeout limits the whole upload, not each piece."""
    over = threading.Event()

    def sip(server: socket.socket) -> None:
        connection = server.accept()[0]
        with connection:
            while not over.wait(0.05) and connection.recv(4096):
                pass

    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        server.bind(("127.0.0.1", 0))
        server.listen()
        server.settimeout(30)
        reader = threading.Thread(target=sip, args=(server,))
        reader.start()
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        start = time.monotonic()
        try:
            with client_of(skin, url, timeout=1.0) as client, pytest.raises(SubmitOutcomeUnknown):
                skin.do(client.text_to_video("a cat " * 2**21))
            assert time.monotonic() - start < 4
        finally:
            over.set()
            reader.join()


def test_a_connection_closed_on_accept_is_never_a_success(skin: Skin) -> None:
    """Nothing was sent, or the outcome is unknown."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        stop = threading.Event()

        def refuse() -> None:
            server.settimeout(0.05)
            while not stop.is_set():
                try:
                    server.accept()[0].close()
                except TimeoutError:
                    continue

        door = threading.Thread(target=refuse)
        door.start()
        try:
            url = f"http://127.0.0.1:{server.getsockname()[1]}"
            with client_of(skin, url) as client, pytest.raises((ConnectionFailed, SubmitOutcomeUnknown)):
                skin.do(client.text_to_video("a cat"))
        finally:
            stop.set()
            door.join()


class ResetOnWriting(socket.socket):
    """A connection that the server has reset by the time the request is written."""

    def send(self, *_: Any) -> int:
        """Take nothing."""
        raise ConnectionResetError(errno.ECONNRESET, "Connection reset by peer")


def test_a_reset_before_the_first_byte_means_that_nothing_was_sent(skin: Skin, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing can have been billed."""
    monkeypatch.setattr("mountsea_gemini._http_line.socket.socket", ResetOnWriting)
    with (
        RawServer(never_answer) as server,
        client_of(skin, server.url) as client,
        pytest.raises(ConnectionFailed, match="never sent, after 3 attempts"),
    ):
        skin.do(client.text_to_video("a cat"))
    assert not server.requests


STOPPED = """
import asyncio, sys
from mountsea_gemini import AsyncClient, Client
kind, url = sys.argv[1:]
if kind == "sync":
    print(Client("k", base_url=url, timeout=1.5).text_to_video("a cat").id)
else:
    async def work():
        async with AsyncClient("k", base_url=url, timeout=1.5) as client:
            print((await client.text_to_video("a cat")).id)
    asyncio.run(work())
"""


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="needs signals that stop a process")
@pytest.mark.parametrize("kind", ["sync", "async"])
@pytest.mark.parametrize("pieces", [1, 3])
def test_a_process_that_was_stopped_reads_what_has_arrived(kind: str, pieces: int) -> None:
    """After SIGCONT its timeout is over, but the paid id is waiting in the socket."""
    arrived, answered = threading.Event(), threading.Event()
    whole = b'HTTP/1.1 201 X\r\nContent-Length: 15\r\n\r\n{"taskId": "t"}'

    def late(connection: socket.socket, _: int) -> None:
        arrived.set()
        stopped.wait()
        for piece in range(pieces):
            connection.sendall(whole[piece * len(whole) // pieces : (piece + 1) * len(whole) // pieces])
            time.sleep(0.02)
        answered.set()

    stopped = threading.Event()
    with RawServer(late) as server:
        with program(STOPPED, kind, server.url) as (child, output):
            assert arrived.wait(30)
            child.send_signal(signal.SIGSTOP)
            stopped.set()
            assert answered.wait(30)
            time.sleep(2)
            child.send_signal(signal.SIGCONT)
            assert child.wait(30) == 0
            assert output.read() == "t\n"
        assert len(server.requests) == 1
