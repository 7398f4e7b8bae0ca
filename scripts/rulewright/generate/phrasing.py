"""Say a document in words that openapi-python-client understands, where another wording means the same.

Only the generator reads the result; everything else keeps to the effective spec. Rules, waiters and reasons are left
out: the generator does not know them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import unquote

from rulewright.generate.hoist import hoisted
from rulewright.openapi.parameters import METHODS, is_unsaid, resolved

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


def spoken(document: Any, package: str) -> str:
    """Return the generator's input, as JSON.

    Args:
        document: The effective spec.
        package: Import name of the package to generate.
    """
    worded, media = phrased(document)
    return json.dumps({"package": package, "media": media, "document": worded})


def phrased(document: Any) -> tuple[Any, dict[str, str]]:
    """Return a document for the generator, and which media types it shall take for which.

    Pictures, archives and whatever else is neither JSON, text nor a form become bytes; a file of OpenAPI 3.1
    (`contentMediaType`) becomes one of 3.0 (`format: binary`); a `const` below `allOf`, which the generator cannot
    join with the type it narrows, becomes an `enum` of one; what a reference encodes stands there as it is written;
    dates, UUIDs and lists in headers and cookies, which it would hand on as they are or refuse, become text; headers
    whose definition OpenAPI has ignored, such as `Content-Type`, go, or callers would have to give them. A default
    is what the server assumes, and not to be sent unasked: it goes, but where there is only one value to choose. Rules
    and extensions are not the generator's affair. What nothing of this concerns stays as it is. The answer
    to HEAD has no body, whatever would stand in it. Of an operation's answers with one title the first keeps it. A
    document of OpenAPI 3.2 is called one of 3.1, which it extends; what it adds is a gap.
    """
    overrides: dict[str, str] = {}
    result = _Schemas(document).copy(hoisted(document), below_all_of=False)
    if str(result.get("openapi")).startswith("3.2."):
        result["openapi"] = "3.1.1"
    _empty_heads(result)
    _title_once(result)
    for content in _contents(result):
        for name, media in content.items():
            if _is_opaque(name) and isinstance(media, dict):
                media["schema"] = dict(_BYTES)
                if name != _OCTETS:
                    overrides[name] = _OCTETS
            elif _essence(name) == "*/*":
                overrides[name] = "application/json"
    return result, overrides


def _empty_heads(document: Any) -> None:
    for item in document.get("paths", {}).values():
        head = item.get("head") if isinstance(item, dict) else None
        if isinstance(head, dict) and isinstance(head.get("responses"), dict):
            answers = {code: resolved(document, answer) for code, answer in head["responses"].items()}
            head["responses"] = {
                code: {**answer, "content": {}} if isinstance(answer, dict) else answer
                for code, answer in answers.items()
            }


def _title_once(document: Any) -> None:
    """Leave a title to the first of an operation's answers that has it: the generator makes a class of each, by title.

    Documentation tools write the same problem, title and all, below every status.
    """
    for item in document.get("paths", {}).values():
        for method, operation in item.items() if isinstance(item, dict) else ():
            seen: set[str] = set()
            answers = operation.get("responses") if method in METHODS and isinstance(operation, dict) else None
            for answer in _values(answers):
                for media in _values(answer.get("content") if isinstance(answer, dict) else None):
                    schema = media.get("schema") if isinstance(media, dict) else None
                    if isinstance(schema, dict) and isinstance(schema.get("title"), str):
                        if schema["title"] in seen:
                            media["schema"] = {key: child for key, child in schema.items() if key != "title"}
                        seen.add(schema["title"])


def _essence(media_type: str) -> str:
    return media_type.partition(";")[0].strip().lower()


def _is_opaque(media_type: str) -> bool:
    essence = _essence(media_type)
    if not _MEDIA_TYPE.match(essence):
        return False  # the generator refuses it, and says so
    json = essence in {"application/json", "*/*"} or essence.endswith("+json")
    return not (json or essence.startswith("text/") or essence in _KNOWN)


def _contents(document: Any) -> Iterator[dict[str, Any]]:
    """Yield the `content` of every request body and answer."""
    holders: list[Any] = []
    for item in document.get("paths", {}).values():
        for method, operation in item.items() if isinstance(item, dict) else ():
            if method in METHODS and isinstance(operation, dict):
                holders += [operation.get("requestBody"), *_values(operation.get("responses"))]
    components = document.get("components", {})
    if isinstance(components, dict):
        holders += [*_values(components.get("requestBodies")), *_values(components.get("responses"))]
    for holder in holders:
        if isinstance(holder, dict) and isinstance(holder.get("content"), dict):
            yield holder["content"]


def _values(value: Any) -> Iterator[Any]:
    yield from value.values() if isinstance(value, Mapping) else ()


class _Schemas:
    """Copies parts of a document, with each schema reworded.

    Args:
        document: The whole, for references.
    """

    def __init__(self, document: Any) -> None:
        self._document = document

    def copy(self, value: Any, *, below_all_of: bool, names: bool = False) -> Any:
        """Return a copy; `names` tells that the keys of an object were chosen by somebody."""
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
            for key, child in (value if names else _told(value)).items()
        }
        return result if names else self._reworded(result, below_all_of=below_all_of)

    def _parameters(self, given: list[Any]) -> list[Any]:
        found = [(each, resolved(self._document, each)) for each in given]
        return [
            each
            for each, meant in found
            if not (isinstance(meant, dict) and (is_unsaid(meant) or meant.get("in") == "querystring"))
        ]

    def _reworded(self, schema: dict[str, Any], *, below_all_of: bool) -> dict[str, Any]:
        if schema.get("in") in _TEXT_ONLY and isinstance(schema.get("schema"), dict):
            return {**schema, "schema": self._as_text(schema["schema"])}
        if "default" in schema and not _is_settled(schema):
            schema = {key: child for key, child in schema.items() if key != "default"}
        if isinstance(schema.get("allOf"), list):
            schema = _joined(schema)
        if isinstance(schema.get("parameters"), list):  # an operation or a path
            schema = {**schema, "parameters": self._parameters(schema["parameters"])}
        if schema.get("type") == "array" and "items" not in schema and "prefixItems" not in schema:
            return {**schema, "items": {}}
        if isinstance(schema.get("enum"), list) and not _is_plain(schema["enum"]):
            return _widened(schema)
        if "contentMediaType" in schema and schema.get("type") == "string" and "contentEncoding" not in schema:
            return {**schema, "format": "binary"}
        if below_all_of and isinstance(schema.get("const"), str):
            rest = {key: child for key, child in schema.items() if key != "const"}
            return {**rest, "type": "string", "enum": [schema["const"]]}
        return schema

    def _as_text(self, schema: dict[str, Any]) -> dict[str, Any]:
        """Return the schema of a header or cookie: its text, where the generator knows no way to write its value."""
        if _holds_a_list(resolved(self._document, schema)) or any(
            _holds_a_list(resolved(self._document, each))
            for key in ("anyOf", "oneOf", "allOf")
            for each in schema.get(key) or ()
        ):
            return {"type": "string", **{key: schema[key] for key in ("title", "description") if key in schema}}
        return {key: child for key, child in schema.items() if key != "format"}


def _told(value: dict[str, Any]) -> dict[str, Any]:
    """Return an object without extensions; only what marks the members that rules add to `allOf` stays until then."""
    return {key: child for key, child in value.items() if not key.startswith("x-") or key in (_READ, "x-rule")}


def _holds_a_list(schema: Any) -> bool:
    kinds = schema.get("type") if isinstance(schema, dict) else None
    return bool({"array", "object"} & set(kinds if isinstance(kinds, list) else [kinds]))


def _is_settled(schema: Mapping[str, Any]) -> bool:
    return (
        schema.get("const", *(schema.get("enum") or ())[:1]) == schema["default"]
        and len(schema.get("enum") or "1") == 1
    )


def _joined(schema: dict[str, Any]) -> dict[str, Any]:
    """Leave the rules out of `allOf`, and put what stands beside a single reference into it.

    The generator takes a schema with one reference for another name of what it refers to, whatever stands beside it.
    """
    members = [each for each in schema["allOf"] if not (isinstance(each, dict) and "x-rule" in each)]
    rest = {key: child for key, child in schema.items() if key != "allOf"}
    if len(members) == 1 and isinstance(members[0], dict) and "$ref" in members[0]:
        own = {key: rest.pop(key) for key in ("properties", "required") if rest.get(key)}
        members += [{"type": "object", **own}] if own else []
    return {**rest, "allOf": members} if members else rest


def _is_plain(words: list[Any]) -> bool:
    """Tell whether an enum can become a Literal: of text or of whole numbers, beside null."""
    kinds = {type(word) for word in words if word is not None}
    return len(kinds) <= 1 and kinds <= {str, int, bool}


def _widened(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a schema of the type that a list of words has; which words there are, is checked before sending."""
    rest = {key: child for key, child in schema.items() if key != "enum"}
    kinds = {_JSON_TYPES[type(word)] for word in schema["enum"]}
    kinds -= {"integer"} if "number" in kinds else set()
    return rest if "type" in rest or len(kinds) != 1 else {**rest, "type": kinds.pop()}
