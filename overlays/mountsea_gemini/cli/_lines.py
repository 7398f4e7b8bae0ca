"""Read a file of requests: JSON Lines, one request in a line, checked as a whole before anything is sent."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, Final

from attrs import frozen

from ._json import read_object
from ._package import ConfigurationError, printable

LIMIT: Final = 64 * 2**20
"""Bytes a file of requests may have."""

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
        fingerprint: Tells whether a line is still the same without repeating it.
    """

    number: int
    body: dict[str, Any]
    output: str
    fingerprint: str


def read_lines(path: Path) -> tuple[Line, ...]:
    """Return the requests in a file; empty lines are none.

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
