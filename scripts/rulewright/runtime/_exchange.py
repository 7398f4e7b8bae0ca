"""Effects and outcomes: what the decision cores ask for and get back, as data.

A core is a generator. It yields an effect, and whoever drives it sends back the outcome. So the cores
decide everything and do nothing; one pair of thin drivers (`_drive`) does it, sync and async.
"""

from __future__ import annotations

import zlib
from collections.abc import Awaitable, Callable, Generator, Mapping
from pathlib import Path
from typing import Any, Generic, Protocol, TypeAlias, TypeVar

from attrs import define, field, frozen

from ._operation import Credential
from ._secrets import printable

T = TypeVar("T")


class Effect(Generic[T]):
    """One thing to be done outside; `yield from effect` is its outcome, typed."""

    __slots__ = ()

    def __iter__(self) -> Generator[Effect[Any], Any, T]:
        outcome: T = yield self
        return outcome


Core: TypeAlias = Generator[Effect[Any], Any, T]


def _size(content: bytes | None) -> str:
    return "None" if content is None else f"<{len(content)} bytes>"


@frozen(eq=False)
class Request:
    """One HTTP request. Its repr shows neither body nor query: a prompt and an id are the caller's."""

    method: str
    url: str = field(repr=lambda url: repr(url.partition("?")[0]))
    headers: Mapping[str, str] = field(factory=dict)
    content: bytes | None = field(default=None, repr=_size)
    credentials: tuple[Credential, ...] = field(default=(), repr=False)
    """Where the token goes, if it goes anywhere; it is put there last of all."""


@frozen(eq=False)
class Answer:
    """An HTTP answer, with as much of its body as came."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    """Names in lower case."""
    body: bytes = field(repr=_size)
    broken: str | None = field(default=None, repr=False)
    """Why the body is not whole, if it is not; it may quote what the server sent, an echo of the token among it."""


@frozen(eq=False)
class Failed:
    """No answer came."""

    sent: bool
    """False only where provably no byte of the request left."""
    detail: str = field(repr=False)
    refused: bool = False
    """The client itself refuses the address; trying again changes nothing."""


@frozen(eq=False)
class DiskFailed:
    """The file system said no."""

    detail: str


class Stream(Protocol):
    """An open answer whose body is still to be read; sync and async drivers each have their own."""


@frozen(eq=False)
class Opened:
    """The head of an answer whose body is still to be read."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    stream: Stream = field(repr=False)


class Sink(Protocol):
    """A file being written."""

    def write(self, chunk: bytes) -> None:
        """Append `chunk`."""


@frozen(eq=False)
class Now(Effect[float]):
    """Seconds on a clock that only goes forward."""


@frozen(eq=False)
class Wall(Effect[float]):
    """Seconds since 1970 (UTC); for telling people, never for deciding how long to wait."""


@frozen(eq=False)
class Random(Effect[float]):
    """A number drawn uniformly from [0, 1)."""


@frozen(eq=False)
class Sleep(Effect[None]):
    """Wait that many seconds."""

    seconds: float


@define(eq=False)
class Progress:
    """How far a request has come, for whoever is interrupted meanwhile."""

    sent: bool = True
    """False only where provably no byte of the request left."""


@frozen(eq=False)
class Send(Effect[Answer | Failed]):
    """Send a request to the API, read its whole answer, and be done within `timeout` seconds in all."""

    request: Request
    timeout: float
    limit: int
    """Bytes of body accepted, after decompression."""
    progress: Progress = field(factory=Progress, repr=False)


@frozen(eq=False)
class Open(Effect[Opened | Failed]):
    """Ask for a file or a stream; stop after the head of the answer."""

    request: Request
    timeout: float
    guarded: bool
    """Refuse to connect to an address that is not public."""
    authorized: bool = False
    """Send the token, if the request goes to the API."""
    progress: Progress = field(factory=Progress, repr=False)


@frozen(eq=False)
class Read(Effect[bytes | Failed]):
    """Read the next piece of a body; empty at its end."""

    stream: Stream = field(repr=False)
    timeout: float


@frozen(eq=False)
class Close(Effect[None]):
    """Give an open answer up."""

    stream: Stream = field(repr=False)


@frozen(eq=False)
class Write(Effect[DiskFailed | None]):
    """Append to a file."""

    sink: Sink = field(repr=False)
    chunk: bytes = field(repr=_size)


@frozen(eq=False)
class Disk(Effect[T | DiskFailed]):
    """Do something with the file system."""

    action: Callable[[], T]
    brief: bool = False
    """It takes no time worth leaving an event loop for."""


@frozen(eq=False)
class Tell(Effect[None]):
    """Call the caller back; an async driver also awaits what that returns."""

    callback: Callable[[Any], Awaitable[None] | None] = field(repr=False)
    argument: object = field(repr=False)


@define(eq=False)
class Saved:
    """Where a download went and how much it was."""

    path: Path
    size: int


@define(eq=False)
class Collector:
    """The body of one answer as it comes in.

    Its limit counts what it inflates to: 0.3 MB of gzip can be 300 MB of memory.

    Attributes:
        status: The answer's status.
        headers: Its headers, names in lower case.
        limit: Bytes accepted, after decompression.
        broken: Why the body is not whole, once that is known.
    """

    status: int
    headers: Mapping[str, str]
    limit: int
    broken: str | None = None
    _parts: list[bytes] = field(factory=list)
    _size: int = 0
    _inflater: Any = None

    def __attrs_post_init__(self) -> None:
        encoding = self.headers.get("content-encoding", "").strip().lower()
        if encoding in {"gzip", "x-gzip", "deflate"}:
            self._inflater = zlib.decompressobj(wbits=47)  # 32 + 15: gzip or zlib, by its header
        elif encoding not in {"", "identity"}:
            self.broken = f"its body is encoded as {printable(encoding[:40])!r}, which was not asked for"

    def feed(self, chunk: bytes) -> bool:
        """Take a piece; False when no more is wanted."""
        if self.broken is None and self._inflater is not None:
            try:
                chunk = self._inflater.decompress(chunk, self.limit - self._size + 1)
            except zlib.error:
                self.broken = "its body is not compressed the way it says"
        # Also a piece that cannot be decoded: an id may be readable in it.
        self._parts.append(chunk)
        self._size += len(chunk)
        if self.broken is None and self._size > self.limit:
            self.broken = f"its body is larger than {self.limit} bytes"
        return self.broken is None

    def answer(self, broken: str | None = None) -> Answer:
        """Return the answer with what was collected.

        Args:
            broken: Why no more came, if the body did not end by itself.
        """
        broken = self.broken or broken
        if broken is None and self._inflater is not None and not self._inflater.eof:
            broken = "its compressed body is cut"
        return Answer(self.status, self.headers, b"".join(self._parts), broken)
