"""Samples of what cannot be listed: the values at which a rule changes its mind, and plain ones."""

from __future__ import annotations

from typing import Any

import pytest
from rulewright.rules.sample import sample
from rulewright.rules.space import boundaries

WHOLE = {"type": "integer"}
NUMBER = {"type": "number"}
TEXT = {"type": "string"}


@pytest.mark.parametrize(
    ("field", "said", "expected"),
    [
        (WHOLE, {"maximum": 2}, (1, 2, 3)),
        (WHOLE, {"minimum": 2, "maximum": 5}, (1, 2, 3, 4, 5, 6)),
        (WHOLE, {"exclusiveMaximum": 2}, (1, 2, 3)),
        ({**WHOLE, "maximum": 2}, {"maximum": 2}, (1, 2)),
        ({**WHOLE, "minimum": 2}, {"maximum": 2}, (2, 3)),
        ({**WHOLE, "minimum": 1, "exclusiveMinimum": True}, {"maximum": 2}, (2, 3)),
        ({**WHOLE, "exclusiveMinimum": 1}, {"maximum": 2}, (2, 3)),
        ({**WHOLE, "maximum": 3, "exclusiveMaximum": True}, {"maximum": 2}, (1, 2)),
        ({**WHOLE, "exclusiveMaximum": 3}, {"maximum": 2}, (1, 2)),
        ({**WHOLE, "minimum": 3, "exclusiveMinimum": True}, {"minimum": 3}, (4,)),
        ({**WHOLE, "minimum": -1, "exclusiveMinimum": False}, {"minimum": 0}, (-1, 0, 1)),
        ({**WHOLE, "maximum": 5, "exclusiveMaximum": False}, {"maximum": 4}, (3, 4, 5)),
        ({}, {"enum": [1, "a"]}, ()),
        (WHOLE, {"minimum": 0.5}, ()),
        (NUMBER, {"minimum": 0.5}, (-0.5, 0.5, 1.5)),
        ({"type": ["integer", "null"]}, {"const": 1}, (1,)),
        (WHOLE, {"const": True}, ()),
        (WHOLE, {"enum": [1, "a", None]}, (1,)),
        (TEXT, {"const": "a"}, ("a",)),
        (TEXT, {"enum": ["a", 1, "b"]}, ("a", "b")),
        (TEXT, {"maxLength": 2}, ("x", "xx", "xxx")),
        (TEXT, {"minLength": 0}, ("", "x")),
        ({**TEXT, "maxLength": 2}, {"maxLength": 2}, ("x", "xx")),
        ({**TEXT, "minLength": 2}, {"maxLength": 2}, ("xx", "xxx")),
        (TEXT, {"maxLength": 10_000}, ()),
        (TEXT, {"maxLength": 9_999}, tuple("x" * count for count in (9_998, 9_999, 10_000))),
        (TEXT, {"pattern": "a"}, ()),
        (WHOLE, {"not": {"const": 3}}, (3,)),
        (WHOLE, {"anyOf": [{"const": 3}, {"const": 5}], "allOf": [{"maximum": 9}]}, (8, 9, 10, 3, 5)),
        (WHOLE, True, ()),
    ],
)
def test_where_a_rule_changes_its_mind(field: dict[str, Any], said: Any, expected: tuple[Any, ...]) -> None:
    """What it names and both sides of its bounds, as far as the field itself accepts them."""
    assert boundaries(field, "a", {"properties": {"a": said, "b": {"const": 7}}}) == expected


@pytest.mark.parametrize("wrapped", [{"allOf": [1]}, {"anyOf": [1]}, {"not": 1}])
def test_what_is_said_inside_is_found(wrapped: dict[str, Any]) -> None:
    """A rule may say it of the whole body, in a part of a choice or in its opposite."""
    said = {"properties": {"a": {"const": 3}}}
    (keyword,) = wrapped
    assert boundaries(WHOLE, "a", {keyword: said if keyword == "not" else [True, said]}) == (3,)
    assert boundaries(WHOLE, "a", True) == ()


