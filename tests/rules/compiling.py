"""Compile invented schemas and rules, and run the generated module."""

from __future__ import annotations

import types
from collections.abc import Mapping, Sequence
from typing import Any

import mountsea_gemini
from mountsea_gemini._rules import Rules
from mountsea_gemini.raw.models import TaskIdDto
from mountsea_gemini.rules import Violation
from rulewright.generate.checks import checks_module
from rulewright.generate.names import FieldName, ModelName, Names
from rulewright.generate.source import snake
from rulewright.rules.definition import Rule, RuledSchema, Source


def run(source: str) -> Any:
    """Return a generated module, run inside the generated package."""
    module = types.ModuleType(f"{mountsea_gemini.__name__}.compiled")
    module.__package__ = mountsea_gemini.__name__
    exec(compile(source, "compiled", "exec"), vars(module))  # noqa: S102  our own compiler's output
    return module


def rule(condition: Any, requirement: Any, name: str = "r", level: str = "error") -> Rule:
    """Return a rule."""
    return Rule(name, level, f"{name} must hold", Source("#/at", "words"), condition, requirement, {}, {}, ())


def source(
    schema: Mapping[str, Any],
    rules: Sequence[Rule] = (),
    *,
    parts: Mapping[str, Sequence[Rule]] | None = None,
    attributes: Mapping[str, str] | None = None,
    content: str = "application/json",
    **definitions: Any,
) -> str:
    """Return the module for a document with one operation, which takes the schema `#/S` as its body.

    Args:
        schema: The schema of the body, whose model is `TaskIdDto`.
        rules: Its rules.
        parts: The rules of other definitions, by name.
        attributes: The attribute of the model for each field; by default, each has its own name.
        content: The media type of the body.
        definitions: Other schemas of the document, by name.
    """
    carried = {"S": rules, **(parts or {})}
    schemas = {
        name: {**each, **({"x-rules": [{"id": rule.id} for rule in carried[name]]} if carried.get(name) else {})}
        for name, each in {"S": schema, **definitions}.items()
    }
    body = {"content": {content: {"schema": {"$ref": "#/S"}}}}
    document = {**schemas, "paths": {"/": {"post": {"operationId": "send", "requestBody": body}}}}
    named = attributes or {name: snake(name) for name in schema.get("properties", {})}
    fields = {name: FieldName(attribute, "Any", None) for name, attribute in named.items()}
    names = Names({"TaskIdDto": ModelName("TaskIdDto", "task_id_dto", ("/S",), fields)}, frozenset(), ())
    ruled = [RuledSchema((name,), schemas[name], tuple(each)) for name, each in carried.items() if each]
    return checks_module(document, ruled, names)


def compile_checks(schema: Mapping[str, Any], rules: Sequence[Rule] = (), **options: Any) -> Rules:
    """Return the checks of a document, as `source` describes it."""
    module = run(source(schema, rules, **options))
    return Rules(module.BODIES, module.RULE_SETS, module.REQUESTS)


def violations(schema: Mapping[str, Any], value: Any, rules: Sequence[Rule] = (), **options: Any) -> list[Violation]:
    """Return what a JSON value violates of a schema and its rules."""
    return [*compile_checks(schema, rules, **options).violations(value, model=TaskIdDto)]
