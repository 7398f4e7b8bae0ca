"""The client on real sockets, against servers that send raw bytes."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import socketserver
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import pytest
from mountsea_gemini import ApiError, AsyncClient, ConnectionFailed, DownloadError, SubmitOutcomeUnknown, WaitTimeout
from mountsea_gemini._clock import SystemClock
from rulewright.sandbox import Sandbox
from rulewright.testing import FakeClock

from bench.faults.server import read
from tests.client.scripted import PROMPT, TASK, TOKEN, Skin


class RawServer:
    """A server that counts requests and responds as `handle` does."""

    def __init__(self, handle: Callable[[socket.socket, int], None]) -> None:
        self.requests: list[bytes] = []
        self.connections = 0
        self.open = 0
        outer = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                outer.connections += 1
                outer.open += 1
                while head := read(self.request):
                    outer.requests.append(head)
                    handle(self.request, len(outer.requests))
                outer.open -= 1

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def answer(status: int, body: bytes = b"{}", more: bytes = b"") -> Callable[[socket.socket, int], None]:
    """Return a handler that sends a complete response."""
    head = b"HTTP/1.1 %d X\r\nContent-Length: %d\r\n%s\r\n" % (status, len(body), more)
    return lambda connection, _: connection.sendall(head + body)


def reset(connection: socket.socket, _: int) -> None:
    """Reset the connection."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def hang_up(connection: socket.socket, _: int) -> None:
    """Close the connection."""
    connection.shutdown(socket.SHUT_RDWR)


def never_answer(connection: socket.socket, _: int) -> None:
    """Keep the connection open without a response."""
    connection.settimeout(5)
    connection.recv(1)


def _cut(connection: socket.socket, _: int) -> None:
    connection.sendall(b'HTTP/1.1 201 X\r\nContent-Length: 99\r\n\r\n{"taskId"')
    hang_up(connection, 0)


def _send_garbage(connection: socket.socket, _: int) -> None:
    connection.sendall(b"SSH-2.0-OpenSSH_9.6\r\n\r\n")


@contextmanager
def client_of(skin: Skin, url: str, **options: Any) -> Iterator[Any]:
    """Open a client on real sockets."""
    with skin.opened(**{"base_url": url, **options}) as client:
        yield client


AMBIGUOUS = {
    "reset": reset,
    "hang up": hang_up,
    "read time-out": never_answer,
    "cut body": _cut,
    "babble": _send_garbage,
    "408": answer(408),
    "409": answer(409),
    **{str(status): answer(status) for status in (500, 502, 503, 504, *range(520, 528))},
}

ENDLESS = {"read time-out", "babble"}
"""Those that only the client's own time-out ends."""


@pytest.mark.parametrize("name", AMBIGUOUS)
def test_an_ambiguous_end_on_a_real_socket_is_one_post(skin: Skin, name: str, caplog: pytest.LogCaptureFixture) -> None:
    """The server counts the requests; no library's log shows a secret."""
    patience = 0.3 if name in ENDLESS else 10.0
    with RawServer(AMBIGUOUS[name]) as server, client_of(skin, server.url, timeout=patience) as client:
        caplog.set_level(1)
        with pytest.raises(SubmitOutcomeUnknown):
            skin.do(client.text_to_video(PROMPT))
        time.sleep(0.02)
        assert [request[:4] for request in server.requests] == [b"POST"]
    assert "httpcore" in caplog.text
    assert [secret for secret in (TOKEN, PROMPT) if secret in caplog.text] == []


@pytest.mark.parametrize("name", ["read time-out", "cut body", "503", "babble"])
def test_no_connection_is_left_open_by_a_fault(skin: Skin, name: str) -> None:
    """After many failed polls at most one reusable connection is open."""
    with RawServer(AMBIGUOUS[name]) as server, client_of(skin, server.url, timeout=0.05) as client:
        for _ in range(8):
            with pytest.raises(ApiError):
                skin.do(client.task(TASK).result())
        deadline = time.monotonic() + 5
        while server.open > 1 and time.monotonic() < deadline:
            time.sleep(0.01)
        assert server.open <= 1


