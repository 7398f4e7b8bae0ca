"""Rules and their violations as data, and how they print."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import Enum
from typing import Any, Final, Literal

from ..types import Unset
from ._record import Data, Record

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


Nearest = tuple[Change, ...] | Callable[[], tuple[Change, ...]]
"""Changes, or the search for them."""


class Violation(Data):
    """One rule broken by one body.

    Args:
        rule: Id of the rule, or `schema` where the document's own schema is broken.
        level: `error` (stated by the vendor) or `warning` (inferred).
        message: What the rule requires.
        pointer: JSON pointer of the field that breaks it.
        value: The value found there; `ABSENT` if none.
        source: The vendor's words, where the rule quotes some.
        nearest: The fewest changes that make the whole request valid, or the search for them, made when they are
            first asked for; empty where they cannot be listed.
    """

    __slots__ = ("_level", "_message", "_nearest", "_pointer", "_rule", "_source", "_value")
    _fields = ("rule", "level", "message", "pointer", "value", "source", "nearest")

    def __init__(
        self,
        rule: str,
        level: Level,
        message: str,
        pointer: str,
        value: Any,
        source: Source | None = None,
        nearest: Nearest = (),
    ) -> None:
        self._rule = rule
        self._level: Level = level
        self._message = message
        self._pointer = pointer
        self._value = value
        self._source = source
        self._nearest = nearest

    @property
    def rule(self) -> str:
        """Id of the rule."""
        return self._rule

    @property
    def level(self) -> Level:
        """How sure the rule is."""
        return self._level

    @property
    def message(self) -> str:
        """What the rule requires."""
        return self._message

    @property
    def pointer(self) -> str:
        """Where it is broken."""
        return self._pointer

    @property
    def value(self) -> Any:
        """What stands there."""
        return self._value

    @property
    def source(self) -> Source | None:
        """The vendor's words."""
        return self._source

    @property
    def nearest(self) -> tuple[Change, ...]:
        """The fewest changes that make the whole request valid."""
        if callable(self._nearest):
            self._nearest = self._nearest()
        return self._nearest

    def __reduce__(self) -> tuple[type[Violation], tuple[Any, ...]]:
        return Violation, self._values()  # a copy knows the result, not how to search

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

    def broken_at(self, pointer: str, value: Any, nearest: Nearest = ()) -> Violation:
        """Return the violation of this rule at a place."""
        seen = ABSENT if isinstance(value, Unset) else value
        return Violation(self.id, self.level, self.message, pointer, seen, self.source, nearest)


Broken = tuple[Rule, str, Any]
"""A rule, where it is broken, and what stands there: less than a violation, for a search makes hundreds."""


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
