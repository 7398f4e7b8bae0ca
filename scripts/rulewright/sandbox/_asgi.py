"""The ASGI door: a Starlette application around the core."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Literal

from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import Message, Receive, Scope, Send

from rulewright.sandbox._clock import Clock
from rulewright.sandbox._core import Core
from rulewright.sandbox._http import Request, Response, decoded

HangUp = Callable[[Any, Literal["close", "reset"]], None]


class Door:
    """An ASGI application that hands requests to the core and delivers its answers as scripted.

    Args:
        core: The sandbox.
        hang_up: Closes or resets the connection of a client address, for the faults below HTTP. Without it
            an answer just ends early, and what becomes of the connection is up to the server.
    """

    def __init__(self, core: Core, hang_up: HangUp | None = None) -> None:
        self.core = core
        self.hang_up = hang_up

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        message = await receive()
        body: bytes = message.get("body", b"")
        if message.get("more_body"):
            body = await self._rest(body, receive)
        response = self.core.handle(_request(scope, body))
        start: Message = {
            "type": "http.response.start",
            "status": response.status,
            "headers": response.headers,
        }
        if response.ending == "whole" and not response.delay and not response.drip:
            await send(start)
            await send({"type": "http.response.body", "body": response.body})
        else:
            await self._deliver(response, start, scope, send)

    async def _rest(self, body: bytes, receive: Receive) -> bytes:
        """Read a body to its end and keep no more of it than shows that it is too large."""
        limit = self.core.settings.max_body + 1
        parts, size = [body], len(body)
        while True:
            message = await receive()
            part: bytes = message.get("body", b"")
            if size < limit:
                parts.append(part[: limit - size])
                size += len(parts[-1])
            if not message.get("more_body"):
                return b"".join(parts)

    async def _deliver(self, response: Response, start: Message, scope: Scope, send: Send) -> None:
        await pause(self.core.clock, response.delay)
        if response.ending == "drop":
            self._break(scope, "close")
            return
        await send(start)
        body = response.delivered
        size = 1 if response.drip else max(1, len(body))
        for at in range(0, len(body), size):
            if at:
                await pause(self.core.clock, response.drip)
            await send({"type": "http.response.body", "body": body[at : at + size], "more_body": True})
        if response.ending == "whole":
            await send({"type": "http.response.body", "body": b""})
        else:
            self._break(scope, "reset" if response.ending == "reset" else "close")

    def _break(self, scope: Scope, how: Literal["close", "reset"]) -> None:
        if self.hang_up is not None:
            self.hang_up(scope.get("client"), how)


class Application(Starlette):
    """The sandbox as a Starlette application, to be served, mounted or wrapped like any other."""

    def __init__(self, core: Core) -> None:
        self.door = Door(core)
        super().__init__(routes=[Mount("/", app=self.door)])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer; unless somebody added middleware, past the stack and the router, which cost a third of the rate."""
        if scope["type"] == "http" and not self.user_middleware:
            await self.door(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


async def pause(clock: Clock, seconds: float) -> None:
    """Let time pass on the sandbox's clock."""
    if seconds > 0 and not clock.sleep(seconds):
        await asyncio.sleep(seconds)


def _request(scope: Scope, body: bytes) -> Request:
    query, scheme = scope.get("query_string", b""), scope.get("scheme", "http")
    path = decoded(scope["path"], scope.get("raw_path") or b"")
    return Request(scope["method"], path, query, scope["headers"], body, scheme=scheme)
