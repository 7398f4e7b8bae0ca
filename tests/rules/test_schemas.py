"""The part of the document's schemas that is checked before sending."""

from __future__ import annotations

from typing import Any

import pytest
from rulewright.errors import InputError
from rulewright.generate.schemas import Schemas, body_schemas
from rulewright.openapi.operations import operations


def read_checked(schema: Any) -> Any:
    """Return what is checked of a schema."""
    schemas = Schemas({"S": schema})
    assert schemas.add("#/S") == {"$ref": "#/S"}
    return schemas.definitions["#/S"]


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "string", "enum": ["a"], "minLength": 1, "maxLength": 2},
        {"type": "array", "items": {"type": "integer"}, "minItems": 1, "maxItems": 2},
        {"type": "object", "required": ["a"], "properties": {"a": {"const": 1}}},
        {"minimum": 1, "maximum": 2, "exclusiveMinimum": 2, "exclusiveMaximum": 3, "multipleOf": 2},
        {"allOf": [{"type": "null"}], "anyOf": [{"type": "null"}], "oneOf": [{"type": "null"}], "not": {"enum": [1]}},
        {"additionalProperties": False, "minProperties": 1, "patternProperties": {"^x": {}}, "propertyNames": {}},
        {"if": {"required": ["a"]}, "then": {"required": ["b"]}, "dependentRequired": {"a": ["b"]}, "format": "uuid"},
        {"additionalProperties": {"type": "string"}},
        {"properties": {"description": {"type": "string"}, "x-y": {}, "odd": {"items": {}}}},
    ],
)
def test_checked_keywords_are_kept(schema: Any) -> None:
    """Keywords that limit a value are kept at any depth."""
    assert read_checked(schema) == schema


@pytest.mark.parametrize(
    ("schema", "checked"),
    [
        ({"description": "d", "title": "t", "example": 1, "x-rules": [], "default": 1}, {}),
        ({"type": "string", "deprecated": True, "description": "a\n b"}, {"type": "string", "deprecated": "a b"}),
        ({"format": "binary", "type": "string", "deprecated": True}, {"x-file": True, "deprecated": ""}),
        ({"nullable": False, "additionalProperties": True}, {"additionalProperties": {}}),
        ({"type": "string", "enum": ["a"], "nullable": True}, {"type": ["string", "null"], "enum": ["a", None]}),
        ({"minimum": 1, "exclusiveMinimum": True}, {"exclusiveMinimum": 1}),
        ({"type": "string", "format": "binary", "maxLength": 3}, {"x-file": True}),
        ({"allOf": [{"properties": {"a": {}}}], "unevaluatedProperties": False}, {
            "allOf": [{"properties": {"a": {}}}], "properties": {"a": {}}, "additionalProperties": False}),
        ({"properties": {"a": True, "b": False}}, {"properties": {"a": {}, "b": {"not": {}}}}),
        ({"items": {"title": "t"}, "anyOf": [{"title": "t"}]}, {"items": {}, "anyOf": [{}]}),
        ({"additionalProperties": {"title": "t"}}, {"additionalProperties": {}}),
        ({"not": {"title": "t", "type": "null"}}, {"not": {"type": "null"}}),
        ({"properties": {"a": {"pattern": "(?<=a)b", "minLength": 1}}}, {"properties": {"a": {"minLength": 1}}}),
        ({"format": "int32", "contentEncoding": "base64", "maximum": 3}, {"maximum": 3}),
    ],
)  # fmt: skip
def test_keywords_without_effect_are_left_out(schema: Any, checked: Any) -> None:
    """Leave out annotations, what only the server can check, and defaults; patterns are translated to Python."""
    assert read_checked(schema) == checked


def test_references_are_followed_once_and_may_go_in_circles() -> None:
    """Siblings of a reference count, except in OpenAPI 3.0."""
    tree = {
        "properties": {
            "left": {"$ref": "#/S", "maxProperties": 1},
            "leaf": {"$ref": "#/Leaf"},
            "other": {"$ref": "#/Leaf"},
        }
    }
    document = {"S": tree, "Leaf": {"format": "uuid", "type": "string"}}
    for version, left in (
        ("3.0.3", {"$ref": "#/S"}),
        ("3.1.0", {"allOf": [{"$ref": "#/S"}], "maxProperties": 1}),
    ):
        schemas = Schemas({"openapi": version, **document})
        schemas.add("#/S")
        assert schemas.definitions == {
            "#/S": {"properties": {"left": left, "leaf": {"$ref": "#/Leaf"}, "other": {"$ref": "#/Leaf"}}},
            "#/Leaf": document["Leaf"],
        }


