"""Cross-field rules of the API, compiled from the vendor's prose.

`violations` returns what a request breaks and `validate` raises it; both look at the same things: the
document's own schema (rule id `schema`) and every rule that is not waived.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

from ._engine import SCHEMA, RuleSet, check_waived, enforce
from ._table import NESTING, RULE_SETS, SHAPES
from ._violation import (
    ABSENT,
    Absent,
    Change,
    Length,
    Level,
    Rule,
    RuleViolation,
    RuleWarning,
    Source,
    Unlisted,
    Violation,
    unlisted,
)

RULES: Final[Mapping[str, Rule]] = {rule.id: rule for rules in RULE_SETS for rule in rules.rules}
_BY_MODEL: Final[Mapping[type[Any], RuleSet]] = {rules.model: rules for rules in RULE_SETS}


def violations(body: Any, *, model: type[Any] | None = None, waive: Collection[str] = ()) -> tuple[Violation, ...]:
    """Return everything a request body breaks, in a fixed order: its schema first, then the rules.

    Args:
        body: A model, or the JSON object of one.
        model: The model class a JSON object belongs to; needed only where several models have checks.
        waive: Ids of rules to switch off; `schema` switches off the document's own schema.

    Raises:
        ValueError: A waived id does not exist, or it is not clear which model the object belongs to.
    """
    if waive:
        check_waived(waive, {*RULES, SCHEMA})
    if model is None and (rules := _at_a_glance(type(body))) is not None and rules.fits(body):
        return () if rules.keeps(body) else rules.violations(body, waive)
    return _looked_at_closely(body, model, waive)


def _at_a_glance(kind: type[Any]) -> RuleSet | None:
    return None if kind in NESTING else _BY_MODEL.get(kind)


def _looked_at_closely(body: Any, model: type[Any] | None, waive: Collection[str]) -> tuple[Violation, ...]:
    kind = _kind(body, model)
    found: tuple[Violation, ...] = ()
    if SCHEMA not in waive and (shape := SHAPES.get(kind)) is not None:
        from ._shape import misfits  # most requests fit

        found = tuple(misfits(body if isinstance(body, Mapping) else body.to_dict(), shape))
    return (*found, *_broken(body, kind, waive))


def _broken(body: Any, kind: type[Any], waive: Collection[str]) -> tuple[Violation, ...]:
    rules = _BY_MODEL.get(kind)
    found = () if rules is None else rules.violations(body, waive)
    if kind not in NESTING:
        return found
    from ._within import within  # few documents have rules within rules

    value = body if isinstance(body, Mapping) else body.to_dict()
    return (*found, *(each for each in within(value, SHAPES[kind]) if each.rule not in waive))


def validate(
    body: Any,
    *,
    model: type[Any] | None = None,
    waive: Collection[str] = (),
    strict: bool = False,
    stacklevel: int = 2,
) -> None:
    """Refuse a request body that breaks its schema or a stated rule; warn about inferred rules.

    Args:
        body: A model, or the JSON object of one.
        model: The model class a JSON object belongs to; needed only where several models have checks.
        waive: Ids of rules to switch off; `schema` switches off the document's own schema.
        strict: Refuse inferred rules too.
        stacklevel: As in `warnings.warn`: which caller a warning points at.

    Raises:
        RuleViolation: With every violation at once.
        ValueError: A waived id does not exist, or it is not clear which model the object belongs to.
    """
    found = violations(body, model=model, waive=waive)
    if found:
        enforce(found, strict=strict, stacklevel=stacklevel + 1)


def rule_violations(body: Any, *, model: type[Any] | None = None) -> tuple[Violation, ...]:
    """Return the cross-field rules a body breaks, without looking at its schema."""
    if model is None and (rules := _at_a_glance(type(body))) is not None and rules.fits(body) and rules.keeps(body):
        return ()
    return _broken(body, _kind(body, model), ())


def _kind(body: Any, model: type[Any] | None) -> type[Any]:
    if model is not None:
        return model
    if not isinstance(body, Mapping):
        return type(body)
    if len(SHAPES) != 1:
        names = ", ".join(sorted(kind.__name__ for kind in SHAPES))
        raise ValueError(f"say which model the object is meant to be: model=... is one of {names}")
    return next(iter(SHAPES))


__all__ = [
    "ABSENT",
    "RULES",
    "SCHEMA",
    "Absent",
    "Change",
    "Length",
    "Level",
    "Rule",
    "RuleViolation",
    "RuleWarning",
    "Source",
    "Unlisted",
    "Violation",
    "check_waived",
    "rule_violations",
    "unlisted",
    "validate",
    "violations",
]
