"""Variants: one operation specialised for each value of its discriminating field.

The error-level rules are evaluated over the finite fields with that value fixed; what remains allowed is the
variant. Where the remaining fields still depend on each other, the variant splits into cases.
"""

from __future__ import annotations

import copy
import itertools
import json
import keyword
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from rulewright.errors import InputError
from rulewright.openapi.pointer import encode
from rulewright.rules.definition import VARIANTS as EXTENSION
from rulewright.rules.definition import RuledSchema
from rulewright.rules.space import Given, Length, concrete, concretes, schema_domains
from rulewright.rules.verdict import Verdict

_KEYS: Final = {"by", "names", "general", "positional", "defaults"}
_NEEDED: Final = {"by", "names"}
_SHAPES: Final[tuple[tuple[str, type, str], ...]] = (
    ("by", str, "the name of a field"),
    ("names", dict, "an object with a function name for each value of that field"),
    ("positional", list, "a list of names of fields"),
    ("defaults", dict, "an object of values by field"),
)
MAX_POINTS: Final = 200_000


@dataclass(frozen=True)
class Absence:
    """The alternative that a field is not given."""


ABSENT: Final = Absence()
Allowed = Mapping[str, tuple[Any, ...]]


@dataclass(frozen=True)
class Variant:
    """The requests that remain for one value of the discriminating field.

    Args:
        value: That value.
        function: The name callers use.
        cases: Independent sets of allowed values, one for each field that the rules restrict; a request is
            allowed when one of the cases allows each of its fields.
    """

    value: Any
    function: str
    cases: tuple[Allowed, ...]


@dataclass(frozen=True)
class VariantSet:
    """The `x-variants` of a schema, read and evaluated."""

    ruled: RuledSchema
    by: str
    general: str
    positional: tuple[str, ...]
    defaults: Mapping[str, Any]
    domains: Allowed
    variants: tuple[Variant, ...]


def read_variants(document: Any, ruled: Sequence[RuledSchema]) -> tuple[VariantSet, ...]:
    """Return the variants of every ruled schema that declares some.

    Raises:
        InputError: The declaration names a field or value that does not exist, or leaves one without a name.
    """
    return tuple(_variant_set(schema, document) for schema in ruled if EXTENSION in schema.schema)


def _variant_set(ruled: RuledSchema, document: Any) -> VariantSet:
    _check_shape(ruled)
    data = ruled.schema[EXTENSION]
    domains = _with_absence(schema_domains(ruled.schema, document), ruled.schema.get("required", []))
    listed = [value for value in domains.get(data["by"], ()) if value != ABSENT]
    if any(isinstance(value, Given | Length) for value in listed):
        raise _error(ruled, f"by must be a field with an enum of plain values, or a boolean; {data['by']} is neither")
    values = {_spelled(value): value for value in listed}
    if set(values) != set(data["names"]):
        raise _error(ruled, f"names must name each value of {data['by']} once: {list(values)}")
    for field, value in data.get("defaults", {}).items():
        if field in domains and not takes(domains[field], value):
            raise _error(ruled, f"the default {value!r} is not a value of {field}")
    verdict = Verdict(ruled)
    used = [name for name in domains if name != data["by"] and verdict.mentions(name)]
    variants = []
    for word, function in data["names"].items():
        value = values[word]
        legal = _legal(verdict, {data["by"]: value}, {name: domains[name] for name in used})
        if not legal:
            raise _error(ruled, f"no request with {data['by']}={value!r} keeps the rules")
        variants.append(Variant(value, str(function), tuple(_cases(used, legal))))
    return VariantSet(
        ruled,
        data["by"],
        data.get("general", ""),
        tuple(data.get("positional", [])),
        data.get("defaults", {}),
        domains,
        tuple(variants),
    )


