"""Rules and their violations as data, and how they print."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any, Final, Literal

from attrs import field, frozen

from ._values import ABSENT

Level = Literal["error", "warning"]
SCHEMA: Final = "schema"
"""The rule id of a violation of the document's own schema."""
_SHOWN: Final = 40


@frozen
class Length:
    """A list of so many items, whichever they are."""

    count: int


@frozen
class Source:
    """The vendor sentence a rule rests on: JSON pointer into the vendor document, and the quoted words."""

    at: str
    quote: str


@frozen
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
        name = field_name(self.pointer)
        if self.after is ABSENT:
            return f"leave out {name}"
        if not isinstance(self.after, Length):
            return f"{name}={_json(self.after)}"
        count = self.after.count - (self.before.count if isinstance(self.before, Length) else 0)
        if count < 0:
            return f"drop the last {'item' if count == -1 else _count(-count, 'item')} of {name}"
        return f"{'add' if isinstance(self.before, Length) else 'give'} {_count(count, 'item')} in {name}"


Nearest = tuple[Change, ...] | Callable[[], tuple[Change, ...]]
"""Changes, or the search for them."""


def _changes_of(nearest: Nearest) -> tuple[Change, ...]:
    return nearest() if callable(nearest) else nearest


@frozen
class Violation:
    """One rule violated by one request.

    Args:
        rule: Id of the rule, or `schema` for the document's own schema.
        level: `error` (stated by the vendor) or `warning` (inferred).
        message: What the rule requires.
        pointer: JSON pointer of the field that violates it.
        value: The value found there; `ABSENT` if none.
        source: The vendor's words, where the rule quotes some.
        nearest: The fewest changes that make the whole request valid, or the search for them, which is made when they
            are first asked for; empty where they cannot be listed.
    """

    rule: str
    level: Level
    message: str = field(repr=False)
    pointer: str
    value: Any = field(repr=False)
    source: Source | None = field(default=None, repr=False)
    _nearest: Nearest = field(default=(), repr=False, eq=_changes_of)

    @property
    def nearest(self) -> tuple[Change, ...]:
        """The fewest changes that make the whole request valid."""
        return _changes_of(self._nearest)

    def __reduce__(self) -> tuple[type[Violation], tuple[Any, ...]]:
        # a copy holds the result of the search, which cannot be pickled itself
        values = (self.rule, self.level, self.message, self.pointer, self.value, self.source, self.nearest)
        return Violation, values

    def __str__(self) -> str:
        lines = [f"{self.rule}: {self.message}", f"  at {self.pointer or '/'}, got {describe(self.value)}"]
        if self.nearest:
            lines.append(f"  nearest valid request: {', '.join(map(str, self.nearest))}")
        return "\n".join(lines)


@frozen
class Rule:
    """One named rule of the API.

    Args:
        id: Stable name, by which it is waived.
        level: `error` (stated by the vendor, enforced) or `warning` (inferred, enforced in strict mode).
        message: What it requires.
        schema: The schema it is about, or the operation whose parameters it is about.
        source: The vendor's words.
    """

    id: str
    level: Level
    message: str
    schema: str
    source: Source

    def violation(self, pointer: str, value: Any, nearest: Nearest = ()) -> Violation:
        """Return the violation of this rule at a place."""
        return Violation(self.id, self.level, self.message, pointer, value, self.source, nearest)


class RuleViolation(ValueError):  # noqa: N818  the project's word for it
    """A request violates rules, so it was not sent; `violations` holds them all."""

    def __init__(self, violations: Iterable[Violation]) -> None:
        self.violations = tuple(violations)
        super().__init__(self.violations)

    def __str__(self) -> str:
        lines = [str(violation) for violation in self.violations]
        ids = ", ".join(_json(rule) for rule in dict.fromkeys(each.rule for each in self.violations))
        lines.append(f"if you know that the API accepts this request, switch off what refuses it: waive={{{ids}}}")
        return "\n".join(lines)


class RuleWarning(UserWarning):
    """A request violates a rule that is inferred, not stated; it is sent all the same."""


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


def schema_violation(at: str, value: Any, message: str) -> Violation:
    """Return the violation of the document's own schema by a value at a place."""
    return Violation(SCHEMA, "error", f"{field_name(at) or 'the body'} {message}", at, value)


def not_listed(at: str, value: Any, accepted: Iterable[Any]) -> Violation:
    """Return the violation by a value that is none of those that the document lists."""
    words = ", ".join(map(describe, accepted))
    insist = f"; to send it all the same: unlisted({describe(value)})" if isinstance(value, str) else ""
    return schema_violation(at, value, f"must be one of {words}{insist}")


def describe(value: Any) -> str:
    """Return a short description of a value that shows no more of a text than its beginning."""
    if value is ABSENT:
        return "nothing"
    if isinstance(value, (list, tuple)):
        return _count(len(value), "item")
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, str):
        text = value.partition("?")[0]  # what follows is a query, which may hold a signature
        cut = text[:_SHOWN] + ("…" if len(text) > _SHOWN or text != value else "")
        return ascii(cut) if not cut.isprintable() else _json(cut)
    return _json(value, ascii_only=True)[:_SHOWN]


def field_name(pointer: str) -> str:
    """Return the last name of a JSON pointer, as people know it."""
    return pointer.rpartition("/")[2].replace("~1", "/").replace("~0", "~")


def _json(value: Any, *, ascii_only: bool = False) -> str:
    return json.dumps(value, ensure_ascii=ascii_only, default=repr)


def _count(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
