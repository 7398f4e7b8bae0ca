"""The JSON Schemas for editors find mistakes in overlays and settings, and accept what the tool accepts."""

from __future__ import annotations

import copy
import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from rulewright.generate.waiters import _KEYS as WAITER_KEYS
from rulewright.impact.change import WHO
from rulewright.openapi.document import load
from rulewright.overlay.model import EXTENSIONS
from rulewright.project import _KEYS as SETTINGS
from rulewright.rules.definition import LEVELS
from rulewright.rules.dialect import BODY_KEYWORDS, KEYWORDS

ROOT = Path(__file__).resolve().parents[2]
OVERLAYS = sorted((ROOT / "overlays").glob("*.overlay.yaml"))
HEADER = "# yaml-language-server: $schema=../generated/overlay.schema.json"
SCHEMA = json.loads((ROOT / "generated/overlay.schema.json").read_text("utf-8"))
SETTINGS_SCHEMA = json.loads((ROOT / "generated/project.schema.json").read_text("utf-8"))

RULE: dict[str, Any] = {
    "id": "letters-are-light",
    "level": "error",
    "message": "weight must be at most 20 when kind is letter",
    "source": {"at": "#/components/schemas/Parcel/properties/weight/description", "quote": "Letters: at most 20."},
    "if": {"properties": {"kind": {"const": "letter"}}, "required": ["kind"]},
    "then": {"properties": {"weight": {"maximum": 20}}},
    "examples": {"passes": {"kind": "letter", "weight": 20}, "breaks": {"kind": "letter", "weight": 21}},
}
WAITER: dict[str, Any] = {
    "name": "job",
    "id": {"parameter": "id", "submitted": "/id"},
    "state": "/state",
    "acceptors": {"open": "retry", "done": "success"},
    "delay": {"first": 1, "factor": 2, "max": 10},
    "deadline": 60,
}


def overlay() -> dict[str, Any]:
    """An overlay without a mistake."""
    update = {"x-rules": [copy.deepcopy(RULE)], "x-variants": {"by": "kind", "names": {"letter": "send_letter"}}}
    return {
        "overlay": "1.1.0",
        "info": {"title": "Rules", "version": "1.0.0"},
        "actions": [
            {"target": "$.components.schemas.Parcel", "description": "Prose only.", "update": update},
            {"target": "$.paths['/jobs/{id}'].get", "x-expect": 1, "update": {"x-waiter": copy.deepcopy(WAITER)}},
        ],
    }


def rule(document: dict[str, Any]) -> dict[str, Any]:
    """Return its rule."""
    found: dict[str, Any] = document["actions"][0]["update"]["x-rules"][0]
    return found


def waiter(document: dict[str, Any]) -> dict[str, Any]:
    """Return its waiter."""
    found: dict[str, Any] = document["actions"][1]["update"]["x-waiter"]
    return found


