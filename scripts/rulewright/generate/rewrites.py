"""Rewrite a document into equivalent OpenAPI that openapi-python-client supports.

Only the generator reads the result; everything else keeps to the effective document. Rules, reasons and other
extensions are left out, so that the generator's input does not change with them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import unquote

from rulewright.openapi.operations import METHODS, is_ignored
from rulewright.openapi.pointer import decode, resolve
from rulewright.openapi.references import follow

_BYTES: Final = {"type": "string", "format": "binary"}
_KNOWN: Final = ("application/x-www-form-urlencoded", "multipart/form-data")
_OCTETS: Final = "application/octet-stream"
_MEDIA_TYPE: Final = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]*/[a-z0-9*][a-z0-9!#$&^_.+-]*\Z")
_TEXT_ONLY: Final = ("header", "cookie")
_NAMED: Final = frozenset(
    {
        "properties", "patternProperties", "dependentSchemas", "$defs", "definitions", "schemas", "responses",
        "parameters", "headers", "requestBodies", "securitySchemes", "links", "callbacks", "pathItems", "paths",
        "webhooks", "content", "encoding", "variables", "mapping", "scopes",
    }
)  # fmt: skip
_JSON_TYPES: Final = {
    str: "string",
    bool: "boolean",
    int: "integer",
    float: "number",
    type(None): "null",
    list: "array",
    dict: "object",
}
_DATA: Final = frozenset(
    {"servers", "example", "examples", "default", "enum", "const", "security", "dependentRequired"}
)
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
    rewritten, media = rewrite(document)
    return json.dumps({"package": package, "media": media, "document": rewritten})


def rewrite(document: Any) -> tuple[Any, dict[str, str]]:
    """Return a document for the generator, and which media types it shall take for which."""
    for patch in REFERENCE_REWRITES:
        document = patch.apply(document)
    result = _Copier(document).copy(document, below_all_of=False)
    for patch in DOCUMENT_REWRITES:
        patch.apply(result)
    return result, _media_types(result)


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
    result = _renamed(document, names)
    schemas = result.setdefault("components", {}).setdefault("schemas", {})
    for reference, name in names.items():
        schemas[name] = _renamed(resolve(document, reference), names)
    return result


class _Copier:
    """Copies a document without extensions, and applies the rewrites to each object in it.

    Args:
        document: The whole, for references.
    """

    def __init__(self, document: Any) -> None:
        self._document = document

    def copy(self, value: Any, *, below_all_of: bool, names: bool = False) -> Any:
        """Return a copy; with `names`, the keys of an object were chosen by the document's author."""
        if isinstance(value, list):
            return [self.copy(item, below_all_of=below_all_of) for item in value]
        if not isinstance(value, dict):
            return value
        result = {
            key: child
            if not names and (key in _DATA or key == _READ)
            else unquote(child)
            if key == "$ref" and isinstance(child, str)
            else self.copy(
                child,
                below_all_of=below_all_of or (key == "allOf" and not names),
                names=key in _NAMED and not names,
            )
            for key, child in (value if names else _without_extensions(value)).items()
        }
        if not names:
            for patch in (*OBJECT_REWRITES, *(BELOW_ALL_OF_REWRITES if below_all_of else ())):
                result = patch.apply(result, self._document)
        return result


def _without_extensions(value: dict[str, Any]) -> dict[str, Any]:
    """Return an object without extensions but the mark of the members that rules add to `allOf`."""
    return {key: child for key, child in value.items() if not key.startswith("x-") or key in (_READ, "x-rule")}


def send_text(value: dict[str, Any], document: Any) -> dict[str, Any]:
    """Declare headers and cookies as text."""
    if value.get("in") not in _TEXT_ONLY or not isinstance(value.get("schema"), dict):
        return value
    schema = value["schema"]
    if _holds_a_list(follow(document, schema)) or any(
        _holds_a_list(follow(document, each)) for key in ("anyOf", "oneOf", "allOf") for each in schema.get(key) or ()
    ):
        text = {"type": "string", **{key: schema[key] for key in ("title", "description") if key in schema}}
        return {**value, "schema": text}
    return {**value, "schema": {key: child for key, child in schema.items() if key != "format"}}


