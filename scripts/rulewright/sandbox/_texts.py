"""Read texts, as parameters and forms carry them, as the types that a schema asks for."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from rulewright.sandbox._spec import Spec

Kinds = frozenset[str]
TEXT: Final[Kinds] = frozenset({"string"})
_NUMBERS: Final = frozenset({"integer", "number"})
_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,300})(?:\.[0-9]{1,300})?(?:[eE][+-]?[0-9]{1,3})?")


def typed(text: str, kinds: Kinds) -> Any:
    """Return a text as one of the types, where it can be read so; the schema judges the rest."""
    if "string" in kinds:
        return text
    if "boolean" in kinds and text in {"true", "false"}:
        return text == "true"
    if kinds & _NUMBERS and _NUMBER.fullmatch(text):
        number = json.loads(text)
        return text if number in {math.inf, -math.inf} else number
    return text


def kinds_of(spec: Spec, schemas: Iterable[Any]) -> Kinds:
    """Return the types that some schemas name; a text if they name none."""
    found = [kind for schema in schemas for kind in said_of(spec, schema, "type")]
    return frozenset(each for kind in found for each in (kind if isinstance(kind, list) else [kind])) or TEXT


def said_of(spec: Spec, schema: Any, keyword: str) -> list[Any]:
    """Return what a schema says by a keyword, or what its members do."""
    said = spec.resolve(schema)
    if not isinstance(said, Mapping):
        return []
    if keyword in said:
        return [said[keyword]]
    members = [member for key in ("allOf", "anyOf", "oneOf") for member in said.get(key, ())]
    return [found for member in members for found in said_of(spec, member, keyword)]
