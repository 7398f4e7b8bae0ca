"""An API in this process that plays scripts and fails a test on whatever no script speaks for."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Final, Self
from unittest.mock import patch
from urllib.parse import urlsplit

from mountsea_gemini_api.operations import SERVERS
from rulewright.sandbox import Recorded, Sandbox, Script
from rulewright.sandbox._tasks import Life

from .. import _async_client, _client
from ._clock import FakeClock
from ._fault import MissedScript, UnexpectedRequest
from ._transport import Transport

TOKEN: Final = "token-of-a-test"  # noqa: S105  (made up: nothing outside accepts it)


class FakeApi:
    """The API, played in this process: real checks, tasks with a life, files, and the faults of the scripts.

    Each script speaks for one request that submits, in order: `"failed"`, `"flaky"`, `"never"`,
    `"502@poll:2-4"`, `"drop@submit"`, `"seconds=90"`, ... as the sandbox knows them; an empty one is a task
    that ends well. A submit without a script, or a request the document does not know, raises
    `UnexpectedRequest` on the spot and again at the end; a script without its submit raises `MissedScript` at
    the end. A submit that is sent again after a 429 is a request of its own.

    Args:
        *scripts: Those of the first submits; `expect` adds more.
        clock: The time of tasks and clients.
        base_url: Where clients believe the API is.
        token: The key it accepts.
        strict: Refuse bodies that break inferred rules too.

    Raises:
        ScriptError: A script cannot be understood.
    """

    def __init__(
        self,
        *scripts: str | Script,
        clock: FakeClock | None = None,
        base_url: str = SERVERS[0],
        token: str = TOKEN,
        strict: bool = False,
    ) -> None:
        self.clock = clock or FakeClock()
        self.base_url = base_url
        self.token = token
        self._sandbox = Sandbox(_client.Client, token=token, clock=_SandboxTime(self.clock), strict=strict)
        self.transport = Transport(self._sandbox.core, urlsplit(base_url).hostname or "")
        self.expect(*scripts)

    def expect(self, *scripts: str | Script) -> None:
        """Say what becomes of the next submits, one script each.

        Raises:
            ScriptError: A script cannot be understood; none was taken.
        """
        self._sandbox.script(*scripts)

    def task(self, script: str | Script = "") -> str:
        """Return the id of a task that was submitted before the test began; it needs no submit.

        Raises:
            ScriptError: The script cannot be understood.
        """
        core = self._sandbox.core
        parsed = Script.parse(script) if isinstance(script, str) else script
        waiter = next(operation.waiter for operation in core.spec.operations if operation.waiter)
        return core.tasks.add(Life.of(parsed, waiter, core.settings.timing), tall=False).id

    def client(self, **options: Any) -> _client.Client:
        """Return a client of this API, with its clock; options are those of `Client`."""
        return _client.Client(**{**self._options(), **options})

    def async_client(self, **options: Any) -> _async_client.AsyncClient:
        """Return an async client of this API, with its clock; options are those of `AsyncClient`."""
        return _async_client.AsyncClient(**{**self._options(), **options})

    @contextmanager
    def installed(self) -> Iterator[Self]:
        """Let every client that is built in this block, by whatever code, be one of this API.

        What that code gives a client itself is kept, except the token, which this API would not know.
        """
        with ExitStack() as stack:
            for kind in (_client.Client, _async_client.AsyncClient):
                stack.enter_context(patch.object(kind, "__init__", self._building(kind.__init__)))
            yield self

    def _building(self, original: Any) -> Any:
        def __init__(client: Any, token: str | None = None, **options: Any) -> None:  # noqa: ARG001, N807
            original(client, **{**self._options(), **options, "token": self.token})

        return __init__

    def _options(self) -> dict[str, Any]:
        return {"token": self.token, "base_url": self.base_url, "transport": self.transport, "clock": self.clock}

    @property
    def requests(self) -> list[Recorded]:
        """Every request that came, oldest first, without the token."""
        return self._sandbox.requests

    @property
    def submits(self) -> list[Any]:
        """The bodies of the requests that submit, oldest first; also of those that were refused."""
        return [json.loads(body) for body in self.transport.submits]

    def verify(self) -> None:
        """Fail unless just that was asked which the scripts speak for.

        Raises:
            UnexpectedRequest: Something else was asked; also where the code under test hid that it failed.
            MissedScript: Some scripts were not asked for.
        """
        if self.transport.unexpected:
            raise UnexpectedRequest("\n".join(self.transport.unexpected))
        left = list(self._sandbox.core.queue)
        if left:
            words = ", ".join(repr(script.outcome) for script in left)
            many = f"{len(left)} scripts were" if len(left) > 1 else "1 script was"
            raise MissedScript(f"{many} not asked for: no submit came for {words}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # A test that has failed already is not told a second time.
        if kind is None:
            self.verify()


class _SandboxTime:
    """The same time, as the sandbox asks for it."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock

    def monotonic(self) -> float:
        """Return the elapsed seconds."""
        return self._clock.now()

    def now(self) -> datetime:
        """Return the date."""
        return datetime.fromtimestamp(self._clock.wall(), UTC)

    def sleep(self, seconds: float) -> bool:
        """Let a slow answer take its time; nobody has to wait."""
        self._clock.advance(seconds)
        return True
