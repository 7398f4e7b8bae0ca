"""Workers are killed, stopped and cut off at any moment: no submit is sent twice, and no task is lost.

The default run holds a small part of it; `nox -s chaos` runs the whole and prints its table.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest

from tests.cli.chaos import IN_FLIGHT, Chaos, check, postgresql, processor_time, resident, storm


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Return an empty store of each kind."""
    with postgresql() if request.param == "postgresql" else nullcontext(str(tmp_path / "chaos.sqlite")) as found:
        yield found


@pytest.mark.heavy
def test_two_killed_workers_cost_no_task(tmp_path: Path) -> None:
    """The next worker adopts their submits in flight, and repeats none."""
    with Chaos(str(tmp_path / "chaos.sqlite"), tmp_path, 16, "slow=0.3@submit now") as chaos:
        for sent in (2, 8):
            worker = chaos.start()
            chaos.until(sent=sent)
            chaos.kill(worker)
        assert chaos.run("resume").returncode in {0, 8}
        check(chaos.report())


@pytest.mark.heavy
def test_a_storm_of_kills(place: str, tmp_path: Path) -> None:
    """500 tasks, two workers, 30 kills at random moments."""
    with Chaos(place, tmp_path, 500, "slow=1.5@submit polls=2") as chaos:
        storm(chaos, kills=30, seed=17)
        check(chaos.report())


@pytest.mark.heavy
def test_a_stopped_worker_that_goes_on_sends_nothing_twice(place: str, tmp_path: Path) -> None:
    """Others adopt its tasks while it is stopped."""
    with Chaos(place, tmp_path, 200, "slow=0.2@submit now", ("--lease", "3")) as chaos:
        workers = [chaos.start(), chaos.start()]
        for number in range(6):
            chaos.until(sent=10 + 25 * number)
            stopped = workers[number % 2]
            stopped.send_signal(signal.SIGSTOP)
            time.sleep(6)
            stopped.send_signal(signal.SIGCONT)
        while not chaos.over():
            time.sleep(1)
        report = chaos.report()
        assert (report["twice"], report["lost"]) == (0, 0), report
        assert report["unknown"] <= 6 * IN_FLIGHT, report
        print(report)


@pytest.mark.heavy
def test_all_workers_die_and_others_adopt_their_tasks(place: str, tmp_path: Path) -> None:
    """One worker finishes every line after five were killed at once."""
    with Chaos(place, tmp_path, 200, "slow=0.3@submit polls=2") as chaos:
        workers = [chaos.start() for _ in range(5)]
        chaos.until(sent=60)
        for worker in workers:
            worker.send_signal(signal.SIGKILL)
        for worker in workers:
            chaos.kill(worker)
        assert chaos.run("resume").returncode in {0, 8}
        check(chaos.report())


@pytest.mark.heavy
def test_a_rate_limit_of_the_vendor_loses_no_line(place: str, tmp_path: Path) -> None:
    """Two workers exceed 20 submits a second, and all 500 lines are done."""
    with Chaos(place, tmp_path, 500, "now", in_flight=100, limit=20) as chaos:
        for _ in range(2):
            chaos.start()
        while not chaos.over():
            time.sleep(1)
        report = chaos.report()
        assert (report["done"], report["accepted"]) == (500, 500), report
        print(report)


@pytest.mark.heavy
def test_a_backlog_of_twenty_thousand(place: str, tmp_path: Path) -> None:
    """Measure files a second, processor time a task, and memory a worker with a full queue."""
    began = time.monotonic()
    with Chaos(place, tmp_path, 20_000, "now") as chaos:
        enqueued = time.monotonic() - began
        workers = [chaos.start(), chaos.start()]
        chaos.until(files=50)
        before, spent, began = chaos.files(), sum(map(processor_time, workers)), time.monotonic()
        time.sleep(60)
        done, seconds = chaos.files() - before, time.monotonic() - began
        spent = sum(map(processor_time, workers)) - spent
        memory = max(map(resident, workers))
        for worker in workers:
            worker.send_signal(signal.SIGTERM)
            assert worker.wait(60) == 143
        print(
            f"20,000 lines enqueued in {enqueued:.0f} s; {done / seconds:.1f} tasks/s,"
            f" {1000 * spent / done:.0f} ms of processor time a task, {memory / 2**20:.0f} MiB a worker"
        )
        assert done > 60
