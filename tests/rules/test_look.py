"""The statements of a look at a glance: fields of no plain kind, lists, branches, and rules nobody can keep."""

from __future__ import annotations

from typing import Any

import pytest
from rulewright.generate.names import FieldName, ModelName, Names
from rulewright.generate.rules_module import rules_module
from rulewright.rules.definition import Rule, RuledSchema, Source

from tests.rules.test_module import LIST, NONE, TEXT, field, function, looks, module, when


@pytest.mark.parametrize(
    "form",
    [
        {"type": "array", "items": {"type": "object"}},
        {"type": "array", "items": {"type": "array"}},
        {"enum": [["x"], {"y": 1}, None]},
        {"type": "string", "enum": ["x", None]},
        {"type": "object", "properties": {"n": TEXT}},
    ],
)
def test_a_field_of_no_plain_kind_is_let_through_only_where_it_is_absent(form: Any) -> None:
    """Whatever it may hold; the fields after it are asked as ever, and no rule for a word of it makes a branch."""
    rules = ((when("x"), False), (True, field("a", const="x")))
    assert looks({"a": form, "b": {"type": "boolean"}}, *rules, required=["b"]) == [
        "if a is not UNSET:", NONE, "if type(b) is not bool:", NONE,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("wanted", "asked"),
    [
        ({"required": ["n"]}, "is_object(item) and isinstance(member(item, 'n'), Unset)"),
        (field("n", const="x"), "not isinstance(member(item, 'n'), Unset) and member(item, 'n') != 'x'"),
    ],
)
def test_what_is_in_an_item_of_any_kind_may_be_absent(wanted: Any, asked: str) -> None:
    """Nothing is known of it beforehand, so it is asked for as everywhere."""
    assert looks({"b": {"type": "array"}}, (True, field("b", items=wanted)), required=["b"]) == [
        "if type(b) is not list:", NONE, "for item in b:", f"    if {asked}:", "        return None",
    ]  # fmt: skip


def test_what_a_reference_leads_to_is_known_of_items() -> None:
    """The items of a list as well as a field itself."""
    schema = {
        "type": "object",
        "properties": {"a": {"type": "array", "items": {"$ref": "#/Word"}}, "b": {"$ref": "#/Word"}},
        "required": ["a", "b"],
        "additionalProperties": False,
    }
    rule = Rule("r", "error", "m", Source("#/", "q"), True, True, {}, {}, ())
    model = ModelName("Odd", "odd", ("/S",), {name: FieldName(name, "Any", None) for name in "ab"})
    document = {"S": schema, "Word": {"type": "string", "enum": ["x", "y"]}}
    source = rules_module(RuledSchema(("S",), schema, (rule,)), Names({"Odd": model}, frozenset(), ()), document)
    assert function(source, "look").splitlines()[2:] == [
        "if type(a) is not list:", NONE,
        "for item in a:", "    if type(item) is not str or item not in {'x', 'y'}:", "        return None",
        "if type(b) is not str or b not in {'x', 'y'}:", NONE,
        "return ()",
    ]  # fmt: skip


def test_bounds_and_sizes_are_asked_both_ways() -> None:
    """Of an integer its value, of a text and a list their length."""
    properties = {
        "a": {"type": "number", "minimum": 1, "maximum": 2.5},
        "b": {"type": "string", "minLength": 1, "maxLength": 2},
        "c": {"type": "array", "minItems": 1, "maxItems": 2},
    }
    assert looks(properties, (True, True), required=["a", "b", "c"]) == [
        "if type(a) not in (int, float) or a < 1 or a > 2.5:", NONE,
        "if type(b) is not str or len(b) < 1 or len(b) > 2:", NONE,
        "if type(c) is not list or len(c) < 1 or len(c) > 2:", NONE,
    ]  # fmt: skip


def test_one_rule_for_one_word_is_enough_for_a_branch() -> None:
    """The question whether the word is listed is asked in the same breath."""
    words = {"a": {**TEXT, "enum": ["x", "y", "z"]}, "n": {"type": "integer"}}
    assert looks(words, (when("x"), field("n", minimum=2)), required=["a", "n"]) == [
        "if type(n) is not int:", NONE,
        "if a == 'x':", "    if n < 2:", "        return broken(a, n)", "elif a not in ('y', 'z'):", NONE,
    ]  # fmt: skip


def test_a_rule_that_nobody_can_keep_is_broken_by_whatever_fits() -> None:
    """Also where there are lists, which are looked through all the same."""
    assert looks({"b": LIST}, (True, False), required=["b"]) == [
        "if type(b) is not list:", NONE, "for item in b:", "    if type(item) is not str:", "        return None",
        "if True:", "    return broken()",
    ]  # fmt: skip


def test_a_rule_of_items_under_several_conditions_asks_all_of_them_first() -> None:
    """Then the items, one by one."""
    both = {**field("b", minItems=1), "allOf": [{**field("c", const=True), "required": ["c"]}]}
    properties = {"a": LIST, "b": {"type": "array"}, "c": {"type": "boolean"}}
    found = looks(properties, (both, field("a", items={"const": "x"})), required=["a", "b"])
    assert found[-4:] == [
        "if len(b) >= 1 and equals(c, True):",
        "    for item in a:", "        if item != 'x':", "            return broken(a, b, c)",
    ]  # fmt: skip


def test_a_look_uses_the_patterns_and_helpers_of_its_module() -> None:
    """Each pattern by the name it has there, in whatever order the look comes upon them; each helper is imported."""
    wanted = {"not": {**field("a", pattern="^x"), "required": ["a"]}, "properties": {"b": {"pattern": "^y"}}}
    source = module({"a": TEXT, "b": TEXT}, (True, wanted), required=["a", "b"])
    patterns = [line for line in source.splitlines() if line.startswith("_PATTERN")]
    assert patterns == ["_PATTERN_1: Final = re.compile('^y')", "_PATTERN_2: Final = re.compile('^x')"]
    assert function(source, "look").splitlines()[-3:-1] == [
        "if _PATTERN_2.search(a) or not _PATTERN_1.search(b):", "    return broken(a, b)"
    ]  # fmt: skip
    source = module({"a": TEXT}, (True, field("a", **{"not": {"required": ["n"]}})), required=["a"])
    assert "is_object(a)" in function(source, "look")
    assert "from ._values import is_object, member" in source
