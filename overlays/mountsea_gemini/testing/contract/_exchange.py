"""Requests and answers as they were on the wire, and the line that sends one again."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal

import httpx
from attrs import field, frozen

Side = Literal["client", "server"]


def _size(content: bytes | None) -> str:
    return "None" if content is None else f"<{len(content)} bytes>"


@frozen
class Ask:
    """One request as data, without its credential.

    Attributes:
        method: In capitals.
        target: Path and query.
        headers: Besides the credential.
        content: The body's bytes; None for no body.
        credential: Which one goes along: the accepted one, one that is not, none, or that text as it is.
    """

    method: str
    target: str
    headers: Mapping[str, str] = field(factory=dict)
    content: bytes | None = field(default=None, repr=_size)
    credential: str = "right"

    def curl(self, base: str, variable: str) -> str:
        """Return a shell line that sends it; the token is named, never shown."""
        words = ["curl", "-i", "-X", self.method, base + self.target]
        for name, value in self.headers.items():
            words += ["-H", f"{name}: {value}"]
        line = " ".join(map(shlex.quote, words))
        if self.credential == "right":
            line += f' -H "Authorization: Bearer ${variable}"'
        elif self.credential != "none":
            wrong = "Bearer not-the-token" if self.credential == "wrong" else self.credential
            line += f" -H {shlex.quote(f'Authorization: {wrong}')}"
        return line if self.content is None else f"{line} {_data(self.content)}"


def _data(content: bytes) -> str:
    try:
        return f"--data-binary {shlex.quote(content.decode('utf-8'))}"
    except UnicodeDecodeError:
        octal = "".join(f"\\{byte:03o}" for byte in content)
        return f"--data-binary @<(printf '{octal}')"


def json_ask(method: str, path: str, body: Any, credential: str = "right") -> Ask:
    """Return a request with a JSON body."""
    content = json.dumps(body, ensure_ascii=False).encode("utf-8", "surrogatepass")
    return Ask(method, path, {"Content-Type": "application/json"}, content, credential)


@frozen
class Exchange:
    """One request and its answer, as they were on the wire.

    Attributes:
        method: In capitals.
        path: Percent-decoded.
        query: The raw query string.
        headers: Of the request, names in lower case.
        content: The request's body.
        status: The answer's status.
        answer_headers: Names in lower case.
        answer: The answer's body.
    """

    method: str
    path: str
    query: str
    headers: Mapping[str, str] = field(repr=False)
    content: bytes = field(repr=_size)
    status: int
    answer_headers: Mapping[str, str] = field(repr=False)
    answer: bytes = field(repr=_size)

    @property
    def body(self) -> Any:
        """The request's JSON, or None."""
        return _json(self.content)

    @property
    def reply(self) -> Any:
        """The answer's JSON, or None."""
        return _json(self.answer)


def _json(content: bytes) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None


class Watched(httpx.BaseTransport):
    """A transport that passes requests on and tells what went by.

    Args:
        inner: Who answers.
        told: Called with each exchange whose answer came.
        sent: Called with each request before it is passed on.
    """

    def __init__(
        self,
        inner: httpx.BaseTransport,
        told: Callable[[Exchange], None],
        sent: Callable[[httpx.Request], None] = lambda _: None,
    ) -> None:
        self.inner = inner
        self._told = told
        self._sent = sent

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Pass one request on."""
        request.read()
        self._sent(request)
        response = self.inner.handle_request(request)
        if response.headers.get("content-type", "").startswith("video/"):
            return response  # a film says nothing about the contract
        came = _Came(response)
        if came.broken is None:
            self._told(_exchange(request, response, b"".join(came.parts)))
        return httpx.Response(response.status_code, headers=response.headers.raw, stream=came)


class _Came(httpx.SyncByteStream):
    """What came of a body, to be read once more: the same bytes, and the same error at the same place."""

    def __init__(self, response: httpx.Response) -> None:
        self.parts: list[bytes] = []
        self.broken: Exception | None = None
        try:
            stream: Any = response.stream  # a blocking transport gives one that can be iterated
            self.parts.extend(stream)
        except Exception as error:  # noqa: BLE001  whatever it is, it is raised again where it was met
            self.broken = error

    def __iter__(self) -> Iterator[bytes]:
        yield from self.parts
        if self.broken is not None:
            raise self.broken


def _exchange(request: httpx.Request, response: httpx.Response, content: bytes) -> Exchange:
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Exchange(
        method=request.method,
        path=request.url.path,
        query=request.url.query.decode("latin-1"),
        headers={name.lower(): value for name, value in request.headers.items()},
        content=request.content,
        status=response.status_code,
        answer_headers=headers,
        answer=content,
    )
