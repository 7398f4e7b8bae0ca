"""Requests and responses as data, and the records of requests."""

from __future__ import annotations

from typing import Any

import pytest
from rulewright.sandbox import Recorded, Request, Response
from rulewright.sandbox.exchange import (
    MAX_BYTES,
    MAX_ENTRIES,
    Journal,
    answer,
    decode_path,
    error_answer,
    html_answer,
    json_answer,
    json_text,
    phrase,
)

JSON = (b"content-type", b"application/json")


def request(*headers: tuple[bytes, bytes], path: str = "/a", query: bytes = b"", body: bytes = b"") -> Request:
    """Return a request."""
    return Request("PUT", path, query, list(headers), body)


def test_headers_of_a_request() -> None:
    """In the order sent, and joined by name."""
    made = request((b"a", b"1"), (b"b", b"\xe9"), (b"a", b"2"), (b"a", b"3"), path="/p", query=b"q", body=b"b")
    assert (made.method, made.path, made.query, made.body, made.scheme) == ("PUT", "/p", b"q", b"b", "http")
    assert made.headers == [(b"a", b"1"), (b"b", b"\xe9"), (b"a", b"2"), (b"a", b"3")]
    assert made.named == {b"a": b"1, 2, 3", b"b": b"\xe9"}
    assert [made.header(name) for name in (b"a", b"b", b"c")] == ["1, 2, 3", "\xe9", None]
    assert request((b"a", b"1")).named == {b"a": b"1"}


@pytest.mark.parametrize(("host", "shown"), [(b"a.test:80", "a.test:80"), (b"", "localhost"), (b"\xe9", "\xe9")])
def test_the_origin_is_the_one_the_caller_used(host: bytes, shown: str) -> None:
    """Scheme, host and port."""
    assert request((b"host", host)).host == shown
    made = Request("GET", "/", b"", [(b"host", host)], b"", scheme="https")
    assert (made.origin, made.scheme) == (f"https://{shown}", "https")
    assert request().origin == "http://localhost"


def test_cookies_are_read_leniently() -> None:
    """Empty ones count, and an invalid one does not hide the others."""
    cookies = b' a = 1 ;b="2;c;d=; e[x]=f=g; b=\xe9'
    assert request((b"cookie", cookies)).cookies == {"a": "1", "b": "\xe9", "d": "", "e[x]": "f=g"}
    assert request((b"cookie", b'a=" b "')).cookies == {"a": " b "}
    assert request().cookies == {}


@pytest.mark.parametrize(
    ("path", "raw", "wanted"),
    [
        ("/a b", b"/a%20b", "/a b"),
        ("/a/b", b"/a%2fb%20%C3%A9?c%2Fd", "/a%2Fb \xe9"),
        ("/a/b", b"/a%2Fb", "/a%2Fb"),
        ("/a?b", b"/a%3Fb", "/a?b"),
        ("/\xe9/", b"/\xe9%2F", "/\xe9%2F"),
    ],
)
def test_an_encoded_slash_in_a_path_stays_encoded(path: str, raw: bytes, wanted: str) -> None:
    """Everything else is decoded."""
    assert decode_path(path, raw) == wanted


def test_responses_have_their_content_length() -> None:
    """In bytes, after the other headers."""
    assert answer(200, b"abc", (b"a", b"b")) == Response(200, [(b"a", b"b"), (b"content-length", b"3")], b"abc")
    made = json_answer(201, {"é": [1, "\ud800"]}, (b"a", b"b"))
    assert (made.status, made.body) == (201, '{"é":[1,"?"]}'.encode())
    assert made.headers == [JSON, (b"a", b"b"), (b"content-length", b"14")]
    assert json_text({"a": [1, None], "é": ""}) == '{"a":[1,null],"é":""}'


def test_an_error_has_the_common_shape() -> None:
    """statusCode, error and message, which `more` may replace."""
    found = error_answer(404, ["a"], (b"a", b"b"), more={"message": "c", "more": 1})
    assert found == json_answer(404, {"statusCode": 404, "error": "Not Found", "message": "c", "more": 1}, (b"a", b"b"))
    assert error_answer(400, "x") == json_answer(400, {"statusCode": 400, "error": "Bad Request", "message": "x"})


def test_a_page_of_a_proxy() -> None:
    """HTML with the status phrase."""
    page = b"<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>\n"
    assert html_answer(502) == answer(502, page, (b"content-type", b"text/html; charset=utf-8"))
    assert [phrase(status) for status in (200, 520, 521)] == [
        "OK",
        "Web server is returning an unknown error",
        "Unknown status",
    ]


