"""Read a file of requests, JSON Lines, line by line: to find out which batch it is, to check it, to enqueue it."""

from __future__ import annotations

import contextlib
import hashlib
import mimetypes
import re
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Final

from attrs import asdict, define, field, frozen

from .._api import BODIES, OPERATIONS, PROGRAM, RULES, SUBMITS, TASKS, WAITERS, request_violations
from .._errors import ConfigurationError
from .._secrets import printable
from ._requests import RequestSchema, UnlistedField, read_object, suggestion, unlisted_fields

LIMIT: Final = 4 * 2**20
"""Bytes one line may have."""
SHOWN: Final = 100
"""Lines that are shown; the others are counted."""

_WRAPPED: Final = {"output", "request", "operation", "parameters"}
_FORBIDDEN: Final = frozenset('/\\:*?"<>|')
"""Characters a file name cannot have everywhere."""
_OWN_NAME: Final = re.compile(r"line-(\d+)\.\w+")


STATES: Final = (
    "queued",
    "held",
    "submitting",
    "waiting",
    "done",
    "failed",
    "undelivered",
    "refused",
    "unknown",
    "on_disk",
    "cancelled",
    "broken",
)
"""The states of a line, in the order in which they are reported."""
OPEN: Final = frozenset({"queued", "submitting", "waiting"})
"""States that a worker goes on with."""


@frozen
class Line:
    """One request.

    Attributes:
        number: Its line in the file, from 1.
        operation: The id of the operation that submits it.
        parameters: The operation's parameters, by keyword.
        body: The body as it is sent.
        output: The name of the file it makes.
    """

    number: int
    operation: str
    parameters: Mapping[str, Any]
    body: dict[str, Any]
    output: str

    def content(self, batch: str) -> dict[str, Any]:
        """Return what a worker needs of it."""
        return {"batch": batch, **asdict(self, recurse=False, filter=lambda each, _: each.name != "number")}


@frozen
class Entry:
    """What is known of one line.

    Attributes:
        id: Its batch and its number.
        state: One of `STATES`.
        task: The id of its task.
        file: What was downloaded.
        error: The error that ended it: its class as `type`, its text as `message`.
    """

    id: str
    state: str
    task: str | None = None
    file: str | None = None
    error: Mapping[str, Any] | None = None

    @property
    def number(self) -> int:
        """The number of the line in its file, from 1."""
        return int(self.id.rpartition(":")[2])

    def document(self) -> dict[str, Any]:
        """Return it as JSON."""
        batch, _, number = self.id.rpartition(":")
        error = None if self.error is None else dict(self.error)
        return {
            "batch": batch,
            "line": int(number),
            "state": self.state,
            "id": self.task,
            "file": self.file,
            "error": error,
        }


@frozen
class Heading:
    """What the lines of one file have in common.

    Attributes:
        batch: Its id: a hash of the file's content.
        file: The file.
        directory: Where its files go.
        waive: Ids of rules switched off.
        strict: Whether inferred rules refuse too.
        lines: The number of the last line.
    """

    batch: str
    file: str
    directory: str
    waive: tuple[str, ...] = ()
    strict: bool = False
    lines: int = 0


@define
class Findings:
    """What a check of many lines found.

    Attributes:
        lines: How many there are.
        bad: How many of them cannot be submitted.
        problems: What is wrong with the first of those.
        refused: Whether all of those break a rule, and are otherwise right.
        choices: How many lines have each value of each field whose values the document lists, by operation.
        unlisted: The fields that the document does not list.
        warnings: How many lines break each inferred rule, and its message.
    """

    lines: int = 0
    bad: int = 0
    problems: list[str] = field(factory=list)
    refused: bool = True
    choices: dict[str, dict[str, Counter[str]]] = field(factory=dict)
    unlisted: tuple[UnlistedField, ...] = ()
    warnings: Counter[str] = field(factory=Counter)

    def refuse(self, problem: str) -> None:
        """Count a line that cannot be submitted."""
        self.bad += 1
        if len(self.problems) < SHOWN:
            self.problems.append(problem)


@contextmanager
def open_requests(file: Path) -> Iterator[tuple[BinaryIO, str]]:
    """Open a file that can be read several times, and return it with its name; `-` is standard input.

    Raises:
        ConfigurationError: It cannot be read.
    """
    is_standard_input = str(file) == "-"
    try:
        # A nameless file, readable by nobody else, because the lines are read three times.
        found = tempfile.TemporaryFile() if is_standard_input else file.open("rb")  # noqa: SIM115  (closed below)
        if is_standard_input and sys.stdin is not None:
            shutil.copyfileobj(sys.stdin.buffer, found)
    except OSError as error:
        raise ConfigurationError(f"{file}: cannot be read: {error.strerror}") from None
    with found:
        yield found, "<stdin>" if is_standard_input else str(file)


