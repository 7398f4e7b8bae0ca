"""Tasks of any document: what their scripts mean, their states over time, what is answered, and which are forgotten."""

from __future__ import annotations

import time
from collections.abc import Callable
from importlib.util import find_spec
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest
from jsonschema import Draft4Validator
from rulewright.openapi.document import load
from rulewright.sandbox import Request, Sandbox, Script, ScriptError, Timing
from rulewright.testing import FakeClock

from tests.sandbox.asking import (
    AUTH,
    JSON,
    POLL,
    STATES,
    SUBMIT,
    TEXT,
    Ask,
    Send,
    door,
    life,
    play,
    poll,
    small,
    start_task,
    submit,
)

WORD: Any = {"type": "string"}
NUMBER: Any = {"type": "integer"}
ACCEPTORS = {"queued": "retry", "baking": "retry", "done": "success", "finished": "success", "burnt": "failure"}
FIRST = "e3e70682-c209-4cac-a29f-6fbed82c07cd"
SECOND = "f728b4fa-4248-4e3a-aa5d-2f346baa9455"
"""The ids of the first tasks of every sandbox with the usual seed."""
EPOCH = "2026-01-01T00:00:00.000Z"


def answering(schema: Any) -> dict[str, Any]:
    """Return the content of a response."""
    return {"content": {"application/json": {"schema": schema}}} if schema is not None else {}


def jobs(schema: Any = None, *, submitted: Any = None, job: Any = WORD, link: str = "/id", **waiter: Any) -> Any:
    """Return a document with a submit and the poll of its task.

    Args:
        schema: The schema of the answer to the poll.
        submitted: That of the answer to the submit.
        job: That of the id.
        link: Where the answer to the submit holds the id, by its link.
        waiter: Changes of the waiter.
    """
    place = {"operationId": "look", "parameters": {"job": f"$response.body#{link}"}}
    other = {"operationId": "nobody", "parameters": {"job": "$response.body#/other"}}
    started = {**answering(submitted), "links": {"other": other, "next": place}}
    look = {
        "operationId": "look",
        "parameters": [{"name": "job", "in": "path", "required": True, "schema": job}],
        "responses": {"200": answering(schema)},
        "x-waiter": {
            "id": {"parameter": "job", "submitted": "/id"},
            "state": "/state",
            "acceptors": {**ACCEPTORS, "gone": "cancelled"},
            "outputs": ["/url"],
            **waiter,
        },
    }
    body = {"content": {"application/json": {"schema": {"type": "object"}}}}
    start = {"operationId": "bake", "requestBody": body, "responses": {"202": started}}
    components = {"schemas": {"Number": NUMBER}}
    return small({"/jobs": {"post": start}, "/jobs/{job}": {"get": look}}, components=components)


def begin(client: httpx.Client, script: str = "", body: Any = None) -> str:
    """Start a task, and return its id."""
    answer = client.post("/jobs", headers={"x-sandbox-script": script}, json=body or {})
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


def look(client: httpx.Client, job: str = FIRST) -> Any:
    """Return the answer to a poll."""
    return client.get(f"/jobs/{job}").json()


@pytest.mark.parametrize(
    ("script", "seen"),
    [
        ("", {"queued": 2, "baking": 2, "done": 21}),
        ("success", {"queued": 2, "baking": 2, "done": 21}),
        ("no-url", {"queued": 2, "baking": 2, "done": 21}),
        ("slow", {"queued": 10, "baking": 10, "done": 5}),
        ("slow now", {"queued": 5, "baking": 5, "done": 15}),
        ("finished seconds=15", {"queued": 3, "baking": 3, "finished": 19}),
        ("slow seconds=1", {"queued": 1, "baking": 1, "done": 23}),
        ("failure", {"queued": 2, "baking": 2, "burnt": 21}),
        ("burnt now", {"burnt": 25}),
        ("cancelled polls=1", {"queued": 1, "baking": 1, "gone": 23}),
        ("never", {"queued": 2, "baking": 23}),
        ("never now", {"baking": 25}),
    ],
)
def test_the_states_of_a_script(script: str, seen: dict[str, int]) -> None:
    """An outcome is a state, or the first state of its kind; the script's timing wins; the last state stays."""
    clock = FakeClock()
    with play(jobs(), clock=clock, timing=Timing("polls", 2)) as client:
        job, states = begin(client, script), []
        for _ in range(25):
            states.append(look(client, job)["state"])
            clock.advance(5)
    assert {state: len(list(group)) for state, group in groupby(states)} == seen


