"""What a sandbox keeps is bounded, and what it forgot it says."""

from __future__ import annotations

import json

from rulewright.sandbox import Request, Sandbox, Timing
from rulewright.testing import FakeClock

from tests.sandbox.asking import AUTH, JSON, SUBMIT, TEXT, Ask, Send, door, life, poll, started, submit

HEADERS = [(name.encode(), value.encode()) for name, value in (AUTH | JSON).items()]


def test_100_000_submits_have_100_000_ids_and_leave_little_behind() -> None:
    """Ids never repeat; tasks and records stay within their limits."""
    sandbox, body = Sandbox("mountsea_gemini_api", max_tasks=500), json.dumps(TEXT).encode()
    ids = {sandbox.handle(Request("POST", SUBMIT, b"", HEADERS, body)).body for _ in range(100_000)}
    assert len(ids) == 100_000
    assert len(sandbox.core.tasks) <= 500
    assert sandbox.core.tasks.forgotten == 100_000 - len(sandbox.core.tasks)
    assert len(sandbox.requests) == 1000
    assert sandbox.core.journal.dropped == 99_000


def test_the_oldest_ended_tasks_are_forgotten_first() -> None:
    """Of ten tasks, those that ended go and the older ones that still run stay."""
    with door("transport", Sandbox("mountsea_gemini_api", max_tasks=10)) as send:
        running = [started(send) for _ in range(5)]
        ended = [started(send, x_sandbox_script="now") for _ in range(5)]
        started(send)
        assert [send(poll(task_id)).status for task_id in ended] == [404, 404, 200, 200, 200]
        assert [send(poll(task_id)).status for task_id in running] == [200] * 5


def test_tasks_whose_time_ran_out_unseen_count_as_ended() -> None:
    """A timed task nobody polled again is forgotten before one that still runs."""
    clock = FakeClock()
    with door(
        "transport", Sandbox("mountsea_gemini_api", max_tasks=4, timing=Timing("seconds", 1), clock=clock)
    ) as send:
        running = started(send, x_sandbox_script="never")
        ended = [started(send) for _ in range(3)]
        clock.advance(60)
        started(send)
        assert send(poll(running)).status == 200
        assert send(poll(ended[0])).status == 404


def test_when_none_has_ended_the_oldest_go() -> None:
    """The limit holds even if every task still runs."""
    with door("transport", Sandbox("mountsea_gemini_api", max_tasks=5)) as send:
        ids = [started(send) for _ in range(6)]
        assert [send(poll(task_id)).status for task_id in ids] == [404, 200, 200, 200, 200, 200]


def test_a_forgotten_task_is_explained() -> None:
    """The 404 says that tasks were forgotten and how many are kept."""
    with door("transport", Sandbox("mountsea_gemini_api", max_tasks=1)) as send:
        first = started(send)
        started(send)
        message = send(poll(first)).json()["message"]
        assert message == "there is no task with this id; 1 old tasks were forgotten, as at most 1 are kept"
        assert life(send, started(send), 1) == ["pending"]


def test_records_are_bounded_in_bytes_too(sandbox: Sandbox, send: Send) -> None:
    """Large bodies push older records out."""
    large = submit(TEXT | {"prompt": "x" * 900_000})
    for _ in range(10):
        send(large)
    assert 1 <= len(sandbox.requests) < 10
    assert sum(len(request.body) for request in sandbox.requests) <= 4 * 1024 * 1024


def test_a_record_never_holds_the_credential() -> None:
    """Accepted and refused tokens are told apart without being shown, wherever they were sent."""
    sandbox = Sandbox("mountsea_gemini_api", token="sk-accepted")  # noqa: S106  made up
    with door("transport", sandbox) as send:
        send(Ask("GET", "/x", {"authorization": "Bearer sk-accepted"}))
        send(Ask("GET", "/x", {"authorization": "Bearer sk-other", "cookie": "sk-other"}))
        send(Ask("GET", "/x", {"authorization": "sk-accepted extra"}))
        send(Ask("GET", "/x", {}))
        control = send(Ask("GET", "/_sandbox/requests", {}))
    seen = [record.headers.get("authorization") for record in sandbox.requests]
    assert seen == ["Bearer [accepted]", "Bearer [refused]", "[refused]", None]
    assert b"sk-" not in control.body
    assert "sk-" not in repr(sandbox.requests)


def test_a_record_holds_the_request_and_its_status(sandbox: Sandbox, send: Send) -> None:
    """Method, path, query, headers and body are kept as they came."""
    send(submit())
    send(Ask("GET", "/gemini/task/result?taskId=%41&x=1", AUTH))
    first, second = sandbox.requests
    assert (first.method, first.path, first.status, json.loads(first.body)) == ("POST", SUBMIT, 201, TEXT)
    assert first.headers["content-type"] == "application/json"
    assert (second.method, second.query, second.status) == ("GET", "taskId=%41&x=1", 404)
