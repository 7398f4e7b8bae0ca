"""The one table of faults: what each does to a submit and to a poll."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from typing import Final

import httpx
from mountsea_gemini import (
    ApiError,
    AuthenticationError,
    BadRequest,
    ConnectionFailed,
    NotFound,
    PaymentRequired,
    ProtocolError,
    RateLimited,
    SubmitContradicted,
    SubmitOutcomeUnknown,
)

from tests.client.scripted import PROMPT, SIGNED, TASK, TOKEN, Reply, fails, reply, stream


@dataclass(frozen=True)
class Fault:
    """One thing that can go wrong.

    Args:
        name: What it is called in test ids.
        reply: What the server or the way to it does.
        submit: The error it ends a submit with.
        posts: How many requests that submit sends.
        poll: The error it ends a wait with; None: a wait survives five in a row.
    """

    name: str
    reply: Reply
    submit: type[ApiError]
    posts: int = 1
    poll: type[ApiError] | None = None


UNKNOWN: Final = SubmitOutcomeUnknown

TRANSPORT: Final = tuple(
    Fault(kind.__name__, fails(kind), UNKNOWN)
    for kind in (
        httpx.ReadTimeout,
        httpx.WriteTimeout,
        httpx.ReadError,
        httpx.WriteError,
        httpx.CloseError,
        httpx.RemoteProtocolError,
        httpx.LocalProtocolError,
        httpx.DecodingError,
        httpx.TooManyRedirects,
        ConnectionResetError,
        BrokenPipeError,
        TimeoutError,
    )
)
NEVER_SENT: Final = tuple(
    Fault(kind.__name__, fails(kind), ConnectionFailed, posts=3)
    for kind in (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)
)

_HTML: Final = b"<html><body>Bad gateway</body></html>"
_ECHO: Final = {
    "message": f"bad token {TOKEN} for {PROMPT}",
    "see": f"https://cdn.example.com/x.mp4?{SIGNED}&a=b",
    "traceId": "trace-1",
}

AMBIGUOUS_STATUS: Final = tuple(
    Fault(f"HTTP {status}", reply(status, _HTML), UNKNOWN, poll=BadRequest if status in {409, 499} else None)
    for status in (408, 409, 499, *range(500, 512), *range(520, 528), 529, 530, 598, 599)
)
REFUSALS: Final = tuple(
    Fault(f"HTTP {status}", reply(status, _ECHO), kind, poll=kind)
    for status, kind in {
        400: BadRequest,
        401: AuthenticationError,
        402: PaymentRequired,
        403: AuthenticationError,
        405: BadRequest,
        406: BadRequest,
        410: NotFound,
        413: BadRequest,
        415: BadRequest,
        418: BadRequest,
        422: BadRequest,
        431: BadRequest,
        451: BadRequest,
    }.items()
)
SPECIAL: Final = (
    Fault("HTTP 404, within the grace", reply(404, _ECHO), NotFound),
    Fault("HTTP 425", reply(425, _ECHO), BadRequest),
    Fault("429 without Retry-After", reply(429, _ECHO), RateLimited),
    Fault("429 Retry-After 2", reply(429, _ECHO, headers={"Retry-After": "2"}), RateLimited, posts=3),
    Fault("429 Retry-After 61", reply(429, _ECHO, headers={"Retry-After": "61"}), RateLimited),
    Fault("429 Retry-After soon", reply(429, _ECHO, headers={"Retry-After": "soon"}), RateLimited),
    Fault("503 Retry-After 1", reply(503, _HTML, headers={"Retry-After": "1"}), UNKNOWN),
)

_GZIP: Final = {"Content-Encoding": "gzip"}
_SOON: Final = {"Retry-After": "2"}

# Statuses that suggest a retry, although a task may have been started.
CONTRADICTIONS: Final = (
    *(
        Fault(
            f"HTTP {status} with an id", reply(status, {"taskId": TASK}, headers=_SOON), SubmitContradicted, poll=poll
        )
        for status, poll in {307: None, 400: BadRequest, 409: BadRequest, 429: None, 500: None, 503: None}.items()
    ),
    *(
        Fault(f"429 {name}", answer, UNKNOWN)
        for name, answer in {
            "cut JSON": reply(429, b'{"taskId": "7f', headers=_SOON),
            "cut list": reply(429, b" [7", headers=_SOON),
            "text called JSON": reply(429, b"7f3c-", headers={"Content-Type": "application/json", **_SOON}),
            "not UTF-8": reply(429, b"\xff\xfe", headers=_SOON),
            "an object for an id": reply(429, {"taskId": {"id": TASK}}, headers=_SOON),
            "a blank id": reply(429, {"taskId": " "}, headers=_SOON),
            "gzip that is none": stream(429, [b"hello"], {**_GZIP, **_SOON}),
            "unknown encoding": stream(429, [b"hello"], {"Content-Encoding": "br", **_SOON}),
            "body read error": stream(429, [b"too"], _SOON, error=httpx.ReadError("scripted")),
            "body time-out": stream(429, [b"too"], _SOON, error=httpx.ReadTimeout("scripted")),
            "too large": reply(429, b" " * (5 * 2**20), headers=_SOON),
        }.items()
    ),
    *(
        Fault(f"429 {name}", answer, RateLimited, posts=3)
        for name, answer in {
            "HTML": reply(429, _HTML, headers=_SOON),
            "empty": reply(429, b"", headers={"Content-Type": "application/json", **_SOON}),
            "null for an id": reply(429, {"taskId": None, "message": "slowly"}, headers=_SOON),
        }.items()
    ),
)
REDIRECTS: Final = tuple(
    Fault(
        f"HTTP {status}",
        reply(status, b"", headers={"Location": f"https://elsewhere.example.com/?{SIGNED}"}),
        ProtocolError if status in {301, 307, 308} else UNKNOWN,
    )
    for status in (300, 301, 302, 303, 304, 307, 308)
)

_BOMB: Final = gzip.compress(b" " * (64 * 2**20), 9)

UNREADABLE: Final = tuple(
    Fault(f"2xx {name}", answer, SubmitContradicted if name == "failure in a success" else UNKNOWN)
    for name, answer in {
        "HTML": reply(200, _HTML, headers={"Content-Type": "text/html"}),
        "empty": reply(201, b""),
        "no content": reply(204, b""),
        "cut JSON": reply(201, b'{"taskId": "7f'),
        "not UTF-8": reply(201, b'{"taskId": "\xff\xfe"}'),
        "null": reply(201, b"null"),
        "list": reply(201, b"[]"),
        "text": reply(201, b'"7f3c"'),
        "number": reply(201, b"7"),
        "object without id or state": reply(201, {}),
        "id null": reply(201, {"taskId": None, "status": None}),
        "id blank": reply(201, {"taskId": " ", "status": ""}),
        "id list": reply(201, {"taskId": ["7f3c"], "status": ["completed"]}),
        "id true": reply(201, {"taskId": True, "status": True}),
        "id fraction": reply(201, {"taskId": 1.5, "status": 1.5}),
        "id half a character": reply(201, b'{"taskId": "\\ud800", "status": 1}'),
        "id two dots": reply(201, {"taskId": "..", "status": {}}),
        "failure in a success": reply(200, {"statusCode": 500, "message": "upstream"}),
        "nested too deeply": reply(201, b"[" * 5000 + b"]" * 5000),
        "nested deeply": reply(201, b'{"taskId":' * 300 + b"1" + b"}" * 300),
        "number of 5000 digits": reply(201, b'{"taskId": 1%s}' % (b"0" * 5000)),
        "too large": reply(201, b" " * (5 * 2**20)),
        "gzip bomb": stream(201, [_BOMB], _GZIP),
        "gzip that is none": stream(201, [b"hello"], _GZIP),
        "gzip cut": stream(201, [gzip.compress(b'{"taskId": "7f3c"}')[:-9]], _GZIP),
        "unknown encoding": stream(201, [b"hello"], {"Content-Encoding": "br"}),
        "body read error": stream(201, [b'{"task'], error=httpx.ReadError("scripted")),
        "body time-out": stream(201, [b'{"task'], error=httpx.ReadTimeout("scripted")),
        "body short": stream(201, [b'{"task'], error=httpx.RemoteProtocolError("scripted")),
    }.items()
)

FAULTS: Final = (
    *TRANSPORT,
    *NEVER_SENT,
    *AMBIGUOUS_STATUS,
    *REFUSALS,
    *SPECIAL,
    *CONTRADICTIONS,
    *REDIRECTS,
    *UNREADABLE,
)