@pytest.mark.parametrize("outcome", ["timeout", "queued", "sideways"])
def test_an_unknown_outcome_is_refused(outcome: str) -> None:
    """In a header, in the queue, and as the default; the message lists the words there are."""
    message = (
        f"{outcome!r} is not an outcome; write one of burnt, cancelled, done, failure, finished, flaky, gone, never, "
        "no-url, slow, success, timeout"
    )
    sandbox = Sandbox(jobs())
    with httpx.Client(transport=sandbox.transport(), base_url="http://a.test") as client:
        answer = client.post("/jobs", headers={"x-sandbox-script": outcome}, json={})
        assert (answer.status_code, answer.json()["message"]) == (400, message)
        with pytest.raises(ScriptError, match="is not an outcome"):
            sandbox.script("", outcome)
        assert client.get("/_sandbox/state").json()["queued"] == 0
    with pytest.raises(ScriptError, match="is not an outcome"):
        Sandbox(jobs(), script=outcome)


def test_a_script_in_the_request_goes_before_the_queue_and_that_before_the_default() -> None:
    """For any operation; a script for a poll is an error."""
    document = jobs()
    document["paths"]["/jobs"]["get"] = {"responses": {"200": {}}}
    sandbox = Sandbox(document, script="500")
    sandbox.script(Script(), "501")

    def ask(method: str, script: str | None = None) -> int:
        headers = {} if script is None else {"x-sandbox-script": script}
        return client.request(method, "/jobs", headers=headers, json={}).status_code

    with httpx.Client(transport=sandbox.transport(), base_url="http://a.test") as client:
        assert [ask("POST", "503"), *(ask("POST") for _ in range(3))] == [503, 202, 501, 500]
        sandbox.script("unknown-status@submit:5")
        assert [ask("GET", "503"), ask("GET"), ask("GET")] == [503, 200, 500]
        assert [ask("POST", "a b"), ask("GET", "a b")] == [400, 400]
        refused = client.get("/jobs/x", headers={"x-sandbox-script": "now"})
        assert refused.status_code == 400
        assert refused.json()["message"] == "x-sandbox-script belongs to the submit: a script is for a whole task"


def test_a_refused_submit_uses_no_script_up() -> None:
    """The script waits for the first valid submit."""
    sandbox = Sandbox("mountsea_gemini")
    sandbox.script("failed now")
    with door("transport", sandbox) as send:
        assert send(submit({})).status == 400
        assert life(send, start_task(send), 1) == ["failed"]


def test_each_state_is_shown_to_one_poll_by_default(send: Send) -> None:
    """In the document's order; the last one stays."""
    assert life(send, start_task(send), 7) == [*STATES, "completed", "completed"]


def test_a_state_lasts_to_its_last_moment() -> None:
    """It is shown just before its time is over, and the next one at that moment."""
    clock = FakeClock()
    with door("transport", Sandbox("mountsea_gemini", timing=Timing("seconds", 10), clock=clock)) as send:
        task_id, seen = start_task(send), []
        for _ in STATES[1:]:
            clock.advance(9.75)
            seen += life(send, task_id, 1)
            clock.advance(0.25)
            seen += life(send, task_id, 1)
    assert seen == [state for pair in pairwise(STATES) for state in pair]


def test_real_seconds_pass_on_their_own() -> None:
    """The default clock is real monotonic time."""
    with door("transport", Sandbox("mountsea_gemini", timing=Timing("seconds", 0.001))) as send:
        task_id = start_task(send)
        before = time.monotonic()
        while time.monotonic() < before + 0.006:
            pass
        assert life(send, task_id, 1) == ["completed"]


def test_answers_are_what_the_document_describes(send: Send) -> None:
    """Every state of every outcome is valid by another validator."""
    found = find_spec("mountsea_gemini")
    assert found is not None
    assert found.origin is not None
    spec = load(Path(found.origin).with_name("openapi.effective.json")).value
    schema = spec["paths"][POLL]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    validator = Draft4Validator({"allOf": [schema], "components": spec["components"]})
    for script in ["", "failed", "cancelled", "timeout", "no-url", "never"]:
        task_id = start_task(send, x_sandbox_script=script)
        for _ in range(6):
            validator.validate(send(poll(task_id)).json())


def test_the_same_seed_gives_the_same_bytes() -> None:
    """Another seed gives other ids."""

    def answers(seed: int) -> set[bytes]:
        with door("transport", Sandbox("mountsea_gemini", seed=seed)) as send:
            ids = [start_task(send) for _ in range(3)]
            return {send(poll(task_id)).body for _ in range(6) for task_id in ids}

    assert answers(3) == answers(3)
    assert not answers(3) & answers(4)


