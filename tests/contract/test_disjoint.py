"""The rules as one disjoint `oneOf`: the same verdict as the rules, one branch at a time."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import jsonschema_rs
import pytest
from rulewright.errors import InputError
from rulewright.merged import Merged
from rulewright.rules import variants
from rulewright.rules.definition import Rule, RuledSchema, Source, read_rules
from rulewright.rules.space import Space
from rulewright.rules.variants import branches, with_disjoint_rules
from rulewright.rules.verdict import Verdict


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
    with pytest.raises(InputError, match="values cannot be listed one by one") as caught:
        list(branches(read_rules(document)[0], document))
    assert caught.value.pointer == "/components/schemas/VideoGenerationDto/x-rules"


SCHEMA: dict[str, Any] = {
    "properties": {
        "size": {"$ref": "#/Size"},
        "tone": {"enum": ["low"]},
        "first": {"type": "array", "maxItems": 2},
        "second": {"type": "array", "maxItems": 1},
    },
    "required": ["size", "second"],
    "allOf": [{"minProperties": 1}],
}
LARGE = {"properties": {"size": {"const": "l"}}, "required": ["size"]}


def ruled_by(condition: Any, requirement: Any, level: str = "error") -> tuple[dict[str, Any], RuledSchema]:
    """Return a made-up document, and its schema with one rule."""
    rule = Rule("rule", level, "must", Source("#/at", "words"), condition, requirement, {}, {}, ())
    return {"S": SCHEMA, "Size": {"enum": ["s", "l"]}}, RuledSchema(("S",), SCHEMA, (rule,))


def test_each_branch_says_what_is_given_and_what_is_not() -> None:
    """A branch fixes plain fields, bounds counted ones by a stretch of lengths, and forbids what is absent in it."""
    needs = {"properties": {"first": {"minItems": 1}, "second": {"minItems": 1}, "tone": {}}, "required": ["first"]}
    document, ruled = ruled_by(LARGE, {"allOf": [needs, {"not": {"required": ["tone"]}}]})
    any_second = [{"minItems": 0}]
    small: list[dict[str, Any]] = [
        {"properties": {"size": {"enum": ["s"]}, **tone, **first, "second": second},
         "required": ["size", *tone, *first, "second"], **absence}
        for tone, without_tone in (({}, ["tone"]), ({"tone": {"enum": ["low"]}}, []))
        for first, without_first in (({}, ["first"]), ({"first": {"minItems": 0}}, []))
        for second in any_second
        for absence in [
            {"not": {"anyOf": [{"required": [name]} for name in [*without_tone, *without_first]]}}
            if without_tone or without_first else {}
        ]
    ]  # fmt: skip
    large = {
        "properties": {"size": {"enum": ["l"]}, "first": {"minItems": 1}, "second": {"minItems": 1}},
        "required": ["size", "first", "second"],
        "not": {"anyOf": [{"required": ["tone"]}]},
    }
    found = list(branches(ruled, document))
    assert [branch for branch in found if branch["properties"]["size"] == {"enum": ["s"]}] == small
    assert large in found
    validators = [jsonschema_rs.Draft4Validator(branch) for branch in found]
    verdict = Verdict(ruled)
    for body in Space(ruled, document).bodies():
        assert sum(each.is_valid(body) for each in validators) == (not verdict.broken(body)), body


def test_what_was_said_of_a_schema_stays() -> None:
    """The branches are added to what the schema already holds; rules that are only inferred add none."""
    document, ruled = ruled_by(LARGE, {"required": ["first"]})
    said, added = with_disjoint_rules(document, [ruled])["S"]["allOf"]
    assert said == {"minProperties": 1}
    assert added == {"oneOf": [*branches(ruled, document)]}
    document, ruled = ruled_by(LARGE, {"required": ["first"]}, "warning")
    assert with_disjoint_rules(document, [ruled]) == document


def test_a_schema_may_say_less() -> None:
    """Without required fields all may be absent; without properties the rules look at no field."""
    schema = {"properties": {"size": {"enum": ["s"]}}}
    rule = Rule("rule", "error", "must", Source("#/at", "words"), {"required": ["size"]}, LARGE, {}, {}, ())
    assert branches(RuledSchema(("S",), schema, (rule,)), {}) == (
        {"properties": {}, "required": [], "not": {"anyOf": [{"required": ["size"]}]}},
    )
    assert branches(RuledSchema(("S",), {}, (replace(rule, requirement=True),)), {}) == (
        {"properties": {}, "required": []},
    )


def test_rules_that_no_request_keeps_are_an_error() -> None:
    """An empty `oneOf` would be no schema."""
    document, ruled = ruled_by(True, False)
    with pytest.raises(InputError) as caught:
        branches(ruled, document)
    assert str(caught.value) == (
        "the rules cannot be written as one oneOf: no request keeps the rules\n  at /S/x-rules"
    )


def test_too_many_combinations_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit is said, and up to it everything is written out."""
    document, ruled = ruled_by(LARGE, {"required": ["first", "tone"]})
    monkeypatch.setattr(variants, "MAX_POINTS", 2 * 5 * 2)
    assert branches(ruled, document)
    monkeypatch.setattr(variants, "MAX_POINTS", 2 * 5 * 2 - 1)
    with pytest.raises(InputError) as caught:
        branches(ruled, document)
    assert str(caught.value) == (
        "the rules cannot be written as one oneOf: the rules distinguish 20 combinations (limit 19)\n  at /S/x-rules"
    )
