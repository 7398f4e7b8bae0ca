"""Which rules a JSON body breaks, answered by a JSON Schema validator: the judge the compiled rules are held to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jsonschema_rs

from rulewright.rules.definition import Rule, RuledSchema
from rulewright.rules.dialect import children


class Verdict:
    """Evaluates the rules of one schema by JSON Schema 2020-12, without compiling anything to Python."""

    def __init__(self, ruled: RuledSchema, *, levels: tuple[str, ...] = ("error",)) -> None:
        self.ruled = ruled
        self.rules = tuple(rule for rule in ruled.rules if rule.level in levels)
        self._validators = [
            (rule, jsonschema_rs.Draft202012Validator({"if": rule.condition, "then": rule.requirement}))
            for rule in self.rules
        ]

    def broken(self, body: Mapping[str, Any]) -> tuple[str, ...]:
        """Return the ids of the rules a body breaks, in their order."""
        return tuple(rule.id for rule, validator in self._validators if not validator.is_valid(body))

    def mentions(self, field: str) -> bool:
        """Tell whether any of the rules looks at a field of the body."""
        return any(mentions(rule, field) for rule in self.rules)


def mentions(rule: Rule, field: str) -> bool:
    """Tell whether a rule looks at a field of the body."""
    return any(_names(schema, field) for schema in (rule.condition, rule.requirement))


def _names(schema: Any, field: str) -> bool:
    if not isinstance(schema, dict):
        return False
    if field in schema.get("properties", {}) or field in schema.get("required", []):
        return True
    return any(_names(child, field) for place, child in children(schema) if place[0] != "properties")
