"""Rewrite a document into equivalent OpenAPI that openapi-python-client supports.

Only the generator reads the result; everything else keeps to the effective document. Rules, reasons and other
extensions are left out, so that the generator's input does not change with them.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final
from urllib.parse import unquote

from rulewright.generate.media import (
    any_where_unknown,
    bytes_for_json_files,
    bytes_for_opaque,
    contents,
    items_of_streams,
    json_first,
    media_types,
    members,
)
from rulewright.openapi.operations import is_ignored, is_json, parameter_schema
from rulewright.openapi.pointer import decode, resolve
from rulewright.openapi.references import NAMES, follow, follow_schema, objects
from rulewright.openapi.schemas import SCHEMAS, TYPES, derived_tags, object_parts, tag_field, tags

_DATA: Final = frozenset(
    {"servers", "example", "examples", "default", "enum", "const", "security", "dependentRequired"}
)
_LISTS: Final = ("allOf", "anyOf", "oneOf")
_ONE_SCHEMA: Final = frozenset({"items", "not", "if", "then", "else", "contains", "propertyNames", "schema"})
_NAMED_SCHEMAS: Final = frozenset(
    {"properties", "patternProperties", "dependentSchemas", "$defs", "definitions", "schemas"}
)
_ANNOTATIONS: Final = frozenset(
    {"title", "description", "deprecated", "example", "examples", "default", "readOnly", "writeOnly", "externalDocs"}
)
_OF_A_CONSTANT: Final = frozenset({"const", "enum", "type", *_ANNOTATIONS})
_DEEPEST: Final = 16
_READ: Final = "x-enum-varnames"
"""The one extension that the generator knows."""
_COMPONENT: Final = re.compile(r"#/components/[^/]+/[^/]+")
_SCHEMA: Final = re.compile(
    r"#/.*/(?:(?:properties|patternProperties|\$defs|definitions|allOf|anyOf|oneOf|prefixItems)/[^/]+"
    r"|schema|items|additionalProperties|not)"
)
_STEPS: Final = frozenset({"components", "schemas", "properties", "$defs", "definitions", "paths"})


@dataclass(frozen=True)
class Patch:
    """One thing that is changed in what openapi-python-client reads, does or writes.

    Args:
        what: The change.
        why: What openapi-python-client does without it.
        version: The version for which this was last observed.
        apply: Makes the change.
    """

    what: str
    why: str
    version: str
    apply: Callable[..., Any]


def generator_input(document: Any, package: str) -> str:
    """Return all that the generator is given: equal text gives equal files.

    Args:
        document: The effective document.
        package: Import name of the package to generate.
    """
    rewritten = rewrite(document)
    aliases = replace_aliases(rewritten)
    return json.dumps({"package": package, "media": media_types(rewritten), "aliases": aliases, "document": rewritten})


def rewrite(document: Any) -> Any:
    """Return a document for the generator."""
    for patch in REFERENCE_REWRITES:
        document = patch.apply(document)
    result = _Copier(document).copy(document)
    for patch in DOCUMENT_REWRITES:
        patch.apply(result)
    return result


def hoist_schemas(document: Any) -> Any:
    """Return a copy in which every reference to a schema leads to a component."""
    names: dict[str, str] = {}
    components = document.get("components")
    taken: set[str] = set((components if isinstance(components, dict) else {}).get("schemas") or ())
    for reference in dict.fromkeys(_references(document)):
        tokens = decode(reference)
        name = "_".join(token for token in tokens if token not in _STEPS)
        while name in taken:
            name += "_"
        taken.add(name)
        names[reference] = name
    if not names:
        return document
    result = copy.deepcopy(document)
    schemas = result.setdefault("components", {}).setdefault("schemas", {})
    schemas |= {name: copy.deepcopy(resolve(document, reference)) for reference, name in names.items()}
    redirect(result, {reference: SCHEMAS + name for reference, name in names.items()})
    return result


class _Copier:
    """Copies a document without extensions, and applies the rewrites to each object in it.

    Args:
        document: The whole, for references.
    """

    def __init__(self, document: Any) -> None:
        self._document = document

    def copy(self, value: Any, *, names: bool = False) -> Any:
        """Return a copy; with `names`, the keys of an object were chosen by the document's author."""
        if isinstance(value, list):
            return [self.copy(item) for item in value]
        if not isinstance(value, dict):
            return value
        result = {
            key: child
            if not names and (key in _DATA or key == _READ)
            else unquote(child)
            if key == "$ref" and isinstance(child, str)
            else self.copy(child, names=key in NAMES and not names)
            for key, child in (value if names else _without_extensions(value)).items()
        }
        if not names:
            for patch in OBJECT_REWRITES:
                result = patch.apply(result, self._document)
        return result


