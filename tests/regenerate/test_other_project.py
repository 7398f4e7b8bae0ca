"""Another project gets a working, typed package."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import jsonschema_rs
import pytest
from rulewright.merged import merge
from rulewright.project import load_project
from rulewright.rules.definition import Verdict
from rulewright.rules.space import Space


@pytest.fixture(scope="module")
def package(generated_parcels: Path) -> Iterator[ModuleType]:
    """The generated package of the parcels project, imported."""
    sys.path.insert(0, str(generated_parcels / "generated"))
    try:
        yield importlib.import_module("parcels_api")
    finally:
        sys.path.remove(str(generated_parcels / "generated"))


def test_its_rules_agree_with_json_schema(package: ModuleType, generated_parcels: Path) -> None:
    """Numbers, nested objects, presence and unusual field names are checked as JSON Schema defines them."""
    rules: Any = importlib.import_module("parcels_api.rules")
    models: Any = importlib.import_module("parcels_api.raw.models")
    merged = merge(load_project(generated_parcels))
    (ruled,) = merged.ruled
    verdict = Verdict(ruled, levels=("error", "warning"))
    for body in Space(ruled, merged.value).bodies():
        for width in (1, 30, 31):
            varied = {**body, "size": {"width": width}}
            model = models.LabelOrder.from_dict(varied)
            found = tuple(violation.rule for violation in rules.violations(varied))
            assert found == tuple(each.rule for each in rules.violations(model)) == verdict.violated_rules(varied)


def test_its_schema_is_checked_too(package: ModuleType, generated_parcels: Path) -> None:
    """Bounds, types, enums and required fields of the document are checked where a JSON Schema validator would."""
    rules: Any = importlib.import_module("parcels_api.rules")
    document = merge(load_project(generated_parcels)).value
    validator = jsonschema_rs.Draft202012Validator({**document, "$ref": "#/components/schemas/LabelOrder"})
    good = {"kind": "box", "size": {"width": 1}, "weight": 1, "class": "slow", "found": []}
    alternatives: dict[str, list[Any]] = {
        "weight": [0, -1, 0.1, True, "1", None],
        "size": [{}, {"width": 0}, {"width": 1.5}, {"width": 1.0}, [], "x"],
        "class": ["fast", "Fast", 1, None],
        "found": [[1], ["a"], "a", {}],
    }
    variations = [{}, *({name: value} for name, values in alternatives.items() for value in values)]
    for change in variations:
        body = {**good, **change}
        shape = [violation for violation in rules.violations(body) if violation.rule == "schema"]
        assert bool(shape) is not validator.is_valid(body), change
    assert [each.pointer for each in rules.violations({"kind": "box"}) if each.rule == "schema"] == ["/size"]
