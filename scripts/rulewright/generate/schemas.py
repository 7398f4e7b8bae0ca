"""The part of the document's schemas that the client checks before sending, as data."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any, Final

from rulewright.errors import InputError
from rulewright.openapi.operations import Operation, operations
from rulewright.openapi.pointer import Location, decode, encode, resolve
from rulewright.rules.definition import EXTENSION
from rulewright.rules.dialect import PatternError, translate

_CHECKED: Final = frozenset(
    {
        "$ref", "type", "nullable", "enum", "const", "required", "properties", "additionalProperties", "items",
        "minItems", "maxItems", "minLength", "maxLength", "pattern", "minimum", "maximum", "exclusiveMinimum",
        "exclusiveMaximum", "allOf", "anyOf", "oneOf", "not",
    }
)  # fmt: skip
RULED: Final = "x-rules"
"""The keyword of a checked schema with rules that names the first of them."""
_SCHEMA_LISTS: Final = ("allOf", "anyOf", "oneOf")


class Schemas:
    """Collects schemas and every schema they refer to, with the keywords that are checked before sending."""

    def __init__(self, document: Any) -> None:
        self.document = document
        self.definitions: dict[str, Any] = {}

    def add(self, reference: str) -> dict[str, Any]:
        """Register a referenced schema (`#/components/schemas/X`) and return the reference as a schema, decoded.

        Raises:
            InputError: The reference leads nowhere, or out of the document.
        """
        if not reference.startswith("#/"):
            raise InputError(f"the reference {reference!r} leaves the document")
        try:
            schema, place = resolve(self.document, reference), "#" + encode(decode(reference))
        except (LookupError, ValueError) as error:
            raise InputError(f"the reference {reference!r} leads nowhere: {error.args[0]}") from error
        if place not in self.definitions:
            self.definitions[place] = {}  # registered first: a schema may refer to itself
            self.definitions[place] = self.checked(schema)
        return {"$ref": place}

    def checked(self, schema: Any) -> dict[str, Any]:
        """Return the checked part of a schema."""
        if isinstance(schema, bool):
            return {} if schema else {"not": {}}
        if "$ref" in schema:
            return self.add(schema["$ref"])
        kept = (self._keyword(keyword, operand) for keyword, operand in schema.items() if keyword in _CHECKED)
        result = {keyword: operand for pairs in kept for keyword, operand in pairs}
        return {**result, RULED: schema[EXTENSION][0]["id"]} if schema.get(EXTENSION) else result

    def _keyword(self, keyword: str, operand: Any) -> Iterator[tuple[str, Any]]:
        if keyword == "properties":
            yield keyword, {name: self.checked(child) for name, child in operand.items()}
        elif keyword in _SCHEMA_LISTS:
            yield keyword, list(map(self.checked, operand))
        elif keyword in {"items", "not"} or (keyword == "additionalProperties" and isinstance(operand, dict)):
            yield keyword, self.checked(operand)
        elif keyword == "pattern":
            with suppress(PatternError):  # Python would read it otherwise; the server judges it
                yield keyword, translate(operand)
        elif keyword not in {"nullable", "additionalProperties"} or operand is not (keyword != "nullable"):
            yield keyword, operand


def request_schemas(document: Any) -> Iterator[tuple[str, str]]:
    """Yield the content type and reference of the schema of every request body."""
    for operation in operations(document):
        yield from body_schemas(document, operation)


def body_schemas(document: Any, operation: Operation) -> Iterator[tuple[str, str]]:
    """Yield each content type of an operation's body and its schema: a component, or its place in the body."""
    place: Location = ("paths", operation.path, operation.method, "requestBody")
    body = operation.body.get("requestBody", {})
    if "$ref" in body:
        place, body = decode(body["$ref"]), resolve(document, body["$ref"])
    for content_type, media in body.get("content", {}).items():
        reference = media.get("schema", {}).get("$ref")
        if isinstance(reference, str):
            yield content_type, "#" + encode(decode(reference)) if reference.startswith("#") else reference
        else:
            yield content_type, "#" + encode((*place, "content", content_type, "schema"))
