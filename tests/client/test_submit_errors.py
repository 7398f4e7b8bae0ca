"""Messages of submit errors, word for word: whether money is at stake, why, and what to do."""

from __future__ import annotations

import httpx
import pytest
from mountsea_gemini import ApiError, BadRequest, ConnectionFailed, ProtocolError, RateLimited, SubmitOutcomeUnknown

from tests.client.scripted import PROMPT, Play, Reply, Skin, fails, reply

ADVICE = (
    "  the task may have been accepted and billed. Look at the account's tasks or ask the vendor's support before "
    "deciding anything; this client sends it once and never again by itself"
)


def error_of(skin: Skin, *replies: Reply) -> ApiError:
    """Submit, and return the error."""
    with pytest.raises(ApiError) as caught:
        skin.do(skin.client(Play(replies)).text_to_video(PROMPT))
    return caught.value


@pytest.mark.parametrize(
    ("answer", "reason", "more"),
    [
        (fails(httpx.ReadTimeout), "ReadTimeout: scripted", []),
        (
            reply(500, {"message": f"no {PROMPT}"}),
            "HTTP 500",
            ["  vendor's message: [withheld: it repeats the request or the token]"],
        ),
        (reply(300, {"prompt": "x"}), "HTTP 300", []),
        (
            reply(503, {"traceId": "from the body"}, {"X-Request-Id": "from a header"}),
            "HTTP 503",
            ["  trace id: from the body"],
        ),
        (
            reply(201, b"<html>", {"Content-Type": "text/html; charset=utf-8", "X-Request-Id": "from a header"}),
            "HTTP 201, but its body is not JSON (text/html, 6 bytes)",
            ["  trace id: from a header"],
        ),
        (reply(201, {"id": 7}), "HTTP 201, but it holds no id of a task at /taskId", []),
    ],
    ids=["cut", "failed", "no success", "trace id", "no JSON", "no id"],
)
def test_an_unknown_outcome_has_its_reason_and_fingerprint(
    skin: Skin, answer: Reply, reason: str, more: list[str]
) -> None:
    """The time, the vendor's trace id and message, and how to find out, follow."""
    error = error_of(skin, answer)
    assert isinstance(error, SubmitOutcomeUnknown)
    assert error.reason == reason
    first, sent, *rest = str(error).splitlines()
    assert first == f"generateVideo was sent, and whether it was accepted is unknown: {reason}"
    assert sent == f"  sent: 2026-01-01T00:00:00+00:00, request sha256 {error.fingerprint}"
    assert rest == [*more, ADVICE]


def test_a_submit_that_was_never_sent_cost_nothing(skin: Skin) -> None:
    """It is the one failed submit that is safe to repeat."""
    error = error_of(skin, fails(httpx.ConnectError))
    assert isinstance(error, ConnectionFailed)
    assert str(error) == (
        "generateVideo was never sent, after 3 attempts: ConnectError: scripted\n"
        "  nothing was started or billed; it is safe to submit again"
    )


@pytest.mark.parametrize(
    ("headers", "words"),
    [({}, "HTTP 429"), ({"Retry-After": "90"}, "HTTP 429, to be tried again in 90 s at the earliest")],
)
def test_too_many_requests_name_the_retry_time(skin: Skin, headers: dict[str, str], words: str) -> None:
    """If the server named one."""
    error = error_of(skin, reply(429, {"traceId": "t", "message": "slowly"}, headers))
    assert isinstance(error, RateLimited)
    assert str(error) == f"generateVideo was answered with {words}\n  trace id: t\n  vendor's message: slowly"
    assert (error.status, error.trace_id, error.vendor_message) == (429, "t", "slowly")


def test_a_refusal_has_the_vendors_message(skin: Skin) -> None:
    """Nothing was started; the request has to change."""
    error = error_of(skin, reply(400, {"message": "no cats"}, {"CF-Ray": "r-1"}))
    assert isinstance(error, BadRequest)
    assert str(error) == (
        "generateVideo was answered with HTTP 400\n"
        "  trace id: r-1\n"
        "  vendor's message: no cats\n"
        "  the request itself has to change"
    )
    assert (error.status, error.trace_id) == (400, "r-1")


@pytest.mark.parametrize(
    ("location", "where"),
    [
        ({"Location": "https://elsewhere.example/x?key=1"}, "https://elsewhere.example/x?[cut]"),
        ({"Location": "/" + "x" * 300}, "/" + "x" * 199 + "... (101 more characters)"),
    ],
)
def test_a_redirect_of_a_submit_names_its_target(skin: Skin, location: dict[str, str], where: str) -> None:
    """Shortened and without its query, with the setting to check."""
    error = error_of(skin, reply(307, {"traceId": "t"}, location))
    assert isinstance(error, ProtocolError)
    assert str(error) == (
        f"generateVideo was answered with HTTP 307, a redirect to {where}\n"
        "  trace id: t\n"
        "  a request is never sent to another address; check base_url"
    )
    assert error.status == 307
