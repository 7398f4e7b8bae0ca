"""Send the request of an operation: once, wherever sending it again might cost something.

A request that is not idempotent (RFC 9110, 9.2.2) is sent again only where provably no byte of it reached the server,
or where the server refused it with 429, said when to come back, and gave a body that can be read and names no task.
Every other unclear end is an `OutcomeUnknown`. An idempotent one may also be sent again after no answer, and after a
503 that says when to come back.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any, Final, cast

from attrs import evolve, frozen

from ._answers import (
    ABSENT,
    Reader,
    Unreadable,
    find_submitted_id,
    may_hide_json,
    mentioned_ids,
    retry_after,
    shown_place,
    status_error,
    utc,
    value_at,
)
from ._api import LOGGER
from ._errors import (
    ApiError,
    ConfigurationError,
    ConnectionFailed,
    OutcomeUnknown,
    ProtocolError,
    SubmitContradicted,
    SubmitOutcomeUnknown,
)
from ._exchange import (
    Answer,
    Close,
    Collector,
    Core,
    Failed,
    Now,
    Open,
    Opened,
    Random,
    Read,
    Request,
    Send,
    Sleep,
    Wall,
)
from ._operation import Operation
from ._streams import END, EVENTS, Event, EventParser, LineParser

_log = logging.getLogger(LOGGER)

ATTEMPTS: Final = 3
"""Times a request is sent that never left this machine, or may be sent again."""

BUDGET: Final = 20.0
"""Seconds after which a request is not sent again by our own decision; a shorter time-out of the client goes first."""

TOO_MANY: Final = 429
"""Too many requests: the one refusal after which any request may be sent again."""

UNAVAILABLE: Final = 503
"""After this refusal an idempotent request may be sent again."""

RETRY_AFTER_CAP: Final = 60.0
"""Longest Retry-After obeyed, in seconds; above it the caller decides."""

ANSWER_LIMIT: Final = 4 * 2**20
"""Bytes of JSON accepted about a task."""

RESULT_LIMIT: Final = 64 * 2**20
"""Bytes accepted of an answer that is a result itself; it is kept in memory."""

_NOT_PROCESSED: Final = frozenset({301, 307, 308})
"""Redirects that say the resource is elsewhere (RFC 9110, 15.4); 302 and 303 may follow a processed POST."""

_ANYTHING: Final = "id"
"""A name under which an error may name itself: in a refusal, it counts at the place of a task's id only."""

_MOST_SHOWN: Final = 5

_UNCLEAR: Final = frozenset({408, 499})
_UNCLEAR_OF_TASK: Final = frozenset({409, *_UNCLEAR})
"""A conflict may be one with the very task that this request has started."""


@frozen(eq=False)
class Call:
    """A request of an operation, and how to read what it is answered with."""

    request: Request
    reader: Reader
    operation: Operation[..., Any]
    timeout: float
    attempts: int = ATTEMPTS

    @property
    def what(self) -> str:
        """The operation as it is called in messages."""
        return self.operation.id

    @property
    def fingerprint(self) -> str:
        """SHA-256 of method, URL and body, in hex; the token is no part of any of them."""
        head = f"{self.request.method} {self.request.url}\n".encode()
        return hashlib.sha256(head + (self.request.content or b"")).hexdigest()


def send_request(call: Call) -> Core[Answer]:
    """Send a request and return the success that it is answered with; of a submit, one that names a task.

    Raises:
        ConnectionFailed: It was never sent, or it was idempotent and not answered.
        OutcomeUnknown: It may have been carried out; of a submit, `SubmitOutcomeUnknown`.
        StatusError: It was refused; nothing was carried out.
        ProtocolError: It was redirected, which is refused.
    """
    limit = ANSWER_LIMIT if call.operation.poll else RESULT_LIMIT
    return cast(Answer, (yield from _accept(call, lambda: Send(call.request, call.timeout, limit))))


def open_answer(call: Call) -> Core[Opened]:
    """Send a request and return the head of the success that it is answered with; see `sending`."""
    opened = yield from _accept(call, lambda: Open(call.request, call.timeout, guarded=False, authorized=True))
    return cast(Opened, opened)


