"""One change as a caller meets it: what it does, who breaks, how bad it is."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final

WHO: Final[Mapping[str, str]] = {
    "wire": "the server refuses, or does something else with, a request it took before",
    "source": "Python code that uses the client fails: an import, attribute or argument is gone, or one is needed",
    "types": "a type checker complains, although the code still runs",
    "rules": "a rule refuses a request that it let pass, or no longer fits its text",
    "docs": "only what people read",
}
_LONGEST: Final = 80
_MOST: Final = 8


class Severity(IntEnum):
    """How much a change asks of callers; the value is the exit code."""

    NOTHING = 0
    COMPATIBLE = 10
    REVIEW = 20
    BREAKING = 30

    @property
    def word(self) -> str:
        """The word reports use."""
        return {0: "nothing", 10: "compatible", 20: "review", 30: "breaking"}[self.value]


@dataclass(frozen=True)
class Word:
    """One run of words of a word diff: `same`, `gone` or `new`."""

    kind: str
    text: str


def as_text(value: Any) -> str:
    """Return a request as JSON for people: long texts and lists are cut, and say how long they are."""
    return json.dumps(_cut(value), ensure_ascii=False)


def _cut(value: Any) -> Any:
    if isinstance(value, str) and len(value) > _LONGEST:
        return f"{value[:20]}… ({len(value)} characters)"
    if isinstance(value, list) and len(value) > _MOST:
        return [*map(_cut, value[:3]), f"… ({len(value)} items)"]
    if isinstance(value, dict):
        return {key: _cut(child) for key, child in value.items()}
    return [*map(_cut, value)] if isinstance(value, list) else value


@dataclass(frozen=True)
class Change:
    """One change.

    Args:
        check: Id of the check that found it.
        pointer: JSON pointer of the place, in the new document, or in the old one for what is gone.
        effect: What a caller notices, one sentence.
        severity: How much it asks of callers.
        who: Who breaks, of `WHO`; empty where nobody does.
        old: The value before.
        new: The value after.
        uses: The operations it reaches, such as `POST /orders (request body)`.
        witness: The smallest request that shows it, where there is one.
        words: The word diff of a changed sentence.
        quoted: The rules and overlay actions that quote a changed sentence.
        details: Further lines: why something no longer fits, and the way out.
        twin: How many changes of the same values this report told before it, such as each field of a list.
        accepted: Who accepted it and why, or None.
    """

    check: str
    pointer: str
    effect: str
    severity: Severity
    who: tuple[str, ...] = ()
    old: Any = None
    new: Any = None
    uses: tuple[str, ...] = ()
    witness: Any = None
    words: tuple[Word, ...] = ()
    quoted: tuple[str, ...] = ()
    details: tuple[str, ...] = ()
    twin: int = 0
    accepted: str | None = None

    @property
    def fingerprint(self) -> str:
        """What the change is accepted by: the same change of the same values, whatever the report's wording."""
        values = [self.check, self.pointer, self.old, self.new, *([self.twin] if self.twin else [])]
        data = json.dumps(values, sort_keys=True, ensure_ascii=True)
        return hashlib.sha256(data.encode()).hexdigest()[:16]

    def data(self) -> dict[str, Any]:
        """Return the change as JSON."""
        fields = dataclasses.asdict(self)
        del fields["twin"]  # part of the fingerprint, and of no use by itself
        return {**fields, "severity": self.severity.word, "fingerprint": self.fingerprint}
