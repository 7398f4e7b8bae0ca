"""The store of many tasks: the tables of DBOS in a SQLite file or a PostgreSQL database.

A batch is one file of requests. Each of its lines is a workflow `BATCH:NUMBER` that submits it, and, once it has a
task, a second one `BATCH:NUMBER:file` that waits for the task and downloads its file. Requests are stored in clear,
as JSON; the token is not stored. A SQLite file is readable by its owner only.
"""

from __future__ import annotations

import logging
import os
import re
import stat
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from attrs import asdict, define, field
from dbos import DBOS, DBOSClient, DBOSPortableJSONSerializer, EnqueueOptions, WorkflowStatus
from sqlalchemy import event
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from .._api import PROGRAM
from .._errors import ConfigurationError
from .._secrets import printable
from ._lines import Entry, Heading

APPLICATION: Final = f"batch-{re.sub('[^a-z0-9_-]', '-', PROGRAM.lower())}"
VERSION: Final = "1"
"""Pinned, so that a new release of the program finds the work of the old one."""

SUBMITTING: Final = f"{APPLICATION}-submit"
"""Queue of lines to submit; its concurrency and rate hold for submits, and a pause of it for all workers."""
FOLLOWING: Final = f"{APPLICATION}-follow"
"""Queue of tasks to wait for and download: waiting holds no slot of a submit."""
HELD: Final = f"{APPLICATION}-held"
"""Queue that nobody works on: lines that nobody has approved yet, the headings of batches, and the settings."""

CONCURRENCY: Final = 4
"""Submits in flight, for each worker: more cost unknown outcomes where it is killed, and gain little."""
FOLLOWED: Final = 200
"""Tasks that one worker waits for at a time; the others go on at the vendor meanwhile."""

SUBMIT: Final = f"{APPLICATION}.submit"
FOLLOW: Final = f"{APPLICATION}.follow"
"""Names of the workflows: an engine in one process knows those of every client that is loaded there."""
_SETTINGS: Final = f"{APPLICATION}:settings"

# What the engine would print is reported by the commands: with a handler of ours it adds none of its own.
logging.getLogger("dbos").addHandler(logging.NullHandler())

_CHUNK: Final = 400
"""Lines of one query: each has two workflows, and SQLite takes a limited number of parameters."""
TOGETHER: Final = 1000
"""Lines enqueued in one transaction."""


