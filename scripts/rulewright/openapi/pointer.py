"""Places in a document: a tuple of keys, and the same as JSON Pointer (RFC 6901) and as a query (RFC 9535)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, Final
from urllib.parse import quote, unquote

from jsonpath_rfc9535.serialize import canonical_string as quoted

Location = tuple[str | int, ...]
ABSENT: Final = object()
"""What stands in place of a value that is not there."""

SHORTHAND: Final = re.compile(r"[A-Za-z_\u0080-\uD7FF\uE000-\U0010FFFF][0-9A-Za-z_\u0080-\uD7FF\uE000-\U0010FFFF]*")
PLAIN_SIGNS: Final = "/~!$&'()*+,;=:@?"
"""The signs that a URI fragment, as a path with its query, holds as they are (RFC 3986, 3.3 to 3.5)."""
_INDEX: Final = re.compile("0|[1-9][0-9]{0,17}")  # no leading zeros, no other scripts' digits (RFC 6901, 4)


def encode(location: Iterable[str | int]) -> str:
    """Return the JSON pointer of a location: `("a", 0)` gives `/a/0`, the root gives the empty string."""
    return "".join("/" + str(key).replace("~", "~0").replace("/", "~1") for key in location)


def fragment(location: Iterable[str | int]) -> str:
    """Return the JSON pointer of a location as URI fragment, which is how `$ref` writes it: `#/a%20b` (RFC 6901, 6)."""
    return "#" + quote(encode(location), safe=PLAIN_SIGNS)


def decode(pointer: str) -> tuple[str, ...]:
    """Return the reference tokens of a JSON pointer, or of its URI fragment form `#/a%20b` (RFC 6901, 6).

    Raises:
        ValueError: The text is neither empty nor starts with a slash, or holds a `~` that is neither `~0`
            nor `~1`.
    """
    text = unquote(pointer[1:], errors="strict") if pointer.startswith("#") else pointer
    if text and not text.startswith("/"):
        raise ValueError(f"{pointer!r} is not a JSON pointer: it must be empty or start with '/'")
    if re.search("~(?![01])", text):
        raise ValueError(f"{pointer!r} is not a JSON pointer: '~' must be written '~0'")
    return tuple(token.replace("~1", "/").replace("~0", "~") for token in text.split("/")[1:])


def resolve(document: Any, pointer: str) -> Any:
    """Return the value a JSON pointer names.

    Raises:
        ValueError: The text is not a pointer.
        LookupError: It names nothing in the document; the message names how far it led.
    """
    value = document
    walked: list[str] = []
    for token in decode(pointer):
        if isinstance(value, dict) and token in value:
            value = value[token]
        elif isinstance(value, list) and _INDEX.fullmatch(token) and int(token) < len(value):
            value = value[int(token)]
        else:
            raise LookupError(f"nothing at {pointer}: {encode(walked) or 'the root'} has no {token!r}")
        walked.append(token)
    return value


def at(value: Any, location: Location, default: Any = None) -> Any:
    """Return the value at a location, or a default where there is none."""
    for key in location:
        is_item = isinstance(value, list) and isinstance(key, int) and key < len(value)
        if not is_item and not (isinstance(value, dict) and key in value):
            return default
        value = value[key]  # pyright: ignore[reportCallIssue, reportArgumentType]  a key that was looked at above
    return value


def differences(one: Any, other: Any, location: Location = ()) -> Iterator[tuple[Location, Any, Any]]:
    """Yield where two JSON values differ and both values there; key order is no difference.

    A key on one side only differs from an absent one, and true differs from 1.
    """
    if isinstance(one, dict) and isinstance(other, dict):
        for key in [*one, *(key for key in other if key not in one)]:
            yield from differences(one.get(key, ABSENT), other.get(key, ABSENT), (*location, key))
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for index, pair in enumerate(zip(one, other, strict=True)):
            yield from differences(*pair, (*location, index))
    elif isinstance(one, bool) != isinstance(other, bool) or one != other:
        yield location, one, other


def path_of(location: Location) -> str:
    """Return a location as people write queries: `$.paths['/a'].get.tags[0]`."""
    text = "$"
    for key in location:
        if isinstance(key, int):
            text += f"[{key}]"
        elif SHORTHAND.fullmatch(key):
            text += f".{key}"
        else:
            text += f"[{quoted(key)}]"
    return text
