"""The bodies of responses to submits and polls."""

from __future__ import annotations

import json
from typing import Any

import pytest
from rulewright.sandbox import Script, Timing
from rulewright.sandbox.results import Output, PollBody, SubmitBody
from rulewright.sandbox.spec import Spec, Waiter
from rulewright.sandbox.tasks import EPOCH, Life, Task
from rulewright.sandbox.validation import Schemas

from tests.sandbox.asking import spec_of

ENDS = {"done": "success", "burnt": "failure", "gone": "cancelled"}
TEXT: Any = {"type": "string"}
NUMBER: Any = {"type": "integer"}
DATE: Any = {"type": "string", "format": "date-time"}


def spec_for(schema: Any) -> Spec:
    """Return a document with one operation, whose schema is also the component Answer."""
    content = {"application/json": {"schema": schema}} if schema is not None else {}
    paths = {"/": {"get": {"responses": {"200": {"content": content}}}}}
    return spec_of(paths, components={"schemas": {"Answer": schema, "Number": NUMBER}})


def waiter(**more: Any) -> Waiter:
    """Return a waiter."""
    said: dict[str, Any] = {
        "parameter": "job",
        "submitted": "/id",
        "id_schema": TEXT,
        "state": "/state",
        "waiting": ("queued",),
        "ends": ENDS,
        "output": "/url",
        "error": {},
    }
    return Waiter(**(said | more))


def task_of(script: str = "now", task_id: str = "id-456789") -> Task:
    """Return a task."""
    life = Life.of(Script.parse(script), waiter(), Timing("polls", 1))
    return Task(task_id, life, 0.0, EPOCH, tall=False)


def finished_task(script: str = "now", task_id: str = "id-456789") -> Task:
    """Return a task that has ended."""
    task = task_of(script, task_id)
    task.finished = EPOCH + 2
    return task


def poll_body(schema: Any, task: Task, shown: str = "done", **more: Any) -> Any:
    """Return the body of the response to a poll."""
    spec = spec_for(schema)
    return PollBody(Schemas(spec), spec.operations[0], waiter(**more)).of(task, shown, "http://a.test")


def properties(*required: str, **said: Any) -> dict[str, Any]:
    """Return the schema of an object."""
    return {"type": "object", "properties": said, "required": list(required)}


URL = "http://a.test/files/id-456789.mp4"


@pytest.mark.parametrize(
    ("schema", "pointer", "numeric", "wanted"),
    [
        (properties("note", note={"default": "é"}), "/id", False, '{"note":"é","id":"7"}'),
        (properties("note", "id", note=TEXT, id=NUMBER), "/id", True, '{"note":"text","id":7}'),
        (properties("data", data=properties("a", a=NUMBER)), "/data/job", False, '{"data":{"a":1,"job":"7"}}'),
        ({"type": "array"}, "/id", False, '{"id":"7"}'),
        (None, "/id", False, '{"id":"7"}'),
    ],
)
def test_a_submit_is_answered_with_the_id(schema: Any, pointer: str, numeric: bool, wanted: str) -> None:
    """At the pointer of the link, beside the document's example."""
    spec = spec_for(schema)
    body = SubmitBody(Schemas(spec), spec.operations[0], pointer, numeric=numeric)
    assert body.of(task_of(task_id="7")) == json.loads(wanted)
    assert body.of(task_of(task_id="8")) == json.loads(wanted.replace("7", "8"))


def test_a_shown_example_is_not_changed() -> None:
    """The document is not mutated."""
    shown = {"data": {"x": 1}}
    spec = spec_for({"example": shown})
    SubmitBody(Schemas(spec), spec.operations[0], "/data/id", numeric=False)
    PollBody(Schemas(spec), spec.operations[0], waiter(state="/data/state")).of(task_of(), "queued", "http://a.test")
    assert shown == {"data": {"x": 1}}


@pytest.mark.parametrize(
    ("schema", "task", "state", "more", "wanted"),
    [
        ({}, task_of(), "queued", {}, {"state": "queued"}),
        (None, finished_task(), "done", {}, {"state": "done", "url": URL}),
        ({}, finished_task("no-url"), "done", {}, {"state": "done"}),
        (properties(url={"type": "array"}), finished_task(), "done", {}, {"state": "done", "url": [URL]}),
        ({}, finished_task(), "done", {"output": None}, {"state": "done"}),
        (properties("n", n=NUMBER, m=NUMBER), task_of(), "queued", {}, {"n": 1, "state": "queued"}),
        (properties(job=TEXT), task_of(), "queued", {}, {"job": "id-456789", "state": "queued"}),
        (properties(id=TEXT), task_of(), "queued", {}, {"id": "id-456789", "state": "queued"}),
        (properties(id=TEXT), task_of(), "queued", {"submitted": ""}, {"state": "queued"}),
        (properties(job=NUMBER), task_of(task_id="7"), "queued", {"id_schema": NUMBER}, {"job": 7, "state": "queued"}),
        (
            properties(data=properties(id=TEXT, state=TEXT)),
            task_of(),
            "queued",
            {"submitted": "/data/id", "state": "/data/state"},
            {"data": {"id": "id-456789", "state": "queued"}},
        ),
        (properties(state={"type": "boolean"}), task_of(), "false", {}, {"state": False}),
        (properties(state={"$ref": "#/components/schemas/Number"}), task_of(), "2", {}, {"state": 2}),
        (properties(state=TEXT), task_of(), "2", {}, {"state": "2"}),
    ],
)  # fmt: skip
def test_what_a_poll_reports(schema: Any, task: Task, state: str, more: Any, wanted: Any) -> None:
    """Required fields, the id if documented, the state in its type, and the result at the end."""
    assert poll_body(schema, task, state, **more) == wanted


