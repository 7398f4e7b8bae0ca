"""How to wait for an asynchronous job, as data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from attrs import define

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
