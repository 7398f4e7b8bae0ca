"""A worker: submits the lines of a store, each at most once, waits for their tasks, and downloads the files.

The engine repeats a step whose end it has not recorded. Two steps make a submit at most once. `intend` makes a token,
keeps it in the memory of this process, and returns it, so that it is recorded before anything is sent. `submit` sends
only for a token that is in that memory, and takes it out first. After a crash, an adoption by another worker, or a stop
of this one, the token is not there: an earlier process may have sent the request, and the line is parked as unknown.
"""

from __future__ import annotations

import asyncio
import json
import math
import secrets
import time
from collections.abc import Awaitable, Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Final

from attrs import define, field
from dbos import DBOS, DBOSPortableJSONSerializer
from dbos import error as engine_errors
from sqlalchemy.exc import SQLAlchemyError

from .. import _errors as errors
from .. import _tasks
from .._api import OPERATIONS, POLL_ARGUMENTS, SUBMITS, WAITERS
from .._client import AsyncClient
from .._tasks import AsyncTask
from ._board import Board
from ._command import error_document
from ._lease import Lease
from ._lines import Heading
from ._store import APPLICATION, CONCURRENCY, FOLLOW, SUBMIT, VERSION, Store, describe_follow
from ._tasks import write

UNKNOWN_IN_A_ROW: Final = 3
"""Submits in a row whose outcome is unknown, after which no further one is sent: each may have been billed."""
UNSENT_IN_A_ROW: Final = 5
"""Attempts in a row that did not reach the server, after which no further one is made."""
PAUSE: Final = 30.0
"""Seconds to pause after a 429 that names no time."""
_TICK: Final = 0.5
_ABOUT_THE_LINE: Final = (errors.RequestRefused, errors.BadRequest, errors.ConfigurationError)
"""Refusals of one line that do not concern the next."""

Outcome = dict[str, Any]


