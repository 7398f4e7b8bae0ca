"""Say a document in words that openapi-python-client understands, where another wording means the same.

Only the generator reads the result; everything else keeps to the effective spec. Of what overlays say for other readers
(rules, waiters, reasons) the generator is told nothing, so a change of theirs is none of its input.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

_BYTES: Final = {"type": "string", "format": "binary"}
_KNOWN: Final = ("application/x-www-form-urlencoded", "multipart/form-data")
_OCTETS: Final = "application/octet-stream"
_MEDIA_TYPE: Final = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]*/[a-z0-9*][a-z0-9!#$&^_.+-]*\Z")
_TEXT_ONLY: Final = ("header", "cookie")
_METHODS: Final = frozenset({"get", "put", "post", "delete", "options", "head", "patch", "trace"})
_NAMED: Final = frozenset(
    {
        "properties", "patternProperties", "dependentSchemas", "$defs", "definitions", "schemas", "responses",
        "parameters", "headers", "requestBodies", "securitySchemes", "links", "callbacks", "pathItems", "paths",
        "webhooks", "content", "encoding", "variables", "mapping", "scopes",
    }
)  # fmt: skip
_DATA: Final = frozenset({"example", "examples", "default", "enum", "const", "security", "dependentRequired"})
_READ: Final = "x-enum-varnames"
"""The one extension that the generator knows."""


def spoken(document: Any, package: str) -> str:
    """Return all that the generator is given: equal text gives equal files.

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
    join with the type it narrows, becomes an `enum` of one; dates and UUIDs in headers and cookies, which it would
    hand on as they are, become text. Extensions are left out, and so is what rules say: of the members that rules
    add to `allOf`, however many, one empty one stays, which is what the generator makes of them. What nothing of this
    concerns stays as it is.
    """
    overrides: dict[str, str] = {}
    result = _schemas(document, below_all_of=False)
    for content in _contents(result):
        for name, media in content.items():
            if _is_opaque(name) and isinstance(media, dict):
                media["schema"] = dict(_BYTES)
                if name != _OCTETS:
                    overrides[name] = _OCTETS
            elif _essence(name) == "*/*":
                overrides[name] = "application/json"
    return result, overrides


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
            if method in _METHODS and isinstance(operation, dict):
                holders += [operation.get("requestBody"), *_values(operation.get("responses"))]
    components = document.get("components", {})
    if isinstance(components, dict):
        holders += [*_values(components.get("requestBodies")), *_values(components.get("responses"))]
    for holder in holders:
        if isinstance(holder, dict) and isinstance(holder.get("content"), dict):
            yield holder["content"]


def _values(value: Any) -> Iterator[Any]:
    yield from value.values() if isinstance(value, Mapping) else ()


def _schemas(value: Any, *, below_all_of: bool, names: bool = False) -> Any:
    """Return a copy with each schema reworded; `names` tells that the keys of an object were chosen by somebody."""
    if isinstance(value, list):
        return [_schemas(item, below_all_of=below_all_of) for item in value]
    if not isinstance(value, dict):
        return value
    below: Collection[str] = () if names else _NAMED
    result = {
        key: child
        if not names and (key in _DATA or key == _READ)
        else _schemas(child, below_all_of=below_all_of or (key == "allOf" and not names), names=key in below)
        for key, child in (value if names else _told(value)).items()
    }
    return result if names else _reworded(result, below_all_of=below_all_of)


def _told(value: dict[str, Any]) -> dict[str, Any]:
    """Return an object without extensions and without what rules say."""
    told = {key: child for key, child in value.items() if not key.startswith("x-") or key == _READ}
    members = told.get("allOf")
    if isinstance(members, list):
        own = [member for member in members if not (isinstance(member, dict) and "x-rule" in member)]
        told["allOf"] = [*own, {}] if len(own) < len(members) else own
    return told


def _reworded(schema: dict[str, Any], *, below_all_of: bool) -> dict[str, Any]:
    if schema.get("in") in _TEXT_ONLY and isinstance(schema.get("schema"), dict):
        inner = schema["schema"]
        return {**schema, "schema": {key: child for key, child in inner.items() if key != "format"}}
    if "contentMediaType" in schema and schema.get("type") == "string" and "contentEncoding" not in schema:
        return {**schema, "format": "binary"}
    if below_all_of and isinstance(schema.get("const"), str):
        rest = {key: child for key, child in schema.items() if key != "const"}
        return {**rest, "type": "string", "enum": [schema["const"]]}
    return schema
