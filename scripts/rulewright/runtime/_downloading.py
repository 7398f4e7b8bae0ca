"""Download one file: whole or not at all, from public addresses, and without token unless the API itself serves it.

A stream, such as a pipe or standard output, gets its first byte after the last one has arrived and been checked.
"""

from __future__ import annotations

import base64
import logging
import re
import struct
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import BinaryIO, Final
from urllib.parse import urljoin

from attrs import frozen

from ._addresses import obviously_private, origin, split
from ._api import LOGGER
from ._errors import DownloadError
from ._exchange import (
    Close,
    Core,
    Disk,
    DiskFailed,
    Failed,
    Now,
    Open,
    Opened,
    Random,
    Read,
    Request,
    Saved,
    Sleep,
    Write,
)
from ._files import Partial, Spooled, begin, is_stream, sweep
from ._secrets import Redactor, printable, without_query
from ._settings import Policy
from ._waiter import shown_url

_HEAD: Final = struct.Struct(">I4s")
_LARGE: Final = struct.Struct(">Q")
_LIST: Final = struct.Struct(">II")
_MAX_BOXES: Final = 100_000
_CONTAINERS: Final = frozenset({b"moov", b"trak", b"mdia", b"minf", b"stbl"})
_OFFSETS: Final = {b"stco": 4, b"co64": 8}
"""The boxes that list where in the file each chunk of media begins, with the bytes of one such place."""


def is_mp4(file: BinaryIO) -> bool:
    """Return whether a file begins like an MP4 file, whatever it is called."""
    file.seek(4)
    return file.read(4) == b"ftyp"


def mp4_problem(file: BinaryIO, size: int, *, length_known: bool) -> str | None:
    """Return what is wrong with an MP4 file, or None.

    Its boxes have to fill the file exactly, and hold all media that its index lists, whatever length the server
    announced: a server that lost the end of a film announces the length of what it has left.

    Args:
        file: The file, open for reading.
        size: Its length in bytes.
        length_known: Whether the transfer proved to be whole. Only then may the last box reach "to the end of the
            file", because nothing in the film says where that end is.
    """
    if not is_mp4(file):
        return "it does not begin like an MP4 file (no ftyp box)"
    position, index = 0, range(0)
    for _ in range(_MAX_BOXES):
        if position == size:
            if not index:
                return "it has no moov box, so it is cut"
            return "its index points behind its end, so it is cut" if _points_behind(file, index, size) else None
        file.seek(position)
        head = file.read(_HEAD.size)
        if len(head) < _HEAD.size:
            return "it ends inside a box header, so it is cut"
        length, name = _HEAD.unpack(head)
        least = _HEAD.size
        if length == 1:
            large, least = file.read(_LARGE.size), _HEAD.size + _LARGE.size
            length = _LARGE.unpack(large)[0] if len(large) == _LARGE.size else 0
        elif length == 0 and length_known:
            length = size - position
        elif length == 0:
            return "its last box names no length, so nobody can tell whether it is whole"
        if length < least or position + length > size:
            return "it ends inside a box, so it is cut"
        if name == b"moov":
            index = range(position, position + length)
        position += length
    return "it has too many boxes"


def _points_behind(file: BinaryIO, index: range, size: int) -> bool:
    """Return whether the index lists media behind the end of the file, as after a cut between two boxes."""
    waiting = [index]
    for _ in range(_MAX_BOXES):
        if not waiting:
            return False
        rest = waiting.pop()
        if len(rest) < _HEAD.size:
            continue
        file.seek(rest.start)
        length, name = _HEAD.unpack(file.read(_HEAD.size))
        if not _HEAD.size <= length <= len(rest):
            continue  # what an index may hold besides is for players to judge
        waiting.append(rest[length:])
        if name in _CONTAINERS:
            waiting.append(rest[_HEAD.size : length])
        elif name in _OFFSETS and length >= _HEAD.size + _LIST.size:
            _, count = _LIST.unpack(file.read(_LIST.size))
            width, first = _OFFSETS[name], _HEAD.size + _LIST.size
            if 0 < count <= (length - first) // width:
                file.seek(rest.start + first + (count - 1) * width)
                if int.from_bytes(file.read(width), "big") >= size:
                    return True
    return False


_log = logging.getLogger(LOGGER)

ATTEMPTS: Final = 4
"""Times a download is tried; reading is free."""

MAX_REDIRECTS: Final = 5
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_EXPIRED: Final = frozenset({403, 404, 410})
_PAGES: Final = ("text/html", "application/json", "text/xml", "application/xml")
_LENGTH: Final = re.compile(r"[0-9]{1,19}")
_WHOLE_RANGE: Final = re.compile(r"bytes 0-([0-9]{1,19})/([0-9]{1,19})", re.IGNORECASE)


@frozen(eq=False)
class _Again:
    """This attempt failed in a way the next may not."""

    reason: str
    status: int | None = None
    expired: bool = False


