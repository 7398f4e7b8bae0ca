"""Follow every reference of an OpenAPI document, so that a page with a part missing is noticed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from rulewright.openapi.document import Document
from rulewright.openapi.pointer import Location, encode, resolve

METHODS: Final = ("get", "put", "post", "delete", "options", "head", "patch", "trace", "query")

# Below these the keys are names somebody chose, so a property called `default` is not the keyword.
_NAMES: Final = {
    *("callbacks", "examples", "headers", "links", "parameters", "pathItems", "requestBodies", "responses"),
    *("schemas", "securitySchemes", "$defs", "definitions", "dependentSchemas", "patternProperties"),
    *("properties", "paths", "webhooks", "content", "encoding", "mapping", "variables"),
}
_REFERENCES: Final = {"$ref", "$dynamicRef", "operationRef"}
_DATA: Final = {"const", "default", "enum", "example", "value"}  # what stands here is not a reference


def check_references(document: Document) -> None:
    """Refuse a reference that leads out of the document, to nothing, or back to itself.

    Raises:
        InputError: Names the file, the line and the JSON pointer of the reference.
    """
    for location, reference in _references(document.value, ()):
        if not reference.startswith("#"):
            message = f"the reference {reference!r} leads out of the document, which must be complete in itself"
            raise document.error(message, location)
        seen = {reference}
        target = _follow(document, reference, location)
        while isinstance(target, dict) and isinstance(further := target.get("$ref"), str):
            if further in seen:
                raise document.error(f"the reference {reference!r} leads back to itself", location)
            seen.add(further)
            target = _follow(document, further, location)


def _follow(document: Document, reference: str, location: Location) -> Any:
    try:
        return resolve(document.value, reference)
    except (LookupError, ValueError) as error:
        message = f"the reference {reference!r} leads to nothing, so a part of the document is missing ({error})"
        raise document.error(message, location) from error


def _references(value: Any, location: Location, *, names: bool = False) -> Iterator[tuple[Location, str]]:
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _references(item, (*location, index))
    if not isinstance(value, dict):
        return
    for key, child in value.items():
        here = (*location, key)
        if names:
            if location[-1] == "mapping" and isinstance(child, str) and child.startswith("#"):
                yield here, child
            yield from _references(child, here)
        elif key in _REFERENCES and isinstance(child, str) and not _is_dynamic(key, child):
            yield here, child
        elif key not in _DATA and not key.startswith("x-") and not (key == "examples" and isinstance(child, list)):
            yield from _references(child, here, names=key in _NAMES)


def _is_dynamic(key: str, reference: str) -> bool:
    """Tell a reference to an anchor, which is looked up while validating and not by its place."""
    return key == "$dynamicRef" and reference.startswith("#")


def check_security(document: Document) -> None:
    """Refuse a security requirement whose scheme the document does not define.

    Raises:
        InputError: Names the file, the line and the JSON pointer of the requirement.
    """
    value = document.value
    schemes = value.get("components", {}).get("securitySchemes", {})
    for location in ((), *operations(value)):
        requirements = resolve(value, encode(location)).get("security", [])
        for index, requirement in enumerate(requirements if isinstance(requirements, list) else []):
            for name in requirement if isinstance(requirement, dict) else {}:
                if name not in schemes:
                    message = f"the security scheme {name!r} is used but not defined, so a part is missing"
                    raise document.error(message, (*location, "security", index, name))


def operations(value: Any) -> list[tuple[str, str, str]]:
    """Return the location of each operation: `paths`, the path, the method in lower case."""
    return [
        ("paths", path, method)
        for path, item in value["paths"].items()
        if isinstance(item, dict)
        for method in METHODS
        if isinstance(item.get(method), dict)
    ]
