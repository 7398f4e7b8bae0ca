"""Put the decision cores together for one client: submit, look, wait and download."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Collection, Generator, Iterator, Mapping
from functools import cache, partial
from pathlib import Path
from types import FrameType
from typing import Any, Final, TypeVar, get_args

from attrs import field, frozen

from ._answers import Reader, find_submitted_id, usable_id, value_at
from ._api import MODELS, OPERATIONS, POLL_ARGUMENTS, SUBMITS, TASKS, WAITERS, validate_request
from ._calls import ATTEMPTS, Call, logged_if_interrupted, send_request
from ._downloading import download_to
from ._errors import ApiError, ConfigurationError, ProtocolError, RequestRefused, TaskOutputMissing
from ._exchange import Answer, Core, Disk, DiskFailed, Effect, Request, Tell
from ._files import checked_target
from ._operation import Operation
from ._request import base_of, credentials, request
from ._secrets import NOTHING, PrivateTexts, printable
from ._settings import Settings, positive_seconds, waived
from ._values import to_json
from ._violation import RuleViolation
from ._waiter import TaskResult, Waiter
from ._waiting import OnPoll, Polling, poll_once, wait_for_end

_USUAL_REASONS: Final = (("message",), ("error", "message"), ("detail",), ("error",), ("title",))
"""Where most servers give an error message (RFC 9457 among them), where no waiter of a document names a place."""

NO_WAITER: Final = Waiter(
    name="",
    operation="",
    argument="",
    submitted=(),
    state=(),
    acceptors={},
    first=0.0,
    factor=1.0,
    max=0.0,
    deadline=0.0,
    not_found_grace=0.0,
    outputs=(),
    error_message=None,
    error_code=None,
    trace=None,
    reasons=tuple(dict.fromkeys(place for waiter in WAITERS.values() for place in waiter.reasons)) or _USUAL_REASONS,
)
"""A waiter without places: the answer is the result, and only errors are read by it, where all operations have them."""

R = TypeVar("R")
H = TypeVar("H")

_OF_POLL: Final = "$request."
"""What a result takes from the poll: its argument of this name."""

# This package, also where it was copied under another parent.
_OURS = __name__.rpartition(".")[0] + "."


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
    missing = sorted(_poll_arguments(operation) - set(arguments or {}))
    if missing:
        raise ConfigurationError(f"to ask about a task, {operation} also needs {', '.join(missing)}")
    return TaskKey(task_id, operation, tuple((arguments or {}).items()), submit)


def _poll_arguments(operation: str) -> set[str]:
    """Return the arguments that a poll takes from its submit."""
    return {name for submit, poll in SUBMITS.items() if poll == operation for name in POLL_ARGUMENTS.get(submit, {})}


def poll_of(settings: Settings, task: TaskKey) -> Polling:
    """Return how to look at a task."""
    waiter, operation = task.waiter, OPERATIONS[task.operation]
    arguments = {**dict(task.arguments), waiter.argument: _poll_key(waiter, task.id)}
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


def _poll_key(waiter: Waiter, task_id: str) -> Any:
    """Return the argument by which a poll asks for a task: its id, or a body that holds it."""
    if not waiter.member:
        return task_id
    value: Any = int(task_id) if waiter.numeric and task_id.isdecimal() else task_id
    for each in reversed(waiter.member):
        value = {each: value}
    return {**waiter.constants, **value}


def prepare(
    settings: Settings,
    operation: Operation[..., Any],
    arguments: Mapping[str, Any],
    *,
    waive: Collection[str] = (),
    strict: bool | None = None,
    attempts: int = ATTEMPTS,
) -> Call:
    """Check a request against the rules, and return it ready to be sent.

    Raises:
        RequestRefused: It breaks a rule.
        ConfigurationError: It cannot be built.
    """
    strict = settings.strict if strict is None else strict
    check(operation, arguments, settings.waive | waived(waive), strict=strict)
    sent, value = request(settings, operation, **arguments)
    waiter = TASKS.get(operation.id) or WAITERS.get(operation.poll or operation.id, NO_WAITER)
    polled = _poll_address(settings, operation, waiter) if waiter.by_address else ""
    reader = Reader(waiter, settings.redact, private_texts(arguments, value), sent.url, polled)
    return Call(sent, reader, operation, settings.timeout, attempts)


def _poll_address(settings: Settings, operation: Operation[..., Any], waiter: Waiter) -> str:
    """Return the address of the poll with signs for what it asks for; see `Reader.polled`."""
    poll = OPERATIONS[operation.poll or operation.id]
    path = poll.path
    for each in poll.inputs:
        path = path.replace(f"{{{each.name}}}", "{id}" if each.argument == waiter.argument else "{}")
    queried = [each.name for each in poll.inputs if each.place == "query" and each.argument == waiter.argument]
    return "?".join([base_of(settings, poll) + path, *queried])


def arguments_of(
    operation: Operation[..., Any], given: Mapping[str, Any], extra: Mapping[str, Any] | None
) -> dict[str, Any]:
    """Return the arguments of an operation's generated function for those of its method.

    Raises:
        ConfigurationError: No body can be made of them.
    """
    try:
        return operation.arguments_of(given, extra)
    except (TypeError, ValueError, AttributeError, RecursionError) as error:
        why = printable(str(error))[:200]
        raise ConfigurationError(f"{operation.id} cannot be sent: {why}; nothing was sent") from None


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
    carried = _link_arguments(operation, arguments)
    task = handle(TaskKey(task_id, operation.poll, carried, operation.id, call.reader.private))
    if on_submitted is not None:
        # Nobody has the id yet: a note on a cancellation is lost.
        with logged_if_interrupted(_resume(task_id)):
            yield from attach_task_id(task_id, iter(Tell(on_submitted, task)))
    return task


def _link_arguments(operation: Operation[..., Any], arguments: Mapping[str, Any]) -> tuple[tuple[str, Any], ...]:
    pairs = POLL_ARGUMENTS.get(operation.id, {}).items()
    return tuple((name, arguments[source]) for name, source in pairs if source in arguments)


def check(
    operation: Operation[..., Any], arguments: Mapping[str, Any], waive: Collection[str], *, strict: bool
) -> None:
    """Refuse a request that breaks a rule, by its parameters or by its body.

    Raises:
        RequestRefused: With everything it breaks.
    """
    refusal: RequestRefused | None = None
    frame = sys._getframe()  # noqa: SLF001  (the one way below Python 3.12)
    try:
        validate_request(operation, arguments, waive=waive, strict=strict, stacklevel=_caller(frame))
    except RuleViolation as found:
        refusal = RequestRefused(found)
    # Outside, so that the same violations are not printed twice as a cause.
    if refusal is not None:
        raise refusal


def _caller(frame: FrameType) -> int:
    """Return the stack level, seen from what `frame` calls, of the first frame outside both packages."""
    level = 2
    while frame.f_back is not None and f"{frame.f_globals.get('__name__')}.".startswith(_OURS):
        frame, level = frame.f_back, level + 1
    return level


def private_texts(arguments: Mapping[str, Any], value: Any) -> PrivateTexts:
    """Return the texts of a request that errors must not repeat: all but the words that the document lists itself.

    Args:
        arguments: The operation's arguments.
        value: What the body was made from, if it is JSON or a form.
    """
    listed = _listed_words()
    given = arguments if value is None else {**arguments, "body": value}
    return PrivateTexts(text for text in _texts(given) if text not in listed)


@cache
def _listed_words() -> frozenset[str]:
    """Return the words that the document lists as values; a message may name them, as callers did not make them up."""
    return frozenset(word for each in vars(MODELS).values() for word in _words(each))


def _words(kind: Any) -> Iterator[str]:
    for each in get_args(kind):
        if isinstance(each, str):
            yield each
        else:
            yield from _words(each)


def _texts(value: Any) -> Iterator[str]:
    """Yield the texts of a value, however deep they stand."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, bytes):
        yield value.decode("utf-8", "ignore")
    elif isinstance(value, Mapping):
        for child in value.values():
            yield from _texts(child)
    elif isinstance(value, list | tuple):
        for child in value:
            yield from _texts(child)
    elif hasattr(value, "to_dict"):
        yield from _texts(value.to_dict())


