"""Call one operation that starts no task: check the request, send it once, read the answer as the document says."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from typing import Any, Final, TypeVar

from mountsea_gemini_api._operation import Operation
from mountsea_gemini_api._waiter import Waiter
from mountsea_gemini_api.waiters import SUBMITS, WAITERS

from ._answers import Reader, status_error
from ._cores import check, private_texts
from ._errors import ApiError, ConnectionFailed, ProtocolError
from ._exchange import Answer, Core, Failed, Send, Wall
from ._request import request
from ._retry_after import retry_after, utc
from ._settings import Settings
from ._submitting import ids_in, logged_if_interrupted

R = TypeVar("R")

ANSWER_LIMIT: Final = 64 * 2**20
"""Bytes of an answer accepted; it is kept in memory."""

_USUAL_REASONS: Final = (("message",), ("error", "message"), ("detail",), ("error",), ("title",))
"""Where most servers give an error message (RFC 9457 among them), for a document none of whose waiters says where."""

_NOTHING: Final = Waiter(
    name="",
    operation="",
    argument="",
    submitted=(),
    state=(),
    acceptors={},
    first=0.0,
    factor=1.0,
    max=0.0,
    deadline=0.0,
    not_found_grace=0.0,
    outputs=(),
    error_message=None,
    error_code=None,
    trace=None,
    reasons=tuple(dict.fromkeys(place for waiter in WAITERS.values() for place in waiter.reasons)) or _USUAL_REASONS,
)
"""A waiter without places: the answer is the result, and only errors are read by it, where all operations have them."""

_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
"""Methods that change nothing (RFC 9110, 9.2.1)."""


def calling(settings: Settings, operation: Operation[..., R], arguments: Mapping[str, Any]) -> Core[R]:
    """Send a request once and return what a success is answered with.

    Raises:
        RequestRefused: It breaks a rule; nothing was sent.
        ConnectionFailed: No answer came; where it did not leave this machine, the error says so.
        StatusError: It was answered with an error.
        ProtocolError: The answer is not what the document says, or a redirect.
    """
    check(operation, arguments, settings.waive, strict=settings.strict)
    sent, value = request(settings, operation, **arguments)
    poll = SUBMITS.get(operation.id, operation.id)
    reader = Reader(WAITERS.get(poll, _NOTHING), settings.redact, private_texts(arguments, value))
    sent_at = yield from Wall()
    send = Send(sent, settings.timeout, ANSWER_LIMIT)
    in_flight = _in_flight(operation, sent_at)
    with nullcontext() if sent.method in _SAFE else logged_if_interrupted(in_flight, send.progress):
        outcome = yield from send
    if isinstance(outcome, Failed):
        way_out = (
            "whether it was carried out is unknown" if outcome.sent else "it was never sent, and may be tried again"
        )
        detail = reader.show(outcome.detail)
        raise ConnectionFailed(f"{operation.id} was not answered: {detail}", way_out=way_out)
    try:
        if outcome.status >= 400:
            raise status_error(operation.id, outcome, reader, wait=retry_after(outcome.headers, sent_at))
        return _read(operation, outcome, reader)
    except ApiError as error:
        if operation.id in SUBMITS:
            ids = ids_in(outcome, reader)
            error.task_id = ids[0] if len(ids) == 1 else None
        raise


def _in_flight(operation: Operation[..., Any], sent_at: float) -> str:
    at = utc(sent_at).isoformat(timespec="seconds")
    return f"{operation.id} was being sent: it may have been carried out and billed (sent {at})"


def _read(operation: Operation[..., R], answer: Answer, reader: Reader) -> R:
    from ._http import read_generated  # noqa: PLC0415  the HTTP library is loaded by now: something was sent

    if answer.status >= 300 or answer.broken is not None:
        broken = reader.broken(answer)
        reason = broken.reason if broken else f"HTTP {answer.status}, which is no answer to it"
        raise _unusable(operation, answer, reader, reason)
    try:
        return read_generated(answer, operation.read)
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
        what = reader.show(str(error), limit=200)
        reason = f"its body is not what the document says ({type(error).__name__}: {what})"
    # Outside, so that no traceback drags the answer along.
    raise _unusable(operation, answer, reader, reason)


def _unusable(operation: Operation[..., Any], answer: Answer, reader: Reader, reason: str) -> ProtocolError:
    return ProtocolError(
        f"{operation.id} was answered with HTTP {answer.status}, but {reason}",
        status=answer.status,
        trace_id=reader.trace(answer, None),
        vendor_message=reader.message(reader.document(answer)),
    )
