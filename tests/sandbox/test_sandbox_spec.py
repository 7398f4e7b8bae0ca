"""Parse a document for the sandbox, and report what cannot be parsed."""

from __future__ import annotations

from typing import Any

import pytest
from rulewright.openapi.operations import METHODS, is_json
from rulewright.sandbox import SpecError
from rulewright.sandbox.spec import (
    Body,
    Link,
    Operation,
    Parameter,
    Spec,
    Success,
    Waiter,
)

from tests.sandbox.asking import spec_of

TEXT: Any = {"type": "string"}
WAITER: Any = {
    "id": {"parameter": "id", "submitted": "/id"},
    "state": "/state",
    "acceptors": {"queued": "retry", "done": "success", "baking": "retry", "burnt": "failure"},
    "outputs": ["/url", "/urls"],
    "error": {"message": "/why"},
}
RULE = {"id": "a-needs-b"}


def operation(value: Any, method: str = "get", path: str = "/a", shared: Any = None, **more: Any) -> Operation:
    """Parse one operation."""
    (found,) = spec_of({path: {method: value, **(shared or {})}}, **more).operations
    return found


def success(responses: Any, method: str = "get") -> Success:
    """Return the success response of an operation."""
    return operation({"responses": responses}, method).success


def test_an_operation_that_is_barely_described() -> None:
    """Everything else has its default."""
    assert operation({}) == Operation(
        method="GET",
        path="/a",
        name="get /a",
        provenance="published",
        security=(),
        parameters=(),
        body=None,
        success=Success(204, None),
        links=(),
        waiter=None,
        rules=(),
    )


FORM: Any = {"style": "form", "explode": True}


def test_an_operation_that_is_fully_described() -> None:
    """Its own values win over those of its path and of the document."""
    answer = {
        "content": {"application/json": {"schema": TEXT}},
        "links": {
            "next": {"$ref": "#/components/links/next"},
            "other": {"operationId": "other", "parameters": {"a": "$request.body#/a", "b": "$response.body#/b"}},
            "without": {"operationRef": "#/paths", "parameters": {"a": "$response.body#/a"}},
            "empty": {"operationId": "x", "parameters": None},
        },
    }
    said = {
        "operationId": "look",
        "x-certainty": "observed",
        "security": [{"a": [], "b": []}, {}],
        "parameters": [
            {"$ref": "#/components/parameters/id"},
            {"name": "q", "in": "query", "content": {"text/json": {}}},
        ],
        "requestBody": {"$ref": "#/components/requestBodies/body"},
        "responses": {"404": {}, 201: {"$ref": "#/components/responses/answer"}},
        "x-waiter": WAITER,
        "x-rules": [RULE],
    }
    components = {
        "parameters": {
            "id": {"name": "id", "in": "query", "required": True, "schema": {"$ref": "#/components/schemas/T"}}
        },
        "schemas": {"T": TEXT},
        "requestBodies": {
            "body": {"required": True, "content": {"Application/JSON; v=1": {"schema": TEXT}, "a/b": {}}}
        },
        "responses": {"answer": answer},
        "links": {"next": {"operationId": "look", "parameters": {"id": "$response.body#/data/id"}}},
    }
    of_path = {"parameters": [{"name": "id", "in": "query"}, {"name": "id", "in": "header", "schema": TEXT}]}
    found = operation(said, "post", "/a/{b}", of_path, components=components, security=[{"c": []}])
    assert found == Operation(
        method="POST",
        path="/a/{b}",
        name="look",
        provenance="observed",
        security=(("a", "b"), ()),
        parameters=(
            Parameter(
                "id", "query", required=True, schema={"$ref": "#/components/schemas/T"}, rule_name="query:id", **FORM
            ),
            Parameter("id", "header", required=False, schema=TEXT, rule_name="header:id"),
            Parameter("q", "query", required=False, schema={}, rule_name="q", **FORM),
        ),
        body=Body(required=True, media={"application/json": TEXT, "a/b": {}}),
        success=Success(201, TEXT),
        links=(Link("look", "/data/id"), Link("other", "/b"), Link("x", "")),
        waiter=Waiter(
            parameter="id",
            submitted="/id",
            id_schema=TEXT,
            state="/state",
            waiting=("queued", "baking"),
            ends={"done": "success", "burnt": "failure"},
            output="/url",
            error={"message": "/why"},
        ),
        rules=(RULE,),
    )


