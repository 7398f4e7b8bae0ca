"""Variants: one operation specialised for each value of its discriminating field.

The error-level rules are evaluated over the finite fields with that value fixed; what remains allowed is the
variant. Where the remaining fields still depend on each other, the variant splits into cases.
"""

from __future__ import annotations

import itertools
import json
import keyword
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from rulewright.errors import InputError
from rulewright.openapi.pointer import encode
from rulewright.rules.definition import VARIANTS as EXTENSION
from rulewright.rules.definition import RuledSchema, Verdict
from rulewright.rules.space import Given, Length, concretes, schema_domains

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
    required = ruled.schema.get("required", [])
    domains = {
        name: values if name in required else (ABSENT, *values)
        for name, values in schema_domains(ruled.schema, document).items()
    }
    listed = [value for value in domains.get(data["by"], ()) if value != ABSENT]
    if any(isinstance(value, Given | Length) for value in listed):
        raise _error(ruled, f"by must be a field with an enum of plain values, or a boolean; {data['by']} is neither")
    values = {value if isinstance(value, str) else json.dumps(value): value for value in listed}
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
        size = math.prod(len(domains[name]) for name in used)
        if size > MAX_POINTS:
            raise _error(ruled, f"cannot be evaluated: {size} combinations of {used} (limit {MAX_POINTS})")
        legal = [
            point
            for point in itertools.product(*(domains[name] for name in used))
            if any(
                not verdict.violated_rules({data["by"]: value, **body})
                for body in _bodies(dict(zip(used, point, strict=True)))
            )
        ]
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


def takes(allowed: Sequence[Any], value: Any) -> bool:
    """Return whether a value is one of those allowed; what cannot be listed may be any."""
    return value in allowed or any(isinstance(each, Given) for each in allowed)


def _bodies(point: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the bodies a point stands for: one, or one for each sample of what cannot be listed."""
    given = {name: value for name, value in point.items() if value != ABSENT}
    samples = map(concretes, given.values())
    for values in itertools.product(*samples):
        yield dict(zip(given, values, strict=True))


def _cases(fields: Sequence[str], legal: Sequence[tuple[Any, ...]]) -> Iterator[Allowed]:
    """Split the legal points into products, on the first field whose values are not all treated alike."""
    columns = [tuple(dict.fromkeys(column)) for column in zip(*legal, strict=True)]
    if math.prod(map(len, columns)) == len(legal):
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
