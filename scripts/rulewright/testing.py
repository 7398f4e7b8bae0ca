"""For tests of code that uses a client: an API that plays scripts in this process, and a clock nobody waits for.

    def test_a_failed_task_is_reported():
        with FakeApi(Client, "failed") as api, api.client() as client:
            ...  # half an hour of polling takes no time; nothing leaves the process
        assert len(api.submits) == 1

With pytest the fixture `fake_api` does the same; see `rulewright.pytest_plugin`.
"""

from __future__ import annotations

import asyncio
import json
import random
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from types import TracebackType
from typing import Any, Final, Generic, Self, TypeVar
from unittest.mock import patch
from urllib.parse import urlsplit

import httpx

from rulewright.sandbox import Recorded, Sandbox, Script
from rulewright.sandbox.core import Core
from rulewright.sandbox.doors import Transport, ask
from rulewright.sandbox.exchange import decode_path
from rulewright.sandbox.operations import Submit
from rulewright.sandbox.results import file_task_id
from rulewright.sandbox.tasks import EPOCH, id_format

__all__ = ["FakeApi", "FakeClock", "MissedScript", "UnexpectedRequest"]

TOKEN: Final = "token-of-a-test"  # noqa: S105  (invented: nothing outside accepts it)
NOWHERE: Final = "http://127.0.0.1:9"
"""The address of an API whose document has none; nothing listens there."""
PATIENCE: Final = 100_000
"""Sleeps after which waiting is taken to be endless: that fails a test, and does not hang it."""

C = TypeVar("C")


class FakeClock:
    """A clock for a client and a sandbox: sleeping advances it, and takes no time.

    Args:
        chance: The "random" number drawn each time, from 0 to below 1; None draws repeatable ones.
        patience: How many sleeps there may be; one more is a failure of the test.

    Attributes:
        slept: The sleeps so far, in seconds.
        chance: May be set at any time.
    """

    def __init__(self, chance: float | None = 0.5, patience: int = PATIENCE) -> None:
        if chance is not None and not 0 <= chance < 1:
            raise ValueError(f"chance is a number from 0 to below 1, got {chance!r}")
        self.chance = chance
        self.slept: list[float] = []
        self._patience = patience
        self._elapsed = 0.0
        self._stepped = 0.0
        self._drawn = random.Random(0)  # noqa: S311  (repeatable on purpose)

    @property
    def elapsed(self) -> float:
        """Seconds that have passed since the clock was made."""
        return self._elapsed

    def advance(self, seconds: float) -> bool:
        """Let time pass, as if something had taken that long, and return True: nobody has to wait.

        Raises:
            ValueError: The number is negative.
        """
        if not seconds >= 0:
            raise ValueError(f"cannot advance a clock by {seconds!r} s: time does not go back")
        self._elapsed += seconds
        return True

    def step(self, seconds: float) -> None:
        """Set the date on or back, as a time server does; no time passes, and `now` does not change."""
        self._stepped += seconds

    def now(self) -> float:
        """Return the elapsed seconds."""
        return self._elapsed

    def wall(self) -> float:
        """Return the date in seconds since 1970: the first of January 2026, the elapsed time and the steps."""
        return EPOCH + self._elapsed + self._stepped

    def random(self) -> float:
        """Return the chance that is set, or the next repeatable one."""
        return self._drawn.random() if self.chance is None else self.chance

    def sleep(self, seconds: float) -> None:
        """Let time pass, and record the sleep.

        Raises:
            AssertionError: There were so many sleeps that somebody waits for ever.
        """
        self.slept.append(seconds)
        if len(self.slept) > self._patience:
            raise AssertionError(f"{self._patience} sleeps: the code under test waits for something that never comes")
        self.advance(seconds)

    async def asleep(self, seconds: float) -> None:
        """Do as `sleep` does, and give other coroutines a turn."""
        self.sleep(seconds)
        await asyncio.sleep(0)


class UnexpectedRequest(AssertionError):  # noqa: N818  (named for the event, as the client's own errors are)
    """A request came that no script covers."""


class MissedScript(AssertionError):  # noqa: N818
    """A script was given for a submit that never came."""


