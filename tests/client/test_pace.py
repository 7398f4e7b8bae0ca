"""Waiting: deadlines, pace and patience."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any
from unittest.mock import Mock

import httpx
import pytest
from mountsea_gemini import ApiError, ConnectionFailed, NotFound, ServerError, WaitTimeout
from mountsea_gemini._answers import Reader
from mountsea_gemini._drive import SyncDriver
from mountsea_gemini._exchange import Failed, Request
from mountsea_gemini._secrets import Redactor
from mountsea_gemini._waiting import Polling, wait_for_end
from mountsea_gemini.waiters import TASK as WAITER
from rulewright.testing import FakeClock

from tests.client.scripted import COMPLETED, PROCESSING, TASK, Play, Reply, Skin, reply, state


def wait_error(skin: Skin, play: Play, **options: Any) -> Any:
    """Wait, and return the error that must come of it."""
    clock = options.pop("clock", None) or FakeClock()
    with pytest.raises(ApiError) as caught:
        skin.do(skin.task(skin.client(play, clock=clock)).wait(**options))
    return caught.value


def test_a_wait_ends_at_its_deadline_with_a_last_look(skin: Skin) -> None:
    """A task that finishes during the last sleep is returned, not lost."""
    clock = FakeClock()

    def answer(request: httpx.Request) -> httpx.Response:
        return (COMPLETED if clock.elapsed >= 60.0 else PROCESSING)(request)

    assert skin.do(skin.task(skin.client(Play(poll=[answer]), clock=clock)).wait(timeout=60)).succeeded
    assert clock.elapsed == 60.0


def test_a_wait_without_a_timeout_is_patient_with_the_slow_models(skin: Skin) -> None:
    """Forty minutes, as callers of them allow."""
    clock = FakeClock()
    assert type(wait_error(skin, Play(poll=[PROCESSING]), clock=clock)) is WaitTimeout
    assert clock.elapsed == 40 * 60


def test_a_timed_out_wait_names_how_to_continue_and_submits_nothing(skin: Skin) -> None:
    """The task goes on; its id, its last state and the way back to it are in the error."""
    clock = FakeClock()
    play = Play(poll=[PROCESSING])
    error = wait_error(skin, play, clock=clock, timeout=60)
    assert isinstance(error, WaitTimeout)
    assert isinstance(error, TimeoutError)
    assert error.task_id == TASK
    assert f"client.task('{TASK}')" in str(error)
    assert 'last seen as "processing"' in str(error)
    assert play.of("submit") == []
    assert clock.elapsed == 60.0


def test_a_timeout_of_zero_looks_once(skin: Skin) -> None:
    """Zero means: as it stands now."""
    play = Play(poll=[PROCESSING])
    assert isinstance(wait_error(skin, play, timeout=0), WaitTimeout)
    assert len(play.seen) == 1


def test_slow_polls_do_not_stretch_the_deadline(skin: Skin) -> None:
    """Polls that take 45 s each within a budget of 60 s: the last one is cut, not awaited."""
    clock = FakeClock()
    limits: list[float] = []

    def slow(request: httpx.Request) -> httpx.Response:
        limit = request.extensions["timeout"]["read"]
        limits.append(limit)
        clock.advance(min(45.0, limit))
        if limit < 45.0:
            raise httpx.ReadTimeout("scripted")
        return PROCESSING(request)

    error = wait_error(skin, Play(poll=[slow]), clock=clock, timeout=60)
    assert isinstance(error, WaitTimeout)
    assert clock.elapsed <= 61.0
    assert limits[0] == 30.0


def test_no_look_is_awaited_long_past_the_deadline(skin: Skin) -> None:
    """Each is given what is left of the wait, and the one taken at the deadline 0.8 s."""
    clock = FakeClock()
    limits: list[float] = []

    def answer(request: httpx.Request) -> httpx.Response:
        limits.append(request.extensions["timeout"]["read"])
        return PROCESSING(request)

    wait_error(skin, Play(poll=[answer]), clock=clock, timeout=12)
    assert limits == pytest.approx([12.8, 10.3, 6.55, 0.925, 0.8])
    assert clock.slept == [2.5, 3.75, 5.625, 0.125]


def test_a_task_submitted_just_now_is_given_a_moment(skin: Skin) -> None:
    """No task is ready at once, so the first look waits as all others do; a task of earlier is looked at directly."""
    clock = FakeClock()
    play = Play(poll=[PROCESSING, COMPLETED])
    task = skin.do(skin.client(play, clock=clock).text_to_video("a cat"))
    skin.do(task.wait())
    assert clock.slept == [2.5, 3.75]


def test_the_pace_is_full_jitter_between_zero_and_a_growing_bound(skin: Skin) -> None:
    """Delays are a share of 5 s, growing by half up to 20 s, whatever chance says."""
    clock = FakeClock(chance=0.999)
    wait_error(skin, Play(poll=[PROCESSING]), clock=clock, timeout=200)
    bounds = [5, 7.5, 11.25, 16.875, 20, 20]
    assert clock.slept[:6] == pytest.approx([bound * 0.999 for bound in bounds])


def test_an_hour_of_waiting_takes_at_most_400_polls(skin: Skin) -> None:
    """The API is not hammered: ten seconds lie between two looks on average."""
    play = Play(poll=[PROCESSING])
    wait_error(skin, play, clock=FakeClock(chance=None), timeout=3600)
    assert len(play.seen) <= 400


def test_waiters_started_together_spread_their_polls() -> None:
    """After a common start no second sees polls of more than 40 % of them, and after ten seconds of more than 20 %."""
    waiters = 300
    looks: Counter[int] = Counter()
    skin = Skin("sync")
    clock = FakeClock(chance=None)
    start = 0.0

    def answer(request: httpx.Request) -> httpx.Response:
        looks[int(clock.elapsed - start)] += 1
        return PROCESSING(request)

    client = skin.client(Play(poll=[answer]), clock=clock)
    for _ in range(waiters):
        start = clock.elapsed
        with pytest.raises(WaitTimeout):
            client.text_to_video("a cat").wait(timeout=40)
    assert max(looks[second] for second in range(40)) <= waiters * 0.4
    assert max(looks[second] for second in range(10, 40)) <= waiters * 0.2


def test_retry_after_on_a_poll_is_obeyed(skin: Skin) -> None:
    """Never earlier than asked, even where the own pace would be quicker."""
    clock = FakeClock(chance=0.0)
    play = Play(poll=[reply(429, {}, {"Retry-After": "17"}), reply(503, {}, {"Retry-After": "33"}), COMPLETED])
    skin.do(skin.task(skin.client(play, clock=clock)).wait())
    assert clock.slept == [17.0, 33.0]


def test_a_retry_after_on_a_poll_may_be_a_date(skin: Skin) -> None:
    """Read against our clock, where the server does not tell its own."""
    clock = FakeClock(chance=0.0)
    moment = format_datetime(datetime.fromtimestamp(clock.wall() + 9, UTC), usegmt=True)
    play = Play(poll=[reply(503, {}, {"Retry-After": moment}), COMPLETED])
    skin.do(skin.task(skin.client(play, clock=clock)).wait())
    assert clock.slept == [9.0]


def test_retry_after_on_a_poll_hurries_nobody(skin: Skin) -> None:
    """Where the own pace is slower, it stays so; and what is asked may reach to the deadline itself."""
    clock = FakeClock(chance=0.8)
    play = Play(poll=[reply(429, {}, {"Retry-After": "1"}), reply(429, {}, {"Retry-After": "16"}), COMPLETED])
    skin.do(skin.task(skin.client(play, clock=clock)).wait(timeout=20))
    assert clock.slept == [4.0, 16.0]


def test_a_retry_after_beyond_the_deadline_ends_the_wait_at_once(skin: Skin) -> None:
    """Sleeping silently towards a certain time-out helps nobody; the value is on the error."""
    clock = FakeClock()
    error = wait_error(skin, Play(poll=[reply(429, {}, {"Retry-After": "3600"})]), clock=clock, timeout=60)
    assert isinstance(error, WaitTimeout)
    assert error.retry_after == 3600.0
    assert clock.slept == []


def test_an_outage_longer_than_the_patience_ends_the_wait(skin: Skin) -> None:
    """Ten minutes of nothing but faults: the error is the fault's own, with the task's id."""
    clock = FakeClock()
    error = wait_error(skin, Play(poll=[reply(502, b"<html>")]), clock=clock)
    assert isinstance(error, ServerError)
    assert error.task_id == TASK
    assert 600 <= clock.elapsed <= 620


def test_an_answer_in_between_renews_the_patience(skin: Skin) -> None:
    """Patience counts faults in a row, not faults in all."""
    clock = FakeClock()
    poll = ([reply(502, b"")] * 40 + [PROCESSING]) * 5 + [COMPLETED]
    assert skin.do(skin.task(skin.client(Play(poll=poll), clock=clock)).wait()).succeeded
    assert clock.elapsed > 1200.0


def slow(clock: FakeClock, seconds: float, answer: Reply) -> Reply:
    """Return an answer that takes its time."""

    def answered(request: httpx.Request) -> httpx.Response:
        clock.advance(seconds)
        return answer(request)

    return answered


def test_patience_ends_at_its_last_second(skin: Skin) -> None:
    """Faults are borne for 600 s from the first one on; 404s for 30 s from the first one on, and at least three."""
    for answer, seconds, first, ended in (
        (reply(502, b""), 300.0, state("processing"), 1200.0),
        (reply(404, {}), 15.0, reply(404, {}), 45.0),
        (reply(404, {}), 31.0, state("processing"), 124.0),
    ):
        clock = FakeClock(chance=0.0)
        clock.advance(1000.0)
        play = Play(poll=[slow(clock, seconds, first), slow(clock, seconds, answer)])
        wait_error(skin, play, clock=clock)
        assert clock.elapsed == 1000.0 + ended


@pytest.mark.parametrize(
    ("status", "borne"),
    [(400, False), (404, True), (408, True), (425, True), (429, True), (499, False), (500, True), (599, True)],
)
def test_which_refusals_a_wait_bears(skin: Skin, status: int, borne: bool) -> None:
    """Those that may be over at the next look: the server is busy, failing or has not heard of the task yet."""
    play = Play(poll=[reply(status, {}), COMPLETED])
    if borne:
        assert skin.do(skin.task(skin.client(play)).wait()).succeeded
    else:
        assert wait_error(skin, play).status == status
    assert len(play.seen) == 1 + borne


def test_a_look_that_cannot_be_sent_ends_the_wait_at_once() -> None:
    """No patience mends a request that cannot be made."""
    refused = Failed("refused", sent=False, detail="the URL cannot be used")
    polling = Polling(TASK, Request("GET", "no"), Reader(WAITER, Redactor(None)), 1.0)
    clock = FakeClock()
    driver = SyncDriver(Mock(**{"send.return_value": refused}), clock)
    with pytest.raises(ConnectionFailed, match="the URL cannot be used"):
        driver.run(wait_for_end(polling, timeout=60.0, on_poll=None, fresh=False))
    assert clock.slept == []


def test_not_found_is_final_after_the_grace(skin: Skin) -> None:
    """A fresh task may not be visible yet for 30 s; after that the id is wrong."""
    clock = FakeClock()
    error = wait_error(skin, Play(poll=[reply(404, {})]), clock=clock)
    assert type(error) is NotFound
    assert 30 <= clock.elapsed <= 50


def test_a_stepping_wall_clock_changes_nothing(skin: Skin) -> None:
    """Only a clock that never goes back decides; a day's step in either direction is not noticed."""
    slept = []
    for step in (0.0, -86400.0, 86400.0):
        clock = FakeClock()

        def answer(request: httpx.Request, clock: FakeClock = clock, step: float = step) -> httpx.Response:
            clock.step(step)
            return PROCESSING(request)

        wait_error(skin, Play(poll=[answer]), clock=clock, timeout=300)
        slept.append(clock.slept)
    assert slept[0] == slept[1] == slept[2]
