"""Requests and responses as plain data, shared by every door, and the journal of past requests."""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from http import HTTPStatus
from typing import Any, Final, Literal
from urllib.parse import unquote, unquote_plus

Ending = Literal["whole", "cut", "reset", "drop"]
Headers = list[tuple[bytes, bytes]]

JSON_TYPE: Final = (b"content-type", b"application/json")
LATIN: Final = "latin-1"
"""The encoding of header bytes: each is a character."""
MAX_ENTRIES: Final = 1000
MAX_BYTES: Final = 4 * 1024 * 1024
_HTML_TYPE: Final = (b"content-type", b"text/html; charset=utf-8")
_SECRET_HEADERS: Final = frozenset({b"cookie", b"proxy-authorization", b"authorization"})


@dataclass
class Request:
    """One HTTP request, read to its end.

    Args:
        method: In capitals.
        path: Percent-decoded, but for the signs that separate segments and values, such as `%2F`.
        query: The raw query string, without the question mark.
        headers: Names in lower case, in the order sent.
        body: Cut after the sandbox's limit plus one byte, so that an excess is noticed.
        scheme: "http" or "https".
    """

    method: str
    path: str
    query: bytes
    headers: Headers
    body: bytes
    scheme: str = "http"

    @cached_property
    def named(self) -> dict[bytes, bytes]:
        """The headers by name, repeated ones joined."""
        found: dict[bytes, bytes] = {}
        for name, value in self.headers:
            found[name] = found[name] + b", " + value if name in found else value
        return found

    @property
    def host(self) -> str:
        """Host and port by which the caller reached the sandbox."""
        return self.header(b"host") or "localhost"

    @property
    def origin(self) -> str:
        """Scheme, host and port by which the caller reached the sandbox; result URLs start with it."""
        return f"{self.scheme}://{self.host}"

    def header(self, name: bytes) -> str | None:
        """Return a header's value (repeated ones joined by a comma), or None."""
        value = self.named.get(name)
        return None if value is None else value.decode(LATIN)

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """The query parameters in order: names decoded, values as they were sent."""
        parts = (part.partition("=") for part in self.query.decode(LATIN).split("&") if part)
        return [(unquote_plus(name), value) for name, _, value in parts]

    @property
    def cookies(self) -> dict[str, str]:
        """The cookies by name; malformed ones are skipped, and the last of equal names counts."""
        pairs = (part.partition("=") for part in (self.header(b"cookie") or "").split(";"))
        return {name.strip(): value.strip().strip('"') for name, sign, value in pairs if sign}


_MEANT: Final = re.compile("(%2[Ff]|%2[Cc]|%3[Bb]|%3[Dd]|%25)")
"""Escapes of the signs that separate segments and values: unescaped, they have a meaning in a path."""


def decode_path(path: str, raw: bytes) -> str:
    """Return the path of a request as `Request` has it.

    Args:
        path: Percent-decoded as a whole.
        raw: As it was sent.
    """
    text = raw.partition(b"?")[0].decode(LATIN)
    if _MEANT.search(text) is None:
        return path
    pieces = _MEANT.split(text)
    return "".join(piece.upper() if index % 2 else unquote(piece) for index, piece in enumerate(pieces))


def decode_sent(path: str) -> str:
    """Return a path, or a part of one, as `Request` has it; it is given as it is sent."""
    return decode_path(unquote(path), path.encode(LATIN))


def decode_value(text: str) -> str:
    """Return a value of such a path, or a part of one, as it was meant."""
    return _MEANT.sub(lambda found: unquote(found[0]), text)


