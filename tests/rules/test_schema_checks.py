"""The compiled checks of a schema, and equality as JSON defines it."""

from __future__ import annotations

import copy
import datetime as dt
from typing import Any
from uuid import UUID

import pytest
from mountsea_gemini import _values, rules
from mountsea_gemini.raw.models import TaskIdDto, VideoGenerationDto
from mountsea_gemini.raw.types import UNSET
from mountsea_gemini.rules import ABSENT, unlisted
from rulewright.errors import InputError
from rulewright.generate.checks import checks_module
from rulewright.generate.names import Names
from rulewright.openapi.schemas import FORMATS, compile_schema
from rulewright.rules.definition import RuledSchema

from tests.rules.compiling import compile_checks, rule, violations

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
        ({"type": "string", "nullable": True}, 1, ["| the body must be a string or null"]),
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
        ({"enum": ["x"]}, unlisted("y"), []),
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
def test_a_violation_of_the_schema_has_its_place(schema: dict[str, Any], value: Any, expected: list[str]) -> None:
    """Each violation has the pointer of the part and a message with the field and what is accepted."""
    found = violations(schema, value)
    assert [f"{each.pointer}| {each.message}" for each in found] == expected
    assert {(each.rule, each.level) for each in found} <= {("schema", "error")}
    within = violations({"type": "object", "properties": {"at": {"$ref": "#/Part"}}}, {"at": value}, Part=schema)
    assert [each.pointer for each in within] == [f"/at{each.pointer}" for each in found]


def test_the_value_found_is_part_of_the_violation() -> None:
    """A violation holds the value at its pointer, or `ABSENT`."""
    schema: dict[str, Any] = {
        "required": ["b"], "additionalProperties": False, "properties": {
            "a": {"enum": ["x"], "maxLength": 0, "pattern": "x"}, "c": {"minItems": 1}, "d": {"minimum": 1},
            "e": {"exclusiveMinimum": 1}, "f": {"type": "null"}, "g": {"not": {}}, "h": {"anyOf": [{"type": "null"}]}},
    }  # fmt: skip
    body = {"a": "y", "c": [], "d": 0, "e": 1, "f": 2, "g": 3, "h": 4, "i": 5}
    found = [(each.pointer, each.value) for each in violations(schema, body)]
    assert found == [
        ("/b", ABSENT), ("/a", "y"), ("/a", "y"), ("/a", "y"), ("/c", []), ("/d", 0), ("/e", 1), ("/f", 2),
        ("/g", 3), ("/h", 4), ("/i", 5),
    ]  # fmt: skip


def test_a_reference_is_followed() -> None:
    """References may be chained, recursive or circular."""
    loop = {"properties": {"next": {"$ref": "#/Loop"}}, "required": ["name"]}
    body = {"name": "a", "next": {"name": "b", "next": {}}}
    definitions: dict[str, Any] = {"Loop": loop, "Alias": {"$ref": "#/Loop"}, "Circle": {"$ref": "#/Circle"}}
    found = violations(
        {"properties": {"a": {"$ref": "#/Alias"}, "b": {"$ref": "#/Circle"}}}, {"a": body, "b": 1}, **definitions
    )
    assert [each.pointer for each in found] == ["/a/next/next/name"]
    lists = {"type": "array", "items": {"$ref": "#/List"}}
    found = violations({"properties": {"a": {"$ref": "#/List"}}}, {"a": [[], [[1]]]}, List=lists)
    assert [f"{each.pointer}| {each.message}" for each in found] == ["/a/1/0/0| 0 must be an array"]


@pytest.mark.parametrize(
    ("value", "valid"), [(None, True), ("x", True), (unlisted("z"), True), ("y", False), (1, False), (ABSENT, False)]
)
def test_a_nullable_enum_may_be_written_as_alternatives(value: Any, valid: bool) -> None:
    """A value that is explicitly not listed is accepted, an absent one is not where it is required."""
    schema = {"properties": {"a": {"anyOf": [{"type": "string", "enum": ["x"]}, {"type": "null"}]}}, "required": ["a"]}
    assert (not violations(schema, {"a": value} if value is not ABSENT else {})) is valid


PART = {"$ref": "#/Part"}
RULED = {"type": "object", "properties": {"n": {"type": "integer"}}}
SMALL = rule(True, {"properties": {"n": {"maximum": 1}}}, "small")
WRONG, RIGHT = {"n": 2}, {"n": 1}


