"""Scripts: their words, and every fault at every place, in process and over TCP."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from rulewright.sandbox import FAULT_KINDS, Fault, Outcome, Request, Sandbox, Script, ScriptError, Timing
from rulewright.testing import FakeClock

from tests.sandbox.asking import HOST, STATES, Answer, Ask, Send, door, life, play, poll, small, start_task, submit


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
    with pytest.raises(ScriptError, match=r"^a script is text or an object with outcome, timing and faults$"):
        Script.read(value)
    assert Script.read("failed now") == Script("failed", Timing("now"))


def test_every_kind_and_outcome_is_explained() -> None:
    """Each has a description that fits on a line."""
    assert all(0 < len(text) < 90 for text in FAULT_KINDS.values())
    assert {str(outcome) for outcome in Outcome} >= {"success", "failure", "slow", "flaky", "never", "no-url"}


DOORS = ["transport", "async transport", "respx", "tcp"]


@pytest.fixture(scope="module", params=DOORS)
def _opened(request: pytest.FixtureRequest) -> Iterator[tuple[Sandbox, Send]]:
    sandbox = Sandbox("mountsea_gemini")
    with door(request.param, sandbox) as send:
        yield sandbox, send


@pytest.fixture
def opened(_opened: tuple[Sandbox, Send]) -> tuple[Sandbox, Send]:
    """Return a sandbox and one of its doors, kept open because a server takes a while to stop."""
    _opened[0].reset()
    return _opened


def is_json(answer: Answer) -> bool:
    """Return whether a body is complete JSON."""
    try:
        answer.json()
    except ValueError:
        return False
    return True


@dataclass(frozen=True)
class Shown:
    """A fault, and a check that it happened."""

    script: str
    shows: Callable[[Answer], Any]


def has_status(code: int, *headers: tuple[str, str]) -> Callable[[Answer], Any]:
    """Return a check for a JSON error with one status."""
    return lambda answer: (
        answer.status == code and answer.json()["statusCode"] == code and set(headers) <= set(answer.headers)
    )


def is_page(code: int) -> Callable[[Answer], Any]:
    """Return a check for an HTML page with one status."""
    return lambda answer: (
        answer.status == code
        and b"<html>" in answer.body
        and dict(answer.headers)["content-type"].startswith("text/html")
    )


def is_broken(name: str) -> Callable[[Answer], Any]:
    """Return a check for a broken exchange."""
    return lambda answer: answer.broken == name


STATUSES = [
    Shown("401@{}", has_status(401, ("www-authenticate", "Bearer"))),
    Shown("402@{}", has_status(402)),
    Shown("403@{}", has_status(403)),
    Shown("404@{}", has_status(404)),
    Shown("429@{}", has_status(429, ("retry-after", "1"))),
    Shown("429=120@{}", has_status(429, ("retry-after", "120"))),
    Shown("429=soon@{}", has_status(429, ("retry-after", "soon"))),
    Shown("500@{}", has_status(500)),
    Shown("502@{}", is_page(502)),
    Shown("503@{}", has_status(503)),
    Shown("520@{}", is_page(520)),
    Shown("599@{}", has_status(599)),
]
CONNECTIONS = [
    Shown("drop@{}", is_broken("RemoteProtocolError")),
    Shown("cut@{}", is_broken("RemoteProtocolError")),
    Shown("reset@{}", is_broken("ReadError")),
]
JSON_BODIES = [
    Shown("html@{}", lambda a: a.status in {200, 201} and b"<html>" in a.body),
    Shown("cut-json@{}", lambda a: a.status in {200, 201} and a.body and not is_json(a)),
    Shown("extra-field@{}", lambda a: a.json()["x_sandbox_extra"] == {"anything": [1, "two", None]}),
    Shown("absent=/taskId@{}", lambda a: "taskId" not in a.json()),
    Shown("null=/taskId@{}", lambda a: a.json()["taskId"] is None),
    Shown("wrong=/taskId@{}", lambda a: a.json()["taskId"] == 17),
]
POLLS = [
    Shown("unknown-status@{}", lambda a: a.json()["status"] == "undocumented-state"),
    Shown("unknown-status=queued@{}", lambda a: a.json()["status"] == "queued"),
    Shown("absent=/status@{}", lambda a: "status" not in a.json()),
    Shown("wrong=/status@{}", lambda a: a.json()["status"] == 17),
]


@pytest.mark.parametrize("fault", [*STATUSES, *CONNECTIONS, *JSON_BODIES], ids=lambda fault: fault.script)
def test_a_fault_at_the_submit(opened: tuple[Sandbox, Send], fault: Shown) -> None:
    """A status starts no task, any other fault starts one."""
    sandbox, send = opened
    assert fault.shows(send(submit(x_sandbox_script=fault.script.format("submit"))))
    assert len(sandbox.core.tasks) == (0 if fault in STATUSES else 1)
    assert send(submit()).status == 201


@pytest.mark.parametrize("fault", [*STATUSES, *CONNECTIONS, *JSON_BODIES, *POLLS], ids=lambda fault: fault.script)
def test_a_fault_at_the_second_poll(opened: tuple[Sandbox, Send], fault: Shown) -> None:
    """Only that poll is affected; the task continues."""
    _, send = opened
    task_id = start_task(send, x_sandbox_script=fault.script.format("poll:2"))
    assert life(send, task_id, 1) == ["pending"]
    assert fault.shows(send(poll(task_id)))
    assert life(send, task_id, 6)[-1] == "completed"


@pytest.mark.parametrize("fault", [*STATUSES, *CONNECTIONS], ids=lambda fault: fault.script)
def test_a_fault_at_the_first_download(opened: tuple[Sandbox, Send], fault: Shown) -> None:
    """The download succeeds when repeated."""
    _, send = opened
    task_id = start_task(send, x_sandbox_script="now;" + fault.script.format("download:1"))
    send(poll(task_id))
    assert fault.shows(send(Ask("GET", f"/files/{task_id}.mp4", {})))
    again = send(Ask("GET", f"/files/{task_id}.mp4", {}))
    assert (again.status, again.body[4:8]) == (200, b"ftyp")


def test_slow_comes_after_the_time_asked_for(opened: tuple[Sandbox, Send]) -> None:
    """The response is complete, but late."""
    _, send = opened
    before = time.monotonic()
    answer = send(submit(x_sandbox_script="slow=0.05@submit"))
    assert (answer.status, time.monotonic() - before >= 0.05) == (201, True)


@pytest.mark.parametrize("name", DOORS)
def test_slow_beyond_the_read_timeout_times_out(name: str) -> None:
    """The task was started all the same."""
    sandbox = Sandbox("mountsea_gemini")
    with door(name, sandbox, timeout=0.1) as send:
        assert send(submit(x_sandbox_script="slow=0.3@submit")).broken == "ReadTimeout"
        assert len(sandbox.core.tasks) == 1


@pytest.mark.parametrize("name", DOORS)
def test_drip_sends_single_bytes(name: str) -> None:
    """Each byte is within the read timeout, the whole response is not."""
    with door(name, Sandbox("mountsea_gemini"), timeout=0.2) as send:
        before = time.monotonic()
        answer = send(submit(x_sandbox_script="drip=0.005@submit"))
        assert (answer.status, is_json(answer)) == (201, True)
        assert time.monotonic() - before >= 0.2


def test_a_virtual_clock_makes_slow_answers_pass_at_once() -> None:
    """The clock advances by the delay."""
    clock = FakeClock()
    with door("transport", Sandbox("mountsea_gemini", clock=clock), timeout=None) as send:
        assert send(submit(x_sandbox_script="slow=3600@submit")).status == 201
    assert clock.now() == 3600


@pytest.mark.parametrize("state", ["failed", "cancelled", "timeout"])
def test_a_task_that_ends_badly(opened: tuple[Sandbox, Send], state: str) -> None:
    """It passes through the usual states, and its last state has a message."""
    _, send = opened
    task_id = start_task(send, x_sandbox_script=state)
    assert life(send, task_id, 5) == [*STATES[:4], state]
    assert state in send(poll(task_id)).json()["errorMessage"]


def test_flaky_breaks_every_second_poll_in_another_way(opened: tuple[Sandbox, Send]) -> None:
    """A gateway's page, HTML with 200, half of a JSON text, a reset; in between the task continues."""
    _, send = opened
    task_id = start_task(send, x_sandbox_script="flaky")
    answers = [send(poll(task_id)) for _ in range(9)]
    assert [answer.status for answer in answers] == [502, 200, 200, 200, 200, 200, 0, 200, 200]
    assert [is_json(answer) for answer in answers] == [False, True, False, True, False, True, False, True, True]
    assert answers[6].broken == "ReadError"
    # A response whose body was lost still counts as a poll, so the task continued.
    assert [answers[at].json()["status"] for at in (1, 3, 5, 7, 8)][-1] == "completed"


