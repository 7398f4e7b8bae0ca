"""Coverage: how much of the contract a run exercised, and the gate with its waivers.

The account is our own. TraceCov 0.25, the coverage tool beside schemathesis, counts keywords of schemas: it knows
neither rules nor the two senses of one nor states, so a run that reaches no rule can be complete to it. Its licence
also keeps what it writes from third parties, so no report could be passed on.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from attrs import frozen


class WaiverError(ValueError):
    """A list of waivers cannot be read; the message says which entry and what would be right."""


@frozen
class Waiver:
    """Lines that need not be covered for now.

    Attributes:
        line: The line, or a pattern with `*`.
        reason: Why.
        until: The last day it holds.
    """

    line: str
    reason: str
    until: date


def read_waivers(path: Path) -> tuple[Waiver, ...]:
    """Return the waivers of a JSON file: a list of objects with line, reason and until (YYYY-MM-DD).

    Raises:
        WaiverError: The file is something else.
    """
    try:
        entries: Any = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise WaiverError(f"{path.name}: cannot be read: {error}") from error
    if not isinstance(entries, list):
        raise WaiverError(f"{path.name}: wanted a list of waivers, got {type(entries).__name__}")
    return tuple(_waiver(path.name, number, entry) for number, entry in enumerate(entries))


def _waiver(name: str, number: int, entry: Any) -> Waiver:
    if not isinstance(entry, dict) or set(entry) != {"line", "reason", "until"}:
        raise WaiverError(f"{name}, entry {number}: wanted an object with line, reason and until")
    if not str(entry["reason"]).strip():
        raise WaiverError(f"{name}, entry {number}: a waiver needs a reason")
    try:
        return Waiver(str(entry["line"]), str(entry["reason"]), date.fromisoformat(str(entry["until"])))
    except ValueError as error:
        raise WaiverError(f"{name}, entry {number}: until is a day like 2026-12-31, got {entry['until']!r}") from error


@frozen
class Coverage:
    """What of a contract was exercised.

    Attributes:
        lines: Everything there is.
        counts: How often each line was seen.
        waived: Lines that were not seen, with the reason why they need not be.
        problems: What is wrong with the waivers.
    """

    lines: tuple[str, ...]
    counts: Mapping[str, int]
    waived: Mapping[str, str]
    problems: tuple[str, ...]

    @property
    def missed(self) -> tuple[str, ...]:
        """Lines neither seen nor waived."""
        return tuple(line for line in self.lines if not self.counts.get(line) and line not in self.waived)

    @property
    def complete(self) -> bool:
        """Whether the gate is passed."""
        return bool(self.lines) and not self.missed and not self.problems

    @property
    def share(self) -> float:
        """The part of all lines that was seen, from 0 to 1."""
        return sum(1 for line in self.lines if self.counts.get(line)) / max(1, len(self.lines))

    def groups(self) -> dict[str, tuple[int, int]]:
        """Return for each kind of line how many were seen and how many there are."""
        found: dict[str, tuple[int, int]] = {}
        for line in self.lines:
            seen, total = found.get(kind(line), (0, 0))
            found[kind(line)] = (seen + bool(self.counts.get(line)), total + 1)
        return found


def kind(line: str) -> str:
    """Return the kind of a line: its side and what it is about."""
    side, _, rest = line.partition(": ")
    words = rest.split()
    known = ("cell", "field", "rule", "bound", "answer", "parameter", "credential", "state", "transition", "called")
    return f"{side}: {next((word for word in words[:2] if word in known), words[0])}"


def measured(lines: Sequence[str], counts: Mapping[str, int], waivers: Collection[Waiver], today: date) -> Coverage:
    """Return the coverage of a run.

    Args:
        lines: Everything there is.
        counts: How often each was seen.
        waivers: What need not be seen; one that is over, or excuses nothing, is a problem.
        today: The day on which they are judged.
    """
    waived: dict[str, str] = {}
    problems: list[str] = []
    for waiver in waivers:
        excused = [line for line in lines if fnmatchcase(line, waiver.line) and not counts.get(line)]
        if today > waiver.until:
            problems.append(f"the waiver of {waiver.line!r} was over on {waiver.until}: {waiver.reason}")
        elif not excused:
            problems.append(f"the waiver of {waiver.line!r} excuses nothing any more; take it out")
        else:
            waived |= dict.fromkeys(excused, waiver.reason)
    return Coverage(tuple(lines), dict(counts), waived, tuple(problems))