def test_a_refused_connection_means_that_nothing_was_sent(skin: Skin) -> None:
    """The client tries three times."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    clock = FakeClock()
    with (
        client_of(skin, f"http://127.0.0.1:{port}", clock=clock) as client,
        pytest.raises(ConnectionFailed, match="nothing was started"),
    ):
        skin.do(client.text_to_video("a cat"))
    assert len(clock.slept) == 2


def test_a_byte_a_second_does_not_stretch_an_exchange(skin: Skin) -> None:
    """The timeout covers the whole exchange, slow heads and slow bodies alike."""

    def drip(connection: socket.socket, _: int) -> None:
        try:
            for byte in b"HTTP/1.1 201 X\r\nContent-Length: 900\r\n\r\n" + b" " * 900:
                connection.sendall(bytes([byte]))
                time.sleep(0.01)
        except OSError:
            connection.close()

    with RawServer(drip) as server:
        # Shorter than the head takes, then longer than the head but shorter than the body.
        for timeout in (0.2, 0.8):
            with client_of(skin, server.url, timeout=timeout) as client:
                start = time.monotonic()
                with pytest.raises(SubmitOutcomeUnknown):
                    skin.do(client.text_to_video("a cat"))
                assert time.monotonic() - start < timeout + 0.5
        assert len(server.requests) == 2


def flood(connection: socket.socket, _: int) -> None:
    """Send an endless body, in chunks of one byte with long extensions."""
    connection.sendall(b"HTTP/1.1 201 X\r\nTransfer-Encoding: chunked\r\n\r\n")
    chunks = 100 * (b"1;" + b"x" * 1000 + b"\r\n \r\n")
    with contextlib.suppress(OSError):
        while True:
            connection.sendall(chunks)


def test_an_endless_body_blocks_neither_event_loop_nor_timeout() -> None:
    """Bytes that are already in the socket are read without waiting."""

    async def work() -> tuple[int, float]:
        turns, start = 0, time.monotonic()
        async with AsyncClient("k", base_url=server.url, timeout=1.0) as client:
            submit = asyncio.ensure_future(client.text_to_video("a cat"))
            while not submit.done():
                await asyncio.sleep(0.01)
                turns += 1
            with pytest.raises(SubmitOutcomeUnknown):
                await submit
        return turns, time.monotonic() - start

    with RawServer(flood) as server:
        turns, seconds = asyncio.run(work())
    assert turns > 10
    assert seconds < 3


def test_a_wait_ends_within_a_second_of_its_deadline_whatever_the_server_does(skin: Skin) -> None:
    """Real clock, real socket, a server that never responds."""
    with RawServer(never_answer) as server, client_of(skin, server.url, clock=SystemClock()) as client:
        start = time.monotonic()
        with pytest.raises(WaitTimeout):
            skin.do(client.task(TASK).wait(timeout=0.5))
        assert 0.5 <= time.monotonic() - start <= 1.5


def test_nothing_polls_after_a_wait_has_ended(skin: Skin) -> None:
    """No thread and no asyncio task remains."""
    threads = set(threading.enumerate())
    body = b'{"status": "processing"}'

    async def tasks() -> int:
        return len(asyncio.all_tasks())

    with RawServer(answer(200, body)) as server:
        serving = set(threading.enumerate())
        with client_of(skin, server.url) as client:
            with pytest.raises(WaitTimeout):
                skin.do(client.task(TASK).wait(timeout=30))
            seen = len(server.requests)
            assert {t for t in threading.enumerate() if "process_request" not in t.name} <= serving
            if skin.name == "async":
                assert skin.do(tasks()) == 1
            time.sleep(0.05)
            assert len(server.requests) == seen
    assert {t for t in threading.enumerate() if "process_request" not in t.name} <= threads


def test_a_submit_uses_no_connection_the_server_has_just_closed(skin: Skin) -> None:
    """Idle connections are kept for two seconds, and a closed one is noticed."""

    def once(connection: socket.socket, number: int) -> None:
        answer(201, b'{"taskId": "t"}')(connection, number)
        time.sleep(0.01)
        hang_up(connection, 0)

    with RawServer(once) as server, client_of(skin, server.url) as client:
        for _ in range(5):
            assert skin.do(client.text_to_video("a cat")).id == "t"
            time.sleep(0.05)
        assert (len(server.requests), server.connections) == (5, 5)


def test_polls_share_a_connection(skin: Skin) -> None:
    """One handshake serves all polls."""
    with RawServer(answer(200, b'{"status": "processing"}')) as server, client_of(skin, server.url) as client:
        for _ in range(5):
            skin.do(client.task(TASK).result())
        assert (len(server.requests), server.connections) == (5, 1)


def test_a_name_that_resolves_to_a_private_address_is_refused_on_connecting(
    skin: Skin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The checked address is the one connected to, so DNS cannot change in between."""
    asked: list[str] = []
    real = socket.getaddrinfo

    def resolve(host: Any, port: Any, *args: Any, **kwargs: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        asked.append(name)
        return real("127.0.0.1" if name == "cdn.example.com" else host, port, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    body = b'{"status": "completed", "result": {"videoUrls": ["https://cdn.example.com/cat.mp4"]}}'
    with (
        RawServer(answer(200, body)) as server,
        client_of(skin, server.url) as client,
        pytest.raises(DownloadError, match="not public"),
    ):
        skin.do(client.task(TASK).download(tmp_path / "cat.mp4"))
    assert asked.count("cdn.example.com") == 1
    assert list(tmp_path.iterdir()) == []


def resolve_to(monkeypatch: pytest.MonkeyPatch, *found: str) -> None:
    """Let every name resolve to these addresses."""
    entries = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 443)) for address in found]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: entries)