def download_to(
    asked: Request, target: Path, policy: Policy, redact: Redactor, renewed: Callable[[], Core[Request]]
) -> Core[Path]:
    """Put the file at a URL under `target`.

    Args:
        asked: The request for the file; of a `data:` URL, its URL is the file.
        target: A path as `checked_target` returns it.
        policy: Where downloads may go and how much they may be.
        redact: Takes secrets out of what is shown.
        renewed: Asks the API for a request with a fresh URL; used once, when the old one seems to have expired.

    Raises:
        DownloadError: The file was not written; an older one is untouched.
    """
    deadline = (yield from Now()) + policy.total
    yield from Disk(partial(_remove_partial_files, target))
    at, attempt = asked, 1
    while True:
        outcome = yield from _attempt(at, target, policy, redact, deadline)
        if isinstance(outcome, Saved):
            _log.info("downloaded %d bytes", outcome.size)
            return outcome.path
        if outcome.expired:
            fresh = (yield from renewed()) if at is asked else at
            if fresh.url == at.url:
                raise _failure(at.url, target, outcome, "the API names no other URL; its files are kept for days only")
            at = fresh
            continue
        now = yield from Now()
        pause = (yield from Random()) * 2.0**attempt
        if attempt >= ATTEMPTS or now + pause >= deadline:
            raise _failure(at.url, target, outcome, "the task's result is not lost; download it again")
        _log.info("download attempt %d of %d failed: %s", attempt, ATTEMPTS, outcome.reason)
        yield from Sleep(pause)
        attempt += 1


def _remove_partial_files(target: Path) -> None:
    """Remove the partial files of killed downloads beside `target`."""
    if not is_stream(target):
        sweep(target.parent)


def _failure(url: str, target: Path, outcome: _Again, way_out: str) -> DownloadError:
    return DownloadError(
        f"cannot download {shown_url(without_query(url))} to {target.name}: {outcome.reason}",
        status=outcome.status,
        way_out=way_out,
    )


def _attempt(request: Request, target: Path, policy: Policy, redact: Redactor, deadline: float) -> Core[Saved | _Again]:
    """Follow redirects by hand, without token, so that each address is checked before it is asked."""
    url = request.url
    if url.startswith("data:"):
        return (yield from _save_inline(url, target, policy, deadline))
    for _ in range(MAX_REDIRECTS + 1):
        guarded = _needs_guard(url, policy, redact)
        patience = yield from _patience(policy, deadline)
        opened = yield from Open(request, patience, guarded, authorized=bool(request.credentials))
        if isinstance(opened, Failed):
            if opened.refused:
                raise _refusal(url, redact, opened.detail)
            return _Again(opened.detail)
        try:
            if opened.status not in _REDIRECTS:
                return (yield from _save(opened, target, policy, deadline))
            place = opened.headers.get("location")
        finally:
            yield from Close(opened.stream)
        try:
            target_url = urljoin(url, place) if place else ""
        except ValueError:
            target_url = ""
        if not target_url:
            raise _refusal(url, redact, "it redirects to what is no URL")
        url = target_url
        request = Request("GET", url)
    raise DownloadError(f"cannot download {without_query(url)}: more than {MAX_REDIRECTS} redirects")


def _needs_guard(url: str, policy: Policy, redact: Redactor) -> bool:
    """Return whether the connection has to be guarded.

    Raises:
        DownloadError: The URL is not one to be asked at all.
    """
    parts = split(url)
    if parts is None or parts.hostname is None:
        raise _refusal(url, redact, "it is not an http or https URL")
    if parts.username is not None:
        raise _refusal(url, redact, "it holds a user name")
    if policy.private or (policy.trusted is not None and origin(url) == policy.trusted):
        return False
    if parts.scheme != "https":
        raise _refusal(url, redact, "it is not https")
    if obviously_private(parts.hostname):
        raise _refusal(url, redact, "its address is not a public one")
    return True


def _refusal(url: str, redact: Redactor, why: str) -> DownloadError:
    return DownloadError(
        f"refused to download {redact(without_query(url), limit=200)}: {why}",
        way_out="allow_private_downloads=True lets http and private addresses pass",
    )


def _patience(policy: Policy, deadline: float) -> Core[float]:
    return max(0.001, min(policy.idle, deadline - (yield from Now())))


