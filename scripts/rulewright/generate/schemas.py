"""The part of the document's schemas that the client checks before sending, as data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from rulewright.errors import InputError
from rulewright.openapi.operations import Operation, essence_of, operations, parameter_names, parameters_schema
from rulewright.openapi.pointer import Location, decode, fragment, resolve
from rulewright.openapi.schemas import FORMATS, union_tags
from rulewright.openapi.schemas import Schemas as DocumentSchemas
from rulewright.rules.definition import EXTENSION
from rulewright.rules.dialect import PatternError, translate

_MAPS: Final = frozenset({"properties", "patternProperties", "dependentSchemas"})
_LISTS: Final = frozenset({"allOf", "anyOf", "oneOf", "prefixItems"})
_SINGLES: Final = frozenset(
    {"additionalProperties", "contains", "else", "if", "items", "not", "propertyNames", "then", "unevaluatedProperties"}
)
_VALUES: Final = frozenset(
    {
        "type", "enum", "const", "required", "minItems", "maxItems", "minLength", "maxLength", "pattern", "minimum",
        "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "uniqueItems", "minProperties",
        "maxProperties", "minContains", "maxContains", "dependentRequired", "format",
    }
)  # fmt: skip
_UNCHECKED: Final = ("$dynamicRef", "$recursiveRef", "unevaluatedItems", "dependencies")
"""The keywords that limit a value and are left to the server."""
_EVALUATED: Final = frozenset({"anyOf", "oneOf", "if", "dependentSchemas"})
"""The keywords by which it depends on the value which of its members a schema knows."""
FILE: Final = "x-file"
"""The keyword of a schema of bytes: a text in JSON, a file in a form."""
DEPRECATED: Final = "deprecated"
"""The keyword of a schema that the document deprecates; its operand is the description."""
TAGS: Final = "tags"
"""The keyword of a union whose members a tag distinguishes: its field, and the index of the member of each value."""
RULED: Final = "x-rules"
"""The keyword of a checked schema with rules that names the first of them."""


class Schemas:
    """Collects schemas and every schema they refer to, with the keywords that are checked before sending.

    Attributes:
        definitions: The schemas by their place in the document.
        gaps: The place and the problem of each keyword that limits a request and is not checked.
    """

    def __init__(self, document: Any) -> None:
        self.document = document
        self.definitions: dict[str, Any] = {}
        self.gaps: dict[tuple[str, str], None] = {}
        self._document_schemas = DocumentSchemas(document, "request", tags=True)
        self._plain = self._document_schemas.plain
        self._place = ""

    def add(self, reference: str) -> dict[str, Any]:
        """Register a referenced schema (`#/components/schemas/X`) and return the reference as a schema, decoded.

        Raises:
            InputError: The reference leads nowhere, or out of the document.
        """
        if not reference.startswith("#/"):
            raise InputError(f"the reference {reference!r} leaves the document")
        try:
            schema, place = resolve(self.document, reference), fragment(decode(reference))
        except (LookupError, ValueError) as error:
            raise InputError(f"the reference {reference!r} leads nowhere: {error.args[0]}") from error
        if place not in self.definitions:
            self.definitions[place] = {}  # registered first: a schema may refer to itself
            outer, self._place = self._place, place
            self.definitions[place] = self.checked_part(self._plain(schema))
            self._place = outer
        return {"$ref": place}

    def parameter(self, parameter: Mapping[str, Any], schema: Any, place: str) -> dict[str, Any]:
        """Return the checked part of the schema of a parameter."""
        self._place = place
        checked = self.checked_part(self._plain(schema))
        if parameter.get(DEPRECATED) is not True:
            return checked
        return self.checked_part({DEPRECATED: True, "description": parameter.get("description")}) | {"allOf": [checked]}

    def checked_part(self, schema: Any) -> dict[str, Any]:
        """Return the checked part of a schema, which is one of JSON Schema 2020-12."""
        if isinstance(schema, bool):
            return {} if schema else {"not": {}}
        note = {DEPRECATED: " ".join(str(schema.get("description") or "").split())}
        deprecated = note if schema.get(DEPRECATED) is True else {}
        named = "contentMediaType" in schema and "contentEncoding" not in schema
        if schema.get("type") == "string" and (schema.get("format") == "binary" or named):
            return {FILE: True, **deprecated}
        self.gaps |= {(self._place, f"the keyword {each}"): None for each in _UNCHECKED if each in schema}
        kept = (self._keyword(keyword, operand) for keyword, operand in schema.items())
        result = deprecated | {keyword: operand for pairs in kept for keyword, operand in pairs}
        if "patternProperties" in schema and "patternProperties" not in result:
            result["additionalProperties"] = {}  # which members are additional depends on the patterns
        result |= self._tags(schema)
        if schema.get(EXTENSION):
            result[RULED] = schema[EXTENSION][0]["id"]
        if "$ref" in schema:
            followed = self.add(schema["$ref"])
            if not result:
                return followed
            result["allOf"] = [followed, *result.get("allOf", ())]
        if "unevaluatedProperties" in result:
            # as `additionalProperties`, if that can be done for every value
            unlisted, parts = result.pop("unevaluatedProperties"), [*self._parts(result)]
            if any(_EVALUATED & part.keys() for part in parts):
                self.gaps[self._place, "the keyword unevaluatedProperties beside alternatives or conditions"] = None
            elif not any("additionalProperties" in part for part in parts):
                for keyword in ("properties", "patternProperties"):
                    if known := {name: dict[str, Any]() for part in parts for name in part.get(keyword, ())}:
                        result[keyword] = known | result.get(keyword, {})
                result["additionalProperties"] = unlisted
        return result

    def _tags(self, schema: Mapping[str, Any]) -> dict[str, Any]:
        name, known = union_tags(self._document_schemas.document, schema)
        index = {id(each): position for position, each in enumerate(schema.get("oneOf") or schema.get("anyOf") or ())}
        return {TAGS: (name, {tag: index[id(each)] for tag, each in known.items()})} if known else {}

    def _keyword(self, keyword: str, operand: Any) -> Iterator[tuple[str, Any]]:
        if keyword in _MAPS:
            if keyword == "patternProperties" and not all(map(self._can_search, operand)):
                return
            yield keyword, {name: self.checked_part(child) for name, child in operand.items()}
        elif keyword in _LISTS:
            yield keyword, list(map(self.checked_part, operand))
        elif keyword in _SINGLES:
            is_closed = operand is False and keyword.endswith("Properties")
            yield keyword, False if is_closed else self.checked_part(operand)
        elif keyword == "pattern":
            if self._can_search(operand):
                yield keyword, operand
        elif keyword == "format":
            if operand in FORMATS:
                yield keyword, operand
        elif keyword in _VALUES:
            yield keyword, operand

    def _can_search(self, pattern: str) -> bool:
        try:
            translate(pattern)
        except PatternError as error:
            self.gaps[self._place, f"the pattern {pattern!r:.80} ({error})"] = None
            return False
        return True

    def _parts(self, schema: Mapping[str, Any], above: tuple[str, ...] = ()) -> Iterator[Mapping[str, Any]]:
        """Yield a schema and all those that every value of it must also fit."""
        reference = schema.get("$ref")
        if reference is None:
            yield schema
        elif reference not in above:
            yield from self._parts(self.definitions[reference], (*above, reference))
        for member in schema.get("allOf", ()):
            yield from self._parts(member, above)


def find_unchecked(document: Any) -> Iterator[str]:
    """Yield a message for each part of a request that the document limits and the client leaves to the server."""
    schemas = Schemas(document)
    for operation in operations(document):
        for content_type, reference in body_schemas(document, operation):
            if is_checked(content_type):
                schemas.add(reference)
        for parameter, schema in parameter_schemas(operation):
            schemas.parameter(parameter, schema, fragment((*operation.location, "parameters", parameter["name"])))
    for place, problem in schemas.gaps:
        yield f"schema {place.removeprefix('#')}: requests are not checked for {problem}"


def is_json(content_type: str) -> bool:
    """Return whether a body of a media type is sent as JSON."""
    essence = essence_of(content_type)
    return essence in {"application/json", "*/*"} or essence.endswith("+json")


def is_checked(content_type: str) -> bool:
    """Return whether a body of a media type is checked: JSON, forms and text, but not bytes."""
    essence = essence_of(content_type)
    is_form = essence in {"application/x-www-form-urlencoded", "multipart/form-data"}
    return is_form or is_json(content_type) or essence.startswith("text/")


def parameter_schemas(operation: Operation) -> Iterator[tuple[dict[str, Any], Any]]:
    """Yield each parameter of an operation and the schema of its value."""
    schemas = parameters_schema(operation.document, operation.path, operation.body)["properties"]
    names = parameter_names(operation.parameters)
    for each in operation.parameters:
        yield each, schemas[names[f"{each.get('in')}:{each['name']}"]]


def body_schemas(document: Any, operation: Operation) -> Iterator[tuple[str, str]]:
    """Yield each content type of an operation's body and its schema: a component, or its place in the body."""
    place: Location = ("paths", operation.path, operation.method, "requestBody")
    body = operation.body.get("requestBody", {})
    if "$ref" in body:
        place, body = decode(body["$ref"]), resolve(document, body["$ref"])
    for content_type, media in body.get("content", {}).items():
        schema = media.get("schema")
        if isinstance(schema, dict) and set(schema) == {"$ref"}:
            reference = schema["$ref"]
            yield content_type, fragment(decode(reference)) if reference.startswith("#") else reference
        elif schema is not None:
            yield content_type, fragment((*place, "content", content_type, "schema"))
