"""Rules are written in a bounded part of JSON Schema: what cannot be compiled is refused by name and place."""

from __future__ import annotations

import copy
import math
import re
from datetime import date
from typing import Any

import pytest
from rulewright.rules.dialect import KEYWORDS, DialectError, PatternError, check, children, lower, translate

SPACE = r"\t\n\x0b\x0c\r \xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"


@pytest.mark.parametrize(
    ("pattern", "python"),
    [
        ("", ""),
        ("a|b", "a|b"),
        ("^a$", r"^a\Z"),
        (r"\$", r"\$"),
        (".", r"[^\n\r\u2028\u2029]"),
        (r"\.", r"\."),
        ("[.$^]", "[.$^]"),
        (r"\d\w\s", f"[0-9][A-Za-z0-9_][{SPACE}]"),
        (r"\D\W\S", f"[^0-9][^A-Za-z0-9_][^{SPACE}]"),
        (r"[\d\w\s-]", f"[0-9A-Za-z0-9_{SPACE}-]"),
        (r"[^\da]b", "[^0-9a]b"),
        (r"\x4fa\u00e9", r"\x4fa\u00e9"),
        (r"[\x4F\u00E9]", r"[\x4F\u00E9]"),
        (r"\/\v\t\n\r\f\-", r"/\x0b\t\n\r\f\-"),
        (r"[\/\v\]\\]x", r"[/\x0b\]\\]x"),
        (r"\^\\\*\+\?\(\)\[\]\{\}\|", r"\^\\\*\+\?\(\)\[\]\{\}\|"),
        ("(a)(?:b)(?=c)(?!d)", "(a)(?:b)(?=c)(?!d)"),
        ("a*b+c?", "a*b+c?"),
        ("a*?b+?c??", "a*?b+?c??"),
        ("a{2}b{2,}c{12,13}d{1}?", "a{2}b{2,}c{12,13}d{1}?"),
        ("[[a&&b~~c||d]", r"[\[a\&\&b\~\~c\|\|d]"),
        ("[XYZ]", "[XYZ]"),
        (r"\_\@[\:\ ]", r"\_\@[\:\ ]"),
        (r"[^\W_]", r"[^\x00-/:-@\[-^`{-\U0010ffff_]"),
        ("^x$|.y", r"^x\Z|[^\n\r\u2028\u2029]y"),
        ("}", "}"),
        ("é猫", "é猫"),
    ],
)
def test_a_shared_pattern_is_translated(pattern: str, python: str) -> None:
    """Each construct that both languages have is spelt the way that means the same in Python."""
    assert translate(pattern) == python


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("a(?<n>b)", "the group at position 1 is of a kind that is not shared"),
        ("(?i)a", "the group at position 0 is of a kind that is not shared"),
        ("(?P<n>a)", "the group at position 0 is of a kind that is not shared"),
        ("(?<=a)b", "the group at position 0 is of a kind that is not shared"),
        ("a{", "the brace at position 1 must be escaped"),
        ("{a}", "the brace at position 0 must be escaped"),
        ("a{,2}", "the brace at position 1 must be escaped"),
        ("a++", "the quantifier at position 1 is possessive"),
        ("ab?+", "the quantifier at position 2 is possessive"),
        ("a{2}*", "the quantifier at position 1 is possessive"),
        (r"a\b", r"the escape \b at position 1 is not shared"),
        (r"\1", r"the escape \1 at position 0 is not shared"),
        (r"\x4", r"the escape \x at position 0 is not shared"),
        (r"\u12", r"the escape \u at position 0 is not shared"),
        (r"[\b]", r"the escape \b at position 1 is not shared"),
        (r"\<", r"the escape \< at position 0 is not shared"),
        ("a\\", "the escape \\ at position 1 is not shared"),
        ("a[]", "the empty class at position 1 is not shared"),
        ("[^]a]", "the empty class at position 0 is not shared"),
        ("b[a", "the class at position 1 is not closed"),
        ("(a", "missing ), unterminated subpattern at position 0"),
        ("*", "nothing to repeat at position 0"),
        ("a{99999999999}", "the repetition number is too large"),
    ],
)
def test_another_pattern_is_refused(pattern: str, message: str) -> None:
    """Syntax with another or no meaning in Python is refused with its position."""
    with pytest.raises(PatternError) as caught:
        translate(pattern)
    assert str(caught.value) == message


@pytest.mark.parametrize("name", "DWS")
def test_a_class_within_brackets_is_the_one_without(name: str) -> None:
    """Every character is in one of the class and its opposite, whether these stand in brackets or not."""
    inside, outside = (re.compile(translate(pattern)) for pattern in (rf"^[\{name}]$", rf"^\{name}$"))
    assert not [char for char in map(chr, range(0x10FFFF)) if bool(inside.match(char)) != bool(outside.match(char))]


