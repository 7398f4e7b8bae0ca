"""Rules apply wherever their schema is used: in a field, a list, a map, a union, in itself."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from rulewright.sandbox import Sandbox

from tests.generating import regenerate

TEXT: dict[str, Any] = {"type": "string"}
SIDE = {"type": "string", "enum": ["left", "right"]}
RIGHT = {"side": "left", "turn": "up"}
WRONG = {"side": "left"}
ODD = {"kind": "odd"}
TABLE = """[tool.rulewright]
spec = "openapi.json"
overlays = ["rules.overlay.json"]
package = "nested_api"
output = "generated"
"""


def reference(name: str) -> dict[str, str]:
    """Return a reference to a component schema."""
    return {"$ref": f"#/components/schemas/{name}"}


def document() -> dict[str, Any]:
    """Return a document whose body holds a joint in every way an object can hold another."""
    joint = {
        "type": "object",
        "description": "Left joints turn.",
        "required": ["side"],
        "properties": {"side": SIDE, "turn": TEXT, "next": reference("Joint")},
    }
    named = {"allOf": [reference("Joint"), {"type": "object", "properties": {"name": TEXT}}]}
    round_ = {
        "type": "object",
        "required": ["kind"],
        "properties": {"kind": {"enum": ["odd"]}, "joint": reference("Joint")},
    }
    flat = {"type": "object", "required": ["kind"], "properties": {"kind": {"enum": ["even"]}}}
    inline = {"type": "object", "properties": {"side": SIDE, "turn": TEXT}}
    robot = {
        "type": "object",
        "properties": {
            "joint": reference("Joint"),
            "joints": {"type": "array", "items": reference("Joint")},
            "named": reference("Named"),
            "by_name": {"type": "object", "additionalProperties": reference("Joint")},
            "either": {"oneOf": [reference("Round"), reference("Flat")]},
            "inline": inline,
        },
    }
    media = {"application/json": {"schema": reference("Robot")}}
    many = {"application/json": {"schema": {"type": "array", "items": reference("Robot")}}}
    answers = {"204": {"description": "Built."}}
    build = {"operationId": "build", "requestBody": {"required": True, "content": media}, "responses": answers}
    every = {"operationId": "buildAll", "requestBody": {"required": True, "content": many}, "responses": answers}
    return {
        "openapi": "3.0.3",
        "info": {"title": "Robots", "version": "1"},
        "servers": [{"url": "https://robots.example.com"}],
        "paths": {"/robots": {"post": build, "put": every}},
        "components": {"schemas": {"Joint": joint, "Named": named, "Round": round_, "Flat": flat, "Robot": robot}},
    }


def rule(name: str) -> dict[str, Any]:
    """Return the rule that left joints turn."""
    return {
        "id": name,
        "level": "error",
        "message": "turn must be given when side is left",
        "source": {"at": "#/components/schemas/Joint/description", "quote": "Left joints turn."},
        "if": {"properties": {"side": {"const": "left"}}, "required": ["side"]},
        "then": {"required": ["turn"]},
        "examples": {"passes": RIGHT, "breaks": WRONG},
    }


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The generated package of the document with its rules."""
    root = tmp_path_factory.mktemp("nested")
    targets = {"$.components.schemas.Joint": "left-joints-turn", "$..Robot.properties.inline": "inline-joints-turn"}
    actions = [{"target": target, "update": {"x-rules": [rule(name)]}} for target, name in targets.items()]
    overlay = {"overlay": "1.1.0", "info": {"title": "Rules", "version": "1"}, "actions": actions}
    (root / "openapi.json").write_text(json.dumps(document()), encoding="utf-8")
    (root / "rules.overlay.json").write_text(json.dumps(overlay), encoding="utf-8")
    (root / "pyproject.toml").write_text(TABLE, encoding="utf-8")
    regenerate(root)
    sys.path.insert(0, str(root / "generated"))
    yield importlib.import_module("nested_api")
    sys.path.remove(str(root / "generated"))


