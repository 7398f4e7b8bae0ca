"""Rules as schema: each error-level rule becomes one `allOf` member of the schema it speaks about.

OpenAPI has no schema over several parameters of an operation, so those stand together under an extension of it.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any, Final

from rulewright.openapi.pointer import Location
from rulewright.rules.definition import EXTENSION, Rule, RuledSchema
from rulewright.rules.dialect import lowered

PARAMETERS: Final = "x-parameters"
"""The schema of an object that holds all parameters of an operation, by the names its rules call them."""


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
        if schema.parameters is not None:
            plain = {key: value for key, value in schema.schema.items() if key != EXTENSION}
            result = _with(result, (*schema.location, PARAMETERS), plain)
            location: Location = (*schema.location, PARAMETERS, "allOf")
        else:
            location = (*schema.location, "allOf")
        if members:
            result = _with(result, location, members)
    return result


def _with(value: Any, location: Location, more: Any) -> Any:
    """Return a value that holds something more in one place; what does not lie on the way there is shared."""
    if not location:
        return [*value, *more] if isinstance(value, list) else more
    changed = copy.copy(value)
    changed[location[0]] = _with(_inside(value, location[0]), location[1:], more)
    return changed


def _inside(value: Any, key: str | int) -> Any:
    return value.get(key) if isinstance(value, dict) else value[key]


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
