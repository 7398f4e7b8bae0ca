"""The statements of compiled checks, as data for the template, and the places of the values that they check."""

from __future__ import annotations

from dataclasses import dataclass

from rulewright.generate.source import literal, snake
from rulewright.openapi.pointer import encode
from rulewright.rules.expression import ALWAYS, NEVER, Expression, negate, render


@dataclass(frozen=True)
class If:
    """Statements under a condition, and those otherwise."""

    condition: str
    then: Block
    otherwise: Block = ()
    kind: str = "if"


@dataclass(frozen=True)
class Loop:
    """Statements for each item of a list or member of an object."""

    names: str
    over: str
    body: Block
    kind: str = "loop"


@dataclass(frozen=True)
class Line:
    """One simple statement."""

    code: str
    kind: str = "line"


@dataclass(frozen=True)
class Comment:
    """A comment line."""

    text: str
    kind: str = "comment"


@dataclass(frozen=True)
class Refuse:
    """Add a violation of the schema."""

    at: str
    value: str
    message: str
    kind: str = "refuse"


Statement = If | Loop | Line | Comment | Refuse
Block = tuple[Statement, ...]


@dataclass(frozen=True)
class Place:
    """The place of a value: the code of its JSON pointer, and a name for a function that checks it."""

    parts: tuple[tuple[str, bool], ...]
    hint: str

    @property
    def code(self) -> str:
        """The code that makes the pointer."""
        return " + ".join(part if is_code else literal(part) for part, is_code in self.parts)

    def below(self, name: str) -> Place:
        """Return the place of a property."""
        return self._at(encode([name]), f"{self.hint}_{snake(name)}")

    def item(self, index: str) -> Place:
        """Return the place of an item of a list, or of a property with a computed name."""
        found = self._at("/", f"{self.hint}_item")
        return Place((*found.parts, (index, True)), found.hint)

    def _at(self, text: str, hint: str) -> Place:
        *others, (last, is_code) = self.parts
        return Place((*self.parts, (text, False)) if is_code else (*others, (last + text, False)), hint)


def when(condition: Expression, then: Block, otherwise: Block = ()) -> Block:
    """Return the statements under a condition; without a test where it is always or never true."""
    if condition == ALWAYS:
        return then
    if condition == NEVER:
        return otherwise
    if not then:
        return (If(render(negate(condition)), otherwise),) if otherwise else ()
    return (If(render(condition), then, otherwise),)
