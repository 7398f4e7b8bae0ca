"""Parse API responses: ids, states, messages and URLs, each at its limit."""

from __future__ import annotations

import json
from typing import Any

import attrs
import pytest
from mountsea_gemini._answers import (
    ABSENT,
    Reader,
    Unreadable,
    at,
    document_of,
    id_of,
    output_urls,
    status_error,
    task_result,
    text_of,
    usable_id,
)
from mountsea_gemini._errors import (
    AuthenticationError,
    BadRequest,
    NotFound,
    PaymentRequired,
    RateLimited,
    ServerError,
    StatusError,
)
from mountsea_gemini._exchange import Answer, Request, Send
from mountsea_gemini._secrets import WITHHELD, PrivateTexts, Redactor
from mountsea_gemini.waiters import TASK as WAITER

READER = Reader(WAITER, Redactor(None))


def answer(body: bytes = b"{}", status: int = 200, **headers: str) -> Answer:
    """Return an answer; an underscore in a header's name stands for a hyphen."""
    return Answer(status, {name.replace("_", "-"): value for name, value in headers.items()}, body)


def urls_at(document: Any, places: tuple[tuple[str, ...], ...]) -> tuple[str, ...]:
    """Return the URLs at the first of some places that holds any."""
    return output_urls(answer(), document, attrs.evolve(READER, waiter=attrs.evolve(WAITER, outputs=places)))


def nest_json(depth: int) -> bytes:
    """Return JSON that many levels deep, in lists and objects by turns."""
    opened = "".join('[{"a":'[level % 2 :][: 1 + 5 * (level % 2)] for level in range(depth))
    return f"{opened}1{''.join(']}'[level % 2] for level in reversed(range(depth)))}".encode()


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (answer(b"cat"), "its body is not JSON (no content type, 3 bytes)"),
        (answer(b"", content_type="text/html; charset=x; more=y"), "its body is not JSON (text/html, 0 bytes)"),
        (answer(b"", content_type="a cat"), "its body is not JSON (another content type, 0 bytes)"),
        (answer(b"\xff"), "its body is not JSON (no content type, 1 bytes)"),
        (answer(nest_json(201)), "its JSON is nested too deeply"),
        (answer(b"[" * 100_000), "its JSON is nested too deeply"),
        (Answer(200, {}, b"{}", "it was cut off"), "it was cut off"),
    ],
)
def test_a_body_that_is_not_json_has_a_reason(given: Answer, reason: str) -> None:
    """Not JSON, JSON nested too deeply, or only part of a body."""
    assert document_of(given) == Unreadable(reason)


def test_json_is_read_down_to_200_levels() -> None:
    """Deeper nesting could exhaust the stack of whoever copies it."""
    document = document_of(answer(nest_json(199)))
    assert document == json.loads(nest_json(199))
    assert isinstance(document_of(answer(nest_json(200))), Unreadable)


def test_a_missing_place_differs_from_one_that_holds_null() -> None:
    """No path leads into a string or a list, and no path means no value."""
    document = {"a": {"b": None}, "c": ["x"], "d": "text"}
    assert at(document, ("a", "b")) is None
    assert at(document, ()) is document
    for path in (None, ("b",), ("a", "c"), ("c", "0"), ("d", "t"), ("a", "b", "c")):
        assert at(document, path) is ABSENT


@pytest.mark.parametrize(
    ("value", "text"),
    [("no", "no"), (" no ", " no "), (["a", "b"], "a; b"), (["a"], "a")]
    + [(value, None) for value in ("", " ", [], ["a", 1], 7, None, {"a": "b"}, True)],
)
def test_a_message_is_a_string_or_a_list_of_strings(value: Any, text: str | None) -> None:
    """Any other value counts as absent."""
    assert text_of(value) == text


@pytest.mark.parametrize(
    ("value", "read"),
    [
        *((text, text) for text in ("abc", "x" * 1000, "\ud7ff", "\ue000", "...")),
        *((number, str(number)) for number in (7, -7, 10**40 - 1)),
    ],
)
def test_an_id_is_a_string_or_a_number(value: Any, read: str) -> None:
    """Both must survive a round trip through a request, and have a bounded length."""
    assert id_of(value) == read


NO_IDS: tuple[Any, ...] = (10**40, -(10**40), True, 1.5, None, [], "", " ", "x" * 1001, "a\ud800", "\udfffa", ".", "..")


@pytest.mark.parametrize("value", NO_IDS)
def test_an_id_that_no_request_can_carry_is_refused(value: Any) -> None:
    """`.` and `..` would change the path; the same holds for ids given by a caller."""
    assert id_of(value) is None
    assert not isinstance(value, str) or not usable_id(value)


@pytest.mark.parametrize(
    ("headers", "body", "trace"),
    [
        ({"x_request_id": "header"}, {"traceId": "body"}, "body"),
        ({"x_request_id": "second", "x_trace_id": "first"}, {}, "first"),
        ({"cf_ray": "last"}, {"traceId": 7}, "last"),
        ({"x_trace_id": "x" * 101}, {}, "x" * 100 + "... (1 more characters)"),
        ({"cf_ray": ""}, {}, None),
        ({}, {}, None),
    ],
)
def test_a_trace_id_is_taken_from_the_body_or_else_the_headers(
    headers: dict[str, str], body: Any, trace: str | None
) -> None:
    """The first known name wins; the value is shortened."""
    assert READER.trace(answer(b"", 200, **headers), body) == trace


def test_a_shown_text_is_cut_and_repeats_nothing_private() -> None:
    """Text that repeats the request is withheld as a whole."""
    reader = attrs.evolve(READER, private=PrivateTexts(["a cat"]))
    assert reader.show("no a cat today") == WITHHELD
    assert reader.show("x" * 20_000) == "x" * 500 + "... (9500 more characters)"


