"""Serve the API to agents, over the Model Context Protocol on standard input and output.

Each operation and each variant is one tool with a flat schema. What starts a task returns its id at once; a record on
disk sees to it that the same request is submitted once only, however often a host repeats a call or starts anew.
"""

from __future__ import annotations

import hashlib
import inspect
import json
import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import anyio
import mcp_types as types
from attrs import frozen
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from .._api import OPERATIONS, PROGRAM, VARIANTS, WAITERS
from .._client import Client
from .._errors import ApiError, ConfigurationError, RequestRefused, SubmitOutcomeUnknown
from .._operation import Input, Operation
from .._secrets import printable
from .._streams import Stream
from .._values import to_json
from .._violation import RuleViolation
from .._waiter import shown_url
from ._fields import EXTRA, Request, operation_fields, operation_of, variant_fields

if TYPE_CHECKING:
    from mcp.server.context import ServerRequestContext

_AGAIN: Final = "again"
_ABOUT_AGAIN: Final = {
    "type": "integer",
    "minimum": 1,
    "description": "To submit, and pay for, the same request once more: 1, then 2, and so on. Without it, a request "
    "that was submitted before is answered with its task.",
}
_QUESTION: Final = "spend"
_ID: Final = {"type": "string", "description": "The task's id, as the submit returned it."}


@frozen
class Tool:
    """One tool, and the functions that a call of it runs in a thread.

    Attributes:
        name: Its name.
        description: What it does, for an agent.
        schema: The schema of its arguments.
        run: Carries a call out.
        before: Refuses a call, or returns its result where it needs no sending; called before anybody is asked.
        spends: Whether a call may be billed.
        reads: Whether a call changes nothing.
    """

    name: str
    description: str
    schema: Mapping[str, Any]
    run: Callable[[dict[str, Any]], dict[str, Any]]
    before: Callable[[dict[str, Any]], dict[str, Any] | None] | None = None
    spends: bool = False
    reads: bool = False

    def describe(self) -> types.Tool:
        """Return the tool as hosts list it."""
        hints = types.ToolAnnotations(read_only_hint=self.reads, idempotent_hint=not self.spends, open_world_hint=True)
        return types.Tool(
            name=self.name, description=self.description, input_schema=dict(self.schema), annotations=hints
        )


