"""Wait for a task: one engine, driven by a waiter's data, that knows no state and no field by name."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Final, TypeAlias

from attrs import define, evolve, field, frozen

from ._answers import STATUS, Reader, Unreadable, output_urls, retry_after, status_error, task_result
from ._api import LOGGER
from ._calls import ANSWER_LIMIT, RESULT_LIMIT
from ._errors import (
    ApiError,
    ConnectionFailed,
    NotFound,
    PollContradicted,
    ProtocolError,
    ServerError,
    TaskCancelled,
    TaskEnded,
    TaskFailed,
    TaskOutputMissing,
    TaskTimedOut,
    WaitTimeout,
)
from ._exchange import Answer, Core, Failed, Now, Random, Request, Send, Sleep, Tell, Wall
from ._waiter import TaskResult, Verdict

_log = logging.getLogger(LOGGER)

LAST_LOOK: Final = 0.8
"""Seconds past the deadline within which the look taken at the deadline has to be answered."""

FAULT_BUDGET: Final = 600.0
"""Seconds of nothing but faults after which a wait gives up: the task costs money, an outage ends."""

MISSING_POLLS: Final = 3
"""404s in a row that end a wait, once they have gone on for the waiter's grace; fewer are a replica that lags."""

_TRANSIENT: Final = frozenset({408, 425, 429})
_ENDS: Final[dict[Verdict, type[TaskEnded]]] = {
    "failure": TaskFailed,
    "cancelled": TaskCancelled,
    "timeout": TaskTimedOut,
}

OnPoll: TypeAlias = Callable[[TaskResult], Awaitable[None] | None]


@frozen(eq=False)
class Polling:
    """How to look at one task."""

    task_id: str
    request: Request
    reader: Reader
    timeout: float
    result: Callable[[Answer], Request] | None = None
    """Make the request for the result of a task that ended well, where another operation returns it."""

    @property
    def name(self) -> str:
        """The task as it is called in messages."""
        return f"{self.reader.waiter.name} {self.reader.redact(self.task_id, limit=200)}"

    @property
    def resume(self) -> str:
        """What to do to go on with the task."""
        return f"the task is still running; go on with client.task({self.task_id!r}), which costs nothing"


@frozen(eq=False)
class Fault:
    """A poll that returned no task state."""

    error: ApiError
    transient: bool
    not_found: bool = False
    wait: float | None = None


def poll_once(polling: Polling) -> Core[TaskResult]:
    """Look at the task once.

    Raises:
        ApiError: The poll returned no task state.
    """
    seen = yield from _look(polling, polling.timeout)
    if isinstance(seen, Fault):
        raise seen.error
    return seen


def _look(polling: Polling, timeout: float) -> Core[TaskResult | Fault]:
    seen = yield from _poll(polling, polling.request, timeout)
    if isinstance(seen, Fault):
        return seen
    answer, wait = seen
    found = read_look(polling, answer, wait)
    if polling.result is None or isinstance(found, Fault) or not found.succeeded:
        return found
    request = polling.result(answer)
    if polling.reader.waiter.result_is_file:
        return evolve(found, urls=(request.url,))
    seen = yield from _poll(polling, request, timeout)
    if isinstance(seen, Fault):
        return seen
    answer, wait = seen
    document = polling.reader.document(answer)
    if isinstance(document, Unreadable) or not 200 <= answer.status < 300:
        return _fault(polling, answer, wait)
    return evolve(found, urls=output_urls(answer, document, polling.reader), raw=document)


def _poll(polling: Polling, request: Request, timeout: float) -> Core[tuple[Answer, float | None] | Fault]:
    """Return an answer and how long the server asks to wait."""
    waiter = polling.reader.waiter
    limit = RESULT_LIMIT if waiter.inlined or waiter.state == STATUS else ANSWER_LIMIT
    outcome = yield from Send(request, timeout, limit)
    if isinstance(outcome, Failed):
        error = ConnectionFailed(
            f"no answer about {polling.name}: {polling.reader.show(outcome.detail)}", way_out=polling.resume
        )
        return Fault(error, transient=not outcome.refused)
    return outcome, retry_after(outcome.headers, (yield from Wall()))


def read_look(polling: Polling, answer: Answer, wait: float | None) -> TaskResult | Fault:
    """Return what an answer says about the task, or what is wrong with the answer."""
    reader = polling.reader
    by_status = reader.waiter.state == STATUS and str(answer.status) in reader.waiter.acceptors
    if by_status or 200 <= answer.status < 300:
        found = task_result(polling.task_id, answer, reader.document(answer), reader)
        if isinstance(found, TaskResult):
            return found
        return _fault(polling, answer, wait, found)
    return _fault(polling, answer, wait)


def _fault(polling: Polling, answer: Answer, wait: float | None, found: Unreadable | None = None) -> Fault:
    """Return what is wrong with an answer."""
    reader = polling.reader
    what = f"looking at {polling.name}"
    if answer.status >= 400:
        error = status_error(what, answer, reader, wait=wait)
        if isinstance(error, ServerError):
            error.way_out = polling.resume
        elif isinstance(error, NotFound):
            error.way_out = "check the task id, and that the token belongs to the account that submitted it"
        transient = answer.status >= 500 or answer.status in _TRANSIENT
        return Fault(error, transient, not_found=answer.status == 404, wait=wait)
    document = reader.document(answer)
    if not 200 <= answer.status < 300:
        found = Unreadable("it is neither a success nor an error, and redirects are not followed")
    elif found is None:
        found = document if isinstance(document, Unreadable) else Unreadable("it holds no result")
    kind = PollContradicted if found.is_error else ProtocolError
    unread = kind(
        f"{what} was answered with HTTP {answer.status}, which cannot be read: {found.reason}",
        status=answer.status,
        trace_id=reader.trace(answer, document),
        vendor_message=reader.message(document),
        way_out=polling.resume,
    )
    return Fault(unread, transient=True)


