"""Show how a wait is going: a line that moves on a terminal, plain lines in a pipe."""

from __future__ import annotations

import logging
import time
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

from .._api import LOGGER
from ._output import Screen, one_line
from ._package import TaskResult

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
