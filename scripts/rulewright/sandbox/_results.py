"""The bodies of success answers: what the spec requires, and what a waiter says about a task."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Mapping
from typing import Any, Final

from rulewright.sandbox._clock import date_text
from rulewright.sandbox._http import json_text
from rulewright.sandbox._ids import is_number
from rulewright.sandbox._pointer import tokens_of
from rulewright.sandbox._sample import properties_of, put, sample
from rulewright.sandbox._script import Outcome
from rulewright.sandbox._spec import Operation, Spec, Waiter
from rulewright.sandbox._tasks import Task

from . import _files

_BEGINNING: Final = re.compile(r"created|submitted|started")
_END: Final = re.compile(r"finished|completed|ended")
_MARK: Final = "\N{OBJECT REPLACEMENT CHARACTER}"
ERROR_CODE: Final = 5000
ERROR_TEXT: Final = "the sandbox was told to end this task as {state}"


class SubmitBody:
    """The body of the answer to a submit: the documented sample, with the task's id where the link names it."""

    def __init__(self, spec: Spec, operation: Operation, id_pointer: str, *, numeric: bool) -> None:
        value = sample(spec, operation.success.schema or {})
        value = copy.deepcopy(value) if isinstance(value, dict) else {}
        put(value, id_pointer, _MARK)
        mark = json_text(_MARK) if numeric else _MARK
        self._before, _, self._after = json_text(value).partition(mark)

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
        wanted = dict.fromkeys((f"/{waiter.parameter}", waiter.submitted))
        self._ids = [place for place in wanted if place and _leaf(spec, schema, place)]
        self._numeric = is_number(waiter.id_schema)
        self._state_kind = _leaf(spec, schema, waiter.state).get("type")
        self._output = Output(spec, schema, waiter.output) if waiter.output else None
        dates = [name for name, value in properties.items() if value.get("format") == "date-time"]
        self._created = [name for name in dates if _BEGINNING.match(name.lower())]
        self._finished = [name for name in dates if _END.match(name.lower())]
        self._text_code = _leaf(spec, schema, str(waiter.error.get("code"))).get("type") == "string"

    def of(self, task: Task, state: str, origin: str) -> dict[str, Any]:
        """Return the body for a task in a state."""
        body = copy.deepcopy(self._required)
        for place in self._ids:
            put(body, place, int(task.id) if self._numeric else task.id)
        put(body, self._waiter.state, json.loads(state) if self._state_kind in {"boolean", "integer"} else state)
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
            if self._output and task.life.script.outcome != Outcome.NO_URL:
                self._output.put(body, _files.url(origin, task.id))
            return
        if message := waiter.error.get("message"):
            put(body, message, ERROR_TEXT.format(state=state))
        if (code := waiter.error.get("code")) and task.life.kind == Outcome.FAILURE:
            put(body, code, str(ERROR_CODE) if self._text_code else ERROR_CODE)


class Output:
    """The place of a result in an answer, as the document describes what stands there.

    Args:
        spec: The document, for references.
        schema: The schema of the answer.
        pointer: The place; a list on the way has the result in its first item.
    """

    def __init__(self, spec: Spec, schema: Any, pointer: str) -> None:
        self._spec = spec
        self._schema = schema
        self._tokens = tokens_of(pointer)

    def put(self, body: dict[str, Any], url: str) -> None:
        """Write the URL of a result into an answer."""
        body.update(self._made(self._schema, self._tokens, url, body))

    def _made(self, schema: Any, tokens: list[str], url: str, before: Any, *, listed: bool = False) -> Any:
        """Return what stands at a place: the URL, or what leads to it beside what stood there before."""
        said = self._spec.resolve(schema)
        said = said if isinstance(said, Mapping) else {}
        if "array" in (said.get("type") or ()):
            inner = tokens[1:] if tokens and tokens[0].isdecimal() else tokens
            return [self._made(said.get("items"), inner, url, None, listed=True)]
        if not tokens:
            plural = self._tokens[-1].endswith("s")
            return [url] if plural and "type" not in said and not listed else url
        beside = before if isinstance(before, dict) else sample(self._spec, said)
        beside = beside if isinstance(beside, dict) else {}
        child = properties_of(self._spec, said).get(tokens[0])
        return {**beside, tokens[0]: self._made(child, tokens[1:], url, beside.get(tokens[0]))}


def _leaf(spec: Spec, schema: Any, pointer: str) -> Mapping[str, Any]:
    """Return the schema at a place of an answer; an empty one where the document does not say."""
    for token in tokens_of(pointer):
        schema = properties_of(spec, schema).get(token)
    found = spec.resolve(schema)
    return found if isinstance(found, Mapping) else {}
