"""Make a client of a part of a document: an overlay removes what the chosen operations do not need."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from jsonpath_rfc9535.serialize import canonical_string as quoted

from rulewright.errors import InputError
from rulewright.openapi.operations import Operation, operations
from rulewright.openapi.pointer import decode
from rulewright.openapi.references import references

_SECTIONS: Final = ("schemas", "parameters", "responses", "requestBodies", "headers", "examples", "links", "pathItems")
_LONGEST: Final = 8000  # characters of a query; an overlay is limited to some more
_SHOWN: Final = 20


def part_actions(document: Any, only: Sequence[str]) -> list[dict[str, Any]]:
    """Return the overlay actions that remove the operations that were not chosen, and the components only they need.

    Args:
        document: The document.
        only: Tags, and paths that stand for themselves and all below them.

    Raises:
        InputError: One chooses no operation.
    """
    found = list(operations(document))
    for word in only:
        if not any(_is_chosen(operation, [word]) for operation in found):
            tags = dict.fromkeys(tag for operation in found for tag in operation.body.get("tags") or ())
            known = ", ".join(list(tags)[:_SHOWN]) or "none"
            raise InputError(f"--only {word}: no operation has this tag or a path that begins so; tags are {known}")
    kept = [operation for operation in found if _is_chosen(operation, only)]
    paths = {operation.path for operation in kept}
    actions = list(_removals("$.paths", [path for path in document["paths"] if path not in paths]))
    for path in paths:
        own = {operation.method for operation in kept if operation.path == path}
        others = [each.method for each in found if each.path == path and each.method not in own]
        actions += _removals(f"$.paths[{quoted(path)}]", others)
    needed = _referenced_components(document, [_without_others(document["paths"][path], path, kept) for path in paths])
    components = document.get("components") or {}
    for section in _SECTIONS:
        names = [name for name in components.get(section) or () if (section, name) not in needed]
        actions += _removals(f"$.components.{section}", names)
    return actions


def _is_chosen(operation: Operation, only: Sequence[str]) -> bool:
    tags = operation.body.get("tags") or ()
    return any(word in tags or f"{operation.path}/".startswith(f"{word.rstrip('/')}/") for word in only)


def _without_others(item: dict[str, Any], path: str, kept: Sequence[Operation]) -> dict[str, Any]:
    own = {operation.method: operation.body for operation in kept if operation.path == path}
    return {"parameters": item.get("parameters"), **own}


def _referenced_components(document: Any, roots: Sequence[Any]) -> set[tuple[str, str]]:
    """Return section and name of each component that something refers to, directly or not."""
    found: set[tuple[str, str]] = set()
    waiting = list(roots)
    while waiting:
        for _, reference in references(waiting.pop()):
            place = decode(reference) if reference.startswith("#/components/") else ()
            component = (place[1], place[2]) if len(place) > 2 else None
            if component and component not in found:
                found.add(component)
                waiting.append((document["components"].get(component[0]) or {}).get(component[1]))
    return found


def _removals(place: str, names: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Yield actions that remove some members of an object, in queries of a bearable length."""
    chunk: list[str] = []
    for name in [*names, ""]:
        if chunk and (not name or sum(map(len, chunk)) > _LONGEST):
            target = f"{place}[{', '.join(chunk)}]"
            expect = {"x-expect": len(chunk)} if len(chunk) > 1 else {}
            yield {"target": target, "description": "No part of this client.", **expect, "remove": True}
            chunk = []
        chunk.append(quoted(name))
