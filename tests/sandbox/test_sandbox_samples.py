"""Values that the sandbox makes up are valid by their schema."""

from __future__ import annotations

import re
from typing import Any

import jsonschema_rs
import pytest
from rulewright.openapi.sample import matching_text, sample
from rulewright.sandbox.spec import Spec
from rulewright.sandbox.validation import Schemas

SPEC = Spec({"openapi": "3.1.0", "paths": {"/": {"get": {"responses": {}}}}})


@pytest.mark.parametrize(
    "pattern",
    [
        "^97[89]-[0-9]{10}$",
        r"\d+",
        r"^[^/\s]+$",
        "^(a|b)c?$",
        "^[A-Z]{2}[0-9A-Za-z]{3,8}$",
        r"^\w+@\w+\.\w{2,}$",
        ".",
        "^.{3}",
    ],
)
@pytest.mark.parametrize("shortest", [0, 1, 5])
def test_a_text_for_a_pattern(pattern: str, shortest: int) -> None:
    """It matches and is long enough, or there is none."""
    text = matching_text(pattern, shortest)
    if text is None:
        assert (pattern, shortest) == ("^(a|b)c?$", 5)  # there is none
    else:
        assert re.search(pattern, text)
        assert len(text) >= shortest


@pytest.mark.parametrize("pattern", [r"(?=x)", r"(a)\1", "("])
def test_an_unsupported_pattern_has_no_sample(pattern: str) -> None:
    """It is no error either."""
    assert matching_text(pattern) is None


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "integer", "exclusiveMinimum": 3, "multipleOf": 5},
        {"type": "number", "minimum": 0.5, "maximum": 0.75},
        {"type": "integer", "maximum": -4},
        {"type": ["null", "string"], "minLength": 9},
        {"type": "array", "items": {"enum": ["a", "b"]}, "minItems": 2, "uniqueItems": True},
        {"type": "array", "items": {"type": "string"}, "minItems": 3, "uniqueItems": True},
        {"allOf": [{"type": "string"}, {"minLength": 2}]},
        {"oneOf": [{"type": "object", "required": ["a"], "properties": {"a": {"const": 1}}}, {"type": "null"}]},
        {"type": "string", "format": "ipv4"},
        {"allOf": [{"type": "string", "enum": ["NEW", "WON"]}]},
        {"default": {}, "allOf": [{"allOf": [{"type": "string", "format": "date-time"}]}]},
        {"type": "integer", "example": "7"},
        {"type": "array", "items": {"type": "string"}, "example": "a, b"},
        {"type": "object", "required": ["a"], "properties": {"a": {"type": "boolean"}}, "example": {"b": 1}},
        {"type": "string", "format": "date-time", "example": "2026-01-01 10:00"},
        {"type": "string", "enum": ["a"], "default": "b"},
        {"anyOf": [{"type": "number"}, {"type": "null"}], "examples": ["much", 2.5]},
    ],
)
def test_a_sample_fits_its_schema(schema: dict[str, Any]) -> None:
    """Bounds, multiples, types, formats and alternatives."""
    validator = jsonschema_rs.Draft202012Validator(schema, validate_formats=True)
    assert validator.is_valid(sample(Schemas(SPEC), schema)), sample(Schemas(SPEC), schema)


def test_the_tag_of_an_alternative_is_the_documents_word() -> None:
    """The discriminator's mapping names the chosen alternative."""
    document = {
        "openapi": "3.1.0",
        "paths": {"/": {"get": {"responses": {}}}},
        "components": {"schemas": {"Cat": {"type": "object", "required": ["kind"], "properties": {"kind": {}}}}},
    }
    tag = {"propertyName": "kind", "mapping": {"tom": "#/components/schemas/Cat"}}
    assert sample(Schemas(Spec(document)), {"oneOf": [{"$ref": "#/components/schemas/Cat"}], "discriminator": tag}) == {
        "kind": "tom"
    }


def test_an_optional_tag_distinguishes_alternatives() -> None:
    """Otherwise several members of a `oneOf` would match."""
    boat: dict[str, Any] = {"required": ["name"], "properties": {"name": {}, "kind": {"enum": ["canoe", "ferry"]}}}
    train = {"required": ["name"], "properties": {"name": {}, "kind": {"const": "train"}}}
    mapping = {"train": "#/components/schemas/Train", "ferry": "#/components/schemas/Boat"}
    for first, second, kind in (("Boat", "Train", "ferry"), ("Train", "Boat", "train")):
        references = [{"$ref": f"#/components/schemas/{name}"} for name in (first, second)]
        schema = {"oneOf": references, "discriminator": {"propertyName": "kind", "mapping": mapping}}
        spec = Spec({**SPEC.document, "components": {"schemas": {"Boat": boat, "Train": train}}})
        assert sample(Schemas(spec), schema) == {"name": "text", "kind": kind}
