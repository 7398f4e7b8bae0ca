"""The sandbox knows no vendor: it plays any effective document, and says what it cannot play."""

from __future__ import annotations

import copy
import json
import re
from importlib import import_module
from pathlib import Path
from typing import Any

import httpx
import pytest
from rulewright.errors import InputError
from rulewright.openapi.operations import METHODS
from rulewright.sandbox import Sandbox, SpecError

from tests.sandbox.asking import play, small

TEXT: Any = {"type": "string"}
OK = {"description": "fine"}
WAITER: Any = {
    "id": {"parameter": "job", "submitted": "/data/job_id"},
    "state": "/data/phase",
    "acceptors": {"queued": "retry", "baking": "retry", "done": "success", "burnt": "failure"},
    "outputs": ["/data/cake"],
    "error": {"message": "/data/why", "code": "/code"},
}
RULE = {
    "id": "sugar-needs-grams",
    "level": "error",
    "message": "grams must be given with sugar",
    "source": {"at": "#", "quote": "with sugar, give grams"},
    "if": {"properties": {"kind": {"const": "sugar"}}, "required": ["kind"]},
    "then": {"required": ["grams"]},
}
BAKERY: dict[str, Any] = {
    "openapi": "3.0.3",
    "info": {"title": "Bakery", "version": "1"},
    "servers": [{"url": "https://bakery.test/v2/"}],
    "security": [{"key": []}],
    "paths": {
        "/ovens/{oven}/jobs": {
            "parameters": [
                {"name": "oven", "in": "path", "required": True, "schema": {"type": "integer", "maximum": 9}}
            ],
            "post": {
                "operationId": "bake",
                "x-certainty": "observed",
                "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Order"}}}},
                "responses": {
                    "202": OK
                    | {
                        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Job"}}},
                        "links": {
                            "next": {"operationId": "look", "parameters": {"job": "$response.body#/data/job_id"}}
                        },
                    }
                },
            },
        },
        "/jobs/{job}": {
            "get": {
                "operationId": "look",
                "parameters": [{"name": "job", "in": "path", "required": True, "schema": TEXT}],
                "responses": {"200": OK | {"content": {"application/json": {"schema": {"type": "object"}}}}},
                "x-waiter": WAITER,
            }
        },
        "/ping": {"get": {"security": [], "responses": {"204": OK}}},
    },
    "components": {
        "securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "X-Key"}},
        "schemas": {
            "Order": {
                "type": "object",
                "x-rules": [RULE],
                "properties": {"inner": {"$ref": "#/components/schemas/Order"}},
            },
            "Job": {
                "type": "object",
                "required": ["data", "tags"],
                "properties": {
                    "data": {"type": "object"},
                    "tags": {"type": "array", "minItems": 1, "items": {"enum": ["new"]}},
                },
            },
        },
    },
}


def test_a_task_of_another_vendor() -> None:
    """Its path, its states and their places are those of its document."""
    with play(BAKERY) as client:
        client.headers["x-key"] = "sandbox"
        submitted = client.post("/v2/ovens/3/jobs", json={})
        assert (submitted.status_code, submitted.json()["tags"]) == (202, ["new"])
        job = submitted.json()["data"]["job_id"]
        answers = [client.get(f"/v2/jobs/{job}").json()["data"] for _ in range(3)]
        cake = f"http://sandbox.test/files/{job}.mp4"
        assert answers == [{"phase": "queued"}, {"phase": "baking"}, {"phase": "done", "cake": cake}]
        job = client.post("/v2/ovens/3/jobs", headers={"x-sandbox-script": "burnt now"}).json()["data"]["job_id"]
        failed = client.get(f"/v2/jobs/{job}").json()
        why = "the script of this task ends it as burnt"
        assert failed == {"data": {"phase": "burnt", "why": why}, "code": 5000}
        assert client.post("/v2/ovens/10/jobs", json={}).json()["violations"][0]["pointer"] == "/path/oven"


def test_each_behaviour_has_its_provenance() -> None:
    """An operation has its own, a rule that of its level; the rest is invented; control characters are escaped."""
    document = copy.deepcopy(BAKERY)
    document["paths"]["/ping"]["get"]["operationId"] = "a\x1b[2J\u202eb"
    lines = Sandbox(document).provenance()
    assert lines[0] == "observed   operation  POST /ovens/{oven}/jobs (bake)"
    assert lines[2] == r"published  operation  GET /ping (a\x1b[2J\u202eb)"
    assert "published  rule       sugar-needs-grams (error): grams must be given with sugar" in lines
    assert sum(line.startswith("invented") for line in lines) >= 4


