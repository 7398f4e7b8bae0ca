"""The ways a value can fail a schema, each with the place a reader would look at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rulewright.openapi.pointer import encode
from rulewright.rules.expression import ALWAYS, NEVER, Compiler, Expression, absent, every, negated, some


@dataclass(frozen=True)
class Breach:
    """One way to fail.

    Args:
        condition: True when the value fails in this way (for `items`: when there are items to look at).
        pointer: JSON pointer of the failing part, relative to the body.
        value: The expression that holds that part.
        items: What every item of the list in `value` must satisfy, if that is what fails.
    """

    condition: Expression
    pointer: str
    value: str
    items: Expression | None = None


def breaches(schema: Any, owner: str, pointer: str, compiler: Compiler) -> list[Breach]:
    """Return every way the value of the expression `owner`, standing at `pointer`, can fail `schema`."""
    value = "ABSENT" if owner == "body" else owner
    if isinstance(schema, bool):
        return [] if schema else [Breach(ALWAYS, pointer, value)]
    rest = dict(schema)
    found = _missing(rest.pop("required", []), owner, pointer, compiler)
    for name, child in rest.pop("properties", {}).items():
        field = compiler.member(owner, name)
        found += [
            Breach(every([negated(absent(field)), inner.condition]), inner.pointer, inner.value, inner.items)
            for inner in breaches(child, field, f"{pointer}{encode([name])}", compiler)
        ]
    for part in rest.pop("allOf", []):
        found += breaches(part, owner, pointer, compiler)
    if (items := compiler.holds(rest.pop("items", True), "item")) != ALWAYS:
        found.append(Breach(compiler.is_list(owner), pointer, value, items))
    if (forbidden := _forbidden(rest)) is not None:
        del rest["not"]
        field = compiler.member(owner, forbidden)
        if (other := negated(compiler.is_object(owner))) != NEVER:
            found.append(Breach(other, pointer, value))  # `required` says nothing of it, so its opposite refuses it
        found.append(Breach(negated(absent(field)), f"{pointer}{encode([forbidden])}", field))
    if (holds := compiler.holds(rest, owner)) != ALWAYS:
        found.append(Breach(negated(holds), pointer, value))
    return _merged(found)


def _missing(names: list[str], owner: str, pointer: str, compiler: Compiler) -> list[Breach]:
    fields = {name: compiler.member(owner, name) for name in names}
    return [
        Breach(every([compiler.is_object(owner), absent(field)]), f"{pointer}{encode([name])}", field)
        for name, field in fields.items()
    ]


def _forbidden(schema: Mapping[str, Any]) -> str | None:
    """Return the property that `not: {required: [x]}` forbids, since that is where a reader looks."""
    refused = schema.get("not")
    if isinstance(refused, dict) and set(refused) == {"required"} and len(refused["required"]) == 1:
        return str(refused["required"][0])
    return None


def _merged(found: list[Breach]) -> list[Breach]:
    """Join neighbours that point at the same place, so that one `if` speaks of it."""
    result: list[Breach] = []
    for breach in found:
        last = result[-1] if result else None
        same = last is not None and (last.pointer, last.value) == (breach.pointer, breach.value)
        if last is not None and same and last.items is None and breach.items is None:
            result[-1] = Breach(some([last.condition, breach.condition]), breach.pointer, breach.value)
        else:
            result.append(breach)
    return result
