"""The commands that send a request, and those about a task: poll it, wait for it, download its file."""

from __future__ import annotations

import json
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Annotated, Any, Final, TypeAlias

from attrs import frozen
from cyclopts import Parameter

from .._client import Client
from .._errors import ConfigurationError, DownloadError
from .._files import begin, checked_target, is_standard_output
from .._operation import Operation
from .._secrets import printable
from .._settings import positive_seconds
from .._streams import Stream
from .._tasks import Task
from .._values import to_json
from .._waiter import TaskResult, shown_url
from ._command import STANDARD_OUTPUT, Call, Desk, Job, output_of, run_command, warning_text
from ._connection import check, connect
from ._exits import Exit
from ._options import Calling, Connecting, Polling, Resuming, Saving, Submitting, Waiting
from ._output import Screen, Watch, one_line

_SAFE: Final = frozenset({"get", "head", "options", "trace"})
"""Methods of requests that change nothing (RFC 9110, 9.2.1)."""

Id: TypeAlias = Annotated[str, Parameter(metavar="ID", help="The task's id, as the submit printed it.")]


@frozen
class Sending:
    """A request of a command.

    Attributes:
        operation: Its operation.
        names: The option of each field, as it was typed.
        send: Calls the method that sends it.
    """

    operation: Operation[..., Any]
    names: Mapping[str, str]
    send: Callable[[Client], Any]


def call(sending: Sending, options: Calling) -> int:
    """Send a request that starts no task, and print its answer or write it to a file."""
    job = Call(options, sending.names)

    def work(desk: Desk) -> Exit:
        _check(options, submits=True)
        output = output_of(options)
        is_shown = options.json or desk.screen.is_terminal
        kinds = [each.partition(";")[0].strip() for each in sending.operation.accept.split(",")]
        has_text = any(kind.endswith("json") or kind.startswith(("text/", "*/")) for kind in kinds)
        is_file = not (sending.operation.has_items or has_text)
        if output is None and is_shown and is_file:
            raise ConfigurationError("the answer is a file: --output FILE names where to write it, '-' standard output")
        with connect(options, desk.interrupts) as client, _show_warnings(desk):
            # What may be repeated may also be cut off.
            held = nullcontext() if sending.operation.is_idempotent else _hold_signal(desk, job)
            job.is_idempotent = sending.operation.is_idempotent
            if sending.operation.method not in _SAFE:
                job.stage = "sending"
            with held:
                answer = sending.send(client)
                job.stage = "sent"
            if isinstance(answer, Stream):
                return _print_items(answer, output, desk)
        payload = getattr(answer, "payload", None)
        found = answer if payload is None else payload.read()
        content = found if isinstance(found, bytes) else None
        if content is not None and not is_shown:
            output = output or STANDARD_OUTPUT
        job.answer = None if content is not None else to_json(answer)
        text = job.answer if isinstance(job.answer, str) else json.dumps(job.answer, indent=2, ensure_ascii=False)
        if output is not None:
            job.file = write(output, f"{text}\n".encode() if content is None else content)
            lines = [] if is_standard_output(output) else [str(job.file)]
        elif content is not None:
            raise ConfigurationError("the answer is a file; it was received, but needs --output to be written")
        else:
            lines = [] if job.answer is None else text.splitlines()
        if not options.json:
            desk.screen.result(lines, {})
        desk.interrupts.deliver()
        return _report(desk.screen, job, lines) if options.json else Exit.OK

    return run_command(options, work, job)


def _print_items(items: Stream[Any], output: Path | None, desk: Desk) -> Exit:
    """Print each item of a stream on a line of its own as soon as it comes, or write all of them to a file."""
    written: list[str] = []
    with items:
        for item in map(to_json, items):
            line = item if isinstance(item, str) and not desk.screen.as_json else json.dumps(item, ensure_ascii=False)
            if output is None:
                desk.screen.result([line], item)
            else:
                written.append(f"{line}\n")
            desk.interrupts.deliver()
    if output is not None:
        file = write(output, "".join(written).encode())
        desk.screen.result([] if is_standard_output(output) else [str(file)], {"file": str(file)})
    return Exit.OK


def write(target: Path, content: bytes) -> Path:
    """Write a file, whole or not at all."""
    sink = begin(target)
    try:
        sink.write(content)
        while not isinstance(done := sink.commit(), Path):
            time.sleep(done)
    except OSError as error:
        raise DownloadError(f"{target}: cannot be written: {error.strerror}") from None
    finally:
        sink.discard()
    return done


