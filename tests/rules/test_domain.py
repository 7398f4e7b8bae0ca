"""The distinguishable values of each field, and rules as schemas."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from rulewright.rules.definition import Rule, RuledSchema, Source, implication, with_rules_as_schema
from rulewright.rules.space import Given, Length, Sample, domains, schema_domains

TEXT = {"type": "string"}
TEXTS = {"type": "array", "items": TEXT}
DOCUMENT = {
    "Enum": {"type": "string", "enum": ["x", "y"]},
    "Alias": {"$ref": "#/Enum"},
    "Loop": {"$ref": "#/Loop"},
}


def given(*samples: Any) -> Given:
    """Return what stands for a field whose values cannot be listed."""
    return Given(tuple(Sample(json.dumps(each)) for each in samples))


def counts(up_to: int) -> tuple[Length, ...]:
    """Return the lengths from none to a number."""
    return tuple(Length(count) for count in range(up_to + 1))


def rule(condition: Any = True, requirement: Any = True, passes: Any = None, breaks: Any = None) -> dict[str, Any]:
    """Return the parts of a rule that the finite part reads."""
    return {"if": condition, "then": requirement, "examples": {"passes": passes, "breaks": breaks}}


def stated(*parts: Any, **more: Any) -> dict[str, Any]:
    """Return a rule that the vendor states."""
    return {**rule(*parts, **more), "level": "error"}


@pytest.mark.parametrize(
    ("properties", "rules", "expected"),
    [
        ({"a": {"enum": ["x", 1, None]}}, [], {"a": ("x", 1, None)}),
        ({"a": {"type": "boolean"}}, [], {"a": (False, True)}),
        ({"a": {"type": "boolean", "enum": [True]}}, [], {"a": (True,)}),
        ({"a": TEXT, "b": {"enum": "no list"}, "c": True, "d": TEXTS}, [], {}),
        ({"a": {"$ref": "#/Enum"}, "b": {"$ref": "#/Alias"}}, [], {"a": ("x", "y"), "b": ("x", "y")}),
        ({"a": {"$ref": "#/Loop"}, "b": {"$ref": "#/None"}, "c": {"$ref": "elsewhere"}, "d": {"$ref": 7}}, [],
         {}),
        ({"a": TEXTS}, [rule(requirement={"properties": {"a": {"maxItems": 2}}})], {"a": counts(3)}),
        ({"a": TEXTS}, [rule(requirement={"properties": {"a": {"minItems": 4, "maxItems": 2}}})], {"a": counts(5)}),
        ({"a": TEXTS}, [rule({"properties": {"a": {"minItems": 1}}})], {"a": counts(2)}),
        ({"a": TEXTS}, [rule(requirement={"allOf": [{"properties": {"a": {"maxItems": 0}}}]})], {"a": counts(1)}),
        ({"a": TEXTS}, [rule(requirement={"anyOf": [{"properties": {"a": {"maxItems": 1}}}]})], {"a": counts(2)}),
        ({"a": TEXTS}, [rule(requirement={"not": {"properties": {"a": {"minItems": 1}}}})], {"a": counts(2)}),
        ({"a": TEXTS}, [rule(requirement={"properties": {"a": {"not": {"minItems": 1}}}})], {"a": counts(2)}),
        ({"a": TEXTS}, [rule(requirement={"properties": {"a": {"allOf": [{"minItems": 1}]}}})], {"a": counts(2)}),
        ({"a": TEXTS}, [rule(requirement={"properties": {"a": {"anyOf": [True, {"maxItems": 1}]}}})], {"a": counts(2)}),
        ({"a": TEXTS}, [rule({"properties": {"a": {"minItems": 3}}}), rule({"properties": {"a": {"minItems": 1}}})],
         {"a": counts(4)}),
        ({"a": TEXT}, [rule({"properties": {"a": {"maxItems": 2}}})], {}),
        ({"a": TEXT}, [rule({"required": ["a"]}, passes={"a": "p"}, breaks={"a": "b"})], {"a": (given("p", "b"),)}),
        ({"a": TEXT}, [rule({"required": ["a"]}, passes={"a": "p"}, breaks={"a": "p"})], {"a": (given("p"),)}),
        ({"a": TEXT}, [rule({"required": ["a"]}, passes={"a": "猫"})], {"a": (Given((Sample('"猫"'),)),)}),
        ({"a": TEXT}, [rule({"required": ["a"]}, passes={"b": "p"}, breaks="a")], {}),
        ({"a": TEXT}, [rule(passes={"a": "p"})], {}),
        ({"a": TEXT}, [rule({"required": ["b"]}, passes={"a": "p"})], {}),
        ({"a": TEXT}, [rule(requirement={"not": {"required": ["a"]}}, passes={"a": "p"})], {"a": (given("p"),)}),
        ({"a": TEXT}, [rule(requirement={"anyOf": [{"required": ["a"]}]}, passes={"a": "p"})], {"a": (given("p"),)}),
        ({"a": TEXT}, [rule(requirement={"allOf": [{"required": ["a"]}]}, breaks={"a": "p"})], {"a": (given("p"),)}),
        ({"r": TEXT}, [rule({"required": ["r"]}, passes={"r": "p"})], {}),
        ({"r": TEXT}, [stated({"properties": {"r": {"pattern": "p"}}}, passes={"r": "p"})], {"r": (given("p"),)}),
        ({"r": TEXT}, [stated({"allOf": [{"properties": {"r": {}}}]}, passes={"r": "p"})], {"r": (given("p"),)}),
        ({"r": TEXT}, [stated({"anyOf": [{"properties": {"r": {}}}]}, passes={"r": "p"})], {"r": (given("p"),)}),
        ({"r": TEXT}, [stated({"not": {"properties": {"r": {}}}}, passes={"r": "p"})], {"r": (given("p"),)}),
        ({"r": TEXT}, [stated(requirement={"properties": {"r": {}}}, passes={"r": "p"})], {"r": (given("p"),)}),
        ({"r": TEXT}, [stated({"properties": {"r": {}}}, {"properties": {"o": {}}}, passes={"r": "p"})],
         {"r": (given("p"),)}),
        ({"r": TEXT}, [stated({"properties": {"o": {}}}, passes={"r": "p"})], {}),
        ({"r": TEXT}, [stated({"properties": {"r": {}}})], {}),
        ({"n": {"type": "integer"}}, [rule({"properties": {"n": {"maximum": 2}}})], {"n": (given(1, 2, 3),)}),
        ({"n": {"type": "integer"}}, [rule({"properties": {"n": {"const": 2}}}, passes={"n": 5}, breaks={"n": 2})],
         {"n": (given(5, 2),)}),
        ({"a": TEXTS, "b": TEXT}, [rule({"required": ["a", "b"]}, passes={"a": ["p"]})], {"a": (given(["p"]),)}),
    ],
)  # fmt: skip
def test_values_that_count(properties: dict[str, Any], rules: list[Any], expected: dict[str, Any]) -> None:
    """Enums, booleans, lengths up to one above each bound, and presence where a rule tests it."""
    schema = {"properties": properties, "required": ["r"], "x-rules": rules}
    assert schema_domains(schema, DOCUMENT) == expected


def test_bounds_of_the_schema_count_too() -> None:
    """Bounds of the document on lengths count without a rule."""
    within = {"properties": {"a": {**TEXTS, "maxItems": 3}}}
    assert schema_domains(within, {}) == {"a": counts(4)}
    assert schema_domains({}, {}) == {}
    assert schema_domains({"properties": {"a": TEXT}, "x-rules": [{"if": {"required": ["a"]}}]}, {}) == {}


def test_only_the_requested_fields() -> None:
    """The requested finite fields, in the requested order."""
    schema = {"properties": {"a": {"type": "boolean"}, "b": {"enum": [1]}, "c": {"$ref": "#/Enum"}, "d": TEXT}}
    found = domains(RuledSchema(("S",), schema, ()), DOCUMENT, ["d", "c", "a"])
    assert list(found.items()) == [("c", ("x", "y")), ("a", (False, True))]


def made(name: str, level: str) -> Rule:
    """Return a rule with a condition and a requirement that 3.0 words differently."""
    condition, requirement = {"properties": {"a": {"const": "x"}}, "required": ["a"]}, {"required": ["b"]}
    return Rule(name, level, "b must be given", Source("#/at", "words"), condition, requirement, {}, {}, ())


def member(name: str, values: Any) -> dict[str, Any]:
    """Return the schema that stands for such a rule."""
    source = {"at": "#/at", "quote": "words"}
    return {
        "x-rule": {"id": name, "level": "error", "message": "b must be given", "source": source},
        "anyOf": [{"not": {"properties": {"a": values}, "required": ["a"]}}, {"required": ["b"]}],
    }


@pytest.mark.parametrize(
    ("version", "values"), [("3.0.3", {"enum": ["x"]}), ("3.1.0", {"const": "x"}), ("3.2", {"const": "x"})]
)
def test_a_rule_becomes_a_schema(version: str, values: Any) -> None:
    """The schema is `not if` or `then`, in the dialect of the document's version."""
    assert implication(made("r", "error"), version) == member("r", values)
    document = {"openapi": version, "S": {"allOf": [{"title": "kept"}]}, "T": {"type": "object"}, "U": {}}
    before = copy.deepcopy(document)
    rules = (made("r", "error"), made("w", "warning"), made("s", "error"))
    ruled = [RuledSchema(("S",), {}, rules), RuledSchema(("T",), {}, rules[:1]), RuledSchema(("U",), {}, rules[1:2])]
    result = with_rules_as_schema(document, ruled)
    assert result == {
        "openapi": version,
        "S": {"allOf": [{"title": "kept"}, member("r", values), member("s", values)]},
        "T": {"type": "object", "allOf": [member("r", values)]},
        "U": {},
    }
    assert document == before


def test_a_rule_is_added_to_its_schema() -> None:
    """The schema may be a member of a list; its siblings are shared, not copied."""
    document = {"openapi": "3.1.0", "S": {"oneOf": [{"type": "null"}, {"title": "second"}]}}
    result = with_rules_as_schema(document, [RuledSchema(("S", "oneOf", 1), {}, (made("r", "error"),))])
    second = {"title": "second", "allOf": [member("r", {"const": "x"})]}
    assert result == {"openapi": "3.1.0", "S": {"oneOf": [{"type": "null"}, second]}}
    assert result["S"]["oneOf"][0] is document["S"]["oneOf"][0]  # type: ignore[index]


def test_a_document_without_a_version_is_read_as_3_1() -> None:
    """The keywords of JSON Schema are kept."""
    result = with_rules_as_schema({"S": {}}, [RuledSchema(("S",), {}, (made("r", "error"),))])
    assert result == {"S": {"allOf": [member("r", {"const": "x"})]}}