def _rows(file: BinaryIO, name: str) -> Iterator[tuple[int, bytes]]:
    """Yield the number and the text of every line that is not empty."""
    file.seek(0)
    for number, row in enumerate(iter(lambda: file.readline(LIMIT + 1), b""), 1):
        if len(row) > LIMIT:
            raise ConfigurationError(f"{name}:{number}: is longer than {LIMIT} bytes")
        text = (row.removeprefix(b"\xef\xbb\xbf") if number == 1 else row).strip()
        if text:
            yield number, text


def identify(file: BinaryIO, name: str, known: Collection[str]) -> tuple[str, int]:
    """Return the id of a file's batch, a hash of its content, and the number of its last line.

    Args:
        file: The file.
        name: What it is called in messages.
        known: Batches that are in the store: one of them that the file goes on with is the same batch.
    """
    digest, batch, last = hashlib.sha256(PROGRAM.encode()), "", 0
    for number, text in _rows(file, name):
        digest.update(b"%d:%b\n" % (number, text))
        last = number
        if known and (now := digest.hexdigest()[:12]) in known:
            batch = now
    return batch or digest.hexdigest()[:12], last


def read(
    file: BinaryIO, name: str, operation: str | None, done: Collection[int], *, extension: str | None
) -> Iterator[Line]:
    """Yield the lines that are not done; they were checked before."""
    for number, text in _rows(file, name):
        if number not in done:
            yield _line(f"{name}:{number}", number, read_object(text, name, number), operation, extension)


def check(
    file: BinaryIO,
    name: str,
    operation: str | None,
    done: Collection[int],
    *,
    extension: str | None,
    directory: Path,
    waive: Collection[str],
    strict: bool,
) -> Findings:
    """Check all lines that are not done, and return everything found.

    Args:
        file: The file.
        name: What it is called in messages.
        operation: The operation that submits lines which name none.
        done: Numbers of lines that are in the store.
        extension: The extension of the files that lines do not name; None for that of the type they have.
        directory: Where the files will go.
        waive: Ids of rules switched off.
        strict: Whether inferred rules refuse too.

    Raises:
        ConfigurationError: There is no such operation or rule.
    """
    if operation is not None and operation not in SUBMITS:
        raise _no_operation("--operation", operation)
    found = Findings()
    taken = set[str]()
    with contextlib.suppress(OSError):  # where there is no directory yet, or none can be, which is found out later
        taken = {each.name.casefold() for each in directory.iterdir()}
    named: dict[str, int] = {}
    unlisted: dict[tuple[str, str | None], list[int]] = {}
    for number, text in _rows(file, name):
        if number in done:
            continue
        found.lines += 1
        try:
            line = _line(f"{name}:{number}", number, read_object(text, name, number), operation, extension)
            _check_output(f"{name}:{number}", line, taken, named)
        except ConfigurationError as error:
            found.refused = False
            found.refuse("\n  ".join([error.message, *([error.way_out] if error.way_out else [])]))
            continue
        _judge(line, f"{name}:{number}", found, waive=waive, strict=strict)
        kind = next((kind for kind, body in BODIES.items() if line.operation in body.operations), None)
        for each in () if kind is None else unlisted_fields(line.body, RequestSchema.of(kind)):
            unlisted.setdefault((each.pointer, each.suggestion), []).append(number)
    found.unlisted = tuple(UnlistedField(*each, tuple(numbers)) for each, numbers in unlisted.items())
    return found


def _judge(line: Line, place: str, found: Findings, *, waive: Collection[str], strict: bool) -> None:
    operation = OPERATIONS[line.operation]
    try:
        violations = request_violations(operation, {"body": line.body, **line.parameters}, waive=waive)
    except ValueError as error:
        raise ConfigurationError(str(error)) from None
    stated = [each for each in violations if strict or each.level == "error"]
    if stated:
        found.refuse("\n".join(f"{place}: {each}" for each in stated))
        return
    found.warnings.update(f"{each.rule}: {each.message}" for each in violations)
    counted = found.choices.setdefault(line.operation, {})
    for each in operation.inputs:
        if each.place == "body" and each.choices and isinstance(line.body.get(each.name), str | int | bool):
            counted.setdefault(each.name, Counter())[printable(str(line.body[each.name]))[:60]] += 1


