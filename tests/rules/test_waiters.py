"""Waiters and the submits that lead to them: generated as data, compared with the document, refused where wrong."""

from __future__ import annotations

import copy
import re
from typing import Any

import pytest
from rulewright.errors import InputError
from rulewright.generate.names import Names, OperationName
from rulewright.generate.waiters import read_waiters, waiters_module
from rulewright.openapi.operations import operations
from rulewright.openapi.tasks import INFERRED, submits, task_links, with_task_links

from tests.rules.compiling import run

WAITER: dict[str, Any] = {
    "name": "print job",
    "id": {"parameter": "job", "submitted": "/data/id"},
    "state": "/state",
    "acceptors": {"new": "retry", "done": "success", "gone": "failure"},
    "delay": {"first": 1, "factor": 1.5, "max": 20},
    "deadline": 600,
}
MORE: dict[str, Any] = {
    "grace": {"not_found": 30},
    "outputs": ["/result/urls", "/a~1b"],
    "error": {"message": "/why", "code": "/code", "trace": "/trace"},
    "reasons": ["/error"],
    "x-note": "ours",
}
STATES: dict[str, Any] = {"properties": {"state": {"enum": ["new", "done", "gone"]}}}
SUBMIT, POLL = ("post", "/jobs"), ("get", "/jobs/{job}")