def operation(content: Any, status: str = "200") -> dict[str, Any]:
    """Return an operation with some content in a response."""
    return {"responses": {status: {"content": content}}}


def constant(value: Any) -> dict[str, Any]:
    """Return an operation that responds with a value."""
    return operation({"application/json": {"schema": {"const": value}}})


JOB: Any = {"name": "job", "in": "path", "required": True, "schema": TEXT}
PATHS: Any = {
    "/jobs": {"get": constant("jobs"), "post": constant("post")},
    "/{a}/{b}": {"get": constant("thing")},
    "/{a}/{b}:open": {
        "get": constant("open") | {"parameters": [JOB | {"name": name} for name in "ab"]},
        "put": constant("put"),
    },
    "/{a}/new": {"get": constant("new")},
    "/{a}/y/longer": {"get": constant("longer")},
    "/x/{b}/{c}": {"get": constant("begins with x")},
    "/m/{a}.{b}.long": {"get": constant("two")},
    "/m/{a}g": {"get": constant("one")},
}


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("GET /jobs", "jobs"),
        ("GET /x/y", "thing"),
        ("GET /x/new", "new"),
        ("GET /x/y:open", "open"),
        ("PUT /x/y:open", "put"),
        ("GET /x/y/longer", "begins with x"),
        ("GET /m/1.2.long", "one"),
        ("PUT /jobs", "PUT is not documented here, only GET, POST"),
        (f"{'P' * 30} /x/y", f"{'P' * 20} is not documented here, only GET"),
        ("GET /a/y/z", "the document has no path /v1/a/y/z; did you mean /v1/{a}/y/longer?"),
        ("GET /\xe9%20" + "x" * 300,
         f"the document has no path /v1/%C3%A9%20{'x' * 194}; it has /v1/jobs, /v1/{{a}}/{{b}}, "),
    ],
)  # fmt: skip
def test_which_operation_answers(path: str, wanted: str) -> None:
    """The most specific path below the server's own wins; otherwise the error says what the document has."""
    method, _, target = path.partition(" ")
    with play(small(PATHS, servers=[{"url": "/v1"}])) as client:
        answer = client.request(method, f"/v1{target}")
    if answer.status_code == 405:
        assert answer.headers["allow"] == wanted.partition("only ")[2]
    value = answer.json()
    assert (value if answer.status_code == 200 else value["message"]).startswith(wanted)


def test_paths_that_differ_in_names_only_are_one_path() -> None:
    """Each operation uses its own parameter name; the first of two equal methods wins."""

    def path(name: str, schema: dict[str, Any], *methods: str) -> dict[str, Any]:
        parameter = {"name": name, "in": "path", "required": True, "schema": schema}
        return {method: {"parameters": [parameter], "responses": {"204": {}}} for method in methods}

    paths = {
        "/tills/{id}": path("id", {"type": "integer"}, "get"),
        "/tills/{name}": path("name", {"pattern": "^[a-z]+$"}, "put", "get"),
    }
    with play(small(paths, servers=[{"url": "/{tenant}"}])) as client:
        assert client.get("/us/tills/7").status_code == 204
        assert "/path/id" in client.get("/us/tills/seven").text
        assert client.put("/us/tills/seven").status_code == 204
        assert "/path/name" in client.put("/us/tills/7").text
        assert client.delete("/us/tills/7").headers["allow"] == "GET, PUT"


def test_an_empty_part_of_a_path_is_no_value() -> None:
    """`/a/` is not the path of a thing with an empty name."""
    with play(small({"/a/{b}": {"get": constant(1)}})) as client:
        assert client.get("/a/").json()["message"] == "the document has no path /a/; did you mean /a/{b}?"


def test_operations_stand_in_the_order_of_the_document() -> None:
    """In a fixed order for one path; other keys of a path are no operations."""
    item = {"x-other": {}, "summary": "", **{method: {} for method in reversed(METHODS)}}
    paths = {"/b": item, "/a": {"$ref": "#/components/pathItems/a"}}
    lines = Sandbox(small(paths, components={"pathItems": {"a": {"get": {}}}})).provenance()
    assert [line.split()[2:4] for line in lines if " operation " in line] == [
        *([method.upper(), "/b"] for method in METHODS),
        ["GET", "/a"],
    ]