@define
class Store:
    """An open store.

    Attributes:
        place: What it is called in messages, without a password.
        url: Where it is.
        engine: Its connections.
        client: What reads and changes the workflows.
    """

    place: str
    url: sa.URL
    engine: sa.Engine
    client: DBOSClient = field(init=False)
    _headings: dict[str, Heading] = field(factory=dict, init=False)
    _ahead: float = field(default=0.0, init=False)

    def __attrs_post_init__(self) -> None:
        self.client = DBOSClient(
            system_database_engine=self.engine,
            serializer=DBOSPortableJSONSerializer(),
            application_name=APPLICATION,
        )
        if self.file is None:
            with self.engine.connect() as connection:
                moment = connection.execute(sa.text("SELECT extract(epoch FROM clock_timestamp())")).scalar_one()
            self._ahead = float(moment) - time.time()

    def now(self) -> float:
        """Return the time by the clock of the store, in seconds of the epoch: those of machines differ."""
        return time.time() + self._ahead

    @property
    def file(self) -> Path | None:
        """The SQLite file; None for a database."""
        return Path(str(self.url.database)) if self.url.get_backend_name() == "sqlite" else None

    def close(self) -> None:
        """Close the connections."""
        self.client.destroy()
        self.engine.dispose()

    def settings(self) -> dict[str, Any]:
        """Return what all workers share: the server, the limits, and whether the queue is paused or stopped."""
        found = self.client.list_workflows(workflow_ids=[_SETTINGS], load_input=False, load_output=False)
        return dict(found[0].attributes or {}) if found else {}

    def change(self, **settings: Any) -> None:
        """Change some of the settings that all workers share."""
        if not self.settings():
            self._record(_SETTINGS, "settings", {})
        self.client.update_workflow_attributes(_SETTINGS, settings, merge=True)

    def headings(self) -> list[Heading]:
        """Return the heading of every batch, the oldest first."""
        found = self.client.list_workflows(name="batch", queue_name=HELD, load_output=False)
        return [_read_heading(each) for each in found]

    def heading(self, batch: str) -> Heading:
        """Return the heading of a batch."""
        if batch not in self._headings:
            (found,) = self.client.list_workflows(workflow_ids=[batch], load_output=False)
            self._headings[batch] = _read_heading(found)
        return self._headings[batch]

    def add(self, heading: Heading, lines: Iterable[tuple[int, Mapping[str, Any]]], approved: int | None) -> int:
        """Enqueue the lines of a batch that are not in the store yet, and return their number.

        Args:
            heading: The batch.
            lines: Number and content of each line that is new.
            approved: How many of them may be submitted; the others are held. None for all.
        """
        shared = asdict(heading, filter=lambda each, _: each.name not in {"batch", "lines"})
        self._record(heading.batch, "batch", shared)
        self.client.update_workflow_attributes(heading.batch, {"lines": heading.lines}, merge=True)
        count = 0
        for chunk in chunks(lines, TOGETHER):
            with self.engine.begin() as connection:
                for number, line in chunk:
                    queue = SUBMITTING if approved is None or count < approved else HELD
                    options = _options(f"{heading.batch}:{number}", SUBMIT, queue)
                    self.client.enqueue_in_transaction(connection, options, dict(line))
                    count += 1
        return count

    def follow(self, line: str, content: Mapping[str, Any], task: Mapping[str, Any]) -> None:
        """Enqueue the waiting for a task of a line; harmless where that is enqueued already."""
        self.client.enqueue(*describe_follow(line, content, task))

    def entries(self, heading: Heading, numbers: Iterable[int] | None = None) -> Iterator[Entry]:
        """Yield what is known of the lines of a batch, in order; lines that are not in the store are left out."""
        for chunk in chunks(numbers or range(1, heading.lines + 1), _CHUNK):
            ids = [f"{heading.batch}:{number}" for number in chunk]
            yield from self._entries(ids)

    def list_ended(self, since: float) -> Iterator[Entry]:
        """Yield the lines of which something has ended since a moment, in seconds of the epoch."""
        moment = datetime.fromtimestamp(since, UTC).isoformat()
        found = self.client.list_workflows(
            completed_after=moment, name=[SUBMIT, FOLLOW], load_input=False, load_output=False
        )
        for chunk in chunks(dict.fromkeys(each.workflow_id.removesuffix(":file") for each in found), _CHUNK):
            yield from self._entries(chunk)

    def _entries(self, ids: list[str]) -> Iterator[Entry]:
        wanted = [*ids, *(f"{each}:file" for each in ids)]
        found = {each.workflow_id: each for each in self.client.list_workflows(workflow_ids=wanted, load_input=False)}
        for each in ids:
            if each in found:
                yield _entry(each, found[each], found.get(f"{each}:file"))

    def contents(self, heading: Heading) -> Iterator[tuple[Entry, dict[str, Any]]]:
        """Yield the lines of a batch with their requests."""
        for chunk in chunks(range(1, heading.lines + 1), _CHUNK):
            ids = [f"{heading.batch}:{number}" for number in chunk]
            found = {each.workflow_id: _content(each) for each in self.client.list_workflows(workflow_ids=ids)}
            for entry in self._entries(ids):
                yield entry, found[entry.id]

    def content(self, line: str) -> dict[str, Any]:
        """Return what a worker needs of a line."""
        (found,) = self.client.list_workflows(workflow_ids=[line], load_output=False)
        return _content(found)

    def release(self, lines: Iterable[str]) -> None:
        """Let lines that are held be submitted."""
        for chunk in chunks(lines, _CHUNK):
            self.client.resume_workflows(chunk, queue_name=SUBMITTING)

    def cancel(self, lines: Iterable[str]) -> None:
        """Take lines out of their queue."""
        for chunk in chunks(lines, _CHUNK):
            self.client.cancel_workflows(chunk)

    def repeat(self, line: str) -> None:
        """Submit a line once more."""
        self.client.rewind_workflow(line, queue_name=SUBMITTING)

    def repeat_download(self, line: str) -> None:
        """Wait for the task of a line and download its file once more."""
        self.client.rewind_workflow(f"{line}:file", queue_name=FOLLOWING)

    def limit(self, concurrency: int | None, rate: float | None) -> None:
        """Create the queues, or change the limits that are given; they hold for all workers.

        Args:
            concurrency: Submits in flight of each worker.
            rate: Submits a second of all workers together.
        """
        register = self.client.register_queue
        if self.client.retrieve_queue(SUBMITTING) is None:
            register(SUBMITTING, worker_concurrency=concurrency or CONCURRENCY, polling_interval_sec=0.1)
            register(FOLLOWING, worker_concurrency=FOLLOWED, polling_interval_sec=0.25)
        if concurrency is not None:
            self.change(concurrency=concurrency)
        if rate is not None and (queue := self.client.retrieve_queue(SUBMITTING)) is not None:
            # In a window of whole submits: 0.5 a second is one in two seconds.
            queue.set_limiter({"limit": max(1, int(rate)), "period": max(1, int(rate)) / rate})

    def set_concurrency(self, submits: int) -> None:
        """Let every worker have so many submits in flight; none pauses the queue."""
        queue = self.client.retrieve_queue(SUBMITTING)
        if queue is not None and queue.worker_concurrency != submits:
            queue.set_worker_concurrency(submits)

    def list_begun(self) -> list[WorkflowStatus]:
        """Return the workflows that some worker has begun and not ended."""
        return self.client.list_workflows(
            status="PENDING", queue_name=[SUBMITTING, FOLLOWING], load_input=False, load_output=False
        )

    def _record(self, identifier: str, kind: str, content: Mapping[str, Any]) -> None:
        self.client.enqueue(_options(identifier, kind, HELD), dict(content))


