"""The rules as one `oneOf` of branches that exclude each other: for tools that look at one branch at a time.

A tool that walks through a schema, such as the coverage phase of an API tester, tries a value of each branch
of a `oneOf` but sees nothing in an implication. So the same rules, written out as the requests that remain,
make it reach every legal combination. This is for test runs: the effective spec keeps one member per rule.
"""

from __future__ import annotations

import copy
import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from rulewright.errors import InputError
from rulewright.openapi.pointer import encode
from rulewright.rules.definition import RuledSchema
from rulewright.rules.domain import Given, Length, schema_domains
from rulewright.rules.space import concrete
from rulewright.rules.variants import ABSENT
from rulewright.rules.verdict import Verdict

MAX_POINTS: Final = 200_000
Point = tuple[Any, ...]


def with_disjoint_rules(document: Any, ruled: Sequence[RuledSchema]) -> Any:
    """Return a copy of a merged document whose schemas hold their error-level rules as one `oneOf`.

    The rules of an operation's parameters have no schema that a request generator reads, and are left out.

    Raises:
        InputError: A rule looks at a field whose values cannot be listed, or no request keeps the rules.
    """
    result = copy.deepcopy(document)
    for schema in (each for each in ruled if each.parameters is None):
        target = result
        for key in schema.location:
            target = target[key]
        if any(rule.level == "error" for rule in schema.rules):
            target["allOf"] = [*target.get("allOf", []), {"oneOf": list(branches(schema, document))}]
    return result


def branches(ruled: RuledSchema, document: Any) -> tuple[dict[str, Any], ...]:
    """Return schemas of which exactly one holds for a body that keeps the rules, and none for any other."""
    found = tuple(_branches(ruled, document))
    if not found:
        raise _error(ruled, "no request keeps the rules")
    return found


def _branches(ruled: RuledSchema, document: Any) -> Iterator[dict[str, Any]]:
    verdict = Verdict(ruled)
    domains = _domains(ruled, document, verdict)
    *chosen, counted = _by_kind(domains)
    for point in _points(domains, chosen):
        fixed = _given(point)
        for combination in itertools.product(*(_runs(verdict, fixed, domains, counted))):
            if not verdict.broken({**fixed, **_body(combination)}):
                yield _branch(point, combination)


def _points(domains: Mapping[str, Point], names: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Yield every combination of the values of some fields."""
    return map(dict, itertools.product(*([(name, value) for value in domains[name]] for name in names)))


def _given(point: Mapping[str, Any]) -> dict[str, Any]:
    return {name: concrete(value) for name, value in point.items() if value is not ABSENT}


def _domains(ruled: RuledSchema, document: Any, verdict: Verdict) -> dict[str, Point]:
    listed = schema_domains(ruled.schema, document)
    required = ruled.schema.get("required", [])
    used = [name for name in ruled.schema.get("properties", {}) if verdict.mentions(name)]
    found: dict[str, Point] = {}
    size = 1
    for name in used:
        if name not in listed or any(isinstance(value, Given) for value in listed[name]):
            raise _error(ruled, f"the rules look at {name!r}, whose values cannot be listed one by one")
        found[name] = listed[name] if name in required else (ABSENT, *listed[name])
        size *= len(found[name])
    if size > MAX_POINTS:
        raise _error(ruled, f"the rules speak of {size} combinations (limit {MAX_POINTS})")
    return found


def _by_kind(domains: Mapping[str, Point]) -> tuple[Any, ...]:
    """Return the names of the fields with plain values, then a tuple of those counted by length."""
    counted = tuple(name for name, values in domains.items() if any(isinstance(value, Length) for value in values))
    return (*(name for name in domains if name not in counted), counted)


Run = tuple[str, int | None, int | None, Any]
"""A field counted by length: its name, the fewest and the most items (None: absent, or no bound), a sample."""


def _runs(
    verdict: Verdict, fixed: Mapping[str, Any], domains: Mapping[str, Point], counted: Sequence[str]
) -> Iterator[list[Run]]:
    """Yield for each counted field the stretches of lengths that the rules treat alike, whatever the other fields."""
    for name in counted:
        lengths = [value.count for value in domains[name] if isinstance(value, Length)]
        runs: list[Run] = [(name, None, None, ABSENT)] if ABSENT in domains[name] else []
        others = [other for other in counted if other != name]
        around = [{**fixed, **_given(point)} for point in _points(domains, others)]
        alike = {
            count: [verdict.broken({**body, name: concrete(Length(count))}) for body in around] for count in lengths
        }
        for _, stretch in itertools.groupby(lengths, alike.__getitem__):
            counts = list(stretch)
            most = None if counts[-1] == lengths[-1] else counts[-1]
            runs.append((name, counts[0], most, concrete(Length(counts[0]))))
        yield runs


def _body(combination: Sequence[Run]) -> dict[str, Any]:
    return {name: sample for name, _, _, sample in combination if sample is not ABSENT}


def _branch(point: Mapping[str, Any], combination: Sequence[Run]) -> dict[str, Any]:
    properties: dict[str, Any] = {}
    required: list[str] = []
    absent: list[str] = []
    for name, value in point.items():
        if value is ABSENT:
            absent.append(name)
        else:
            properties[name] = {"enum": [value]}
            required.append(name)
    for name, fewest, most, _ in combination:
        if fewest is None:
            absent.append(name)
            continue
        properties[name] = {"minItems": fewest, **({} if most is None else {"maxItems": most})}
        required.append(name)
    branch: dict[str, Any] = {"properties": properties, "required": required}
    return {**branch, "not": {"anyOf": [{"required": [name]} for name in absent]}} if absent else branch


def _error(ruled: RuledSchema, message: str) -> InputError:
    return InputError(
        f"the rules cannot be written as one oneOf: {message}", pointer=encode((*ruled.location, "x-rules"))
    )
