"""Parse scripts, reject malformed ones, and apply their faults to responses."""

from __future__ import annotations

import json
from typing import Any

import pytest
from rulewright.sandbox import FAULT_KINDS, Fault, Outcome, Request, Response, Sandbox, Script, ScriptError, Timing
from rulewright.sandbox.exchange import answer, html_answer, json_answer
from rulewright.sandbox.script import apply_faults, refusal
from rulewright.sandbox.spec import Waiter

from tests.sandbox.asking import Send, life, start_task, submit


@pytest.mark.parametrize(
    ("text", "script"),
    [
        ("", Script()),
        ("failed", Script("failed")),
        ("  flaky ; polls=3 ", Script("flaky", Timing("polls", 3))),
        ("now", Script(timing=Timing("now"))),
        ("seconds=0.5", Script(timing=Timing("seconds", 0.5))),
        ("429", Script(faults=(Fault("429"),))),
        ("429=3@submit:1", Script(faults=(Fault("429", "submit", 1, 1, "3"),))),
        ("502@poll:2-4; cut@download", Script(faults=(Fault("502", "poll", 2, 4), Fault("cut", "download")))),
        ("500@poll:2", Script(faults=(Fault("500", "poll", 2, 2),))),
        ("extra-field=a=b@c@poll", Script(faults=(Fault("extra-field", "poll", argument="a=b@c"),))),
        ("polls=2.0", Script(timing=Timing("polls", 2))),
        (' {"outcome":"failed; x"} ', Script("failed; x")),
        ("404@poll:3-", Script(faults=(Fault("404", "poll", 3),))),
        (
            "redirect=https://a.test:8/b@download",
            Script(faults=(Fault("redirect", "download", argument="https://a.test:8/b"),)),
        ),
        (
            '{"outcome":"failed","timing":"polls=2","faults":["null=/a@poll"]}',
            Script("failed", Timing("polls", 2), (Fault("null", "poll", argument="/a"),)),
        ),
        ('{"faults":"500"}', Script(faults=(Fault("500"),))),
    ],
)
def test_a_script_is_text_or_json(text: str, script: Script) -> None:
    """Both mean the same."""
    assert Script.parse(text) == script


def json_error(text: str) -> str:
    """Return this Python's message for invalid JSON."""
    with pytest.raises(json.JSONDecodeError) as caught:
        json.loads(text)
    return str(caught.value)


KINDS = ", ".join(FAULT_KINDS)
ENDS = "cancelled, completed, failed, failure, flaky, never, no-url, slow, success, timeout"
FORM = "write KIND[=ARGUMENT]@PLACE[:FIRST[-[LAST]]], as in 502@poll:2-4"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("failed completed", "a script has one outcome and one timing, got failed, completed"),
        ("polls=1; now", "a script has one outcome and one timing, got polls=1, now"),
        ("failed now completed now", "a script has one outcome and one timing, got failed, completed, now, now"),
        ("polls=0", "polls=0: a state lasts a positive number of polls"),
        ("polls=1.5", "polls=1.5: a state lasts a positive number of polls"),
        ("seconds=0", "seconds=0: a state lasts a positive number of seconds"),
        ("399@poll", f"'399' is not a fault; write a status from 400 to 599 or one of {KINDS}"),
        ("gremlin@poll", f"'gremlin' is not a fault; write a status from 400 to 599 or one of {KINDS}"),
        ("500@lunch", "'lunch' is not a place of a fault; write one of submit, poll, download"),
        ("500@poll:x", f"'500@poll:x' is not a fault; {FORM}"),
        ("@poll", f"'@poll' is not a fault; {FORM}"),
        ("absent@poll", "absent=: needs the JSON pointer of a field, such as absent=/id"),
        ("null=@poll", "null=: needs the JSON pointer of a field, such as null=/id"),
        ("wrong=/a~2@poll", "wrong=/a~2: needs the JSON pointer of a field, such as wrong=/id"),
        ("wrong=id@poll", "wrong=id: needs the JSON pointer of a field, such as wrong=/id"),
        ("slow=x@poll", "slow=x: needs a number of seconds from 0 to 3600"),
        ("slow=3600.1@poll", "slow=3600.1: needs a number of seconds from 0 to 3600"),
        ("drip=-0.1@poll", "drip=-0.1: needs a number of seconds from 0 to 3600"),
        ("drip=nan@poll", "drip=nan: needs a number of seconds from 0 to 3600"),
        ("500@poll:0", "500@poll:0-0: counting starts at 1 and goes up"),
        ("500@poll:0-", "500@poll:0-None: counting starts at 1 and goes up"),
        ("500@poll:3-2", "500@poll:3-2: counting starts at 1 and goes up"),
        ('{"faults":["429=1\\r\\nx: 1@poll"]}', r"429='1\r\nx: 1': an argument must not hold control characters"),
        ("{", f"the script starts like JSON but is not JSON: {json_error('{')}"),
        ('{"outcome":1}', "outcome and timing are text, faults a list of texts"),
        ('{"timing":[]}', "outcome and timing are text, faults a list of texts"),
        ('{"faults":[1]}', "outcome and timing are text, faults a list of texts"),
        ('{"faults":null}', "outcome and timing are text, faults a list of texts"),
        ('{"color":"red"}', "a script is text or an object with outcome, timing and faults"),
        ("sideways", f"'sideways' is not an outcome; write one of {ENDS}"),
    ],
)
def test_a_malformed_script_is_an_error(sandbox: Sandbox, send: Send, text: str, message: str) -> None:
    """An exception in Python, a 400 over HTTP; it names the word and what would be right."""
    with pytest.raises(ScriptError) as caught:
        sandbox.script(text)
    assert str(caught.value) == message
    answer = send(submit(x_sandbox_script=text))
    assert (answer.status, answer.json()["message"]) == (400, message)
    assert not sandbox.core.queue


