"""Tasks: submit one, poll it, wait for it, download its files; and the handles that a submit returns."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Collection, Generator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final, Generic, NoReturn, Protocol, Self, TypeVar

from attrs import field, frozen

from ._answers import Reader, find_submitted_id, usable_id, value_at
from ._api import OPERATIONS, POLL_ARGUMENTS, SUBMITS, TASKS, WAITERS
from ._calls import ATTEMPTS, log_interruption, send_request
from ._downloading import download_to
from ._errors import ApiError, ConfigurationError, ProtocolError, TaskOutputMissing
from ._exchange import Answer, Core, Disk, DiskFailed, Effect, Request, Tell
from ._files import checked_target
from ._operation import Operation
from ._request import credentials, prepare, request
from ._secrets import NOTHING, PrivateTexts, printable
from ._settings import Settings, positive_seconds
from ._values import to_json
from ._waiter import TaskResult, Waiter
from ._waiting import OnPoll, Polling, poll_once, wait_for_end

R = TypeVar("R")
H = TypeVar("H")
C = TypeVar("C")

_OF_POLL: Final = "$request."
"""What a result takes from the poll: its argument of this name."""

_NO_HANDLE: Final = 'a task handle is JSON like {"task": "...", "operation": "..."}, got something else'


@frozen
class TaskKey:
    """Which task it is and how to ask about it."""

    id: str
    operation: str
    arguments: tuple[tuple[str, Any], ...] = ()
    """What the poll takes beside the id, by keyword."""
    submit: str = field(default="", eq=False)
    """The operation that started it, if that is known."""
    private: PrivateTexts = field(default=NOTHING, repr=False, eq=False)
    """Texts of the submit that errors of the task do not repeat; unknown for a task of another process."""

    @property
    def waiter(self) -> Waiter:
        """How to wait for it."""
        return TASKS.get(self.submit) or WAITERS[self.operation]

    def data(self) -> dict[str, Any]:
        """Return it as JSON: all that is needed to ask for it in another process, and nothing secret."""
        operation = self.submit if self.submit in TASKS else self.operation
        arguments = {name: to_json(value) for name, value in self.arguments}
        return {"task": self.id, "operation": operation, **({"arguments": arguments} if arguments else {})}


def key(task_id: str, operation: str | None = None, arguments: Mapping[str, Any] | None = None) -> TaskKey:
    """Return the key of a task.

    Raises:
        ConfigurationError: The id cannot be one, or it is not clear which operation tells about it.
    """
    if not isinstance(task_id, str) or not usable_id(task_id):
        raise ConfigurationError(f"a task id is a text as the submit returned it, got {printable(repr(task_id))[:200]}")
    submit = ""
    if operation is None and len(WAITERS) == 1:
        operation = next(iter(WAITERS))
    elif isinstance(operation, str) and operation in SUBMITS:
        submit, operation = operation, SUBMITS[operation]
    if not isinstance(operation, str) or operation not in WAITERS:
        raise ConfigurationError(
            f"operation must be one of {', '.join(sorted(WAITERS))}, got {printable(repr(operation))[:200]}"
        )
    submits = [submit for submit, poll in SUBMITS.items() if poll == operation]
    taken = {name for each in submits for name in POLL_ARGUMENTS.get(each, {})}
    missing = sorted(taken - set(arguments or {}))
    if missing:
        raise ConfigurationError(f"to ask about a task, {operation} also needs {', '.join(missing)}")
    return TaskKey(task_id, operation, tuple((arguments or {}).items()), submit)


def poll_of(settings: Settings, task: TaskKey) -> Polling:
    """Return how to look at a task."""
    waiter, operation = task.waiter, OPERATIONS[task.operation]
    asked: Any = task.id
    if waiter.member:
        # A body that holds the id, not a parameter.
        asked = int(task.id) if waiter.numeric and task.id.isdecimal() else task.id
        for each in reversed(waiter.member):
            asked = {each: asked}
        asked = {**waiter.constants, **asked}
    arguments = {**dict(task.arguments), waiter.argument: asked}
    sent, _ = request(settings, operation, **arguments)
    reader = Reader(waiter, settings.redact, task.private, sent.url)

    def result(answer: Answer) -> Request:
        document = reader.document(answer)
        given = {f"{_OF_POLL}{name}": value for name, value in {**arguments, waiter.argument: task.id}.items()}
        found = {
            name: given[place] if place in given else value_at(answer, document, place)
            for name, place in waiter.result_from.items()
        }
        missing = [name for name, value in found.items() if not isinstance(value, str | int)]
        try:
            if not missing:
                return request(settings, OPERATIONS[waiter.result], **found)[0]
            why = f"it does not name {missing[0]}"
        except ConfigurationError as error:
            why = error.message
        raise ProtocolError(f"the answer about {waiter.name} {task.id} does not lead to its result: {why}")

    return Polling(task.id, sent, reader, settings.timeout, result if waiter.result else None)


def start_task(
    settings: Settings,
    operation: Operation[..., Any],
    arguments: Mapping[str, Any],
    *,
    waive: Collection[str],
    strict: bool | None,
    handle: Callable[[TaskKey], H],
    on_submitted: Callable[[H], Any] | None,
    attempts: int = ATTEMPTS,
) -> Core[H]:
    """Check a request against the rules, submit it, and return the task's handle.

    Raises:
        RequestRefused: It breaks a rule; nothing was sent.
        ConfigurationError: The operation starts no task.
        ApiError: See `sending`.
    """
    call = prepare(settings, operation, arguments, waive=waive, strict=strict, attempts=attempts)
    if not operation.poll:
        raise ConfigurationError(f"{operation.id} starts no task that a waiter knows; nothing was sent")
    answer = yield from send_request(call)
    task_id = str(find_submitted_id(answer, call.reader.document(answer), call.reader))
    pairs = POLL_ARGUMENTS.get(operation.id, {}).items()
    linked = tuple((name, arguments[source]) for name, source in pairs if source in arguments)
    task = handle(TaskKey(task_id, operation.poll, linked, operation.id, call.reader.private))
    if on_submitted is not None:
        # Nobody has the id yet: a note on a cancellation is lost.
        with log_interruption(_resume(task_id)):
            yield from attach_task_id(task_id, iter(Tell(on_submitted, task)))
    return task


def poll(settings: Settings, task: TaskKey) -> Core[TaskResult]:
    """Poll a task once."""
    return (yield from attach_task_id(task.id, poll_once(poll_of(settings, task))))


def wait(
    settings: Settings, task: TaskKey, timeout: float | None, on_poll: OnPoll | None, *, fresh: bool
) -> Core[TaskResult]:
    """Wait for a task."""
    longest = task.waiter.deadline
    seconds = longest if timeout is None else positive_seconds("timeout", timeout, zero=True)

    def whole() -> Core[TaskResult]:
        # Built when the call's turn has come: thousands may begin at one moment.
        plan = poll_of(settings, task)
        return (yield from wait_for_end(plan, timeout=seconds, on_poll=on_poll, fresh=fresh))

    return attach_task_id(task.id, whole())


def download(
    settings: Settings,
    task: TaskKey,
    path: str | os.PathLike[str],
    index: int,
    *,
    timeout: float | None,
    on_poll: OnPoll | None,
    fresh: bool,
) -> Core[Path]:
    """Wait for a task and download one of its files."""
    if isinstance(index, bool) or not isinstance(index, int) or index < 0:
        raise ConfigurationError(f"index counts a task's files from 0, got {printable(repr(index))[:100]}")

    def ask(result: TaskResult) -> Request:
        if not result.urls:
            raise TaskOutputMissing(f"task {result.id} names no usable URL", result=result, trace_id=result.trace_id)
        if index >= (count := len(result.urls)):
            raise ConfigurationError(f"the task made {count} file{'s' * (count > 1)}; there is none with index {index}")
        url = result.urls[index]
        if not task.waiter.result_is_file:
            return Request("GET", url)
        operation = OPERATIONS[task.waiter.result]
        return Request("GET", url, {"Accept": operation.accept}, None, credentials(settings, operation))

    def renew() -> Core[Request]:
        return ask((yield from poll(settings, task)))

    def whole() -> Core[Path]:
        # First of all, so that a misspelt path does not show after half an hour of waiting.
        target = yield from Disk(partial(checked_target, path), brief=True)
        if isinstance(target, DiskFailed):
            raise ConfigurationError(f"cannot write to {printable(str(path))}: {target.detail}")
        result = yield from wait(settings, task, timeout, on_poll, fresh=fresh)
        return (yield from download_to(ask(result), target, settings.policy, settings.redact, renew))

    return attach_task_id(task.id, whole())


def attach_task_id(task_id: str, core: Generator[Effect[Any], Any, R]) -> Core[R]:
    """Attach the task's id to every error raised by `core`: the id is what was paid for."""
    try:
        return (yield from core)
    except GeneratorExit:
        raise
    except ApiError as error:
        if error.task_id is None:
            error.task_id = task_id
        raise
    except BaseException as error:
        error.add_note(_resume(task_id))
        raise


