"""Standard output for results, standard error for messages and progress; terminals obey no foreign text in either."""

from __future__ import annotations

import contextlib
import io
import json
import logging
import os
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from typing import TYPE_CHECKING, Any, Final, Self, TextIO

from rich.console import Console
from rich.progress import Progress, ProgressColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.text import Text

from .._api import LOGGER
from .._secrets import printable

if TYPE_CHECKING:
    from .._waiter import TaskResult

REMINDER: Final = 60.0
"""Seconds after which a pipe gets a line although the state has not changed."""

_COLOURS: Final = {"error": "red", "warning": "yellow", "debug": "bright_black", "info": "bright_black"}
"""The colour of a message by its first word, on terminals and with FORCE_COLOR; never with NO_COLOR."""


class OutputLost(Exception):  # noqa: N818  (what happened, not whose mistake it is)
    """Standard output is closed or full."""


class ReaderGone(OutputLost):
    """Whoever read standard output has read enough, as `head` does."""


class Stream(io.TextIOBase):
    """A standard stream that decides in one place what a failed write means.

    Standard output holds results, so a result that cannot be written is `OutputLost`. A message that standard
    error cannot take is dropped: it must not stop a command that is waiting for the id of a paid task.

    Args:
        stream: What to write to; None if the process was started without it.
        name: What it is called in messages; None for one whose messages may be dropped.
    """

    def __init__(self, stream: TextIO | None, name: str | None) -> None:
        self._stream = stream
        self._name = name
        if isinstance(stream, io.TextIOWrapper):
            # Escape what the encoding cannot hold: a code page must not cost an id.
            stream.reconfigure(errors="backslashreplace")

    def write(self, text: str, /) -> int:
        """Write some text."""
        if self._stream is None:
            self._lose("it is closed")
        else:
            with self._watch():
                self._stream.write(text)
        return len(text)

    def check(self) -> None:
        """Fail now if the stream is closed, or a device that is full."""
        if self._stream is None:
            self._lose("it is closed")
            return
        with contextlib.suppress(io.UnsupportedOperation):  # a stream in memory
            number = self.fileno()
            with self._watch():
                os.write(number, b"")

    def flush(self) -> None:
        """Write out what is buffered."""
        if self._stream is not None:
            with self._watch():
                self._stream.flush()

    def isatty(self) -> bool:
        """Return whether it is a terminal."""
        return self._stream is not None and self._stream.isatty()

    def fileno(self) -> int:
        """Return the descriptor."""
        return super().fileno() if self._stream is None else self._stream.fileno()

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """The encoding, for symbols that are drawn only where it has them."""
        return getattr(self._stream, "encoding", None) or "utf-8"

    @contextmanager
    def _watch(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            if self._name is not None or not isinstance(error, BlockingIOError):
                kind = ReaderGone if isinstance(error, BrokenPipeError) else OutputLost
                self._lose(error.strerror or type(error).__name__, kind)

    def _lose(self, reason: str, kind: type[OutputLost] = OutputLost) -> None:
        with contextlib.suppress(OSError, ValueError):
            # Nothing that is still buffered fails a second time, as at the end of the interpreter.
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self.fileno())
            os.close(nowhere)
        if self._name is not None:
            raise kind(f"cannot write to {self._name}: {reason}")


@contextmanager
def standard_streams() -> Iterator[None]:
    """Guard both standard streams in this block, for everything that prints.

    Raises:
        OutputLost: Standard output is closed or full.
    """
    output = Stream(sys.stdout, "standard output")
    with redirect_stdout(output), redirect_stderr(Stream(sys.stderr, None)):
        # Before anything is paid for; and without the descriptor, the next connection would take its place.
        output.check()
        yield
        output.flush()


