"""The request space: the distinguishable values of each field, their enumeration, and the verdict on a request."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from rulewright.merged import Merged
from rulewright.rules.definition import Rule, RuledSchema, Source, Verdict, implication, with_rules_as_schema
from rulewright.rules.space import Given, Length, Sample, Space, concrete, concretes, domains, schema_domains

from tests.rules.compiling import rule

TEXT = {"type": "string"}
TEXTS = {"type": "array", "items": TEXT}
ENUMS = {
    "Enum": {"type": "string", "enum": ["x", "y"]},
    "Alias": {"$ref": "#/Enum"},
    "Loop": {"$ref": "#/Loop"},
}


def given(*samples: Any) -> Given:
    """Return what stands for a field whose values cannot be listed."""
    return Given(tuple(Sample(json.dumps(each)) for each in samples))


def counts(up_to: int) -> tuple[Length, ...]:
    """Return the lengths from none to a number."""
    return tuple(Length(count) for count in range(up_to + 1))


def asks(condition: Any = True, requirement: Any = True, passes: Any = None, breaks: Any = None) -> dict[str, Any]:
    """Return the parts of a rule that the finite part reads."""
    return {"if": condition, "then": requirement, "examples": {"passes": passes, "breaks": breaks}}


def stated(*parts: Any, **more: Any) -> dict[str, Any]:
    """Return a rule that the vendor states."""
    return {**asks(*parts, **more), "level": "error"}


@pytest.mark.parametrize(
    ("properties", "rules", "expected"),
    [
        ({"a": {"enum": ["x", 1, None]}}, [], {"a": ("x", 1, None)}),
        ({"a": {"type": "boolean"}}, [], {"a": (False, True)}),
        ({"a": {"type": "boolean", "enum": [True]}}, [], {"a": (True,)}),
        ({"a": TEXT, "b": {"enum": "no list"}, "c": True, "d": TEXTS}, [], {}),
        ({"a": {"$ref": "#/Enum"}, "b": {"$ref": "#/Alias"}}, [], {"a": ("x", "y"), "b": ("x", "y")}),
        ({"a": {"$ref": "#/Loop"}, "b": {"$ref": "#/None"}, "c": {"$ref": "elsewhere"}, "d": {"$ref": 7}}, [],
         {}),
        ({"a": TEXTS}, [asks(requirement={"properties": {"a": {"maxItems": 2}}})], {"a": counts(3)}),
        ({"a": TEXTS}, [asks(requirement={"properties": {"a": {"minItems": 4, "maxItems": 2}}})], {"a": counts(5)}),
        ({"a": TEXTS}, [asks({"properties": {"a": {"minItems": 1}}})], {"a": counts(2)}),
        ({"a": TEXTS}, [asks(requirement={"allOf": [{"properties": {"a": {"maxItems": 0}}}]})], {"a": counts(1)}),
        ({"a": TEXTS}, [asks(requirement={"anyOf": [{"properties": {"a": {"maxItems": 1}}}]})], {"a": counts(2)}),
        ({"a": TEXTS}, [asks(requirement={"not": {"properties": {"a": {"minItems": 1}}}})], {"a": counts(2)}),
        ({"a": TEXTS}, [asks(requirement={"properties": {"a": {"not": {"minItems": 1}}}})], {"a": counts(2)}),
        ({"a": TEXTS}, [asks(requirement={"properties": {"a": {"allOf": [{"minItems": 1}]}}})], {"a": counts(2)}),
        ({"a": TEXTS}, [asks(requirement={"properties": {"a": {"anyOf": [True, {"maxItems": 1}]}}})], {"a": counts(2)}),
        ({"a": TEXTS}, [asks({"properties": {"a": {"minItems": 3}}}), asks({"properties": {"a": {"minItems": 1}}})],
         {"a": counts(4)}),
        ({"a": TEXT}, [asks({"properties": {"a": {"maxItems": 2}}})], {}),
        ({"a": TEXT}, [asks({"required": ["a"]}, passes={"a": "p"}, breaks={"a": "b"})], {"a": (given("p", "b"),)}),
        ({"a": TEXT}, [asks({"required": ["a"]}, passes={"a": "p"}, breaks={"a": "p"})], {"a": (given("p"),)}),
        ({"a": TEXT}, [asks({"required": ["a"]}, passes={"a": "猫"})], {"a": (Given((Sample('"猫"'),)),)}),
        ({"a": TEXT}, [asks({"required": ["a"]}, passes={"b": "p"}, breaks="a")], {}),
        ({"a": TEXT}, [asks(passes={"a": "p"})], {}),
        ({"a": TEXT}, [asks({"required": ["b"]}, passes={"a": "p"})], {}),
        ({"a": TEXT}, [asks(requirement={"not": {"required": ["a"]}}, passes={"a": "p"})], {"a": (given("p"),)}),
        ({"a": TEXT}, [asks(requirement={"anyOf": [{"required": ["a"]}]}, passes={"a": "p"})], {"a": (given("p"),)}),
        ({"a": TEXT}, [asks(requirement={"allOf": [{"required": ["a"]}]}, breaks={"a": "p"})], {"a": (given("p"),)}),
        ({"r": TEXT}, [asks({"required": ["r"]}, passes={"r": "p"})], {}),
        ({"r": TEXT}, [stated({"properties": {"r": {"pattern": "p"}}}, passes={"r": "p"})], {"r": (given("p"),)}),
        ({"r": TEXT}, [stated({"allOf": [{"properties": {"r": {}}}]}, passes={"r": "p"})], {"r": (given("p"),)}),
        ({"r": TEXT}, [stated({"anyOf": [{"properties": {"r": {}}}]}, passes={"r": "p"})], {"r": (given("p"),)}),
        ({"r": TEXT}, [stated({"not": {"properties": {"r": {}}}}, passes={"r": "p"})], {"r": (given("p"),)}),
        ({"r": TEXT}, [stated(requirement={"properties": {"r": {}}}, passes={"r": "p"})], {"r": (given("p"),)}),
        ({"r": TEXT}, [stated({"properties": {"r": {}}}, {"properties": {"o": {}}}, passes={"r": "p"})],
         {"r": (given("p"),)}),
        ({"r": TEXT}, [stated({"properties": {"o": {}}}, passes={"r": "p"})], {}),
        ({"r": TEXT}, [stated({"properties": {"r": {}}})], {}),
        ({"n": {"type": "integer"}}, [asks({"properties": {"n": {"maximum": 2}}})], {"n": (given(1, 2, 3),)}),
        ({"n": {"type": "integer"}}, [asks({"properties": {"n": {"const": 2}}}, passes={"n": 5}, breaks={"n": 2})],
         {"n": (given(5, 2),)}),
        ({"a": TEXTS, "b": TEXT}, [asks({"required": ["a", "b"]}, passes={"a": ["p"]})], {"a": (given(["p"]),)}),
    ],
)  # fmt: skip
def test_values_that_count(properties: dict[str, Any], rules: list[Any], expected: dict[str, Any]) -> None:
    """Enums, booleans, lengths up to one above each bound, and presence where a rule tests it."""
    schema = {"properties": properties, "required": ["r"], "x-rules": rules}
    assert schema_domains(schema, ENUMS) == expected


def test_bounds_of_the_schema_count_too() -> None:
    """Bounds of the document on lengths count without a rule."""
    within = {"properties": {"a": {**TEXTS, "maxItems": 3}}}
    assert schema_domains(within, {}) == {"a": counts(4)}
    assert schema_domains({}, {}) == {}
    assert schema_domains({"properties": {"a": TEXT}, "x-rules": [{"if": {"required": ["a"]}}]}, {}) == {}


def test_only_the_requested_fields() -> None:
    """The requested finite fields, in the requested order."""
    schema = {"properties": {"a": {"type": "boolean"}, "b": {"enum": [1]}, "c": {"$ref": "#/Enum"}, "d": TEXT}}
    found = domains(RuledSchema(("S",), schema, ()), ENUMS, ["d", "c", "a"])
    assert list(found.items()) == [("c", ("x", "y")), ("a", (False, True))]


def made(name: str, level: str) -> Rule:
    """Return a rule with a condition and a requirement that 3.0 words differently."""
    condition, requirement = {"properties": {"a": {"const": "x"}}, "required": ["a"]}, {"required": ["b"]}
    return Rule(name, level, "b must be given", Source("#/at", "words"), condition, requirement, {}, {}, ())


def member(name: str, values: Any) -> dict[str, Any]:
    """Return the schema that stands for such a rule."""
    source = {"at": "#/at", "quote": "words"}
    return {
        "x-rule": {"id": name, "level": "error", "message": "b must be given", "source": source},
        "anyOf": [{"not": {"properties": {"a": values}, "required": ["a"]}}, {"required": ["b"]}],
    }


@pytest.mark.parametrize(
    ("version", "values"), [("3.0.3", {"enum": ["x"]}), ("3.1.0", {"const": "x"}), ("3.2", {"const": "x"})]
)
def test_a_rule_becomes_a_schema(version: str, values: Any) -> None:
    """The schema is `not if` or `then`, in the dialect of the document's version."""
    assert implication(made("r", "error"), version) == member("r", values)
    document = {"openapi": version, "S": {"allOf": [{"title": "kept"}]}, "T": {"type": "object"}, "U": {}}
    before = copy.deepcopy(document)
    rules = (made("r", "error"), made("w", "warning"), made("s", "error"))
    ruled = [RuledSchema(("S",), {}, rules), RuledSchema(("T",), {}, rules[:1]), RuledSchema(("U",), {}, rules[1:2])]
    result = with_rules_as_schema(document, ruled)
    assert result == {
        "openapi": version,
        "S": {"allOf": [{"title": "kept"}, member("r", values), member("s", values)]},
        "T": {"type": "object", "allOf": [member("r", values)]},
        "U": {},
    }
    assert document == before


