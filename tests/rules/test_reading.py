"""Compiled rules read as if written by hand: what is known is not asked again, and the right field is blamed."""

from __future__ import annotations

from typing import Any

import pytest
from rulewright.rules.breach import breaches
from rulewright.rules.expression import Compiler, negated, render


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
GIVEN = "not isinstance(a, Unset)"
HOLDS: list[tuple[Any, str, str]] = [
    (True, "True", "False"),
    (False, "False", "True"),
    ({}, "True", "False"),
    (required(), "True", "False"),
    (a(const="x"), "isinstance(a, Unset) or a == 'x'", f"{GIVEN} and a != 'x'"),
    (required("a", **a(const="x")), "a == 'x'", "a != 'x'"),
    (required("a", "b"), f"{GIVEN} and not isinstance(b, Unset)", "isinstance(a, Unset) or isinstance(b, Unset)"),
    ({"not": required("a")}, "isinstance(a, Unset)", GIVEN),
    ({"not": required("a", **a(const="x"))}, "a != 'x'", "a == 'x'"),
    (required("a", **a(enum=["x", "y"])), "a in ('x', 'y')", "a not in ('x', 'y')"),
    (required("a", **a(enum=["x", 1])), "equals(a, 'x', 1)", "not equals(a, 'x', 1)"),
    (required("a", **a(const=None)), "equals(a, None)", "not equals(a, None)"),
    (required("a", **a(type="integer")), "is_integer(a)", "not is_integer(a)"),
    (required("a", **a(type="object")), "is_object(a)", "not is_object(a)"),
    (required("a", **a(const="x", type="string")), "a == 'x' and is_string(a)", "a != 'x' or not is_string(a)"),
    (required("a", **a(**{"not": CONST})), f"{GIVEN} and a != 'x'", "isinstance(a, Unset) or a == 'x'"),
    (required("a", **a(minItems=1, const="x")), f"a == 'x' and (not {SEQUENCE} or len(a) >= 1)",
     f"a != 'x' or {SEQUENCE} and len(a) < 1"),
    (a(minItems=2, maxItems=2), f"isinstance(a, Unset) or not {SEQUENCE} or len(a) == 2",
     f"{GIVEN} and {SEQUENCE} and len(a) != 2"),
    (a(minItems=1, maxItems=2), f"isinstance(a, Unset) or not {SEQUENCE} or 1 <= len(a) <= 2",
     f"{GIVEN} and {SEQUENCE} and not 1 <= len(a) <= 2"),
    (a(minimum=1, exclusiveMaximum=2), "isinstance(a, Unset) or not is_number(a) or a >= 1 and a < 2",
     f"{GIVEN} and is_number(a) and (a < 1 or a >= 2)"),
    (a(minItems=0), "True", "False"),
    (a(minLength=0), "True", "False"),
    (a(items=True), "True", "False"),
    (
        a(items=CONST),
        f"isinstance(a, Unset) or not {SEQUENCE} or all(item == 'x' for item in a)",
        f"{GIVEN} and {SEQUENCE} and any(item != 'x' for item in a)",
    ),
    (
        a(pattern=r"\S"),
        "isinstance(a, Unset) or not isinstance(a, str) or '!' <= a <= '~' or a.strip(WHITE_SPACE)",
        f"{GIVEN} and isinstance(a, str) and not '!' <= a <= '~' and not a.strip(WHITE_SPACE)",
    ),
    (
        a(pattern="x"),
        "isinstance(a, Unset) or not isinstance(a, str) or _PATTERN_1.search(a)",
        f"{GIVEN} and isinstance(a, str) and not _PATTERN_1.search(a)",
    ),
    (
        required("a", "b", properties={"a": CONST, "b": {"const": "y"}}),
        "a == 'x' and b == 'y'",
        "a != 'x' or b != 'y'",
    ),
    ({"allOf": [True, False]}, "False", "True"),
    ({"allOf": [required("a"), required("a")]}, GIVEN, "isinstance(a, Unset)"),
    ({"allOf": [required("a"), a(const="x")]}, "a == 'x'", "a != 'x'"),
    ({"anyOf": [True, required("a")]}, "True", "False"),
    ({"anyOf": [False, required("a")]}, GIVEN, "isinstance(a, Unset)"),
    ({"anyOf": [required("a"), required("a")]}, GIVEN, "isinstance(a, Unset)"),
    ({"anyOf": [required("a", **a(const="x")), required("b")]}, "a == 'x' or not isinstance(b, Unset)",
     "a != 'x' and isinstance(b, Unset)"),
    ({"allOf": [{"anyOf": [required("a"), required("b")]}, required("c")]},
     "(not isinstance(a, Unset) or not isinstance(b, Unset)) and not isinstance(c, Unset)",
     "isinstance(a, Unset) and isinstance(b, Unset) or isinstance(c, Unset)"),
    ({"not": {"anyOf": [required("a"), required("b")]}}, "isinstance(a, Unset) and isinstance(b, Unset)",
     "not isinstance(a, Unset) or not isinstance(b, Unset)"),
    (a(required=["b"]), "isinstance(a, Unset) or not is_object(a) or not isinstance(member(a, 'b'), Unset)",
     f"{GIVEN} and is_object(a) and isinstance(member(a, 'b'), Unset)"),
]  # fmt: skip