def test_what_an_operation_may_leave_out() -> None:
    """Security is then the document's; a waiter may have no result, error or parameter."""
    assert operation({}, security=[{"c": []}]).security == (("c",),)
    assert operation({"security": []}, security=[{"c": []}]).security == ()
    assert operation({"requestBody": {"content": None}}).body == Body(required=False, media={})
    assert operation(
        {"parameters": [{"name": "q", "in": "query", "content": {"application/json": {"schema": TEXT}}}]}
    ).parameters == (Parameter("q", "query", required=False, schema=TEXT, rule_name="q", **FORM, is_json=True),)
    short = {key: WAITER[key] for key in ("state", "acceptors")} | {"id": {"parameter": "id"}}
    waiter = operation({"x-waiter": short}).waiter
    assert waiter == Waiter(
        "id", "", {}, "/state", ("queued", "baking"), {"done": "success", "burnt": "failure"}, None, {}
    )


@pytest.mark.parametrize(
    ("responses", "wanted"),
    [
        ({"default": {}, "299": {}}, Success(299, None)),
        ({"302": {}, "default": {}}, Success(200, None)),
        ({"404": {}, "302": {}}, Success(302, None)),
        ({"2xx": {}, "201": {}}, Success(200, None)),
        ({"404": {}}, Success(204, None)),
        ({"3XX": {}, "1200": {}, "2000": {}}, Success(204, None)),
        ({"200": {"content": {"text/plain": {}, "application/json": {}}}}, Success(200, {})),
        ({"200": {"content": {"*/*": {"schema": TEXT}}}}, Success(200, TEXT)),
        ({"200": {"content": {"image/*": {}, "image/png": {}, "text/plain": {}}}}, Success(200, None, "image/png")),
        ({"200": {"content": {"image/*": {}}}}, Success(200, None, None)),
    ],
)
def test_which_response_answers_a_valid_request(responses: Any, wanted: Success) -> None:
    """The first success, the default, or a redirect; HEAD has no body."""
    assert success(responses) == wanted
    assert success(responses, "head") == Success(wanted.status, None)


@pytest.mark.parametrize(
    ("shown", "wanted"),
    [
        ({}, ()),
        ({"example": 1}, (1,)),
        ({"example": None}, (None,)),
        ({"examples": {"a": {"value": 1}, "b": {"value": None}}}, (1, None)),
        ({"example": 1, "examples": {"a": {"value": 2}}}, (1, 2)),
        ({"examples": {"a": {"$ref": "#/components/examples/kept"}}}, (7,)),
        ({"examples": {"a": {"summary": "elsewhere", "externalValue": "https://a.test/1"}, "b": "value"}}, ()),
        ({"examples": [1]}, ()),
        ({"examples": None}, ()),
    ],
)
def test_the_examples_of_a_response(shown: Any, wanted: tuple[Any, ...]) -> None:
    """The single one first; references are followed within the document."""
    content = {"text/plain": {"example": "no"}, "application/json": {"schema": TEXT, **shown}}
    found = operation(
        {"responses": {"200": {"content": content}}}, components={"examples": {"kept": {"value": 7}}}
    ).success
    assert found == Success(200, TEXT, examples=wanted)
    assert operation({"responses": {"200": {"content": {"text/plain": {"example": "no"}}}}}).success.examples == ()


def test_ignored_parameters() -> None:
    """Headers that OpenAPI ignores, and whole query strings."""
    given = [
        *({"in": "header", "name": name, "required": True} for name in ("Accept", "AUTHORIZATION", "content-type")),
        {"in": "querystring", "name": "all", "content": {}},
        {"in": "query", "name": "accept"},
        {"in": "header", "name": "Accept-Language"},
    ]
    found = operation({"parameters": given}).parameters
    assert [(each.place, each.name) for each in found] == [("query", "accept"), ("header", "Accept-Language")]


@pytest.mark.parametrize(
    ("media", "headers", "filler"),
    [
        (None, (), b""),
        ("Text/Plain; a=b", ((b"content-type", b"Text/Plain; a=b"),), b"text"),
        ("text/\xe9\N{SNOWMAN}", ((b"content-type", b"text/\xe9?"),), b"text"),
        ("image/png", ((b"content-type", b"image/png"),), bytes(8)),
    ],
)
def test_a_response_that_is_not_json_has_sample_content(media: str | None, headers: Any, filler: bytes) -> None:
    """It fits its media type."""
    found = Success(200, None, media)
    assert (found.content_type, found.filler) == (headers, filler)


@pytest.mark.parametrize(
    ("media", "json"),
    [
        ("application/json", True),
        (" Application/JSON ; charset=utf-8", True),
        ("application/problem+json", True),
        ("*/*", True),
        ("application/*", True),
        ("application/jsonl", False),
        ("text/*", False),
        ("text/plain; a=+json", False),
    ],
)
def test_which_media_types_are_json(media: str, json: bool) -> None:
    """Their parameters do not matter."""
    assert is_json(media) is json
    content = {"image/png": {}, media: {"schema": TEXT}}
    assert success({"200": {"content": content}}).schema == (TEXT if json else None)