def test_a_download_redirected_to_another_host(opened: tuple[Sandbox, Send]) -> None:
    """The same path on another host, or the given URL."""
    _, send = opened
    task_id = start_task(send, x_sandbox_script="now; redirect@download:1; redirect=https://cdn.test/x@download:2")
    send(poll(task_id))
    answers = [send(Ask("GET", f"/files/{task_id}.mp4", {})) for _ in range(3)]
    assert [answer.status for answer in answers] == [302, 302, 200]
    places = [dict(answer.headers).get("location") for answer in answers]
    assert places == [f"http://elsewhere.{HOST}/files/{task_id}.mp4", "https://cdn.test/x", None]


@pytest.mark.parametrize("script", ["slow=60@submit html@submit", "html@submit slow=60@submit", "slow=60@submit 503"])
def test_delivery_faults_hold_whatever_is_delivered(script: str) -> None:
    """The order of the faults does not matter."""
    clock = FakeClock()
    with door("transport", Sandbox("mountsea_gemini", clock=clock), timeout=None) as send:
        send(submit(x_sandbox_script=script))
    assert clock.now() == 60


def test_every_fault_kind_has_a_test_here() -> None:
    """A new kind must be added to these tables."""
    shown = {fault.script.split("@")[0].split("=")[0] for fault in [*CONNECTIONS, *JSON_BODIES, *POLLS]}
    assert shown | {"slow", "drip", "redirect"} == set(FAULT_KINDS)


