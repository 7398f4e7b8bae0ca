"""Tell what is wrong with a request body: schema errors and broken rules, one entry each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from rulewright.sandbox._http import json_text
from rulewright.sandbox._pointer import Location, pointer
from rulewright.sandbox._schema import Modern, SchemaError, Schemas, compiled
from rulewright.sandbox._spec import Schema, SpecError

MAX_ENTRY: Final = 400
MAX_ENTRIES: Final = 50

Entry = dict[str, Any]
_COUNTED: Final = {
    "minItems": "items",
    "maxItems": "items",
    "minLength": "characters",
    "maxLength": "characters",
}
_ABSENT: Final = object()


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule, ready to be checked."""

    id: str
    level: str
    certainty: str
    message: str
    quote: str
    condition: Modern
    requirement: Modern

    def is_broken_by(self, part: Any) -> bool:
        """Tell whether a part of a body breaks the rule."""
        return self.condition.is_valid(part) and not self.requirement.is_valid(part)


class Checks:
    """The checks of one operation's JSON body.

    Args:
        schemas: The document's schemas.
        schema: The body's schema.
        strict: Whether rules of level "warning" refuse a body too.
    """

    def __init__(self, schemas: Schemas, schema: Schema, *, strict: bool) -> None:
        self._schema = schemas.validator(schema)
        bound = list(schemas.rules(schema))
        self.rules = tuple(_rule(value) for _, value in bound)
        self._strict = strict
        self._parts = partial(schemas.ruled, schema)
        # One look at all rules together: nearly every body of a load passes it and needs no other.
        together = [{"anyOf": [{"not": value["if"]}, value["then"]]} for whole, value in bound if whole]
        self._quick = compiled({"allOf": [{}, *together]}, Modern)
        self._only_quick = len(together) == len(bound)

    def check(self, body: Any) -> tuple[list[Entry], list[str]]:
        """Return an entry for each thing wrong, and the ids of the warnings the body gives cause to."""
        if self._only_quick and self._schema.is_valid(body) and self._quick.is_valid(body):
            return [], []
        entries = [schema_entry(error) for error in self._schema.iter_errors(body)]
        warnings: list[str] = []
        found: dict[str, list[tuple[Location, Any]]] = {}
        for location, part, value in self._parts(body):
            found.setdefault(value["id"], []).append((location, part))
        for rule in self.rules:
            for location, part in found.get(rule.id, ()):
                if not rule.is_broken_by(part):
                    continue
                if rule.level == "error" or self._strict:
                    entries.append(_rule_entry(rule, location, part))
                elif rule.id not in warnings:
                    warnings.append(rule.id)
        return entries[:MAX_ENTRIES], warnings


def texts(entries: Iterable[Entry]) -> list[str]:
    """Return one line for each entry."""
    return [_text(entry) for entry in entries]


def _text(entry: Entry) -> str:
    name, place = entry.get("rule") or entry["keyword"], entry["pointer"] or "the root"
    return f"{name}: {entry['message']} (at {place}, got {entry['got']})"


def schema_entry(error: SchemaError, above: Location = ()) -> Entry:
    """Return the entry of one schema error."""
    location, got = _place(error, ())
    keyword = error.kind.name
    entry = {
        "keyword": keyword,
        "pointer": pointer((*above, *location)),
        "got": got,
        "message": _brief_message(keyword, error),
        "allowed": _allowed(error),
    }
    return _fitted(entry)


def _rule_entry(rule: Rule, location: Location, part: Any) -> Entry:
    error = next(iter(rule.requirement.iter_errors(part)))
    place, got = _place(error, location)
    entry = {
        "rule": rule.id,
        "pointer": pointer(place),
        "got": got,
        "message": rule.message,
        "allowed": {error.kind.name: _allowed(error)},
        "source": rule.quote,
    }
    if rule.level != "error":
        entry["level"] = rule.level
    return _fitted(entry)


def _rule(value: Mapping[str, Any]) -> Rule:
    try:
        return Rule(
            id=value["id"],
            level=value["level"],
            certainty=value.get("x-certainty") or ("published" if value["level"] == "error" else "inferred"),
            message=value["message"],
            quote=value["source"]["quote"],
            condition=compiled(value["if"], Modern),
            requirement=compiled(value["then"], Modern),
        )
    except (KeyError, TypeError) as error:
        raise SpecError(f"x-rules, rule {value.get('id')!r}: {error} is missing or of the wrong kind") from error


def _place(error: SchemaError, above: Location) -> tuple[Location, str]:
    """Return where an error is and what stands there; a missing property is at the place it should have."""
    location = (*above, *error.instance_path)
    keyword = error.kind.name
    if keyword == "required":
        missing: Any = error.kind.as_dict()["property"]
        return (*location, missing), "absent"
    if keyword in _COUNTED and isinstance(error.instance, str | list):
        return location, f"{len(error.instance)} {_COUNTED[keyword]}"
    return location, _cut(json_text(error.instance), 60)


def _allowed(error: SchemaError) -> Any:
    """Return what the keyword asks for; where the validator gives errors instead, what they say."""
    value = error.kind.value
    if isinstance(value, SchemaError):
        return value.message
    if isinstance(value, list):
        return [[each.message for each in part] if _are_errors(part) else part for part in value]
    return value


def _are_errors(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, SchemaError) for each in value)


def _brief_message(keyword: str, error: SchemaError) -> str:
    allowed = _cut(json_text(_allowed(error)), 100)
    phrases = {
        "required": "must be present",
        "type": f"must be of type {allowed}",
        "enum": f"must be one of {allowed}",
    }
    return phrases.get(keyword, f"must satisfy {keyword} {allowed}")


def _fitted(entry: Entry) -> Entry:
    """Shorten an entry to `MAX_ENTRY` bytes: first what repeats the document, then its longest text."""
    if _size(entry) > MAX_ENTRY:
        del entry["allowed"]
    while (excess := _size(entry) - MAX_ENTRY) > 0:
        longest = max((key for key in entry if isinstance(entry[key], str)), key=lambda key: len(entry[key]))
        entry[longest] = _cut(entry[longest], max(8, len(entry[longest]) - max(1, excess // 4)))
    return entry


def _size(entry: Entry) -> int:
    return len(json_text(entry).encode())


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"
