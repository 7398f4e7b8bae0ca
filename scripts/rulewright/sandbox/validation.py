"""Validate values against the schemas and rules of a document: one entry for each violation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import jsonschema_rs

from rulewright.openapi.pointer import Location, encode
from rulewright.openapi.schemas import Direction, Validator, compile_schema, is_rule, union_tags
from rulewright.openapi.schemas import Schemas as DocumentSchemas
from rulewright.sandbox.exchange import json_text
from rulewright.sandbox.spec import Schema, Spec, SpecError

MAX_ENTRY: Final = 400
MAX_ENTRIES: Final = 50

_COUNTED: Final = {"minItems": "items", "maxItems": "items", "minLength": "characters", "maxLength": "characters"}

ValidationError = jsonschema_rs.ValidationError
Entry = dict[str, Any]


ITEMS: Final = "*"
"""In the path of a schema with rules: every item of an array."""
MEMBERS: Final = "**"
"""The same: every property that has no schema of its own."""


@dataclass(frozen=True, slots=True)
class Ruled:
    """A schema with rules inside the schema of a value.

    Args:
        path: Names of properties, `ITEMS` and `MEMBERS`.
        schemas: The schema at each step of the path, that of the value first.
        schema: The schema.
        is_alternative: Whether it stands in a `oneOf` or `anyOf`.
    """

    path: tuple[str, ...]
    schemas: tuple[Any, ...]
    schema: Mapping[str, Any]
    is_alternative: bool


class Schemas(DocumentSchemas):
    """Validators for the schemas of one document, and the rules that apply to a value of them.

    Args:
        spec: The document, read.
        direction: The direction in which values travel.
    """

    def __init__(self, spec: Spec, direction: Direction = "request") -> None:
        super().__init__(spec.document, direction)
        self.spec = spec
        self._branches: dict[int, Validator] = {}

    def resolve(self, value: Any) -> Any:
        """Follow references until a value that is none.

        Raises:
            SpecError: A reference leads nowhere, to itself or out of the document.
        """
        return self.spec.resolve(value)

    def find_ruled(self, schema: Any) -> Iterator[Ruled]:
        """Yield each schema with rules that may apply to a value of a schema or to a part of the value."""
        yield from self._find_ruled(schema, Ruled((), (), {}, is_alternative=False), frozenset())

    def _find_ruled(self, schema: Any, found: Ruled, above: frozenset[int]) -> Iterator[Ruled]:
        value = self.resolve(schema)
        if not isinstance(value, Mapping) or id(value) in above:
            return
        above |= {id(value)}
        schemas = found.schemas if len(found.schemas) > len(found.path) else (*found.schemas, value)
        here = Ruled(found.path, schemas, value, is_alternative=found.is_alternative)
        if value.get("x-rules"):
            yield here
        for member in value.get("allOf") or ():
            if not is_rule(member):
                yield from self._find_ruled(member, here, above)
        within = {
            **(value.get("properties") or {}),
            ITEMS: value.get("items"),
            MEMBERS: value.get("additionalProperties"),
        }
        for name, child in within.items():
            yield from self._find_ruled(child, replace(here, path=(*found.path, name)), above)
        for member in (*(value.get("oneOf") or ()), *(value.get("anyOf") or ())):
            yield from self._find_ruled(member, replace(here, is_alternative=True), above)

    def rules(self, schema: Any) -> list[Mapping[str, Any]]:
        """Return each rule that may apply to a value of a schema or to a part of the value, once."""
        found: dict[str, Mapping[str, Any]] = {}
        for rule in (rule for each in self.find_ruled(schema) for rule in each.schema["x-rules"]):
            found.setdefault(str(rule.get("id")), rule)
        return list(found.values())

    def rule_subjects(
        self, schema: Any, value: Any, at: Location = (), above: frozenset[int] = frozenset()
    ) -> Iterator[tuple[Location, Any, Mapping[str, Any]]]:
        """Yield each part of a value that a rule applies to, its location, and the rule.

        Of a choice (oneOf, anyOf) the alternative of the value's tag, else the only one that the value matches.
        """
        schema = self.resolve(schema)
        if not isinstance(schema, Mapping) or id(schema) in above:
            return
        above |= {id(schema)}
        yield from ((at, value, rule) for rule in schema.get("x-rules") or ())
        for member in schema.get("allOf") or ():
            if not is_rule(member):
                yield from self.rule_subjects(member, value, at, above)
        name, known = union_tags(self.document, schema)
        tag = value.get(name) if known and isinstance(value, dict) else None
        for keyword in ("oneOf", "anyOf"):
            matching = [each for each in schema.get(keyword) or () if self._branch(each).is_valid(value)]
            if isinstance(tag, str) and tag in known and keyword in schema:
                matching = [known[tag]]
            if len(matching) == 1:
                yield from self.rule_subjects(matching[0], value, at, above)
        if isinstance(value, dict):
            properties, others = schema.get("properties") or {}, schema.get("additionalProperties")
            for name, child in value.items():
                yield from self.rule_subjects(properties.get(name, others), child, (*at, name))
        elif isinstance(value, list):
            for index, item in enumerate(value):
                yield from self.rule_subjects(schema.get("items"), item, (*at, index))

    def _branch(self, member: Any) -> Validator:
        """Return the validator of an alternative, compiled when it is first needed."""
        if id(member) not in self._branches:
            self._branches[id(member)] = self.validator(member)
        return self._branches[id(member)]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule, compiled."""

    id: str
    level: str
    provenance: str
    message: str
    quote: str
    condition: Validator
    requirement: Validator

    @classmethod
    def read(cls, value: Mapping[str, Any]) -> Rule:
        """Compile a rule of the document.

        Raises:
            SpecError: The rule is incomplete.
            SchemaError: One of its schemas is invalid.
        """
        try:
            return cls(
                id=value["id"],
                level=value["level"],
                provenance=value.get("x-certainty") or ("published" if value["level"] == "error" else "inferred"),
                message=value["message"],
                quote=value["source"]["quote"],
                condition=compile_schema(value["if"]),
                requirement=compile_schema(value["then"]),
            )
        except (KeyError, TypeError) as error:
            raise SpecError(f"x-rules, rule {value.get('id')!r}: {error} is missing or of the wrong kind") from error