def test_gateway_errors_are_html_pages() -> None:
    """Those of a CDN too; any other status is an error in JSON, with the phrase of the status."""
    pages = []
    with play(small({"/": {"get": {"responses": {}}}})) as client:
        for status in range(400, 600):
            answer = client.get("/", headers={"x-sandbox-script": f"html {status}@submit 500@submit"})
            if "html" in answer.headers["content-type"]:
                pages.append(answer.status_code)
            else:
                value = answer.json()
                assert (value["statusCode"], value["message"]) == (status, "a scripted fault")
        assert client.get("/", headers={"x-sandbox-script": "400"}).json()["error"] == "Bad Request"
        assert client.get("/", headers={"x-sandbox-script": "599"}).json()["error"] == "Unknown status"
        page = client.get("/", headers={"x-sandbox-script": "502"}).text
        assert page.startswith("<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1>")
    assert pages == [502, 520, 521, 522, 523, 524, 525, 526, 527]


VALUE: Any = {"data": {"a/b": "waiting"}, "n": 1.5, "yes": True, "list": [{"x": 1}]}


@pytest.mark.parametrize(
    ("fault", "wanted"),
    [
        ("extra-field", VALUE | {"x_sandbox_extra": {"anything": [1, "two", None]}}),
        ("extra-field=a/b", VALUE | {"a/b": {"anything": [1, "two", None]}}),
        ("absent=/data", {key: VALUE[key] for key in ("n", "yes", "list")}),
        ("absent=/data/a~1b", VALUE | {"data": {}}),
        ("absent=/nothing", VALUE),
        ("null=/n", VALUE | {"n": None}),
        ("null=/nothing", VALUE | {"nothing": None}),
        ("wrong=/data/a~1b", VALUE | {"data": {"a/b": 17}}),
        ("wrong=/data", VALUE | {"data": 17}),
        ("wrong=/n", VALUE | {"n": [17]}),
        ("wrong=/yes", VALUE | {"yes": [17]}),
        ("wrong=/nothing", VALUE | {"nothing": 17}),
        ("null=/nothing/below", VALUE),
        ("null=/n/below/it", VALUE),
        ("null=/list/0", VALUE),
        ("unknown-status", VALUE),
    ],
)
def test_a_field_is_changed(fault: str, wanted: Any) -> None:
    """If its parent object exists; a list, and what is not JSON, stays as it is."""
    json_of = {"content": {"application/json": {"schema": {"const": VALUE}}}}
    listed = {"content": {"application/json": {"schema": {"const": [1]}}}}
    paths = {"/object": json_of, "/list": listed, "/text": {"content": {"text/plain": {}}}}
    document = small({path: {"get": {"responses": {"201": answer}}} for path, answer in paths.items()})
    headers = {"x-sandbox-script": f"{fault}@submit"}
    with play(document) as client:
        found = client.get("/object", headers=headers)
        assert (found.status_code, found.json()) == (201, wanted)
        assert client.get("/list", headers=headers).content == b"[1]"
        assert client.get("/text", headers=headers).content == b"text"


