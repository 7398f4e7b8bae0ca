"""The commands about many tasks: submit a file of requests, and go on where that was broken off."""

from __future__ import annotations

import asyncio
import os
import warnings
from pathlib import Path
from typing import Annotated, Any, Final

from cyclopts import Parameter

from ._batch import OPEN, Batch, Plan
from ._carrying import Desk, carry_out
from ._connection import check, connection
from ._exits import Exit, exit_code
from ._interrupts import Paced
from ._job import pasted, words_for
from ._journal import Entry, Heading, Journal
from ._lines import Line, read_lines
from ._options import Batching, Many
from ._package import SUBMITS, AsyncClient, AsyncTask, ConfigurationError, RequestRefused, positive_seconds, submit_body
from ._tally import Tally, document, gravest, results, standing

MOST: Final = 100
"""Lines under way at a time, at most: as many as there are connections."""


def submit(
    file: Annotated[Path, Parameter(metavar="FILE", help="Requests as JSON Lines.")],
    /,
    *,
    options: Batching | None = None,
) -> int:
    """Submit every request in a file, wait for the tasks and write what they made.

    Each line of FILE is a request as 'explain' takes it, or {"output": NAME, "request": REQUEST} to name the
    file it makes. What becomes of each line is in a journal before it matters, so that a run that was
    killed goes on with 'resume', or with the same command, and nothing is submitted twice. A submit
    whose outcome is unknown is listed and never sent again.
    """
    options = options or Batching()

    def work(desk: Desk) -> Exit:
        _check(options)
        lines = read_lines(file)
        path = options.journal or _beside(file)
        if Journal.has_begun(path):
            with Journal.open(path) as journal:
                _check_same(journal, file, options.output_dir)
                return _carried(desk, options, journal, lines)
        directory = options.output_dir or file.with_suffix("" if file.suffix else ".files")
        return _begun(desk, options, path, lines, (file, directory))

    return carry_out(options, work)


def resume(
    journal: Annotated[Path, Parameter(metavar="FILE", help="What was given to 'submit', or the journal it keeps.")],
    /,
    *,
    options: Many | None = None,
) -> int:
    """Go on with a file of requests where an earlier run stopped; a finished one is only told about.

    Lines that were provably not accepted are submitted, tasks that were started are waited for, and
    what is unknown is listed.
    """
    options = options or Many()

    def work(desk: Desk) -> Exit:
        _check(options)
        beside = _beside(journal)
        with Journal.open(beside if Journal.has_begun(beside) else journal) as opened:
            return _carried(desk, options, opened, read_lines(journal.parent / opened.heading.input))

    return carry_out(options, work)


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
                f"{journal.path.parent / journal.heading.input}:{number}: is not what was submitted from there",
                way_out="put the line back; new requests go at the end of the file, or into another one",
            )


def _reopened(journal: Journal, lines: tuple[Line, ...], waive: list[str] | None) -> frozenset[int]:
    """Return the refused lines that are not what they were, or not judged as they were."""
    refused = [(line, journal.entries.get(line.number, Entry())) for line in lines]
    return frozenset(
        line.number
        for line, entry in refused
        if entry.state == "refused"
        and (entry.body != line.fingerprint or (waive and entry.error == RequestRefused.__name__))
    )


def _begun(desk: Desk, options: Batching, path: Path, lines: tuple[Line, ...], places: tuple[Path, Path]) -> Exit:
    file, directory = places
    with connection(options) as (settings, pace):
        # Made once to have the settings checked before anything is on the disk.
        server = AsyncClient(**settings).settings.base_url
        heading = Heading(_seen_from(path, file), _seen_from(path, directory), server)
        with Journal.create(path, heading) as journal:
            return _run(desk, options, journal, lines, (settings, pace))


def _seen_from(path: Path, other: Path) -> str:
    try:
        return os.path.relpath(other.resolve(), path.parent.resolve())
    except ValueError:
        return str(other.resolve())  # another drive


