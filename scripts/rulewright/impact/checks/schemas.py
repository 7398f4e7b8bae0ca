"""Checks of schemas: values, fields, types, bounds and composition, in requests and in answers."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any, Final

from rulewright.impact.change import ADD, CHANGE, REMOVE, Change, Check, breaking, compatible, narrows, nothing, widens
from rulewright.impact.containment import FORMATS
from rulewright.impact.context import Context, python_name, show_value
from rulewright.impact.difference import Difference
from rulewright.impact.normal import COMPOSITION, key_of, resolve

LOWER: Final = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
UPPER: Final = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
TYPED_FORMATS: Final = frozenset({"date-time", "date", "uuid", "binary", "byte"})
ALL_TYPES: Final = frozenset({"string", "number", "boolean", "array", "object", "null"})
TYPES: Final = ("types",)


def _at(*keys: str) -> tuple[str, ...]:
    return tuple(f"Schema.{key}" for key in keys)


BOUNDS: Final = _at(*LOWER, *UPPER, "uniqueItems")
LIMITS: Final = _at("pattern", "multipleOf", "dependentRequired")
INNER: Final = _at(
    "items", "contains", "propertyNames", "unevaluatedProperties", "patternProperties[]", "dependentSchemas[]",
    "prefixItems[]",
)  # fmt: skip


def _missing_from(old: Any, new: Any) -> list[Any]:
    """Return the items of one list that the other does not have."""
    kept = {key_of(value) for value in new} if isinstance(new, list) else set()
    return [value for value in old if key_of(value) not in kept] if isinstance(old, list) else []


def items_removed(difference: Difference) -> list[Difference]:
    """Return one difference for each item that a list no longer has."""
    return [
        dataclasses.replace(difference, old=each, new=None) for each in _missing_from(difference.old, difference.new)
    ]


def items_added(difference: Difference) -> list[Difference]:
    """Return one difference for each item that a list did not have."""
    return [
        dataclasses.replace(difference, old=None, new=each) for each in _missing_from(difference.new, difference.old)
    ]


def _field_optional(difference: Difference, context: Context) -> Iterator[Change]:
    owner, name = context.field(difference, end=-1), show_value(difference.old)
    _, now = context.around(difference)
    properties = now.get("properties") if isinstance(now, dict) else None
    still = isinstance(properties, dict) and str(difference.old) in properties
    judge = widens(
        f"{owner}.{name} may be left out", f"{owner}.{name} may be missing from an answer",
        response=TYPES if still else (), counted="field", read=True,
    )  # fmt: skip
    for effect in judge.effects(difference, context):
        yield effect if still else dataclasses.replace(effect, cause=f"{owner}.{name}")


def _property_removed(difference: Difference, context: Context) -> Iterator[Change]:
    name = context.field(difference)
    _, now = context.around(difference)
    _, schema = context.around(difference, 2)
    attribute = python_name(str(difference.entry))
    kept = isinstance(now, dict) and any(python_name(other) == attribute for other in now)
    who = () if kept else ("source",)
    closed = isinstance(schema, dict) and schema.get("additionalProperties") is False
    judge = narrows(
        f"{name} is gone: " + ("requests with it are refused" if closed else "the server does not know it"),
        f"{name} is no longer answered", request=who, response=who, wire=closed or kept, read=True,
    )  # fmt: skip
    announcement, passed = context.sunset(difference.old)
    for effect in judge.effects(difference, context):
        yield dataclasses.replace(effect, effect=effect.effect + announcement, announced=passed, cause=name)


def _types(value: Any) -> frozenset[str]:
    found = frozenset(map(str, value if isinstance(value, list) else [value])) if value else ALL_TYPES
    return found | {"integer"} if "number" in found else found


def _gains_null(old: Any, new: Any) -> bool:
    return "null" in _types(new) and "null" not in _types(old)


def _null_changed(difference: Difference) -> bool:
    """Whether null is all that differs between two types."""
    old, new = _types(difference.old), _types(difference.new)
    return old ^ new == {"null"} and difference.old is not None and difference.new is not None


def _type_changed(difference: Difference, context: Context) -> Iterator[Change]:
    old, new = _types(difference.old), _types(difference.new)
    before, after = (_type_names(value) for value in (difference.old, difference.new))
    text = f"{context.field(difference, end=-1)}: {before} became {after}"
    rebuilt = "object" in (old ^ new) and difference.old is not None and difference.new is not None
    who = ("source",) if rebuilt else TYPES
    read = not old & new or _gains_null(difference.old, difference.new)
    if old - new:
        judge = narrows(
            f"{text}; requests of the old type are refused", f"{text} in answers",
            request=who, response=who if rebuilt or new - old else (), read=read,
        )  # fmt: skip
    else:
        judge = widens(f"{text}; more is accepted", f"{text} in answers", response=who, read=read)
    yield from judge.effects(difference, context)


def _type_names(value: Any) -> str:
    return " or ".join(sorted(map(str, value)) if isinstance(value, list) else [str(value)]) if value else "any type"


def _default_changed(difference: Difference, context: Context) -> Iterator[Change]:
    name = context.field(difference, end=-1)
    old, new = (
        "not documented" if difference.kind == kind else show_value(value)
        for kind, value in (("add", difference.old), ("remove", difference.new))
    )
    text = f"{name}: the default was {old} and is {new}"
    if "request" not in context.sides(difference):
        yield nothing(f"{text}; no request uses it", "docs")
    elif context.must_be_given(difference):
        yield nothing(f"{text}, but the field is required", "docs")
    elif difference.kind == "change":
        text = f"{name}: a request that leaves it out is still accepted, but now means {new} instead of {old}"
        yield breaking(text, "wire", witness=context.smallest_without(difference), side="request")
    else:
        yield compatible(f"{text}; what the server does with requests that leave it out is not known to differ", "docs")


def _title_changed(difference: Difference, context: Context) -> Iterator[Change]:
    name = context.field(difference, end=-1)
    if any(isinstance(each, dict) and ("properties" in each or "enum" in each) for each in context.around(difference)):
        text = f"{name}: the generated class is named after the title {show_value(difference.new)}; imports of it fail"
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


def _format_changed(difference: Difference, context: Context) -> Iterator[Change]:
    name = context.field(difference, end=-1)
    was = f"{name}: format was {show_value(difference.old)}, is {show_value(difference.new)}"
    who = ("source",) if {str(difference.old), str(difference.new)} & TYPED_FORMATS else ()
    yield from narrows(
        f"{was}; " + (
            "requests in another format may be refused" if difference.new in FORMATS else "which limits no value"
        ),
        f"{was}: " + ("code that reads it gets another Python type" if who else "answers follow it"),
        request=who, response=who, wire=difference.new in FORMATS,
    ).effects(difference, context)  # fmt: skip


def _access_changed(difference: Difference, context: Context) -> Iterator[Change]:
    name = context.field(difference, end=-1)
    banned, sent = ("request", "sent") if difference.key == "readOnly" else ("response", "answered")
    if difference.new is True and banned in context.sides(difference):
        yield breaking(f"{name} must no longer be {sent}", "wire")
    else:
        yield compatible(f"{name}: {difference.key} is now {difference.new is True}")


def _openness(difference: Difference) -> tuple[int, int]:
    """Return whether no (0), some (1) or any (2) further fields were and are allowed."""
    old, new = (
        0 if value is False else 1 if isinstance(value, dict) and value else 2
        for value in (difference.old, difference.new)
    )
    return old, new


def _alternative_added(difference: Difference, context: Context) -> Iterator[Change]:
    text = f"{context.field(difference, end=-2)}: there is one more alternative, {_describe(difference.new)}"
    read = isinstance(difference.new, dict) and difference.new.get("type") == "null"
    for effect in widens(text, f"{text}, in answers", response=TYPES, read=read).effects(difference, context):
        overlaps = effect.side == "request" and difference.key == "oneOf" and "wire" not in effect.who
        if overlaps and context.is_safe(difference, "request") is False:
            text += ", which overlaps: requests that fit two are refused"
            yield breaking(text, "wire", witness=context.refused_request(difference), side="request")
        else:
            yield effect


def _check_composition(difference: Difference, context: Context) -> Iterator[Change]:
    """Yield the effects of a schema that is composed in another way: containment says what that does."""
    old, new = difference.old, difference.new
    text = f"{context.field(difference)}: {_describe(old)} became {_describe(new)}"
    rebuilt = any(key in each for each in (old, new) for key in ("properties", "allOf"))
    who = ("source",) if rebuilt else TYPES
    is_wider = bool(context.is_wider(difference, "request"))
    sent = f"{text}; " + ("more is accepted" if is_wider else "requests that do not fit are refused")
    read = not context.is_wider(difference, "response") or _may_be_null(new, context.after) > _may_be_null(
        old, context.before
    )
    judge = (widens if is_wider else narrows)(
        sent, f"{text} in answers", request=() if is_wider else who, response=who, read=read
    )
    for effect in judge.effects(difference, context):
        is_safe = effect.side is not None and context.is_safe(difference, effect.side)
        yield compatible(effect.effect, side=effect.side) if is_safe and not rebuilt else effect


def _may_be_null(schema: Any, document: Any) -> bool:
    found = resolve(schema, document)
    members = [each for key in ("anyOf", "oneOf") for each in found.get(key, ())] if isinstance(found, dict) else []
    alone = isinstance(found, dict) and "type" in found and "null" in _types(found["type"])
    return alone or any(_may_be_null(each, document) for each in members)


def _describe(schema: Any) -> str:
    """Return a schema in a few words."""
    if not isinstance(schema, Mapping):
        return "a schema"
    if isinstance(schema.get("$ref"), str):
        return show_value(schema["$ref"].rpartition("/")[2])
    for key, words in (("oneOf", "one of"), ("anyOf", "any of"), ("allOf", "all of")):
        members = schema.get(key)
        if isinstance(members, list):
            return f"{words} {', '.join(map(_describe, members[:4]))}{', …' * (len(members) > 4)}"
    if isinstance(schema.get("enum"), list):
        return f"one of {', '.join(map(show_value, schema['enum'][:4]))}{', …' * (len(schema['enum']) > 4)}"
    also = " with a condition" if any(key in schema for key in COMPOSITION) else ""
    return (_type_names(schema.get("type")) if "type" in schema else "any value") + also


WAS: Final = "{field}: {key} was {old}, is {new}"
LIFTED: Final = "{field} is no longer limited to {values}; the generated type of these is gone"
OPENED: Final = (
    "{field}: fields that are not listed are allowed", "{field}: fields that are not listed are allowed in answers",
)  # fmt: skip
CHECKS: Final[tuple[Check, ...]] = (
    Check(
        "enum-value-removed", "A value is no longer listed.", ["Schema.enum"],
        narrows("{field}: {old} is no longer accepted", "{field}: {old} is no longer answered; code that compares with it is dead",
                request=TYPES, counted="value"),
        CHANGE, lambda each: isinstance(each.new, list), items_removed, cause="{field}={old}",
    ),
    Check(
        "enum-value-added", "A further value is listed.", ["Schema.enum"],
        widens("{field}: {new} is accepted now", "{field}: {new} may now be answered; code that handles every value misses it",
               counted="value"),
        CHANGE, lambda each: isinstance(each.old, list), items_added, cause="{field}={new}",
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
    Check("type-changed", "A value has another type.", ["Schema.type"], _type_changed, when=lambda each: not _null_changed(each)),
    Check("null-allowed", "A value may be null.", ["Schema.type"],
          widens("{field} may be null", "{field} may be null in an answer", response=TYPES, read=True), CHANGE,
          lambda each: _null_changed(each) and _gains_null(each.old, each.new)),
    Check("null-forbidden", "A value may no longer be null.", ["Schema.type"],
          narrows("{field} must not be null", "{field} is never null in an answer", request=TYPES), CHANGE,
          lambda each: _null_changed(each) and not _gains_null(each.old, each.new)),
    Check("default-changed", "A request that leaves a field out means something else.", ["Schema.default"], _default_changed),
    Check("title-changed", "A schema has another title, after which the generator names classes.", ["Schema.title"],
          _title_changed),
    Check("bound-tightened", "A bound allows less.", BOUNDS,
          narrows(f"{WAS}; requests beyond it are refused", f"{WAS} in answers"),
          when=lambda each: _compare_bounds(each) == 1),
    Check("bound-loosened", "A bound allows more.", BOUNDS,
          widens(f"{WAS}; more is accepted", f"{WAS}: answers may go beyond it"),
          when=lambda each: _compare_bounds(each) == -1),
    Check("constraint-added", "A value is limited that was not.", LIMITS,
          narrows(f"{WAS}; other requests are refused", f"{WAS} in answers"), ADD),
    Check("constraint-lifted", "A value is no longer limited.", LIMITS,
          widens(f"{WAS}; more is accepted", f"{WAS}: answers may have other values"), REMOVE),
    Check("constraint-replaced", "A limit became another.", (*LIMITS, *BOUNDS),
          narrows(f"{WAS}; requests that do not fit are refused", f"{WAS} in answers"),
          CHANGE, lambda each: f"Schema.{each.key}" in LIMITS or not _compare_bounds(each)),
    Check("format-changed", "A value has another format, which may be another Python type.", ["Schema.format"],
          _format_changed),
    Check(
        "representation-changed", "The same value is written differently.", _at("xml", "contentMediaType", "contentEncoding"),
        narrows("{field}: {key} changed; requests may be read differently", "{field}: {key} changed", response=TYPES,
                provable=False),
    ),
    Check("discriminator-changed", "Alternatives are distinguished by another field or other values.", ["Schema.discriminator"],
          narrows("{field}: the discriminator changed", "{field}: the discriminator changed", request=TYPES, response=TYPES,
                  wire=False)),
    Check("access-changed", "A field is for answers only, or for requests only, or no longer so.",
          _at("readOnly", "writeOnly"), _access_changed),
    Check("subschema-added", "A further schema limits a part of the value.", INNER,
          narrows("{place}: {key} was added; requests that do not fit are refused", "{place}: {key} was added for answers",
                  request=TYPES, response=TYPES), ADD),
    Check("subschema-removed", "A schema no longer limits a part of the value.", INNER,
          widens("{place}: {key} is gone; more is accepted", "{place}: {key} is gone: answers may have other values",
                 response=TYPES), REMOVE),
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
    Check("composition-changed", "A value is composed of other schemas, and containment says what that does.",
          ["Schema.composition"], _check_composition),
    Check("alternative-removed", "One of several alternatives is gone.", _at("anyOf[]", "oneOf[]"),
          narrows("{whole}: one alternative is gone", "{whole}: one alternative is gone from answers",
                  request=TYPES, response=TYPES),
          REMOVE),
    Check("alternative-added", "There is a further alternative; under `oneOf`, a value that now fits two is refused.",
          _at("anyOf[]", "oneOf[]"), _alternative_added, ADD),
    Check("part-added", "A value must fit a further schema.", ["Schema.allOf[]"],
          narrows("{whole}: a further schema must fit; requests that do not fit are refused",
                  "{whole}: a further schema fits in answers", request=TYPES, response=TYPES), ADD),
    Check("part-removed", "A value no longer has to fit one of several schemas.", ["Schema.allOf[]"],
          widens("{whole}: one schema no longer has to fit; more is accepted",
                 "{whole}: one schema no longer has to fit in answers", response=TYPES, read=True), REMOVE),
)  # fmt: skip
