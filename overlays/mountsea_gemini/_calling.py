"""Call one operation that starts no task: check the request, send it once, read the answer as the document says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeVar

from mountsea_gemini_api._operation import Operation
from mountsea_gemini_api._waiter import Waiter

from ._answers import Reader, status_error
from ._cores import check, told_in
from ._errors import ConnectionFailed, ProtocolError
from ._exchange import Answer, Core, Failed, Send, Wall
from ._request import request
from ._retry_after import retry_after
from ._settings import Settings

R = TypeVar("R")

ANSWER_LIMIT: Final = 64 * 2**20
"""Bytes of an answer accepted; it is kept in memory."""

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
    reasons=(),
)
"""A waiter without places: the answer is the result, and only errors are read by it."""


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
    reader = Reader(_NOTHING, settings.redact, told_in(value))
    sent_at = yield from Wall()
    outcome = yield from Send(sent, settings.timeout, ANSWER_LIMIT)
    if isinstance(outcome, Failed):
        way_out = (
            "whether it was carried out is unknown" if outcome.sent else "it was never sent, and may be tried again"
        )
        raise ConnectionFailed(f"{operation.id} was not answered: {outcome.detail}", way_out=way_out)
    if outcome.status >= 400:
        raise status_error(operation.id, outcome, reader, wait=retry_after(outcome.headers, sent_at))
    return _read(operation, outcome, reader)


def _read(operation: Operation[..., R], answer: Answer, reader: Reader) -> R:
    from ._http import read_generated  # noqa: PLC0415  the HTTP library is loaded by now: something was sent

    if answer.status >= 300 or answer.broken is not None:
        reason = answer.broken or f"HTTP {answer.status}, which is no answer to it"
        raise _unusable(operation, answer, reader, reason)
    try:
        return read_generated(answer, operation.read)
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
        what = reader.redact(str(error), limit=200, private=reader.private)
        reason = f"its body is not what the document says ({type(error).__name__}: {what})"
    # Outside, so that no traceback drags the answer along.
    raise _unusable(operation, answer, reader, reason)


def _unusable(operation: Operation[..., Any], answer: Answer, reader: Reader, reason: str) -> ProtocolError:
    return ProtocolError(
        f"{operation.id} was answered with HTTP {answer.status}, but {reason}",
        status=answer.status,
        trace_id=reader.trace(answer, None),
        body=reader.shown(answer),
    )
