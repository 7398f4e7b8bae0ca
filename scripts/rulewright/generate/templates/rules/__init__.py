"""Cross-field rules of the API, compiled from the vendor's prose.

`violations` returns what a request breaks and `validate` raises it; both look at the same things: the
document's own schema (rule id `schema`) and every rule that is not waived.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from ._engine import SCHEMA, RuleSet, check_waived, enforce
from ._table import HOLDING, PARAMETERS, RULE_SETS, SHAPES
from ._violation import (
    ABSENT,
    Absent,
    Broken,
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

if TYPE_CHECKING:
    from .._operation import Operation

RULES: Final[Mapping[str, Rule]] = {
    rule.id: rule for rules in (*RULE_SETS, *PARAMETERS.values()) for rule in rules.rules
}
_BY_MODEL: Final[Mapping[type[Any], RuleSet]] = {
    rules.model: rules for rules in RULE_SETS if rules.model is not type(None)
}
_LOOKS: Final[Mapping[type[Any], Callable[[Any], Sequence[Broken] | None]]] = {
    model: rules.look for model, rules in _BY_MODEL.items()
}


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
    if model is None and (look := _LOOKS.get(type(body))) is not None and (found := look(body)) is not None:
        return _BY_MODEL[type(body)].violations(body, waive, found) if found else ()
    return _looked_at_closely(body, model, waive)


def _looked_at_closely(body: Any, model: type[Any] | None, waive: Collection[str]) -> tuple[Violation, ...]:
    kind = _kind(body, model)
    found: tuple[Violation, ...] = ()
    if SCHEMA not in waive and (shape := SHAPES.get(kind)) is not None:
        from ._shape import misfits  # most requests fit

        found = tuple(misfits(body if isinstance(body, Mapping) else body.to_dict(), shape))
    return (*found, *_rules_broken(body, kind, waive))


def _rules_broken(body: Any, kind: type[Any], waive: Collection[str]) -> tuple[Violation, ...]:
    rules = _BY_MODEL.get(kind)
    found = () if rules is None else rules.violations(body, waive)
    if kind not in HOLDING:
        return found
    from ._inner import inner_violations  # seldom needed

    whole = body if isinstance(body, Mapping) else body.to_dict()
    return (*found, *inner_violations(whole, SHAPES[kind], rules, waive))


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


def request_violations(
    operation: Operation[..., Any], arguments: Mapping[str, Any], *, waive: Collection[str] = ()
) -> tuple[Violation, ...]:
    """Return everything a request breaks, in a fixed order: the rules of its parameters, then as `violations` its body.

    Args:
        operation: One of the generated `operations`.
        arguments: Its parameters and its body, by keyword.
        waive: Ids of rules to switch off.

    Raises:
        ValueError: A waived id does not exist.
    """
    if waive:
        check_waived(waive, {*RULES, SCHEMA})
    found: tuple[Violation, ...] = ()
    if operation.id in PARAMETERS:
        from ._arguments import Arguments  # seldom needed

        found = PARAMETERS[operation.id].violations(Arguments(operation.filled_in(arguments)), waive)
    body = arguments.get("body")
    if isinstance(body, list):
        from ._inner import moved  # seldom needed

        items = [(index, item) for index, item in enumerate(body) if hasattr(item, "to_dict")]
        broken = ((index, each) for index, item in items for each in violations(item, waive=waive))
        return (*found, *(moved(violation, f"/{index}") for index, violation in broken))
    return (*found, *violations(body, waive=waive)) if hasattr(body, "to_dict") else found


def validate_request(
    operation: Operation[..., Any],
    arguments: Mapping[str, Any],
    *,
    waive: Collection[str] = (),
    strict: bool = False,
    stacklevel: int = 2,
) -> None:
    """Refuse a request that breaks a stated rule or the schema of its body; warn about inferred rules.

    Args:
        operation: One of the generated `operations`.
        arguments: Its parameters and its body, by keyword.
        waive: Ids of rules to switch off; `schema` switches off the document's own schema.
        strict: Refuse inferred rules too.
        stacklevel: As in `warnings.warn`: which caller a warning points at.

    Raises:
        RuleViolation: With every violation at once.
        ValueError: A waived id does not exist.
    """
    found = request_violations(operation, arguments, waive=waive)
    if found:
        enforce(found, strict=strict, stacklevel=stacklevel + 1)


def rule_violations(body: Any, *, model: type[Any] | None = None) -> tuple[Violation, ...]:
    """Return the cross-field rules a body breaks, without looking at its schema."""
    if model is None and (look := _LOOKS.get(type(body))) is not None:
        found = look(body)
        if found is not None:
            return _BY_MODEL[type(body)].violations(body, (), found) if found else ()
    return _rules_broken(body, _kind(body, model), ())


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
    "request_violations",
    "rule_violations",
    "unlisted",
    "validate",
    "validate_request",
    "violations",
]
