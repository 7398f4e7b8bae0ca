"""Boolean expressions over Python values, simplified enough to read as if written by hand.

A schema compiles to the expression that is true for exactly the values the schema accepts. Values are JSON
values, or `ABSENT` where a field was not given.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from rulewright.openapi.pointer import encode
from rulewright.rules.dialect import translate


@dataclass(frozen=True)
class Term:
    """One comparison, its opposite, and what its outcome proves about whether a field was given.

    Args:
        text: The comparison.
        opposite: The same, negated.
        variable: The field it looks at.
        present_if: The outcome that proves the field present, if any does.
        absent_if: The outcome that proves it absent, if any does.
    """

    text: str
    opposite: str
    variable: str | None = None
    present_if: bool | None = None
    absent_if: bool | None = None

    @property
    def proves(self) -> str | None:
        """The variable that is present when this term is true."""
        return self.variable if self.present_if else None

    @property
    def absent(self) -> str | None:
        """The variable that is absent when this term is true."""
        return self.variable if self.absent_if else None


@dataclass(frozen=True)
class All:
    """True when every part is; empty means always."""

    parts: tuple[Expression, ...]


@dataclass(frozen=True)
class Some:
    """True when any part is; empty means never."""

    parts: tuple[Expression, ...]


Expression = Term | All | Some
_OPPOSITE: Final = {True: False, False: True, None: None}
ALWAYS: Final = All(())
NEVER: Final = Some(())


def negate(expression: Expression) -> Expression:
    """Return the opposite, pushed down to the comparisons."""
    if isinstance(expression, Term):
        return Term(
            expression.opposite,
            expression.text,
            expression.variable,
            _OPPOSITE[expression.present_if],
            _OPPOSITE[expression.absent_if],
        )
    kind = Some if isinstance(expression, All) else All
    return kind(tuple(negate(part) for part in expression.parts))


def every(parts: Iterable[Expression]) -> Expression:
    """Return the conjunction, flattened; what a part proves present need not be asked again."""
    flat = _flatten(parts, All)
    if NEVER in flat:
        return NEVER
    asked = {part.proves: part for part in flat if isinstance(part, Term) and part.proves}
    result: list[Expression] = []
    for part in flat:
        alternatives = part.parts if isinstance(part, Some) else ()
        before = [asked[name] for name in map(_absence, alternatives) if name in asked]  # asked before it is relied on
        for kept in [*before, *_flatten([_assume(part, set(asked))], All)]:
            if kept not in result:
                result.append(kept)
    result = [part for index, part in enumerate(result) if not _goes_without_saying(part, index, result)]
    return result[0] if len(result) == 1 else All(tuple(result))


def _goes_without_saying(part: Expression, index: int, parts: Sequence[Expression]) -> bool:
    """Return whether a presence is proven by another part, before any part in between relies on it."""
    if not isinstance(part, Term) or not part.variable or part.absent_if is not False:
        return False
    for at, each in enumerate(parts):
        if isinstance(each, Term) and each.proves == part.variable and each.absent_if is None:
            named = re.compile(rf"\b{re.escape(part.variable)}")
            return not any(named.search(render(between)) for between in parts[index + 1 : at])
    return False


def some(parts: Iterable[Expression]) -> Expression:
    """Return the disjunction, flattened."""
    flat = list(dict.fromkeys(_flatten(parts, Some)))
    if ALWAYS in flat:
        return ALWAYS
    return flat[0] if len(flat) == 1 else Some(tuple(flat))


def _flatten(parts: Iterable[Expression], kind: type[All | Some]) -> list[Expression]:
    result: list[Expression] = []
    for part in parts:
        result.extend(part.parts if isinstance(part, kind) else [part])
    return result


def _assume(part: Expression, present: Collection[str | None]) -> Expression:
    """Drop the alternatives that require a variable to be absent, once it is known to be present."""
    if isinstance(part, Some):
        return some(alternative for alternative in part.parts if _absence(alternative) not in present)
    return part


def _absence(part: Expression) -> str | None:
    return part.absent if isinstance(part, Term) else None


def render(expression: Expression) -> str:
    """Return the Python text of an expression."""
    if isinstance(expression, Term):
        return expression.text
    if not expression.parts:
        return "True" if isinstance(expression, All) else "False"
    word = " and " if isinstance(expression, All) else " or "
    return word.join(
        f"({render(part)})" if isinstance(part, Some) and isinstance(expression, All) and part.parts else render(part)
        for part in expression.parts
    )


def absent(variable: str) -> Term:
    """State that a field was not given."""
    return Term(f"{variable} is ABSENT", f"{variable} is not ABSENT", variable, present_if=False, absent_if=True)


TYPES: Final = {
    "array": "isinstance({}, (list, tuple))",
    "boolean": "isinstance({}, bool)",
    "integer": "is_integer({})",
    "null": "{} is None",
    "number": "is_number({})",
    "object": "isinstance({}, Mapping)",
    "string": "isinstance({}, str)",
}
"""The question whether a value has a JSON type."""


def is_type(kind: str, variable: str) -> Term:
    """State that a value has a JSON type."""
    text = TYPES[kind].format(variable)
    opposite = text.replace(" is ", " is not ") if kind == "null" else f"not {text}"
    return Term(text, opposite, variable, present_if=True)


@dataclass
class Compiler:
    """Compile schemas to expressions; collects the patterns that the module must define.

    Args:
        member: Returns the variable or expression for a property of the object in a variable.
        lists: For variables that were tested for being a list before: the name of the result.
        asked: How often it was asked of each variable whether it is a list.
    """

    member: Callable[[str, str], str]
    lists: Mapping[str, str] = field(default_factory=dict)
    asked: Counter[str] = field(default_factory=Counter)
    patterns: dict[str, str] = field(default_factory=dict)
    objects: set[str] = field(default_factory=set)

    def holds(self, schema: Any, variable: str) -> Expression:
        """Return the expression that is true when the value in `variable` satisfies `schema`."""
        if isinstance(schema, bool):
            return ALWAYS if schema else NEVER
        parts: list[Expression] = []
        for keyword, operand in schema.items():
            if keyword in _LENGTHS or keyword in _BOUNDS:
                continue
            parts.append(getattr(self, f"_{_METHODS.get(keyword, keyword)}")(operand, variable))
        parts.extend(self._sizes(schema, variable))
        parts.extend(self._limits(schema, variable))
        return every(parts)

    def is_object(self, variable: str) -> Expression:
        """State that a value is an object; the body itself always is."""
        return ALWAYS if variable in self.objects else is_type("object", variable)

    def is_list(self, variable: str) -> Expression:
        """State that a value is a list."""
        self.asked[variable] += 1
        if variable in self.lists:
            text = self.lists[variable]
            return Term(text, f"not {text}", variable, present_if=True)
        return is_type("array", variable)

    def _properties(self, operand: Mapping[str, Any], variable: str) -> Expression:
        parts = []
        for name, schema in operand.items():
            value = self.member(variable, name)
            parts.append(some([absent(value), self.holds(schema, value)]))
        return every(parts)

    def _required(self, operand: list[str], variable: str) -> Expression:
        present = every(negate(absent(self.member(variable, name))) for name in operand)
        return some([negate(self.is_object(variable)), present])

    def _const(self, operand: Any, variable: str) -> Expression:
        return self._enum([operand], variable)

    def _enum(self, operand: list[Any], variable: str) -> Expression:
        if all(isinstance(value, str) for value in operand):
            if len(operand) == 1:
                text = repr(operand[0])
                return Term(f"{variable} == {text}", f"{variable} != {text}", variable, present_if=True)
            values = "(" + ", ".join(map(repr, operand)) + ")"
            return Term(f"{variable} in {values}", f"{variable} not in {values}", variable, present_if=True)
        text = f"equals({variable}, {', '.join(map(repr, operand))})"
        return Term(text, f"not {text}", variable, present_if=True)

    def _type(self, operand: str, variable: str) -> Expression:
        return is_type(operand, variable)

    def _items(self, operand: Any, variable: str) -> Expression:
        item = self.holds(operand, "item")
        if item == ALWAYS:
            return ALWAYS
        good, bad = (f"({render(each)} for item in {variable})" for each in (item, negate(item)))
        return some([negate(self.is_list(variable)), Term(f"all{good}", f"any{bad}")])

    def _pattern(self, operand: str, variable: str) -> Expression:
        if operand == r"\S":  # the commonest of all, and several times faster so; most texts begin with a letter
            visible = f"'!' <= {variable} <= '~'"
            return self._if_text(variable, Term(visible, f"not {visible}"), _true(f"{variable}.strip(WHITE_SPACE)"))
        name = self.patterns.setdefault(translate(operand), f"_PATTERN_{len(self.patterns) + 1}")
        return self._if_text(variable, _true(f"{name}.search({variable})"))

    def _all_of(self, operand: list[Any], variable: str) -> Expression:
        return every(self.holds(schema, variable) for schema in operand)

    def _any_of(self, operand: list[Any], variable: str) -> Expression:
        return some(self.holds(schema, variable) for schema in operand)

    def _not(self, operand: Any, variable: str) -> Expression:
        return negate(self.holds(operand, variable))

    def _if_text(self, variable: str, *terms: Term) -> Expression:
        return some([negate(is_type("string", variable)), *terms])

    def _sizes(self, schema: Mapping[str, Any], variable: str) -> Iterable[Expression]:
        size = f"len({variable})"
        if items := _between(size, schema.get("minItems"), schema.get("maxItems")):
            yield some([negate(self.is_list(variable)), items])
        if length := _between(size, schema.get("minLength"), schema.get("maxLength")):
            yield self._if_text(variable, length)

    def _limits(self, schema: Mapping[str, Any], variable: str) -> Iterable[Expression]:
        terms = []
        for keyword, (sign, opposite) in _BOUNDS.items():
            if keyword in schema:
                bound = repr(schema[keyword])
                terms.append(Term(f"{variable} {sign} {bound}", f"{variable} {opposite} {bound}"))
        if terms:
            yield some([negate(is_type("number", variable)), every(terms)])


_METHODS: Final = {"allOf": "all_of", "anyOf": "any_of"}
_LENGTHS: Final = ("minItems", "maxItems", "minLength", "maxLength")
_BOUNDS: Final = {
    "minimum": (">=", "<"),
    "maximum": ("<=", ">"),
    "exclusiveMinimum": (">", "<="),
    "exclusiveMaximum": ("<", ">="),
}


def _true(text: str) -> Term:
    return Term(text, f"not {text}")


def _between(value: str, low: int | None, high: int | None) -> Term | None:
    if low is not None and high is not None and low == high:
        return Term(f"{value} == {low}", f"{value} != {low}")
    if low and high is not None:
        return Term(f"{low} <= {value} <= {high}", f"not {low} <= {value} <= {high}")
    if high is not None:
        return Term(f"{value} <= {high}", f"{value} > {high}")
    if low:
        return Term(f"{value} >= {low}", f"{value} < {low}")
    return None


@dataclass(frozen=True)
class Mismatch:
    """One way to fail.

    Args:
        condition: True when the value fails in this way (for `items`: when there are items to look at).
        pointer: JSON pointer of the failing part, relative to the body.
        value: The expression that holds that part.
        items: What every item of the list in `value` must satisfy, if that is what fails.
    """

    condition: Expression
    pointer: str
    value: str
    items: Expression | None = None


def mismatches(schema: Any, owner: str, pointer: str, compiler: Compiler) -> list[Mismatch]:
    """Return every way the value of the expression `owner`, standing at `pointer`, can fail `schema`."""
    value = "ABSENT" if owner == "body" else owner
    if isinstance(schema, bool):
        return [] if schema else [Mismatch(ALWAYS, pointer, value)]
    rest = dict(schema)
    names = rest.pop("required", [])
    fields = {name: compiler.member(owner, name) for name in names}
    found = [
        Mismatch(every([compiler.is_object(owner), absent(field)]), f"{pointer}{encode([name])}", field)
        for name, field in fields.items()
    ]
    for name, child in rest.pop("properties", {}).items():
        field = compiler.member(owner, name)
        found += [
            Mismatch(every([negate(absent(field)), inner.condition]), inner.pointer, inner.value, inner.items)
            for inner in mismatches(child, field, f"{pointer}{encode([name])}", compiler)
        ]
    for part in rest.pop("allOf", []):
        found += mismatches(part, owner, pointer, compiler)
    if (items := compiler.holds(rest.pop("items", True), "item")) != ALWAYS:
        found.append(Mismatch(compiler.is_list(owner), pointer, value, items))
    if (forbidden := _forbidden(rest)) is not None:
        del rest["not"]
        field = compiler.member(owner, forbidden)
        if (other := negate(compiler.is_object(owner))) != NEVER:
            found.append(Mismatch(other, pointer, value))  # `required` accepts it, so its opposite refuses it
        found.append(Mismatch(negate(absent(field)), f"{pointer}{encode([forbidden])}", field))
    if (holds := compiler.holds(rest, owner)) != ALWAYS:
        found.append(Mismatch(negate(holds), pointer, value))
    result: list[Mismatch] = []
    for mismatch in found:
        last = result[-1] if result else None
        same = last is not None and (last.pointer, last.value) == (mismatch.pointer, mismatch.value)
        if last is not None and same and last.items is None and mismatch.items is None:
            result[-1] = Mismatch(some([last.condition, mismatch.condition]), mismatch.pointer, mismatch.value)
        else:
            result.append(mismatch)
    return result


def _forbidden(schema: Mapping[str, Any]) -> str | None:
    """Return the property that `not: {required: [x]}` forbids, since that is where a reader looks."""
    refused = schema.get("not")
    if isinstance(refused, dict) and set(refused) == {"required"} and len(refused["required"]) == 1:
        return str(refused["required"][0])
    return None
