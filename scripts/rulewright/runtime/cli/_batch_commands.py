"""The commands about many tasks: submit a file of requests, and resume it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import warnings
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Annotated, Any, Final, cast

from cyclopts import Parameter

from .. import _cores
from .._api import BODIES, OPERATIONS, SUBMITS
from .._async_client import AsyncClient
from .._errors import ConfigurationError, RequestRefused
from .._files import checked_target
from .._settings import positive_seconds
from .._tasks import AsyncTask
from ._batch import OPEN, Batch, Plan
from ._command import Desk, pasted, run_command, words_for
from ._connection import check, connection
from ._exits import Exit, exit_code
from ._journal import Entry, Heading, Journal
from ._options import Batching, Many
from ._output import one_line
from ._report import BatchProgress, batch_document, gravest, line_exit_code, results
from ._requests import Line, RequestSchema, UnlistedField, read_lines, unlisted_fields_of
from ._signals import Interrupted, Paced

MOST: Final = 100
"""Most lines processed at a time."""


def submit(
    file: Annotated[Path, Parameter(metavar="FILE", help="Requests as JSON Lines.")],
    /,
    *,
    options: Batching | None = None,
) -> int:
    """Submit every request in a file, wait for the tasks and write their files.

    Each line of FILE is a request as 'explain' takes it, or {"output": NAME, "request": REQUEST} to name its
    file. Each line's state is recorded in a journal, so that 'resume', or the same command again, continues a
    run that was killed and submits nothing twice. A submit whose outcome is unknown is listed and never
    sent again.
    """
    options = options or Batching()

    def work(desk: Desk) -> Exit:
        _check(options)
        lines = read_lines(file)
        path = options.journal or _beside(file)
        if Journal.has_begun(path):
            with Journal.open(path) as journal:
                _check_same(journal, file, options.output_dir)
                return _continue(desk, options, journal, lines)
        directory = options.output_dir or file.with_suffix("" if file.suffix else ".files")
        return _begin(desk, options, path, lines, (file, directory))

    return run_command(options, work)


def resume(
    journal: Annotated[Path, Parameter(metavar="FILE", help="The file given to 'submit', or its journal.")],
    /,
    *,
    options: Many | None = None,
) -> int:
    """Continue a file of requests where an earlier run stopped; a finished run is only reported.

    Lines that were provably not accepted are submitted, started tasks are waited for, and submits whose
    outcome is unknown are listed.
    """
    options = options or Many()

    def work(desk: Desk) -> Exit:
        _check(options)
        beside = _beside(journal)
        with Journal.open(beside if Journal.has_begun(beside) else journal) as opened:
            return _continue(desk, options, opened, read_lines(journal.parent / opened.heading.input))

    return run_command(options, work)


def _beside(file: Path) -> Path:
    """Return where the journal of a file of requests is unless another place is named."""
    return file.with_name(f"{file.name}.journal")


def _check(options: Many) -> None:
    check(options, submits=isinstance(options, Batching))
    if not 1 <= options.concurrency <= MOST:
        raise ConfigurationError(f"--concurrency must be a number from 1 to {MOST}, got {options.concurrency}")
    if options.timeout is not None:
        positive_seconds("--timeout", options.timeout, zero=True)
    if len(SUBMITS) != 1:
        raise ConfigurationError(f"a file of requests is for an API with one submit; this one has {len(SUBMITS)}")
    if len(BODIES) != 1:
        raise ConfigurationError(
            f"a file of requests is for an API with one kind of request; this one has {len(BODIES)}"
        )


def _check_same(journal: Journal, file: Path, directory: Path | None) -> None:
    """Refuse a journal that belongs to other files than the ones named."""
    home = journal.path.parent
    for named, known in ((file, journal.heading.input), (directory, journal.heading.output)):
        if named is not None and named.resolve() != (home / known).resolve():
            raise ConfigurationError(
                f"{journal.path}: this journal belongs to {home / known}, not to {named}",
                way_out="name another one with --journal",
            )


def _check_lines(journal: Journal, lines: tuple[Line, ...]) -> None:
    """Refuse a file that has changed where something was sent already."""
    now = {line.number: line.fingerprint for line in lines}
    for number, entry in journal.entries.items():
        if entry.state not in {*OPEN, "refused"} and now.get(number) != entry.body:
            raise ConfigurationError(
                f"{journal.path.parent / journal.heading.input}:{number}: this line has changed since it was submitted",
                way_out="restore the line; add new requests at the end of the file, or in another one",
            )


def _reopened(journal: Journal, lines: tuple[Line, ...], waive: list[str] | None) -> frozenset[int]:
    """Return the refused lines that have changed, or whose rules are waived now."""
    refused = [(line, journal.entries.get(line.number, Entry())) for line in lines]
    return frozenset(
        line.number
        for line, entry in refused
        if entry.state == "refused"
        and (entry.body != line.fingerprint or (waive and entry.error == RequestRefused.__name__))
    )


def _begin(desk: Desk, options: Batching, path: Path, lines: tuple[Line, ...], places: tuple[Path, Path]) -> Exit:
    file, directory = places
    with connection(options) as (settings, pace):
        # Made once to have the settings checked before anything is on the disk.
        server = AsyncClient(**settings).settings.base_url
        _prepare(directory, lines)
        heading = Heading(_relative(path, file), _relative(path, directory), server)
        with Journal.create(path, heading) as journal:
            return _run(desk, options, journal, lines, (settings, pace))


def _relative(path: Path, other: Path) -> str:
    try:
        return os.path.relpath(other.resolve(), path.parent.resolve())
    except ValueError:
        return str(other.resolve())  # another drive


def _continue(desk: Desk, options: Many, journal: Journal, lines: tuple[Line, ...]) -> Exit:
    _check_lines(journal, lines)
    entries = [(line, journal.entries.get(line.number, Entry())) for line in lines]
    states = {entry.state for _, entry in entries}
    open_ones = states & {*OPEN, "intent"} or _reopened(journal, lines, options.waive)
    if not open_ones and (options.no_wait or "submitted" not in states):
        return _report(desk, options, journal, lines, None)
    with connection(options) as (settings, pace):
        server = AsyncClient(**settings).settings.base_url
        if server != journal.heading.server:
            raise ConfigurationError(
                f"{journal.path}: its tasks are at {journal.heading.server}, not at {server}",
                way_out=f"give --base-url {journal.heading.server}, if you trust it with the token",
            )
        directory = journal.path.parent / journal.heading.output
        _prepare(directory, [line for line, entry in entries if entry.state != "done"])
        return _run(desk, options, journal, lines, (settings, pace))


def _prepare(directory: Path, lines: Sequence[Line]) -> None:
    """Make the directory of the files, and refuse targets that cannot be written before anything is paid for.

    Raises:
        ConfigurationError: Names the target with its whole path.
    """
    try:
        directory.mkdir(exist_ok=True)
    except OSError as error:
        raise ConfigurationError(f"{directory.absolute()}: cannot be created: {error.strerror}") from None
    # A check tries the directory out with a file of its own; once is enough, and for each target that is there.
    for number, line in enumerate(lines):
        target = directory / line.output
        if number == 0 or os.path.lexists(target):
            checked_target(target)


def _run(
    desk: Desk, options: Many, journal: Journal, lines: tuple[Line, ...], way: tuple[dict[str, Any], float]
) -> Exit:
    over = sum(entry.state in {"unknown", "refused", "ended", "done"} for entry in journal.entries.values())
    settings, pace = way
    directory = journal.path.parent / journal.heading.output
    plan = Plan(directory, options.concurrency, not options.no_wait, options.timeout)
    interrupted: KeyboardInterrupt | None = None
    with BatchProgress(desk.screen, len(lines), over) as progress, warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.showwarning = lambda message, *_, **__: desk.screen.note(f"warning: {message}")
        batch = Batch(plan, journal, progress, Paced(pace), _reopened(journal, lines, options.waive))
        (kind,) = BODIES
        open_lines = [line for line in lines if batch.is_open(line)]
        unlisted = unlisted_fields_of(open_lines, RequestSchema.of(kind))
        for field in unlisted:
            desk.screen.problem(f"warning: {field}")
        try:
            with contextlib.suppress(asyncio.CancelledError):  # by the signal, which is delivered next
                asyncio.run(_process(desk, batch, options, settings, lines))
            desk.interrupts.deliver()
        except KeyboardInterrupt as error:
            desk.interrupts.ignore()
            interrupted = error
    return _report(desk, options, journal, lines, batch, unlisted=unlisted, interrupted=interrupted)


async def _process(desk: Desk, batch: Batch, options: Many, settings: dict[str, Any], lines: tuple[Line, ...]) -> None:
    loop, main = asyncio.get_running_loop(), cast("asyncio.Task[None]", asyncio.current_task())
    (operation,) = SUBMITS

    async def start(body: dict[str, Any]) -> AsyncTask:
        return await submit_body(client, operation, body, waive=options.waive or (), strict=options.strict)

    with desk.interrupts.held(lambda: loop.call_soon_threadsafe(main.cancel)):
        async with AsyncClient(**settings, clock=batch.clock) as client:
            await batch.run(lines, start, client.task)


def _report(
    desk: Desk,
    options: Many,
    journal: Journal,
    lines: tuple[Line, ...],
    batch: Batch | None,
    *,
    unlisted: tuple[UnlistedField, ...] = (),
    interrupted: KeyboardInterrupt | None = None,
) -> Exit:
    """Show each line's outcome, and how to continue."""
    failures = batch.failures if batch else {}
    waits = not options.no_wait
    entries = [(line, journal.entries.get(line.number, Entry())) for line in lines]
    codes = [line_exit_code(entry, failures.get(line.number), waits=waits) for line, entry in entries]
    if batch is not None and batch.halted is not None:
        codes.append(exit_code(batch.halted))
        desk.screen.problem(f"no further line was submitted after the {type(batch.halted).__name__} above")
    code = exit_code(interrupted) if interrupted else gravest(codes)
    if interrupted:
        running = [f"  line {line.number}: task {entry.task}" for line, entry in entries if entry.state == "submitted"]
        how = f"interrupted by {interrupted}" if isinstance(interrupted, Interrupted) else "interrupted"
        tasks = "; submitted and not finished:" if running else ""
        desk.screen.problem("\n".join([how + tasks, *map(one_line, running)]))
    _show_unknown(desk, [line.number for line, entry in entries if entry.state in {"intent", "unknown"}])
    if any(entry.state in {*OPEN, "submitted", "intent"} for _, entry in entries):
        lasting = not options.sandbox or options.base_url is not None
        resuming = pasted(words_for(options, "resume"), str(journal.path))
        desk.screen.problem(f"go on with: {resuming}" if lasting else "the sandbox has ended")
    directory = journal.path.parent / journal.heading.output
    shown = results(lines, journal.entries, directory, waits=waits)
    document = batch_document(code, journal, lines, failures, unlisted, interrupted=interrupted)
    desk.screen.result(shown, document)
    return code


class _Body(dict[str, Any]):
    """A body as its author wrote it, where a model is expected."""

    def to_dict(self) -> dict[str, Any]:
        """Return it as it is: what was checked is what is sent."""
        return dict(self)


async def submit_body(
    client: AsyncClient, operation: str, body: dict[str, Any], *, waive: Collection[str], strict: bool
) -> AsyncTask:
    """Submit a body given as JSON.

    Raises:
        ApiError: As any method that submits.
    """
    core = _cores.starting(
        client.settings,
        OPERATIONS[operation],
        {"body": _Body(body)},
        waive=waive,
        strict=strict,
        handle=lambda key: AsyncTask(client, key, fresh=True),
        on_submitted=None,
    )
    return await client.run(core)


def _show_unknown(desk: Desk, numbers: list[int]) -> None:
    if numbers:
        desk.screen.problem(
            f"outcome unknown: line{'s' * (len(numbers) > 1)} {', '.join(map(str, numbers))}\n"
            "  each may have been accepted and billed; look at the account's tasks or ask the vendor's support."
            " They are not sent again"
        )
