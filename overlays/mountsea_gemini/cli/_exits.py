"""Exit codes: one table from what went wrong to the number a script sees."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import Final

from ._package import errors


class Exit(IntEnum):
    """The exit codes. They are part of the public API: a number never changes its meaning."""

    OK = 0
    UNEXPECTED = 1
    USAGE = 2
    REFUSED = 3
    ACCOUNT = 4
    RATE_LIMITED = 5
    ENDED = 6
    WAIT_OVER = 7
    UNKNOWN = 8
    UNREACHABLE = 9
    DOWNLOAD = 10
    INTERRUPTED = 130


MEANINGS: Final[Mapping[Exit, str]] = {
    Exit.OK: "done",
    Exit.UNEXPECTED: "an error of this program, or nobody reads its output",
    Exit.USAGE: "wrong usage: an option, a value, a file or the token",
    Exit.REFUSED: "the request breaks a rule; nothing was sent",
    Exit.ACCOUNT: "authentication or payment",
    Exit.RATE_LIMITED: "too many requests",
    Exit.ENDED: "the vendor ended the task without a file: failed, cancelled or timed out",
    Exit.WAIT_OVER: "our wait is over; the task goes on",
    Exit.UNKNOWN: "whether the submit was accepted, and billed, is unknown",
    Exit.UNREACHABLE: "network, server or protocol, or the API refused the request",
    Exit.DOWNLOAD: "the file was not written; an older one is untouched",
    Exit.INTERRUPTED: "Ctrl-C; the task, if there is one, goes on",
}

CODES: Final[Mapping[type[BaseException], Exit]] = {
    errors.ApiError: Exit.UNREACHABLE,
    errors.ConfigurationError: Exit.USAGE,
    errors.RequestRefused: Exit.REFUSED,
    errors.ConnectionFailed: Exit.UNREACHABLE,
    errors.SubmitOutcomeUnknown: Exit.UNKNOWN,
    errors.SubmitContradicted: Exit.UNKNOWN,
    errors.StatusError: Exit.UNREACHABLE,
    errors.BadRequest: Exit.UNREACHABLE,
    errors.AuthenticationError: Exit.ACCOUNT,
    errors.PaymentRequired: Exit.ACCOUNT,
    errors.NotFound: Exit.UNREACHABLE,
    errors.RateLimited: Exit.RATE_LIMITED,
    errors.ServerError: Exit.UNREACHABLE,
    errors.ProtocolError: Exit.UNREACHABLE,
    errors.PollContradicted: Exit.UNREACHABLE,
    errors.TaskEnded: Exit.ENDED,
    errors.TaskFailed: Exit.ENDED,
    errors.TaskCancelled: Exit.ENDED,
    errors.TaskTimedOut: Exit.ENDED,
    errors.TaskOutputMissing: Exit.ENDED,
    errors.WaitTimeout: Exit.WAIT_OVER,
    errors.DownloadError: Exit.DOWNLOAD,
    KeyboardInterrupt: Exit.INTERRUPTED,
}
"""Every class of the client's errors by itself, so that a new one has to be thought about (a test sees to it)."""


def exit_code(error: BaseException) -> Exit:
    """Return the exit code for an error; that of the nearest class in the table."""
    return next((CODES[kind] for kind in type(error).__mro__ if kind in CODES), Exit.UNEXPECTED)


def table() -> str:
    """Return the exit codes and their meanings, a line each."""
    return "\n".join(f"{code.value:>5}  {meaning}" for code, meaning in MEANINGS.items())
