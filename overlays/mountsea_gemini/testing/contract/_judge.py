"""What the document alone says about a value: the judge that client, compiled rules and server are held to.

Nothing here is shared with any of them: the schemas and rules of the effective spec are given to a JSON
Schema validator as they stand.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import jsonschema_rs
from attrs import frozen

_NAMED: Final = ("properties", "patternProperties", "definitions", "$defs", "dependentSchemas", "schemas")
_LISTED: Final = ("allOf", "anyOf", "oneOf", "prefixItems")
_SINGLE: Final = ("items", "additionalProperties", "not", "if", "then", "else", "propertyNames", "contains")


@frozen
class Verdict:
    """What the document says about one request body.

    Attributes:
        fits: Whether it fits the plain schema, rules aside.
        broken: Ids of the rules of level "error" it breaks, in the document's order.
        warned: Ids of the other rules it breaks.
    """

    fits: bool
    broken: tuple[str, ...] = ()
    warned: tuple[str, ...] = ()

    @property
    def accepted(self) -> bool:
        """Whether a request with this body is in order."""
        return self.fits and not self.broken


class Judge:
    """The schemas and rules of an effective spec.

    Args:
        document: The effective spec.
    """

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._is_30 = str(document.get("openapi", "")).startswith("3.0")
        schemas = (document.get("components") or {}).get("schemas") or {}
        self._schemas = {name: self._plain(schema) for name, schema in schemas.items()}
        self._without_rules = {name: _without_rules(schema) for name, schema in self._schemas.items()}

    def whole(
        self, schema: Mapping[str, Any], *, formats: bool | None = None
    ) -> jsonschema_rs.Draft4Validator | jsonschema_rs.Draft202012Validator:
        """Return a validator of a schema as it stands, its rules included as the document encodes them.

        Args:
            schema: The schema.
            formats: Whether `format` counts; None for what the version of OpenAPI says.
        """
        return self._validator(self._plain(schema), self._schemas, formats=formats)

    def shape(self, schema: Mapping[str, Any]) -> jsonschema_rs.Draft4Validator | jsonschema_rs.Draft202012Validator:
        """Return a validator of a schema with every rule left out."""
        return self._validator(_without_rules(self._plain(schema)), self._without_rules)

    def _validator(
        self, schema: Any, schemas: Mapping[str, Any], *, formats: bool | None = None
    ) -> jsonschema_rs.Draft4Validator | jsonschema_rs.Draft202012Validator:
        root = {"allOf": [schema], "components": {"schemas": schemas}}
        kind = jsonschema_rs.Draft4Validator if self._is_30 else jsonschema_rs.Draft202012Validator
        return kind(root, offline=True, validate_formats=formats)

    def _plain(self, schema: Any) -> Any:
        """Write `nullable` of OpenAPI 3.0 as JSON Schema does."""
        plain = _mapped(schema, self._plain)
        if self._is_30 and isinstance(plain, dict) and plain.pop("nullable", False) is True:
            plain = {"anyOf": [plain, {"type": "null"}]}
        return plain


class BodyJudge:
    """The verdict on bodies of one operation.

    Args:
        judge: The document's schemas.
        schema: The body's schema, references followed.
    """

    def __init__(self, judge: Judge, schema: Mapping[str, Any]) -> None:
        self.rules: tuple[Mapping[str, Any], ...] = tuple(schema.get("x-rules", ()))
        self._shape = judge.shape(schema)
        self._whole = judge.whole(schema)
        self._conditions = [jsonschema_rs.Draft202012Validator(rule["if"]) for rule in self.rules]
        self._requirements = [jsonschema_rs.Draft202012Validator(rule["then"]) for rule in self.rules]

    def verdict(self, body: Any) -> Verdict:
        """Return what the document says about a body."""
        found: dict[str, list[str]] = {"error": [], "warning": []}
        for rule, condition, requirement in zip(self.rules, self._conditions, self._requirements, strict=True):
            if condition.is_valid(body) and not requirement.is_valid(body):
                found[rule["level"]].append(rule["id"])
        return Verdict(self._shape.is_valid(body), tuple(found["error"]), tuple(found["warning"]))

    def applies(self, rule_id: str, body: Any) -> bool:
        """Tell whether a body is one of those a rule speaks about."""
        return any(
            rule["id"] == rule_id and condition.is_valid(body)
            for rule, condition in zip(self.rules, self._conditions, strict=True)
        )

    def encoded(self, body: Any) -> bool:
        """Tell whether a body is valid by the schema's own keywords, without a look at `x-rules`."""
        return self._whole.is_valid(body)


def _without_rules(schema: Any) -> Any:
    plain = _mapped(schema, _without_rules)
    if isinstance(plain, dict) and "allOf" in plain:
        members = [member for member in plain["allOf"] if not (isinstance(member, dict) and "x-rule" in member)]
        plain = {key: value for key, value in plain.items() if key != "allOf"} | ({"allOf": members} if members else {})
    return plain


def _mapped(schema: Any, change: Any) -> Any:
    if not isinstance(schema, Mapping):
        return schema
    result: dict[str, Any] = {}
    for key, value in schema.items():
        if key in _NAMED and isinstance(value, Mapping):
            result[key] = {name: change(child) for name, child in value.items()}
        elif key in _LISTED and isinstance(value, list):
            result[key] = [change(child) for child in value]
        else:
            result[key] = change(value) if key in _SINGLE else value
    return result
