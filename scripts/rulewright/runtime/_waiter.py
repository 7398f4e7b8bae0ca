"""How to wait for an asynchronous job, as data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

from attrs import define, field, frozen

from ._secrets import without_query

Verdict: TypeAlias = Literal["retry", "success", "failure", "cancelled", "timeout", "unknown"]
"""What a state means, by the waiter's acceptors; "unknown" for a state no acceptor claims."""


def _shown(urls: tuple[str, ...]) -> str:
    return repr(tuple(without_query(url) for url in urls))


@frozen
class TaskResult:
    """One answer about one task.

    Attributes:
        id: The task.
        status: The vendor's word for its state, as sent, whether or not this version knows it.
        verdict: What that word means here.
        urls: The files the task made, as far as the answer names any. They may be signed and expire.
        error_message: Why it failed, in the vendor's words.
        error_code: The vendor's number or word for that.
        trace_id: What to quote to the vendor's support.
        raw: The whole answer, untouched.
    """

    id: str
    status: str
    verdict: Verdict
    urls: tuple[str, ...] = field(default=(), repr=_shown)
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
        submitted: Where the answer to the submit holds the id, as reference tokens of a JSON pointer.
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
    """

    name: str
    operation: str
    argument: str
    submitted: tuple[str, ...]
    state: tuple[str, ...]
    acceptors: Mapping[str, Acceptor]
    first: float
    factor: float
    max: float
    deadline: float
    not_found_grace: float
    outputs: tuple[tuple[str, ...], ...]
    error_message: tuple[str, ...] | None
    error_code: tuple[str, ...] | None
    trace: tuple[str, ...] | None
    reasons: tuple[tuple[str, ...], ...]
