"""Waiters: written as data, and refused where the declaration is wrong."""

from __future__ import annotations

import ast
from typing import Any

import pytest
from rulewright.errors import InputError
from rulewright.generate.names import Names, OperationName
from rulewright.generate.waiters import read_waiters, waiters_module
from rulewright.openapi.tasks import submits

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


def read_assignments(value: Any, known: Names | None = None) -> dict[str, str]:
    """Return the source text assigned to each name of the module."""
    tree = ast.parse(waiters_module(value, known or names()))
    found = [node for node in tree.body if isinstance(node, ast.AnnAssign)]
    return {ast.unparse(node.target): ast.unparse(node.value) for node in found if node.value}


def test_a_waiter_is_written_as_data() -> None:
    """Numbers are floats, pointers are tuples of names, and undeclared parts are empty."""
    assert read_assignments(document(WAITER | MORE)) == {
        "PRINT_JOB": (
            "Waiter(name='print job', operation='getJob', argument='job_id', submitted=('data', 'id'), "
            "state=('state',), acceptors={'new': 'retry', 'done': 'success', 'gone': 'failure'}, first=1.0, "
            "factor=1.5, max=20.0, deadline=600.0, not_found_grace=30.0, outputs=(('result', 'urls'), ('a/b',)), "
            "error_message=('why',), error_code=('code',), trace=('trace',), reasons=(('error',),))"
        ),
        "WAITERS": "{'getJob': PRINT_JOB}",
        "TASKS": "{}",
        "SUBMITS": "{'startJob': 'getJob'}",
        "POLL_ARGUMENTS": "{}",
    }
    assert read_assignments(document())["PRINT_JOB"].endswith(
        "not_found_grace=0.0, outputs=(), error_message=None, error_code=None, trace=None, reasons=())"
    )


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
        made = read_assignments(value, known)
        assert made["SUBMITS"] == "{'startJob': 'getJob'}"
        assert made["POLL_ARGUMENTS"] == "{'startJob': {'store': 'shop'}}"


def find_shared_arguments(asked: dict[str, tuple[str, bool]], **links: str) -> dict[str, str]:
    """Return the arguments that a poll shares with its submit."""
    given = {"path:shop": "shop", "header:token": "token_1", "query:lang": "lang"}
    source = read_assignments(document(parameters=links), names(given, {"path:job": ("job_id", True), **asked}))
    shared: dict[str, dict[str, str]] = ast.literal_eval(source["POLL_ARGUMENTS"])
    return shared.get("startJob", {})


def test_arguments_that_a_poll_shares_with_its_submit() -> None:
    """Take the arguments of the link, or else parameters of equal place and name; the id comes from the response."""
    assert find_shared_arguments({}) == {}
    assert find_shared_arguments({"path:shop": ("shop_id", True)}) == {"shop_id": "shop"}
    assert find_shared_arguments({"query:store": ("store", True)}, store="$request.path.shop") == {"store": "shop"}
    assert find_shared_arguments({"header:key": ("key", True)}, key="$request.header.token") == {"key": "token_1"}
    assert find_shared_arguments({"path:lang": ("words", False)}, lang="$request.query.lang") == {"words": "lang"}
    assert find_shared_arguments({"path:lang": ("words", False)}) == {}
    assert find_shared_arguments({"query:job": ("again", True)}, job="$request.path.shop") == {}
    assert find_shared_arguments({"query:a:b": ("ab", True)}, **{"a:b": "$request.path.shop"}) == {"ab": "shop"}


@pytest.mark.parametrize("link", [{}, {"store": "$response.body#/shop"}, {"store": "$request.path.none"}])
def test_an_argument_of_the_poll_without_a_source_is_an_error(link: dict[str, str]) -> None:
    """The error shows how to declare the source."""
    with pytest.raises(InputError) as caught:
        find_shared_arguments({"path:store": ("store", True)}, **link)
    assert str(caught.value) == (
        "x-waiter: getJob also needs 'store'; let the link of startJob say where it comes from, such as "
        "$request.path.store\n  at /paths/~1jobs~1{job}/get/x-waiter"
    )


