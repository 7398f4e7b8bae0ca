"""References into the middle of something: what they name becomes a schema of its own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from rulewright.openapi.pointer import decode, resolve

_COMPONENT: Final = re.compile(r"#/components/[^/]+/[^/]+")
_SCHEMA: Final = re.compile(
    r"#/.*/(?:(?:properties|patternProperties|\$defs|definitions|allOf|anyOf|oneOf|prefixItems)/[^/]+"
    r"|schema|items|additionalProperties|not)"
)
_STEPS: Final = frozenset({"components", "schemas", "properties", "$defs", "definitions", "paths"})


def hoisted(document: Any) -> Any:
    """Return a copy in which every reference to a schema leads to a component.

    A reference may name any place, such as `#/components/schemas/Problem/$defs/Fault` or
    `#/components/schemas/Order/properties/address`; the generator knows components alone.
    """
    names: dict[str, str] = {}
    components = document.get("components")
    taken: set[str] = set((components if isinstance(components, dict) else {}).get("schemas") or ())
    for reference in dict.fromkeys(_references(document)):
        tokens = decode(reference)
        name = "_".join(token for token in tokens if token not in _STEPS)
        while name in taken:
            name += "_"
        taken.add(name)
        names[reference] = name
    if not names:
        return document
    result = _renamed(document, names)
    schemas = result.setdefault("components", {}).setdefault("schemas", {})
    for reference, name in names.items():
        schemas[name] = _renamed(resolve(document, reference), names)
    return result


def _references(value: Any) -> Iterator[str]:
    """Yield the references that lead to a schema within something."""
    for child in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _references(child)
    reference = value.get("$ref") if isinstance(value, dict) else None
    if isinstance(reference, str) and _SCHEMA.fullmatch(reference) and not _COMPONENT.fullmatch(reference):
        yield reference


def _renamed(value: Any, names: dict[str, str]) -> Any:
    if isinstance(value, list):
        return [_renamed(child, names) for child in value]
    if not isinstance(value, dict):
        return value
    result = {key: _renamed(child, names) for key, child in value.items()}
    reference = value.get("$ref")
    if isinstance(reference, str) and reference in names:
        result["$ref"] = f"#/components/schemas/{names[reference]}"
    return result
