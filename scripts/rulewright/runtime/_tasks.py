"""Handles of tasks: what a submit returns, and what a task's id can be turned into again."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn, Protocol, TypeVar

from . import _cores
from ._cores import TaskKey
from ._errors import ConfigurationError

if TYPE_CHECKING:
    from ._exchange import Core
    from ._settings import Settings
    from ._waiter import TaskResult
    from ._waiting import OnPoll

R = TypeVar("R")

_NO_HANDLE: Final = 'a task handle is JSON like {"task": "...", "operation": "..."}, got something else'


class Runner(Protocol):
    """A client that blocks, as its tasks use it."""

    settings: Settings

    def run(self, core: Core[R]) -> R:
        """Run a decision core with the client's connections and clock."""
        ...


class AsyncRunner(Protocol):
    """A client on asyncio, as its tasks use it."""

    settings: Settings

    async def run(self, core: Core[R]) -> R:
        """Run a decision core with the client's connections and clock."""
        ...


class _Handle:
    """What both kinds of handle have in common."""

    def __init__(self, task: TaskKey, *, fresh: bool) -> None:
        self._task = task
        self._fresh = fresh

    @property
    def id(self) -> str:
        """The task's id; all that is needed to come back to it."""
        return self._task.id

    def to_json(self) -> str:
        """Return the handle as JSON: the id and how to ask for it, and nothing secret."""
        return json.dumps(self._task.data())

    def _taken_fresh(self) -> bool:
        """Whether this is the first wait after the submit; only that one can do without an immediate look."""
        fresh, self._fresh = self._fresh, False
        return fresh

    def __eq__(self, other: object) -> bool:
        return self._task == other._task if isinstance(other, _Handle) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._task)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._task.id!r})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a task handle is not pickled; keep handle.to_json() or its id")


def key_from_json(text: str) -> TaskKey:
    """Return the key a handle's JSON holds.

    Raises:
        ConfigurationError: It is not what `to_json` returns.
    """
    try:
        read: Any = json.loads(text)
    except (TypeError, ValueError, RecursionError):
        raise ConfigurationError(_NO_HANDLE) from None
    if not isinstance(read, dict) or not isinstance(read.get("operation"), str):
        raise ConfigurationError(_NO_HANDLE)
    arguments = read.get("arguments", {})
    if not isinstance(arguments, dict):
        raise ConfigurationError(_NO_HANDLE)
    return _cores.key(read.get("task"), read["operation"], arguments)  # type: ignore[arg-type]  # key() checks it


class Task(_Handle):
    """A task of a `Client`."""

    def __init__(self, client: Runner, task: TaskKey, *, fresh: bool = False) -> None:
        super().__init__(task, fresh=fresh)
        self._client = client

    def wait(self, timeout: float | None = None, on_poll: OnPoll | None = None) -> TaskResult:
        """Wait until the task has ended well, and return its result.

        Args:
            timeout: Seconds; a last look is taken at that moment. None: as long as the API's waiter says.
            on_poll: Called with every answer.

        Returns:
            The result; it succeeded and names at least one URL.

        Raises:
            TaskEnded: The task failed, was cancelled, or was given up by the vendor.
            WaitTimeout: It has not ended in time. It goes on; nothing is submitted again.
            ApiError: Asking was refused, or nothing but faults came for long.
        """
        core = _cores.wait(self._client.settings, self._task, timeout, on_poll, fresh=self._taken_fresh())
        return self._client.run(core)

    def result(self) -> TaskResult:
        """Return the task as it stands now; asks once.

        Raises:
            ApiError: There was no answer, or none that can be read.
        """
        return self._client.run(_cores.look(self._client.settings, self._task))

    def download(
        self,
        path: str | os.PathLike[str],
        index: int = 0,
        timeout: float | None = None,
        on_poll: OnPoll | None = None,
    ) -> Path:
        """Wait for the task if need be, and put a file it made under `path`, whole or not at all.

        Args:
            path: The file to write; an older one is replaced. Its directory has to exist.
            index: Which of several files, counted from 0.
            timeout: Seconds to wait for the task, as in `wait`.
            on_poll: As in `wait`.

        Returns:
            The path written.

        Raises:
            DownloadError: The file could not be fetched; an older one is untouched.
            ConfigurationError: The path cannot be written to, or there is no such file.
            ApiError: As in `wait`.
        """
        fresh = self._taken_fresh()
        core = _cores.download(
            self._client.settings, self._task, path, index, timeout=timeout, on_poll=on_poll, fresh=fresh
        )
        return self._client.run(core)

    @classmethod
    def from_json(cls, text: str, client: Runner) -> Task:
        """Return the handle that `to_json` described.

        Args:
            text: What `to_json` returned.
            client: Whose token asks for it.

        Raises:
            ConfigurationError: The text is something else.
        """
        return cls(client, key_from_json(text))


class AsyncTask(_Handle):
    """A task of an `AsyncClient`: the same names and defaults as `Task`."""

    def __init__(self, client: AsyncRunner, task: TaskKey, *, fresh: bool = False) -> None:
        super().__init__(task, fresh=fresh)
        self._client = client

    async def wait(self, timeout: float | None = None, on_poll: OnPoll | None = None) -> TaskResult:
        """Wait until the task has ended well, and return its result; see `Task.wait`."""
        core = _cores.wait(self._client.settings, self._task, timeout, on_poll, fresh=self._taken_fresh())
        return await self._client.run(core)

    async def result(self) -> TaskResult:
        """Return the task as it stands now; see `Task.result`."""
        return await self._client.run(_cores.look(self._client.settings, self._task))

    async def download(
        self,
        path: str | os.PathLike[str],
        index: int = 0,
        timeout: float | None = None,
        on_poll: OnPoll | None = None,
    ) -> Path:
        """Wait for the task if need be, and put a file it made under `path`; see `Task.download`."""
        fresh = self._taken_fresh()
        core = _cores.download(
            self._client.settings, self._task, path, index, timeout=timeout, on_poll=on_poll, fresh=fresh
        )
        return await self._client.run(core)

    @classmethod
    def from_json(cls, text: str, client: AsyncRunner) -> AsyncTask:
        """Return the handle that `to_json` described; see `Task.from_json`."""
        return cls(client, key_from_json(text))