@pytest.mark.parametrize(
    ("servers", "base"),
    [
        (None, ""),
        ([], ""),
        ([{}], ""),
        ([{"url": "https://a.test"}], ""),
        ([{"url": "https://a.test/v1//"}, {"url": "https://b.test/v2"}], "/v1"),
        ([{"url": "/v1/X/"}], "/v1/X"),
        (
            [{"url": "https://{a}/{b}{c}/{d}", "variables": {"b": {"default": "v"}, "c": {"default": 2}, "d": {}}}],
            "/v2",
        ),
    ],
)
def test_the_path_of_the_first_server_is_before_every_path(servers: Any, base: str) -> None:
    """Variables have their defaults."""
    assert spec_of(servers=servers).base_path == base


def test_operations_stand_in_the_order_of_the_document() -> None:
    """In a fixed order for one path; other keys of a path are no operations."""
    item = {"x-other": {}, "summary": "", **{method: {} for method in reversed(METHODS)}}
    paths = {"/b": item, "/a": {"$ref": "#/components/pathItems/a"}}
    found = spec_of(paths, components={"pathItems": {"a": {"get": {}}}}).operations
    assert [(each.method, each.path) for each in found] == [
        *((method.upper(), "/b") for method in METHODS),
        ("GET", "/a"),
    ]


DOCUMENT: Any = {
    "a": {"$ref": "#/b/c~1d"},
    "b": {"c/d": {"$ref": "#/list/1"}, "e~f": 1, "$ref": 5},
    "list": [{"$ref": "#/list"}, {"x": 2}],
    "self": {"$ref": "#/other"},
    "other": {"$ref": "#/self"},
    "null": None,
    "a b%": 3,
}


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("#/self", "#/self: the reference leads to itself"),
        *(
            (place, f"{place}: the reference leads nowhere")
            for place in ("#/no", "#/a/x", "#/list/2", "#/list/-1", "#/list/x", "#/list/1/x/y", "#/")
        ),
        *(
            (place, f"{place}: only references inside the document can be followed")
            for place in ("#", "a.json#/list", "https://a.test/")
        ),
    ],
)
def test_a_reference_that_cannot_be_followed(reference: str, message: str) -> None:
    """The error quotes it."""
    with pytest.raises(SpecError) as caught:
        spec_of(**DOCUMENT).resolve({"$ref": reference})
    assert str(caught.value) == message


ACCEPTORS = "#/paths/~1a~0b/get/x-waiter/acceptors: needs a state with 'retry' and one with 'success'"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        *(
            ({key: None}, f"#/paths/~1a~0b/get/x-waiter: '{key}' is missing or of the wrong kind")
            for key in ("id", "state", "acceptors")
        ),
        ({"id": {"submitted": "/id"}}, "#/paths/~1a~0b/get/x-waiter: 'parameter' is missing or of the wrong kind"),
        (
            {"acceptors": ["done"]},
            "#/paths/~1a~0b/get/x-waiter: 'list' object has no attribute 'items' is missing or of the wrong kind",
        ),
        (
            {"id": 5},
            "#/paths/~1a~0b/get/x-waiter: 'int' object is not subscriptable is missing or of the wrong kind",
        ),
        ({"acceptors": {"done": "success"}}, ACCEPTORS),
        ({"acceptors": {"queued": "retry", "burnt": "failure"}}, ACCEPTORS),
    ],
)
def test_a_waiter_that_cannot_be_played(change: dict[str, Any], message: str) -> None:
    """The error has the place and the problem."""
    waiter = {key: value for key, value in (WAITER | change).items() if value is not None}
    with pytest.raises(SpecError) as caught:
        operation({"x-waiter": waiter}, path="/a~b")
    assert str(caught.value) == message


@pytest.mark.parametrize("paths", [None, {}, {"/a": {}}])
def test_a_document_without_operations(paths: Any) -> None:
    """It cannot be served."""
    with pytest.raises(SpecError) as caught:
        Spec({"paths": paths})
    assert str(caught.value) == "#/paths: the document has no operation to serve"


def test_a_body_is_of_the_types_that_requests_name() -> None:
    """Without parameters, in lower case; `*/*` is sent as JSON, and the first of two equal types counts."""
    one, two, three = ({"const": number} for number in range(3))
    content = {"*/*": {"schema": one}, "APPLICATION/JSON; charset=utf-8": {"schema": two}, "image/*": {"schema": three}}
    found = operation({"requestBody": {"content": content}}, "post").body
    assert found == Body(required=False, media={"application/json": one, "image/*": three})