def _without_extensions(value: dict[str, Any]) -> dict[str, Any]:
    """Return an object without extensions but the mark of the members that rules add to `allOf`."""
    return {key: child for key, child in value.items() if not key.startswith("x-") or key in (_READ, "x-rule")}


def give_schema(value: dict[str, Any], _document: Any) -> dict[str, Any]:
    """Declare a parameter that is written in a media type by its schema."""
    content = value.get("content")
    if not (isinstance(value.get("in"), str) and isinstance(content, dict) and "schema" not in value):
        return value
    rest = {key: child for key, child in value.items() if key != "content"}
    return {**rest, "schema": parameter_schema(value)}


def drop_default(value: dict[str, Any], _document: Any) -> dict[str, Any]:
    """Leave out a default, unless it is the only value there is."""
    if "default" not in value or _is_only_value(value):
        return value
    return {key: child for key, child in value.items() if key != "default"}


def join_all_of(value: dict[str, Any], document: Any) -> dict[str, Any]:
    """Leave one list of the schemas that a value must fit: no rules, no list of one, no text among objects."""
    members = [
        each for key in _LISTS if len(value.get(key) or ()) == 1 or key == "allOf" for each in value.get(key, ())
    ]
    if not members or not all(isinstance(each, dict) for each in members):
        return value
    rest = {key: child for key, child in value.items() if not (key == "allOf" or (key in _LISTS and len(child) == 1))}
    members = [each for index, each in enumerate(members) if "x-rule" not in each and each not in members[:index]]
    if not members:
        return rest
    own = {key: rest[key] for key in rest if key not in _ANNOTATIONS}
    if any(key in own for key in _LISTS):  # a union beside them
        return {key: child for key, child in value.items() if key != "allOf"}
    kinds = [_kind(document, each) for each in members]
    if "object" in [*kinds, _kind(document, own)]:
        kept = [each for each, kind in zip(members, kinds, strict=True) if kind == "object"]
        kept += [each for each, kind in zip(members, kinds, strict=True) if kind == "none" and "$ref" not in each]
        fields = {key: rest.pop(key) for key in ("properties", "required") if rest.get(key)}
        rest.pop("type", None)
        kept += [{"type": "object", **fields}] if fields else []
        return _one_or_all(rest, kept)
    if "union" in kinds:
        return _one_or_all(rest, [members[kinds.index("union")]])
    return _plain(rest, members, document)


