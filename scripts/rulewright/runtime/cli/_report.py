"""The progress and the outcome of a batch: its exit code, its lines of standard output, its JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

from .._result import TaskResult
from ._command import error_document, error_text
from ._exits import Exit, exit_code, recorded_exit_code
from ._journal import NEW, STATES, Entry, Journal
from ._output import Screen, one_line
from ._requests import Line, UnlistedField

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


def line_exit_code(entry: Entry, error: BaseException | None, *, waits: bool) -> Exit:
    """Return the exit code that a line has by itself: its error's, of this run or as the journal kept it."""
    if entry.state in {"intent", "unknown"}:
        return Exit.UNKNOWN
    if error is not None and entry.state != "done":
        return exit_code(error)
    if entry.state == "submitted":
        return Exit.WAIT_OVER if waits else Exit.OK
    if entry.state in {"refused", "ended"} and entry.error is not None:
        return recorded_exit_code(entry.error)
    # Not submitted, and no error of its own in this run: the error that stopped the batch counts.
    return Exit.OK


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


def batch_document(
    code: Exit,
    journal: Journal,
    lines: Sequence[Line],
    failures: Mapping[int, BaseException],
    unlisted: Sequence[UnlistedField],
    *,
    interrupted: BaseException | None,
) -> dict[str, Any]:
    """Return a batch as JSON; every key is always there."""
    shown = [(line.number, journal.entries.get(line.number, Entry())) for line in lines]
    counted = Counter(entry.state for _, entry in shown)
    return {
        "exit": code.value,
        "journal": str(journal.path),
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
        "unlisted_fields": [field.document() for field in unlisted],
        "error": None if interrupted is None else error_document(interrupted, None),
    }


def _error(entry: Entry, error: BaseException | None) -> dict[str, Any] | None:
    """Return a line's error in full where it happened in this run, else the name that the journal kept."""
    if error is not None:
        return error_document(error, None)
    return None if entry.error is None else {"type": entry.error}


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
        if self._screen.lively:
            self._bar = _lines_bar(self._screen, self._total, self._over)
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()


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
