"""Submit a task at most once.

The API knows no idempotency key and every accepted submit costs money. So a submit is sent again only
where provably no byte of it reached the server, or where the server refused it with 429, said when to
come back, and gave a body that can be read and names no task. Every other unclear end is a
`SubmitOutcomeUnknown`.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from attrs import frozen

from ._answers import ABSENT, Reader, Unreadable, at, may_hide_json, mentioned_ids, status_error, submitted_id
from ._api import LOGGER
from ._errors import ApiError, ConnectionFailed, ProtocolError, SubmitContradicted, SubmitOutcomeUnknown
from ._exchange import Answer, Core, Failed, Now, Progress, Random, Request, Send, Sleep, Wall
from ._retry_after import retry_after, utc

_log = logging.getLogger(LOGGER)

ATTEMPTS: Final = 3
"""Times a submit is tried that never left this machine, or was refused with 429."""

UNSENT_BUDGET: Final = 20.0
"""Seconds after which a submit that never left is not tried again; a shorter time-out of the client goes first."""

TOO_MANY: Final = 429
"""The one refusal that is sent again: too many requests."""

RETRY_AFTER_CAP: Final = 60.0
"""Longest Retry-After obeyed, in seconds; above it the caller decides."""

ANSWER_LIMIT: Final = 4 * 2**20
"""Bytes of JSON accepted."""

_NOT_PROCESSED: Final = frozenset({301, 307, 308})
"""Redirects that say the resource is elsewhere (RFC 9110, 15.4); 302 and 303 may follow a processed POST."""

_ANYTHING: Final = "id"
"""A name under which an error may name itself: in a refusal, it counts at the place of a task's id only."""

_MOST_SHOWN: Final = 5

_UNCLEAR: Final = frozenset({408, 409, 499})


@frozen(eq=False)
class Submission:
    """A request that starts a task, and how to read what it is answered with."""

    request: Request
    reader: Reader
    what: str
    timeout: float
    attempts: int = ATTEMPTS


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
        send = Send(submission.request, submission.timeout, ANSWER_LIMIT)
        with logged_if_interrupted(_in_flight(submission, sent_at), send.progress):
            outcome = yield from send
            found = outcome if isinstance(outcome, Failed) else _verdict(submission, outcome, sent_at)
        if isinstance(found, str):
            return found
        if isinstance(found, Failed):
            if found.sent:
                raise _unknown(submission, sent_at, submission.reader.show(found.detail))
            now = yield from Now()
            if attempt >= submission.attempts or now - started >= min(UNSENT_BUDGET, submission.timeout):
                raise _never_sent(submission, found, attempt)
            pause = (yield from Random()) * 2.0 ** (attempt - 1)
        elif isinstance(found, _Later) and attempt < submission.attempts:
            # Spread behind the moment named, never before it.
            pause = found.seconds + (yield from Random())
        else:
            raise found.error if isinstance(found, _Later) else found
        _log.info(
            "%s: attempt %d of %d was not accepted; the next in %.1f s",
            submission.what,
            attempt,
            submission.attempts,
            pause,
        )
        yield from Sleep(pause)
        attempt += 1


@contextmanager
def logged_if_interrupted(message: str, progress: Progress | None = None) -> Iterator[None]:
    """Log and note `message` where anything but an `ApiError` ends the block, such as Ctrl-C or a cancellation.

    Where `progress` shows that no byte of the request was written, there is nothing to log.

    A note alone is lost to most callers: `asyncio.timeout` replaces a CancelledError, and nobody prints one.
    """
    try:
        yield
    except ApiError:
        raise
    except BaseException as error:
        if progress is not None and not progress.sent:
            raise
        _log.warning("%s (interrupted by %s)", message, type(error).__name__)
        if message not in getattr(error, "__notes__", ()):
            error.add_note(message)
        raise


def _in_flight(submission: Submission, sent_at: float) -> str:
    return (
        f"{submission.what} was being sent: it may have been accepted and billed"
        f" (sent {utc(sent_at).isoformat(timespec='seconds')}, body sha256 {_fingerprint(submission)})"
    )


def _fingerprint(submission: Submission) -> str:
    return hashlib.sha256(submission.request.content or b"").hexdigest()


