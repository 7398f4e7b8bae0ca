"""How a wait ends, what it reports, and how it treats undocumented states."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from mountsea_gemini import (
    PollContradicted,
    TaskCancelled,
    TaskEnded,
    TaskFailed,
    TaskOutputMissing,
    TaskResult,
    TaskTimedOut,
)
from mountsea_gemini.waiters import TASK as WAITER
from rulewright.testing import FakeClock

from tests.client.scripted import (
    COMPLETED,
    FILE,
    PROCESSING,
    SIGNED,
    TASK,
    TOKEN,
    Play,
    Skin,
    reply,
    state,
    wait_error,
)


def test_every_documented_state_has_the_meaning_the_waiter_gives_it(skin: Skin) -> None:
    """Each state continues, succeeds, or raises its own error."""
    ends = {"failure": TaskFailed, "cancelled": TaskCancelled, "timeout": TaskTimedOut}
    for word, verdict in WAITER.acceptors.items():
        play = Play(poll=[state(word, result={"videoUrl": FILE}, errorMessage="no"), COMPLETED])
        if verdict in ends:
            error = wait_error(skin, play)
            assert type(error) is ends[verdict]
            assert (error.result and error.result.status) == word
        else:
            assert skin.do(skin.task(skin.client(play)).wait()).urls == (FILE,)
            assert len(play.seen) == (1 if verdict == "success" else 2)


def test_a_vendors_message_is_shown_without_secrets(skin: Skin) -> None:
    """It may hold a signed URL, the token, or control characters."""
    failure = state("failed", errorMessage=f"cannot read https://cdn.example.com/a?{SIGNED} {TOKEN} \x1b[2J")
    error = wait_error(skin, Play(poll=[failure]))
    assert SIGNED not in str(error)
    assert TOKEN not in str(error)
    assert "\x1b" not in str(error)


@pytest.mark.parametrize(
    "result",
    [{}, None, {"result": None}, {"result": {"videoUrls": []}}, {"result": {"videoUrls": [7, None, {}]}}]
    + [{"result": {"videoUrl": url}} for url in ("", "cat.mp4", "data:video/mp4", "ftp://h/x", "http://")],
)
def test_success_without_a_usable_url_is_an_error_of_its_own(skin: Skin, result: Any) -> None:
    """The task is terminal, and the whole response is kept."""
    play = Play(poll=[state("completed", **(result or {}))])
    error = wait_error(skin, play)
    assert type(error) is TaskOutputMissing
    assert error.result is not None
    assert error.result.raw == {"taskId": TASK, "status": "completed", **(result or {})}
    assert len(play.seen) == 1


def test_a_success_with_an_error_instead_of_a_task_is_a_type_of_its_own(skin: Skin) -> None:
    """It is not a failed task, because there is no state; its message is shown."""
    clock = FakeClock()
    said = reply(200, {"statusCode": 500, "message": ["upstream", "is down"]})
    error = wait_error(skin, Play(poll=[said]), clock=clock)
    assert type(error) is PollContradicted
    assert "its error message: upstream; is down" in str(error)
    assert error.task_id == TASK
    assert 600 <= clock.elapsed <= 620
    assert type(wait_error(skin, Play(poll=[said]), timeout=20).fault) is PollContradicted
    # One such response does not end the wait, and a state counts more than a message beside it.
    busy = state("processing", message="try again later")
    assert skin.do(skin.task(skin.client(Play(poll=[said, busy, COMPLETED]))).wait()).succeeded


@pytest.mark.parametrize(
    ("result", "urls"),
    [
        ({"result": {"videoUrls": [FILE, "https://b.example.com/2.mp4"]}}, (FILE, "https://b.example.com/2.mp4")),
        ({"result": {"videoUrls": [{"url": FILE}, {"videoUrl": FILE + "2", "thumb": "x"}]}}, (FILE, FILE + "2")),
        ({"result": {"videoUrls": [], "videoUrl": FILE}}, (FILE,)),
        ({"result": {"url": FILE}}, (FILE,)),
        ({"videoUrl": FILE, "result": "done"}, (FILE,)),
        ({"result": {"videoUrls": [7, FILE, "nonsense"]}}, (FILE,)),
    ],
)
def test_urls_are_found_wherever_callers_have_seen_them(skin: Skin, result: Any, urls: tuple[str, ...]) -> None:
    """The shape of a result is not published, so places are data."""
    assert skin.do(skin.task(skin.client(Play(poll=[state("completed", **result)]))).wait()).urls == urls


def test_unknown_fields_and_wrong_types_are_kept_and_never_crash(skin: Skin) -> None:
    """Only the state must be valid; `raw` holds everything."""
    body = {
        "taskId": 7,
        "status": "processing",
        "errorMessage": {"a": 1},
        "errorCode": [1],
        "traceId": 5,
        "new": {"x": [1, None]},
        "result": "soon",
    }
    result: TaskResult = skin.do(skin.task(skin.client(Play(poll=[reply(200, body)]))).result())
    assert result.raw == body
    assert (result.id, result.error_message, result.error_code, result.trace_id) == (TASK, None, None, None)
    assert not result.done


def test_an_unknown_state_is_waited_on_with_one_warning(skin: Skin, caplog: pytest.LogCaptureFixture) -> None:
    """The vendor may add a state; it is kept as sent."""
    seen: list[TaskResult] = []
    play = Play(poll=[state("rendering"), state("rendering"), state("rendering"), COMPLETED])
    skin.do(skin.task(skin.client(play)).wait(on_poll=seen.append))
    assert [result.status for result in seen] == ["rendering"] * 3 + ["completed"]
    assert [record.levelname for record in caplog.records if "rendering" in record.getMessage()] == ["WARNING"]


def test_on_poll_gets_every_result(skin: Skin) -> None:
    """An exception of the callback keeps its type and gets the task's id."""
    seen: list[str] = []
    skin.do(skin.task(skin.client(Play(poll=[PROCESSING, COMPLETED]))).wait(on_poll=lambda r: seen.append(r.status)))
    assert seen == ["processing", "completed"]

    def broken(result: TaskResult) -> None:
        raise KeyError("mine")

    with pytest.raises(KeyError) as caught:
        skin.do(skin.task(skin.client(Play())).wait(on_poll=broken))
    assert TASK in "".join(caught.value.__notes__)


