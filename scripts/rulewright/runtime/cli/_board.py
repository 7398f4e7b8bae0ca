"""The board of a batch: the states of all lines, how a person sees them change, and the final report."""

from __future__ import annotations

import re
import shlex
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from .._api import PROGRAM
from ._command import Desk, error_text, paste, words_for
from ._exits import Exit, exit_code, recorded_exit_code
from ._lines import OPEN, SHOWN, STATES, Entry, Findings, Heading
from ._options import Storing, Working
from ._output import one_line
from ._signals import Interrupted

if TYPE_CHECKING:
    from ._store import Store


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
"""The exit code of many lines is the first of these that one of them has."""
_CODES: Final = {"unknown": Exit.UNKNOWN, "on_disk": Exit.USAGE, "broken": Exit.UNEXPECTED}


class Board:
    """The states of all lines of some batches, and how they are shown.

    Args:
        desk: Where to show them.
        store: Where they are.
        headings: The batches.
    """

    def __init__(self, desk: Desk, store: Store, headings: Sequence[Heading]) -> None:
        self.headings = headings
        self.desk = desk
        self.store = store
        self._states: dict[str, bytearray] = {}
        self._counts: Counter[str] = Counter()
        self._since = store.now() - 60
        self._bar: Progress | None = None
        self.load()

    def load(self) -> None:
        """Read all states."""
        self._counts.clear()
        self._states = {each.batch: bytearray(each.lines + 1) for each in self.headings}
        for entry in self.entries():
            self._place(entry)

    def entries(self) -> Iterator[Entry]:
        """Yield all lines, in order."""
        for heading in self.headings:
            yield from self.store.entries(heading)

    def refresh(self) -> None:
        """Read the lines of which something has ended meanwhile, whichever worker ended it."""
        now = self.store.now()
        for entry in self.store.list_ended(self._since):
            if entry.id.partition(":")[0] in self._states:
                self._place(entry)
        self._since = now - 10
        if self._bar is not None:
            self._bar.update(self._bar.task_ids[0], completed=self._over())

    def _place(self, entry: Entry) -> None:
        states = self._states[entry.id.partition(":")[0]]
        if entry.number < len(states):
            before, now = states[entry.number], STATES.index(entry.state) + 1
            if before:
                self._counts[STATES[before - 1]] -= 1
            self._counts[entry.state] += 1
            states[entry.number] = now

    def counts(self) -> dict[str, int]:
        """Return how many lines are in each state."""
        return {state: self._counts[state] for state in STATES}

    def lines_in(self, state: str) -> list[str]:
        """Return the ids of the lines in one state."""
        code = STATES.index(state) + 1
        return [
            f"{batch}:{number}"
            for batch, states in self._states.items()
            for number, each in enumerate(states)
            if each == code
        ]

    def left(self, *, stopped: bool = False) -> int:
        """Return how many lines a worker can go on with; where submits are stopped, only those that have a task."""
        return sum(self._counts[state] for state in (("waiting",) if stopped else OPEN))

    def _over(self) -> int:
        return sum(self._counts.values()) - self.left() - self._counts["held"]

    def name(self, line: str) -> str:
        """Return what a line is called: its number, unless there are several files."""
        batch, _, number = line.rpartition(":")
        return number if [each.batch for each in self.headings] == [batch] else line

    def note(self, text: str) -> None:
        """Show a message of a worker of this process."""
        self.desk.screen.note(text)

    def observe(self, line: str, state: str, error: BaseException | None, outcome: Mapping[str, Any]) -> None:
        """Show what a worker of this process has done."""
        if error is not None:
            text = error_text(error, None).removeprefix("error: ")
            self.desk.screen.problem(f"line {self.name(line)}: {state}: {text}")
        elif "error" in outcome:
            self.desk.screen.problem(f"line {self.name(line)}: {state}: {outcome['error']['message']}")
        else:
            what = outcome.get("file") or f"task {outcome['task']['id']}"
            self.desk.screen.note(one_line(f"line {self.name(line)}: {state} {what}"))

    def show_poll(self, line: str, result: Any) -> None:
        """Show the result of a poll."""
        if self._bar is not None:
            self._bar.update(self._bar.task_ids[0], last=one_line(f"line {self.name(line)}: {result.status}")[:60])

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Show progress."""
        if self.desk.screen.lively and self.headings:
            columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
            self._bar = self.desk.screen.progress(*columns, TextColumn("{task.fields[last]}", markup=False))
            self._bar.add_task("lines", total=sum(self._counts.values()), completed=self._over(), last="")
            self._bar.start()
        try:
            yield
        finally:
            if self._bar is not None:
                self._bar.stop()
                self._bar = None

    def row(self, entry: Entry) -> str:
        """Return a line of the list of lines."""
        error = entry.error or {}
        what = entry.file or (f"task {entry.task}" if entry.task else "")
        problem = f"{error.get('type')}: {error.get('message')}" if error else ""
        return " ".join(filter(None, (self.name(entry.id), entry.state, what, problem)))

    def report(
        self,
        options: Working,
        stopped: Mapping[str, Any],
        *,
        findings: Findings | None = None,
        interrupted: KeyboardInterrupt | None = None,
    ) -> Exit:
        """Show what became of the lines, and how to go on."""
        entries = [entry for entry in self.entries() if entry.state not in {"done", "queued", "held"}]
        codes = [_code(entry) for entry in entries]
        if stopped:
            codes.append(recorded_exit_code(str(stopped.get("type"))))
        if {"waiting", "submitting"} & {entry.state for entry in entries} and not getattr(options, "no_wait", False):
            codes.append(Exit.WAIT_OVER)
        code = exit_code(interrupted) if interrupted else next((each for each in GRAVITY if each in codes), Exit.OK)
        if interrupted:
            running = [f"  line {self.name(each.id)}: task {each.task}" for each in entries if each.state == "waiting"]
            how = f"interrupted by {interrupted}" if isinstance(interrupted, Interrupted) else "interrupted"
            tasks = "; submitted and not finished:" if running else ""
            self.desk.screen.problem("\n".join([how + tasks, *map(one_line, running[:SHOWN])]))
        self._summarize(entries)
        if self.headings and (self.left() or self.lines_in("held")):
            lasting = options.store or not options.sandbox or options.base_url is not None
            going_on = paste([*words_for(options, "resume")], "").removesuffix(" ''") + store_option(options)
            self.desk.screen.problem(f"go on with: {going_on}" if lasting else "the sandbox has ended")
        unlisted = findings.unlisted if findings else ()
        document = {
            "exit": code.value,
            "store": self.store.place,
            "counts": self.counts(),
            "lines": [entry.document() for entry in entries],
            "unlisted_fields": [field.document() for field in unlisted],
            "error": dict(stopped) or None,
        }
        files = (str(entry.file) for entry in self.entries() if entry.state == "done")
        self.desk.screen.result(files, document)
        return code

    def _summarize(self, entries: Iterable[Entry]) -> None:
        """Show how many lines are in each state, and name those that need somebody."""
        counts = {state: count for state, count in self.counts().items() if count}
        if not counts:
            return
        show = self.desk.screen.note if set(counts) == {"done"} else self.desk.screen.problem
        show(", ".join(f"{count} {state}" for state, count in counts.items()))
        for state in ("failed", "undelivered", "refused", "unknown", "on_disk", "broken"):
            names = [self.name(entry.id) for entry in entries if entry.state == state]
            if names:
                more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
                self.desk.screen.problem(f"{state}: line{'s' * (len(names) > 1)} {', '.join(names[:SHOWN])}{more}")
                if state in _WAYS_OUT:
                    self.desk.screen.problem(f"  {_WAYS_OUT[state]}")


def store_option(options: Storing | Working) -> str:
    """Return the option that names the store in a command to be pasted, without one that holds a password."""
    has_password = re.search(r"//[^/@]*:[^/@]*@", options.store or "")
    return f" --store {shlex.quote(options.store)}" if options.store and not has_password else ""


def _code(entry: Entry) -> Exit:
    if entry.state in _CODES:
        return _CODES[entry.state]
    return recorded_exit_code(str(entry.error["type"])) if entry.error else Exit.OK


_WAYS_OUT: Final = {
    "unknown": "each may have been accepted and billed; look at the account's tasks or ask the vendor's support, then"
    f" {PROGRAM} settle LINE --task ID, or --nothing. They are not sent again",
    "on_disk": "was the store restored from a backup? To submit such a line anyway, move its file away, then"
    f" {PROGRAM} settle LINE --nothing",
    "undelivered": f"to wait and download once more: {PROGRAM} retry-download",
}
