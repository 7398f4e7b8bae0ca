"""JSON pointers, RFC 6901."""

from __future__ import annotations

Location = tuple[str | int, ...]


def pointer(location: Location) -> str:
    """Return the JSON pointer of a location."""
    return "".join("/" + str(key).replace("~", "~0").replace("/", "~1") for key in location)


def tokens_of(pointer: str) -> list[str]:
    """Return the names that a JSON pointer leads along."""
    return [token.replace("~1", "/").replace("~0", "~") for token in pointer.split("/")[1:]]
