# ruff: noqa: N818  (the tree below reads better without "Error" behind every word)
"""Everything that can go wrong, as one short tree.

    ApiError
    ├── ConfigurationError       a value the caller gave cannot be used; nothing was sent
    ├── RequestRefused           the request breaks a rule; nothing was sent (also a RuleViolation)
    ├── ConnectionFailed         the API was not reached or did not answer; nothing was carried out twice by it
    ├── OutcomeUnknown           the request may have been carried out and billed
    │   └── SubmitOutcomeUnknown the same of a submit, so a task may have been started
    │       └── SubmitContradicted   the HTTP status and the body contradict each other
    ├── StatusError              the API refused, with an HTTP status
    │   ├── BadRequest           400, 422 and every other 4xx
    │   ├── AuthenticationError  401, 403
    │   ├── PaymentRequired      402
    │   ├── NotFound             404, 410
    │   ├── RateLimited          429, with `retry_after`
    │   └── ServerError          5xx
    ├── ProtocolError            an answer that cannot be read
    │   └── PollContradicted     a 2xx with an error body instead of a task
    ├── TaskEnded                the task ended without a result
    │   ├── TaskFailed
    │   ├── TaskCancelled
    │   ├── TaskTimedOut         the vendor gave up
    │   └── TaskOutputMissing    it succeeded, but names no usable URL
    ├── WaitTimeout              stopped waiting; the task is still running (also a TimeoutError)
    └── DownloadError            the file was not written; an older file is untouched

Every error raised after a submit has `task_id`. All pickle and copy with class and fields, only the raw answer
of a `result` stays behind. None repeats the token, the request or a signed query string in what it prints, and of
an answer's body nothing is kept but the vendor's error message and trace id.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from ._api import TOKEN_VARIABLE
from ._secrets import printable
from ._violation import RuleViolation

if TYPE_CHECKING:
    from datetime import datetime

    from ._violation import Violation
    from ._waiter import TaskResult


def _restore(kind: type[BaseException], args: tuple[Any, ...], fields: dict[str, Any]) -> BaseException:
    # Not through __init__: a class may ask for more there than its args hold.
    error = kind.__new__(kind)
    error.args = args
    error.__dict__.update(fields)
    return error


class ApiError(Exception):
    """The root of all errors of this package.

    Args:
        message: What happened, in one line.
        task_id: The task it happened to, once there is one.
        status: The HTTP status of the answer, if there was an answer.
        trace_id: What to quote to the vendor's support.
        vendor_message: The error message in the answer's body, cut; withheld where it repeats the request.
        way_out: What to do about it, instead of what the class says.
    """

    advice: ClassVar[str] = ""

    def __init__(
        self,
        message: str,
        *,
        task_id: str | None = None,
        status: int | None = None,
        trace_id: str | None = None,
        vendor_message: str | None = None,
        way_out: str | None = None,
    ) -> None:
        # Not super(): some subclasses are also something else, whose __init__ wants something else.
        Exception.__init__(self, message)
        self.message = message
        self.task_id = task_id
        self.status = status
        self.trace_id = trace_id
        self.vendor_message = vendor_message
        self.way_out = self.advice if way_out is None else way_out

    def __str__(self) -> str:
        lines = [self.message]
        if self.status is not None and str(self.status) not in self.message:
            lines.append(f"  status: {self.status}")
        if self.task_id is not None and self.task_id not in self.message:
            lines.append(f"  task: {printable(self.task_id)}")
        if self.trace_id is not None:
            lines.append(f"  trace id: {self.trace_id}")
        if self.vendor_message and self.vendor_message not in self.message:
            lines.append(f"  vendor's message: {self.vendor_message}")
        if self.way_out:
            lines.append(f"  {self.way_out}")
        return "\n".join(lines)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.message!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        from attrs import evolve

        from ._waiter import TaskResult

        # Errors are pickled into logs and result stores of job queues, where no answer's body belongs.
        fields = {
            name: evolve(value, raw=None) if isinstance(value, TaskResult) else value
            for name, value in self.__dict__.items()
        }
        return _restore, (type(self), self.args, fields)


class ConfigurationError(ApiError):
    """A value the caller gave cannot be used. Nothing was sent."""


class RequestRefused(ApiError, RuleViolation):
    """The request breaks a rule. Nothing was sent.

    Args:
        found: The rules broken, as data: see `violations`.
    """

    def __init__(self, found: RuleViolation) -> None:
        ApiError.__init__(self, str(found))
        self.violations: tuple[Violation, ...] = found.violations


class ConnectionFailed(ApiError):
    """The API was not reached, or did not answer a request that may be sent again. It costs nothing."""


class OutcomeUnknown(ApiError):
    """The request may have been carried out and billed, or not: nobody can tell from here.

    Args:
        message: What happened, in one line.
        reason: Why the outcome is unknown.
        fingerprint: SHA-256 of method, URL and body, in hex: identifies the request without repeating it.
        sent_at: When it was sent (UTC).
        **fields: As in `ApiError`.
    """

    advice = (
        "it may have been carried out and billed. Find out before deciding anything; this client sends it once and"
        " never again by itself"
    )

    def __init__(
        self,
        message: str,
        *,
        reason: str,
        fingerprint: str,
        sent_at: datetime,
        **fields: Any,
    ) -> None:
        super().__init__(message, **fields)
        self.reason = reason
        self.fingerprint = fingerprint
        self.sent_at = sent_at

    def __str__(self) -> str:
        sent = f"  sent: {self.sent_at.isoformat(timespec='seconds')}, request sha256 {self.fingerprint}"
        first, *rest = super().__str__().split("\n")
        return "\n".join([first, sent, *rest])


class SubmitOutcomeUnknown(OutcomeUnknown):
    """The submit may have been accepted and billed, or not: nobody can tell from here."""

    advice = (
        "the task may have been accepted and billed. Look at the account's tasks or ask the vendor's support"
        " before deciding anything; this client sends it once and never again by itself"
    )


class SubmitContradicted(SubmitOutcomeUnknown):
    """The HTTP status and the body of the answer to a submit contradict each other.

    A 2xx with an error message instead of a task's id was probably refused. An error status whose body holds an id
    was probably accepted: `task_id` is that id. Neither is proof, and the difference is money, so both are unknown
    outcomes too.
    """


class StatusError(ApiError):
    """The API refused, with an HTTP status."""


class BadRequest(StatusError):
    """The API understood the request and does not accept it (4xx)."""

    advice = "the request itself has to change"


class AuthenticationError(StatusError):
    """The token is missing, wrong or not entitled (401, 403)."""

    advice = f"check the token ({TOKEN_VARIABLE}, or the client's first argument) and what it is entitled to"


class PaymentRequired(StatusError):
    """The account holds too little (402)."""

    advice = "top up the account"


class NotFound(StatusError):
    """The API does not know what was asked for (404, 410)."""

    advice = "check what was asked for, and that the token belongs to the account that has it"


class RateLimited(StatusError):
    """Too many requests (429).

    Args:
        message: What happened, in one line.
        retry_after: Seconds the server asked to wait, if it said so in a form RFC 9110 knows.
        **fields: As in `ApiError`.
    """

    def __init__(self, message: str, *, retry_after: float | None = None, **fields: Any) -> None:
        super().__init__(message, **fields)
        self.retry_after = retry_after


class ServerError(StatusError):
    """The API failed (5xx) at a request that may be sent again; any other such end is an `OutcomeUnknown`."""

    advice = "it may be sent again later"


class ProtocolError(ApiError):
    """The answer cannot be read: not JSON, cut, not what the document says, or a redirect."""


class PollContradicted(ProtocolError):
    """A poll was answered with HTTP 2xx, but with an error message instead of a task.

    A wait keeps polling as long as for any other fault; then this error ends it. Where the wait's own deadline comes
    first, it is the `fault` of the `WaitTimeout`.
    """


class TaskEnded(ApiError):
    """The task ended without a result.

    Args:
        message: What happened, in one line.
        result: The last answer, with the vendor's own message, code and trace id.
        **fields: As in `ApiError`.
    """

    advice = "it is not submitted again, because that may be billed twice"

    def __init__(self, message: str, *, result: TaskResult | None = None, **fields: Any) -> None:
        super().__init__(message, **fields)
        self.result = result


class TaskFailed(TaskEnded):
    """The vendor says the task failed."""


class TaskCancelled(TaskEnded):
    """The vendor says the task was cancelled."""


class TaskTimedOut(TaskEnded):
    """The vendor gave the task up."""


class TaskOutputMissing(TaskEnded):
    """The task succeeded, but its answer names no usable URL. `result.raw` holds the whole answer.

    A pickled or copied error has lost `result.raw`.
    """

    advice = "look for the file in error.result.raw, or look at the task again with client.task(id).result()"


class WaitTimeout(ApiError, TimeoutError):
    """Stopped waiting; the task is still running, and may still finish and be billed.

    Args:
        message: What happened, in one line.
        last: The last answer that could be read, if any.
        retry_after: Seconds the server asked to wait, where that ended the wait.
        fault: What was wrong with the last poll, if it returned no task state.
        **fields: As in `ApiError`.
    """

    def __init__(
        self,
        message: str,
        *,
        last: TaskResult | None = None,
        retry_after: float | None = None,
        fault: ApiError | None = None,
        **fields: Any,
    ) -> None:
        super().__init__(message, **fields)
        self.last = last
        self.retry_after = retry_after
        self.fault = fault


class DownloadError(ApiError):
    """The file was not written. Whatever stood under its name is untouched."""
