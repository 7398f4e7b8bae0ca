"""Rules: the `x-rules` of a schema or an operation, refused if they cannot be meant, and which of them a body violates.

The rules of an operation are about its parameters, as about an object that holds each by its name.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

import jsonschema_rs

from rulewright.errors import InputError
from rulewright.openapi.operations import METHODS, operation_parameters, parameter_names, parameters_schema
from rulewright.openapi.pointer import Location, encode, fragment
from rulewright.openapi.references import objects
from rulewright.openapi.schemas import Schemas
from rulewright.rules.dialect import DialectError, check, lower, members

EXTENSION: Final = "x-rules"
VARIANTS: Final = "x-variants"
LEVELS: Final = ("error", "warning")
_REQUIRED: Final = ("id", "level", "message", "source", "if", "then", "examples")
_ID: Final = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*\Z")
RESERVED: Final = frozenset({"schema"})
_SOURCES: Final = (
    {"at", "quote"},
    {"at", "quote", "page"},
    {"at", "quote", "page", "sha256"},
    {"page", "sha256", "quote"},
)
_SHA256: Final = re.compile(r"[0-9a-f]{64}")


class RuleDefinitionError(InputError):
    """The author of a rule made a mistake (a caller's mistake is a `RuleViolation`)."""


@dataclass(frozen=True)
class Source:
    """The words a rule rests on, and where they stand.

    Args:
        at: JSON pointer of the text that holds them (`#/...`); of words that stand on a page only, that page.
        quote: The words.
        page: URL or file of the page they were taken from, where the vendor document does not hold them.
        sha256: Hash of that page as it was read.
    """

    at: str
    quote: str
    page: str | None = None
    sha256: str | None = None

    @property
    def pointer(self) -> str | None:
        """The place without the `#`, as documents know their parts; None for words that stand on a page only."""
        return self.at[1:] if self.at.startswith("#") else None

    def data(self) -> dict[str, str]:
        """Return the source as JSON, without what it does not have."""
        return {key: value for key, value in vars(self).items() if value is not None}


@dataclass(frozen=True)
class Finding:
    """One mistake in a rule.

    Args:
        check: What found it.
        rule: The id of the rule.
        message: What is wrong and what would be right; equal for rules that share a cause.
        location: Where the mistake stands in the merged document.
    """

    check: str
    rule: str
    message: str
    location: Location

    def __str__(self) -> str:
        return f"rule {self.rule}: {self.message}\n  at {encode(self.location)} ({self.check})"


@dataclass(frozen=True)
class Rule:
    """One named implication over the fields of one schema, or over the parameters of one operation.

    Args:
        id: Stable name, kebab-case.
        level: `error` (stated by the vendor) or `warning` (inferred).
        message: The requirement, lower case after the field's name, with the accepted values.
        source: The vendor's words it rests on.
        condition: The `if` schema.
        requirement: The `then` schema.
        passes: A body that keeps the rule.
        breaks: A body that breaks exactly this rule.
        location: Where the rule stands in the merged document.
    """

    id: str
    level: str
    message: str
    source: Source
    condition: Any
    requirement: Any
    passes: Any
    breaks: Any
    location: Location = field(compare=False)

    @cached_property
    def fields(self) -> frozenset[str]:
        """The fields of the body, or the parameters, that the rule reads."""
        parts = (*members(self.condition), *members(self.requirement))
        return frozenset(name for part in parts for name in (*part.get("properties", {}), *part.get("required", [])))

    def data(self) -> dict[str, Any]:
        """Return what people know of the rule as JSON."""
        return {"id": self.id, "level": self.level, "message": self.message, "source": self.source.data()}


@dataclass(frozen=True)
class RuledSchema:
    """A schema that has rules or variants, and where it stands in the merged document.

    Args:
        location: Where the schema stands, or the operation.
        schema: The schema; that of an operation's parameters is made of theirs.
        rules: Its rules.
        parameters: For an operation, the name of each parameter by place and name, such as `query:limit`.
    """

    location: Location
    schema: Mapping[str, Any]
    rules: tuple[Rule, ...]
    parameters: Mapping[str, str] | None = None

    @cached_property
    def pointer(self) -> str:
        """The URI fragment of the schema, such as `#/components/schemas/Order`, or of the operation."""
        return fragment(self.location)

    @property
    def name(self) -> str:
        """The last part of the pointer: the component's name; of an operation, method and path."""
        if self.parameters is not None:
            return f"{str(self.location[-1]).upper()} {self.location[-2]}"
        return str(self.location[-1])


def read_rules(document: Any) -> tuple[RuledSchema, ...]:
    """Return every schema and every operation of a merged document that has rules or variants, in document order.

    Raises:
        RuleDefinitionError: A rule is incomplete, malformed, or shares its id with another.
    """
    found = []
    for location, value in objects(document):
        if EXTENSION in value:
            found.append(_find_ruled(location, value, document))
        elif VARIANTS in value:  # typed functions are worth having without a rule, too
            found.append(_find_ruled(location, {EXTENSION: [], **value}, document))
    seen: dict[str, Rule] = {}
    for rule in (rule for ruled in found for rule in ruled.rules):
        if rule.id in seen:
            raise _error(rule.location, rule.id, f"the id is taken by the rule at {encode(seen[rule.id].location)}")
        seen[rule.id] = rule
    return tuple(found)


def _find_ruled(location: Location, carrier: Mapping[str, Any], document: Any) -> RuledSchema:
    place = (*location, EXTENSION)
    if not location:
        raise RuleDefinitionError(f"{EXTENSION} stands on a schema or on an operation", pointer=encode(place))
    if not isinstance(carrier[EXTENSION], list):
        raise RuleDefinitionError(f"{EXTENSION} must be a list of rules", pointer=encode(place))
    rules = tuple(_rule(entry, (*place, index)) for index, entry in enumerate(carrier[EXTENSION]))
    if location[:1] != ("paths",) or len(location) > len(("paths", "path", "method")):
        return RuledSchema(location, carrier, rules)
    if location[-1] not in METHODS:
        message = f"{EXTENSION} stands on a schema or on an operation (one of {', '.join(METHODS)} below a path)"
        raise RuleDefinitionError(message, pointer=encode(place))
    if VARIANTS in carrier:
        message = f"{VARIANTS} stands on the schema of a request body; the parameters of an operation have rules only"
        raise RuleDefinitionError(message, pointer=encode((*location, VARIANTS)))
    path = str(location[1])
    schema = {**parameters_schema(document, path, carrier), EXTENSION: carrier[EXTENSION]}
    return RuledSchema(location, schema, rules, parameter_names(operation_parameters(document, path, carrier)))


def _rule(entry: Any, location: Location) -> Rule:
    if not isinstance(entry, dict):
        raise _error(location, None, f"a rule must be an object, got {entry!r:.60}")
    name = entry.get("id")
    for key in _REQUIRED:
        if key not in entry:
            raise _error(location, name, f"has no {key!r}; a rule has {', '.join(_REQUIRED)}")
    for key in entry:
        if key not in _REQUIRED and not key.startswith("x-"):
            raise _error((*location, key), name, f"has an unknown key {key!r}; a rule has {', '.join(_REQUIRED)}")
    _check_words(entry, location)
    for key in ("if", "then"):
        try:
            check(entry[key])
        except DialectError as error:
            raise _error((*location, key, *error.location), name, str(error)) from error
    examples = entry["examples"]
    if not isinstance(examples, dict) or set(examples) != {"passes", "breaks"}:
        raise _error((*location, "examples"), name, "examples must be an object with passes and breaks")
    return Rule(
        id=entry["id"],
        level=entry["level"],
        message=entry["message"],
        source=_source(entry, location),
        condition=entry["if"],
        requirement=entry["then"],
        passes=examples["passes"],
        breaks=examples["breaks"],
        location=location,
    )


def _check_words(entry: dict[str, Any], location: Location) -> None:
    name, level, message = entry["id"], entry["level"], entry["message"]
    if not isinstance(name, str) or not _ID.match(name) or name in RESERVED:
        raise _error((*location, "id"), None, f"an id must be kebab-case and not reserved, got {name!r:.60}")
    if level not in LEVELS:
        raise _error((*location, "level"), name, f"level must be error or warning, got {level!r:.60}")
    if not isinstance(message, str) or not message.strip() or "\n" in message:
        raise _error((*location, "message"), name, "message must be one line of text")


def _source(entry: dict[str, Any], location: Location) -> Source:
    name, value, place = entry["id"], entry["source"], (*location, "source")
    if not isinstance(value, dict) or value.keys() not in _SOURCES:
        wanted = "at and quote; at, quote and the page an overlay took the text from; or page, its sha256 and quote"
        raise _error(place, name, f"source must be an object with {wanted}")
    for key, text in value.items():
        if not isinstance(text, str) or not text.strip():
            raise _error((*place, key), name, f"source {key} must be text")
    if not _SHA256.fullmatch(value.get("sha256", "0" * 64)):
        raise _error((*place, "sha256"), name, "source sha256 must be 64 hexadecimal digits in lower case")
    if not value.get("at", "#/").startswith("#/"):
        raise _error((*place, "at"), name, f"source at must be a JSON pointer such as #/info, got {value['at']!r:.60}")
    return Source(value.get("at") or value["page"], value["quote"], value.get("page"), value.get("sha256"))


def _error(location: Location, name: object, message: str) -> RuleDefinitionError:
    subject = f"rule {name}: " if isinstance(name, str) else ""
    return RuleDefinitionError(subject + message, pointer=encode(location))


FORMERLY: Final = "x-formerly"


def find_renames(before: Any, ruled: Sequence[RuledSchema]) -> Iterator[Finding]:
    """Yield the rules whose id was another in the last effective document: callers waive rules by id.

    Args:
        before: The last effective document.
        ruled: The rules now.
    """
    try:
        old = {rule.id: rule for schema in read_rules(before) for rule in schema.rules}
    except InputError:
        return  # edited by hand, which the drift check reports
    now = {rule.id: rule for schema in ruled for rule in schema.rules}
    excused = {name for schema in ruled for entry in schema.schema[EXTENSION] for name in entry.get(FORMERLY, [])}
    for gone in (rule for name, rule in old.items() if name not in now and name not in excused):
        essence = gone.condition, gone.requirement
        alike = (
            rule
            for name, rule in now.items()
            if name not in old and (essence == (rule.condition, rule.requirement) or gone.source == rule.source)
        )
        if (new := next(alike, None)) is not None:
            message = (
                f"it was called {gone.id}, and callers waive it by that name\n"
                f"  keep the id, or add {FORMERLY}: [{gone.id}] to state that the change is intended"
            )
            yield Finding("id-kept", new.id, message, (*new.location, "id"))


PARAMETERS: Final = "x-parameters"
"""The schema of an object that holds all parameters of an operation, by the names its rules call them."""


def with_rules_as_schema(document: Any, ruled: Sequence[RuledSchema]) -> Any:
    """Return a merged document in which the schemas themselves refuse what the rules refuse.

    A rule becomes `anyOf: [not <if>, <then>]` one level below `allOf`: OpenAPI 3.0 has no `if`, and a bare
    `anyOf` beside `properties` would make the generator rename the model. Warning-level rules stay in
    `x-rules` only, since a body that breaks one is still valid.
    """
    result = document
    version = str(document.get("openapi"))
    for schema in ruled:
        members = [implication(rule, version) for rule in schema.rules if rule.level == "error"]
        if schema.parameters is not None:
            plain = {key: value for key, value in schema.schema.items() if key != EXTENSION}
            result = _with(result, (*schema.location, PARAMETERS), plain)
            location: Location = (*schema.location, PARAMETERS, "allOf")
        else:
            location = (*schema.location, "allOf")
        if members:
            result = _with(result, location, members)
    return result


def _with(value: Any, location: Location, more: Any) -> Any:
    """Return a value that holds something more in one place; what does not lie on the way there is shared."""
    if not location:
        return [*value, *more] if isinstance(value, list) else more
    changed = copy.copy(value)
    key = location[0]
    changed[key] = _with(value.get(key) if isinstance(value, dict) else value[key], location[1:], more)
    return changed


def implication(rule: Rule, version: str) -> dict[str, Any]:
    """Return the `allOf` member that holds exactly for the bodies that keep a rule."""
    return {
        "x-rule": rule.data(),
        "anyOf": [{"not": lower(rule.condition, version)}, lower(rule.requirement, version)],
    }


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
    found = [Violation("schema", "error", _place(error), error.message) for error in fits.iter_errors(request)]
    for rule, error in Verdict(ruled, levels=("error", "warning")).errors(request):
        found.append(Violation(rule.id, rule.level, _place(error), rule.message, rule.source.data()))
    return found


def _place(error: jsonschema_rs.ValidationError) -> str:
    """Return the JSON pointer of an error; a missing property is located where it should be."""
    missing = [error.kind.as_dict()["property"]] if error.kind.name == "required" else []
    return encode((*error.instance_path, *missing))
