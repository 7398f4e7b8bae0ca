"""The values of a field that rules look into, or that must be given and of which they refuse the plainest sample.

An object counts by the fields within it that rules speak of, each absent or with every value that can be told apart;
of what cannot be listed, the rules' own examples are taken. So whatever one rule asks for within an object can stand
beside whatever another asks for.
"""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import jsonschema_rs

from rulewright.rules.definition import RuledSchema
from rulewright.rules.domain import Sample, resolved, schema_domains
from rulewright.rules.space import Space

_MOST: Final = 2_000
_ABSENT: Final = object()
Parts = Sequence[Mapping[str, Any]]


def inner_values(ruled: RuledSchema, document: Any) -> dict[str, tuple[Sample, ...]]:
    """Return the values of each such field, by its name."""
    parts = [part for rule in ruled.rules for schema in (rule.condition, rule.requirement) for part in _parts(schema)]
    examples = [body for rule in ruled.rules for body in (rule.passes, rule.breaks)]
    listed, plain = schema_domains(ruled.schema, document), Space(ruled, document).with_required({})
    result = {}
    for name, given in ruled.schema.get("properties", {}).items():
        field, asked = resolved(given, document), _within(parts, name)
        refused = name in plain and name not in listed and not all(_fits(part, plain[name]) for part in asked)
        if asked and (_is_object(field) or refused):
            values = _values(field, asked, _shown(examples, name), document)
            result[name] = tuple(Sample(text) for text in dict.fromkeys(map(_text, values)))
    return {name: values for name, values in result.items() if values}


def _parts(schema: Any) -> Iterator[Mapping[str, Any]]:
    """Yield a schema and those that speak of the same value within it."""
    if isinstance(schema, dict):
        yield schema
        for part in (*schema.get("allOf", []), *schema.get("anyOf", []), schema.get("not")):
            yield from _parts(part)


def _within(parts: Parts, name: str) -> list[Mapping[str, Any]]:
    """Return what the parts of a rule say of the value of a field."""
    return [each for part in parts for each in _parts(part.get("properties", {}).get(name))]


def _shown(bodies: Sequence[Any], name: str) -> list[Any]:
    return [body[name] for body in bodies if isinstance(body, dict) and name in body]


def _is_object(field: Mapping[str, Any]) -> bool:
    return field.get("type") == "object" or "properties" in field


def _values(field: Mapping[str, Any], parts: Parts, shown: list[Any], document: Any) -> list[Any]:
    if isinstance(field.get("enum"), list):
        return list(field["enum"])
    if field.get("type") == "boolean":
        return [False, True]
    return list(_objects(field, parts, shown, document)) if _is_object(field) else shown


def _objects(field: Mapping[str, Any], parts: Parts, shown: list[Any], document: Any) -> Iterator[dict[str, Any]]:
    """Yield every combination of what the rules tell apart within an object; the examples alone where that is much."""
    required = set(field.get("required", []))
    named = {name for part in parts for name in (*part.get("properties", {}), *part.get("required", []))}
    choices: dict[str, list[Any]] = {}
    for name, given in field.get("properties", {}).items():
        if name not in named | required:
            continue
        values = _values(resolved(given, document), _within(parts, name), _shown(shown, name), document)
        values = values[:1] if name not in named else values
        choices[name] = [*values, *([] if name in required and values else [_ABSENT])]
    if math.prod(map(len, choices.values())) > _MOST:
        yield from shown
        return
    for point in itertools.product(*choices.values()):
        yield {name: value for name, value in zip(choices, point, strict=True) if value is not _ABSENT}


def _fits(part: Mapping[str, Any], value: Any) -> bool:
    return jsonschema_rs.Draft202012Validator(dict(part)).is_valid(value)


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
