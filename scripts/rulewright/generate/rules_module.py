"""The compiled rules: one module for each schema that carries rules, in plain Python."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from rulewright.errors import InputError
from rulewright.generate.glance import Glance, known_fields, look, nothing_else, questions
from rulewright.generate.names import ModelName, Names
from rulewright.generate.shapes import Shapes, request_schemas
from rulewright.generate.source import comment, constant, docstring, literal, variables
from rulewright.openapi.pointer import decode
from rulewright.rules.breach import Breach, breaches
from rulewright.rules.definition import Rule, RuledSchema
from rulewright.rules.domain import Given, Length, domains
from rulewright.rules.expression import LIST, Compiler, Expression, every, negated, render
from rulewright.rules.verdict import mentions


def module_name(ruled: RuledSchema, names: Names) -> str:
    """Return the module a schema's rules go to, named like its model's."""
    return names.model_at(ruled.location).module


def rules_module(ruled: RuledSchema, names: Names, document: Any) -> str:
    """Return the source of the module that checks one schema's rules."""
    model = names.model_at(ruled.location)
    local = variables({name: field.attribute for name, field in model.fields.items()})
    used = fields_used(ruled, local)
    compiler, lines = checks(ruled, local)
    parameters = ", ".join(f"{local[name]}: Any" for name in used)
    glance = list(_look(ruled, model, local, compiler, document))
    return "\n".join(
        [
            docstring(f"The rules of {model.name}, compiled from the x-rules of {ruled.pointer}."),
            "from __future__ import annotations",
            "import re",
            "from collections.abc import Mapping, Sequence",
            "from typing import Any, Final",
            f"from ..models.{model.module} import {model.name}",
            "from ..types import UNSET, Unset",
            "from ._engine import RuleSet",
            "from ._violation import ABSENT, Broken, Length, Rule, Source",
            f"from ._values import {', '.join(sorted({*compiler.helpers, 'member'}))}",
            "",
            *[f"{name}: Final = re.compile({literal(text)})" for text, name in compiler.patterns.items()],
            *[declaration(rule, ruled) for rule in ruled.rules],
            "",
            f"def broken({parameters}) -> list[Broken]:",
            f"    {docstring('Return what the given field values break, in the order of the rules.')}",
            "    found: list[Broken] = []",
            *[f"    {name} = {LIST.format(value)}" for value, name in compiler.lists.items()],
            *lines,
            "    return found",
            "",
            f"def model_values(body: {model.name}) -> tuple[Any, ...]:",
            f"    {docstring('Return what the rules look at in a model.')}",
            f"    return ({''.join(f'body.{model.fields[name].attribute}, ' for name in used)})",
            "",
            "def json_values(body: Mapping[str, Any]) -> tuple[Any, ...]:",
            f"    {docstring('Return what the rules look at in a JSON object.')}",
            "    get = body.get",
            f"    return ({''.join(f'get({literal(name)}, UNSET), ' for name in used)})",
            "",
            *glance,
            "",
            "RULE_SET: Final = RuleSet(",
            f"    model={model.name},",
            f"    rules=({''.join(constant(rule.id) + ', ' for rule in ruled.rules)}),",
            f"    fields={literal(tuple(used))},",
            f"    domains={{{listed_domains(ruled, document, used)}}},",
            "    look=look,",
            "    model_values=model_values,",
            "    json_values=json_values,",
            "    broken=broken,",
            ")",
            "",
        ]
    )


def table_module(modules: Sequence[str], parameters: Mapping[str, str], shapes: Shapes, names: Names) -> str:
    """Return the source of the table: which module checks which model, and the shape of each request.

    Args:
        modules: The modules of rules of models.
        parameters: The modules of rules of parameters, by the id of their operation.
        shapes: Where the shapes of requests are collected.
        names: What the generator named.
    """
    requests = dict.fromkeys(reference for kind, reference in request_schemas(shapes.document) if _is_json(kind))
    # A body that is one of several, a list or plain text has no class of its own, and is left to the server.
    models = {reference: names.model_at(place) for reference in requests if names.has_model(place := decode(reference))}
    for reference in models:
        shapes.add(reference)
    holding = "".join(f"{model.name}, " for reference, model in models.items() if shapes.holds_ruled(reference))
    return "\n".join(
        [
            docstring("Which module checks which model or operation, and the shape of each request body."),
            "from __future__ import annotations",
            "from collections.abc import Mapping",
            "from typing import Any, Final",
            *[f"from ..models.{model.module} import {model.name}" for model in models.values()],
            "from ._engine import RuleSet",
            *[f"from . import {module}" for module in (*modules, *parameters.values())],
            "",
            "RULE_SETS: Final[tuple[RuleSet, ...]] = (",
            *[f"{module}.RULE_SET," for module in modules],
            ")",
            "PARAMETERS: Final[Mapping[str, RuleSet]] = {",
            *[f"{literal(operation)}: {module}.RULE_SET," for operation, module in parameters.items()],
            "}",
            "# The requests that may hold a part with rules of its own.",
            f"HOLDING: Final[frozenset[type[Any]]] = frozenset(({holding}))",
            f"DEFINITIONS: Final[Mapping[str, Any]] = {literal(shapes.definitions)}",
            "SHAPES: Final[Mapping[type[Any], Any]] = {",
            *[f"{model.name}: DEFINITIONS[{literal(reference)}]," for reference, model in models.items()],
            "}",
            "",
        ]
    )


