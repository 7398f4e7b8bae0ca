"""What became of each line of a batch, on disk before it matters: append-only JSON Lines.

The first record says which file of requests it belongs to; each other one says what happened to one line:

    intent     written and flushed before the submit is sent; alone, it means that nobody knows the outcome
    submitted  with the task's id
    unknown    sent, and whether it was accepted is unknown; never sent again
    refused    by a rule or by the API, because of what the request says; nothing was started, and it is
               tried again only where the line or the rules have changed
    unsent     provably not accepted, for a reason outside the request; may be tried again
    ended      the vendor ended the task without a file
    done       with the file, if one was written

It holds neither token nor prompt: a line is known by its number and hash. A torn last record is
skipped and marked by the next process; damage anywhere else is an error, because what it hid may
have cost money.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import sys
from collections.abc import Iterator, Mapping
from io import FileIO
from pathlib import Path
from typing import Any, Final, Self

from attrs import define, evolve, field, frozen

from .._errors import ConfigurationError
from .._files import sync_directory
from .._secrets import printable

FORMAT: Final = 1
NEW: Final = "new"
STATES: Final = ("intent", "submitted", "unknown", "refused", "unsent", "ended", "done")
_AFTER: Final[Mapping[str, frozenset[str]]] = {
    "intent": frozenset({NEW, "unsent", "refused"}),
    "submitted": frozenset({"intent"}),
    "unknown": frozenset({"intent"}),
    "refused": frozenset({"intent"}),
    "unsent": frozenset({"intent"}),
    "ended": frozenset({"submitted"}),
    "done": frozenset({"submitted"}),
}
"""What each state can follow; anything else was not written by this program."""


@frozen
class Entry:
    """What is known of one line."""

    state: str = NEW
    body: str | None = None
    task: str | None = None
    file: str | None = None
    error: str | None = None

    def after(self, state: str, known: Mapping[str, str]) -> Entry:
        """Return what is known once a record has been added; a new intent begins afresh."""
        return evolve(Entry() if state == "intent" else self, state=state, **known)


@frozen
class Heading:
    """What a journal belongs to.

    Attributes:
        input: The file of requests, as seen from the journal's directory.
        output: The directory of the files, seen likewise.
        server: Where the tasks were submitted.
    """

    input: str
    output: str
    server: str


@define
class Journal:
    """A journal that is open for this process alone."""

    path: Path
    heading: Heading
    entries: dict[int, Entry]
    _file: FileIO = field(repr=False)
    _torn: bool = field(default=False, init=False)

    @classmethod
    def create(cls, path: Path, heading: Heading) -> Self:
        """Begin a journal; where one has begun, that is an error.

        Raises:
            ConfigurationError: There is one, or it cannot be written.
        """
        record = {"journal": FORMAT, "input": heading.input, "output": heading.output, "server": heading.server}
        with _named(path):
            file = path.open("ab+", buffering=0)
            _lock(file, path)
            if cls.has_begun(path):
                file.close()
                raise ConfigurationError(f"{path}: another process has just begun this journal")
            # What a killed process left of a first record: nothing was sent then.
            file.truncate(0)
            journal = cls(path, heading, {}, file)
            journal._append(record)
            sync_directory(path.parent)
        return journal

    @staticmethod
    def has_begun(path: Path) -> bool:
        """Return whether there is a journal; before its first record is whole, there is none."""
        with _named(path):
            if not path.exists():
                return False
            if not path.is_file():
                raise ConfigurationError(f"{path}: is no plain file, and so no journal")
            with path.open("rb") as file:
                return any(row.endswith(b"\n") for row in file)

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open a journal to go on with it.

        Raises:
            ConfigurationError: It cannot be read, is damaged, or another process works with it.
        """
        with _named(path):
            file = path.open("rb+", buffering=0)
            _lock(file, path)
            data = file.read()
            try:
                heading, entries = _read(path, data)
            except ConfigurationError:
                file.close()
                raise
            journal = cls(path, heading, entries, file)
            if not data.endswith(b"\n"):
                # The torn record stays readable for people; the mark behind it distinguishes it from damage.
                journal._write(b"\n")
                journal._append({"torn": True})
        return journal

    def note(self, number: int, state: str, **known: str | None) -> None:
        """Write down what happened to a line; when this returns, it is on the disk.

        Raises:
            OSError: It could not be written.
        """
        given = {name: value for name, value in known.items() if value is not None}
        self._append({"line": number, "state": state, **given})
        self.entries[number] = self.entries.get(number, Entry()).after(state, given)

    def _append(self, record: Mapping[str, Any]) -> None:
        self._write(json.dumps(record).encode() + b"\n")
        os.fsync(self._file.fileno())

    def _write(self, data: bytes) -> None:
        if self._torn:
            raise OSError(errno.EIO, "an earlier record could not be written whole")
        # Torn from the first byte to the last: behind half a record nothing may follow.
        self._torn = True
        while data:
            data = data[self._file.write(data) :]
        self._torn = False

    def close(self) -> None:
        """Let other processes have it."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@contextlib.contextmanager
def _named(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ConfigurationError(f"{path}: the journal cannot be used: {error.strerror}") from None


def _read(path: Path, data: bytes) -> tuple[Heading, dict[int, Entry]]:
    *rows, _torn = data.split(b"\n")
    if not rows:
        raise ConfigurationError(f"{path}: is no journal: its first record is missing", way_out="nothing was sent yet")
    heading = _heading(path, rows[0])
    entries: dict[int, Entry] = {}
    for number, row in enumerate(rows[1:], 2):
        record = _record(row)
        if record is None:
            # Torn by the end of an earlier process, which the next one has marked.
            if number < len(rows) and _record(rows[number]) == {"torn": True}:
                continue
            raise _damaged(path, number, "is not a record")
        if record != {"torn": True}:
            _apply(path, number, record, entries)
    return heading, entries


def _record(row: bytes) -> dict[str, Any] | None:
    try:
        read = json.loads(row)
    except (ValueError, RecursionError):
        return None
    return read if isinstance(read, dict) else None


def _heading(path: Path, row: bytes) -> Heading:
    read = _record(row) or {}
    values = [read.get(name) for name in ("input", "output", "server")]
    if read.get("journal") != FORMAT or not all(isinstance(value, str) for value in values):
        raise ConfigurationError(f"{path}:1: is no journal of this version of the program")
    return Heading(*(str(value) for value in values))


def _apply(path: Path, number: int, record: dict[str, Any], entries: dict[int, Entry]) -> None:
    line, state = record.get("line"), record.get("state")
    known: dict[str, Any] = {name: record[name] for name in ("body", "task", "file", "error") if name in record}
    if not isinstance(line, int) or state not in STATES or not all(isinstance(each, str) for each in known.values()):
        raise _damaged(path, number, "is no record of this program")
    before = entries.get(line, Entry())
    if before.state not in _AFTER[str(state)]:
        raise _damaged(path, number, f"line {line} cannot be {state} after {before.state}")
    if state == "submitted" and not known.get("task"):
        raise _damaged(path, number, "names no task")
    entries[line] = before.after(str(state), known)


def _damaged(path: Path, number: int, what: str) -> ConfigurationError:
    return ConfigurationError(
        f"{printable(str(path))}:{number}: the journal is damaged: {what}",
        way_out="nothing was sent; what its other records say of tasks is still true: look there for their ids",
    )


def _lock(file: FileIO, path: Path) -> None:
    """Lock an open file for this process until it is closed.

    Raises:
        ConfigurationError: Another process has it.
    """
    try:
        if sys.platform == "win32":
            import msvcrt

            # A byte far behind the end: locked bytes cannot be read by others, and nobody reads that one.
            file.seek(2**40)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
            file.seek(0)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise ConfigurationError(
            f"{path}: another process works with this journal", way_out="wait for it, or end it"
        ) from None
