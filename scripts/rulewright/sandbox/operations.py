"""The behaviour of each kind of operation: start a task, report a task, or answer from the document alone."""

from __future__ import annotations

import itertools
import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final
from urllib.parse import quote

from rulewright.openapi.operations import EVENTS, essence_of, sent_path
from rulewright.openapi.pointer import at
from rulewright.openapi.sample import likely
from rulewright.openapi.tasks import HEADER
from rulewright.sandbox.exchange import LATIN, Request, Response, answer, error_answer, json_answer, json_text
from rulewright.sandbox.inputs import MISSING, Guard, Parameters, media_type, read_body
from rulewright.sandbox.results import PollBody, SubmitBody, file_url, is_tall, send_file
from rulewright.sandbox.script import Outcome, ScriptError, apply_faults, refusal
from rulewright.sandbox.spec import Operation, Spec, Waiter
from rulewright.sandbox.tasks import Life, Settings, Task, Tasks, id_format, is_number
from rulewright.sandbox.validation import Checks, Schemas, texts

SCRIPT_HEADER: Final = b"x-sandbox-script"
WARNINGS_HEADER: Final = b"x-sandbox-warnings"


def _in_header(value: Any) -> bytes:
    """Return a value in the style of headers, without signs that would end one."""
    items = value if isinstance(value, list) else [value]
    parts = [part for each in items for part in (itertools.chain(*each.items()) if isinstance(each, dict) else [each])]
    text = ",".join(part if isinstance(part, str) else json_text(part) for part in parts)
    return re.sub("[^ -~]", "?", text).strip().encode()


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of one sandbox that all its operations share."""

    spec: Spec
    settings: Settings
    schemas: Schemas
    answers: Schemas
    guard: Guard
    tasks: Tasks


class Endpoint(ABC):
    """One operation: the checks that all kinds share, in the order a server makes them."""

    def __init__(self, parts: Parts, operation: Operation) -> None:
        self.operation = operation
        self.calls = 0
        self._parts = parts
        strict = parts.settings.strict
        credentials = parts.guard.carriers(operation)
        self.parameters = Parameters(parts.schemas, operation, credentials, strict=strict)
        media = operation.body.media if operation.body else {}
        self.checks = {name: Checks(parts.schemas, schema, strict=strict) for name, schema in media.items()}

    def handle(self, request: Request, in_path: Mapping[str, str]) -> Response:
        """Answer a request, or refuse it with every violation in it."""
        if not self._parts.guard.authorizes(self.operation, request):
            message = "the credential is missing or not the one this sandbox accepts"
            return error_answer(401, message, (b"www-authenticate", b"Bearer"))
        body: Any = MISSING
        if self.operation.body is not None:
            limit = self._parts.settings.max_body
            body, refused = read_body(request, self.operation.body, limit, self._parts.spec)
            if refused:
                return refused
        values, entries, warnings = self.parameters.read(request, in_path)
        if body is not MISSING:
            in_body, not_enforced = self.checks[media_type(request)].check(body)
            entries += in_body
            warnings += not_enforced
        if entries:
            return error_answer(400, texts(entries), more={"violations": entries})
        try:
            response = self._act(request, values, body)
        except ScriptError as error:
            return error_answer(400, str(error))
        response.headers += self._required_headers(response)
        if warnings:
            response.headers.append((WARNINGS_HEADER, ",".join(warnings).encode(LATIN, "replace")))
        return response

    def _required_headers(self, response: Response) -> list[tuple[bytes, bytes]]:
        """Return samples of the headers that a response must have and has not."""
        successes = (*self.operation.answers.values(), self.operation.success)
        wanted = next((each.headers for each in successes if each.status == response.status), {})
        given = {name for name, _ in response.headers}
        found = [(name.encode(), schema) for name, schema in wanted.items()]
        return [(name, _in_header(likely(self._parts.answers, schema))) for name, schema in found if name not in given]

    @abstractmethod
    def _act(self, request: Request, values: Mapping[str, Any], body: Any) -> Response:
        """Answer a valid request.

        Raises:
            ScriptError: The script in the request's header cannot be parsed.
        """


class Plain(Endpoint):
    """An operation without a task: it answers with an example of the document that is valid, else with a sample."""

    @cached_property
    def _value(self) -> Any:
        schemas, success = self._parts.answers, self.operation.success
        validator = schemas.validator(success.schema or {})
        for example in success.examples:
            if validator.is_valid(example):
                return example
        return likely(schemas, success.schema)

    @cached_property
    def _stream(self) -> bytes:
        """Two items of a stream."""
        success = self.operation.success
        value = likely(self._parts.answers, success.item)
        if essence_of(success.stream) != EVENTS:
            return f"{json_text(value)}\n".encode() * 2
        return f"data: {value if isinstance(value, str) else json_text(value)}\n\n".encode() * 2

    def _act(self, request: Request, values: Mapping[str, Any], body: Any) -> Response:  # noqa: ARG002
        self.calls += 1
        script = self._parts.tasks.next_script(request.header(SCRIPT_HEADER))
        faults = script.faults_at("submit", self.calls)
        success = self.operation.success
        if success.stream and (success.schema is None or request.header(b"accept") == success.stream):
            response = answer(success.status, self._stream, (b"content-type", success.stream.encode()))
        elif success.schema is None:
            response = answer(success.status, success.filler, *success.content_type)
        else:
            response = json_answer(success.status, self._value, *success.content_type)
        return apply_faults(refusal(faults) or response, faults, request, None)


class Submit(Endpoint):
    """An operation that starts a task.

    A status among the faults refuses the call and starts nothing; every other fault changes the response of a
    task that was started.
    """

    def __init__(self, parts: Parts, operation: Operation, poll: Operation, id_pointer: str) -> None:
        super().__init__(parts, operation)
        waiter = poll.waiter
        if waiter is None:
            raise ValueError(f"{poll.name} is no poll")
        self._poll, self._waiter = poll, waiter.of_submit(operation)
        in_body = waiter.submitted if waiter.submitted.startswith("/") else ""
        self._body = SubmitBody(parts.answers, operation, id_pointer or in_body, numeric=is_number(waiter.id_schema))
        self._id_of = id_format(waiter.id_schema)

    def _act(self, request: Request, values: Mapping[str, Any], body: Any) -> Response:
        self.calls += 1
        tasks = self._parts.tasks
        script = tasks.next_script(request.header(SCRIPT_HEADER))
        life = tasks.life(script, self._waiter)
        faults = script.faults_at("submit", self.calls)
        return apply_faults(refusal(faults) or self._start(life, body, request, values), faults, request, self._waiter)

    def _start(self, life: Life, body: Any, request: Request, values: Mapping[str, Any]) -> Response:
        waiter, success = self._waiter, self.operation.success
        task = self._parts.tasks.add(
            life, tall=is_tall(body), output=waiter.output, media=waiter.media, id_of=self._id_of
        )
        address = self._address(task.id, request, values) if waiter.by_address else ""
        header = waiter.submitted.removeprefix(HEADER) if waiter.submitted.startswith(HEADER) else ""
        headers = [(header.lower().encode(LATIN), (address or task.id).encode(LATIN))] if header else []
        if header and success.schema is None:
            return answer(success.status, b"", *headers)
        return json_answer(success.status, self._body.of(task, address), *success.content_type, *headers)

    def _address(self, task_id: str, request: Request, values: Mapping[str, Any]) -> str:
        """Return the address by which a task is polled."""
        known, query = {**values, self._waiter.parameter: task_id}, ""
        for each in self._poll.parameters:
            if each.name == self._waiter.parameter and each.place == "query":
                query = f"?{each.name}={quote(task_id, safe='')}"
        path = re.sub(
            r"\{([^{}]+)\}", lambda found: quote(str(known.get(found[1], found[1]))), sent_path(self._poll.path)
        )
        return f"{request.origin}{self._parts.spec.base_path}{path}{query}"


class Poll(Endpoint):
    """An operation that reports the state of a task."""

    def __init__(self, parts: Parts, operation: Operation, waiter: Waiter) -> None:
        super().__init__(parts, operation)
        self._waiter = waiter
        answers = operation.answers or {"": operation.success}
        self._bodies = {state: PollBody(parts.answers, operation, waiter, each) for state, each in answers.items()}

    def _act(self, request: Request, values: Mapping[str, Any], body: Any) -> Response:
        tasks = self._parts.tasks
        if SCRIPT_HEADER in request.named:
            return error_answer(400, "x-sandbox-script belongs to the submit: a script is for a whole task")
        waiter = self._waiter
        task = tasks.get(str(at(body, waiter.member) if waiter.member else values[waiter.parameter]))
        if task is None:
            message, forgotten = "there is no task with this id", tasks.forgotten
            if forgotten:
                kept = self._parts.settings.max_tasks
                message += f"; {forgotten} old tasks were forgotten, as at most {kept} are kept"
            return error_answer(404, message)
        task.polls += 1
        faults = task.life.script.faults_at("poll", task.polls)
        response = refusal(faults)
        if response is None:
            state = tasks.state(task)
            task.answered += 1
            response = self._report(task, state, request.origin)
        return apply_faults(response, faults, request, self._waiter)

    def _report(self, task: Task, state: str, origin: str) -> Response:
        """Answer with a state of a task."""
        success = self.operation.answers.get(state, self.operation.success)
        place = task.output or self._waiter.output or ""
        headers = []
        if place.startswith(HEADER) and task.finished is not None and task.life.script.outcome != Outcome.NO_URL:
            headers = [(place.removeprefix(HEADER).lower().encode(LATIN), file_url(task, origin).encode(LATIN))]
        if self.operation.answers and success.schema is None:
            return answer(success.status, success.filler, *success.content_type, *headers)
        body = self._bodies[state if state in self._bodies else ""].of(task, state, origin)
        return json_answer(success.status, body, *success.content_type, *headers)


class Result(Plain):
    """An operation that returns the result of a task; of anything else, it answers from the document alone."""

    def __init__(self, parts: Parts, operation: Operation, waiter: Waiter) -> None:
        super().__init__(parts, operation)
        self._waiter = waiter
        self._body = PollBody(parts.answers, operation, replace(waiter, state=""))

    def _act(self, request: Request, values: Mapping[str, Any], body: Any) -> Response:
        tasks = self._parts.tasks
        task = next(filter(None, (tasks.get(str(each)) for each in values.values())), None)
        if task is None:
            return super()._act(request, values, body)
        tasks.state(task)
        if task.finished is None or task.life.kind != Outcome.SUCCESS:
            return error_answer(404, "there is no such result, or not yet")
        if self._waiter.result_is_file:
            return send_file(request, task)
        result = self._body.of(task, "", request.origin)
        self._body.put_output(result, task, request.origin)
        return json_answer(self.operation.success.status, result, *self.operation.success.content_type)