def drop_default(value: dict[str, Any], _document: Any) -> dict[str, Any]:
    """Leave out a default, unless it is the only value there is."""
    if "default" not in value or _is_only_value(value):
        return value
    return {key: child for key, child in value.items() if key != "default"}


def join_all_of(value: dict[str, Any], _document: Any) -> dict[str, Any]:
    """Leave the rules out of `allOf`, and move the keywords beside a single reference into it."""
    if not isinstance(value.get("allOf"), list):
        return value
    members = [each for each in value["allOf"] if not (isinstance(each, dict) and "x-rule" in each)]
    rest = {key: child for key, child in value.items() if key != "allOf"}
    if len(members) == 1 and isinstance(members[0], dict) and "$ref" in members[0]:
        own = {key: rest.pop(key) for key in ("properties", "required") if rest.get(key)}
        members += [{"type": "object", **own}] if own else []
    return {**rest, "allOf": members} if members else rest


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
    bare = value.get("type") == "array" and "items" not in value and "prefixItems" not in value
    return {**value, "items": {}} if bare else value


def widen_enum(value: dict[str, Any], _document: Any) -> dict[str, Any]:
    """Replace an enum of mixed or fractional values by their type; the values are checked before sending."""
    if not isinstance(value.get("enum"), list) or _fits_a_literal(value["enum"]):
        return value
    rest = {key: child for key, child in value.items() if key != "enum"}
    kinds = {_JSON_TYPES[type(word)] for word in value["enum"]}
    kinds -= {"integer"} if "number" in kinds else set()
    return rest if "type" in rest or len(kinds) != 1 else {**rest, "type": kinds.pop()}


def name_file(value: dict[str, Any], _document: Any) -> dict[str, Any]:
    """Declare a file of OpenAPI 3.1 as one of 3.0."""
    is_file = "contentMediaType" in value and value.get("type") == "string" and "contentEncoding" not in value
    return {**value, "format": "binary"} if is_file else value


def list_constant(value: dict[str, Any], _document: Any) -> dict[str, Any]:
    """Write a constant as an enum of one."""
    if not isinstance(value.get("const"), str):
        return value
    rest = {key: child for key, child in value.items() if key != "const"}
    return {**rest, "type": "string", "enum": [value["const"]]}


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


def title_once(document: Any) -> None:
    """Leave a title to the first of an operation's answers that has it."""
    for item in document.get("paths", {}).values():
        for method, operation in item.items() if isinstance(item, dict) else ():
            seen: set[str] = set()
            answers = operation.get("responses") if method in METHODS and isinstance(operation, dict) else None
            for answer in _members(answers):
                for media in _members(answer.get("content") if isinstance(answer, dict) else None):
                    schema = media.get("schema") if isinstance(media, dict) else None
                    if isinstance(schema, dict) and isinstance(schema.get("title"), str):
                        if schema["title"] in seen:
                            media["schema"] = {key: child for key, child in schema.items() if key != "title"}
                        seen.add(schema["title"])


def bytes_for_opaque(document: Any) -> None:
    """Declare content that is neither JSON, text nor a form as bytes."""
    for content in _contents(document):
        for name, media in content.items():
            if _is_opaque(name) and isinstance(media, dict):
                media["schema"] = dict(_BYTES)


def _media_types(document: Any) -> dict[str, str]:
    names = [name for content in _contents(document) for name, media in content.items()]
    opaque = {name: _OCTETS for name in names if _is_opaque(name) and name != _OCTETS}
    return opaque | {name: "application/json" for name in names if _essence(name) == "*/*"}


def _essence(media_type: str) -> str:
    return media_type.partition(";")[0].strip().lower()


def _is_opaque(media_type: str) -> bool:
    essence = _essence(media_type)
    if not _MEDIA_TYPE.match(essence):
        return False  # the generator refuses it itself
    json = essence in {"application/json", "*/*"} or essence.endswith("+json")
    return not (json or essence.startswith("text/") or essence in _KNOWN)


