"""What each kind of operation does: start a task, tell of one, or answer from the document alone."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from rulewright.sandbox._checks import Checks, texts
from rulewright.sandbox._faults import refusal, spoil
from rulewright.sandbox._forms import FORMS, Form
from rulewright.sandbox._http import JSON_TYPE, LATIN, Request, Response, answer, error_answer, json_answer
from rulewright.sandbox._ids import form_of, is_number
from rulewright.sandbox._parameters import Parameters
from rulewright.sandbox._results import PollBody, SubmitBody
from rulewright.sandbox._sample import sample
from rulewright.sandbox._script import Script, ScriptError
from rulewright.sandbox._spec import Operation, Waiter
from rulewright.sandbox._tasks import Life

from . import _bodies, _files

if TYPE_CHECKING:
    from rulewright.sandbox._core import Core

SCRIPT_HEADER: Final = b"x-sandbox-script"
WARNINGS_HEADER: Final = b"x-sandbox-warnings"


class Endpoint(ABC):
    """One operation: the checks that all kinds share, in the order a server makes them."""

    def __init__(self, core: Core, operation: Operation) -> None:
        self.operation = operation
        self.calls = 0
        self._core = core
        media = operation.body.media if operation.body else {}
        strict = core.settings.strict
        keys = core.guard.carriers(operation)
        self.parameters = Parameters(core.spec, core.schemas, operation, keys, strict=strict)
        self._forms = {name: Form(core.spec, schema) for name, schema in media.items() if name in FORMS}
        self.checks = {name: Checks(core.schemas, schema, strict=strict) for name, schema in media.items()}

    def handle(self, request: Request, in_path: Mapping[str, str]) -> Response:
        """Answer a request, or refuse it with everything that is wrong with it."""
        if not self._core.guard.admits(self.operation, request):
            message = "the credential is missing or not the one this sandbox accepts"
            return error_answer(401, message, (b"www-authenticate", b"Bearer"))
        body: Any = _bodies.MISSING
        takes = self.operation.body
        if takes is not None:
            body, refused = _bodies.read(request, takes, self._core.settings.max_body, self._forms)
            if refused:
                return refused
        values, entries, warnings = self.parameters.read(request, in_path)
        if body is not _bodies.MISSING:
            more, also = self.checks[_bodies.type_of(request.named[b"content-type"])].check(body)
            entries += more
            warnings += also
        if entries:
            return error_answer(400, texts(entries), more={"violations": entries})
        response = self._act(request, values, body)
        if warnings:
            response.headers.append((WARNINGS_HEADER, ",".join(warnings).encode(LATIN, "replace")))
        return response

    @abstractmethod
    def _act(self, request: Request, values: Mapping[str, Any], body: Any) -> Response:
        """Answer a request that is in order."""

    def _script(self, request: Request) -> Script:
        """Return the script for this call: its own header's, else the next queued, else the default.

        Raises:
            ScriptError: The header cannot be understood.
        """
        self.calls += 1
        if SCRIPT_HEADER in request.named:
            script = Script.parse(request.named[SCRIPT_HEADER].decode(LATIN))
            self._core.check_script(script)
            return script
        return self._core.queue.popleft() if self._core.queue else self._core.settings.script


class Plain(Endpoint):
    """An operation without a task: it answers with what the document shows, else with the plainest that fits."""

    @cached_property
    def _shown(self) -> Any:
        success = self.operation.success
        for value in success.shown:
            if self._core.schemas.validator(success.schema or {}).is_valid(value):
                return value
        return sample(self._core.spec, success.schema)

    def _act(self, request: Request, values: Mapping[str, Any], body: Any) -> Response:  # noqa: ARG002
        try:
            faults = self._script(request).faults_at("submit", self.calls)
        except ScriptError as error:
            return error_answer(400, str(error))
        success = self.operation.success
        if success.schema is None:
            response = answer(success.status, success.filler, *success.content_type)
        else:
            response = json_answer(success.status, self._shown)
        return spoil(refusal(faults) or response, faults, request, None)


class Submit(Endpoint):
    """An operation that starts a task.

    A status among the faults refuses the call and starts nothing; every other fault spoils the answer of a
    task that was started.
    """

    def __init__(self, core: Core, operation: Operation, waiter: Waiter, id_pointer: str) -> None:
        super().__init__(core, operation)
        self._waiter = waiter
        self._body = SubmitBody(core.spec, operation, id_pointer, numeric=is_number(waiter.id_schema))
        self._id_form = form_of(waiter.id_schema)
        self._default = self._life(core.settings.script)

    def _act(self, request: Request, values: Mapping[str, Any], body: Any) -> Response:  # noqa: ARG002
        core = self._core
        try:
            script = self._script(request)
            life = self._default if script is core.settings.script else self._life(script)
        except ScriptError as error:
            return error_answer(400, str(error))
        if not script.faults:
            return self._started(life, body)
        faults = script.faults_at("submit", self.calls)
        return spoil(refusal(faults) or self._started(life, body), faults, request, self._waiter)

    def _started(self, life: Life, body: Any) -> Response:
        task = self._core.tasks.add(life, tall=_files.is_tall(body), form=self._id_form)
        return answer(self.operation.success.status, self._body.of(task), JSON_TYPE)

    def _life(self, script: Script) -> Life:
        return Life.of(script, self._waiter, self._core.settings.timing)


class Poll(Endpoint):
    """An operation that tells how a task is doing."""

    def __init__(self, core: Core, operation: Operation, waiter: Waiter) -> None:
        super().__init__(core, operation)
        self._waiter = waiter
        self._body = PollBody(core.spec, operation, waiter)

    def _act(self, request: Request, values: Mapping[str, Any], body: Any) -> Response:  # noqa: ARG002
        core = self._core
        if SCRIPT_HEADER in request.named:
            return error_answer(400, "x-sandbox-script belongs to the submit: it says what becomes of a whole task")
        task = core.tasks.get(str(values[self._waiter.parameter]))
        if task is None:
            return error_answer(404, self._missing())
        task.polls += 1
        faults = task.life.script.faults_at("poll", task.polls)
        response = refusal(faults)
        if response is None:
            state = core.tasks.look(task)
            task.answered += 1
            response = json_answer(self.operation.success.status, self._body.of(task, state, request.origin))
        return spoil(response, faults, request, self._waiter)

    def _missing(self) -> str:
        forgotten = self._core.tasks.forgotten
        if not forgotten:
            return "there is no task with this id"
        kept = self._core.settings.max_tasks
        return f"there is no task with this id; {forgotten} old tasks were forgotten, as at most {kept} are kept"