def _line(place: str, number: int, read: dict[str, Any], operation: str | None, extension: str | None) -> Line:
    name, given, body = None, {}, read
    if read.keys() <= _WRAPPED and isinstance(read.get("request"), dict):
        body, name, given = read["request"], read.get("output"), read.get("parameters", {})
        operation = read.get("operation", operation)
        if not isinstance(given, dict):
            raise ConfigurationError(f"{place}: parameters must be an object, got {type(given).__name__}")
    operation = _operation(place, operation, body, given)
    if name is None:
        # What makes no file has its last answer written.
        waiter = TASKS.get(operation) or WAITERS[SUBMITS[operation]]
        guess = (mimetypes.guess_extension(waiter.media.partition(";")[0].strip()) or ".bin").removeprefix(".")
        name = f"line-{number:04}.{(extension or guess) if waiter.makes_files else 'json'}"
    return Line(number, operation, _parameters(place, operation, given), body, _check_name(place, name))


def _parameters(place: str, operation: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return parameters by the keyword of their request, whether they are given by that or by the document's name."""
    inputs = [each for each in OPERATIONS[operation].inputs if each.place != "body"]
    known = {name: each.argument for each in inputs for name in (each.name, each.keyword, each.argument)}
    for name in given:
        if name not in known:
            shown = printable(repr(name))[:100]
            raise ConfigurationError(f"{place}: {operation} has no parameter {shown}{suggestion(name, known)}")
    found = {known[name]: value for name, value in given.items()}
    missing = [each.name for each in inputs if each.required and each.argument not in found]
    if missing:
        raise ConfigurationError(
            f"{place}: {operation} needs {', '.join(missing)}",
            way_out='write {"parameters": {NAME: VALUE}, "request": REQUEST}',
        )
    return found


def _operation(place: str, named: Any, body: dict[str, Any], parameters: Mapping[str, Any]) -> str:
    """Return the operation that submits a line: the one it names, or the only one that can."""
    if named is not None:
        if not isinstance(named, str) or named not in SUBMITS:
            raise _no_operation(f"{place}: operation", named)
        return named
    if len(SUBMITS) == 1:
        return next(iter(SUBMITS))
    fitting = _find_operations(body, parameters)
    if len(fitting) != 1:
        raise ConfigurationError(
            f"{place}: must name its operation, because {len(fitting) or 'none'} of {', '.join(SUBMITS)} would take it",
            way_out='write {"operation": NAME, "request": REQUEST}, or give --operation NAME for all lines',
        )
    return fitting[0]


def _find_operations(body: dict[str, Any], parameters: Mapping[str, Any]) -> list[str]:
    """Return the operations that a line can be meant for: by its fields, and where that leaves several by the rules."""
    shared: dict[str, int] = {}
    requests: dict[str, dict[str, Any]] = {}
    for name in SUBMITS:
        known = {each.name: each.required for each in OPERATIONS[name].inputs if each.place == "body" and each.name}
        with contextlib.suppress(ConfigurationError):
            given = _parameters("", name, parameters)
            if all(each in body for each, required in known.items() if required):
                shared[name] = len(known.keys() & body)
                requests[name] = {"body": body, **given}
    fitting = [name for name, count in shared.items() if count == max(shared.values())]
    if len(fitting) > 1:
        found = {name: request_violations(OPERATIONS[name], requests[name]) for name in fitting}
        # Those whose schema it fits, and of several of these the ones whose rules it keeps, too.
        fitting = [name for name in fitting if all(each.rule in RULES for each in found[name])]
        if len(fitting) > 1:
            fitting = [name for name in fitting if not found[name]]
    return fitting


def _no_operation(what: str, named: Any) -> ConfigurationError:
    got = f"{printable(repr(named))[:100]}{suggestion(str(named), SUBMITS)}"
    return ConfigurationError(f"{what} must be one of {', '.join(SUBMITS)}, got {got}")


def _check_name(place: str, name: Any) -> str:
    """Return a name that stays in its directory, whatever system this is."""
    fits = (
        isinstance(name, str)
        and 0 < len(name.encode("utf-8", "replace")) <= 200
        and name == name.strip(". ")
        and not _FORBIDDEN & set(name)
        and printable(name) == name
        and "\n" not in name
        and "\t" not in name
    )
    if not fits:
        raise ConfigurationError(
            f"{place}: output must be the name of a file, without directories, got {printable(repr(name))[:200]}",
            way_out="the directory is given once, with --output-dir",
        )
    return str(name)


def _check_output(place: str, line: Line, taken: Collection[str], named: dict[str, int]) -> None:
    """Refuse a file that exists, or that another line makes: it would replace what was paid for."""
    name = line.output.casefold()
    if name in taken:
        raise ConfigurationError(
            f"{place}: makes the file {line.output}, which exists already",
            way_out="move it away, or name another output",
        )
    if own := _OWN_NAME.fullmatch(name):
        if int(own[1]) != line.number:
            raise ConfigurationError(f"{place}: {line.output} is the name of another line's file; name another output")
        return
    if name in named:
        raise ConfigurationError(
            f"{place}: makes the file {line.output}, as line {named[name]} does; name another output"
        )
    named[name] = line.number
