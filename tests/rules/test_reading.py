"""Compiled rules: conditions are short, and violations point at the right field."""

from __future__ import annotations

from typing import Any

import pytest
from rulewright.rules.expression import Compiler, mismatches, negate, render


def compiler(lists: dict[str, str] | None = None) -> Compiler:
    """Return a compiler whose fields are variables of the same name."""
    result = Compiler(lambda owner, name: name if owner == "body" else f"member({owner}, {name!r})", lists or {})
    result.objects.add("body")
    return result


def a(**schema: Any) -> dict[str, Any]:
    """Return the schema of a body whose field a fits a schema."""
    return {"properties": {"a": schema}}


def required(*names: str, **schema: Any) -> dict[str, Any]:
    """Return a schema that requires some fields, and more."""
    return {"required": list(names), **schema}


CONST = {"const": "x"}
SEQUENCE = "isinstance(a, (list, tuple))"
GIVEN = "a is not ABSENT"
HOLDS: list[tuple[Any, str, str]] = [
    (True, "True", "False"),
    (False, "False", "True"),
    ({}, "True", "False"),
    (required(), "True", "False"),
    (a(const="x"), "a is ABSENT or a == 'x'", f"{GIVEN} and a != 'x'"),
    (required("a", **a(const="x")), "a == 'x'", "a != 'x'"),
    (required("a", "b"), f"{GIVEN} and b is not ABSENT", "a is ABSENT or b is ABSENT"),
    ({"not": required("a")}, "a is ABSENT", GIVEN),
    ({"not": required("a", **a(const="x"))}, "a != 'x'", "a == 'x'"),
    (required("a", **a(enum=["x", "y"])), "a in ('x', 'y')", "a not in ('x', 'y')"),
    (required("a", **a(enum=["x", 1])), "equals(a, 'x', 1)", "not equals(a, 'x', 1)"),
    (required("a", **a(const=None)), "equals(a, None)", "not equals(a, None)"),
    (required("a", **a(type="integer")), "is_integer(a)", "not is_integer(a)"),
    (required("a", **a(type="object")), "isinstance(a, Mapping)", "not isinstance(a, Mapping)"),
    (
        required("a", **a(const="x", type="string")),
        "a == 'x' and isinstance(a, str)",
        "a != 'x' or not isinstance(a, str)",
    ),
    (required("a", **a(**{"not": CONST})), f"{GIVEN} and a != 'x'", "a is ABSENT or a == 'x'"),
    (required("a", **a(minItems=1, const="x")), f"a == 'x' and (not {SEQUENCE} or len(a) >= 1)",
     f"a != 'x' or {SEQUENCE} and len(a) < 1"),
    (a(minItems=2, maxItems=2), f"a is ABSENT or not {SEQUENCE} or len(a) == 2",
     f"{GIVEN} and {SEQUENCE} and len(a) != 2"),
    (a(minItems=1, maxItems=2), f"a is ABSENT or not {SEQUENCE} or 1 <= len(a) <= 2",
     f"{GIVEN} and {SEQUENCE} and not 1 <= len(a) <= 2"),
    (a(minimum=1, exclusiveMaximum=2), "a is ABSENT or not is_number(a) or a >= 1 and a < 2",
     f"{GIVEN} and is_number(a) and (a < 1 or a >= 2)"),
    (a(minItems=0), "True", "False"),
    (a(minLength=0), "True", "False"),
    (a(items=True), "True", "False"),
    (
        a(items=CONST),
        f"a is ABSENT or not {SEQUENCE} or all(item == 'x' for item in a)",
        f"{GIVEN} and {SEQUENCE} and any(item != 'x' for item in a)",
    ),
    (
        a(pattern=r"\S"),
        "a is ABSENT or not isinstance(a, str) or '!' <= a <= '~' or a.strip(WHITE_SPACE)",
        f"{GIVEN} and isinstance(a, str) and not '!' <= a <= '~' and not a.strip(WHITE_SPACE)",
    ),
    (
        a(pattern="x"),
        "a is ABSENT or not isinstance(a, str) or _PATTERN_1.search(a)",
        f"{GIVEN} and isinstance(a, str) and not _PATTERN_1.search(a)",
    ),
    (
        required("a", "b", properties={"a": CONST, "b": {"const": "y"}}),
        "a == 'x' and b == 'y'",
        "a != 'x' or b != 'y'",
    ),
    ({"allOf": [True, False]}, "False", "True"),
    ({"allOf": [required("a"), required("a")]}, GIVEN, "a is ABSENT"),
    ({"allOf": [required("a"), a(const="x")]}, "a == 'x'", "a != 'x'"),
    ({"anyOf": [True, required("a")]}, "True", "False"),
    ({"anyOf": [False, required("a")]}, GIVEN, "a is ABSENT"),
    ({"anyOf": [required("a"), required("a")]}, GIVEN, "a is ABSENT"),
    ({"anyOf": [required("a", **a(const="x")), required("b")]}, "a == 'x' or b is not ABSENT",
     "a != 'x' and b is ABSENT"),
    ({"allOf": [{"anyOf": [required("a"), required("b")]}, required("c")]},
     "(a is not ABSENT or b is not ABSENT) and c is not ABSENT",
     "a is ABSENT and b is ABSENT or c is ABSENT"),
    ({"not": {"anyOf": [required("a"), required("b")]}}, "a is ABSENT and b is ABSENT",
     "a is not ABSENT or b is not ABSENT"),
    (a(required=["b"]), "a is ABSENT or not isinstance(a, Mapping) or member(a, 'b') is not ABSENT",
     f"{GIVEN} and isinstance(a, Mapping) and member(a, 'b') is ABSENT"),
]  # fmt: skip


