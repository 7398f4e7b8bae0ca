"""The sandbox itself, without any framework: a request in, an answer out."""

from __future__ import annotations

import re
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from rulewright.sandbox._clock import Clock
from rulewright.sandbox._control import PREFIX as CONTROL
from rulewright.sandbox._control import Control
from rulewright.sandbox._endpoints import Endpoint, Plain, Poll, Submit
from rulewright.sandbox._faults import refusal, spoil
from rulewright.sandbox._http import Request, Response, error_answer
from rulewright.sandbox._journal import Journal
from rulewright.sandbox._schema import Schemas
from rulewright.sandbox._script import Script, Timing
from rulewright.sandbox._security import Guard
from rulewright.sandbox._spec import Operation, Spec
from rulewright.sandbox._tasks import Life, Tasks

from . import _files


@dataclass(frozen=True, slots=True)
class Settings:
    """How a sandbox behaves.

    Args:
        token: The accepted credential.
        seed: Decides the ids of tasks.
        timing: How long each state of a task lasts, where its script does not say.
        script: What becomes of a task that no queued script and no header speaks for.
        strict: Whether rules of level "warning" refuse a body too.
        max_tasks: How many tasks are remembered.
        max_body: The largest request body accepted, in bytes.
    """

    token: str = "sandbox"  # noqa: S105  a made-up one, published on purpose
    seed: int = 0
    timing: Timing = field(default_factory=Timing)
    script: Script = field(default_factory=Script)
    strict: bool = False
    max_tasks: int = 10_000
    max_body: int = 1024 * 1024


class Core:
    """A sandbox for one spec.

    Raises:
        SpecError: The spec cannot be played.
        ScriptError: The default script has an outcome the spec has no state for.
    """

    def __init__(self, spec: Spec, settings: Settings, clock: Clock) -> None:
        self.spec = spec
        self.settings = settings
        self.clock = clock
        self.guard = Guard(spec, settings.token)
        self.journal = Journal(settings.token, self.guard.names)
        self.queue: deque[Script] = deque()
        self.schemas = Schemas(spec)
        self.tasks = Tasks(clock, settings.seed, settings.max_tasks)
        self.lock = threading.RLock()
        self._videos = _files.load()
        self._control = Control(self)
        polls = {operation.name: operation for operation in spec.operations if operation.waiter}
        self._waiters = [operation.waiter for operation in polls.values() if operation.waiter]
        self.check_script(settings.script)
        self.endpoints = [self._endpoint(operation, polls) for operation in spec.operations]
        self._routes = _Routes(spec.base_path, self.endpoints)

    def handle(self, request: Request) -> Response:
        """Answer one request; safe to call from several threads."""
        with self.lock:
            if request.path.startswith(CONTROL):
                return self._control.handle(request)
            response = self._answer(request)
            if request.method == "HEAD":
                response.body = b""
            self.journal.add(request, response.status)
            return response

    def check_script(self, script: Script) -> None:
        """Refuse a script whose outcome no waiter of the spec knows.

        Raises:
            ScriptError: Names the words that are known.
        """
        for waiter in self._waiters:
            Life.of(script, waiter, self.settings.timing)

    def endpoint(self, method: str, path: str) -> Endpoint | None:
        """Return what answers a request, or None where the document has no such operation."""
        methods, _ = self._routes.find(path)
        return methods.get(method) if methods else None

    @staticmethod
    def is_file(path: str) -> bool:
        """Tell whether a path is one of the result files that the sandbox serves beside the document."""
        return _files.task_id_of(path) is not None

    def enqueue(self, scripts: Sequence[Script]) -> int:
        """Queue scripts, all or none, and return how many wait now.

        Raises:
            ScriptError: One of them has an outcome nobody knows.
        """
        for script in scripts:
            self.check_script(script)
        with self.lock:
            self.queue.extend(scripts)
            return len(self.queue)

    def reset(self) -> None:
        """Forget tasks, queued scripts and recorded requests, and start the ids again."""
        with self.lock:
            self.tasks = Tasks(self.clock, self.settings.seed, self.settings.max_tasks)
            self.queue.clear()
            self.journal.clear()
            for endpoint in self.endpoints:
                endpoint.calls = 0

    def _endpoint(self, operation: Operation, polls: Mapping[str, Operation]) -> Endpoint:
        if operation.waiter:
            return Poll(self, operation, operation.waiter)
        for link in operation.links:
            if link.poll in polls and (waiter := polls[link.poll].waiter):
                return Submit(self, operation, waiter, link.id)
        return Plain(self, operation)

    def _answer(self, request: Request) -> Response:
        methods, values = self._routes.find(request.path)
        if methods is None:
            task_id = _files.task_id_of(request.path)
            return self._download(request, task_id) if task_id else _unknown(request)
        endpoint = methods.get(request.method)
        if endpoint is None:
            return _wrong_method(request, methods)
        names = self._routes.names[endpoint] if values else ()
        return endpoint.handle(request, dict(zip(names, values, strict=True)))

    def _download(self, request: Request, task_id: str) -> Response:
        if request.method not in {"GET", "HEAD"}:
            return _wrong_method(request, ("GET", "HEAD"))
        task = self.tasks.get(task_id)
        if task is not None:
            self.tasks.look(task)
        if task is None or task.finished is None or task.life.kind != "success":
            return error_answer(404, "there is no such result, or not yet, or no longer")
        task.downloads += request.method == "GET"
        faults = task.life.script.faults_at("download", task.downloads)
        response = refusal(faults) or _files.send(request, self._videos[task.tall])
        return spoil(response, faults, request, None)


