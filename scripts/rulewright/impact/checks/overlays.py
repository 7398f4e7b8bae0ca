"""Checks of what the overlays add: rules, variants, waiters, and what no longer fits the vendor document."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from rulewright.impact.change import (
    ADD,
    CHANGE,
    REMOVE,
    Always,
    Change,
    Check,
    breaking,
    compatible,
    fill,
    nothing,
    review,
)
from rulewright.impact.context import Context, show_value
from rulewright.impact.difference import Difference
from rulewright.impact.normal import same
from rulewright.impact.requests import Group
from rulewright.impact.revision import Conflict
from rulewright.openapi.pointer import encode
from rulewright.rules.variants import ABSENT, Allowed, Variant, VariantSet

_LINE: Final = re.compile(r"(?<=\w):\d+(?=[,): ]|$)")
RULES: Final = ("Schema.x-rules[]", "Operation.x-rules[]")
IMPLICATION: Final = ("Rule.if", "Rule.then")


@dataclass(frozen=True)
class Counted:
    """A judge of a rule that refuses more, or less: its effect is read off the counted requests."""

    text: str
    narrower: bool

    def __call__(self, difference: Difference, context: Context) -> Iterator[Change]:
        """Yield the effect; the text is a template."""
        text = fill(self.text, difference, context)
        groups = _groups(difference, context, stops=self.narrower)
        total = sum(group.count for group in groups)
        if self.narrower and groups:
            text += f": {total} of the counted requests are refused before they are sent"
            yield breaking(text, "rules", witness=groups[0].witness)
        elif self.narrower:
            yield review(f"{text}; no counted request stops being accepted")
        elif groups:
            yield compatible(f"{text}: {total} of the counted requests are accepted now", witness=groups[0].witness)
        else:
            yield compatible(f"{text}; no counted request depends on it")


def _groups(difference: Difference, context: Context, *, stops: bool) -> list[Group]:
    """Return the counted requests that stop, or start, because of a rule."""
    rule = fill("{rule}", difference, context)
    return [
        group
        for impact in context.requests
        for group in (impact.stops if stops else impact.starts)
        if any(cause.keyword == "rule" and cause.what == rule for cause in group.causes)
    ]


def _rule_narrowed(difference: Difference, context: Context) -> Iterator[Change]:
    if _groups(difference, context, stops=True) or not _groups(difference, context, stops=False):
        yield from Counted("the rule {rule} requires something else", narrower=True)(difference, context)


def _rule_widened(difference: Difference, context: Context) -> Iterator[Change]:
    if _groups(difference, context, stops=False):
        yield from Counted("the rule {rule} requires something else", narrower=False)(difference, context)


def _is_enforced(difference: Difference) -> bool:
    """Whether a rule, or a changed level, is `error`."""
    value = difference.old if difference.kind == "remove" else difference.new
    return (value.get("level") if isinstance(value, dict) else value) == "error"


def _is_not_enforced(difference: Difference) -> bool:
    return not _is_enforced(difference)


def _variants_changed(difference: Difference, _: Context) -> Iterator[Change]:
    old, new = (value if isinstance(value, dict) else {} for value in (difference.old, difference.new))
    gone = [name for name in _function_names(old) if name not in _function_names(new)]
    before, after = (each if isinstance(each := side.get("positional"), list) else [] for side in (old, new))
    if gone:
        yield breaking(f"the functions {', '.join(map(show_value, gone))} are gone: calls of them fail", "source")
    elif after[: len(before)] != before:
        text = f"the positional arguments are now {show_value(after)}: calls pass the wrong ones"
        yield breaking(text, "source")
    elif old.get("defaults", {}) != new.get("defaults", {}):
        text = f"the functions now fill in {show_value(new.get('defaults', {}))}: the same call means something else"
        yield breaking(text, "wire")
    else:
        yield compatible("there are further typed functions")


def _function_names(variants: Mapping[str, Any]) -> list[str]:
    names = variants.get("names", {})
    named = [str(name) for name in names.values()] if isinstance(names, dict) else []
    return [str(variants["general"]), *named] if "general" in variants else named


CHECKS: Final[tuple[Check, ...]] = (
    Check("rule-added", "There is a further rule.", RULES, Counted("the rule {rule} is enforced", narrower=True), ADD,
          _is_enforced),
    Check("rule-added", "There is a further rule that warns.", RULES,
          Always(compatible("the rule {rule} warns", "docs")), ADD, _is_not_enforced),
    Check("rule-removed", "A rule is gone.", RULES, Counted("the rule {rule} is gone", narrower=False), REMOVE, _is_enforced),
    Check("rule-removed", "A rule that warned is gone.", RULES,
          Always(compatible("the rule {rule} no longer warns", "docs")), REMOVE, _is_not_enforced),
    Check("rule-narrowed", "A rule refuses more than before, or its change cannot be counted.", IMPLICATION, _rule_narrowed),
    Check("rule-widened", "A rule accepts more than before.", IMPLICATION, _rule_widened),
    Check("rule-raised", "A rule that warned is enforced.", ["Rule.level"],
          Counted("the rule {rule} is enforced now, not only a warning", narrower=True), CHANGE, _is_enforced),
    Check("rule-lowered", "A rule that was enforced only warns.", ["Rule.level"],
          Counted("the rule {rule} only warns now", narrower=False), CHANGE, _is_not_enforced),
    Check("rule-reworded", "A rule has another message, source or examples, and requires the same.",
          [f"Rule.{key}" for key in ("id", "level", "message", "source", "examples")],
          Always(nothing("the {key} of the rule {rule} changed", "docs")), when=lambda each: each.key != "level" or each.kind != "change"),
    Check("variants-changed", "The typed functions have other names, another order of arguments, or other defaults.",
          ["Schema.x-variants"], _variants_changed),
    Check("waiter-changed", "Waiting for a task works differently.", ["Operation.x-waiter"],
          Always(review("waiting changed (states, delays or deadline): it may end sooner, later or with another result"))),
)  # fmt: skip


@dataclass(frozen=True)
class Derived:
    """A check that looks at both sides as a whole: it belongs to no difference, and explains none."""

    id: str
    purpose: str
    run: Callable[[Context], Iterator[Change]]


def _new_conflicts(context: Context, kind: str) -> list[Conflict]:
    known = {(each.kind, each.place) for each in context.old.conflicts}
    return [each for each in context.new.conflicts if each.kind == kind and (each.kind, each.place) not in known]


def _conflict(check: str, purpose: str, kind: str, text: str) -> Derived:
    """Return a check with one change for each place in which something no longer fits."""

    def run(context: Context) -> Iterator[Change]:
        reasons: dict[str, list[str]] = {}
        for each in _new_conflicts(context, kind):
            reasons.setdefault(each.place, []).extend(each.reason.splitlines())
        for place, lines in reasons.items():
            cause = [_LINE.sub("", line) for line in lines]  # another cause is another decision, another line is none
            yield review(text.format(place), check=check, new=[place, *cause], details=tuple(lines))

    return Derived(check, purpose, run)


def _check_renamed_targets(context: Context) -> Iterator[Change]:
    for each in _new_conflicts(context, "renamed"):
        yield review(each.reason, check="overlay-renamed", new=each.place, cause=each.cause)


def _unfit_examples(context: Context) -> Iterator[Change]:
    """Yield one change for the examples of all rules: one removed value breaks many of them."""
    found = _new_conflicts(context, "example")
    if rules := list(dict.fromkeys(each.place for each in found)):
        text = f"the examples of {', '.join(rules)} no longer fit the schema; regeneration stops until they do"
        lines = tuple(line for each in found for line in each.reason.splitlines())
        yield review(text, check="rule-examples-unfit", new=rules, details=lines)


def _version_kept(context: Context) -> Iterator[Change]:
    if not same(context.old.vendor.value, context.new.vendor.value) and context.old.version == context.new.version:
        text = f"the content changed, but the vendor's version did not: {show_value(context.new.version)} on both sides"
        yield nothing(text, "docs", check="version-kept", pointer="/info/version")


def _check_narrowed_functions(context: Context) -> Iterator[Change]:
    """Yield each typed function that accepts less than before."""
    for old in context.old.variants:
        new = next((each for each in context.new.variants if each.ruled.location == old.ruled.location), None)
        if new is None:
            continue
        functions = {variant.function: variant for variant in new.variants}
        for was in old.variants:
            now = functions.get(was.function)
            if now is None:
                if was.function != new.general:
                    gone = f"{old.ruled.schema.get('x-variants', {}).get('by')}={_value_text(was.value)}"
                    yield _narrowing(old, was, "is gone: calls of it fail", "source", gone)
            elif missing := _newly_required(old, was, new, now):
                yield _narrowing(old, was, f"requires {', '.join(missing)}: calls without it fail", "source", missing)
            elif (lost := _smallest_lost(old, was, now)) is not None:
                yield _narrowing(old, was, f"no longer accepts {lost}: a type checker refuses the call", "types", lost)


def _narrowing(variants: VariantSet, variant: Variant, text: str, who: str, new: Any) -> Change:
    pointer = encode((*variants.ruled.location, "x-variants"))
    return breaking(
        f"the function {variant.function} {text}", who, check="function-narrowed", pointer=pointer, old=variant.value,
        new=new, cause=f"{variants.ruled.name}.{new}" if isinstance(new, str) and "," not in new else "",
    )  # fmt: skip


def _newly_required(old: VariantSet, was: Variant, new: VariantSet, now: Variant) -> list[str]:
    """Return the arguments that were optional and are required."""
    return [
        name
        for name in dict.fromkeys(name for case in now.cases for name in case)
        if not _is_optional(new, now, name)
        and _is_optional(old, was, name)
        and name in new.ruled.schema.get("properties", {})
    ]


def _is_optional(variants: VariantSet, variant: Variant, name: str) -> bool:
    if name in variants.defaults:
        return True
    values = [case.get(name) for case in variant.cases]
    if all(value is None for value in values):
        return name not in variants.ruled.schema.get("required", [])
    return any(value is None or ABSENT in value for value in values)


def _smallest_lost(old: VariantSet, was: Variant, now: Variant) -> str | None:
    """Return the smallest combination of values that the old signature accepts and the new one does not."""
    restricted = dict.fromkeys(name for case in now.cases for name in case)
    full = {name: old.domains[name] for name in restricted if name in old.domains}
    cases = [{**full, **case} for case in was.cases]
    for case in cases:
        for name, value in ((name, value) for name, values in case.items() for value in values if value != ABSENT):
            if not any(_allows(other, {name: value}) for other in now.cases):
                return f"{name}={_value_text(value)}"
    for case in cases:
        for values in itertools.product(*case.values()):
            point = dict(zip(case, values, strict=True))
            if not any(_allows(other, point) for other in now.cases):
                given = {name: value for name, value in point.items() if value != ABSENT}
                return ", ".join(f"{name}={_value_text(value)}" for name, value in given.items()) or "no arguments"
    return None


def _allows(case: Allowed, point: Mapping[str, Any]) -> bool:
    return all(name not in case or value in case[name] for name, value in point.items())


def _value_text(value: Any) -> str:
    count = getattr(value, "count", None)
    return (
        f"{count} items" if isinstance(count, int) else show_value(value) if isinstance(value, str | int) else "a value"
    )


def _check_restated(context: Context) -> Iterator[Change]:
    if places := context.find_restated():
        text = (
            "written differently, with the same meaning"
            if len(places) == 1
            else f"{len(places)} places are written differently, with the same meaning"
        )
        yield nothing(text, check="restated", pointer=encode(places[0]), places=tuple((each, each) for each in places))


DERIVED: Final[tuple[Derived, ...]] = (
    _conflict("rule-text-changed", "The words that a rule quotes are gone.", "source",
              "the source of the rule {} changed: review it; regeneration stops until you do"),
    _conflict("rule-unfit", "A rule, or the functions made of the rules, no longer fits the schema.", "rule",
              "the rule {} no longer fits the schema; regeneration stops there"),
    Derived("rule-examples-unfit", "The examples of rules have values that the schema no longer allows.", _unfit_examples),
    _conflict("overlay-stale", "An overlay action does not apply as it is written.", "action",
              "{} no longer fits the document; regeneration stops until it does"),
    _conflict("overlay-absorbed", "The vendor document defines what an overlay action added.", "absorbed",
              "{} is absorbed upstream: the vendor document defines the same"),
    Derived("overlay-renamed", "Overlays name a component that has another name.", _check_renamed_targets),
    Derived("restated", "Something is written differently, and means the same.", _check_restated),
    Derived("version-kept", "The content changed and the vendor's version did not.", _version_kept),
    Derived("function-narrowed", "A typed function accepts less than before.", _check_narrowed_functions),
)  # fmt: skip
