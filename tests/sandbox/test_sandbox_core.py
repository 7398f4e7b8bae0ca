"""The sandbox's core: a request in, a response out, compared byte for byte."""

from __future__ import annotations

import json
from typing import Any

import pytest
from rulewright.sandbox import Request, Response, Script, ScriptError, Timing
from rulewright.sandbox.core import Core
from rulewright.sandbox.exchange import answer, error_answer, html_answer, json_answer
from rulewright.sandbox.operations import Plain, Poll, Submit
from rulewright.sandbox.script import refusal
from rulewright.sandbox.tasks import Settings
from rulewright.testing import FakeClock

from tests.sandbox.asking import spec_of

TEXT: Any = {"type": "string"}
JSON = (b"content-type", b"application/json")
GOOD = (b"authorization", b"Bearer t")
ID = "e3e70682-c209-4cac-a29f-6fbed82c07cd"
RULE: Any = {
    "level": "warning",
    "message": "b must be given with a",
    "source": {"quote": "give b too"},
    "if": {"required": ["a"]},
    "then": {"required": ["b"]},
}
FORM = "application/x-www-form-urlencoded"
ORDER: Any = {"type": "object", "x-rules": [RULE | {"id": "a-needs-b"}], "properties": {"n": {"type": "integer"}}}
JOB: Any = {"name": "job", "in": "path", "required": True, "schema": {"pattern": "^[a-z0-9/-]+$"}}
BAKE: Any = {
    "operationId": "bake",
    "security": [{"token": []}],
    "parameters": [{"name": "a", "in": "query", "schema": TEXT}, {"name": "b", "in": "query", "schema": TEXT}],
    "x-rules": [RULE | {"id": "query-a-needs-b\N{SNOWMAN}"}],
    "requestBody": {"content": {"application/json": {"schema": ORDER}, FORM: {"schema": ORDER}}},
    "responses": {
        "202": {
            "links": {
                "other": {"operationId": "nobody", "parameters": {"job": "$response.body#/other"}},
                "next": {"operationId": "look", "parameters": {"job": "$response.body#/id"}},
            }
        }
    },
}
LOOK: Any = {
    "operationId": "look",
    "parameters": [JOB],
    "responses": {"200": {}},
    "x-waiter": {
        "id": {"parameter": "job", "submitted": "/id"},
        "state": "/state",
        "acceptors": {"queued": "retry", "done": "success", "burnt": "failure"},
        "outputs": ["/url"],
    },
}


def operation_with(value: Any) -> Any:
    """Return an operation that responds with a value."""
    return {"responses": {"200": {"content": {"application/json": {"schema": {"const": value}}}}}}


PATHS: Any = {
    "/jobs": {"post": BAKE, "get": operation_with([1])},
    "/jobs/{job}": {"get": LOOK},
    "/{a}/{b}": {"get": operation_with("thing")},
    "/{a}/{b}:open": {
        "get": operation_with("open") | {"parameters": [JOB | {"name": name} for name in "ab"]},
        "put": operation_with("put"),
    },
    "/{a}/new": {"get": operation_with("new")},
    "/{a}/y/longer": {"get": operation_with("longer")},
    "/x/{b}/{c}": {"get": operation_with("begins with x")},
    "/m/{a}.{b}.long": {"get": operation_with("two")},
    "/m/{a}g": {"get": operation_with("one")},
    "/text": {"get": {"responses": {"203": {"content": {"text/plain": {}}}}}, "head": operation_with("head")},
}


