"""Checks of what limits a value: bounds, patterns, formats."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from rulewright.impact.change import Change, Severity
from rulewright.impact.checks.direction import narrowed, widened
from rulewright.impact.checks.registry import Check, Registry
from rulewright.impact.context import Context, field_of, shown
from rulewright.impact.structure import Difference

REGISTRY: Final = Registry()
check = REGISTRY.check
_CHANGES: Final = ("add", "remove", "change")
_LOWER: Final = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
_UPPER: Final = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
_ORDERED: Final = tuple(f"Schema.{key}" for key in (*_LOWER, *_UPPER, "uniqueItems"))
_OTHER: Final = tuple(f"Schema.{key}" for key in ("pattern", "const", "multipleOf", "dependentRequired"))
_LARGEST: Final = 2**53
"""Larger numbers have no float of their own on either side."""
_TYPED_FORMATS: Final = frozenset({"date-time", "date", "uuid", "binary", "byte"})


def _tightness(key: str, value: Any) -> float | None:
    """Return how much a bound excludes, to compare two of one key; None for what is not a bound."""
    if key == "uniqueItems" or isinstance(value, bool):
        return float(value is True)
    if value is None:
        return float("-inf")
    if not isinstance(value, int | float):
        return None
    return value if key in _LOWER else -value  # not as floats: a whole number may be larger than any of them


def _tighter(difference: Difference) -> bool | None:
    old, new = (_tightness(difference.key, value) for value in (difference.old, difference.new))
    return None if old is None or new is None or old == new else new > old


def _bounds(difference: Difference) -> tuple[str, str]:
    name = f"{field_of(difference, end=-1)}: {difference.key}"
    old, new = ("none" if value is None else shown(value) for value in (difference.old, difference.new))
    return name, f"was {old}, is {new}"


def _probes(key: str, *bounds: Any) -> list[Any]:
    """Return values on both sides of some bounds, simplest first."""
    numbers = [
        bound
        for bound in bounds
        if isinstance(bound, int | float) and not isinstance(bound, bool) and abs(bound) <= _LARGEST
    ]
    steps = [number + step for number in numbers for step in (0, 1, -1)]
    counts = [int(number) for number in steps if 0 <= number <= 10_000]
    if key in {"minLength", "maxLength"}:
        return ["x" * count for count in sorted(counts)]
    if key in {"minItems", "maxItems"}:
        return [["x"] * count for count in sorted(counts)] + [[1] * count for count in sorted(counts)]
    return [["x", "x"]] if key == "uniqueItems" else [*steps, *(number + 0.5 for number in numbers)]


@check("bound-tightened", _ORDERED, _CHANGES, mirror="bound-loosened")
def bound_tightened(this: Check, difference: Difference, context: Context) -> Iterator[Change]:
    """A bound lets less through."""
    if _tighter(difference) is True:
        name, was = _bounds(difference)
        yield from narrowed(
            this, difference, context, f"{name} {was}; requests beyond it are refused", f"{name} {was} in answers",
            probe=_probes(difference.key, difference.old, difference.new),
        )  # fmt: skip


@check("bound-loosened", _ORDERED, _CHANGES, mirror="bound-tightened")
def bound_loosened(this: Check, difference: Difference, context: Context) -> Iterator[Change]:
    """A bound lets more through."""
    if _tighter(difference) is False:
        name, was = _bounds(difference)
        yield from widened(
            this, difference, context, f"{name} {was}; more is accepted", f"{name} {was}: answers may go beyond it",
            probe=_probes(difference.key, difference.old, difference.new),
        )  # fmt: skip


@check("constraint-added", _OTHER, ["add"], mirror="constraint-lifted")
def constraint_added(this: Check, difference: Difference, context: Context) -> Iterator[Change]:
    """A limit is stated where there was none."""
    name, was = _bounds(difference)
    who = ("types",) if difference.key == "const" else ()
    text = f"{name} {was}; requests that do not fit it are refused"
    yield from narrowed(
        this, difference, context, text, f"{name} {was} in answers", request=who, probe=["", " ", "text", 1, 2, 3]
    )


@check("constraint-lifted", _OTHER, ["remove"], mirror="constraint-added")
def constraint_lifted(this: Check, difference: Difference, context: Context) -> Iterator[Change]:
    """A limit is gone."""
    name, was = _bounds(difference)
    who = ("types",) if difference.key == "const" else ()
    text = f"{name} {was}: answers may hold more"
    yield from widened(
        this, difference, context, f"{name} {was}; more is accepted", text, response=who,
        probe=["", " ", "text", 1, 2, 3],
    )  # fmt: skip


@check("constraint-replaced", (*_OTHER, *_ORDERED), ["change"], mirror="constraint-replaced")
def constraint_replaced(this: Check, difference: Difference, context: Context) -> Iterator[Change]:
    """A limit became another, and neither is known to contain the other."""
    if f"Schema.{difference.key}" in _ORDERED and _tighter(difference) is not None:
        return
    name, was = _bounds(difference)
    who = ("types",) if difference.key == "const" else ()
    yield from narrowed(
        this, difference, context, f"{name} {was}; requests may stop or start being accepted",
        f"{name} {was} in answers", request=who, response=who, probe=["", " ", "text", 1, 2, 3],
    )  # fmt: skip


@check("format-changed", ["Schema.format"], _CHANGES, mirror="format-changed")
def format_changed(this: Check, difference: Difference, context: Context) -> Iterator[Change]:
    """A value is written in another format, which may be another Python type."""
    name, was = _bounds(difference)
    who = ("source",) if {str(difference.old), str(difference.new)} & _TYPED_FORMATS else ()
    read = f"{name} {was}: " + ("code that reads it gets another Python type" if who else "answers follow it")
    yield from narrowed(
        this, difference, context, f"{name} {was}; requests in another format may be refused", read,
        request=who, response=who, wire=difference.new is not None,
    )  # fmt: skip


@check(
    "representation-changed",
    [f"Schema.{key}" for key in ("discriminator", "xml", "contentMediaType", "contentEncoding")],
    _CHANGES,
    mirror="representation-changed",
)
def representation_changed(this: Check, difference: Difference, context: Context) -> Iterator[Change]:
    """The same value is written, or told apart, in another way."""
    name = f"{field_of(difference, end=-1)}: another {difference.key}"
    yield from narrowed(this, difference, context, f"{name}; requests may be read otherwise", name, response=("types",))


@check("access-changed", ["Schema.readOnly", "Schema.writeOnly"], _CHANGES, mirror="access-changed")
def access_changed(this: Check, difference: Difference, context: Context) -> Iterator[Change]:
    """A field is meant for answers only, or for requests only, or no longer so."""
    if (difference.old is True) == (difference.new is True):
        return
    name = field_of(difference, end=-1)
    banned, side = ("request", "sent") if difference.key == "readOnly" else ("response", "answered")
    if difference.new is True and banned in context.sides(difference):
        who = ("wire",) if banned == "request" else ()
        yield context.change(this.id, difference, f"{name} must not be {side} any more", Severity.BREAKING, *who)
    else:
        yield context.change(
            this.id, difference, f"{name}: {difference.key} is now {difference.new}", Severity.COMPATIBLE
        )


_RESTATED: Final = tuple(
    [f"Schema.{key}" for key in ("nullable", "readOnly", "writeOnly", "deprecated", "uniqueItems", "exclusiveMinimum",
                                 "exclusiveMaximum", "additionalProperties")]
    + [f"{owner}.{key}" for owner in ("Parameter", "Header", "RequestBody") for key in ("required", "deprecated")]
    + ["Operation.deprecated"]
)  # fmt: skip


@check("default-restated", _RESTATED, ["add", "remove"], mirror="default-restated")
def default_restated(this: Check, difference: Difference, context: Context) -> Iterator[Change]:
    """What holds anyway is stated, or no longer stated."""
    value = difference.new if difference.kind == "add" else difference.old
    if value is False and difference.key != "additionalProperties":
        yield context.change(this.id, difference, f"{difference.key}: false holds anyway", Severity.NOTHING)
    elif difference.key == "additionalProperties" and (value is True or value == {}):
        yield context.change(this.id, difference, "further fields are allowed anyway", Severity.NOTHING)
