"""The objects of a document, the references between them, and where they lead."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any, Final

from rulewright.openapi.document import Document
from rulewright.openapi.pointer import Location, decode, resolve

_MAX_REFERENCES: Final = 32
_CHOICES: Final = ("anyOf", "oneOf")
_MEMBERS: Final = ("allOf", *_CHOICES)
ANNOTATIONS: Final = frozenset({"title", "description", "summary", "deprecated", "example", "examples", "default"})
"""The keywords of a schema that refuse no value."""
_REFERENCES: Final = ("$ref", "$dynamicRef", "operationRef")
_DATA: Final = frozenset({"const", "default", "enum", "example", "value"})
NAMES: Final = frozenset(
    {
        "$defs", "callbacks", "content", "definitions", "dependentSchemas", "encoding", "examples", "headers", "links",
        "mapping", "parameters", "pathItems", "paths", "patternProperties", "properties", "requestBodies", "responses",
        "schemas", "scopes", "securitySchemes", "variables", "webhooks",
    }
)  # fmt: skip
"""The keywords whose keys are names that somebody chose, so that a property called `default` is no keyword."""


def objects(value: Any, location: Location = ()) -> Iterator[tuple[Location, dict[str, Any]]]:
    """Yield each object that a specification defines, with its location, outer ones first.

    Objects whose keys are names (such as `properties`) are passed through. Left out are examples, defaults and other
    values, and extensions: what they hold is not OpenAPI, although it may look like it.
    """
    if isinstance(value, list):
        for index, child in enumerate(value):
            yield from objects(child, (*location, index))
    elif isinstance(value, dict):
        yield location, value
        for key, child in value.items():
            if key in NAMES and isinstance(child, dict):
                for name, each in child.items():
                    yield from objects(each, (*location, key, name))
            elif not (key in _DATA or key == "examples" or str(key).startswith("x-")):
                yield from objects(child, (*location, key))


def references(value: Any) -> Iterator[tuple[Location, str]]:
    """Yield each reference of a document with its location, those of discriminators included.

    References to an anchor are not among them: a validator looks them up by name, not by place.
    """
    for location, found in objects(value):
        for key in _REFERENCES:
            if isinstance(found.get(key), str) and not (key == "$dynamicRef" and found[key].startswith("#")):
                yield (*location, key), found[key]
        mapping = found.get("mapping")
        for name, target in mapping.items() if isinstance(mapping, dict) else ():
            if isinstance(target, str) and target.startswith("#"):
                yield (*location, "mapping", name), target


def follow(document: Any, value: Any) -> Any:
    """Return what the references of a value lead to, itself where it is none; None where they lead nowhere."""
    for _ in range(_MAX_REFERENCES):
        if not isinstance(value, dict) or not isinstance(value.get("$ref"), str):
            break
        try:
            value = resolve(document, value["$ref"])
        except (LookupError, ValueError):
            return None
    return value


def follow_schema(document: Any, schema: Any) -> Mapping[str, Any]:
    """Return a schema with its references followed; an empty one where they lead to no object."""
    found = follow(document, schema)
    return found if isinstance(found, dict) else {}


def beside_reference(document: Any, schema: Any) -> Mapping[str, Any]:
    """Return the keywords that apply beside the reference of a schema; OpenAPI 3.0 ignores all of them."""
    if not isinstance(schema, Mapping) or "$ref" not in schema or str(document.get("openapi")).startswith("3.0"):
        return {}
    return {key: operand for key, operand in schema.items() if key not in {"$ref", *ANNOTATIONS}}


def compose_without_circles(document: Any) -> Any:
    """Return a document in which what is derived from a base is composed of it without its alternatives.

    Many documents list what is derived from a base as alternatives of the base; read literally, each is composed of a
    choice of itself, and a validator does not end.
    """
    components = document.get("components") if isinstance(document, dict) else None
    schemas = components.get("schemas") if isinstance(components, dict) else None
    found = {name: each for name, each in (schemas or {}).items() if isinstance(each, dict)}
    chosen = {name: set(_component_references(each, _CHOICES)) for name, each in found.items()}
    composed = {name: set(_component_references(each, ("allOf",))) for name, each in found.items()}
    changed: dict[str, Any] = {}
    for name, schema in found.items():
        direct = [*map(_component, schema.get("allOf") or ())]
        bases = {base for base in direct if name in _reachable(chosen.get(base, set()), chosen, composed)}
        if bases:
            changed[name] = {**schema, "allOf": [_without_choices(found, each, bases) for each in schema["allOf"]]}
    if not changed:
        return document
    components = {**document["components"], "schemas": {**document["components"]["schemas"], **changed}}
    return {**document, "components": components}


def _component_references(schema: Any, keywords: tuple[str, ...]) -> Iterator[str]:
    """Yield the components that a schema names as its members, those of members written into it included."""
    for keyword in keywords:
        members = schema.get(keyword) if isinstance(schema, dict) else None
        for member in members if isinstance(members, list) else ():
            if name := _component(member):
                yield name
            else:
                yield from _component_references(member, _MEMBERS)


def _component(schema: Any) -> str:
    """Return the name of the component that a schema refers to; empty for any other."""
    reference = schema.get("$ref") if isinstance(schema, dict) else None
    if not isinstance(reference, str) or not reference.startswith("#"):
        return ""
    with contextlib.suppress(ValueError):
        place = decode(reference)
        return place[2] if place[:2] == ("components", "schemas") and len(place) == 3 else ""
    return ""


def _reachable(names: set[str], *edges: Mapping[str, set[str]]) -> set[str]:
    """Return the names that some lead to, themselves included."""
    seen: set[str] = set()
    waiting = [*names]
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting += [further for each in edges for further in each.get(name, ())]
    return seen


def _without_choices(schemas: Mapping[str, Any], member: Any, bases: set[str]) -> Any:
    """Return a member of `allOf`; in place of a reference to one of some bases, the base without its choices."""
    name = _component(member)
    if name not in bases:
        return member
    return {key: each for key, each in schemas[name].items() if key not in (*_CHOICES, "discriminator")}


def refuse_circles(vendor: Document, document: Any) -> None:
    """Refuse references that lead in a circle without a definition in it: openapi-python-client would never end.

    Args:
        vendor: The vendor document, for the line.
        document: The document with all overlays applied.

    Raises:
        InputError: Names each reference of the circle, and the place of one.
    """
    ended: set[str] = set()
    for location, value in objects(document):
        chain: dict[str, None] = {}
        further = _alias(value)
        while further is not None and further not in ended and further not in chain:
            chain[further] = None
            try:
                further = _alias(resolve(document, further))
            except (LookupError, ValueError):
                further = None  # a dangling reference is reported elsewhere
        if further in chain:
            circle = [*list(chain)[list(chain).index(further) :], further]
            message = f"references lead in a circle, with no definition in it: {' -> '.join(circle)}"
            raise vendor.error(f"{message}; replace one of them by the definition that is meant", location)
        ended.update(chain)


def _alias(value: Any) -> str | None:
    """Return the reference that a value only repeats: its own, or that of the one member it is composed of."""
    while isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            return str(value["$ref"])
        keys = [key for key in value if key not in ANNOTATIONS]
        only = value[keys[0]] if len(keys) == 1 and keys[0] in _MEMBERS else None
        value = only[0] if isinstance(only, list) and len(only) == 1 else None
    return None
