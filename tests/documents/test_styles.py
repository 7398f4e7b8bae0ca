"""Small shapes of documents, each an operation: what a call sends, what the sandbox reads of it, what is refused."""

from __future__ import annotations

import datetime as dt
import importlib
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import httpx
import pytest
from rulewright.sandbox import Sandbox
from rulewright.sandbox.inputs import Parameters

from tests.generating import regenerate

pytestmark = pytest.mark.xdist_group("styles")

TEXTS = {"type": "array", "items": {"type": "string"}}
NUMBERS = {"type": "array", "items": {"type": "integer"}}
POINT = {"type": "object", "properties": {"x": {"type": "integer"}, "on": {"type": "boolean"}}}
MOMENT = {"type": "string", "format": "date-time"}
NOON = dt.datetime(2026, 1, 2, 12, tzinfo=dt.UTC)


def query(schema: Any, **more: Any) -> dict[str, Any]:
    """Return an optional parameter `p` of a query."""
    return {"name": "p", "in": "query", "schema": schema, **more}


def segment(schema: Any, **more: Any) -> dict[str, Any]:
    """Return a parameter `p` of a path."""
    return {"name": "p", "in": "path", "required": True, "schema": schema, **more}


def header(schema: Any, **more: Any) -> dict[str, Any]:
    """Return an optional header `p`."""
    return {"name": "p", "in": "header", "schema": schema, **more}


def cookie(schema: Any, **more: Any) -> dict[str, Any]:
    """Return an optional cookie `p`."""
    return {"name": "p", "in": "cookie", "schema": schema, **more}


PARAMETERS: dict[str, tuple[dict[str, Any], Any, str]] = {
    "text": (query({"type": "string"}), "a&b c", "?p=a%26b%20c"),
    "boolean": (query({"type": "boolean"}), True, "?p=true"),
    "integer": (query({"type": "integer"}), 0, "?p=0"),
    "number": (query({"type": "number"}), 1.5, "?p=1.5"),
    "moment": (query(MOMENT), NOON, "?p=2026-01-02T12%3A00%3A00Z"),
    "moment with a final Z": (query({**MOMENT, "pattern": "Z$"}), NOON, "?p=2026-01-02T12%3A00%3A00Z"),
    "list": (query(TEXTS), ["a,b", "c"], "?p=a%2Cb&p=c"),
    "list of booleans": (query({"type": "array", "items": {"type": "boolean"}}), [True, False], "?p=true&p=false"),
    "list of moments": (query({"type": "array", "items": MOMENT}), [NOON], "?p=2026-01-02T12%3A00%3A00Z"),
    "null": (query({"type": ["integer", "null"]}), None, "?p=null"),
    "list with nulls": (
        query({"type": "array", "items": {"type": ["integer", "null"]}}, explode=False), [1, None], "?p=1,null"
    ),
    "list in one": (query(TEXTS, explode=False), ["a,b", "c"], "?p=a%2Cb,c"),
    "empty list in one": (query(TEXTS, explode=False), [], "?p="),
    "list of an empty text": (query(TEXTS, explode=False, required=True), [""], "?p="),
    "header of an empty list": (header(NUMBERS), [], "p: "),
    "list with spaces": (query(NUMBERS, style="spaceDelimited", explode=False), [1, 2], "?p=1%202"),
    "list with pipes": (query(NUMBERS, style="pipeDelimited", explode=False), [1, 2], "?p=1%7C2"),
    "reserved": (query({"type": "string"}, allowReserved=True), "a/b?c", "?p=a/b?c"),
    "object": (query(POINT), {"x": 1, "on": True}, "?x=1&on=true"),
    "object in one": (query(POINT, explode=False), {"x": 1, "on": True}, "?p=x,1,on,true"),
    "deep object": (query(POINT, style="deepObject", explode=True), {"x": 1, "on": True}, "?p[x]=1&p[on]=true"),
    "JSON in a query": (
        {"name": "p", "in": "query", "content": {"application/json": {"schema": POINT}}},
        {"x": 1}, "?p=%7B%22x%22%3A1%7D",
    ),
    "path": (segment({"type": "string"}), "a/b c", "/a%2Fb%20c"),
    "path of a moment": (segment(MOMENT), NOON, "/2026-01-02T12%3A00%3A00Z"),
    "path of a list": (segment(TEXTS), ["a,b", "c"], "/a%2Cb,c"),
    "path of an object": (segment(POINT), {"x": 1, "on": True}, "/x,1,on,true"),
    "path of an exploded object": (segment(POINT, explode=True), {"x": 1, "on": True}, "/x=1,on=true"),
    "label": (segment(NUMBERS, style="label"), [1, 2], "/.1,2"),
    "exploded label": (segment(NUMBERS, style="label", explode=True), [1, 2], "/.1.2"),
    "matrix": (segment(NUMBERS, style="matrix"), [1, 2], "/;p=1,2"),
    "exploded matrix": (segment(NUMBERS, style="matrix", explode=True), [1, 2], "/;p=1;p=2"),
    "matrix of an object": (segment(POINT, style="matrix", explode=True), {"x": 1, "on": True}, "/;x=1;on=true"),
    "header": (header({"type": "boolean"}), False, "p: false"),
    "header of a list": (header(NUMBERS), [1, 2], "p: 1,2"),
    "header of an object": (header(POINT, explode=True), {"x": 1, "on": True}, "p: x=1,on=true"),
    "header of a moment": (header(MOMENT), NOON, "p: 2026-01-02T12:00:00Z"),
    "cookie": (cookie({"type": "string"}), "a;b", "cookie: p=a%3Bb"),
    "cookie of a list": (cookie(NUMBERS), [1, 2], "cookie: p=1,2"),
}  # fmt: skip