LONG = "x" * 100
WRONG: list[tuple[Any, str]] = [
    (7, "must be an object"),
    ({**WAITER, "speed": 1}, "does not know 'speed'"),
    *(
        ({key: value for key, value in WAITER.items() if key != missing}, f"lacks {missing!r}")
        for missing in ("name", "id", "state", "acceptors", "delay", "deadline")
    ),
    *(
        ({**WAITER, "id": value}, "id must be an object with parameter, submitted, or with parameter, address")
        for value in ("job", {"parameter": "job"}, {"parameter": "job", "submitted": "/id", "more": 1})
    ),
    *(
        ({**WAITER, "delay": value}, "delay must be an object with first, factor, max")
        for value in (5, {"first": 1, "factor": 2})
    ),
    ({**WAITER, "name": 7}, "name must be text, got 7"),
    ({**WAITER, "name": " - "}, "name must be text, got ' - '"),
    ({**WAITER, "state": [LONG]}, f"state must be text, got ['{'x' * 58}"),
    ({**WAITER, "id": {"parameter": 1, "submitted": "/id"}}, "parameter must be text, got 1"),
    ({**WAITER, "id": {"parameter": "job", "submitted": "/"}}, "submitted must be text, got '/'"),
    ({**WAITER, "error": {"message": None}}, "message must be text, got None"),
    *(
        ({**WAITER, "error": value}, "error must be an object with nothing but message, code, trace")
        for value in (None, "/why", {"message": "/why", "text": "/why"})
    ),
    *(
        ({**WAITER, "grace": value}, "grace must be an object with nothing but not_found")
        for value in (30, {"not_found": 30, "more": 1})
    ),
    *(
        ({**WAITER, "grace": {"not_found": value}}, f"not_found must be zero or a number above it, got {value!r}")
        for value in (-1, "30", True, None)
    ),
    ({**WAITER, "state": "state"}, "state must be a JSON pointer, such as /state, got 'state'"),
    ({**WAITER, "state": LONG}, f"state must be a JSON pointer, such as /state, got '{'x' * 59}"),
    (
        {**WAITER, "id": {"parameter": "job", "submitted": "/a~2"}},
        "submitted must be a JSON pointer, such as /state, got '/a~2'",
    ),
    ({**WAITER, "error": {"trace": "id"}}, "trace must be a JSON pointer, such as /state, got 'id'"),
    ({**WAITER, "outputs": [""]}, "outputs must be a list of JSON pointers, got ['']"),
    ({**WAITER, "reasons": ["/a~2"]}, "reasons must be a list of JSON pointers, got ['/a~2']"),
    ({**WAITER, "acceptors": ["done"]}, "acceptors must be an object with the fate of each state, got ['done']"),
    ({**WAITER, "acceptors": LONG}, f"acceptors must be an object with the fate of each state, got '{'x' * 59}"),
    ({**WAITER, "outputs": "/url"}, "outputs must be a list of JSON pointers, got '/url'"),
    ({**WAITER, "outputs": ["/a", "url"]}, "outputs must be a list of JSON pointers, got ['/a', 'url']"),
    ({**WAITER, "reasons": "/why"}, "reasons must be a list of JSON pointers, got '/why'"),
    ({**WAITER, "reasons": [7]}, "reasons must be a list of JSON pointers, got [7]"),
    ({**WAITER, "reasons": [LONG]}, f"reasons must be a list of JSON pointers, got ['{'x' * 58}"),
    *(
        ({**WAITER, "deadline": value}, f"deadline must be a number above zero, got {value!r}")
        for value in (0, -1, "600", True, None)
    ),
    *(
        ({**WAITER, "delay": {**WAITER["delay"], key: 0}}, f"{key} must be a number above zero, got 0")
        for key in ("first", "factor", "max")
    ),
    *(
        (
            {**WAITER, "delay": {**WAITER["delay"], **delay}},
            "delays must not shrink: factor is at least 1 and max at least first",
        )
        for delay in ({"factor": 0.9}, {"first": 21})
    ),
    (
        {**WAITER, "acceptors": {**WAITER["acceptors"], "new": "wait"}},
        "acceptor of 'new' must be one of retry, success, failure, cancelled, timeout, got 'wait'",
    ),
    (
        {**WAITER, "acceptors": {**WAITER["acceptors"], "done": "retry"}},
        "no state is accepted as success, so a wait could never end well",
    ),
    (
        {**WAITER, "acceptors": {"new": "retry", "done": "success"}},
        "the spec lists the state 'gone', which has no acceptor",
    ),
    (
        {**WAITER, "acceptors": {**WAITER["acceptors"], "odd": "failure"}},
        "there is an acceptor for 'odd', which the spec does not list",
    ),
    ({**WAITER, "state": "/status"}, "state '/status' is not a field of the answer"),
    ({**WAITER, "encoding": "hex"}, "encoding must be base64, got 'hex'"),
    ({**WAITER, "state": "$statusCode"}, "the spec lists the state '200', which has no acceptor"),
    (
        {**WAITER, "id": {"parameter": "$request.body#/job", "submitted": "/id"}},
        "id.parameter: the body of getJob has no field 'job'",
    ),
    (
        {**WAITER, "result": "getFile"},
        "result must be an object with operationId and, if need be, parameters, as a link is",
    ),
    ({**WAITER, "result": {"operationId": "getFile"}}, "result: there is no GET operation 'getFile'"),
    ({**WAITER, "result": {"operationId": "startJob"}}, "result: there is no GET operation 'startJob'"),
    (
        {**WAITER, "result": {"operationId": "list", "parameters": {"a": "/b"}}},
        "result.parameters: list has no parameter 'a'",
    ),
    ({**WAITER, "result": {"operationId": "list", "link": 1}}, "result does not know 'link'"),
]