def _carried(desk: Desk, options: Many, journal: Journal, lines: tuple[Line, ...]) -> Exit:
    _check_lines(journal, lines)
    states = {journal.entries.get(line.number, Entry()).state for line in lines}
    open_ones = states & {*OPEN, "intent"} or _reopened(journal, lines, options.waive)
    if not open_ones and (options.no_wait or "submitted" not in states):
        return _reported(desk, options, journal, lines, None)
    with connection(options) as (settings, pace):
        server = AsyncClient(**settings).settings.base_url
        if server != journal.heading.server:
            raise ConfigurationError(
                f"{journal.path}: its tasks are at {journal.heading.server}, not at {server}",
                way_out=f"give --base-url {journal.heading.server}, if you trust it with the token",
            )
        return _run(desk, options, journal, lines, (settings, pace))


def _run(
    desk: Desk, options: Many, journal: Journal, lines: tuple[Line, ...], way: tuple[dict[str, Any], float]
) -> Exit:
    directory = journal.path.parent / journal.heading.output
    try:
        directory.mkdir(exist_ok=True)
    except OSError as error:
        raise ConfigurationError(f"{directory}: the directory cannot be made: {error.strerror}") from None
    over = sum(entry.state in {"unknown", "refused", "ended", "done"} for entry in journal.entries.values())
    settings, pace = way
    plan = Plan(directory, options.concurrency, not options.no_wait, options.timeout)
    with Tally(desk.screen, len(lines), over) as tally, warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.showwarning = lambda message, *_, **__: desk.screen.note(f"warning: {message}")
        batch = Batch(plan, journal, tally, Paced(pace), _reopened(journal, lines, options.waive))
        try:
            asyncio.run(_connected(batch, options, settings, lines))
        except KeyboardInterrupt:
            return _reported(desk, options, journal, lines, batch, interrupted=True)
    return _reported(desk, options, journal, lines, batch)


async def _connected(batch: Batch, options: Many, settings: dict[str, Any], lines: tuple[Line, ...]) -> None:
    async with AsyncClient(**settings, clock=batch.clock) as client:
        (operation,) = SUBMITS

        async def start(body: dict[str, Any]) -> AsyncTask:
            return await submit_body(client, operation, body, waive=options.waive or (), strict=options.strict)

        await batch.run(lines, start, client.task)


def _reported(
    desk: Desk,
    options: Many,
    journal: Journal,
    lines: tuple[Line, ...],
    batch: Batch | None,
    *,
    interrupted: bool = False,
) -> Exit:
    """Show what became of the lines, and how to go on."""
    failures = batch.failures if batch else {}
    waits = not options.no_wait
    entries = [(line, journal.entries.get(line.number, Entry())) for line in lines]
    codes = [standing(entry, failures.get(line.number), waits=waits) for line, entry in entries]
    if batch is not None and batch.halted is not None:
        codes.append(exit_code(batch.halted))
        desk.screen.problem(f"no further line was submitted after the {type(batch.halted).__name__} above")
    code = Exit.INTERRUPTED if interrupted else gravest(codes)
    _tell_unknown(desk, [line.number for line, entry in entries if entry.state in {"intent", "unknown"}])
    if any(entry.state in {*OPEN, "submitted", "intent"} for _, entry in entries):
        words = words_for(options, "resume")
        lasting = not options.sandbox or options.base_url is not None
        desk.screen.problem(f"go on with: {pasted(words, str(journal.path))}" if lasting else "the sandbox has ended")
    directory = journal.path.parent / journal.heading.output
    shown = results(lines, journal.entries, directory, waits=waits)
    desk.screen.result(shown, document(code, journal.path, lines, journal.entries, failures))
    return code


def _tell_unknown(desk: Desk, numbers: list[int]) -> None:
    if numbers:
        desk.screen.problem(
            f"outcome unknown: line{'s' * (len(numbers) > 1)} {', '.join(map(str, numbers))}\n"
            "  each may have been accepted and billed; look at the account's tasks or ask the vendor's support."
            " They are not sent again"
        )
