"""What a discriminator means, noted in the document that openapi-python-client reads; `tagged` makes classes of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from rulewright.openapi.discriminators import SCHEMAS, derived_tags, tag_field, tags

TAGS: Final = "rulewright-tags"
"""The key under which a union has the field that distinguishes its members, and the member of each value."""


def note_tags(value: dict[str, Any], document: Any) -> dict[str, Any]:
    """Note which member of a union each tag stands for."""
    members = [each for key in ("anyOf", "oneOf") for each in value.get(key) or ()]
    if not (tag_field(value) and members):
        return value
    return {**value, TAGS: _tag_table(value, members, tags(document, value, members))}


def _tag_table(schema: dict[str, Any], members: list[Any], known: Mapping[str, Any]) -> dict[str, Any]:
    index = {id(each): position for position, each in enumerate(members)}
    return {"field": tag_field(schema), "members": {tag: index[id(each)] for tag, each in known.items()}}


def offer_derived(document: Any) -> None:
    """Let references to a base with a discriminator lead to a union of it and what is composed of it."""
    components = document.get("components")
    schemas = components.get("schemas") if isinstance(components, dict) else None
    found = schemas if isinstance(schemas, dict) else {}
    unions: dict[str, Any] = {}
    for name, base in found.items():
        if isinstance(base, dict) and tag_field(base) and TAGS not in base:
            members, known = derived_tags(document, found, name)
            if len(members) > 1:
                unions[name] = {"anyOf": members, TAGS: _tag_table(base, members, known) | {"base": len(members) - 1}}
    targets = {SCHEMAS + name: f"{SCHEMAS}{name}-or-derived" for name in unions}
    redirect(document, targets, composed=True)
    for name, union in unions.items():
        others = [each for each in union["anyOf"] if each["$ref"] != SCHEMAS + name]
        redirect(others, targets)
        found[f"{name}-or-derived"] = union


def redirect(value: Any, targets: Mapping[str, str], *, composed: bool = False) -> None:
    """Let references lead elsewhere; with `composed`, not those that an object is composed of."""
    for key, child in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        parts = child
        if composed and key == "allOf" and isinstance(child, list) and (len(child) > 1 or "properties" in value):
            parts = [each for each in child if not (isinstance(each, dict) and "$ref" in each)]
        redirect(parts, targets, composed=composed)
    if isinstance(value, dict) and isinstance(value.get("$ref"), str) and value["$ref"] in targets:
        value["$ref"] = targets[value["$ref"]]
