"""Tasks: their states over time, their ids, the scripts that wait for them, and the limit on how many are kept."""

from __future__ import annotations

import random
import re
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, Protocol

from rulewright.openapi.sample import matching_text
from rulewright.sandbox.script import Outcome, Script, ScriptError, Timing
from rulewright.sandbox.spec import Schema, Waiter

SANDBOX_TOKEN: Final = "sandbox"  # noqa: S105  published on purpose; nothing else accepts it
EPOCH: Final = datetime(2026, 1, 1, tzinfo=UTC).timestamp()
_SLOWER: Final = 5
_TRIED: Final = ("e3e70682-c209-4cac-a29f-6fbed82c07cd", "f728b4fa-4248-4e3a-aa5d-2f346baa9455")


class Clock(Protocol):
    """The time of a sandbox: it decides the states of tasks and the dates in responses."""

    def now(self) -> float:
        """Return seconds since some fixed point; never smaller than before."""
        ...

    def wall(self) -> float:
        """Return the current date, in seconds since 1970."""
        ...

    def advance(self, seconds: float) -> bool:
        """Let that much time pass without waiting and return True, or return False: the caller must wait."""
        ...


class SteadyClock:
    """Real elapsed time; dates are invented, so that the same seed gives the same bytes.

    The calendar starts in 2026 and moves on by one second each time it is read.
    """

    def __init__(self) -> None:
        self._reads = 0

    def now(self) -> float:
        """Return real monotonic seconds."""
        return time.monotonic()

    def wall(self) -> float:
        """Return the next second of the invented calendar."""
        self._reads += 1
        return EPOCH + self._reads

    def advance(self, seconds: float) -> bool:  # noqa: ARG002  the protocol's signature
        """Return False: real time passes only by waiting."""
        return False