@frozen(eq=False)
class _Later:
    seconds: float
    error: ApiError


def _verdict(submission: Submission, answer: Answer, sent_at: float) -> str | _Later | ApiError:
    status, reader = answer.status, submission.reader
    document = reader.document(answer)
    place = "/" + "/".join(reader.waiter.submitted)
    found = submitted_id(document, reader.waiter.submitted)
    if 200 <= status < 300:
        if found is not None:
            return found
        unread = document
        if not isinstance(unread, Unreadable):
            unread = reader.missing(document, f"it holds no id of a {reader.waiter.name} at {place}")
        kind = SubmitContradicted if unread.is_error else SubmitOutcomeUnknown
        error = _unknown(submission, sent_at, f"HTTP {status}, but {unread.reason}", answer, kind)
        return _leading_to(error, ids_in(answer, reader))
    if ids := ids_in(answer, reader):
        where = f"at {place}" if found is not None else f"under the name {reader.waiter.submitted[-1]}"
        reason = f"HTTP {status}, but its body holds the id of a {reader.waiter.name} {where}"
        return _leading_to(_unknown(submission, sent_at, reason, answer, SubmitContradicted), ids)
    if status in _NOT_PROCESSED:
        return _redirected(submission, answer)
    if status == TOO_MANY:
        return _too_many(submission, answer, document, sent_at)
    if 400 <= status < 500 and status not in _UNCLEAR:
        return status_error(submission.what, answer, reader, wait=None)
    return _unknown(submission, sent_at, f"HTTP {status}", answer)


def ids_in(answer: Answer, reader: Reader) -> tuple[str, ...]:
    """Return the ids of tasks in an answer that is no plain success: the one at its place, or else any of its name."""
    place = reader.waiter.submitted
    found = submitted_id(reader.document(answer), place)
    if found is not None:
        return (found,)
    if answer.status >= 300 and answer.status != TOO_MANY and place[-1].lower() == _ANYTHING:
        return ()
    return tuple(each for each in mentioned_ids(answer, place) if not reader.private.appear_in(each))


def _leading_to(error: SubmitOutcomeUnknown, ids: tuple[str, ...]) -> SubmitOutcomeUnknown:
    """Return the error with the way to the tasks that may have been started."""
    if ids:
        error.task_id = ids[0] if len(ids) == 1 else None
        looks = ", ".join(f"client.task({each!r}).result()" for each in ids[:_MOST_SHOWN])
        error.way_out = f"the task may have been accepted and billed; before deciding anything, look at it with {looks}"
    return error


def _too_many(submission: Submission, answer: Answer, document: object, sent_at: float) -> _Later | ApiError:
    """Return when to send again what was refused with 429, or the error where it might have started a task.

    No other refusal is ever sent again, so for those the status is enough.
    """
    reader = submission.reader
    if isinstance(document, Unreadable) and may_hide_json(answer):
        return _unknown(submission, sent_at, f"HTTP {answer.status}, but {document.reason}", answer)
    held = at(document, reader.waiter.submitted)
    if held is not ABSENT and held is not None:
        reason = f"HTTP {answer.status}, but its body holds something where the id of a {reader.waiter.name} should be"
        return _unknown(submission, sent_at, reason, answer)
    wait = retry_after(answer.headers, sent_at)
    error = status_error(submission.what, answer, reader, wait=wait)
    return error if wait is None or wait > RETRY_AFTER_CAP else _Later(wait, error)


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
        document = reader.document(answer)
        fields = {
            "status": answer.status,
            "trace_id": reader.trace(answer, document),
            "vendor_message": reader.message(document),
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
        f"{submission.what} was never sent, after {attempts} attempt{'s' * (attempts > 1)}:"
        f" {submission.reader.show(failed.detail)}",
        way_out="nothing was started or billed; it is safe to submit again",
    )


def _redirected(submission: Submission, answer: Answer) -> ProtocolError:
    reader = submission.reader
    where = reader.show(answer.headers.get("location", "nowhere"), limit=200)
    return ProtocolError(
        f"{submission.what} was answered with HTTP {answer.status}, a redirect to {where}",
        status=answer.status,
        trace_id=reader.trace(answer, reader.document(answer)),
        way_out="a submit is never sent to another address; check base_url",
    )