@pytest.mark.parametrize(("ending", "out"), [("whole", b"abcde"), ("cut", b"ab"), ("reset", b"ab"), ("drop", b"ab")])
def test_half_of_a_cut_body_is_delivered(ending: Any, out: bytes) -> None:
    """Every kind of cut delivers the same half."""
    assert Response(200, [], b"abcde", ending=ending).delivered == out


def record(*headers: tuple[bytes, bytes], query: bytes = b"", token: str = "tökén") -> Recorded:  # noqa: S107  made up
    """Return the record of a request."""
    journal = Journal(token, frozenset({"authorization", "x-kéy"}))
    journal.add(request(*headers, query=query, body=b"b\xff"), 201)
    (entry,) = journal.entries()
    return entry


def test_a_record_is_the_request_and_its_status() -> None:
    """Bytes that are not UTF-8 are replaced."""
    found = record((b"a", b"1"), (b"a", b"\xe9"), query=b"a=%20&\xe9")
    assert found == Recorded("PUT", "/a", "a=%20&\xe9", {"a": "1, \xe9"}, b"b\xff", 201)
    assert found.as_json() == {
        "method": "PUT",
        "path": "/a",
        "query": "a=%20&\xe9",
        "headers": {"a": "1, \xe9"},
        "body": "b\N{REPLACEMENT CHARACTER}",
        "status": 201,
    }


TOKEN = "tökén".encode()


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("authorization", b"Bearer " + TOKEN, "Bearer [accepted]"),
        ("authorization", b"bEARER " + TOKEN, "bEARER [accepted]"),
        ("authorization", b"Bearer x", "Bearer [refused]"),
        ("authorization", b"Bearer  " + TOKEN, "Bearer [refused]"),
        ("authorization", b"Bearer", "[refused]"),
        ("authorization", TOKEN, "[accepted]"),
        ("cookie", b"a=" + TOKEN, "[refused]"),
        ("proxy-authorization", TOKEN, "[accepted]"),
        ("x-kéy", TOKEN, "[accepted]"),
        ("x-kéy", b"x", "[refused]"),
        ("x-key", b"x", "x"),
    ],
)
def test_a_header_that_may_carry_a_credential_is_not_kept(name: str, value: bytes, shown: str) -> None:
    """The record says only whether it was accepted."""
    assert record((name.encode(), value)).headers == {name.encode().decode("latin-1"): shown}


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("x-k%C3%A9y=a=b&c=d&X-K%c3%a9Y=", "x-k%C3%A9y=[hidden]&c=d&X-K%c3%a9Y=[hidden]"),
        ("a&authorization&=x", "a&authorization=[hidden]&=x"),
        ("%61uthorization=1", "%61uthorization=[hidden]"),
        ("x=authorization", "x=authorization"),
        ("", ""),
    ],
)
def test_a_credential_in_the_query_is_hidden(query: str, shown: str) -> None:
    """However its name is encoded."""
    assert record(query=query.encode()).query == shown


def test_the_newest_records_are_kept() -> None:
    """Only the number of dropped ones is known."""
    journal = Journal("t", frozenset())
    for number in range(MAX_ENTRIES + 2):
        journal.add(request(path=f"/{number}"), 200)
    found = [entry.path for entry in journal.entries()]
    assert (len(found), found[0], found[-1]) == (MAX_ENTRIES, "/2", f"/{MAX_ENTRIES + 1}")
    assert journal.dropped == 2
    journal.clear()
    assert (journal.entries(), journal.dropped) == ([], 0)


def test_the_newest_bytes_are_kept() -> None:
    """One record is kept whatever its size."""
    journal = Journal("t", frozenset())
    half = bytes(MAX_BYTES // 2)
    for path in ("/a", "/b"):
        journal.add(request(path=path, body=half), 200)
    assert [entry.path for entry in journal.entries()] == ["/a", "/b"]
    journal.add(request(path="/c", body=b"c"), 200)
    assert ([entry.path for entry in journal.entries()], journal.dropped) == (["/b", "/c"], 1)
    journal.add(request(path="/d", body=half), 200)
    assert ([entry.path for entry in journal.entries()], journal.dropped) == (["/c", "/d"], 2)
    journal.add(request(path="/e", body=bytes(MAX_BYTES + 1)), 200)
    assert ([entry.path for entry in journal.entries()], journal.dropped) == (["/e"], 4)
    journal.clear()
    journal.add(request(path="/f", body=bytes(MAX_BYTES - 1)), 200)
    journal.add(request(path="/g", body=b"g"), 200)
    assert ([entry.path for entry in journal.entries()], journal.dropped) == (["/f", "/g"], 0)
