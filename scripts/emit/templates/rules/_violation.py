"""Rules and their violations as data, and how they print."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import Enum
from functools import cached_property
from typing import Any, Final, Literal

from ..types import Unset
from ._record import Record

Level = Literal["error", "warning"]
SHOWN: Final = 40


class Absent(Enum):
    """The value of a field that was not given; unlike `UNSET` it survives copying and pickling."""

    ABSENT = "absent"

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT: Final = Absent.ABSENT


class Length(Record):
    """A list of so many items, whichever they are."""

    count: int


class Source(Record):
    """The vendor sentence a rule rests on: JSON pointer into the vendor document, and the quoted words."""

    at: str
    quote: str


class Change(Record):
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
            return f"{name}={_json(self.after)}"
        count = self.after.count - (self.before.count if isinstance(self.before, Length) else 0)
        if count < 0:
            return f"drop the last {'item' if count == -1 else _counted(-count, 'item')} of {name}"
        return f"{'add' if isinstance(self.before, Length) else 'give'} {_counted(count, 'item')} in {name}"


class Violation(Record):
    """One rule broken by one body.

    Args:
        rule: Id of the rule, or `schema` where the document's own schema is broken.
        level: `error` (stated by the vendor) or `warning` (inferred).
        message: What the rule requires.
        pointer: JSON pointer of the field that breaks it.
        value: The value found there; `ABSENT` if none.
        source: The vendor's words, where the rule quotes some.
        nearest: The fewest changes that make the whole request valid; empty where they cannot be listed. They
            are searched when first asked for, from a copy of what the request held.
    """

    rule: str
    level: Level
    message: str
    pointer: str
    value: Any
    source: Source | None
    _fields = ("rule", "level", "message", "pointer", "value", "source", "nearest")

    def __init__(
        self,
        rule: str,
        level: Level,
        message: str,
        pointer: str,
        value: Any,
        source: Source | None = None,
        nearest: tuple[Change, ...] = (),
    ) -> None:
        fields = self.__dict__
        fields["rule"] = rule
        fields["level"] = level
        fields["message"] = message
        fields["pointer"] = pointer
        fields["value"] = value
        fields["source"] = source
        if nearest:
            fields["nearest"] = nearest

    @cached_property
    def nearest(self) -> tuple[Change, ...]:
        """The fewest changes that make the whole request valid; searched when first asked for."""
        search = self.__dict__.get("_search")
        return () if search is None else tuple(search())

    def search_with(self, search: Callable[[], tuple[Change, ...]]) -> None:
        """Keep the search for the nearest valid request until somebody asks for its result."""
        self.__dict__["_search"] = search

    def __getstate__(self) -> dict[str, Any]:
        return dict(self._items())  # a copy knows the result, not how to search

    def __repr__(self) -> str:
        return f"Violation(rule={self.rule!r}, level={self.level!r}, pointer={self.pointer!r})"

    def __str__(self) -> str:
        lines = [f"{self.rule}: {self.message}", f"  at {self.pointer or '/'}, got {describe(self.value)}"]
        if self.nearest:
            lines.append(f"  nearest valid request: {', '.join(map(str, self.nearest))}")
        return "\n".join(lines)


class Rule(Record):
    """One named rule of the API.

    Args:
        id: Stable name; the one to waive it by.
        level: `error` (stated by the vendor, enforced) or `warning` (inferred, enforced in strict mode).
        message: What it requires.
        schema: The schema it speaks about, or the operation of whose parameters it does.
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
        ids = ", ".join(_json(rule) for rule in dict.fromkeys(each.rule for each in self.violations))
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
        return ascii(cut) if not cut.isprintable() else _json(cut)
    return _json(value, ascii_only=True)[:SHOWN]


def _json(value: Any, *, ascii_only: bool = False) -> str:
    import json  # needed only to print a violation

    return json.dumps(value, ensure_ascii=ascii_only, default=repr)


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