def core_of(clock: FakeClock | None = None, **settings: Any) -> Core:
    """Return the core of a small document."""
    components = {"securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}}
    spec = spec_of(PATHS, components=components, servers=[{"url": "/v1"}])
    return Core(spec, Settings(token="t", **settings), clock or FakeClock())  # noqa: S106  made up


def ask(core: Core, line: str, *headers: tuple[bytes, bytes], body: Any = None) -> Response:
    """Return the response to a request."""
    method, _, target = line.partition(" ")
    path, _, query = target.partition("?")
    raw = b"" if body is None else json.dumps(body).encode()
    return core.handle(Request(method, path, query.encode(), [(b"host", b"a.test"), *headers], raw))


def bake(core: Core, *headers: tuple[bytes, bytes], query: str = "", body: Any = None) -> Response:
    """Return the response to a submit."""
    return ask(core, f"POST /v1/jobs{query}", GOOD, JSON, *headers, body=body)


def script(text: str) -> tuple[bytes, bytes]:
    """Return a header with a script."""
    return b"x-sandbox-script", text.encode("latin-1")


def accepted(text: str = ID) -> Response:
    """Return the response to a valid submit."""
    return answer(202, f'{{"id":"{text}"}}'.encode(), JSON)


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("GET /v1/jobs", json_answer(200, [1])),
        ("GET /v1/x/y", json_answer(200, "thing")),
        ("GET /v1/x/new", json_answer(200, "new")),
        ("GET /v1/x/y:open", json_answer(200, "open")),
        ("PUT /v1/x/y:open", json_answer(200, "put")),
        ("GET /v1/text", answer(203, b"text", (b"content-type", b"text/plain"))),
        ("GET /v1/x/y/longer", json_answer(200, "begins with x")),
        ("GET /v1/m/1.2.long", json_answer(200, "one")),
        ("GET /v1/jobs/a%2Fb", error_answer(404, "there is no task with this id")),
        ("GET /v1/jobs/new", error_answer(404, "there is no task with this id")),
        ("PUT /v1/jobs", error_answer(405, "PUT is not documented here, only GET, POST", (b"allow", b"GET, POST"))),
        (
            f"{'P' * 30} /v1/x/y",
            error_answer(405, f"{'P' * 20} is not documented here, only GET", (b"allow", b"GET")),
        ),
    ],
)
def test_which_operation_responds(line: str, wanted: Response) -> None:
    """The most specific path below the server's own wins; otherwise the error says why there is none."""
    assert ask(core_of(), line) == wanted


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/jobs", "the document has no path /jobs; did you mean /v1/jobs?"),
        ("/v1/a/y/z", "the document has no path /v1/a/y/z; did you mean /v1/{a}/y/longer?"),
        ("/\xe9 " + "x" * 300, f"the document has no path /%C3%A9%20{'x' * 197}; it has /v1/jobs, /v1/jobs/{{job}}, "),
    ],
)
def test_an_unknown_path_is_answered_with_the_known_ones(path: str, message: str) -> None:
    """A close one is suggested, such as the path without the server's."""
    answered = ask(core_of(), f"GET {path}")
    assert answered.status == 404
    assert json.loads(answered.body)["message"].startswith(message)


def test_a_head_request_has_no_body() -> None:
    """A refusal still has its content length."""
    assert ask(core_of(), "HEAD /v1/text") == answer(200, b"")
    refused = error_answer(405, "HEAD is not documented here, only GET", (b"allow", b"GET"))
    assert ask(core_of(), "HEAD /v1/x/y") == Response(405, refused.headers, b"")


def test_a_submit_is_refused_with_all_that_is_wrong() -> None:
    """First the credential, then the media type, then all violations together."""
    core = core_of(strict=True)
    message = "the credential is missing or not the one this sandbox accepts"
    assert ask(core, "POST /v1/jobs", JSON, body=[]) == error_answer(401, message, (b"www-authenticate", b"Bearer"))
    assert ask(core, "POST /v1/jobs", GOOD, body=[]).status == 415
    entry = {
        "pointer": "/b",
        "got": "absent",
        "message": "b must be given with a",
        "allowed": {"required": "b"},
        "source": "give b too",
        "level": "warning",
    }
    names = ("query-a-needs-b\N{SNOWMAN}", "a-needs-b")
    wanted = error_answer(
        400,
        [f"{name}: b must be given with a (at /b, got absent)" for name in names],
        more={"violations": [{"rule": name, **entry} for name in names]},
    )
    assert bake(core, query="?a=1", body={"a": 1}) == wanted
    assert len(core.tasks) == 0


def test_warnings_are_sent_in_a_header() -> None:
    """Those of parameters and body; characters outside ASCII are replaced."""
    wanted = accepted()
    wanted.headers.append((b"x-sandbox-warnings", b"query-a-needs-b?,a-needs-b"))
    assert bake(core_of(), query="?a=1", body={"a": 1}) == wanted
    assert bake(core_of(), query="?a=1&b=1", body={"a": 1, "b": 1}) == accepted()
    assert bake(core_of()) == accepted()