def fields(*required: str, **properties: Any) -> dict[str, Any]:
    """Return the schema of an object."""
    return {"type": "object", "properties": properties, "required": list(required)}


@pytest.mark.parametrize(
    ("schema", "link", "job", "answer"),
    [
        (fields("note", note={"default": "é"}), "/id", WORD, {"note": "é", "id": FIRST}),
        (fields("note", "id", note=WORD, id=NUMBER), "/id", NUMBER, {"note": "text", "id": 3823568514}),
        (fields("data", data=fields("a", a=NUMBER)), "/data/job", WORD, {"data": {"a": 1, "job": FIRST}}),
        ({"type": "array"}, "/id", WORD, {"id": FIRST}),
        (None, "/id", WORD, {"id": FIRST}),
    ],
)
def test_a_submit_is_answered_with_the_id(schema: Any, link: str, job: Any, answer: Any) -> None:
    """At the place that its link names, beside what the document requires."""
    with play(jobs(submitted=schema, link=link, job=job)) as client:
        assert client.post("/jobs", json={}).json() == answer
        assert client.post("/jobs", json={}).json() != answer


URL = f"http://sandbox.test/files/{FIRST}.mp4"
DATA = fields("data", data=fields("n", n=NUMBER))
SHOWN = {"properties": {"data": {"example": {"m": 2}}}, "required": ["data"], "type": "object"}


@pytest.mark.parametrize(
    ("script", "schema", "waiter", "answer"),
    [
        ("never now", {}, {}, {"state": "baking"}),
        ("now", None, {}, {"state": "done", "url": URL}),
        ("now no-url", {}, {}, {"state": "done"}),
        ("now", {}, {"outputs": []}, {"state": "done"}),
        ("never now", fields("n", n=NUMBER, m=NUMBER), {}, {"n": 1, "state": "baking"}),
        ("never now", fields(job=WORD), {}, {"job": FIRST, "state": "baking"}),
        ("never now", fields(id=WORD), {}, {"id": FIRST, "state": "baking"}),
        ("never now", fields(id=WORD), {"id": {"parameter": "job", "submitted": "/other"}}, {"state": "baking"}),
        ("never now", fields(job=NUMBER), {"job": NUMBER}, {"job": 3823568514, "state": "baking"}),
        ("never now", fields(data=fields(id=WORD, state=WORD)),
         {"id": {"parameter": "job", "submitted": "/data/id"}, "state": "/data/state"},
         {"data": {"id": FIRST, "state": "baking"}}),
        ("never now", fields(state={"type": "boolean"}), {"acceptors": {"false": "retry", "true": "success"}},
         {"state": False}),
        ("now", fields(state={"type": "boolean"}), {"acceptors": {"false": "retry", "true": "success"}, "outputs": []},
         {"state": True}),
        ("never now", fields(state={"$ref": "#/components/schemas/Number"}),
         {"acceptors": {"2": "retry", "3": "success"}}, {"state": 2}),
        ("never now", fields(state=WORD), {"acceptors": {"2": "retry", "3": "success"}}, {"state": "2"}),
        ("now", fields(url={"type": "array"}), {}, {"state": "done", "url": [URL]}),
        ("now", fields(url={"type": ["array", "null"], "items": WORD}), {}, {"state": "done", "url": [URL]}),
        ("now", {}, {"outputs": ["/urls"]}, {"state": "done", "urls": [URL]}),
        ("now", fields(urls=WORD), {"outputs": ["/urls"]}, {"state": "done", "urls": URL}),
        ("now", fields(urls={"type": "array", "items": {"type": "array"}}), {"outputs": ["/urls"]},
         {"state": "done", "urls": [[URL]]}),
        ("now", fields(list={"type": "array"}), {"outputs": ["/list/0/url"]},
         {"state": "done", "list": [{"url": URL}]}),
        ("now", fields(list={"type": "array", "items": fields("n", n=NUMBER)}), {"outputs": ["/list/url"]},
         {"state": "done", "list": [{"n": 1, "url": URL}]}),
        ("now", fields(data=fields("n", n=NUMBER)), {"outputs": ["/data/url"]},
         {"state": "done", "data": {"n": 1, "url": URL}}),
        ("now", DATA, {"outputs": ["/data/url"]}, {"state": "done", "data": {"n": 1, "url": URL}}),
        ("now", SHOWN, {"outputs": ["/data/url"]}, {"state": "done", "data": {"m": 2, "url": URL}}),
        ("now", fields("data", data=WORD), {"outputs": ["/data/url"]}, {"state": "done", "data": {"url": URL}}),
        ("now", {"allOf": [fields(data={"allOf": [fields(urls={})]})]}, {"outputs": ["/data/urls"]},
         {"state": "done", "data": {"urls": [URL]}}),
        ("now", True, {"outputs": ["/a/b"]}, {"state": "done", "a": {"b": URL}}),
    ],
)  # fmt: skip
def test_what_a_poll_answers(script: str, schema: Any, waiter: Any, answer: Any) -> None:
    """Required fields, the id if the document has it, the state in its type, and the result in its place."""
    with play(jobs(schema, **waiter)) as client:
        assert look(client, begin(client, script)) == answer