def test_ctrl_c_during_a_wait_names_the_task(skin: Skin) -> None:
    """The note says how to continue."""
    if skin.name == "async":
        asyncio.run(_cancelled_wait())
        return

    class Impatient(FakeClock):
        def sleep(self, seconds: float) -> None:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as caught:
        skin.do(skin.task(skin.client(Play(poll=[PROCESSING]), clock=Impatient())).wait())
    assert f"client.task('{TASK}')" in "".join(caught.value.__notes__)


async def _cancelled_wait() -> None:
    class Endless(FakeClock):
        async def asleep(self, seconds: float) -> None:
            await asyncio.Event().wait()

    skin = Skin("async")
    task = skin.task(skin.client(Play(poll=[PROCESSING]), clock=Endless()))
    waiting: asyncio.Task[Any] = asyncio.ensure_future(task.wait())  # type: ignore[arg-type]
    await asyncio.sleep(0)
    await asyncio.sleep(0.01)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError) as caught:
        await waiting
    assert TASK in "".join(caught.value.__notes__)
    assert asyncio.all_tasks() == {asyncio.current_task()}


def test_result_raises_nothing_for_a_failed_task() -> None:
    """`result()` returns the present state."""
    skin = Skin("sync")
    result: TaskResult = skin.client(Play(poll=[state("failed", errorMessage="no")])).task(TASK).result()
    assert (result.done, result.succeeded, result.verdict) == (True, False, "failure")
    assert issubclass(TaskFailed, TaskEnded)
