"""The verdict of the effective document alone, which client, compiled rules and server are held to.

Nothing is shared with any of them: schemas and rules go to a JSON Schema validator as they stand.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import jsonschema_rs
from attrs import frozen

from rulewright.rules.definition import RuledSchema
from rulewright.sandbox.spec import Spec

Validator = jsonschema_rs.Draft4Validator | jsonschema_rs.Draft202012Validator

_NAMED: Final = ("properties", "patternProperties", "definitions", "$defs", "dependentSchemas", "schemas")
_LISTED: Final = ("allOf", "anyOf", "oneOf", "prefixItems")
_SINGLE: Final = ("items", "additionalProperties", "not", "if", "then", "else", "propertyNames", "contains")

_UNCHECKED: Final = frozenset(
    {
        *("format", "multipleOf", "uniqueItems", "minProperties", "maxProperties", "patternProperties"),
        *("propertyNames", "contains", "minContains", "maxContains", "prefixItems", "dependentRequired"),
        *("dependentSchemas", "if", "then", "else", "unevaluatedProperties", "unevaluatedItems"),
    }
)
"""Keywords that clients leave to the server."""

ANY: Final = "*"
"""In the path of a part: every item of an array."""


@frozen
class Verdict:
    """What the document states about one request body.

    Attributes:
        fits: Whether it fits the keywords of the plain schema that clients check, rules aside.
        valid: Whether it fits all of the plain schema but `format`.
        formal: Whether it also fits with `format` asserted, which OpenAPI leaves to the server.
        broken: Ids of the rules of level error that it breaks.
        warned: Ids of the other rules that it breaks.
        applied: Ids of the rules whose condition it meets.
        encoded: Whether it is valid by the schema's own keywords, which encode the rules once more.
    """

    fits: bool
    valid: bool
    formal: bool
    broken: tuple[str, ...]
    warned: tuple[str, ...]
    applied: tuple[str, ...]
    encoded: bool

    @property
    def accepted(self) -> bool:
        """Whether a client has no reason to refuse a request with this body."""
        return self.fits and not self.broken

    @property
    def is_free(self) -> bool:
        """Whether it is left to the server to refuse it: for its formats, or for keywords that clients do not check."""
        return self.fits and not self.formal

    @property
    def consistent(self) -> bool:
        """Whether both encodings of the rules in the document agree."""
        return self.encoded is (self.valid and not self.broken)


@frozen
class Part:
    """A schema with rules inside the schema of a body.

    Attributes:
        path: Names of properties, and `ANY` for the items of an array.
        schemas: The schema at each step of the path, that of the body first.
        ruled: The schema with its rules.
        branches: Alternatives of `oneOf` and `anyOf` on the way: at which step, and which.
    """

    path: tuple[str, ...]
    schemas: tuple[Any, ...]
    ruled: RuledSchema
    branches: tuple[tuple[int, Any], ...] = ()


class Judge:
    """The schemas and rules of an effective document.

    Args:
        spec: The document.
        ruled: Its schemas with rules.
    """

    def __init__(self, spec: Spec, ruled: tuple[RuledSchema, ...]) -> None:
        self._spec = spec
        self._ruled = {id(each.schema): each for each in ruled if each.rules and each.parameters is None}
        schemas = (spec.document.get("components") or {}).get("schemas") or {}
        self._schemas = {name: self._plain(schema) for name, schema in schemas.items()}
        self._without_rules = {name: _without_rules(schema) for name, schema in self._schemas.items()}

    def whole(self, schema: Any, *, formats: bool | None = None) -> Validator:
        """Return a validator of a schema as it stands, its rules included as the document encodes them.

        Args:
            schema: The schema.
            formats: Whether `format` is asserted; None for what the version of OpenAPI says.
        """
        return self._validator(self._plain(schema), self._schemas, formats=formats)

    def shape(self, schema: Any, *, formats: bool) -> Validator:
        """Return a validator of a schema without its rules."""
        return self._validator(_without_rules(self._plain(schema)), self._without_rules, formats=formats)

    def checked(self, schema: Any) -> Validator:
        """Return a validator of the keywords of a schema that clients check, without its rules."""
        schemas = {name: _checked(each) for name, each in self._without_rules.items()}
        return self._validator(_checked(_without_rules(self._plain(schema))), schemas, formats=False)

    def parts(self, schema: Any) -> tuple[Part, ...]:
        """Return the schemas with rules in the schema of a body, the body's own first."""
        return tuple(self._parts(schema, (), (), (), frozenset()))

    def _parts(
        self,
        schema: Any,
        path: tuple[str, ...],
        schemas: tuple[Any, ...],
        branches: tuple[tuple[int, Any], ...],
        above: frozenset[int],
    ) -> Iterator[Part]:
        value = self._spec.resolve(schema)
        if not isinstance(value, Mapping) or id(value) in above:
            return
        above |= {id(value)}
        here = schemas if len(schemas) > len(path) else (*schemas, value)
        if id(value) in self._ruled:
            yield Part(path, here, self._ruled[id(value)], branches)
        for member in value.get("allOf") or ():
            if not _is_rule(member):
                yield from self._parts(member, path, here, branches, above)
        for keyword in ("oneOf", "anyOf"):
            for member in value.get(keyword) or ():
                yield from self._parts(member, path, here, (*branches, (len(path), member)), above)
        for name, child in (value.get("properties") or {}).items():
            yield from self._parts(child, (*path, name), here, branches, above)
        if "items" in value:
            yield from self._parts(value["items"], (*path, ANY), here, branches, above)

    def _validator(self, schema: Any, schemas: Mapping[str, Any], *, formats: bool | None) -> Validator:
        root = {"allOf": [schema], "components": {"schemas": schemas}}
        kind = jsonschema_rs.Draft4Validator if self._spec.is_30 else jsonschema_rs.Draft202012Validator
        return kind(root, offline=True, validate_formats=formats)

    def _plain(self, schema: Any) -> Any:
        """Write `nullable` of OpenAPI 3.0 as JSON Schema does."""
        plain = _mapped(schema, self._plain)
        if self._spec.is_30 and isinstance(plain, dict) and plain.pop("nullable", False) is True:
            plain = {"anyOf": [plain, {"type": "null"}]}
        return plain


