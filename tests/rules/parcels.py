"""An invented operation that sends parcels, its variants and its generated names."""

from __future__ import annotations

from typing import Any

from rulewright.generate.names import FieldName, ModelName, Names, OperationName
from rulewright.generate.operations import Method, read_methods
from rulewright.rules.definition import Rule, RuledSchema, Source
from rulewright.rules.variants import VariantSet, read_variants

WHERE = ("components", "schemas", "Parcel")
PROPERTIES: dict[str, Any] = {
    "kind": {"enum": ["box", "letter"], "description": "What it is"},
    "toWhom": {"type": "string", "description": "A name\n  on the label"},
    "size": {"enum": ["s", "m", "l"]},
    "labels": {"type": "array", "maxItems": 1},
    "fast": {"type": "boolean", "deprecated": True, "description": "By air"},
}
FIELDS = {
    "kind": FieldName("kind", "ParcelKind", None),
    "toWhom": FieldName("to_whom", "str", None),
    "size": FieldName("size", "ParcelSize", None),
    "labels": FieldName("labels", "list[str]", None),
    "fast": FieldName("fast", "bool", None),
}
DECLARED: dict[str, Any] = {"by": "kind", "names": {"box": "send_box", "letter": "send_letter"}, "general": "send"}
BOX = {"properties": {"kind": {"const": "box"}}, "required": ["kind"]}
LETTER = {"properties": {"kind": {"const": "letter"}}, "required": ["kind"]}
LARGE = {"properties": {"size": {"const": "l"}}, "required": ["size"]}


def both(*schemas: Any) -> dict[str, Any]:
    """Return the conjunction of schemas."""
    return {"allOf": list(schemas)}


def rule(condition: Any, requirement: Any, name: str = "r", level: str = "error") -> Rule:
    """Return a rule whose examples hold a name."""
    examples = {"toWhom": "Ann"}, {"toWhom": "Bob"}
    return Rule(name, level, f"{name} must hold", Source("#/at", "words"), condition, requirement, *examples, ())


def operation(*arguments: tuple[str, str, str, bool]) -> OperationName:
    """Return the endpoint as the generator names it, with parameters: place and name, keyword, type, required."""
    return OperationName(
        "api.send_parcel",
        "post",
        "/parcels/{depot}",
        {key: keyword for key, keyword, _, _ in arguments},
        {key: (kind, required) for key, _, kind, required in arguments},
        "Any",
        {"application/json": "Parcel"},
    )


def document(schema: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return a document with one operation that takes the schema, and more about that operation."""
    parcel = {"schema": {"$ref": "#/components/schemas/Parcel"}}
    body = {"required": True, "content": {"text/plain": {}, "text/csv": {"schema": {}}, "application/json": parcel}}
    path = {"post": {"operationId": "sendParcel", "requestBody": body, **more}, "get": {"operationId": "other"}}
    return {"paths": {"/parcels/{depot}": path}, "components": {"schemas": {"Parcel": schema}}}


def build_parcels(
    *rules: Rule,
    declared: dict[str, Any] | None = None,
    required: tuple[str, ...] = ("kind", "toWhom"),
    fields: dict[str, FieldName] | None = None,
    arguments: tuple[tuple[str, str, str, bool], ...] = (),
    more: dict[str, Any] | None = None,
    is_open: bool = True,
) -> tuple[VariantSet, dict[str, Any], Names]:
    """Return the variants of the schema, the document and the names of what was generated for it."""
    as_written = [
        {
            "id": each.id,
            "if": each.condition,
            "then": each.requirement,
            "examples": {"a": each.passes, "b": each.breaks},
        }
        for each in rules
    ]
    schema = {
        "properties": PROPERTIES,
        "required": [*required],
        **({} if is_open else {"additionalProperties": False}),
        "x-rules": as_written,
        "x-variants": DECLARED | (declared or {}),
    }
    model = ModelName("Parcel", "parcel", ("/" + "/".join(WHERE),), FIELDS | (fields or {}))
    without = frozenset({("get", "/parcels/{depot}")})
    names = Names({"Parcel": model}, frozenset({"ParcelKind", "ParcelSize"}), (operation(*arguments),), without)
    (variants,) = read_variants({}, [RuledSchema(WHERE, schema, rules)])
    return variants, document(schema, **(more or {})), names


def methods_of(variants: VariantSet, value: Any, names: Names) -> tuple[Method, ...]:
    """Return the methods of the document's operations."""
    return read_methods(value, [variants.ruled], {}, names)
