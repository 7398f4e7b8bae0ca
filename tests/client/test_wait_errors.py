"""Messages of poll and wait errors, word for word."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from mountsea_gemini import (
    ApiError,
    ConnectionFailed,
    NotFound,
    PollContradicted,
    ProtocolError,
    RateLimited,
    TaskCancelled,
    TaskEnded,
    TaskFailed,
    TaskOutputMissing,
    WaitTimeout,
)
from rulewright.testing import FakeClock

from tests.client.scripted import PROCESSING, TASK, Play, Reply, Skin, fails, reply, state

GO_ON = f"  the task is still running; go on with client.task('{TASK}'), which costs nothing"
BILLED = "  it is not submitted again, because that may be billed twice"
LONG = "x" * 150
CUT = "x" * 100 + "... (50 more characters)"


def poll_error(skin: Skin, answer: Reply) -> ApiError:
    """Poll once, and return the error."""
    with pytest.raises(ApiError) as caught:
        skin.do(skin.task(skin.client(Play(poll=[answer]))).result())
    return caught.value


def wait_error(skin: Skin, *answers: Reply, timeout: float = 12) -> Any:
    """Wait, on a clock that started long ago, and return the error."""
    clock = FakeClock()
    clock.advance(1000.0)
    with pytest.raises(ApiError) as caught:
        skin.do(skin.task(skin.client(Play(poll=answers), clock=clock)).wait(timeout=timeout))
    return caught.value


def test_a_poll_without_an_answer_names_the_reason(skin: Skin) -> None:
    """The transport's message, and how to continue."""
    error = poll_error(skin, fails(httpx.ReadError))
    assert type(error) is ConnectionFailed
    assert str(error) == f"no answer about task {TASK}: ReadError: scripted\n{GO_ON}"


@pytest.mark.parametrize(
    ("answer", "kind", "reason", "more"),
    [
        (
            reply(300, {"status": "completed", "traceId": "t"}),
            ProtocolError,
            "HTTP 300, which cannot be read: it is neither a success nor an error, and redirects are not followed",
            ["  trace id: t"],
        ),
        (
            reply(201, b"cat", {"CF-Ray": "r"}),
            ProtocolError,
            "HTTP 201, which cannot be read: its body is not JSON (no content type, 3 bytes)",
            ["  trace id: r"],
        ),
        (
            reply(200, {"status": 7}),
            ProtocolError,
            "HTTP 200, which cannot be read: it holds int at /status, where the state of the task should be",
            [],
        ),
        (
            reply(200, {"message": "no"}),
            PollContradicted,
            (
                "HTTP 200, which cannot be read: it holds nothing at /status, where the state of the task should be;"
                " its error message: no"
            ),
            [],
        ),
    ],
    ids=["no success", "no JSON", "no state", "an error instead"],
)
def test_an_unusable_response_is_described(
    skin: Skin, answer: Reply, kind: type[ApiError], reason: str, more: list[str]
) -> None:
    """Status, problem and trace id; the task is still running."""
    error = poll_error(skin, answer)
    assert type(error) is kind
    assert error.status is not None
    assert str(error) == "\n".join([f"looking at task {TASK} was answered with {reason}", *more, GO_ON])


def test_a_refused_poll_has_the_error_of_its_status(skin: Skin) -> None:
    """For an unknown id, the message says what to check."""
    error = poll_error(skin, reply(404, {}))
    assert type(error) is NotFound
    assert str(error) == (
        f"looking at task {TASK} was answered with HTTP 404\n"
        "  check the task id, and that the token belongs to the account that submitted it"
    )