DOCUMENT = {
    "Pair": {"type": "object", "required": ["a"], "properties": {"a": {"type": "string"}, "b": {"type": "string"}}},
    "Loop": {"type": "object", "required": ["next"], "properties": {"next": {"$ref": "#/Loop"}}},
    "Choice": {"oneOf": [{"$ref": "#/Choice"}, {"type": "string"}]},
    "Whole": {"type": "integer"},
    "Named": {"allOf": [{"$ref": "#/Pair"}, {"required": ["c"], "properties": {"c": {"type": "boolean"}}}]},
}


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"$ref": "#/Pair"}, {"a": "text"}),
        ({"$ref": "#/Named"}, {"a": "text", "c": True}),
        ({"$ref": "#/Nowhere"}, "text"),
        ({"allOf": [{"type": "integer", "minimum": 3}]}, 3),
        ({"allOf": [{"not": {"const": "a"}}], "type": "string"}, "text"),
        ({"allOf": [True, {"not": {"const": 1}}, {"anyOf": [{"minimum": 1}]}], "type": "integer"}, 1),
        ({"allOf": [{"enum": ["b", "a"]}]}, "b"),
        ({"allOf": [{"allOf": [{"$ref": "#/Whole"}]}]}, 1),
        ({"allOf": [{"$ref": "#/Whole"}], "type": "object", "required": ["c"]}, 1),
        ({"allOf": [{"$ref": "#/Pair"}, {"type": "string"}], "properties": {"d": {}}, "required": ["d"]},
         {"a": "text", "d": "text"}),
        ({"oneOf": [{"const": 5}, {"type": "string"}]}, 5),
        ({"oneOf": [{"required": ["b"]}], "properties": {"a": {"type": "integer"}}, "required": ["a"]}, {"a": 1}),
        ({"oneOf": [], "type": "integer"}, 1),
        ({"$ref": "#/Choice"}, "text"),
        ({"type": "object", "required": ["a"]}, {"a": "text"}),
        ({"type": "object", "required": ["a"], "properties": 7}, {}),
        ({"type": "object", "required": True, "properties": {"a": {}}}, {}),
        ({"type": "object", "required": ["a", ["b"]]}, {"a": "text"}),
        ({"allOf": [{"const": 5}]}, 5),
        ({"allOf": [{"example": 5}]}, 5),
        ({"allOf": [{"oneOf": [{"const": 5}]}]}, 5),
        ({"allOf": [{"anyOf": [{"const": 5}]}], "type": "string"}, "text"),
        ({"properties": {"a": {}}}, {}),
        ({}, "text"),
        ({"anyOf": [{"type": "null"}, {"type": "string"}]}, None),
        ({"type": ["null", "integer"]}, 1),
        ({"type": ["null"]}, None),
        ({"type": "string", "minLength": 6}, "textxx"),
        ({"type": "string", "format": "date"}, "2026-01-01"),
        ({"type": "string", "enum": ["b", "a"]}, "b"),
        ({"type": "array", "items": {"type": "integer"}}, []),
        ({"type": "array", "minItems": 2, "items": {"type": "integer"}}, [1, 1]),
        ({"type": "array", "minItems": 1}, ["text"]),
        ({"type": "array", "minItems": 10**12, "items": {"const": 1}}, [1] * 1000),
        ({"type": "number", "minimum": 2}, 2),
        ({"type": "integer", "minimum": 2.5}, 3),
        ({"type": "integer", "exclusiveMinimum": 2.5}, 3),
        ({"type": "integer", "maximum": -2.5}, -4),
        ({"type": "number", "minimum": 2.5}, 2.5),
        ({"type": "number", "maximum": -2.5}, -3.5),
        ({"type": "number", "minimum": float("inf")}, 1),
        ({"type": "number", "minimum": True}, 1),
        ({"type": "number", "minimum": 2, "exclusiveMinimum": True}, 3),
        ({"type": "number", "exclusiveMinimum": 2}, 3),
        ({"type": "number", "maximum": -4}, -5),
        ({"type": "number", "maximum": 9}, 1),
        ({"type": "number", "exclusiveMaximum": -4}, -5),
        ({"type": "number", "maximum": -4, "exclusiveMaximum": True}, -5),
        (True, "text"),
    ],
)  # fmt: skip
def test_a_plain_value(schema: Any, expected: Any) -> None:
    """One that the schema plausibly accepts."""
    assert sample(schema, DOCUMENT) == expected


def test_an_example_is_taken_if_wanted() -> None:
    """It is right by the document's own word, but seldom small."""
    schema = {"type": "string", "example": "shown"}
    assert (sample(schema, {}), sample(schema, {}, shown=False)) == ("shown", "text")
    nested = {"type": "object", "required": ["a"], "properties": {"a": schema}}
    assert (sample(nested, {}), sample(nested, {}, shown=False)) == ({"a": "shown"}, {"a": "text"})
    only = {"type": "string", "const": "only"}
    assert (sample(only, {}), sample(only, {}, shown=False)) == ("only", "only")


def test_a_schema_that_needs_itself_ends() -> None:
    """Nothing can satisfy it; the sample stays finite."""
    made = sample({"$ref": "#/Loop"}, DOCUMENT)
    for _ in range(9):
        made = made["next"]
    assert made == {}
