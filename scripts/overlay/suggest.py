"""Did you mean: from a query that matched nothing to the closest one that matches."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from scripts.overlay.query import Query, path_of
from scripts.pointer import Location


def explain_miss(query: Query, value: Any, where: Callable[[Location], str]) -> list[str]:
    """Return the lines that help with a query that matched nothing."""
    trail = query.trail(value)
    reached = next(nodes for nodes in reversed(trail) if nodes)
    return [f"nearest existing: {path_of(reached[0])} ({where(reached[0])})"]
