"""The media types of bodies and answers, as openapi-python-client reads them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from rulewright.openapi.operations import EVENTS, METHODS, essence_of, is_json, is_stream, item_schema
from rulewright.openapi.references import follow_schema

_BYTES: Final = {"type": "string", "format": "binary"}
_KNOWN: Final = ("application/x-www-form-urlencoded", "multipart/form-data")
_OCTETS: Final = "application/octet-stream"
_MEDIA_TYPE: Final = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]*/[a-z0-9*][a-z0-9!#$&^_.+-]*\Z")


def bytes_for_opaque(document: Any) -> None:
    """Declare content that is neither JSON nor a form as bytes, or as text."""
    for content in contents(document):
        anything = content.get("*/*")
        if isinstance(anything, dict) and follow_schema(document, anything.get("schema")).get("format") == "binary":
            content.setdefault(_OCTETS, content.pop("*/*"))
        for name, media in content.items():
            if _is_opaque(name) and isinstance(media, dict):
                media["schema"] = dict(_BYTES)
            elif essence_of(name).startswith("text/") and isinstance(media, dict):
                media["schema"] = {"type": "string"}


def any_where_unknown(document: Any) -> None:
    """Declare content without a schema as anything, or as any object where it is a form."""
    for content in contents(document):
        for name, media in content.items():
            if isinstance(media, dict):
                media.setdefault("schema", {"type": "object"} if essence_of(name) in _KNOWN else {})


def bytes_for_json_files(document: Any) -> None:
    """Declare an answer as bytes that is a file by its schema and JSON by its media type."""
    for content in contents(document, answers=True):
        for name in [*content]:  # each is taken out and put back: they keep their order
            media = content.pop(name)
            found = follow_schema(document, media.get("schema")) if isinstance(media, dict) else {}
            is_file = is_json(name) and found.get("format") == "binary" and "contentMediaType" not in found
            content[_OCTETS if is_file else name] = media


def json_first(document: Any) -> None:
    """Put JSON before what else an answer may be, which the client reads by its Content-Type."""
    for content in contents(document, answers=True):
        for name in [name for name in content if not is_json(name)]:
            content[name] = content.pop(name)


def items_of_streams(document: Any) -> None:
    """Declare an answer that is a stream, and nothing else, by its item: the client reads one after the other."""
    for content in contents(document, answers=True):
        streams = {name: media for name, media in content.items() if is_stream(name)}
        if streams and len(streams) == len(content):
            name, media = next(iter(streams.items()))
            schema = item_schema(document, name, media)
            is_text = essence_of(name) == EVENTS and follow_schema(document, schema).get("type") == "string"
            content.clear()
            content["text/plain" if is_text else "application/json"] = {"schema": schema}


def media_types(document: Any) -> dict[str, str]:
    """Return which media types the generator shall take for which."""
    names = [name for content in contents(document) for name, media in content.items()]
    opaque = {name: _OCTETS for name in names if _is_opaque(name) and name != _OCTETS}
    return opaque | {name: "application/json" for name in names if essence_of(name) == "*/*"}


def _is_opaque(media_type: str) -> bool:
    essence = essence_of(media_type)
    if not _MEDIA_TYPE.match(essence):
        return False  # the generator refuses it itself
    json = essence in {"application/json", "*/*"} or essence.endswith("+json")
    return not (json or essence.startswith("text/") or essence in _KNOWN)


def contents(document: Any, *, answers: bool = False) -> Iterator[dict[str, Any]]:
    """Yield the `content` of every request body and answer, or of answers only."""
    holders: list[Any] = []
    for item in document.get("paths", {}).values():
        for method, operation in item.items() if isinstance(item, dict) else ():
            if method in METHODS and isinstance(operation, dict):
                holders += [None if answers else operation.get("requestBody"), *members(operation.get("responses"))]
    components = document.get("components", {})
    if isinstance(components, dict):
        holders += members(components.get("responses"))
        holders += () if answers else members(components.get("requestBodies"))
    for holder in holders:
        if isinstance(holder, dict) and isinstance(holder.get("content"), dict):
            yield holder["content"]


def members(value: Any) -> Iterator[Any]:
    """Yield the members of an object; of anything else nothing."""
    yield from value.values() if isinstance(value, Mapping) else ()
