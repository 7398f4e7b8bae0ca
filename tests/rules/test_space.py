"""The request space: its enumeration, and the verdict on a request."""

from __future__ import annotations

from typing import Any

import pytest
from rulewright.merged import Merged
from rulewright.rules.definition import Rule, RuledSchema
from rulewright.rules.space import Given, Length, Sample, Space, concrete, concretes
from rulewright.rules.verdict import Verdict, mentions

from tests.rules.compiling import rule

DOCUMENT = {"Text": {"$ref": "#/Deep"}, "Deep": {"type": "string", "example": "deep"}}


def holds(field: str, **schema: Any) -> dict[str, Any]:
    """Return the schema of a body whose field fits."""
    return {"properties": {field: schema}}


def space(properties: dict[str, Any], required: list[str] | None = None, **more: Any) -> Space:
    """Return the space of a schema."""
    schema: dict[str, Any] = {"properties": properties, **more}
    if required is not None:
        schema["required"] = required
    return Space(RuledSchema(("S",), schema, ()), DOCUMENT)


def test_every_combination_once_and_in_order() -> None:
    """Fields are in document order, absent comes before the values, and values keep their order."""
    made = space({"a": {"enum": ["x", "y"]}, "b": {"type": "boolean"}}, ["a"])
    assert list(made.bodies()) == [
        {"a": "x"}, {"a": "x", "b": False}, {"a": "x", "b": True},
        {"a": "y"}, {"a": "y", "b": False}, {"a": "y", "b": True},
    ]  # fmt: skip
    assert made.size == 6
    assert made.alternatives("a") == (("x",), ("y",))
    assert made.alternatives("b") == ((), (False,), (True,))


def test_required_free_fields_have_samples() -> None:
    """A required free field has the same sample in every request."""
    kinds = ("string", "integer", "number", "boolean", "array", "object", "null", None)
    properties: dict[str, Any] = {f"field{at}": {"type": kind} if kind else {} for at, kind in enumerate(kinds)}
    properties |= {"own": {"type": "string", "example": "mine"}, "far": {"$ref": "#/Text"}, "free": {"type": "string"}}
    (first, *_) = space(properties, [name for name in properties if name != "free"]).bodies()
    assert list(first.values()) == ["text", 1, 1, False, [], {}, None, "text", "mine", "deep"]
    assert first["field3"] is False  # a boolean can be listed
    assert space(properties, []).with_required({"free": "x"}) == {"free": "x"}
    assert space({"a": {"type": "string"}}, ["a"]).with_required({"a": "x"}) == {"a": "x"}
    listed = space({"a": {"enum": ["x", "y"]}, "b": {"type": "array", "minItems": 1}}, ["b", "a"])
    assert listed.with_required({}) == {"a": "x", "b": []}
    assert listed.with_required({"a": "y"}) == {"a": "y", "b": []}
    assert list(space({}).bodies()) == list(Space(RuledSchema(("S",), {}, ()), {}).bodies()) == [{}]
    assert space({}).size == 1


def test_a_reference_is_followed_to_the_values_of_a_field() -> None:
    """The enum may be in a schema of its own."""
    schema = {"properties": {"a": {"$ref": "#/Word"}}, "required": ["a"]}
    assert list(Space(RuledSchema(("S",), schema, ()), {"Word": {"enum": ["x"]}}).bodies()) == [{"a": "x"}]
    assert Space(RuledSchema(("S",), schema, ()), {"Word": {"enum": ["x", "y"]}}).alternatives("a") == (("x",), ("y",))


def test_lists_count_by_their_length_and_samples_by_themselves() -> None:
    """A field whose presence a rule tests has the values of the rule's examples."""
    examples = {"passes": {"note": "n"}, "breaks": {"note": "m"}}
    asks = {"if": {"required": ["note"]}, "then": holds("list", maxItems=1), "examples": examples}
    made = space({"note": {"type": "string"}, "list": {"type": "array"}}, None, **{"x-rules": [asks]})
    assert made.alternatives("note") == ((), ("n",), ("m",))
    assert made.alternatives("list") == ((), (Length(0),), (Length(1),), (Length(2),))
    assert made.size == 8  # given or not, whichever sample stands for it, times four lengths
    assert {"note": "m", "list": ["https://example.com/1.png", "https://example.com/2.png"]} in made.bodies()
    assert concrete(Length(0)) == []
    assert concrete("x") == "x"


