"""Iterate over the items of an answer while it comes."""

from __future__ import annotations

import codecs
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from types import TracebackType
from typing import Any, Final, Generic, Protocol, Self, TypeVar

from attrs import frozen

T = TypeVar("T")

EVENTS: Final = "text/event-stream"
ENDS: Final = re.compile(r"\r\n|\n|\r(?=.)", re.DOTALL)
"""The ends of lines; a carriage return that came last may be half of one."""

END: Final = object()
"""What comes after the last item."""


@frozen
class Event:
    """One server-sent event, as the WHATWG defines it; of a line of JSON, only the data.

    Attributes:
        data: The lines of data, joined.
        name: Its type.
        id: The last id that the stream has named.
        retry: The milliseconds after which the server wants to be asked again, if it has named them.
    """

    data: str
    name: str = "message"
    id: str = ""
    retry: int | None = None


class EventParser:
    """Takes server-sent events from pieces of a stream; an event that does not end with an empty line is none."""

    def __init__(self) -> None:
        self.size = 0
        """Characters that belong to no event yet."""
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")("replace")
        self._rest = ""
        self._data: list[str] = []
        self._name = self._id = ""
        self._retry: int | None = None

    def feed(self, piece: bytes) -> Iterator[Event]:
        """Yield the events that are whole with one more piece; an empty one is the end."""
        *lines, self._rest = ENDS.split(self._rest + self._decoder.decode(piece, not piece))
        for line in lines:
            if not line and self._data:
                yield Event("\n".join(self._data), self._name or "message", self._id, self._retry)
            if not line:
                self._data, self._name = [], ""
            else:
                self._take(line)
        self.size = len(self._rest) + sum(map(len, self._data))

    def _take(self, line: str) -> None:
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "data":
            self._data.append(value)
        elif field == "event":
            self._name = value
        elif field == "id" and "\0" not in value:
            self._id = value
        elif field == "retry" and value.isascii() and value.isdigit():
            self._retry = int(value[:18])


class LineParser:
    """Takes lines from pieces of a stream; empty ones are skipped."""

    def __init__(self) -> None:
        self.size = 0
        """Bytes that belong to no line yet."""
        self._rest = b""

    def feed(self, piece: bytes) -> Iterator[Event]:
        """Yield the lines that are whole with one more piece; an empty one is the end."""
        *lines, self._rest = (self._rest + (piece or b"\n")).split(b"\n")
        self.size = len(self._rest)
        yield from (Event(line.decode("utf-8", "replace")) for line in lines if line.strip())


class Items(Protocol):
    """What the items come from: decision cores for the next one, and for the end."""

    event: Event | None

    def next(self) -> Any:
        """Return the next item, or `END`."""

    def drop(self) -> Any:
        """Give the answer up, and what has come of it."""


class Stream(Iterator[T]):
    """The items of an answer, each as soon as it comes; a context manager that closes the connection.

    Args:
        run: Runs a decision core.
        items: The items.
    """

    def __init__(self, run: Callable[[Any], Any], items: Items) -> None:
        self._run = run
        self._items = items

    @property
    def event(self) -> Event | None:
        """The event of the last item."""
        return self._items.event

    def __next__(self) -> T:
        found: T = self._run(self._items.next())
        if found is END:
            raise StopIteration
        return found

    def close(self) -> None:
        """Close the connection; nothing more is read."""
        self._run(self._items.drop())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class AsyncStream(AsyncIterator[T], Generic[T]):
    """The same on asyncio.

    Args:
        run: Runs a decision core.
        items: The items.
    """

    def __init__(self, run: Callable[[Any], Awaitable[Any]], items: Items) -> None:
        self._run = run
        self._items = items

    @property
    def event(self) -> Event | None:
        """The event of the last item."""
        return self._items.event

    async def __anext__(self) -> T:
        found: T = await self._run(self._items.next())
        if found is END:
            raise StopAsyncIteration
        return found

    async def aclose(self) -> None:
        """Close the connection; nothing more is read."""
        await self._run(self._items.drop())

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()
