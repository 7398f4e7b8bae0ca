"""Rules as their authors write them: the `x-rules` of a schema, read and refused if they cannot be meant."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from scripts.errors import InputError
from scripts.pointer import Location, encode
from scripts.rules.dialect import DialectError, check

EXTENSION: Final = "x-rules"
LEVELS: Final = ("error", "warning")
_REQUIRED: Final = ("id", "level", "message", "source", "if", "then", "examples")
_ID: Final = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*\Z")
RESERVED: Final = frozenset({"schema"})


class RuleDefinitionError(InputError):
    """The author of a rule made a mistake (a caller's mistake is a `RuleViolation`)."""


@dataclass(frozen=True)
class Source:
    """The vendor sentence a rule rests on: a JSON pointer into the vendor document and the quoted words."""

    at: str
    quote: str

    @property
    def pointer(self) -> str:
        """The same place without the `#`, as documents know their parts."""
        return self.at.removeprefix("#")


@dataclass(frozen=True)
class Rule:
    """One named implication over the fields of one schema.

    Args:
        id: Stable name, kebab-case.
        level: `error` (stated by the vendor) or `warning` (inferred).
        message: The requirement, lower case after the field's name, with the accepted values.
        source: Where the vendor says so.
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


@dataclass(frozen=True)
class RuledSchema:
    """A schema that carries rules, and where it stands in the merged document."""

    location: Location
    schema: Mapping[str, Any]
    rules: tuple[Rule, ...]

    @property
    def pointer(self) -> str:
        """The URI fragment of the schema, such as `#/components/schemas/Order`."""
        return "#" + encode(self.location)

    @property
    def name(self) -> str:
        """The last part of the pointer: the component's name."""
        return str(self.location[-1])


def read_rules(document: Any) -> tuple[RuledSchema, ...]:
    """Return every schema of a merged document that carries rules, in document order.

    Raises:
        RuleDefinitionError: A rule is incomplete, malformed, or shares its id with another.
    """
    found = tuple(_ruled(location, schema) for location, schema in _carriers(document, ()))
    seen: dict[str, Rule] = {}
    for rule in (rule for ruled in found for rule in ruled.rules):
        if rule.id in seen:
            raise _error(rule.location, rule.id, f"the id is taken by the rule at {encode(seen[rule.id].location)}")
        seen[rule.id] = rule
    return found


def _carriers(value: Any, location: Location) -> Iterator[tuple[Location, Mapping[str, Any]]]:
    if isinstance(value, dict):
        if EXTENSION in value:
            yield location, value
        for key, child in value.items():
            names = location[-1:] == ("properties",)  # there, every key is a name somebody chose
            if names or not (key.startswith("x-") or key in {"example", "examples", "default", "enum"}):
                yield from _carriers(child, (*location, key))
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield from _carriers(child, (*location, index))


def _ruled(location: Location, schema: Mapping[str, Any]) -> RuledSchema:
    place = (*location, EXTENSION)
    if not isinstance(schema[EXTENSION], list):
        raise RuleDefinitionError(f"{EXTENSION} must be a list of rules", pointer=encode(place))
    rules = tuple(_rule(entry, (*place, index)) for index, entry in enumerate(schema[EXTENSION]))
    return RuledSchema(location, schema, rules)


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
    examples = _parts(entry, "examples", ("passes", "breaks"), location)
    source = _parts(entry, "source", ("at", "quote"), location)
    for key in ("at", "quote"):
        if not isinstance(source[key], str) or not source[key].strip():
            raise _error((*location, "source", key), name, f"source {key} must be text")
    return Rule(
        id=entry["id"],
        level=entry["level"],
        message=entry["message"],
        source=Source(at=source["at"], quote=source["quote"]),
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


def _parts(entry: dict[str, Any], key: str, parts: tuple[str, ...], location: Location) -> dict[str, Any]:
    value = entry[key]
    if not isinstance(value, dict) or set(value) != set(parts):
        raise _error((*location, key), entry["id"], f"{key} must be an object with {' and '.join(parts)}")
    return value


def _error(location: Location, name: object, message: str) -> RuleDefinitionError:
    subject = f"rule {name}: " if isinstance(name, str) else ""
    return RuleDefinitionError(subject + message, pointer=encode(location))
