"""Tasks: every state, transition and end of each waiter, blocking and async, and what faults on the way do to them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from rulewright.contract.bench import Bench
from rulewright.contract.client import Outcome, Skin
from rulewright.contract.contract import Subject
from rulewright.contract.failure import Blame, Failure
from rulewright.openapi.tasks import STATUS

Check = Callable[[Any], None]

ENDS: Final = {"failure": "TaskFailed", "cancelled": "TaskCancelled", "timeout": "TaskTimedOut"}
MANY: Final = 100
BROKEN: Final = ("html", "cut-json", "cut", "reset", "drop")
AMBIGUOUS: Final = ("500", "502", "503", "504", "520", "408", "409", "redirect", *BROKEN)
PASSING: Final = ("500", "502", "503", "504", "520", "429", "408", *BROKEN)
_TYPED: Final = {
    401: "AuthenticationError",
    402: "PaymentRequired",
    403: "AuthenticationError",
    404: "NotFound",
    410: "NotFound",
    429: "RateLimited",
}


def of_submit(status: int, *, readable: bool = True) -> str:
    """Return the error that a submit ends with when its answer holds no task id, or cannot be read."""
    if status in {301, 307, 308}:
        return "ProtocolError"
    if status < 400 or status >= 500 or status in {408, 409, 499} or (status == 429 and not readable):
        return "SubmitOutcomeUnknown"
    return _TYPED.get(status, "BadRequest")


def of_poll(status: int) -> str:
    """Return the error that a poll ends with when its answer holds no state."""
    if status < 400:
        return "ProtocolError"
    return "ServerError" if status >= 500 else _TYPED.get(status, "BadRequest")


def same(case: str, place: str, got: object, wanted: object, blame: Blame = "client") -> Failure | None:
    """Return a failure unless two values are equal."""
    return None if got == wanted else Failure(case, place, str(got), str(wanted), blame)


def test_states(bench: Bench, submit: Subject, skin: Skin, check: Check) -> None:
    """A task goes through the documented states in their order, once, and stays at its end."""
    caller = bench.caller(skin)

    def cases() -> Iterator[Failure | None]:
        for end in submit.waiter.ends:
            task = bench.start(submit, f"{end};polls=2", skin)
            wanted = [state for state in submit.waiter.waiting for _ in range(2)] + [end] * 3
            got = [getattr(caller.outcome(task.result).value, "status", None) for _ in wanted]
            yield same(f"the life of a task that ends as {end}", submit.waiter.state, got, wanted, "server")

    check(cases())


def test_ends(bench: Bench, submit: Subject, skin: Skin, check: Check) -> None:
    """A wait ends at each final state with the right value or error, which has the task's id."""
    caller, waiter = bench.caller(skin), submit.waiter

    def waited(script: str, **options: Any) -> tuple[Any, Outcome]:
        task = bench.start(submit, script, skin)
        return task, caller.outcome(lambda: task.wait(**options))

    def cases() -> Iterator[Failure | None]:
        for end, kind in waiter.outcomes.items():
            task, outcome = waited(end)
            yield same(f"a wait for a task that ends as {end}", end, outcome.name, ENDS.get(kind, "TaskResult"))
            found = getattr(outcome.ended, "task_id", getattr(outcome.ended, "id", None))
            yield same(f"the id after {end}", end, found, task.id)
        if waiter.output:
            yield same("a success that names no file", "outputs", waited("no-url")[1].name, "TaskOutputMissing")
        yield same("a task that never ends", waiter.state, waited("never", timeout=60)[1].name, "WaitTimeout")

    check(cases())


def test_undocumented_state(bench: Bench, submit: Subject, skin: Skin, check: Check) -> None:
    """It neither ends a wait nor crashes it."""
    caller = bench.caller(skin)

    def cases() -> Iterator[Failure | None]:
        task = bench.start(submit, "polls=1;unknown-status@poll:1-3", skin)
        seen = caller.outcome(task.result).value
        yield same("a poll", submit.waiter.state, (seen.verdict, seen.done), ("unknown", False))
        yield same("a wait through it", submit.waiter.state, caller.outcome(task.wait).name, "TaskResult")

    check(cases())


def test_one_submit(bench: Bench, submit: Subject, skin: Skin, check: Check) -> None:
    """After every end that leaves open whether it was accepted, a submit is not sent again."""

    def cases() -> Iterator[Failure | None]:
        in_header = not submit.waiter.submitted.startswith("/")
        for fault in AMBIGUOUS:
            if in_header and fault in {"cut-json", "cut", "reset"}:
                continue  # the id has arrived
            outcome = bench.submit(submit, f"{fault}@submit", skin)
            wanted = of_submit(int(fault)) if fault.isdecimal() else "SubmitOutcomeUnknown"
            right = outcome.is_a(wanted) and len(bench.sent) == 1
            got = f"{outcome.name}, {len(bench.sent)} sent"
            yield None if right else Failure(f"a submit that met {fault}", fault, got, f"{wanted}, 1 sent", "client")
        for after, posts in (("1", 2), ("3600", 1)):
            bench.sandbox.reset()
            bench.sandbox.script(f"429={after}@submit", "success")
            bench.call(submit.request, skin)
            yield same(f"429 with Retry-After {after}", "429", len(bench.sent), posts)

    check(cases())


def test_faults_while_waiting(bench: Bench, submit: Subject, skin: Skin, check: Check) -> None:
    """A wait goes on through what does not concern the task, ends at a plain refusal, and never submits."""
    caller = bench.caller(skin)
    poll = submit.poll.operation.method if submit.poll else ""

    def cases() -> Iterator[Failure | None]:
        for fault in PASSING:
            if submit.waiter.state == STATUS and fault in BROKEN:
                continue  # the state has arrived
            task = bench.start(submit, f"now;{fault}@poll:1-4", skin)
            before = len(bench.sandbox.requests)
            yield same(f"four times {fault} at a poll", fault, caller.outcome(task.wait).name, "TaskResult")
            after = [each.method for each in bench.sandbox.requests[before:]]
            yield same(f"the requests after {fault}", fault, after[:5], [poll] * 5)
        for status in (400, 401, 402, 403, 422):
            task = bench.start(submit, f"now;{status}@poll:1", skin)
            outcome = caller.outcome(task.wait)
            yield same(f"a poll refused with {status}", str(status), outcome.name, of_poll(status))
            yield same(f"the id after {status}", str(status), getattr(outcome.error, "task_id", None), task.id)

    check(cases())


def test_unique_ids(bench: Bench, submit: Subject, check: Check) -> None:
    """No two tasks have the same id, and each is found by its own."""
    bench.sandbox.reset()
    tasks = [bench.call(submit.request).value for _ in range(MANY)]
    caller = bench.caller()

    def cases() -> Iterator[Failure | None]:
        yield same(f"{MANY} submits", "id", len({task.id for task in tasks}), MANY, "server")
        for task in tasks[::10]:
            found = caller.outcome(task.result)
            yield same("a task found by its id", "id", getattr(found.value, "id", found.name), task.id, "server")

    check(cases())
