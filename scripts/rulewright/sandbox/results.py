"""The JSON bodies of success responses to submits and polls, and the result files."""

from __future__ import annotations

import base64
import copy
import json
import mimetypes
import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Final
from urllib.parse import quote

from rulewright.openapi.pointer import decode
from rulewright.openapi.sample import likely
from rulewright.sandbox.exchange import Request, Response, answer, error_answer
from rulewright.sandbox.script import Outcome, apply_faults, refusal
from rulewright.sandbox.spec import Operation, Spec, Success, Waiter
from rulewright.sandbox.tasks import Task, date_text, is_number
from rulewright.sandbox.validation import Schemas

PREFIX: Final = "/files/"
VIDEO: Final = "video/mp4"
ERROR_CODE: Final = 5000
ERROR_TEXT: Final = "the script of this task ends it as {state}"
_BEGINNING: Final = re.compile(r"created|submitted|started")
_END: Final = re.compile(r"finished|completed|ended")
_RATIO: Final = re.compile(r"(\d{1,4}):(\d{1,4})")
_PNG: Final = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAASUVORK5CYII="
)
_ANYTHING: Final = b"a file of the sandbox\n"
_RANGE: Final = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


class SubmitBody:
    """The body of the response to a submit: a sample, with the task's id at the place that the link names, if any."""

    def __init__(self, schemas: Schemas, operation: Operation, id_pointer: str, *, numeric: bool) -> None:
        value = likely(schemas, operation.success.schema or {})
        self._sample = value if isinstance(value, dict) else {}
        self._pointer = id_pointer
        self._numeric = numeric

    def of(self, task: Task, address: str = "") -> dict[str, Any]:
        """Return the body for one task, with an address where that stands for its id."""
        body = copy.deepcopy(self._sample)
        if self._pointer:
            _set_at(body, self._pointer, address or (int(task.id) if self._numeric else task.id))
        return body


class PollBody:
    """The body of the response to a poll: its required fields, and what the document has about a task."""

    def __init__(self, schemas: Schemas, operation: Operation, waiter: Waiter, answer: Success | None = None) -> None:
        spec = schemas.spec
        schema = (answer or operation.success).schema or {}
        properties = spec.properties(schema)
        required = likely(schemas, schema)
        wanted = dict.fromkeys((f"/{waiter.parameter}", "" if waiter.by_address else waiter.submitted))
        dates = [name for name, value in properties.items() if value.get("format") == "date-time"]
        self._waiter = waiter
        self._required = required if isinstance(required, dict) else {}
        self._ids = [place for place in wanted if place.startswith("/") and _schema_at(spec, schema, place)]
        self._numeric = is_number(waiter.id_schema)
        self._state_type = _schema_at(spec, schema, waiter.state).get("type")
        self._output_at = cache(lambda pointer: Output(schemas, schema, pointer))
        self._created = [name for name in dates if _BEGINNING.match(name.lower())]
        self._finished = [name for name in dates if _END.match(name.lower())]
        self._text_code = _schema_at(spec, schema, str(waiter.error.get("code"))).get("type") == "string"

    def of(self, task: Task, state: str, origin: str) -> dict[str, Any]:
        """Return the body for a task in a state."""
        body = copy.deepcopy(self._required)
        for place in self._ids:
            _set_at(body, place, int(task.id) if self._numeric else task.id)
        if self._waiter.state.startswith("/"):
            _set_at(
                body, self._waiter.state, json.loads(state) if self._state_type in {"boolean", "integer"} else state
            )
        body |= dict.fromkeys(self._created, date_text(task.created))
        if trace := self._waiter.error.get("trace"):
            _set_at(body, trace, f"trace-{task.id[:8]}")
        if task.finished is not None:
            body |= dict.fromkeys(self._finished, date_text(task.finished))
            self._put_end(body, task, state, origin)
        return body

    def _put_end(self, body: dict[str, Any], task: Task, state: str, origin: str) -> None:
        waiter = self._waiter
        if task.life.kind == Outcome.SUCCESS:
            for each in filter(_in_body, waiter.result_ids):
                _set_at(body, each, task.id)
            if not waiter.result:
                self.put_output(body, task, origin)
            return
        if message := waiter.error.get("message"):
            _set_at(body, message, ERROR_TEXT.format(state=state))
        if (code := waiter.error.get("code")) and task.life.kind == Outcome.FAILURE:
            _set_at(body, code, str(ERROR_CODE) if self._text_code else ERROR_CODE)

    def put_output(self, body: dict[str, Any], task: Task, origin: str) -> None:
        """Write the result of a task into a body."""
        place = task.output or self._waiter.output
        if place and _in_body(place) and task.life.script.outcome != Outcome.NO_URL:
            inlined = self._waiter.inlined
            self._output_at(place).put(body, encode(task) if inlined else file_url(task, origin))


