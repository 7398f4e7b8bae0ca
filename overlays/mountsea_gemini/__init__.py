"""A client that submits a task, waits for it, and downloads what it made.

    with Client() as client:
        task = client.generate(...)  # or a function of one variant, narrowed by the rules
        task.wait()
        task.download("result.mp4")

Names are loaded on first use, so that importing this package alone costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from ._async_client import AsyncClient
    from ._client import Client
    from ._clock import Clock
    from ._errors import (
        ApiError,
        AuthenticationError,
        BadRequest,
        ConfigurationError,
        ConnectionFailed,
        DownloadError,
        NotFound,
        PaymentRequired,
        PollContradicted,
        ProtocolError,
        RateLimited,
        RequestRefused,
        ServerError,
        StatusError,
        SubmitContradicted,
        SubmitOutcomeUnknown,
        TaskCancelled,
        TaskEnded,
        TaskFailed,
        TaskOutputMissing,
        TaskTimedOut,
        WaitTimeout,
    )
    from ._result import TaskResult
    from ._tasks import AsyncTask, Task

__all__ = [
    "ApiError",
    "AsyncClient",
    "AsyncTask",
    "AuthenticationError",
    "BadRequest",
    "Client",
    "Clock",
    "ConfigurationError",
    "ConnectionFailed",
    "DownloadError",
    "NotFound",
    "PaymentRequired",
    "PollContradicted",
    "ProtocolError",
    "RateLimited",
    "RequestRefused",
    "ServerError",
    "StatusError",
    "SubmitContradicted",
    "SubmitOutcomeUnknown",
    "Task",
    "TaskCancelled",
    "TaskEnded",
    "TaskFailed",
    "TaskOutputMissing",
    "TaskResult",
    "TaskTimedOut",
    "WaitTimeout",
]

_ELSEWHERE: Final = {
    "AsyncClient": "_async_client",
    "AsyncTask": "_tasks",
    "Client": "_client",
    "Clock": "_clock",
    "Task": "_tasks",
    "TaskResult": "_result",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(f".{_ELSEWHERE.get(name, '_errors')}", __name__), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