KNOWN = ", ".join(KEYWORDS)
TYPES = "string, number, integer, boolean, array, object, null"


def a(**schema: Any) -> dict[str, Any]:
    """Return the schema of a body whose field a fits a schema."""
    return {"properties": {"a": schema}}


@pytest.mark.parametrize(
    ("schema", "location", "message"),
    [
        ([], (), "a schema must be an object or a boolean, got []"),
        ("x" * 99, (), f"a schema must be an object or a boolean, got '{'x' * 59}"),
        ({"anyof": []}, ("anyof",), f"the keyword 'anyof' cannot be compiled; known are {KNOWN}"),
        (a(format="uri"), ("properties", "a", "format"), f"the keyword 'format' cannot be compiled; known are {KNOWN}"),
        ({"const": 1}, ("const",), "const is about the body as a whole; name the property it is about"),
        ({"allOf": [{"type": "object"}]}, ("allOf", 0, "type"),
         "type is about the body as a whole; name the property it is about"),
        ({"anyOf": [True, {"not": {"minLength": 1}}]}, ("anyOf", 1, "not", "minLength"),
         "minLength is about the body as a whole; name the property it is about"),
        ({"properties": []}, ("properties",), "properties must be an object of schemas by name, got []"),
        ({"properties": {"a": 1}}, ("properties", "a"), "a schema must be an object or a boolean, got 1"),
        ({"properties": {1: {}}}, ("properties",), "properties must be an object of schemas by name, got {1: {}}"),
        ({"required": ["a", "a"]}, ("required",),
         "required must be a list of property names, each once, got ['a', 'a']"),
        (a(const=math.inf), ("properties", "a", "const"), "const must be a JSON value, got inf"),
        (a(const=[{"b": math.nan}]), ("properties", "a", "const"), "const must be a JSON value, got [{'b': nan}]"),
        (a(const={1: 2}), ("properties", "a", "const"), "const must be a JSON value, got {1: 2}"),
        (a(const=b"x"), ("properties", "a", "const"), "const must be a JSON value, got b'x'"),
        (a(enum=["x", date(2020, 1, 2)]), ("properties", "a", "enum"),
         "enum must be a list of JSON values, at least one, got ['x', datetime.date(2020, 1, 2)]"),
        (a(minimum=-math.inf), ("properties", "a", "minimum"), "minimum must be a finite number, got -inf"),
        ({"required": "a"}, ("required",), "required must be a list of property names, each once, got 'a'"),
        ({"required": ["a", 1]}, ("required",), "required must be a list of property names, each once, got ['a', 1]"),
        ({"allOf": []}, ("allOf",), "allOf must be a list of schemas, at least one, got []"),
        ({"anyOf": {}}, ("anyOf",), "anyOf must be a list of schemas, at least one, got {}"),
        ({"not": []}, ("not",), "not must be a schema, got []"),
        (a(enum=[]), ("properties", "a", "enum"), "enum must be a list of JSON values, at least one, got []"),
        (a(enum="ab"), ("properties", "a", "enum"), "enum must be a list of JSON values, at least one, got 'ab'"),
        (a(type="text"), ("properties", "a", "type"), f"type must be one of {TYPES}, got 'text'"),
        (a(items=[]), ("properties", "a", "items"), "items must be a schema, got []"),
        (a(items={"maxItems": -1}), ("properties", "a", "items", "maxItems"), "maxItems must be a count, got -1"),
        (a(minItems=True), ("properties", "a", "minItems"), "minItems must be a count, got True"),
        (a(minItems=1.0), ("properties", "a", "minItems"), "minItems must be a count, got 1.0"),
        (a(minLength="1"), ("properties", "a", "minLength"), "minLength must be a count, got '1'"),
        (a(maxLength=None), ("properties", "a", "maxLength"), "maxLength must be a count, got None"),
        (a(minimum="1"), ("properties", "a", "minimum"), "minimum must be a finite number, got '1'"),
        (a(maximum=True), ("properties", "a", "maximum"), "maximum must be a finite number, got True"),
        (a(exclusiveMinimum=True), ("properties", "a", "exclusiveMinimum"),
         "exclusiveMinimum must be a finite number, got True"),
        (a(exclusiveMaximum=[]), ("properties", "a", "exclusiveMaximum"),
         "exclusiveMaximum must be a finite number, got []"),
        (a(pattern=1), ("properties", "a", "pattern"), "pattern must be a regular expression, got 1"),
        (a(pattern="a++"), ("properties", "a", "pattern"),
         "pattern 'a++' cannot be compiled: the quantifier at position 1 is possessive"),
        (a(pattern="b++" + "x" * 99), ("properties", "a", "pattern"),
         f"pattern 'b++{'x' * 56} cannot be compiled: the quantifier at position 1 is possessive"),
        (a(enum="x" * 99), ("properties", "a", "enum"),
         f"enum must be a list of JSON values, at least one, got '{'x' * 59}"),
    ],
)  # fmt: skip
def test_a_schema_that_cannot_be_compiled_is_refused(schema: Any, location: tuple[Any, ...], message: str) -> None:
    """The message names the keyword, what it wants and what it got; the location leads to it."""
    with pytest.raises(DialectError) as caught:
        check(schema)
    assert (caught.value.location, str(caught.value)) == (location, message)
    with pytest.raises(DialectError) as caught:
        check(schema, ("then",))
    assert caught.value.location == ("then", *location)


