"""The look at a glance: one function of a model that tells in a moment whether it fits its schema and keeps every rule.

Nearly every request does, and should be let through as fast as a check written by hand would do it. So a glance
knows only what plainly fits: plain types, listed words, fields left out; of a field of another kind (an object, a
choice) only the absence. Whatever it does not know is looked at closely elsewhere: it may be too strict but never
too lenient. What it knows of a field by then it does not ask again for the rules, and of the rules that hold for
one word of a field it looks at those of the word that is there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from rulewright.generate.source import comment, literal
from rulewright.rules.definition import Rule
from rulewright.rules.expression import ALWAYS, NEVER, Compiler, Expression, Some, Term, every, negated, render, some

_MOST_REFERENCES: Final = 32
_BODY: Final = {"type", "properties", "required", "additionalProperties", "x-rules"}
_TYPES: Final = {"array": "list", "string": "str", "boolean": "bool", "integer": "int"}
_OPPOSITES: Final = {"is": "is not", "is not": "is", "in": "not in", "not in": "in", ">=": "<", "<=": ">"}
_BOUNDS: Final = {"minimum": ">=", "maximum": "<="}
_SIZES: Final = {"minLength": ">=", "maxLength": "<=", "minItems": ">=", "maxItems": "<="}
_FITTING: Final = {
    "array": {"items", "minItems", "maxItems"},
    "string": {"minLength", "maxLength"},
    "boolean": set(),
    "integer": set(_BOUNDS),
    "number": set(_BOUNDS),
}
"""The keywords beside `type` of which a glance can judge."""


@dataclass(frozen=True)
class Plain:
    """What is known of a field once the glance has let it through.

    Args:
        kind: The JSON type of its value, or None where nothing but absence is let through.
        required: Whether it is certain to be there.
        items: The JSON type of its items, for a list.
    """

    kind: str | None
    required: bool
    items: str | None = None


@dataclass
class Glance(Compiler):
    """Compile rules for fields whose types are known.

    Args:
        known: What is known of each variable.
        loops: For each statement about every item of a list: the list, and the statement's opposite.
    """

    known: Mapping[str, Plain] = field(default_factory=dict)
    loops: dict[Expression, tuple[str, Expression]] = field(default_factory=dict)

    def absent(self, variable: str) -> Expression:
        """State that a field was not given, which is asked of optional ones only; one of no plain kind never was."""
        plain = self.known.get(variable)
        if plain is None:
            return super().absent(variable)
        if plain.required:
            return NEVER
        if plain.kind is None:
            return ALWAYS
        return Term(f"{variable} is UNSET", f"{variable} is not UNSET", variable, present_if=False, absent_if=True)

    def is_list(self, variable: str) -> Expression:
        """State that a value is a list: known of a field that was given."""
        return self._is("array", variable) or super().is_list(variable)

    def is_text(self, variable: str) -> Expression:
        """State that a value is a text: known of a field that was given."""
        return self._is("string", variable) or super().is_text(variable)

    def is_number(self, variable: str) -> Expression:
        """State that a value is a number: known of a field that was given."""
        return self._is("number", variable) or super().is_number(variable)

    def _is(self, kind: str, variable: str) -> Expression | None:
        plain = self.known.get(variable)
        if plain is None:
            return None
        same = plain.kind == kind or (kind == "number" and plain.kind == "integer")
        return negated(self.absent(variable)) if same else NEVER

    def all_items(self, item: Expression, variable: str) -> Term:
        """State what holds of every item, and remember it: a loop is faster than a generator."""
        result = super().all_items(item, variable)
        self.loops[result] = (variable, negated(item))
        return result

    def _items(self, operand: Any, variable: str) -> Expression:
        around, plain = self.known, self.known.get(variable)
        if plain is not None and plain.items is not None:
            self.known = {**around, "item": Plain(plain.items, required=True)}
        try:
            return super()._items(operand, variable)
        finally:
            self.known = around


def known_fields(shape: Mapping[str, Any], definitions: Mapping[str, Any]) -> dict[str, Plain] | None:
    """Return what a glance lets through of each property, or None where no glance at the schema can be enough."""
    shape = _followed(shape, definitions)
    if set(shape) - _BODY or shape.get("type") != "object" or isinstance(shape.get("additionalProperties"), Mapping):
        return None
    required = shape.get("required", [])
    if set(required) - set(shape.get("properties", {})):
        return None
    result = {}
    for name, child in shape.get("properties", {}).items():
        form = _followed(child, definitions)
        plainly = _is_plain(form, definitions)
        if not plainly and name in required:
            return None
        items = _followed(form.get("items", {}), definitions).get("type") if plainly else None
        result[name] = Plain(form.get("type") if plainly else None, name in required, items)
    return result


@dataclass(frozen=True)
class Question:
    """What a glance asks of one field.

    Args:
        value: The variable that holds it.
        given: That it was given; nothing to ask of a required field.
        fitting: What its value must be.
        items: What each item of a list must be; None for anything but a list.
        words: The words that are listed for it.
    """

    value: str
    given: Expression
    fitting: Expression
    items: Expression | None = None
    words: tuple[str, ...] = ()

    @property
    def fits(self) -> Expression:
        """That it was left out, or is what it must be."""
        return some([negated(self.given), self.fitting])


def questions(
    shape: Mapping[str, Any], definitions: Mapping[str, Any], known: Mapping[str, Plain], local: Mapping[str, str]
) -> Iterator[Question]:
    """Yield what a glance asks of the fields of a model; `known` is what `known_fields` returned."""
    shape = _followed(shape, definitions)
    for name, plain in known.items():
        value, form = local[name], _followed(shape["properties"][name], definitions)
        given = ALWAYS if plain.required else _compared(value, "is not", "UNSET")
        fitting = every(_conditions(value, form)) if plain.kind else NEVER
        items = _followed(form.get("items", {}), definitions)
        each = every(_conditions("item", items)) if plain.kind == "array" else None
        yield Question(value, given, fitting, each, tuple(form.get("enum", ())) if plain.kind else ())


def nothing_else(shape: Mapping[str, Any], definitions: Mapping[str, Any]) -> Iterator[str]:
    """Yield the statements that let through no more than the listed fields; more may be anything, even one left out."""
    if _followed(shape, definitions).get("additionalProperties", True) is True:
        yield "    if body.additional_properties:"
        yield "        return None"


Kept = tuple[Rule, tuple[Expression, ...]]
"""A rule, and the ways to keep it."""


def look(asked: Sequence[Question], rules: Sequence[Rule], compiler: Glance, broken: str) -> Iterator[str]:
    """Yield the statements that return nothing for a model that is right, and None for one to be looked at closely.

    Whether it fits its schema is asked first, so that one that breaks a rule is known to fit. The exception are
    rules that want something of every item of a list: a list is looked through once, and if its items break such
    a rule, more closely again.

    Args:
        asked: What a glance asks of a model.
        rules: The rules of its schema.
        compiler: Compiles them.
        broken: The expression for what a model breaks that fits its schema.
    """
    compiler.objects.add("body")
    kept = [each for each in (_kept(rule, compiler) for rule in rules) if ALWAYS not in each[1]]
    lists = [question for question in asked if question.items is not None]
    of_items = {each.value: [rule for rule in kept if _is_of_items(rule[1], each, compiler)] for each in lists}
    kept = [rule for rule in kept if not any(rule in found for found in of_items.values())]
    by, branches = _branches(asked, kept, compiler)
    branched = [rule.id for bound in branches.values() for rule, _ in bound]
    for question in asked:
        if question.items is not None:
            yield from _looked_through(question, of_items[question.value], compiler.loops)
        elif question is not by:
            yield from _if(negated(question.fits), "return None", "    ")
    if by is not None:
        yield from _branched(by, branches, compiler, broken)
    for each in kept:
        if each[0].id not in branched:
            yield from _asked_of(each, compiler, broken, "    ")
    yield "    return ()"


def _kept(rule: Rule, compiler: Glance) -> Kept:
    kept = some([negated(compiler.holds(rule.condition, "body")), compiler.holds(rule.requirement, "body")])
    return rule, kept.parts if isinstance(kept, Some) else (kept,)


def _is_of_items(ways: tuple[Expression, ...], question: Question, compiler: Glance) -> bool:
    """Tell whether a rule wants something of every item of a list, whatever else the model holds."""
    if not ways or ways[-1] not in compiler.loops:
        return False
    variable, _ = compiler.loops[ways[-1]]
    return variable == question.value and set(ways[:-1]) <= {compiler.absent(question.value)}


def _branches(
    asked: Sequence[Question], kept: Sequence[Kept], compiler: Glance
) -> tuple[Question | None, dict[str, list[Kept]]]:
    """Return the field most rules depend on, and for each of its words the rules that hold for that word only."""
    best: tuple[Question | None, dict[str, list[Kept]]] = None, {}
    most = 0
    for question in asked:
        branches = {}
        for word in question.words:
            other = negated(compiler.holds({"const": word}, question.value))
            branches[word] = [
                (rule, tuple(way for way in ways if way != other)) for rule, ways in kept if other in ways
            ]
        if (count := sum(map(len, branches.values()))) > most:
            most, best = count, (question, {word: bound for word, bound in branches.items() if bound})
    return best


def _branched(by: Question, branches: Mapping[str, Sequence[Kept]], compiler: Glance, broken: str) -> Iterator[str]:
    keyword = "if"
    for word, bound in branches.items():
        yield f"    {keyword} {by.value} == {literal(word)}:"
        for rule in bound:
            yield from _asked_of(rule, compiler, broken, "        ")
        keyword = "elif"
    others = tuple(word for word in by.words if word not in branches)
    unlisted = _compared(by.value, "not in", literal(others)) if others else ALWAYS
    misfit = every([by.given, unlisted])
    yield "    else:" if misfit == ALWAYS else f"    elif {render(misfit)}:"
    yield "        return None"


def _asked_of(kept: Kept, compiler: Glance, broken: str, indent: str) -> Iterator[str]:
    rule, ways = kept
    yield f"{indent}{comment(rule.id)}"
    if ways and ways[-1] in compiler.loops:
        around = every(negated(way) for way in ways[:-1])
        variable, wrong = compiler.loops[ways[-1]]
        if around != ALWAYS:
            yield f"{indent}if {render(around)}:"
            indent += "    "
        yield f"{indent}for item in {variable}:"
        yield from _if(wrong, f"return {broken}", indent + "    ")
    else:
        yield from _if(negated(some(ways)), f"return {broken}", indent)


def _looked_through(
    question: Question, rules: Sequence[Kept], loops: Mapping[Expression, tuple[str, Expression]]
) -> Iterator[str]:
    indent = "    "
    if question.given != ALWAYS:
        yield f"{indent}if {render(question.given)}:"
        indent += "    "
    yield from _if(negated(question.fitting), "return None", indent)
    wrong = some([negated(question.items or ALWAYS), *(loops[ways[-1]][1] for _, ways in rules)])
    if wrong != NEVER:
        yield from (f"{indent}{comment(rule.id)}" for rule, _ in rules)
        yield f"{indent}for item in {question.value}:"
        yield from _if(wrong, "return None", indent + "    ")


def _if(condition: Expression, statement: str, indent: str) -> Iterator[str]:
    if condition != NEVER:
        yield f"{indent}if {render(condition)}:"
        yield f"{indent}    {statement}"


def _is_plain(form: Mapping[str, Any], definitions: Mapping[str, Any]) -> bool:
    kind, rest = form.get("type"), set(form) - {"type"}
    if kind == "string" and rest == {"enum"}:
        return all(isinstance(word, str) for word in form["enum"])
    if not isinstance(kind, str) or kind not in _FITTING or not rest <= _FITTING[kind]:
        return False
    items = _followed(form.get("items", {}), definitions)
    return not items or (items.get("type") != "array" and _is_plain(items, definitions))


def _conditions(value: str, form: Mapping[str, Any]) -> Iterator[Expression]:
    """Yield what makes a value fit a form; nothing for a form that says nothing."""
    kind = form.get("type")
    if "enum" in form:
        listed = "{" + ", ".join(map(literal, dict.fromkeys(form["enum"]))) + "}"
        yield _compared(f"type({value})", "is", "str")  # what can be no member is not looked for
        yield _compared(value, "in", listed)
    elif kind == "number":
        yield _compared(f"type({value})", "in", "(int, float)")
    elif kind:
        yield _compared(f"type({value})", "is", _TYPES[kind])
    for subject, words in ((value, _BOUNDS), (f"len({value})", _SIZES)):
        for word, sign in words.items():
            if word in form:
                yield _compared(subject, sign, repr(form[word]))


def _compared(left: str, sign: str, right: str) -> Term:
    return Term(f"{left} {sign} {right}", f"{left} {_OPPOSITES[sign]} {right}")


def _followed(form: Mapping[str, Any], definitions: Mapping[str, Any]) -> Mapping[str, Any]:
    for _ in range(_MOST_REFERENCES):
        if "$ref" not in form:
            return form
        form = definitions[form["$ref"]]
    return {}
