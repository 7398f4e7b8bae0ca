"""Tasks: lives that only move on, kept within bounds."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Final

from ._clock import Clock
from ._script import Outcome, Script, ScriptError, Timing
from ._spec import Waiter

_SLOWER: Final = 5


@dataclass(frozen=True, slots=True)
class Life:
    """What a script means for tasks of one waiter.

    Args:
        waiting: The states on the way.
        end: The last state; None when it never comes.
        kind: The acceptor kind of the end.
        timing: How long each state lasts.
        script: Where it comes from.
    """

    waiting: tuple[str, ...]
    end: str | None
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
            return Life(waiter.waiting, None, "never", timing, script)
        end = _end(script.outcome, waiter.ends)
        return Life(waiter.waiting, end, waiter.ends[end], timing, script)


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
        timing, last = self.life.timing, len(self.life.waiting)
        if timing.mode == "now":
            step = last
        elif timing.mode == "polls":
            step = int(self.answered // timing.each)
        else:
            step = int((clock.monotonic() - self.born) // timing.each)
        if self.life.end is None:
            last -= 1
        self.step = max(self.step, min(step, last))
        if self.step < len(self.life.waiting):
            return self.life.waiting[self.step]
        if self.finished is None:
            self.finished = self._end_date(clock)
        return self.life.end or ""

    def _end_date(self, clock: Clock) -> datetime:
        if self.life.timing.mode != "seconds":
            return clock.now()
        return self.created + timedelta(seconds=self.life.timing.each * len(self.life.waiting))


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
        self._may_have_ended = False  # while none can have, nobody need look at them all
        self.forgotten = 0

    def __len__(self) -> int:
        return len(self._tasks)

    def get(self, task_id: str) -> Task | None:
        """Return the task with that id, or None if there never was one or it was forgotten."""
        return self._tasks.get(task_id)

    def look(self, task: Task) -> str:
        """Return the state of a task as it stands now."""
        state = task.look(self._clock)
        self._may_have_ended = self._may_have_ended or task.finished is not None
        return state

    def add(self, life: Life, *, tall: bool, form: Callable[[str], str] = str) -> Task:
        """Start a task; `form` makes its id of a UUID."""
        if len(self._tasks) >= self._limit:
            self._forget(max(1, self._limit // 5))
        task = Task(form(self._new_id()), life, self._clock.monotonic(), self._clock.now(), tall)
        self._tasks[task.id] = task
        self._may_have_ended = self._may_have_ended or life.timing.mode != "polls"
        return task

    def _new_id(self) -> str:
        digits = f"{self._ids.getrandbits(128):032x}"
        return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"

    def _forget(self, count: int) -> None:
        """Forget the oldest that have ended, and if those are too few the oldest of all."""
        ended = (task.id for task in self._tasks.values() if task.finished or self._ends_unseen(task))
        doomed = dict.fromkeys(islice(ended, count) if self._may_have_ended else ())
        for task_id in self._tasks:
            if len(doomed) == count:
                break
            doomed[task_id] = None
        for task_id in doomed:
            del self._tasks[task_id]
        self.forgotten += len(doomed)

    def _ends_unseen(self, task: Task) -> bool:
        """Tell whether a task that nobody saw the end of has ended all the same, by the passing of time."""
        if task.life.timing.mode != "polls":
            task.look(self._clock)
        return task.finished is not None