class BodyJudge:
    """The verdict on bodies of one operation.

    Args:
        judge: The document's schemas.
        schema: The schema of the body.
    """

    def __init__(self, judge: Judge, schema: Any) -> None:
        self.parts = judge.parts(schema)
        self._shape = judge.shape(schema, formats=False)
        self._checked = judge.checked(schema)
        self._formal = judge.shape(schema, formats=True)
        self._whole = judge.whole(schema, formats=False)
        self._rules = [
            (
                part.path,
                [(step, judge.shape(member, formats=False)) for step, member in part.branches],
                [(rule, _validator(rule.condition), _validator(rule.requirement)) for rule in part.ruled.rules],
            )
            for part in self.parts
        ]

    def verdict(self, body: Any) -> Verdict:
        """Return what the document states about a body."""
        applied: dict[str, None] = {}
        broken: dict[str, dict[str, None]] = {"error": {}, "warning": {}}
        for path, branches, rules in self._rules:
            for values in values_at(body, path):
                if not all(validator.is_valid(values[step]) for step, validator in branches):
                    continue
                for rule, condition, requirement in rules:
                    if condition.is_valid(values[-1]):
                        applied[rule.id] = None
                        if not requirement.is_valid(values[-1]):
                            broken[rule.level][rule.id] = None
        return Verdict(
            fits=self._checked.is_valid(body),
            valid=self._shape.is_valid(body),
            formal=self._formal.is_valid(body),
            broken=tuple(broken["error"]),
            warned=tuple(broken["warning"]),
            applied=tuple(applied),
            encoded=self._whole.is_valid(body),
        )


def _validator(schema: Any) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(schema)


def values_at(body: Any, path: tuple[str, ...]) -> Iterator[list[Any]]:
    """Yield, for each value at a path, the values on the way to it, the body first and itself last."""
    if not path:
        yield [body]
    elif path[0] == ANY:
        for item in body if isinstance(body, list) else ():
            yield from ([body, *rest] for rest in values_at(item, path[1:]))
    elif isinstance(body, Mapping) and path[0] in body:
        yield from ([body, *rest] for rest in values_at(body[path[0]], path[1:]))


def _is_rule(member: Any) -> bool:
    return isinstance(member, Mapping) and "x-rule" in member


def _without_rules(schema: Any) -> Any:
    plain = _mapped(schema, _without_rules)
    if isinstance(plain, dict) and "allOf" in plain:
        members = [member for member in plain["allOf"] if not _is_rule(member)]
        plain = {key: value for key, value in plain.items() if key != "allOf"} | ({"allOf": members} if members else {})
    return plain


def _checked(schema: Any) -> Any:
    plain = _mapped(schema, _checked)
    return {key: value for key, value in plain.items() if key not in _UNCHECKED} if isinstance(plain, dict) else plain


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