def _save(opened: Opened, target: Path, policy: Policy, deadline: float) -> Core[Saved | _Again]:
    status, headers = opened.status, opened.headers
    if status in _EXPIRED:
        return _Again(f"HTTP {status}; the URL seems to have expired", status, expired=True)
    if status in {408, 425, 429} or status >= 500:
        return _Again(f"HTTP {status}", status)
    if status != 200:
        raise DownloadError(f"cannot download to {target.name}: HTTP {status}", status=status)
    if _word(headers, "content-encoding") not in {"", "identity"}:
        raise DownloadError(
            f"cannot download to {target.name}: the file comes compressed, although that was not asked for"
        )
    length = None
    if _LENGTH.fullmatch(announced := headers.get("content-length", "").strip()):
        length = int(announced)
        if length > policy.limit:
            raise _too_large(target, policy)
    if (part := headers.get("content-range")) is not None:
        whole = _WHOLE_RANGE.fullmatch(part.strip())
        if whole is None or int(whole[1]) + 1 != int(whole[2]):
            return _Again(f"a part came, although all was asked for (Content-Range: {printable(part)[:100]})")
    return (yield from _keep(opened, headers, length, target, policy, deadline))


def _save_inline(url: str, target: Path, policy: Policy, deadline: float) -> Core[Saved | _Again]:
    """Save a file that an answer holds in base64."""
    head, _, data = url.partition(",")
    try:
        content = base64.b64decode("".join(data.split()).replace("-", "+").replace("_", "/"), validate=True)
    except ValueError:
        raise DownloadError(f"cannot write {target.name}: the answer does not hold it in base64") from None
    headers = {"content-type": head.removeprefix("data:").removesuffix(";base64")}
    return (yield from _keep(content, headers, len(content), target, policy, deadline))


def _keep(
    source: Opened | bytes,
    headers: Mapping[str, str],
    length: int | None,
    target: Path,
    policy: Policy,
    deadline: float,
) -> Core[Saved | _Again]:
    partial_file = yield from Disk(partial(begin, target), brief=True)
    if isinstance(partial_file, DiskFailed):
        raise _unwritable(target, partial_file)
    try:
        size = yield from _copy(source, partial_file, target, policy, deadline)
        if isinstance(size, _Again):
            return size
        problem = yield from Disk(partial(_problem, partial_file, size, length, headers, target))
        if isinstance(problem, DiskFailed):
            raise _unwritable(target, problem)
        if problem is not None:
            return _Again(problem)
        return Saved((yield from _commit(partial_file, target, policy, deadline)), size)
    finally:
        # Plain, not an effect: it has to happen even where the driver is gone. Idle after a commit.
        partial_file.discard()


def _commit(sink: Partial | Spooled, target: Path, policy: Policy, deadline: float) -> Core[Path]:
    """Put the file where it belongs; a stream may take a while, and is not given the same bytes twice."""
    while True:
        done = yield from Disk(sink.commit)
        if isinstance(done, DiskFailed):
            raise _unwritable(target, done)
        if isinstance(done, Path):
            return done
        if (yield from Now()) >= deadline:
            raise _unwritable(target, DiskFailed(f"its reader did not take everything within {policy.total:g} s"))
        yield from Sleep(done)


def _copy(
    source: Opened | bytes, sink: Partial | Spooled, target: Path, policy: Policy, deadline: float
) -> Core[int | _Again]:
    size = 0
    while True:
        if isinstance(source, bytes):
            chunk: bytes | Failed = source[size:]
        else:
            chunk = yield from Read(source.stream, (yield from _patience(policy, deadline)))
        if isinstance(chunk, Failed):
            return _Again(f"{chunk.detail}, after {size} bytes")
        if not chunk:
            return size
        size += len(chunk)
        if size > policy.limit:
            raise _too_large(target, policy)
        problem = yield from Write(sink, chunk)
        if problem is not None:
            raise _unwritable(target, problem)
        if (yield from Now()) >= deadline:
            return _Again(f"not done within {policy.total:g} s, after {size} bytes")


def _word(headers: Mapping[str, str], name: str) -> str:
    """Return a header in lower case, empty where there is none."""
    return headers.get(name, "").strip().lower()


def _problem(
    sink: Partial | Spooled, size: int, length: int | None, headers: Mapping[str, str], target: Path
) -> str | None:
    """Return why the file is not what it should be, or None."""
    kind = _word(headers, "content-type").partition(";")[0].rstrip()
    if length is not None and size != length:
        return f"{size} bytes came, {length} were announced"
    if size == 0:
        return "it is empty"
    if kind in _PAGES:
        return f"a page came instead of a file ({kind})"
    known = length is not None or "chunked" in _word(headers, "transfer-encoding")
    named = kind == "video/mp4" or target.suffix.lower() == ".mp4"
    if named or is_mp4(sink.file):
        problem = mp4_problem(sink.file, size, length_known=known)
        if named or problem is not None:
            return problem
    return None if known else "the server does not say how long it is, so nobody can tell whether it is whole"


def _too_large(target: Path, policy: Policy) -> DownloadError:
    return DownloadError(
        f"cannot download to {target.name}: it is larger than {policy.limit} bytes",
        way_out="raise max_download_bytes, if that is right",
    )


def _unwritable(target: Path, problem: DiskFailed) -> DownloadError:
    return DownloadError(f"cannot write {target.name}: {problem.detail}")
