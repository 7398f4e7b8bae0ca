"""The objects of an OpenAPI document, and one way to write it: what means the same is written the same.

So a comparison sees changes of meaning alone, in the terms of OpenAPI 3.1; places stay where they are as far as they
can. `GRAMMAR` has the keys of each object and the kind of value of each key: a word for a plain value, `@T` for an
object of type T, `{T` for a map and `[T` for a list of them.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from typing import Any, Final

from rulewright.openapi.operations import METHODS, essence_of
from rulewright.openapi.pointer import Location
from rulewright.openapi.references import follow
from rulewright.openapi.schemas import TYPES

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


def at(value: Any, location: Location, default: Any = None) -> Any:
    """Return the part of a document at a location, references on the way followed, or the default if there is none."""
    document = value
    for key in location:
        try:
            value = value[key] if not isinstance(value, dict) or key in value else resolve(value, document)[key]
        except (LookupError, TypeError):
            return default
    return value


NOTES: Final = frozenset(
    {"title", "description", "example", "examples", "deprecated", "externalDocs", "xml", "$comment", "default"}
)
"""Keywords that say nothing about which values are valid."""
COMPOSITION: Final = ("allOf", "anyOf", "oneOf", "not", "if", "then", "else")
_FLAGS: Final = ("deprecated", "readOnly", "writeOnly", "uniqueItems", "nullable", "required", "allowReserved")
_LOWER: Final = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
_UPPER: Final = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
_IMPLIED: Final[Mapping[str, str]] = {"properties": "object", "items": "array"}
_EMPTY: Final = frozenset({"tags", "required", "dependentRequired"})
_STYLES: Final[Mapping[str, str]] = {"query": "form", "cookie": "form", "path": "simple", "header": "simple"}
_SCALARS: Final = frozenset({"string", "integer", "number", "boolean"})


def normal(document: Any) -> Any:
    """Return a document in normal form; what is malformed stays as it is."""
    value = _Writer(str(document.get("openapi", "")).startswith("3.0")).object("OpenAPI", document)
    value.setdefault("components", {})
    if value.get("servers") == [{"url": "/"}]:
        del value["servers"]  # the default
    security = value.get("security")
    paths = value.get("paths")
    found = [
        body
        for item in (paths.values() if isinstance(paths, dict) else ())
        for method, body in (item.items() if isinstance(item, dict) else ())
        if method in METHODS and isinstance(body, dict)
    ]
    if isinstance(security, list) and found:
        del value["security"]
        for body in found:
            body.setdefault("security", security)
    return value


class _Writer:
    """Rewrites objects from the innermost outwards."""

    def __init__(self, is_30: bool) -> None:  # noqa: FBT001
        self._is_30 = is_30
        self._hooks: Mapping[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
            "Schema": self._schema, "Parameter": _parameter, "Header": _parameter, "PathItem": _path_item,
        }  # fmt: skip

    def object(self, owner: str, value: Any) -> Any:
        """Return an object of a type of the grammar in normal form."""
        if owner == "Schema" and value is True:
            return {}
        if not isinstance(value, dict):
            return value
        if isinstance(value.get("$ref"), str) and (self._is_30 or owner != "Schema"):
            return {"$ref": value["$ref"]}  # what stands beside it is ignored
        result = {}
        for key, child in value.items():
            written = self._value(owner, key, child)
            if not (written in ([], {}) and _may_be_empty(owner, key)) and not (written is False and key in _FLAGS):
                result[key] = written
        if "content" in result and isinstance(result["content"], dict):
            # media types without parameters such as `charset`, where they stay apart
            content = result["content"]
            plain = {name: essence_of(name) for name in content if isinstance(name, str)}
            names = list(plain.values())
            result["content"] = {
                plain[name] if names.count(plain.get(name, "")) == 1 else name: media for name, media in content.items()
            }
        hook = self._hooks.get(owner)
        return hook(result) if hook else result

    def _value(self, owner: str, key: str, value: Any) -> Any:
        kind = kind_of(owner, key) or ""
        if kind[:1] == "@":
            return self.object(kind[1:], value)
        if kind[:1] == "{" and isinstance(value, dict):
            return {name: self.object(kind[1:], child) for name, child in value.items()}
        if kind[:1] == "[" and isinstance(value, list):
            return [self.object(kind[1:], child) for child in value]
        return value

    def _schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        if "$ref" in schema:
            return schema
        if schema.pop("nullable", None) is True and self._is_30:
            schema = _with_null(schema)
        if "const" in schema:
            schema["enum"] = [schema.pop("const")]
        for bound, exclusive, tighter in (("minimum", "exclusiveMinimum", max), ("maximum", "exclusiveMaximum", min)):
            if schema.get(exclusive) is False:
                del schema[exclusive]
            elif schema.get(exclusive) is True and _is_number(schema.get(bound)):
                schema[exclusive] = schema.pop(bound)
            elif _is_number(schema.get(exclusive)) and _is_number(schema.get(bound)):
                both = schema[bound], schema[exclusive]
                del schema[bound if both[1] == tighter(both) else exclusive]
        if schema.get("additionalProperties") == {}:
            del schema["additionalProperties"]
        for key in ("minLength", "minItems", "minProperties"):
            if schema.get(key) == 0 and schema[key] is not False:
                del schema[key]
        if isinstance(schema.get("required"), list) and all(isinstance(each, str) for each in schema["required"]):
            schema["required"] = sorted(set(schema["required"]))
        _write_type(schema)
        schema = _one_member(_plain_alternatives(schema))
        return _inline(schema)


def _may_be_empty(owner: str, key: str) -> bool:
    """Whether an empty list or map says nothing."""
    return key in _EMPTY or ((kind_of(owner, key) or "")[:1] in "{[" and key not in COMPOSITION)


def _parameter(parameter: dict[str, Any]) -> dict[str, Any]:
    """Leave out defaults of serialization, and what has no effect on single values."""
    standard = _STYLES.get(str(parameter.get("in", "header")))
    if parameter.get("style") == standard:
        parameter.pop("style", None)
    style = parameter.get("style", standard)
    schema = parameter.get("schema")
    kind = schema.get("type") if isinstance(schema, dict) else None
    if parameter.get("explode") == (style == "form") or (
        style == standard and isinstance(kind, str) and kind in _SCALARS
    ):
        parameter.pop("explode", None)
    if parameter.get("allowEmptyValue") is False:
        del parameter["allowEmptyValue"]
    return parameter


def _path_item(item: dict[str, Any]) -> dict[str, Any]:
    """Give each operation the parameters of its path."""
    shared = item.get("parameters")
    bodies = [body for method, body in item.items() if method in METHODS and isinstance(body, dict)]
    if not isinstance(shared, list) or not bodies:
        return item
    for body in bodies:
        own = body.get("parameters", [])
        if not isinstance(own, list):
            return item
    del item["parameters"]
    for body in bodies:
        own = body.get("parameters", [])
        names = [(each.get("name"), each.get("in")) for each in own if isinstance(each, dict)]
        kept = [each for each in shared if not isinstance(each, dict) or "$ref" in each
                or (each.get("name"), each.get("in")) not in names]  # fmt: skip
        body["parameters"] = [*kept, *own]
    return item


def _types(schema: Mapping[str, Any]) -> list[str]:
    kinds = schema.get("type", [])
    kinds = kinds if isinstance(kinds, list) else [kinds]
    return kinds if all(isinstance(each, str) and each in TYPES.values() for each in kinds) else []


def _with_null(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a schema that allows null besides."""
    if isinstance(schema.get("enum"), list) and None not in schema["enum"]:
        schema["enum"] = [*schema["enum"], None]
    if kinds := _types(schema):
        return {**schema, "type": [*kinds, "null"]}
    if "enum" in schema or not (set(schema) - NOTES):
        return schema
    notes = {key: value for key, value in schema.items() if key in NOTES or key.startswith("x-")}
    rest = {key: value for key, value in schema.items() if key not in notes}
    return {**notes, "anyOf": [_inline(rest), {"type": "null"}]}


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _write_type(schema: dict[str, Any]) -> None:
    """Write one type as text, several in order, and values only of the types that are allowed."""
    kinds = set(_types(schema))
    if "type" in schema and not kinds:
        return
    values = schema.get("enum")
    if isinstance(values, list):
        found = {TYPES[type(value)] for value in values}
        if not kinds:
            kinds = found
        elif all(kind in kinds or (kind == "integer" and "number" in kinds) for kind in found):
            kinds = {kind for kind in kinds if kind in found or (kind == "number" and "integer" in found)} or kinds
        unique = {key_of(value): value for value in values}
        schema["enum"] = list(unique.values())
    elif not kinds and not any(key in schema for key in COMPOSITION):
        kinds = {kind for key, kind in _IMPLIED.items() if key in schema}
        kinds = kinds if len(kinds) == 1 else set()
    if "number" in kinds:
        kinds.discard("integer")
    if kinds:
        schema["type"] = min(kinds) if len(kinds) == 1 else sorted(kinds)