class _Routes:
    """Find the endpoints of a path: plain paths by a look-up, templates by their patterns.

    Two templates that differ in the names of their parameters only are one path to a server; each operation reads the
    values by its own names.
    """

    def __init__(self, base: str, endpoints: list[Endpoint]) -> None:
        self.names: dict[Endpoint, list[str]] = {}
        self._plain: dict[str, dict[str, Endpoint]] = {}
        templates: dict[str, tuple[re.Pattern[str], dict[str, Endpoint]]] = {}
        for endpoint in endpoints:
            path, method = base + endpoint.operation.path, endpoint.operation.method
            if "{" not in path:
                self._plain.setdefault(path, {})[method] = endpoint
            else:
                parts = re.split(r"\{([^{}]+)\}", path)
                pattern = re.compile("([^/]+)".join(re.escape(text) for text in parts[::2]))
                templates.setdefault("{}".join(parts[::2]), (pattern, {}))[1].setdefault(method, endpoint)
                self.names[endpoint] = parts[1::2]
        # `/{box}/new` before `/{box}/{thing}:open` before `/{box}/{thing}`: what is written out counts more
        concrete = sorted(templates, key=lambda path: [_openness(segment) for segment in path.split("/")])
        self._templates = [templates[path] for path in concrete]

    def find(self, path: str) -> tuple[Mapping[str, Endpoint] | None, Sequence[str]]:
        """Return the endpoints by method and the values in the path, in order."""
        if path in self._plain:
            return self._plain[path], ()
        for pattern, methods in self._templates:
            if match := pattern.fullmatch(path):
                return methods, [value.replace("%2F", "/") for value in match.groups()]
        return None, ()


def _openness(segment: str) -> tuple[int, int]:
    """Return how many parameters a segment of a path holds and, with a minus, how much beside them."""
    return segment.count("{"), -len(re.sub(r"\{[^{}]*\}", "", segment))


def _unknown(request: Request) -> Response:
    return error_answer(404, f"the document has no path {quote(request.path[:200])}")


def _wrong_method(request: Request, methods: Mapping[str, Any] | tuple[str, ...]) -> Response:
    allow = ", ".join(methods)
    message = f"{request.method[:20]} is not documented here, only {allow}"
    return error_answer(405, message, (b"allow", allow.encode()))