def _contents(document: Any) -> Iterator[dict[str, Any]]:
    """Yield the `content` of every request body and answer."""
    holders: list[Any] = []
    for item in document.get("paths", {}).values():
        for method, operation in item.items() if isinstance(item, dict) else ():
            if method in METHODS and isinstance(operation, dict):
                holders += [operation.get("requestBody"), *_members(operation.get("responses"))]
    components = document.get("components", {})
    if isinstance(components, dict):
        holders += [*_members(components.get("requestBodies")), *_members(components.get("responses"))]
    for holder in holders:
        if isinstance(holder, dict) and isinstance(holder.get("content"), dict):
            yield holder["content"]


def _members(value: Any) -> Iterator[Any]:
    yield from value.values() if isinstance(value, Mapping) else ()


def _references(value: Any) -> Iterator[str]:
    """Yield the references that lead to a schema within something."""
    for child in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _references(child)
    reference = value.get("$ref") if isinstance(value, dict) else None
    if isinstance(reference, str) and _SCHEMA.fullmatch(reference) and not _COMPONENT.fullmatch(reference):
        yield reference


def _renamed(value: Any, names: dict[str, str]) -> Any:
    if isinstance(value, list):
        return [_renamed(child, names) for child in value]
    if not isinstance(value, dict):
        return value
    result = {key: _renamed(child, names) for key, child in value.items()}
    reference = value.get("$ref")
    if isinstance(reference, str) and reference in names:
        result["$ref"] = f"#/components/schemas/{names[reference]}"
    return result


def _holds_a_list(schema: Any) -> bool:
    kinds = schema.get("type") if isinstance(schema, dict) else None
    return bool({"array", "object"} & set(kinds if isinstance(kinds, list) else [kinds]))


def _is_only_value(schema: Mapping[str, Any]) -> bool:
    return (
        schema.get("const", *(schema.get("enum") or ())[:1]) == schema["default"]
        and len(schema.get("enum") or "1") == 1
    )


def _fits_a_literal(words: list[Any]) -> bool:
    """Return whether an enum can become a Literal: of text or of whole numbers, beside null."""
    kinds = {type(word) for word in words if word is not None}
    return len(kinds) <= 1 and kinds <= {str, int, bool}


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
        "declare headers and cookies as text",
        "it writes dates and UUIDs as they are and refuses lists",
        "0.29.1",
        send_text,
    ),
    Patch("leave out defaults", "it sends the server's default unasked", "0.29.1", drop_default),
    Patch(
        "move the keywords beside a single reference in allOf into it",
        "it takes the schema for another name of what it refers to",
        "0.29.1",
        join_all_of,
    ),
    Patch(
        "leave out parameters that OpenAPI ignores, such as Content-Type, and whole query strings",
        "it makes required arguments of them",
        "0.29.1",
        drop_parameters,
    ),
    Patch("let a list without items hold anything", "it refuses the list", "0.29.1", give_items),
    Patch("replace an enum of mixed or fractional values by their type", "it refuses the enum", "0.29.1", widen_enum),
    Patch("declare contentMediaType as format: binary", "it knows files of OpenAPI 3.0 only", "0.29.1", name_file),
)
BELOW_ALL_OF_REWRITES: Final = (
    Patch(
        "write a const as an enum of one", "it cannot join a const with the type it narrows", "0.29.1", list_constant
    ),
)
DOCUMENT_REWRITES: Final = (
    Patch("call OpenAPI 3.2 by the name of 3.1", "it refuses any other version", "0.29.1", call_3_1),
    Patch("leave out the content of answers to HEAD", "it parses a body that is never sent", "0.29.1", empty_heads),
    Patch(
        "leave a title to the first of an operation's answers",
        "it makes a class of each by its title, and drops the second",
        "0.29.1",
        title_once,
    ),
    Patch("declare pictures, archives and the like as bytes", "it drops the operation", "0.29.1", bytes_for_opaque),
)
