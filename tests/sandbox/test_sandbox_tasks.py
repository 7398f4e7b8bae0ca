"""Tasks: the meaning of a script, ageing, and which tasks are forgotten."""

from __future__ import annotations

from typing import Any

import pytest
from rulewright.sandbox import Script, ScriptError, Timing
from rulewright.sandbox.spec import Waiter
from rulewright.sandbox.tasks import EPOCH, Life, Settings, Task, Tasks
from rulewright.testing import FakeClock

ENDS = {"done": "success", "finished": "success", "burnt": "failure", "gone": "cancelled"}
WAITER = Waiter("id", "/id", {}, "/state", ("queued", "baking"), ENDS, None, {})
POLLS, SECONDS, NOW = Timing("polls", 2), Timing("seconds", 10), Timing("now")


@pytest.mark.parametrize(
    ("script", "end", "kind", "timing"),
    [
        (Script(), "done", "success", POLLS),
        (Script("slow"), "done", "success", Timing("polls", 10)),
        (Script("slow", NOW), "done", "success", Timing("polls", 5)),
        (Script("flaky"), "done", "success", POLLS),
        (Script("no-url"), "done", "success", POLLS),
        (Script("finished", SECONDS), "finished", "success", SECONDS),
        (Script("failure"), "burnt", "failure", POLLS),
        (Script("burnt"), "burnt", "failure", POLLS),
        (Script("cancelled"), "gone", "cancelled", POLLS),
        (Script("never"), None, "never", POLLS),
        (Script("never", NOW), None, "never", NOW),
    ],
)
def test_what_a_script_means_for_a_task(script: Script, end: str | None, kind: str, timing: Timing) -> None:
    """An outcome is a state, or the first state of that kind; the script's timing wins."""
    ends = [end] if end else []
    assert Life.of(script, WAITER, POLLS) == Life(("queued", "baking", *ends), kind, timing, script)


@pytest.mark.parametrize("outcome", ["timeout", "queued", ""])
def test_an_unknown_outcome_is_refused(outcome: str) -> None:
    """The valid words are listed in order."""
    with pytest.raises(ScriptError) as caught:
        Life.of(Script(outcome), WAITER, POLLS)
    assert str(caught.value) == (
        f"{outcome!r} is not an outcome; write one of burnt, cancelled, done, failure, finished, flaky, gone, never, "
        "no-url, slow, success, timeout"
    )


def make_task(script: Script, clock: FakeClock, timing: Timing = POLLS) -> Task:
    """Return a task that was just created."""
    return Task("id", Life.of(script, WAITER, timing), clock.now(), clock.wall(), tall=False)


def test_a_task_ages_by_the_polls_that_were_answered() -> None:
    """It finishes when its terminal state is shown."""
    clock = FakeClock()
    task = make_task(Script(), clock)
    seen = []
    for task.answered in range(6):
        seen.append((task.state(clock), task.finished))
        clock.advance(1)
    end = EPOCH + 4
    unfinished = [(state, None) for state in ("queued", "queued", "baking", "baking")]
    assert seen == [*unfinished, ("done", end), ("done", end)]


def test_a_task_ages_by_seconds() -> None:
    """Polls do not matter; it finishes when its last state is over."""
    clock = FakeClock()
    clock.advance(5)
    task = make_task(Script(timing=SECONDS), clock)
    seen = []
    for seconds in (9, 1, 9, 12, 30):
        clock.advance(seconds)
        seen.append(task.state(clock))
    assert seen == ["queued", "baking", "baking", "done", "done"]
    assert task.finished == task.created + 20 == EPOCH + 25


def test_a_task_without_waiting_or_without_end() -> None:
    """Its first poll is terminal, or its last state lasts for ever."""
    clock = FakeClock()
    clock.advance(7)
    task = make_task(Script("burnt", NOW), clock)
    assert (task.state(clock), task.finished) == ("burnt", EPOCH + 7)
    for timing in (NOW, SECONDS, POLLS):
        task = make_task(Script("never", timing), clock)
        task.answered = 99
        clock.advance(99)
        assert (task.state(clock), task.finished) == ("baking", None)


def test_a_task_never_goes_back() -> None:
    """Even if the counter does."""
    clock = FakeClock()
    task = make_task(Script(), clock)
    task.answered = 2
    assert task.state(clock) == "baking"
    task.answered = 0
    assert task.state(clock) == "baking"
    assert (task.polls, task.downloads, task.step) == (0, 0, 1)


def tasks(limit: int, clock: FakeClock | None = None) -> Tasks:
    """Return an empty store."""
    return Tasks(clock or FakeClock(), Settings(max_tasks=limit), ())


def life(script: str = "") -> Life:
    """Return the life that a script describes."""
    return Life.of(Script.parse(script), WAITER, POLLS)


def test_a_task_is_found_by_its_id() -> None:
    """Ids follow from the seed, in the requested form."""
    clock = FakeClock()
    clock.advance(3)
    memory = tasks(9, clock)
    first, second = memory.add(life(), tall=True), memory.add(life("now"), tall=False, id_of=str.upper)
    assert first == Task("e3e70682-c209-4cac-a29f-6fbed82c07cd", life(), 3.0, EPOCH + 3, tall=True)
    assert second == Task("F728B4FA-4248-4E3A-AA5D-2F346BAA9455", life("now"), 3.0, first.created, tall=False)
    assert memory.get(first.id) is first
    assert memory.get(second.id) is second
    assert memory.get("x") is None
    assert (len(memory), memory.forgotten) == (2, 0)
    assert Tasks(clock, Settings(seed=1, max_tasks=9), ()).add(life(), tall=True).id != first.id


def kept_tasks(memory: Tasks, made: list[Task]) -> list[int]:
    """Return the numbers of the tasks that are still known."""
    return [number for number, task in enumerate(made) if memory.get(task.id)]


@pytest.mark.parametrize(
    ("limit", "scripts", "kept"),
    [
        (3, ["", "", ""], [1, 2]),
        (3, ["", "now", ""], [0, 2]),
        (3, ["never", "seconds=1", "seconds=1"], [0, 2]),
        (3, ["never", "seconds=1", "never seconds=1"], [0, 2]),
        (1, [""], []),
        (11, [""] * 11, list(range(2, 11))),
        (11, ["", "", "now", *[""] * 8], [1, *range(3, 11)]),
        (11, ["", "now", "now", "now", *[""] * 7], [0, *range(3, 11)]),
    ],
)
def test_a_fifth_is_forgotten_at_the_limit(limit: int, scripts: list[str], kept: list[int]) -> None:
    """The oldest terminal ones first, then the oldest of all."""
    clock = FakeClock()
    memory = tasks(limit, clock)
    made = [memory.add(life(script), tall=False) for script in scripts]
    assert kept_tasks(memory, made) == list(range(limit))
    clock.advance(60)
    memory.add(life(), tall=False)
    assert kept_tasks(memory, made) == kept
    assert memory.forgotten == limit - len(kept)


def test_a_task_whose_end_was_seen_is_forgotten_first() -> None:
    """Also one that ages by polls."""
    memory = tasks(3)
    made: list[Any] = [memory.add(life(), tall=False) for _ in range(3)]
    made[1].answered = made[2].answered = 4
    assert [memory.state(task) for task in made[:2]] == ["queued", "done"]
    memory.add(life(), tall=False)
    assert kept_tasks(memory, made) == [0, 2]
    memory.add(life(), tall=False)
    assert (kept_tasks(memory, made), memory.forgotten) == ([2], 2)