class Record:
    """The submits of this machine: one row for each request, written before it is sent.

    Args:
        path: A SQLite file, readable by its owner only; it holds hashes of requests, and ids of tasks.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        self._path = path
        with self._open() as database:
            database.execute(
                "CREATE TABLE IF NOT EXISTS submits (request TEXT PRIMARY KEY, operation TEXT NOT NULL, task TEXT, "
                "state TEXT NOT NULL, at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP)"
            )

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self._path, timeout=30)) as database, database:
            yield database

    def begin(self, request: str, operation: str) -> tuple[str, str | None] | None:
        """Reserve a request for this call; return what is known of it if it was reserved before."""
        with self._open() as database:
            reserve = "INSERT OR IGNORE INTO submits (request, operation, state) VALUES (?, ?, 'unknown')"
            is_new = database.execute(reserve, (request, operation)).rowcount == 1
        return None if is_new else self.find(request)

    def find(self, request: str) -> tuple[str, str | None] | None:
        """Return the state and the task of a request, if it was reserved before."""
        with self._open() as database:
            found = database.execute("SELECT state, task FROM submits WHERE request = ?", (request,)).fetchone()
        return None if found is None else (str(found[0]), found[1])

    def end(self, request: str, state: str, task: str | None = None) -> None:
        """Note what became of a submit."""
        with self._open() as database:
            database.execute("UPDATE submits SET state = ?, task = ? WHERE request = ?", (state, task, request))

    def forget(self, request: str) -> None:
        """Forget a request of which nothing was started."""
        with self._open() as database:
            database.execute("DELETE FROM submits WHERE request = ?", (request,))

    def tasks(self) -> list[dict[str, Any]]:
        """Return every submit, the newest first."""
        with self._open() as database:
            rows = database.execute("SELECT task, operation, state, at FROM submits ORDER BY at DESC, rowid DESC")
            return [dict(zip(("task_id", "operation", "state", "submitted_at"), row, strict=True)) for row in rows]


class Tools:
    """The tools of a client.

    Args:
        client: The client.
        record: The submits so far.
        folder: Where downloads go, and nowhere else.
    """

    def __init__(self, client: Client, record: Record, folder: Path) -> None:
        self._client = client
        self._record = record
        self._folder = folder
        found = [self._method(each.function, each) for each in OPERATIONS.values()]
        variants = (method for methods in VARIANTS.values() for method in methods.values())
        found += [self._method(name, operation_of(name), is_variant=True) for name in variants]
        self.all = {tool.name: tool for tool in (*found, *self._about_tasks())}

    def _method(self, name: str, operation: Operation[..., Any], *, is_variant: bool = False) -> Tool:
        method = getattr(type(self._client), name)
        fields = variant_fields(method, operation, ()) if is_variant else operation_fields(operation, ())
        schema = _schema([each.input for each in fields if each.input is not EXTRA])
        text = inspect.getdoc(method) or ""
        about, rules = text.partition("\nArgs:\n")[0].strip(), text.partition("\nRules:\n")[2].strip()
        parts = [about, f"Rules:\n{rules}" if rules else ""]
        if operation.poll:
            schema["properties"][_AGAIN] = _ABOUT_AGAIN
            parts.append("Each accepted request is billed. Returns the task's id at once; see task_status.")
        return Tool(
            name,
            "\n\n".join(filter(None, parts)),
            schema,
            partial(self._submit, name, operation) if operation.poll else partial(self._call, name),
            partial(self._before, name) if operation.poll else None,
            spends=not operation.is_idempotent,
            reads=operation.method in {"get", "head", "options"},
        )

    def _about_tasks(self) -> Iterator[Tool]:
        if not WAITERS:
            return
        one = {"type": "object", "properties": {"task_id": _ID}, "required": ["task_id"], "additionalProperties": False}
        file = {"type": "string", "description": "Name of the file, without a folder."}
        saving = {**one, "properties": {"task_id": _ID, "file": file}, "required": ["task_id", "file"]}
        none = {"type": "object", "properties": {}, "additionalProperties": False}
        yield Tool("task_status", "Poll a task once; costs nothing.", one, self._poll, reads=True)
        yield Tool("task_download", "Write the file of a finished task; costs nothing.", saving, self._download)
        yield Tool(
            "task_list",
            "List the tasks submitted from this machine.",
            none,
            lambda _: {"tasks": self._record.tasks()},
            reads=True,
        )

    def _call(self, name: str, arguments: dict[str, Any]) -> dict[str, Any]:
        answer = getattr(self._client, name)(**arguments)
        if isinstance(answer, Stream):
            return {"answer": [to_json(item) for item in answer]}
        return {"answer": answer.to_dict() if hasattr(answer, "to_dict") else answer}

    def _before(self, name: str, arguments: dict[str, Any]) -> dict[str, Any] | None:
        """Refuse a request that breaks a rule, and answer one that was submitted before."""
        request, given = self._request(name, arguments)
        found = [each for each in Request.of(name, given).violations(()) if each.level == "error"]
        if found:
            raise RequestRefused(RuleViolation(tuple(found)))
        known = self._record.find(request)
        return None if known is None else _repeat_document(*known)

    def _submit(self, name: str, operation: Operation[..., Any], arguments: dict[str, Any]) -> dict[str, Any]:
        request, given = self._request(name, arguments)
        known = self._record.begin(request, operation.id)
        if known is not None:
            return _repeat_document(*known)
        try:
            task = getattr(self._client, name)(**given)
        except SubmitOutcomeUnknown as error:
            self._record.end(request, "unknown", error.task_id)
            raise
        except ApiError:  # nothing was started
            self._record.forget(request)
            raise
        self._record.end(request, "submitted", task.id)
        return {"task_id": task.id, "state": "submitted"}

    def _request(self, name: str, arguments: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        """Return what identifies a request, and the arguments of its method."""
        given = {key: value for key, value in arguments.items() if key != _AGAIN}
        text = json.dumps([self._client.settings.base_url, name, given], sort_keys=True)
        request = hashlib.sha256(text.encode()).hexdigest()
        again = arguments.get(_AGAIN, 0)
        return (f"{request}:{again}" if again else request), given

    def _poll(self, arguments: dict[str, Any]) -> dict[str, Any]:
        result = self._client.task(arguments["task_id"]).result()
        found = {"task_id": arguments["task_id"], "status": result.status, "files": [*map(shown_url, result.urls)]}
        return found if result.error_message is None else {**found, "error": result.error_message}

    def _download(self, arguments: dict[str, Any]) -> dict[str, Any]:
        name = arguments["file"]
        if Path(name).name != name or name in {"", ".", ".."} or "\\" in name:
            raise ConfigurationError(f"file must be a name without a folder, got {printable(repr(name))}")
        target = self._folder / name
        return {"file": str(self._client.task(arguments["task_id"]).download(target, timeout=0))}


def _repeat_document(state: str, task: str | None) -> dict[str, Any]:
    if task is not None:
        return {"task_id": task, "state": state, "note": "this request was submitted before; nothing was sent again"}
    note = "this request is being sent, or was, and whether it was accepted is unknown: look at the account first"
    return {"state": state, "note": note}


def _schema(inputs: Sequence[Input]) -> dict[str, Any]:
    """Return the schema of a tool's arguments: one object, each argument a property."""
    return {
        "type": "object",
        "properties": {each.keyword: _value(each) for each in inputs},
        "required": [each.keyword for each in inputs if each.required],
        "additionalProperties": False,
    }


