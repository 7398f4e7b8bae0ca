"""The commands about many tasks: submit a file of requests, work on it, and settle what needs a decision."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import sys
import tempfile
import time
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeAlias, cast

from attrs import evolve
from cyclopts import Parameter

from .. import _tasks
from .._api import PROGRAM, SUBMITS
from .._client import AsyncClient
from .._errors import ConfigurationError
from .._files import checked_target
from .._settings import positive_seconds
from . import _lines
from ._board import Board, store_option
from ._command import Desk, run_command
from ._connection import check, connection
from ._exits import Exit
from ._lines import STATES, Entry, Heading
from ._options import STORE_VARIABLE, Batching, Connecting, Spending, Storing, Working
from ._output import one_line
from ._signals import Paced

if TYPE_CHECKING:
    from ._lease import Lease
    from ._store import Store

ENGINE: Final = "dbos==3.4.0"
"""What these commands need beside the command line: the extra `batch`."""
MOST: Final = 1000
"""Most submits in flight of one worker."""

LineName: TypeAlias = Annotated[
    str, Parameter(metavar="LINE", help="A line's number; BATCH:NUMBER where the store holds several files.")
]


def submit(
    file: Annotated[Path, Parameter(metavar="FILE", allow_leading_hyphen=True, help="Requests as JSON Lines; '-'.")],
    /,
    *,
    options: Batching | None = None,
) -> int:
    """Submit every request in a file, each at most once, wait for the tasks and write their files.

    Each line of FILE is a request as 'explain' takes it, or {"output": NAME, "operation": ID, "parameters": {...},
    "request": REQUEST} to name its file and what submits it. A line is known by the file's content and its number:
    the same command again goes on where a killed one stopped, lines may be added at the end, and nothing is submitted
    twice. Before anything is sent all lines are checked, and a person is asked.
    """
    options = options or Batching()

    def work(desk: Desk) -> Exit:
        _check(options, submits=True)
        with _lines.open_requests(file) as (opened, name), _store(options, create=True) as store:
            heading, done = _identify(store, opened, name, options)
            findings = _lines.check(
                opened,
                name,
                options.operation,
                done,
                extension=options.extension,
                directory=Path(heading.directory),
                waive=heading.waive,
                strict=heading.strict,
            )
            if not heading.lines:
                raise ConfigurationError(f"{name}: holds no request; write one JSON object in each line")
            for field in findings.unlisted:
                desk.screen.problem(f"warning: {field}")
            for message, count in findings.warnings.items():
                desk.screen.problem(f"warning: {message} ({count} line{'s' * (count > 1)})")
            if findings.bad:
                return _refuse(desk, findings)
            board = Board(desk, store, [heading])
            if not findings.lines and not board.left():
                return board.report(options, {})
            with _connect(options, store) as way:
                if findings.lines:
                    _approve(desk, options, findings.lines, _describe(findings))
                    _prepare(Path(heading.directory))
                    lines = _lines.read(opened, name, options.operation, done, extension=options.extension)
                    store.add(
                        heading, ((each.number, each.content(heading.batch)) for each in lines), options.max_submits
                    )
                    board.load()
                if options.no_wait:
                    store.limit(options.concurrency, _rate(options.rate))
                    return board.report(options, {}, findings=findings)
                return _work(options, board, way, findings=findings)

    return run_command(options, work)


def resume(*, options: Spending | None = None) -> int:
    """Go on with everything in the store: what a killed run left, what was stopped, and what was held.

    Nothing is submitted twice: a submit whose outcome is unknown is only listed. A finished store is only reported.
    """
    options = options or Spending()

    def work(desk: Desk) -> Exit:
        _check(options, submits=False)
        with _store(options, create=False) as store:
            board = Board(desk, store, store.headings())
            held = board.lines_in("held")[: options.max_submits]
            if not board.left() and not held:
                store.change(stopped=None)
                return board.report(options, {})
            with _connect(options, store) as way:
                if held and _approve(desk, options, len(held), (), needed=False):
                    store.release(held)
                    board.load()
                store.change(stopped=None)
                return _work(options, board, way)

    return run_command(options, work)


def worker(*, options: Working | None = None) -> int:
    """Work on a store until a signal: submit, wait, download, and adopt the tasks of workers that ended.

    Any number of workers may share a store, from any machine that reaches it; a rate and a pause hold for all of them.
    """
    options = options or Working()

    def work(desk: Desk) -> Exit:
        _check(options, submits=False)
        with _store(options, create=True) as store, _connect(options, store) as way:
            return _work(options, Board(desk, store, ()), way)

    return run_command(options, work)


def list_lines(
    *,
    state: Annotated[str | None, Parameter(metavar="STATE", help="Only the lines in this state.")] = None,
    options: Storing | None = None,
) -> int:
    """Print the lines of a store, each with its state, and its file, task or error."""
    options = options or Storing()

    def work(desk: Desk) -> Exit:
        with _store(options, create=False) as store:
            if state is not None and state not in STATES:
                raise ConfigurationError(f"--state must be one of {', '.join(STATES)}, got {state!r}")
            board = Board(desk, store, store.headings())
            shown = [entry for entry in board.entries() if state in {None, entry.state}]
            document = {
                "exit": 0,
                "store": store.place,
                "stopped": store.settings().get("stopped"),
                "counts": board.counts(),
                "lines": [entry.document() for entry in shown],
            }
            desk.screen.result(map(board.row, shown), document)
            return Exit.OK

    return run_command(options, work)


def export(*, options: Storing | None = None) -> int:
    """Print every line of a store as JSON Lines: its request, its state, its task, its file, its error."""
    options = options or Storing()

    def work(_: Desk) -> Exit:
        with _store(options, create=False) as store:
            for heading in store.headings():
                for entry, content in store.contents(heading):
                    row = {**entry.document(), "source": heading.file, **content}
                    sys.stdout.write(f"{json.dumps(row)}\n")
        return Exit.OK

    return run_command(options, work)


def settle(
    line: LineName,
    /,
    *,
    task: Annotated[str | None, Parameter(metavar="ID", help="The task that the submit started.")] = None,
    nothing: Annotated[
        bool,
        Parameter(negative="", show_default=False, help="It started no task: the line may be submitted."),
    ] = False,
    options: Storing | None = None,
) -> int:
    """Record what became of a submit whose outcome is unknown, after a look at the account.

    With its task, the file is downloaded as of any other line. With --nothing the line is submitted, and billed, anew.
    """
    options = options or Storing()

    def work(desk: Desk) -> Exit:
        if (task is None) is not nothing:
            raise ConfigurationError("give either --task ID or --nothing")
        with _store(options, create=False) as store:
            (entry,) = _find_lines(store, [line])
            if entry.state not in {"unknown", "on_disk", "broken", *(("refused", "cancelled") if nothing else ())}:
                raise ConfigurationError(f"line {line} is {entry.state}; there is nothing to settle")
            content = store.content(entry.id)
            if task is not None:
                from ._batch import poll_arguments

                operation = content["operation"]
                arguments = poll_arguments(operation, content["parameters"])
                key = _tasks.key(task, SUBMITS[operation], arguments)
                found = {"id": key.id, "operation": key.operation, "arguments": arguments}
                store.follow(entry.id, content, found)
            else:
                store.repeat(entry.id)
            return _report_changed(desk, options, [entry.id])

    return run_command(options, work)


def retry_download(
    lines: Annotated[
        tuple[str, ...], Parameter(metavar="LINE", help="Lines; without any, all whose file did not arrive.")
    ] = (),
    /,
    *,
    options: Storing | None = None,
) -> int:
    """Wait for tasks and download their files once more; nothing is submitted."""
    options = options or Storing()

    def work(desk: Desk) -> Exit:
        with _store(options, create=False) as store:
            chosen = _find_lines(store, lines) or [each for each in _all(store) if each.state == "undelivered"]
            for entry in chosen:
                if entry.state not in {"undelivered", "failed", "done"}:
                    raise ConfigurationError(f"line {entry.number} is {entry.state}; it has no download to repeat")
            for entry in chosen:
                store.repeat_download(entry.id)
            return _report_changed(desk, options, [entry.id for entry in chosen])

    return run_command(options, work)


def cancel(
    lines: Annotated[
        tuple[str, ...], Parameter(metavar="LINE", help="Lines; without any, all that are not submitted.")
    ] = (),
    /,
    *,
    options: Storing | None = None,
) -> int:
    """Take lines that are not submitted out of the queue; what is submitted goes on."""
    options = options or Storing()

    def work(desk: Desk) -> Exit:
        with _store(options, create=False) as store:
            _find_lines(store, lines)
            # No worker takes a line while the list of those that nobody has taken is read.
            before = store.settings().get("paused_until") or 0
            store.change(paused_until=max(before, store.now() + 5))
            store.set_concurrency(0)
            time.sleep(0.5)
            try:
                chosen = _find_lines(store, lines) or list(_all(store))
                cancelled = [each.id for each in chosen if each.state in {"queued", "held"}]
                store.cancel(cancelled)
            finally:
                store.change(paused_until=before)
            return _report_changed(desk, options, cancelled)

    return run_command(options, work)


# What the commands share: the store, its lines, and the question.


@contextmanager
def _store(options: Storing | Working, *, create: bool) -> Iterator[Store]:
    """Open the store that the options name; a sandbox of our own gets one that ends with it."""
    try:
        from . import _store
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            f"the commands about many tasks need {error.name}, which is not installed",
            way_out=f'python -m pip install "{ENGINE}"',
        ) from None
    place = options.store or os.environ.get(STORE_VARIABLE)
    alone = isinstance(options, Connecting) and options.sandbox and options.base_url is None
    with tempfile.TemporaryDirectory() if alone and place is None else contextlib.nullcontext() as home:
        place = place or str(Path(home or ".", f"{PROGRAM}.sqlite"))
        with _store.open_store(place, create=create) as store:
            yield store


def _check(options: Working, *, submits: bool) -> None:
    check(options, submits=submits)
    if options.concurrency is not None and not 1 <= options.concurrency <= MOST:
        raise ConfigurationError(f"--concurrency must be a number from 1 to {MOST}, got {options.concurrency}")
    positive_seconds("--lease", options.lease)
    if options.timeout is not None:
        positive_seconds("--timeout", options.timeout, zero=True)
    _rate(options.rate)
    if isinstance(options, Spending) and options.max_submits is not None and options.max_submits < 0:
        raise ConfigurationError(f"--max-submits must be a number from 0, got {options.max_submits}")
    if isinstance(options, Batching) and not re.fullmatch(r"\w{1,20}", options.extension or "mp4"):
        raise ConfigurationError(f"--extension must be letters and digits such as mp4, got {options.extension!r}")
    if not SUBMITS:
        raise ConfigurationError("a file of requests is for an API with an operation that starts a task; this has none")


def _rate(text: str | None) -> float | None:
    if text is None:
        return None
    found = re.fullmatch(r"(\d+(?:\.\d+)?)(?:/(s|m|min|h))?", text)
    number = float(found[1]) if found else 0.0
    if not found or not 1e-3 <= number <= 1e6:
        raise ConfigurationError(f"--rate must be a number of submits such as 20/s, 30/m or 500/h, got {text!r}")
    return number / {"s": 1, "m": 60, "min": 60, "h": 3600}[found[2] or "s"]


@contextmanager
def _connect(options: Working, store: Store) -> Iterator[tuple[dict[str, Any], float]]:
    """Connect to the server of the store's tasks: another one would be sent the token, and know none of them."""
    with connection(options) as way:
        server = AsyncClient(**way[0]).settings.base_url
        known = store.settings().get("server")
        if known is None:
            store.change(server=server)
        elif known != server:
            raise ConfigurationError(
                f"{store.place}: its tasks are at {known}, not at {server}",
                way_out=f"give --base-url {known}, if you trust it with the token, or another --store",
            )
        yield way


