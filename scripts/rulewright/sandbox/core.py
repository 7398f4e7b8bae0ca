"""The sandbox without any framework: route a request to its operation, a result file or the control surface."""

from __future__ import annotations

import difflib
import json
import re
import threading
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import zip_longest
from typing import Any, Final, Generic, Protocol, TypeVar
from urllib.parse import quote, unquote_plus

from rulewright.errors import printable
from rulewright.openapi.operations import sent_path
from rulewright.openapi.tasks import id_parameters
from rulewright.sandbox.exchange import (
    LATIN,
    Journal,
    Request,
    Response,
    decode_path,
    decode_sent,
    error_answer,
    json_answer,
)
from rulewright.sandbox.inputs import Guard
from rulewright.sandbox.operations import Endpoint, Parts, Plain, Poll, Result, Submit
from rulewright.sandbox.results import file_task_id, send_file
from rulewright.sandbox.script import Script, ScriptError
from rulewright.sandbox.spec import Operation, Spec
from rulewright.sandbox.tasks import Clock, Settings, Tasks
from rulewright.sandbox.validation import Rule, Schemas

CONTROL: Final = "/_sandbox/"
"""The path prefix of the control surface, for callers in other languages."""

PATHS_SHOWN: Final = 5
INVENTED: Final = (
    "how long each state lasts, and that every task passes through all of them",
    "task ids, dates, error texts and codes",
    "the wording and the violations of a refusal; the documents say little about error bodies",
    "the place of the result in a finished task, and the files themselves",
    "the limits on the size of a body and on the number of remembered tasks",
)


@dataclass(frozen=True, slots=True)
class Provenance:
    """One behaviour of the sandbox, and how sure it is that the real server behaves so too."""

    provenance: str
    kind: str
    text: str

    def __str__(self) -> str:
        return printable(f"{self.provenance:9}  {self.kind:9}  {self.text}".replace("\n", "\\n"))


