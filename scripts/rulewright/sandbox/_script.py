"""Scripts: how one task goes, and what goes wrong on the way."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, Literal, get_args

Place = Literal["submit", "poll", "download"]

_TIMING: Final = re.compile(r"now|(polls|seconds)=\d+(\.\d+)?")
_STATUS: Final = re.compile(r"[45]\d\d")
_FAULT: Final = re.compile(
    r"(?P<kind>[a-z0-9-]+)(?:=(?P<argument>(?s:.*?)))?@(?P<place>[a-z]+)(?::(?P<first>\d+)(?P<dash>-)?(?P<last>\d+)?)?"
)

FAULT_KINDS: Final[Mapping[str, str]] = {
    "html": "a success status with a page of HTML",
    "cut-json": "a well-framed answer whose JSON stops half way",
    "unknown-status": "a state nobody documented",
    "extra-field": "one more field than documented",
    "absent": "the field at the JSON pointer =ARGUMENT is left out",
    "null": "the field at the JSON pointer =ARGUMENT is null",
    "wrong": "the field at the JSON pointer =ARGUMENT has another type",
    "redirect": "a redirect to =ARGUMENT, by default to the same path on another host",
    "slow": "=ARGUMENT seconds (default 1) before the first byte",
    "drip": "=ARGUMENT seconds (default 0.05) between single bytes of the body",
    "cut": "the connection is closed in mid-body, short of the announced length",
    "reset": "the connection is reset in mid-body",
    "drop": "the connection is closed before the first byte",
}
"""Every fault besides the statuses 400 to 599, which are named by their number."""

_SECONDS: Final = {"slow": 1.0, "drip": 0.05}


class ScriptError(ValueError):
    """A script cannot be understood; the message says which part, and what would be right."""


class Outcome(StrEnum):
    """The ends every sandbox knows; a state word of the document may be used as well."""

    SUCCESS = "success"
    FAILURE = "failure"
    CANCELLED = "cancelled"
    TIMEOUT = "timeout"
    SLOW = "slow"
    FLAKY = "flaky"
    NEVER = "never"
    NO_URL = "no-url"


@dataclass(frozen=True, slots=True)
class Timing:
    """How long each state of a task lasts.

    Args:
        mode: "now" (the first poll shows the end), "seconds" (of the clock) or "polls" (answered ones).
        each: Seconds or polls per state.
    """

    mode: Literal["now", "seconds", "polls"] = "polls"
    each: float = 1.0

    def __post_init__(self) -> None:
        if self.each <= 0 or (self.mode == "polls" and self.each != int(self.each)):
            raise ScriptError(f"{self.mode}={self.each:g}: a state lasts a positive number of {self.mode}")

    def slower(self, factor: int) -> Timing:
        """Return a timing with states that many times as long."""
        return Timing("polls", factor) if self.mode == "now" else Timing(self.mode, self.each * factor)


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong.

    Args:
        kind: A status from 400 to 599 as text, or a key of `FAULT_KINDS`.
        place: At the submit, at polls, or at the download of the result.
        first: The first submit, poll or download it happens at, counted from 1.
        last: The last one; None for ever.
        argument: Retry-After of a 429, seconds of "slow", pointer of "absent": see `FAULT_KINDS`.
    """

    kind: str
    place: Place = "submit"
    first: int = 1
    last: int | None = None
    argument: str | None = None

    def __post_init__(self) -> None:
        if self.kind not in FAULT_KINDS and not _STATUS.fullmatch(self.kind):
            raise ScriptError(
                f"{self.kind!r} is no fault: write a status from 400 to 599 or one of {', '.join(FAULT_KINDS)}"
            )
        if self.place not in get_args(Place):
            raise ScriptError(f"{self.place!r} is no place for a fault: write one of {', '.join(get_args(Place))}")
        argument = self.argument or ""
        if self.kind in {"absent", "null", "wrong"} and not argument.startswith("/"):
            raise ScriptError(f"{self.kind}={argument}: needs a field's JSON pointer, as {self.kind}=/id")
        if not argument.isprintable():
            raise ScriptError(f"{self.kind}={argument!r}: an argument holds no control characters")
        if self.kind in _SECONDS and not 0 <= self.seconds <= 3600:
            raise ScriptError(f"{self.kind}={argument}: needs a number of seconds from 0 to 3600")
        if not 1 <= self.first <= (self.first if self.last is None else self.last):
            raise ScriptError(f"{self.kind}@{self.place}:{self.first}-{self.last}: never, as it counts up from 1")

    def hits(self, place: Place, number: int) -> bool:
        """Tell whether it happens at the n-th (from 1) request at that place."""
        return self.place == place and self.first <= number and (self.last is None or number <= self.last)

    @property
    def seconds(self) -> float:
        """The argument of a fault that takes time."""
        try:
            return float(self.argument) if self.argument else _SECONDS[self.kind]
        except ValueError:
            return math.nan