MISTAKES: dict[str, Callable[[dict[str, Any]], object]] = {
    "a version that is none": lambda it: it.update(overlay="2.0.0"),
    "no title": lambda it: it["info"].pop("title"),
    "no action": lambda it: it.update(actions=[]),
    "a misspelt key of the overlay": lambda it: it.update(action=it["actions"]),
    "an extension of a schema at the top": lambda it: it.update({"x-rules": []}),
    "an action without a target": lambda it: it["actions"][0].pop("target"),
    "a pointer as a target": lambda it: it["actions"][0].update(target="#/components"),
    "an action that does nothing": lambda it: it["actions"][0].pop("update"),
    "a misspelt key of an action": lambda it: it["actions"][0].update(updates={}),
    "an expectation below zero": lambda it: it["actions"][1].update({"x-expect": -1}),
    "a misspelt x-rules": lambda it: it["actions"][0]["update"].update({"x-rule": []}),
    "a rule without a source": lambda it: rule(it).pop("source"),
    "a rule without examples": lambda it: rule(it).pop("examples"),
    "an id with capitals": lambda it: rule(it).update(id="LettersAreLight"),
    "a level that is none": lambda it: rule(it).update(level="fatal"),
    "a message of two lines": lambda it: rule(it).update(message="weight must\nbe small"),
    "a keyword that cannot be compiled": lambda it: rule(it)["then"]["properties"]["weight"].update(multipleOf=2),
    "a bound on the request as a whole": lambda it: rule(it).update({"if": {"maximum": 3}}),
    "a source without words": lambda it: rule(it)["source"].pop("quote"),
    "a page without its hash": lambda it: rule(it).update(source={"page": "https://x.example", "quote": "words"}),
    "one example only": lambda it: rule(it)["examples"].pop("breaks"),
    "variants without names": lambda it: it["actions"][0]["update"]["x-variants"].pop("names"),
    "a function that Python cannot have": lambda it: it["actions"][0]["update"]["x-variants"]["names"].update(a="a-b"),
    "a waiter without states": lambda it: waiter(it).pop("acceptors"),
    "a state that means nothing": lambda it: waiter(it)["acceptors"].update(open="wait"),
    "a place that is no pointer": lambda it: waiter(it).update(state="status"),
    "a certainty that is none": lambda it: it["actions"][0]["update"].update({"x-certainty": "sure"}),
    "an accepted finding without a reason": lambda it: it.update({"x-accepted-findings": [{"findings": ["a"]}]}),
}


def test_an_overlay_without_a_mistake_is_accepted() -> None:
    """The mistakes below are made in this overlay."""
    jsonschema_rs.validate(SCHEMA, overlay())


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_found_by_the_schema_alone(name: str) -> None:
    """Editors validate with this schema."""
    document = overlay()
    MISTAKES[name](document)
    assert not jsonschema_rs.is_valid(SCHEMA, document)


@pytest.mark.parametrize("path", OVERLAYS, ids=lambda path: path.name)
def test_the_overlays_of_this_project_name_their_schema_and_keep_it(path: Path) -> None:
    """VS Code and PyCharm read the header."""
    assert path.read_text("utf-8").startswith(HEADER)
    errors = [
        f"{each.instance_path}: {each.message:.200}" for each in jsonschema_rs.iter_errors(SCHEMA, load(path).value)
    ]
    assert errors == []


def test_the_schema_lists_what_the_tool_reads() -> None:
    """Every extension, key and keyword that the tool reads, and no other."""
    definitions = SCHEMA["$defs"]
    assert set(definitions["field"]["properties"]) == set(KEYWORDS)
    assert set(definitions["body"]["properties"]) == set(BODY_KEYWORDS)
    assert set(definitions["waiter"]["properties"]) == set(WAITER_KEYS)
    assert definitions["rule"]["properties"]["level"]["enum"] == list(LEVELS)
    found = {
        "an overlay": SCHEMA,
        "an action": definitions["action"],
        "the update of an action": definitions["value"],
        "a rule": definitions["rule"],
    }
    for place, names in EXTENSIONS.items():
        assert {name for name in found[place]["properties"] if name.startswith("x-")} == set(names), place


def test_the_settings_are_described_and_mistakes_are_found() -> None:
    """The table of this project is accepted; a misspelt key, a wrong library and a missing output are not."""
    table = SETTINGS_SCHEMA["properties"]["tool"]["properties"]["rulewright"]
    assert set(table["properties"]) == set(SETTINGS)
    assert set(table["properties"]["impact"]["properties"]["fail-on"]["items"]["enum"]) == {*WHO, "any"}
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["rulewright"]
    for change, is_valid in (
        ({}, True),
        ({"overlay": []}, False),
        ({"http": "requests"}, False),
        ({"output": "."}, False),
    ):
        assert jsonschema_rs.is_valid(SETTINGS_SCHEMA, {"tool": {"rulewright": {**settings, **change}}}) is is_valid
