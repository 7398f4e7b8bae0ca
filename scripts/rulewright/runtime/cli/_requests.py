"""Read a request, and find misspelt fields in it, before anything is sent."""

from __future__ import annotations

import difflib
import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Final, NoReturn, Self
from urllib.parse import unquote

from attrs import frozen

from .._api import BODIES
from .._errors import ConfigurationError
from .._secrets import printable

INPUT_LIMIT: Final = 64 * 2**20
"""Bytes one request, or a value of it, may have."""

_PACKAGE: Final = __name__.rpartition(".cli.")[0]


@frozen
class UnlistedField:
    """A field that requests have and the document does not list: misspelt, or newer than the document.

    Attributes:
        pointer: Where it is in a request; `*` for every item of a list.
        suggestion: A field of the document that may be meant.
        lines: The lines that have it; none where there is but one request.
    """

    pointer: str
    suggestion: str | None
    lines: tuple[int, ...] = ()

    def __str__(self) -> str:
        what = f"the document lists no field {printable(self.pointer)}"
        if self.lines:
            several = f"{len(self.lines)} lines, first line" if len(self.lines) > 1 else "line"
            what += f" (in {several} {min(self.lines)})"
        hint = f"; did you mean {self.suggestion}?" if self.suggestion else ""
        return f"{what}; it is sent as it is{hint}"

    def document(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {"field": self.pointer, "did_you_mean": self.suggestion, "lines": list(self.lines)}


@frozen
class RequestSchema:
    """The schema of a request, in the document that its references lead into."""

    document: Mapping[str, Any]
    pointer: str

    @classmethod
    def of(cls, kind: type[Any]) -> Self:
        """Return the schema of the requests of a model class."""
        return cls(_effective_document(), BODIES[kind].schema)

    @property
    def value(self) -> Mapping[str, Any]:
        """The schema itself."""
        return self.follow({"$ref": self.pointer})

    def follow(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return a schema with its references followed; one that leads nowhere lists nothing."""
        seen: set[str] = set()
        while isinstance(reference := schema.get("$ref"), str) and reference not in seen:
            seen.add(reference)
            found: Any = self.document
            for token in unquote(reference).split("/")[1:]:
                key = token.replace("~1", "/").replace("~0", "~")
                found = found.get(key, {}) if isinstance(found, dict) else {}
            schema = found
        return schema


@cache
def _effective_document() -> Any:
    text = resources.files(_PACKAGE).joinpath("openapi.effective.json").read_text(encoding="utf-8")
    return json.loads(text)


def unlisted_fields(body: Mapping[str, Any], schema: RequestSchema) -> tuple[UnlistedField, ...]:
    """Return the fields of one request that its schema does not list."""
    unlisted = _find_unlisted(body, schema.value, schema, "")
    found = {pointer: UnlistedField(pointer, suggestion) for pointer, suggestion in unlisted}
    return tuple(found.values())


def _find_unlisted(
    value: Any, schema: Mapping[str, Any], request: RequestSchema, at: str
) -> Iterator[tuple[str, str | None]]:
    parts = _parts(schema, request)
    if isinstance(value, list):
        for item in value:
            for part in parts:
                if "items" in part:
                    yield from _find_unlisted(item, part["items"], request, f"{at}/*")
    if not isinstance(value, dict):
        return
    listed: dict[str, list[Any]] = {}
    for part in parts:
        for name, child in part.get("properties", {}).items():
            listed.setdefault(name, []).append(child)
    # A map takes any name, and where names are closed the schema itself refuses others.
    is_open = bool(listed) and all(part.get("additionalProperties", True) is True for part in parts)
    for name, child in value.items():
        if name in listed:
            for each in listed[name]:
                yield from _find_unlisted(child, each, request, f"{at}/{name}")
        elif is_open:
            yield f"{at}/{name}".removeprefix("/"), _suggestion(name, listed)


def _parts(schema: Mapping[str, Any], request: RequestSchema) -> list[Mapping[str, Any]]:
    """Return a schema and every alternative and member of it: a field that one of them lists is known."""
    schema = request.follow(schema)
    members = (member for word in ("allOf", "anyOf", "oneOf") for member in schema.get(word, ()))
    return [schema, *(part for member in members for part in _parts(member, request))]


def suggestion(name: str, known: Iterable[str]) -> str:
    """Return the end of a message: which known name may be meant, if any."""
    close = difflib.get_close_matches(name, known, 1)
    return f"; did you mean {close[0]}?" if close else ""


def _suggestion(name: str, listed: Iterable[str]) -> str | None:
    """Return the listed field most like a name, whatever convention it is written in."""
    plain = {re.sub(r"[^a-z0-9]", "", known.lower()): known for known in listed}
    close = difflib.get_close_matches(re.sub(r"[^a-z0-9]", "", name.lower()), plain, 1)
    return plain[close[0]] if close else None


def read_input(name: str) -> bytes:
    """Return what a file holds, or standard input with `-`.

    Raises:
        ConfigurationError: It cannot be read, or is too large.
    """
    try:
        if name == "-" and sys.stdin is not None:
            data = sys.stdin.buffer.read(INPUT_LIMIT + 1)
        else:
            with Path(name).open("rb") as file:
                data = file.read(INPUT_LIMIT + 1)
    except (OSError, ValueError) as error:  # a name with a null character is a ValueError
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise ConfigurationError(f"{name}: cannot be read: {reason}") from None
    if len(data) > INPUT_LIMIT:
        raise ConfigurationError(f"{name}: is larger than {INPUT_LIMIT} bytes")
    return data


def read_object(data: bytes, name: str, line: int | None = None) -> dict[str, Any]:
    """Return the JSON object that some bytes hold.

    Args:
        data: The text, in UTF-8.
        name: What it was read from, for messages.
        line: 1-based line it stands on, where it is one line of a file.

    Raises:
        ConfigurationError: It is no JSON object; names the place.
    """
    place = name if line is None else f"{name}:{line}"
    try:
        found = json.loads(data, parse_constant=_no_json)
    except json.JSONDecodeError as error:
        at = f"{name}:{error.lineno if line is None else line}:{error.colno}"
        raise ConfigurationError(f"{at}: is not JSON: {error.msg}") from None
    except (ValueError, RecursionError) as error:
        raise ConfigurationError(f"{place}: is not JSON: {printable(str(error))[:200]}") from None
    if not isinstance(found, dict):
        raise ConfigurationError(f"{place}: a request is a JSON object, got {type(found).__name__}")
    return found


def _no_json(word: str) -> NoReturn:
    raise ValueError(f"there is no {word} in JSON")