FLAKY: Final = (
    Fault("502", "poll", 1, 1),
    Fault("html", "poll", 3, 3),
    Fault("cut-json", "poll", 5, 5),
    Fault("reset", "poll", 7, 7),
)
"""What the outcome "flaky" means: every second poll is spoiled, each time in another way."""


@dataclass(frozen=True, slots=True)
class Script:
    """What becomes of one task.

    Args:
        outcome: An `Outcome`, or a final state word of the document.
        timing: How long its states last; None for the sandbox's own.
        faults: What goes wrong on the way.
    """

    outcome: str = Outcome.SUCCESS
    timing: Timing | None = None
    faults: tuple[Fault, ...] = ()

    def faults_at(self, place: Place, number: int) -> list[Fault]:
        """Return the faults of the n-th (from 1) request at that place."""
        faults = (*self.faults, *FLAKY) if self.outcome == Outcome.FLAKY else self.faults
        return [fault for fault in faults if fault.hits(place, number)]

    @staticmethod
    def parse(text: str) -> Script:
        """Read a script.

        Args:
            text: Words separated by semicolons or blanks: an outcome, `polls=N`, `seconds=N` or `now`, and
                faults `KIND[=ARGUMENT]@PLACE[:FIRST[-[LAST]]]`; a status alone means at the submit. Or a
                JSON object with `outcome`, `timing` and `faults` (a list) of the same words.

        Raises:
            ScriptError: Not understood; names the word.
        """
        return Script.read(_json(text)) if text.lstrip().startswith("{") else _from_words(re.split(r"[;\s]+", text))

    @staticmethod
    def read(value: Any) -> Script:
        """Read a script from JSON: text as for `parse`, or the object described there."""
        if isinstance(value, str):
            return Script.parse(value)
        if not isinstance(value, dict) or not value.keys() <= {"outcome", "timing", "faults"}:
            raise ScriptError("a script is text or an object with outcome, timing and faults")
        faults = value.get("faults", [])
        words = [
            value.get("outcome", ""),
            value.get("timing", ""),
            *(faults if isinstance(faults, list) else [faults]),
        ]
        if not all(isinstance(word, str) for word in words):
            raise ScriptError("outcome and timing are text, faults a list of texts")
        return _from_words(words)


def _from_words(words: list[str]) -> Script:
    outcomes: list[str] = []
    timings: list[str] = []
    faults: list[Fault] = []
    for word in filter(None, words):
        if _TIMING.fullmatch(word):
            timings.append(word)
        elif "@" in word or _STATUS.fullmatch(word):
            faults.append(_fault(word))
        else:
            outcomes.append(word)
    if len(outcomes) > 1 or len(timings) > 1:
        raise ScriptError(f"a script has one outcome and one timing, got {', '.join([*outcomes, *timings])}")
    return Script(outcomes[0] if outcomes else Outcome.SUCCESS, _timing(timings[0]) if timings else None, tuple(faults))


def _timing(word: str) -> Timing:
    mode, _, each = word.partition("=")
    return Timing("now") if mode == "now" else Timing("polls" if mode == "polls" else "seconds", float(each))


def _fault(word: str) -> Fault:
    match = _FAULT.fullmatch(word if "@" in word else word + "@submit")
    if match is None:
        raise ScriptError(f"{word!r} is no fault: write KIND[=ARGUMENT]@PLACE[:FIRST[-[LAST]]], such as 502@poll:2-4")
    first = int(match["first"] or 1)
    last = int(match["last"]) if match["last"] else None if match["dash"] or not match["first"] else first
    place: Any = match["place"]  # checked by Fault itself
    return Fault(match["kind"], place, first, last, match["argument"])


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ScriptError(f"the script starts like JSON but is not: {error}") from error
