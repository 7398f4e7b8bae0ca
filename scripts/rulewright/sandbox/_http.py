"""Requests and answers as plain data, so that every door shows the same sandbox."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final, Literal
from urllib.parse import parse_qs, unquote

Ending = Literal["whole", "cut", "reset", "drop"]
Headers = list[tuple[bytes, bytes]]

JSON_TYPE: Final = (b"content-type", b"application/json")
HTML_TYPE: Final = (b"content-type", b"text/html; charset=utf-8")
LATIN: Final = "latin-1"
"""How the bytes of a head are text: each is a character."""
_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


class Request:
    """One HTTP request, already read to its end.

    Args:
        method: In capitals.
        path: Percent-decoded, but for a slash within a segment, which stays `%2F`.
        query: The raw query string, without the question mark.
        headers: Names in small letters, in the order sent.
        body: Cut after the sandbox's limit plus one byte, which is how the limit is noticed.
        scheme: "http" or "https".
    """

    __slots__ = ("body", "headers", "method", "named", "path", "query", "scheme")

    def __init__(
        self,
        method: str,
        path: str,
        query: bytes,
        headers: Iterable[tuple[bytes, bytes]],
        body: bytes,
        *,
        scheme: str = "http",
    ) -> None:
        self.method = method
        self.path = path
        self.query = query
        self.headers = headers = list(headers)
        self.body = body
        self.scheme = scheme
        self.named: dict[bytes, bytes] = dict(headers)
        if len(self.named) < len(headers):
            self.named = _joined(headers)

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
    def arguments(self) -> dict[str, list[str]]:
        """What the query gives, by name."""
        return parse_qs(self.query.decode(LATIN), keep_blank_values=True)

    @property
    def cookies(self) -> dict[str, str]:
        """The cookies by name; what is none does not hide the others, and of equal names the last counts."""
        pairs = (part.partition("=") for part in (self.header(b"cookie") or "").split(";"))
        return {name.strip(): value.strip().strip('"') for name, sign, value in pairs if sign}


def decoded(path: str, raw: bytes) -> str:
    """Return the path of a request as `Request` has it.

    Args:
        path: Percent-decoded as a whole.
        raw: As it was sent.
    """
    if b"%2f" not in raw.lower():
        return path
    return "%2F".join(map(unquote, re.split("%2[fF]", raw.partition(b"?")[0].decode(LATIN))))


def _joined(headers: Iterable[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    named: dict[bytes, bytes] = {}
    for name, value in headers:
        named[name] = named[name] + b", " + value if name in named else value
    return named


@dataclass(slots=True)
class Response:
    """One HTTP answer and how it is delivered.

    Args:
        status: The HTTP status.
        headers: Always with a content-length.
        body: The whole body, even where `ending` lets only half of it out.
        delay: Seconds to wait before the first byte.
        drip: Seconds to wait between single bytes of the body; 0 sends it at once.
        ending: "whole"; "cut" closes the connection in mid-body, "reset" tears it down there, "drop"
            closes it before the first byte.
    """

    status: int
    headers: Headers
    body: bytes
    delay: float = 0.0
    drip: float = 0.0
    ending: Ending = "whole"

    @property
    def delivered(self) -> bytes:
        """The part of the body that is let out."""
        return self.body if self.ending == "whole" else self.body[: len(self.body) // 2]


def json_text(value: Any) -> str:
    """Return a value as compact JSON, non-ASCII text as it is."""
    return _ENCODER.encode(value)


def answer(status: int, body: bytes, *headers: tuple[bytes, bytes]) -> Response:
    """Return an answer with its content-length."""
    return Response(status, [*headers, (b"content-length", b"%d" % len(body))], body)


def json_answer(status: int, value: Any, *headers: tuple[bytes, bytes]) -> Response:
    """Return a JSON answer; a lone surrogate in the value is replaced, never a crash."""
    return answer(status, json_text(value).encode(errors="replace"), JSON_TYPE, *headers)


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
    return answer(status, page.encode(), HTML_TYPE)


def phrase(status: int) -> str:
    """Return the reason phrase of a status, also of one that has none registered."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Web server is returning an unknown error" if status == 520 else "Unknown status"
