"""Checks that look at both sides as a whole: what no longer fits, and what the typed functions take."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from rulewright.impact.change import Change, Severity
from rulewright.impact.context import Context, shown
from rulewright.impact.revision import Misfit
from rulewright.impact.structure import same
from rulewright.rules.variants import ABSENT, Allowed, Variant, VariantSet


@dataclass(frozen=True)
class Derived:
    """A check without a difference of its own; it explains none."""

    id: str
    purpose: str
    run: Callable[[Context], Iterator[Change]]
    mirror: str | None
    alone: str | None


def _new_misfits(context: Context, kind: str) -> list[Misfit]:
    known = {(each.kind, each.place) for each in context.old.misfits}
    return [each for each in context.new.misfits if each.kind == kind and (each.kind, each.place) not in known]


def _misfit(check: str, kind: str, text: str, *who: str) -> Callable[[Context], Iterator[Change]]:
    def run(context: Context) -> Iterator[Change]:
        reasons: dict[str, list[str]] = {}
        for each in _new_misfits(context, kind):
            reasons.setdefault(each.place, []).extend(each.reason.splitlines())
        for place, lines in reasons.items():
            yield Change(check, "", text.format(place), Severity.REVIEW, who, None, place, details=tuple(lines))

    return run


def unfit_examples(context: Context) -> Iterator[Change]:
    """Yield one change for all rules whose examples are no requests any more: one value gone breaks many."""
    found = _new_misfits(context, "example")
    if rules := list(dict.fromkeys(each.place for each in found)):
        text = f"the examples of {', '.join(rules)} no longer fit the schema; regeneration stops until they do"
        lines = tuple(line for each in found for line in each.reason.splitlines())
        yield Change("rule-examples-unfit", "", text, Severity.REVIEW, ("rules",), None, rules, details=lines)


def version_kept(context: Context) -> Iterator[Change]:
    """Yield a note where the content changed and the vendor's version did not."""
    if not same(context.old.vendor.value, context.new.vendor.value) and context.old.version == context.new.version:
        text = f"the content changed, the vendor's version did not: it is {shown(context.new.version)} on both sides"
        yield Change("version-kept", "/info/version", text, Severity.NOTHING, ("docs",))


def narrowed_functions(context: Context) -> Iterator[Change]:
    """Yield each typed function that takes less than it took."""
    for old in context.old.variants:
        new = next((each for each in context.new.variants if each.ruled.location == old.ruled.location), None)
        if new is None:
            continue
        functions = {variant.function: variant for variant in new.variants}
        for variant in old.variants:
            now = functions.get(variant.function)
            if now is None:
                if variant.function not in _declared(new):
                    yield _function(old, variant, "is gone: calls of it fail", "source")
            elif missing := _needed(old, variant, new, now):
                yield _function(old, variant, f"asks for {', '.join(missing)}: calls without it fail", "source")
            elif (lost := _lost(old, variant, now)) is not None:
                yield _function(old, variant, f"no longer takes {lost}: a type checker refuses the call", "types")


def _declared(variants: VariantSet) -> list[str]:
    return [variants.general, *(variant.function for variant in variants.variants)]


def _function(variants: VariantSet, variant: Variant, text: str, who: str) -> Change:
    pointer = f"{variants.ruled.pointer.removeprefix('#')}/x-variants"
    return Change(
        "function-narrowed", pointer, f"the function {variant.function} {text}", Severity.BREAKING, (who,),
        variant.value, text,
    )  # fmt: skip


def _needed(old: VariantSet, was: Variant, new: VariantSet, now: Variant) -> list[str]:
    """Return the arguments that could be left out and cannot any more."""
    return [
        name
        for name in dict.fromkeys(name for case in now.cases for name in case)
        if not _optional(new, now, name)
        and _optional(old, was, name)
        and name in new.ruled.schema.get("properties", {})
    ]


def _optional(variants: VariantSet, variant: Variant, name: str) -> bool:
    if name in variants.defaults:
        return True
    values = [case.get(name) for case in variant.cases]
    if all(value is None for value in values):
        return name not in variants.ruled.schema.get("required", [])
    return any(value is None or ABSENT in value for value in values)


def _lost(old: VariantSet, was: Variant, now: Variant) -> str | None:
    """Return the smallest combination of values that the old signature takes and the new one does not."""
    restricted = dict.fromkeys(name for case in now.cases for name in case)
    full = {name: old.domains[name] for name in restricted if name in old.domains}
    cases = [{**full, **case} for case in was.cases]
    for case in cases:
        for name, value in ((name, value) for name, values in case.items() for value in values if value != ABSENT):
            if not any(_takes(other, {name: value}) for other in now.cases):
                return f"{name}={_word(value)}"
    for case in cases:
        for values in itertools.product(*case.values()):
            point = dict(zip(case, values, strict=True))
            if not any(_takes(other, point) for other in now.cases):
                given = {name: value for name, value in point.items() if value != ABSENT}
                return ", ".join(f"{name}={_word(value)}" for name, value in given.items()) or "no arguments"
    return None


def _takes(case: Allowed, point: Mapping[str, Any]) -> bool:
    return all(name not in case or value in case[name] for name, value in point.items())


def _word(value: Any) -> str:
    count = getattr(value, "count", None)
    return f"{count} items" if isinstance(count, int) else shown(value) if isinstance(value, str | int) else "a value"


DERIVED: Final[tuple[Derived, ...]] = (
    Derived(
        "rule-text-changed", "The words a rule quotes are no longer there.",
        _misfit("rule-text-changed", "pin", "rule text changed: review {}; regeneration stops until it is", "rules"),
        None, "words that come back are a changed sentence again, and the rule then fits: nothing to report",
    ),
    Derived(
        "rule-unfit", "A rule, or the functions made of the rules, no longer fits the schema.",
        _misfit("rule-unfit", "rule", "the rule {} no longer fits the schema; regeneration stops there", "rules"),
        None, "a rule that fits again is what every other check takes for granted",
    ),
    Derived(
        "rule-examples-unfit", "The examples of rules hold what the schema no longer allows.", unfit_examples,
        None, "examples that fit again are what every other check takes for granted",
    ),
    Derived(
        "overlay-stale", "An overlay action does not apply as it is written.",
        _misfit("overlay-stale", "action", "{} no longer fits the document; regeneration stops until it does", "docs"),
        None, "an action that fits again is what every other check takes for granted",
    ),
    Derived(
        "overlay-absorbed", "The document says what an overlay action added.",
        _misfit("overlay-absorbed", "absorbed", "{} is absorbed upstream: the document says so already", "docs"),
        None, "an action that is needed again is what every other check takes for granted",
    ),
    Derived(
        "version-kept", "The content changed and the vendor's version did not.", version_kept,
        None, "a version that changed is found by version-changed",
    ),
    Derived(
        "function-narrowed", "A typed function takes less than it took.", narrowed_functions,
        None, "a function that takes more asks nothing of callers; the requests it stands for are counted",
    ),
)  # fmt: skip