def submit(sending: Sending, options: Submitting) -> int:
    """Submit a task, and follow it as far as the options ask for."""
    job = Job(options, sending.names)

    def work(desk: Desk) -> Exit:
        _check(options, submits=True)
        if options.no_wait and options.output is not None:
            raise ConfigurationError("--no-wait and --output exclude each other: there is no file without waiting")
        with connect(options, desk.interrupts) as client:
            with _show_warnings(desk), _hold_signal(desk, job):
                task = sending.send(client)
                job.note_submit(task)
            desk.interrupts.deliver()
            desk.screen.note(f"submitted task {one_line(task.id)}")
            if options.no_wait:
                return _report(desk.screen, job, [task.id])
            return _follow(desk.screen, job, task, options)

    return run_command(options, work, job)


@contextmanager
def _hold_signal(desk: Desk, job: Job) -> Iterator[None]:
    """Hold the first signal back in this block: a request whose answer is not awaited may have been billed."""
    with desk.interrupts.hold(lambda: desk.screen.problem(job.notice)):
        job.stage = "sending"
        yield


@contextmanager
def _show_warnings(desk: Desk) -> Iterator[None]:
    """Show the warnings of this block after it."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            yield
        finally:
            for warning in caught:
                desk.screen.note(f"warning: {warning_text(warning.message, desk.job.names if desk.job else {})}")


def status(task_id: Id, /, *, options: Polling | None = None) -> int:
    """Poll a task once, and print its state and the URLs of its files.

    The exit code is about the poll, not about the task; for that see wait.
    """
    options = options or Polling()
    job = Job(options)

    def work(desk: Desk) -> Exit:
        _check(options, submits=False)
        with connect(options, desk.interrupts) as client:
            result = _handle(client, task_id, options, job).result()
        job.note_poll(result)
        lines = [result.status, *map(shown_url, result.urls)]
        if result.error_message is not None:
            lines.append(result.error_message)
        return _report(desk.screen, job, lines, answer=result)

    return run_command(options, work, job)


def wait(task_id: Id, /, *, options: Resuming | None = None) -> int:
    """Wait for a task that was submitted before, and print the URLs of its files.

    Polls cost nothing and may be repeated; nothing is submitted.
    """
    return _resume(task_id, options or Resuming())


def download(task_id: Id, /, *, options: Saving) -> int:
    """Wait for a task if it is still running, and write its file.

    Whole or not at all: an older file is replaced only by a complete new one.
    """
    return _resume(task_id, options)


def _resume(task_id: str, options: Resuming | Saving) -> int:
    job = Job(options)

    def work(desk: Desk) -> Exit:
        _check(options, submits=False)
        with connect(options, desk.interrupts) as client:
            return _follow(desk.screen, job, _handle(client, task_id, options, job), options)

    return run_command(options, work, job)


def _handle(client: Client, task_id: str, options: Polling, job: Job) -> Task:
    arguments = {}
    for word in options.argument or ():
        name, equals, value = word.partition("=")
        if not equals:
            raise ConfigurationError(f"--argument takes NAME=VALUE, got {printable(word)!r}")
        arguments[name] = value
    task = client.task(task_id, options.operation, **arguments)
    job.note_submit(task)
    return task


def _check(options: Connecting, *, submits: bool) -> None:
    """Make every check that needs no answer: after the submit, a failure has cost money."""
    check(options, submits=submits)
    if isinstance(options, Waiting) and options.timeout is not None:
        positive_seconds("--timeout", options.timeout, zero=True)
    output = output_of(options)
    if output is not None:
        checked_target(output)
        if options.json and is_standard_output(output):
            raise ConfigurationError("--json and a file on standard output exclude each other: write one elsewhere")


def _follow(screen: Screen, job: Job, task: Task, options: Waiting) -> Exit:
    with Watch(screen, f"task {task.id}") as watch:

        def on_poll(result: TaskResult) -> None:
            job.note_poll(result)
            watch.poll(result)

        output = output_of(options)
        if output is not None:
            job.file = task.download(output, timeout=options.timeout, on_poll=on_poll)
            lines = [] if is_standard_output(output) else [str(job.file)]
        else:
            lines = [shown_url(url) for url in task.wait(timeout=options.timeout, on_poll=on_poll).urls]
    return _report(screen, job, lines)


def _report(screen: Screen, job: Job, lines: list[str], answer: TaskResult | None = None) -> Exit:
    document = {"exit": Exit.OK.value, **job.document(), "error": None}
    if answer is not None:
        document["answer"] = answer.raw
    screen.result(lines, document)
    return Exit.OK