def test_a_sample_that_is_no_text_is_looked_up_by_its_text() -> None:
    """Otherwise 1 and true would be equal, and lists unhashable."""
    examples = {"passes": {"size": [1]}, "breaks": {"size": True}}
    made = space({"size": {}}, None, **{"x-rules": [{"if": {"required": ["size"]}, "then": {}, "examples": examples}]})
    assert made.alternatives("size") == ((), (Sample("[1]"),), (Sample("true"),))
    assert list(made.bodies()) == [{}, {"size": [1]}, {"size": True}]


@pytest.mark.parametrize(
    ("listed", "values"),
    [
        (Given((Sample("[1]"), Sample('"x"'))), ([1], "x")),
        (Length(1), (["https://example.com/1.png"],)),
        (None, (None,)),
        ("x", ("x",)),
    ],
)
def test_what_a_listed_value_stands_for(listed: Any, values: tuple[Any, ...]) -> None:
    """A `Given` stands for each of its samples, any other value for itself."""
    assert concretes(listed) == values


FIRST = rule(holds("a", const="x"), holds("b", const=1), "first")
SECOND = rule(True, {"anyOf": [{"required": ["c"]}, {"not": {"required": ["d"]}}]}, "second")
DOUBT = rule({"allOf": [holds("e", items=holds("f", const=1))]}, False, "doubt", "warning")


def test_the_broken_rules_of_a_body() -> None:
    """All broken rules in order; by default those of level error."""
    ruled = RuledSchema(("S",), {}, (DOUBT, FIRST, SECOND))
    assert Verdict(ruled).violated_rules({"a": "x", "b": 2, "d": 1}) == ("first", "second")
    assert Verdict(ruled).violated_rules({"a": "y", "b": 2}) == ()
    both = Verdict(ruled, levels=("error", "warning"))
    assert both.violated_rules({"a": "x", "b": 2}) == ("doubt", "first")
    assert Verdict(ruled, levels=("warning",)).violated_rules({"a": "x", "b": 2, "e": [{"f": 2}]}) == ()
    assert [each.id for each in both.rules] == ["doubt", "first", "second"]
    assert Verdict(ruled).ruled is ruled


@pytest.mark.parametrize(("subject", "fields"), [(FIRST, "ab"), (SECOND, "cd"), (DOUBT, "e"), (rule(True, False), "")])
def test_the_fields_a_rule_reads(subject: Rule, fields: str) -> None:
    """Fields of the body at any depth of the schemas, but not fields inside a field."""
    assert [name for name in "abcdef" if mentions(subject, name)] == list(fields)
    verdict = Verdict(RuledSchema(("S",), {}, (subject,)), levels=("error", "warning"))
    assert [name for name in "abcdef" if verdict.mentions(name)] == list(fields)
    assert not Verdict(RuledSchema(("S",), {}, (subject,)), levels=()).mentions("a")


def test_a_large_space_is_sampled_evenly(ruled: RuledSchema, merged: Merged) -> None:
    """About the requested number of requests, with every value of every field."""
    space = Space(ruled, merged.value)
    every, some = list(space.bodies()), list(space.bodies(100))
    assert 80 <= len(some) <= 100
    assert all(body in every for body in some)
    for name, values in space.domains.items():
        assert len({str(body.get(name)) for body in some}) == len({str(body.get(name)) for body in every}), values


def test_a_point_has_a_name(ruled: RuledSchema, merged: Merged) -> None:
    """The name has the value of each finite field and the length of arrays; other bodies have no name."""
    space = Space(ruled, merged.value)
    cells = [space.cell(body) for body in space.bodies()]
    assert len(set(cells)) == space.size
    assert None not in cells
    body = {"prompt": "a", "action": "img2video", "model": "veo3_fast", "imageList": ["u", "v"], "translation": True}
    assert space.cell(body) == "action=img2video model=veo3_fast imageList=2 aspectRatio=absent translation=true"
    assert space.cell({**body, "model": "veo9"}) is None
    assert space.cell({**body, "translation": 1}) is None
    assert space.cell({"prompt": "a", "action": "img2video"}) is None
    assert space.cell(["no object"]) is None