@pytest.mark.parametrize("value", [1, None, ["failed"], {"outcome": "now", "colour": "red"}])
def test_a_script_from_json_is_text_or_an_object(value: object) -> None:
    """Any other value is refused."""
    with pytest.raises(ScriptError) as caught:
        Script.read(value)
    assert str(caught.value) == "a script is text or an object with outcome, timing and faults"
    assert Script.read("failed now") == Script("failed", Timing("now"))


def test_a_fault_hits_from_its_first_request_to_its_last() -> None:
    """At its own place only."""
    fault = Fault("500", "poll", 2, 3)
    assert [fault.hits("poll", number) for number in range(1, 5)] == [False, True, True, False]
    assert not fault.hits("submit", 2)
    assert [Fault("500", "poll", 2).hits("poll", number) for number in (1, 2, 99)] == [False, True, True]
    script = Script("flaky", faults=(fault, Fault("500", "submit")))
    assert script.faults_at("poll", 3) == [fault, Fault("html", "poll", 3, 3)]
    assert script.faults_at("poll", 1) == [Fault("502", "poll", 1, 1)]
    assert Script("failed", faults=(fault,)).faults_at("poll", 1) == []


def test_seconds_are_those_of_the_argument() -> None:
    """From zero to an hour, with a default."""
    faults = [Fault("slow", argument=text) for text in ("0", "2.5", "3600", "", None)]
    assert [fault.seconds for fault in faults] == [0.0, 2.5, 3600.0, 1.0, 1.0]
    assert Fault("drip").seconds == 0.05


def test_a_slower_timing() -> None:
    """Each state lasts longer; `now` becomes a number of polls."""
    timings = (Timing("now"), Timing("polls", 2), Timing("seconds", 0.5))
    assert [timing.slower(5) for timing in timings] == [Timing("polls", 5), Timing("polls", 10), Timing("seconds", 2.5)]


def test_a_refused_submit_uses_no_script_up(sandbox: Sandbox, send: Send) -> None:
    """The script waits for the first valid submit."""
    sandbox.script("failed now")
    assert send(submit({})).status == 400
    assert life(send, start_task(send), 1) == ["failed"]


def test_every_kind_and_outcome_is_explained() -> None:
    """Each has a description that fits on a line."""
    assert all(0 < len(text) < 90 for text in FAULT_KINDS.values())
    assert {str(outcome) for outcome in Outcome} >= {"success", "failure", "slow", "flaky", "never", "no-url"}


