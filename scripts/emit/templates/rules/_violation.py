"""Rules and their violations as data, and how they print."""

from __future__ import annotations

import json
from collections.abc import Iterable
from enum import Enum
from typing import Any, Final, Literal

from attrs import define, evolve, field

from ..types import Unset

Level = Literal["error", "warning"]
SHOWN: Final = 40


class Absent(Enum):
    """The value of a field that was not given; unlike `UNSET` it survives copying and pickling."""

    ABSENT = "absent"

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT: Final = Absent.ABSENT


@define(frozen=True)
class Length:
    """A list of so many items, whichever they are."""

    count: int


@define(frozen=True)
class Source:
    """The vendor sentence a rule rests on: JSON pointer into the vendor document, and the quoted words."""

    at: str
    quote: str


@define(frozen=True)
class Change:
    """One field changed on the way to a valid request.

    Args:
        pointer: JSON pointer of the field.
        before: Its value now; `ABSENT` if not given, `Length` if a list.
        after: The value to give it; `ABSENT` to leave it out, `Length` for a list of so many items.
    """

    pointer: str
    before: Any
    after: Any

    def __str__(self) -> str:
        name = self.pointer.rpartition("/")[2].replace("~1", "/").replace("~0", "~")
        if self.after is ABSENT:
            return f"leave out {name}"
        if not isinstance(self.after, Length):
            return f"{name}={json.dumps(self.after, ensure_ascii=False)}"
        count = self.after.count - (self.before.count if isinstance(self.before, Length) else 0)
        if count < 0:
            return f"drop the last {'item' if count == -1 else _counted(-count, 'item')} of {name}"
        return f"{'add' if isinstance(self.before, Length) else 'give'} {_counted(count, 'item')} in {name}"


@define(frozen=True)
class Violation:
    """One rule broken by one body.

    Args:
        rule: Id of the rule, or `schema` where the document's own schema is broken.
        level: `error` (stated by the vendor) or `warning` (inferred).
        message: What the rule requires.
        pointer: JSON pointer of the field that breaks it.
        value: The value found there; `ABSENT` if none.
        source: The vendor's words, where the rule quotes some.
        nearest: The fewest changes that make the whole request valid; empty where they cannot be listed.
    """

    rule: str
    level: Level
    message: str
    pointer: str
    value: Any = field(repr=False)
    source: Source | None = None
    nearest: tuple[Change, ...] = ()

    def with_nearest(self, changes: tuple[Change, ...]) -> Violation:
        """Return the same violation, knowing the nearest valid request."""
        return evolve(self, nearest=changes)

    def __str__(self) -> str:
        lines = [f"{self.rule}: {self.message}", f"  at {self.pointer or '/'}, got {describe(self.value)}"]
        if self.nearest:
            lines.append(f"  nearest valid request: {', '.join(map(str, self.nearest))}")
        return "\n".join(lines)


@define(frozen=True)
class Rule:
    """One named rule of the API.

    Args:
        id: Stable name; the one to waive it by.
        level: `error` (stated by the vendor, enforced) or `warning` (inferred, enforced in strict mode).
        message: What it requires.
        schema: The schema it speaks about.
        source: The vendor's words.
    """

    id: str
    level: Level
    message: str
    schema: str
    source: Source

    def broken_at(self, pointer: str, value: Any) -> Violation:
        """Return the violation of this rule at a place."""
        seen = ABSENT if isinstance(value, Unset) else value
        return Violation(self.id, self.level, self.message, pointer, seen, self.source)


class RuleViolation(ValueError):  # noqa: N818  the project's word for it
    """A request breaks rules, so it was not sent; `violations` holds them all."""

    def __init__(self, violations: Iterable[Violation]) -> None:
        self.violations = tuple(violations)
        super().__init__(self.violations)

    def __str__(self) -> str:
        lines = [str(violation) for violation in self.violations]
        ids = ", ".join(json.dumps(rule) for rule in dict.fromkeys(each.rule for each in self.violations))
        lines.append(f"if you know that the API accepts this request, switch off what refuses it: waive={{{ids}}}")
        return "\n".join(lines)


class RuleWarning(UserWarning):
    """A request breaks a rule that is inferred, not stated; it is sent all the same."""


class Unlisted(str):
    """A value the caller insists on although the document does not list it."""

    __slots__ = ()


def unlisted(value: str) -> Any:
    """Insist on an enum value that the document does not list, such as a model published yesterday.

    Args:
        value: The word to send.

    Returns:
        The same text, which every typed parameter accepts and no enum check refuses.
    """
    return Unlisted(value)


def describe(value: Any) -> str:
    """Return a short description of a value that shows no more of a text than its beginning."""
    if value is ABSENT:
        return "nothing"
    if isinstance(value, (list, tuple)):
        return _counted(len(value), "item")
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, str):
        text = value.partition("?")[0]  # what follows is a query, which may hold a signature
        cut = text[:SHOWN] + ("…" if len(text) > SHOWN or text != value else "")
        return ascii(cut) if not cut.isprintable() else json.dumps(cut, ensure_ascii=False)
    return json.dumps(value, default=repr)[:SHOWN]


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
