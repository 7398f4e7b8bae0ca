"""A server of scripted replies, and one skin for each client; time is that of the shipped `FakeClock`.

The shipped `FakeApi` plays the API as documented. These tests need what no API should do, byte by byte.
"""

from __future__ import annotations

import asyncio
import hashlib
import inspect
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final, TypeAlias

import httpx
import pytest
from mountsea_gemini import ApiError, AsyncClient, AsyncTask, Client, Task
from rulewright.testing import FakeClock

TOKEN: Final = "sk-very-secret-0123456789abcdef"  # noqa: S105  made up
PROMPT: Final = "a purple cat nobody else thought of"
BASE: Final = "http://127.0.0.1:9"
TASK: Final = "7f3c-task"
SIGNED: Final = "X-Amz-Signature=c0ffee5ec2e7"
FILE: Final = f"{BASE}/files/cat.mp4?{SIGNED}"

Reply: TypeAlias = Callable[[httpx.Request], httpx.Response]


def reply(status: int, body: Any = None, headers: Mapping[str, str] | None = None) -> Reply:
    """Return a reply with that status; `body` is JSON unless it is bytes."""

    def answer(request: httpx.Request) -> httpx.Response:
        if isinstance(body, bytes):
            return httpx.Response(status, headers=headers, content=body)
        return httpx.Response(status, headers=headers, json=body)

    return answer


def fails(error: Callable[[str], Exception]) -> Reply:
    """Return a reply that is an error of the transport."""

    def answer(request: httpx.Request) -> httpx.Response:
        raise error("scripted")

    return answer


class _Pieces(httpx.SyncByteStream, httpx.AsyncByteStream):
    def __init__(self, pieces: Iterable[bytes], error: BaseException | None) -> None:
        self._pieces = list(pieces)
        self._error = error

    def __iter__(self) -> Iterator[bytes]:
        yield from self._pieces
        if self._error is not None:
            raise self._error

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self:
            yield piece


def stream(
    status: int,
    pieces: Iterable[bytes],
    headers: Mapping[str, str] | None = None,
    *,
    error: BaseException | None = None,
) -> Reply:
    """Return a reply whose body comes in pieces and may break; it has just the headers given."""
    kept = list(pieces)

    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(status, headers=headers, stream=_Pieces(kept, error))

    return answer


def fingerprint(request: httpx.Request) -> str:
    """Return the hash by which an unknown outcome identifies a request."""
    return hashlib.sha256(f"{request.method} {request.url}\n".encode() + request.content).hexdigest()


ACCEPTED: Final = reply(201, {"taskId": TASK})
PROCESSING: Final = reply(200, {"taskId": TASK, "status": "processing"})
COMPLETED: Final = reply(200, {"taskId": TASK, "status": "completed", "result": {"videoUrls": [FILE]}})


def state(word: object, **more: Any) -> Reply:
    """Return a reply to a poll with that state."""
    return reply(200, {"taskId": TASK, "status": word, **more})


class Play:
    """A server that plays replies in turn, by kind of request; the last one stays.

    Args:
        submit: Replies to submits.
        poll: Replies to polls.
        file: Replies to everything else.
    """

    def __init__(
        self, submit: Iterable[Reply] = (ACCEPTED,), poll: Iterable[Reply] = (COMPLETED,), file: Iterable[Reply] = ()
    ) -> None:
        self._left = {"submit": list(submit), "poll": list(poll), "file": list(file)}
        self.seen: list[tuple[str, httpx.Request]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Answer one request."""
        kind = "submit" if request.method == "POST" else "poll" if request.url.path.endswith("/task/result") else "file"
        self.seen.append((kind, request))
        left = self._left[kind]
        return (left.pop(0) if len(left) > 1 else left[0])(request)

    def of(self, kind: str) -> list[httpx.Request]:
        """Return the requests of one kind."""
        return [request for seen, request in self.seen if seen == kind]


def wait_error(skin: Skin, play: Play, *, clock: FakeClock | None = None, **options: Any) -> Any:
    """Wait, and return the error."""
    with pytest.raises(ApiError) as caught:
        skin.do(skin.task(skin.client(play, clock=clock or FakeClock())).wait(**options))
    return caught.value


class Skin:
    """One of the two clients, used the same way.

    Args:
        name: "sync" or "async".
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._runner = asyncio.Runner() if name == "async" else None

    def client(self, play: Reply | None = None, **options: Any) -> Any:
        """Return a client whose server is `play` and whose clock is scripted, unless options say otherwise."""
        options = {"base_url": BASE, "clock": FakeClock(), **options}
        if play is not None:
            options["transport"] = httpx.MockTransport(play)
        token = options.pop("token", TOKEN)
        return Client(token, **options) if self._runner is None else AsyncClient(token, **options)

    def do(self, outcome: Any) -> Any:
        """Return what a call returned, awaited if it has to be."""
        if self._runner is None:
            return outcome
        return self._runner.run(outcome) if inspect.iscoroutine(outcome) else outcome

    def task(self, client: Any, task_id: str = TASK) -> Task | AsyncTask:
        """Return a handle of a task submitted before."""
        task: Task | AsyncTask = client.task(task_id)
        return task

    @contextmanager
    def opened(self, **options: Any) -> Iterator[Any]:
        """Open a client, and close it at the end."""
        client = self.client(**options)
        try:
            yield client
        finally:
            if isinstance(client, Client):
                client.close()
            else:
                self.do(client.aclose())

    def close(self) -> None:
        """End the event loop."""
        if self._runner is not None:
            self._runner.close()