class Core:
    """A sandbox for one document.

    Raises:
        SpecError: The sandbox cannot act on the document.
        ScriptError: The document has no state for the outcome of the default script.
    """

    def __init__(self, spec: Spec, settings: Settings, clock: Clock) -> None:
        polls = {operation.name: operation for operation in spec.operations if operation.waiter}
        self.spec = spec
        self.settings = settings
        self.clock = clock
        self.guard = Guard(spec, settings.token)
        self.journal = Journal(settings.token, self.guard.names)
        self.tasks = Tasks(clock, settings, [operation.waiter for operation in polls.values() if operation.waiter])
        self.tasks.check(settings.script)
        self.lock = threading.RLock()
        parts = Parts(spec, settings, Schemas(spec), Schemas(spec, "answer"), self.guard, self.tasks)
        self.endpoints = [_endpoint(parts, operation, polls) for operation in spec.operations]
        self._routes = Routes(spec.base_path, self.endpoints, id_parameters(spec.document))

    @property
    def queue(self) -> deque[Script]:
        """The scripts that wait for the next submits."""
        return self.tasks.queue

    def handle(self, request: Request) -> Response:
        """Answer one request; safe to call from several threads."""
        with self.lock:
            if request.path.startswith(CONTROL):
                return self._control(request)
            response = self._answer(request)
            if request.method == "HEAD":
                response.body = b""
            self.journal.add(request, response.status)
            return response

    def endpoint(self, method: str, path: str, query: bytes = b"") -> Endpoint | None:
        """Return the endpoint of a request, or None where the document has no such operation."""
        methods, _ = self._routes.find(path, query.decode(LATIN))
        return methods.get(method) if methods else None

    def enqueue(self, scripts: Sequence[Script]) -> int:
        """Queue scripts, all or none, and return the length of the queue.

        Raises:
            ScriptError: The document has no state for the outcome of one of them.
        """
        with self.lock:
            return self.tasks.enqueue(scripts)

    def reset(self) -> None:
        """Forget tasks, queued scripts and recorded requests, and start the ids again."""
        with self.lock:
            self.tasks.reset()
            self.journal.clear()
            for endpoint in self.endpoints:
                endpoint.calls = 0

    def provenance(self) -> Iterator[Provenance]:
        """Yield the provenance of every operation, every rule, and everything that the sandbox invents."""
        for endpoint in self.endpoints:
            operation = endpoint.operation
            text = f"{operation.method} {operation.path} ({operation.name})"
            yield Provenance(operation.provenance, "operation", text)
        rules: dict[str, Rule] = {}
        for endpoint in self.endpoints:
            for checks in (endpoint.parameters.rules, *endpoint.checks.values()):
                for rule in checks.rules:
                    rules.setdefault(rule.id, rule)
        for rule in rules.values():
            yield Provenance(rule.provenance, "rule", f"{rule.id} ({rule.level}): {rule.message}")
        for name in self.guard.unchecked:
            yield Provenance("invented", "sandbox", f"the credentials of the security scheme {name} are not checked")
        for text in INVENTED:
            yield Provenance("invented", "sandbox", text)

    def _answer(self, request: Request) -> Response:
        methods, values = self._routes.find(request.path, request.query.decode(LATIN))
        if methods is None:
            task_id = file_task_id(request.path)
            if task_id is not None:
                return self._download(request, task_id)
            return error_answer(404, self._no_such_path(request.path[:200]))
        endpoint = methods.get(request.method)
        if endpoint is None:
            return _wrong_method(request, methods)
        names = self._routes.names.get(endpoint, ())
        return endpoint.handle(request, dict(zip(names, values, strict=False)))

    def _no_such_path(self, path: str) -> str:
        known = list(dict.fromkeys(self.spec.base_path + operation.path for operation in self.spec.operations))
        close = difflib.get_close_matches(path, known, 1)
        for hole in self.spec.document.get("x-known-holes", ()):
            if hole.get("path") and hole["path"] in path:
                return f"the vendor names {hole['name']} and does not describe it: {hole['quote']} {hole['advice']}"
        others = f"it has {', '.join(known[:PATHS_SHOWN])}" + (", ..." if len(known) > PATHS_SHOWN else "")
        return f"the document has no path {quote(path)}; {f'did you mean {close[0]}?' if close else others}"

    def _download(self, request: Request, task_id: str) -> Response:
        if request.method not in {"GET", "HEAD"}:
            return _wrong_method(request, ("GET", "HEAD"))
        task = self.tasks.get(task_id)
        if task is not None:
            self.tasks.state(task)
        if task is None or task.finished is None or task.life.kind != "success":
            return error_answer(404, "there is no such result, or not yet, or no longer")
        return send_file(request, task)

    def _control(self, request: Request) -> Response:
        methods = {"script": "POST", "requests": "GET", "reset": "POST", "provenance": "GET", "state": "GET"}
        name = request.path.removeprefix(CONTROL)
        if name not in methods:
            return error_answer(404, f"the sandbox's own paths are {CONTROL}{{{','.join(methods)}}}")
        if request.method != methods[name]:
            return _wrong_method(request, (methods[name],))
        # Demanding this type keeps web pages out: a browser sends it to another origin only after asking.
        if request.method == "POST" and not (request.header(b"content-type") or "").startswith("application/json"):
            return error_answer(415, "the content type must be application/json")
        match name:
            case "script":
                return self._queue_scripts(request.body)
            case "requests":
                entries = [entry.as_json() for entry in self.journal.entries()]
                return json_answer(200, {"requests": entries, "dropped": self.journal.dropped})
            case "reset":
                self.reset()
                return json_answer(200, {"reset": True})
            case "provenance":
                return json_answer(200, list(map(asdict, self.provenance())))
        counts = {"kept": len(self.tasks), "forgotten": self.tasks.forgotten, "limit": self.settings.max_tasks}
        return json_answer(200, {"tasks": counts, "queued": len(self.queue)})

    def _queue_scripts(self, body: bytes) -> Response:
        try:
            value = json.loads(body)
        except (ValueError, RecursionError):
            return error_answer(400, "the body is not JSON; wanted a script or a list of scripts")
        try:
            queued = self.enqueue([Script.read(item) for item in (value if isinstance(value, list) else [value])])
        except ScriptError as error:
            return error_answer(400, str(error))
        return json_answer(200, {"queued": queued})


def _endpoint(parts: Parts, operation: Operation, polls: Mapping[str, Operation]) -> Endpoint:
    if operation.waiter:
        return Poll(parts, operation, operation.waiter)
    for link in operation.links:
        if link.poll in polls:
            return Submit(parts, operation, polls[link.poll], link.id)
    for poll in polls.values():
        if poll.waiter and poll.waiter.result == operation.name:
            return Result(parts, operation, poll.waiter)
    return Plain(parts, operation)