@pytest.mark.parametrize(
    ("servers", "base"),
    [
        (None, ""),
        ([], ""),
        ([{}], ""),
        ([{"url": "https://a.test"}], ""),
        ([{"url": "https://a.test/v1//"}, {"url": "https://b.test/v2"}], "/v1"),
        ([{"url": "/v1/X/"}], "/v1/X"),
        ([{"url": "https://{a}/{b}{c}/{d}", "variables": {"b": {"default": "v"}, "c": {"default": 2}, "d": {}}}],
         "/v2"),
    ],
)  # fmt: skip
def test_the_path_of_the_first_server_is_before_every_path(servers: Any, base: str) -> None:
    """Variables have their defaults; without it a path is unknown, and the error suggests the right one."""
    with play(small({"/things": {"get": constant(1)}}, servers=servers)) as client:
        assert client.get(f"{base}/things").json() == 1
        if base:
            message = client.get("/things").json()["message"]
            assert message == f"the document has no path /things; did you mean {base}/things?"


@pytest.mark.parametrize(
    ("responses", "status", "media", "content"),
    [
        ({}, 204, None, b""),
        ({"default": {}, "299": {}}, 299, None, b""),
        ({"302": {}, "default": {}}, 200, None, b""),
        ({"404": {}, "302": {}}, 302, None, b""),
        ({"2xx": {}, "201": {}}, 200, None, b""),
        ({"404": {}}, 204, None, b""),
        ({"3XX": {}, "1200": {}, "2000": {}}, 204, None, b""),
        ({"404": {}, 201: {"$ref": "#/components/responses/made"}}, 201, "application/json", b'"text"'),
        (operation({"text/plain": {}, "application/json": {"schema": TEXT}}), 200, "application/json", b'"text"'),
        (operation({"*/*": {"schema": TEXT}}), 200, "application/json", b'"text"'),
        (operation({"image/png": {}, "application/*": {"schema": TEXT}}), 200, "application/json", b'"text"'),
        (operation({"image/png": {}, "application/problem+json": {"schema": TEXT}}), 200, "application/problem+json",
         b'"text"'),
        (operation({"image/png": {}, " Application/JSON ; charset=utf-8": {"schema": TEXT}}), 200,
         "application/json", b'"text"'),
        (operation({"image/png": {}, "text/plain; a=+json": {"schema": TEXT}}), 200, "image/png", bytes(8)),
        (operation({"image/*": {}, "image/png": {}, "text/plain": {}}), 200, "image/png", bytes(8)),
        (operation({"image/*": {}}), 200, "image/png", bytes(8)),
        (operation({"Text/Plain; a=b": {}}), 200, "Text/Plain; a=b", b"text"),
        (operation({"text/\xe9\N{SNOWMAN}": {}}), 200, "text/\xe9?", b"text"),
    ],
)  # fmt: skip
def test_the_response_to_a_valid_request(responses: Any, status: int, media: str | None, content: bytes) -> None:
    """The first success, the default, or a redirect; it is JSON where there is JSON, and HEAD has no body."""
    each = {"responses": responses.get("responses", responses)}
    components = {"responses": {"made": operation({"application/json": {"schema": TEXT}})["responses"]["200"]}}
    with play(small({"/": {"get": each, "head": each}}, components=components)) as client:
        answer = client.get("/")
        assert (answer.status_code, answer.headers.get("content-type"), answer.content) == (status, media, content)
        head = client.head("/")
        assert (head.status_code, head.content) == (status, b"")


@pytest.mark.parametrize(
    ("shown", "answer"),
    [
        ({}, "text"),
        ({"example": "1"}, "1"),
        ({"schema": {}, "example": None}, None),
        ({"examples": {"a": {"value": "1"}, "b": {"value": "2"}}}, "1"),
        ({"example": "1", "examples": {"a": {"value": "2"}}}, "1"),
        ({"examples": {"a": {"$ref": "#/components/examples/kept"}}}, "seven"),
        ({"examples": {"a": {"summary": "elsewhere", "externalValue": "https://a.test/1"}, "b": "value"}}, "text"),
        ({"examples": {"wrong": {"value": 7}, "right": {"$ref": "#/components/examples/kept"}, "none": {}}}, "seven"),
        ({"example": 7}, "text"),
        ({"examples": [1]}, "text"),
        ({"examples": None}, "text"),
    ],
)
def test_an_answer_is_the_first_example_that_fits(shown: Any, answer: Any) -> None:
    """The single one first; references are followed within the document; without a valid one, a value is made up."""
    content = {"text/plain": {"example": "no"}, "application/json": {"schema": TEXT, **shown}}
    with play(
        small({"/": {"get": operation(content)}}, components={"examples": {"kept": {"value": "seven"}}})
    ) as client:
        assert client.get("/").json() == answer


