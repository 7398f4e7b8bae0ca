"""What the generated code makes of httpx's values and the other way round: files to be sent, answers to be read."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, TypeVar

import httpx
from mountsea_gemini_api._unlisted import tolerantly
from mountsea_gemini_api.client import Client

from ._answers import Unreadable, document_of
from ._exchange import Answer

R = TypeVar("R")


def in_parts(files: Any) -> tuple[str, bytes]:
    """Return the content type and the bytes of a form in parts."""
    request = httpx.Request("POST", "http://localhost", files=files)
    return request.headers["content-type"], request.read()


def read(answer: Answer, reader: Callable[..., R]) -> R:
    """Return what a generated reader makes of an answer.

    Many servers write null where they have nothing to say of an optional field. Where an answer cannot be read with
    its nulls, it is read without them.
    """
    kept = {name: value for name, value in answer.headers.items() if name == "content-type"}

    def made(content: bytes) -> R:
        response = httpx.Response(answer.status, headers=kept, content=content)
        return tolerantly(lambda: reader(client=Client(base_url=""), response=response))

    try:
        return made(answer.body)
    except (ValueError, TypeError, LookupError, AttributeError):
        document = document_of(answer)
        plain = _without_nulls(document)
        if isinstance(document, Unreadable) or plain == document:
            raise
    return made(json.dumps(plain).encode())


def _without_nulls(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_nulls(item) for item in value]
    if isinstance(value, dict):
        return {name: _without_nulls(child) for name, child in value.items() if child is not None}
    return value
