"""Which responses of the API are read, and what is found in them: ids, states, messages and URLs, at their limits."""

from __future__ import annotations

import gzip
import json
from typing import Any

import attrs
import pytest
from mountsea_gemini import ProtocolError
from mountsea_gemini._answers import (
    ABSENT,
    Reader,
    Unreadable,
    at,
    document_of,
    id_of,
    output_urls,
    task_result,
    text_of,
    usable_id,
)
from mountsea_gemini._exchange import Answer, Request, Send
from mountsea_gemini._secrets import WITHHELD, PrivateTexts, Redactor
from mountsea_gemini.waiters import TASK as WAITER

from tests.client.scripted import FILE, TASK, Play, Reply, Skin, reply, stream

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


def test_the_repr_of_an_exchange_shows_no_query_or_body() -> None:
    """A prompt and an id are the caller's own."""
    request = Request("POST", "https://h/x?id=secret", content=b"secret")
    shown = f"{request!r} {Send(request, 1.0, 2)!r} {answer(b'secret')!r} {Request('GET', 'https://h')!r}"
    assert "secret" not in shown
    assert "url='https://h/x'" in shown
    assert "content=<6 bytes>" in shown
    assert "content=None" in shown
    assert "body=<6 bytes>" in shown


@pytest.mark.parametrize("kind", ["text/plain", "text/html; charset=latin-1", "", "video/mp4"])
def test_json_is_read_with_any_content_type(skin: Skin, kind: str) -> None:
    """A wrong content type must not cost the result."""
    body = b'{"status": "completed", "result": {"videoUrl": "https://example.com/1.mp4"}}'
    play = Play(poll=[reply(200, body, {"Content-Type": kind})])
    assert skin.do(skin.task(skin.client(play)).wait()).urls == ("https://example.com/1.mp4",)


def test_a_compressed_answer_is_read(skin: Skin) -> None:
    """The client asks for none, but a proxy may compress."""
    body = gzip.compress(json.dumps({"taskId": TASK, "status": "processing"}).encode())
    play = Play(poll=[stream(200, [body], {"Content-Encoding": "gzip"})])
    assert skin.do(skin.task(skin.client(play)).result()).status == "processing"


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (reply(200, b" " * (4 * 2**20) + b'{"status": "processing"}'), "larger than 4194304 bytes"),
        (reply(302, {"taskId": TASK, "status": "completed"}, {"Location": FILE}), "redirects are not followed"),
    ],
)
def test_a_response_that_is_too_large_or_redirected_is_refused(skin: Skin, answer: Reply, words: str) -> None:
    """It says nothing reliable about the task."""
    with pytest.raises(ProtocolError, match=words):
        skin.do(skin.task(skin.client(Play(poll=[answer]))).result())


URLS = ("https://a.example/1.png", "https://a.example/2.png")


@pytest.mark.parametrize(
    ("document", "place", "found"),
    [
        (
            {"output": {"results": [{"url": URLS[0]}, {"code": 1}, {"url": URLS[1]}]}},
            ("output", "results", "url"),
            URLS,
        ),
        ({"data": [{"url": URLS[0]}, {"url": URLS[1]}]}, ("data", "0", "url"), URLS[:1]),
        ({"data": [{"url": URLS[0]}, {"url": URLS[1]}]}, ("data", "1", "url"), URLS[1:]),
        ({"data": [{"url": URLS[0]}]}, ("data", "1", "url"), ()),
        ({"data": [[URLS[0]], [URLS[1]]]}, ("data",), ()),
        ({"data": [{"files": [URLS[0]]}, {"files": [URLS[1]]}]}, ("data", "files"), URLS),
        ({"data": URLS[0]}, ("data", "url"), ()),
        ([{"url": URLS[0]}], ("url",), URLS[:1]),
    ],
)
def test_a_list_on_the_way_to_a_result_stands_for_each_of_its_items(
    document: Any, place: tuple[str, ...], found: tuple[str, ...]
) -> None:
    """Unless the path has an index."""
    assert urls_at(document, (place,)) == found


@pytest.mark.parametrize(
    ("state", "word"), [(True, "true"), (False, "false"), (2, "2"), (7, None), ("7", "7"), (None, None)]
)
def test_a_number_or_boolean_can_be_a_state(state: Any, word: Any) -> None:
    """A number that no waiter lists is no state."""
    waiter = attrs.evolve(WAITER, state=("done",), acceptors={"true": "success", "false": "retry", "2": "failure"})
    found = task_result("t", answer(), {"done": state}, Reader(waiter, Redactor(None)))
    assert getattr(found, "status", None) == word