def _resume(task_id: str) -> str:
    return f"task {printable(task_id)} is still running; go on with client.task({task_id!r})"


class Runner(Protocol):
    """A client that blocks, as its tasks use it."""

    settings: Settings

    def run(self, core: Core[R]) -> R:
        """Carry out an operation of this module."""
        ...


class AsyncRunner(Protocol):
    """A client on asyncio, as its tasks use it."""

    settings: Settings

    async def run(self, core: Core[R]) -> R:
        """Carry out an operation of this module."""
        ...


class _Handle(Generic[C]):
    """What both kinds of handle have in common."""

    def __init__(self, client: C, task: TaskKey, *, fresh: bool = False) -> None:
        self._client = client
        self._task = task
        self._fresh = fresh

    @property
    def id(self) -> str:
        """The task's id; all that is needed to come back to it."""
        return self._task.id

    def to_json(self) -> str:
        """Return the handle as JSON: the id and how to ask for it, and nothing secret."""
        return json.dumps(self._task.data())

    @classmethod
    def from_json(cls, text: str, client: C) -> Self:
        """Return the handle that `to_json` described.

        Args:
            text: What `to_json` returned.
            client: Whose token asks for it.

        Raises:
            ConfigurationError: The text is something else.
        """
        try:
            read: Any = json.loads(text)
        except (TypeError, ValueError, RecursionError):
            raise ConfigurationError(_NO_HANDLE) from None
        if not isinstance(read, dict) or not isinstance(read.get("operation"), str):
            raise ConfigurationError(_NO_HANDLE)
        arguments = read.get("arguments", {})
        if not isinstance(arguments, dict):
            raise ConfigurationError(_NO_HANDLE)
        # key() checks it
        return cls(client, key(read.get("task"), read["operation"], arguments))  # type: ignore[arg-type]

    def _take_fresh(self) -> bool:
        """Whether this is the first wait after the submit; only that one can do without an immediate look."""
        fresh, self._fresh = self._fresh, False
        return fresh

    def __eq__(self, other: object) -> bool:
        return self._task == other._task if isinstance(other, _Handle) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._task)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._task.id!r})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a task handle is not pickled; keep handle.to_json() or its id")