def date_text(seconds: float) -> str:
    """Return a date as RFC 3339 text in UTC with milliseconds, the way JavaScript servers write it."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass(frozen=True, slots=True)
class Settings:
    """How a sandbox behaves.

    Args:
        token: The accepted credential.
        seed: The seed of the task ids.
        timing: How long each state of a task lasts, where its script has no timing.
        script: The script of a task that neither the queue nor a header gives one.
        strict: Whether rules of level "warning" are enforced too.
        max_tasks: How many tasks are kept.
        max_body: The largest request body accepted, in bytes.
    """

    token: str = SANDBOX_TOKEN
    seed: int = 0
    timing: Timing = field(default_factory=Timing)
    script: Script = field(default_factory=Script)
    strict: bool = False
    max_tasks: int = 10_000
    max_body: int = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Life:
    """The states of a task of one waiter, as a script wants them.

    Args:
        states: All states in order; the last one stays.
        kind: The acceptor of the last one, or "never" where it is not terminal.
        timing: How long each state lasts.
        script: The script.
    """

    states: tuple[str, ...]
    kind: str
    timing: Timing
    script: Script

    @staticmethod
    def of(script: Script, waiter: Waiter, timing: Timing) -> Life:
        """Return the life that a script means for tasks of a waiter.

        Raises:
            ScriptError: The outcome is neither a word of the sandbox nor a terminal state of the document.
        """
        timing = script.timing or timing
        if script.outcome == Outcome.SLOW:
            timing = timing.slower(_SLOWER)
        if script.outcome == Outcome.NEVER:
            return Life(waiter.waiting, "never", timing, script)
        outcome = _end(script.outcome, waiter.outcomes)
        return Life((*waiter.waiting, waiter.end(outcome)), waiter.outcomes[outcome], timing, script)


def _end(outcome: str, ends: Mapping[str, str]) -> str:
    if outcome in ends:
        return outcome
    kind = Outcome.SUCCESS if outcome in {Outcome.SLOW, Outcome.FLAKY, Outcome.NO_URL} else outcome
    for state, of_kind in ends.items():
        if of_kind == kind:
            return state
    words = sorted({*ends, *Outcome})
    raise ScriptError(f"{outcome!r} is not an outcome; write one of {', '.join(words)}")


@dataclass(slots=True)
class Task:
    """One task.

    Args:
        id: Its id, unique in the sandbox.
        life: Its states.
        born: Seconds of the clock at the submit.
        created: The date of the submit, in seconds since 1970.
        tall: Whether its result is higher than wide.
        output: Where the answer to a poll holds its result, if the submit names a place of its own.
        media: The media type of its file, as far as the document names it.
    """

    id: str
    life: Life
    born: float
    created: float
    tall: bool
    output: str | None = None
    media: str = ""
    polls: int = 0
    answered: int = 0
    downloads: int = 0
    step: int = 0
    finished: float | None = None

    def state(self, clock: Clock) -> str:
        """Return the current state; it never goes back, whatever the clock does."""
        life, timing = self.life, self.life.timing
        last = len(life.states) - 1
        if timing.mode == "now":
            step = last
        elif timing.mode == "polls":
            step = int(self.answered / timing.each)
        else:
            step = int((clock.now() - self.born) / timing.each)
        self.step = max(self.step, min(step, last))
        if self.step == last and self.finished is None and life.kind != "never":
            self.finished = self.created + timing.each * last if timing.mode == "seconds" else clock.wall()
        return life.states[self.step]


class Tasks:
    """The tasks of a sandbox, and the scripts queued for the next ones.

    Args:
        clock: The time.
        settings: Seed, timing, default script and limit; beyond the limit the oldest ended tasks are forgotten,
            a fifth at a time.
        waiters: Every waiter of the document.
    """

    def __init__(self, clock: Clock, settings: Settings, waiters: Sequence[Waiter]) -> None:
        self._clock = clock
        self._settings = settings
        self._waiters = waiters
        self.queue: deque[Script] = deque()
        self.reset()

    def reset(self) -> None:
        """Forget tasks and queued scripts, and start the ids again."""
        self._ids = random.Random(self._settings.seed)  # noqa: S311  ids must be repeatable, not secret
        self._tasks: dict[str, Task] = {}
        self.forgotten = 0
        self.queue.clear()

    def __len__(self) -> int:
        return len(self._tasks)

    def __iter__(self) -> Iterator[str]:
        return iter(self._tasks)

    def enqueue(self, scripts: Sequence[Script]) -> int:
        """Queue scripts, all or none, and return the length of the queue.

        Raises:
            ScriptError: No state of the document stands for an outcome.
        """
        for script in scripts:
            self.check(script)
        self.queue.extend(scripts)
        return len(self.queue)

    def check(self, script: Script) -> None:
        """Refuse a script whose outcome no waiter of the document has a state for.

        Raises:
            ScriptError: Names the outcomes there are.
        """
        refused: list[ScriptError] = []
        for waiter in self._waiters:
            try:
                self.life(script, waiter)
            except ScriptError as error:
                refused.append(error)
        if refused and len(refused) == len(self._waiters):
            raise refused[0]

    def life(self, script: Script, waiter: Waiter) -> Life:
        """Return the life that a script means for tasks of a waiter, with the sandbox's own timing."""
        return Life.of(script, waiter, self._settings.timing)

    def next_script(self, header: str | None) -> Script:
        """Return the script for a call: the one in its header, else the next queued one, else the default.

        Raises:
            ScriptError: The header is not a script.
        """
        if header is not None:
            script = Script.parse(header)
            self.check(script)
            return script
        return self.queue.popleft() if self.queue else self._settings.script

    def get(self, task_id: str) -> Task | None:
        """Return the task with that id, or None if there never was one or it was forgotten."""
        return self._tasks.get(task_id)

    def state(self, task: Task) -> str:
        """Return the current state of a task."""
        return task.state(self._clock)

    def add(
        self,
        life: Life,
        *,
        tall: bool = False,
        output: str | None = None,
        media: str = "",
        id_of: Callable[[str], str] = str,
    ) -> Task:
        """Start a task; `id_of` makes its id from a UUID."""
        if len(self._tasks) >= self._settings.max_tasks:
            self._forget(max(1, self._settings.max_tasks // 5))
        digits = f"{self._ids.getrandbits(128):032x}"
        uuid = f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"
        task = Task(id_of(uuid), life, self._clock.now(), self._clock.wall(), tall, output, media)
        self._tasks[task.id] = task
        return task

    def _forget(self, count: int) -> None:
        """Forget the oldest ended tasks, and if those are too few the oldest of all."""
        for task in self._tasks.values():
            if task.life.timing.mode != "polls":
                task.state(self._clock)  # it may have ended although no poll has seen it
        oldest = sorted(self._tasks, key=lambda task_id: self._tasks[task_id].finished is None)
        for task_id in oldest[:count]:
            del self._tasks[task_id]
        self.forgotten += count


def is_number(schema: Schema) -> bool:
    """Return whether ids of a schema are numbers."""
    return schema.get("type") in {"integer", "number"}


def id_format(schema: Schema) -> Callable[[str], str]:
    """Return a function that makes an id of a schema from a UUID; the UUID itself where no other way matches."""
    if is_number(schema):
        return lambda uuid: str(int(uuid[:8], 16))
    return next((candidate for candidate in _id_formats(schema) if _works(candidate, schema)), str)


def _id_formats(schema: Schema) -> Iterator[Callable[[str], str]]:
    """Yield ways to make an id: after longer and longer beginnings of a text of the pattern, whole or cut."""
    plain = matching_text(str(schema.get("pattern", ""))) or ""
    lengths = {1000, schema.get("maxLength") or 1000, len(plain) or 1000}
    for kept in range(len(plain) + 1):
        for length in sorted(lengths, reverse=True):
            for write in (str, _bare, lambda uuid: str(int(_bare(uuid), 16))):
                yield (
                    lambda uuid, kept=kept, length=length, write=write: (  # type: ignore[misc]
                        (plain[:kept] + write(uuid))[:length]
                    )
                )


def _bare(uuid: str) -> str:
    return uuid.replace("-", "")


def _works(candidate: Callable[[str], str], schema: Schema) -> bool:
    """Return whether ids made in a way differ and are of a schema."""
    made = {candidate(uuid) for uuid in _TRIED}
    least, most = schema.get("minLength", 0), schema.get("maxLength", 1000)
    try:
        fits = all(re.search(schema.get("pattern", ""), text) for text in made)
    except re.error:  # a pattern that JSON Schema knows and Python does not
        fits = True
    return len(made) == len(_TRIED) and fits and all(least <= len(text) <= most for text in made)
