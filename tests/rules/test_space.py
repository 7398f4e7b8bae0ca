"""The finite part, point by point, and the judge of a point."""

from __future__ import annotations

from typing import Any

import pytest
from rulewright.merged import Merged
from rulewright.rules.definition import Rule, RuledSchema, Source
from rulewright.rules.space import Given, Length, Sample, Space, concrete, concretes
from rulewright.rules.verdict import Verdict, mentions

DOCUMENT = {"Text": {"$ref": "#/Deep"}, "Deep": {"type": "string", "example": "deep"}}


def rule(name: str, condition: Any, requirement: Any, level: str = "error") -> Rule:
    """Return a rule of made-up fields."""
    return Rule(name, level, "must", Source("#/at", "words"), condition, requirement, {}, {}, ())


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
    """Fields in the order of the document; absent before the values, which stand in their own order."""
    made = space({"a": {"enum": ["x", "y"]}, "b": {"type": "boolean"}}, ["a"])
    assert list(made.bodies()) == [
        {"a": "x"}, {"a": "x", "b": False}, {"a": "x", "b": True},
        {"a": "y"}, {"a": "y", "b": False}, {"a": "y", "b": True},
    ]  # fmt: skip
    assert made.size == 6
    assert made.alternatives("a") == (("x",), ("y",))
    assert made.alternatives("b") == ((), (False,), (True,))


def test_what_cannot_be_listed_is_filled_in_where_it_is_required() -> None:
    """A required field that is free gets a plain sample of its type, the same in every point."""
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
    """Where the document keeps the list of words in a schema of its own."""
    schema = {"properties": {"a": {"$ref": "#/Word"}}, "required": ["a"]}
    assert list(Space(RuledSchema(("S",), schema, ()), {"Word": {"enum": ["x"]}}).bodies()) == [{"a": "x"}]
    assert Space(RuledSchema(("S",), schema, ()), {"Word": {"enum": ["x", "y"]}}).alternatives("a") == (("x",), ("y",))


def test_lists_count_by_their_length_and_samples_by_themselves() -> None:
    """A field that rules only ask the presence of stands with what their examples hold."""
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
    """Else 1 and true would be one value, and a list none at all."""
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
    """Each sample of what cannot be listed; of all else the one value itself."""
    assert concretes(listed) == values


FIRST = rule("first", holds("a", const="x"), holds("b", const=1))
SECOND = rule("second", True, {"anyOf": [{"required": ["c"]}, {"not": {"required": ["d"]}}]})
DOUBT = rule("doubt", {"allOf": [holds("e", items=holds("f", const=1))]}, False, "warning")


def test_the_broken_rules_of_a_body() -> None:
    """All of them, in order; by default those of error level."""
    ruled = RuledSchema(("S",), {}, (DOUBT, FIRST, SECOND))
    assert Verdict(ruled).broken({"a": "x", "b": 2, "d": 1}) == ("first", "second")
    assert Verdict(ruled).broken({"a": "y", "b": 2}) == ()
    both = Verdict(ruled, levels=("error", "warning"))
    assert both.broken({"a": "x", "b": 2}) == ("doubt", "first")
    assert Verdict(ruled, levels=("warning",)).broken({"a": "x", "b": 2, "e": [{"f": 2}]}) == ()
    assert [each.id for each in both.rules] == ["doubt", "first", "second"]
    assert Verdict(ruled).ruled is ruled


@pytest.mark.parametrize(
    ("subject", "fields"), [(FIRST, "ab"), (SECOND, "cd"), (DOUBT, "e"), (rule("n", True, False), "")]
)
def test_the_fields_a_rule_reads(subject: Rule, fields: str) -> None:
    """Those of the body, wherever they stand in its schemas, and not those inside a field."""
    assert [name for name in "abcdef" if mentions(subject, name)] == list(fields)
    verdict = Verdict(RuledSchema(("S",), {}, (subject,)), levels=("error", "warning"))
    assert [name for name in "abcdef" if verdict.mentions(name)] == list(fields)
    assert not Verdict(RuledSchema(("S",), {}, (subject,)), levels=()).mentions("a")


def test_a_large_space_is_sampled_evenly(ruled: RuledSchema, merged: Merged) -> None:
    """About as many points as asked for, and no value of any field is passed over."""
    space = Space(ruled, merged.value)
    every, some = list(space.bodies()), list(space.bodies(100))
    assert 80 <= len(some) <= 100
    assert all(body in every for body in some)
    for name, values in space.domains.items():
        assert len({str(body.get(name)) for body in some}) == len({str(body.get(name)) for body in every}), values


def test_a_point_has_a_name(ruled: RuledSchema, merged: Merged) -> None:
    """The value of each finite field, and the length of an array; what is at no point has none."""
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
