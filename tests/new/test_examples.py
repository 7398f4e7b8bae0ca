"""The commented examples in the overlays of a new project work."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from rulewright.commands.regenerate import main as regenerate
from rulewright.commands.rules import main as rules
from rulewright.merged import merge
from rulewright.project import load_project

from tests.new.newcomer import ROOT

TEMPLATES = ROOT / "scripts/rulewright/new/templates/overlays"
TABLE = """[tool.rulewright]
spec = "openapi.json"
overlays = [{}]
package = "orders_api"
output = "generated"
"""
TEXT: dict[str, Any] = {"type": "string"}


def document() -> dict[str, Any]:
    """Return the document that the examples are written for."""
    state = {**TEXT, "enum": ["waiting", "printed", "jammed"]}
    label = {"type": "object", "properties": {"url": TEXT}}
    order = {
        "type": "object",
        "description": "Orders must be fun.",
        "required": ["kind"],
        "properties": {
            "kind": {**TEXT, "enum": ["letter", "parcel"]},
            "weight": {"type": "number", "description": "Required for parcels."},
            "total": {"type": "number"},
        },
    }
    properties = {"id": TEXT, "state": state, "label": label}
    job = {"type": "object", "required": ["id", "state"], "properties": properties}
    answer = {
        "description": "A job.",
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Job"}}},
    }
    media = {"application/json": {"schema": {"$ref": "#/components/schemas/Order"}}}
    view = {"name": "view", "in": "query", "description": "Pages exist for lists.", "schema": {"enum": ["one", "all"]}}
    own = {"name": "id", "in": "path", "required": True, "schema": TEXT}
    page = {"name": "page", "in": "query", "schema": {"type": "integer"}}
    return {
        "openapi": "3.0.3",
        "info": {"title": "Orders", "version": "1"},
        "servers": [{"url": "https://orders.example.com"}],
        "paths": {
            "/orders": {
                "get": {"operationId": "listOrders", "parameters": [view, page], "responses": {"200": answer}},
                "post": {
                    "operationId": "order",
                    "requestBody": {"required": True, "content": media},
                    "responses": {"202": answer},
                },
            },
            "/orders/{id}": {"get": {"parameters": [own], "responses": {"200": answer}}},
            "/internal": {"get": {"responses": {"200": answer}}},
        },
        "components": {"schemas": {"Order": order, "Job": job}},
    }


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project whose overlays are the examples, their comment signs taken away."""
    names = []
    for template in sorted(TEMPLATES.glob("*.overlay.yaml.txt")):
        _, _, example = template.read_text(encoding="utf-8").partition("\n# overlay:")
        lines = f"# overlay:{example}".splitlines()
        names.append(template.name.removesuffix(".txt"))
        text = "\n".join(line.removeprefix("# ") for line in lines)
        (tmp_path / names[-1]).write_text(text + "\n", encoding="utf-8")
    (tmp_path / "openapi.json").write_text(json.dumps(document()), encoding="utf-8")
    table = TABLE.format(", ".join(map(json.dumps, names)))
    (tmp_path / "pyproject.toml").write_text(table, encoding="utf-8")
    return tmp_path


def test_the_examples_make_a_client(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Corrections, rules of a body and of parameters, typed functions and a waiter, as they stand there."""
    assert rules(["check", "--project", str(project)]) == 0
    assert "2 rules" in capsys.readouterr().out
    assert {rule.id for each in merge(load_project(project)).ruled for rule in each.rules} == {
        "parcels-need-a-weight",
        "pages-go-with-a-list",
    }
    assert regenerate(["--project", str(project), "--quiet"]) == 0
    methods = (project / "generated/orders_api/methods.py").read_text(encoding="utf-8")
    assert "def send_letter(" in methods
    assert "def send_parcel(" in methods
    assert "getOrder" in (project / "generated/orders_api/waiters.py").read_text(encoding="utf-8")
