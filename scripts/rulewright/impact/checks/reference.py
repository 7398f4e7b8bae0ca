"""The check of references: what changes when one place refers to something else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from rulewright.impact.change import Change, Severity
from rulewright.impact.checks.registry import Check, Registry
from rulewright.impact.context import Context, shown
from rulewright.impact.grammar import GRAMMAR, resolved
from rulewright.impact.structure import Difference, same

REGISTRY: Final = Registry()


@REGISTRY.check("reference-changed", [f"{owner}.$ref" for owner in GRAMMAR], ["change"], mirror="reference-changed")
def reference_changed(this: Check, difference: Difference, context: Context) -> Iterator[Change]:
    """A place refers to another part, or states itself what it referred to."""
    old = resolved(difference.old, context.old.vendor.value if difference.hidden else context.old.value)
    new = resolved(difference.new, context.new.vendor.value if difference.hidden else context.new.value)
    before, after = (
        shown(value["$ref"]) if isinstance(value, dict) and "$ref" in value else "a part of its own"
        for value in (difference.old, difference.new)
    )
    text = f"was {before}, is {after}"
    if same(old, new) and difference.owner != "Schema":
        yield context.change(this.id, difference, f"{text}; both say the same", Severity.NOTHING)
    elif same(old, new):
        text = f"{text}: the same values, in a generated class of another name"
        yield context.change(this.id, difference, text, Severity.BREAKING, "types")
    else:
        sides = context.sides(difference) or {"request"}
        who = (*(["wire"] if "request" in sides else []), "types")
        text = f"{text}, which says something else: requests and answers follow the new one"
        yield context.change(this.id, difference, text, Severity.BREAKING, *who)
