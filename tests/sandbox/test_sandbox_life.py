"""Tasks pass through their states forwards only, and a seed makes responses repeatable."""

from __future__ import annotations

import json
import time
from importlib.util import find_spec
from pathlib import Path

from rulewright.sandbox import Request, Sandbox, Timing
from rulewright.testing import FakeClock

from tests.sandbox.asking import AUTH, JSON, POLL, STATES, SUBMIT, TEXT, Send, door, life, poll, start_task


def test_each_state_is_shown_to_one_poll_by_default(send: Send) -> None:
    """In the document's order; the last one stays."""
    assert life(send, start_task(send), 7) == [*STATES, "completed", "completed"]


def test_real_seconds_pass_on_their_own() -> None:
    """The default clock is real monotonic time."""
    with door("transport", Sandbox("mountsea_gemini", timing=Timing("seconds", 0.001))) as send:
        task_id = start_task(send)
        before = time.monotonic()
        while time.monotonic() < before + 0.006:
            pass
        assert life(send, task_id, 1) == ["completed"]


def test_dates_come_from_the_clock() -> None:
    """`finishedAt` is when the states are over, not when the task is polled."""
    clock = FakeClock()
    clock.step(3600)
    with door("transport", Sandbox("mountsea_gemini", timing=Timing("seconds", 10), clock=clock)) as send:
        task_id = start_task(send)
        clock.advance(500)
        value = send(poll(task_id)).json()
    assert value["createdAt"] == "2026-01-01T01:00:00.000Z"
    assert value["finishedAt"] == "2026-01-01T01:00:40.000Z"


def _bytes(seed: int) -> list[bytes]:
    with door("transport", Sandbox("mountsea_gemini", seed=seed)) as send:
        ids = [start_task(send) for _ in range(3)]
        return [send(poll(task_id)).body for _ in range(6) for task_id in ids]


def test_the_same_seed_gives_the_same_bytes() -> None:
    """Another seed gives other ids."""
    assert _bytes(3) == _bytes(3)
    assert not set(_bytes(3)) & set(_bytes(4))


def test_answers_are_what_the_spec_documents(send: Send) -> None:
    """Every state of every outcome is valid by another validator."""
    from jsonschema import Draft4Validator

    found = find_spec("mountsea_gemini")
    assert found is not None
    assert found.origin is not None
    spec = json.loads(Path(found.origin).with_name("openapi.effective.json").read_text("utf-8"))
    schema = spec["paths"][POLL]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    validator = Draft4Validator({"allOf": [schema], "components": spec["components"]})
    for script in ["", "failed", "cancelled", "timeout", "no-url", "never"]:
        task_id = start_task(send, x_sandbox_script=script)
        for _ in range(6):
            validator.validate(send(poll(task_id)).json())


HEADERS = [(name.encode(), value.encode()) for name, value in (AUTH | JSON).items()]


def test_many_submits_have_as_many_ids_and_leave_little_behind() -> None:
    """Tasks and records stay within their limits."""
    sandbox, body = Sandbox("mountsea_gemini", max_tasks=500), json.dumps(TEXT).encode()
    ids = {sandbox.handle(Request("POST", SUBMIT, b"", HEADERS, body)).body for _ in range(5_000)}
    assert len(ids) == 5_000
    assert len(sandbox.core.tasks) <= 500
    assert sandbox.core.tasks.forgotten == 5_000 - len(sandbox.core.tasks)
    assert len(sandbox.requests) == 1000
    assert sandbox.core.journal.dropped == 4_000