@pytest.fixture(scope="module")
def sandbox(package: Any) -> Sandbox:
    """A sandbox that plays the document."""
    return Sandbox(json.loads((Path(package.__file__).parent / "openapi.effective.json").read_bytes()))


CASES = [
    ({"joint": RIGHT}, []),
    ({"joint": WRONG}, ["left-joints-turn /joint/turn"]),
    ({"joint": {**RIGHT, "next": {**RIGHT, "next": WRONG}}}, ["left-joints-turn /joint/next/next/turn"]),
    ({"joints": [RIGHT, WRONG, RIGHT, WRONG]}, ["left-joints-turn /joints/1/turn", "left-joints-turn /joints/3/turn"]),
    ({"named": {**WRONG, "name": "elbow"}}, ["left-joints-turn /named/turn"]),
    ({"by_name": {"a/b": WRONG, "c": RIGHT}}, ["left-joints-turn /by_name/a~1b/turn"]),
    ({"either": {**ODD, "joint": WRONG}}, ["left-joints-turn /either/joint/turn"]),
    ({"either": {**ODD, "joint": RIGHT}}, []),
    ({"either": {"kind": "even"}}, []),
    ({"inline": WRONG}, ["inline-joints-turn /inline/turn"]),
    ({"inline": WRONG, "joint": WRONG}, ["left-joints-turn /joint/turn", "inline-joints-turn /inline/turn"]),
    ({"inline": {"side": "right"}, "joints": [], "by_name": {}}, []),
]


@pytest.mark.parametrize(("body", "expected"), CASES)
def test_client_and_sandbox_refuse_the_same_parts(
    package: Any, sandbox: Sandbox, body: dict[str, Any], expected: list[str]
) -> None:
    """Pointers start at the body, for models and JSON alike; waiving the rules leaves no violation."""
    rules: Any = importlib.import_module(f"{package.__name__}.rules")
    robot: Any = importlib.import_module(f"{package.__name__}.raw.models").Robot
    for given in (body, robot.from_dict(body)):
        found = rules.violations(given, model=robot)
        assert sorted(f"{each.rule} {each.pointer}" for each in found) == sorted(expected)
        assert rules.violations(given, model=robot, waive={each.rule for each in found}) == ()
        assert rules.rule_violations(given, model=robot) == found
    with httpx.Client(transport=sandbox.transport()) as client:
        answer = client.post("https://robots.example.com/robots", json=body)
    entries = answer.json()["violations"] if expected else []
    assert answer.status_code == (400 if expected else 204), answer.text
    assert sorted(f"{each['rule']} {each['pointer']}" for each in entries) == sorted(expected)


def test_the_nearest_request_of_a_part_is_located_in_the_whole(package: Any) -> None:
    """Pointers of changes start at the body."""
    rules: Any = importlib.import_module(f"{package.__name__}.rules")
    robot: Any = importlib.import_module(f"{package.__name__}.raw.models").Robot
    (found,) = rules.violations({"joints": [RIGHT, WRONG]}, model=robot)
    (change,) = found.nearest
    assert (change.pointer, change.before, change.after) == ("/joints/1/side", "left", "right")


def test_the_items_of_a_list_body_are_checked(package: Any, sandbox: Sandbox) -> None:
    """A list has no class of its own, but its items have."""
    rules: Any = importlib.import_module(f"{package.__name__}.rules")
    operations: Any = importlib.import_module(f"{package.__name__}.operations")
    robot: Any = importlib.import_module(f"{package.__name__}.raw.models").Robot
    bodies = [{}, {"joint": WRONG}]
    found = rules.request_violations(operations.BUILD_ALL, {"body": [robot.from_dict(body) for body in bodies]})
    assert [(each.rule, each.pointer) for each in found] == [("left-joints-turn", "/1/joint/turn")]
    with httpx.Client(transport=sandbox.transport()) as client:
        answer = client.put("https://robots.example.com/robots", json=bodies)
    assert [(each["rule"], each["pointer"]) for each in answer.json()["violations"]] == [
        ("left-joints-turn", "/1/joint/turn")
    ]