def test_a_form_is_read_by_its_schema() -> None:
    """Its values are converted and checked."""
    core = core_of()
    for raw, status in ((b"n=1", 202), (b"n=x", 400)):
        headers = [GOOD, (b"content-type", FORM.encode())]
        assert core.handle(Request("POST", "/v1/jobs", b"", headers, raw)).status == status


def test_a_task_knows_the_shape_of_its_film() -> None:
    """The body's aspect ratio counts, whatever fault the response has."""
    core = core_of()
    for ratio, *headers in (("16:9",), ("9:16",), ("9:16", script("extra-field@submit"))):
        task = core.tasks.get(json.loads(bake(core, *headers, body={"ratio": ratio}).body)["id"])
        assert task is not None
        assert task.tall is (ratio == "9:16")


def test_ids_are_numbers_where_the_poll_takes_a_number() -> None:
    """The response has a JSON number."""
    look = LOOK | {"parameters": [JOB | {"schema": {"type": "integer"}}]}
    spec = spec_of({"/jobs": {"post": BAKE | {"security": []}}, "/jobs/{job}": {"get": look}})
    core = Core(spec, Settings(), FakeClock())
    assert ask(core, "POST /jobs") == answer(202, b'{"id":3823568514}', JSON)
    assert ask(core, "GET /jobs/3823568514").status == 200


def test_a_task_ages_by_answered_polls() -> None:
    """Each state lasts the same number of polls."""
    core = core_of()
    bake(core, script("polls=3"))
    found = [ask(core, f"GET /v1/jobs/{ID}").body[:11] for _ in range(5)]
    assert found == [b'{"state":"q'] * 3 + [b'{"state":"d'] * 2


def test_a_fault_may_hit_any_response() -> None:
    """It may use the request and the task."""
    core = core_of(script=Script.parse("now redirect@submit redirect@poll:1 redirect@download unknown-status@poll:2"))
    redirects = {
        "GET /v1/jobs": b"/v1/jobs",
        "POST /v1/jobs": b"/v1/jobs",
        f"GET /v1/jobs/{ID}": b"/v1/jobs/" + ID.encode(),
        f"GET /files/{ID}.mp4": b"/files/" + ID.encode() + b".mp4",
    }
    for line, path in redirects.items():
        location = (b"location", b"http://elsewhere.a.test" + path)
        assert ask(core, line, GOOD) == answer(302, b"", location)
    assert json.loads(ask(core, f"GET /v1/jobs/{ID}").body)["state"] == "undocumented-state"
    core = core_of(script=Script.parse("unknown-status@submit"))
    body = b'{"id":"' + ID.encode() + b'","state":"undocumented-state"}'
    assert bake(core).body == body
    assert core.enqueue([Script("slow")]) == 1


def test_a_task_from_its_submit_to_its_file() -> None:
    """Polls show its states; the file exists once it has succeeded."""
    core = core_of()
    assert bake(core, body={}) == accepted()
    file = f"GET /files/{ID}.mp4"
    none = error_answer(404, "there is no such result, or not yet, or no longer")
    assert ask(core, file) == none
    states = [ask(core, f"GET /v1/jobs/{ID}") for _ in range(2)]
    url = f"http://a.test/files/{ID}.mp4"
    assert states == [json_answer(200, {"state": "queued"}), json_answer(200, {"state": "done", "url": url})]
    assert ask(core, file).status == 200
    assert ask(core, file.replace("GET", "HEAD")).body == b""
    wrong = error_answer(405, "PUT is not documented here, only GET, HEAD", (b"allow", b"GET, HEAD"))
    assert ask(core, file.replace("GET", "PUT")) == wrong
    assert ask(core, "GET /files/x.mp4") == none


def test_a_file_is_there_when_time_has_passed_but_not_after_a_bad_end() -> None:
    """No poll is needed."""
    clock = FakeClock()
    core = core_of(clock, timing=Timing("seconds", 1))
    bake(core)
    clock.advance(1)
    assert ask(core, f"GET /files/{ID}.mp4").status == 200
    core.reset()
    bake(core, script("burnt now"))
    assert ask(core, f"GET /v1/jobs/{ID}") == json_answer(200, {"state": "burnt"})
    assert ask(core, f"GET /files/{ID}.mp4").status == 404