class Screen:
    """What a command shows.

    Args:
        as_json: Print one JSON object on standard output, and no other line.
        quiet: Show no progress and no notes; errors are always shown.
        verbose: Show what the client logs.
    """

    def __init__(self, *, as_json: bool = False, quiet: bool = False, verbose: bool = False) -> None:
        self.as_json = as_json
        self.quiet = quiet
        self.verbose = verbose
        self._out = sys.stdout
        # No markup, emoji or highlighting: what servers send is text.
        self.console = Console(file=sys.stderr, markup=False, emoji=False, highlight=False, soft_wrap=True)

    @property
    def lively(self) -> bool:
        """Whether progress may be drawn over itself: a terminal that can do that, and somebody who looks."""
        return not self.quiet and self.console.is_interactive and self.console.file.isatty()

    def result(self, lines: Iterable[str], document: Any) -> None:
        """Print a result: the lines, or the document where JSON is wanted.

        Raises:
            OutputLost: Standard output is closed or full.
        """
        # All but ASCII is escaped, so that no encoding and no terminal can spoil it.
        shown = [json.dumps(document)] if self.as_json else map(one_line, lines)
        self._out.write("".join(f"{line}\n" for line in shown))
        self._out.flush()

    def progress(self, *columns: ProgressColumn) -> Progress:
        """Return a line that moves while something goes on, and then goes."""
        return Progress(*columns, console=self.console, transient=True)

    @property
    def is_terminal(self) -> bool:
        """Whether results are read by a person."""
        return not self.as_json and self._out.isatty()

    def note(self, text: str) -> None:
        """Show a message, unless the command is to be quiet."""
        if not self.quiet:
            self.problem(text)

    def problem(self, text: str) -> None:
        """Show a message that is shown in any case."""
        shown = Text(printable(text))
        kind = text.partition(":")[0]
        if kind in _COLOURS:
            shown.stylize(_COLOURS[kind], 0, len(kind) + 1)
        self.console.print(shown)

    @contextmanager
    def show_log(self) -> Iterator[None]:
        """Show what the client logs in this block: warnings, or everything if the command is to be verbose."""
        logger, handler = logging.getLogger(LOGGER), _Log(self)
        before = logger.level
        logger.addHandler(handler)
        if self.verbose:
            logger.setLevel(logging.DEBUG)
        try:
            yield
        finally:
            logger.setLevel(before)
            logger.removeHandler(handler)


class _Log(logging.Handler):
    """Log records as notes, above a moving line and not through it."""

    def __init__(self, screen: Screen) -> None:
        super().__init__(logging.DEBUG if screen.verbose else logging.WARNING)
        self._screen = screen

    def emit(self, record: logging.LogRecord) -> None:
        self._screen.note(f"{record.levelname.lower()}: {record.getMessage()}")


def one_line(text: str) -> str:
    """Return foreign text as one line: a line break in it must not pass for a second result."""
    return printable(text).replace("\n", "\\n")


class Watch:
    """Show how one wait is going: a line that moves on a terminal, plain lines in a pipe.

    Args:
        screen: Where to show it.
        name: What is waited for.
    """

    def __init__(self, screen: Screen, name: str) -> None:
        self._screen = screen
        self._name = name
        self._polls = 0
        self._state = ""
        self._started = self._shown = time.monotonic()
        self._bar: Progress | None = None

    def poll(self, result: TaskResult) -> None:
        """Show the result of a poll; the client's `on_poll`."""
        self._polls += 1
        now = time.monotonic()
        polls = f"{self._polls} poll{'s' * (self._polls != 1)}"
        if self._bar is not None:
            self._bar.update(self._bar.task_ids[0], description=self._describe(result.status), polls=polls)
        elif result.status != self._state or now - self._shown >= REMINDER:
            self._shown = now
            self._screen.note(f"{self._describe(result.status)} ({now - self._started:.0f} s, {polls})")
        self._state = result.status

    def _describe(self, state: str) -> str:
        return one_line(f"{self._name}: {state}")

    def __enter__(self) -> Self:
        if self._screen.lively:
            # "line" is ASCII: old Windows consoles cannot draw the others.
            spinner, texts = SpinnerColumn("line"), ("{task.description}", "{task.fields[polls]}")
            state, polls = (TextColumn(text, markup=False) for text in texts)
            self._bar = self._screen.progress(spinner, state, TimeElapsedColumn(), polls)
            self._bar.add_task(self._describe("submitted"), total=None, polls="")
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None
