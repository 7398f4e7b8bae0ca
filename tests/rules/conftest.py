"""The project's own rules, read once, and the same for the document as the table in `expected.py` knows it."""

from __future__ import annotations

import copy
import dataclasses
from pathlib import Path

import pytest
from rulewright.merged import Merged, merge
from rulewright.project import load_project
from rulewright.rules.definition import RuledSchema, read_rules

from tests.rules.expected import FIELDS

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def merged() -> Merged:
    """The project's vendor document with its overlays applied."""
    return merge(load_project(ROOT))


@pytest.fixture(scope="session")
def ruled(merged: Merged) -> RuledSchema:
    """The schema of the project that the table is about."""
    return next(schema for schema in merged.ruled if schema.name == "VideoGenerationDto")


@pytest.fixture(scope="session")
def frozen(merged: Merged) -> Merged:
    """The same without the fields and values that the vendor added since: exact figures are of this document."""
    value = copy.deepcopy(merged.value)
    schema = value["components"]["schemas"]["VideoGenerationDto"]
    schema["properties"] = {name: schema["properties"][name] for name in FIELDS}
    for name, values in FIELDS.items():
        if values:
            schema["properties"][name]["enum"] = [each for each in schema["properties"][name]["enum"] if each in values]
    rules = tuple(each for each in read_rules(value) if each.name == "VideoGenerationDto")
    return dataclasses.replace(merged, value=value, ruled=rules)