class FakeApi(Generic[C]):
    """The API of a client, played in this process: real checks, tasks with a life, files, and scripted faults.

    Each script is for one submit, in order: `"failed"`, `"flaky"`, `"never"`, `"502@poll:2-4"`, `"drop@submit"`,
    `"seconds=90"`, ... as the sandbox has them; an empty one is a task that succeeds. A submit without a script, or
    a request for no operation of the document, raises `UnexpectedRequest` at once and again at the end; a script
    without its submit raises `MissedScript` at the end. A submit that is sent again after a 429 needs a script of
    its own.

    Args:
        client_class: The client, sync or async; its package has the effective document.
        *scripts: Those of the first submits; `expect` adds more.
        clock: The time of tasks and clients.
        base_url: The base URL of the clients; by default the first server of the document.
        token: The accepted credential.
        strict: Enforce rules of level "warning" too.

    Raises:
        SpecError: The package of the client has no effective document.
        ScriptError: A script cannot be parsed.
    """

    def __init__(
        self,
        client_class: type[C],
        *scripts: str | Script,
        clock: FakeClock | None = None,
        base_url: str | None = None,
        token: str = TOKEN,
        strict: bool = False,
    ) -> None:
        self.clock = clock or FakeClock()
        self.token = token
        self._class: Any = client_class
        self._sandbox = Sandbox(self._class, token=token, clock=self.clock, strict=strict)
        spec = self._sandbox.core.spec
        self.base_url = base_url or (spec.server if urlsplit(spec.server).hostname else NOWHERE + spec.base_path)
        self.transport = ScriptedTransport(self._sandbox.core, urlsplit(self.base_url).hostname or "")
        self.expect(*scripts)

    def expect(self, *scripts: str | Script) -> None:
        """Add the scripts of the next submits, one each.

        Raises:
            ScriptError: A script cannot be parsed; none was added.
        """
        self._sandbox.script(*scripts)

    def task(self, script: str | Script = "") -> str:
        """Return the id of a task that was submitted before the test began; it needs no submit.

        Raises:
            ScriptError: The script cannot be parsed.
            ValueError: The document has no tasks.
        """
        core = self._sandbox.core
        waiter = next((operation.waiter for operation in core.spec.operations if operation.waiter), None)
        if waiter is None:
            raise ValueError("the document has no tasks: no operation has an x-waiter")
        parsed = Script.parse(script) if isinstance(script, str) else script
        return core.tasks.add(core.tasks.life(parsed, waiter), id_of=id_format(waiter.id_schema)).id

    def client(self, **options: Any) -> C:
        """Return a client of this API, with its clock; options are those of the client's class."""
        client: C = self._class(**{**self._options(), **options})
        return client

    @contextmanager
    def installed(self, *other_classes: type) -> Iterator[Self]:
        """Make every client that is built in this block, by whatever code, one of this API.

        The options which that code gives a client are kept, except the token, which this API does not accept.

        Args:
            *other_classes: Further client classes of the same package, such as the async one.
        """
        with ExitStack() as stack:
            for kind in (self._class, *other_classes):
                stack.enter_context(patch.object(kind, "__init__", self._initializer(kind.__init__)))
            yield self

    def _initializer(self, original: Any) -> Any:
        def __init__(client: Any, token: str | None = None, **options: Any) -> None:  # noqa: ARG001, N807
            original(client, **{**self._options(), **options, "token": self.token})

        return __init__

    def _options(self) -> dict[str, Any]:
        return {"token": self.token, "base_url": self.base_url, "transport": self.transport, "clock": self.clock}

    @property
    def requests(self) -> list[Recorded]:
        """Every request so far, oldest first, without the token."""
        return self._sandbox.requests

    @property
    def submits(self) -> list[Any]:
        """The bodies of the submits so far, oldest first; also of refused ones."""
        return [json.loads(body) for body in self.transport.submits]

    def verify(self) -> None:
        """Fail unless the requests were exactly those that the scripts cover.

        Raises:
            UnexpectedRequest: There was another request; also where the code under test hid the failure.
            MissedScript: Scripts are left.
        """
        if self.transport.unexpected:
            raise UnexpectedRequest("\n".join(self.transport.unexpected))
        left = list(self._sandbox.core.queue)
        if left:
            outcomes = ", ".join(repr(script.outcome) for script in left)
            many = f"{len(left)} scripts are" if len(left) > 1 else "1 script is"
            raise MissedScript(f"{many} left: no submit came for {outcomes}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # A test that has failed already is not failed again.
        if kind is None:
            self.verify()


class ScriptedTransport(Transport):
    """An httpx transport, sync and async, that ends in a sandbox and refuses unexpected requests.

    Args:
        core: The sandbox.
        host: The one host that exists; a redirect of the sandbox leads to one whose name ends with it.
    """

    def __init__(self, core: Core, host: str) -> None:
        super().__init__(self._answer)
        self._core = core
        self._host = host
        self._lock = threading.Lock()
        self.unexpected: list[str] = []
        self.submits: list[bytes] = []

    def _answer(self, request: httpx.Request) -> httpx.Response:
        # Checking for a script and taking it are one step: two threads must not share the last script.
        with self._lock:
            problem = self._problem(request)
            if problem is not None:
                # The query is left out: it may be signed, and this text ends in logs.
                shown = f"{request.method} {request.url.copy_with(query=None)}"
                self.unexpected.append(f"unexpected request: {shown}\n  {problem}")
                raise UnexpectedRequest(self.unexpected[-1])
            return ask(self._core, request)

    def _problem(self, request: httpx.Request) -> str | None:
        host = request.url.host
        if host != self._host and not host.endswith("." + self._host):
            return f"there is no network here, only {self._host}"
        endpoint = self._core.endpoint(
            request.method, decode_path(request.url.path, request.url.raw_path), request.url.query
        )
        if isinstance(endpoint, Submit):
            self.submits.append(request.content)
            if not self._core.queue:
                count = len(self.submits)
                return (
                    "unexpected submit: no scripted outcome left;"
                    f" give one to FakeApi(...) or expect(...) for each of the {count} submits so far"
                )
        elif endpoint is None and file_task_id(request.url.path) is None:
            return "the document has no such operation"
        return None
