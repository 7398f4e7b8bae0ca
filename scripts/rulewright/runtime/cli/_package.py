"""The one place where the command line reaches into the rest of the package."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from importlib import resources
from typing import TYPE_CHECKING, Any

from .. import _cores
from .. import _errors as errors
from .._addresses import is_loopback
from .._api import BASE_URL_VARIABLE, BODIES, OPERATIONS, SUBMITS, TOKEN_VARIABLE, request_violations
from .._async_client import AsyncClient
from .._client import MAX_DOWNLOAD, Client
from .._clock import SystemClock
from .._errors import ConfigurationError, RequestRefused
from .._files import checked_target, is_standard_output, sync_directory
from .._operation import Operation
from .._result import TaskResult
from .._secrets import printable
from .._settings import positive_seconds
from .._tasks import AsyncTask, Task
from .._values import Written
from .._violation import Violation

if TYPE_CHECKING:
    from rulewright.sandbox import Sandbox

__all__ = [
    "BASE_URL_VARIABLE",
    "BODIES",
    "MAX_DOWNLOAD",
    "SUBMITS",
    "TOKEN_VARIABLE",
    "AsyncClient",
    "AsyncTask",
    "Client",
    "ConfigurationError",
    "RequestRefused",
    "SystemClock",
    "Task",
    "TaskResult",
    "checked_target",
    "effective_document",
    "errors",
    "found_violations",
    "is_loopback",
    "is_standard_output",
    "new_sandbox",
    "positive_seconds",
    "printable",
    "submit_body",
    "sync_directory",
]


def effective_document() -> dict[str, Any]:
    """Return the effective document that comes with the package."""
    text = (
        resources.files(__name__.rpartition(".cli.")[0]).joinpath("openapi.effective.json").read_text(encoding="utf-8")
    )
    document: dict[str, Any] = json.loads(text)
    return document


def new_sandbox(token: str) -> Sandbox:
    """Return a new sandbox that accepts the token.

    Raises:
        ConfigurationError: The tool it is part of is not installed.
    """
    try:
        # The one import of the tool by a client: without --sandbox the client works alone.
        from rulewright.sandbox import Sandbox
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            f"--sandbox needs {error.name}, which is not installed", way_out="python -m pip install rulewright"
        ) from None
    return Sandbox(Client, token=token)


def found_violations(client_class: type[Client], method: str, given: Mapping[str, Any]) -> tuple[Violation, ...]:
    """Return what the request of a method would break, inferred rules included; nothing is sent."""

    class Builder(client_class):  # type: ignore[misc,valid-type]
        def __init__(self) -> None:
            """Open no connection."""

        def _start(
            self,
            operation: Operation[..., Any],
            given: Mapping[str, Any],
            extra: Mapping[str, Any] | None = None,
            *,
            waive: Collection[str],
            **_: Any,
        ) -> Any:
            return request_violations(operation, operation.arguments_of(given, extra), waive=waive)

        _call = _start

    found: tuple[Violation, ...] = getattr(Builder(), method)(**given)
    return found


async def submit_body(
    client: AsyncClient, operation: str, body: dict[str, Any], *, waive: Collection[str], strict: bool
) -> AsyncTask:
    """Submit a body given as JSON.

    Raises:
        ApiError: As any method that submits.
    """
    core = _cores.starting(
        client.settings,
        OPERATIONS[operation],
        {"body": Written(body)},
        waive=waive,
        strict=strict,
        handle=lambda key: AsyncTask(client, key, fresh=True),
        on_submitted=None,
    )
    return await client.run(core)
