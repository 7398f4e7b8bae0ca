"""What the generated code makes of httpx's values and the other way round: files to be sent, answers to be read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import httpx
from mountsea_gemini_api.client import Client

from ._exchange import Answer

R = TypeVar("R")


def in_parts(files: Any) -> tuple[str, bytes]:
    """Return the content type and the bytes of a form in parts."""
    request = httpx.Request("POST", "http://localhost", files=files)
    return request.headers["content-type"], request.read()


def read(answer: Answer, reader: Callable[..., R]) -> R:
    """Return what a generated reader makes of an answer."""
    kept = {name: value for name, value in answer.headers.items() if name == "content-type"}
    return reader(client=Client(base_url=""), response=httpx.Response(answer.status, headers=kept, content=answer.body))