def _options(identifier: str, kind: str, queue: str, **attributes: Any) -> EnqueueOptions:
    return {
        "workflow_id": identifier,
        "workflow_name": kind,
        "queue_name": queue,
        "app_version": VERSION,
        "attributes": attributes,
    }


def describe_follow(
    line: str, content: Mapping[str, Any], task: Mapping[str, Any]
) -> tuple[EnqueueOptions, dict[str, Any]]:
    """Return the options and the content of the workflow that follows a line's task."""
    options = _options(f"{line}:file", FOLLOW, FOLLOWING, task=task["id"])
    return options, {"batch": content["batch"], "output": content["output"], "task": dict(task)}


def _read_heading(found: WorkflowStatus) -> Heading:
    lines = int((found.attributes or {}).get("lines", 0))
    content = _content(found)
    return Heading(**{**content, "waive": tuple(content["waive"]), "batch": found.workflow_id, "lines": lines})


def _content(found: WorkflowStatus) -> dict[str, Any]:
    content: dict[str, Any] = found.input["args"][0] if found.input else {}
    return content


def _entry(line: str, submit: WorkflowStatus, follow: WorkflowStatus | None) -> Entry:
    """Return the state of a line: that of its task's workflow where it has one."""
    output = submit.output if isinstance(submit.output, dict) else {}
    task = (output.get("task") or {}).get("id") or output.get("maybe")
    state = {"PENDING": "submitting", "CANCELLED": "cancelled", "SUCCESS": output.get("state", "broken")}
    now = state.get(submit.status, "broken")
    if submit.status in {"ENQUEUED", "DELAYED"}:
        now = "held" if submit.queue_name == HELD else "queued"
    if follow is not None:
        task = (follow.attributes or {}).get("task", task)
        output = follow.output if isinstance(follow.output, dict) else {}
        running = follow.status in {"ENQUEUED", "DELAYED", "PENDING"}
        now = "waiting" if running else str(output.get("state", "broken"))
    error = output.get("error")
    if now == "broken" and error is None:
        broken = follow.error if follow is not None and follow.error else submit.error
        error = {"type": type(broken).__name__, "message": printable(str(broken))}
    return Entry(line, now, task, output.get("file"), error)


