"""Answers: for every status with every kind of body a server might invent, the client ends as it promises."""

from __future__ import annotations

import gzip
import itertools
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import httpx
import pytest
from attrs import frozen

from rulewright.contract.bench import Bench
from rulewright.contract.client import Caller, Outcome
from rulewright.contract.contract import Subject
from rulewright.contract.failure import Failure
from rulewright.contract.plugin import OPTIONS
from rulewright.contract.suite.test_tasks import of_poll, of_submit
from rulewright.openapi.tasks import STATUS

Check = Callable[[Any], None]

STATUSES: Final = (
    *(200, 201, 202, 203, 204, 206, 226, 299),
    *(300, 301, 302, 303, 304, 307, 308),
    *(400, 401, 402, 403, 404, 405, 406, 408, 409, 410, 411, 413, 414, 415, 418, 421, 422, 423, 424, 425, 426, 428),
    *(429, 431, 451, 460, 499),
    *(500, 501, 502, 503, 504, 505, 507, 508, 511, 520, 521, 522, 523, 524, 525, 526, 527, 529, 530, 598, 599),
)
HTML: Final = {"Content-Type": "text/html"}
JSON: Final = {"Content-Type": "application/json"}
FAULTS: Final = ("absent", "null", "wrong")
USUAL: Final = ("nothing", "HTML", "an error", "cut JSON")
_SENT_AT_MOST: Final = 10
"""A client may send again what was refused with 429, or is idempotent: each of the requests gets the answer."""
EACH_KIND: Final = (200, 204, 302, 307, 400, 404, 409, 429, 500, 503)
"""A run tries every status with the usual bodies and every body with a status of each kind; a long one, all of both."""


@frozen
class Content:
    """A body and its headers."""

    body: bytes
    headers: Mapping[str, str]


def _json(value: Any) -> Content:
    return Content(json.dumps(value).encode(), JSON)


CONTENTS: Final[Mapping[str, Content]] = {
    "nothing": Content(b"", {}),
    "HTML": Content(b"<html><body>Bad gateway</body></html>", HTML),
    "HTML as JSON": Content(b"<html>", JSON),
    "cut JSON": Content(b'{"id": "t", "stat', JSON),
    "null": _json(None),
    "a list": _json([]),
    "a text": _json("t"),
    "a number": _json(7),
    "an empty object": _json({}),
    "an error": _json({"statusCode": 500, "error": "Failed", "message": "no"}),
    "an error with texts": _json({"message": ["no", "and no"], "trace": "trace-1"}),
    "an error of wrong types": _json({"statusCode": "x", "error": 5, "message": {"a": []}}),
    "not UTF-8": Content(b'{"id": "\xff\xfe"}', JSON),
    "broken gzip": Content(b"hello", {**JSON, "Content-Encoding": "gzip"}),
    "gzip": Content(gzip.compress(b'{"a": 1}'), {**JSON, "Content-Encoding": "gzip"}),
    "another encoding": Content(b"hello", {**JSON, "Content-Encoding": "br"}),
    "nested deeply": Content(b'{"a":' * 300 + b"1" + b"}" * 300, JSON),
    "a byte order mark": Content(b'\xef\xbb\xbf{"a": 1}', JSON),
}
UNREADABLE: Final = frozenset(
    {"HTML as JSON", "cut JSON", "not UTF-8", "broken gzip", "another encoding", "nested deeply"}
)


