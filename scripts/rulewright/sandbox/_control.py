"""The sandbox's own surface, for callers in other languages: `/_sandbox/...`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from rulewright.sandbox._http import Request, Response, error_answer, json_answer
from rulewright.sandbox._labels import labels
from rulewright.sandbox._script import Script, ScriptError

if TYPE_CHECKING:
    from rulewright.sandbox._core import Core

PREFIX: Final = "/_sandbox/"


class Control:
    """Queue scripts, read what was asked, start again."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._handlers = {
            "script": ("POST", self._script),
            "requests": ("GET", self._requests),
            "reset": ("POST", self._reset),
            "labels": ("GET", self._labels),
            "state": ("GET", self._state),
        }

    def handle(self, request: Request) -> Response:
        """Answer one control request."""
        name = request.path[len(PREFIX) :]
        if name not in self._handlers:
            return error_answer(404, f"the sandbox's own paths are {PREFIX}{{{','.join(self._handlers)}}}")
        method, handler = self._handlers[name]
        if request.method != method:
            return error_answer(405, f"use {method} here", (b"allow", method.encode()))
        # Demanding this type keeps web pages out: a browser sends it to another origin only after asking.
        if method == "POST" and not (request.header(b"content-type") or "").startswith("application/json"):
            return error_answer(415, "the content type must be application/json")
        return handler(request)

    def _script(self, request: Request) -> Response:
        try:
            value = json.loads(request.body)
        except (ValueError, RecursionError):
            return error_answer(400, "the body is not JSON; wanted a script or a list of scripts")
        try:
            queued = self._core.enqueue([Script.read(item) for item in (value if isinstance(value, list) else [value])])
        except ScriptError as error:
            return error_answer(400, str(error))
        return json_answer(200, {"queued": queued})

    def _requests(self, request: Request) -> Response:  # noqa: ARG002  one signature for all
        journal = self._core.journal
        entries: list[Any] = [entry.as_json() for entry in journal.entries()]
        return json_answer(200, {"requests": entries, "dropped": journal.dropped})

    def _reset(self, request: Request) -> Response:  # noqa: ARG002
        self._core.reset()
        return json_answer(200, {"reset": True})

    def _labels(self, request: Request) -> Response:  # noqa: ARG002
        return json_answer(200, [label.as_json() for label in labels(self._core)])

    def _state(self, request: Request) -> Response:  # noqa: ARG002
        core = self._core
        tasks = {"kept": len(core.tasks), "forgotten": core.tasks.forgotten, "limit": core.settings.max_tasks}
        return json_answer(200, {"tasks": tasks, "queued": len(core.queue)})