def test_every_keyword_is_accepted() -> None:
    """A schema that uses all of the dialect, with the smallest operands, is fine."""
    field = {
        "const": None, "enum": [None], "type": "null", "items": False, "minItems": 0, "maxItems": 0, "minLength": 0,
        "maxLength": 0, "pattern": "", "minimum": 0, "maximum": 0.5, "exclusiveMinimum": -1, "exclusiveMaximum": 1,
    }  # fmt: skip
    check({"properties": {"a": field}, "required": [], "allOf": [True], "anyOf": [False], "not": {}})
    check({"const": 1}, body=False)
    check({"const": {"a": [None, True, 1.5, "x", {}, 10**400]}, "maximum": 10**400}, body=False)
    check(True)


def test_children_of_a_schema() -> None:
    """Each direct subschema comes with its location; booleans have none."""
    schema = {
        "not": {"minItems": 1}, "items": True, "anyOf": [{"const": 1}], "allOf": [False, {}],
        "properties": {"a": {"const": 2}, "b": {}}, "enum": [{"items": 1}],
    }  # fmt: skip
    assert list(children(schema)) == [
        (("properties", "a"), {"const": 2}),
        (("properties", "b"), {}),
        (("allOf", 0), False),
        (("allOf", 1), {}),
        (("anyOf", 0), {"const": 1}),
        (("items",), True),
        (("not",), {"minItems": 1}),
    ]
    assert list(children(True)) == []


@pytest.mark.parametrize(
    ("schema", "lowered"),
    [
        (True, {}),
        (False, {"not": {}}),
        ({"const": "x"}, {"enum": ["x"]}),
        ({"const": 1, "enum": [1, 2]}, {"enum": [1, 2], "allOf": [{"enum": [1]}]}),
        ({"exclusiveMinimum": 1}, {"allOf": [{"minimum": 1, "exclusiveMinimum": True}]}),
        ({"exclusiveMaximum": 2}, {"allOf": [{"maximum": 2, "exclusiveMaximum": True}]}),
        (
            {"minimum": 0, "exclusiveMinimum": 1, "allOf": [{"const": 1}]},
            {"minimum": 0, "allOf": [{"enum": [1]}, {"minimum": 1, "exclusiveMinimum": True}]},
        ),
        ({"type": "null"}, {"allOf": [{"enum": [None]}]}),
        ({"type": "string"}, {"type": "string"}),
        ({"required": []}, {}),
        ({"required": [], "minItems": 1}, {"minItems": 1}),
        ({"required": ["a"]}, {"required": ["a"]}),
        ({"items": True, "not": {"const": 1}}, {"items": {}, "not": {"enum": [1]}}),
        ({"anyOf": [{"const": 1}, False]}, {"anyOf": [{"enum": [1]}, {"not": {}}]}),
        ({"properties": {"const": {"const": 1}, "b": True}}, {"properties": {"const": {"enum": [1]}, "b": {}}}),
        ({"enum": [{"const": [1]}]}, {"enum": [{"const": [1]}]}),
    ],
)
def test_a_schema_is_lowered_to_openapi_3_0(schema: Any, lowered: Any) -> None:
    """Keywords that 3.0 lacks are rewritten; the argument is not changed."""
    before = copy.deepcopy(schema)
    result = lower(schema, "3.0.3")
    assert result == lowered
    assert lower(schema, "3.1.0") == schema == before
    if isinstance(schema, dict):
        for words in (result, lower(schema, "3.1.0")):
            assert all(
                value is not schema.get(key) or not isinstance(value, dict | list) for key, value in words.items()
            )