def _value(argument: Input) -> dict[str, Any]:
    one: dict[str, Any] = {"enum": list(argument.choices)} if argument.choices else {}
    kind = argument.items if argument.type == "array" else argument.type
    if kind:
        one["type"] = kind
    schema = {"type": "array", "items": one} if argument.type == "array" else one
    return {**schema, **({"description": argument.description} if argument.description else {})}


class Gate:
    """Decides whether a call may be billed: a person whom the host asks, or a limit.

    Args:
        limit: Calls that may be billed without a question; None where each needs one.
    """

    def __init__(self, limit: int | None) -> None:
        self._left = limit

    async def judge(
        self, context: ServerRequestContext[Any], parameters: types.CallToolRequestParams
    ) -> types.InputRequiredResult | str | None:
        """Return why a call may not be made, what the host has to ask first, or None where it may be made."""
        if self._left is not None:
            self._left -= 1
            return None if self._left >= 0 else "the limit of --max-submits is reached; only a person can raise it"
        shown = printable(json.dumps(parameters.arguments or {}, ensure_ascii=False))
        question = types.ElicitRequestFormParams(
            message=f"{PROGRAM} {printable(parameters.name)} is billed. Send it? {shown}",
            requested_schema={"type": "object", "properties": {}},
        )
        wanted = types.ClientCapabilities(elicitation=types.ElicitationCapability())
        if not context.session.check_client_capability(wanted):
            return "this host cannot ask a person, and the server was started without --max-submits"
        if context.session.protocol_version not in MODERN_PROTOCOL_VERSIONS:
            answer = await context.session.elicit_form(question.message, question.requested_schema, context.request_id)
        else:
            given = (parameters.input_responses or {}).get(_QUESTION)
            if given is None:
                return types.InputRequiredResult(input_requests={_QUESTION: types.ElicitRequest(params=question)})
            answer = types.ElicitResult.model_validate(given, from_attributes=True)
        return None if answer.action == "accept" else "a person declined it; nothing was sent"