def look(settings: Settings, task: TaskKey) -> Core[TaskResult]:
    """Look at a task once."""
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
        url = _output(result, index)
        if not task.waiter.result_is_file:
            return Request("GET", url)
        operation = OPERATIONS[task.waiter.result]
        return Request("GET", url, {"Accept": operation.accept}, None, credentials(settings, operation))

    def renew() -> Core[Request]:
        return ask((yield from look(settings, task)))

    def whole() -> Core[Path]:
        # First of all, so that a misspelt path does not show after half an hour of waiting.
        target = yield from Disk(partial(checked_target, path), brief=True)
        if isinstance(target, DiskFailed):
            raise ConfigurationError(f"cannot write to {printable(str(path))}: {target.detail}")
        result = yield from wait(settings, task, timeout, on_poll, fresh=fresh)
        return (yield from download_to(ask(result), target, settings.policy, settings.redact, renew))

    return attach_task_id(task.id, whole())


def _output(result: TaskResult, index: int) -> str:
    if not result.urls:
        raise TaskOutputMissing(f"task {result.id} names no usable URL", result=result, trace_id=result.trace_id)
    if index >= len(result.urls):
        made = len(result.urls)
        raise ConfigurationError(f"the task made {made} file{'s' * (made > 1)}; there is none with index {index}")
    return result.urls[index]


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
