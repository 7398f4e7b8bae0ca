"""Show how a batch is going, and what became of it in the end."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

from .._particular import LOGGER
from ._exits import Exit, exit_code
from ._failure import error_document, error_text
from ._journal import NEW, STATES, Entry
from ._lines import Line
from ._package import TaskResult
from ._progress import Log
from ._screen import Screen, one_line

if TYPE_CHECKING:
    from rich.progress import Progress

GRAVITY: Final = (
    Exit.UNEXPECTED,
    Exit.USAGE,
    Exit.UNKNOWN,
    Exit.ACCOUNT,
    Exit.RATE_LIMITED,
    Exit.UNREACHABLE,
    Exit.REFUSED,
    Exit.ENDED,
    Exit.DOWNLOAD,
    Exit.WAIT_OVER,
)
"""The exit code of a batch is the first of these that one of its lines has."""

_STANDING: Final[Mapping[str, Exit]] = {
    "intent": Exit.UNKNOWN,
    "unknown": Exit.UNKNOWN,
    "refused": Exit.REFUSED,
    "ended": Exit.ENDED,
    "done": Exit.OK,
}


class Tally:
    """Follow a batch.

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
        """Show what became of a line."""
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
        """Show that a task is being looked at."""
        if self._bar is not None:
            self._bar.update(self._bar.task_ids[0], last=one_line(f"line {line.number}: {result.status}")[:60])

    def problem(self, text: str) -> None:
        """Show what has to be known."""
        self._screen.problem(one_line(text))

    def __enter__(self) -> Self:
        logging.getLogger(LOGGER).addHandler(self._log)
        if self._screen.lively:
            self._bar = _bar(self._screen, self._total, self._over)
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()
        logging.getLogger(LOGGER).removeHandler(self._log)


def _bar(screen: Screen, total: int, over: int) -> Progress:
    from rich.progress import (  # noqa: PLC0415  (slow to load, and of no use in a pipe)
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


def standing(entry: Entry, error: BaseException | None, *, waits: bool) -> Exit:
    """Return the exit code a line has by itself."""
    if error is not None and entry.state in {NEW, "unsent", "submitted"}:
        return exit_code(error)
    if entry.state == "submitted":
        return Exit.WAIT_OVER if waits else Exit.OK
    # Not sent, and no error of its own in this run: what stopped the batch says why.
    return _STANDING.get(entry.state, Exit.OK)


def gravest(codes: Sequence[Exit]) -> Exit:
    """Return the exit code of a batch from those of its lines."""
    return next((code for code in GRAVITY if code in codes), Exit.OK)


def results(lines: Sequence[Line], entries: Mapping[int, Entry], directory: Path, *, waits: bool) -> list[str]:
    """Return the lines of standard output: files, or the ids of tasks where nobody waited."""
    found = []
    for line in lines:
        entry = entries.get(line.number, Entry())
        if entry.state == "done":
            found.append(str(directory / str(entry.file)))
        elif entry.state == "submitted" and not waits:
            found.append(str(entry.task))
    return found


def document(
    code: Exit, path: Path, lines: Sequence[Line], entries: Mapping[int, Entry], failures: Mapping[int, BaseException]
) -> dict[str, Any]:
    """Return a batch as JSON; every key is always there."""
    shown = [(line.number, entries.get(line.number, Entry())) for line in lines]
    counted = Counter(entry.state for _, entry in shown)
    return {
        "exit": code.value,
        "journal": str(path),
        "counts": {state: counted[state] for state in (NEW, *STATES)},
        "lines": [
            {
                "line": number,
                "state": entry.state,
                "id": entry.task,
                "file": entry.file,
                "error": _error(entry, failures.get(number)),
            }
            for number, entry in shown
        ],
        "error": None,
    }


def _error(entry: Entry, error: BaseException | None) -> dict[str, Any] | None:
    """Return a line's error in full where it happened in this run, else the name that the journal kept."""
    if error is not None:
        return error_document(error, None)
    return None if entry.error is None else {"type": entry.error}
