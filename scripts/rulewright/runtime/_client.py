"""The two clients: one that blocks, and one on asyncio with the same names, defaults and decision cores.

Building one loads neither the HTTP library nor the operations: the first call does. Many programs import
a client and never call it.
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Collection, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Generic, NoReturn, ParamSpec, Self, TypeAlias, TypeVar

from ._api import AsyncMethods, Methods
from ._clock import Clock, SystemClock
from ._errors import ConfigurationError
from ._settings import settings

if TYPE_CHECKING:
    import httpx

    from ._calls import Call
    from ._drive import AsyncDriver, SyncDriver
    from ._exchange import Core
    from ._operation import Operation
    from ._streams import AsyncStream, Stream
    from ._tasks import AsyncTask, Task

MAX_DOWNLOAD: Final = 2 * 2**30
SYSTEM: Final = SystemClock()


def named_only(arguments: tuple[Any, ...], named: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the arguments of an operation by keyword.

    Raises:
        ConfigurationError: Some were given without a name.
    """
    if arguments:
        raise ConfigurationError(f"the arguments of an operation have names; {len(arguments)} came without one")
    return named


A = TypeVar("A")
P = ParamSpec("P")
R = TypeVar("R")
Transport = TypeVar("Transport")
Callback = TypeVar("Callback")
Driver = TypeVar("Driver")

SyncTransport: TypeAlias = "httpx.BaseTransport"
AsyncTransport: TypeAlias = "httpx.AsyncBaseTransport"
SyncCallback: TypeAlias = "Callable[[Task], None]"
AsyncCallback: TypeAlias = "Callable[[AsyncTask], Awaitable[None] | None]"


class Base(ABC, Generic[Transport, Callback, Driver]):
    """What both clients have in common.

    Args:
        token: The API key; without one, the variable TOKEN_VARIABLE of `_api` is read. For an API with several, a
            mapping by the names of the document's security schemes, or a variable of each: TOKEN_VARIABLE_NAME.
        base_url: Where the API is; without one, BASE_URL_VARIABLE, then the document's first server.
        waive: Ids of rules switched off for all calls.
        strict: Treat rules that were only inferred like those the vendor states.
        timeout: Seconds one HTTP exchange may take in all, connecting and reading the body included.
        transport: An httpx transport used for everything instead of sockets, for tests; stays yours to close.
        allow_private_downloads: Let files also come over http and from addresses that are not public.
        max_download_bytes: Bytes a downloaded file may have.
        on_submitted: Called with the handle of every task as soon as its id is known; of an `AsyncClient`, may be
            awaitable.
        clock: Whose time it is, for tests.

    Raises:
        ConfigurationError: A value cannot be used.
    """

    _closed = False
    _driver: Driver | None = None

    def __init__(
        self,
        token: str | Mapping[str, str] | None = None,
        *,
        base_url: str | None = None,
        waive: Collection[str] = (),
        strict: bool = False,
        timeout: float = 30.0,
        transport: Transport | None = None,
        allow_private_downloads: bool = False,
        max_download_bytes: int = MAX_DOWNLOAD,
        on_submitted: Callback | None = None,
        clock: Clock = SYSTEM,
    ) -> None:
        self.settings = settings(
            token,
            base_url=base_url,
            waive=waive,
            strict=strict,
            timeout=timeout,
            has_transport=transport is not None,
            allow_private_downloads=allow_private_downloads,
            max_download_bytes=max_download_bytes,
        )
        self._on_submitted = on_submitted
        self._transport = transport
        self._clock = clock
        self._lock = threading.Lock()
        if transport is not None:
            # A wrong one is refused here, not by the first call.
            self._open()

    @abstractmethod
    def _open(self) -> Driver:
        """Return what carries requests out, made by the first call."""

    def _check_open(self) -> None:
        if self._closed:
            raise ConfigurationError(f"this {type(self).__name__} is closed; build a new one")

    def _prepare(
        self,
        operation: Operation[..., Any],
        given: Mapping[str, Any],
        extra: Mapping[str, Any] | None,
        *,
        waive: Collection[str],
        strict: bool | None,
    ) -> Call:
        """Check a request given as the arguments of a method, and return it ready to be sent."""
        from ._request import arguments_of, prepare

        return prepare(self.settings, operation, arguments_of(operation, given, extra), waive=waive, strict=strict)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(base_url={self.settings.base_url!r})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a client is not pickled: it holds a token; build one where it is needed")


