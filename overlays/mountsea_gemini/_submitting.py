"""Submit a task at most once.

The API knows no idempotency key and every accepted submit costs money. So a submit is sent again only
where provably no byte of it reached the server, or where the server refused it with 429 and said when
to come back. Every other unclear end is a `SubmitOutcomeUnknown`.
"""

from __future__ import annotations

import hashlib
import logging
from typing import Any, Final

from attrs import frozen

from ._answers import Reader, Unreadable, document_of, status_error, submitted_id
from ._errors import ApiError, ConnectionFailed, ProtocolError, SubmitContradicted, SubmitOutcomeUnknown
from ._exchange import Answer, Core, Failed, Now, Random, Request, Send, Sleep, Wall
from ._particular import LOGGER
from ._retry_after import retry_after, utc

_log = logging.getLogger(LOGGER)

ATTEMPTS: Final = 3
"""Times a submit is tried that never left this machine, or was refused with 429."""

UNSENT_BUDGET: Final = 20.0
"""Seconds after which a submit that never left is not tried again; a shorter time-out of the client goes first."""

RETRY_AFTER_CAP: Final = 60.0
"""Longest Retry-After obeyed, in seconds; above it the caller decides."""

ANSWER_LIMIT: Final = 4 * 2**20
"""Bytes of JSON accepted."""

_NOT_PROCESSED: Final = frozenset({301, 307, 308})
"""Redirects that say the resource is elsewhere (RFC 9110, 15.4); 302 and 303 may follow a processed POST."""

_UNCLEAR: Final = frozenset({408, 409, 499})


@frozen(eq=False)
class Submission:
    """A request that starts a task, and how to read what it is answered with."""

    request: Request
    reader: Reader
    what: str
    timeout: float


def submitting(submission: Submission) -> Core[str]:
    """Send the request once and return the id of the task it started.

    Raises:
        ConnectionFailed: It was never sent; nothing was started.
        SubmitOutcomeUnknown: It may have been accepted.
        StatusError: It was refused; nothing was started.
        ProtocolError: It was redirected, which is refused.
    """
    started = yield from Now()
    attempt = 1
    while True:
        sent_at = yield from Wall()
        outcome = yield from _sending(submission)
        if isinstance(outcome, Failed):
            if outcome.sent:
                raise _unknown(submission, sent_at, outcome.detail)
            now = yield from Now()
            if attempt >= ATTEMPTS or now - started >= min(UNSENT_BUDGET, submission.timeout):
                raise _never_sent(submission, outcome, attempt)
            pause = (yield from Random()) * 2.0 ** (attempt - 1)
        else:
            found = _verdict(submission, outcome, sent_at, retry_after(outcome.headers, sent_at))
            if isinstance(found, str):
                return found
            if isinstance(found, ApiError) or attempt >= ATTEMPTS:
                raise found if isinstance(found, ApiError) else found.error
            # Spread behind the moment named, never before it.
            pause = found.seconds + (yield from Random())
        _log.info(
            "%s: attempt %d of %d was not accepted; the next in %.1f s",
            submission.what,
            attempt,
            ATTEMPTS,
            pause,
        )
        yield from Sleep(pause)
        attempt += 1


def _sending(submission: Submission) -> Core[Answer | Failed]:
    """Send the request, and let even Ctrl-C say what it may have cut off."""
    send = Send(submission.request, submission.timeout, ANSWER_LIMIT)
    try:
        return (yield from send)
    except GeneratorExit:
        raise
    except BaseException as error:
        if not send.progress.sent:
            raise
        error.add_note(
            f"{submission.what} was being sent: it may have been accepted and billed"
            f" (body sha256 {_fingerprint(submission)})"
        )
        raise


def _fingerprint(submission: Submission) -> str:
    return hashlib.sha256(submission.request.content or b"").hexdigest()


@frozen(eq=False)
class _Later:
    seconds: float
    error: ApiError


def _verdict(submission: Submission, answer: Answer, sent_at: float, wait: float | None) -> str | _Later | ApiError:
    status, reader = answer.status, submission.reader
    document = document_of(answer)
    if 200 <= status < 300:
        found = submitted_id(document, reader.waiter.submitted)
        if found is not None:
            return found
        unread = document
        if not isinstance(unread, Unreadable):
            place = "/" + "/".join(reader.waiter.submitted)
            unread = reader.missing(document, f"it holds no id of a {reader.waiter.name} at {place}")
        kind = SubmitContradicted if unread.said else SubmitOutcomeUnknown
        return _unknown(submission, sent_at, f"HTTP {status}, but {unread.reason}", answer, kind)
    if status in _NOT_PROCESSED:
        return _redirected(submission, answer)
    if 400 <= status < 500 and status not in _UNCLEAR:
        error = status_error(submission.what, answer, reader, wait=wait)
        return _Later(wait, error) if status == 429 and wait is not None and wait <= RETRY_AFTER_CAP else error
    return _unknown(submission, sent_at, f"HTTP {status}", answer)


def _unknown(
    submission: Submission,
    sent_at: float,
    reason: str,
    answer: Answer | None = None,
    kind: type[SubmitOutcomeUnknown] = SubmitOutcomeUnknown,
) -> SubmitOutcomeUnknown:
    reader = submission.reader
    fields: dict[str, Any] = {}
    if answer is not None:
        fields = {
            "status": answer.status,
            "trace_id": reader.trace(answer, document_of(answer)),
            "body": reader.shown(answer),
        }
    return kind(
        f"{submission.what} was sent, and whether it was accepted is unknown: {reason}",
        reason=reason,
        fingerprint=_fingerprint(submission),
        sent_at=utc(sent_at),
        **fields,
    )


def _never_sent(submission: Submission, failed: Failed, attempts: int) -> ConnectionFailed:
    return ConnectionFailed(
        f"{submission.what} was never sent, after {attempts} attempt{'s' * (attempts > 1)}: {failed.detail}",
        way_out="nothing was started or billed; it is safe to submit again",
    )


def _redirected(submission: Submission, answer: Answer) -> ProtocolError:
    reader = submission.reader
    where = reader.redact(answer.headers.get("location", "nowhere"), limit=200)
    return ProtocolError(
        f"{submission.what} was answered with HTTP {answer.status}, a redirect to {where}",
        status=answer.status,
        trace_id=reader.trace(answer, document_of(answer)),
        way_out="a submit is never sent to another address; check base_url",
    )
