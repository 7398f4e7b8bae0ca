"""How to wait for an asynchronous job, as data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

from attrs import define, field, frozen

from ._secrets import without_query

Place: TypeAlias = tuple[str, ...] | str
"""Where an answer holds something: tokens of a JSON pointer into its body, or a runtime expression of OpenAPI.

The expressions are `$statusCode` and `$response.header.NAME`, its name in lower case.
"""

Verdict: TypeAlias = Literal["retry", "success", "failure", "cancelled", "timeout", "unknown"]
"""What a state means, by the waiter's acceptors; "unknown" for a state no acceptor claims."""


def _display(urls: tuple[str, ...]) -> str:
    return repr(tuple(shown_url(without_query(url)) for url in urls))


def shown_url(url: str) -> str:
    """Return a URL fit to be read: without a file that it holds itself."""
    head, _, data = url.partition(",")
    return f"{head},... ({len(data)} characters)" if url.startswith("data:") else url


@frozen
class TaskResult:
    """One answer about one task.

    Attributes:
        id: The task.
        status: The vendor's word for its state, as sent, whether or not this version knows it.
        verdict: What that word means here.
        urls: The files the task made, as far as the answer names any. They may be signed and expire, be `data:` URLs
            where the answer holds the files themselves, or lead to the API, which then wants the client's token.
        error_message: Why it failed, in the vendor's words.
        error_code: The vendor's number or word for that.
        trace_id: What to quote to the vendor's support.
        raw: The whole answer, untouched.
    """

    id: str
    status: str
    verdict: Verdict
    urls: tuple[str, ...] = field(default=(), repr=_display)
    error_message: str | None = field(default=None, repr=False)
    error_code: int | float | str | None = None
    trace_id: str | None = None
    raw: Any = field(default=None, repr=False, eq=False)

    @property
    def done(self) -> bool:
        """Whether the task has ended, one way or another."""
        return self.verdict not in {"retry", "unknown"}

    @property
    def succeeded(self) -> bool:
        """Whether the task ended well."""
        return self.verdict == "success"


Acceptor = Literal["retry", "success", "failure", "cancelled", "timeout"]


@define(frozen=True)
class Waiter:
    """How to wait for a job that a submit started.

    Args:
        name: The vendor's word for the job, used in messages.
        operation: Id of the operation that returns the job's state.
        argument: The keyword of that operation's request that takes the job's id.
        submitted: Where the answer to the submit holds the id.
        state: Where the answer to a poll holds the state.
        acceptors: What each state means.
        first: Bound of the first delay, in seconds; every delay is drawn between zero and its bound.
        factor: Growth of the bound from one delay to the next.
        max: Largest bound, in seconds.
        deadline: How long to wait in all unless the caller sets a deadline, in seconds.
        not_found_grace: How long a run of 404s has to last to mean that there is no such job, in seconds.
        outputs: Places of the URLs of the result, most trusted first.
        error_message: Where a failed job holds the reason.
        error_code: Where a failed job holds the vendor's number for it.
        trace: Where an answer holds the id to quote to the vendor's support.
        reasons: Places of the reason in an answer that is neither a job nor its id, most trusted first.
        by_address: Whether `submitted` holds the address of the poll, with the id in it, and not the id alone.
        member: Where the body of the poll takes the id, if it is not a parameter; the keyword is `body` then.
        constants: The fields of that body that have one value only.
        numeric: Whether the id is a number there.
        inlined: The media type of the files, where `outputs` holds them in base64 and not their URLs.
        media: The media type of the files, as far as the document names it.
        result: Id of the operation that returns the result of a job that ended well, if it is not the poll.
        result_from: The arguments of that operation: the answer's places, or `$request.KEYWORD` of the poll.
        result_is_file: Whether what that operation returns is the file itself.
    """

    name: str
    operation: str
    argument: str
    submitted: Place
    state: Place
    acceptors: Mapping[str, Acceptor]
    first: float
    factor: float
    max: float
    deadline: float
    not_found_grace: float
    outputs: tuple[Place, ...]
    error_message: Place | None
    error_code: Place | None
    trace: Place | None
    reasons: tuple[Place, ...]
    by_address: bool = False
    member: tuple[str, ...] = ()
    constants: Mapping[str, Any] = {}
    numeric: bool = False
    inlined: str = ""
    media: str = ""
    result: str = ""
    result_from: Mapping[str, Place] = {}
    result_is_file: bool = False

    @property
    def makes_files(self) -> bool:
        """Whether a job that ended well has made files."""
        return bool(self.outputs) or self.result_is_file

    @property
    def fails_by_error(self) -> bool:
        """Whether the one state of an end stands for success and failure, which the error then tells apart."""
        return "failure" not in self.acceptors.values() and bool(self.error_message or self.error_code)
