"""The project's own rules, read once."""

from __future__ import annotations

from pathlib import Path

import pytest
from rulewright.merged import Merged, merge
from rulewright.project import load_project
from rulewright.rules.definition import RuledSchema

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def merged() -> Merged:
    """The project's vendor document with its overlays applied."""
    return merge(load_project(ROOT))


@pytest.fixture(scope="session")
def ruled(merged: Merged) -> RuledSchema:
    """The schema of the project with the most rules: that of a request for a video."""
    return next(schema for schema in merged.ruled if schema.name == "VideoGenerationDto")
