"""The bodies of success answers: what the spec requires, and what a waiter says about a task."""

from __future__ import annotations

import copy
import re
from typing import Any, Final

from . import _files
from ._clock import date_text
from ._http import json_text
from ._sample import properties_of, put, sample
from ._script import Outcome
from ._spec import Operation, Spec, Waiter
from ._tasks import Task

_BEGINNING: Final = re.compile(r"created|submitted|started")
_END: Final = re.compile(r"finished|completed|ended")
_MARK: Final = "\N{OBJECT REPLACEMENT CHARACTER}"
ERROR_CODE: Final = 5000
ERROR_TEXT: Final = "the sandbox was told to end this task as {state}"


class SubmitBody:
    """The body of the answer to a submit: the documented sample, with the task's id where the link names it."""

    def __init__(self, spec: Spec, operation: Operation, id_pointer: str) -> None:
        value = sample(spec, operation.success.schema or {})
        value = copy.deepcopy(value) if isinstance(value, dict) else {}
        put(value, id_pointer, _MARK)
        self._before, _, self._after = json_text(value).partition(_MARK)

    def of(self, task: Task) -> bytes:
        """Return the JSON bytes for one task; an id needs no escaping."""
        return f"{self._before}{task.id}{self._after}".encode()


class PollBody:
    """The answer to a poll: required fields, and what the spec tells of a task."""

    def __init__(self, spec: Spec, operation: Operation, waiter: Waiter) -> None:
        self._waiter = waiter
        schema = operation.success.schema or {}
        properties = properties_of(spec, schema)
        required = sample(spec, schema)
        self._required = required if isinstance(required, dict) else {}
        self._has_id = waiter.parameter in properties
        dates = [name for name, value in properties.items() if value.get("format") == "date-time"]
        self._created = [name for name in dates if _BEGINNING.match(name.lower())]
        self._finished = [name for name in dates if _END.match(name.lower())]
        self._many = (waiter.output or "").endswith("s")
        self._text_code = _leaf(properties, waiter.error.get("code")).get("type") == "string"

    def of(self, task: Task, state: str, origin: str) -> dict[str, Any]:
        """Return the body for a task in a state."""
        body = copy.deepcopy(self._required)
        if self._has_id:
            body[self._waiter.parameter] = task.id
        put(body, self._waiter.state, state)
        body |= dict.fromkeys(self._created, date_text(task.created))
        if trace := self._waiter.error.get("trace"):
            put(body, trace, f"trace-{task.id[:8]}")
        if task.finished is not None:
            body |= dict.fromkeys(self._finished, date_text(task.finished))
            self._end(body, task, state, origin)
        return body

    def _end(self, body: dict[str, Any], task: Task, state: str, origin: str) -> None:
        waiter = self._waiter
        if task.life.kind == Outcome.SUCCESS:
            if waiter.output and task.life.script.outcome != Outcome.NO_URL:
                url = _files.url(origin, task.id)
                put(body, waiter.output, [url] if self._many else url)
            return
        if message := waiter.error.get("message"):
            put(body, message, ERROR_TEXT.format(state=state))
        if (code := waiter.error.get("code")) and task.life.kind == Outcome.FAILURE:
            put(body, code, str(ERROR_CODE) if self._text_code else ERROR_CODE)


def _leaf(properties: dict[str, Any], pointer: str | None) -> dict[str, Any]:
    found = properties.get((pointer or "/")[1:])
    return found if isinstance(found, dict) else {}
