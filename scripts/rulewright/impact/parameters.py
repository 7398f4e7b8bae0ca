"""The parameters of an operation as one object, so that requests made of them are compared as bodies are.

A parameter is called by its place and name here, because one that moves to another place is another one.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from rulewright.impact.revision import Revision
from rulewright.openapi.operations import Operation, operation_parameters, parameter_names, parameters_schema
from rulewright.rules.definition import EXTENSION, RuledSchema


def parameters(revision: Revision, operation: Operation) -> tuple[dict[str, Any], RuledSchema | None]:
    """Return the schema of such an object, and the same with the rules of the operation where it has some."""
    called = parameter_names(operation_parameters(revision.value, operation.path, operation.body))
    names = {name: " ".join(key.split(":", 1)) for key, name in called.items()}
    plain = _renamed(parameters_schema(revision.value, operation.path, operation.body), names)
    location = ("paths", operation.path, operation.method)
    found = next((each for each in revision.ruled if each.location == location), None)
    if found is None:
        return plain, None
    rules = tuple(
        dataclasses.replace(
            rule,
            condition=_renamed(rule.condition, names),
            requirement=_renamed(rule.requirement, names),
            passes=_named(rule.passes, names),
            breaks=_named(rule.breaks, names),
        )
        for rule in found.rules
    )
    data = [
        {"if": rule.condition, "then": rule.requirement, "examples": {"passes": rule.passes, "breaks": rule.breaks}}
        for rule in rules
    ]
    plain[EXTENSION] = data
    return plain, RuledSchema(location, plain, rules, found.parameters)


def _renamed(schema: Any, names: Mapping[str, str]) -> Any:
    """Return a schema of an object that speaks of its properties by other names."""
    if not isinstance(schema, dict):
        return schema
    result = dict(schema)
    if "properties" in schema:
        result["properties"] = _named(schema["properties"], names)
    if "required" in schema:
        result["required"] = [names.get(name, name) for name in schema["required"]]
    for keyword in ("allOf", "anyOf"):
        if keyword in schema:
            result[keyword] = [_renamed(member, names) for member in schema[keyword]]
    if "not" in schema:
        result["not"] = _renamed(schema["not"], names)
    return result


def _named(value: Any, names: Mapping[str, str]) -> Any:
    return {names.get(name, name): child for name, child in value.items()} if isinstance(value, dict) else value
