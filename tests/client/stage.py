"""A stage for decision cores: carry out their effects from a script, and record them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any, Final, TypeAlias, TypeVar

from attrs import define, field
from mountsea_gemini._drive import use_disk
from mountsea_gemini._exchange import (
    Answer,
    Close,
    Core,
    Disk,
    DiskFailed,
    Failed,
    Now,
    Open,
    Opened,
    Random,
    Read,
    Send,
    Sleep,
    Tell,
    Wall,
    Write,
)
from mountsea_gemini._operation import Deferred
from rulewright.testing import FakeClock

T = TypeVar("T")
Piece: TypeAlias = bytes | Failed
START: Final = 1000.0


class Reader(Deferred[Any]):
    """A function of a test in the place of one of a generated module."""

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__("", "")
        self._function = function

    def _load(self) -> Any:
        return self._function


@define
class Head:
    """An answer to a request for a file.

    Attributes:
        status: Of HTTP.
        headers: Names in lower case.
        pieces: What is read, one after the other.
    """

    status: int
    headers: Mapping[str, str] = field(factory=dict)
    pieces: Iterable[Piece] = ()


@define
class Stage:
    """Carry out what a core asks for.

    Attributes:
        script: Answers to requests for files, in turn; the last one stays.
        answers: Answers to requests to the API, likewise.
        takes: Seconds that each request and each piece takes.
        full: The disk takes that many pieces, and no more.
        asked: The requests for files: method, address, patience, and whether the connection is guarded.
        sent: The requests to the API.
        patience: Of each read.
        brief: Of each visit to the disk: whether it is known to be short.
        closed: How many answers were given up.
    """

    script: list[Head | Failed] = field(factory=list)
    answers: list[Answer | Failed] = field(factory=list)
    takes: float = 0.0
    full: int | None = None
    asked: list[tuple[str, str, float, bool]] = field(factory=list)
    sent: list[Send] = field(factory=list)
    patience: list[float] = field(factory=list)
    brief: list[bool] = field(factory=list)
    closed: int = 0
    clock: FakeClock = field(factory=FakeClock)

    def run(self, core: Core[Any]) -> Any:
        """Return what the core returns."""
        self.clock.advance(START)
        step = partial(next, core)
        while True:
            try:
                effect = step()
            except StopIteration as stop:
                return stop.value
            try:
                step = partial(core.send, self._done(effect))
            except Exception as error:  # noqa: BLE001  (the core decides what becomes of it)
                step = partial(core.throw, error)

    def _done(self, effect: Any) -> Any:
        match effect:
            case Now():
                return self.clock.now()
            case Wall():
                return self.clock.wall()
            case Random():
                return self.clock.random()
            case Sleep(seconds=seconds):
                return self.clock.sleep(seconds)
            case Send():
                self.sent.append(effect)
                return _next(self.answers)
            case Tell():
                return effect.callback(effect.argument)
            case Open():
                return self._opened(effect)
            case Read():
                self.patience.append(effect.timeout)
                self.clock.advance(self.takes)
                pieces: Iterator[Piece] = effect.stream  # type: ignore[assignment]
                return next(pieces, b"")
            case Close():
                self.closed += 1
                return None
            case Disk():
                self.brief.append(effect.brief)
                return use_disk(effect)
            case Write():
                return self._written(effect)
        raise AssertionError(f"nobody does {effect!r}")

    def _opened(self, effect: Open) -> Opened | Failed:
        self.asked.append((effect.request.method, effect.request.url, effect.timeout, effect.guarded))
        self.clock.advance(self.takes)
        head = _next(self.script)
        return head if isinstance(head, Failed) else Opened(head.status, head.headers, iter(head.pieces))

    def _written(self, effect: Write) -> DiskFailed | None:
        if self.full is not None:
            self.full -= 1
            if self.full < 0:
                return DiskFailed("No space left on device")
        effect.sink.write(effect.chunk)
        return None


def _next(script: list[T]) -> T:
    return script.pop(0) if len(script) > 1 else script[0]
