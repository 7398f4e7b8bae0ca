"""Checks of schemas: values, fields, types, bounds and composition, in requests and in answers."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any, Final

from rulewright.impact.check import (
    ADD,
    REMOVE,
    Always,
    Check,
    Effect,
    breaking,
    compatible,
    narrows,
    nothing,
    turned_off,
    turned_on,
    widens,
)
from rulewright.impact.context import Context, field_of, python_name, shown
from rulewright.impact.difference import Difference, key_of

CHANGE: Final = frozenset({"change"})
LOWER: Final = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
UPPER: Final = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
LARGEST: Final = 2**53
"""Larger numbers are not exact as floats."""
TYPED_FORMATS: Final = frozenset({"date-time", "date", "uuid", "binary", "byte"})
SAMPLES: Final = {
    "string": "text", "integer": 1, "number": 1.5, "boolean": True, "array": [], "object": {}, "null": None,
}  # fmt: skip


def _at(*keys: str) -> tuple[str, ...]:
    return tuple(f"Schema.{key}" for key in keys)


BOUNDS: Final = _at(*LOWER, *UPPER, "uniqueItems")
LIMITS: Final = _at("pattern", "multipleOf", "dependentRequired")
INNER: Final = _at(
    "not", "if", "then", "else", "contains", "propertyNames", "unevaluatedProperties", "patternProperties[]",
    "dependentSchemas[]", "prefixItems[]",
)  # fmt: skip
TYPED_INNER: Final = _at("items", "allOf[]")
FLAGS: Final = (
    *_at("nullable", "readOnly", "writeOnly", "deprecated", "uniqueItems", "exclusiveMinimum", "exclusiveMaximum"),
    *(f"{owner}.{key}" for owner in ("Parameter", "Header", "RequestBody") for key in ("required", "deprecated")),
    "Operation.deprecated",
)


def _gone(old: Any, new: Any) -> list[Any]:
    """Return the items of one list that the other does not have."""
    kept = {key_of(value) for value in new} if isinstance(new, list) else set()
    return [value for value in old if key_of(value) not in kept] if isinstance(old, list) else []


def items_removed(difference: Difference) -> list[Difference]:
    """Return one difference for each item that a list no longer has."""
    return [dataclasses.replace(difference, old=each, new=None) for each in _gone(difference.old, difference.new)]


def items_added(difference: Difference) -> list[Difference]:
    """Return one difference for each item that a list did not have."""
    return [dataclasses.replace(difference, old=None, new=each) for each in _gone(difference.new, difference.old)]


def _field_optional(difference: Difference, context: Context) -> Iterator[Effect]:
    name = f"{field_of(difference, end=-1)}.{shown(difference.old)}"
    _, now = context.around(difference)
    properties = now.get("properties") if isinstance(now, dict) else None
    still = isinstance(properties, dict) and str(difference.old) in properties
    yield from widens(
        f"{name} may be left out", f"{name} may be missing from an answer",
        response=("types",) if still else (), counted="field",
    ).effects(difference, context)  # fmt: skip


def _property_removed(difference: Difference, context: Context) -> Iterator[Effect]:
    name = field_of(difference)
    _, now = context.around(difference)
    _, schema = context.around(difference, 2)
    attribute = python_name(str(difference.entry))
    kept = isinstance(now, dict) and any(python_name(other) == attribute for other in now)
    who = () if kept else ("source",)
    closed = isinstance(schema, dict) and schema.get("additionalProperties") is False
    yield from narrows(
        f"{name} is gone: " + ("requests with it are refused" if closed else "the server does not know it"),
        f"{name} is no longer answered", request=who, response=who, wire=closed or kept,
    ).effects(difference, context)  # fmt: skip


def _type_changed(difference: Difference, context: Context) -> Iterator[Effect]:
    old, new = _types(difference.old), _types(difference.new)
    text = f"{field_of(difference, end=-1)}: {_type_names(old)} became {_type_names(new)}"
    rebuilt = "object" in (old ^ new) and bool(old and new)
    who = ("source",) if rebuilt else ("types",)
    lost, gained = _types_lost(old, new), _types_lost(new, old)
    if lost:
        yield from narrows(
            f"{text}; requests of the old type are refused", f"{text} in answers",
            request=who, response=who if gained or rebuilt else (),
            probe=lambda _: [SAMPLES[kind] for kind in sorted(lost) if kind in SAMPLES],
        ).effects(difference, context)  # fmt: skip
    elif gained or old != new:
        yield from widens(f"{text}; more is accepted", f"{text} in answers", response=who).effects(difference, context)


def _types(value: Any) -> frozenset[str]:
    return frozenset(map(str, value if isinstance(value, list) else [value])) if value else frozenset()


def _types_lost(old: frozenset[str], new: frozenset[str]) -> frozenset[str]:
    """Return the types that `old` allows and `new` does not; no type allows all, and a number may be an integer."""
    if not new:
        return frozenset()
    lost = (old or frozenset(SAMPLES)) - new
    return lost - {"integer"} if "number" in new else lost


def _type_names(types: frozenset[str]) -> str:
    return " or ".join(sorted(types)) or "any type"


def _default_changed(difference: Difference, context: Context) -> Iterator[Effect]:
    name = field_of(difference, end=-1)
    old, new = (
        "nothing stated" if difference.kind == kind else shown(value)
        for kind, value in (("add", difference.old), ("remove", difference.new))
    )
    if "request" not in context.sides(difference):
        yield nothing(f"{name}: the default was {old} and is {new}; no request uses it", "docs")
    elif context.must_be_given(difference):
        yield nothing(f"{name}: the default was {old} and is {new}, but the field is required", "docs")
    else:
        text = f"{name}: a request that leaves it out is still accepted, but now means {new} instead of {old}"
        yield breaking(text, "wire", witness=context.smallest_without(difference), side="request")


def _title_changed(difference: Difference, context: Context) -> Iterator[Effect]:
    name = field_of(difference, end=-1)
    if any(isinstance(each, dict) and ("properties" in each or "enum" in each) for each in context.around(difference)):
        text = f"{name}: the generated class is named after the title {shown(difference.new)}; imports of it fail"
        yield breaking(text, "source")
    else:
        yield nothing(f"{name}: the title changed", "docs")


def _tightness(key: str, value: Any) -> float | None:
    """Return how much a bound excludes, to compare two of one key; None if it is no bound."""
    if key == "uniqueItems" or isinstance(value, bool):
        return float(value is True)
    if value is None:
        return float("-inf")
    if not isinstance(value, int | float):
        return None
    return value if key in LOWER else -value  # not as floats: an integer may be larger than any of them


def _compare_bounds(difference: Difference) -> int | None:
    """Return 1 if the new bound is tighter, -1 if it is looser, None if neither is known."""
    old, new = (_tightness(difference.key, value) for value in (difference.old, difference.new))
    return None if old is None or new is None or old == new else 1 if new > old else -1


def _near_bounds(difference: Difference) -> list[Any]:
    """Return values on both sides of the old and the new bound, simplest first."""
    numbers = [
        bound
        for bound in (difference.old, difference.new)
        if isinstance(bound, int | float) and not isinstance(bound, bool) and abs(bound) <= LARGEST
    ]
    steps = [number + step for number in numbers for step in (0, 1, -1)]
    counts = sorted(int(number) for number in steps if 0 <= number <= 10_000)
    match difference.key:
        case "minLength" | "maxLength":
            return ["x" * count for count in counts]
        case "minItems" | "maxItems":
            return [["x"] * count for count in counts] + [[1] * count for count in counts]
        case "uniqueItems":
            return [["x", "x"]]
    return [*steps, *(number + 0.5 for number in numbers)]


def _plain_values(_: Difference) -> list[Any]:
    return ["", " ", "text", 1, 2, 3]


def _was(difference: Difference) -> str:
    name = f"{field_of(difference, end=-1)}: {difference.key}"
    return f"{name} was {shown(difference.old)}, is {shown(difference.new)}"


def _format_changed(difference: Difference, context: Context) -> Iterator[Effect]:
    was = _was(difference)
    who = ("source",) if {str(difference.old), str(difference.new)} & TYPED_FORMATS else ()
    yield from narrows(
        f"{was}; requests in another format may be refused",
        f"{was}: " + ("code that reads it gets another Python type" if who else "answers follow it"),
        request=who, response=who, wire=difference.new is not None,
    ).effects(difference, context)  # fmt: skip


def _access_changed(difference: Difference, context: Context) -> Iterator[Effect]:
    if (difference.old is True) == (difference.new is True):
        return
    name = field_of(difference, end=-1)
    banned, sent = ("request", "sent") if difference.key == "readOnly" else ("response", "answered")
    if difference.new is True and banned in context.sides(difference):
        yield breaking(f"{name} must no longer be {sent}", *(["wire"] if banned == "request" else []))
    else:
        yield compatible(f"{name}: {difference.key} is now {difference.new}")


def _is_default(difference: Difference) -> bool:
    """Whether the values are the default of the specification, as its absence is."""
    stated = [difference.old] * (difference.kind != "add") + [difference.new] * (difference.kind != "remove")
    if difference.key == "additionalProperties":
        return all(value is True or value == {} for value in stated)
    return all(value is False for value in stated)


def _openness(difference: Difference) -> tuple[int, int]:
    """Return whether no (0), some (1) or any (2) further fields were and are allowed."""
    old, new = (
        0 if value is False else 1 if isinstance(value, dict) and value else 2
        for value in (difference.old, difference.new)
    )
    return old, new


def _alternative_added(difference: Difference, context: Context) -> Iterator[Effect]:
    text = f"{field_of(difference)}: there is one more alternative"
    count = context.count_requests(difference)
    if difference.key == "oneOf" and count is not None and count.stops:
        text += f", which overlaps: {count.stops} of the counted requests fit two and are refused"
        yield breaking(text, "wire", witness=count.stopped, side="request")
    else:
        yield from widens(text, f"{text} in answers", response=("types",)).effects(difference, context)


TYPES: Final = ("types",)
WAS: Final = "{field}: {key} was {old}, is {new}"
LIFTED: Final = "{field} is no longer limited to {values}; the generated type of these is gone"
INNER_ADDED: Final = (
    "{place}: {key} was added; requests that do not fit are refused",
    "{place}: {key} was added for answers",
)
INNER_REMOVED: Final = (
    "{place}: {key} is gone; more is accepted",
    "{place}: {key} is gone: answers may have other values",
)
OPENED: Final = (
    "{field}: fields that are not listed are allowed", "{field}: fields that are not listed are allowed in answers",
)  # fmt: skip
CHECKS: Final[tuple[Check, ...]] = (
    Check(
        "enum-value-removed", "A value is no longer listed.", ["Schema.enum"],
        narrows("{field}: {old} is no longer accepted", "{field}: {old} is no longer answered; code that compares with it is dead",
                request=TYPES, response=TYPES, counted="value"),
        CHANGE, lambda each: isinstance(each.new, list), items_removed,
    ),
    Check(
        "enum-value-added", "A further value is listed.", ["Schema.enum"],
        widens("{field}: {new} is accepted now", "{field}: {new} may now be answered; code that handles every value misses it",
               response=TYPES, counted="value"),
        CHANGE, lambda each: isinstance(each.old, list), items_added,
    ),
    Check("enum-introduced", "Only listed values are allowed; any value was.", ["Schema.enum"],
          narrows("{field}: only {values} are accepted now", "{field}: only {values} are answered now", request=TYPES), ADD),
    Check(
        "enum-lifted", "Any value is allowed, and the generated type of the listed values is gone.", ["Schema.enum"],
        widens(LIFTED, LIFTED, request=("source",), response=("source",)), REMOVE,
    ),
    Check(
        "field-required", "A field that was optional is required.", ["Schema.required"],
        narrows("{field}.{new} must be given; requests without it are refused", "{field}.{new} is now always answered",
                request=("source",), counted="field"),
        parts=items_added,
    ),
    Check("field-optional", "A field that was required is optional.", ["Schema.required"], _field_optional,
          parts=items_removed),
    Check("property-added", "There is a further field.", ["Schema.properties[]"],
          widens("{place} can be sent now", "{place} may now be answered"), ADD),
    Check("property-removed", "A field is gone.", ["Schema.properties[]"], _property_removed, REMOVE),
    Check("type-changed", "A value has another type.", ["Schema.type"], _type_changed),
    Check("null-allowed", "A value may be null.", ["Schema.nullable"],
          widens("{field} may be null", "{field} may be null in an answer", response=TYPES), when=turned_on),
    Check("null-forbidden", "A value may no longer be null.", ["Schema.nullable"],
          narrows("{field} must not be null", "{field} is never null in an answer", request=TYPES), when=turned_off),
    Check("default-changed", "A request that leaves a field out means something else.", ["Schema.default"], _default_changed),
    Check("title-changed", "A schema has another title, after which the generator names classes.", ["Schema.title"],
          _title_changed),
    Check(
        "bound-tightened", "A bound allows less.", BOUNDS,
        narrows(f"{WAS}; requests beyond it are refused", f"{WAS} in answers", probe=_near_bounds),
        when=lambda each: _compare_bounds(each) == 1,
    ),
    Check(
        "bound-loosened", "A bound allows more.", BOUNDS,
        widens(f"{WAS}; more is accepted", f"{WAS}: answers may go beyond it", probe=_near_bounds),
        when=lambda each: _compare_bounds(each) == -1,
    ),
    Check("constraint-added", "A value is limited that was not.", LIMITS,
          narrows(f"{WAS}; other requests are refused", f"{WAS} in answers", probe=_plain_values), ADD),
    Check("constraint-added", "A value is limited to one.", ["Schema.const"],
          narrows(f"{WAS}; other requests are refused", f"{WAS} in answers", request=TYPES, probe=_plain_values), ADD),
    Check("constraint-lifted", "A value is no longer limited.", LIMITS,
          widens(f"{WAS}; more is accepted", f"{WAS}: answers may have other values", probe=_plain_values), REMOVE),
    Check("constraint-lifted", "A value is no longer limited to one.", ["Schema.const"],
          widens(f"{WAS}; more is accepted", f"{WAS}: answers may have other values", response=TYPES, probe=_plain_values),
          REMOVE),
    Check("constraint-replaced", "A limit became another, and neither is known to contain the other.", (*LIMITS, *BOUNDS),
          narrows(f"{WAS}; requests may stop or start being accepted", f"{WAS} in answers", probe=_plain_values),
          CHANGE, lambda each: f"Schema.{each.key}" in LIMITS or not _compare_bounds(each)),
    Check("constraint-replaced", "A value is limited to another one.", ["Schema.const"],
          narrows(f"{WAS}; requests may stop or start being accepted", f"{WAS} in answers", request=TYPES, response=TYPES,
                  probe=_plain_values), CHANGE),
    Check("format-changed", "A value has another format, which may be another Python type.", ["Schema.format"],
          _format_changed),
    Check(
        "representation-changed", "The same value is written, or distinguished, differently.",
        _at("discriminator", "xml", "contentMediaType", "contentEncoding"),
        narrows("{field}: {key} changed; requests may be read differently", "{field}: {key} changed", response=TYPES),
    ),
    Check("access-changed", "A field is for answers only, or for requests only, or no longer so.",
          _at("readOnly", "writeOnly"), _access_changed),
    Check("default-restated", "A default of the specification is written out, or no longer is.",
          (*FLAGS, "Schema.additionalProperties"),
          Always(nothing("{key}: only a default of the specification was written out or removed")), when=_is_default),
    Check("subschema-added", "A further schema limits the value.", INNER, narrows(*INNER_ADDED), ADD),
    Check("subschema-added", "A further schema limits the value, and its type.", TYPED_INNER,
          narrows(*INNER_ADDED, request=TYPES, response=TYPES), ADD),
    Check("subschema-removed", "A schema no longer limits the value.", INNER, widens(*INNER_REMOVED), REMOVE),
    Check("subschema-removed", "A schema no longer limits the value, or its type.", TYPED_INNER,
          widens(*INNER_REMOVED, response=TYPES), REMOVE),
    Check("schema-closed", "Fields that the document does not list are forbidden.", ["Schema.additionalProperties"],
          narrows("{field}: fields that are not listed are refused", "{field}: fields that are not listed are refused in answers",
                  request=("source",), response=("source",)), when=lambda each: _openness(each) in {(1, 0), (2, 0)}),
    Check("schema-closed", "Fields that the document does not list are limited.", ["Schema.additionalProperties"],
          narrows("{field}: fields that are not listed are limited", "{field}: fields that are not listed are limited in answers",
                  request=TYPES, response=TYPES), when=lambda each: _openness(each) == (2, 1)),
    Check("schema-opened", "Fields that the document does not list are allowed.", ["Schema.additionalProperties"],
          widens(*OPENED), when=lambda each: _openness(each) in {(0, 1), (0, 2)}),
    Check("schema-opened", "Fields that the document does not list are limited less.", ["Schema.additionalProperties"],
          widens(*OPENED, response=TYPES), when=lambda each: _openness(each) in {(1, 1), (1, 2)}),
    Check(
        "alternatives-introduced", "A value must match one of several schemas.", _at("anyOf", "oneOf"),
        narrows("{field} must match one of {alternatives} alternatives; other requests are refused",
                "{field} matches one of {alternatives} alternatives in answers", request=TYPES, response=TYPES),
        ADD,
    ),
    Check(
        "alternatives-lifted", "A value no longer has to match one of several schemas.", _at("anyOf", "oneOf"),
        widens("{field} no longer has to match one of {alternatives} alternatives; more is accepted",
               "{field} no longer has to match one of {alternatives} alternatives: code may read another type",
               response=TYPES),
        REMOVE,
    ),
    Check("alternative-removed", "One of several alternatives is gone.", _at("anyOf[]", "oneOf[]"),
          narrows("{place}: one alternative is gone", "{place}: one alternative is gone from answers",
                  request=TYPES, response=TYPES),
          REMOVE),
    Check("alternative-added", "There is a further alternative; under `oneOf`, a value that now fits two is refused.",
          _at("anyOf[]", "oneOf[]"), _alternative_added, ADD),
)  # fmt: skip
