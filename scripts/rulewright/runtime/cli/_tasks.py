"""The commands about one task: submit it, poll it, wait for it, download its file."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Annotated, Final, TypeAlias

from cyclopts import Parameter

from .._client import Client
from .._errors import ConfigurationError
from .._files import checked_target, is_standard_output
from .._result import TaskResult
from .._settings import positive_seconds
from .._tasks import Task
from ._command import Desk, Job, output_of, run_command
from ._connection import check, connected
from ._exits import Exit
from ._options import Connecting, Printing, Saving, Submitting, Waiting
from ._output import Screen, Watch, one_line

_NOTICE: Final = "waiting for the answer to the submit, which names the task; a second Ctrl-C gives up without its id"

Id: TypeAlias = Annotated[str, Parameter(metavar="ID", help="The task's id, as the submit printed it.")]


def submit(options: Submitting, start: Callable[[Client], Task], client_class: type[Client] = Client) -> int:
    """Submit a task, and follow it as far as the options ask for.

    Args:
        options: What the command was given.
        start: Calls the method that submits.
        client_class: What to call it on.

    Returns:
        The exit code.
    """
    job = Job(options)

    def work(desk: Desk) -> Exit:
        _check(options, submits=True)
        if options.no_wait and options.output is not None:
            raise ConfigurationError("--no-wait and --output exclude each other: there is no file without waiting")
        with connected(options, desk.interrupts, client_class) as client:
            task = _submit_held(desk, job, lambda: start(client))
            if options.no_wait:
                return _report(desk.screen, job, [task.id])
            return _follow(desk.screen, job, task, options)

    return run_command(options, work, job)


def status(task_id: Id, /, *, options: Connecting | None = None) -> int:
    """Poll a task once, and print its state and the URLs of its files.

    The exit code is about the poll, not about the task; for that see wait.
    """
    options = options or Connecting()
    job = Job(options)

    def work(desk: Desk) -> Exit:
        _check(options, submits=False)
        with connected(options, desk.interrupts) as client:
            task = client.task(task_id)
            job.submitted(task.id)
            result = task.result()
        job.seen(result)
        lines = [result.status, *result.urls]
        if result.error_message is not None:
            lines.append(result.error_message)
        return _report(desk.screen, job, lines, answer=result)

    return run_command(options, work, job)


def wait(task_id: Id, /, *, options: Printing | None = None) -> int:
    """Wait for a task that was submitted before, and print the URLs of its files.

    Polls cost nothing and may be repeated; nothing is submitted.
    """
    return _resume(task_id, options or Printing())


def download(task_id: Id, /, *, options: Saving) -> int:
    """Wait for a task if it is still running, and write its file.

    Whole or not at all: an older file is replaced only by a complete new one.
    """
    return _resume(task_id, options)


def _resume(task_id: str, options: Waiting) -> int:
    job = Job(options)

    def work(desk: Desk) -> Exit:
        _check(options, submits=False)
        with connected(options, desk.interrupts) as client:
            task = client.task(task_id)
            job.submitted(task.id)
            return _follow(desk.screen, job, task, options)

    return run_command(options, work, job)


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


def _submit_held(desk: Desk, job: Job, start: Callable[[], Task]) -> Task:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            with desk.interrupts.held(lambda: desk.screen.problem(_NOTICE)):
                job.stage = "submitting"
                task = start()
                job.submitted(task.id)
        finally:
            for warning in caught:
                desk.screen.note(f"warning: {warning.message}")
    desk.interrupts.deliver()
    desk.screen.note(f"submitted task {one_line(task.id)}")
    return task


def _follow(screen: Screen, job: Job, task: Task, options: Waiting) -> Exit:
    with Watch(screen, f"task {task.id}") as watch:

        def on_poll(result: TaskResult) -> None:
            job.seen(result)
            watch.poll(result)

        output = output_of(options)
        if output is not None:
            job.file = task.download(output, timeout=options.timeout, on_poll=on_poll)
            lines = [] if is_standard_output(output) else [str(job.file)]
        else:
            lines = list(task.wait(timeout=options.timeout, on_poll=on_poll).urls)
    return _report(screen, job, lines)


def _report(screen: Screen, job: Job, lines: list[str], answer: TaskResult | None = None) -> Exit:
    document = {"exit": Exit.OK.value, **job.document(), "error": None}
    if answer is not None:
        document["answer"] = answer.raw
    screen.result(lines, document)
    return Exit.OK
