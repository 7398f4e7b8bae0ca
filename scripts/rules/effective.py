"""Rules as schema: each error-level rule becomes one `allOf` member of the schema it speaks about.

OpenAPI has no schema over several parameters of an operation, so those stand together under an extension of it.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any, Final

from scripts.rules.definition import EXTENSION, Rule, RuledSchema
from scripts.rules.dialect import lowered

PARAMETERS: Final = "x-parameters"
"""The schema of an object that holds all parameters of an operation, by the names its rules call them."""


def with_rules_as_schema(document: Any, ruled: Sequence[RuledSchema]) -> Any:
    """Return a copy of a merged document in which the schemas themselves refuse what the rules refuse.

    A rule becomes `anyOf: [not <if>, <then>]` one level below `allOf`: OpenAPI 3.0 has no `if`, and a bare
    `anyOf` beside `properties` would make the generator rename the model. Warning-level rules stay in
    `x-rules` only, since a body that breaks one is still valid.
    """
    result = copy.deepcopy(document)
    version = str(document.get("openapi"))
    for schema in ruled:
        target = result
        for key in schema.location:
            target = target[key]
        members = [implication(rule, version) for rule in schema.rules if rule.level == "error"]
        if schema.parameters is not None:
            plain = {key: value for key, value in schema.schema.items() if key != EXTENSION}
            target[PARAMETERS] = copy.deepcopy(plain)
            target = target[PARAMETERS]
        if members:
            target["allOf"] = [*target.get("allOf", []), *members]
    return result


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
