"""The compiled rules of a schema or an operation: straight comparisons of fields that are already in variables."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rulewright.generate.source import constant, literal
from rulewright.generate.statements import Block, Comment, If, Line, Loop, when
from rulewright.rules.definition import Rule, RuledSchema
from rulewright.rules.expression import TYPES, Compiler, every, mismatches, negate, render
from rulewright.rules.space import Given, Length, domains


@dataclass(frozen=True)
class RuleData:
    """The rules of a function, and what the search for the nearest valid request needs.

    Args:
        constant: The constant that holds the rule set.
        schema: The place of the schema or operation that has the rules.
        rules: The rules.
        fields: The fields that they read.
        domains: For each of these that can be listed, the source of everything it may be.
    """

    constant: str
    schema: str
    rules: tuple[Rule, ...]
    fields: tuple[str, ...]
    domains: Mapping[str, Sequence[str]]


def compile_rules(
    ruled: RuledSchema, function: str, document: Any, local: Mapping[str, str], patterns: dict[str, str]
) -> tuple[RuleData, Block]:
    """Return the rules of a schema, and the statements that check them; repeated tests for a list are made once, first.

    Args:
        ruled: The schema.
        function: The function that checks it.
        document: The document, for the references of the schema.
        local: The variable of each of its fields.
        patterns: The constants of regular expressions; new ones are added.
    """
    fields = [name for name in local if any(name in rule.fields for rule in ruled.rules)]
    data = RuleData(
        rule_set(function), ruled.pointer, ruled.rules, tuple(fields), _listed_domains(ruled, document, fields)
    )
    counting = Compiler(member_of(local), objects={"body"})
    for rule in ruled.rules:
        _compile_rule(rule, counting)
    notes = {value: f"{value}_is_list" for value in local.values() if counting.asked[value] > 1}
    lists = {value: name for value, name in notes.items() if name not in local.values()}
    compiler = Compiler(member_of(local), lists, patterns=patterns, objects={"body"})
    values = ", ".join(f"{literal(name)}: {local[name]}" for name in fields)
    return data, (
        *[Line(f"{name} = {TYPES['array'].format(value)}") for value, name in lists.items()],
        Line("violated: list[Violated] = []"),
        *[each for rule in ruled.rules for each in _compile_rule(rule, compiler)],
        If("violated", (Line(f"found.append(RuleViolations({data.constant}, at, {{{values}}}, violated))"),)),
    )


def rule_set(function: str) -> str:
    """Return the constant that holds the rules which a function checks."""
    return f"_RULES_{function.removeprefix('_check_').upper()}"


def member_of(local: Mapping[str, str]) -> Callable[[str, str], str]:
    """Return how a compiler reads a property: a field of the body from its variable, of another object by a call."""
    return lambda owner, name: local[name] if owner == "body" else f"member({owner}, {literal(name)})"


def _compile_rule(rule: Rule, compiler: Compiler) -> Block:
    """Return the statements that add the first violation of a rule: of a list, the first item that violates it."""
    name, comment = constant(rule.id), Comment(f"{rule.id}: {rule.message}")
    condition = compiler.holds(rule.condition, "body")
    found = mismatches(rule.requirement, "body", "", compiler)
    if len(found) == 1 and found[0].items is not None:
        pointer, items = literal(f"{found[0].pointer}/"), render(negate(found[0].items))
        report: Block = (Line(f"violated.append(({name}, {pointer} + str(index), item))"), Line("break"))
        search = Loop("index, item", f"enumerate({found[0].value})", (If(items, report),))
        return (comment, *when(every([condition, found[0].condition]), (search,)))
    chain: Block = ()
    report = ()
    for mismatch in reversed(found):
        test, pointer, value = render(mismatch.condition), literal(mismatch.pointer), mismatch.value
        if mismatch.items is not None:
            items = f"(index for index, item in enumerate({value}) if {render(negate(mismatch.items))})"
            test += f" and (bad := next({items}, None)) is not None"
            pointer, value = f"{literal(f'{mismatch.pointer}/')} + str(bad)", f"{value}[bad]"
        report = (Line(f"violated.append(({name}, {pointer}, {value}))"),)
        chain = (If(test, report, chain),)
    if len(found) == 1:  # one test instead of one below the other
        return (comment, *when(every([condition, found[0].condition]), report))
    return (comment, *when(condition, chain))


def _listed_domains(ruled: RuledSchema, document: Any, fields: Sequence[str]) -> dict[str, list[str]]:
    required = ruled.schema.get("required", [])
    result = {}
    for name, values in domains(ruled, document, fields).items():
        texts = [] if name in required else ["ABSENT"]
        texts += [text for value in values for text in _alternatives(value)]
        if texts:
            result[name] = texts
    return result


def _alternatives(value: Any) -> Iterator[str]:
    """Yield what a value may be changed to: of samples only numbers, because texts are arbitrary."""
    if isinstance(value, Given):
        numbers = {each.value for each in value.samples if isinstance(each.value, int | float)}
        yield from (literal(number) for number in sorted(numbers))
    else:
        yield f"Length({value.count})" if isinstance(value, Length) else literal(value)
