"""Exit codes: one table from what went wrong to the number a script sees."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import Final

from .. import _errors as errors
from ._output import OutputLost, ReaderGone
from ._signals import Interrupted


class Exit(IntEnum):
    """The exit codes. They are stable, as part of the public API; a signal's is 128 and its number."""

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
    HUNG_UP = 129
    INTERRUPTED = 130
    READER_GONE = 141
    TERMINATED = 143
    BROKEN_OFF = 149


MEANINGS: Final[Mapping[Exit, str]] = {
    Exit.OK: "done",
    Exit.UNEXPECTED: "internal error, or standard output was closed or full",
    Exit.USAGE: "wrong usage: an option, a value, a file or the token",
    Exit.REFUSED: "the request breaks a rule; nothing was sent",
    Exit.ACCOUNT: "authentication or payment",
    Exit.RATE_LIMITED: "too many requests",
    Exit.ENDED: "the vendor ended the task without a file: failed, cancelled or timed out",
    Exit.WAIT_OVER: "stopped waiting; the task is still running",
    Exit.UNKNOWN: "whether the request was carried out, and billed, is unknown",
    Exit.UNREACHABLE: "network, server or protocol, or the API refused the request",
    Exit.DOWNLOAD: "the file was not written; an older one is untouched",
    Exit.HUNG_UP: "SIGHUP: the terminal was closed; a submitted task is still running",
    Exit.INTERRUPTED: "SIGINT: Ctrl-C; a submitted task is still running",
    Exit.READER_GONE: "SIGPIPE: whoever read standard output has closed it, as `head` does",
    Exit.TERMINATED: "SIGTERM; a submitted task is still running",
    Exit.BROKEN_OFF: "Ctrl-Break on Windows; a submitted task is still running",
}

CODES: Final[Mapping[type[BaseException], Exit]] = {
    errors.ApiError: Exit.UNREACHABLE,
    errors.ConfigurationError: Exit.USAGE,
    errors.RequestRefused: Exit.REFUSED,
    errors.ConnectionFailed: Exit.UNREACHABLE,
    errors.OutcomeUnknown: Exit.UNKNOWN,
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
    OutputLost: Exit.UNEXPECTED,
    ReaderGone: Exit.READER_GONE,
}
"""Every class of the client's errors by itself, so that a new one has to be thought about (a test sees to it)."""

_BY_NAME: Final[Mapping[str, Exit]] = {kind.__name__: code for kind, code in CODES.items()}


def exit_code(error: BaseException) -> Exit:
    """Return the exit code for an error: a signal's own, else that of the nearest class in the table."""
    if isinstance(error, Interrupted):
        return Exit(128 + error.number)
    return next((CODES[kind] for kind in type(error).__mro__ if kind in CODES), Exit.UNEXPECTED)


def recorded_exit_code(name: str) -> Exit:
    """Return the exit code for an error of which only the class's name was kept."""
    return _BY_NAME.get(name, Exit.UNEXPECTED)


def table() -> str:
    """Return the exit codes and their meanings, a line each."""
    return "\n".join(f"{code.value:>5}  {meaning}" for code, meaning in MEANINGS.items())