def document(waiter: Any = WAITER, answer: Any = STATES, parameters: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return a document with a submit, whose link leads to a poll that carries a waiter."""
    link = {"operationId": "getJob", **({"parameters": parameters} if parameters else {})}
    submit = {
        "operationId": "startJob",
        "responses": {"201": {"links": {"poll": link, "else": {"operationId": "other"}}}, "400": {}, "default": None},
    }
    poll = {
        "operationId": "getJob",
        "x-waiter": waiter,
        "responses": {"404": {}, "200": {"content": {"application/json": {"schema": answer}}}},
    }
    return {
        "paths": {
            "/jobs": {"post": submit, "get": {"operationId": "list", "responses": {"200": {"links": {"l": {}}}}}},
            "/jobs/{job}": {"get": poll},
        },
        "components": {"Job": {"$ref": "#/components/Real"}, "Real": STATES},
    }


def names(given: dict[str, str] | None = None, asked: dict[str, tuple[str, bool]] | None = None) -> Names:
    """Return the generated names: arguments of the submit, and of the poll with whether each is required."""
    given, asked = given or {}, asked or {"path:job": ("job_id", True)}
    arguments = {key: name for key, (name, _) in asked.items()}
    types = {key: ("str", needed) for key, (_, needed) in asked.items()}
    return Names(
        {},
        frozenset(),
        (
            OperationName("a", *SUBMIT, given, {}, "Any", {}),
            OperationName("b", *POLL, arguments, types, "Any", {}),
        ),
    )


def generate(value: Any, known: Names | None = None) -> Any:
    """Return the generated module of waiters."""
    return run(waiters_module(value, known or names()))


def test_a_waiter_is_data_of_the_client() -> None:
    """Numbers are floats, pointers are tuples of names, and undeclared parts are empty."""
    made = generate(document(WAITER | MORE))
    waiter = made.WAITERS["getJob"]
    assert (waiter.name, waiter.operation, waiter.argument) == ("print job", "getJob", "job_id")
    assert (waiter.submitted, waiter.state, waiter.acceptors) == (("data", "id"), ("state",), WAITER["acceptors"])
    assert (waiter.first, waiter.factor, waiter.max, waiter.deadline) == (1.0, 1.5, 20.0, 600.0)
    assert (waiter.not_found_grace, waiter.outputs) == (30.0, (("result", "urls"), ("a/b",)))
    assert (waiter.error_message, waiter.error_code, waiter.trace) == (("why",), ("code",), ("trace",))
    assert waiter.reasons == (("error",),)
    assert (made.SUBMITS, made.POLL_ARGUMENTS, made.TASKS) == ({"startJob": "getJob"}, {}, {})
    bare = generate(document()).WAITERS["getJob"]
    assert (bare.not_found_grace, bare.outputs, bare.reasons) == (0.0, (), ())
    assert (bare.error_message, bare.error_code, bare.trace) == (None, None, None)


def test_a_submit_links_to_a_poll() -> None:
    """A link to an operation without a waiter starts no task."""
    assert list(submits(document())) == [("startJob", "getJob")]
    value = document()
    del value["paths"]["/jobs/{job}"]["get"]["x-waiter"]
    assert list(submits(value)) == []
    assert read_waiters(value) == ()
    value["paths"]["/jobs"]["post"].pop("responses")
    assert list(submits(value)) == []


def test_links_are_found_behind_references() -> None:
    """The response, the link or both may be references; their arguments count."""
    value = document(parameters={"store": "$request.path.shop"})
    responses = value["paths"]["/jobs"]["post"]["responses"]
    value["components"] |= {"Poll": responses["201"]["links"]["poll"], "Started": responses["201"]}
    responses["201"]["links"] = {"poll": {"$ref": "#/components/Poll"}}
    known = names({"path:shop": "shop"}, {"path:job": ("job_id", True), "query:store": ("store", True)})
    for response in (responses["201"], {"$ref": "#/components/Started"}):
        responses["201"] = response
        made = generate(value, known)
        assert (made.SUBMITS, made.POLL_ARGUMENTS) == ({"startJob": "getJob"}, {"startJob": {"store": "shop"}})


def share_arguments(asked: dict[str, tuple[str, bool]], links: dict[str, str]) -> dict[str, str]:
    """Return the arguments that a poll shares with its submit."""
    given = {"path:shop": "shop", "header:token": "token_1", "query:lang": "lang"}
    made = generate(document(parameters=links), names(given, {"path:job": ("job_id", True), **asked}))
    shared: dict[str, str] = made.POLL_ARGUMENTS.get("startJob", {})
    return shared


@pytest.mark.parametrize(
    ("asked", "links", "shared"),
    [
        ({}, {}, {}),
        ({"path:shop": ("shop_id", True)}, {}, {"shop_id": "shop"}),
        ({"query:store": ("store", True)}, {"store": "$request.path.shop"}, {"store": "shop"}),
        ({"header:key": ("key", True)}, {"key": "$request.header.token"}, {"key": "token_1"}),
        ({"path:lang": ("words", False)}, {"lang": "$request.query.lang"}, {"words": "lang"}),
        ({"path:lang": ("words", False)}, {}, {}),
        ({"query:job": ("again", True)}, {"job": "$request.path.shop"}, {}),
        ({"query:a:b": ("ab", True)}, {"a:b": "$request.path.shop"}, {"ab": "shop"}),
    ],
)
def test_arguments_that_a_poll_shares_with_its_submit(
    asked: dict[str, tuple[str, bool]], links: dict[str, str], shared: dict[str, str]
) -> None:
    """Take the arguments of the link, or else parameters of equal place and name; the id comes from the response."""
    assert share_arguments(asked, links) == shared


@pytest.mark.parametrize("link", [{}, {"store": "$response.body#/shop"}, {"store": "$request.path.none"}])
def test_an_argument_of_the_poll_without_a_source_is_an_error(link: dict[str, str]) -> None:
    """The error shows how to declare the source."""
    with pytest.raises(InputError) as caught:
        share_arguments({"path:store": ("store", True)}, link)
    assert str(caught.value) == (
        "x-waiter: getJob also needs 'store'; let the link of startJob say where it comes from, such as "
        "$request.path.store\n  at /paths/~1jobs~1{job}/get/x-waiter"
    )


LONG = "x" * 100
GONE: Any = object()
"""Stands for a key that is missing."""
NUMBER, POINTERS = "must be a number above zero, got", "must be a list of JSON pointers, got"
WRONG: list[tuple[Any, str]] = [
    (7, "must be an object"),
    ({"speed": 1}, "does not know 'speed'"),
    *(
        ({missing: GONE}, f"lacks {missing!r}")
        for missing in ("name", "id", "state", "acceptors", "delay", "deadline")
    ),
    *(
        ({"id": value}, "id must be an object with parameter, submitted, or with parameter, address")
        for value in ("job", {"parameter": "job"}, {"parameter": "job", "submitted": "/id", "more": 1})
    ),
    ({"id": {"parameter": 1, "submitted": "/id"}}, "parameter must be text, got 1"),
    ({"id": {"parameter": "job", "submitted": "/"}}, "submitted must be text, got '/'"),
    ({"id": {"parameter": "job", "submitted": "/a~2"}},
     "submitted must be a JSON pointer, such as /state, got '/a~2'"),
    ({"id": {"parameter": "$request.body#/job", "submitted": "/id"}},
     "id.parameter: the body of getJob has no field 'job'"),
    ({"name": 7}, "name must be text, got 7"),
    ({"name": " - "}, "name must be text, got ' - '"),
    ({"state": [LONG]}, f"state must be text, got ['{'x' * 58}"),
    ({"state": "state"}, "state must be a JSON pointer, such as /state, got 'state'"),
    ({"state": LONG}, f"state must be a JSON pointer, such as /state, got '{'x' * 59}"),
    ({"state": "/status"}, "state '/status' is not a field of the answer"),
    ({"state": "$statusCode"}, "the spec lists the state '200', which has no acceptor"),
    ({"error": {"message": None}}, "message must be text, got None"),
    ({"error": {"trace": "id"}}, "trace must be a JSON pointer, such as /state, got 'id'"),
    *(
        ({"error": value}, "error must be an object with nothing but message, code, trace")
        for value in (None, "/why", {"message": "/why", "text": "/why"})
    ),
    *(
        ({"grace": value}, "grace must be an object with nothing but not_found")
        for value in (30, {"not_found": 30, "more": 1})
    ),
    *(
        ({"grace": {"not_found": value}}, f"not_found must be zero or a number above it, got {value!r}")
        for value in (-1, "30", True, None)
    ),
    ({"outputs": [""]}, f"outputs {POINTERS} ['']"),
    ({"outputs": "/url"}, f"outputs {POINTERS} '/url'"),
    ({"outputs": ["/a", "url"]}, f"outputs {POINTERS} ['/a', 'url']"),
    ({"reasons": ["/a~2"]}, f"reasons {POINTERS} ['/a~2']"),
    ({"reasons": "/why"}, f"reasons {POINTERS} '/why'"),
    ({"reasons": [7]}, f"reasons {POINTERS} [7]"),
    ({"reasons": [LONG]}, f"reasons {POINTERS} ['{'x' * 58}"),
    *(({"deadline": value}, f"deadline {NUMBER} {value!r}") for value in (0, -1, "600", True, None)),
    ({"delay": 5}, "delay must be an object with first, factor, max"),
    ({"delay": {"first": 1, "factor": 2}}, "delay must be an object with first, factor, max"),
    *(({"delay": {**WAITER["delay"], key: 0}}, f"{key} {NUMBER} 0") for key in ("first", "factor", "max")),
    *(
        ({"delay": {**WAITER["delay"], **delay}},
         "delays must not shrink: factor is at least 1 and max at least first")
        for delay in ({"factor": 0.9}, {"first": 21})
    ),
    ({"acceptors": ["done"]}, "acceptors must be an object with the fate of each state, got ['done']"),
    ({"acceptors": LONG}, f"acceptors must be an object with the fate of each state, got '{'x' * 59}"),
    ({"acceptors": {**WAITER["acceptors"], "new": "wait"}},
     "acceptor of 'new' must be one of retry, success, failure, cancelled, timeout, got 'wait'"),
    ({"acceptors": {**WAITER["acceptors"], "done": "retry"}},
     "no state is accepted as success, so a wait could never end well"),
    ({"acceptors": {"new": "retry", "done": "success"}}, "the spec lists the state 'gone', which has no acceptor"),
    ({"acceptors": {**WAITER["acceptors"], "odd": "failure"}},
     "there is an acceptor for 'odd', which the spec does not list"),
    ({"encoding": "hex"}, "encoding must be base64, got 'hex'"),
    ({"result": "getFile"}, "result must be an object with operationId and, if need be, parameters, as a link is"),
    ({"result": {"operationId": "getFile"}}, "result: there is no GET operation 'getFile'"),
    ({"result": {"operationId": "startJob"}}, "result: there is no GET operation 'startJob'"),
    ({"result": {"operationId": "list", "parameters": {"a": "/b"}}}, "result.parameters: list has no parameter 'a'"),
    ({"result": {"operationId": "list", "link": 1}}, "result does not know 'link'"),
]  # fmt: skip
"""Changes of a waiter that are wrong, and what is said about them."""


@pytest.mark.parametrize(("changes", "message"), WRONG)
def test_a_malformed_waiter_is_refused(changes: Any, message: str) -> None:
    """The error has the reason and the pointer."""
    waiter = changes
    if isinstance(changes, dict):
        waiter = {key: value for key, value in {**WAITER, **changes}.items() if value is not GONE}
    with pytest.raises(InputError) as caught:
        read_waiters(document(waiter))
    assert str(caught.value) == f"x-waiter {message}\n  at /paths/~1jobs~1{{job}}/get/x-waiter"


@pytest.mark.parametrize(
    "changes",
    [
        *({"grace": {"not_found": grace}} for grace in (0, 0.5, 1)),
        *(
            {"delay": {**WAITER["delay"], **delay}}
            for delay in ({"factor": 1}, {"first": 20}, {"first": 0.5, "factor": 1.0, "max": 0.5})
        ),
    ],
)
def test_numbers_at_their_bounds_are_accepted(changes: dict[str, Any]) -> None:
    """A grace may be zero, and delays may be constant."""
    assert len(read_waiters(document({**WAITER, **changes}))) == 1


def test_the_id_must_be_a_parameter_of_the_poll() -> None:
    """Its location does not matter."""
    made = generate(document(), names(asked={"query:job": ("number", True)}))
    assert made.WAITERS["getJob"].argument == "number"
    odd = {**WAITER, "id": {"parameter": "a:b", "submitted": "/id"}}
    assert generate(document(odd), names(asked={"query:a:b": ("ab", True)})).WAITERS["getJob"].argument == "ab"
    with pytest.raises(InputError, match=r"x-waiter id\.parameter 'job' is not a parameter of getJob"):
        generate(document(), names(asked={"query:task": ("task", False)}))


def test_acceptors_match_the_states_of_the_document() -> None:
    """States are read at any depth and behind references; without an enum any acceptors are allowed."""
    few = {**WAITER, "acceptors": {"done": "success"}}
    deep = {**WAITER, "state": "/job/state"}
    answer = {"properties": {"job": {"$ref": "#/components/Job"}}}
    assert len(read_waiters(document(deep, answer))) == 1
    with pytest.raises(InputError, match="lists the state 'new'"):
        read_waiters(document({**few, "state": "/job/state"}, answer))
    assert len(read_waiters(document(few, {"properties": {"state": {"type": "string"}}}))) == 1


LISTED: list[tuple[Any, list[str]]] = [
    ({"enum": ["new", "done"]}, ["new", "done"]),
    ({"enum": [1, 2.5, False, None]}, ["1", "2.5", "false"]),
    ({"type": "boolean"}, ["false", "true"]),
    ({"type": ["boolean", "null"]}, ["false", "true"]),
    ({"type": "boolean", "enum": [True]}, ["true"]),
    ({"$ref": "#/components/State"}, ["on", "off"]),
    ({"allOf": [{"type": "string"}, {"$ref": "#/components/State"}, {"enum": ["on"]}]}, ["on", "off"]),
    ({"allOf": [{"allOf": [{"enum": ["on"]}]}, {"enum": ["off"]}]}, ["on"]),
    ({"allOf": [{"$ref": "#/components/Itself"}, {"enum": ["on"]}]}, ["on"]),
    ({"enum": ["on"], "allOf": [{"enum": ["off"]}]}, ["on"]),
]


@pytest.mark.parametrize(("schema", "states"), LISTED)
def test_the_states_a_schema_lists(schema: Any, states: list[str]) -> None:
    """States are text without null, from the schema or the first member of its allOf that lists any."""

    def read(accepted: list[str]) -> int:
        waiter = {**WAITER, "acceptors": dict.fromkeys(accepted, "success")}
        value = document(waiter, {"properties": {"state": schema}})
        value["components"] |= {
            "State": {"enum": ["on", "off"]},
            "Itself": {"allOf": [{"$ref": "#/components/Itself"}]},
        }
        return len(read_waiters(value))

    assert read(states) == 1
    for index, state in enumerate(states):
        others = states[:index] + states[index + 1 :]
        with pytest.raises(InputError, match=re.escape(f"the spec lists the state {state!r}, which has no acceptor")):
            read([*others, "else"])
    with pytest.raises(InputError, match="there is an acceptor for 'else', which the spec does not list"):
        read([*states, "else"])


@pytest.mark.parametrize(
    "schema",
    [
        {"allOf": [{"properties": {"id": {}}}, STATES]},
        {"allOf": [{"allOf": [{"$ref": "#/components/Job"}]}]},
        {"properties": {"id": {}}, "allOf": [{"$ref": "#/components/Job"}]},
        {"allOf": [{"$ref": "#/components/Itself"}, True, STATES, {"properties": {"state": {"enum": ["other"]}}}]},
        {**STATES, "allOf": [{"properties": {"state": {"enum": ["other"]}}}]},
    ],
)
def test_a_field_may_stand_in_a_member_of_all_of(schema: Any) -> None:
    """The first member that has the field counts; recursive members are ignored."""
    value = document(answer=schema)
    value["components"]["Itself"] = {"allOf": [{"$ref": "#/components/Itself"}]}
    assert len(read_waiters(value)) == 1


OTHER: dict[str, Any] = {"schema": {"properties": {"other": {}}}}
GOOD: dict[str, Any] = {"content": {"application/json": {"schema": STATES}}}


@pytest.mark.parametrize(
    "responses",
    [
        {"default": GOOD},
        {"default": {"content": {"application/json": OTHER}}, "200": GOOD},
        {"202": GOOD, "200": {"content": {"application/json": OTHER}}},
        {"200": {"$ref": "#/components/Answer"}},
        {"200": {"content": {"text/plain": OTHER, "application/problem+json": {"schema": STATES}}}},
        {"200": {"content": {"text/plain": OTHER, "*/*": {"schema": STATES}}}},
        {"200": {"content": {"text/plain": OTHER, "application/*": {"schema": STATES}, "application/json": OTHER}}},
    ],
)
def test_the_response_of_a_poll_is_the_first_json(responses: Any) -> None:
    """Take the first described success, or else the default response."""
    value = document()
    value["paths"]["/jobs/{job}"]["get"]["responses"] = responses
    value["components"]["Answer"] = GOOD
    assert len(read_waiters(value)) == 1


FILE: dict[str, Any] = {"properties": {"kind": {}, "videoURL": {}, "thumbUrl": {}}}
FILES: dict[str, Any] = {
    "text": {"type": "string"},
    "any": {},
    "true": True,
    "urls": {"type": "array", "items": {"type": "string"}},
    "file": FILE,
    "files": {"type": "array", "items": FILE},
    "maybe": {"type": ["array", "null"], "items": {"$ref": "#/components/File"}},
    "groups": {"items": {"properties": {"files": {"$ref": "#/components/Files"}, "title": {}}}},
    "parts": {"allOf": [{"$ref": "#/components/File"}, {"properties": {"id": {}, "kind": {}}}]},
    "plain": {"properties": {"name": {}, "bytes": {}}},
    "endless": {"$ref": "#/components/Endless"},
}


def read_outputs(*places: str) -> None:
    """Read a waiter whose outputs stand at some places of an answer."""
    answer = {"allOf": [STATES, {"$ref": "#/components/Result"}]}
    value = document({**WAITER, "outputs": [*places]}, answer)
    value["components"] |= {
        "File": FILE,
        "Files": {"type": "array", "items": {"$ref": "#/components/File"}},
        "Endless": {"type": "array", "items": {"$ref": "#/components/Endless"}},
        "Result": {"properties": FILES},
    }
    value["components"]["Answer"] = value["paths"]["/jobs/{job}"]["get"]["responses"]["200"]
    value["paths"]["/jobs/{job}"]["get"]["responses"]["200"] = {"$ref": "#/components/Answer"}
    read_waiters(value)


def test_outputs_are_urls_or_fields_that_hold_them() -> None:
    """Outputs may be texts, lists of texts and fields of objects; undescribed fields are accepted."""
    read_outputs(
        "/text", "/any", "/true", "/true/url", "/urls", "/urls/0", "/file/videoURL", "/files/thumbUrl",
        "/files/12/thumbUrl", "/maybe/videoURL", "/groups/files/videoURL", "/groups/0/files/1/videoURL", "/parts/id",
        "/endless", "/endless/0/url", "/none", "/none/url",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("place", "field"),
    [
        ("/file", "videoURL"),
        ("/files", "videoURL"),
        ("/files/0", "videoURL"),
        ("/maybe", "videoURL"),
        ("/groups", "files"),
        ("/groups/10", "files"),
        ("/groups/files", "videoURL"),
        ("/groups/0/files", "videoURL"),
        ("/groups/0/files/1", "videoURL"),
        ("/parts", "videoURL"),
        ("/plain", "name"),
    ],
)
def test_an_output_that_is_an_object_is_refused(place: str, field: str) -> None:
    """The error suggests the first field named like a URL, or else the first field."""
    with pytest.raises(InputError) as caught:
        read_outputs("/text", place)
    assert str(caught.value) == (
        f"x-waiter outputs: at {place} stand objects; name the field of theirs that holds the URL, "
        f"such as {place}/{field}\n  at /paths/~1jobs~1{{job}}/get/x-waiter"
    )


@pytest.mark.parametrize("responses", [None, {}, {"500": {}}, {"200": {}}, {"202": {"content": {"text/plain": {}}}}])
def test_an_undescribed_response_has_no_state(responses: Any) -> None:
    """The document must describe the state of a success."""
    value = document()
    poll = value["paths"]["/jobs/{job}"]["get"]
    if responses is None:
        del poll["responses"]
    else:
        poll["responses"] = responses
    with pytest.raises(InputError, match="state '/state' is not a field of the answer"):
        read_waiters(value)


STARTED = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Started"}}}}


def with_second(method: str = "post", **more: Any) -> dict[str, Any]:
    """Return a document with a linked submit and one more operation that has the same answer."""
    value = document()
    answer = value["paths"]["/jobs"]["post"]["responses"]["201"]
    answer |= copy.deepcopy(STARTED)
    value["components"].setdefault("schemas", {})["Started"] = {"type": "object"}
    value["paths"]["/copies"] = {
        method: {"operationId": "copyJob", "responses": {"202": copy.deepcopy(STARTED)}, **more}
    }
    return value


def test_a_response_like_that_of_a_linked_submit_needs_no_link() -> None:
    """The link is added and marked as inferred; the document is not changed."""
    value = with_second()
    before = copy.deepcopy(value)
    found = with_task_links(value)
    assert value == before
    assert list(submits(found)) == [("startJob", "getJob"), ("copyJob", "getJob")]
    assert [INFERRED in link for _, _, link in task_links(found)] == [False, True]


@pytest.mark.parametrize(
    ("method", "more"),
    [
        ("get", {}),
        ("delete", {}),
        ("post", {"x-task": False}),
        ("post", {"responses": {"202": {"description": "Other."}}}),
        ("post", {"responses": {"202": {**STARTED, "links": {"other": {"operationId": "else"}}}}}),
    ],
    ids=["asks", "deletes", "denied", "another answer", "linked elsewhere"],
)
def test_other_operations_get_no_link(method: str, more: dict[str, Any]) -> None:
    """GET and DELETE, `x-task: false`, another response, and a response with a link."""
    value = with_second(method, **more)
    assert with_task_links(value) is value


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"acceptors": {}}, "x-task must be false, or an object with nothing but deadline, delay, outputs"),
        (7, "x-task must be false, or an object with nothing but deadline, delay, outputs"),
        ({"outputs": ["result"]}, "x-task outputs must be a list of JSON pointers"),
        ({"deadline": 0}, "x-task deadline must be a number above zero"),
    ],
)
def test_a_malformed_x_task_is_an_error(changes: Any, words: str) -> None:
    """The error names the operation and what is allowed."""
    value = document()
    value["paths"]["/jobs"]["post"]["x-task"] = changes
    with pytest.raises(InputError, match=words) as caught:
        generate(value)
    assert caught.value.pointer == "/paths/~1jobs/post/x-task"


def test_x_task_without_a_task_is_an_error() -> None:
    """It would have no effect."""
    value = document()
    value["paths"]["/jobs"]["post"].pop("responses")
    value["paths"]["/jobs"]["post"]["x-task"] = {"deadline": 9}
    assert [each.id for each in operations(value)]
    with pytest.raises(InputError, match="starts no task"):
        generate(value)


def test_a_submit_may_have_outputs_of_its_own() -> None:
    """The shared waiter has the outputs of all submits."""
    value = document()
    value["paths"]["/jobs"]["post"]["x-task"] = {"outputs": ["/result/pictures"], "deadline": 9}
    made = generate(value)
    own, shared = made.TASKS["startJob"], made.WAITERS["getJob"]
    assert (own.outputs, own.deadline) == ((("result", "pictures"),), 9.0)
    assert (shared.outputs, shared.deadline) == ((("result", "pictures"),), 600.0)