def _in_body(place: str) -> bool:
    return place.startswith("/")


class Output:
    """The place of a result in a response, filled as the document's schema describes it.

    Args:
        schemas: The document's schemas.
        schema: The schema of the response.
        pointer: The place; of a list on the way, the first item holds the result.
    """

    def __init__(self, schemas: Schemas, schema: Any, pointer: str) -> None:
        self._schemas = schemas
        self._schema = schema
        self._tokens = decode(pointer)

    def put(self, body: dict[str, Any], url: str) -> None:
        """Write the URL of a result into a response."""
        body.update(self._value(self._schema, self._tokens, url, body))

    def _value(self, schema: Any, tokens: tuple[str, ...], url: str, before: Any, *, listed: bool = False) -> Any:
        """Return the value of a place: the URL, or what leads to it beside the value that was there before."""
        spec = self._schemas.spec
        found = spec.resolve(schema)
        found = found if isinstance(found, Mapping) else {}
        if "array" in (found.get("type") or ()):
            inner = tokens[1:] if tokens and tokens[0].isdecimal() else tokens
            return [self._value(found.get("items"), inner, url, None, listed=True)]
        if not tokens:
            plural = self._tokens[-1].endswith("s")
            return [url] if plural and "type" not in found and not listed else url
        beside = before if isinstance(before, dict) else likely(self._schemas, found)
        beside = beside if isinstance(beside, dict) else {}
        child = spec.properties(found).get(tokens[0])
        return {**beside, tokens[0]: self._value(child, tokens[1:], url, beside.get(tokens[0]))}


def _schema_at(spec: Spec, schema: Any, pointer: str) -> Mapping[str, Any]:
    """Return the schema at a place of a response; an empty one where the document has none."""
    for token in pointer.split("/")[1:]:
        schema = spec.properties(schema).get(token.replace("~1", "/").replace("~0", "~"))
    found = spec.resolve(schema)
    return found if isinstance(found, Mapping) else {}


def _set_at(target: dict[str, Any], pointer: str, value: Any) -> None:
    """Set the value at a JSON pointer, making the objects above it."""
    *above, name = decode(pointer)
    for token in above:
        below = target.get(token)
        if not isinstance(below, dict):
            below = target[token] = {}
        target = below
    target[name] = value


def content(task: Task) -> bytes:
    """Return the file that a task made: a wide or a tall video, an image, or some bytes of another type."""
    if task.media in {"", VIDEO}:
        return (files("rulewright.sandbox") / "videos" / ("tall.mp4" if task.tall else "wide.mp4")).read_bytes()
    return _PNG if task.media == "image/png" else _ANYTHING


def encode(task: Task) -> str:
    """Return that file in base64."""
    return base64.b64encode(content(task)).decode()


def file_url(task: Task, origin: str) -> str:
    """Return the URL of that file."""
    return f"{origin}{PREFIX}{quote(task.id)}{mimetypes.guess_extension(task.media or VIDEO) or '.bin'}"


def send_file(request: Request, task: Task) -> Response:
    """Answer a download with the whole file, or with the one range that was asked for (RFC 9110, 14)."""
    task.downloads += request.method == "GET"
    faults = task.life.script.faults_at("download", task.downloads)
    return apply_faults(refusal(faults) or _send(request, task), faults, request, None)


def _send(request: Request, task: Task) -> Response:
    whole = content(task)
    always = ((b"content-type", (task.media or VIDEO).encode()), (b"accept-ranges", b"bytes"))
    size = len(whole)
    span = _RANGE.fullmatch(request.header(b"range") or "")
    if span is None or not (span[1] or span[2]):
        return answer(200, whole, *always)
    if span[1]:
        first, last = int(span[1]), min(int(span[2]) if span[2] else size - 1, size - 1)
    else:
        first, last = max(0, size - int(span[2])), size - 1
    if first > last:
        return error_answer(416, "the range is outside the file", (b"content-range", b"bytes */%d" % size))
    place = (b"content-range", b"bytes %d-%d/%d" % (first, last, size))
    return answer(206, whole[first : last + 1], *always, place)


def file_task_id(path: str) -> str | None:
    """Return the id of the task whose result file a path names, or None."""
    task_id, dot, _ = path.removeprefix(PREFIX).rpartition(".")
    return task_id if path.startswith(PREFIX) and dot else None


def is_tall(body: Any) -> bool:
    """Return whether a request asks for a tall video: the first ratio among its texts is one such as 9:16."""
    for value in body.values() if isinstance(body, dict) else ():
        if isinstance(value, str) and (ratio := _RATIO.fullmatch(value)):
            return int(ratio[2]) > int(ratio[1])
    return False