def _identify(store: Store, opened: Any, name: str, options: Batching) -> tuple[Heading, set[int]]:
    """Return the batch that a file is, and the numbers of its lines that are in the store."""
    known = {each.batch: each for each in store.headings()}
    batch, last = _lines.identify(opened, name, known)
    if batch in known:
        old = known[batch]
        for option, given, recorded in (
            ("--output-dir", options.output_dir and str(options.output_dir.absolute()), old.directory),
            ("--waive", options.waive and tuple(options.waive), old.waive),
            ("--strict", options.strict, old.strict),
        ):
            if given and given != recorded:
                raise ConfigurationError(f"{name}: was submitted with another {option}: {recorded or 'none'}")
        heading = evolve(old, lines=max(last, old.lines))
        return heading, {entry.number for entry in store.entries(heading)}
    file = Path(batch if name == "<stdin>" else name)
    directory = (options.output_dir or file.with_suffix("" if file.suffix else ".files")).absolute()
    for other in known.values():
        if other.directory == str(directory):
            raise ConfigurationError(
                f"{name}: has changed since its lines were submitted, into {directory}",
                way_out="restore it, and add new requests at its end; or give another --output-dir for new tasks",
            )
    return Heading(batch, name, str(directory), tuple(options.waive or ()), options.strict, last), set()


