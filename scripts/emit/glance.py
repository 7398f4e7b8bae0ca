"""The check at a glance: two expressions over a model, the first for its schema, the second for its rules.

Nearly every request is right, and should be let through as fast as a check written by hand would do it. So the
first expression accepts only what plainly fits: plain types, listed words, fields left out. Of a field of
another kind (an object, a choice) it accepts only the absence. Whatever it does not accept is looked at closely
elsewhere, so it may be too strict but never too lenient. The second speaks only of what the first let through,
and need not ask again what is known by then.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from scripts.emit.source import comment, literal
from scripts.rules.definition import Rule
from scripts.rules.expression import ALWAYS, NEVER, Compiler, Expression, Some, Term, every, negated, render, some

_MOST_REFERENCES: Final = 32
_BODY: Final = {"type", "properties", "required", "additionalProperties"}
_TYPES: Final = {"array": "list", "string": "str", "boolean": "bool", "integer": "int"}
_BOUNDS: Final = {"minimum": (">=", "<"), "maximum": ("<=", ">")}
_SIZES: Final = {
    "minLength": (">=", "<"), "maxLength": ("<=", ">"), "minItems": (">=", "<"), "maxItems": ("<=", ">")
}  # fmt: skip
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
    loops: dict[Expression, tuple[str, str]] = field(default_factory=dict)

    def absent(self, variable: str) -> Expression:
        """State that a field was not given, which is asked of optional ones only."""
        plain = self.known.get(variable)
        if plain is None:
            return super().absent(variable)
        if plain.required:
            return NEVER
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

    def truth(self, text: str) -> Term:
        """State that something is true, and give a boolean, not any value that counts as one."""
        return Term(f"bool({text})", f"not {text}")

    def all_items(self, item: Expression, variable: str) -> Term:
        """State what holds of every item, and remember it: a loop is faster than a generator."""
        result = super().all_items(item, variable)
        self.loops[result] = (variable, render(negated(item)))
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


def fits(shape: Mapping[str, Any], definitions: Mapping[str, Any], known: Mapping[str, Plain],
         local: Mapping[str, str]) -> Iterator[str]:  # fmt: skip
    """Yield the statements that tell whether a model fits its schema; `known` is what `known_fields` returned."""
    shape = _followed(shape, definitions)
    conditions: list[Expression] = []
    if shape.get("additionalProperties", True) is True:  # then it may hold anything, even what a field leaves out
        conditions.append(Term("not body.additional_properties", "body.additional_properties"))
    for name, plain in known.items():
        value, form = local[name], _followed(shape["properties"][name], definitions)
        left_out = NEVER if plain.required else Term(f"{value} is UNSET", f"{value} is not UNSET")
        if plain.kind == "array":
            items = _followed(form.get("items", {}), definitions)
            yield from _list_fits(value, _conditions(value, form), _conditions("item", items), negated(left_out))
        else:
            conditions.append(some([left_out, every(_conditions(value, form)) if plain.kind else NEVER]))
    yield from _returned((None, condition) for condition in conditions)


def _list_fits(value: str, fitting: Iterable[Expression], items: Iterable[Expression],
               given: Expression) -> Iterator[str]:  # fmt: skip
    indent = "    "
    if given != ALWAYS:
        yield f"{indent}if {render(given)}:"
        indent += "    "
    yield f"{indent}if {render(negated(every(fitting)))}:"
    yield f"{indent}    return False"
    if (each := every(items)) != ALWAYS:
        yield from _loop(value, render(negated(each)), indent)


def keeps(rules: Iterable[Rule], compiler: Glance) -> Iterator[str]:
    """Yield the statements that tell whether a model that fits its schema keeps every rule."""
    compiler.objects.add("body")
    conditions = []
    for rule in rules:
        kept = some([negated(compiler.holds(rule.condition, "body")), compiler.holds(rule.requirement, "body")])
        *others, last = kept.parts if isinstance(kept, Some) and kept.parts else (kept,)
        if last in compiler.loops:
            yield f"    {comment(rule.id)}"
            if others:
                yield f"    if {render(negated(some(others)))}:"
            yield from _loop(*compiler.loops[last], "        " if others else "    ")
        elif kept != ALWAYS:
            conditions.append((rule, kept))
    yield from _returned(conditions)


def _loop(value: str, wrong: str, indent: str) -> Iterator[str]:
    yield f"{indent}for item in {value}:"
    yield f"{indent}    if {wrong}:"
    yield f"{indent}        return False"


def _returned(conditions: Iterable[tuple[Rule | None, Expression]]) -> Iterator[str]:
    """Yield the statement that returns whether all conditions hold, each under the name of its rule."""
    yield "    return ("
    before = ""
    for rule, condition in conditions:
        if rule is not None:
            yield f"        {comment(rule.id)}"
        text = render(condition)
        yield f"        {before}{f'({text})' if isinstance(condition, Some) and condition.parts else text}"
        before = "and "
    yield "    )" if before else "        True\n    )"


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
        listed = literal(tuple(form["enum"]))
        yield Term(f"{value} in {listed}", f"{value} not in {listed}")
    elif kind == "number":
        yield Term(f"type({value}) in (int, float)", f"type({value}) not in (int, float)")
    elif kind:
        yield Term(f"type({value}) is {_TYPES[kind]}", f"type({value}) is not {_TYPES[kind]}")
    for subject, words in ((value, _BOUNDS), (f"len({value})", _SIZES)):
        for word, (sign, opposite) in words.items():
            if word in form:
                yield Term(f"{subject} {sign} {form[word]!r}", f"{subject} {opposite} {form[word]!r}")


def _followed(form: Mapping[str, Any], definitions: Mapping[str, Any]) -> Mapping[str, Any]:
    for _ in range(_MOST_REFERENCES):
        if "$ref" not in form:
            return form
        form = definitions[form["$ref"]]
    return {}
