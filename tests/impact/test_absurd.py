"""Long chains, wrong types and absurd bounds give a correct report or a clear error in linear time."""

from __future__ import annotations

import copy
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rulewright.commands.impact import main
from rulewright.commands.importing import main as import_page
from rulewright.commands.overlay import main as overlay
from rulewright.errors import run_cli

Edit = Callable[[dict[str, Any]], object]


def document(**schemas: Any) -> dict[str, Any]:
    """Return a document whose one operation takes and gives a `Thing`."""
    thing = {"type": "object", "required": ["kind"], "properties": {"kind": {"type": "string", "enum": ["a"]}}}
    media = {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}
    make = {
        "operationId": "make",
        "requestBody": {"required": True, "content": media},
        "responses": {"200": {"description": "made", "content": media}},
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": "Things", "version": "1"},
        "servers": [{"url": "https://api.example.com"}],
        "paths": {"/things": {"post": make}},
        "components": {"schemas": {"Thing": thing, **schemas}},
    }


def thing(value: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of the thing in a document."""
    found: dict[str, Any] = value["components"]["schemas"]["Thing"]
    return found


def compare(folder: Path, old: str, new: str) -> int:
    """Compare two texts, without a project."""
    for name, text in (("old", old), ("new", new)):
        (folder / f"{name}.json").write_text(text, encoding="utf-8")
    return main([str(folder / "old.json"), str(folder / "new.json"), "--project", str(folder), "--format", "json"])


@pytest.mark.parametrize("length", [250, 3000])
def test_a_chain_of_schemas_is_followed_to_its_end(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], length: int
) -> None:
    """The last of many schemas is used by the operation at the other end."""

    def chained(last: str) -> str:
        schemas: dict[str, Any] = {
            f"Link{number}": {
                "type": "object",
                "properties": {"next": {"$ref": f"#/components/schemas/Link{number + 1}"}},
            }
            for number in range(length)
        }
        value = document(**schemas, **{f"Link{length}": {"type": last}})
        thing(value)["properties"]["first"] = {"$ref": "#/components/schemas/Link0"}
        return json.dumps(value)

    assert compare(tmp_path, chained("string"), chained("integer")) == 30
    found = [each for each in json.loads(capsys.readouterr().out)["changes"] if each["check"] == "type-changed"]
    assert {each["pointer"] for each in found} == {f"/components/schemas/Link{length}/type"}
    assert [each["uses"] for each in found] == [["POST /things (request body)", "POST /things (answer 200)"]]


WRONG: dict[str, Edit] = {
    "type 5": lambda value: thing(value)["properties"]["kind"].update(type=5),
    "type unknown": lambda value: thing(value)["properties"]["kind"].update(type="text"),
    "types unknown": lambda value: thing(value)["properties"]["kind"].update(type=["string", "text"]),
    "type of types": lambda value: thing(value).update(type=[["object"]]),
    "required in required": lambda value: thing(value).update(required=[["kind"]]),
    "required an object": lambda value: thing(value).update(required=[{"kind": 1}]),
    "required true": lambda value: thing(value).update(required=True),
    "enum no list": lambda value: thing(value)["properties"]["kind"].update(enum="a"),
    "enum of lists": lambda value: thing(value)["properties"]["kind"].update(enum=[["a"], {"b": 1}, 1, True]),
    "properties true": lambda value: thing(value).update(properties=True),
    "whole number beyond floats": lambda value: thing(value)["properties"].update(
        size={"type": "integer", "minimum": -(10**500), "maximum": 10**500}
    ),
    "huge lengths": lambda value: thing(value)["properties"].update(
        size={"type": "string", "minLength": 10**30, "maxLength": 10**30}
    ),
    "huge lists": lambda value: thing(value)["properties"].update(
        size={"type": "array", "items": {"type": "string"}, "minItems": 10**9, "maxItems": 10**30}
    ),
    "a multiple of nothing": lambda value: thing(value)["properties"].update(size={"type": "integer", "multipleOf": 0}),
}


@pytest.mark.parametrize("name", WRONG)
@pytest.mark.parametrize("swap", [False, True], ids=["new", "old"])
def test_a_wrong_schema_is_compared_or_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, *, swap: bool
) -> None:
    """A wrong schema on either side is compared, or the error names the file and the place."""
    changed = document()
    WRONG[name](changed)
    texts = [json.dumps(document()), json.dumps(changed)]
    code = compare(tmp_path, *reversed(texts)) if swap else compare(tmp_path, *texts)
    out, error = capsys.readouterr()
    assert code in {1, 10, 20, 30}
    if out:
        report = json.loads(out)
        assert report["unexplained"] if code == 1 else report["changes"]
    else:
        assert code == 1
        assert ("old.json" if swap else "new.json") in error
        assert "/components/schemas/Thing" in error


@pytest.mark.parametrize("number", ["1e400", "-1e400", ".nan", ".inf"])
def test_a_bound_outside_json_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str], number: str) -> None:
    """JSON has no such number."""
    changed = document()
    thing(changed)["minProperties"] = "BOUND"
    assert compare(tmp_path, json.dumps(changed, indent=1).replace('"BOUND"', number), json.dumps(document())) == 1
    error = capsys.readouterr().err
    assert "old.json:" in error
    assert f"{number} is not a number in JSON" in error


GROWING: dict[str, Callable[[dict[str, Any], int], object]] = {
    "properties": lambda value, size: thing(value)["properties"].update(
        {f"field{number}": {"type": "string"} for number in range(size)}
    ),
    "flags": lambda value, size: thing(value)["properties"].update(
        {f"flag{number}": {"type": "boolean"} for number in range(size)}
    ),
    "required": lambda value, size: thing(value).update(required=[f"field{number}" for number in range(size)]),
    "enum": lambda value, size: thing(value)["properties"]["kind"].update(
        enum=["a", *(f"value{number}" for number in range(size))]
    ),
    "schemas": lambda value, size: value["components"]["schemas"].update(
        {f"Schema{number}": {"type": "object"} for number in range(size)}
    ),
    "paths": lambda value, size: value["paths"].update(
        {
            f"/path{number}": {"get": {"operationId": f"get{number}", "responses": {"200": {"description": "done"}}}}
            for number in range(size)
        }
    ),
    "parameters": lambda value, size: value["paths"]["/things"]["post"].update(
        parameters=[{"name": f"p{number}", "in": "query", "schema": {"type": "string"}} for number in range(size)]
    ),
    "tags": lambda value, size: value.update(tags=[{"name": f"tag{number}"} for number in range(size)]),
    "extensions": lambda value, size: value.update({f"x-{number}": number for number in range(size)}),
}


def calls(run: Callable[[], object]) -> int:
    """Return how many functions of the pipeline and of Python's C code are called."""
    count = 0

    def note(*_: object) -> None:
        nonlocal count
        count += 1

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        run()
    finally:
        sys.setprofile(before)
    return count


SMALL, LARGE = 80, 320
MOST = 1.5 * LARGE / SMALL
"""Four times the input may take six times the calls, and not the sixteen of quadratic work."""


@pytest.mark.parametrize("name", GROWING)
@pytest.mark.parametrize("command", ["impact", "impact back", "overlay"])
def test_many_added_keys_take_linear_work(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, command: str
) -> None:
    """Work is counted in function calls, independent of the machine."""
    old = json.dumps(document())

    def work(size: int) -> int:
        changed = copy.deepcopy(document())
        GROWING[name](changed, size)
        new = json.dumps(changed)
        if command != "overlay":
            sides = (old, new) if command == "impact" else (new, old)
            return calls(lambda: compare(tmp_path, *sides))
        added = {"overlay": "1.1.0", "info": {"title": "t", "version": "1"}}
        update = {key: value for key, value in changed.items() if key not in {"openapi", "info", "servers"}}
        action = {"target": "$", "update": update}
        (tmp_path / "spec.json").write_text(old, encoding="utf-8")
        (tmp_path / "add.json").write_text(json.dumps({**added, "actions": [action]}), encoding="utf-8")
        files = [str(tmp_path / "spec.json"), str(tmp_path / "add.json"), "-o", str(tmp_path / f"{size}.json")]
        return calls(lambda: run_cli(lambda: overlay(files)))

    work(SMALL)  # loads what is loaded once
    assert work(LARGE) < MOST * work(SMALL)


def test_many_pages_are_merged_in_linear_work(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Merging a page does not copy what was merged before."""

    def work(size: int) -> int:
        folder = tmp_path / str(size)
        folder.mkdir(exist_ok=True)
        for number in range(size):
            value = document()
            value["paths"] = {
                f"/path{number}": {
                    "get": {"operationId": f"get{number}", "responses": {"200": {"description": "done"}}}
                }
            }
            (folder / f"{number:04}.md").write_text(f"```json\n{json.dumps(value)}\n```\n", encoding="utf-8")
        return calls(lambda: run_cli(lambda: import_page([str(folder), "-o", str(tmp_path / "out.yaml")])))

    work(10)
    assert work(80) < 1.5 * 4 * work(20)
