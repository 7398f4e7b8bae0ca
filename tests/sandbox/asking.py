"""Helpers of the sandbox's tests: bodies, requests, and every door."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import httpx
import respx
from rulewright.sandbox import Sandbox

AUTH: Final = {"authorization": "Bearer sandbox"}
JSON: Final = {"content-type": "application/json"}
SUBMIT: Final = "/gemini/video/generate"
POLL: Final = "/gemini/task/result"
HOST: Final = "sandbox.test"
TEXT: Final = {"prompt": "a cat", "action": "text2video", "model": "veo3_fast"}
STATES: Final = ["pending", "ready", "assigned", "processing", "completed"]


def small(paths: Any, *, version: str = "3.1.0", **more: Any) -> dict[str, Any]:
    """Return a document with some paths."""
    return {"openapi": version, "paths": paths, **more}


def play(document: Any, **options: Any) -> httpx.Client:
    """Return a client, in process, of a sandbox that plays a document."""
    return httpx.Client(transport=Sandbox(document, **options).transport(), base_url=f"http://{HOST}")


@dataclass(frozen=True)
class Ask:
    """A request as data."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes = b""


@dataclass(frozen=True)
class Answer:
    """A response, or the class of the error that broke the exchange."""

    status: int = 0
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    broken: str = ""

    def json(self) -> Any:
        """Return the body as JSON."""
        return json.loads(self.body)


Send: TypeAlias = Callable[[Ask], Answer]


def submit(body: Any = TEXT, **headers: str) -> Ask:
    """Return an authorised submit; underscores in header names become hyphens."""
    extra = {name.replace("_", "-"): value for name, value in headers.items()}
    return Ask("POST", SUBMIT, AUTH | JSON | extra, json.dumps(body).encode())


def poll(task_id: str) -> Ask:
    """Return an authorised poll."""
    return Ask("GET", f"{POLL}?taskId={task_id}", AUTH)


def life(send: Send, task_id: str, polls: int) -> list[str]:
    """Return the states of that many polls."""
    return [send(poll(task_id)).json()["status"] for _ in range(polls)]


def start_task(send: Send, body: Any = TEXT, **headers: str) -> str:
    """Submit, and return the task's id."""
    task_id = send(submit(body, **headers)).json()["taskId"]
    assert isinstance(task_id, str)
    return task_id


def _answer(response: httpx.Response) -> Answer:
    headers = tuple((name.decode().lower(), value.decode()) for name, value in response.headers.raw)
    return Answer(response.status_code, headers, response.content)


def _options(ask: Ask) -> dict[str, Any]:
    return {"headers": {"host": HOST} | ask.headers, "content": ask.body or None}


def send_through(client: httpx.Client, base: str) -> Send:
    """Return a function that sends requests through a blocking client."""

    def send(ask: Ask) -> Answer:
        try:
            return _answer(client.request(ask.method, base + ask.path, **_options(ask)))
        except httpx.TransportError as error:
            return Answer(broken=type(error).__name__)

    return send


def _through_async(client: httpx.AsyncClient, base: str, runner: asyncio.Runner) -> Send:
    async def asked(ask: Ask) -> Answer:
        try:
            return _answer(await client.request(ask.method, base + ask.path, **_options(ask)))
        except httpx.TransportError as error:
            return Answer(broken=type(error).__name__)

    return lambda ask: runner.run(asked(ask))


@contextmanager
def door(name: str, sandbox: Sandbox, timeout: float | None = 5.0) -> Iterator[Send]:
    """Open one of `DOORS` to a sandbox."""
    base = f"http://{HOST}"
    if name in {"transport", "respx", "tcp"}:
        with _blocking(name, sandbox, timeout) as send:
            yield send
        return
    transport = sandbox.transport() if name == "async transport" else httpx.ASGITransport(sandbox.app)
    with asyncio.Runner() as runner:
        client = httpx.AsyncClient(transport=transport, timeout=timeout)
        yield _through_async(client, base, runner)
        runner.run(client.aclose())


@contextmanager
def _blocking(name: str, sandbox: Sandbox, timeout: float | None) -> Iterator[Send]:
    base = f"http://{HOST}"
    if name == "transport":
        with httpx.Client(transport=sandbox.transport(), timeout=timeout) as client:
            yield send_through(client, base)
    elif name == "respx":
        with respx.mock(assert_all_called=False) as router, httpx.Client(timeout=timeout) as client:
            sandbox.mock(router)
            yield send_through(client, base)
    else:
        with sandbox.serve() as running, httpx.Client(timeout=timeout, trust_env=False) as client:
            yield send_through(client, running.url)


DOORS: Final = ["transport", "async transport", "respx", "asgi", "tcp"]
