"""What a fault makes of an answer, to the byte."""

from __future__ import annotations

from typing import Any

import pytest
from rulewright.sandbox import Fault, Request, Response
from rulewright.sandbox.exchange import answer, html_answer, json_answer
from rulewright.sandbox.script import apply_faults, refusal
from rulewright.sandbox.spec import Waiter

HTML = (b"content-type", b"text/html; charset=utf-8")
WAITER = Waiter("id", "/id", {}, "/data/a~1b", ("waiting",), {"done": "success"}, None, {})
VALUE: Any = {"data": {"a/b": "waiting"}, "n": 1.5, "yes": True, "list": [{"x": 1}]}


def asked(path: str = "/a b", query: bytes = b"", host: bytes = b"127.0.0.1:80", scheme: str = "http") -> Request:
    """Return a request."""
    return Request("GET", path, query, [(b"host", host)], b"", scheme=scheme)


def spoiled(*faults: Fault, value: Any = VALUE, waiter: Waiter | None = WAITER) -> Response:
    """Return what becomes of a JSON answer."""
    return apply_faults(json_answer(201, value, (b"x-more", b"1")), faults, asked(), waiter)


@pytest.mark.parametrize(
    ("fault", "status", "headers", "body"),
    [
        (Fault("400"), 400, [], "Bad Request"),
        (Fault("599"), 599, [], "Unknown status"),
        (Fault("401", argument="x"), 401, [(b"www-authenticate", b"Bearer")], "Unauthorized"),
        (Fault("429"), 429, [(b"retry-after", b"1")], "Too Many Requests"),
        (Fault("429", argument="soon \N{SNOWMAN}\xe9"), 429, [(b"retry-after", b"soon ?\xe9")], "Too Many Requests"),
    ],
)
def test_a_status_is_told_in_json(fault: Fault, status: int, headers: Any, body: str) -> None:
    """With what such an answer says in its head."""
    message = "a scripted fault"
    wanted = json_answer(status, {"statusCode": status, "error": body, "message": message}, *headers)
    assert refusal([Fault("html"), fault, Fault("500")]) == wanted


def test_a_proxy_tells_it_in_html() -> None:
    """And so do those before the proxy."""
    statuses = [
        number for number in range(400, 600) if (found := refusal([Fault(str(number))])) and HTML in found.headers
    ]
    assert statuses == [502, 520, 521, 522, 523, 524, 525, 526, 527]
    assert refusal([Fault("502")]) == html_answer(502)
    assert refusal([Fault("html")]) is refusal([]) is None


@pytest.mark.parametrize(
    ("fault", "wanted"),
    [
        (Fault("unknown-status"), VALUE | {"data": {"a/b": "undocumented-state"}}),
        (Fault("unknown-status", argument="new"), VALUE | {"data": {"a/b": "new"}}),
        (Fault("extra-field"), VALUE | {"x_sandbox_extra": {"anything": [1, "two", None]}}),
        (Fault("extra-field", argument="a/b"), VALUE | {"a/b": {"anything": [1, "two", None]}}),
        (Fault("absent", argument="/data"), {key: VALUE[key] for key in ("n", "yes", "list")}),
        (Fault("absent", argument="/data/a~1b"), VALUE | {"data": {}}),
        (Fault("absent", argument="/nothing"), VALUE),
        (Fault("null", argument="/n"), VALUE | {"n": None}),
        (Fault("null", argument="/nothing"), VALUE | {"nothing": None}),
        (Fault("wrong", argument="/data/a~1b"), VALUE | {"data": {"a/b": 17}}),
        (Fault("wrong", argument="/data"), VALUE | {"data": 17}),
        (Fault("wrong", argument="/n"), VALUE | {"n": [17]}),
        (Fault("wrong", argument="/yes"), VALUE | {"yes": [17]}),
        (Fault("wrong", argument="/nothing"), VALUE | {"nothing": 17}),
        (Fault("null", argument="/nothing/below"), VALUE),
        (Fault("null", argument="/n/below/it"), VALUE),
        (Fault("null", argument="/list/0"), VALUE),
    ],
)
def test_a_field_is_changed(fault: Fault, wanted: Any) -> None:
    """Where the object that holds it is there; status, order and other headers stay."""
    found = spoiled(fault)
    plain = json_answer(201, wanted, (b"x-more", b"1"))
    assert (found.status, sorted(found.headers), found.body) == (201, sorted(plain.headers), plain.body)


def test_what_cannot_be_changed_stays() -> None:
    """A list, an answer that is not JSON, and a state that nobody waits for."""
    assert spoiled(Fault("extra-field"), value=[1]).body == b"[1]"
    assert spoiled(Fault("unknown-status"), waiter=None).body == json_answer(201, VALUE).body
    assert spoiled(Fault("unknown-status"), value={"data": 1}).body == b'{"data":1}'
    text = answer(200, b"text", (b"content-type", b"text/plain"))
    assert apply_faults(text, [Fault("extra-field")], asked(), None) is text


def test_the_whole_content_is_changed_after_its_fields() -> None:
    """A page of the same status, half of the JSON, or nothing but a way elsewhere."""
    assert spoiled(Fault("html"), Fault("extra-field")) == html_answer(201)
    assert spoiled(Fault("cut-json"), Fault("null", argument="/n"), value={"n": 1}) == answer(
        201, b'{"n":', (b"content-type", b"application/json")
    )
    assert spoiled(Fault("redirect")) == answer(302, b"", (b"location", b"http://localhost:80/a%20b"))


@pytest.mark.parametrize(
    ("argument", "request_", "location"),
    [
        (None, asked(host=b"localhost:80"), b"http://127.0.0.1:80/a%20b"),
        (None, asked(host=b"localhost"), b"http://127.0.0.1/a%20b"),
        (None, asked("/\xe9", b"a=%20&b", b"a\xe9.test:1", "https"), b"https://elsewhere.a\xe9.test:1/%C3%A9?a=%20&b"),
        ("https://a.test/\N{SNOWMAN}\xe9", asked(query=b"a"), b"https://a.test/?\xe9"),
    ],
)
def test_a_redirect_leads_to_another_host(argument: str | None, request_: Request, location: bytes) -> None:
    """By default to the same path, query included."""
    found = apply_faults(answer(200, b""), [Fault("redirect", argument=argument)], request_, None)
    assert found.headers == [(b"location", location), (b"content-length", b"0")]


def test_the_delivery_is_changed_last() -> None:
    """Delays add up; of several endings the last one happens."""
    whole = html_answer(201)
    assert spoiled(Fault("slow"), Fault("html"), Fault("slow", argument="0.5")) == Response(
        201, whole.headers, whole.body, delay=1.5
    )
    assert spoiled(Fault("drip"), Fault("html")).drip == 0.05
    assert spoiled(Fault("drip", argument="2")).drip == 2.0
    for ending in ("cut", "reset", "drop"):
        found = spoiled(Fault("cut"), Fault(ending))
        assert (found.ending, found.delay, found.drip) == (ending, 0.0, 0.0)
    assert spoiled() == json_answer(201, VALUE, (b"x-more", b"1"))
