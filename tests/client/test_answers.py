"""Reading answers: what counts as an id, a state, a reason and a URL, each at its limit."""

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
    text_at,
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


def nested(depth: int) -> bytes:
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
        (answer(nested(201)), "its JSON is nested too deeply"),
        (answer(b"[" * 100_000), "its JSON is nested too deeply"),
        (Answer(200, {}, b"{}", "it was cut off"), "it was cut off"),
    ],
)
def test_a_page_without_a_document_is_an_error_with_its_reason(given: Answer, reason: str) -> None:
    """No JSON, JSON that would break whoever copies it, or only a part."""
    assert document_of(given) == Unreadable(reason)


def test_json_is_read_down_to_200_levels() -> None:
    """Nothing an API means goes deeper."""
    document = document_of(answer(nested(199)))
    assert document == json.loads(nested(199))
    assert isinstance(document_of(answer(nested(200))), Unreadable)


def test_a_missing_place_differs_from_one_that_holds_null() -> None:
    """Nothing is looked up in a text or a list, and no place is no value."""
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
def test_a_text_is_a_text_or_a_list_of_them(value: Any, text: str | None) -> None:
    """Anything else counts as not given."""
    assert text_at({"message": value}, ("message",)) == text


@pytest.mark.parametrize(
    ("value", "read"),
    [
        *((text, text) for text in ("abc", "x" * 1000, "\ud7ff", "\ue000", "...")),
        *((number, str(number)) for number in (7, -7, 10**40 - 1)),
    ],
)
def test_an_id_is_a_text_or_a_number_that_comes_back_as_itself(value: Any, read: str) -> None:
    """Up to a length no vendor needs."""
    assert id_of(value) == read


NO_IDS: tuple[Any, ...] = (10**40, -(10**40), True, 1.5, None, [], "", " ", "x" * 1001, "a\ud800", "\udfffa", ".", "..")


@pytest.mark.parametrize("value", NO_IDS)
def test_what_no_request_can_carry_is_no_id(value: Any) -> None:
    """Nor what walks up a path it stands in; and a caller who brings such an id is refused the same way."""
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
    """The first of the usual names that is given; shortened, as it is foreign text."""
    assert READER.trace(answer(b"", 200, **headers), body) == trace


def test_a_shown_text_is_cut_and_repeats_nothing_private() -> None:
    """A text that repeats the request is withheld as a whole."""
    reader = attrs.evolve(READER, private=PrivateTexts(["a cat"]))
    assert reader.show("no a cat today") == WITHHELD
    assert reader.show("x" * 20_000) == "x" * 500 + "... (9500 more characters)"


def test_the_error_message_of_a_body_is_shown_beside_what_was_expected() -> None:
    """The first one of the places that the waiter names; nothing else of the body."""
    reader = attrs.evolve(READER, private=PrivateTexts(["a cat"]))
    assert reader.missing({"x": 1}, "it holds no id") == Unreadable("it holds no id")
    both = {"message": "second", "errorMessage": ["no dogs", "today"], "prompt": "a cat"}
    assert reader.missing(both, "it holds no id") == Unreadable(
        "it holds no id; its error message: no dogs; today", is_error=True
    )


def test_a_result_is_read_as_far_as_it_can_be() -> None:
    """State, meaning, URLs, message, code and trace id; the whole document is kept."""
    document = {"status": "failed", "errorMessage": "no", "errorCode": 4.5, "result": {"url": "https://h/1"}}
    result = task_result("t", answer(x_request_id="trace"), document, READER)
    assert not isinstance(result, Unreadable)
    assert (result.id, result.status, result.verdict) == ("t", "failed", "failure")
    assert (result.urls, result.error_message, result.error_code) == (("https://h/1",), "no", 4.5)
    assert result.trace_id == "trace"
    assert result.raw is document


@pytest.mark.parametrize(("code", "read"), [(7, 7), ("E7", "E7"), (True, None), ([7], None), (None, None)])
def test_a_code_is_a_number_or_a_text(code: Any, read: Any) -> None:
    """Anything else counts as not given."""
    result = task_result("t", answer(), {"status": "new", "errorCode": code}, READER)
    assert not isinstance(result, Unreadable)
    assert result.error_code == read
    assert result.verdict == "unknown"


@pytest.mark.parametrize(
    ("document", "found"),
    [({}, "nothing"), ([], "nothing"), ({"state": {"now": None}}, "NoneType"), ({"state": {"now": ""}}, "str")],
)
def test_a_document_without_a_state_is_shown_in_the_error(document: Any, found: str) -> None:
    """With the whole place, and the vendor's word for what was asked about."""
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
    """Only what has a host and can be fetched; of one object, the first name in the order of the places."""
    assert urls_at({"url": value}, (("url",), ("result", "file"))) == urls


def test_the_first_place_that_holds_urls_counts() -> None:
    """A place that is empty does not hide the next."""
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
def test_a_status_has_its_own_error(status: int, kind: type[StatusError]) -> None:
    """With the status, the vendor's message and the trace id; when to come back is told for 429 alone."""
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
def test_too_many_requests_carry_the_wait(wait: float | None, words: str) -> None:
    """Also a wait of nothing, which says to come back at once."""
    error = status_error("a look", answer(b'{"traceId": "t", "error": "no"}', 429), READER, wait=wait)
    assert isinstance(error, RateLimited)
    assert error.message == f"a look was answered with HTTP 429{words}"
    assert (error.status, error.trace_id, error.vendor_message, error.retry_after) == (429, "t", "no", wait)


def test_no_repr_of_an_exchange_shows_what_it_carries() -> None:
    """Neither query nor body: a prompt and an id are the caller's."""
    request = Request("POST", "https://h/x?id=secret", content=b"secret")
    shown = f"{request!r} {Send(request, 1.0, 2)!r} {answer(b'secret')!r} {Request('GET', 'https://h')!r}"
    assert "secret" not in shown
    assert "url='https://h/x'" in shown
    assert "content=<6 bytes>" in shown
    assert "content=None" in shown
    assert "body=<6 bytes>" in shown
