"""Checks of schemas: values, fields, types and bounds, in what is sent and in what is answered."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any, Final

from rulewright.impact.change import Change, Severity
from rulewright.impact.checks.direction import narrowed, widened
from rulewright.impact.checks.registry import Check, Registry
from rulewright.impact.context import Context, field_of, python_name, shown
from rulewright.impact.structure import Difference, key_of

REGISTRY: Final = Registry()
check = REGISTRY.check
BOTH_WAYS: Final = ("add", "remove", "change")


def _gone(old: Any, new: Any) -> list[Any]:
    kept = set(map(key_of, _values(new)))
    return [value for value in _values(old) if key_of(value) not in kept]


def _values(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _shown(values: list[Any]) -> str:
    return ", ".join(shown(value) for value in values)


@check("enum-value-removed", ["Schema.enum"], ["change"], mirror="enum-value-added")
def enum_value_removed(this: Check, difference: Difference, context: Context) -> Iterator[Change]:
    """A listed value is gone."""
    if isinstance(difference.old, list) and isinstance(difference.new, list):
        for value in _gone(difference.old, difference.new):
            name = f"{field_of(difference, end=-1)}: {shown(value)}"
            yield from narrowed(
                this, dataclasses.replace(difference, old=value, new=None), context,
                f"{name} is no longer accepted", f"{name} is no longer answered; code that compares with it is dead",
                request=("types",), response=("types",), value=value,
            )  # fmt: skip


@check("enum-value-added", ["Schema.enum"], ["change"], mirror="enum-value-removed")
def enum_value_added(this: Check, difference: Difference, context: Context) -> Iterator[Change]:
    """A value is listed that was not."""
    if isinstance(difference.old, list) and isinstance(difference.new, list):
        for value in _gone(difference.new, difference.old):
            name = f"{field_of(difference, end=-1)}: {shown(value)}"
            yield from widened(
                this, dataclasses.replace(difference, old=None, new=value), context,
                f"{name} is accepted now", f"{name} may now be answered; code that knows every value does not know it",
                response=("types",), value=value,
            )  # fmt: skip


@check("enum-introduced", ["Schema.enum"], ["add"], mirror="enum-lifted")
def enum_introduced(this: Check, difference: Difference, context: Context) -> Iterator[Change]:
    """Only listed values are left where any was."""
    name = field_of(difference, end=-1)
    listed = _shown(_values(difference.new))
    yield from narrowed(
        this, difference, context,
        f"{name}: only {listed} are accepted now", f"{name}: only {listed} are answered now", request=("types",),
    )  # fmt: skip


@check("enum-lifted", ["Schema.enum"], ["remove"], mirror="enum-introduced")
def enum_lifted(this: Check, difference: Difference, context: Context) -> Iterator[Change]:
    """Any value is left where only listed ones were; the generated type of the values is gone."""
    name = field_of(difference, end=-1)
    text = f"{name} is no longer limited to {_shown(_values(difference.old))}; the generated type of these is gone"
    yield from widened(this, difference, context, text, text, request=("source",), response=("source",))


@check("field-required", ["Schema.required"], BOTH_WAYS, mirror="field-optional")
def field_required(this: Check, difference: Difference, context: Context) -> Iterator[Change]:
    """A field has to be given that could be left out."""
    for name in _gone(difference.new, difference.old):
        place = f"{field_of(difference, end=-1)}.{name}"
        yield from narrowed(
            this, dataclasses.replace(difference, old=None, new=name), context,
            f"{place} must be given; requests without it are refused", f"{place} is now always answered",
            request=("source",), field=str(name),
        )  # fmt: skip


@check("field-optional", ["Schema.required"], BOTH_WAYS, mirror="field-required")
def field_optional(this: Check, difference: Difference, context: Context) -> Iterator[Change]:
    """A field can be left out that had to be given."""
    for name in _gone(difference.old, difference.new):
        place = f"{field_of(difference, end=-1)}.{name}"
        _, now = context.schema_at(difference)
        properties = now.get("properties") if isinstance(now, dict) else None
        still = isinstance(properties, dict) and str(name) in properties
        yield from widened(
            this, dataclasses.replace(difference, old=name, new=None), context,
            f"{place} may be left out", f"{place} may be missing from an answer",
            response=("types",) if still else (), field=str(name),
        )  # fmt: skip


@check("property-added", ["Schema.properties[]"], ["add"], mirror="property-removed")
def property_added(this: Check, difference: Difference, context: Context) -> Iterator[Change]:
    """There is a field that was not there."""
    name = field_of(difference)
    yield from widened(this, difference, context, f"{name} can be sent now", f"{name} may now be answered")


@check("property-removed", ["Schema.properties[]"], ["remove"], mirror="property-added")
def property_removed(this: Check, difference: Difference, context: Context) -> Iterator[Change]:
    """A field is gone."""
    name = field_of(difference)
    _, now = context.schema_at(difference)
    holder = context.holder(difference)
    attribute = python_name(str(difference.entry))
    kept = isinstance(now, dict) and any(python_name(other) == attribute for other in now)
    who = () if kept else ("source",)
    closed = isinstance(holder, dict) and holder.get("additionalProperties") is False
    sent = f"{name} is gone: requests with it are refused" if closed else f"{name} is gone: the server knows it no more"
    yield from narrowed(
        this, difference, context, sent, f"{name} is no longer answered",
        request=who, response=who, wire=closed or kept,
    )  # fmt: skip


@check("type-changed", ["Schema.type"], BOTH_WAYS, mirror="type-changed")
def type_changed(this: Check, difference: Difference, context: Context) -> Iterator[Change]:
    """A value has another type."""
    old, new = _types(difference.old), _types(difference.new)
    name = f"{field_of(difference, end=-1)}: {_kinds(old)} became {_kinds(new)}"
    built = "object" in (old ^ new) and bool(old and new)
    who = ("source",) if built else ("types",)
    lost, gained = _less(old, new), _less(new, old)
    if lost:
        yield from narrowed(
            this, difference, context, f"{name}; requests of the old type are refused", f"{name} in answers",
            request=who, response=who if gained or built else (), probe=[_SAMPLES[kind] for kind in sorted(lost) if kind in _SAMPLES],
        )  # fmt: skip
    elif gained or old != new:
        yield from widened(this, difference, context, f"{name}; more is accepted", f"{name} in answers", response=who)


_SAMPLES: Final = {
    "string": "text", "integer": 1, "number": 1.5, "boolean": True, "array": [], "object": {}, "null": None,
}  # fmt: skip


def _types(value: Any) -> frozenset[str]:
    return frozenset(map(str, value if isinstance(value, list) else [value])) if value else frozenset()


def _less(old: frozenset[str], new: frozenset[str]) -> frozenset[str]:
    """Return the types that `old` allows and `new` does not; no type allows all, and a number may be an integer."""
    if not new:
        return frozenset()
    lost = (old or frozenset(_SAMPLES)) - new
    return lost - {"integer"} if "number" in new else lost


def _kinds(types: frozenset[str]) -> str:
    return " or ".join(sorted(types)) or "any type"


@check("null-allowed", ["Schema.nullable"], BOTH_WAYS, mirror="null-forbidden")
def null_allowed(this: Check, difference: Difference, context: Context) -> Iterator[Change]:
    """Null is a value where it was not."""
    if difference.new is True:
        name = field_of(difference, end=-1)
        yield from widened(
            this, difference, context, f"{name} may be null", f"{name} may be null in an answer", response=("types",)
        )


@check("null-forbidden", ["Schema.nullable"], BOTH_WAYS, mirror="null-allowed")
def null_forbidden(this: Check, difference: Difference, context: Context) -> Iterator[Change]:
    """Null is no value where it was."""
    if difference.old is True and difference.new is not True:
        name = field_of(difference, end=-1)
        yield from narrowed(
            this, difference, context, f"{name} must not be null", f"{name} is never null in an answer",
            request=("types",),
        )  # fmt: skip


@check("default-changed", ["Schema.default"], BOTH_WAYS, mirror="default-changed")
def default_changed(this: Check, difference: Difference, context: Context) -> Iterator[Change]:
    """What is meant where a field is left out is something else."""
    name = field_of(difference, end=-1)
    old, new = (
        "nothing stated" if difference.kind == kind else shown(value)
        for kind, value in (("add", difference.old), ("remove", difference.new))
    )
    effect = f"{name}: a request that leaves it out is still accepted, but now means {new} instead of {old}"
    if "request" in context.sides(difference) and context.must_be_given(difference):
        effect = f"{name}: the default was {old} and is {new}; the field must be given all the same"
        yield context.change(this.id, difference, effect, Severity.NOTHING, "docs")
    elif "request" in context.sides(difference):
        yield context.change(
            this.id, difference, effect, Severity.BREAKING, "wire", side="request", witness=context.without(difference)
        )
    else:
        effect = f"{name}: the default was {old} and is {new}; no request uses it"
        yield context.change(this.id, difference, effect, Severity.NOTHING, "docs")


@check("title-changed", ["Schema.title"], BOTH_WAYS, mirror="title-changed")
def title_changed(this: Check, difference: Difference, context: Context) -> Iterator[Change]:
    """A schema has another title, which is what the generator names classes after."""
    name = field_of(difference, end=-1)
    named = any(
        isinstance(each, dict) and ("properties" in each or "enum" in each) for each in context.schema_at(difference)
    )
    if named:
        effect = f"{name}: the generated class is named after the title {shown(difference.new)}; imports of it fail"
        yield context.change(this.id, difference, effect, Severity.BREAKING, "source")
    else:
        yield context.change(this.id, difference, f"{name}: another title", Severity.NOTHING, "docs")
