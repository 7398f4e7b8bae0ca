"""Read requests from files, and find misspelt fields in them, before anything is sent."""

from __future__ import annotations

import difflib
import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from importlib import resources
from pathlib import Path
from typing import Any, Final, NoReturn, Self
from urllib.parse import unquote

from attrs import frozen

from .._api import BODIES
from .._errors import ConfigurationError
from .._secrets import printable

LIMIT: Final = 64 * 2**20
"""Bytes a file of requests may have."""

_PACKAGE: Final = __name__.rpartition(".cli.")[0]
_WRAPPED: Final = {"output", "request"}
_FORBIDDEN: Final = frozenset('/\\:*?"<>|')
"""Characters a file name cannot have everywhere."""


@frozen
class Line:
    """One request.

    Attributes:
        number: Its line in the file, from 1.
        body: The request as it is sent.
        output: The name of the file it makes.
        fingerprint: Hash of the request and its file name; a changed line has another.
    """

    number: int
    body: dict[str, Any]
    output: str
    fingerprint: str


def read_lines(path: Path) -> tuple[Line, ...]:
    """Return the requests in a file of JSON Lines, checked as a whole; empty lines are skipped.

    Each line is a request's body, or `{"output": NAME, "request": BODY}` to name the file it makes.

    Raises:
        ConfigurationError: The file cannot be read, or a line cannot be understood; names the line.
    """
    try:
        with path.open("rb") as file:
            data = file.read(LIMIT + 1)
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read: {error.strerror}") from None
    if len(data) > LIMIT:
        raise ConfigurationError(f"{path}: is larger than {LIMIT} bytes; split it")
    rows = data.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    lines = tuple(_line(str(path), number, row) for number, row in enumerate(rows, 1) if row.strip())
    if not lines:
        raise ConfigurationError(f"{path}: holds no request; write one JSON object in each line")
    _check_outputs(path, lines)
    return lines


def _line(name: str, number: int, row: bytes) -> Line:
    read = read_object(row, name, number)
    output = f"line-{number:04}.mp4"
    body = read
    if read.keys() <= _WRAPPED and isinstance(read.get("request"), dict):
        body = read["request"]
        output = _checked_name(f"{name}:{number}", read.get("output", output))
    text = json.dumps([body, output], sort_keys=True, separators=(",", ":"))
    return Line(number, body, output, hashlib.sha256(text.encode()).hexdigest())


def _checked_name(place: str, name: Any) -> str:
    """Return a name that stays in its directory, whatever system this is."""
    fits = (
        isinstance(name, str)
        and 0 < len(name.encode("utf-8", "replace")) <= 200
        and name == name.strip(". ")
        and not _FORBIDDEN & set(name)
        and printable(name) == name
        and "\n" not in name
        and "\t" not in name
    )
    if not fits:
        raise ConfigurationError(
            f"{place}: output must be the name of a file, without directories, got {printable(repr(name))[:200]}",
            way_out="the directory is given once, with --output-dir",
        )
    return str(name)


def _check_outputs(path: Path, lines: tuple[Line, ...]) -> None:
    """Refuse two lines that would write the same file: the second would replace what the first paid for."""
    first: dict[str, int] = {}
    for line in lines:
        name = line.output.casefold()
        if name in first:
            raise ConfigurationError(
                f"{path}:{line.number}: makes the file {line.output}, as line {first[name]} does; name another output"
            )
        first[name] = line.number


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
        text = resources.files(_PACKAGE).joinpath("openapi.effective.json").read_text(encoding="utf-8")
        return cls(json.loads(text), BODIES[kind].schema)

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


def unlisted_fields(body: Mapping[str, Any], schema: RequestSchema) -> tuple[UnlistedField, ...]:
    """Return the fields of one request that its schema does not list."""
    unlisted = _unlisted(body, schema.value, schema, "")
    found = {pointer: UnlistedField(pointer, suggestion) for pointer, suggestion in unlisted}
    return tuple(found.values())


def unlisted_fields_of(lines: Iterable[Line], schema: RequestSchema) -> tuple[UnlistedField, ...]:
    """Return the fields of many requests that their schema does not list, each once."""
    found: dict[str, list[int]] = {}
    suggested: dict[str, str | None] = {}
    for line in lines:
        for field in unlisted_fields(line.body, schema):
            found.setdefault(field.pointer, []).append(line.number)
            suggested[field.pointer] = field.suggestion
    return tuple(UnlistedField(pointer, suggested[pointer], tuple(numbers)) for pointer, numbers in found.items())


def _unlisted(
    value: Any, schema: Mapping[str, Any], request: RequestSchema, at: str
) -> Iterator[tuple[str, str | None]]:
    parts = _parts(schema, request)
    if isinstance(value, list):
        for item in value:
            for part in parts:
                if "items" in part:
                    yield from _unlisted(item, part["items"], request, f"{at}/*")
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
                yield from _unlisted(child, each, request, f"{at}/{name}")
        elif is_open:
            yield f"{at}/{name}".removeprefix("/"), _suggestion(name, listed)


def _parts(schema: Mapping[str, Any], request: RequestSchema) -> list[Mapping[str, Any]]:
    """Return a schema and every alternative and member of it: a field that one of them lists is known."""
    schema = request.follow(schema)
    members = (member for word in ("allOf", "anyOf", "oneOf") for member in schema.get(word, ()))
    return [schema, *(part for member in members for part in _parts(member, request))]


def _suggestion(name: str, listed: Iterable[str]) -> str | None:
    """Return the listed field most like a name, whatever convention it is written in."""
    plain = {re.sub(r"[^a-z0-9]", "", known.lower()): known for known in listed}
    close = difflib.get_close_matches(re.sub(r"[^a-z0-9]", "", name.lower()), plain, 1)
    return plain[close[0]] if close else None


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
