"""Path items behind references have operations in the client, the sandbox, the rules and the impact."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from rulewright.commands.impact import main as impact
from rulewright.commands.new import main as new
from rulewright.openapi.operations import with_meant_types, with_path_items

from tests.generating import in_this_process

REFERENCE = {"$ref": "#/components/pathItems/Till"}
TILL = {"get": {"responses": {"204": {"description": "open"}}}, "summary": "A till"}


def document() -> dict[str, Any]:
    """Return a document with one operation, in a component."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "Tills", "version": "1"},
        "servers": [{"url": "https://tills.example.com"}],
        "paths": {"/till": REFERENCE},
        "components": {"pathItems": {"Till": TILL}},
    }


def test_a_path_holds_what_its_reference_names() -> None:
    """What stands beside the reference counts more; the component goes unless something else refers to it."""
    before = document()
    before["paths"]["/till"] = {**REFERENCE, "summary": "The till"}
    kept = copy.deepcopy(before)
    made = with_path_items(before)
    assert made["paths"] == {"/till": {**TILL, "summary": "The till"}}
    assert made["components"] == {"pathItems": {}}
    assert before == kept
    before["webhooks"] = {"opened": REFERENCE}
    assert with_path_items(before)["components"] == {"pathItems": {"Till": TILL}}


@pytest.mark.parametrize("reference", ["#/components/pathItems/Gone", "other.yaml"])
def test_a_dangling_path_reference_stays(reference: str) -> None:
    """The reader of the path reports it."""
    before = document() | {"paths": {"/a": {"$ref": reference}, "/b": None}}
    assert with_path_items(before)["paths"] == before["paths"]


def test_nothing_changes_where_no_path_refers() -> None:
    """The same object is returned."""
    values: tuple[Any, ...] = (None, {}, {"paths": []}, {"paths": {"/a": TILL}})
    for value in values:
        assert with_path_items(value) is value


def test_its_operations_are_made_and_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A generated client has the operations, and removing one is reported as breaking."""
    for name, value in (("old", document()), ("new", document())):
        if name == "new":
            value["components"]["pathItems"]["Till"] = {"put": TILL["get"]}
        (tmp_path / f"{name}.json").write_text(json.dumps(value), encoding="utf-8")
    target = tmp_path / "project"
    with in_this_process():
        assert new([str(target), "--package", "our_tills", "--spec", str(tmp_path / "old.json")]) == 0
    assert "GET_TILL: Final" in (target / "generated/our_tills/operations.py").read_text(encoding="utf-8")
    capsys.readouterr()
    sides = [str(tmp_path / f"{name}.json") for name in ("old", "new")]
    assert impact([*sides, "--project", str(tmp_path)]) == 30
    assert "GET /till" in capsys.readouterr().out


def test_a_schema_with_properties_is_an_object_and_a_required_list_holds_an_item() -> None:
    """Add what authors of such schemas mean; conditions inside other schemas stay unchanged."""
    untyped = {"properties": {"a": {"type": "string"}}, "if": {"properties": {"a": {"const": "b"}}}}
    parameter = {"name": "q", "in": "query", "required": True, "schema": {"$ref": "#/components/schemas/L"}}
    operation = {"parameters": [parameter], "responses": {"204": {"description": "ok"}}}
    value = {"paths": {"/a": {"get": operation}}, "components": {"schemas": {"S": untyped, "L": {"type": "array"}}}}
    made = with_meant_types(value)
    assert made["components"]["schemas"]["S"] == {**untyped, "type": "object"}
    schema = made["paths"]["/a"]["get"]["parameters"][0]["schema"]
    assert schema == {"allOf": [{"$ref": "#/components/schemas/L"}], "minItems": 1}
    assert "type" not in untyped
    assert with_meant_types({"paths": {}}) == {"paths": {}}
