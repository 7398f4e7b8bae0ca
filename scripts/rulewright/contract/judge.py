"""The verdict of the effective document on request bodies, which client, compiled rules and server are held to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from attrs import frozen

from rulewright.openapi.schemas import Schemas as DocumentSchemas
from rulewright.openapi.schemas import Validator
from rulewright.rules.definition import RuledSchema
from rulewright.rules.dialect import is_shared
from rulewright.sandbox.validation import ITEMS, MEMBERS, Rule, Schemas

_UNCHECKED: Final = ("unevaluatedItems", "unevaluatedProperties", "dependencies")
"""Keywords that clients leave to the server, of which some cannot be checked."""


@frozen
class Verdict:
    """What the document states about one request body.

    Attributes:
        fits: Whether it fits the keywords of the plain schema that clients check, rules aside.
        valid: Whether it fits all of the plain schema.
        broken: Ids of the rules of level error that it breaks.
        warned: Ids of the other rules that it breaks.
        applied: Ids of the rules whose condition it meets.
        encoded: Whether it is valid by the schema's own keywords, which encode the rules once more.
    """

    fits: bool
    valid: bool
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
        """Whether it is left to the server to refuse it, for keywords that clients do not check."""
        return self.fits and not self.valid

    @property
    def consistent(self) -> bool:
        """Whether both encodings of the rules in the document agree."""
        return self.encoded is (self.valid and not self.broken)


@frozen
class Part:
    """A schema with rules inside the schema of a body.

    Attributes:
        path: Names of properties, and `ITEMS` for the items of an array.
        schemas: The schema at each step of the path, that of the body first.
        ruled: The schema with its rules.
        is_alternative: Whether it stands in a `oneOf` or `anyOf`.
    """

    path: tuple[str, ...]
    schemas: tuple[Any, ...]
    ruled: RuledSchema
    is_alternative: bool


class Judge:
    """The schemas and rules of an effective document.

    Args:
        schemas: Its schemas, without their rules.
        ruled: Those that have rules.
    """

    def __init__(self, schemas: Schemas, ruled: tuple[RuledSchema, ...]) -> None:
        self.schemas = schemas
        self.whole = DocumentSchemas(schemas.document, "request", rules=True)
        self.checked = DocumentSchemas(schemas.document, "request", leave_out=_is_unchecked)
        self._ruled = {id(each.schema): each for each in ruled if each.rules and each.parameters is None}

    def fits(self, schema: Any) -> Validator:
        """Return a validator of a schema without its rules."""
        return self.schemas.validator(schema)

    def parts(self, schema: Any) -> tuple[Part, ...]:
        """Return the schemas with rules in the schema of a body, the body's own first."""
        return tuple(
            Part(each.path, each.schemas, self._ruled[id(each.schema)], each.is_alternative)
            for each in self.schemas.ruled(schema)
            if id(each.schema) in self._ruled and MEMBERS not in each.path
        )


def _is_unchecked(keyword: str, operand: Any) -> bool:
    return keyword in _UNCHECKED or (keyword == "pattern" and isinstance(operand, str) and not is_shared(operand))


class BodyJudge:
    """The verdict on bodies of one operation.

    Args:
        judge: The document's schemas.
        schema: The schema of the body.
    """

    def __init__(self, judge: Judge, schema: Any) -> None:
        self.parts = judge.parts(schema)
        self._schema = schema
        self._schemas = judge.schemas
        self._rules = {rule.id: rule for rule in map(Rule.read, judge.schemas.rules(schema))}
        self._shape = judge.fits(schema)
        self._checked = judge.checked.validator(schema)
        self._whole = judge.whole.validator(schema)

    def verdict(self, body: Any) -> Verdict:
        """Return what the document states about a body."""
        applied: dict[str, None] = {}
        broken: dict[str, dict[str, None]] = {"error": {}, "warning": {}}
        for _, part, found in self._schemas.rule_subjects(self._schema, body):
            rule = self._rules[found["id"]]
            if rule.condition.is_valid(part):
                applied[rule.id] = None
                if not rule.requirement.is_valid(part):
                    broken[rule.level][rule.id] = None
        return Verdict(
            fits=self._checked.is_valid(body),
            valid=self._shape.is_valid(body),
            broken=tuple(broken["error"]),
            warned=tuple(broken["warning"]),
            applied=tuple(applied),
            encoded=self._whole.is_valid(body),
        )


def values_at(body: Any, path: tuple[str, ...]) -> Iterator[list[Any]]:
    """Yield, for each value at a path, the values on the way to it, the body first and itself last."""
    if not path:
        yield [body]
    elif path[0] == ITEMS:
        for item in body if isinstance(body, list) else ():
            yield from ([body, *rest] for rest in values_at(item, path[1:]))
    elif isinstance(body, Mapping) and path[0] in body:
        yield from ([body, *rest] for rest in values_at(body[path[0]], path[1:]))
