"""The rules as one disjoint `oneOf`: the same verdict as the rules, one branch at a time."""

from __future__ import annotations

import copy
from typing import Any

import jsonschema_rs
import pytest

from scripts.errors import InputError
from scripts.merged import Merged
from scripts.rules.definition import read_rules
from scripts.rules.disjoint import branches, with_disjoint_rules
from scripts.rules.space import Space
from scripts.rules.verdict import Verdict


def test_the_same_verdict_on_every_point_and_beyond(merged: Merged) -> None:
    """Exactly one branch holds for a body that keeps the rules, none for another; long lists included."""
    (ruled,) = merged.ruled
    verdict = Verdict(ruled)
    each = [jsonschema_rs.Draft4Validator(branch) for branch in branches(ruled, merged.value)]
    bodies = list(Space(ruled, merged.value).bodies())
    bodies += [{**body, "imageList": ["https://example.com/"] * count} for body in bodies[::9] for count in (5, 12)]
    for body in bodies:
        assert sum(branch.is_valid(body) for branch in each) == (not verdict.broken(body)), body


def test_it_stands_beside_the_properties_and_changes_nothing_else(merged: Merged) -> None:
    """One `allOf` member is added; the document given is left alone."""
    (ruled,) = merged.ruled
    before = copy.deepcopy(merged.value)
    schema = with_disjoint_rules(merged.value, merged.ruled)["components"]["schemas"]["VideoGenerationDto"]
    assert merged.value == before
    assert [list(member) for member in schema.pop("allOf")] == [["oneOf"]]
    assert schema == ruled.schema


def test_a_field_that_cannot_be_listed_is_an_error(merged: Merged) -> None:
    """A rule over free text has no finite list of branches, and is never dropped in silence."""
    document: Any = copy.deepcopy(merged.value)
    rule = copy.deepcopy(document["components"]["schemas"]["VideoGenerationDto"]["x-rules"][-1])
    document["components"]["schemas"]["VideoGenerationDto"]["x-rules"] = [{**rule, "level": "error"}]
    with pytest.raises(InputError, match="values cannot be listed one by one"):
        list(branches(read_rules(document)[0], document))