def test_the_error_message_of_a_body_is_shown_beside_what_was_expected() -> None:
    """Only the first place that the waiter names is shown."""
    reader = attrs.evolve(READER, private=PrivateTexts(["a cat"]))
    assert reader.explain_missing({"x": 1}, "it holds no id") == Unreadable("it holds no id")
    both = {"message": "second", "errorMessage": ["no dogs", "today"], "prompt": "a cat"}
    assert reader.explain_missing(both, "it holds no id") == Unreadable(
        "it holds no id; its error message: no dogs; today", is_error=True
    )


def test_a_result_is_read_as_far_as_it_can_be() -> None:
    """State, verdict, URLs, message, code and trace id are read; `raw` holds the whole document."""
    document = {"status": "failed", "errorMessage": "no", "errorCode": 4.5, "result": {"url": "https://h/1"}}
    result = task_result("t", answer(x_request_id="trace"), document, READER)
    assert not isinstance(result, Unreadable)
    assert (result.id, result.status, result.verdict) == ("t", "failed", "failure")
    assert (result.urls, result.error_message, result.error_code) == (("https://h/1",), "no", 4.5)
    assert result.trace_id == "trace"
    assert result.raw is document


@pytest.mark.parametrize(("code", "read"), [(7, 7), ("E7", "E7"), (True, None), ([7], None), (None, None)])
def test_an_error_code_is_a_number_or_a_string(code: Any, read: Any) -> None:
    """Any other value counts as absent."""
    result = task_result("t", answer(), {"status": "new", "errorCode": code}, READER)
    assert not isinstance(result, Unreadable)
    assert result.error_code == read
    assert result.verdict == "unknown"


@pytest.mark.parametrize(
    ("document", "found"),
    [({}, "nothing"), ([], "nothing"), ({"state": {"now": None}}, "NoneType"), ({"state": {"now": ""}}, "str")],
)
def test_a_document_without_a_state_is_shown_in_the_error(document: Any, found: str) -> None:
    """The error has the whole JSON pointer and the vendor's word for the task."""
    reader = Reader(attrs.evolve(WAITER, name="job", state=("state", "now")), Redactor(None))
    assert task_result("t", answer(), document, reader) == Unreadable(
        f"it holds {found} at /state/now, where the state of the job should be"
    )


@pytest.mark.parametrize(
    ("value", "urls"),
    [
        ("https://h/1", ("https://h/1",)),
        ("http://h", ("http://h",)),
        (["https://h/1", "no", 7, "https://h/2"], ("https://h/1", "https://h/2")),
        (
            [{"url": "https://h/1", "file": "https://h/2"}, {"file": "https://h/3", "url": 7}],
            ("https://h/1", "https://h/3"),
        ),
        ([{"other": "https://h/1"}, {"url": "ftp://h/1"}], ()),
        *((value, ()) for value in ("", "h/1", "ftp://h/1", "https:///1", "http://[", None, 7, {"url": "https://h/1"})),
    ],
)
def test_urls_are_texts_or_stand_under_a_name_of_a_place(value: Any, urls: tuple[str, ...]) -> None:
    """Only http(s) URLs with a host count; an object gives the first name in the order of the places."""
    assert urls_at({"url": value}, (("url",), ("result", "file"))) == urls


def test_the_first_place_that_holds_urls_counts() -> None:
    """An empty place does not hide the next one."""
    places = ((), ("a", "list"), ("b",))
    assert urls_at({"a": {"list": ["no"]}, "b": "https://h/b"}, places) == ("https://h/b",)
    assert urls_at({"a": {"list": ["https://h/a"]}, "b": "https://h/b"}, places) == ("https://h/a",)
    assert urls_at({}, places) == ()


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, AuthenticationError),
        (402, PaymentRequired),
        (403, AuthenticationError),
        (404, NotFound),
        (410, NotFound),
        (400, BadRequest),
        (499, BadRequest),
        (500, ServerError),
        (599, ServerError),
    ],
)
def test_each_status_has_its_error_class(status: int, kind: type[StatusError]) -> None:
    """The error has status, message and trace id; only 429 has the time to retry."""
    error = status_error("a look", answer(b'{"traceId": "t", "error": "no"}', status), READER, wait=5.0)
    assert type(error) is kind
    assert error.message == f"a look was answered with HTTP {status}"
    assert (error.status, error.trace_id, error.vendor_message) == (status, "t", "no")


@pytest.mark.parametrize(
    ("wait", "words"),
    [
        (None, ""),
        (0.0, ", to be tried again in 0 s at the earliest"),
        (2.5, ", to be tried again in 2.5 s at the earliest"),
    ],
)
def test_a_429_error_has_the_retry_time(wait: float | None, words: str) -> None:
    """A wait of zero is kept too."""
    error = status_error("a look", answer(b'{"traceId": "t", "error": "no"}', 429), READER, wait=wait)
    assert isinstance(error, RateLimited)
    assert error.message == f"a look was answered with HTTP 429{words}"
    assert (error.status, error.trace_id, error.vendor_message, error.retry_after) == (429, "t", "no", wait)


def test_the_repr_of_an_exchange_shows_no_query_or_body() -> None:
    """A prompt and an id are the caller's own."""
    request = Request("POST", "https://h/x?id=secret", content=b"secret")
    shown = f"{request!r} {Send(request, 1.0, 2)!r} {answer(b'secret')!r} {Request('GET', 'https://h')!r}"
    assert "secret" not in shown
    assert "url='https://h/x'" in shown
    assert "content=<6 bytes>" in shown
    assert "content=None" in shown
    assert "body=<6 bytes>" in shown
