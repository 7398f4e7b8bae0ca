"""Every operation is called as the document says, and refused where it says so, with nothing listed by hand."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from mountsea_gemini.testing.contract import Contract
from mountsea_gemini.testing.operations import Case, Played, cases
from mountsea_gemini.testing.operations._command import main
from mountsea_gemini.testing.operations._values import Maker
from rulewright.sandbox.spec import Spec


@pytest.mark.parametrize("case", cases(), ids=str)
def test_an_operation_keeps_its_promise(case: Case) -> None:
    """The document, the sandbox, the generated client and the compiled rules agree on the request."""
    assert case.problem() is None


def test_a_disagreement_is_told() -> None:
    """A case fails where the sandbox answers otherwise than the document says."""
    played = Played()
    operation = played.spec.operations[0]
    values = played.values(operation)
    played.maker.right = lambda *_: False  # type: ignore[method-assign]
    case = next(case for case in cases(played) if case.what == "the body itself")
    assert str(case.problem()).startswith(f"HTTP {operation.success.status} instead of 400 or 422")
    assert values.body


def test_the_command_tells_what_it_tried(capsys: pytest.CaptureFixture[str]) -> None:
    """Every case passes for this document, and the last line says how many there were."""
    assert main([]) == 0
    assert capsys.readouterr().out.endswith(f"{len(cases())} cases of 2 operations, 0 failures\n")


def test_only_a_task_of_plain_fields_is_followed_through_its_life() -> None:
    """Elsewhere the command calls every operation instead; nothing of it is left to crash."""
    document = json.loads(json.dumps(Contract().document))
    assert Contract(document).tells_of_tasks
    for whole in _without_what_is_promised(document):
        assert not Contract(whole).tells_of_tasks
    (poll,) = [each["get"] for each in document["paths"].values() if "get" in each]
    poll["parameters"][0]["in"] = "path"
    assert not Contract(document).tells_of_tasks
    del poll["x-waiter"]
    assert not Contract(document).tells_of_tasks


def _without_what_is_promised(document: Any) -> Iterator[Any]:
    """Yield documents that say nothing of refusals, wrap their answers, or show no body that is in order."""
    for statuses in (("400", "422", "4XX", "default"), ("401", "403", "4XX", "default")):
        silent = copy.deepcopy(document)
        for path in silent["paths"].values():
            for operation in path.values():
                for status in statuses:
                    operation["responses"].pop(status, None)
        yield silent
    wrapped = copy.deepcopy(document)
    (waiter,) = [each["get"]["x-waiter"] for each in wrapped["paths"].values() if "get" in each]
    waiter["state"] = f"/data{waiter['state']}"
    yield wrapped
    formal = copy.deepcopy(document)
    (schema,) = [each for each in formal["components"]["schemas"].values() if "x-variants" in each]
    schema["properties"]["at"] = {"type": "string", "format": "date-time"}
    schema["required"] = [*schema["required"], "at"]
    yield formal


def test_an_example_may_be_referred_to() -> None:
    """A body and a parameter are what the document shows, wherever it is kept."""
    example = {"$ref": "#/components/examples/two"}
    parameter = {
        "name": "a",
        "in": "query",
        "required": True,
        "schema": {"type": "integer"},
        "examples": {"x": example},
    }
    media = {"application/json": {"schema": {"type": "integer"}, "examples": {"x": example}}}
    operation = {"parameters": [parameter], "requestBody": {"content": media}, "responses": {"204": {}}}
    components = {"examples": {"two": {"value": 2}}}
    spec = Spec({"openapi": "3.1.0", "paths": {"/": {"post": operation}}, "components": components})
    values = Maker(spec).values(spec.operations[0])
    assert (values.parameters, values.body) == ({"query:a": 2}, 2)