def test_a_rule_is_added_to_its_schema() -> None:
    """The schema may be a member of a list; its siblings are shared, not copied."""
    document = {"openapi": "3.1.0", "S": {"oneOf": [{"type": "null"}, {"title": "second"}]}}
    result = with_rules_as_schema(document, [RuledSchema(("S", "oneOf", 1), {}, (made("r", "error"),))])
    second = {"title": "second", "allOf": [member("r", {"const": "x"})]}
    assert result == {"openapi": "3.1.0", "S": {"oneOf": [{"type": "null"}, second]}}
    assert result["S"]["oneOf"][0] is document["S"]["oneOf"][0]  # type: ignore[index]


def test_a_document_without_a_version_is_read_as_3_1() -> None:
    """The keywords of JSON Schema are kept."""
    result = with_rules_as_schema({"S": {}}, [RuledSchema(("S",), {}, (made("r", "error"),))])
    assert result == {"S": {"allOf": [member("r", {"const": "x"})]}}


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
    noted = {"if": {"required": ["note"]}, "then": holds("list", maxItems=1), "examples": examples}
    made = space({"note": {"type": "string"}, "list": {"type": "array"}}, None, **{"x-rules": [noted]})
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
    assert [name for name in "abcdef" if name in subject.fields] == list(fields)
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