def test_faults_happen_at_the_request_they_are_scripted_for() -> None:
    """Submits, polls and downloads are counted separately; a refused poll shows no state."""
    core = core_of(script=Script.parse("now; 503@submit:2; 502@poll:1; html@poll:2; 500@download:2; html@download:3"))
    found = [bake(core), bake(core), bake(core)]
    assert found[0] == accepted()
    assert found[1] == refusal(core.settings.script.faults_at("submit", 2))
    polls = [ask(core, f"GET /v1/jobs/{ID}") for _ in range(3)]
    assert polls[:2] == [html_answer(502), html_answer(200)]
    assert json.loads(polls[2].body)["state"] == "done"
    assert ask(core, f"HEAD /files/{ID}.mp4").status == 200
    downloads = [ask(core, f"GET /files/{ID}.mp4") for _ in range(4)]
    assert [response.status for response in downloads] == [200, 500, 200, 200]
    assert downloads[2] == html_answer(200)
    core = core_of(script=Script.parse("502@poll:1"))
    bake(core)
    assert [ask(core, f"GET /v1/jobs/{ID}").body[:11] for _ in range(3)] == [
        b"<html><head",
        b'{"state":"q',
        b'{"state":"d',
    ]


def test_a_script_of_the_request_goes_before_the_queue_and_that_before_the_default() -> None:
    """For any operation; an invalid script refuses the request."""
    core = core_of(script=Script.parse("500"))
    assert core.enqueue([Script(), Script.parse("501")]) == 2
    found = [bake(core, script("503")), bake(core), bake(core), bake(core)]
    assert [response.status for response in found] == [503, 202, 501, 500]
    assert core.enqueue([Script.parse("unknown-status@submit:5")]) == 1
    assert [ask(core, "GET /v1/jobs", *more).status for more in ((script("503"),), (), ())] == [503, 200, 500]
    for line in ("POST /v1/jobs", "GET /v1/jobs"):
        assert ask(core, line, GOOD, script("sideways")) == error_answer(
            400,
            "'sideways' is not an outcome; write one of burnt, cancelled, done, failure, flaky, never, no-url, slow, "
            "success, timeout",
        )
        assert ask(core, line, GOOD, script("a b")) == error_answer(
            400, "a script has one outcome and one timing, got a, b"
        )
    assert ask(core, "GET /v1/jobs/x", script("now")) == error_answer(
        400, "x-sandbox-script belongs to the submit: a script is for a whole task"
    )
    with pytest.raises(ScriptError):
        core.enqueue([Script(), Script("sideways")])
    assert not core.queue


def test_an_unknown_task_may_have_been_forgotten() -> None:
    """The message has the number of tasks kept."""
    core = core_of(max_tasks=1)
    bake(core)
    bake(core)
    assert ask(core, f"GET /v1/jobs/{ID}") == error_answer(
        404, "there is no task with this id; 1 old tasks were forgotten, as at most 1 are kept"
    )


def test_the_settings_are_used() -> None:
    """Token, seed, size of a body, and records."""
    core = core_of(seed=1, max_body=2)
    assert bake(core, body={}).body != accepted().body
    assert bake(core, body=[1]).status == 413
    assert [entry.headers["authorization"] for entry in core.journal.entries()] == ["Bearer [accepted]"] * 2
    assert [entry.status for entry in core.journal.entries()] == [202, 413]
    assert ask(core, "GET /_sandbox/requests").status == 200
    assert len(core.journal.entries()) == 2
    with pytest.raises(ScriptError):
        core_of(script=Script("sideways"))


def test_a_reset_forgets_everything() -> None:
    """Tasks, ids, queued scripts, records and counters."""
    core = core_of(seed=3, max_tasks=1, script=Script.parse("503@submit:2"))
    first = bake(core)
    core.enqueue([Script()])
    core.reset()
    assert (len(core.tasks), len(core.queue), core.journal.entries()) == (0, 0, [])
    assert bake(core) == first
    assert bake(core).status == 503
    core.reset()
    bake(core, script("now"))
    bake(core, script("now"))
    assert len(core.tasks) == 1


def test_each_operation_is_of_a_kind() -> None:
    """Submit, poll, or neither."""
    core = core_of()
    kinds = [type(core.endpoint(*each)) for each in (("POST", "/v1/jobs"), ("GET", "/v1/jobs/x"), ("GET", "/v1/jobs"))]
    assert kinds == [Submit, Poll, Plain]
    assert core.endpoint("PUT", "/v1/jobs") is core.endpoint("GET", "/x") is None