@pytest.mark.parametrize(
    ("schema", "value", "places"),
    [
        ({"properties": {"a": PART}}, {"a": WRONG}, ["/a"]),
        ({"properties": {"a": PART}}, {"a": RIGHT, "b": WRONG}, []),
        ({"properties": {"a~/b": PART}}, {"a~/b": WRONG}, ["/a~0~1b"]),
        ({"additionalProperties": PART, "properties": {"a": {}}}, {"a": WRONG, "b": WRONG}, ["/b"]),
        ({"items": PART}, [RIGHT, WRONG, WRONG], ["/1", "/2"]),
        ({"items": PART}, (WRONG,), ["/0"]),
        ({"properties": {"a": {"allOf": [{}, PART]}}}, {"a": WRONG}, ["/a"]),
        ({"allOf": [{"properties": {"a": PART}}]}, {"a": WRONG}, ["/a"]),
        ({"allOf": [PART]}, WRONG, [""]),
        ({"properties": {"a": {"oneOf": [PART, {"type": "string"}]}}}, {"a": WRONG}, ["/a"]),
        ({"properties": {"a": {"anyOf": [PART, {"type": "string"}]}}}, {"a": WRONG}, ["/a"]),
        ({"properties": {"a": {"anyOf": [PART, {"type": "object"}]}}}, {"a": WRONG}, []),
        (
            {"properties": {"a": {"oneOf": [{"type": "string"}, {"properties": {"b": PART}}]}}},
            {"a": {"b": WRONG}},
            ["/a/b"],
        ),
        ({"properties": {"a": {"not": PART}}}, {"a": "no object"}, []),
    ],
)
def test_rules_of_a_nested_schema_are_checked_at_its_place(schema: Any, value: Any, places: list[str]) -> None:
    """In a field, a list, a map, or a union whose alternative is unambiguous."""
    found = violations(schema, value, parts={"Part": [SMALL]}, Part=RULED)
    assert [(each.rule, each.pointer) for each in found] == [("small", f"{place}/n") for place in places]


def test_a_reference_may_be_encoded() -> None:
    """A percent-encoded reference leads to the same schema and rules."""
    schema = {"properties": {"a": {"$ref": "#/P%C2%AB1"}, "b": {"$ref": "#/P«1"}}}
    found = violations(schema, {"a": WRONG, "b": WRONG}, [], parts={"P«1": [SMALL]}, **{"P«1": RULED})
    assert [each.pointer for each in found] == ["/a/n", "/b/n"]


def test_the_order_of_violations() -> None:
    """The schema comes first, then rules of the body, then rules of its parts; pointers start at the body."""
    schema = {"type": "object", "properties": {"part": PART, "n": {"type": "integer"}, "t": {"type": "string"}}}
    few = rule(True, {"properties": {"n": {"enum": [0, 1]}}}, "few")
    part = {**RULED, "properties": {"n": {"enum": [1, 2]}}}
    body = {"part": {"n": 2}, "n": 5, "t": 1}
    found = violations(schema, body, [few], parts={"Part": [SMALL]}, Part=part)
    assert [(each.rule, each.pointer, each.value) for each in found] == [
        ("schema", "/t", 1), ("few", "/n", 5), ("small", "/part/n", 2),
    ]  # fmt: skip
    assert [str(each) for each in found[2].nearest] == ["n=1"]
    assert found[2].nearest[0].pointer == "/part/n"
    checks = compile_checks(schema, [few], parts={"Part": [SMALL]}, Part=part)
    waived = checks.violations(body, model=TaskIdDto, waive={"schema", "few"})
    assert [each.rule for each in waived] == ["small"]


@pytest.mark.parametrize(
    ("content", "checked"),
    [
        ("application/json", True),
        ("Application/JSON ; charset=utf-8", True),
        ("application/merge-patch+json", True),
        ("*/*", True),
        ("text/plain", True),
        ("multipart/form-data", True),
        ("image/png", False),
        ("application/jsonl", False),
    ],
)
def test_the_media_types_that_are_checked(content: str, checked: bool) -> None:
    """JSON media types with any parameters, forms and texts are checked."""
    assert bool(violations({"type": "object", "required": ["a"]}, {}, content=content)) is checked


def test_a_model_is_read_by_its_attributes() -> None:
    """Unset attributes are absent, also in a copy; additional properties are checked."""
    model = VideoGenerationDto(prompt="p", action="img2video", model="veo3_fast", image_list=["https://h/1.png"])
    assert rules.violations(model) == rules.violations(copy.deepcopy(model)) == ()
    model.prompt = UNSET  # type: ignore[assignment]
    assert [each.message for each in rules.violations(model)] == ["prompt is required"]
    model = VideoGenerationDto(prompt="p", action="img2video", model="veo3_fast")
    model.additional_properties = {"imageList": ["https://h/1.png"] * 3}
    assert [each.value for each in rules.violations(model)] == [["https://h/1.png"] * 3]


