"""An interrupted submit leaves a line in the log, because most callers lose an exception's notes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from mountsea_gemini import AsyncClient
from mountsea_gemini.operations import GENERATE_VIDEO, GET_TASK_RESULT
from mountsea_gemini.raw.models import VideoGenerationDto
from rulewright.testing import FakeClock

from tests.client.scripted import ACCEPTED, BASE, PROMPT, TASK, TOKEN, Play, Skin, fingerprint

AT = "2026-01-01T00:00:00+00:00"


class Silent(httpx.AsyncBaseTransport):
    """Record each request, and never respond."""

    def __init__(self) -> None:
        self.sent: list[httpx.Request] = []
        self.taken = asyncio.Event()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Note the request and wait."""
        await request.aread()
        self.sent.append(request)
        self.taken.set()
        await asyncio.Event().wait()
        raise AssertionError


def log_lines(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str]]:
    """Return level and message of what the client logged."""
    assert PROMPT not in caplog.text
    assert TOKEN not in caplog.text
    return [(record.levelname, record.getMessage()) for record in caplog.records if record.name == "mountsea_gemini"]


def interrupted_line(sent: httpx.Request, by: str) -> tuple[str, str]:
    """Return the log line for an interrupted submit."""
    what = f"sent {AT}, request sha256 {fingerprint(sent)}"
    return (
        "WARNING",
        f"generateVideo was being sent: it may have been accepted and billed ({what}) (interrupted by {by})",
    )


async def _cancel(client: AsyncClient, silent: Silent) -> None:
    task = asyncio.create_task(client.text_to_video(PROMPT))
    await silent.taken.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def _time_out(client: AsyncClient, silent: Silent) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await client.text_to_video(PROMPT)


async def _wait_for(client: AsyncClient, silent: Silent) -> None:
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(client.text_to_video(PROMPT), 0.2)


async def _give_up(client: AsyncClient, silent: Silent) -> None:
    core = client.text_to_video(PROMPT)
    core.send(None)
    while not silent.sent:
        await asyncio.sleep(0)
        core.send(None)
    core.close()


@pytest.mark.parametrize("ending", [_cancel, _time_out, _wait_for, _give_up], ids=lambda each: each.__name__)
def test_a_submit_that_is_cancelled_logs_what_it_may_have_started(
    ending: Callable[[AsyncClient, Silent], Any], caplog: pytest.LogCaptureFixture
) -> None:
    """Operation, time and hash, whoever cancels and whatever happens to the exception."""

    async def run() -> httpx.Request:
        silent = Silent()
        client = AsyncClient(TOKEN, base_url=BASE, clock=FakeClock(), transport=silent)
        await ending(client, silent)
        await client.aclose()
        return silent.sent[0]

    sent = asyncio.run(run())
    by = "GeneratorExit" if ending is _give_up else "CancelledError"
    assert log_lines(caplog) == [interrupted_line(sent, by)]


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit, asyncio.CancelledError, RuntimeError])
def test_a_submit_that_any_exception_ends_is_logged(
    skin: Skin, kind: type[BaseException], caplog: pytest.LogCaptureFixture
) -> None:
    """On the blocking client, a signal raises in the middle of a read."""
    sent: list[httpx.Request] = []

    def interrupted(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        raise kind

    with pytest.raises(kind) as caught:
        skin.do(skin.client(Play([interrupted])).text_to_video(PROMPT))
    assert log_lines(caplog) == [interrupted_line(sent[0], kind.__name__)]
    notes = "".join(caught.value.__notes__)
    assert "may have been accepted and billed" in notes
    assert PROMPT not in notes


def test_the_id_is_logged_if_the_hook_is_interrupted(skin: Skin, caplog: pytest.LogCaptureFixture) -> None:
    """Nobody else has the id yet."""

    def interrupted(_: Any) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as caught:
        skin.do(skin.client(Play(), on_submitted=interrupted).text_to_video(PROMPT))
    line = f"task {TASK} is still running; go on with client.task({TASK!r})"
    assert log_lines(caplog) == [("WARNING", f"{line} (interrupted by KeyboardInterrupt)")]
    assert caught.value.__notes__ == [line]


def test_a_call_that_is_interrupted_is_logged_if_it_may_have_changed_something(
    skin: Skin, caplog: pytest.LogCaptureFixture
) -> None:
    """A POST is logged; a GET can be repeated."""
    sent: list[httpx.Request] = []

    def interrupted(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        raise KeyboardInterrupt

    body = VideoGenerationDto(prompt=PROMPT, action="text2video", model="veo3_fast")
    client = skin.client(Play([interrupted], [interrupted]))
    with pytest.raises(KeyboardInterrupt):
        skin.do(client.call(GENERATE_VIDEO, body=body))
    with pytest.raises(KeyboardInterrupt):
        skin.do(client.call(GET_TASK_RESULT, task_id=TASK))
    assert log_lines(caplog) == [interrupted_line(sent[0], "KeyboardInterrupt")]


def test_a_submit_that_ends_by_itself_logs_no_warning(skin: Skin, caplog: pytest.LogCaptureFixture) -> None:
    """Its result or error has all the details."""
    skin.do(skin.client(Play([ACCEPTED])).text_to_video(PROMPT))
    assert log_lines(caplog) == []
