"""Carry the lines of a batch through: submit at most once, wait, download; so many at a time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final, Protocol

from attrs import define, field, frozen

from ._exits import Exit, exit_code
from ._interrupts import Paced, Stopped
from ._journal import NEW, Entry, Journal
from ._lines import Line
from ._package import AsyncTask, ConfigurationError, TaskResult, errors

UNKNOWN_IN_A_ROW: Final = 3
"""Submits in a row whose outcome is unknown, after which no further one is sent: each may have been billed."""

_ABOUT_THE_LINE: Final = (errors.RequestRefused, errors.BadRequest, errors.ConfigurationError)
"""Refusals that say nothing about the next line."""

OPEN: Final = frozenset({NEW, "unsent"})
"""States of which it is certain that nothing was started."""

Start = Callable[[dict[str, Any]], Awaitable[AsyncTask]]


class Audience(Protocol):
    """Who is told how it goes."""

    def event(self, line: Line, entry: Entry, error: BaseException | None) -> None:
        """Be told what became of a line."""
        ...

    def polled(self, line: Line, result: TaskResult) -> None:
        """Be told how a task is doing."""
        ...

    def problem(self, text: str) -> None:
        """Be told what has to be known whatever else happens."""
        ...


@frozen
class Plan:
    """What a batch does with its lines.

    Attributes:
        directory: Where files go.
        concurrency: Lines under way at a time.
        waits: Whether to wait and download, or to submit alone.
        timeout: Seconds to wait for each task; None as the API says.
    """

    directory: Path
    concurrency: int
    waits: bool
    timeout: float | None


@define
class Batch:
    """The lines of one file, on their way.

    Attributes:
        plan: What to do with them.
        journal: Where everything is written down first.
        audience: Who is told.
        clock: Whose pauses end when the batch does.
        reopened: Refused lines that may be tried again.
        failures: Errors of lines whose state does not tell them, by line.
        halted: Why no further line is submitted, if so.
    """

    plan: Plan
    journal: Journal
    audience: Audience
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
        """Carry every line as far as it goes.

        Args:
            lines: All lines of the file.
            start: Submits one body.
            handle: Returns a task's handle from its id.

        Raises:
            CancelledError: Broken off; what was being submitted has been heard of, and written down.
            ConfigurationError: The journal cannot be written.
        """
        self._park(lines)
        # Those that cost money already come first.
        waiting = sorted(lines, key=lambda line: self.state(line).state != "submitted")
        slots = asyncio.Semaphore(self.plan.concurrency)
        try:
            async with self._hearing_out(), asyncio.TaskGroup() as group:
                for line in waiting:
                    if self.is_over(line):
                        continue
                    await slots.acquire()
                    group.create_task(self._carry(line, start, handle)).add_done_callback(lambda _: slots.release())
        except BaseExceptionGroup as several:
            raise several.exceptions[0] from None

    def _park(self, lines: tuple[Line, ...]) -> None:
        """A submit that an earlier process did not live to hear of is unknown for ever."""
        for line in lines:
            if self.state(line).state == "intent":
                self.journal.note(line.number, "unknown", error="Interrupted")

    def is_over(self, line: Line) -> bool:
        """Tell whether nothing is left to do for a line, or nothing that may be done now."""
        state = self.state(line).state
        if state == "submitted":
            return not self.plan.waits
        is_open = state in OPEN or (state == "refused" and line.number in self.reopened)
        return not is_open or self.halted is not None

    @asynccontextmanager
    async def _hearing_out(self) -> AsyncIterator[None]:
        """Let submits that are under way end by themselves, whatever breaks the rest off."""
        try:
            yield
        finally:
            self.clock.stop()
            if left := set(self._submitting):
                self.audience.problem(f"waiting for the answers to {len(left)} submits, which name their tasks")
                await asyncio.wait(left)

    async def _carry(self, line: Line, start: Start, handle: Callable[[str], AsyncTask]) -> None:
        if self.state(line).state != "submitted":
            if self.halted is not None:
                return
            submit = asyncio.ensure_future(self._submit(line, start))
            self._submitting.add(submit)
            submit.add_done_callback(self._heard)
            await asyncio.shield(submit)
        if self.plan.waits and self.state(line).state == "submitted":
            await self._follow(line, handle(str(self.state(line).task)))

    def _heard(self, submit: asyncio.Task[None]) -> None:
        self._submitting.discard(submit)
        if not submit.cancelled():
            # Looked at, so that asyncio does not report it a second time where nobody waits for it any more.
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
        except (errors.ApiError, Stopped) as error:
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
                on_poll=lambda result: self.audience.polled(line, result),
            )
        except errors.TaskEnded as error:
            self._note(line, "ended", error=error)
        except errors.ApiError as error:
            # The task goes on: its state stays "submitted", and a later run comes back to it.
            self.failures[line.number] = error
            self.audience.event(line, self.state(line), error)
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
            # At once: of several that end so, only one is reported in the end.
            self.audience.problem(f"line {line.number} is {state}{task}, which the journal does not say")
            raise ConfigurationError(
                f"{self.journal.path}: the journal cannot be written: {broken.strerror}",
                way_out="nothing further is sent; make room, then go on with the same journal",
            ) from None
        self.audience.event(line, self.state(line), error)