def test_an_example_of_the_document_stays_as_it_is() -> None:
    """What is answered is a copy of it."""
    shown = {"data": {"x": 1}}
    document = jobs({"example": shown}, submitted={"example": shown}, link="/data/id", state="/data/state")
    with play(document) as client:
        client.post("/jobs", json={})
        assert look(client)["data"] == {"x": 1, "state": "queued"}
    assert shown == {"data": {"x": 1}}


def test_the_dates_of_a_task() -> None:
    """Fields named after a beginning or an end; it ends when its last state is over or is first shown."""
    date = {"type": "string", "format": "date-time"}
    begun, ended = ("createdAt", "SubmittedAt", "started_at"), ("finishedAt", "CompletedAt", "endedAt")
    others = {"createdBy": WORD, "finishedBy": WORD}
    schema = fields(**dict.fromkeys((*begun, *ended, "at"), date), **others)
    for script, end in (("seconds=2", "2026-01-01T00:00:04.000Z"), ("now", "2026-01-01T00:00:09.000Z")):
        clock = FakeClock()
        with play(jobs(schema, outputs=[]), clock=clock) as client:
            job = begin(client, script)
            if script != "now":
                assert look(client, job) == {"state": "queued", **dict.fromkeys(begun, EPOCH)}
            clock.advance(9)
            dates = dict.fromkeys(begun, EPOCH) | dict.fromkeys(ended, end)
            assert look(client, job) == {"state": "done", **dates}
            clock.advance(9)
            assert look(client, job) == {"state": "done", **dates}


ERROR = {"message": "/error/text", "code": "/code", "trace": "/trace"}
WHY = "the script of this task ends it as burnt"


@pytest.mark.parametrize(
    ("script", "schema", "error", "answer"),
    [
        ("failure", {}, ERROR, {"state": "burnt", "trace": "trace-e3e70682", "error": {"text": WHY}, "code": 5000}),
        ("failure", fields(code=WORD), {"code": "/code"}, {"state": "burnt", "code": "5000"}),
        ("failure", {}, {"message": "/why"}, {"state": "burnt", "why": WHY}),
        ("failure", {}, {}, {"state": "burnt"}),
        ("cancelled", {}, {"message": "/why", "code": "/code"}, {"state": "gone", "why": WHY.replace("burnt", "gone")}),
        ("success", {}, ERROR, {"state": "done", "trace": "trace-e3e70682", "url": URL}),
    ],
)
def test_what_a_failed_task_reports(script: str, schema: Any, error: Any, answer: Any) -> None:
    """Message and code of a failure, and the trace id of any task, where the waiter has them."""
    with play(jobs(schema, error=error)) as client:
        assert look(client, begin(client, f"now {script}")) == answer


@pytest.mark.parametrize(
    ("schema", "wanted"),
    [
        (WORD, FIRST),
        ({"type": "number"}, "3823568514"),
        ({"pattern": "^jobs/[^/]+$"}, f"jobs/{FIRST}"),
        ({"pattern": "^ep_[a-z0-9]+$"}, "ep_e3e70682c2094caca29f6fbed82c07cd"),
        ({"pattern": "^gen_[0-9a-f]{12}$"}, "gen_e3e70682c209"),
        ({"pattern": "^[0-9]{19}$"}, "3029343076716675314"),
        ({"maxLength": 8}, "e3e70682"),
        ({"pattern": r"^\p{L}"}, FIRST),
    ],
)
def test_an_id_is_as_the_document_wants_it(schema: dict[str, Any], wanted: str) -> None:
    """It matches the schema of the poll's parameter, so that the poll accepts it."""
    with play(jobs(job=schema)) as client:
        assert begin(client) == wanted
        assert look(client, wanted) == {"state": "queued"}


@pytest.mark.parametrize(
    "other", [str.upper, "{0} ".format, "{0}0".format, "{0:.35}".format, "{0}%00".format, "".format]
)
def test_an_id_that_differs_at_all_is_another_id(send: Send, other: Callable[[str], str]) -> None:
    """Other case, blanks, longer, shorter or empty: no task is found."""
    task_id = start_task(send)
    assert send(poll(task_id)).status == 200
    assert send(poll(other(task_id))).status in {400, 404}