@dataclass(slots=True)
class Response:
    """One HTTP response and how it is delivered.

    Args:
        status: The HTTP status.
        headers: Always with a content-length.
        body: The whole body, even where `ending` delivers only half of it.
        delay: Seconds to wait before the first byte.
        drip: Seconds to wait between single bytes of the body; 0 sends it at once.
        ending: "whole"; "cut" closes the connection in mid-body, "reset" resets it there, "drop" closes it
            before the first byte.
    """

    status: int
    headers: Headers
    body: bytes
    delay: float = 0.0
    drip: float = 0.0
    ending: Ending = "whole"

    @property
    def delivered(self) -> bytes:
        """The part of the body that is delivered."""
        return self.body if self.ending == "whole" else self.body[: len(self.body) // 2]

    def chunks(self) -> Iterator[tuple[float, bytes]]:
        """Yield the delivered body in parts, each with the seconds to wait after the one before it."""
        body = self.delivered
        if not self.drip:
            yield 0.0, body
            return
        for at in range(len(body)):
            yield (self.drip if at else 0.0), body[at : at + 1]


def json_text(value: Any) -> str:
    """Return a value as compact JSON, non-ASCII text as it is."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def answer(status: int, body: bytes, *headers: tuple[bytes, bytes]) -> Response:
    """Return a response with its content-length."""
    return Response(status, [*headers, (b"content-length", b"%d" % len(body))], body)


def json_answer(status: int, value: Any, *headers: tuple[bytes, bytes]) -> Response:
    """Return a JSON response, of the usual type unless a header says another; a lone surrogate in it is replaced."""
    kind = [] if any(name == JSON_TYPE[0] for name, _ in headers) else [JSON_TYPE]
    return answer(status, json_text(value).encode(errors="replace"), *kind, *headers)


def error_answer(
    status: int,
    message: str | list[str],
    *headers: tuple[bytes, bytes],
    more: Mapping[str, Any] | None = None,
) -> Response:
    """Return an error in the common shape: statusCode, error, message, and then `more`."""
    value = {"statusCode": status, "error": phrase(status), "message": message, **(more or {})}
    return json_answer(status, value, *headers)


def html_answer(status: int) -> Response:
    """Return the kind of page a proxy shows in place of the API."""
    title = f"{status} {phrase(status)}"
    page = f"<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>\n"
    return answer(status, page.encode(), _HTML_TYPE)


def phrase(status: int) -> str:
    """Return the reason phrase of a status, also of one that has none registered."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Web server is returning an unknown error" if status == 520 else "Unknown status"


@dataclass(slots=True)
class Recorded:
    """One past request and the status of its response; credentials read `[accepted]` or `[refused]`."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes
    status: int

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON; a body that is not UTF-8 is shown with replacement characters."""
        return {**asdict(self), "body": self.body.decode(errors="replace")}


class Journal:
    """The last requests, at most `MAX_ENTRIES` of them and `MAX_BYTES` of their bodies.

    Args:
        token: The accepted credential, which is never kept.
        names: Header and query names of credentials, in lower case.
    """

    def __init__(self, token: str, names: frozenset[str]) -> None:
        self._token = token.encode()
        self._headers = _SECRET_HEADERS | {name.encode() for name in names}
        self._queries = names
        self._entries: deque[Recorded] = deque()
        self._bytes = 0
        self.dropped = 0

    def add(self, request: Request, status: int) -> None:
        """Record one request."""
        self._bytes += len(request.body)
        while self._entries and (len(self._entries) >= MAX_ENTRIES or self._bytes > MAX_BYTES):
            self._bytes -= len(self._entries.popleft().body)
            self.dropped += 1
        headers = {}
        for key, value in request.named.items():
            scheme = value[:7] if value[:7].lower() == b"bearer " else b""
            mark = scheme + (b"[accepted]" if value[len(scheme) :] == self._token else b"[refused]")
            headers[key.decode(LATIN)] = (mark if key in self._headers else value).decode(LATIN)
        parts = []
        for part in request.query.decode(LATIN).split("&"):
            name = part.partition("=")[0]
            parts.append(f"{name}=[hidden]" if unquote_plus(name).lower() in self._queries else part)
        self._entries.append(Recorded(request.method, request.path, "&".join(parts), headers, request.body, status))

    def entries(self) -> list[Recorded]:
        """Return the recorded requests, oldest first."""
        return list(self._entries)

    def clear(self) -> None:
        """Forget everything."""
        self._entries.clear()
        self._bytes = 0
        self.dropped = 0
