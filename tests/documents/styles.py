"""A parameter in each style of OpenAPI, a value of it, and what goes over the wire for that value."""

from __future__ import annotations

import datetime as dt
from typing import Any

TEXTS = {"type": "array", "items": {"type": "string"}}
NUMBERS = {"type": "array", "items": {"type": "integer"}}
POINT = {"type": "object", "properties": {"x": {"type": "integer"}, "on": {"type": "boolean"}}}
MOMENT = {"type": "string", "format": "date-time"}
NOON = dt.datetime(2026, 1, 2, 12, tzinfo=dt.UTC)


def query(schema: Any, **more: Any) -> dict[str, Any]:
    """Return an optional parameter `p` of a query."""
    return {"name": "p", "in": "query", "schema": schema, **more}


def segment(schema: Any, **more: Any) -> dict[str, Any]:
    """Return a parameter `p` of a path."""
    return {"name": "p", "in": "path", "required": True, "schema": schema, **more}


def header(schema: Any, **more: Any) -> dict[str, Any]:
    """Return an optional header `p`."""
    return {"name": "p", "in": "header", "schema": schema, **more}


def cookie(schema: Any, **more: Any) -> dict[str, Any]:
    """Return an optional cookie `p`."""
    return {"name": "p", "in": "cookie", "schema": schema, **more}


PARAMETERS: dict[str, tuple[dict[str, Any], Any, str]] = {
    "text": (query({"type": "string"}), "a&b c", "?p=a%26b%20c"),
    "boolean": (query({"type": "boolean"}), True, "?p=true"),
    "integer": (query({"type": "integer"}), 0, "?p=0"),
    "number": (query({"type": "number"}), 1.5, "?p=1.5"),
    "moment": (query(MOMENT), NOON, "?p=2026-01-02T12%3A00%3A00Z"),
    "moment with a final Z": (query({**MOMENT, "pattern": "Z$"}), NOON, "?p=2026-01-02T12%3A00%3A00Z"),
    "list": (query(TEXTS), ["a,b", "c"], "?p=a%2Cb&p=c"),
    "list of booleans": (query({"type": "array", "items": {"type": "boolean"}}), [True, False], "?p=true&p=false"),
    "list of moments": (query({"type": "array", "items": MOMENT}), [NOON], "?p=2026-01-02T12%3A00%3A00Z"),
    "null": (query({"type": ["integer", "null"]}), None, "?p=null"),
    "list with nulls": (
        query({"type": "array", "items": {"type": ["integer", "null"]}}, explode=False), [1, None], "?p=1,null"
    ),
    "list in one": (query(TEXTS, explode=False), ["a,b", "c"], "?p=a%2Cb,c"),
    "empty list in one": (query(TEXTS, explode=False), [], "?p="),
    "list of an empty text": (query(TEXTS, explode=False, required=True), [""], "?p="),
    "header of an empty list": (header(NUMBERS), [], "p: "),
    "list with spaces": (query(NUMBERS, style="spaceDelimited", explode=False), [1, 2], "?p=1%202"),
    "list with pipes": (query(NUMBERS, style="pipeDelimited", explode=False), [1, 2], "?p=1%7C2"),
    "reserved": (query({"type": "string"}, allowReserved=True), "a/b?c", "?p=a/b?c"),
    "object": (query(POINT), {"x": 1, "on": True}, "?x=1&on=true"),
    "object in one": (query(POINT, explode=False), {"x": 1, "on": True}, "?p=x,1,on,true"),
    "deep object": (query(POINT, style="deepObject", explode=True), {"x": 1, "on": True}, "?p[x]=1&p[on]=true"),
    "JSON in a query": (
        {"name": "p", "in": "query", "content": {"application/json": {"schema": POINT}}},
        {"x": 1}, "?p=%7B%22x%22%3A1%7D",
    ),
    "path": (segment({"type": "string"}), "a/b c", "/a%2Fb%20c"),
    "path of a moment": (segment(MOMENT), NOON, "/2026-01-02T12%3A00%3A00Z"),
    "path of a list": (segment(TEXTS), ["a,b", "c"], "/a%2Cb,c"),
    "path of an object": (segment(POINT), {"x": 1, "on": True}, "/x,1,on,true"),
    "path of an exploded object": (segment(POINT, explode=True), {"x": 1, "on": True}, "/x=1,on=true"),
    "label": (segment(NUMBERS, style="label"), [1, 2], "/.1,2"),
    "exploded label": (segment(NUMBERS, style="label", explode=True), [1, 2], "/.1.2"),
    "matrix": (segment(NUMBERS, style="matrix"), [1, 2], "/;p=1,2"),
    "exploded matrix": (segment(NUMBERS, style="matrix", explode=True), [1, 2], "/;p=1;p=2"),
    "matrix of an object": (segment(POINT, style="matrix", explode=True), {"x": 1, "on": True}, "/;x=1;on=true"),
    "header": (header({"type": "boolean"}), False, "p: false"),
    "header of a list": (header(NUMBERS), [1, 2], "p: 1,2"),
    "header of an object": (header(POINT, explode=True), {"x": 1, "on": True}, "p: x=1,on=true"),
    "header of a moment": (header(MOMENT), NOON, "p: 2026-01-02T12:00:00Z"),
    "cookie": (cookie({"type": "string"}), "a;b", "cookie: p=a%3Bb"),
    "cookie of a list": (cookie(NUMBERS), [1, 2], "cookie: p=1,2"),
}  # fmt: skip


def operation_of(shape: str) -> str:
    """Return the id of the operation that takes the parameter of a row."""
    return "get" + "".join(word.capitalize() for word in shape.split())


def document_of_styles() -> dict[str, Any]:
    """Return a document with one operation for each row."""
    paths: dict[str, Any] = {}
    for shape, (parameter, _, _) in PARAMETERS.items():
        path = f"/{operation_of(shape)[3:]}" + ("/{p}" if parameter["in"] == "path" else "")
        done = {"204": {"description": "done"}}
        paths[path] = {"get": {"operationId": operation_of(shape), "parameters": [parameter], "responses": done}}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Shapes", "version": "1"},
        "servers": [{"url": "https://shapes.example"}],
        "paths": paths,
    }