def _accept(call: Call, ask: Callable[[], Send | Open]) -> Core[Answer | Opened]:
    started = yield from Now()
    attempt = 1
    while True:
        sent_at = yield from Wall()
        send = ask()
        in_flight = (
            f"{call.what} was being sent: it may have been accepted and billed"
            f" (sent {utc(sent_at).isoformat(timespec='seconds')}, request sha256 {call.fingerprint})"
        )
        with nullcontext() if call.operation.is_idempotent else log_interruption(in_flight, send):
            outcome = yield from _outcome(call, send)
            if isinstance(outcome, Opened):
                return outcome
            if isinstance(outcome, Failed):
                found: Answer | ApiError | _Again = _judge_failure(call, outcome, sent_at, attempt)
            else:
                found = _judge(call, outcome, sent_at)
        if isinstance(found, Answer):
            return found
        if not isinstance(found, _Again):
            raise found
        now = yield from Now()
        is_late = found.wait is None and now - started >= min(BUDGET, call.timeout)
        if attempt >= call.attempts or is_late:
            raise found.error
        chance = yield from Random()
        # Spread behind the moment named, never before it.
        pause = chance * 2.0 ** (attempt - 1) if found.wait is None else found.wait + chance
        _log.info("%s: attempt %d of %d was not accepted; the next in %.1f s", call.what, attempt, call.attempts, pause)
        yield from Sleep(pause)
        attempt += 1


def _outcome(call: Call, ask: Send | Open) -> Core[Answer | Opened | Failed]:
    """Return what a request ends with; of an answer that is no success, the whole."""
    opened = yield from ask
    if not isinstance(opened, Opened) or 200 <= opened.status < 300:
        return opened
    body, broken = Collector(opened.status, opened.headers, ANSWER_LIMIT), None
    try:
        while True:
            piece = yield from Read(opened.stream, call.timeout)
            if isinstance(piece, Failed):
                broken = f"its body ended early ({piece.detail})"
            if isinstance(piece, Failed) or not piece or not body.feed(piece):
                return body.answer(broken)
    finally:
        yield from Close(opened.stream)


@frozen(eq=False)
class _Again:
    """What may be sent again, after `wait` seconds if the server named them; the error if it is not."""

    error: ApiError
    wait: float | None = None


@contextmanager
def log_interruption(message: str, send: Send | Open | None = None) -> Iterator[None]:
    """Log and note `message` where anything but an `ApiError` ends the block, such as Ctrl-C or a cancellation.

    Where `send` shows that no byte of the request was written, there is nothing to log.

    A note alone is lost to most callers: `asyncio.timeout` replaces a CancelledError, and nobody prints one.
    """
    try:
        yield
    except ApiError:
        raise
    except BaseException as error:
        if send is not None and not send.progress.sent:
            raise
        _log.warning("%s (interrupted by %s)", message, type(error).__name__)
        if message not in getattr(error, "__notes__", ()):
            error.add_note(message)
        raise


def _judge_failure(call: Call, failed: Failed, sent_at: float, attempts: int) -> ApiError | _Again:
    """Return what becomes of a request that was not answered."""
    detail = call.reader.show(failed.detail)
    if not failed.sent:
        message = f"{call.what} was never sent, after {attempts} attempt{'s' * (attempts > 1)}: {detail}"
        way_out = "nothing was carried out; it is safe to send it again"
        if call.operation.poll:
            way_out = "nothing was started or billed; it is safe to submit again"
        return _Again(ConnectionFailed(message, way_out=way_out))
    if call.operation.is_idempotent:
        error = ConnectionFailed(f"{call.what} was not answered: {detail}", way_out="it may be sent again")
        return error if failed.refused else _Again(error)
    return _unknown(call, sent_at, detail)


def _judge(call: Call, answer: Answer, sent_at: float) -> Answer | ApiError | _Again:
    """Return an answer that is a success, or what becomes of the request instead."""
    status, operation = answer.status, call.operation
    if operation.poll and (problem := _problem_of_task(call, answer, sent_at)):
        return problem
    if 200 <= status < 300:
        return answer
    if status in _NOT_PROCESSED or (status < 400 and operation.is_idempotent):
        where = answer.headers.get("location")
        kind = "which is no answer to it" if where is None else f"a redirect to {call.reader.show(where, limit=200)}"
        return ProtocolError(
            f"{call.what} was answered with HTTP {status}, {kind}",
            status=status,
            trace_id=call.reader.trace(answer, call.reader.document(answer)),
            way_out="a request is never sent to another address; check base_url",
        )
    if status == TOO_MANY or (status == UNAVAILABLE and operation.is_idempotent):
        wait = retry_after(answer.headers, sent_at)
        error = status_error(call.what, answer, call.reader, wait=wait)
        return error if wait is None or wait > RETRY_AFTER_CAP else _Again(error, wait)
    is_unclear = status in (_UNCLEAR_OF_TASK if operation.poll else _UNCLEAR)
    if status >= 400 and (operation.is_idempotent or (status < 500 and not is_unclear)):
        return status_error(call.what, answer, call.reader, wait=None)
    return _unknown(call, sent_at, f"HTTP {status}", answer)


