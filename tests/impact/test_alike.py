"""What is only called otherwise, or was never tried, is not said to have gone."""

from __future__ import annotations

import json
from typing import Any

import pytest
from rulewright.impact.report import Report, compare
from rulewright.impact.revision import revise
from rulewright.openapi.document import parse

SIZE = {"type": "object", "properties": {"width": {"type": "integer"}}}
WORDS = {"type": "string", "enum": ["small", "large"]}


def document(box: dict[str, Any], name: str = "Size") -> dict[str, Any]:
    """Return a document that takes a box."""
    media = {"application/json": {"schema": {"$ref": "#/components/schemas/Box"}}}
    own = {"name": "id", "in": "path", "required": True, "schema": {"type": "string", "pattern": "^B[0-9]{4}$"}}
    operation = {
        "operationId": "pack",
        "parameters": [own],
        "requestBody": {"content": media},
        "responses": {"204": {"description": "Packed."}},
    }
    return {
        "openapi": "3.0.3",
        "info": {"title": "Boxes", "version": "1"},
        "paths": {"/boxes/{id}": {"post": operation}},
        "components": {"schemas": {"Box": {"type": "object", "properties": box}, name: SIZE}},
    }


def compared(old: dict[str, Any], new: dict[str, Any]) -> Report:
    """Return the report of two documents."""
    before, after = (revise("x", parse(json.dumps(each), "openapi.json"), ()) for each in (old, new))
    return compare(before, after)


@pytest.mark.parametrize("keyword", ["anyOf", "oneOf"])
def test_an_alternative_of_another_name_is_still_there(keyword: str) -> None:
    """Only its generated class has another name; requests are what they were."""
    before, after = (
        document({"size": {keyword: [{"$ref": f"#/components/schemas/{name}"}, WORDS]}}, name)
        for name in ("Size", "Measure")
    )
    found = {change.check: change.effect for change in compared(before, after).changes}
    assert not {"alternative-removed", "alternative-added"} & found.keys()
    assert "the same values, in a generated class with another name" in found["reference-changed"]


def test_a_word_that_was_not_tried_may_have_been_sent() -> None:
    """Of a field that is one of several, one sample is tried; that says nothing of the others."""
    before, after = (
        document({"size": {"anyOf": [{"$ref": "#/components/schemas/Size"}, {**WORDS, "enum": words}]}})
        for words in (["small", "large"], ["small"])
    )
    (gone,) = [change for change in compared(before, after).changes if change.check == "enum-value-removed"]
    assert "no accepted request" not in gone.effect
    assert "wire" in gone.who


def test_what_neither_side_accepts_is_not_counted() -> None:
    """A sample that fits no pattern is no request, and does not tell that there are none."""
    same = document({"size": WORDS})
    changed = document({"size": {**WORDS, "enum": ["small"]}})
    found = [each for each in compared(same, changed).requests if each.where == "parameters"]
    assert [(each.total, each.method.partition(":")[0]) for each in found] == [(0, "not counted")] * len(found)
