"""TLS to the API and to a proxy, with certificates of an authority that signed nothing else (`tls/`, for 100 years)."""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pytest
from mountsea_gemini import ConnectionFailed, ProtocolError

from tests.client.scripted import TASK, TOKEN, Skin
from tests.client.test_sockets import RawServer, answer, client_of

Handler = Callable[[socket.socket, int], None]
CERTIFICATES: Final = Path(__file__).with_name("tls")
ACCEPTED: Final = answer(201, b'{"taskId": "%s", "padding": "%s"}' % (TASK.encode(), b"x" * 100_000))


def _context(certificate: str, version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATES / f"{certificate}.pem")
    context.maximum_version = version
    return context


class TlsServer(RawServer):
    """A raw server behind TLS, which ignores clients that fail the handshake."""

    def __init__(self, handle: Handler, context: ssl.SSLContext) -> None:
        super().__init__(handle)
        accept = self._server.get_request

        def shake_hands() -> tuple[ssl.SSLSocket, object]:
            connection, address = accept()
            connection.settimeout(10)
            return context.wrap_socket(connection, server_side=True), address

        self._server.get_request = shake_hands  # type: ignore[method-assign]
        self.url = self.url.replace("http:", "https:")


def tunnel_to(url: str) -> Handler:
    """Return a proxy's handler that always connects to one server."""
    port = int(url.rpartition(":")[2])

    def behave(connection: socket.socket, _: int) -> None:
        with socket.create_connection(("127.0.0.1", port)) as inner:
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            with contextlib.suppress(OSError):
                _relay(connection, inner)
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    return behave


def _relay(one: socket.socket, other: socket.socket) -> None:
    """Copy both ways until an end closes; on one thread, as OpenSSL allows no two at one connection."""
    targets = {one: other, other: one}
    while True:
        has_rest = isinstance(one, ssl.SSLSocket) and one.pending()
        for source in [one] if has_rest else select.select([one, other], [], [], 10)[0]:
            piece = source.recv(65536)
            if not piece:
                return
            targets[source].sendall(piece)


@pytest.fixture(autouse=True)
def _authority(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATES / "authority.pem"))


@pytest.fixture(params=["TLSv1_2", "TLSv1_3"])
def server(request: pytest.FixtureRequest) -> Iterator[TlsServer]:
    """Serve an API behind TLS 1.2, then 1.3."""
    with TlsServer(ACCEPTED, _context("good", ssl.TLSVersion[request.param])) as made:
        yield made


def test_a_submit_goes_over_tls(skin: Skin, server: TlsServer) -> None:
    """The response exceeds a TLS record; polls share a connection."""
    with client_of(skin, server.url) as client:
        assert skin.do(client.text_to_video("a cat " * 20_000)).id == TASK
        for _ in range(2):
            with pytest.raises(ProtocolError, match="/status"):
                skin.do(client.task(TASK).result())
        assert (len(server.requests), server.connections) == (3, 2)


@pytest.mark.parametrize("kind", ["http", "https"])
def test_a_submit_goes_over_tls_through_a_proxy(
    skin: Skin, server: TlsServer, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The proxy, with or without TLS, sees the API's name, but neither token nor request."""
    with (
        TlsServer(tunnel_to(server.url), _context("good"))
        if kind == "https"
        else RawServer(tunnel_to(server.url)) as proxy
    ):
        monkeypatch.setenv("HTTPS_PROXY", proxy.url.replace("//", "//us%40er:p%3Aw@"))
        with client_of(skin, "https://api.example.com") as client:
            assert skin.do(client.text_to_video("a cat")).id == TASK
        (request,) = proxy.requests
    assert request.startswith(b"CONNECT api.example.com:443 ")
    assert b"\r\nProxy-Authorization: Basic dXNAZXI6cDp3\r\n" in request
    assert TOKEN.encode() not in request
    assert TOKEN.encode() in server.requests[0]


@pytest.mark.parametrize(
    ("certificate", "authority", "words"),
    [
        ("good", "stranger", "unable to get local issuer|self-signed|unable to get issuer"),
        ("other", "authority", "mismatch"),
        ("expired", "authority", "expired"),
    ],
)
def test_an_invalid_certificate_means_that_nothing_was_sent(
    skin: Skin, certificate: str, authority: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another server receives nothing of the request."""
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATES / f"{authority}.pem"))
    with TlsServer(ACCEPTED, _context(certificate)) as server:
        with client_of(skin, server.url) as client, pytest.raises(ConnectionFailed, match=words) as caught:
            skin.do(client.text_to_video("a cat"))
        assert not server.requests
    assert "never sent" in str(caught.value)
