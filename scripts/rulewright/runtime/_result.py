"""What the vendor says about a task, read tolerantly."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

from attrs import field, frozen

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
