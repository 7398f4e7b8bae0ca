"""Our two columns, and what a careful person writes with httpx alone."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final, Protocol

import httpx
from attrs import frozen
from mountsea_gemini import AsyncClient, Client
from mountsea_gemini._clock import SystemClock
from mountsea_gemini._operation import Operation
from mountsea_gemini.operations import GENERATE_VIDEO
from mountsea_gemini.rules import request_violations

from .server import KEY

CROWD: Final = 120
"""Submits of one client at a time."""

BODY: Final = {"prompt": "a cat", "action": "text2video", "model": "veo31_fast"}


@frozen
class Words:
    """How a vendor says things, as JSON; `state` is given the word and the URL of a file."""

    accepted: Callable[[str], Any]
    state: Callable[[str, str], Any]
    done: str
    going: str
    failed: str
    cancelled: str | None
    timeout: str | None
    names_file: bool | None = None
    """Whether a finished task is documented to name its file, or None: then it cannot lack it."""


@frozen
class Call:
    """What a cell asks of a client: where, the seconds one exchange may take, and those a wait may take."""

    url: str
    exchange: float | None
    wait: float | None
    patient: bool
    """Whether real time matters; else pauses between polls are cut short."""


class Column(Protocol):
    """One client."""

    name: str
    words: Words
    can: frozenset[str]

    def submit(self, call: Call) -> Any:
        """Submit, and return what comes back."""
        ...

    def wait(self, call: Call) -> Any:
        """Submit and wait; return what a caller gets."""
        ...

    def download(self, call: Call, target: Path) -> None:
        """Download the file of a finished task."""
        ...


OURS: Final = Words(
    accepted=lambda _: {"taskId": "t-1"},
    state=lambda word, file: {"taskId": "t-1", "status": word, **({"result": {"videoUrls": [file]}} if file else {})},
    done="completed",
    going="processing",
    failed="failed",
    cancelled="cancelled",
    timeout="timeout",
    names_file=True,
)


def released(distribution: str) -> str:
    """Return a distribution's version, or why there is none."""
    try:
        return version(distribution)
    except PackageNotFoundError:
        return "not installed"


class Hasty(SystemClock):
    """The machine's clock on which pauses are cut short."""

    def sleep(self, seconds: float) -> None:
        """Block the thread for a moment."""
        time.sleep(min(seconds, 0.02))

    async def asleep(self, seconds: float) -> None:
        """Suspend the task for a moment."""
        await asyncio.sleep(min(seconds, 0.02))


def _options(call: Call) -> dict[str, Any]:
    given = {} if call.exchange is None else {"timeout": call.exchange}
    clock = SystemClock() if call.patient else Hasty()
    return {"token": KEY, "base_url": call.url, "clock": clock, **given}


class OursSync:
    """`Client`.

    Args:
        operation: The operation that submits, given a text or a listed value for each input it requires.
    """

    words = OURS

    def __init__(self, operation: Operation[..., Any] = GENERATE_VIDEO) -> None:
        self.name = "ours, sync" if operation is GENERATE_VIDEO else f"ours, {operation.id}"
        self._function = operation.function
        needed = [each for each in operation.inputs if each.required]
        texts = itertools.product(*(each.choices or ("a cat",) for each in needed))
        given = ({each.keyword: text for each, text in zip(needed, row, strict=True)} for row in texts)
        self._given = next(each for each in given if not request_violations(operation, operation.arguments_of(each)))

    can = frozenset({"submit", "submits", "crowd", "wait", "download"})

    def submit(self, call: Call) -> Any:
        """Submit a task."""
        with Client(**_options(call)) as client:
            return getattr(client, self._function)(**self._given)

    def submits(self, call: Call) -> list[str]:
        """Submit two tasks, one after the other."""
        with Client(**_options(call)) as client:
            return [getattr(client, self._function)(**self._given).id for _ in range(2)]

    def crowd(self, call: Call) -> list[str]:
        """Submit many tasks at a time, each from a thread of its own."""
        with Client(**_options(call)) as client, ThreadPoolExecutor(CROWD) as pool:
            return list(pool.map(lambda _: client.text_to_video("a cat").id, range(CROWD)))

    def wait(self, call: Call) -> Any:
        """Submit a task and wait for it."""
        with Client(**_options(call)) as client:
            return client.text_to_video("a cat").wait(timeout=call.wait)

    def download(self, call: Call, target: Path) -> None:
        """Download what a task made."""
        with Client(**_options(call)) as client:
            client.task("t-1").download(target, timeout=call.wait)


