"""Variants: the cases of each value of the discriminating field, and malformed declarations."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import pytest
from rulewright.errors import InputError
from rulewright.rules import variants
from rulewright.rules.definition import Rule, RuledSchema, read_rules
from rulewright.rules.space import Given, Length, Sample
from rulewright.rules.variants import ABSENT, VariantSet, read_variants

from tests.rules.compiling import rule

PROPERTIES: dict[str, Any] = {
    "kind": {"enum": ["one", "two"]},
    "size": {"enum": ["s", "m", "l"]},
    "list": {"type": "array", "maxItems": 1},
    "note": {"type": "string"},
}
DECLARED: dict[str, Any] = {"by": "kind", "names": {"one": "make_one", "two": "make_two"}, "general": "make"}
KIND_ONE = {"properties": {"kind": {"const": "one"}}, "required": ["kind"]}
SMALL = {"properties": {"size": {"enum": ["s", "m"]}}}
LIST = {"required": ["list"], "properties": {"list": {"minItems": 1}}}


def read(rules: Sequence[Rule], declared: Any = None, **more: Any) -> VariantSet:
    """Return the variants of a made-up schema."""
    declared = DECLARED if declared is None else declared
    schema = {"properties": PROPERTIES, "required": ["kind", "size"], "x-variants": declared, **more}
    (result,) = read_variants({}, [RuledSchema(("S",), schema, tuple(rules)), RuledSchema(("T",), {}, ())])
    return result


def test_rules_narrow_each_variant() -> None:
    """A rule about one value narrows that variant only; fields without rules are not in the cases."""
    made = read([rule(KIND_ONE, {"allOf": [SMALL, LIST]})])
    one, two = made.variants
    assert (one.value, one.function, two.value, two.function) == ("one", "make_one", "two", "make_two")
    assert one.cases == ({"size": ("s", "m"), "list": (Length(1), Length(2))},)
    assert two.cases == ({"size": ("s", "m", "l"), "list": (ABSENT, Length(0), Length(1), Length(2))},)
    assert made.domains == {
        "kind": ("one", "two"), "size": ("s", "m", "l"), "list": (ABSENT, Length(0), Length(1), Length(2))
    }  # fmt: skip
    assert (made.by, made.general, made.positional, made.defaults) == ("kind", "make", (), {})
    assert made.ruled.location == ("S",)


def test_variants_need_no_rules() -> None:
    """Without rules there is one typed function for each value."""
    schema = {"properties": PROPERTIES, "required": ["kind", "size"], "x-variants": DECLARED}
    document = {"components": {"schemas": {"S": schema}}}
    (made,) = read_variants(document, read_rules(document))
    assert [(variant.function, variant.cases) for variant in made.variants] == [
        ("make_one", ({},)),
        ("make_two", ({},)),
    ]
    assert made.ruled.rules == ()


def test_fields_that_depend_on_each_other_split_a_variant() -> None:
    """Each case is a product of values; together they are exactly what is allowed."""
    large = {"properties": {"size": {"const": "l"}}, "required": ["size"]}
    one, two = read([rule({"allOf": [KIND_ONE, large]}, LIST)]).variants
    every = (ABSENT, Length(0), Length(1), Length(2))
    assert one.cases == ({"size": ("s", "m"), "list": every}, {"size": ("l",), "list": (Length(1), Length(2))})
    assert two.cases == ({"size": ("s", "m", "l"), "list": every},)


def test_a_field_that_cannot_be_listed_is_given_or_not() -> None:
    """Its presence counts; it is allowed if any value of the examples is."""
    examples = {"passes": {"note": "good"}, "breaks": {"note": "bad"}}
    spoken = {"if": KIND_ONE, "then": {"required": ["note"]}, "examples": examples}
    either = {"anyOf": [{"properties": {"note": {"const": "bad"}}, "required": ["note"]}, {"required": ["list"]}]}
    one, _ = read([rule(KIND_ONE, either)], **{"x-rules": [spoken]}).variants
    given = Given((Sample('"good"'), Sample('"bad"')))
    assert one.cases == (
        {"list": (ABSENT,), "note": (given,)},
        {"list": (Length(0), Length(1), Length(2)), "note": (ABSENT, given)},
    )


def test_what_a_declaration_may_add() -> None:
    """Positional fields, and defaults."""
    made = read([], {**DECLARED, "positional": ["note", "size"], "defaults": {"size": "m", "note": "x"}})
    assert (made.positional, made.defaults) == (("note", "size"), {"size": "m", "note": "x"})
    assert [variant.cases for variant in made.variants] == [({},), ({},)]


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        ("by kind", "must be an object with by, names, and may have defaults, general, positional"),
        ({"by": "kind"}, "must be an object with by, names, and may have defaults, general, positional"),
        ({**DECLARED, "more": 1}, "must be an object with by, names, and may have defaults, general, positional"),
        ({**DECLARED, "general": "a b"}, "the function name 'a b' is not a Python identifier"),
        ({**DECLARED, "general": 1}, "the function name 1 is not a Python identifier"),
        ({**DECLARED, "general": "class"}, "the function name 'class' is not a Python identifier"),
        ({**DECLARED, "names": {"one": "_x", "two": "y"}}, "the function name '_x' begins with an underscore"),
        ({**DECLARED, "by": "colour"}, "names the field 'colour', which the schema does not have"),
        ({**DECLARED, "positional": ["x"]}, "names the field 'x', which the schema does not have"),
        ({**DECLARED, "defaults": {"y": 1}}, "names the field 'y', which the schema does not have"),
        ({**DECLARED, "names": {"one": "x"}}, "names must name each value of kind once: ['one', 'two']"),
        ({**DECLARED, "by": "note"}, "names must name each value of note once: []"),
        ({**DECLARED, "defaults": {"size": "xl"}}, "the default 'xl' is not a value of size"),
    ],
)  # fmt: skip
def test_a_wrong_declaration_is_an_error(declared: Any, message: str) -> None:
    """What is wrong, with the place in the document."""
    with pytest.raises(InputError, match="x-variants") as caught:
        read([], declared)
    assert str(caught.value) == f"x-variants {message}\n  at /S/x-variants"


def test_a_boolean_may_tell_variants_apart() -> None:
    """Its values are keys of `names` as JSON writes them."""
    properties = {**PROPERTIES, "kind": {"type": "boolean"}}
    on = {"properties": {"kind": {"const": True}}, "required": ["kind"]}
    declared = {**DECLARED, "names": {"true": "make_fast", "false": "make_slow"}}
    fast, slow = read([rule(on, SMALL)], declared, properties=properties).variants
    assert [(fast.value, fast.function), (slow.value, slow.function)] == [(True, "make_fast"), (False, "make_slow")]
    assert (fast.cases, slow.cases) == (({"size": ("s", "m")},), ({"size": ("s", "m", "l")},))
    with pytest.raises(InputError, match=re.escape("each value of kind once: ['false', 'true']")):
        read([], properties=properties)


def test_an_optional_field_may_tell_variants_apart() -> None:
    """Its absence is no variant."""
    made = read([], required=["size"])
    assert [variant.value for variant in made.variants] == ["one", "two"]


def test_a_field_that_is_independent_splits_nothing() -> None:
    """A variant splits on the first dependent field; independent fields keep all values in each case."""
    properties = {"kind": {"$ref": "#/Kind"}, "tone": {"enum": ["low", "high"]}, "size": PROPERTIES["size"],
                  "list": PROPERTIES["list"], "dark": {"type": "boolean"}}  # fmt: skip
    large = {"properties": {"size": {"const": "l"}}, "required": ["size"]}
    medium = {"properties": {"size": {"const": "m"}}, "required": ["size"]}
    rules = [
        rule({"allOf": [KIND_ONE, large]}, LIST),
        rule({"allOf": [KIND_ONE, medium]}, {"properties": {"dark": {"const": True}}, "required": ["dark"]}),
        rule({"properties": {"tone": {"const": "none"}}, "required": ["tone"]}, False),
    ]
    schema = {"properties": properties, "required": ["kind", "size", "tone", "list"], "x-variants": DECLARED}
    document = {"Kind": {"enum": ["one", "two"]}}
    (made,) = read_variants(document, [RuledSchema(("S",), schema, tuple(rules))])
    tones, lists, dark = ("low", "high"), (Length(0), Length(1), Length(2)), (ABSENT, False, True)
    assert made.variants[0].cases == (
        {"tone": tones, "size": ("s",), "list": lists, "dark": dark},
        {"tone": tones, "size": ("m",), "list": lists, "dark": (True,)},
        {"tone": tones, "size": ("l",), "list": (Length(1), Length(2)), "dark": dark},
    )


def test_values_with_different_lengths_are_separate_cases() -> None:
    """Two values that allow different lengths are separate, although all other fields are equal."""
    properties = {name: PROPERTIES[name] for name in ("kind", "size", "list")} | {"dark": {"type": "boolean"}}
    small, medium, large = ({"properties": {"size": {"const": size}}, "required": ["size"]} for size in "sml")
    few = {"properties": {"list": {"maxItems": 0}}}
    some = {"properties": {"list": {"maxItems": 1}}, "required": ["list"]}
    rules = [rule(small, few), rule(medium, LIST), rule(large, some), rule(True, {"required": ["dark"]})]
    schema = {"properties": properties, "required": ["kind", "size"], "x-variants": DECLARED}
    (made,) = read_variants({}, [RuledSchema(("S",), schema, tuple(rules))])
    assert made.variants[0].cases == (
        {"size": ("s",), "list": (ABSENT, Length(0)), "dark": (False, True)},
        {"size": ("m",), "list": (Length(1), Length(2)), "dark": (False, True)},
        {"size": ("l",), "list": (Length(0), Length(1)), "dark": (False, True)},
    )


def test_a_schema_may_be_sparse() -> None:
    """Without required fields all are optional; without properties the discriminating field is missing."""
    schema = {"properties": PROPERTIES, "x-variants": DECLARED}
    (made,) = read_variants({}, [RuledSchema(("S",), schema, ())])
    assert made.domains["size"] == (ABSENT, "s", "m", "l")
    with pytest.raises(InputError, match="names the field 'kind', which the schema does not have"):
        read_variants({}, [RuledSchema(("S",), {"x-variants": DECLARED}, ())])


def test_a_variant_without_a_valid_request_is_an_error() -> None:
    """No function is generated that has no valid call."""
    with pytest.raises(InputError, match=r"^x-variants no request with kind='one' keeps the rules\n"):
        read([rule(KIND_ONE, False)])


def test_too_many_combinations_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message names the limit; up to it everything is evaluated."""
    rules = [rule(KIND_ONE, {"allOf": [SMALL, LIST]})]
    monkeypatch.setattr(variants, "MAX_POINTS", 12)
    assert len(read(rules).variants) == 2
    monkeypatch.setattr(variants, "MAX_POINTS", 11)
    message = "x-variants cannot be evaluated: 12 combinations of ['size', 'list'] (limit 11)"
    with pytest.raises(InputError, match=re.escape(message)):
        read(rules)
