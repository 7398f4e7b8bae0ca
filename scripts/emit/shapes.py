"""The part of the document's schemas that the client checks before sending, as data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from scripts.emit.operations import Operation, operations
from scripts.errors import InputError
from scripts.pointer import Location, decode, encode, resolve
from scripts.rules.pattern import PatternError, translate

_CHECKED: Final = frozenset(
    {
        "$ref", "type", "nullable", "enum", "const", "required", "properties", "additionalProperties", "items",
        "minItems", "maxItems", "minLength", "maxLength", "pattern", "minimum", "maximum", "exclusiveMinimum",
        "exclusiveMaximum", "allOf", "anyOf", "oneOf", "not",
    }
)  # fmt: skip
_ANNOTATIONS: Final = frozenset(
    {
        "title", "description", "default", "example", "examples", "deprecated", "readOnly", "writeOnly",
        "externalDocs", "xml", "discriminator", "$comment", "contentMediaType", "contentEncoding",
    }
)  # fmt: skip
_SCHEMA_LISTS: Final = ("allOf", "anyOf", "oneOf")


class Shapes:
    """Collects schemas, every schema they refer to, and the keywords nobody checks before sending."""

    def __init__(self, document: Any) -> None:
        self.document = document
        self.definitions: dict[str, Any] = {}
        self.unchecked: dict[str, None] = {}

    def add(self, reference: str) -> dict[str, Any]:
        """Register a referenced schema (`#/components/schemas/X`) and return the reference as a shape.

        Raises:
            InputError: The reference leads nowhere, or out of the document.
        """
        if reference not in self.definitions:
            if not reference.startswith("#/"):
                raise InputError(f"the reference {reference!r} leaves the document")
            try:
                schema = resolve(self.document, reference)
            except (LookupError, ValueError) as error:
                raise InputError(f"the reference {reference!r} leads nowhere: {error.args[0]}") from error
            self.definitions[reference] = {}  # registered first: a schema may refer to itself
            self.definitions[reference] = self.shape(schema, (reference,))
        return {"$ref": reference}

    def shape(self, schema: Any, location: Location) -> dict[str, Any]:
        """Return the checked part of a schema."""
        if isinstance(schema, bool):
            return {} if schema else {"not": {}}
        if "$ref" in schema:
            return self.add(schema["$ref"])
        result: dict[str, Any] = {}
        for keyword, operand in schema.items():
            if keyword in _CHECKED:
                result.update(self._keyword(keyword, operand, location))
            elif keyword not in _ANNOTATIONS and not keyword.startswith("x-"):
                self._skip(keyword, location)
        return result

    def _keyword(self, keyword: str, operand: Any, location: Location) -> Iterator[tuple[str, Any]]:
        place = (*location, keyword)
        if keyword == "properties":
            yield keyword, {name: self.shape(child, (*place, name)) for name, child in operand.items()}
        elif keyword in _SCHEMA_LISTS:
            yield keyword, [self.shape(child, (*place, index)) for index, child in enumerate(operand)]
        elif keyword in {"items", "not"} or (keyword == "additionalProperties" and isinstance(operand, dict)):
            yield keyword, self.shape(operand, place)
        elif keyword == "pattern":
            try:
                yield keyword, translate(operand)
            except PatternError:
                self._skip(keyword, location)
        elif keyword not in {"nullable", "additionalProperties"} or operand is not (keyword != "nullable"):
            yield keyword, operand

    def _skip(self, keyword: str, location: Location) -> None:
        self.unchecked[f"{keyword} at {location[0]}{encode(location[1:])}"] = None


def request_schemas(document: Any) -> Iterator[tuple[str, str]]:
    """Yield the content type and reference of the schema of every request body."""
    for operation in operations(document):
        yield from body_schemas(document, operation)


def body_schemas(document: Any, operation: Operation) -> Iterator[tuple[str, str]]:
    """Yield each content type of an operation's body and its schema: a component, or the place where it stands."""
    place: Location = ("paths", operation.path, operation.method, "requestBody")
    body = operation.body.get("requestBody", {})
    if "$ref" in body:
        place, body = decode(body["$ref"]), resolve(document, body["$ref"])
    for content_type, media in body.get("content", {}).items():
        reference = media.get("schema", {}).get("$ref")
        inline = "#" + encode((*place, "content", content_type, "schema"))
        yield content_type, reference if isinstance(reference, str) else inline