def chunks(items: Iterable[Any], size: int) -> Iterator[list[Any]]:
    chunk: list[Any] = []
    for item in items:
        chunk.append(item)
        if len(chunk) == size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


@contextmanager
def open_store(place: str, *, create: bool) -> Iterator[Store]:
    """Open a store: a path or the URL of a database.

    Raises:
        ConfigurationError: It does not exist and is not to be created, cannot be used, or another account could
            read it.
    """
    url = _url(place)
    shown = printable(url.render_as_string(hide_password=True)) if "://" in place else printable(place)
    try:
        if url.get_backend_name() == "sqlite":
            _check_file(Path(str(url.database)), create=create)
        engine = _engine(url)
        schema = None if url.get_backend_name() == "sqlite" else "dbos"
        is_new = not sa.inspect(engine).has_table("workflow_status", schema=schema)
        if is_new and create:
            DBOS.migrate(url.render_as_string(hide_password=False))
    except (SQLAlchemyError, OSError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(getattr(error, "orig", None) or error)
        reason = printable(str(reason)).partition("\n")[0]
        raise ConfigurationError(f"{shown}: the store cannot be opened: {reason}") from None
    if is_new and not create:
        engine.dispose()
        raise ConfigurationError(f"{shown}: holds no tasks yet", way_out=f"{PROGRAM} submit FILE")
    store = Store(shown, url, engine)
    try:
        yield store
    finally:
        store.close()


def _url(place: str) -> sa.URL:
    if "://" not in place:
        return sa.URL.create("sqlite", database=str(Path(place).absolute()))
    try:
        url = sa.make_url(place)
    except ArgumentError:
        raise ConfigurationError("--store must be a path or a URL such as postgresql://USER@HOST/DATABASE") from None
    if url.get_backend_name() not in {"sqlite", "postgresql"}:
        raise ConfigurationError(f"--store must be a SQLite file or a PostgreSQL database, got {url.drivername}://")
    return url.set(drivername="postgresql+psycopg") if url.get_backend_name() == "postgresql" else url


def _check_file(path: Path, *, create: bool) -> None:
    """Create the file for its owner alone, or refuse one that others can read: it holds every request."""
    try:
        found = path.lstat()
    except FileNotFoundError:
        if not create:
            raise ConfigurationError(f"{path}: there is no store yet", way_out=f"{PROGRAM} submit FILE") from None
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        return
    if not stat.S_ISREG(found.st_mode):
        raise ConfigurationError(f"{path}: is not a regular file")
    if os.name != "nt" and found.st_mode & 0o077:
        raise ConfigurationError(
            f"{path}: other accounts can read this store, which holds every request", way_out=f"chmod 600 {path}"
        )


def _engine(url: sa.URL) -> sa.Engine:
    if url.get_backend_name() != "sqlite":
        return sa.create_engine(url, pool_size=10, max_overflow=10, pool_pre_ping=True)
    engine = sa.create_engine(url, pool_size=10, max_overflow=10)

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        # As DBOS sets up its own connections; the log of writes lets readers go on meanwhile. A commit is on the disk
        # before it returns: an intent that a power cut forgot would be submitted again.
        connection.isolation_level = "IMMEDIATE"
        for pragma in ("busy_timeout=60000", "foreign_keys=ON", "journal_mode=WAL", "synchronous=FULL"):
            connection.execute(f"PRAGMA {pragma}")

    return engine