def _check_shape(ruled: RuledSchema) -> None:
    data = ruled.schema[EXTENSION]
    if not isinstance(data, dict) or not _NEEDED <= set(data) <= _KEYS:
        optional = ", ".join(sorted(_KEYS - _NEEDED))
        raise _error(ruled, f"must be an object with {', '.join(sorted(_NEEDED))}, and may have {optional}")
    for key, kind, wanted in _SHAPES:
        if not isinstance(data.get(key, kind()), kind):
            raise _error(ruled, f"{key} must be {wanted}, got {data[key]!r:.60}")
    functions = (*([data["general"]] if "general" in data else []), *data["names"].values())
    for function in functions:
        if not isinstance(function, str) or not function.isidentifier() or keyword.iskeyword(function):
            raise _error(ruled, f"the function name {function!r:.60} is not a Python identifier")
        if function.startswith("_"):  # such as __init__, or what the class that calls them keeps for itself
            raise _error(ruled, f"the function name {function!r} begins with an underscore")
        if functions.count(function) > 1:
            raise _error(ruled, f"the function name {function!r} is given twice")
    properties = ruled.schema.get("properties", {})
    if unnamed := [field for field in data.get("positional", []) if not isinstance(field, str)]:
        raise _error(ruled, f"positional must be a list of names of fields, got {unnamed[0]!r:.60} in it")
    for field in (data["by"], *data.get("positional", []), *data.get("defaults", {})):
        if field not in properties:
            raise _error(ruled, f"names the field {field!r}, which the schema does not have")


def _spelled(value: Any) -> str:
    """Return the key that names a value: text as it is, and what else there is as JSON, such as `true`."""
    return value if isinstance(value, str) else json.dumps(value)


def takes(allowed: Sequence[Any], value: Any) -> bool:
    """Return whether a value is one of those allowed; what cannot be listed may be any."""
    return value in allowed or any(isinstance(each, Given) for each in allowed)


def _with_absence(domains: Allowed, required: Sequence[str]) -> Allowed:
    return {name: values if name in required else (ABSENT, *values) for name, values in domains.items()}


def _legal(verdict: Verdict, fixed: Mapping[str, Any], fields: Allowed) -> list[tuple[Any, ...]]:
    size = 1
    for values in fields.values():
        size *= len(values)
    if size > MAX_POINTS:
        raise _error(verdict.ruled, f"cannot be evaluated: {size} combinations of {list(fields)} (limit {MAX_POINTS})")
    return [
        point
        for point in itertools.product(*fields.values())
        if any(not verdict.broken({**fixed, **body}) for body in _bodies(dict(zip(fields, point, strict=True))))
    ]


def _bodies(point: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the bodies a point stands for: one, or one for each sample of what cannot be listed."""
    given = {name: value for name, value in point.items() if value != ABSENT}
    samples = map(concretes, given.values())
    for values in itertools.product(*samples):
        yield dict(zip(given, values, strict=True))


def _cases(fields: Sequence[str], legal: Sequence[tuple[Any, ...]]) -> Iterator[Allowed]:
    """Split the legal points into products, on the first field whose values are not all treated alike."""
    columns = [tuple(dict.fromkeys(column)) for column in zip(*legal, strict=True)]
    size = 1
    for column in columns:
        size *= len(column)
    if size == len(legal):
        yield dict(zip(fields, columns, strict=True))
        return
    for index, column in enumerate(columns):
        groups: dict[tuple[Any, ...], list[Any]] = {}
        for value in column:
            rest = tuple(point[:index] + point[index + 1 :] for point in legal if point[index] == value)
            groups.setdefault(rest, []).append(value)
        if len(groups) > 1:
            for values in groups.values():
                yield from _cases(fields, [point for point in legal if point[index] in values])
            return


def _error(ruled: RuledSchema, message: str) -> InputError:
    return InputError(f"{EXTENSION} {message}", pointer=encode((*ruled.location, EXTENSION)))


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
        raise _branch_error(ruled, "no request keeps the rules")
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
            raise _branch_error(ruled, f"the rules look at {name!r}, whose values cannot be listed one by one")
        found[name] = listed[name] if name in required else (ABSENT, *listed[name])
        size *= len(found[name])
    if size > MAX_POINTS:
        raise _branch_error(ruled, f"the rules distinguish {size} combinations (limit {MAX_POINTS})")
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


def _branch_error(ruled: RuledSchema, message: str) -> InputError:
    return InputError(
        f"the rules cannot be written as one oneOf: {message}", pointer=encode((*ruled.location, "x-rules"))
    )
