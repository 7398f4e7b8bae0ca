"""Read documentation pages as text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from scripts.document import MAX_BYTES
from scripts.errors import InputError


@dataclass(frozen=True)
class Page:
    """One documentation page.

    Args:
        name: What to call it in messages: the path as the user gave it.
        text: Its text, every line ended by one line feed.
    """

    name: str
    text: str = field(repr=False)


def list_pages(source: str) -> Iterator[str]:
    """List the pages a source stands for: a folder's `*.md` files by name, anything else itself.

    Raises:
        InputError: The folder holds no page.
    """
    folder = Path(source)
    if not folder.is_dir():
        yield source
        return
    names = sorted(path.as_posix() for path in folder.glob("*.md"))
    if not names:
        raise InputError("is a folder without any *.md page", path=folder.as_posix())
    yield from names


def read_page(source: str) -> Page:
    """Read one page.

    Raises:
        InputError: Not there, empty, too large, not UTF-8, or an HTML page; names the page and the line.
    """
    name = Path(source).as_posix()
    try:
        with Path(source).open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror or error}", path=name) from error
    if len(raw) > MAX_BYTES:
        raise InputError(f"is larger than {MAX_BYTES} bytes", path=name)
    return Page(name, _decode(raw, name))


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