class Routed(Protocol):
    """What has an operation."""

    operation: Operation


T = TypeVar("T", bound=Routed)


_PARAMETER: Final = re.compile(r"\{([^{}]+)\}")


class Routes(Generic[T]):
    """Find the endpoints of a path, whose templates are matched with the most literal ones first.

    Two templates that differ only in the names of their parameters are one path to a server; each operation reads
    the values by its own names. The parameters `whole`, by operation and name, may be several segments. A template with
    a query is that of requests with its pairs, in any order and among others.
    """

    def __init__(self, base: str, endpoints: Iterable[T], whole: Collection[tuple[str, str]] = ()) -> None:
        self.names: dict[T, list[str]] = {}
        templates: dict[str, tuple[re.Pattern[str], dict[str, T]]] = {}
        every = [*endpoints]
        # What is whole for one operation of a path is so for the others, or they would not be one path.
        wide = {
            (_PARAMETER.sub("{}", base + sent_path(endpoint.operation.path)), index)
            for endpoint in every
            for index, name in enumerate(_PARAMETER.findall(base + sent_path(endpoint.operation.path)))
            if (endpoint.operation.name, name) in whole
        }
        for endpoint in every:
            path, method = base + sent_path(endpoint.operation.path), endpoint.operation.method
            parts = _PARAMETER.split(path)
            plain = _PARAMETER.sub("{}", path)
            kinds = ["**" if (plain, index) in wide else "{}" for index in range(len(parts) // 2)]
            template = "".join(map("".join, zip_longest(parts[::2], kinds, fillvalue="")))
            templates.setdefault(template, (_compile(template), {}))[1].setdefault(method, endpoint)
            self.names[endpoint] = parts[1::2]
        for template, (_, methods) in templates.items():
            _, plain_methods = templates.get(template.partition("?")[0], (None, dict[str, T]()))
            methods |= {**plain_methods, **methods}
        # `/{box}/new` before `/{box}/{thing}:open` before `/{box}/{thing}` before `/{box}/**`
        ordered = sorted(templates, key=order_of)
        self._templates = [templates[path] for path in ordered]

    def find(self, path: str, query: str) -> tuple[Mapping[str, T] | None, Sequence[str]]:
        """Return the endpoints by method and the values in path and query, in order."""
        for pattern, methods in self._templates:
            if match := pattern.fullmatch(f"{path}\0{query}"):
                places = enumerate(match.groups(), 1)
                return methods, [text if match.end(at) <= len(path) else _decode(text) for at, text in places]
        return None, ()


def _compile(template: str) -> re.Pattern[str]:
    """Return the pattern of a path and a query, between which stands a null."""
    path, _, query = template.partition("?")
    pairs = [f"(?=(?:.*&)?{_pattern(pair, '[^&]+')}(?:&|$))" for pair in query.split("&") if pair]
    return re.compile(f"{_pattern(path, '[^/]+', decode_sent)}\0{''.join(pairs)}.*")


def _pattern(template: str, value: str, decode: Callable[[str], str] = str) -> str:
    kinds = {"{}": f"({value})", "**": "(.+)"}
    return "".join(kinds.get(part) or re.escape(decode(part)) for part in re.split(r"(\{\}|\*\*)", template))


def _decode(text: str) -> str:
    """Return a value of a query as one of a path is handed on."""
    return decode_path(unquote_plus(text), text.encode())


def order_of(template: str) -> list[tuple[int, int]]:
    """Return what templates with `{}` for a segment and `**` for several are sorted by: the most literal ones first."""
    path, *pairs = re.split("[?&]", template)
    return [*map(_wildcards, path.split("/")), (3, -len(pairs))]


def _wildcards(segment: str) -> tuple[int, int]:
    """Return how many parameters a segment of a path holds, and minus the number of literal characters."""
    return segment.count("{}") + 2 * segment.count("**"), -len(segment.replace("{}", ""))


def _wrong_method(request: Request, methods: Mapping[str, Any] | tuple[str, ...]) -> Response:
    allow = ", ".join(methods)
    message = f"{request.method[:20]} is not documented here, only {allow}"
    return error_answer(405, message, (b"allow", allow.encode()))
