"""The commands about tasks: submit one, look at it, wait for it, download what it made."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Annotated, TypeAlias

from cyclopts import Parameter

from ._carrying import Desk, carry_out
from ._connection import check, connected
from ._exits import Exit
from ._job import Job, output_of
from ._options import Connecting, Printing, Saving, Submitting, Waiting
from ._package import Client, ConfigurationError, Task, TaskResult, checked_target, is_standard_output, positive_seconds
from ._progress import Watch
from ._screen import Screen, one_line

Id: TypeAlias = Annotated[str, Parameter(metavar="ID", help="The task's id, as the submit printed it.")]


def submit(options: Submitting, start: Callable[[Client], Task], client_class: type[Client] = Client) -> int:
    """Submit a task, and do with it what the options say.

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
            task = _submitted(desk, job, lambda: start(client))
            if options.no_wait:
                return _done(desk.screen, job, [task.id])
            return _followed(desk.screen, job, task, options)

    return carry_out(options, work, job)


def status(task_id: Id, /, *, options: Connecting | None = None) -> int:
    """Look at a task once, and print its state and its files.

    The exit code tells whether the look succeeded, not how the task is doing; for that see wait.
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
        return _done(desk.screen, job, lines, answer=result)

    return carry_out(options, work, job)


def wait(task_id: Id, /, *, options: Printing | None = None) -> int:
    """Wait for a task that was submitted before, and print the URLs of its files.

    Asking costs nothing and may be repeated; nothing is submitted.
    """
    return _resumed(task_id, options or Printing())


def download(task_id: Id, /, *, options: Saving) -> int:
    """Wait for a task if need be, and write the file it made.

    Whole or not at all: an older file is replaced only by a complete new one.
    """
    return _resumed(task_id, options)


def _resumed(task_id: str, options: Waiting) -> int:
    job = Job(options)

    def work(desk: Desk) -> Exit:
        _check(options, submits=False)
        with connected(options, desk.interrupts) as client:
            task = client.task(task_id)
            job.submitted(task.id)
            return _followed(desk.screen, job, task, options)

    return carry_out(options, work, job)


def _check(options: Connecting, *, submits: bool) -> None:
    """Make every check that needs no answer: what fails later may have cost money."""
    check(options, submits=submits)
    if isinstance(options, Waiting) and options.timeout is not None:
        positive_seconds("--timeout", options.timeout, zero=True)
    output = output_of(options)
    if output is not None:
        checked_target(output)


def _submitted(desk: Desk, job: Job, start: Callable[[], Task]) -> Task:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            with desk.interrupts.held():
                job.stage = "submitting"
                task = start()
                job.submitted(task.id)
        finally:
            for warning in caught:
                desk.screen.note(f"warning: {warning.message}")
    desk.interrupts.deliver()
    desk.screen.note(f"submitted task {one_line(task.id)}")
    return task


def _followed(screen: Screen, job: Job, task: Task, options: Waiting) -> Exit:
    with Watch(screen, f"task {task.id}") as watch:

        def on_poll(result: TaskResult) -> None:
            job.seen(result)
            watch.poll(result)

        output = output_of(options)
        if output is not None:
            job.file = task.download(output, timeout=options.timeout, on_poll=on_poll)
            if is_standard_output(job.file):
                screen.note(f"written to {job.file}")  # a result printed there would become a part of the file
                return Exit.OK
            lines = [str(job.file)]
        else:
            lines = list(task.wait(timeout=options.timeout, on_poll=on_poll).urls)
    return _done(screen, job, lines)


def _done(screen: Screen, job: Job, lines: list[str], answer: TaskResult | None = None) -> Exit:
    document = {"exit": Exit.OK.value, **job.document(), "error": None}
    if answer is not None:
        document["answer"] = answer.raw
    screen.result(lines, document)
    return Exit.OK
