"""Scripts: the states of one task, and the faults of the responses on the way."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, Literal, get_args
from urllib.parse import quote

from rulewright.errors import InputError
from rulewright.openapi.operations import is_json
from rulewright.openapi.pointer import decode
from rulewright.openapi.tasks import STATUS
from rulewright.sandbox.exchange import (
    JSON_TYPE,
    LATIN,
    Request,
    Response,
    answer,
    error_answer,
    html_answer,
    json_text,
)
from rulewright.sandbox.spec import Waiter

Place = Literal["submit", "poll", "download"]

_TIMING: Final = re.compile(r"now|(polls|seconds)=\d+(\.\d+)?")
_STATUS: Final = re.compile(r"[45]\d\d")
_FAULT: Final = re.compile(
    r"(?P<kind>[a-z0-9-]+)(?:=(?P<argument>(?s:.*?)))?@(?P<place>[a-z]+)(?::(?P<first>\d+)(?P<dash>-)?(?P<last>\d+)?)?"
)

FAULT_KINDS: Final[Mapping[str, str]] = {
    "html": "a success status with a page of HTML",
    "cut-json": "a complete response whose JSON is cut in the middle",
    "unknown-status": "a state that is not documented",
    "extra-field": "a field that is not documented",
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
"""Every fault and its effect, besides the statuses 400 to 599, which are named by their number."""

_SECONDS: Final = {"slow": 1.0, "drip": 0.05}


class ScriptError(InputError):
    """A script cannot be parsed; the message names the part, and what would be right."""


class Outcome(StrEnum):
    """The outcomes of every sandbox; a terminal state of the document may be used as well."""

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
    """One fault.

    Args:
        kind: A status from 400 to 599 as text, or a key of `FAULT_KINDS`.
        place: At the submit, at polls, or at the download of the result.
        first: The first submit, poll or download it happens at, counted from 1.
        last: The last one; None for no end.
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
                f"{self.kind!r} is not a fault; write a status from 400 to 599 or one of {', '.join(FAULT_KINDS)}"
            )
        if self.place not in get_args(Place):
            raise ScriptError(f"{self.place!r} is not a place of a fault; write one of {', '.join(get_args(Place))}")
        argument = self.argument or ""
        if self.kind in {"absent", "null", "wrong"} and not _is_pointer(argument):
            raise ScriptError(f"{self.kind}={argument}: needs the JSON pointer of a field, such as {self.kind}=/id")
        if not argument.isprintable():
            raise ScriptError(f"{self.kind}={argument!r}: an argument must not hold control characters")
        if self.kind in _SECONDS and not 0 <= self.seconds <= 3600:
            raise ScriptError(f"{self.kind}={argument}: needs a number of seconds from 0 to 3600")
        if not 1 <= self.first <= (self.first if self.last is None else self.last):
            raise ScriptError(f"{self.kind}@{self.place}:{self.first}-{self.last}: counting starts at 1 and goes up")

    def hits(self, place: Place, number: int) -> bool:
        """Return whether it applies to the n-th (from 1) request at that place."""
        return self.place == place and self.first <= number and (self.last is None or number <= self.last)

    @property
    def seconds(self) -> float:
        """The seconds of a fault that takes time; not a number where the argument is none."""
        try:
            return float(self.argument) if self.argument else _SECONDS[self.kind]
        except ValueError:
            return math.nan


def _is_pointer(text: str) -> bool:
    try:
        return len(decode(text)) > 0 and text.startswith("/")
    except ValueError:
        return False


FLAKY: Final = (
    Fault("502", "poll", 1, 1),
    Fault("html", "poll", 3, 3),
    Fault("cut-json", "poll", 5, 5),
    Fault("reset", "poll", 7, 7),
)
"""The faults of the outcome "flaky": every second of the first polls fails, each in another way."""


@dataclass(frozen=True, slots=True)
class Script:
    """The outcome of one task, and the faults on the way.

    Args:
        outcome: An `Outcome`, or a terminal state of the document.
        timing: How long its states last; None for the sandbox's own.
        faults: Faults of its submit, polls and downloads.
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
            ScriptError: A word cannot be parsed; names it.
        """
        if not text.lstrip().startswith("{"):
            return _from_words(re.split(r"[;\s]+", text))
        try:
            value = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise ScriptError(f"the script starts like JSON but is not JSON: {error}") from error
        return Script.read(value)

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
            faults.append(_parse_fault(word))
        else:
            outcomes.append(word)
    if len(outcomes) > 1 or len(timings) > 1:
        raise ScriptError(f"a script has one outcome and one timing, got {', '.join([*outcomes, *timings])}")
    timing = None
    for mode, _, each in (word.partition("=") for word in timings):
        timing = Timing("now") if mode == "now" else Timing("polls" if mode == "polls" else "seconds", float(each))
    return Script(outcomes[0] if outcomes else Outcome.SUCCESS, timing, tuple(faults))


