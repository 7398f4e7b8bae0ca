"""The way to the played API, and what must not come along it."""

from __future__ import annotations

import threading

import httpx
from rulewright.sandbox._core import Core
from rulewright.sandbox._endpoints import Submit
from rulewright.sandbox._http import decoded
from rulewright.sandbox._inprocess import ask

from ._fault import UnexpectedRequest


class Transport(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """An httpx transport, sync and async, that ends in a sandbox and refuses what was not foreseen.

    Args:
        core: The sandbox.
        host: The one host that exists; a redirect of the sandbox leads to one whose name ends with it.
    """

    def __init__(self, core: Core, host: str) -> None:
        self._core = core
        self._host = host
        self._lock = threading.Lock()
        self.unexpected: list[str] = []
        self.submits: list[bytes] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer one request."""
        request.read()
        return self._answered(request)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer one request."""
        await request.aread()
        return self._answered(request)

    def _answered(self, request: httpx.Request) -> httpx.Response:
        # Looking and taking the script are one step: two threads must not share the last script.
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
        endpoint = self._core.endpoint(request.method, decoded(request.url.path, request.url.raw_path))
        if isinstance(endpoint, Submit):
            self.submits.append(request.content)
            if not self._core.queue:
                return (
                    "no script is left that says what becomes of this submit;"
                    f" give one to FakeApi(...) or expect(...): {len(self.submits)} submits came"
                )
        elif endpoint is None and not self._core.is_file(request.url.path):
            return "the document has no such operation"
        return None