@pytest.mark.parametrize(
    ("answers", "kind", "words"),
    [
        ([state("failed", errorCode=LONG)], TaskFailed, f'ended as "failed" after 1 poll, code {CUT}\n{BILLED}'),
        (
            [state("failed", errorMessage="blocked by policy", errorCode=4001)],
            TaskFailed,
            f'ended as "failed" after 1 poll, code 4001: blocked by policy\n{BILLED}',
        ),
        (
            [PROCESSING, state("cancelled", errorMessage="by you", traceId="t")],
            TaskCancelled,
            f'ended as "cancelled" after 2 polls: by you\n  trace id: t\n{BILLED}',
        ),
        (
            [state("completed", errorCode=0)],
            TaskOutputMissing,
            (
                "succeeded, but its answer names no usable URL after 1 poll, code 0\n  look for the file in "
                "error.result.raw, or look at the task again with client.task(id).result()"
            ),
        ),
    ],
)
def test_an_end_without_a_result_has_the_vendors_message(
    skin: Skin, answers: list[Reply], kind: type[TaskEnded], words: str
) -> None:
    """State, number of polls, code, message and trace id."""
    error = wait_error(skin, *answers)
    assert type(error) is kind
    assert str(error) == f"task {TASK} {words}"
    assert error.task_id == TASK


@pytest.mark.parametrize(
    ("answers", "timeout", "words"),
    [
        ([state(LONG)], 0, f'after 0.0 s (1 poll); last seen as "{CUT}"'),
        (
            [PROCESSING, fails(httpx.ReadError)],
            12,
            (
                f'after 12.0 s (5 polls); last seen as "processing"; the last poll failed: '
                f"no answer about task {TASK}: ReadError: scripted"
            ),
        ),
        ([fails(httpx.ReadError), PROCESSING], 12, 'after 12.0 s (5 polls); last seen as "processing"'),
        (
            [reply(429, {}, {"Retry-After": "13"})],
            12,
            (
                f"after 0.0 s (1 poll); the last poll failed: looking at task {TASK} was answered with HTTP 429, to be "
                "tried again in 13 s at the earliest; the server does not want to be asked again before the deadline"
            ),
        ),
    ],
    ids=["one poll", "a fault at the end", "a fault before", "asked to stay away"],
)
def test_a_wait_timeout_names_the_last_state(skin: Skin, answers: list[Reply], timeout: float, words: str) -> None:
    """Duration, number of polls, last state, last fault, and how to continue."""
    error = wait_error(skin, *answers, timeout=timeout)
    assert type(error) is WaitTimeout
    assert str(error) == f"stopped waiting for task {TASK} {words}\n{GO_ON}"


def test_a_wait_timeout_holds_its_details_as_data(skin: Skin) -> None:
    """The last result, the last fault with the task's id, and the server's Retry-After."""
    answers = [state("processing", traceId="t"), reply(429, {}, {"Retry-After": "13"})]
    error = wait_error(skin, *answers)
    assert (error.task_id, error.trace_id, error.last.status, error.retry_after) == (TASK, "t", "processing", 13.0)
    assert type(error.fault) is RateLimited
    assert error.fault.task_id == TASK
    quiet = wait_error(skin, PROCESSING)
    assert (quiet.trace_id, quiet.fault, quiet.retry_after) == (None, None, None)


def test_each_fault_and_each_unknown_state_is_logged_once(skin: Skin, caplog: pytest.LogCaptureFixture) -> None:
    """Faults are logged as INFO, unknown states as WARNING."""
    answers = [state(LONG), fails(httpx.ReadError), state(LONG), state("dreaming"), PROCESSING]
    with caplog.at_level("INFO", "mountsea_gemini"):
        wait_error(skin, *answers, timeout=60)
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        ("WARNING", f"task {TASK} is in a state this version does not know, {CUT!r}; waiting on"),
        ("INFO", f"task {TASK}: no answer about task {TASK}: ReadError: scripted"),
        ("WARNING", f"task {TASK} is in a state this version does not know, 'dreaming'; waiting on"),
    ]


def test_a_task_id_is_shortened_and_escaped(skin: Skin) -> None:
    """A caller may have stored anything."""
    task = "\x1b[2J" + "x" * 300
    with pytest.raises(ApiError) as caught:
        skin.do(skin.task(skin.client(Play(poll=[fails(httpx.ReadError)])), task).result())
    shown = "\\x1b[2J" + "x" * 193 + "... (107 more characters)"
    assert str(caught.value).startswith(f"no answer about task {shown}: ReadError")
