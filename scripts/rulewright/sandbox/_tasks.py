"""Tasks: lives that only move on, kept within bounds."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Final

from rulewright.sandbox._clock import Clock
from rulewright.sandbox._script import Outcome, Script, ScriptError, Timing
from rulewright.sandbox._spec import Waiter

_SLOWER: Final = 5


@dataclass(frozen=True, slots=True)
class Life:
    """What a script means for tasks of one waiter.

    Args:
        states: All states in order; the last one stays.
        kind: The acceptor kind of the last one, or "never" where it is no end.
        timing: How long each state lasts.
        script: Where it comes from.
    """

    states: tuple[str, ...]
    kind: str
    timing: Timing
    script: Script

    @staticmethod
    def of(script: Script, waiter: Waiter, timing: Timing) -> Life:
        """Work out the life a script means.

        Raises:
            ScriptError: The outcome is neither a word of the sandbox nor a final state of the document.
        """
        timing = script.timing or timing
        if script.outcome == Outcome.SLOW:
            timing = timing.slower(_SLOWER)
        if script.outcome == Outcome.NEVER:
            return Life(waiter.waiting, "never", timing, script)
        end = _end(script.outcome, waiter.ends)
        return Life((*waiter.waiting, end), waiter.ends[end], timing, script)


def _end(outcome: str, ends: Mapping[str, str]) -> str:
    if outcome in ends:
        return outcome
    kind = Outcome.SUCCESS if outcome in {Outcome.SLOW, Outcome.FLAKY, Outcome.NO_URL} else outcome
    for state, of_kind in ends.items():
        if of_kind == kind:
            return state
    words = sorted({*ends, *Outcome})
    raise ScriptError(f"{outcome!r} is no outcome: write one of {', '.join(words)}")


@dataclass(slots=True)
class Task:
    """One task.

    Args:
        id: Unlike any other's.
        life: What becomes of it.
        born: Monotonic seconds at the submit.
        created: The date its answers carry.
        tall: Whether its result is higher than wide.
    """

    id: str
    life: Life
    born: float
    created: datetime
    tall: bool
    polls: int = 0
    answered: int = 0
    downloads: int = 0
    step: int = 0
    finished: datetime | None = None

    def look(self, clock: Clock) -> str:
        """Return the state as it stands now; it never goes back, whatever the clock does."""
        life, timing = self.life, self.life.timing
        last = len(life.states) - 1
        if timing.mode == "now":
            step = last
        elif timing.mode == "polls":
            step = int(self.answered / timing.each)
        else:
            step = int((clock.monotonic() - self.born) / timing.each)
        self.step = max(self.step, min(step, last))
        if self.step == last and self.finished is None and life.kind != "never":
            timed = timing.mode == "seconds"
            self.finished = self.created + timedelta(seconds=timing.each * last) if timed else clock.now()
        return life.states[self.step]


class Tasks:
    """The tasks a sandbox remembers.

    Args:
        clock: What time it is.
        seed: Decides the ids.
        limit: How many are kept; beyond it the oldest that have ended are forgotten, a fifth at a time.
    """

    def __init__(self, clock: Clock, seed: int, limit: int) -> None:
        self._clock = clock
        self._ids = random.Random(seed)  # noqa: S311  ids must be repeatable, not secret
        self._limit = limit
        self._tasks: dict[str, Task] = {}
        self.forgotten = 0

    def __len__(self) -> int:
        return len(self._tasks)

    def get(self, task_id: str) -> Task | None:
        """Return the task with that id, or None if there never was one or it was forgotten."""
        return self._tasks.get(task_id)

    def look(self, task: Task) -> str:
        """Return the state of a task as it stands now."""
        return task.look(self._clock)

    def add(self, life: Life, *, tall: bool, form: Callable[[str], str] = str) -> Task:
        """Start a task; `form` makes its id of a UUID."""
        if len(self._tasks) >= self._limit:
            self._forget(max(1, self._limit // 5))
        task = Task(form(self._new_id()), life, self._clock.monotonic(), self._clock.now(), tall)
        self._tasks[task.id] = task
        return task

    def _new_id(self) -> str:
        digits = f"{self._ids.getrandbits(128):032x}"
        return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"

    def _forget(self, count: int) -> None:
        """Forget the oldest that have ended, and if those are too few the oldest of all."""
        ended = (task.id for task in self._tasks.values() if self._has_ended(task))
        doomed = set(islice(ended, count))
        for task_id in self._tasks:
            if len(doomed) == count:
                break
            doomed.add(task_id)
        for task_id in doomed:
            del self._tasks[task_id]
        self.forgotten += len(doomed)

    def _has_ended(self, task: Task) -> bool:
        """Tell whether a task has ended, be it unseen by the passing of time."""
        if task.life.timing.mode != "polls":
            task.look(self._clock)
        return task.finished is not None
