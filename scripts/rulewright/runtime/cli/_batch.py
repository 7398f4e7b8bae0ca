"""Process the lines of a batch: submit each at most once, wait, download; a limited number at a time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final, Protocol

from attrs import define, field, frozen

from .. import _errors as errors
from .._errors import ConfigurationError
from .._result import TaskResult
from .._tasks import AsyncTask
from ._exits import Exit, exit_code
from ._journal import NEW, Entry, Journal
from ._requests import Line
from ._signals import Paced, Stopped

UNKNOWN_IN_A_ROW: Final = 3
"""Submits in a row whose outcome is unknown, after which no further one is sent: each may have been billed."""

_ABOUT_THE_LINE: Final = (errors.RequestRefused, errors.BadRequest, errors.ConfigurationError)
"""Refusals of one line that do not concern the next."""

OPEN: Final = frozenset({NEW, "unsent"})
"""States of which it is certain that nothing was started."""

Start = Callable[[dict[str, Any]], Awaitable[AsyncTask]]


class Progress(Protocol):
    """Shows how a batch is going."""

    def event(self, line: Line, entry: Entry, error: BaseException | None) -> None:
        """Show a line's new state."""
        ...

    def polled(self, line: Line, result: TaskResult) -> None:
        """Show the result of a poll."""
        ...

    def problem(self, text: str) -> None:
        """Show a message that is shown in any case."""
        ...


@frozen
class Plan:
    """What a batch does with its lines.

    Attributes:
        directory: Where files go.
        concurrency: Lines processed at a time.
        waits: Whether to wait and download, or only to submit.
        timeout: Seconds to wait for each task; None as the API says.
    """

    directory: Path
    concurrency: int
    waits: bool
    timeout: float | None


@define
class Batch:
    """The lines of one file, and what became of each.

    Attributes:
        plan: What to do with them.
        journal: Where each state is recorded before it matters.
        progress: Shows how it goes.
        clock: Its pauses end when the batch does.
        reopened: Refused lines that may be tried again.
        failures: The errors of this run, by line.
        halted: Why no further line is submitted, if so.
    """

    plan: Plan
    journal: Journal
    progress: Progress
    clock: Paced
    reopened: frozenset[int] = frozenset()
    failures: dict[int, BaseException] = field(factory=dict)
    halted: BaseException | None = None
    _unknown: int = field(default=0, init=False)
    _submitting: set[asyncio.Task[None]] = field(factory=set, init=False)

    def state(self, line: Line) -> Entry:
        """Return what is known of a line."""
        return self.journal.entries.get(line.number, Entry())

    async def run(self, lines: tuple[Line, ...], start: Start, handle: Callable[[str], AsyncTask]) -> None:
        """Process every line.

        Args:
            lines: All lines of the file.
            start: Submits one body.
            handle: Returns a task's handle from its id.

        Raises:
            CancelledError: Cancelled; the answers to the submits under way were awaited and recorded.
            ConfigurationError: The journal cannot be written.
        """
        self._park(lines)
        # Those that cost money already come first.
        waiting = sorted(lines, key=lambda line: self.state(line).state != "submitted")
        slots = asyncio.Semaphore(self.plan.concurrency)
        try:
            async with self._all_answered(), asyncio.TaskGroup() as group:
                for line in waiting:
                    if self.is_over(line):
                        continue
                    await slots.acquire()
                    group.create_task(self._process(line, start, handle)).add_done_callback(lambda _: slots.release())
        except BaseExceptionGroup as several:
            raise several.exceptions[0] from None

    def _park(self, lines: tuple[Line, ...]) -> None:
        """Record a submit whose answer an earlier process did not live to read as unknown for ever."""
        for line in lines:
            if self.state(line).state == "intent":
                self.journal.note(line.number, "unknown", error="Interrupted")

    def is_over(self, line: Line) -> bool:
        """Return whether nothing is left to do for a line, or nothing that may be done now."""
        if self.state(line).state == "submitted":
            return not self.plan.waits
        return not self.is_open(line) or self.halted is not None

    def is_open(self, line: Line) -> bool:
        """Return whether a line may be submitted: it is certain that nothing was started for it."""
        state = self.state(line).state
        return state in OPEN or (state == "refused" and line.number in self.reopened)

    @asynccontextmanager
    async def _all_answered(self) -> AsyncIterator[None]:
        """Await the answers to the submits under way, whatever ends the batch: each may name a paid task."""
        try:
            yield
        finally:
            self.clock.stop()
            if left := set(self._submitting):
                several = "s" * (len(left) > 1)
                self.progress.problem(
                    f"waiting for the answer{several} to {len(left)} submit{several}, which name the task{several};"
                    f" a second Ctrl-C gives up without the id{several}"
                )
                await asyncio.wait(left)

    async def _process(self, line: Line, start: Start, handle: Callable[[str], AsyncTask]) -> None:
        if self.state(line).state != "submitted":
            if self.halted is not None:
                return
            submit = asyncio.ensure_future(self._submit(line, start))
            self._submitting.add(submit)
            submit.add_done_callback(self._answered)
            await asyncio.shield(submit)
        if self.plan.waits and self.state(line).state == "submitted":
            await self._follow(line, handle(str(self.state(line).task)))

    def _answered(self, submit: asyncio.Task[None]) -> None:
        self._submitting.discard(submit)
        if not submit.cancelled():
            # Retrieved, so that asyncio does not log it again once nobody awaits it any more.
            submit.exception()

    async def _submit(self, line: Line, start: Start) -> None:
        self._note(line, "intent", body=line.fingerprint)
        try:
            task = await start(line.body)
        except errors.SubmitOutcomeUnknown as error:
            self._unknown += 1
            self._note(line, "unknown", error=error)
            if self._unknown >= UNKNOWN_IN_A_ROW:
                self.halted = self.halted or error
        except _ABOUT_THE_LINE as error:
            self._note(line, "refused", error=error)
        except Stopped:
            self._note(line, "unsent")
        except errors.ApiError as error:
            self._note(line, "unsent", error=error)
            self.halted = self.halted or error
        else:
            self._unknown = 0
            self._note(line, "submitted", task=task.id)

    async def _follow(self, line: Line, task: AsyncTask) -> None:
        try:
            await task.download(
                self.plan.directory / line.output,
                timeout=self.plan.timeout,
                on_poll=lambda result: self.progress.polled(line, result),
            )
        except errors.TaskEnded as error:
            self._note(line, "ended", error=error)
        except errors.ApiError as error:
            # The task is still running: its state stays "submitted", and a later run resumes it.
            self.failures[line.number] = error
            self.progress.event(line, self.state(line), error)
            if exit_code(error) is Exit.ACCOUNT:
                self.halted = self.halted or error
        else:
            self._note(line, "done", file=line.output)

    def _note(self, line: Line, state: str, *, error: BaseException | None = None, **known: str) -> None:
        name = None if error is None else type(error).__name__
        if error is not None:
            self.failures[line.number] = error
        try:
            self.journal.note(line.number, state, error=name, **known)
        except OSError as broken:
            task = f": task {known['task']}" if "task" in known else ""
            # Shown now: of several such errors only one is reported at the end.
            self.progress.problem(f"line {line.number} is {state}{task}, and the journal does not have it")
            raise ConfigurationError(
                f"{self.journal.path}: the journal cannot be written: {broken.strerror}",
                way_out="nothing further is sent; make room, then go on with the same journal",
            ) from None
        self.progress.event(line, self.state(line), error)