class Client(Base[SyncTransport, SyncCallback, "SyncDriver"], Methods):
    """A client of the API that blocks.

    Args:
        token: The API key; without one, the variable TOKEN_VARIABLE of `_api` is read. For an API with several, a
            mapping by the names of the document's security schemes, or a variable of each: TOKEN_VARIABLE_NAME.
        base_url: Where the API is; without one, BASE_URL_VARIABLE, then the document's first server.
        waive: Ids of rules switched off for all calls.
        strict: Treat rules that were only inferred like those the vendor states.
        timeout: Seconds one HTTP exchange may take in all, connecting and reading the body included.
        transport: An httpx transport used for everything instead of sockets, for tests; stays yours to close.
        allow_private_downloads: Let files also come over http and from addresses that are not public.
        max_download_bytes: Bytes a downloaded file may have.
        on_submitted: Called with the handle of every task as soon as its id is known.
        clock: Whose time it is, for tests.

    Raises:
        ConfigurationError: A value cannot be used.
    """

    def task(self, task_id: str, operation: str | None = None, **arguments: Any) -> Task:
        """Return the handle of a task submitted before, in this process or another; asks nothing yet.

        Args:
            task_id: As the submit returned it.
            operation: The id of the operation that polls it, or that started it, where there is more than one.
            arguments: What that operation takes beside the id, if anything.

        Raises:
            ConfigurationError: The id cannot be one.
        """
        from ._tasks import Task, key

        return Task(self, key(task_id, operation, arguments))

    def call(self, operation: Operation[P, A], *arguments: P.args, **named: P.kwargs) -> A:
        """Call an operation with the arguments of its generated function, and return what a success is answered with.

        Every operation has a method of its own, which takes the fields of its body; what starts a task there returns
        the task's handle. This one takes models, and returns what the document says.

        Args:
            operation: One of the generated `operations`; it decides the arguments and the type of the answer.
            arguments: None; every argument has a name.
            named: Its parameters and its body, by keyword.

        Raises:
            RequestRefused: The request breaks a rule or its schema; nothing was sent.
            OutcomeUnknown: It is not idempotent, and may have been carried out.
            StatusError: It was answered with an error.
            ApiError: It was not answered, or not as the document says.
        """
        from ._calls import call_operation
        from ._request import prepare

        found: A = self.run(call_operation(prepare(self.settings, operation, named_only(arguments, named))))
        return found

    def stream(self, operation: Operation[P, Any], *arguments: P.args, **named: P.kwargs) -> Stream[Any]:
        """Call an operation that can be answered with a stream, and return the items of that.

        Args:
            operation: One of the generated `operations`.
            arguments: None; every argument has a name.
            named: Its parameters and its body, by keyword.

        Raises:
            ApiError: See `call`.
        """
        from ._request import prepare

        return self._stream_of(prepare(self.settings, operation, named_only(arguments, named)))

    def _stream_of(self, call: Call) -> Stream[Any]:
        from ._calls import open_stream
        from ._streams import Stream

        return Stream(self._open().run, self.run(open_stream(call)))

    def run(self, core: Core[R]) -> R:
        """Carry out an operation given as a generator of effects; `Task` and the command line work with it."""
        self._check_open()
        return self._open().run(core)

    def close(self) -> None:
        """Close the client's connections; a wait or download that runs in another thread ends with an error."""
        self._closed = True
        with self._lock:
            if self._driver is not None:
                self._driver.close()

    def _open(self) -> SyncDriver:
        if self._driver is None:
            from ._drive import SyncDriver
            from ._http_sync import SyncHttp

            with self._lock:
                if self._driver is None:
                    self._driver = SyncDriver(SyncHttp(self.settings.authority, self._transport), self._clock)
        return self._driver

    def __enter__(self) -> Self:
        self._check_open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _submit(
        self,
        operation: Operation[..., Any],
        arguments: Mapping[str, Any],
        *,
        waive: Collection[str] = (),
        strict: bool | None = None,
    ) -> Task:
        """Submit a request, given as the arguments of its generated function."""
        from ._tasks import Task, start_task

        core = start_task(
            self.settings,
            operation,
            arguments,
            waive=waive,
            strict=strict,
            handle=lambda task: Task(self, task, fresh=True),
            on_submitted=self._on_submitted,
        )
        return self.run(core)

    def _start(
        self,
        operation: Operation[..., Any],
        given: Mapping[str, Any],
        extra: Mapping[str, Any] | None = None,
        *,
        waive: Collection[str],
        strict: bool | None,
    ) -> Task:
        from ._request import arguments_of

        return self._submit(operation, arguments_of(operation, given, extra), waive=waive, strict=strict)

    def _stream(
        self,
        operation: Operation[..., A],
        given: Mapping[str, Any],
        extra: Mapping[str, Any] | None = None,
        *,
        waive: Collection[str],
        strict: bool | None,
    ) -> Stream[A]:
        return self._stream_of(self._prepare(operation, given, extra, waive=waive, strict=strict))

    def _call(
        self,
        operation: Operation[..., A],
        given: Mapping[str, Any],
        extra: Mapping[str, Any] | None = None,
        *,
        waive: Collection[str],
        strict: bool | None,
    ) -> A:
        from ._calls import call_operation

        call = self._prepare(operation, given, extra, waive=waive, strict=strict)
        found: A = self.run(call_operation(call))
        return found