def _look(
    ruled: RuledSchema, model: ModelName, local: Mapping[str, str], compiler: Compiler, document: Any
) -> Iterator[str]:
    """Yield the function that lets a right model through at a glance; add what it uses to the compiler's."""
    shapes = Shapes(document)
    shape = shapes.add(ruled.pointer)
    known = known_fields(shape, shapes.definitions)
    yield "def look(body: Any) -> Sequence[Broken] | None:"
    if known is None or set(known) - set(model.fields):
        yield f"    {docstring('Say nothing at a glance: this schema takes a closer look.')}"
        yield "    return None"
        return
    yield f"    {docstring('Return what a model breaks that plainly fits its schema; any other takes a closer look.')}"
    yield from (f"    {local[name]} = body.{model.fields[name].attribute}" for name in known)
    glance = Glance(
        _member_of(ruled, local),
        patterns=compiler.patterns,
        helpers=compiler.helpers,
        known={local[name]: plain for name, plain in known.items()},
    )
    asked = list(questions(shape, shapes.definitions, known, local))
    yield from nothing_else(shape, shapes.definitions)
    yield from look(
        asked, ruled.rules, glance, f"broken({', '.join(local[name] for name in fields_used(ruled, local))})"
    )


def fields_used(ruled: RuledSchema, local: Mapping[str, str]) -> list[str]:
    """Return the fields that the rules look at."""
    return [name for name in local if any(mentions(rule, name) for rule in ruled.rules)]


def _is_json(content_type: str) -> bool:
    kind = content_type.partition(";")[0].strip().lower()
    return kind in {"application/json", "*/*"} or kind.endswith("+json")


def listed_domains(ruled: RuledSchema, document: Any, used: Sequence[str]) -> str:
    """Return the source of the entries of `domains`: each field that can be listed, with everything it may be."""
    required = ruled.schema.get("required", [])
    entries = []
    for name, values in domains(ruled, document, used).items():
        texts = [] if name in required else ["ABSENT"]
        texts += [text for value in values for text in _alternatives(value)]
        if texts:
            entries.append(f"{literal(name)}: ({', '.join(texts)},)")
    return ", ".join(entries)


def _alternatives(value: Any) -> Iterator[str]:
    """Yield what a value may be changed to: of samples only numbers, for nobody's text is as good as another."""
    if isinstance(value, Given):
        numbers = {each.value for each in value.samples if isinstance(each.value, int | float)}
        yield from (literal(number) for number in sorted(numbers))
    else:
        yield f"Length({value.count})" if isinstance(value, Length) else literal(value)


def declaration(rule: Rule, ruled: RuledSchema) -> str:
    """Return the source of the constant that holds a rule as data."""
    return (
        f"{constant(rule.id)}: Final = Rule(id={literal(rule.id)}, level={literal(rule.level)}, "
        f"message={literal(rule.message)}, schema={literal(ruled.pointer)}, "
        f"source=Source(at={literal(rule.source.at)}, quote={literal(rule.source.quote)}))"
    )


def _member_of(ruled: RuledSchema, local: Mapping[str, str]) -> Callable[[str, str], str]:
    def member(owner: str, name: str) -> str:
        if owner == "body":
            if name not in local:
                raise InputError(f"a rule speaks of {name!r}, but there is no such property", pointer=ruled.pointer[1:])
            return local[name]
        return f"member({owner}, {literal(name)})"

    return member


def checks(ruled: RuledSchema, local: Mapping[str, str]) -> tuple[Compiler, list[str]]:
    """Return the lines that check the rules; what several of them ask of a field is asked once, before them."""
    compiler, _ = _compiled(ruled, local, {})
    names = {value: f"{value}_is_list" for value in local.values() if compiler.asked[value] > 1}
    lists = {value: name for value, name in names.items() if name not in local.values()}
    return _compiled(ruled, local, lists)


def _compiled(ruled: RuledSchema, local: Mapping[str, str], lists: Mapping[str, str]) -> tuple[Compiler, list[str]]:
    compiler = Compiler(_member_of(ruled, local), lists)
    compiler.objects.add("body")
    return compiler, [line for rule in ruled.rules for line in _check(rule, compiler)]


def _check(rule: Rule, compiler: Compiler) -> list[str]:
    condition = compiler.holds(rule.condition, "body")
    found = breaches(rule.requirement, "body", "", compiler)
    lines = ["    " + comment(f"{rule.id}: {rule.message}")]
    if not found:
        return lines  # nothing can break it; the linter says so, and the module must still be Python
    if len(found) == 1:
        breach = found[0]
        condition = every([condition, breach.condition])
        search = [f"        {_append(rule, breach)}"] if breach.items is None else _loop(rule, breach, breach.items)
        return [*lines, f"    if {render(condition)}:", *search]
    lines.append(f"    if {render(condition)}:")
    for index, breach in enumerate(found):
        lines += [
            f"        {'elif' if index else 'if'} {_test(breach.condition, breach)}:",
            f"            {_append(rule, breach)}",
        ]
    return lines


def _loop(rule: Rule, breach: Breach, items: Expression) -> Iterator[str]:
    """Yield the lines that look for the first item that breaks a rule with no other breach: the fastest way."""
    yield f"        for index, item in enumerate({breach.value}):"
    yield f"            if {render(negated(items))}:"
    pointer = f"{literal(breach.pointer + '/')} + str(index)"
    yield f"                found.append(({constant(rule.id)}, {pointer}, item))"
    yield "                break"


def _test(condition: Expression, breach: Breach) -> str:
    if breach.items is None:
        return render(condition)
    search = f"(index for index, item in enumerate({breach.value}) if {render(negated(breach.items))})"
    return f"{render(condition)} and (bad := next({search}, None)) is not None"


def _append(rule: Rule, breach: Breach) -> str:
    pointer, value = literal(breach.pointer), breach.value
    if breach.items is not None:
        pointer, value = f"{literal(breach.pointer + '/')} + str(bad)", f"{breach.value}[bad]"
    return f"found.append(({constant(rule.id)}, {pointer}, {value}))"
