"""Adversarial rules: generated modules agree with a validator."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import jsonschema_rs
import pytest
from mountsea_gemini.raw.models import TaskIdDto
from mountsea_gemini.raw.types import UNSET
from rulewright.rules.definition import Rule, Source
from rulewright.rules.dialect import check

from tests.rules.compiling import compile_checks

ATTRIBUTES = {
    "class": "class_", "self": "self_", "body": "body", "type": "type_", "found": "found", "found_": "found_",
    "len": "len_", "item": "item", "get": "get", "a/b~c": "abc", "猫": "猫", "isinstance": "isinstance", "": "field",
}  # fmt: skip
"""Names that a property may have, and the attribute that a generator could give each."""
NAMES = tuple(ATTRIBUTES)
ODD = '\'; raise SystemExit #\n\\"""'


def p(name: str, **schema: Any) -> dict[str, Any]:
    """Return the schema of a body whose property, if there, fits a schema."""
    return {"properties": {name: schema}}


def has(name: str, **schema: Any) -> dict[str, Any]:
    """Return the schema of a body that has a property, which fits a schema."""
    return {**p(name, **schema), "required": [name]}


CASES: list[tuple[Any, Any]] = [
    (True, {"allOf": [{"allOf": [p("class", minItems=1), {"anyOf": [has("self"), p("body", const="x")]}]}]}),
    (has("type", const="x"), {"allOf": [has("len"), {"not": has("item", const=1)}]}),
    (has("found", const=1.0), p("found_", const=1)),
    (has("found_", const=True), p("found", const=0)),
    (has("class", enum=[1, "1", None, True, [1], {"a": 1}]), p("self", enum=[False, 0.5, ODD])),
    (has("a/b~c", const=ODD), p("猫", const=ODD)),
    (has("猫", const="猫"), has("a/b~c", pattern=r"^\d\w\s.$")),
    (has("", type="string"), p("", minLength=2)),
    ({"not": has("")}, {"not": {"required": ["get"]}}),
    (p("isinstance", type="integer"), has("isinstance", minimum=1, exclusiveMaximum=2)),
    (has("body", items={"const": 1}), p("body", items={"not": {"const": 1.0}}, minItems=1)),
    (has("body", type="object", required=["class"]), p("body", properties={"class": {"items": {"enum": [None, ""]}}})),
    (has("get", type="array", maxItems=0), False),
    ({"anyOf": [has("item"), has("len")]}, {"anyOf": [{"not": has("item")}, {"not": has("len")}]}),
    (has("type", pattern=r"[\]\[^-]"), p("type", pattern="^(?:a|b$)+?")),
]
VALUES: tuple[Any, ...] = (
    UNSET, None, True, False, 0, 1, 1.0, 1.5, 2, "", "1", "x", "ab", "猫", "1_ x", ODD, [], [1], [True], [1.0, 2],
    ["", 1], {}, {"a": 1}, {"a": True}, {"class": [None, ""]}, {"class": [0]},
)  # fmt: skip


class Anything(TaskIdDto):
    """A model that holds any value under any attribute, as one with an empty schema would."""

    def __init__(self, body: Mapping[str, Any]) -> None:
        self.additional_properties: dict[str, Any] = {}
        for name, attribute in ATTRIBUTES.items():
            setattr(self, attribute, body.get(name, UNSET))


@pytest.mark.parametrize(("condition", "requirement"), CASES)
def test_a_rule_means_the_same_after_generation(condition: Any, requirement: Any) -> None:
    """For every pair of values of its fields the module and the validator agree, as object and as model."""
    for schema in (condition, requirement):
        check(schema)
    text = str((condition, requirement))
    used = [name for name in NAMES if f"'{name}'" in text]
    odd = Rule("odd", "error", ODD, Source("#/", ODD), condition, requirement, {}, {}, ())
    schema = {"type": "object", "properties": {name: {} for name in NAMES}}
    checks = compile_checks(schema, [odd], attributes=ATTRIBUTES)
    validator = jsonschema_rs.Draft202012Validator({"if": condition, "then": requirement})
    for values in itertools.product(VALUES, repeat=min(2, len(used))):
        body = {name: value for name, value in zip(used, values, strict=False) if value is not UNSET}
        expected = validator.is_valid(body)
        for value in (body, Anything(body)):
            found = checks.violations(value, model=TaskIdDto)
            assert (not found) is expected, (value, found)
