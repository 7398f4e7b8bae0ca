"""Checks of schemas within schemas: what limits a value further, and what it may be one of."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from rulewright.impact.change import Change, Severity
from rulewright.impact.checks.direction import narrowed, widened
from rulewright.impact.checks.registry import Check, Registry
from rulewright.impact.context import Context, field_of
from rulewright.impact.structure import Difference

REGISTRY: Final = Registry()
check = REGISTRY.check
_CHANGES: Final = ("add", "remove", "change")
_INNER: Final = tuple(
    f"Schema.{key}"
    for key in ("items", "not", "if", "then", "else", "contains", "propertyNames", "unevaluatedProperties")
)  # fmt: skip
_INNER_ENTRIES: Final = tuple(
    f"Schema.{key}[]" for key in ("patternProperties", "dependentSchemas", "allOf", "prefixItems")
)


@check("subschema-added", (*_INNER, *_INNER_ENTRIES), ["add"], mirror="subschema-removed")
def subschema_added(this: Check, difference: Difference, context: Context) -> Iterator[Change]:
    """A further schema limits the value."""
    name = f"{field_of(difference)}: {difference.key} is stated"
    who = ("types",) if difference.key in {"items", "allOf"} else ()
    yield from narrowed(
        this, difference, context, f"{name}; requests that do not fit are refused", f"{name} for answers",
        request=who, response=who,
    )  # fmt: skip


@check("subschema-removed", (*_INNER, *_INNER_ENTRIES), ["remove"], mirror="subschema-added")
def subschema_removed(this: Check, difference: Difference, context: Context) -> Iterator[Change]:
    """A schema that limited the value is gone."""
    name = f"{field_of(difference)}: {difference.key} is gone"
    who = ("types",) if difference.key in {"items", "allOf"} else ()
    yield from widened(
        this, difference, context, f"{name}; more is accepted", f"{name}: answers may hold more", response=who
    )


@check("schema-closed", ["Schema.additionalProperties"], _CHANGES, mirror="schema-opened")
def schema_closed(this: Check, difference: Difference, context: Context) -> Iterator[Change]:
    """Fields that the document does not list are limited or forbidden."""
    if _openness(difference.new) < _openness(difference.old):
        name = field_of(difference, end=-1)
        text = f"{name}: fields that are not listed are {'refused' if difference.new is False else 'limited'}"
        who = ("source",) if difference.new is False else ("types",)
        yield from narrowed(this, difference, context, text, f"{text} in answers", request=who, response=who)


@check("schema-opened", ["Schema.additionalProperties"], _CHANGES, mirror="schema-closed")
def schema_opened(this: Check, difference: Difference, context: Context) -> Iterator[Change]:
    """Fields that the document does not list are allowed, or limited less."""
    old, new = _openness(difference.old), _openness(difference.new)
    if new > old or (new == old and isinstance(difference.new, dict)):
        name = field_of(difference, end=-1)
        text = f"{name}: fields that are not listed are allowed"
        response = ("types",) if isinstance(difference.old, dict) else ()
        yield from widened(this, difference, context, text, f"{text} in answers", response=response)


def _openness(value: Any) -> int:
    return 0 if value is False else 1 if isinstance(value, dict) and value else 2


_ALTERNATIVES: Final = ("Schema.anyOf", "Schema.oneOf")


@check("alternatives-introduced", _ALTERNATIVES, ["add"], mirror="alternatives-lifted")
def alternatives_introduced(this: Check, difference: Difference, context: Context) -> Iterator[Change]:
    """A value has to have one of several shapes, where it had not."""
    name = f"{field_of(difference, end=-1)}: one of {len(_listed(difference.new))} alternatives is asked for"
    yield from narrowed(
        this, difference, context, f"{name}; requests that fit none are refused", f"{name} in answers",
        request=("types",), response=("types",),
    )  # fmt: skip


@check("alternatives-lifted", _ALTERNATIVES, ["remove"], mirror="alternatives-introduced")
def alternatives_lifted(this: Check, difference: Difference, context: Context) -> Iterator[Change]:
    """A value no longer has to have one of several shapes."""
    name = f"{field_of(difference, end=-1)}: none of {len(_listed(difference.old))} alternatives is asked for any more"
    yield from widened(
        this,
        difference,
        context,
        f"{name}; more is accepted",
        f"{name}: code may meet another type",
        response=("types",),
    )


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


@check("alternative-removed", ["Schema.anyOf[]", "Schema.oneOf[]"], ["remove"], mirror="alternative-added")
def alternative_removed(this: Check, difference: Difference, context: Context) -> Iterator[Change]:
    """One of several shapes is gone."""
    name = f"{field_of(difference)}: one alternative is gone"
    yield from narrowed(
        this, difference, context, name, f"{name} from answers", request=("types",), response=("types",)
    )


@check("alternative-added", ["Schema.anyOf[]", "Schema.oneOf[]"], ["add"], mirror="alternative-removed")
def alternative_added(this: Check, difference: Difference, context: Context) -> Iterator[Change]:
    """There is one more shape; under `oneOf`, what now fits two of them is refused."""
    name = f"{field_of(difference)}: there is one more alternative"
    fate = context.fate(difference)
    if difference.key == "oneOf" and fate is not None and fate.stops:
        text = f"{name}, which overlaps: {fate.stops} of the counted requests fit two and are refused"
        yield context.change(this.id, difference, text, Severity.BREAKING, "wire", witness=fate.stopped, side="request")
        return
    yield from widened(this, difference, context, name, f"{name} in answers", response=("types",))
