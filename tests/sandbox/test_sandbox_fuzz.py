"""No request makes the sandbox crash."""

from __future__ import annotations

import json
import re
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from rulewright.sandbox import FAULT_KINDS, Outcome, Request, Sandbox

from tests.sandbox.asking import POLL, SUBMIT, TEXT

SANDBOX = Sandbox("mountsea_gemini")
PATHS = [SUBMIT, POLL, "/files/x.mp4", "/_sandbox/script", "/_sandbox/requests", "/_sandbox/", "/"]
NAMES = [b"range", b"host", b"content-type", b"content-encoding", b"cookie", b"x-sandbox-script", b"authorization"]
VALUES = [b"Bearer sandbox", b"application/json", b"bytes=-1", b"bytes=0-", b"failed;now", b"500@poll", b"{}"]

headers = st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(VALUES) | st.binary(max_size=30)), max_size=6)
values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*TEXT, "imageList", "x"]), inner),
    max_leaves=8,
)
bodies = st.binary(max_size=50) | values.map(lambda value: json.dumps(value).encode())


@given(
    st.sampled_from(["GET", "POST", "HEAD", "PUT"]) | st.text(max_size=5),
    st.sampled_from(PATHS) | st.text(max_size=20),
    st.binary(max_size=30) | st.just(b"taskId=x"),
    headers,
    bodies,
)
@settings(max_examples=400, deadline=None)
def test_any_request_has_an_answer(
    method: str, path: str, query: bytes, headers: list[tuple[bytes, bytes]], body: bytes
) -> None:
    """A success or a refusal, with the announced length."""
    response = SANDBOX.handle(Request(method, path, query, headers, body))
    assert 200 <= response.status < 600
    assert response.status not in {500, 502, 503, 504} or b"x-sandbox-script" in dict(headers)
    announced = dict(response.headers)[b"content-length"]
    assert method == "HEAD" or int(announced) == len(response.body)


@given(values)
@settings(max_examples=200, deadline=None)
def test_any_json_body_is_checked(body: Any) -> None:
    """Accepted, or refused with a list of violations; NaN is not JSON."""
    good = [(b"authorization", b"Bearer sandbox"), (b"content-type", b"application/json")]
    response = SANDBOX.handle(Request("POST", SUBMIT, b"", good, json.dumps(body).encode()))
    assert response.status in {201, 400}
    value = json.loads(response.body)
    assert "taskId" in value or value["message"]


WORDS = [*Outcome, *FAULT_KINDS, "429", "520", "now", "polls=2", "seconds=1"]
ENDS = ["", "@submit", "@poll:2", "@download:1-3", "=/taskId@poll", "=2@submit", "=@poll", ":", "@", "=", "@poll:0-"]


@given(st.lists(st.tuples(st.sampled_from(WORDS), st.sampled_from(ENDS)).map("".join), max_size=4))
@settings(max_examples=300, deadline=None)
def test_any_script_is_followed_or_refused(words: list[str]) -> None:
    """A valid one starts a task with polls and a download."""
    script = ";".join(words).encode()
    good = [(b"authorization", b"Bearer sandbox"), (b"content-type", b"application/json")]
    body = json.dumps(TEXT).encode()
    response = SANDBOX.handle(Request("POST", SUBMIT, b"", [*good, (b"x-sandbox-script", script)], body))
    assert response.status < 600
    found = re.search(rb'"taskId":"([^"]+)"', response.body)
    if found is None:
        return
    for _ in range(6):
        answer = SANDBOX.handle(Request("GET", POLL, b"taskId=" + found[1], good, b""))
        assert answer.status in {200, 302, 429, 502, 520}
    assert SANDBOX.handle(Request("GET", f"/files/{found[1].decode()}.mp4", b"", [], b"")).status < 600