@pytest.mark.parametrize(("schema", "holds", "fails"), HOLDS)
def test_a_schema_reads_as_a_condition(schema: Any, holds: str, fails: str) -> None:
    """A schema and its negation compile to short conditions."""
    expression = compiler().holds(schema, "body")
    assert render(expression) == holds
    assert render(negate(expression)) == fails
    assert render(negate(negate(expression))) == holds


PLACES: list[tuple[Any, list[tuple[str, str, str]]]] = [
    (True, []),
    ({}, []),
    (False, [("", "ABSENT", "True")]),
    (a(), []),
    ({"properties": {"a": False}}, [("/a", "a", GIVEN)]),
    ({"properties": {"a/b": False}}, [("/a~1b", "a/b", "a/b is not ABSENT")]),
    (required("a", "b"), [("/a", "a", "a is ABSENT"), ("/b", "b", "b is ABSENT")]),
    (required("a", **a(minItems=1)), [("/a", "a", f"a is ABSENT or {SEQUENCE} and len(a) < 1")]),
    ({"not": required("a")}, [("/a", "a", GIVEN)]),
    ({"not": required("a", "b")}, [("", "ABSENT", f"{GIVEN} and b is not ABSENT")]),
    ({"not": required("a", **a(const="x"))}, [("", "ABSENT", "a == 'x'")]),
    ({"not": required("b"), **required("a")}, [("/a", "a", "a is ABSENT"),
                                               ("/b", "b", "b is not ABSENT")]),
    ({"not": required("b"), "anyOf": [required("a"), required("c")]},
     [("/b", "b", "b is not ABSENT"), ("", "ABSENT", "a is ABSENT and c is ABSENT")]),
    ({"allOf": [required("a"), required("b")]},
     [("/a", "a", "a is ABSENT"), ("/b", "b", "b is ABSENT")]),
    ({"anyOf": [required("a"), required("b")]}, [("", "ABSENT", "a is ABSENT and b is ABSENT")]),
    (a(required=["b"]), [("/a/b", "member(a, 'b')", "isinstance(a, Mapping) and member(a, 'b') is ABSENT")]),
    (a(properties={"b": {"minLength": 1}}),
     [("/a/b", "member(a, 'b')", f"{GIVEN} and isinstance(member(a, 'b'), str) and len(member(a, 'b')) < 1")]),
    (a(**{"not": required("b")}),
     [("/a", "a", f"{GIVEN} and not isinstance(a, Mapping)"),
      ("/a/b", "member(a, 'b')", f"{GIVEN} and member(a, 'b') is not ABSENT")]),
    (a(type="object", **required("b")),
     [("/a/b", "member(a, 'b')", "isinstance(a, Mapping) and member(a, 'b') is ABSENT"),
      ("/a", "a", f"{GIVEN} and not isinstance(a, Mapping)")]),
]  # fmt: skip


@pytest.mark.parametrize(("schema", "expected"), PLACES)
def test_violations_point_at_the_field(schema: Any, expected: list[tuple[str, str, str]]) -> None:
    """Missing and forbidden fields have their own pointer; conditions of one pointer are merged."""
    found = mismatches(schema, "body", "", compiler())
    assert [(each.pointer, each.value, render(each.condition)) for each in found] == expected
    assert [each.items for each in found] == [None] * len(found)


def test_violations_point_at_single_items() -> None:
    """The condition on items is separate from the one on the list; empty requirements are dropped."""
    subject = compiler()
    first, second = mismatches(a(minItems=1, items={"pattern": "^x", "maxLength": 3}), "body", "", subject)
    assert (first.pointer, first.value, render(first.condition)) == ("/a", "a", SEQUENCE)
    assert first.items is not None
    assert render(first.items) == "{0} or _PATTERN_1.search(item)) and ({0} or len(item) <= 3".format(
        "not isinstance(item, str)"
    ).join("()")
    assert (second.pointer, render(second.condition), second.items) == ("/a", f"{SEQUENCE} and len(a) < 1", None)
    assert mismatches(a(items=True), "body", "", subject) == []


def test_one_pattern_is_compiled_once() -> None:
    """Fields that share a pattern share its name; another pattern gets the next number."""
    subject = compiler()
    patterns = {"a": {"pattern": "^x"}, "b": {"pattern": "^x"}, "c": {"pattern": "y$"}}
    mismatches({"properties": patterns}, "body", "", subject)
    assert subject.patterns == {"^x": "_PATTERN_1", r"y\Z": "_PATTERN_2"}


def test_a_known_list_is_not_tested_again() -> None:
    """A variable replaces the test for a list, and its uses are counted."""
    subject = compiler({"a": "a_is_list"})
    (mismatch,) = mismatches(a(minItems=1), "body", "", subject)
    assert render(mismatch.condition) == "a_is_list and len(a) < 1"
    assert subject.asked == {"a": 1}
    mismatches(a(maxItems=1), "body", "", subject)
    assert subject.asked == {"a": 2}
    assert render(compiler({"b": "b_is_list"}).holds({"minItems": 1}, "a")) == f"not {SEQUENCE} or len(a) >= 1"