def _prepare(directory: Path) -> None:
    """Make the directory of the files, and refuse one that cannot be written before anything is paid for."""
    try:
        directory.mkdir(exist_ok=True)
    except OSError as error:
        raise ConfigurationError(f"{directory}: cannot be created: {error.strerror}") from None
    checked_target(directory / "line")


def _refuse(desk: Desk, findings: _lines.Findings) -> Exit:
    """Show every line that cannot be submitted; nothing was sent."""
    code = Exit.REFUSED if findings.refused else Exit.USAGE
    for problem in findings.problems:
        desk.screen.problem(f"error: {problem}")
    more = f", of which {_lines.SHOWN} are shown" if findings.bad > _lines.SHOWN else ""
    desk.screen.problem(f"nothing was sent: {findings.bad} of {findings.lines} lines cannot be submitted{more}")
    if desk.screen.as_json:
        error = {"type": "RequestRefused" if findings.refused else "ConfigurationError", "messages": findings.problems}
        desk.screen.result((), {"exit": code.value, "lines": [], "error": error})
    return code


def _describe(findings: _lines.Findings) -> list[str]:
    """Return which requests they are: how many of each listed value."""
    return [
        f"  {operation}: {name} " + ", ".join(f"{value} ({count})" for value, count in counted.most_common(8))
        for operation, fields in findings.choices.items()
        for name, counted in fields.items()
    ]


