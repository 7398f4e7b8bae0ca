"""Small shapes of documents, each an operation: what a call sends, what the sandbox reads of it, what is refused."""

from __future__ import annotations

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

from tests.documents.styles import NOON, PARAMETERS, document_of_styles, operation_of
from tests.generating import regenerate

pytestmark = pytest.mark.xdist_group("styles")


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
    yield from client_of(document_of_styles(), tmp_path_factory.mktemp("styles"), "parameter_styles")


@pytest.mark.parametrize("shape", PARAMETERS)
def test_a_parameter_is_written_in_its_style_and_read_as_it_was(shapes: Shapes, shape: str) -> None:
    """By each style of OpenAPI: the sandbox has the value that the caller gave."""
    parameter, value, expected = PARAMETERS[shape]
    operation = shapes.operation(operation_of(shape))
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
    with httpx.Client(transport=shapes.sandbox.transport(), headers={"Authorization": "Bearer sandbox"}) as client:
        answer = client.get("https://shapes.example/DeepObject?p[a]=1&p[a][b]=2")
    assert answer.status_code == 400
    assert "both a value and an object" in answer.text
