"""The sentences of a description."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

_BULLET: Final = re.compile(r"^\s*(?:[-*•+]|\d+[.)])\s+")
_END: Final = re.compile(r"(?<=[.!?])\s+(?=[^a-z])|(?<=[。！？；])\s*")


def sentences(text: str) -> Iterator[str]:
    """Yield the sentences of a description: list items and paragraphs apart, white space folded."""
    paragraph: list[str] = []
    for line in [*text.splitlines(), ""]:
        starts = not line.strip() or _BULLET.match(line)
        if starts and paragraph:
            yield from (part.strip() for part in _END.split(folded(" ".join(paragraph))) if part.strip())
            paragraph = []
        if line.strip():
            paragraph.append(_BULLET.sub("", line))


def folded(text: str) -> str:
    """Return a text with every run of white space as one space: where a line was broken says nothing."""
    return " ".join(text.split())
