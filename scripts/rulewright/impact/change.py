"""One change as a caller meets it, and the changes that the project accepted."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Any, Final, Literal

from rulewright.openapi.document import load
from rulewright.openapi.pointer import Location, encode

WHO: Final[Mapping[str, str]] = {
    "wire": "a request that was accepted is refused or means something else, or an answer lacks what it had",
    "source": "Python code that uses the client fails: an import, attribute or argument is gone, or one is required",
    "types": "a type checker reports an error, although the code still runs",
    "rules": "a rule of the client refuses a request that it accepted before",
    "docs": "what people read or maintain: sentences, overlays, examples",
}
ACCEPTED_FILE: Final = "overlays/accepted-changes.yaml"
_ENTRY_KEYS: Final = ("fingerprint", "author", "reason")
_LONGEST_TEXT: Final = 80
_MOST_ITEMS: Final = 8


class Severity(IntEnum):
    """How much a change asks of callers; the value is the exit code."""

    NOTHING = 0
    COMPATIBLE = 10
    REVIEW = 20
    BREAKING = 30

    @property
    def word(self) -> str:
        """The word that reports use."""
        return self.name.lower()

    @property
    def title(self) -> str:
        """The heading of the changes of this severity."""
        return "not noticed by callers" if self is Severity.NOTHING else self.word


@dataclass(frozen=True)
class Word:
    """One run of words of a word diff: `same`, `gone` or `new`."""

    kind: str
    text: str


@dataclass(frozen=True)
class Spot:
    """A place of a vendor document: file, line and column, the latter two where they are known."""

    path: str
    line: int | None
    column: int | None
    pointer: str

    def __str__(self) -> str:
        return ":".join(str(each) for each in (self.path, self.line, self.column) if each is not None)


@dataclass(frozen=True)
class Change:
    """One finding: a change, with what else the same decision caused and wherever else it was made.

    Args:
        effect: What a caller notices, one sentence.
        severity: How much it asks of callers.
        who: Who breaks, of `WHO`; empty if nobody does.
        check: Id of the check that found it.
        pointer: JSON pointer of the place: in the new document, or in the old one if the part was removed.
        old: The value before.
        new: The value after.
        side: `request` or `response` if it only concerns uses of that side.
        uses: The operations that use the place, such as `POST /orders (request body)`.
        witness: The smallest request that shows it, or None.
        words: The word diff of a changed sentence.
        quoted: The rules and overlay actions that quote a changed sentence.
        details: Further lines: why something no longer fits, and how to repair it.
        ordinal: Number among equal changes; keeps fingerprints unique.
        accepted: Who accepted it and why, or None.
        cause: What was decided; changes of one cause are one finding.
        announced: Whether it was announced, and the announced date has passed.
        places: Where it is, in the old and in the new document.
        spots: The same as files and lines of the vendor documents.
        parts: What else the same decision caused.
    """

    effect: str
    severity: Severity
    who: tuple[str, ...] = ()
    check: str = ""
    pointer: str = ""
    old: Any = None
    new: Any = None
    side: Literal["request", "response"] | None = None
    uses: tuple[str, ...] = ()
    witness: Any = None
    words: tuple[Word, ...] = ()
    quoted: tuple[str, ...] = ()
    details: tuple[str, ...] = ()
    ordinal: int = 0
    accepted: str | None = None
    cause: str = ""
    announced: bool = False
    places: tuple[tuple[Location, Location], ...] = ()
    spots: tuple[tuple[Spot, Spot], ...] = ()
    parts: tuple[Change, ...] = ()

    @property
    def fingerprint(self) -> str:
        """The id to accept the change by: it depends on the check, the places and the values, not on the wording."""
        values = [self.check, self.pointer, self.old, self.new, *([self.ordinal] if self.ordinal else [])]
        if len(self.places) > 1:
            values.append(sorted(encode(new) for _, new in self.places))
        data = json.dumps(values, sort_keys=True, ensure_ascii=True)
        return hashlib.sha256(data.encode()).hexdigest()[:16]

    def data(self) -> dict[str, Any]:
        """Return the change as JSON."""
        spots = ("old", "new")
        return {
            "check": self.check,
            "severity": self.severity.word,
            "who": list(self.who),
            "effect": self.effect,
            "fingerprint": self.fingerprint,
            "accepted": self.accepted,
            "announced": self.announced,
            "pointer": self.pointer,
            "places": [{side: vars(spot) for side, spot in zip(spots, pair, strict=True)} for pair in self.spots],
            "uses": list(self.uses),
            "old": self.old,
            "new": self.new,
            "witness": self.witness,
            "words": [vars(word) for word in self.words],
            "quoted": list(self.quoted),
            "details": list(self.details),
            "parts": [
                {"check": each.check, "who": list(each.who), "effect": each.effect, "pointer": each.pointer}
                for each in self.parts
            ],
        }


@dataclass(frozen=True)
class Accepted:
    """An entry of the file of accepted changes.

    The file is beside the overlays, and not part of `pyproject.toml`: the entries come and go with the vendor's pages, are
    reviewed with the overlays, and a reason may need more than a line.
    """

    fingerprint: str
    author: str
    reason: str
    place: str


def read_accepted(path: Path) -> tuple[Accepted, ...]:
    """Read the accepted changes; a missing file accepts nothing.

    Raises:
        InputError: An entry lacks its fingerprint, author or reason, or two entries have one fingerprint.
    """
    if not path.is_file():
        return ()
    document = load(path)
    entries = document.value.get("accepted") if isinstance(document.value, dict) else None
    if not isinstance(entries, list) or set(document.value) != {"accepted"}:
        raise document.error("must be an object with one key, accepted: a list")
    found: dict[str, Accepted] = {}
    for index, entry in enumerate(entries):
        at = ("accepted", index)
        if not isinstance(entry, dict) or set(entry) != set(_ENTRY_KEYS):
            raise document.error(f"an accepted change has {', '.join(_ENTRY_KEYS)}", at)
        if not all(isinstance(entry[key], str) and entry[key].strip() for key in _ENTRY_KEYS):
            raise document.error("fingerprint, author and reason are text, and none may be empty", at)
        if entry["fingerprint"] in found:
            raise document.error(f"{entry['fingerprint']} is accepted twice", at)
        found[entry["fingerprint"]] = Accepted(**entry, place=f"{document.path}:{document.line(at)}")
    return tuple(found.values())


def mark_accepted(
    changes: Sequence[Change], accepted: Sequence[Accepted]
) -> tuple[tuple[Change, ...], tuple[str, ...]]:
    """Return the changes with the accepted ones marked, and an error message for each entry that matches none."""
    entries = {each.fingerprint: each for each in accepted}
    marked: list[Change] = []
    for change in changes:
        entry = entries.pop(change.fingerprint, None)
        marked.append(
            dataclasses.replace(change, accepted=f"{entry.author}: {entry.reason}" if entry else change.accepted)
        )
    expired = tuple(
        f"{each.place}: no change matches the accepted fingerprint {each.fingerprint} ({each.author}: {each.reason}); "
        "remove the entry"
        for each in entries.values()
    )
    return tuple(marked), expired


def as_text(value: Any) -> str:
    """Return a request as JSON for people: long texts and lists are cut and show their length."""
    return json.dumps(_shorten(value), ensure_ascii=False)


def _shorten(value: Any) -> Any:
    if isinstance(value, str) and len(value) > _LONGEST_TEXT:
        return f"{value[:20]}… ({len(value)} characters)"
    if isinstance(value, list) and len(value) > _MOST_ITEMS:
        return [*map(_shorten, value[:3]), f"… ({len(value)} items)"]
    if isinstance(value, dict):
        return {key: _shorten(child) for key, child in value.items()}
    return [*map(_shorten, value)] if isinstance(value, list) else value
