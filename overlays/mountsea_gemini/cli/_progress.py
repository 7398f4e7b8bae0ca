"""Show how a wait is going: a line that moves on a terminal, plain lines in a pipe."""

from __future__ import annotations

import logging
import time
from types import TracebackType
from typing import Final, Self

from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from ._package import TaskResult, printable
from ._particular import LOGGER
from ._screen import Screen

REMINDER: Final = 60.0
"""Seconds without a change of state after which a pipe gets a line all the same."""


class Watch:
    """Follow one wait; give `poll` to the client as its `on_poll`.

    Args:
        screen: Where to show it.
        name: What is waited for.
    """

    def __init__(self, screen: Screen, name: str) -> None:
        self._screen = screen
        self._name = name
        self._polls = 0
        self._state = ""
        self._started = self._told = time.monotonic()
        self._bar: Progress | None = None
        self._log = _Log(screen)

    def poll(self, result: TaskResult) -> None:
        """Show one answer."""
        self._polls += 1
        now = time.monotonic()
        if self._bar is not None:
            self._bar.update(
                self._bar.task_ids[0], description=self._described(result.status), polls=_counted(self._polls)
            )
        elif result.status != self._state or now - self._told >= REMINDER:
            self._told = now
            self._screen.note(f"{self._name}: {result.status} ({now - self._started:.0f} s, {_counted(self._polls)})")
        self._state = result.status

    def _described(self, state: str) -> str:
        return printable(f"{self._name}: {state}")

    def __enter__(self) -> Self:
        logging.getLogger(LOGGER).addHandler(self._log)
        if self._screen.lively:
            # "line" is ASCII: old Windows consoles cannot draw the others.
            bar = Progress(
                SpinnerColumn("line"),
                TextColumn("{task.description}", markup=False),
                TimeElapsedColumn(),
                TextColumn("{task.fields[polls]}", markup=False),
                console=self._screen.console,
                transient=True,
            )
            bar.add_task(self._described("submitted"), total=None, polls="")
            bar.start()
            self._bar = bar
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None
        logging.getLogger(LOGGER).removeHandler(self._log)


class _Log(logging.Handler):
    """Warnings of the client as notes, above a moving line and not through it."""

    def __init__(self, screen: Screen) -> None:
        super().__init__(logging.WARNING)
        self._screen = screen

    def emit(self, record: logging.LogRecord) -> None:
        """Show one warning."""
        self._screen.note(f"warning: {record.getMessage()}")


def _counted(polls: int) -> str:
    return f"{polls} poll{'s' * (polls != 1)}"
