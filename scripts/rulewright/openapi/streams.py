"""Answers that come item by item: server-sent events, and JSON by the line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from rulewright.openapi.operations import Operation, essence_of
from rulewright.openapi.references import follow, follow_schema

EVENTS: Final = "text/event-stream"
LINES: Final = frozenset({"application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines"})
END: Final = "x-stream-end"
"""The extension of a media type that names the data of the event that means the end of a stream."""
_EVENT: Final = frozenset({"data", "event", "id", "retry"})


def is_stream(media: str) -> bool:
    """Return whether a media type is one of a stream of items."""
    return essence_of(media) in {EVENTS, *LINES}


def item_schema(document: Any, media: str, entry: Any) -> Any:
    """Return the schema of the items of a stream: of events that of their data, which is a text where none is given.

    OpenAPI 3.2 writes `itemSchema`, and an event as an object; older documents write the schema of an item, or a list.
    """
    given = entry if isinstance(entry, Mapping) else {}
    schema = given.get("itemSchema", given.get("schema"))
    found = follow_schema(document, schema)
    if "itemSchema" not in given and found.get("type") == "array":
        schema = found.get("items")
        found = follow_schema(document, schema)
    if essence_of(media) != EVENTS:
        return {} if schema is None else schema
    properties = found.get("properties")
    if isinstance(properties, Mapping) and "data" in properties and set(properties) <= _EVENT:
        data = follow_schema(document, properties["data"])
        return data.get("contentSchema", properties["data"])
    return {"type": "string"} if schema is None else schema


def success_contents(operation: Operation) -> list[Mapping[str, Any]]:
    """Return the content of each success of an operation, or of its default answer where it has no other."""
    answers = operation.body.get("responses") or {}
    codes = [code for code in answers if str(code).startswith("2")] or [code for code in answers if code == "default"]
    found = [follow(operation.document, answers[code]) for code in codes]
    return [each["content"] for each in found if isinstance(each, Mapping) and isinstance(each.get("content"), Mapping)]


def has_items(operation: Operation) -> bool:
    """Return whether every success of an operation is a stream."""
    found = success_contents(operation)
    return bool(found) and all(content and all(map(is_stream, content)) for content in found)
