"""The part of the document's schemas that the client checks before sending, as data."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any, Final

from scripts.errors import InputError
from scripts.pointer import resolve
from scripts.rules.pattern import PatternError, translate

_CHECKED: Final = frozenset(
    {
        "$ref", "type", "nullable", "enum", "const", "required", "properties", "additionalProperties", "items",
        "minItems", "maxItems", "minLength", "maxLength", "pattern", "minimum", "maximum", "exclusiveMinimum",
        "exclusiveMaximum", "allOf", "anyOf", "oneOf", "not",
    }
)  # fmt: skip
_SCHEMA_LISTS: Final = ("allOf", "anyOf", "oneOf")


class Shapes:
    """Collects schemas and every schema they refer to, with the keywords that are checked before sending."""

    def __init__(self, document: Any) -> None:
        self.document = document
        self.definitions: dict[str, Any] = {}

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
            self.definitions[reference] = self.shape(schema)
        return {"$ref": reference}

    def shape(self, schema: Any) -> dict[str, Any]:
        """Return the checked part of a schema."""
        if isinstance(schema, bool):
            return {} if schema else {"not": {}}
        if "$ref" in schema:
            return self.add(schema["$ref"])
        checked = (self._keyword(keyword, operand) for keyword, operand in schema.items() if keyword in _CHECKED)
        return {keyword: operand for pairs in checked for keyword, operand in pairs}

    def _keyword(self, keyword: str, operand: Any) -> Iterator[tuple[str, Any]]:
        if keyword == "properties":
            yield keyword, {name: self.shape(child) for name, child in operand.items()}
        elif keyword in _SCHEMA_LISTS:
            yield keyword, list(map(self.shape, operand))
        elif keyword in {"items", "not"} or (keyword == "additionalProperties" and isinstance(operand, dict)):
            yield keyword, self.shape(operand)
        elif keyword == "pattern":
            with suppress(PatternError):  # Python would read it otherwise; the server judges it
                yield keyword, translate(operand)
        elif keyword not in {"nullable", "additionalProperties"} or operand is not (keyword != "nullable"):
            yield keyword, operand


def request_schemas(document: Any) -> Iterable[tuple[str, str]]:
    """Yield the content type and schema reference of every request body that is a component schema."""
    for item in document.get("paths", {}).values():
        for operation in item.values() if isinstance(item, dict) else ():
            body = operation.get("requestBody", {}) if isinstance(operation, dict) else {}
            if "$ref" in body:
                body = resolve(document, body["$ref"])
            for content_type, media in body.get("content", {}).items():
                reference = media.get("schema", {}).get("$ref")
                if isinstance(reference, str):
                    yield content_type, reference