@pytest.mark.parametrize(("waiter", "message"), WRONG)
def test_a_malformed_waiter_is_refused(waiter: Any, message: str) -> None:
    """The error has the reason and the pointer."""
    with pytest.raises(InputError) as caught:
        read_waiters(document(waiter))
    assert str(caught.value) == f"x-waiter {message}\n  at /paths/~1jobs~1{{job}}/get/x-waiter"


def test_the_id_must_be_a_parameter_of_the_poll() -> None:
    """Its location does not matter."""
    assert (
        "argument='number'" in read_assignments(document(), names(asked={"query:job": ("number", True)}))["PRINT_JOB"]
    )
    odd = {**WAITER, "id": {"parameter": "a:b", "submitted": "/id"}}
    assert "argument='ab'" in read_assignments(document(odd), names(asked={"query:a:b": ("ab", True)}))["PRINT_JOB"]
    with pytest.raises(InputError, match=r"x-waiter id\.parameter 'job' is not a parameter of getJob"):
        read_assignments(document(), names(asked={"query:task": ("task", False)}))


@pytest.mark.parametrize("grace", [0, 0.5, 1])
def test_a_grace_may_be_zero(grace: float) -> None:
    """Zero is also the default."""
    made = read_assignments(document({**WAITER, "grace": {"not_found": grace}}))["PRINT_JOB"]
    assert f"not_found_grace={float(grace)}, " in made


@pytest.mark.parametrize(
    "delay", [{"factor": 1}, {"first": 20}, {"first": 0.5, "factor": 1.0, "max": 0.5}], ids=["even", "at once", "short"]
)
def test_delays_may_be_constant(delay: dict[str, float]) -> None:
    """Delays must not shrink."""
    assert len(read_waiters(document({**WAITER, "delay": {**WAITER["delay"], **delay}}))) == 1