class Canned(httpx.BaseTransport):
    """A server that gives one answer to everything, once it is set to do so.

    Args:
        before: Who answers until then.
    """

    def __init__(self, before: httpx.BaseTransport) -> None:
        self._before = before
        self.count = 0
        self.status = 0
        self.content = CONTENTS["nothing"]

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer."""
        if not self.status:
            return self._before.handle_request(request)
        self.count += 1
        return httpx.Response(self.status, headers=self.content.headers, stream=httpx.ByteStream(self.content.body))


@pytest.fixture
def answers(request: pytest.FixtureRequest) -> list[tuple[int, str]]:
    """The statuses and the bodies that go with each."""
    is_long = request.config.stash[OPTIONS].long
    every = itertools.product(STATUSES, CONTENTS)
    return [(status, word) for status, word in every if is_long or word in USUAL or status in EACH_KIND]


def test_statuses(bench: Bench, callable_subject: Subject, answers: list[tuple[int, str]], check: Check) -> None:
    """Whatever a server answers, a call ends in a value or in the typed error for that status, after one request."""
    server = Canned(bench.sandbox.transport())
    caller = bench.open("sync", server)
    operation = callable_subject

    def cases() -> Iterator[Failure | None]:
        for status, word in answers:
            server.status, server.content, server.count = status, CONTENTS[word], 0
            wanted = of_call(status, operation.operation.method)
            if operation.poll:
                wanted = (of_submit(status, readable=word not in UNREADABLE),)
            case = f"{operation} answered with HTTP {status} and {word}"
            yield _problem(bench, case, caller.call(operation.request), server, wanted)

    check(cases())
    caller.close()


def test_poll_statuses(bench: Bench, submit: Subject, answers: list[tuple[int, str]], check: Check) -> None:
    """The same for the state of a task."""
    server = Canned(bench.sandbox.transport())
    caller: Caller = bench.open("sync", server)
    task = caller.call(submit.request).value

    def cases() -> Iterator[Failure | None]:
        for status, word in answers:
            server.status, server.content, server.count = status, CONTENTS[word], 0
            case = f"{submit.poll} answered with HTTP {status} and {word}"
            # Of a status that is the state, nothing else has to be there.
            names = () if status < 400 and submit.waiter.state == STATUS else (of_poll(status),)
            yield _problem(bench, case, caller.outcome(task.result), server, names)

    check(cases())
    caller.close()


def of_call(status: int, method: str) -> tuple[str, ...]:
    """Return the names of what a call that starts no task may end with."""
    is_unclear = status in {300, 302, 303, 304, 408, 499} or status >= 500
    if method.lower() in {"post", "patch"} and is_unclear:
        return ("OutcomeUnknown",)
    if status >= 400:
        return (of_poll(status),)
    return ("ProtocolError",) if status >= 300 else ()


def _problem(bench: Bench, case: str, outcome: Outcome, server: Canned, names: tuple[str, ...]) -> Failure | None:
    place = f"HTTP {server.status}"
    right = any(map(outcome.is_a, names)) if names else outcome.error is None or outcome.is_a("ApiError")
    if not right:
        got = f"{outcome.name}: {outcome.error or outcome.value}"[:200]
        return Failure(case, place, got, " or ".join(names) or "a value or an ApiError", "client")
    if server.count != 1:
        return Failure(case, place, f"{server.count} requests", "one request", "client")
    if getattr(outcome.error, "status", None) not in {server.status, None}:
        return Failure(case, place, f"status {outcome.error.status} on the error", place, "client")  # type: ignore[union-attr]
    if bench.token in str(outcome.error):
        return Failure(case, place, "the token in the error's text", "no secret", "client")
    return None


def test_documented_answers(bench: Bench, callable_subject: Subject, check: Check) -> None:
    """Each documented refusal ends a call in a typed error, and each field of it may be missing or wrong."""
    operation = callable_subject

    waiter, place = operation.operation.waiter, "poll" if operation.operation.waiter else "submit"

    def cases() -> Iterator[Failure | None]:
        for reply in operation.playable:
            fields = bench.contract.properties(reply.schema or {})
            faults = ["extra-field", *(f"{word}=/{_token(name)}" for name in fields for word in FAULTS)]
            refused = reply.example >= 400
            # What a state of a task does not show cannot be wrong in it.
            lives = [f"{end};now" for end in waiter.ends] if waiter is not None and not refused else [""]
            for fault, life in itertools.product(["", *faults], lives):
                words = [life, f"{reply.example}@{place}" if refused else "", f"{fault}@{place}" if fault else ""]
                outcome = _call_scripted(bench, operation, ";".join(filter(None, words)))
                right = outcome.is_a("ApiError") if refused else outcome.error is None or outcome.is_a("ApiError")
                got = f"{outcome.name}: {outcome.error}"
                case = f"{operation} answered with {reply.status} {fault}".rstrip()
                yield None if right else Failure(case, "its answer", got, "a value or an ApiError", "client")

    check(cases())


def _call_scripted(bench: Bench, operation: Subject, script: str) -> Outcome:
    """Call an operation whose answer, or whose task, follows a script."""
    bench.sandbox.reset()
    request = bench.valid(operation, script if operation.operation.waiter else "")
    bench.sandbox.core.queue.clear()
    if not operation.operation.waiter:
        bench.sandbox.script(*[script] * _SENT_AT_MOST)
    return bench.call(request)


def test_success_statuses(bench: Bench, submit: Subject, check: Check) -> None:
    """An answer that holds what was promised is taken with every 2xx, documented or not."""
    if not submit.waiter.submitted.startswith("/"):
        pytest.skip("the id stands in a header, which no canned answer has")
    server = Canned(bench.sandbox.transport())
    caller = bench.open("sync", server)
    good = Content(bench.send(bench.contract.ask(submit, submit.request)).content, JSON)

    def cases() -> Iterator[Failure | None]:
        for status in (code for code in STATUSES if 200 <= code < 300):
            server.status, server.content = status, good
            outcome = caller.call(submit.request)
            right = outcome.is_a("Task")
            yield None if right else Failure(f"{submit}, HTTP {status}", "id", outcome.name, "a task", "client")

    check(cases())
    caller.close()


def _token(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")
