"""Lives: what becomes of a task, seen by the server's states and by the client that waits for it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any, Final

from ... import _errors
from ..._particular import LOGGER
from ..._result import TaskResult
from ..._tasks import Task
from ._answers import came, promised_look, promised_submit, told
from ._bench import BASE, TOKEN, Bench
from ._checks import Tried, check
from ._failure import Blame, Failure

ENDS: Final = {"failure": "TaskFailed", "cancelled": "TaskCancelled", "timeout": "TaskTimedOut"}
MANY: Final = 500
BROKEN: Final = ("html", "cut-json", "cut", "reset", "drop")
AMBIGUOUS: Final = ("500", "502", "503", "504", "520", "408", "409", "redirect", *BROKEN)
PASSING: Final = ("500", "502", "503", "504", "520", "429", "408", *BROKEN)


def _started(bench: Bench, script: str) -> Task:
    bench.sandbox.script(script)
    called = bench.call(bench.contract.submit.good())
    if isinstance(called.error, _errors.ApiError):
        raise called.error
    if called.task is None:
        raise AssertionError(f"a submit in order was not accepted: {called.told}")
    return called.task


def _same(name: str, case: str, place: str, got: object, wanted: object, *, blame: Blame = "client") -> Failure | None:
    return None if got == wanted else Failure(name, case, place, str(got), str(wanted), blame)


@check
def every_state_in_order(bench: Bench) -> Tried:
    """A task goes through the documented states in their order, once, and stays at its end."""
    name, waiter = "every state in order", bench.contract.waiter
    for end in waiter.ends:
        task = _started(bench, f"{end};polls=2")
        wanted = [state for state in waiter.waiting for _ in range(2)] + [end] * 3
        got = [task.result().status for _ in wanted]
        yield _same(name, f"the life of a task that ends as {end}", waiter.state, got, wanted, blame="server")
        raws = [task.result().raw for _ in range(2)]
        yield _same(name, f"an ended task asked twice, {end}", waiter.state, raws[0], raws[1], blame="server")


@check
def every_end_of_a_wait(bench: Bench) -> Tried:
    """A wait ends at each final state with the right value or error, carrying the id, and at no other state."""
    name, waiter = "every end of a wait", bench.contract.waiter
    for end, kind in waiter.ends.items():
        task = _started(bench, end)
        outcome = came(task.wait)
        yield _same(name, f"a wait for a task that ends as {end}", end, told(outcome), ENDS.get(kind, "TaskResult"))
        held = outcome.id if isinstance(outcome, TaskResult) else getattr(outcome, "task_id", None)
        yield _same(name, f"the id after {end}", end, held, task.id)
    outcome = came(_started(bench, "no-url").wait)
    yield _same(name, "a success that names no file", "result", told(outcome), "TaskOutputMissing")
    outcome = came(lambda: _started(bench, "never").wait(timeout=60))
    yield _same(name, "a task that never ends", waiter.state, told(outcome), "WaitTimeout")


@check
def a_state_nobody_documented(bench: Bench) -> Tried:
    """A state nobody documented neither ends a wait nor crashes it."""
    name = "a state nobody documented"
    logger = logging.getLogger(LOGGER)
    level, logger.level = logger.level, logging.CRITICAL
    try:
        task = _started(bench, "polls=1;unknown-status@poll:1-3")
        seen = task.result()
        yield _same(name, "a look", "state", (seen.verdict, seen.done), ("unknown", False))
        yield _same(name, "a wait through it", "state", told(came(task.wait)), "TaskResult")
    finally:
        logger.level = level


@check
def a_submit_is_sent_once(bench: Bench) -> Tried:
    """After every end that leaves open whether it was accepted, a submit is not sent again."""
    name, good = "a submit is sent once", bench.contract.submit.good()
    for fault in AMBIGUOUS:
        bench.sandbox.script(f"{fault}@submit")
        called = bench.call(good)
        wanted = promised_submit(int(fault)) if fault.isdecimal() else "SubmitOutcomeUnknown"
        yield _same(name, f"a submit that met {fault}", fault, (told(called.error), len(called.sent)), (wanted, 1))
    for after, posts in (("1", 2), ("3600", 1)):
        bench.sandbox.script(f"429={after}@submit", "success")
        called = bench.call(good)
        yield _same(name, f"429 with Retry-After {after}", "429", len(called.sent), posts)
        bench.sandbox.reset()


@check
def a_wait_outlives_faults(bench: Bench) -> Tried:
    """A wait goes on through what says nothing about the task, ends at once at a plain refusal, and never submits."""
    name = "a wait outlives faults"
    for fault in PASSING:
        task = _started(bench, f"now;{fault}@poll:1-4")
        before = len(bench.sandbox.requests)
        yield _same(name, f"four times {fault} at a poll", fault, told(came(task.wait)), "TaskResult")
        after = [each.method for each in bench.sandbox.requests[before:]]
        yield _same(name, f"what {fault} led to", fault, after, [bench.contract.poll.operation.method] * 5)
    for status in (400, 401, 402, 403, 422):
        task = _started(bench, f"now;{status}@poll:1")
        outcome = came(task.wait)
        yield _same(name, f"a poll refused with {status}", str(status), told(outcome), promised_look(status))
        yield _same(name, f"the id after {status}", str(status), getattr(outcome, "task_id", None), task.id)


@check
def ids_are_unique(bench: Bench) -> Tried:
    """No two tasks have the same id, and each is found by its own."""
    name = "ids are unique"
    tasks = [_started(bench, "success") for _ in range(MANY)]
    yield _same(name, f"{MANY} submits", "id", len({task.id for task in tasks}), MANY, blame="server")
    field = bench.contract.waiter.parameter
    for task in tasks[::50]:
        found = came(bench.client.task(task.id).result)
        held = (found.id, found.raw.get(field, task.id)) if isinstance(found, TaskResult) else told(found)
        yield _same(name, "a task found again by its id", "id", held, (task.id, task.id), blame="server")
    gone = came(bench.client.task("nobody").result)
    yield _same(name, "an id nobody was given", "id", told(gone), "NotFound", blame="server")


@check
def the_token_stays_home(bench: Bench) -> Tried:
    """Every request to the API bears the token in its header and nowhere else, and no download bears it."""
    name = "the token stays home"
    bench.sandbox.reset()
    task = _started(bench, "now")
    (url, *_) = task.wait().urls
    bench.raw.get(url.removeprefix(BASE))
    for each in bench.sandbox.requests:
        held = each.headers.get("authorization", "")
        is_api = any(each.path.endswith(promise.operation.path) for promise in bench.contract.promises)
        wanted = "Bearer [accepted]" if is_api else ""
        blame: Blame = "server" if TOKEN in held else "client"  # whose record shows a token has sent none
        yield _same(name, f"{each.method} {each.path}", "authorization", held, wanted, blame=blame)
        elsewhere = [part for part in (each.query, each.body.decode("utf-8", "replace")) if TOKEN in part]
        yield _same(name, f"{each.method} {each.path}", "query and body", elsewhere, [])


@check
def rules_can_be_waived(bench: Bench) -> Tried:
    """A waived rule is not asked for, its body is sent, and the server's refusal comes back as BadRequest."""
    promise = bench.contract.submit
    for rule in promise.judge.rules if promise.judge else ():
        body = (rule.get("examples") or {}).get("breaks")
        if body is None or not bench.speaks(body):
            continue
        yield from _waived(bench, rule["id"], rule["level"], body)


def _waived(bench: Bench, rule: str, level: str, body: Any) -> Iterator[Failure | None]:
    name = "rules can be waived"
    called = bench.call(body, waive={rule})
    got = (told(called.error), len(called.sent), called.warned)
    wanted = ("BadRequest", 1, ()) if level == "error" else ("NoneType", 1, ())
    # What the compiled rules still say is theirs; what nobody but the server could refuse any more is its own.
    accepted = level == "error" and called.task is not None
    blame: Blame = "rules" if bench.compiled(body, waive={rule}) != ((), ()) else "server" if accepted else "client"
    yield _same(name, f"{rule} waived", rule, got, wanted, blame=blame)
    strict = bench.call(body, strict=True)
    outcome = strict.error
    held = {each.rule for each in outcome.violations} if isinstance(outcome, _errors.RequestRefused) else set()
    strictly = bench.refuses(body, strict=True)
    yield _same(name, f"{rule} in strict mode", rule, (rule in held, len(strict.sent)), (True, 0),
                blame="client" if strictly else "rules")  # fmt: skip
