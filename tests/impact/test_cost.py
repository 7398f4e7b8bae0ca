"""The cost of comparing a document of 1,000 operations of which every twentieth changed."""

from __future__ import annotations

import copy
import json
import time
from pathlib import Path
from typing import Any

import pytest
from rulewright.commands.impact import main

OPERATIONS = 1_000
MOST = 5.0
"""Seconds of processor time, reading and writing included."""


def document() -> dict[str, Any]:
    """Return a document of many operations, each with a body, answers and schemas of its own."""
    schemas: dict[str, Any] = {"Problem": {"type": "object", "properties": {"reason": {"type": "string"}}}}
    schemas |= {
        f"Size{number}": {"type": "object", "properties": {"width": {"type": "integer"}}} for number in range(50)
    }
    paths: dict[str, Any] = {}
    for number in range(OPERATIONS):
        schemas[f"Order{number}"] = {
            "type": "object",
            "required": ["kind", "note"],
            "properties": {
                "kind": {"type": "string", "enum": ["a", "b", "c"]},
                "note": {"type": "string", "maxLength": 20},
                "speed": {"type": "string", "enum": ["slow", "fast"]},
                "size": {"$ref": f"#/components/schemas/Size{number % 50}"},
            },
        }
        body, problem = (
            {"application/json": {"schema": {"$ref": f"#/components/schemas/{name}"}}}
            for name in (f"Order{number}", "Problem")
        )
        responses = {"200": {"description": "ok", "content": body}, "422": {"description": "no", "content": problem}}
        operation = {"operationId": f"make{number}", "requestBody": {"content": body}, "responses": responses}
        paths[f"/orders{number}"] = {"post": operation}
    info = {"title": "Many", "version": "1"}
    return {"openapi": "3.0.3", "info": info, "paths": paths, "components": {"schemas": schemas}}


@pytest.mark.heavy
def test_a_thousand_operations_take_seconds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """From two files to the report, with a request counted or shown for each break."""
    old = document()
    new = copy.deepcopy(old)
    for number in range(0, OPERATIONS, 20):
        fields = new["components"]["schemas"][f"Order{number}"]["properties"]
        fields["speed"]["enum"] = ["fast"]
        fields["note"]["maxLength"] = 10
    for name, value in (("old", old), ("new", new)):
        (tmp_path / f"{name}.json").write_text(json.dumps(value, indent=1), encoding="utf-8")
    started = time.process_time()
    code = main([str(tmp_path / "old.json"), str(tmp_path / "new.json"), "--project", str(tmp_path)])
    assert time.process_time() - started < MOST
    assert code == 30
    assert "100 breaking on the wire" in capsys.readouterr().out
