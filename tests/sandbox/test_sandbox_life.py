"""S4: tasks live, only forwards, and the same seed gives the same bytes."""

from __future__ import annotations

import json
import time
from importlib.util import find_spec
from pathlib import Path

import pytest
from rulewright.sandbox import Request, Sandbox, Timing
from rulewright.testing import FakeClock

from tests.sandbox.asking import AUTH, JSON, POLL, STATES, SUBMIT, TEXT, Send, door, life, poll, started


def test_each_state_is_shown_to_one_poll_by_default(send: Send) -> None:
    """Five polls see the five states in the spec's order, and the last one stays."""
    assert life(send, started(send), 7) == [*STATES, "completed", "completed"]


def test_seconds_pass_on_the_clock_given() -> None:
    """`seconds=10` changes state every ten seconds of a virtual clock, however often it is polled."""
    clock = FakeClock()
    with door("transport", Sandbox("mountsea_gemini", timing=Timing("seconds", 10), clock=clock)) as send:
        task_id, seen = started(send), []
        for _ in range(6):
            seen.append(life(send, task_id, 3)[-1])
            clock.advance(10)
    assert seen == [*STATES, "completed"]


def test_real_seconds_pass_on_their_own() -> None:
    """The default clock is real monotonic time."""
    with door("transport", Sandbox("mountsea_gemini", timing=Timing("seconds", 0.001))) as send:
        task_id = started(send)
        before = time.monotonic()
        while time.monotonic() < before + 0.006:
            pass
        assert life(send, task_id, 1) == ["completed"]


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        ("success", "completed"),
        ("completed", "completed"),
        ("failure", "failed"),
        ("failed", "failed"),
        ("cancelled", "cancelled"),
        ("timeout", "timeout"),
    ],
)
def test_an_outcome_is_an_acceptors_kind_or_its_state(send: Send, outcome: str, state: str) -> None:
    """Both words lead to the state that the waiter of the spec names."""
    assert life(send, started(send, x_sandbox_script=outcome), 5)[-1] == state


def test_dates_come_from_the_clock() -> None:
    """A task is created at the clock's date and finished when its states are over, not when it is asked for."""
    clock = FakeClock()
    clock.step(3600)
    with door("transport", Sandbox("mountsea_gemini", timing=Timing("seconds", 10), clock=clock)) as send:
        task_id = started(send)
        clock.advance(500)
        value = send(poll(task_id)).json()
    assert value["createdAt"] == "2026-01-01T01:00:00.000Z"
    assert value["finishedAt"] == "2026-01-01T01:00:40.000Z"


def _bytes(seed: int) -> list[bytes]:
    with door("transport", Sandbox("mountsea_gemini", seed=seed)) as send:
        ids = [started(send) for _ in range(3)]
        return [send(poll(task_id)).body for _ in range(6) for task_id in ids]


def test_the_same_seed_gives_the_same_bytes() -> None:
    """Two sandboxes with one seed answer alike to the byte, dates included; another seed gives other ids."""
    assert _bytes(3) == _bytes(3)
    assert not set(_bytes(3)) & set(_bytes(4))


def test_reset_starts_the_ids_again(sandbox: Sandbox, send: Send) -> None:
    """After a reset nothing is remembered and the first id comes again."""
    first = started(send)
    sandbox.reset()
    assert send(poll(first)).status == 404
    assert started(send) == first
    assert len(sandbox.requests) == 2


def test_answers_are_what_the_spec_documents(send: Send) -> None:
    """Every state of every outcome fits the documented schema (checked with another validator)."""
    from jsonschema import Draft4Validator

    found = find_spec("mountsea_gemini")
    assert found is not None
    assert found.origin is not None
    spec = json.loads(Path(found.origin).with_name("openapi.effective.json").read_text("utf-8"))
    schema = spec["paths"][POLL]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    validator = Draft4Validator({"allOf": [schema], "components": spec["components"]})
    for script in ["", "failed", "cancelled", "timeout", "no-url", "never"]:
        task_id = started(send, x_sandbox_script=script)
        for _ in range(6):
            validator.validate(send(poll(task_id)).json())


HEADERS = [(name.encode(), value.encode()) for name, value in (AUTH | JSON).items()]


def test_many_submits_have_as_many_ids_and_leave_little_behind() -> None:
    """Ids never repeat; tasks and records stay within their limits."""
    sandbox, body = Sandbox("mountsea_gemini", max_tasks=500), json.dumps(TEXT).encode()
    ids = {sandbox.handle(Request("POST", SUBMIT, b"", HEADERS, body)).body for _ in range(5_000)}
    assert len(ids) == 5_000
    assert len(sandbox.core.tasks) <= 500
    assert sandbox.core.tasks.forgotten == 5_000 - len(sandbox.core.tasks)
    assert len(sandbox.requests) == 1000
    assert sandbox.core.journal.dropped == 4_000
