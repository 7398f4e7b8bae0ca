"""Paths, results, ids, states and null in other vendors' documents."""

from __future__ import annotations

import copy
from typing import Any

import httpx
import pytest
from rulewright.sandbox import Sandbox
from rulewright.sandbox.tasks import id_format

from tests.sandbox.test_sandbox_generic import BASE, KEY, SPEC, WAITER


def test_paths_that_differ_in_names_only_are_one_path() -> None:
    """Each operation uses its own parameter name; the first of two equal methods wins."""

    def path(name: str, schema: dict[str, Any], *methods: str) -> dict[str, Any]:
        parameter = {"name": name, "in": "path", "required": True, "schema": schema}
        return {method: {"parameters": [parameter], "responses": {"204": {}}} for method in methods}

    paths = {
        "/tills/{id}": path("id", {"type": "integer"}, "get"),
        "/tills/{name}": path("name", {"pattern": "^[a-z]+$"}, "put", "get"),
    }
    transport = Sandbox({"openapi": "3.0.3", "servers": [{"url": "/{tenant}"}], "paths": paths}).transport()
    with httpx.Client(transport=transport, base_url="http://sandbox.test/us/tills") as client:
        assert client.get("7").status_code == 204
        assert "/path/id" in client.get("seven").text
        assert client.put("seven").status_code == 204
        assert "/path/name" in client.put("7").text
        assert client.delete("7").headers["allow"] == "GET, PUT"


def test_a_header_without_a_parameter_is_ignored() -> None:
    """OpenAPI ignores three header definitions; a key is checked as a key only."""
    names = ("Accept", "content-type", "Authorization", "X-Key")
    schema = {"type": "string", "minLength": 99}
    given = [{"name": name, "in": "header", "required": True, "schema": schema} for name in names]
    operation = {"parameters": given, "security": [{"key": []}], "responses": {"204": {}}}
    schemes = {"key": {"type": "apiKey", "in": "header", "name": "x-key"}}
    sandbox = Sandbox(
        {"openapi": "3.1.0", "paths": {"/": {"get": operation}}, "components": {"securitySchemes": schemes}}
    )
    with httpx.Client(transport=sandbox.transport(), base_url="http://sandbox.test") as client:
        assert client.get("/", headers={"X-Key": "sandbox"}).status_code == 204
        assert client.get("/").status_code == 401


def test_the_place_of_a_result_and_the_type_of_an_id() -> None:
    """In the first object of a list, beside its required fields."""
    spec = copy.deepcopy(SPEC)
    cake = {
        "type": "object",
        "required": ["size"],
        "properties": {"size": {"type": "integer"}, "at": {"format": "uri"}},
    }
    fields = {"job_id": {"type": "integer"}, "cakes": {"type": "array", "items": cake}}
    job = {"type": "object", "required": ["phase"], "properties": fields}
    answer = {"type": "object", "required": ["data"], "properties": {"data": {"allOf": [job]}}}
    look = spec["paths"]["/jobs/{job}"]["get"]
    look["parameters"][0]["schema"] = {"type": "integer"}
    look["responses"]["200"]["content"]["application/json"]["schema"] = answer
    look["x-waiter"] = {**WAITER, "outputs": ["/data/cakes/at"]}
    with httpx.Client(transport=Sandbox(spec).transport(), base_url=BASE) as client:
        headers = KEY | {"x-sandbox-script": "done now"}
        number = client.post("/ovens/3/jobs", json={}, headers=headers).json()["data"]["job_id"]
        assert isinstance(number, int)
        data = client.get(f"/jobs/{number}", headers=KEY).json()["data"]
    made = {"size": 1, "at": f"https://bakery.test/files/{number}.mp4"}
    assert data == {"phase": "done", "job_id": number, "cakes": [made]}


@pytest.mark.parametrize(
    ("kind", "states", "seen"),
    [
        ({"type": "boolean"}, {"false": "retry", "true": "success"}, [False, True]),
        ({"type": "integer", "enum": [0, 2, 5]}, {"0": "retry", "2": "success", "5": "failure"}, [0, 2]),
    ],
)
def test_a_state_may_be_a_number_or_a_boolean(kind: dict[str, Any], states: dict[str, str], seen: list[Any]) -> None:
    """The response has the document's type."""
    spec = copy.deepcopy(SPEC)
    look = spec["paths"]["/jobs/{job}"]["get"]
    answer = {"type": "object", "properties": {"state": kind}}
    look["responses"]["200"]["content"]["application/json"]["schema"] = answer
    look["x-waiter"] = {**WAITER, "state": "/state", "acceptors": states}
    with httpx.Client(transport=Sandbox(spec).transport(), base_url=BASE) as client:
        job = client.post("/ovens/3/jobs", json={}, headers=KEY).json()["data"]["job_id"]
        assert [client.get(f"/jobs/{job}", headers=KEY).json()["state"] for _ in seen] == seen


@pytest.mark.parametrize(
    ("schema", "wanted"),
    [
        ({"type": "string"}, "e3e70682-c209-4cac-a29f-6fbed82c07cd"),
        ({"type": "number"}, "3823568514"),
        ({"pattern": "^jobs/[^/]+$"}, "jobs/e3e70682-c209-4cac-a29f-6fbed82c07cd"),
        ({"pattern": "^ep_[a-z0-9]+$"}, "ep_e3e70682c2094caca29f6fbed82c07cd"),
        ({"pattern": "^gen_[0-9a-f]{12}$"}, "gen_e3e70682c209"),
        ({"pattern": "^[0-9]{19}$"}, "3029343076716675314"),
        ({"maxLength": 8}, "e3e70682"),
        ({"pattern": "(", "maxLength": 50}, "e3e70682-c209-4cac-a29f-6fbed82c07cd"),
    ],
)
def test_an_id_is_as_the_document_wants_it(schema: dict[str, Any], wanted: str) -> None:
    """It must match the schema of the poll's parameter."""
    assert id_format(schema)("e3e70682-c209-4cac-a29f-6fbed82c07cd") == wanted