class OursAsync:
    """`AsyncClient`."""

    name = "ours, async"
    words = OURS
    can = frozenset({"submit", "submits", "crowd", "wait", "download"})

    def submit(self, call: Call) -> Any:
        """Submit a task."""

        async def work() -> Any:
            async with AsyncClient(**_options(call)) as client:
                return await client.text_to_video("a cat")

        return asyncio.run(work())

    def submits(self, call: Call) -> list[str]:
        """Submit two tasks, one after the other."""

        async def work() -> list[str]:
            async with AsyncClient(**_options(call)) as client:
                return [(await client.text_to_video("a cat")).id for _ in range(2)]

        return asyncio.run(work())

    def crowd(self, call: Call) -> list[str]:
        """Submit many tasks at a time."""

        async def work() -> list[str]:
            async with AsyncClient(**_options(call)) as client:
                tasks = await asyncio.gather(*(client.text_to_video("a cat") for _ in range(CROWD)))
            return [task.id for task in tasks]

        return asyncio.run(work())

    def wait(self, call: Call) -> Any:
        """Submit a task and wait for it."""

        async def work() -> Any:
            async with AsyncClient(**_options(call)) as client:
                return await (await client.text_to_video("a cat")).wait(timeout=call.wait)

        return asyncio.run(work())

    def download(self, call: Call, target: Path) -> None:
        """Download what a task made."""

        async def work() -> None:
            async with AsyncClient(**_options(call)) as client:
                await client.task("t-1").download(target, timeout=call.wait)

        asyncio.run(work())


class RawHttpx:
    """The loop that a README would show."""

    name = f"httpx {released('httpx')}"
    words = OURS
    can = frozenset({"submit", "submits", "wait", "download"})

    def _client(self, call: Call) -> httpx.Client:
        headers = {"Authorization": f"Bearer {KEY}"}
        return httpx.Client(base_url=call.url, headers=headers, timeout=call.exchange or 5.0, follow_redirects=True)

    def submit(self, call: Call) -> Any:
        """Post, check the status, read the id."""
        with self._client(call) as client:
            return client.post("/gemini/video/generate", json=BODY).raise_for_status().json()["taskId"]

    def submits(self, call: Call) -> list[str]:
        """Post twice."""
        with self._client(call) as client:
            posts = (client.post("/gemini/video/generate", json=BODY).raise_for_status() for _ in range(2))
            return [response.json()["taskId"] for response in posts]

    def wait(self, call: Call) -> Any:
        """Post, then look until it has ended or the time is over."""
        task = self.submit(call)
        return self._waited(call, task)

    def _waited(self, call: Call, task: str) -> Any:
        end = time.monotonic() + (call.wait or 600)
        with self._client(call) as client:
            while time.monotonic() < end:
                found = client.get("/gemini/task/result", params={"taskId": task}).raise_for_status().json()
                if found["status"] == "completed":
                    return found["result"]["videoUrls"]
                if found["status"] in {"failed", "cancelled", "timeout"}:
                    raise RuntimeError(found["status"])
                time.sleep(0.5 if call.patient else 0.02)
        raise TimeoutError

    def download(self, call: Call, target: Path) -> None:
        """Stream into the file."""
        (url,) = self._waited(call, "t-1")
        with self._client(call) as client, client.stream("GET", url) as response, target.open("wb") as file:
            response.raise_for_status()
            for chunk in response.iter_bytes():
                file.write(chunk)
