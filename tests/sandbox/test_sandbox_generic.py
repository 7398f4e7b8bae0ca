"""The sandbox knows no vendor: it plays any effective document."""

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
from rulewright.sandbox import Sandbox, SpecError

WAITER = {
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
OK = {"description": "fine"}
SPEC: dict[str, Any] = {
    "openapi": "3.0.3",
    "info": {"title": "Bakery", "version": "1"},
    "servers": [{"url": "https://bakery.test/v2/"}],
    "security": [{"key": []}, {"inQuery": [], "cookie": []}],
    "paths": {
        "/ovens/{oven}/jobs": {
            "parameters": [
                {"name": "oven", "in": "path", "required": True, "schema": {"type": "integer", "maximum": 9}}
            ],
            "post": {
                "operationId": "bake",
                "x-certainty": "observed",
                "parameters": [{"$ref": "#/components/parameters/dry"}],
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
                "parameters": [{"name": "job", "in": "path", "required": True, "schema": {"type": "string"}}],
                "responses": {"200": OK | {"content": {"application/json": {"schema": {"type": "object"}}}}},
                "x-waiter": WAITER,
            }
        },
        "/ping": {"get": {"security": [], "responses": {"204": OK}}},
        "/menu": {
            "get": {
                "security": [{}],
                "responses": {
                    "2XX": OK | {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Menu"}}}}
                },
            }
        },
    },
    "components": {
        "securitySchemes": {
            "key": {"type": "apiKey", "in": "header", "name": "X-Key"},
            "inQuery": {"type": "apiKey", "in": "query", "name": "key"},
            "cookie": {"type": "apiKey", "in": "cookie", "name": "session"},
        },
        "parameters": {"dry": {"name": "X-Dry", "in": "header", "schema": {"type": "boolean"}}},
        "schemas": {
            "Order": {
                "type": "object",
                "properties": {
                    "note": {"type": "string", "nullable": True, "maxLength": 3},
                    "count": {"type": "integer", "minimum": 0, "exclusiveMinimum": True},
                    "layers": {"type": "array", "items": {"$ref": "#/components/schemas/Layer"}},
                    "inner": {"$ref": "#/components/schemas/Order"},
                },
            },
            "Layer": {
                "type": "object",
                "x-rules": [RULE],
                "allOf": [{"x-rule": {"id": RULE["id"]}, "enum": ["never"]}],
            },
            "Job": {
                "type": "object",
                "required": ["data", "tags"],
                "properties": {
                    "data": {"type": "object"},
                    "tags": {"type": "array", "minItems": 1, "items": {"enum": ["new"]}},
                },
            },
            "Menu": {
                "allOf": [
                    {"type": "object", "required": ["day"], "properties": {"day": {"type": "string", "format": "date"}}}
                ],
                "required": ["open", "price", "cakes", "word", "any"],
                "properties": {
                    "open": {"type": "boolean"},
                    "price": {"type": "number", "minimum": 3},
                    "cakes": {"type": "array", "items": {}},
                    "word": {"type": "string", "minLength": 6},
                    "any": {"oneOf": [{"type": "string", "example": "pick"}]},
                },
            },
        },
    },
}
KEY = {"x-key": "sandbox"}
BASE = "https://bakery.test/v2"


@pytest.fixture
def client() -> httpx.Client:
    """Return a client of the bakery in process."""
    return httpx.Client(transport=Sandbox(SPEC).transport(), base_url=BASE)


def test_another_vendors_task_has_its_own_states(client: httpx.Client) -> None:
    """Path parameters and nested pointers come from the document too."""
    submitted = client.post("/ovens/3/jobs", json={}, headers=KEY)
    assert submitted.status_code == 202
    assert submitted.json()["tags"] == ["new"]
    job = submitted.json()["data"]["job_id"]
    answers = [client.get(f"/jobs/{job}", headers=KEY).json() for _ in range(3)]
    assert answers[0] == {"data": {"phase": "queued"}}
    assert answers[1] == {"data": {"phase": "baking"}}
    assert answers[2] == {"data": {"phase": "done", "cake": f"https://bakery.test/files/{job}.mp4"}}


def test_another_vendors_failure(client: httpx.Client) -> None:
    """State and places of the error come from the waiter."""
    headers = KEY | {"x-sandbox-script": "burnt now"}
    job = client.post("/ovens/3/jobs", json={}, headers=headers).json()["data"]["job_id"]
    value = client.get(f"/jobs/{job}", headers=KEY).json()
    assert value["data"] == {"phase": "burnt", "why": "the script of this task ends it as burnt"}
    assert isinstance(value["code"], int)


def test_operations_without_a_task_answer_from_the_document(client: httpx.Client) -> None:
    """An example, or else the simplest value."""
    assert client.get("/ping").status_code == 204
    assert client.get("/menu").json() == {
        "open": False,
        "price": 3,
        "cakes": [],
        "word": "textxx",
        "any": "pick",
        "day": "2026-01-01",
    }
    assert client.get("/menu", headers={"x-sandbox-script": "503"}).status_code == 503
    assert client.get("/menu", headers={"x-sandbox-script": "gremlin@poll"}).status_code == 400
    assert client.post("/ovens/3/jobs", headers=KEY).status_code == 202


def test_labels_come_from_the_spec() -> None:
    """An operation has its own provenance, a rule that of its level; the rest is invented."""
    lines = Sandbox(SPEC).provenance()
    assert lines[0] == "observed   operation  POST /ovens/{oven}/jobs (bake)"
    assert "published  rule       sugar-needs-grams (error): grams must be given with sugar" in lines
    assert sum(line.startswith("invented") for line in lines) >= 4


def test_control_characters_in_labels_are_escaped() -> None:
    """The document is foreign text."""
    spec = copy.deepcopy(SPEC)
    spec["paths"]["/ping"]["get"]["operationId"] = "a\x1b[2J\u202eb"
    (line,) = [line for line in Sandbox(spec).provenance() if "/ping" in line]
    assert r"a\x1b[2J\u202eb" in line


def _change_spec(path: str, value: Any) -> dict[str, Any]:
    spec = copy.deepcopy(SPEC)
    target: Any = spec
    *above, last = path.split(" ")
    for key in above:
        target = target[key]
    target[last] = value
    return spec


LOOK = "paths /jobs/{job} get"


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (_change_spec(LOOK + " x-waiter acceptors", {"done": "success"}), "needs a state with 'retry'"),
        (_change_spec("components schemas Order", {"$ref": "#/components/schemas/Nothing"}), "leads nowhere"),
        (_change_spec("components schemas Layer x-rules", [RULE | {"if": {"type": "any"}}]), "cannot be compiled"),
        (Path("no-such-file.json"), "no-such-file.json: the effective document cannot be read"),
    ],
)
def test_a_spec_that_cannot_be_played_is_an_error_with_its_place(spec: Any, message: str) -> None:
    """One error names the place."""
    with pytest.raises(InputError, match=re.escape(message)):
        Sandbox(spec)


@pytest.mark.parametrize(("content", "message"), [("{", "is not JSON"), ("[]", "is not a JSON object")])
def test_a_file_that_is_no_spec_is_an_error(tmp_path: Path, content: str, message: str) -> None:
    """The error names the file."""
    file = tmp_path / "spec.json"
    file.write_text(content)
    with pytest.raises(SpecError, match=message):
        Sandbox(file)


def test_a_client_package_names_its_document(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So do a nested package, its class, and a subclass."""
    for name, title in (("bakery_client", "Bakery"), ("bakery_client/copy", "Copy")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("class Client: ...")
        document = SPEC | {"info": {"title": title, "version": "1"}}
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
        assert Sandbox(client).core.spec.document["info"]["title"] == title
    for unknown in ("no_such_package", "json", "not a name", ""):
        with pytest.raises(SpecError, match=f"{unknown}': there is no client package"):
            Sandbox(unknown)