@pytest.mark.parametrize(
    ("schema", "problem"),
    [
        ({"pattern": "(?<=a)b"}, "the pattern '(?<=a)b' (the group at position 0 is of a kind that is not shared)"),
        ({"unevaluatedItems": False}, "the keyword unevaluatedItems"),
        ({"anyOf": [{}], "unevaluatedProperties": False},
         "the keyword unevaluatedProperties beside alternatives or conditions"),
    ],
)  # fmt: skip
def test_unchecked_keywords_are_gaps(schema: Any, problem: str) -> None:
    """Each gap names the schema."""
    schemas = Schemas({"S": {"properties": {"a": schema}}})
    schemas.add("#/S")
    assert list(schemas.gaps) == [("#/S", problem)]


def test_which_members_are_additional_depends_on_every_pattern() -> None:
    """Where one cannot be searched for, none is refused for its name."""
    closed = {"patternProperties": {r"\p{L}": {}}, "additionalProperties": False}
    schemas = Schemas({"openapi": "3.1.0", "S": closed, "T": {**closed, "patternProperties": {r"\w": {}}}})
    for name in "ST":
        schemas.add(f"#/{name}")
    assert schemas.definitions["#/S"] == {"additionalProperties": {}}
    assert schemas.definitions["#/T"]["additionalProperties"] is False


def test_read_only_properties_are_not_required() -> None:
    """Properties of other members of allOf and referenced schemas count."""
    document = {
        "S": {
            "allOf": [{"properties": {"a": {"readOnly": True}, "b": {"$ref": "#/B"}}}, {"required": ["a", "b", "c"]}]
        },
        "B": {"readOnly": True},
    }
    schemas = Schemas(document)
    schemas.add("#/S")
    assert schemas.definitions["#/S"]["allOf"][1] == {"required": ["c"]}


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("other.yaml#/S", "the reference 'other.yaml#/S' leaves the document"),
        ("#/None", "the reference '#/None' leads nowhere: nothing at #/None: the root has no 'None'"),
        ("#/~2", "the reference '#/~2' leads nowhere: '#/~2' is not a JSON pointer: '~' must be written '~0'"),
    ],
)
def test_a_reference_that_leads_nowhere_is_an_error(reference: str, message: str) -> None:
    """The message says how far the reference led."""
    with pytest.raises(InputError) as caught:
        Schemas({"S": {}}).add(reference)
    assert caught.value.message == message


def test_every_request_body_is_found() -> None:
    """Bodies are found by content type, inline or as components, also behind references."""

    def body(**content: Any) -> dict[str, Any]:
        return {"content": {name.replace("_", "/"): {"schema": schema} for name, schema in content.items()}}

    document = {
        "bodies": {"B": body(text_plain={"$ref": "#/T"})},
        "paths": {
            "/a": {"post": {"requestBody": body(a_json={"$ref": "#/A"}, a_xml={"$ref": "#/X"})}, "summary": "words"},
            "/b": {"put": {"requestBody": {"$ref": "#/bodies/B"}}, "get": {}, "parameters": []},
            "/c": {"post": {"requestBody": body(a_json={"type": "object"})}, "put": {"requestBody": {}}},
            "/d": {
                "post": {"requestBody": {"content": {"a/json": {}}}},
                "put": {"requestBody": body(a_json={"$ref": "#/D"})},
            },
            "/e": None,
        },
    }
    found = [each for operation in operations(document) for each in body_schemas(document, operation)]
    assert found == [
        ("a/json", "#/A"),
        ("a/xml", "#/X"),
        ("text/plain", "#/T"),
        ("a/json", "#/paths/~1c/post/requestBody/content/a~1json/schema"),
        ("a/json", "#/D"),
    ]


RULED = {"x-rules": [{"id": "first"}, {"id": "second"}], "type": "object"}


def test_a_schema_with_rules_names_the_first() -> None:
    """The compiled rules are found by it; an empty list of rules is left out."""
    assert read_checked(RULED) == {"type": "object", "x-rules": "first"}
    assert read_checked({"type": "object", "x-rules": []}) == {"type": "object"}
