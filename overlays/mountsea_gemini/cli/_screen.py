"""Standard output for results, standard error for everything else; nothing foreign is obeyed by a terminal."""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Iterable, Mapping
from typing import Any, TextIO

from rich.console import Console

from ._package import printable


class Screen:
    """What a command shows.

    Args:
        as_json: Print one JSON object on standard output, and no other line.
        quiet: Show no progress and no notes; errors are always shown.
    """

    def __init__(self, *, as_json: bool = False, quiet: bool = False) -> None:
        self.as_json = as_json
        self.quiet = quiet
        self._out = tolerant(sys.stdout)
        # No markup, emoji or highlighting: what servers say is text.
        self.console = Console(file=tolerant(sys.stderr), markup=False, emoji=False, highlight=False, soft_wrap=True)

    @property
    def lively(self) -> bool:
        """Whether progress may be drawn over itself: a terminal that can, and somebody who looks."""
        return not self.quiet and self.console.is_interactive and self.console.file.isatty()

    def result(self, lines: Iterable[str], document: Mapping[str, Any]) -> None:
        """Print a result: the lines, or the document where JSON is wanted."""
        # Escapes other than ASCII, so that no encoding and no terminal can spoil it.
        shown = [json.dumps(document)] if self.as_json else map(one_line, lines)
        self._out.write("".join(f"{line}\n" for line in shown))
        self._out.flush()

    def markdown(self, text: str, document: Mapping[str, Any]) -> None:
        """Print a result written in Markdown; drawn on a terminal, as it is into a pipe."""
        if self.as_json or not self._out.isatty():
            self.result(text.splitlines(), document)
            return
        from rich.markdown import Markdown  # noqa: PLC0415  (slow to load, and no other command needs it)

        Console(file=self._out).print(Markdown(printable(text), hyperlinks=False))

    def note(self, text: str) -> None:
        """Show something worth knowing, unless told to be quiet."""
        if not self.quiet:
            self.problem(text)

    def problem(self, text: str) -> None:
        """Show something that has to be known."""
        self.console.print(printable(text))


def one_line(text: str) -> str:
    """Return foreign text as one line: a line break in it must not pass for a second result."""
    return printable(text).replace("\n", "\\n")


def tolerant(stream: TextIO) -> TextIO:
    """Return the stream, made to escape what its encoding cannot hold: a code page must not lose an id."""
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="backslashreplace")
    return stream


def abandon_output() -> None:
    """Stop writing to a pipe nobody reads any more, so that the interpreter's last flush does not complain."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