def test_a_value_that_is_made_up_is_the_simplest() -> None:
    """Of members of `allOf` too; the script of a request applies to any operation."""
    menu = {
        "allOf": [{"type": "object", "required": ["day"], "properties": {"day": TEXT | {"format": "date"}}}],
        "required": ["open", "price", "cakes", "word", "any"],
        "properties": {
            "open": {"type": "boolean"},
            "price": {"type": "number", "minimum": 3},
            "cakes": {"type": "array", "items": {}},
            "word": TEXT | {"minLength": 6},
            "any": {"oneOf": [TEXT | {"example": "pick"}]},
        },
    }
    made = {"open": False, "price": 3, "cakes": [], "word": "textxx", "any": "pick", "day": "2026-01-01"}
    with play(small({"/": {"get": operation({"application/json": {"schema": menu}})}})) as client:
        assert client.get("/").json() == made
        for script, status in (("503", 503), ("gremlin@poll", 400)):
            assert client.get("/", headers={"x-sandbox-script": script}).status_code == status


LOOK = "paths /jobs/{job} get x-waiter"
PLACE = "#/paths/~1jobs~1{job}/get/x-waiter"
NO_OPERATION: Any = (None, {}, {"/a": {}})
ACCEPTORS = f"{PLACE}/acceptors: needs a state with 'retry' and one with 'success'"


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (f"{LOOK} id", None, f"{PLACE}: 'NoneType' object is not subscriptable is missing or of the wrong kind"),
        (f"{LOOK} id", {"submitted": "/id"}, f"{PLACE}: 'parameter' is missing or of the wrong kind"),
        (LOOK, {"id": WAITER["id"], "state": "/state"}, f"{PLACE}: 'acceptors' is missing or of the wrong kind"),
        (LOOK, {"id": WAITER["id"], "acceptors": {}}, f"{PLACE}: 'state' is missing or of the wrong kind"),
        (f"{LOOK} acceptors", ["done"],
         f"{PLACE}: 'list' object has no attribute 'items' is missing or of the wrong kind"),
        (f"{LOOK} acceptors", {"done": "success"}, ACCEPTORS),
        (f"{LOOK} acceptors", {"queued": "retry", "burnt": "failure"}, ACCEPTORS),
        ("components schemas Order", {"$ref": "#/components/schemas/Nothing"},
         "#/components/schemas/Nothing: the reference leads nowhere"),
        ("components securitySchemes", None,
         "#/components/securitySchemes: 'key' is required by an operation but not defined"),
        *(("paths", paths, "#/paths: the document has no operation to serve") for paths in NO_OPERATION),
    ],
)  # fmt: skip
def test_a_document_that_cannot_be_played_is_an_error_with_its_place(path: str, value: Any, message: str) -> None:
    """One error names the place and the problem."""
    document = copy.deepcopy(BAKERY)
    target: Any = document
    *above, last = path.split(" ")
    for key in above:
        target = target[key]
    target[last] = value
    with pytest.raises(InputError, match=f"^{re.escape(message)}$"):
        Sandbox(document)


@pytest.mark.parametrize(
    ("content", "message"),
    [("{", "is not JSON"), ("[]", "is not a JSON object"), (None, "spec.json: the effective document cannot be read")],
)
def test_a_file_that_is_no_document_is_an_error(tmp_path: Path, content: str | None, message: str) -> None:
    """The error names the file."""
    file = tmp_path / "spec.json"
    if content is not None:
        file.write_text(content)
    with pytest.raises(SpecError, match=message):
        Sandbox(file)


def test_a_client_package_names_its_document(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So do a nested package, its class, and a subclass."""
    for name, title in (("bakery_client", "Bakery"), ("bakery_client/copy", "Copy")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("class Client: ...")
        document = small({f"/{title}": {"get": {"responses": {}}}})
        (tmp_path / name / "openapi.effective.json").write_text(json.dumps(document))
    monkeypatch.syspath_prepend(tmp_path)
    generated: Any = import_module("bakery_client.copy").Client
    written = type("Own", (generated,), {})
    for client, title in (
        ("bakery_client", "Bakery"),
        ("bakery_client.copy", "Copy"),
        (generated, "Copy"),
        (written, "Copy"),
    ):
        assert Sandbox(client).provenance()[0].endswith(f"(get /{title})")
    for unknown in ("no_such_package", "json", "not a name", ""):
        with pytest.raises(SpecError, match=f"{unknown}': there is no client package"):
            Sandbox(unknown)


def test_the_sandbox_knows_what_is_missing() -> None:
    """A request for an operation that the vendor only names is answered with the vendor's words and what to do."""
    sandbox = Sandbox("mountsea_gemini")
    holes = sandbox.core.spec.document["x-known-holes"]
    assert holes
    with httpx.Client(transport=sandbox.transport(), base_url="http://a.test") as client:
        for hole in holes:
            answer = client.post(f"/gemini{hole['path']}")
            assert answer.status_code == 404
            assert hole["quote"] in answer.json()["message"]
            assert hole["advice"] in answer.json()["message"]
