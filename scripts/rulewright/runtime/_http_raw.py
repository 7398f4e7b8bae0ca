"""Call the functions that openapi-python-client has generated: they take and return objects of the HTTP library."""

from __future__ import annotations

import json
from fnmatch import fnmatch
from typing import Any, TypeVar, cast

import httpx

from ._answers import Unreadable, document_of
from ._exchange import Answer
from ._operation import Operation
from ._values import tolerantly

R = TypeVar("R")


def in_parts(files: Any) -> tuple[str, bytes]:
    """Return the content type and the bytes of a form in parts."""
    request = httpx.Request("POST", "http://localhost", files=files)
    return request.headers["content-type"], request.read()


def read_generated(answer: Answer, operation: Operation[..., R]) -> R:
    """Return what a generated reader makes of an answer.

    Many servers write null where they have nothing to say of an optional field. Where an answer cannot be read with
    its nulls, it is read without them.
    """
    kept = {name: value for name, value in answer.headers.items() if name == "content-type"}
    kind = kept.get("content-type", "").partition(";")[0].strip().lower()
    if kind and any(fnmatch(kind, each.partition(";")[0].lower()) for each in operation.others):
        found = httpx.Response(answer.status, headers=kept, content=answer.body)
        return cast(R, found.text if kind.startswith("text/") else answer.body)

    def parse(content: bytes) -> R:
        response = httpx.Response(operation.status_read(answer.status), headers=kept, content=content)
        return tolerantly(lambda: operation.read(response=response))

    try:
        return parse(answer.body)
    except (ValueError, TypeError, LookupError, AttributeError):
        document = document_of(answer)
        plain = _without_nulls(document)
        if isinstance(document, Unreadable) or plain == document:
            raise
    return parse(json.dumps(plain).encode())


def _without_nulls(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_nulls(item) for item in value]
    if isinstance(value, dict):
        return {name: _without_nulls(child) for name, child in value.items() if child is not None}
    return value
