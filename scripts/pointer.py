"""JSON Pointer (RFC 6901), as text and as a tuple of keys."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

Location = tuple[str | int, ...]


def encode(location: Iterable[str | int]) -> str:
    """Return the JSON pointer of a location: `("a", 0)` gives `/a/0`, the root gives the empty string."""
    return "".join("/" + str(key).replace("~", "~0").replace("/", "~1") for key in location)


def decode(pointer: str) -> tuple[str, ...]:
    """Return the reference tokens of a JSON pointer; a leading `#` (URI fragment form) is allowed.

    Raises:
        ValueError: The text is neither empty nor starts with a slash.
    """
    text = pointer.removeprefix("#")
    if text and not text.startswith("/"):
        raise ValueError(f"{pointer!r} is not a JSON pointer: it must be empty or start with '/'")
    return tuple(token.replace("~1", "/").replace("~0", "~") for token in text.split("/")[1:])


def resolve(document: Any, pointer: str) -> Any:
    """Return the value a JSON pointer names.

    Raises:
        ValueError: The text is not a pointer.
        LookupError: It names nothing in the document; the message says how far it led.
    """
    value = document
    walked: list[str] = []
    for token in decode(pointer):
        if isinstance(value, dict) and token in value:
            value = value[token]
        elif isinstance(value, list) and token.isdecimal() and int(token) < len(value):
            value = value[int(token)]
        else:
            raise LookupError(f"nothing at {pointer}: {encode(walked) or 'the root'} has no {token!r}")
        walked.append(token)
    return value
