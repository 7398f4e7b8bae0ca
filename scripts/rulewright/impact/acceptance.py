"""Whether one side of a comparison accepts a request, and the reasons if not: the schema's, then the rules'."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import jsonschema_rs

from rulewright.impact.grammar import resolved
from rulewright.impact.revision import Revision
from rulewright.openapi.operations import Operation, operation_parameters, parameter_names, parameters_schema
from rulewright.openapi.pointer import decode
from rulewright.openapi.schemas import Schemas
from rulewright.rules.definition import EXTENSION, RuledSchema
from rulewright.rules.verdict import Verdict

_LISTING: Final = ("enum", "const")


@dataclass(frozen=True, order=True)
class Reason:
    """Why a request is refused.

    Args:
        place: The way to the failing part of the request; empty where it fails as a whole.
        keyword: The keyword of the schema that fails, or `rule`.
        what: The value that is not listed, as JSON text, or the rule's id.
    """

    place: tuple[str, ...]
    keyword: str
    what: str | None = None

    @property
    def field(self) -> str | None:
        """The field of the request it is about."""
        return self.place[0] if self.place else None

    def __str__(self) -> str:
        name = "/".join(self.place) or "the request"
        if self.keyword == "rule":
            return f"rule {self.what}"
        if self.keyword == "required":
            return f"{name} missing"
        if self.what is None:
            return f"{name}: {self.keyword}"
        value = json.loads(self.what)
        return f"{name}={value if isinstance(value, str) else self.what}"


class Acceptance:
    """Judges requests by one revision.

    Args:
        revision: The revision.
        schemas: The schemas of its effective document.
        schema: The schema of the request: a part of the effective document, or an object of parameters.
        ruled: The rules of an object of parameters; those of a part of the document are looked up.

    Raises:
        SchemaError: A validator refuses the schema.
    """

    def __init__(self, revision: Revision, schemas: Schemas, schema: Any, ruled: RuledSchema | None = None) -> None:
        self._validator = schemas.validator(schema)
        self.schema: Mapping[str, Any] = resolved(schema, revision.value)
        self.ruled = ruled or _rules_of(revision.ruled, schema, self.schema)
        self._verdict = Verdict(self.ruled) if self.ruled else None

    def accepts(self, body: Any) -> bool:
        """Whether schema and rules accept a request."""
        if not self._validator.is_valid(body):
            return False
        return self._verdict is None or not self._verdict.broken(body)

    def reasons(self, body: Any) -> tuple[Reason, ...]:
        """Return why a request is refused: fields and their values, then rules."""
        found = [_reason(error, body) for error in self._validator.iter_errors(body)]
        if self._verdict is not None and isinstance(body, dict):
            found += [Reason((), "rule", rule) for rule in self._verdict.broken(body)]
        return tuple(dict.fromkeys(found))


def _rules_of(ruled: Sequence[RuledSchema], schema: Any, found: Any) -> RuledSchema | None:
    """Return the rules of the schema: its own, or those of the component it refers to."""
    reference = schema.get("$ref") if isinstance(schema, dict) else None
    location = decode(reference) if isinstance(reference, str) and ruled else None
    return next((each for each in ruled if each.schema is found or each.location == location), None)


def _reason(error: jsonschema_rs.ValidationError, body: Any) -> Reason:
    keyword = str(error.schema_path[-1]) if error.schema_path else "schema"
    place = [str(key) for key in error.instance_path]
    if isinstance(error.kind, jsonschema_rs.ValidationErrorKind.Required):
        return Reason((*place, error.kind.property), "required")
    value = json.dumps(_at(body, error.instance_path), sort_keys=True) if keyword in _LISTING else None
    return Reason(tuple(place), keyword, value)


def _at(body: Any, path: Sequence[Any]) -> Any:
    for key in path:
        body = body[key]
    return body


def parameters(revision: Revision, operation: Operation) -> tuple[dict[str, Any], RuledSchema | None]:
    """Return the parameters of an operation as the schema of one object, and its rules, if there are any.

    So requests made of parameters are compared like bodies. A property is named by the place and the name of the
    parameter, because a parameter that moves to another place is another one.
    """
    keys = parameter_names(operation_parameters(revision.value, operation.path, operation.body))
    names = {name: " ".join(key.split(":", 1)) for key, name in keys.items()}
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
    """Return the schema of an object with its properties renamed."""
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
