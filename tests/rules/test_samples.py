"""Samples of schemas, and boundary values of rules."""

from __future__ import annotations

from typing import Any

import pytest
from rulewright.openapi.sample import sample, samples
from rulewright.openapi.schemas import SchemaError, Schemas
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
def test_boundaries_of_a_rule(field: dict[str, Any], said: Any, expected: tuple[Any, ...]) -> None:
    """Constants of the rule and both sides of its bounds, if the field accepts them."""
    assert boundaries(field, "a", {"properties": {"a": said, "b": {"const": 7}}}) == expected


@pytest.mark.parametrize("wrapped", [{"allOf": [1]}, {"anyOf": [1]}, {"not": 1}])
def test_nested_bounds_are_found(wrapped: dict[str, Any]) -> None:
    """Bounds are found in allOf, anyOf and not."""
    said = {"properties": {"a": {"const": 3}}}
    (keyword,) = wrapped
    assert boundaries(WHOLE, "a", {keyword: said if keyword == "not" else [True, said]}) == (3,)
    assert boundaries(WHOLE, "a", True) == ()


DOCUMENT = {
    "openapi": "3.1.0",
    "Pair": {"type": "object", "required": ["a"], "properties": {"a": {"type": "string"}, "b": {"type": "string"}}},
    "Loop": {"type": "object", "required": ["next"], "properties": {"next": {"$ref": "#/Loop"}}},
    "Whole": {"type": "integer"},
    "Named": {"allOf": [{"$ref": "#/Pair"}, {"required": ["c"], "properties": {"c": {"type": "boolean"}}}]},
    "Listed": [{"items": {"const": 7}}],
}


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"$ref": "#/Pair"}, {"a": "text"}),
        ({"$ref": "#/Named"}, {"a": "text", "c": False}),
        ({"$ref": "#/Pair", "required": ["b"]}, {"a": "text", "b": "text"}),
        ({"type": "object", "properties": {"a": WHOLE, "b": TEXT}, "minProperties": 1}, {"a": 1}),
        ({"type": "object", "additionalProperties": WHOLE, "minProperties": 2}, {"field0": 1, "field1": 1}),
        ({"properties": {"a": TEXT, "b": TEXT}, "anyOf": [{"required": ["a"]}]}, {"a": "text"}),
        ({"properties": {"a": TEXT, "b": TEXT}, "not": {"not": {"required": ["b"]}}}, {"a": "text", "b": "text"}),
        ({"$ref": "#/Listed/0/items"}, 7),
        ({"allOf": [{"type": "integer", "minimum": 3}]}, 3),
        ({"allOf": [{"not": {"const": "a"}}], "type": "string"}, "text"),
        ({"allOf": [True, {"not": {"const": 1}}, {"anyOf": [{"minimum": 1}]}], "type": "integer"}, 2),
        ({"allOf": [{"enum": ["b", "a"]}]}, "b"),
        ({"enum": ["b", "a"], "not": {"const": "b"}}, "a"),
        ({"allOf": [{"allOf": [{"$ref": "#/Whole"}]}]}, 1),
        ({"oneOf": [{"const": 5}, {"type": "string"}]}, 5),
        ({"oneOf": [{"const": 5}, {"type": "string"}], "type": "string"}, "text"),
        ({"oneOf": [{"required": ["b"]}], "properties": {"a": {"type": "integer"}}, "required": ["a"]},
         {"a": 1, "b": "text"}),
        ({"type": "object", "required": ["a"]}, {"a": "text"}),
        ({"allOf": [{"const": 5}]}, 5),
        ({"allOf": [{"example": 5}]}, 5),
        ({"type": "string", "example": 5}, "text"),
        ({"allOf": [{"oneOf": [{"const": 5}]}]}, 5),
        ({"properties": {"a": {}}}, {}),
        ({}, "text"),
        ({"anyOf": [{"type": "null"}, {"type": "string"}]}, None),
        ({"type": ["null", "integer"]}, 1),
        ({"type": ["null"]}, None),
        ({"type": "string", "minLength": 6}, "textxx"),
        ({"type": "string", "pattern": "^[0-9]{3}$"}, "000"),
        ({"type": "string", "format": "date"}, "2026-01-01"),
        ({"type": "string", "enum": ["b", "a"]}, "b"),
        ({"type": "array", "items": {"type": "integer"}}, []),
        ({"type": "array", "minItems": 2, "items": {"type": "integer"}}, [1, 1]),
        ({"type": "array", "minItems": 2, "uniqueItems": True, "items": {"type": "integer"}}, [1, 2]),
        ({"type": "array", "minItems": 1}, ["text"]),
        ({"type": "number", "minimum": 2}, 2),
        ({"type": "integer", "minimum": 2.5}, 3),
        ({"type": "integer", "exclusiveMinimum": 2.5}, 3),
        ({"type": "integer", "maximum": -2.5}, -3),
        ({"type": "number", "minimum": 0.25, "maximum": 0.5}, 0.25),
        ({"type": "integer", "minimum": 1, "multipleOf": 5}, 5),
        ({"type": "number", "exclusiveMinimum": 2}, 3),
        ({"type": "number", "maximum": -4}, -4),
        ({"type": "number", "maximum": 9}, 1),
        ({"type": "number", "exclusiveMaximum": -4}, -5),
        ({"type": "integer", "minimum": -(2**63), "maximum": 2**63 - 1}, 1),
        (True, "text"),
    ],
)  # fmt: skip
def test_a_plain_value(schema: Any, expected: Any) -> None:
    """The first sample is the plainest value that the schema accepts."""
    schemas = Schemas(DOCUMENT)
    made = sample(schemas, schema)
    assert (made, type(made)) == (expected, type(expected))
    assert all(map(schemas.validator(schema).is_valid, samples(schemas, schema)))


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#/Loop"},
        {"allOf": [{"$ref": "#/Whole"}], "type": "object", "required": ["c"]},
        {"allOf": [{"anyOf": [{"const": 5}]}], "type": "string"},
        {"type": "array", "minItems": 10**12, "items": {"const": 1}},
        {"type": "string", "example": "shown", "const": "only", "maxLength": 3},
        False,
    ],
)
def test_no_sample_is_better_than_an_invalid_one(schema: Any) -> None:
    """Nothing is returned where no value is valid, or none that is small enough."""
    assert list(samples(Schemas(DOCUMENT), schema)) == []


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"type": "number", "minimum": 2, "exclusiveMinimum": True}, 3),
        ({"type": "number", "maximum": -4, "exclusiveMaximum": True}, -5),
        ({"type": "string", "nullable": True, "enum": [None]}, None),
    ],
)
def test_the_older_keywords_are_understood(schema: Any, expected: Any) -> None:
    """OpenAPI 3.0 has flags for excluded bounds, and `nullable`."""
    assert next(samples(Schemas({"openapi": "3.0.3"}), schema), "none") == expected


@pytest.mark.parametrize("schema", [{"$ref": "#/Nowhere"}, {"type": "object", "properties": 7}])
def test_an_invalid_schema_is_an_error(schema: Any) -> None:
    """The error says why the schema is invalid."""
    with pytest.raises(SchemaError, match="cannot be compiled"):
        sample(Schemas(DOCUMENT), schema)


def test_examples_of_the_document_are_optional() -> None:
    """Examples are valid but seldom small."""
    schemas = Schemas({"openapi": "3.1.0"})
    schema = {"type": "string", "example": "shown"}
    assert (sample(schemas, schema), sample(schemas, schema, shown=False)) == ("shown", "text")
    nested = {"type": "object", "required": ["a"], "properties": {"a": schema}}
    assert (sample(schemas, nested), sample(schemas, nested, shown=False)) == ({"a": "shown"}, {"a": "text"})
    only = {"type": "string", "const": "only"}
    assert (sample(schemas, only), sample(schemas, only, shown=False)) == ("only", "only")
