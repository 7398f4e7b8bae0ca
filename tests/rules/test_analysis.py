"""What the rules mean together is computed exactly, and planted faults are found."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
import yaml

from scripts.document import parse
from scripts.merged import Merged
from scripts.overlay import parse_overlay
from scripts.rules.analysis import Report, analyse
from scripts.rules.definition import read_rules


@pytest.fixture(scope="module")
def report(merged: Merged) -> Report:
    """The analysis of the project's rules."""
    return analyse(merged)


def test_counts_are_those_of_the_enumeration(report: Report) -> None:
    """504 of the 1,134 requests keep the stated rules, 261 the inferred ones too."""
    (schema,) = report.schemas
    assert (schema.total, schema.valid, schema.valid_strict) == (1134, 504, 261)


def test_the_literal_reading_of_the_page_is_reported(report: Report) -> None:
    """It says which model cannot be used with which action, by which rule, and what it is still good for."""
    name = "dead-pair/action=ingredients2video/model=veo31_fast_ingredients"
    (finding,) = [each for schema in report.schemas for each in schema.findings if each.id == name]
    assert finding.rules == ("ingredients-only-veo31-fast",)
    assert "action=text2video (imageList: 1, 2, 3), action=img2video (imageList: 1, 2)" in finding.text
    assert finding.witness is not None
    assert set(finding.witness) == {"prompt", "action", "model"}
    assert finding.accepted is not None


def test_everything_found_is_accepted_and_nothing_accepted_is_gone(report: Report) -> None:
    """The project has decided about each finding; an entry that no longer holds would be listed as expired."""
    assert report.unaccepted == ()
    assert report.expired == ()
    assert "accepted: " in report.text()
    assert json.loads(json.dumps(report.data()))["expired"] == []


RULE: dict[str, Any] = {
    "level": "error",
    "message": "a message",
    "source": {"at": "#/info/title", "quote": "t"},
    "examples": {"passes": {}, "breaks": {}},
}


def rule(name: str, condition: Any, requirement: Any, level: str = "error") -> dict[str, Any]:
    """Return a rule for a schema with the fields a and b (x, y, z) and a list c."""
    return {**RULE, "id": name, "if": condition, "then": requirement, "level": level}


def has(field: str, value: str) -> dict[str, Any]:
    """Return the condition that a field holds a value."""
    return {"properties": {field: {"const": value}}, "required": [field]}


def findings(*rules: dict[str, Any]) -> set[str]:
    """Return the ids of what the analysis finds in some rules."""
    enum = {"type": "string", "enum": ["x", "y", "z"]}
    schema = {
        "type": "object",
        "required": ["a", "b"],
        "properties": {"a": enum, "b": enum, "c": {"type": "array", "items": {"type": "string"}}},
        "x-rules": copy.deepcopy(list(rules)),
    }
    value = {"openapi": "3.1.0", "info": {"title": "t"}, "components": {"schemas": {"S": schema}}}
    overlay = yaml.safe_dump({"overlay": "1.1.0", "info": {"title": "t", "version": "1"}, "actions": [{"target": "$"}]})
    merged = Merged(parse("{}", "v"), (parse_overlay(parse(overlay, "o")),), value, read_rules(value))
    return {finding.id for schema in analyse(merged).schemas for finding in schema.findings}


NONE = {"properties": {"c": {"maxItems": 0}}}
FEW = {"properties": {"c": {"maxItems": 2}}}
SOME = {"properties": {"c": {"minItems": 1}}, "required": ["c"]}
MANY = {"properties": {"c": {"minItems": 3}}, "required": ["c"]}


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ([rule("r", has("a", "x"), SOME)], set()),
        ([rule("r", has("a", "x"), FEW), rule("s", has("b", "y"), SOME)], set()),
        ([rule("r", has("a", "x"), False)], {"dead-value/a=x", "contradiction/r"}),
        ([rule("r", has("a", "x"), has("b", "y"))], {"dead-pair/a=x/b=x", "dead-pair/a=x/b=z"}),
        (
            [rule("r", has("a", "x"), FEW), rule("s", has("a", "x"), MANY)],
            {"dead-value/a=x", "contradiction/r", "contradiction/s"},
        ),
        ([rule("r", has("a", "x"), MANY), rule("s", has("a", "x"), SOME)], {"implied/s"}),
        ([rule("r", has("a", "x"), has("a", "x"))], {"never-fires/r"}),
        ([rule("r", has("a", "x"), FEW), rule("s", has("b", "y"), MANY)], {"dead-pair/a=x/b=y"}),
        ([rule("r", has("a", "x"), NONE, "warning"), rule("s", has("b", "y"), SOME)], {"strict/dead-pair/a=x/b=y"}),
    ],
)
def test_planted_faults_are_found_and_nothing_else(rules: list[dict[str, Any]], expected: set[str]) -> None:
    """Dead values, dead pairs, implied rules, rules that never fire, contradictions: each by its id, none invented."""
    assert findings(*rules) == expected


def test_a_rule_about_a_field_within_an_object_can_be_kept() -> None:
    """Two rules may each ask for something else within one object; a list in an example is a value like any other."""
    inner = {
        "type": "object",
        "required": ["n"],
        "properties": {"n": {"type": "integer"}, "front": {"type": "string"}, "size": {"enum": [1, 2]}},
    }
    asks = rule("r", has("a", "x"), {"properties": {"o": {"required": ["front"]}}, "required": ["o"]})
    sized = rule(
        "s", has("b", "y"), {"properties": {"o": {"properties": {"size": {"const": 2}}, "required": ["size"]}}}
    )
    asks["examples"] = {"passes": {"a": "x", "o": {"n": 1, "front": "f"}}, "breaks": {"a": "x", "o": {"n": 1}}}
    many = rule("t", {"required": ["l"]}, {"properties": {"n": {"const": 5}}})
    many["examples"] = {"passes": {"l": ["p"], "n": 5}, "breaks": {"l": ["p"], "n": 1}}
    enum = {"type": "string", "enum": ["x", "y"]}
    fields = {"a": enum, "b": enum, "o": inner, "l": {"type": "array"}, "n": {"type": "integer"}}
    schema = {"type": "object", "required": ["a", "b", "n"], "properties": fields, "x-rules": [asks, sized, many]}
    value = {"openapi": "3.1.0", "info": {"title": "t"}, "components": {"schemas": {"S": schema}}}
    (only,) = analyse(Merged(parse("{}", "v"), (), value, read_rules(value))).schemas
    assert {finding.id for finding in only.findings} == set()
    assert only.method == "all 112 combinations of a, b, o, l, n evaluated"


def test_too_large_a_space_is_said_not_sampled() -> None:
    """Where there is too much to enumerate, the report answers nothing and says why."""
    names = [f"f{index}" for index in range(12)]
    schema = {
        "type": "object",
        "properties": {name: {"type": "string", "enum": ["x", "y", "z"]} for name in names},
        "x-rules": [
            rule("r", {"properties": {name: {"const": "x"} for name in names}, "required": names}, has("f0", "x"))
        ],
    }
    value = {"openapi": "3.1.0", "info": {"title": "t"}, "components": {"schemas": {"S": schema}}}
    (only,) = analyse(Merged(parse("{}", "v"), (), value, read_rules(value))).schemas
    assert only.method.startswith("not answered: 16777216 combinations")
    assert only.findings == ()
