"""`FakeApi`: scripts, a clock without waiting, and failures for unexpected requests."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest
from mountsea_gemini import (
    AsyncClient,
    BadRequest,
    Client,
    NotFound,
    SubmitOutcomeUnknown,
    TaskFailed,
    WaitTimeout,
)
from rulewright.sandbox import ScriptError, SpecError
from rulewright.testing import FakeApi, FakeClock, MissedScript, UnexpectedRequest


def test_a_task_is_played_without_waiting(tmp_path: Path) -> None:
    """Minutes pass on the fake clock, and moments on the real one."""
    start = time.monotonic()
    with FakeApi(Client, "") as api, api.client() as client:
        path = client.text_to_video("a cat").download(tmp_path / "cat.mp4")
    assert path.read_bytes()[4:8] == b"ftyp"
    assert api.clock.elapsed > 30
    assert time.monotonic() - start < 5


def test_both_skins_play_the_same() -> None:
    """The asyncio client meets the same script and the same sleeps."""

    async def play(api: FakeApi[AsyncClient]) -> None:
        async with api.client() as client:
            task = await client.text_to_video("a cat")
            with pytest.raises(TaskFailed):
                await task.wait()

    first, second = FakeApi(Client, "failed"), FakeApi(AsyncClient, "failed")
    with first, first.client() as client, pytest.raises(TaskFailed):
        client.text_to_video("a cat").wait()
    with second:
        asyncio.run(play(second))
    assert first.clock.slept == second.clock.slept
    assert first.submits == second.submits


def test_scripts_apply_to_submits_in_order() -> None:
    """The bodies sent are recorded."""
    with FakeApi(Client, "drop@submit", "") as api, api.client() as client:
        with pytest.raises(SubmitOutcomeUnknown):
            client.text_to_video("one")
        client.text_to_video("two")
    assert [body["prompt"] for body in api.submits] == ["one", "two"]


def test_a_submit_without_a_script_fails_at_once_and_at_the_end() -> None:
    """Code under test may hide the first failure."""
    api = FakeApi(Client, "now")
    api.client().text_to_video("one")
    with pytest.raises(UnexpectedRequest, match=r"POST https://(?s:.*)no scripted outcome left(?s:.*)expect"):
        api.client().text_to_video("two")
    with pytest.raises(UnexpectedRequest, match="no scripted outcome left"):
        api.verify()
    assert len(api.requests) == 1


def test_a_script_without_its_submit_fails_at_the_end() -> None:
    """A test with two scripts and one submit does not test what it claims."""
    with (
        pytest.raises(MissedScript, match="1 script is left: no submit came for 'failed'"),
        FakeApi(Client, "now", "failed") as api,
    ):
        api.client().text_to_video("one")


def test_a_failed_test_is_reported_once() -> None:
    """The test's own failure is shown."""
    with pytest.raises(ZeroDivisionError), FakeApi(Client, "now"):
        raise ZeroDivisionError


def test_a_request_elsewhere_fails(tmp_path: Path) -> None:
    """Another host or an unknown path fails the test, without a connection."""
    api = FakeApi(Client)
    with pytest.raises(UnexpectedRequest, match="there is no network here"):
        api.client(base_url="https://elsewhere.example").task(api.task()).result()
    with pytest.raises(UnexpectedRequest, match="no such operation"):
        api.client(base_url=f"{api.base_url}/v2").task(api.task()).result()
    with pytest.raises(UnexpectedRequest, match=r"there is no network(?s:.*)no such operation"):
        api.verify()


def test_a_failure_shows_no_query() -> None:
    """It may be signed, and logs are not private."""
    api = FakeApi(Client)
    with pytest.raises(UnexpectedRequest) as caught:
        api.client(base_url="https://elsewhere.example").task("an-id").result()
    assert "an-id" not in str(caught.value)


def test_a_task_from_before_needs_no_submit() -> None:
    """Code that resumes starts from an id; an unknown id is a 404."""
    with FakeApi(Client) as api, api.client() as client:
        assert client.task(api.task("seconds=60 502@poll:1-3")).wait().succeeded
        with pytest.raises(NotFound):
            client.task("unknown").wait()
    assert api.submits == []


def test_time_in_scripts_is_the_clock_of_the_client() -> None:
    """States change as the client sleeps; a wait ends at its own deadline."""
    with FakeApi(Client, "seconds=100") as api, api.client() as client:
        task = client.text_to_video("a cat")
        with pytest.raises(WaitTimeout):
            task.wait(timeout=300)
        assert 300 <= api.clock.elapsed <= 301
        api.clock.advance(100)
        assert task.result().succeeded


def test_every_client_built_inside_is_one_of_this_api() -> None:
    """Code under test builds its own client, with its own options."""
    with FakeApi(Client, "now", "now") as api, api.installed(AsyncClient):
        with Client("a real token", timeout=3) as client:
            assert client.settings.timeout == 3
            client.text_to_video("a cat").wait()

        async def other() -> None:
            async with AsyncClient() as client:
                await (await client.text_to_video("a dog")).wait()

        asyncio.run(other())
    assert [body["prompt"] for body in api.submits] == ["a cat", "a dog"]
    with pytest.raises(Exception, match="no token"):
        Client()


def test_the_checks_are_real() -> None:
    """An invalid request is refused, and leaves its script for the next submit."""
    with FakeApi(Client, "now") as api, api.client(waive={"img2video-needs-images"}) as client:
        with pytest.raises(BadRequest):
            client.generate_video(prompt="a", action="img2video", model="veo3_fast")
        assert client.text_to_video("a").wait().succeeded


def test_an_invalid_script_is_refused_at_once() -> None:
    """The message has the valid words."""
    with pytest.raises(ScriptError, match="write one of"):
        FakeApi(Client, "succeed")
    with pytest.raises(SpecError, match="'Path': there is no client package"):
        FakeApi(Path)


def test_a_clock_never_goes_back() -> None:
    """Negative steps and chance outside its range are refused."""
    with pytest.raises(ValueError, match="does not go back"):
        FakeClock().advance(-1)
    with pytest.raises(ValueError, match="from 0 to below 1"):
        FakeClock(chance=1.0)


def test_chance_can_be_set_or_repeated() -> None:
    """A fixed number, or the same sequence every time."""
    clock = FakeClock(0.25)
    assert clock.random() == 0.25
    first, second = FakeClock(None), FakeClock(None)
    assert [first.random() for _ in range(3)] == [second.random() for _ in range(3)]
