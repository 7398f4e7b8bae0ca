"""The objects of an OpenAPI document: the keys of each, and the kind of value of each key.

A kind is a word for a plain value, `@T` for an object of type T, `{T` for a map and `[T` for a list of them.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any, Final

from rulewright.openapi.references import follow

EXTENSION: Final = "x-*"
_PROSE: Final = {"description": "prose", "summary": "prose"}
_BOUNDS: Final = (
    "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "minLength", "maxLength", "minItems", "maxItems",
    "minProperties", "maxProperties", "multipleOf", "pattern", "dependentRequired",
)  # fmt: skip
_PLAIN: Final = (
    "type", "enum", "required", "format", "default", "example", "examples", "deprecated", "readOnly",
    "writeOnly", "uniqueItems", "discriminator", "xml", "$comment", "contentMediaType", "contentEncoding",
)  # fmt: skip

# without `nullable` and `const`, which normal form writes as `type` and `enum`
GRAMMAR: Final[Mapping[str, Mapping[str, str]]] = {
    "OpenAPI": {
        "openapi": "version", "info": "@Info", "servers": "[Server", "paths": "{PathItem", "webhooks": "{PathItem",
        "components": "@Components", "security": "security", "tags": "[Tag", "externalDocs": "docs",
        "jsonSchemaDialect": "dialect",
    },
    "Info": {
        "title": "prose", **_PROSE, "termsOfService": "docs", "contact": "docs", "license": "docs",
        "version": "version",
    },
    "Server": {"url": "url", "description": "prose", "variables": "variables"},
    "Tag": {"name": "name", **_PROSE, "externalDocs": "docs"},
    "Components": {
        "schemas": "{Schema", "responses": "{Response", "parameters": "{Parameter", "examples": "examples",
        "requestBodies": "{RequestBody", "headers": "{Header", "securitySchemes": "{SecurityScheme",
        "links": "{Link", "callbacks": "callbacks", "pathItems": "{PathItem",
    },
    "PathItem": {
        **_PROSE, "servers": "[Server", "parameters": "[Parameter",
        **dict.fromkeys(("get", "put", "post", "delete", "options", "head", "patch", "trace"), "@Operation"),
    },
    "Operation": {
        "tags": "tags", **_PROSE, "externalDocs": "docs", "operationId": "id", "parameters": "[Parameter",
        "requestBody": "@RequestBody", "responses": "{Response", "callbacks": "callbacks", "deprecated": "flag",
        "security": "security", "servers": "[Server", "x-waiter": "waiter",
        "x-rules": "[Rule",
    },
    "Parameter": {
        "name": "name", "in": "name", "description": "prose", "required": "flag", "deprecated": "flag",
        "allowEmptyValue": "style", "style": "style", "explode": "style", "allowReserved": "style",
        "schema": "@Schema", "content": "{Media", "example": "example", "examples": "examples",
    },
    "Header": {
        "description": "prose", "required": "flag", "deprecated": "flag", "style": "style", "explode": "style",
        "schema": "@Schema", "content": "{Media", "example": "example", "examples": "examples",
    },
    "RequestBody": {"description": "prose", "content": "{Media", "required": "flag"},
    "Media": {"schema": "@Schema", "example": "example", "examples": "examples", "encoding": "encoding"},
    "Response": {"description": "prose", "headers": "{Header", "content": "{Media", "links": "{Link"},
    "Link": {
        "operationId": "link", "operationRef": "link", "parameters": "link", "requestBody": "link", "server": "link",
        "description": "prose",
    },
    "SecurityScheme": {
        "type": "scheme", "description": "prose", "name": "scheme", "in": "scheme", "scheme": "scheme",
        "bearerFormat": "docs", "flows": "scheme", "openIdConnectUrl": "scheme",
    },
    "Schema": {
        "title": "prose", "description": "prose", "externalDocs": "docs",
        **dict.fromkeys(_BOUNDS, "bound"), **{key: key for key in _PLAIN},
        "properties": "{Schema", "patternProperties": "{Schema", "dependentSchemas": "{Schema", "$defs": "{Schema",
        "items": "@Schema", "additionalProperties": "@Schema", "not": "@Schema", "if": "@Schema", "then": "@Schema",
        "else": "@Schema", "contains": "@Schema", "propertyNames": "@Schema", "unevaluatedProperties": "@Schema",
        "allOf": "[Schema", "anyOf": "[Schema", "oneOf": "[Schema", "prefixItems": "[Schema",
        "x-rules": "[Rule", "x-variants": "variants",
    },
    "Rule": {
        "id": "name", "level": "level", "message": "message", "source": "source", "if": "rule", "then": "rule",
        "examples": "example",
    },
}  # fmt: skip


def places(*kinds: str) -> list[str]:
    """Return the places of some kinds of plain value, such as `Info.title`."""
    return [f"{owner}.{key}" for owner, keys in GRAMMAR.items() for key, kind in keys.items() if kind in kinds]


ALTERNATIVES: Final = ("anyOf", "oneOf")
CONTAINERS: Final = tuple(
    f"{owner}.{key}"
    for owner, keys in GRAMMAR.items()
    for key, kind in keys.items()
    if kind[0] in "{[" and key not in ALTERNATIVES
)


def kind_of(owner: str, key: str) -> str | None:
    """Return the kind of value of a key, or None if the key is unknown."""
    known = GRAMMAR.get(owner, {}).get(key)
    return EXTENSION if known is None and key.startswith("x-") else known


def resolve(value: Any, document: Any) -> Any:
    """Follow the references of a value within its document; a broken reference is returned as it is."""
    found = follow(document, value)
    return value if found is None else found


def same(old: Any, new: Any) -> bool:
    """Whether two JSON values are the same; unlike in Python, `true` is not 1."""
    if isinstance(old, dict) and isinstance(new, dict):
        return old.keys() == new.keys() and all(same(old[key], new[key]) for key in old)
    if isinstance(old, list) and isinstance(new, list):
        return len(old) == len(new) and all(map(same, old, new))
    return bool(old == new) and isinstance(old, bool) == isinstance(new, bool)


def key_of(value: Any) -> Hashable:
    """Return a hashable key that two values share if and only if they are the `same`."""
    if isinstance(value, dict):
        return frozenset((key, key_of(child)) for key, child in value.items())
    if isinstance(value, list):
        return tuple(map(key_of, value))
    return isinstance(value, bool), value
