
"""The one place where the command line reaches into the rest of the package."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .. import _errors as errors
from .._addresses import is_loopback
from .._client import MAX_DOWNLOAD, Client
from .._clock import SystemClock
from .._errors import ConfigurationError
from .._files import checked_target
from .._result import TaskResult
from .._secrets import printable
from .._settings import BASE_URL_VARIABLE, TOKEN_VARIABLE, positive_seconds
from .._tasks import Task

if TYPE_CHECKING:
    from ..sandbox import Sandbox

__all__ = [
    "BASE_URL_VARIABLE",
    "MAX_DOWNLOAD",
    "TOKEN_VARIABLE",
    "Client",
    "ConfigurationError",
    "SystemClock",
    "Task",
    "TaskResult",
    "checked_target",
    "errors",
    "is_loopback",
    "new_sandbox",
    "positive_seconds",
    "printable",
    "serve_sandbox",
]


def new_sandbox(token: str) -> Sandbox:
    """Return a new sandbox that accepts the token.

    Raises:
        ConfigurationError: The libraries it needs are not installed.
    """
    try:
        from ..sandbox import Sandbox, _server  # noqa: F401, PLC0415  (no other command needs a server)
    except ImportError as error:
        raise ConfigurationError(str(error)) from None
    return Sandbox(token=token)


def serve_sandbox(arguments: Sequence[str]) -> int:
    """Run the sandbox's own command line.

    Raises:
        ConfigurationError: The libraries it needs are not installed.
    """
    try:
        from ..sandbox._main import main  # noqa: PLC0415  (no other command needs a server)
    except ImportError as error:
        raise ConfigurationError(str(error)) from None
    try:
        return main(arguments)
    except SystemExit as end:
        # argparse ends the process by itself: 0 after --help, 2 on wrong usage.
        return end.code if isinstance(end.code, int) else 1
