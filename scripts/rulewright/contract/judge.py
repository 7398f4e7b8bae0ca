"""The verdict of the effective document alone, which client, compiled rules and server are held to.

Schemas and rules go to a JSON Schema validator, which knows nothing of the compiled checks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import jsonschema_rs
from attrs import frozen

from rulewright.openapi.schemas import Schemas, Validator, is_rule
from rulewright.rules.definition import RuledSchema
from rulewright.rules.dialect import is_shared
from rulewright.sandbox.spec import Spec

_UNCHECKED: Final = ("unevaluatedItems", "unevaluatedProperties", "dependencies")
"""Keywords that clients leave to the server, of which some cannot be checked."""

ANY: Final = "*"
"""In the path of a part: every item of an array."""


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
        self._plain = Schemas(spec.document, "request")
        self._checked = _Checked(spec.document, "request")
        self._encoded = Schemas(spec.document, "request", with_rules=True)

    def whole(self, schema: Any) -> Validator:
        """Return a validator of a schema as it stands, its rules included as the document encodes them."""
        return self._encoded.validator(schema)

    def shape(self, schema: Any) -> Validator:
        """Return a validator of a schema without its rules."""
        return self._plain.validator(schema)

    def checked(self, schema: Any) -> Validator:
        """Return a validator of the keywords of a schema that clients check, without its rules."""
        return self._checked.validator(schema)

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
            if not is_rule(member):
                yield from self._parts(member, path, here, branches, above)
        for keyword in ("oneOf", "anyOf"):
            for member in value.get(keyword) or ():
                yield from self._parts(member, path, here, (*branches, (len(path), member)), above)
        for name, child in (value.get("properties") or {}).items():
            yield from self._parts(child, (*path, name), here, branches, above)
        if "items" in value:
            yield from self._parts(value["items"], (*path, ANY), here, branches, above)


class _Checked(Schemas):
    """The same without the keywords that clients leave to the server."""

    def plain(self, schema: Any, inherited: Mapping[str, Any] | None = None) -> Any:
        """Return what is checked of a schema."""
        plain = super().plain(schema, inherited)
        if not isinstance(plain, dict):
            return plain
        return {
            key: child
            for key, child in plain.items()
            if not (key in _UNCHECKED or (key == "pattern" and isinstance(child, str) and not is_shared(child)))
        }


class BodyJudge:
    """The verdict on bodies of one operation.

    Args:
        judge: The document's schemas.
        schema: The schema of the body.
    """

    def __init__(self, judge: Judge, schema: Any) -> None:
        self.parts = judge.parts(schema)
        self._shape = judge.shape(schema)
        self._checked = judge.checked(schema)
        self._whole = judge.whole(schema)
        self._rules = [
            (
                part.path,
                [(step, judge.shape(member)) for step, member in part.branches],
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
