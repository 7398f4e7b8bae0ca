"""Path Items kept elsewhere: each path gets its operations, so that nobody after this has to follow a reference."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

from rulewright.openapi.parameters import resolved


def with_path_items(document: Any) -> Any:
    """Return a document whose paths hold their operations themselves.

    Source: OpenAPI 3.1, Path Item Object, `$ref`. What stands beside the reference counts more than what it names. A
    component that only paths referred to goes, or its operations would be there twice.
    """
    paths = document.get("paths") if isinstance(document, dict) else None
    if not isinstance(paths, dict) or not any(map(_refers, paths.values())):
        return document
    result = {**document, "paths": {path: _held(document, item) for path, item in paths.items()}}
    components = document.get("components")
    items = components.get("pathItems") if isinstance(components, dict) else None
    if isinstance(components, dict) and isinstance(items, dict):
        moved = {item["$ref"] for item in paths.values() if _refers(item)} - set(_references(result))
        kept = {name: item for name, item in items.items() if f"#/components/pathItems/{name}" not in moved}
        result["components"] = {**components, "pathItems": kept}
    return result


def _refers(item: Any) -> bool:
    return isinstance(item, dict) and isinstance(item.get("$ref"), str)


def _held(document: Any, item: Any) -> Any:
    target = resolved(document, item)
    if not _refers(item) or not isinstance(target, dict) or _refers(target):
        return item
    held: dict[str, Any] = copy.deepcopy(target)
    return held | {key: value for key, value in item.items() if key != "$ref"}


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict) and isinstance(value.get("$ref"), str):
        yield value["$ref"]
    for child in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _references(child)