@define(eq=False)
class _Wait:
    """The state of one wait."""

    polling: Polling
    started: float
    deadline: float
    bound: float
    polls: int = 0
    last: TaskResult | None = None
    fault: Fault | None = None
    failing_since: float | None = None
    missing: int = 0
    missing_since: float | None = None
    warned: set[str] = field(factory=set)

    def note_fault(self, fault: Fault, now: float) -> None:
        """Note a fault, or raise it where waiting on is of no use."""
        self.fault = fault
        fault.error.task_id = self.polling.task_id
        if self.failing_since is None:
            self.failing_since = now
        if fault.not_found:
            # One 404 is no proof, early or late: a task may not be visible yet, or one of several servers may not know
            # it. Other faults between two 404s change nothing, as they say nothing about the task.
            self.missing += 1
            if self.missing_since is None:
                self.missing_since = now
            grace = self.polling.reader.waiter.not_found_grace
            is_over = self.missing >= MISSING_POLLS and now - self.missing_since >= grace
        else:
            is_over = not fault.transient or now - self.failing_since >= FAULT_BUDGET
        if is_over:
            raise fault.error
        _log.info("%s: %s", self.polling.name, fault.error.message)

    def note_answer(self, result: TaskResult) -> None:
        """Note an answer, and raise if it is an end without a result."""
        self.last, self.fault, self.failing_since = result, None, None
        self.missing, self.missing_since = 0, None
        if result.verdict == "unknown" and result.status not in self.warned:
            self.warned.add(result.status)
            shown = self.polling.reader.state(result.status)
            _log.warning("%s is in a state this version does not know, %r; waiting on", self.polling.name, shown)
        if result.verdict in _ENDS:
            raise self.end_error(
                _ENDS[result.verdict], f'ended as "{self.polling.reader.state(result.status)}"', result
            )
        if result.succeeded and self.polling.reader.waiter.makes_files and not result.urls:
            raise self.end_error(TaskOutputMissing, "succeeded, but its answer names no usable URL", result)

    def end_error(self, kind: type[TaskEnded], how: str, result: TaskResult) -> TaskEnded:
        """Return the error for a task that ended without a result."""
        show = self.polling.reader.show
        message = f"{self.polling.name} {how} after {self._count_polls()}"
        if result.error_code is not None:
            message += f", code {show(str(result.error_code), limit=100)}"
        vendor_message = None if result.error_message is None else show(result.error_message)
        if vendor_message is not None:
            message += f": {vendor_message}"
        return kind(message, result=result, trace_id=result.trace_id, vendor_message=vendor_message)

    def _count_polls(self) -> str:
        return f"{self.polls} poll{'s' * (self.polls != 1)}"

    def timeout_error(self, now: float, wait: float | None) -> WaitTimeout:
        """Return the error for a wait that is over."""
        message = f"stopped waiting for {self.polling.name} after {now - self.started:.1f} s ({self._count_polls()})"
        if self.last is not None:
            message += f'; last seen as "{self.polling.reader.state(self.last.status)}"'
        if self.fault is not None:
            message += f"; the last poll failed: {self.fault.error.message}"
        if wait is not None:
            message += "; the server does not want to be asked again before the deadline"
        return WaitTimeout(
            message,
            last=self.last,
            retry_after=wait,
            fault=None if self.fault is None else self.fault.error,
            trace_id=None if self.last is None else self.last.trace_id,
            way_out=self.polling.resume,
        )


def wait_for_end(polling: Polling, *, timeout: float, on_poll: OnPoll | None, fresh: bool) -> Core[TaskResult]:
    """Look at the task until it has ended well.

    Args:
        polling: How to look.
        timeout: Seconds after which to stop; a last look is taken at that moment.
        on_poll: Called with every answer that could be read.
        fresh: The task was submitted just now, so the first look can wait a little, as all others do.

    Raises:
        TaskEnded: It ended without a result.
        WaitTimeout: It has not ended in time.
        ApiError: Looking is refused, or has failed for long.
    """
    waiter = polling.reader.waiter
    now = yield from Now()
    wait = _Wait(polling, now, now + timeout, waiter.first)
    if fresh:
        yield from _pause(wait, now, None)
    while True:
        now = yield from Now()
        seen = yield from _look(polling, min(polling.timeout, max(wait.deadline - now, 0.0) + LAST_LOOK))
        wait.polls += 1
        asked: float | None = None
        if isinstance(seen, TaskResult):
            if on_poll is not None:
                yield from Tell(on_poll, seen)
            wait.note_answer(seen)
            if seen.succeeded:
                return seen
        now = yield from Now()
        if isinstance(seen, Fault):
            wait.note_fault(seen, now)
            asked = seen.wait
        if now >= wait.deadline:
            raise wait.timeout_error(now, None)
        if asked is not None and now + asked > wait.deadline:
            raise wait.timeout_error(now, asked)
        yield from _pause(wait, now, asked)


def _pause(wait: _Wait, now: float, asked: float | None) -> Core[None]:
    """Sleep a share of the bound (full jitter), but never less than asked nor past the deadline."""
    waiter = wait.polling.reader.waiter
    share = yield from Random()
    yield from Sleep(min(max(share * wait.bound, asked or 0.0), max(wait.deadline - now, 0.0)))
    wait.bound = min(wait.bound * waiter.factor, waiter.max)