class AsyncClient(Base[AsyncTransport, AsyncCallback, "AsyncDriver"], AsyncMethods):
    """A client of the API on asyncio: the same arguments, names and defaults as `Client`."""

    def task(self, task_id: str, operation: str | None = None, **arguments: Any) -> AsyncTask:
        """Return the handle of a task submitted before; see `Client.task`."""
        from ._tasks import AsyncTask, key

        return AsyncTask(self, key(task_id, operation, arguments))

    async def call(self, operation: Operation[P, A], *arguments: P.args, **named: P.kwargs) -> A:
        """Call an operation, and return what a success is answered with; see `Client.call`."""
        from ._calls import call_operation
        from ._request import prepare

        found: A = await self.run(call_operation(prepare(self.settings, operation, named_only(arguments, named))))
        return found

    async def stream(self, operation: Operation[P, Any], *arguments: P.args, **named: P.kwargs) -> AsyncStream[Any]:
        """Call an operation, and return the items of the stream that it is answered with; see `Client.stream`."""
        from ._request import prepare

        return await self._stream_of(prepare(self.settings, operation, named_only(arguments, named)))

    async def _stream_of(self, call: Call) -> AsyncStream[Any]:
        from ._calls import open_stream
        from ._streams import AsyncStream

        return AsyncStream(self._open().drive, await self.run(open_stream(call)))

    async def run(self, core: Core[R]) -> R:
        """Carry out an operation given as a generator of effects; `Task` and the command line work with it."""
        self._check_open()
        return await self._open().drive(core)

    async def aclose(self) -> None:
        """Close the client's connections; a wait or download that runs in another task ends with an error."""
        self._closed = True
        if self._driver is not None:
            await self._driver.aclose()

    def _open(self) -> AsyncDriver:
        if self._driver is None:
            from ._drive import AsyncDriver
            from ._http_async import AsyncHttp

            self._driver = AsyncDriver(AsyncHttp(self.settings.authority, self._transport), self._clock)
        return self._driver

    async def __aenter__(self) -> Self:
        self._check_open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def _submit(
        self,
        operation: Operation[..., Any],
        arguments: Mapping[str, Any],
        *,
        waive: Collection[str] = (),
        strict: bool | None = None,
    ) -> AsyncTask:
        """Submit a request, given as the arguments of its generated function."""
        from ._tasks import AsyncTask, start_task

        core = start_task(
            self.settings,
            operation,
            arguments,
            waive=waive,
            strict=strict,
            handle=lambda task: AsyncTask(self, task, fresh=True),
            on_submitted=self._on_submitted,
        )
        return await self.run(core)

    async def _start(
        self,
        operation: Operation[..., Any],
        given: Mapping[str, Any],
        extra: Mapping[str, Any] | None = None,
        *,
        waive: Collection[str],
        strict: bool | None,
    ) -> AsyncTask:
        from ._request import arguments_of

        return await self._submit(operation, arguments_of(operation, given, extra), waive=waive, strict=strict)

    async def _stream(
        self,
        operation: Operation[..., A],
        given: Mapping[str, Any],
        extra: Mapping[str, Any] | None = None,
        *,
        waive: Collection[str],
        strict: bool | None,
    ) -> AsyncStream[A]:
        return await self._stream_of(self._prepare(operation, given, extra, waive=waive, strict=strict))

    async def _call(
        self,
        operation: Operation[..., A],
        given: Mapping[str, Any],
        extra: Mapping[str, Any] | None = None,
        *,
        waive: Collection[str],
        strict: bool | None,
    ) -> A:
        from ._calls import call_operation

        call = self._prepare(operation, given, extra, waive=waive, strict=strict)
        found: A = await self.run(call_operation(call))
        return found