@pytest.mark.parametrize(("schema", "holds", "fails"), HOLDS)
def test_a_schema_reads_as_a_condition(schema: Any, holds: str, fails: str) -> None:
    """A schema becomes the shortest plain condition, and so does its opposite."""
    expression = compiler().holds(schema, "body")
    assert render(expression) == holds
    assert render(negated(expression)) == fails
    assert render(negated(negated(expression))) == holds


FIELDS: list[tuple[dict[str, Any], str, set[str]]] = [
    ({"const": "x"}, f"{GIVEN} and a != 'x'", set()),
    ({"enum": ["x", 1]}, f"{GIVEN} and not equals(a, 'x', 1)", {"equals"}),
    ({"type": "null"}, f"{GIVEN} and not is_null(a)", {"is_null"}),
    ({"type": "object"}, f"{GIVEN} and not is_object(a)", {"is_object"}),
    ({"minItems": 1}, f"{SEQUENCE} and len(a) < 1", set()),
    ({"maxItems": 2}, f"{SEQUENCE} and len(a) > 2", set()),
    ({"maxItems": 0}, f"{SEQUENCE} and len(a) > 0", set()),
    ({"minItems": 0, "maxItems": 2}, f"{SEQUENCE} and len(a) > 2", set()),
    ({"minItems": 1, "maxItems": 2}, f"{SEQUENCE} and not 1 <= len(a) <= 2", set()),
    ({"minItems": 2, "maxItems": 2}, f"{SEQUENCE} and len(a) != 2", set()),
    ({"minItems": 0, "maxItems": 0}, f"{SEQUENCE} and len(a) != 0", set()),
    ({"minLength": 1}, "isinstance(a, str) and len(a) < 1", set()),
    ({"maxLength": 2}, "isinstance(a, str) and len(a) > 2", set()),
    ({"minLength": 1, "maxLength": 2}, "isinstance(a, str) and not 1 <= len(a) <= 2", set()),
    ({"minimum": 1}, "is_number(a) and a < 1", {"is_number"}),
    ({"maximum": 2}, "is_number(a) and a > 2", {"is_number"}),
    ({"exclusiveMinimum": 1}, "is_number(a) and a <= 1", {"is_number"}),
    ({"exclusiveMaximum": 2}, "is_number(a) and a >= 2", {"is_number"}),
    ({"minimum": 1, "maximum": 2.5}, "is_number(a) and (a < 1 or a > 2.5)", {"is_number"}),
    ({"pattern": "^x"}, "isinstance(a, str) and not _PATTERN_1.search(a)", set()),
    (
        {"pattern": r"\S"},
        "isinstance(a, str) and not '!' <= a <= '~' and not a.strip(WHITE_SPACE)",
        {"WHITE_SPACE"},
    ),
    ({"allOf": [CONST, {"minLength": 2}]}, f"{GIVEN} and (a != 'x' or isinstance(a, str) and len(a) < 2)", set()),
    ({"anyOf": [{"const": "x"}, {"const": "y"}]}, f"{GIVEN} and a != 'x' and a != 'y'", set()),
    ({"not": {"minItems": 1}}, f"{GIVEN} and (not {SEQUENCE} or len(a) >= 1)", set()),
    ({"not": {"items": CONST}}, f"{GIVEN} and (not {SEQUENCE} or all(item == 'x' for item in a))", set()),
]  # fmt: skip


@pytest.mark.parametrize(("schema", "breaks", "helpers"), FIELDS)
def test_a_field_reads_as_the_way_it_breaks(schema: dict[str, Any], breaks: str, helpers: set[str]) -> None:
    """What is wrong with an optional field: one condition that blames the field, and what it must import."""
    subject = compiler()
    (breach,) = breaches(a(**schema), "body", "", subject)
    assert (breach.pointer, breach.value, breach.items) == ("/a", "a", None)
    assert render(breach.condition) == breaks
    assert subject.helpers == helpers