def _name(shape: str) -> str:
    return "".join(word.capitalize() for word in shape.split())


def _document() -> dict[str, Any]:
    paths: dict[str, Any] = {}
    for shape, (parameter, _, _) in PARAMETERS.items():
        path = f"/{_name(shape)}" + ("/{p}" if parameter["in"] == "path" else "")
        done = {"204": {"description": "done"}}
        paths[path] = {"get": {"operationId": f"get{_name(shape)}", "parameters": [parameter], "responses": done}}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Shapes", "version": "1"},
        "servers": [{"url": "https://shapes.example"}],
        "paths": paths,
    }


@dataclass(frozen=True)
class Shapes:
    """A client of all shapes, whose requests go to a sandbox in this process."""

    package: Any
    client: Any
    sandbox: Sandbox
    sent: list[httpx.Request]
    read: list[dict[str, Any]]

    def operation(self, name: str) -> Any:
        """Return an operation by its id."""
        return self.package.operations.OPERATIONS[name]


def client_of(document: Any, folder: Path, package: str) -> Iterator[Shapes]:
    """Yield a client generated from a document."""
    (folder / "openapi.json").write_text(json.dumps(document), encoding="utf-8")
    table = (
        f'[project]\nname = "shapes"\nversion = "1"\n[tool.rulewright]\nspec = "openapi.json"\npackage = "{package}"\n'
    )
    (folder / "pyproject.toml").write_text(table + 'output = "generated"\n', encoding="utf-8")
    (folder / "LICENSE").write_text("Made up for a test.\n", encoding="utf-8")
    regenerate(folder)
    sys.path.insert(0, str(folder / "generated"))
    try:
        module: Any = importlib.import_module(package)
        importlib.import_module(f"{package}.operations")
        sandbox = Sandbox(module.Client, token="sandbox")  # noqa: S106  made up
        sent: list[httpx.Request] = []
        transport = sandbox.transport()

        def handle(request: httpx.Request) -> httpx.Response:
            sent.append(request)
            return transport.handle_request(request)

        def seen(self: Parameters, *arguments: Any) -> Any:
            found = original(self, *arguments)
            read.append(found[0])
            return found

        given = "https://shapes.example"
        read: list[dict[str, Any]] = []
        original = Parameters.read
        with (
            patch.object(Parameters, "read", seen),
            module.Client("sandbox", base_url=given, transport=httpx.MockTransport(handle)) as client,
        ):
            yield Shapes(module, client, sandbox, sent, read)
    finally:
        sys.path.remove(str(folder / "generated"))


@pytest.fixture(scope="module")
def shapes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shapes]:
    """The client of the parameters."""
    yield from client_of(_document(), tmp_path_factory.mktemp("styles"), "parameter_styles")


@pytest.mark.parametrize("shape", PARAMETERS)
def test_a_parameter_is_written_in_its_style_and_read_as_it_was(shapes: Shapes, shape: str) -> None:
    """By each style of OpenAPI: the sandbox has the value that the caller gave."""
    parameter, value, expected = PARAMETERS[shape]
    operation = shapes.operation(f"get{_name(shape)}")
    assert shapes.client.call(operation, p=value) is None
    request = shapes.sent[-1]
    where = expected.partition(": ")
    if where[1]:
        assert request.headers[where[0]] == where[2]
    else:
        assert str(request.url).endswith(expected)
    moment = "2026-01-02T12:00:00Z"
    assert shapes.read[-1] == {parameter["name"]: moment if value == NOON else [moment] if value == [NOON] else value}


def test_contradictory_fields_of_an_object_are_refused(shapes: Shapes) -> None:
    """A query may give a value to an object and to a field of it; the sandbox refuses that like any other mistake."""
    name = next(shape for shape, (parameter, *_) in PARAMETERS.items() if parameter.get("style") == "deepObject")
    with httpx.Client(transport=shapes.sandbox.transport(), headers={"Authorization": "Bearer sandbox"}) as client:
        answer = client.get(f"https://shapes.example/{_name(name)}?p[a]=1&p[a][b]=2")
    assert answer.status_code == 400
    assert "both a value and an object" in answer.text