def test_a_mix_of_public_and_private_addresses_is_refused(
    skin: Skin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even the public one is connected to."""
    body = b'{"status": "completed", "result": {"videoUrls": ["https://cdn.example.com/cat.mp4"]}}'
    with RawServer(answer(200, body)) as server, client_of(skin, server.url) as client:
        resolve_to(monkeypatch, "8.8.8.8", "10.0.0.1")
        with pytest.raises(DownloadError, match="not public"):
            skin.do(client.task(TASK).download(tmp_path / "cat.mp4"))


def test_the_next_address_is_tried_when_one_refuses(skin: Skin, monkeypatch: pytest.MonkeyPatch) -> None:
    """The remaining time is shared among the addresses."""
    resolve_to(monkeypatch, "127.0.0.2", "127.0.0.1")
    with RawServer(answer(201, b'{"taskId": "t"}')) as server:
        url = server.url.replace("127.0.0.1", "two.localhost")
        with client_of(skin, url) as client:
            assert skin.do(client.text_to_video("a cat")).id == "t"


def test_a_refusing_proxy_means_that_nothing_was_sent(skin: Skin, monkeypatch: pytest.MonkeyPatch) -> None:
    """CONNECT contains neither request nor token."""
    with RawServer(answer(407)) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url.replace("//", "//user:word@"))
        with client_of(skin, "https://api.example.com") as client:
            with pytest.raises(ConnectionFailed):
                skin.do(client.text_to_video("a cat"))
            monkeypatch.setenv("NO_PROXY", "api.example.com")
            monkeypatch.setattr(socket, "getaddrinfo", _nowhere)
            with pytest.raises(ConnectionFailed, match="cannot resolve"):
                skin.do(client.text_to_video("a cat"))
        assert len(proxy.requests) == 3
        for request in proxy.requests:
            assert request.startswith(b"CONNECT api.example.com:443")
            assert b"Proxy-Authorization: Basic" in request
            assert b"Bearer" not in request


def _nowhere(*_: object, **__: object) -> Any:
    raise socket.gaierror(-2, "Name or service not known")


def _echo_as_chunk(connection: socket.socket, _: int) -> None:
    connection.sendall(b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\nBearer %s\r\n" % TOKEN.encode())


def _echo_as_header(connection: socket.socket, _: int) -> None:
    connection.sendall(b"HTTP/1.1 200 X\r\nBearer %s\r\n\r\n" % TOKEN.encode())


@pytest.mark.parametrize("echo", [_echo_as_chunk, _echo_as_header])
def test_an_echo_that_is_not_http_is_in_no_log_and_no_frame(
    skin: Skin, echo: Callable[[socket.socket, int], None], caplog: pytest.LogCaptureFixture
) -> None:
    """The parser quotes what it cannot read, and some tools print local variables."""
    caplog.set_level(logging.DEBUG)
    with RawServer(echo) as server, client_of(skin, server.url) as client:
        with pytest.raises(SubmitOutcomeUnknown) as caught:
            skin.do(client.text_to_video(PROMPT))
        assert TOKEN not in caplog.text
        assert TOKEN not in str(caught.value)
        ours = [entry.frame for entry in caught.traceback if "mountsea_gemini" in str(entry.path)]
        assert ours
        assert not [frame.f_locals for frame in ours if TOKEN in repr(frame.f_locals)]


def test_a_transport_log_shows_no_signed_redirect(skin: Skin, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Response heads of our exchanges are not logged, those of others are."""

    def redirect(connection: socket.socket, number: int) -> None:
        body = b'{"status": "completed", "result": {"videoUrls": ["%s/cat.mp4?sig=c0ffee"]}}' % server.url.encode()
        location = b"Location: /b.mp4?Signature=c0ffee\r\n"
        answer(200, body)(connection, 0) if number == 1 else answer(302, b"", location)(connection, 0)

    with RawServer(redirect) as server, client_of(skin, server.url) as client, caplog.at_level(1):
        with pytest.raises(DownloadError, match="redirects"):
            skin.do(client.task(TASK).download(tmp_path / "cat.mp4"))
        assert "httpcore" in caplog.text
        assert "c0ffee" not in caplog.text
        logging.getLogger("httpcore.http11").debug("receive_response_headers.complete of somebody else")
        assert "somebody else" in caplog.text


@pytest.mark.parametrize("script", ["", "flaky", "503@poll:1-3 reset@poll:4 drop@poll:5", "cut@download:1"])
def test_the_sandbox_over_tcp_ends_in_a_film(skin: Skin, tmp_path: Path, script: str) -> None:
    """Submit, wait through scripted faults, download."""
    sandbox = Sandbox("mountsea_gemini", script=script)
    with sandbox.serve() as running, client_of(skin, running.url, token=sandbox.core.settings.token) as client:
        task = skin.do(client.text_to_video("a cat"))
        path = skin.do(task.download(tmp_path / "cat.mp4"))
    assert path.read_bytes()[4:8] == b"ftyp"
    assert [recorded.method for recorded in sandbox.requests].count("POST") == 1
