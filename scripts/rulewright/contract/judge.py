"""The verdict of the effective document on request bodies, which client, compiled rules and server are held to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from attrs import frozen

from rulewright.openapi.schemas import Schemas as DocumentSchemas
from rulewright.rules.dialect import is_shared
from rulewright.sandbox.validation import ITEMS, Checks, Schemas

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


def is_unchecked(keyword: str, operand: Any) -> bool:
    """Return whether clients do not check a keyword with its operand."""
    return keyword in _UNCHECKED or (keyword == "pattern" and isinstance(operand, str) and not is_shared(operand))


class BodyJudge:
    """The verdict on bodies of one operation.

    Args:
        schemas: The document's schemas.
        checked: The same with what clients check of them only.
        whole: The same with their rules.
        schema: The schema of the body.
    """

    def __init__(self, schemas: Schemas, checked: DocumentSchemas, whole: DocumentSchemas, schema: Any) -> None:
        self._checks = Checks(schemas, schema, strict=False)
        self._checked = checked.validator(schema)
        self._whole = whole.validator(schema)

    def verdict(self, body: Any) -> Verdict:
        """Return what the document states about a body."""
        applied = [(rule, rule.requirement.is_valid(part)) for rule, _, part in self._checks.applied(body)]

        def broken(level: str) -> tuple[str, ...]:
            return tuple(dict.fromkeys(rule.id for rule, kept in applied if rule.level == level and not kept))

        return Verdict(
            fits=self._checked.is_valid(body),
            valid=self._checks.fits(body),
            broken=broken("error"),
            warned=broken("warning"),
            applied=tuple(dict.fromkeys(rule.id for rule, _ in applied)),
            encoded=self._whole.is_valid(body),
        )


def values_at(body: Any, path: tuple[str, ...]) -> Iterator[Any]:
    """Yield each value at a path of a body."""
    if not path:
        yield body
    elif path[0] == ITEMS:
        for item in body if isinstance(body, list) else ():
            yield from values_at(item, path[1:])
    elif isinstance(body, Mapping) and path[0] in body:
        yield from values_at(body[path[0]], path[1:])