PLACES: list[tuple[Any, list[tuple[str, str, str]]]] = [
    (True, []),
    ({}, []),
    (False, [("", "ABSENT", "True")]),
    (a(), []),
    ({"properties": {"a": False}}, [("/a", "a", GIVEN)]),
    ({"properties": {"a/b": False}}, [("/a~1b", "a/b", "not isinstance(a/b, Unset)")]),
    (required("a", "b"), [("/a", "a", "isinstance(a, Unset)"), ("/b", "b", "isinstance(b, Unset)")]),
    (required("a", **a(minItems=1)), [("/a", "a", f"isinstance(a, Unset) or {SEQUENCE} and len(a) < 1")]),
    ({"not": required("a")}, [("/a", "a", GIVEN)]),
    ({"not": required("a", "b")}, [("", "ABSENT", f"{GIVEN} and not isinstance(b, Unset)")]),
    ({"not": required("a", **a(const="x"))}, [("", "ABSENT", "a == 'x'")]),
    ({"not": required("b"), **required("a")}, [("/a", "a", "isinstance(a, Unset)"),
                                               ("/b", "b", "not isinstance(b, Unset)")]),
    ({"not": required("b"), "anyOf": [required("a"), required("c")]},
     [("/b", "b", "not isinstance(b, Unset)"), ("", "ABSENT", "isinstance(a, Unset) and isinstance(c, Unset)")]),
    ({"allOf": [required("a"), required("b")]},
     [("/a", "a", "isinstance(a, Unset)"), ("/b", "b", "isinstance(b, Unset)")]),
    ({"anyOf": [required("a"), required("b")]}, [("", "ABSENT", "isinstance(a, Unset) and isinstance(b, Unset)")]),
    (a(required=["b"]), [("/a/b", "member(a, 'b')", "is_object(a) and isinstance(member(a, 'b'), Unset)")]),
    (a(properties={"b": {"minLength": 1}}),
     [("/a/b", "member(a, 'b')", f"{GIVEN} and isinstance(member(a, 'b'), str) and len(member(a, 'b')) < 1")]),
    (a(**{"not": required("b")}),
     [("/a", "a", f"{GIVEN} and not is_object(a)"),
      ("/a/b", "member(a, 'b')", f"{GIVEN} and not isinstance(member(a, 'b'), Unset)")]),
    (a(type="object", **required("b")),
     [("/a/b", "member(a, 'b')", "is_object(a) and isinstance(member(a, 'b'), Unset)"),
      ("/a", "a", f"{GIVEN} and not is_object(a)")]),
]  # fmt: skip


@pytest.mark.parametrize(("schema", "expected"), PLACES)
def test_each_breach_blames_the_place_a_reader_would_look_at(schema: Any, expected: list[tuple[str, str, str]]) -> None:
    """Missing and forbidden fields are blamed themselves; neighbours that blame the same place are one condition."""
    found = breaches(schema, "body", "", compiler())
    assert [(each.pointer, each.value, render(each.condition)) for each in found] == expected
    assert [each.items for each in found] == [None] * len(found)


def test_items_are_blamed_one_by_one() -> None:
    """A requirement on items keeps the list apart from what each item must be; one that asks nothing is dropped."""
    subject = compiler()
    first, second = breaches(a(minItems=1, items={"pattern": "^x", "maxLength": 3}), "body", "", subject)
    assert (first.pointer, first.value, render(first.condition)) == ("/a", "a", SEQUENCE)
    assert first.items is not None
    assert render(first.items) == "{0} or _PATTERN_1.search(item)) and ({0} or len(item) <= 3".format(
        "not isinstance(item, str)"
    ).join("()")
    assert (second.pointer, render(second.condition), second.items) == ("/a", f"{SEQUENCE} and len(a) < 1", None)
    assert breaches(a(items=True), "body", "", subject) == []


def test_one_pattern_is_compiled_once() -> None:
    """Fields that share a pattern share its name; another pattern gets the next number."""
    subject = compiler()
    patterns = {"a": {"pattern": "^x"}, "b": {"pattern": "^x"}, "c": {"pattern": "y$"}}
    breaches({"properties": patterns}, "body", "", subject)
    assert subject.patterns == {"^x": "_PATTERN_1", r"y\Z": "_PATTERN_2"}


def test_what_is_known_of_a_list_is_used() -> None:
    """A variable that says whether a field is a list takes the place of the question, which is counted."""
    subject = compiler({"a": "a_is_list"})
    (breach,) = breaches(a(minItems=1), "body", "", subject)
    assert render(breach.condition) == "a_is_list and len(a) < 1"
    assert subject.asked == {"a": 1}
    breaches(a(maxItems=1), "body", "", subject)
    assert subject.asked == {"a": 2}
    assert render(compiler({"b": "b_is_list"}).holds({"minItems": 1}, "a")) == f"not {SEQUENCE} or len(a) >= 1"


def test_what_a_condition_calls_is_known() -> None:
    """The module must import each helper its conditions use, and no other."""
    for schema, helpers in (
        (a(type="object"), {"is_object"}),
        (a(required=["b"]), {"is_object"}),
        (a(type="null"), {"is_null"}),
        (a(const=1), {"equals"}),
        (a(const="x", minItems=1, minLength=1), set()),
        (a(minimum=1), {"is_number"}),
        (a(pattern=r"\S"), {"WHITE_SPACE"}),
    ):
        subject = compiler()
        subject.holds(schema, "body")
        assert subject.helpers == helpers