def _one_or_all(rest: dict[str, Any], members: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the only member, or a schema that all of some must fit."""
    if len(members) == 1 and not rest.get("nullable"):
        return _marked(members[0], rest) if "$ref" in members[0] else {**rest, **members[0]}
    return {**rest, "allOf": members}


def _marked(reference: dict[str, Any], rest: Mapping[str, Any]) -> dict[str, Any]:
    """Return a reference with the marks of the directions in which it travels; `ask_one_way` reads and removes them."""
    return reference | {mark: True for mark in ("readOnly", "writeOnly") if rest.get(mark) is True}


def _plain(rest: dict[str, Any], members: list[dict[str, Any]], document: Any) -> dict[str, Any]:
    """Return one schema for some that are neither objects nor unions: what all of them say of a value."""
    found = [dict(follow(document, each) or {}) for each in members]
    if len(found) == 1 and "$ref" in members[0] and not set(rest) - _ANNOTATIONS:
        return _marked(members[0], rest)
    result: dict[str, Any] = {}
    for each in [*found, rest]:
        words = each.get("enum")
        if isinstance(words, list) and isinstance(result.get("enum"), list):
            words = [word for word in result["enum"] if word in words] or words
        result |= {key: child for key, child in each.items() if key not in {"allOf", "title"} or each is rest}
        result |= {} if words is None else {"enum": words}
    if not all(each.get("nullable") for each in found):
        result.pop("nullable", None)
    return result


def _kind(document: Any, schema: Any, depth: int = 0) -> str:
    """Return what the generator makes of a schema: an `object`, a `union`, a `value`, or nothing by itself: `none`."""
    found = follow(document, schema)
    if not isinstance(found, dict) or depth > _DEEPEST:
        return "none"
    if "properties" not in found and any(len(found.get(key) or ()) > 1 for key in ("anyOf", "oneOf")):
        return "value" if _constants(found) else "union"
    if found.get("type") == "object" or "properties" in found:
        return "object"
    below = [_kind(document, each, depth + 1) for key in _LISTS for each in found.get(key) or ()]
    if below:
        return next((kind for kind in ("object", "union", "value") if kind in below), "none")
    return "value" if {"type", "enum", "const"} & set(found) else "none"


def join_lists(value: dict[str, Any], document: Any) -> dict[str, Any]:
    """Write a union of lists as a list of a union."""
    for key in ("anyOf", "oneOf"):
        members = value.get(key)
        if not isinstance(members, list):
            continue
        lists = [each for each in members if follow_schema(document, each).get("type") == "array"]
        if len(lists) > 1:
            items = [follow(document, each).get("items", {}) for each in lists]
            kept = [each for each in members if each not in lists]
            joined = {"type": "array", "items": {} if {} in items else {"anyOf": items}}
            return {**value, key: [*kept, joined]}
    return value


def list_constants(value: dict[str, Any], _document: Any) -> dict[str, Any]:
    """Write a union of constants as an enum."""
    words = _constants(value)
    if not words:
        return value
    rest = {key: child for key, child in value.items() if key not in {"anyOf", "oneOf"}}
    given = value.get("enum")
    return {**rest, "enum": [word for word in words if word in given] if isinstance(given, list) else words}


def _constants(value: dict[str, Any]) -> list[Any]:
    members: list[Any] = next((value[key] for key in ("anyOf", "oneOf") if isinstance(value.get(key), list)), [])
    words = [
        each.get("const", each["enum"][0] if len(each.get("enum") or ()) == 1 else None)
        for each in members
        if isinstance(each, dict) and not set(each) - _OF_A_CONSTANT
    ]
    kinds = {type(word) for word in words}
    return words if len(words) == len(members) > 1 and kinds in ({str}, {int}) else []


def replace_aliases(document: Any) -> dict[str, str]:
    """Let references lead to what a component means that is only another name for it, and drop the component.

    Returns:
        What each dropped component is another name of, by its pointer.
    """
    components = document.get("components")
    given = components.get("schemas") if isinstance(components, dict) else None
    schemas: dict[str, Any] = given if isinstance(given, dict) else {}
    found: dict[str, str] = {}
    for name, schema in schemas.items():
        further = schema.get("$ref") if isinstance(schema, dict) else None
        while isinstance(further, str) and further.startswith(SCHEMAS):
            found[name] = further.removeprefix(SCHEMAS)
            target = schemas.get(found[name])
            further = target.get("$ref") if isinstance(target, dict) else None
    for name in found:
        del schemas[name]
    if found:
        redirect(document, {SCHEMAS + name: SCHEMAS + target for name, target in found.items()})
    return {f"/components/schemas/{name}": target for name, target in found.items()}


def drop_parameters(value: dict[str, Any], document: Any) -> dict[str, Any]:
    """Leave out parameters that OpenAPI ignores, and whole query strings."""
    if not isinstance(value.get("parameters"), list):
        return value
    found = [(each, follow(document, each)) for each in value["parameters"]]
    kept = [
        each
        for each, meant in found
        if not (isinstance(meant, dict) and (is_ignored(meant) or meant.get("in") == "querystring"))
    ]
    return {**value, "parameters": kept}


def give_items(value: dict[str, Any], _document: Any) -> dict[str, Any]:
    """Let a list without `items` hold anything."""
    kind = value.get("type")
    is_list = "array" in (kind if isinstance(kind, list) else [kind])
    return {**value, "items": {}} if is_list and "items" not in value and "prefixItems" not in value else value


def write_out_booleans(value: dict[str, Any], _document: Any) -> dict[str, Any]:
    """Write a schema that is true or false as an empty one; what is false is refused before sending."""
    plain: dict[str, Any] = {}
    for key, child in value.items():
        if key in _ONE_SCHEMA and isinstance(child, bool):
            plain[key] = {}
        elif key in _NAMED_SCHEMAS and isinstance(child, dict):
            plain[key] = {name: {} if isinstance(each, bool) else each for name, each in child.items()}
        elif key in _LISTS and isinstance(child, list):
            plain[key] = [{} if isinstance(each, bool) else each for each in child]
    return {**value, **plain}


def drop_conditions(value: dict[str, Any], document: Any) -> dict[str, Any]:
    """Leave out alternatives that only narrow the properties declared beside them."""
    declared = value.get("properties")
    if not isinstance(declared, dict) or "discriminator" in value:
        return value
    narrowing = {
        key
        for key in ("anyOf", "oneOf")
        if key in value and all(_only_narrows(follow(document, each), declared) for each in value[key])
    }
    return {key: child for key, child in value.items() if key not in narrowing}


def _only_narrows(schema: Any, declared: Mapping[str, Any]) -> bool:
    """Return whether a schema declares neither a type of its own nor a property that is not declared."""
    if not isinstance(schema, dict) or schema.keys() - {"type", "properties", "required", "not", *_ANNOTATIONS}:
        return False
    return schema.get("type", "object") == "object" and (schema.get("properties") or {}).keys() <= declared.keys()


def open_object(value: dict[str, Any], _document: Any) -> dict[str, Any]:
    """Let an object hold any member where the document allows none beside those listed, or chooses by patterns."""
    is_closed = value.get("additionalProperties") is False or "patternProperties" in value
    return {key: child for key, child in value.items() if not (is_closed and key == "additionalProperties")}


def widen_enum(value: dict[str, Any], _document: Any) -> dict[str, Any]:
    """Replace an enum of mixed or fractional values by their type; the values are checked before sending."""
    if not isinstance(value.get("enum"), list) or _fits_a_literal(value["enum"]):
        return value
    rest = {key: child for key, child in value.items() if key != "enum"}
    kinds = {TYPES[type(word)] for word in value["enum"]}
    kinds -= {"integer"} if "number" in kinds else set()
    return rest if "type" in rest or len(kinds) != 1 else {**rest, "type": kinds.pop()}


def list_null(value: dict[str, Any], _document: Any) -> dict[str, Any]:
    """List null among the values of an enum that OpenAPI 3.0 calls nullable."""
    listed = value.get("enum")
    is_listed = not isinstance(listed, list) or None in listed
    return value if value.get("nullable") is not True or is_listed else {**value, "enum": [*value["enum"], None]}


def name_file(value: dict[str, Any], _document: Any) -> dict[str, Any]:
    """Declare a file of OpenAPI 3.1 as one of 3.0."""
    is_file = "contentMediaType" in value and value.get("type") == "string" and "contentEncoding" not in value
    return {**value, "format": "binary"} if is_file else value


def replace_constant(value: dict[str, Any], _document: Any) -> dict[str, Any]:
    """Write a constant number as an enum of one, and any other that is no text as its type."""
    only = value.get("const", "")
    if isinstance(only, str):
        return value
    rest = {key: child for key, child in value.items() if key != "const"}
    if type(only) is int:
        return {**rest, "type": "integer", "enum": [only]}
    return {"type": TYPES[type(only)], **rest} if not isinstance(only, (dict, list)) else rest


def call_3_1(document: Any) -> None:
    """Call a document of OpenAPI 3.2 one of 3.1, which it extends; what it adds is a gap."""
    if str(document.get("openapi")).startswith("3.2."):
        document["openapi"] = "3.1.1"


def empty_heads(document: Any) -> None:
    """Leave out the content of answers to HEAD, which have none."""
    for item in document.get("paths", {}).values():
        head = item.get("head") if isinstance(item, dict) else None
        if isinstance(head, dict) and isinstance(head.get("responses"), dict):
            answers = {code: follow(document, answer) for code, answer in head["responses"].items()}
            head["responses"] = {
                code: {**answer, "content": {}} if isinstance(answer, dict) else answer
                for code, answer in answers.items()
            }


def ask_one_way(document: Any) -> None:
    """Require of a model neither what only answers hold, if requests hold it, nor what only requests hold."""
    paths = document.get("paths", {})
    every = [each for item in members(paths) for each in members(item) if isinstance(each, dict)]
    for part, mark in (("requestBody", "readOnly"), ("responses", "writeOnly")):
        for value in _reachable(document, [operation[part] for operation in every if part in operation]):
            properties = object_parts(partial(follow, document), value)[0]
            other = {name for name, each in properties.items() if _is_marked(document, each, mark)}
            for each in (value, *(value.get("allOf") or ())) if other else ():
                if isinstance(each, dict) and isinstance(each.get("required"), list):
                    each["required"] = [name for name in each["required"] if name not in other]
    for _, value in objects(document):
        for mark in ("readOnly", "writeOnly") if "$ref" in value else ():
            value.pop(mark, None)


def text_in_json(document: Any) -> None:
    """Declare bytes as text where they stand in JSON."""
    media = [each for content in contents(document) for each in content.items()]
    elsewhere = {id(each) for each in _reachable(document, [each for name, each in media if not is_json(name)])}
    for value in _reachable(document, [each for name, each in media if is_json(name)]):
        if value.get("type") == "string" and value.get("format") == "binary" and id(value) not in elsewhere:
            del value["format"]


def _reachable(document: Any, roots: list[Any]) -> Iterator[dict[str, Any]]:
    """Yield the objects within some parts of a document, and within what these refer to."""
    waiting, seen = [*roots], set[int]()
    while waiting:
        value = waiting.pop()
        if id(value) in seen or not isinstance(value, list | dict):
            continue
        seen.add(id(value))
        waiting += value if isinstance(value, list) else value.values()
        if isinstance(value, dict):
            if isinstance(value.get("$ref"), str):
                waiting.append(follow(document, value))
            yield value


def _is_marked(document: Any, schema: Any, mark: str) -> bool:
    found = [schema, follow(document, schema)]
    return any(isinstance(each, dict) and each.get(mark) is True for each in found)


def _references(value: Any) -> Iterator[str]:
    """Yield the references that lead to a schema within something."""
    for child in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _references(child)
    reference = value.get("$ref") if isinstance(value, dict) else None
    if isinstance(reference, str) and _SCHEMA.fullmatch(reference) and not _COMPONENT.fullmatch(reference):
        yield reference


def _is_only_value(schema: Mapping[str, Any]) -> bool:
    return (
        schema.get("const", *(schema.get("enum") or ())[:1]) == schema["default"]
        and len(schema.get("enum") or "1") == 1
    )


def _fits_a_literal(words: list[Any]) -> bool:
    """Return whether an enum can become a Literal: of text or of whole numbers, beside null."""
    kinds = {type(word) for word in words if word is not None}
    return len(kinds) <= 1 and kinds <= {str, int}


TAGS: Final = "rulewright-tags"
"""The key under which a union has the field that distinguishes its members, and the member of each value."""


def note_tags(value: dict[str, Any], document: Any) -> dict[str, Any]:
    """Note which member of a union each tag stands for."""
    members = [each for key in ("anyOf", "oneOf") for each in value.get(key) or ()]
    if not (tag_field(value) and members):
        return value
    return {**value, TAGS: _tag_table(value, members, tags(document, value, members))}


def _tag_table(schema: dict[str, Any], members: list[Any], known: Mapping[str, Any]) -> dict[str, Any]:
    index = {id(each): position for position, each in enumerate(members)}
    return {"field": tag_field(schema), "members": {tag: index[id(each)] for tag, each in known.items()}}


def offer_derived(document: Any) -> None:
    """Let references to a base with a discriminator lead to a union of it and what is composed of it."""
    components = document.get("components")
    schemas = components.get("schemas") if isinstance(components, dict) else None
    found = schemas if isinstance(schemas, dict) else {}
    unions: dict[str, Any] = {}
    for name, base in found.items():
        if isinstance(base, dict) and tag_field(base) and TAGS not in base:
            members, known = derived_tags(document, found, name)
            if len(members) > 1:
                unions[name] = {"anyOf": members, TAGS: _tag_table(base, members, known) | {"base": len(members) - 1}}
    targets = {SCHEMAS + name: f"{SCHEMAS}{name}-or-derived" for name in unions}
    redirect(document, targets, composed=True)
    for name, union in unions.items():
        others = [each for each in union["anyOf"] if each["$ref"] != SCHEMAS + name]
        redirect(others, targets)
        found[f"{name}-or-derived"] = union


def redirect(value: Any, targets: Mapping[str, str], *, composed: bool = False) -> None:
    """Let references lead elsewhere; with `composed`, not those that an object is composed of."""
    for key, child in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        parts = child
        if composed and key == "allOf" and isinstance(child, list) and (len(child) > 1 or "properties" in value):
            parts = [each for each in child if not (isinstance(each, dict) and "$ref" in each)]
        redirect(parts, targets, composed=composed)
    if isinstance(value, dict) and isinstance(value.get("$ref"), str) and value["$ref"] in targets:
        value["$ref"] = targets[value["$ref"]]


REFERENCE_REWRITES: Final = (
    Patch(
        "make a component of a schema that a reference names within something",
        "it follows references to components only",
        "0.29.1",
        hoist_schemas,
    ),
)
OBJECT_REWRITES: Final = (
    Patch(
        "declare a parameter that is written in a media type by its schema",
        "it leaves the parameter out",
        "0.29.1",
        give_schema,
    ),
    Patch("leave out defaults", "it sends the server's default unasked", "0.29.1", drop_default),
    Patch(
        "leave out parameters that OpenAPI ignores, such as Content-Type, and whole query strings",
        "it makes required arguments of them",
        "0.29.1",
        drop_parameters,
    ),
    Patch("write missing items as a schema", "it refuses the list", "0.29.1", give_items),
    Patch("write true and false as a schema", "it refuses the document", "0.29.1", write_out_booleans),
    Patch(
        "leave out alternatives that only narrow the properties declared beside them",
        "it forgets those properties",
        "0.29.1",
        drop_conditions,
    ),
    Patch(
        "let every object hold members that are not listed",
        "it drops them from an answer, and gives those that follow a pattern the class of others",
        "0.29.1",
        open_object,
    ),
    Patch("list null among the values of a nullable enum", "it refuses null there", "0.29.1", list_null),
    Patch("replace an enum of mixed or fractional values by their type", "it refuses the enum", "0.29.1", widen_enum),
    Patch("declare contentMediaType as format: binary", "it knows files of OpenAPI 3.0 only", "0.29.1", name_file),
    Patch("write a union of lists as a list of a union", "it cannot distinguish lists", "0.29.1", join_lists),
    Patch("write a union of constants as an enum", "it keeps the first constant only", "0.29.1", list_constants),
    Patch(
        "write a constant number as an enum of one, and any other that is no text as its type",
        "it refuses objects, and writes invalid code",
        "0.29.1",
        replace_constant,
    ),
    Patch(
        "note which member of a union each tag stands for",
        "it takes the first member that can be read",
        "0.29.1",
        note_tags,
    ),
    Patch(
        "leave one list of the schemas that a value must fit",
        "it takes allOf for an object and refuses unions and texts in it, ignores what stands beside a single "
        "reference, and writes a union of one that pyright refuses",
        "0.29.1",
        join_all_of,
    ),
)
DOCUMENT_REWRITES: Final = (
    Patch(
        "let references to a base with a discriminator lead to a union of it and what is composed of it",
        "it reads the base, whichever the tag",
        "0.29.1",
        offer_derived,
    ),
    Patch(
        "require no field in a direction in which it does not travel",
        "it wants a read-only field in requests",
        "0.29.1",
        ask_one_way,
    ),
    Patch("call OpenAPI 3.2 by the name of 3.1", "it refuses any other version", "0.29.1", call_3_1),
    Patch("leave out the content of answers to HEAD", "it parses a body that is never sent", "0.29.1", empty_heads),
    Patch("declare an answer in JSON that is a file as bytes", "it reads JSON", "0.29.1", bytes_for_json_files),
    Patch("put JSON before other answers", "it reads the first, whichever comes", "0.29.1", json_first),
    Patch("declare a stream by its item", "it reads it as one text, or as bytes", "0.29.1", items_of_streams),
    Patch(
        "declare pictures, archives and the like as bytes, and text as text",
        "it drops the operation",
        "0.29.1",
        bytes_for_opaque,
    ),
    Patch("declare content without a schema as anything", "it drops the operation", "0.29.1", any_where_unknown),
    Patch("declare bytes in JSON as text", "it reads and writes a file there", "0.29.1", text_in_json),
)
