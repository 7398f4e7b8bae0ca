"""The tags of discriminators: which value of a field stands for which schema."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import unquote

from rulewright.openapi.references import follow

SCHEMAS: Final = "#/components/schemas/"
_DEEPEST: Final = 16


def tag_field(schema: Mapping[str, Any]) -> str:
    """Return the field that a schema names as its discriminator; empty where it names none."""
    found = schema.get("discriminator")
    name = found.get("propertyName") if isinstance(found, Mapping) else None
    return name if isinstance(name, str) else ""


def tags(document: Any, schema: Mapping[str, Any], members: list[Any]) -> dict[str, Any]:
    """Return the member that each tag stands for.

    A tag is one of the mapping, else a value that one member alone lists for the field, else the name of a component.

    Args:
        document: The document.
        schema: The schema with the discriminator.
        members: The alternatives: those of a union, or the schemas that are derived from a base.
    """
    name, mapping = tag_field(schema), schema["discriminator"].get("mapping")
    named = {unquote(each["$ref"]): each for each in members if isinstance(each, Mapping) and "$ref" in each}
    by_schema = {id(follow(document, each)): each for each in reversed(members)}
    found: dict[str, Any] = {}
    for tag, target in mapping.items() if isinstance(mapping, Mapping) else ():
        for reference in (SCHEMAS + str(target), str(target)):
            meant = follow(document, {"$ref": reference})
            member = named.get(unquote(reference), by_schema.get(id(meant)) if meant is not None else None)
            found |= {str(tag): member} if member is not None else {}
    listed = [list(dict.fromkeys(_enum_values(document, each, name))) for each in members]
    for member, values in zip(members, listed, strict=True):
        own = [each for each in values if sum(each in others for others in listed) == 1]
        found |= {each: member for each in own if each not in found}
    for reference, member in named.items():
        found.setdefault(reference.rpartition("/")[2], member)
    return found


def union_tags(document: Any, schema: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return the field that distinguishes the members of a `oneOf` or `anyOf`, and the member of each of its values."""
    members = schema.get("oneOf") or schema.get("anyOf")
    name = tag_field(schema)
    return (name, tags(document, schema, members)) if name and isinstance(members, list) else ("", {})


def _enum_values(document: Any, schema: Any, name: str, depth: int = 0) -> Iterator[str]:
    """Yield the values that a schema lists for a field, its members of allOf included."""
    found = follow(document, schema)
    if not isinstance(found, Mapping) or depth > _DEEPEST:
        return
    properties = found.get("properties")
    field = follow(document, properties.get(name)) if isinstance(properties, Mapping) else None
    if isinstance(field, Mapping):
        words = [field["const"]] if "const" in field else field.get("enum")
        yield from (each for each in words if isinstance(each, str)) if isinstance(words, list) else ()
    for member in found.get("allOf") or ():
        yield from _enum_values(document, member, name, depth + 1)


def derived_tags(document: Any, schemas: Mapping[str, Any], base: str) -> tuple[list[Any], dict[str, Any]]:
    """Return references to the components that are composed of a base with a discriminator, and that of each tag.

    Args:
        document: The document.
        schemas: The components.
        base: The name of the base; it is the last of its own members.
    """
    mapping = schemas[base]["discriminator"].get("mapping")
    mapped = [str(each).removeprefix(SCHEMAS) for each in (mapping.values() if isinstance(mapping, Mapping) else ())]
    found = [base]
    for each in found:
        found += [
            name
            for name, schema in schemas.items()
            if name not in found and isinstance(schema, Mapping) and {"$ref": SCHEMAS + each} in _parts(schema)
        ]
    names = [name for name in dict.fromkeys([*found, *mapped]) if name in schemas and name != base]
    members = [{"$ref": SCHEMAS + name} for name in [*names, base]]
    return members, tags(document, schemas[base], members)


def _parts(schema: Mapping[str, Any]) -> list[Any]:
    given = schema.get("allOf")
    return given if isinstance(given, list) else []