NO_A: Any = {"not": {"required": ["a"]}}
NEEDS_A: Any = {"required": ["a"]}


@pytest.mark.parametrize(
    ("requirement", "body", "expected"),
    [
        (True, {"a": 1}, []),
        (False, {"a": 1}, [("", ABSENT)]),
        ({"properties": {"a": False}}, {"a": 1}, [("/a", 1)]),
        ({"properties": {"a/b": False}}, {"a/b": 1}, [("/a~1b", 1)]),
        ({"required": ["a", "b"]}, {}, [("/a", ABSENT)]),
        ({"required": ["a", "b"]}, {"a": 1}, [("/b", ABSENT)]),
        ({**NEEDS_A, "properties": {"a": {"minItems": 1}}}, {"a": []}, [("/a", [])]),
        (NO_A, {"a": 1}, [("/a", 1)]),
        ({"not": {"required": ["a", "b"]}}, {"a": 1, "b": 1}, [("", ABSENT)]),
        ({"not": {**NEEDS_A, "properties": {"a": {"const": "x"}}}}, {"a": "x"}, [("", ABSENT)]),
        ({**NO_A, "required": ["b"]}, {"b": 1, "a": 1}, [("/a", 1)]),
        ({**NO_A, "required": ["b"]}, {"a": 1}, [("/b", ABSENT)]),
        ({**NO_A, "anyOf": [{"required": ["b"]}, {"required": ["c"]}]}, {"a": 1}, [("/a", 1)]),
        ({**NO_A, "anyOf": [{"required": ["b"]}, {"required": ["c"]}]}, {}, [("", ABSENT)]),
        ({"allOf": [NEEDS_A, {"required": ["b"]}]}, {"a": 1}, [("/b", ABSENT)]),
        ({"anyOf": [NEEDS_A, {"required": ["b"]}]}, {}, [("", ABSENT)]),
        ({"properties": {"a": {"required": ["b"]}}}, {"a": {}}, [("/a/b", ABSENT)]),
        ({"properties": {"a": {"required": ["b"]}}}, {"a": 1}, []),
        ({"properties": {"a": {"properties": {"b": {"minLength": 1}}}}}, {"a": {"b": ""}}, [("/a/b", "")]),
        ({"properties": {"a": {"not": {"required": ["b"]}}}}, {"a": 1}, [("/a", 1)]),
        ({"properties": {"a": {"not": {"required": ["b"]}}}}, {"a": {"b": 2}}, [("/a/b", 2)]),
        ({"properties": {"a": {"type": "object", "required": ["b"]}}}, {"a": {}}, [("/a/b", ABSENT)]),
        ({"properties": {"a": {"type": "object", "required": ["b"]}}}, {"a": 1}, [("/a", 1)]),
        ({"properties": {"a": {"minItems": 1, "items": {"pattern": "^x", "maxLength": 3}}}}, {"a": ["x", "y", "z"]},
         [("/a/1", "y")]),
        ({"properties": {"a": {"minItems": 1, "items": {"maxLength": 3}}}}, {"a": []}, [("/a", [])]),
    ],
)  # fmt: skip
def test_a_broken_rule_points_at_the_field(requirement: Any, body: Any, expected: list[tuple[str, Any]]) -> None:
    """A missing or forbidden field has its own pointer; what is about several fields points at the body."""
    schema = {"type": "object", "properties": {name: {} for name in ("a", "b", "c", "a/b")}}
    attributes = {"a": "a", "b": "b", "c": "c", "a/b": "a_b"}
    found = violations(schema, body, [rule(True, requirement)], attributes=attributes)
    assert [(each.pointer, each.value) for each in found] == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        (dt.date(2026, 1, 2), "2026-01-02"),
        (dt.datetime(2026, 1, 2, 3, 4, tzinfo=dt.UTC), "2026-01-02T03:04:00Z"),
        (UUID(int=7), "00000000-0000-0000-0000-000000000007"),
        ([dt.date(2026, 1, 2), 5], ["2026-01-02", 5]),
        (("a",), ["a"]),
        (TaskIdDto(task_id="t"), {"taskId": "t"}),
        (True, True),
    ],
)
def test_values_are_checked_as_they_are_sent(value: Any, expected: Any) -> None:
    """Dates, UUIDs and models are converted to JSON first."""
    assert _values.to_json(value) == expected
    assert type(_values.to_json(value)) is type(expected)


