"""What the document's own schema refuses before a request is sent, and what JSON means by equal."""

from __future__ import annotations

import re
from typing import Any

import pytest
from mountsea_gemini_api import rules
from mountsea_gemini_api.models import TaskIdDto, VideoGenerationDto
from mountsea_gemini_api.rules import _table, _values
from mountsea_gemini_api.rules._shape import misfits
from mountsea_gemini_api.types import UNSET, Unset

DEEP = {"properties": {"a/b": {"items": {"properties": {"~c": {"type": "null"}}}}}}
ANY = {"anyOf": [{"type": "string"}, {"minimum": 5}]}
ONE = {"oneOf": [{"type": "integer"}, {"minimum": 5}]}


@pytest.mark.parametrize(
    ("schema", "value", "expected"),
    [
        ({}, None, []),
        ({"type": "string"}, "x", []),
        ({"type": "string"}, None, ["| the body must be a string"]),
        ({"type": "string", "nullable": True}, None, []),
        ({"type": "string", "nullable": True, "enum": ["x"]}, None, []),
        ({"type": "string", "nullable": True}, 1, ["| the body must be a string"]),
        ({"type": "null"}, None, []),
        ({"type": "null"}, 0, ["| the body must be null"]),
        ({"type": ["string", "null"]}, None, []),
        ({"type": ["string", "integer"]}, 1.5, ["| the body must be a string or integer"]),
        ({"type": "array"}, "x", ["| the body must be an array"]),
        ({"type": "array"}, (), []),
        ({"type": "array"}, [], []),
        ({"type": "object"}, [], ["| the body must be an object"]),
        ({"type": "object"}, {}, []),
        ({"type": "integer"}, 1.0, []),
        ({"type": "integer"}, 1.5, ["| the body must be an integer"]),
        ({"type": "integer"}, True, ["| the body must be an integer"]),
        ({"type": "number"}, 1.5, []),
        ({"type": "number"}, False, ["| the body must be a number"]),
        ({"type": "boolean"}, True, []),
        ({"type": "boolean"}, 1, ["| the body must be a boolean"]),
        ({"type": "string", "minLength": 9, "enum": ["x"]}, 1, ["| the body must be a string"]),
        ({"enum": ["x", 1, None]}, 1, []),
        ({"enum": ["x", 1, None]}, 1.0, []),
        ({"enum": ["x", 1, None]}, True, ['| the body must be one of "x", 1, null']),
        ({"enum": ["x"]}, "y", ['| the body must be one of "x"; to send it all the same: unlisted("y")']),
        ({"enum": ["x"]}, rules.unlisted("y"), []),
        ({"const": "x"}, "x", []),
        ({"const": None}, 0, ["| the body must be one of null"]),
        ({"minLength": 1}, "", ["| the body must hold at least 1 character"]),
        ({"minLength": 2}, "x", ["| the body must hold at least 2 characters"]),
        ({"minLength": 2}, "xy", []),
        ({"maxLength": 1}, "xy", ["| the body must hold at most 1 character"]),
        ({"maxLength": 0}, "x", ["| the body must hold at most 0 characters"]),
        ({"maxLength": 2}, "xy", []),
        ({"minItems": 1}, [], ["| the body must hold at least 1 item"]),
        ({"minItems": 2, "maxItems": 2}, (1,), ["| the body must hold at least 2 items"]),
        ({"maxItems": 1}, [1, 2], ["| the body must hold at most 1 item"]),
        ({"maxItems": 2}, [1, 2], []),
        ({"items": {"type": "string"}}, ["x", 1, None], ["/1| 1 must be a string", "/2| 2 must be a string"]),
        ({"items": {"type": "string"}, "minItems": 2}, (1,), ["| the body must hold at least 2 items",
                                                               "/0| 0 must be a string"]),
        ({"pattern": "^x"}, "yx", ["| the body must match ^x"]),
        ({"pattern": "x"}, "yx", []),
        ({"pattern": "x"}, 1, []),
        ({"minimum": 2}, 2, []),
        ({"minimum": 2}, 1.5, ["| the body must be at least 2"]),
        ({"maximum": 2}, 2, []),
        ({"maximum": 2}, 3, ["| the body must be at most 2"]),
        ({"minimum": 2}, True, []),
        ({"minimum": 2, "exclusiveMinimum": True}, 2, ["| the body must be more than 2"]),
        ({"minimum": 2, "exclusiveMinimum": True}, 3, []),
        ({"minimum": 2, "exclusiveMinimum": False}, 2, []),
        ({"maximum": 2, "exclusiveMaximum": True}, 2, ["| the body must be less than 2"]),
        ({"exclusiveMinimum": 2}, 2, ["| the body must be more than 2"]),
        ({"exclusiveMinimum": 2}, 3, []),
        ({"exclusiveMaximum": 2}, 2, ["| the body must be less than 2"]),
        ({"exclusiveMaximum": 2}, 1, []),
        ({"minimum": 1, "exclusiveMaximum": 0}, 0, ["| the body must be at least 1", "| the body must be less than 0"]),
        ({"required": ["a", "b"]}, {"a": 1}, ["/b| b is required"]),
        ({"required": ["a/b"]}, {}, ["/a~1b| a/b is required"]),
        ({"properties": {"a": {"type": "null"}}}, {"a": 1, "b": 1}, ["/a| a must be null"]),
        ({"properties": {"a": {}}, "additionalProperties": False}, {"a": 1, "~b": 1},
         ["/~0b| ~b is not a field of this object"]),
        ({"properties": {"a": {}}, "additionalProperties": True}, {"b": 1}, []),
        ({"properties": {"a": {}}, "additionalProperties": {"type": "null"}}, {"a": 1, "b": 1}, ["/b| b must be null"]),
        (DEEP, {"a/b": [{}, {"~c": 1}]}, ["/a~1b/1/~0c| ~c must be null"]),
        ({"allOf": [{"minimum": 2}, {"maximum": 0}]}, 1, ["| the body must be at least 2",
                                                           "| the body must be at most 0"]),
        (ANY, "x", []),
        (ANY, 5, []),
        (ANY, 4, ["| the body must fit at least one of 2 schemas, fits 0"]),
        (ONE, 1, []),
        (ONE, 5, ["| the body must fit exactly one of 2 schemas, fits 2"]),
        (ONE, 1.5, ["| the body must fit exactly one of 2 schemas, fits 0"]),
        ({"not": {"type": "null"}}, 1, []),
        ({"not": {"type": "null"}}, None, ["| the body has a form that is excluded"]),
        ({"properties": {"a": {"not": {}}, "b": ANY, "c": {"enum": [1]}, "d": {"allOf": [{"minimum": 1}]}}},
         {"a": 1, "b": 1, "c": 2, "d": 0},
         ["/a| a has a form that is excluded", "/b| b must fit at least one of 2 schemas, fits 0",
          "/c| c must be one of 1", "/d| d must be at least 1"]),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_said_with_its_place(schema: dict[str, Any], value: Any, expected: list[str]) -> None:
    """Each misfit has the pointer of the part, a message that names the field and what is accepted."""
    found = list(misfits(value, schema))
    assert [f"{each.pointer}| {each.message}" for each in found] == expected
    assert {(each.rule, each.level) for each in found} <= {("schema", "error")}
    assert [f"/at{each.pointer}" for each in found] == [each.pointer for each in misfits(value, schema, "/at")]


def test_the_value_found_is_part_of_the_violation() -> None:
    """Whoever shows a misfit can show what was found there, or that nothing was."""
    schema: dict[str, Any] = {
        "required": ["b"], "additionalProperties": False, "properties": {
            "a": {"enum": ["x"], "maxLength": 0, "pattern": "x"}, "c": {"minItems": 1}, "d": {"minimum": 1},
            "e": {"exclusiveMinimum": 1}, "f": {"type": "null"}, "g": {"not": {}}, "h": {"anyOf": [{"type": "null"}]}},
    }  # fmt: skip
    body = {"a": "y", "c": [], "d": 0, "e": 1, "f": 2, "g": 3, "h": 4, "i": 5}
    found = [(each.pointer, each.value) for each in misfits(body, schema)]
    assert found == [
        ("/b", rules.ABSENT), ("/a", "y"), ("/a", "y"), ("/a", "y"), ("/c", []), ("/d", 0), ("/e", 1), ("/f", 2),
        ("/g", 3), ("/h", 4), ("/i", 5),
    ]  # fmt: skip


def test_a_reference_is_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A schema may refer to another, and that one to a third, or back to itself."""
    loop = {"properties": {"next": {"$ref": "#/loop"}}, "required": ["name"]}
    monkeypatch.setattr(_table, "DEFINITIONS", {"#/loop": loop, "#/alias": {"$ref": "#/loop"}})
    body = {"name": "a", "next": {"name": "b", "next": {}}}
    assert [each.pointer for each in misfits(body, {"$ref": "#/alias"})] == ["/next/next/name"]


def test_a_pattern_is_compiled_once() -> None:
    """The pattern of a field is not compiled again for each request."""
    assert list(misfits("yx", {"pattern": "^only-here"})) != []
    before = re.compile("^only-here")
    assert list(misfits("only-here", {"pattern": "^only-here"})) == []
    assert re.compile("^only-here") is before


VALUES: list[Any] = [
    None, True, False, 0, 1, 1.0, 1.5, "", "x", [], [1], [True], (1,), {}, {"a": 1}, {"a": True}, {"b": 1}, UNSET,
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "accepted"),
    [
        ("is_array", [[], [1], [True], (1,)]),
        ("is_string", ["", "x"]),
        ("is_boolean", [True, False]),
        ("is_null", [None]),
        ("is_number", [0, 1, 1.0, 1.5]),
        ("is_integer", [0, 1, 1.0]),
        ("is_object", [{}, {"a": 1}, {"a": True}, {"b": 1}]),
    ],
)
def test_types_are_those_of_json(name: str, accepted: list[Any]) -> None:
    """A tuple is an array, `True` is not a number, 1.0 is an integer, and what is absent has no type."""
    found = [value for value in VALUES if getattr(_values, name)(value) is True]
    assert [repr(value) for value in found] == [repr(value) for value in accepted]
    assert all(getattr(_values, name)(value) is False for value in VALUES if value not in found)


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        (1, 1.0, True),
        (1, True, False),
        (0, False, False),
        (True, True, True),
        ("x", "x", True),
        (None, None, True),
        (None, False, False),
        ([1, "x"], (1, "x"), True),
        ([1], [True], False),
        ([1], [1, 2], False),
        ([], {}, False),
        ({"a": [1]}, {"a": (1,)}, True),
        ({"a": 1}, {"a": True}, False),
        ({"a": 1}, {"b": 1}, False),
        ({"a": 1}, {"a": 1, "b": 1}, False),
        (UNSET, UNSET, False),
    ],
)
def test_values_are_equal_as_json_compares(left: Any, right: Any, same: bool) -> None:
    """Numbers by value, but not booleans; lists and tuples by items; objects by members; nothing equals absent."""
    assert _values.equals(left, right) is same
    assert _values.equals(right, left) is same
    assert _values.equals(left, "other", right) is same
    assert _values.equals(left) is False


def test_members_of_objects_and_models() -> None:
    """A property of an object or of a model by its JSON name; absent in whatever has no properties."""
    model = VideoGenerationDto(prompt="p", action="text2video", model="veo2_fast", image_list=["x"])
    assert _values.is_object(model) is True
    assert _values.member(model, "imageList") == ["x"]
    assert _values.member({"a": None}, "a") is None
    for owner, name in (({"a": 1}, "b"), (model, "aspectRatio"), (model, "image_list"), ([1], "a"), (UNSET, "a")):
        assert isinstance(_values.member(owner, name), Unset)


def test_tuples_become_lists() -> None:
    """What JSON has no word for is said otherwise; everything else stays what it is."""
    value = [1]
    assert _values.as_list((1, 2)) == [1, 2]
    assert _values.as_list(value) is value
    assert isinstance(_values.as_list(UNSET), Unset)


def test_models_without_rules_break_none() -> None:
    """A model that nothing is known about is not refused."""
    assert rules.violations(TaskIdDto(task_id="t")) == ()
    assert rules.rule_violations(TaskIdDto(task_id="t")) == ()
