"""Rules as schema: each error-level rule becomes one `allOf` member of the schema it speaks about."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

from scripts.pointer import Location
from scripts.rules.definition import Rule, RuledSchema
from scripts.rules.dialect import lowered


def with_rules_as_schema(document: Any, ruled: Sequence[RuledSchema]) -> Any:
    """Return a merged document in which the schemas themselves refuse what the rules refuse.

    A rule becomes `anyOf: [not <if>, <then>]` one level below `allOf`: OpenAPI 3.0 has no `if`, and a bare
    `anyOf` beside `properties` would make the generator rename the model. Warning-level rules stay in
    `x-rules` only, since a body that breaks one is still valid.
    """
    result = document
    version = str(document.get("openapi"))
    for schema in ruled:
        members = [implication(rule, version) for rule in schema.rules if rule.level == "error"]
        if members:
            result = _with(result, schema.location, members)
    return result


def _with(value: Any, location: Location, members: list[dict[str, Any]]) -> Any:
    """Return a value whose schema in one place has more members; what does not lie on the way there is shared."""
    changed = copy.copy(value)
    if location:
        changed[location[0]] = _with(value[location[0]], location[1:], members)
    else:
        changed["allOf"] = [*value.get("allOf", []), *members]
    return changed


def implication(rule: Rule, version: str) -> dict[str, Any]:
    """Return the `allOf` member that holds exactly for the bodies that keep a rule."""
    return {
        "x-rule": {
            "id": rule.id,
            "level": rule.level,
            "message": rule.message,
            "source": {"at": rule.source.at, "quote": rule.source.quote},
        },
        "anyOf": [{"not": lowered(rule.condition, version)}, lowered(rule.requirement, version)],
    }
