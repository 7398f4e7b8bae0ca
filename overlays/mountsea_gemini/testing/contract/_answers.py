"""Answers: every status with every kind of body a server might invent, and what the client promises to make of it."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

import httpx
from attrs import frozen
from rulewright.testing import FakeClock

from ... import _errors
from ..._client import Client
from ..._result import TaskResult
from ..._tasks import Task
from ._bench import BASE, TOKEN, Bench
from ._checks import Tried, check
from ._exchange import Watched
from ._failure import Failure

STATUSES: Final = (
    *(200, 201, 202, 203, 204, 206, 226, 299),
    *(300, 301, 302, 303, 304, 307, 308),
    *(400, 401, 402, 403, 404, 405, 406, 408, 409, 410, 411, 413, 414, 415, 418, 421, 422, 423, 424, 425, 426, 428),
    *(429, 431, 451, 460, 499),
    *(500, 501, 502, 503, 504, 505, 507, 508, 511, 520, 521, 522, 523, 524, 525, 526, 527, 529, 530, 598, 599),
)
_TYPED: Final = {
    401: "AuthenticationError",
    402: "PaymentRequired",
    403: "AuthenticationError",
    404: "NotFound",
    410: "NotFound",
    429: "RateLimited",
}
_TOO_MANY: Final = 429
_UNCLEAR: Final = {408, 409, 499}
_MOVED: Final = {301, 307, 308}
HTML: Final = {"Content-Type": "text/html"}
JSON: Final = {"Content-Type": "application/json"}


@frozen
class Content:
    """A body and its headers."""

    body: bytes
    headers: Mapping[str, str]
    is_whole: bool = True
    """Whether it can be read to its end, so that no id of a task can stand in what is missing."""


def _json(value: Any) -> Content:
    return Content(json.dumps(value).encode(), JSON)


CONTENTS: Final[Mapping[str, Content]] = {
    "nothing": Content(b"", {}),
    "HTML": Content(b"<html><body>Bad gateway</body></html>", HTML),
    "HTML that says JSON": Content(b"<html>", JSON, is_whole=False),
    "cut JSON": Content(b'{"id": "t", "stat', JSON, is_whole=False),
    "null": _json(None),
    "a list": _json([]),
    "a text": _json("t"),
    "a number": _json(7),
    "an empty object": _json({}),
    "an error": _json({"statusCode": 500, "error": "Failed", "message": "no"}),
    "an error with texts": _json({"message": ["no", "and no"], "trace": "trace-1"}),
    "an error of wrong types": _json({"statusCode": "x", "error": 5, "message": {"a": []}}),
    "not UTF-8": Content(b'{"id": "\xff\xfe"}', JSON, is_whole=False),
    "gzip that is none": Content(b"hello", {**JSON, "Content-Encoding": "gzip"}, is_whole=False),
    "gzip": Content(gzip.compress(b'{"a": 1}'), {**JSON, "Content-Encoding": "gzip"}),
    "another encoding": Content(b"hello", {**JSON, "Content-Encoding": "br"}, is_whole=False),
    "nested deeply": Content(b'{"a":' * 300 + b"1" + b"}" * 300, JSON, is_whole=False),
    "a byte order mark": Content(b'\xef\xbb\xbf{"a": 1}', JSON),
}


def promised_submit(status: int, *, is_whole: bool = True) -> str:
    """Return the error a submit ends with when its answer holds no task id that could be read."""
    if status == _TOO_MANY and not is_whole:
        return "SubmitOutcomeUnknown"
    if status in _MOVED:
        return "ProtocolError"
    if status < 400 or status >= 500 or status in _UNCLEAR:
        return "SubmitOutcomeUnknown"
    return _TYPED.get(status, "BadRequest")


def promised_look(status: int) -> str:
    """Return the error a look ends with when its answer holds no state."""
    if status < 400:
        return "ProtocolError"
    return "ServerError" if status >= 500 else _TYPED.get(status, "BadRequest")


class Canned:
    """A client whose server gives one answer to everything.

    Args:
        bench: Where what is met is noted.
    """

    def __init__(self, bench: Bench) -> None:
        self.count = 0
        self.status = 200
        self.content = CONTENTS["nothing"]
        watched = Watched(httpx.MockTransport(self._answer), lambda met: bench.ledger.exchange("client", met))
        self.client = Client(TOKEN, base_url=BASE, transport=watched, clock=FakeClock())
        self._submit = getattr(self.client, str(bench.contract.submit.general))
        self._given = {bench.arguments[name]: value for name, value in bench.contract.submit.good().items()}

    def _answer(self, _: httpx.Request) -> httpx.Response:
        self.count += 1
        return httpx.Response(self.status, headers=self.content.headers, stream=httpx.ByteStream(self.content.body))

    def set(self, status: int, content: Content) -> None:
        """Decide the answer."""
        self.status, self.content, self.count = status, content, 0

    def submitted(self) -> Task | Exception:
        """Submit, and return what came of it."""
        outcome: Task | Exception = came(lambda: self._submit(**self._given))
        return outcome

    def looked(self, task_id: str = "t") -> TaskResult | Exception:
        """Look at a task, and return what came of it."""
        outcome: TaskResult | Exception = came(self.client.task(task_id).result)
        return outcome


def came(call: Any) -> Any:
    """Return what a call returns or raises."""
    try:
        return call()
    except Exception as error:  # noqa: BLE001  an error that is not ours is what the check is after
        return error


def told(outcome: object) -> str:
    """Return an outcome in a word."""
    return type(outcome).__name__


def fits(outcome: object, wanted: str) -> bool:
    """Whether an outcome is of the class that was promised, or says more exactly what happened."""
    return any(kind.__name__ == wanted for kind in type(outcome).__mro__)


@check
def every_status_with_every_body(bench: Bench) -> Tried:
    """Whatever a server answers without what it promised, a call ends in the typed error for that status."""
    canned = Canned(bench)
    for status in STATUSES:
        for word, content in CONTENTS.items():
            canned.set(status, content)
            for verb, call, wanted in (
                ("submit", canned.submitted, promised_submit(status, is_whole=content.is_whole)),
                ("look", canned.looked, promised_look(status)),
            ):
                canned.count = 0
                outcome = call()
                case = f"{verb} answered with HTTP {status} and {word}"
                yield _failure(case, outcome, wanted, status, canned.count)


def _failure(case: str, outcome: object, wanted: str, status: int, count: int) -> Failure | None:
    name, place = "every status with every body", f"HTTP {status}"
    if not fits(outcome, wanted):
        return Failure(name, case, place, told(outcome), wanted, "client")
    if count != 1:
        return Failure(name, case, place, f"{count} requests", "one request", "client")
    if isinstance(outcome, _errors.ApiError) and outcome.status not in {status, None}:
        return Failure(name, case, place, f"status {outcome.status} on the error", f"status {status}", "client")
    if TOKEN in str(outcome):
        return Failure(name, case, place, "the token in the error's text", "no secret", "client")
    return None


@check
def promised_answers_with_any_success_status(bench: Bench) -> Tried:
    """An answer that holds what was promised is taken with every 2xx, documented or not."""
    canned = Canned(bench)
    name = "promised answers with any success status"
    for status in (code for code in STATUSES if 200 <= code < 300):
        canned.set(status, _json(_built(bench.contract.submit.operation.links[0].id, "t-1")))
        outcome = canned.submitted()
        right = isinstance(outcome, Task) and outcome.id == "t-1"
        yield None if right else Failure(name, f"submit, HTTP {status}", "id", told(outcome), "a task", "client")
        for state, meaning in bench.contract.states.items():
            canned.set(status, _json(_built(bench.contract.waiter.state, state)))
            seen = canned.looked()
            right = isinstance(seen, TaskResult) and (seen.status, seen.verdict) == (state, meaning)
            yield (
                None
                if right
                else Failure(
                    name, f"look, HTTP {status}, {state}", bench.contract.waiter.state, told(seen), meaning, "client"
                )
            )


def _built(pointer: str, value: Any) -> Any:
    for token in reversed(pointer.split("/")[1:]):
        value = {token: value}
    return value


@check
def every_field_of_an_answer(bench: Bench) -> Tried:
    """Each field of each answer absent, null, of a wrong type, and one more than documented: as promised."""
    for word, fault in _field_faults(bench):
        submit = _spoiled(bench, f"{fault}@submit")
        yield _field_failure(f"submit answered with {word}", fault, submit, _submit_promise(bench, fault))
        for end in ("success", "failure"):
            look = _spoiled(bench, f"{end};now;{fault}@poll", look=True)
            yield _field_failure(f"look at a {end} answered with {word}", fault, look, _look_promise(bench, fault))
    for status in (400, 503):
        for word, fault in _field_faults(bench):
            for verb, place, promised in (("submit", "submit", promised_submit), ("look", "poll", promised_look)):
                outcome = _spoiled(bench, f"{status}@{place};{fault}@{place}", look=verb == "look")
                # A number where the id should be is taken as its text, whatever the status.
                names_task = verb == "submit" and fault == f"wrong={bench.contract.submit.operation.links[0].id}"
                wanted = "SubmitContradicted" if names_task else promised(status)
                yield _field_failure(f"{verb} refused with {status} and {word}", fault, outcome, wanted)


def _field_faults(bench: Bench) -> Iterator[tuple[str, str]]:
    names: dict[str, None] = {}
    for promise in bench.contract.promises:
        for reply in promise.replies:
            names |= dict.fromkeys(bench.contract.properties(reply.schema or {}))
    yield "one more field", "extra-field"
    for name in names:
        for word in ("absent", "null", "wrong"):
            yield f"{name} {word}", f"{word}=/{name}"


def _spoiled(bench: Bench, script: str, *, look: bool = False) -> object:
    bench.sandbox.reset()
    bench.sandbox.script(script)
    called = bench.call(bench.contract.submit.good())
    if not look or called.task is None:
        return called.task or called.error
    return came(called.task.result)


def _submit_promise(bench: Bench, fault: str) -> str:
    word, _, pointer = fault.partition("=")
    broken = pointer == bench.contract.submit.operation.links[0].id and word != "extra-field"
    # A number where the id should be is taken as its text: the task was paid for.
    return "Task" if not broken or word == "wrong" else "SubmitOutcomeUnknown"


def _look_promise(bench: Bench, fault: str) -> str:
    return "ProtocolError" if fault.partition("=")[2] == bench.contract.waiter.state else "TaskResult"


def _field_failure(case: str, fault: str, outcome: object, wanted: str) -> Failure | None:
    if fits(outcome, wanted):
        return None
    place = fault.partition("=")[2] or "an extra field"
    return Failure("every field of an answer", case, place, told(outcome), wanted, "client")