DATES: Any = dict.fromkeys(
    ("createdAt", "SubmittedAt", "started_at", "finishedAt", "CompletedAt", "endedAt", "at"), DATE
)


def test_the_dates_of_a_task() -> None:
    """Date fields named after a beginning or an end."""
    begun = dict.fromkeys(("createdAt", "SubmittedAt", "started_at"), "2026-01-01T00:00:00.000Z")
    ended = dict.fromkeys(("finishedAt", "CompletedAt", "endedAt"), "2026-01-01T00:00:02.000Z")
    schema = properties(**DATES, createdBy=TEXT, finishedBy=TEXT)
    assert poll_body(schema, task_of(), "queued") == {"state": "queued", **begun}
    assert poll_body(schema, finished_task("no-url")) == {"state": "done", **begun, **ended}


ERROR = {"message": "/error/text", "code": "/code", "trace": "/trace"}
WHY = "the script of this task ends it as burnt"


@pytest.mark.parametrize(
    ("script", "state", "schema", "error", "wanted"),
    [
        ("failure", "burnt", {}, ERROR, {"trace": "trace-id-45678", "error": {"text": WHY}, "code": 5000}),
        ("failure", "burnt", properties(code=TEXT), {"code": "/code"}, {"code": "5000"}),
        ("failure", "burnt", {}, {"message": "/why"}, {"why": WHY}),
        ("failure", "burnt", {}, {"code": "/code"}, {"code": 5000}),
        ("failure", "burnt", {}, {}, {}),
        ("cancelled", "gone", {}, {"message": "/why", "code": "/code"}, {"why": WHY.replace("burnt", "gone")}),
        ("success", "done", {}, ERROR, {"trace": "trace-id-45678", "url": URL}),
    ],
)  # fmt: skip
def test_what_a_failed_task_reports(script: str, state: str, schema: Any, error: Any, wanted: Any) -> None:
    """Message and code of a failure, and the trace id of any task, where the waiter says."""
    assert poll_body(schema, finished_task(script), state, error=error) == {"state": state, **wanted}


@pytest.mark.parametrize(
    ("schema", "pointer", "before", "wanted"),
    [
        ({}, "/url", {}, {"url": "U"}),
        ({}, "/urls", {"a": 1}, {"a": 1, "urls": ["U"]}),
        (properties(urls=TEXT), "/urls", {}, {"urls": "U"}),
        (properties(urls={"type": "array"}), "/urls", {}, {"urls": ["U"]}),
        ({"properties": {"urls": {"type": "array", "items": {"type": "array"}}}}, "/urls", {}, {"urls": [["U"]]}),
        (properties(url={"type": ["array", "null"], "items": TEXT}), "/url", {}, {"url": ["U"]}),
        (properties(list={"type": "array"}), "/list/0/url", {}, {"list": [{"url": "U"}]}),
        (
            properties(list={"type": "array", "items": properties("n", n=NUMBER)}),
            "/list/url",
            {"list": [5]},
            {"list": [{"n": 1, "url": "U"}]},
        ),
        (properties(data=properties("n", n=NUMBER)), "/data/url", {}, {"data": {"n": 1, "url": "U"}}),
        (properties(data=properties("n", n=NUMBER)), "/data/url", {"data": {"m": 2}}, {"data": {"m": 2, "url": "U"}}),
        (properties(data=TEXT), "/data/url", {"data": "x"}, {"data": {"url": "U"}}),
        ({"allOf": [properties(data={"allOf": [properties(urls={})]})]}, "/data/urls", {}, {"data": {"urls": ["U"]}}),
        (True, "/a/b", {"a": {"c": 1}}, {"a": {"c": 1, "b": "U"}}),
    ],
)
def test_the_place_of_a_result(schema: Any, pointer: str, before: Any, wanted: Any) -> None:
    """In the first item of a list, beside what is there already."""
    Output(Schemas(spec_for({})), schema, pointer).put(before, "U")
    assert before == wanted
    assert json.loads(json.dumps(before)) == wanted
