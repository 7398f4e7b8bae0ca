"""Definitions that are nothing but a reference to another one, and whether such a chain ends."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from rulewright.openapi.document import Document
from rulewright.openapi.pointer import Location, resolve

_MEMBERS: Final = ("allOf", "anyOf", "oneOf")
_ANNOTATIONS: Final = frozenset({"title", "description", "summary", "deprecated", "example", "examples", "default"})


def refuse_circles(vendor: Document, document: Any) -> None:
    """Refuse references that lead in a circle without a definition in it: openapi-python-client would never end.

    Args:
        vendor: The vendor document, for the line.
        document: What the overlays make of it.

    Raises:
        InputError: Names each reference of the circle, and the place of one.
    """
    ended: set[str] = set()
    for location, reference in _aliases(document, ()):
        chain: dict[str, None] = {}
        further: str | None = reference
        while further is not None and further not in ended and further not in chain:
            chain[further] = None
            further = _alias(_target(document, further))
        if further in chain:
            circle = [*list(chain)[list(chain).index(further) :], further]
            message = f"references lead in a circle, with no definition in it: {' -> '.join(circle)}"
            raise vendor.error(f"{message}; replace one of them by the definition that is meant", location)
        ended.update(chain)


def _aliases(value: Any, location: Location) -> Iterator[tuple[Location, str]]:
    if (reference := _alias(value)) is not None:
        yield location, reference
    for key, child in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from _aliases(child, (*location, key))


def _alias(value: Any) -> str | None:
    """Return the reference that a value is another name for: its own, or that of the one member it is composed of."""
    while isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            return str(value["$ref"])
        keys = [key for key in value if key not in _ANNOTATIONS]
        only = value[keys[0]] if len(keys) == 1 and keys[0] in _MEMBERS else None
        value = only[0] if isinstance(only, list) and len(only) == 1 else None
    return None


def _target(document: Any, reference: str) -> Any:
    try:
        return resolve(document, reference)
    except (LookupError, ValueError):
        return None  # a dangling reference is another fault
