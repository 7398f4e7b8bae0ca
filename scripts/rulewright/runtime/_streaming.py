"""Read the items of an answer while it comes: server-sent events, and JSON by the line."""

from __future__ import annotations

import codecs
import json
import re
from collections import deque
from collections.abc import Iterator
from typing import Any, Final

from attrs import evolve

from ._calls import RESULT_LIMIT, Call, open_answer, unreadable
from ._errors import ConfigurationError, ProtocolError
from ._exchange import Answer, Close, Core, Failed, Opened, Read
from ._streams import END, Event

EVENTS: Final = "text/event-stream"
ENDS: Final = re.compile(r"\r\n|\n|\r(?=.)", re.DOTALL)
"""The ends of lines; a carriage return that came last may be half of one."""


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


class Items:
    """The items of one answer, read one after the other.

    Args:
        call: The request.
        opened: The head of its answer.
    """

    def __init__(self, call: Call, opened: Opened) -> None:
        self.event: Event | None = None
        self._call = call
        self._opened = opened
        self._parser = EventParser() if _essence(opened) in {EVENTS, ""} else LineParser()
        self._found: deque[Event] = deque()
        self._is_open = True

    def next(self) -> Core[Any]:
        """Return the next item, or `END`.

        Raises:
            ProtocolError: The stream broke off, or the item is not what the document says; the stream is closed.
        """
        while not self._found and self._is_open:
            piece = yield from Read(self._opened.stream, self._call.timeout)
            broken = self._call.reader.show(piece.detail) if isinstance(piece, Failed) else ""
            if not isinstance(piece, Failed):
                self._found += self._parser.feed(piece)
            if self._parser.size > RESULT_LIMIT:
                broken = f"an item is larger than {RESULT_LIMIT} bytes"
            if broken or not piece:
                yield from self.close()
            if broken:
                raise self._error(f"its stream broke off: {broken}")
        if not self._found:
            return END
        self.event = self._found.popleft()
        if self.event.data == self._call.operation.stream_end:
            yield from self.close()
            return END
        found = self._item(self.event)
        if isinstance(found, ProtocolError):
            yield from self.close()
            raise found
        return found

    def _item(self, event: Event) -> Any:
        from ._http_raw import read_generated

        operation = self._call.operation
        try:
            if operation.has_items:
                kind = {"content-type": "text/plain; charset=utf-8"}
                return read_generated(Answer(self._opened.status, kind, event.data.encode()), operation)
            return json.loads(event.data)
        except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
            if not operation.has_items and _essence(self._opened) == EVENTS:
                return event.data
            what = self._call.reader.show(str(error), limit=200)
            return self._error(f"an item of its stream is not what the document says ({type(error).__name__}: {what})")

    def _error(self, reason: str) -> ProtocolError:
        return unreadable(self._call, Answer(self._opened.status, self._opened.headers, b""), reason)

    def close(self) -> Core[None]:
        """Give the answer up; what has come is dropped."""
        if self._is_open:
            self._is_open = False
            yield from Close(self._opened.stream)

    def drop(self) -> Core[None]:
        """Give the answer up, and what has come of it."""
        self._found.clear()
        yield from self.close()


def _essence(opened: Opened) -> str:
    return opened.headers.get("content-type", "").partition(";")[0].strip().lower()


def open_stream(call: Call) -> Core[Items]:
    """Send a request, and return the items of the stream that a success is answered with.

    Raises:
        ConfigurationError: No stream is documented.
        ApiError: See `sending`.
        ProtocolError: The answer is something else.
    """
    operation = call.operation
    kinds = {each.partition(";")[0].strip().lower() for each in operation.stream.split(",")}
    if not operation.stream:
        raise ConfigurationError(f"{operation.id} is not answered with a stream; nothing was sent")
    headers = {**call.request.headers, "Accept": operation.stream}
    opened = yield from open_answer(evolve(call, request=evolve(call.request, headers=headers)))
    found, encoding = _essence(opened), opened.headers.get("content-encoding", "identity").strip().lower()
    if opened.status != 204 and (found not in {*kinds, ""} or encoding not in {"", "identity"}):
        yield from Close(opened.stream)
        reason = "it is compressed, which was not asked for" if found in kinds else "its body is no stream"
        raise unreadable(call, Answer(opened.status, opened.headers, b""), reason)
    return Items(call, opened)