@pytest.mark.parametrize(
    ("argument", "host", "query", "location"),
    [
        ("", b"localhost:80", b"", b"http://127.0.0.1:80/a%20b"),
        ("", b"localhost", b"", b"http://127.0.0.1/a%20b"),
        ("", b"127.0.0.1:80", b"", b"http://localhost:80/a%20b"),
        ("", b"a\xe9.test:1", b"a=%20&b", b"http://elsewhere.a\xe9.test:1/a%20b?a=%20&b"),
        ("=https://a.test/\xe9", b"a.test", b"a", b"https://a.test/\xe9"),
    ],
)
def test_a_redirect_leads_to_another_host(argument: str, host: bytes, query: bytes, location: bytes) -> None:
    """To the same path and query by default."""
    sandbox = Sandbox(small({"/{a}": {"get": {"responses": {}}}}), script=f"redirect{argument}@submit")
    found = sandbox.handle(Request("GET", "/a b", query, [(b"host", host)], b""))
    assert (found.status, found.headers) == (302, [(b"location", location), (b"content-length", b"0")])


@pytest.mark.parametrize(("last", "broken"), [("cut", "RemoteProtocolError"), ("reset", "ReadError")])
def test_the_last_of_several_endings_counts(send: Send, last: str, broken: str) -> None:
    """Delays add up."""
    assert send(submit(x_sandbox_script=f"drop@submit {last}@submit")).broken == broken
    clock = FakeClock()
    with door("transport", Sandbox("mountsea_gemini", clock=clock), timeout=None) as slow:
        slow(submit(x_sandbox_script="slow@submit html@submit slow=0.5@submit"))
    assert clock.now() == 1.5


@pytest.mark.parametrize(("script", "heads"), [("drop@submit", 0), ("cut@submit", 1), ("reset@submit", 1)])
@pytest.mark.parametrize("name", ["in process", "tcp"])
def test_a_dropped_answer_has_no_head_and_a_cut_one_has(name: str, script: str, heads: int) -> None:
    """Whether a status arrived decides what a client may assume."""
    sandbox = Sandbox("mountsea_gemini")
    seen: list[httpx.Response] = []
    asked = submit(x_sandbox_script=script)
    with sandbox.serve() as running:
        transport = sandbox.transport() if name == "in process" else httpx.HTTPTransport()
        base = f"http://{HOST}" if name == "in process" else running.url
        client = httpx.Client(transport=transport, event_hooks={"response": [seen.append]})
        with client, pytest.raises(httpx.TransportError):
            client.post(base + asked.path, headers=asked.headers, content=asked.body)
    assert [response.status_code for response in seen] == [201] * heads
