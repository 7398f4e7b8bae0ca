"""The compiled rules of an operation's parameters: one module for each operation that carries rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from scripts.emit.names import Names
from scripts.emit.operations import Operation, operations
from scripts.emit.rules_module import checks, declaration, fields_used, listed_domains
from scripts.emit.source import constant, docstring, literal, snake, variables
from scripts.rules.definition import RuledSchema
from scripts.rules.expression import LIST


def parameters_modules(ruled: Sequence[RuledSchema], document: Any, names: Names) -> dict[str, tuple[str, str]]:
    """Return name and source of the module of each operation that carries rules, by the operation's id.

    What the client goes without has no module: the rules of such an operation bind the sandbox alone.
    """
    carriers = {each.location: each for each in ruled if each.parameters is not None}
    taken = {model.module for model in names.models.values()}
    result: dict[str, tuple[str, str]] = {}
    for operation in operations(document):
        carrier = carriers.get(("paths", operation.path, operation.method))
        if carrier is not None and not names.lacks(operation.method, operation.path):
            module = f"{snake(operation.id)}_parameters"
            while module in taken:
                module += "_"
            taken.add(module)
            result[operation.id] = (module, _module(carrier, operation, document, names))
    return result


def _module(ruled: RuledSchema, operation: Operation, document: Any, names: Names) -> str:
    keywords = _keywords(ruled.parameters or {}, names.operation(operation.method, operation.path).arguments)
    local = variables(keywords)
    used = fields_used(ruled, local)
    compiler, lines = checks(ruled, local)
    given = ", ".join(f"{local[name]}: Any" for name in used)
    return "\n".join(
        [
            docstring(f"The rules of the parameters of {operation.id}, compiled from the x-rules of {ruled.pointer}."),
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
            f"    {docstring('Return what the given parameters break, in the order of the rules.')}",
            "    found: list[Broken] = []",
            *[f"    {name} = {LIST.format(value)}" for value, name in compiler.lists.items()],
            *lines,
            "    return found",
            "",
            "def argument_values(arguments: Arguments) -> tuple[Any, ...]:",
            f"    {docstring('Return what the rules look at among the arguments of a call.')}",
            "    get = arguments.get",
            f"    return ({''.join(f'plain(get({literal(keywords[name])}, UNSET)), ' for name in used)})",
            "",
            "def json_values(body: Mapping[str, Any]) -> tuple[Any, ...]:",
            f"    {docstring('Return what the rules look at in an object that holds the parameters.')}",
            "    get = body.get",
            f"    return ({''.join(f'get({literal(name)}, UNSET), ' for name in used)})",
            "",
            "RULE_SET: Final = RuleSet(",
            "    model=Arguments,",
            f"    rules=({''.join(constant(rule.id) + ', ' for rule in ruled.rules)}),",
            f"    fields={literal(tuple(used))},",
            f"    domains={{{listed_domains(ruled, document, used)}}},",
            "    look=unseen,",
            "    model_values=argument_values,",
            "    json_values=json_values,",
            "    broken=broken,",
            ")",
            "",
        ]
    )


def _keywords(parameters: Mapping[str, str], arguments: Mapping[str, str]) -> dict[str, str]:
    """Return the keyword of each parameter by the name rules call it; the builder takes every parameter."""
    return {name: arguments[key] for key, name in parameters.items()}