def _approve(desk: Desk, options: Spending, count: int, described: Iterable[str], *, needed: bool = True) -> bool:
    """Return whether so many requests may be submitted: as an option says, or a person at a terminal.

    Raises:
        ConfigurationError: Nobody said so, and it is needed.
    """
    most = count if options.max_submits is None else min(count, options.max_submits)
    how_many = f"{most} of {count} requests" if most < count else f"{count} request{'s' * (count > 1)}"
    desk.screen.problem("\n".join([f"to submit: {how_many}, each of which may be billed", *described]))
    if options.yes or options.sandbox or options.max_submits is not None:
        return True
    answer = ""
    if sys.stdin is not None and sys.stdin.isatty() and desk.screen.console.file.isatty():
        desk.screen.console.print(f"submit {most}? [y/N] ", end="")
        answer = sys.stdin.readline().strip().lower()
    if answer in {"y", "yes"}:
        return True
    if needed:
        raise ConfigurationError(
            "nothing was submitted: nobody agreed to the spending", way_out="to agree: --yes, or --max-submits N"
        )
    desk.screen.problem("they stay held: nobody agreed to the spending; to agree: --yes, or --max-submits N")
    return False


def _all(store: Store) -> Iterator[Entry]:
    for heading in store.headings():
        yield from store.entries(heading)