@define(eq=False)
class Worker:
    """Works on a store until it is stopped.

    Attributes:
        store: What it works on.
        client: Sends the requests.
        lease: Its sign of life.
        board: Shows what happens.
        directory: Where files go instead of where the submit asked for.
        timeout: Seconds to wait for each task; None as the API says.
    """

    store: Store
    client: AsyncClient
    lease: Lease
    board: Board
    directory: Path | None = None
    timeout: float | None = None
    stopped: Mapping[str, Any] | None = field(default=None, init=False)
    """Why nothing is submitted any more, until somebody resumes."""
    _paused_until: float = field(default=0.0, init=False)
    _draining: bool = field(default=False, init=False)
    _tokens: dict[str, float] = field(factory=dict, init=False)
    _open: set[str] = field(factory=set, init=False)
    _answers: dict[str, Outcome] = field(factory=dict, init=False)
    _allowed: float = field(default=math.inf, init=False)
    _unknown: int = field(default=0, init=False)
    _unsent: int = field(default=0, init=False)
    _changes: int = field(default=0, init=False)
    _changing: int = field(default=0, init=False)
    _beaten: float = field(default=0.0, init=False)

    current: ClassVar[Worker | None] = None
    """The one of this process: the engine calls functions, and knows no objects."""

    async def run(self, is_over: Callable[[], Awaitable[bool]]) -> None:
        """Work until there is nothing left to do, or this is cancelled; then wait for the submits in flight.

        Args:
            is_over: Asked now and then whether to end.
        """
        Worker.current = self
        DBOS(
            config={
                "name": APPLICATION,
                "system_database_engine": self.store.engine,
                "serializer": DBOSPortableJSONSerializer(),
                "application_version": VERSION,
                "executor_id": self.lease.owner,
                "log_level": "CRITICAL",
                # Nothing is notified here; these are the intervals in which its threads see that they shall end.
                "notification_listener_polling_interval_sec": 0.1,
                "notification_coalesce_sec": 0.1,
            }
        )
        DBOS.launch()
        try:
            await self._tick()
            while not await is_over():
                await asyncio.sleep(_TICK)
                await self._tick()
        finally:
            self._draining = True
            # The answer to every submit in flight may name a paid task.
            if self._open:
                several = "s" * (len(self._open) > 1)
                self.board.note(
                    f"waiting for the answer{several} to {len(self._open)} submit{several}, which name the"
                    f" task{several}; a second Ctrl-C gives up without the id{several}"
                )
            while self._open:
                await asyncio.sleep(0.02)
            # What only waits or downloads is ended; the next worker goes on with it.
            others = asyncio.all_tasks() - {asyncio.current_task()}
            for each in others:
                each.cancel()
            await asyncio.gather(*others, return_exceptions=True)
            # In a thread of our own: the engine ends those that it lends.
            with ThreadPoolExecutor(1) as thread:
                await asyncio.get_running_loop().run_in_executor(thread, DBOS.destroy)
            Worker.current = None

    async def _tick(self) -> None:
        """Show a sign of life, adopt what others left, and follow the settings that all workers share."""
        try:
            changes = self._changes
            settings = await asyncio.to_thread(self.store.settings)
            if changes == self._changes and not self._changing:
                # Else it may be older than what was decided here meanwhile.
                self.stopped = settings.get("stopped")
                self._paused_until = float(settings.get("paused_until") or 0.0)
            await self._apply(int(settings.get("concurrency", CONCURRENCY)))
            late = time.time() - self._beaten
            if late < self.lease.seconds / 6:
                return
            await asyncio.to_thread(self.lease.beat)
            # One that was asleep itself cannot judge by the time who else is dead.
            is_first, self._beaten = self._beaten == 0.0, time.time()
            if (is_first or late < self.lease.seconds / 2) and (count := await asyncio.to_thread(self.lease.adopt)):
                self.board.note(f"adopted {count} task{'s' * (count > 1)} of workers that ended")
        except SQLAlchemyError as error:
            self.board.note(f"the store does not answer: {str(error.args[0] if error.args else error).splitlines()[0]}")

    async def _apply(self, concurrency: int) -> None:
        """Let the queue run, or pause it for all workers."""
        await asyncio.to_thread(self.store.set_concurrency, concurrency if self._may_submit() else 0)

    def _may_submit(self) -> bool:
        return self.stopped is None and self.store.now() >= self._paused_until

    async def intend(self, line: str) -> str:
        """Return a new token once a line may be submitted; a process that ends meanwhile has made none."""
        while self._draining or not self._may_submit() or len(self._open) >= self._allowed:
            await asyncio.sleep(_TICK / 5)
        token = secrets.token_hex(8)
        self._tokens[token] = time.time()
        self._open.add(line)
        return token

    async def submit(self, line: str, content: Mapping[str, Any], token: str) -> Outcome:
        """Submit a line, if this process made the token and has not used it yet."""
        made = self._tokens.pop(token, None)
        heading = await asyncio.to_thread(self.store.heading, content["batch"])
        if made is None:
            message = "the worker that was submitting this line ended before it recorded an answer"
            return self._observe(line, {"state": "unknown", "error": {"type": "Interrupted", "message": message}})
        if abs(time.time() - made) > self.lease.seconds / 2:
            # Stopped for so long that another worker may have adopted the line.
            return {"state": "unsent"}
        target = self.target(heading, content)
        if target.exists():
            message = f"{target} is on the disk already, and the store does not know it; nothing was sent"
            return self._observe(line, {"state": "on_disk", "error": {"type": "OnDisk", "message": message}})
        outcome = await self._send(line, heading, content)
        self._answers[token] = outcome
        return outcome

    async def _send(self, line: str, heading: Heading, content: Mapping[str, Any]) -> Outcome:
        operation, parameters = content["operation"], content["parameters"]
        try:
            task = await submit_body(
                self.client, operation, content["body"], parameters, waive=heading.waive, strict=heading.strict
            )
        except errors.SubmitOutcomeUnknown as error:
            self._unknown += 1
            if self._unknown >= UNKNOWN_IN_A_ROW:
                await self._stop(error)
            maybe = {"maybe": error.task_id} if error.task_id else {}
            return self._observe(line, {"state": "unknown", **maybe}, error)
        except _ABOUT_THE_LINE as error:
            return self._observe(line, {"state": "refused"}, error)
        except errors.RateLimited as error:
            # Not all of them again after the pause: half as many in flight, and slowly more.
            self._allowed = max(1.0, min(self._allowed, len(self._open)) / 2)
            await self._pause(error.retry_after or PAUSE, "the API answered 429: too many requests")
        except errors.ConnectionFailed as error:
            self._unsent += 1
            if self._unsent >= UNSENT_IN_A_ROW:
                await self._stop(error)
            else:
                await self._pause(2.0**self._unsent, error.message)
        except errors.ApiError as error:
            await self._stop(error)
        else:
            self._unknown = self._unsent = 0
            self._allowed += 0.1
            key = {"id": task.id, "operation": SUBMITS[operation], "arguments": poll_arguments(operation, parameters)}
            return self._observe(line, {"state": "submitted", "task": key})
        return {"state": "unsent"}

    async def _stop(self, error: errors.ApiError) -> None:
        """Send nothing further, from any worker, until somebody resumes."""
        self._unknown = self._unsent = 0
        if self.stopped is None:
            self.stopped = error_document(error, None)
            await self._change(stopped=dict(self.stopped))

    async def _pause(self, seconds: float, reason: str) -> None:
        """Send nothing from any worker for some time."""
        until = self.store.now() + seconds
        if until > self._paused_until + 1:
            self.board.note(f"{reason}; no worker submits for {seconds:.0f} s")
        if until > self._paused_until:
            self._paused_until = until
            await self._change(paused_until=until)
            await self._apply(0)

    async def _change(self, **settings: Any) -> None:
        self._changing += 1
        try:
            await asyncio.to_thread(lambda: self.store.change(**settings))
        finally:
            self._changing -= 1
            self._changes += 1

    async def follow(self, line: str, content: Mapping[str, Any]) -> Outcome:
        """Wait for a task and download its file; may be repeated."""
        heading = await asyncio.to_thread(self.store.heading, content["batch"])
        target, task = self.target(heading, content), content["task"]
        polled = partial(self.board.show_poll, line)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            handle: AsyncTask = self.client.task(task["id"], task["operation"], **task["arguments"])
            if WAITERS[task["operation"]].makes_files:
                await handle.download(target, timeout=self.timeout, on_poll=polled)
            else:
                result = await handle.wait(self.timeout, polled)
                await asyncio.to_thread(write, target, json.dumps(result.raw).encode())
        except errors.TaskEnded as error:
            return self._observe(line, {"state": "failed"}, error)
        except errors.ApiError as error:
            # The task goes on, or its file can be had again.
            return self._observe(line, {"state": "undelivered"}, error)
        except OSError as error:
            broken = errors.DownloadError(f"{target}: cannot be written: {error.strerror}")
            return self._observe(line, {"state": "undelivered"}, broken)
        return self._observe(line, {"state": "done", "file": str(target)})

    def target(self, heading: Heading, content: Mapping[str, Any]) -> Path:
        """Return the file that a line makes."""
        directory = Path(heading.directory) if self.directory is None else self.directory / heading.batch
        return directory / str(content["output"])

    def _observe(self, line: str, outcome: Outcome, error: errors.ApiError | None = None) -> Outcome:
        if error is not None:
            outcome["error"] = error_document(error, None)
        self.board.observe(line, outcome["state"], error, outcome)
        return outcome

    async def note_submit(self, line: str, content: Mapping[str, Any], outcome: Outcome) -> None:
        """Enqueue the waiting for the task of a submit."""
        await DBOS.enqueue_workflow_with_options_async(*describe_follow(line, content, outcome["task"]))

    async def rescue(self, line: str, content: Mapping[str, Any], token: str) -> None:
        """Keep the task of a submit that was answered after the line had been adopted or cancelled."""
        outcome = self._answers.get(token, {})
        if "task" in outcome:
            await asyncio.to_thread(self.store.follow, line, content, outcome["task"])

    def note_recorded(self, line: str, token: str) -> None:
        """Forget a submit: its outcome is recorded, or never will be."""
        self._open.discard(line)
        self._answers.pop(token, None)