def _parse_fault(word: str) -> Fault:
    match = _FAULT.fullmatch(word if "@" in word else word + "@submit")
    if match is None:
        raise ScriptError(f"{word!r} is not a fault; write KIND[=ARGUMENT]@PLACE[:FIRST[-[LAST]]], as in 502@poll:2-4")
    first = int(match["first"] or 1)
    last = int(match["last"]) if match["last"] else None if match["dash"] or not match["first"] else first
    place: Any = match["place"]  # checked by Fault itself
    return Fault(match["kind"], place, first, last, match["argument"])


_PROXY_PAGES: Final = frozenset({502, *range(520, 528)})
UNKNOWN_STATE: Final = "undocumented-state"
UNKNOWN_CODE: Final = 299
"""Stands for an undocumented state where the status is the state."""
EXTRA_FIELD: Final = "x_sandbox_extra"


def refusal(faults: Sequence[Fault]) -> Response | None:
    """Return the error response of the first fault that is a status, or None."""
    fault = next((fault for fault in faults if fault.kind.isdecimal()), None)
    if fault is None:
        return None
    status = int(fault.kind)
    if status in _PROXY_PAGES:
        return html_answer(status)
    headers = {
        401: [(b"www-authenticate", b"Bearer")],
        429: [(b"retry-after", (fault.argument or "1").encode(LATIN, "replace"))],
    }
    return error_answer(status, "a scripted fault", *headers.get(status, ()))


def apply_faults(response: Response, faults: Sequence[Fault], request: Request, waiter: Waiter | None) -> Response:
    """Apply scripted faults to a response: to its fields, to its whole content, to its delivery."""
    for fault in faults:
        if fault.kind == "unknown-status" and waiter is not None and waiter.state == STATUS:
            response.status = UNKNOWN_CODE
        elif fault.kind in _OF_A_FIELD:
            response = _field_fault(fault, response, waiter)
    for fault in faults:
        if fault.kind == "html":
            response = html_answer(response.status)
        elif fault.kind == "cut-json":
            response = answer(response.status, response.body[: len(response.body) // 2], JSON_TYPE)
        elif fault.kind == "redirect":
            response = answer(302, b"", (b"location", _elsewhere(request, fault.argument)))
    for fault in faults:
        match fault.kind:
            case "slow":
                response.delay += fault.seconds
            case "drip":
                response.drip = fault.seconds
            case "cut" | "reset" | "drop" as ending:
                response.ending = ending
    return response


def _elsewhere(request: Request, argument: str | None) -> bytes:
    if argument:
        return argument.encode(LATIN, "replace")
    name, colon, port = request.host.partition(":")
    other = "localhost" if name == "127.0.0.1" else "127.0.0.1" if name == "localhost" else f"elsewhere.{name}"
    query = b"?" + request.query if request.query else b""
    return f"{request.scheme}://{other}{colon}{port}{quote(request.path)}".encode(LATIN) + query


_OF_A_FIELD: Final = frozenset({"unknown-status", "extra-field", "absent", "null", "wrong"})


def _field_fault(fault: Fault, response: Response, waiter: Waiter | None) -> Response:
    """Change a field of a JSON object; any other response stays as it is."""
    media = dict(response.headers).get(JSON_TYPE[0], b"")
    value = json.loads(response.body) if is_json(media.decode(LATIN)) else None
    if not isinstance(value, dict):
        return response
    if fault.kind == "extra-field":
        value[fault.argument or EXTRA_FIELD] = {"anything": [1, "two", None]}
    elif fault.kind == "unknown-status":
        is_named = waiter is not None and waiter.state.startswith("/")
        if waiter is not None and is_named and (found := _holder(value, waiter.state)):
            found[0][found[1]] = fault.argument or UNKNOWN_STATE
    elif found := _holder(value, str(fault.argument)):
        parent, name = found
        if fault.kind == "absent":
            parent.pop(name, None)
        elif fault.kind == "null":
            parent[name] = None
        else:
            parent[name] = [17] if isinstance(parent.get(name), int | float) else 17
    others = [header for header in response.headers if header[0] != b"content-length"]
    return answer(response.status, json_text(value).encode(), *others)


def _holder(value: dict[str, Any], pointer: str) -> tuple[dict[str, Any], str] | None:
    """Return the object that has, or would have, the member at a pointer, and the name of the member."""
    *above, name = decode(pointer)
    parent: Any = value
    for token in above:
        parent = parent.get(token) if isinstance(parent, dict) else None
    return (parent, name) if isinstance(parent, dict) else None