class Task(_Handle[Runner]):
    """A task of a `Client`."""

    def wait(self, timeout: float | None = None, on_poll: OnPoll | None = None) -> TaskResult:
        """Wait until the task has ended well, and return its result.

        Args:
            timeout: Seconds; a last look is taken at that moment. None: as long as the API's waiter says.
            on_poll: Called with every answer.

        Returns:
            The result; it succeeded and names at least one URL.

        Raises:
            TaskEnded: The task failed, was cancelled, or was given up by the vendor.
            WaitTimeout: It has not ended in time. It goes on; nothing is submitted again.
            ApiError: Asking was refused, or nothing but faults came for long.
        """
        core = wait(self._client.settings, self._task, timeout, on_poll, fresh=self._take_fresh())
        return self._client.run(core)

    def result(self) -> TaskResult:
        """Return the task as it stands now; asks once.

        Raises:
            ApiError: There was no answer, or none that can be read.
        """
        return self._client.run(poll(self._client.settings, self._task))

    def download(
        self,
        path: str | os.PathLike[str],
        index: int = 0,
        timeout: float | None = None,
        on_poll: OnPoll | None = None,
    ) -> Path:
        """Wait for the task if need be, and put a file it made under `path`, whole or not at all.

        Args:
            path: The file to write; an older one is replaced. Its directory has to exist.
            index: Which of several files, counted from 0.
            timeout: Seconds to wait for the task, as in `wait`.
            on_poll: As in `wait`.

        Returns:
            The path written.

        Raises:
            DownloadError: The file could not be fetched; an older one is untouched.
            ConfigurationError: The path cannot be written to, or there is no such file.
            ApiError: As in `wait`.
        """
        fresh = self._take_fresh()
        core = download(self._client.settings, self._task, path, index, timeout=timeout, on_poll=on_poll, fresh=fresh)
        return self._client.run(core)


class AsyncTask(_Handle[AsyncRunner]):
    """A task of an `AsyncClient`: the same names and defaults as `Task`."""

    async def wait(self, timeout: float | None = None, on_poll: OnPoll | None = None) -> TaskResult:
        """Wait until the task has ended well, and return its result; see `Task.wait`."""
        core = wait(self._client.settings, self._task, timeout, on_poll, fresh=self._take_fresh())
        return await self._client.run(core)

    async def result(self) -> TaskResult:
        """Return the task as it stands now; see `Task.result`."""
        return await self._client.run(poll(self._client.settings, self._task))

    async def download(
        self,
        path: str | os.PathLike[str],
        index: int = 0,
        timeout: float | None = None,
        on_poll: OnPoll | None = None,
    ) -> Path:
        """Wait for the task if need be, and put a file it made under `path`; see `Task.download`."""
        fresh = self._take_fresh()
        core = download(self._client.settings, self._task, path, index, timeout=timeout, on_poll=on_poll, fresh=fresh)
        return await self._client.run(core)