class Checks:
    """The checks of one value: a body, or the parameters as one object.

    Args:
        schemas: The document's schemas.
        schema: The schema of the value.
        strict: Whether rules of level "warning" are enforced too.
    """

    def __init__(self, schemas: Schemas, schema: Schema, *, strict: bool) -> None:
        self.rules = tuple(map(Rule.read, schemas.rules(schema)))
        self._schemas = schemas
        self._schema = schema
        self._validator = schemas.validator(schema)
        self._strict = strict

    def fits(self, value: Any) -> bool:
        """Return whether a value fits the schema, rules aside."""
        return self._validator.is_valid(value)

    def apply(self, value: Any) -> list[tuple[Rule, Location, Any]]:
        """Return the rules whose condition a part of a value meets, in their order, each with the part."""
        order = {rule.id: number for number, rule in enumerate(self.rules)}
        subjects = self._schemas.rule_subjects(self._schema, value)
        found = [(order[written["id"]], location, part) for location, part, written in subjects]
        found.sort(key=lambda each: each[0])
        every = [(self.rules[number], location, part) for number, location, part in found]
        return [each for each in every if each[0].condition.is_valid(each[2])]

    def check(self, value: Any) -> tuple[list[Entry], list[str]]:
        """Return an entry for each violation, and the ids of violated rules that are not enforced."""
        entries = [schema_entry(error) for error in self._validator.iter_errors(value)]
        warnings: dict[str, None] = {}
        for rule, location, part in self.apply(value):
            if rule.requirement.is_valid(part):
                continue
            if rule.level == "error" or self._strict:
                entries.append(_rule_entry(rule, location, part))
            else:
                warnings[rule.id] = None
        return entries[:MAX_ENTRIES], list(warnings)


def texts(entries: Iterable[Entry]) -> list[str]:
    """Return one line for each entry."""
    return [
        f"{entry.get('rule') or entry['keyword']}: {entry['message']}"
        f" (at {entry['pointer'] or 'the root'}, got {entry['got']})"
        for entry in entries
    ]


def schema_entry(error: ValidationError, above: Location = ()) -> Entry:
    """Return the entry of one schema error; `above` is the location of the value within the request."""
    location, got = _place(error, ())
    keyword = error.kind.name
    return _shorten_entry(
        {
            "keyword": keyword,
            "pointer": encode((*above, *location)),
            "got": got,
            "message": _requirement(keyword, error),
            "allowed": _operand(error),
        }
    )


def _rule_entry(rule: Rule, location: Location, part: Any) -> Entry:
    error = next(iter(rule.requirement.iter_errors(part)))
    place, got = _place(error, location)
    entry = {
        "rule": rule.id,
        "pointer": encode(place),
        "got": got,
        "message": rule.message,
        "allowed": {error.kind.name: _operand(error)},
        "source": rule.quote,
    }
    if rule.level != "error":
        entry["level"] = rule.level
    return _shorten_entry(entry)


def _place(error: ValidationError, above: Location) -> tuple[Location, str]:
    """Return the location of an error and the value there; a missing property is located where it should be."""
    location = (*above, *error.instance_path)
    keyword = error.kind.name
    if keyword == "required":
        missing: Any = error.kind.as_dict()["property"]
        return (*location, missing), "absent"
    if keyword in _COUNTED and isinstance(error.instance, str | list):
        return location, f"{len(error.instance)} {_COUNTED[keyword]}"
    return location, _shorten(json_text(error.instance), 60)


def _operand(error: ValidationError) -> Any:
    """Return the keyword's operand; where the validator has errors in its place, their messages."""
    value = error.kind.value
    if isinstance(value, ValidationError):
        return value.message
    if isinstance(value, list):
        return [[each.message for each in part] if _are_errors(part) else part for part in value]
    return value


def _are_errors(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, ValidationError) for each in value)


def _requirement(keyword: str, error: ValidationError) -> str:
    allowed = _shorten(json_text(_operand(error)), 100)
    phrases = {
        "required": "must be present",
        "type": f"must be of type {allowed}",
        "enum": f"must be one of {allowed}",
    }
    return phrases.get(keyword, f"must satisfy {keyword} {allowed}")


def _shorten_entry(entry: Entry) -> Entry:
    """Shorten an entry to `MAX_ENTRY` bytes: first what repeats the document, then its longest text."""
    if _size(entry) > MAX_ENTRY:
        del entry["allowed"]
    while (excess := _size(entry) - MAX_ENTRY) > 0:
        longest = max((key for key in entry if isinstance(entry[key], str)), key=lambda key: len(entry[key]))
        entry[longest] = _shorten(entry[longest], max(8, len(entry[longest]) - max(1, excess // 4)))
    return entry


def _size(entry: Entry) -> int:
    return len(json_text(entry).encode())


def _shorten(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"