TEXTS = {
    "date": ["2026-02-28", "2026-02-30", "2026-1-01", "2026-01-01T"],
    "date-time": [
        "2026-01-01T00:00:00Z", "2016-12-31T23:59:60Z", "2016-12-31T23:58:60Z", "2026-01-01T24:00:00Z",
        "2026-01-01t00:00:00.123456789z", "2026-01-01T00:00:00+24:00", "2026-01-01T00:00:00", "2026-02-30T00:00:00Z",
        "2026-01-01 00:00:00Z", "2026-01-01T00:00:00.Z",
    ],
    "email": ["a@b", "a.b+c@d.e", "a b@c", "@b", "a@", "a@b@c", "A@é.com", "a..b@c", "a@-b", "a@b_c", "a@[1.2.3.4]"],
    "ipv4": ["1.2.3.4", "01.2.3.4", "1.2.3", "256.1.1.1"],
    "ipv6": ["::1", "::", "1::2::3", "fe80::1%eth0", "::ffff:1.2.3.4"],
    "time": ["12:00:00Z", "12:00:00", "23:59:60Z", "12:00:60Z", "12:00:00.5+01:00"],
    "uri": [
        "http://h/?q#f", "x:", "urn:a:b", "http://h/a b", "//h", "a", "http://é/", "http://h/%zz", "http://[::1]:80/",
        "https://example.com/a[1]", "mailto:a@b", "http://user@h:80/",
    ],
    "uuid": ["00000000-0000-0000-0000-000000000007", "{00000000-0000-0000-0000-000000000007}", "0" * 32],
}  # fmt: skip


@pytest.mark.parametrize("name", FORMATS)
def test_formats_are_those_of_json_schema(name: str) -> None:
    """The client and a JSON Schema validator accept the same texts for each format."""
    assert set(FORMATS) == set(_values.FORMATS)
    fits = compile_schema({"format": name}).is_valid
    assert {text: _values.FORMATS[name](text) for text in TEXTS[name]} == {text: fits(text) for text in TEXTS[name]}


VALUES: list[Any] = [
    None, True, False, 0, 1, 1.0, 1.5, "", "x", [], [1], [True], (1,), {}, {"a": 1}, {"a": True}, {"b": 1}, ABSENT,
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "accepted"),
    [
        ("is_number", [0, 1, 1.0, 1.5]),
        ("is_integer", [0, 1, 1.0]),
    ],
)
def test_types_are_those_of_json(name: str, accepted: list[Any]) -> None:
    """`True` is not a number, 1.0 is an integer, and `ABSENT` has no type."""
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
        (ABSENT, ABSENT, False),
    ],
)
def test_values_are_equal_as_json_compares(left: Any, right: Any, same: bool) -> None:
    """Numbers by value, but not booleans; lists and tuples by items; objects by members; nothing equals absent."""
    assert _values.equals(left, right) is same
    assert _values.equals(right, left) is same
    assert _values.equals(left, "other", right) is same
    assert _values.equals(left) is False


def test_members_of_objects() -> None:
    """Return a property by name, or `ABSENT` where there is none."""
    assert _values.member({"a": None}, "a") is None
    assert all(_values.member(owner, "b") is ABSENT for owner in ({"a": 1}, [1], ABSENT))


def test_a_rule_that_binds_nobody_is_refused_whatever_the_client_lacks() -> None:
    """Rules of an operation that the client lacks, and of the parts of its body, bind the sandbox."""
    part = {"properties": {"a": {}}, "x-rules": [{"id": "r"}]}
    body = {"content": {"application/json": {"schema": {"properties": {"inner": part, "outer": {"$ref": "#/Part"}}}}}}
    document = {"Part": part, "Answer": part, "paths": {"/": {"post": {"operationId": "send", "requestBody": body}}}}
    names = Names({}, frozenset(), (), without=frozenset({("post", "/")}))
    rules = (rule({}, {"required": ["a"]}),)
    bound = [RuledSchema(("Part",), part, rules), RuledSchema(("paths", "/", "post"), part, rules, parameters={})]
    assert "REQUESTS" in checks_module(document, bound, names)
    with pytest.raises(InputError, match="rule r: no request that the client sends leads to this schema"):
        checks_module(document, [*bound, RuledSchema(("Answer",), part, rules)], names)
