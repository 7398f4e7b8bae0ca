"""Show how a wait or a batch is going: a line that moves on a terminal, plain lines in a pipe."""

from __future__ import annotations

import logging
import time
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

from .._api import LOGGER
from ._command import error_text
from ._journal import Entry
from ._output import Screen, one_line
from ._package import TaskResult
from ._requests import Line

if TYPE_CHECKING:
    from rich.progress import Progress

REMINDER: Final = 60.0
"""Seconds after which a pipe gets a line although the state has not changed."""


class Watch:
    """Show how one wait is going; `poll` is the client's `on_poll`.

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
        self._log = Log(screen)

    def poll(self, result: TaskResult) -> None:
        """Show the result of a poll."""
        self._polls += 1
        now = time.monotonic()
        if self._bar is not None:
            self._bar.update(
                self._bar.task_ids[0], description=self._described(result.status), polls=_counted(self._polls)
            )
        elif result.status != self._state or now - self._shown >= REMINDER:
            self._shown = now
            self._screen.note(
                f"{self._described(result.status)} ({now - self._started:.0f} s, {_counted(self._polls)})"
            )
        self._state = result.status

    def _described(self, state: str) -> str:
        return one_line(f"{self._name}: {state}")

    def __enter__(self) -> Self:
        logging.getLogger(LOGGER).addHandler(self._log)
        if self._screen.lively:
            self._bar = _bar(self._screen, self._described("submitted"))
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None
        logging.getLogger(LOGGER).removeHandler(self._log)


def _bar(screen: Screen, description: str) -> Progress:
    """Return a line that moves."""
    from rich.progress import (
        Progress,
        SpinnerColumn,
        TextColumn,
        TimeElapsedColumn,
    )

    bar = Progress(
        # "line" is ASCII: old Windows consoles cannot draw the others.
        SpinnerColumn("line"),
        TextColumn("{task.description}", markup=False),
        TimeElapsedColumn(),
        TextColumn("{task.fields[polls]}", markup=False),
        console=screen.console,
        transient=True,
    )
    bar.add_task(description, total=None, polls="")
    return bar


class BatchProgress:
    """Show how a batch is going.

    Args:
        screen: Where to show it.
        total: How many lines there are.
        over: How many of them had ended before.
    """

    def __init__(self, screen: Screen, total: int, over: int) -> None:
        self._screen = screen
        self._total = total
        self._over = over
        self._bar: Progress | None = None
        self._log = Log(screen)

    def event(self, line: Line, entry: Entry, error: BaseException | None) -> None:
        """Show a line's new state."""
        over = entry.state in {"unknown", "refused", "ended", "done"}
        self._over += over
        if self._bar is not None:
            self._bar.update(self._bar.task_ids[0], completed=self._over)
        if error is not None:
            text = error_text(error, None).removeprefix("error: ")
            self._screen.problem(f"line {line.number}: {entry.state}: {text}")
        elif entry.state != "intent":
            subject = {"submitted": f"task {entry.task}", "done": entry.file}.get(entry.state) or ""
            progress = f" ({self._over} of {self._total})" if over else ""
            self._screen.note(one_line(f"line {line.number}: {entry.state} {subject}") + progress)

    def polled(self, line: Line, result: TaskResult) -> None:
        """Show the result of a poll."""
        if self._bar is not None:
            self._bar.update(self._bar.task_ids[0], last=one_line(f"line {line.number}: {result.status}")[:60])

    def problem(self, text: str) -> None:
        """Show a message that is shown in any case."""
        self._screen.problem(one_line(text))

    def __enter__(self) -> Self:
        logging.getLogger(LOGGER).addHandler(self._log)
        if self._screen.lively:
            self._bar = _lines_bar(self._screen, self._total, self._over)
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()
        logging.getLogger(LOGGER).removeHandler(self._log)


def _lines_bar(screen: Screen, total: int, over: int) -> Progress:
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
    )

    bar = Progress(
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[last]}", markup=False),
        console=screen.console,
        transient=True,
    )
    bar.add_task("lines", total=total, completed=over, last="")
    return bar


class Log(logging.Handler):
    """Warnings of the client as notes, above a moving line and not through it."""

    def __init__(self, screen: Screen) -> None:
        super().__init__(logging.WARNING)
        self._screen = screen

    def emit(self, record: logging.LogRecord) -> None:
        """Show one warning."""
        self._screen.note(f"warning: {record.getMessage()}")


def _counted(polls: int) -> str:
    return f"{polls} poll{'s' * (polls != 1)}"
