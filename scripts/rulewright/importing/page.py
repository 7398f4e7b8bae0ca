"""Read documentation pages as text, from files and from the network."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from rulewright.errors import InputError
from rulewright.importing.fetch import fetch, is_url, origin_of
from rulewright.openapi.document import MAX_BYTES


@dataclass(frozen=True)
class Page:
    """One documentation page.

    Args:
        name: What to call it in messages: the path or URL as the user gave it.
        text: Its text, every line ended by one line feed.
        origin: What to call it in a record: its URL, or its file name without folders.
        sha256: Hash of the page as it was read.
    """

    name: str
    text: str = field(repr=False)
    origin: str = ""
    sha256: str = ""


def list_pages(source: str) -> Iterator[str]:
    """List the pages a source stands for: a folder's `*.md` files by name, anything else itself.

    Raises:
        InputError: The folder holds no page.
    """
    folder = Path(source)
    if is_url(source) or not folder.is_dir():
        yield source
        return
    names = sorted(path.as_posix() for path in folder.glob("*.md"))
    if not names:
        raise InputError("is a folder without any *.md page", path=folder.as_posix())
    yield from names


def read_page(source: str) -> Page:
    """Read one page, from a file or from the network.

    Raises:
        InputError: Not there, empty, too large, not UTF-8, or an HTML page; names the page and the line.
    """
    if is_url(source):
        name = origin = origin_of(source)
        raw = fetch(source)
    else:
        name, origin = Path(source).as_posix(), Path(source).name
        raw = _read(source, name)
    return Page(name, _decode(raw, name), origin, hashlib.sha256(raw).hexdigest())


def _read(source: str, name: str) -> bytes:
    try:
        with Path(source).open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror or error}", path=name) from error
    if len(raw) > MAX_BYTES:
        raise InputError(f"is larger than {MAX_BYTES} bytes", path=name)
    return raw


def _decode(raw: bytes, name: str) -> str:
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise InputError(f"is not UTF-8: {error.reason}", path=name, line=line) from error
    if not text.strip():
        raise InputError("is empty; a documentation page was expected", path=name)
    if text.lstrip()[:15].lower().startswith(("<!doctype html", "<html")):
        message = "is an HTML page (perhaps an error page); the Markdown source of the page was expected"
        raise InputError(message, path=name, line=1)
    if "\0" in text:  # the Markdown reader would quietly replace it
        line = text[: text.index("\0")].count("\n") + 1
        raise InputError("holds a NUL character, so it is not a text file", path=name, line=line)
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return lines if lines.endswith("\n") else lines + "\n"
