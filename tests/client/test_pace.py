"""The pace, deadline and patience of a wait."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from email.utils import format_datetime
from unittest.mock import AsyncMock

import httpx
import pytest
from mountsea_gemini import ConnectionFailed, NotFound, ServerError, WaitTimeout
from mountsea_gemini._answers import Reader
from mountsea_gemini._drive import SyncDriver
from mountsea_gemini._exchange import Failed, Request
from mountsea_gemini._secrets import Redactor
from mountsea_gemini._waiting import Polling, wait_for_end
from mountsea_gemini.waiters import TASK as WAITER
from rulewright.testing import FakeClock

from tests.client.scripted import COMPLETED, PROCESSING, TASK, Play, Reply, Skin, reply, state, wait_error


def test_a_wait_polls_once_more_at_its_deadline(skin: Skin) -> None:
    """A task that finishes during the last sleep is returned."""
    clock = FakeClock()

    def answer(request: httpx.Request) -> httpx.Response:
        return (COMPLETED if clock.elapsed >= 60.0 else PROCESSING)(request)

    assert skin.do(skin.task(skin.client(Play(poll=[answer]), clock=clock)).wait(timeout=60)).succeeded
    assert clock.elapsed == 60.0


def test_a_wait_without_a_timeout_lasts_forty_minutes(skin: Skin) -> None:
    """Slow models need that long."""
    clock = FakeClock()
    assert type(wait_error(skin, Play(poll=[PROCESSING]), clock=clock)) is WaitTimeout
    assert clock.elapsed == 40 * 60


def test_slow_polls_do_not_stretch_the_deadline(skin: Skin) -> None:
    """Polls of 45 s within a budget of 60 s: the last one is cut off."""
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


def test_no_poll_lasts_long_past_the_deadline(skin: Skin) -> None:
    """Each gets the time that is left, and the last one 0.8 s."""
    clock = FakeClock()
    limits: list[float] = []

    def answer(request: httpx.Request) -> httpx.Response:
        limits.append(request.extensions["timeout"]["read"])
        return PROCESSING(request)

    wait_error(skin, Play(poll=[answer]), clock=clock, timeout=12)
    assert limits == pytest.approx([12.8, 10.3, 6.55, 0.925, 0.8])
    assert clock.slept == [2.5, 3.75, 5.625, 0.125]


def test_the_pace_is_full_jitter_between_zero_and_a_growing_bound(skin: Skin) -> None:
    """Delays are a random share of 5 s, growing by half up to 20 s."""
    clock = FakeClock(chance=0.999)
    wait_error(skin, Play(poll=[PROCESSING]), clock=clock, timeout=200)
    bounds = [5, 7.5, 11.25, 16.875, 20, 20]
    assert clock.slept[:6] == pytest.approx([bound * 0.999 for bound in bounds])


def test_an_hour_of_waiting_takes_at_most_400_polls(skin: Skin) -> None:
    """Polls are about ten seconds apart on average."""
    play = Play(poll=[PROCESSING])
    wait_error(skin, play, clock=FakeClock(chance=None), timeout=3600)
    assert len(play.seen) <= 400


def test_waiters_started_together_spread_their_polls() -> None:
    """No second has more than 40 % of all polls, and after ten seconds no more than 20 %."""
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
    """Never earlier than asked, in seconds or as a date."""
    clock = FakeClock(chance=0.0)
    date = format_datetime(datetime.fromtimestamp(clock.wall() + 17 + 33 + 9, UTC), usegmt=True)
    answers = [reply(status, {}, {"Retry-After": value}) for status, value in ((429, "17"), (503, "33"), (503, date))]
    skin.do(skin.task(skin.client(Play(poll=[*answers, COMPLETED]), clock=clock)).wait())
    assert clock.slept == [17.0, 33.0, 9.0]


def test_a_short_retry_after_does_not_speed_up_polls(skin: Skin) -> None:
    """A pause may last until the deadline itself."""
    clock = FakeClock(chance=0.8)
    play = Play(poll=[reply(429, {}, {"Retry-After": "1"}), reply(429, {}, {"Retry-After": "16"}), COMPLETED])
    skin.do(skin.task(skin.client(play, clock=clock)).wait(timeout=20))
    assert clock.slept == [4.0, 16.0]


def test_an_answer_in_between_renews_the_patience(skin: Skin) -> None:
    """Patience counts consecutive faults."""
    clock = FakeClock()
    poll = ([reply(502, b"")] * 40 + [PROCESSING]) * 5 + [COMPLETED]
    assert skin.do(skin.task(skin.client(Play(poll=poll), clock=clock)).wait()).succeeded
    assert clock.elapsed > 1200.0


def slow(clock: FakeClock, seconds: float, answer: Reply) -> Reply:
    """Return a reply that takes some seconds."""

    def answered(request: httpx.Request) -> httpx.Response:
        clock.advance(seconds)
        return answer(request)

    return answered


def test_patience_ends_at_its_last_second(skin: Skin) -> None:
    """Faults end a wait after 600 s, 404s after 30 s and at least three polls, counted from the first."""
    for answer, seconds, first, ended, kind in (
        (reply(502, b""), 300.0, state("processing"), 1200.0, ServerError),
        (reply(404, {}), 15.0, reply(404, {}), 45.0, NotFound),
        (reply(404, {}), 31.0, state("processing"), 124.0, NotFound),
    ):
        clock = FakeClock(chance=0.0)
        clock.advance(1000.0)
        play = Play(poll=[slow(clock, seconds, first), slow(clock, seconds, answer)])
        error = wait_error(skin, play, clock=clock)
        assert (type(error), error.task_id) == (kind, TASK)
        assert clock.elapsed == 1000.0 + ended


@pytest.mark.parametrize(
    ("status", "borne"),
    [(400, False), (404, True), (408, True), (425, True), (429, True), (499, False), (500, True), (599, True)],
)
def test_which_refusals_a_wait_survives(skin: Skin, status: int, borne: bool) -> None:
    """Those that may pass: busy, failing, or a task that is not known yet."""
    play = Play(poll=[reply(status, {}), COMPLETED])
    if borne:
        assert skin.do(skin.task(skin.client(play)).wait()).succeeded
    else:
        assert wait_error(skin, play).status == status
    assert len(play.seen) == 1 + borne


def test_a_poll_that_cannot_be_sent_ends_the_wait_at_once() -> None:
    """Patience does not help a request that cannot be built."""
    refused = Failed(sent=False, detail="the URL cannot be used", refused=True)
    polling = Polling(TASK, Request("GET", "no"), Reader(WAITER, Redactor(None)), 1.0)
    clock = FakeClock()
    driver = SyncDriver(AsyncMock(**{"send.return_value": refused}), clock)
    with pytest.raises(ConnectionFailed, match="the URL cannot be used"):
        driver.run(wait_for_end(polling, timeout=60.0, on_poll=None, fresh=False))
    assert clock.slept == []


def test_a_stepping_wall_clock_changes_nothing(skin: Skin) -> None:
    """Only the monotonic clock counts; a step of a day is not noticed."""
    slept = []
    for step in (0.0, -86400.0, 86400.0):
        clock = FakeClock()

        def answer(request: httpx.Request, clock: FakeClock = clock, step: float = step) -> httpx.Response:
            clock.step(step)
            return PROCESSING(request)

        wait_error(skin, Play(poll=[answer]), clock=clock, timeout=300)
        slept.append(clock.slept)
    assert slept[0] == slept[1] == slept[2]