def _problem_of_task(call: Call, answer: Answer, sent_at: float) -> OutcomeUnknown | None:
    """Return what is wrong with an answer to a submit: a success without an id, or a refusal that may hold one."""
    status, reader = answer.status, call.reader
    document = reader.document(answer)
    place = reader.waiter.submitted
    shown = shown_place(place)
    found = find_submitted_id(answer, document, reader)
    if 200 <= status < 300:
        if found is not None:
            return None
        unread = document
        if not isinstance(unread, Unreadable) or isinstance(place, str):
            unread = reader.explain_missing(document, f"it holds no id of a {reader.waiter.name} at {shown}")
        error = _unknown(call, sent_at, f"HTTP {status}, but {unread.reason}", answer, contradicted=unread.is_error)
        return _with_way_out(error, ids_in(answer, reader))
    if ids := ids_in(answer, reader):
        where = f"at {shown}" if found is not None else f"under the name {place[-1]}"
        reason = f"HTTP {status}, but its body holds the id of a {reader.waiter.name} {where}"
        return _with_way_out(_unknown(call, sent_at, reason, answer, contradicted=True), ids)
    if status != TOO_MANY:
        return None
    # No other refusal is ever sent again, so for those the status is enough.
    if isinstance(document, Unreadable) and may_hide_json(answer):
        return _unknown(call, sent_at, f"HTTP {status}, but {document.reason}", answer)
    held = value_at(answer, document, place)
    if held is ABSENT or held is None:
        return None
    reason = f"HTTP {status}, but its body holds something where the id of a {reader.waiter.name} should be"
    return _unknown(call, sent_at, reason, answer)


def ids_in(answer: Answer, reader: Reader) -> tuple[str, ...]:
    """Return the ids of tasks in an answer that is no plain success: the one at its place, or else any of its name."""
    place = reader.waiter.submitted
    found = find_submitted_id(answer, reader.document(answer), reader)
    if found is not None:
        return (found,)
    name = "" if isinstance(place, str) else place[-1].lower()
    if answer.status >= 300 and answer.status != TOO_MANY and name == _ANYTHING:
        return ()
    return tuple(each for each in mentioned_ids(answer, place) if not reader.private.appear_in(each))


def _with_way_out(error: OutcomeUnknown, ids: tuple[str, ...]) -> OutcomeUnknown:
    """Return the error with the way to the tasks that may have been started."""
    if ids:
        error.task_id = ids[0] if len(ids) == 1 else None
        looks = ", ".join(f"client.task({each!r}).result()" for each in ids[:_MOST_SHOWN])
        error.way_out = f"the task may have been accepted and billed; before deciding anything, look at it with {looks}"
    return error


def _unknown(
    call: Call, sent_at: float, reason: str, answer: Answer | None = None, *, contradicted: bool = False
) -> OutcomeUnknown:
    fields: dict[str, Any] = {}
    if answer is not None:
        document = call.reader.document(answer)
        fields = {
            "status": answer.status,
            "trace_id": call.reader.trace(answer, document),
            "vendor_message": call.reader.message(document),
        }
    kind = OutcomeUnknown
    if call.operation.poll:
        kind = SubmitContradicted if contradicted else SubmitOutcomeUnknown
    return kind(
        f"{call.what} was sent, and whether it was accepted is unknown: {reason}",
        reason=reason,
        fingerprint=call.fingerprint,
        sent_at=utc(sent_at),
        **fields,
    )


def call_operation(call: Call) -> Core[Any]:
    """Send a request and return what a success is answered with, read as the document says.

    Raises:
        ApiError: See `sending`; also for an answer that is not what the document says.
    """
    from ._http_raw import read_generated

    if call.operation.has_items:
        raise ConfigurationError(f"{call.what} is answered with a stream: call its method, or client.stream")
    answer = yield from send_request(call)
    cut = call.reader.explain_cut(answer)
    if cut is not None:
        raise unreadable(call, answer, cut.reason)
    try:
        return read_generated(answer, call.operation)
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
        what = call.reader.show(str(error), limit=200)
        reason = f"its body is not what the document says ({type(error).__name__}: {what})"
    # Outside of where the answer was read, so that no traceback drags it along.
    raise unreadable(call, answer, reason)


def unreadable(call: Call, answer: Answer, reason: str) -> ProtocolError:
    """Return the error for a success that cannot be read."""
    reader = call.reader
    return ProtocolError(
        f"{call.what} was answered with HTTP {answer.status}, but {reason}",
        task_id=find_submitted_id(answer, reader.document(answer), reader) if call.operation.poll else None,
        status=answer.status,
        trace_id=reader.trace(answer, None),
        vendor_message=reader.message(reader.document(answer)),
        way_out="" if call.operation.is_idempotent else "it was accepted; sending it again would do it twice",
    )


class StreamItems:
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


def open_stream(call: Call) -> Core[StreamItems]:
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
    return StreamItems(call, opened)
