"""Whatever a server sends, a caller gets a value or one of our errors."""

from __future__ import annotations

import copy
import json
import pickle
import string
from collections.abc import Callable
from typing import Any

import httpx
from hypothesis import given, settings
from hypothesis import strategies as st
from mountsea_gemini import ApiError, Client, SubmitContradicted, SubmitOutcomeUnknown
from mountsea_gemini._answers import retry_after
from mountsea_gemini._secrets import Redactor, Secret
from rulewright.testing import FakeClock

from tests.client.scripted import BASE, TASK, TOKEN

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.text(max_size=5)
            | st.sampled_from(
                ["taskId", "status", "result", "videoUrls", "videoUrl", "url", "errorMessage", "errorCode"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
STATES = st.sampled_from(["completed", "failed", "cancelled", "timeout", "processing", "new"])
LIKELY = st.fixed_dictionaries(
    {"status": STATES | JSON},
    optional={"taskId": JSON, "result": JSON, "errorMessage": JSON, "errorCode": JSON, "traceId": JSON},
)
BODIES = (JSON | LIKELY).map(lambda value: json.dumps(value).encode()) | st.binary(max_size=200)
NAMES = st.sampled_from(
    ["Content-Type", "Content-Encoding", "Retry-After", "Date", "Location", "X-Request-Id", "Content-Length"]
) | st.text(string.ascii_letters, min_size=1, max_size=8)
VALUES = st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=30) | st.sampled_from(
    ["gzip", "deflate", "br", "3", "inf", "Tue, 01 Jan 2030 00:00:20 GMT", "text/html", "http://[", "//x"]
)
HEADERS = st.lists(st.tuples(NAMES, VALUES), max_size=4)


@given(st.integers(100, 999), HEADERS, BODIES)
@settings(max_examples=300, deadline=None)
def test_any_answer_ends_in_a_value_or_an_error_of_ours(
    status: int, headers: list[tuple[str, str]], body: bytes
) -> None:
    """Any status, headers and body, for submit, poll and wait; errors are picklable and name the task."""

    def serve(request: httpx.Request) -> httpx.Response:
        raw = [(name.encode(), value.encode("latin-1")) for name, value in headers]
        return httpx.Response(status, headers=raw, stream=httpx.ByteStream(body))

    with Client(TOKEN, base_url=BASE, transport=httpx.MockTransport(serve), clock=FakeClock()) as client:
        task = client.task(TASK)
        for call in (lambda: client.text_to_video("a cat"), task.result, lambda: task.wait(timeout=20)):
            check(call_or_catch(call), status)


def call_or_catch(call: Callable[[], Any]) -> Any:
    """Return what a call returns, or the ApiError it raises."""
    try:
        return call()
    except ApiError as error:
        return error


def check(outcome: Any, status: int) -> None:
    """Check a value or an error."""
    if not isinstance(outcome, ApiError):
        assert 200 <= status < 300
        assert repr(outcome)
        return
    assert type(pickle.loads(pickle.dumps(outcome))) is type(outcome)  # noqa: S301  our own bytes
    assert str(copy.deepcopy(outcome)) == str(outcome)
    assert outcome.task_id in {None, TASK} or isinstance(outcome, SubmitContradicted | SubmitOutcomeUnknown)
    assert not isinstance(outcome, SubmitOutcomeUnknown) or outcome.status == status


@given(st.text(max_size=60), st.floats(0, 4e9))
@settings(max_examples=300, deadline=None)
def test_any_retry_after_is_a_number_or_nothing(value: str, wall: float) -> None:
    """Never negative, never an exception."""
    for headers in ({"retry-after": value}, {"retry-after": value, "date": value}):
        asked = retry_after(headers, wall)
        assert asked is None or asked >= 0


@given(st.text(max_size=2000), st.integers(0, 2000), st.integers(1, 700))
@settings(max_examples=300, deadline=None)
def test_no_text_gets_the_token_or_a_signature_past_the_redactor(text: str, place: int, limit: int) -> None:
    """Wherever they appear and wherever the text is cut; control characters are escaped."""
    secret = f"{TOKEN} https://cdn.example.com/a.mp4?X-Amz-Signature=c0ffee5ec2e7 "
    shown = Redactor(Secret(TOKEN))(text[:place] + " " + secret + text[place:], limit=limit)
    assert TOKEN not in shown
    assert TOKEN[:12] not in shown
    assert "c0ffee" not in shown
    assert [char for char in shown if ord(char) < 32 and char not in "\n\t"] == []
