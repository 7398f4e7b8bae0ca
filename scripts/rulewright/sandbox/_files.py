"""The result files: real videos, one wide and one tall."""

from __future__ import annotations

import re
from functools import lru_cache
from importlib.resources import files
from typing import Any, Final, Literal

from rulewright.sandbox._http import Request, Response, answer, error_answer

PREFIX: Final = "/files/"
SUFFIX: Final = ".mp4"
_RATIO: Final = re.compile(r"(\d{1,4}):(\d{1,4})")
_RANGE: Final = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


def load() -> tuple[bytes, bytes]:
    """Return the wide and the tall video."""
    folder = files(__name__.rpartition(".")[0]) / "videos"
    return (folder / "wide.mp4").read_bytes(), (folder / "tall.mp4").read_bytes()


def is_tall(body: Any) -> bool:
    """Tell whether a request asks for a tall video: some text in it is a ratio such as 9:16."""
    if isinstance(body, dict):
        for value in body.values():
            if isinstance(value, str) and ":" in value and len(value) < 10 and (shape := _shape(value)):
                return shape == "tall"
    return False


@lru_cache(64)
def _shape(text: str) -> Literal["wide", "tall"] | None:
    ratio = _RATIO.fullmatch(text)
    if ratio is None:
        return None
    return "tall" if int(ratio[2]) > int(ratio[1]) else "wide"


def task_id_of(path: str) -> str | None:
    """Return the task whose result a path names, or None."""
    if path.startswith(PREFIX) and path.endswith(SUFFIX):
        return path[len(PREFIX) : -len(SUFFIX)]
    return None


def url(origin: str, task_id: str) -> str:
    """Return where the result of a task can be downloaded."""
    return f"{origin}{PREFIX}{task_id}{SUFFIX}"


def send(request: Request, content: bytes) -> Response:
    """Answer a download with all of a file, or with the one range of it that was asked for (RFC 9110, 14)."""
    always = ((b"content-type", b"video/mp4"), (b"accept-ranges", b"bytes"))
    size = len(content)
    span = _RANGE.fullmatch(request.header(b"range") or "")
    if span is None or not (span[1] or span[2]):
        return answer(200, content, *always)
    if span[1]:
        first, last = int(span[1]), min(int(span[2]) if span[2] else size - 1, size - 1)
    else:
        first, last = max(0, size - int(span[2])), size - 1
    if first > last:
        return error_answer(416, "the range is outside the file", (b"content-range", b"bytes */%d" % size))
    place = (b"content-range", b"bytes %d-%d/%d" % (first, last, size))
    return answer(206, content[first : last + 1], *always, place)
