"""Documents and overlays made from plain values, as if they stood in files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rulewright.openapi.document import Document, parse, to_yaml
from rulewright.overlay import Overlay, load_overlay, parse_overlay

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def document() -> Callable[[Any], Document]:
    """Return a maker of documents that stand in spec.yaml."""
    return lambda value: parse(to_yaml(value), "spec.yaml")


@pytest.fixture(scope="session")
def overlay() -> Callable[..., Overlay]:
    """Return a maker of overlays that stand in fix.overlay.yaml."""

    def make(*actions: dict[str, Any], version: str = "1.1.0", **fields: Any) -> Overlay:
        info = {"title": "Fix", "version": "1.0.0"}
        value = {"overlay": version, "info": info, **fields, "actions": list(actions)}
        return parse_overlay(parse(to_yaml(value), "fix.overlay.yaml"))

    return make


@pytest.fixture(scope="session")
def seed() -> Document:
    """Return the project's own vendor document, named as from the repository root."""
    return parse((ROOT / "openapi.yaml").read_text("utf-8"), "openapi.yaml")


@pytest.fixture(scope="session")
def own_overlays() -> list[Overlay]:
    """Return the project's own overlays in order."""
    return [load_overlay(path) for path in sorted((ROOT / "overlays").glob("*.overlay.yaml"))]