async def submit_body(
    client: AsyncClient,
    operation: str,
    body: dict[str, Any],
    parameters: Mapping[str, Any],
    *,
    waive: Collection[str],
    strict: bool,
) -> AsyncTask:
    """Submit a body given as JSON, in one attempt: the worker decides on another.

    Raises:
        ApiError: As any method that submits.
    """
    core = _tasks.start_task(
        client.settings,
        OPERATIONS[operation],
        {"body": body, **parameters},
        waive=waive,
        strict=strict,
        handle=lambda key: AsyncTask(client, key, fresh=True),
        on_submitted=None,
        attempts=1,
    )
    return await client.run(core)


def poll_arguments(operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the poll of a task takes from the parameters of its submit."""
    pairs = POLL_ARGUMENTS.get(operation, {}).items()
    return {name: parameters[source] for name, source in pairs if source in parameters}


def _worker() -> Worker:
    if Worker.current is None:
        raise RuntimeError("no worker runs in this process")
    return Worker.current


@DBOS.workflow(name=SUBMIT)
async def _submit(content: dict[str, Any]) -> Outcome:
    """Submit one line; what provably never left is tried again, with a new token."""
    worker, line = _worker(), str(DBOS.workflow_id)
    while True:
        token = ""
        try:
            token = await DBOS.run_step_async({"name": "intend"}, worker.intend, line)
            outcome = await DBOS.run_step_async({"name": "submit"}, worker.submit, line, content, token)
            if outcome["state"] == "submitted":
                await worker.note_submit(line, content, outcome)
        except (engine_errors.DBOSWorkflowConflictIDError, engine_errors.DBOSWorkflowCancelledError):
            await worker.rescue(line, content, token)
            raise
        finally:
            worker.note_recorded(line, token)
        if outcome["state"] != "unsent":
            return outcome


@DBOS.workflow(name=FOLLOW)
async def _follow(content: dict[str, Any]) -> Outcome:
    """Wait for one task and download its file."""
    line = str(DBOS.workflow_id).removesuffix(":file")
    return await DBOS.run_step_async({"name": "download"}, _worker().follow, line, content)