HTML = (b"content-type", b"text/html; charset=utf-8")
WAITER = Waiter("id", "/id", {}, "/data/a~1b", ("waiting",), {"done": "success"}, None, {})
VALUE: Any = {"data": {"a/b": "waiting"}, "n": 1.5, "yes": True, "list": [{"x": 1}]}


def make_request(
    path: str = "/a b", query: bytes = b"", host: bytes = b"127.0.0.1:80", scheme: str = "http"
) -> Request:
    """Return a request."""
    return Request("GET", path, query, [(b"host", host)], b"", scheme=scheme)


def apply(*faults: Fault, value: Any = VALUE, waiter: Waiter | None = WAITER) -> Response:
    """Return a JSON response after some faults."""
    return apply_faults(json_answer(201, value, (b"x-more", b"1")), faults, make_request(), waiter)


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
def test_a_status_fault_is_a_json_error(fault: Fault, status: int, headers: Any, body: str) -> None:
    """With the headers of that status."""
    message = "a scripted fault"
    wanted = json_answer(status, {"statusCode": status, "error": body, "message": message}, *headers)
    assert refusal([Fault("html"), fault, Fault("500")]) == wanted


def test_gateway_errors_are_html_pages() -> None:
    """Those of a CDN too."""
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
    """If its parent object exists; status, order and other headers stay."""
    found = apply(fault)
    plain = json_answer(201, wanted, (b"x-more", b"1"))
    assert (found.status, sorted(found.headers), found.body) == (201, sorted(plain.headers), plain.body)


def test_what_cannot_be_changed_stays() -> None:
    """A list, a response that is not JSON, and a state without a waiter."""
    assert apply(Fault("extra-field"), value=[1]).body == b"[1]"
    assert apply(Fault("unknown-status"), waiter=None).body == json_answer(201, VALUE).body
    assert apply(Fault("unknown-status"), value={"data": 1}).body == b'{"data":1}'
    text = answer(200, b"text", (b"content-type", b"text/plain"))
    assert apply_faults(text, [Fault("extra-field")], make_request(), None) is text


def test_the_whole_content_is_changed_after_its_fields() -> None:
    """A page, half of the JSON, or a redirect."""
    assert apply(Fault("html"), Fault("extra-field")) == html_answer(201)
    assert apply(Fault("cut-json"), Fault("null", argument="/n"), value={"n": 1}) == answer(
        201, b'{"n":', (b"content-type", b"application/json")
    )
    assert apply(Fault("redirect")) == answer(302, b"", (b"location", b"http://localhost:80/a%20b"))


@pytest.mark.parametrize(
    ("argument", "request_", "location"),
    [
        (None, make_request(host=b"localhost:80"), b"http://127.0.0.1:80/a%20b"),
        (None, make_request(host=b"localhost"), b"http://127.0.0.1/a%20b"),
        (
            None,
            make_request("/\xe9", b"a=%20&b", b"a\xe9.test:1", "https"),
            b"https://elsewhere.a\xe9.test:1/%C3%A9?a=%20&b",
        ),
        ("https://a.test/\N{SNOWMAN}\xe9", make_request(query=b"a"), b"https://a.test/?\xe9"),
    ],
)
def test_a_redirect_leads_to_another_host(argument: str | None, request_: Request, location: bytes) -> None:
    """To the same path and query by default."""
    found = apply_faults(answer(200, b""), [Fault("redirect", argument=argument)], request_, None)
    assert found.headers == [(b"location", location), (b"content-length", b"0")]


def test_the_delivery_is_changed_last() -> None:
    """Delays add up; the last of several endings wins."""
    whole = html_answer(201)
    assert apply(Fault("slow"), Fault("html"), Fault("slow", argument="0.5")) == Response(
        201, whole.headers, whole.body, delay=1.5
    )
    assert apply(Fault("drip"), Fault("html")).drip == 0.05
    assert apply(Fault("drip", argument="2")).drip == 2.0
    for ending in ("cut", "reset", "drop"):
        found = apply(Fault("cut"), Fault(ending))
        assert (found.ending, found.delay, found.drip) == (ending, 0.0, 0.0)
    assert apply() == json_answer(201, VALUE, (b"x-more", b"1"))
