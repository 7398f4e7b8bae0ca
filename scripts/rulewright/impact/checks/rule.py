"""Checks of what the overlays declare: rules, variants, waiters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from rulewright.impact.change import Change, Severity
from rulewright.impact.checks.registry import Check, Registry
from rulewright.impact.context import Context, shown
from rulewright.impact.requests import Group
from rulewright.impact.structure import Difference

REGISTRY: Final = Registry()
check = REGISTRY.check
_CHANGES: Final = ("add", "remove", "change")
_RULES: Final = ["Schema.x-rules[]", "Operation.x-rules[]"]


def _level(rule: Any) -> Any:
    return rule.get("level") if isinstance(rule, dict) else None


def _groups(context: Context, name: Any, *, stops: bool) -> tuple[int, Group | None]:
    groups = [
        group
        for impact in context.requests
        for group in (impact.stops if stops else impact.starts)
        if any(cause.keyword == "rule" and cause.what == name for cause in group.causes)
    ]
    return sum(group.count for group in groups), groups[0] if groups else None


def _narrower(this: Check, difference: Difference, context: Context, name: Any, text: str) -> Change:
    count, group = _groups(context, name, stops=True)
    if group is None:
        return context.change(
            this.id, difference, f"{text}; no counted request stops being accepted", Severity.REVIEW, "docs"
        )
    text = f"{text}: {count} of the counted requests are refused before they are sent"
    return context.change(this.id, difference, text, Severity.BREAKING, "rules", witness=group.witness)


def _wider(this: Check, difference: Difference, context: Context, name: Any, text: str) -> Change:
    count, group = _groups(context, name, stops=False)
    tail = f": {count} of the counted requests are let through" if group else "; no counted request depends on it"
    witness = group.witness if group else None
    return context.change(this.id, difference, text + tail, Severity.COMPATIBLE, witness=witness)


@check("rule-added", _RULES, ["add"], mirror="rule-removed")
def rule_added(this: Check, difference: Difference, context: Context) -> Iterator[Change]:
    """There is a rule that was not there."""
    name = difference.entry
    if _level(difference.new) == "error":
        yield _narrower(this, difference, context, name, f"the rule {name} is enforced")
    else:
        yield context.change(this.id, difference, f"the rule {name} warns", Severity.COMPATIBLE, "docs")


@check("rule-removed", _RULES, ["remove"], mirror="rule-added")
def rule_removed(this: Check, difference: Difference, context: Context) -> Iterator[Change]:
    """A rule is gone."""
    name = difference.entry
    if _level(difference.old) == "error":
        yield _wider(this, difference, context, name, f"the rule {name} is gone")
    else:
        yield context.change(this.id, difference, f"the rule {name} warns no more", Severity.COMPATIBLE, "docs")


def _owner(difference: Difference, context: Context) -> Mapping[str, Any]:
    was, now = context.schema_at(difference)
    found = now or was
    return found if isinstance(found, dict) else {}


@check("rule-narrowed", ["Rule.if", "Rule.then"], _CHANGES, mirror="rule-widened")
def rule_narrowed(this: Check, difference: Difference, context: Context) -> Iterator[Change]:
    """A rule refuses more than before, or its change cannot be counted."""
    rule = _owner(difference, context)
    count, _ = _groups(context, rule.get("id"), stops=True)
    fewer, _ = _groups(context, rule.get("id"), stops=False)
    if count or not fewer:
        yield _narrower(this, difference, context, rule.get("id"), f"the rule {rule.get('id')} asks something else")


@check("rule-widened", ["Rule.if", "Rule.then"], _CHANGES, mirror="rule-narrowed")
def rule_widened(this: Check, difference: Difference, context: Context) -> Iterator[Change]:
    """A rule lets more through than before."""
    rule = _owner(difference, context)
    count, _ = _groups(context, rule.get("id"), stops=False)
    if count:
        yield _wider(this, difference, context, rule.get("id"), f"the rule {rule.get('id')} asks something else")


@check("rule-raised", ["Rule.level"], ["change"], mirror="rule-lowered")
def rule_raised(this: Check, difference: Difference, context: Context) -> Iterator[Change]:
    """A rule that warned is enforced."""
    if difference.new == "error":
        name = _owner(difference, context).get("id")
        yield _narrower(this, difference, context, name, f"the rule {name} is enforced, not only reported")


@check("rule-lowered", ["Rule.level"], ["change"], mirror="rule-raised")
def rule_lowered(this: Check, difference: Difference, context: Context) -> Iterator[Change]:
    """A rule that was enforced only warns."""
    if difference.new != "error":
        name = _owner(difference, context).get("id")
        yield _wider(this, difference, context, name, f"the rule {name} only warns")


@check("rule-reworded", [f"Rule.{key}" for key in ("id", "level", "message", "source", "examples")],
       _CHANGES, mirror="rule-reworded")  # fmt: skip
def rule_reworded(this: Check, difference: Difference, context: Context) -> Iterator[Change]:
    """A rule says the same in other words, or rests on another sentence."""
    if difference.key == "level" and difference.kind == "change":
        return
    name = _owner(difference, context).get("id")
    yield context.change(
        this.id, difference, f"the {difference.key} of the rule {name} changed", Severity.NOTHING, "docs"
    )


@check("variants-changed", ["Schema.x-variants"], _CHANGES, mirror="variants-changed")
def variants_changed(this: Check, difference: Difference, context: Context) -> Iterator[Change]:
    """The typed functions are named, ordered or filled in otherwise."""
    old, new = (value if isinstance(value, dict) else {} for value in (difference.old, difference.new))
    gone = [name for name in _functions(old) if name not in _functions(new)]
    before, after = (each if isinstance(each := side.get("positional"), list) else [] for side in (old, new))
    if gone:
        text = f"the functions {', '.join(map(shown, gone))} are gone: calls of them fail"
        yield context.change(this.id, difference, text, Severity.BREAKING, "source")
    elif after[: len(before)] != before:
        text = f"the order of positional arguments is now {shown(after)}: calls pass the wrong ones"
        yield context.change(this.id, difference, text, Severity.BREAKING, "source")
    elif old.get("defaults", {}) != new.get("defaults", {}):
        text = (
            f"what the functions fill in is now {shown(new.get('defaults', {}))}: the same call asks for another thing"
        )
        yield context.change(this.id, difference, text, Severity.BREAKING, "wire")
    else:
        yield context.change(this.id, difference, "there are further typed functions", Severity.COMPATIBLE)


def _functions(variants: Mapping[str, Any]) -> list[str]:
    names = variants.get("names", {})
    named = [str(name) for name in names.values()] if isinstance(names, dict) else []
    return [str(variants["general"]), *named] if "general" in variants else named


@check("waiter-changed", ["Operation.x-waiter"], _CHANGES, mirror="waiter-changed")
def waiter_changed(this: Check, difference: Difference, context: Context) -> Iterator[Change]:
    """Waiting for what was started works otherwise."""
    text = (
        "waiting works otherwise (states, delays or deadline): the same wait may end sooner, later or as another result"
    )
    yield context.change(this.id, difference, text, Severity.REVIEW, "docs")