def server(tools: Tools, gate: Gate) -> Server[Any]:
    """Return the MCP server of some tools."""

    async def on_list_tools(_: Any, __: Any) -> types.ListToolsResult:
        return types.ListToolsResult(tools=[tool.describe() for tool in tools.all.values()])

    async def on_call_tool(
        context: ServerRequestContext[Any], parameters: types.CallToolRequestParams
    ) -> types.CallToolResult | types.InputRequiredResult:
        tool = tools.all.get(parameters.name)
        if tool is None:
            return _failure({"error": "UnknownTool", "message": f"there is no tool {printable(parameters.name)!r}"})
        arguments = dict(parameters.arguments or {})
        try:
            _check(tool, arguments)
            known = await anyio.to_thread.run_sync(tool.before, arguments) if tool.before else None
            if known is not None:
                return _success(known)
            verdict = await gate.judge(context, parameters) if tool.spends else None
            if isinstance(verdict, str):
                return _failure({"error": "NotAllowed", "message": verdict})
            if verdict is not None:
                return verdict
            done: dict[str, Any] = {}
            # Carried out though its host gives it up: it may have been sent, and its task has to be recorded.
            with anyio.CancelScope(shield=True):
                done = await anyio.to_thread.run_sync(tool.run, arguments)
            return _success(done)
        except ApiError as error:
            return _failure(_describe(error))

    return Server(PROGRAM, on_list_tools=on_list_tools, on_call_tool=on_call_tool)


def _check(tool: Tool, arguments: Mapping[str, Any]) -> None:
    properties = tool.schema["properties"]
    unknown = [name for name in arguments if name not in properties]
    missing = [name for name in tool.schema.get("required", ()) if name not in arguments]
    if unknown or missing:
        problem = f"has no argument {printable(unknown[0])!r}" if unknown else f"needs {missing[0]}"
        raise ConfigurationError(f"{tool.name} {problem}; it takes {', '.join(properties)}")


def _describe(error: ApiError) -> dict[str, Any]:
    found: dict[str, Any] = {"error": type(error).__name__, "message": error.message, "way_out": error.way_out}
    if isinstance(error, RequestRefused):
        found["violations"] = [
            {"rule": each.rule, "pointer": each.pointer, "message": each.message} for each in error.violations
        ]
    return {**found, **({"task_id": error.task_id} if error.task_id else {})}


def _success(document: dict[str, Any]) -> types.CallToolResult:
    return types.CallToolResult(content=[_text(document)], structured_content=document)


def _failure(document: Mapping[str, Any]) -> types.CallToolResult:
    return types.CallToolResult(content=[_text(document)], structured_content=dict(document), is_error=True)


def _text(document: Mapping[str, Any]) -> types.TextContent:
    return types.TextContent(type="text", text=json.dumps(document, ensure_ascii=False, default=str))


def record_path() -> Path:
    """Return where the record is: in the user's directory of state."""
    base = os.environ.get("LOCALAPPDATA" if os.name == "nt" else "XDG_STATE_HOME") or Path.home() / ".local/state"
    return Path(base) / PROGRAM / "submits.sqlite"


def serve(client: Client, folder: Path, record: Path, limit: int | None) -> None:
    """Serve a client on standard input and output until the host closes them."""

    async def main() -> None:
        made = server(Tools(client, Record(record), folder), Gate(limit))
        # Copies of what the host gave: the command line reports a lost output on its own streams, and closes none.
        reader = anyio.wrap_file(open(os.dup(0), encoding="utf-8"))  # noqa: PTH123, SIM115  a descriptor
        writer = anyio.wrap_file(open(os.dup(1), "w", encoding="utf-8"))  # noqa: PTH123, SIM115
        async with reader, writer, stdio_server(reader, writer) as (reading, writing):
            await made.run(reading, writing, made.create_initialization_options())

    anyio.run(main)
