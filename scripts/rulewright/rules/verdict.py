"""Which rules a JSON body violates, decided by a JSON Schema validator: the compiled rules are compared with this."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import jsonschema_rs

from rulewright.openapi.pointer import encode
from rulewright.openapi.schemas import Schemas
from rulewright.rules.definition import RESERVED, Rule, RuledSchema

_SCHEMA: Final = next(iter(RESERVED))


class Verdict:
    """Evaluates the rules of one schema by JSON Schema 2020-12, without compiling anything to Python."""

    def __init__(self, ruled: RuledSchema, *, levels: tuple[str, ...] = ("error",)) -> None:
        self.ruled = ruled
        self.rules = tuple(rule for rule in ruled.rules if rule.level in levels)
        self._validators = [
            (rule, jsonschema_rs.Draft202012Validator({"if": rule.condition, "then": rule.requirement}))
            for rule in self.rules
        ]

    def violated_rules(self, body: Mapping[str, Any]) -> tuple[str, ...]:
        """Return the ids of the rules that a body violates, in their order."""
        return tuple(rule.id for rule, validator in self._validators if not validator.is_valid(body))

    def errors(self, body: Any) -> Iterator[tuple[Rule, jsonschema_rs.ValidationError]]:
        """Yield each rule that a body violates, with the first thing that is wrong about the body."""
        for rule, validator in self._validators:
            if (error := next(iter(validator.iter_errors(body)), None)) is not None:
                yield rule, error

    def mentions(self, field: str) -> bool:
        """Return whether any of the rules reads a field of the body."""
        return any(field in rule.fields for rule in self.rules)


@dataclass(frozen=True)
class Violation:
    """One way in which a request is not accepted.

    Args:
        rule: The id of the rule; `schema` where the request does not fit the schema itself.
        level: `error`, or `warning` for a rule that is enforced in strict mode only.
        pointer: JSON pointer of the offending part of the request.
        message: What is required.
        source: The vendor's words a rule rests on, and where they stand.
    """

    rule: str
    level: str
    pointer: str
    message: str
    source: Mapping[str, str] | None = None

    def __str__(self) -> str:
        lines = [f"{self.rule} ({self.level}): {self.message}", f"  at {self.pointer or '(the whole request)'}"]
        if self.source is not None:
            lines += [f"  source: {self.source['quote']}", f"    at {self.source['at']}"]
        return "\n".join(lines)


def explain(document: Any, ruled: RuledSchema, request: Any) -> list[Violation]:
    """Return everything that is wrong about a request: where it does not fit its schema, and each rule it breaks.

    Args:
        document: The document with all overlays applied.
        ruled: The schema of the request.
        request: The body; of an operation with rules of its own, an object of its parameters.

    Raises:
        SchemaError: The schema cannot be evaluated.
    """
    fits = Schemas(document).validator(ruled.schema)
    found = [Violation(_SCHEMA, "error", _place(error), error.message) for error in fits.iter_errors(request)]
    for rule, error in Verdict(ruled, levels=("error", "warning")).errors(request):
        found.append(Violation(rule.id, rule.level, _place(error), rule.message, rule.source.data()))
    return found


def _place(error: jsonschema_rs.ValidationError) -> str:
    """Return the JSON pointer of an error; a missing property is located where it should be."""
    missing = [error.kind.as_dict()["property"]] if error.kind.name == "required" else []
    return encode((*error.instance_path, *missing))
