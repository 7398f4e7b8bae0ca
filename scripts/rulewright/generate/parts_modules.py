"""The compiled rules of what has no class of its own: the parameters of an operation, an object within another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rulewright.errors import InputError
from rulewright.generate.names import Names
from rulewright.generate.operations import Operation, operations
from rulewright.generate.rules_module import checks, declaration, fields_used, listed_domains
from rulewright.generate.source import constant, docstring, literal, snake, variables
from rulewright.openapi.pointer import Location
from rulewright.rules.definition import RuledSchema
from rulewright.rules.expression import LIST

_STRUCTURE = frozenset({"paths", "components", "schemas", "properties", "requestBody", "content", "schema"})


def part_modules(ruled: Sequence[RuledSchema], names: Names, taken: set[str]) -> dict[str, str]:
    """Return the source of the module of each schema that carries rules and has no class.

    Args:
        ruled: What carries rules.
        names: What the generator named.
        taken: The modules there are already; the names of these are added.
    """
    result = {}
    for each in ruled:
        if each.rules and each.parameters is None and not names.has_model(each.location):
            about = f"The rules of an object that has no class, compiled from the x-rules of {each.pointer}."
            local = variables({name: snake(name) for name in each.schema.get("properties", {})})
            result[_free(_name(each.location), taken)] = _module(each, about, local, {})
    return result


def parameters_modules(
    ruled: Sequence[RuledSchema], document: Any, names: Names, taken: set[str]
) -> dict[str, tuple[str, str]]:
    """Return name and source of the module of each operation that carries rules, by the operation's id.

    What the client goes without has no module: the rules of such an operation bind the sandbox alone.

    Args:
        ruled: What carries rules.
        document: The merged document.
        names: What the generator named.
        taken: The modules there are already; the names of these are added.
    """
    carriers = {each.location: each for each in ruled if each.parameters is not None}
    result: dict[str, tuple[str, str]] = {}
    for operation in operations(document):
        carrier = carriers.get(("paths", operation.path, operation.method))
        if carrier is not None and not names.lacks(operation.method, operation.path):
            about = f"The rules of the parameters of {operation.id}, compiled from the x-rules of {carrier.pointer}."
            keywords = _keywords(carrier, operation, names)
            source = _module(carrier, about, variables(keywords), keywords)
            result[operation.id] = (_free(f"{snake(operation.id)}_parameters", taken), source)
    return result


def _module(ruled: RuledSchema, about: str, local: Mapping[str, str], keywords: Mapping[str, str]) -> str:
    """Return the source of a module; `keywords` are those of a call's arguments, none for an object."""
    used = fields_used(ruled, local)
    compiler, lines = checks(ruled, local)
    given = ", ".join(f"{local[name]}: Any" for name in used)
    return "\n".join(
        [
            docstring(about),
            "from __future__ import annotations",
            "import re",
            "from collections.abc import Mapping",
            "from typing import Any, Final",
            "from ..types import UNSET, Unset",
            "from ._arguments import Arguments, plain",
            "from ._engine import RuleSet, unseen",
            "from ._violation import ABSENT, Broken, Length, Rule, Source",
            f"from ._values import {', '.join(sorted({*compiler.helpers, 'member'}))}",
            "",
            *[f"{name}: Final = re.compile({literal(text)})" for text, name in compiler.patterns.items()],
            *[declaration(rule, ruled) for rule in ruled.rules],
            "",
            f"def broken({given}) -> list[Broken]:",
            f"    {docstring('Return what the given values break, in the order of the rules.')}",
            "    found: list[Broken] = []",
            *[f"    {name} = {LIST.format(value)}" for value, name in compiler.lists.items()],
            *lines,
            "    return found",
            "",
            *(_argument_values(used, keywords) if keywords else []),
            "def json_values(body: Mapping[str, Any]) -> tuple[Any, ...]:",
            f"    {docstring('Return what the rules look at in a JSON object.')}",
            "    get = body.get",
            f"    return ({''.join(f'get({literal(name)}, UNSET), ' for name in used)})",
            "",
            "RULE_SET: Final = RuleSet(",
            f"    model={'Arguments' if keywords else 'type(None)'},",
            f"    rules=({''.join(constant(rule.id) + ', ' for rule in ruled.rules)}),",
            f"    fields={literal(tuple(used))},",
            f"    domains={{{listed_domains(ruled, {}, used)}}},",
            "    look=unseen,",
            f"    model_values={'argument_values' if keywords else 'json_values'},",
            "    json_values=json_values,",
            "    broken=broken,",
            ")",
            "",
        ]
    )


def _argument_values(used: Sequence[str], keywords: Mapping[str, str]) -> list[str]:
    return [
        "def argument_values(arguments: Arguments) -> tuple[Any, ...]:",
        f"    {docstring('Return what the rules look at among the arguments of a call.')}",
        "    get = arguments.get",
        f"    return ({''.join(f'plain(get({literal(keywords[name])}, UNSET)), ' for name in used)})",
        "",
    ]


def _keywords(ruled: RuledSchema, operation: Operation, names: Names) -> dict[str, str]:
    """Return the keyword of each parameter by the name rules call it.

    Raises:
        InputError: The generated function takes no such parameter.
    """
    arguments = names.operation(operation.method, operation.path).arguments
    result = {}
    for key, name in (ruled.parameters or {}).items():
        if key not in arguments:
            message = f"the rules of {operation.id} speak of its parameters, but its function takes no {key!r}"
            raise InputError(message, pointer=operation.pointer)
        result[name] = arguments[key]
    return result


def _name(location: Location) -> str:
    return snake("_".join(str(token) for token in location if token not in _STRUCTURE))


def _free(name: str, taken: set[str]) -> str:
    while name in taken:
        name += "_"
    taken.add(name)
    return name