def _plain_alternatives(schema: dict[str, Any]) -> dict[str, Any]:
    """Write alternatives that are only types or values as a list of these, and null beside one schema as its type."""
    for key in ("anyOf", "oneOf"):
        members = schema.get(key)
        if not isinstance(members, list) or not members or not all(isinstance(each, dict) for each in members):
            continue
        rest = [each for each in members if not (each.get("type") == "null" and each.get("enum", [None]) == [None])]
        if len(rest) < len(members):
            members = [*rest, {"type": "null"}]
            if len(rest) == 1 and "type" in rest[0] and not {*COMPOSITION, "$ref"} & rest[0].keys():
                result = _with_null(dict(rest[0]))
                _write_type(result)
                members = [result]
            schema = {**{name: value for name, value in schema.items() if name != key}}
            if "anyOf" in schema:
                schema["allOf"] = [*schema.get("allOf", []), {"anyOf": members}]
            else:
                schema["anyOf"] = members
            key = "anyOf"  # noqa: PLW2901  null is in none of the others
        bare = [{name for name in each if name not in NOTES and not name.startswith("x-")} for each in members]
        if "type" in schema or "enum" in schema or len(members) < 2:
            continue
        kinds = [kind for each in members for kind in _types(each)]
        alone = key == "anyOf" or (len(set(kinds)) == len(kinds) and not {"integer", "number"} <= set(kinds))
        values = [value for each in members if isinstance(each.get("enum"), list) for value in each["enum"]]
        if all(names == {"type"} for names in bare) and alone:
            schema = {name: value for name, value in schema.items() if name != key} | {"type": kinds}
            _write_type(schema)
        elif all(names == {"type", "enum"} for names in bare) and (
            key == "anyOf" or len({key_of(value) for value in values}) == len(values)
        ):
            schema = {name: value for name, value in schema.items() if name != key} | {"enum": values}
            _write_type(schema)
    return schema