def _find_lines(store: Store, names: Sequence[str]) -> list[Entry]:
    """Return the lines of some names.

    Raises:
        ConfigurationError: There is no such line, or several.
    """
    headings = store.headings()
    found = []
    for name in names:
        wanted = re.fullmatch(r"(?:([0-9a-f]{12}):)?(\d{1,9})", name)
        if wanted is None:
            raise ConfigurationError(f"a line is named by its number, or by BATCH:NUMBER, got {name!r}")
        batches = [each for each in headings if wanted[1] in {None, each.batch}]
        entries = [entry for each in batches for entry in store.entries(each, [int(wanted[2])])]
        if not entries:
            raise ConfigurationError(f"{store.place}: holds no line {name}")
        if len(entries) > 1:
            ids = ", ".join(entry.id for entry in entries)
            raise ConfigurationError(f"several files have a line {name}: {ids}")
        found += entries
    return found


def _report_changed(desk: Desk, options: Storing, ids: Sequence[str]) -> Exit:
    """Report the lines that a command changed."""
    if ids:
        desk.screen.note(f"go on with: {PROGRAM} resume{store_option(options)}, unless a worker runs")
    desk.screen.result(ids, {"exit": 0, "lines": list(ids)})
    return Exit.OK


def _work(
    options: Working, board: Board, way: tuple[dict[str, Any], float], *, findings: _lines.Findings | None = None
) -> Exit:
    """Work until the lines of the board are over, or without any until a signal, and report."""
    from ._lease import Lease

    desk, store, (settings, pace) = board.desk, board.store, way
    interrupted: KeyboardInterrupt | None = None
    store.limit(options.concurrency, _rate(options.rate))
    lease = Lease(store, options.lease)
    try:
        with board.shown(), warnings.catch_warnings():
            # A rule that only warns was reported when the lines were checked.
            warnings.simplefilter("ignore")
            if not board.headings:
                desk.screen.note(f"working on {store.place} until Ctrl-C, SIGTERM or SIGHUP")
            with contextlib.suppress(asyncio.CancelledError):  # by the signal, which is delivered next
                asyncio.run(_process({**settings, "clock": Paced(pace)}, board, lease, options))
            desk.interrupts.deliver()
    except KeyboardInterrupt as error:
        desk.interrupts.ignore()
        interrupted = error
    finally:
        lease.end()
    board.load()
    return board.report(options, store.settings().get("stopped") or {}, findings=findings, interrupted=interrupted)


async def _process(settings: Mapping[str, Any], board: Board, lease: Lease, options: Working) -> None:
    from ._batch import Worker

    desk, directory = board.desk, None if isinstance(options, Batching) else options.output_dir
    loop, main = asyncio.get_running_loop(), cast("asyncio.Task[None]", asyncio.current_task())
    with desk.interrupts.hold(lambda: loop.call_soon_threadsafe(main.cancel)):
        async with AsyncClient(**settings) as client:
            worker = Worker(board.store, client, lease, board, directory, options.timeout)
            warned = False

            async def is_over() -> bool:
                nonlocal warned
                if worker.stopped is not None and not warned:
                    desk.screen.problem(f"nothing further is submitted: {one_line(str(worker.stopped['message']))}")
                warned = worker.stopped is not None
                if not board.headings:
                    return False
                await asyncio.to_thread(board.refresh)
                return not board.left(stopped=warned)

            await worker.run(is_over)