def test_the_file_of_a_task_exists_once_it_has_succeeded() -> None:
    """No poll is needed where time passes; a failed task has none."""
    clock = FakeClock()
    with play(jobs(), clock=clock) as client:
        file = f"/files/{begin(client, 'seconds=1')}.mp4"
        none = client.get(file)
        assert (none.status_code, none.json()["message"]) == (404, "there is no such result, or not yet, or no longer")
        clock.advance(2)
        assert client.get(file).content[4:8] == b"ftyp"
        assert client.head(file).content == b""
        wrong = client.put(file)
        assert (wrong.status_code, wrong.headers["allow"]) == (405, "GET, HEAD")
        begin(client, "burnt now")
        assert look(client, SECOND) == {"state": "burnt"}
        assert client.get(f"/files/{SECOND}.mp4").status_code == client.get("/files/x.mp4").status_code == 404


@pytest.mark.parametrize(
    ("limit", "scripts", "kept"),
    [
        (3, ["", "", ""], [1, 2]),
        (3, ["", "now", ""], [0, 2]),
        (3, ["never", "seconds=1", "seconds=1"], [0, 2]),
        (3, ["never", "seconds=1", "never seconds=1"], [0, 2]),
        (1, [""], []),
        (11, [""] * 11, list(range(2, 11))),
        (11, ["", "", "now", *[""] * 8], [1, *range(3, 11)]),
        (11, ["", "now", "now", "now", *[""] * 7], [0, *range(3, 11)]),
    ],
)
def test_a_fifth_is_forgotten_at_the_limit(limit: int, scripts: list[str], kept: list[int]) -> None:
    """The oldest ended ones first, then the oldest of all; whoever asks for one is told so."""
    clock = FakeClock()
    with play(jobs(), clock=clock, max_tasks=limit) as client:
        made = [begin(client, script) for script in scripts]
        clock.advance(60)
        assert begin(client) not in made
        answers = [client.get(f"/jobs/{job}") for job in made]
        assert [number for number, answer in enumerate(answers) if answer.status_code == 200] == kept
        gone = limit - len(kept)
        assert {answer.json()["message"] for answer in answers if answer.status_code == 404} == {
            f"there is no task with this id; {gone} old tasks were forgotten, as at most {limit} are kept"
        }
        counts = {"kept": len(kept) + 1, "forgotten": gone, "limit": limit}
        assert client.get("/_sandbox/state").json()["tasks"] == counts


def test_a_task_whose_end_was_seen_is_forgotten_first() -> None:
    """Also one that ages by polls."""
    with play(jobs(), max_tasks=3) as client:
        made = [begin(client) for _ in range(3)]
        assert [look(client, made[1])["state"] for _ in range(3)][-1] == "done"
        begin(client)
        assert [client.get(f"/jobs/{job}").status_code for job in made] == [200, 404, 200]


def test_many_submits_have_as_many_ids_and_leave_little_behind() -> None:
    """Tasks and records stay within their limits."""
    headers = [(name.encode(), value.encode()) for name, value in (AUTH | JSON).items()]
    sandbox, body = Sandbox("mountsea_gemini", max_tasks=500), submit(TEXT).body
    ids = {sandbox.handle(Request("POST", SUBMIT, b"", headers, body)).body for _ in range(5_000)}
    assert len(ids) == 5_000
    with door("transport", sandbox) as send:
        counts = send(Ask("GET", "/_sandbox/state", {})).json()["tasks"]
        assert send(Ask("GET", "/_sandbox/requests", {})).json()["dropped"] == 4_000
    assert counts["kept"] <= 500
    assert counts["forgotten"] == 5_000 - counts["kept"]
    assert len(sandbox.requests) == 1000


def test_a_reset_forgets_everything() -> None:
    """Tasks, ids, queued scripts, records and the numbers that scripts count by."""
    sandbox = Sandbox(jobs(), seed=3, max_tasks=1, script="503@submit:2")
    with httpx.Client(transport=sandbox.transport(), base_url="http://a.test") as client:
        first = begin(client)
        sandbox.script("now")
        sandbox.reset()
        assert sandbox.requests == []
        assert client.get("/_sandbox/state").json() == {
            "tasks": {"kept": 0, "forgotten": 0, "limit": 1},
            "queued": 0,
        }
        assert begin(client) == first
        assert client.post("/jobs", json={}).status_code == 503