def _one_member(schema: dict[str, Any]) -> dict[str, Any]:
    """Write the only alternative as what it is: a further part of the schema."""
    for key in ("anyOf", "oneOf"):
        members = schema.get(key)
        if isinstance(members, list) and len(members) == 1:
            rest = {name: value for name, value in schema.items() if name != key}
            schema = {**rest, "allOf": [*rest.get("allOf", []), *members]}
    return schema


def _inline(schema: dict[str, Any]) -> dict[str, Any]:
    """Merge the members of `allOf` that are no references into the schema, where they can be."""
    members = schema.get("allOf")
    if not isinstance(members, list) or not all(isinstance(each, dict) for each in members):
        return schema
    rest = {key: value for key, value in schema.items() if key != "allOf"}
    if len(members) == 1 and set(members[0]) == {"$ref"} and not (set(rest) - NOTES - {"readOnly", "writeOnly"}):
        return {**rest, **members[0]}
    kept = []
    for member in members:
        merged = None if "$ref" in member or is_rule(member) else _merge(rest, member)
        if merged is None:
            kept.append(member)
        else:
            rest = merged
    return {**rest, "allOf": kept} if kept else rest


def is_rule(member: Mapping[str, Any]) -> bool:
    """Whether a member of `allOf` carries something of an overlay."""
    return any(key.startswith("x-") for key in member)


def flatten(schema: dict[str, Any], document: Any, around: tuple[int, ...] = ()) -> dict[str, Any]:
    """Return a schema with the members of `allOf`, references followed, merged into it; itself if they do not merge."""
    members = schema.get("allOf")
    if not isinstance(members, list):
        return schema
    result = {key: value for key, value in schema.items() if key != "allOf"}
    for member in members:
        found = resolve(member, document)
        if not isinstance(found, dict) or "$ref" in found or id(found) in around:
            return schema
        merged = _merge(result, flatten(found, document, (*around, id(found))))
        if merged is None:
            return schema
        result = merged
    return result


def _merge(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any] | None:
    """Return the schema of what fits both; None if that cannot be written without `allOf`."""
    if any("additionalProperties" in a and "properties" in b for a, b in ((one, other), (other, one))):
        return None  # each sees its own properties alone
    result = dict(one)
    for key, value in other.items():
        if key not in result or (key in NOTES and not key.startswith("x-")):
            result.setdefault(key, value)
            continue
        both = _both(key, result[key], value)
        if both is None:
            return None
        result[key] = both
    return result


def _both(key: str, one: Any, other: Any) -> Any:
    """Return what a keyword with two values demands together; None if it cannot be written as one."""
    if same(one, other) or key.startswith("x-"):
        return one
    if key == "required" and isinstance(one, list) and isinstance(other, list):
        return sorted({*one, *other})
    if key == "properties" and isinstance(one, dict) and isinstance(other, dict):
        merged = dict(one)
        for name, value in other.items():
            known = merged.get(name, value)
            if not same(known, value):
                if not isinstance(known, dict) or not isinstance(value, dict) or "$ref" in known or "$ref" in value:
                    return None
                known = _merge(known, value)
            if known is None:
                return None
            merged[name] = known
        return merged
    if key in _LOWER + _UPPER and _is_number(one) and _is_number(other):
        return (max if key in _LOWER else min)(one, other)
    if key == "enum" and isinstance(one, list) and isinstance(other, list):
        kept = {key_of(value) for value in other}
        return [value for value in one if key_of(value) in kept] or None
    return None
