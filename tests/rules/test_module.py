"""The generated modules of the rules, held against those of the project and against small made-up schemas."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import attrs
import pytest
from mountsea_gemini_api.models import VideoGenerationDto
from mountsea_gemini_api.rules import _table, video_generation_dto

from scripts.emit.names import FieldName, ModelName, Names
from scripts.emit.rules_module import module_name, rules_module, table_module
from scripts.emit.shapes import Shapes
from scripts.merged import Merged
from scripts.rules.definition import Rule, RuledSchema, Source

POINTER = "/components/schemas/VideoGenerationDto"


@pytest.fixture(scope="module")
def names() -> Names:
    """The names of the one model that has rules, as the generator would report them."""
    attributes = [field.name for field in attrs.fields(VideoGenerationDto) if field.init]
    fields = {re.sub("_(.)", lambda found: found[1].upper(), name): FieldName(name, "Any", None) for name in attributes}
    model = ModelName("VideoGenerationDto", "video_generation_dto", (POINTER,), fields)
    return Names({model.name: model}, frozenset(), ())


def code(source: str, *, without: str = "") -> list[str]:
    """Return the statements of a module, however it is laid out; imports by name and in any order."""
    result = []
    for node in ast.parse(source).body:
        if isinstance(node, ast.ImportFrom):
            names = sorted(each.name for each in node.names)
            result += [f"from {node.level * '.'}{node.module} import {name}" for name in names]
        else:
            result.append(ast.unparse(node))
    return sorted(line for line in result if not without or without not in line)


def used(source: str) -> set[str]:
    """Return every name that a module loads."""
    return {node.id for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Name)}


def comments(source: str) -> list[str]:
    """Return the comments of a module in order, without the mark of generated files."""
    return [line.strip() for line in source.splitlines() if line.strip().startswith("# ")][-13:]


def test_the_module_of_the_project_is_what_is_generated(merged: Merged, names: Names) -> None:
    """Statement by statement; what formatting removes are imports that nothing uses."""
    (ruled,) = merged.ruled
    written = Path(video_generation_dto.__file__).read_text(encoding="utf-8")
    made = rules_module(ruled, names, merged.value)
    needed = {line for line in code(made) if not line.startswith("from ") or line.split()[-1] in used(made)}
    future = {"from __future__ import annotations"}
    assert needed | future == set(code(written))
    assert comments(made) == comments(written)
    assert module_name(ruled, names) == "video_generation_dto"


def test_the_table_of_the_project_is_what_is_generated(merged: Merged, names: Names) -> None:
    """Which module checks which model, and the shape of every request."""
    written = Path(_table.__file__).read_text(encoding="utf-8")
    assert code(table_module(merged.ruled, Shapes(merged.value), names)) == code(written)


TEXT: dict[str, Any] = {"type": "string"}
LIST: dict[str, Any] = {"type": "array", "items": TEXT}


def module(properties: dict[str, Any], *rules: tuple[Any, Any], **more: Any) -> str:
    """Return the module of a made-up schema, each rule given by its condition and requirement."""
    schema = {"type": "object", "properties": properties, **more}
    made = [Rule(f"r{at}", "error", "m", Source("#/", "q"), *pair, {}, {}, ()) for at, pair in enumerate(rules)]
    fields = {name: FieldName(name, "Any", None) for name in properties}
    model = ModelName("Odd", "odd", ("/S",), fields)
    return rules_module(RuledSchema(("S",), schema, tuple(made)), Names({"Odd": model}, frozenset(), ()), {"S": schema})


def function(source: str, name: str) -> str:
    """Return the body of one function of a module, without its docstring."""
    (found,) = (node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef) and node.name == name)
    return "\n".join(map(ast.unparse, found.body[1:]))


def field(name: str, **schema: Any) -> dict[str, Any]:
    """Return the schema of a body whose field fits a schema."""
    return {"properties": {name: schema}}


@pytest.mark.parametrize(
    ("requirement", "expected"),
    [
        (True, ["found: list[Violation] = []", "return found"]),
        (field("a", const="x"), [
            "found: list[Violation] = []",
            "if not isinstance(a, Unset) and a != 'x':", "    found.append(R0.broken_at('/a', a))",
            "return found"]),
        (field("b", items={"const": "x"}), [
            "found: list[Violation] = []",
            "if isinstance(b, (list, tuple)):", "    for index, item in enumerate(b):", "        if item != 'x':",
            "            found.append(R0.broken_at('/b/' + str(index), item))", "            break",
            "return found"]),
        ({"properties": {"a": {"const": "x"}, "b": {"items": {"const": "x"}}}}, [
            "found: list[Violation] = []",
            "if True:",
            "    if not isinstance(a, Unset) and a != 'x':", "        found.append(R0.broken_at('/a', a))",
            ("    elif isinstance(b, (list, tuple)) and (bad := next((index for index, item in enumerate(b) if"
             " item != 'x'), None)) is not None:"),
            "        found.append(R0.broken_at('/b/' + str(bad), b[bad]))",
            "return found"]),
        ({"allOf": [field("b", minItems=1), field("a", const="x"), field("b", maxItems=2)]}, [
            "found: list[Violation] = []",
            "b_is_list = isinstance(b, (list, tuple))",
            "if True:",
            "    if b_is_list and len(b) < 1:", "        found.append(R0.broken_at('/b', b))",
            "    elif not isinstance(a, Unset) and a != 'x':", "        found.append(R0.broken_at('/a', a))",
            "    elif b_is_list and len(b) > 2:", "        found.append(R0.broken_at('/b', b))",
            "return found"]),
    ],
)  # fmt: skip
def test_how_a_rule_is_looked_for(requirement: Any, expected: list[str]) -> None:
    """One `if` for a rule that can be broken in one way, a chain for several, a loop through the items of a list."""
    assert function(module({"a": TEXT, "b": LIST}, (True, requirement)), "broken").splitlines() == expected


def test_a_name_that_is_taken_is_not_taken_twice() -> None:
    """Where a field is called as the note on another would be, the note is not made."""
    rules = (True, {"allOf": [field("b", minItems=1), field("b_is_list", const="x"), field("b", maxItems=2)]})
    source = module({"b": LIST, "b_is_list": TEXT}, rules)
    assert "b_is_list = " not in function(source, "broken")


def test_the_values_a_rule_looks_at() -> None:
    """Only the fields that a rule names, in the order of the schema."""
    source = module({"c": TEXT, "b": LIST, "a": TEXT}, (field("a", const="x"), field("c", const="y")))
    assert function(source, "model_values") == "return (body.c, body.a)"
    assert function(source, "json_values") == "get = body.get\nreturn (get('c', UNSET), get('a', UNSET))"
    assert "fields=('c', 'a')" in source.replace('"', "'")


def test_a_schema_that_takes_a_closer_look_has_no_glance() -> None:
    """Then nothing fits at a glance, and nothing is taken as known of the fields."""
    source = module({"a": {"type": "object"}}, (True, field("a", type="object")), required=["a"])
    assert function(source, "fits") == "return False"
    assert function(source, "keeps") == "a = body.a\nreturn isinstance(a, Unset) or is_object(a)"
    plain = module({"a": {"type": "object"}}, (True, field("a", type="object")))
    assert function(plain, "fits") == "a = body.a\nreturn not body.additional_properties and a is UNSET"


@pytest.mark.parametrize(
    ("wanted", "asked"),
    [
        ({"minItems": 1}, "not isinstance(a, (list, tuple)) or len(a) >= 1"),
        ({"minLength": 1}, "not isinstance(a, str) or len(a) >= 1"),
        ({"minimum": 1}, "not is_number(a) or a >= 1"),
    ],
)
def test_what_is_not_known_is_asked(wanted: Any, asked: str) -> None:
    """Without a glance at the schema a field may be missing or of any type, and is looked at as such."""
    source = module({"a": {"type": "object"}}, (True, field("a", **wanted)), required=["a"])
    assert function(source, "keeps") == f"a = body.a\nreturn isinstance(a, Unset) or {asked}"


def test_items_of_any_kind_are_asked_what_they_are() -> None:
    """Of a list whose schema says nothing of its items only the list is known."""
    source = module({"a": {"type": "array"}}, (True, field("a", items={"pattern": "x"})), required=["a"])
    assert function(source, "keeps").splitlines()[1:3] == [
        "for item in a:", "    if isinstance(item, str) and (not _PATTERN_1.search(item)):"
    ]  # fmt: skip
    known = module({"a": LIST}, (True, field("a", items={"pattern": "x"})))
    assert function(known, "keeps").splitlines()[1:] == [
        "if a is not UNSET:", "    for item in a:", "        if not _PATTERN_1.search(item):",
        "            return False",
        "return True",
    ]  # fmt: skip


def test_the_alternatives_of_each_field() -> None:
    """Those that can be listed, with absence first where the field is optional; none for free text."""
    rules = (True, {"allOf": [field("a", const="x"), field("b", maxItems=1), field("c", const="y")]})
    properties = {"a": {"enum": ["x", "z"]}, "b": {**LIST, "maxItems": 1}, "c": TEXT, "d": {"type": "boolean"}}
    source = module(properties, rules, required=["a"])
    (keyword,) = (each for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)
                  for each in node.keywords if each.arg == "domains")  # fmt: skip
    assert ast.unparse(keyword.value) == "{'a': ('x', 'z'), 'b': (ABSENT, Length(0), Length(1), Length(2))}"


def glanced(properties: dict[str, Any], **more: Any) -> list[str]:
    """Return the statements that tell at a glance whether made-up fields fit, without those that read them."""
    lines = function(module(properties, (True, True), **more), "fits").splitlines()
    return [line for line in lines if " = body." not in line]


def test_a_glance_at_each_kind_of_field() -> None:
    """Exact types, listed words and bounds; optional fields may be absent; a list is looked through in a loop."""
    of = "not body.additional_properties and "
    integer = {"type": "integer", "minimum": 1, "maximum": 2}
    assert glanced({"a": {"type": "number"}}, required=["a"]) == [f"return {of}type(a) in (int, float)"]
    assert glanced({"a": integer}) == [f"return {of}(a is UNSET or (type(a) is int and a >= 1 and (a <= 2)))"]
    assert glanced({"a": {"type": "boolean"}}, additionalProperties=False, required=["a"]) == ["return type(a) is bool"]
    assert glanced({"a": {"type": "boolean"}}, additionalProperties=True, required=["a"]) == [
        f"return {of}type(a) is bool"
    ]
    assert glanced({}, additionalProperties=False) == ["return True"]
    assert glanced({"a": {"type": "array", "items": {"type": "number"}}}, required=["a"]) == [
        "if type(a) is not list:", "    return False",
        "for item in a:", "    if type(item) not in (int, float):", "        return False",
        "return not body.additional_properties",
    ]  # fmt: skip
    assert glanced({"a": {"type": "array", "items": {"type": "string", "enum": ["x"]}, "minItems": 1}}) == [
        "if a is not UNSET:", "    if type(a) is not list or len(a) < 1:", "        return False",
        "    for item in a:", "        if item not in ('x',):", "            return False",
        "return not body.additional_properties",
    ]  # fmt: skip
    assert glanced({"a": {"type": "array"}}, required=["a"]) == [
        "if type(a) is not list:", "    return False", "return not body.additional_properties"
    ]  # fmt: skip
    assert glanced({"a": {"type": "array", "items": {"$ref": "#/S/properties/b"}}, "b": TEXT}, required=["a"])[:4] == [
        "if type(a) is not list:", "    return False", "for item in a:", "    if type(item) is not str:",
    ]  # fmt: skip
    lines = module({"a": {"type": "boolean"}}, (True, True), required=["a"]).splitlines()
    assert {"        not body.additional_properties", "        and type(a) is bool"} <= set(lines)
    odd = module({"a": {"type": "object"}}, (True, True), required=["a"])
    assert '"""Say nothing at a glance: this schema takes a closer look."""' in odd


@pytest.mark.parametrize(
    ("form", "requirement", "expected"),
    [
        ({"type": "integer"}, {"minimum": 1}, "a >= 1"),
        ({"type": "number"}, {"minimum": 1}, "a >= 1"),
        ({"type": "string"}, {"minimum": 1}, "True"),
        ({"type": "string"}, {"minItems": 1}, "True"),
        ({"type": "boolean"}, {"minLength": 1}, "True"),
        ({"type": "string"}, {"minLength": 1}, "len(a) >= 1"),
        ({"type": "string"}, {"pattern": "^x"}, "bool(_PATTERN_1.search(a))"),
        ({"type": "string"}, {"const": 1}, "equals(a, 1)"),
    ],
)
def test_what_is_known_is_not_asked(form: Any, requirement: Any, expected: str) -> None:
    """Of a required field of one type only what a rule wants of such a value remains; what it uses is imported."""
    source = module({"a": form}, (True, field("a", **requirement)), required=["a"])
    assert function(source, "keeps").splitlines()[-1] == f"return {expected}"
    assert source.count("re.compile(") == ("PATTERN" in expected)
    imported = re.search("from ._values import (.*)", source)
    assert imported is not None
    assert ("equals" in imported[1]) is ("equals" in expected)


def test_what_a_field_holds_is_asked_by_name() -> None:
    """A rule may look into an object: a helper finds the member in a model and in a mapping alike."""
    inner = {"properties": {"n": {"const": "x"}}, "required": ["n"]}
    source = module({"a": {"type": "object"}}, (True, field("a", **inner)))
    assert "member(a, 'n') != 'x'" in function(source, "broken")
    assert "from ._values import is_object, member\n" in source


def test_a_listed_field_may_be_a_reference() -> None:
    """Its alternatives are those of the schema it refers to; nothing need be required."""
    schema = {"type": "object", "properties": {"a": {"$ref": "#/Word"}}}
    rule = Rule("r", "error", "m", Source("#/", "q"), True, field("a", const="x"), {}, {}, ())
    model = ModelName("Odd", "odd", ("/S",), {"a": FieldName("a", "Any", None)})
    names = Names({"Odd": model}, frozenset(), ())
    document = {"S": schema, "Word": {"type": "string", "enum": ["x", "y"]}}
    source = rules_module(RuledSchema(("S",), schema, (rule,)), names, document)
    assert "domains={'a': (ABSENT, 'x', 'y',)}" in source


@pytest.mark.parametrize(
    ("content", "checked"),
    [
        ("application/json", True),
        ("Application/JSON ; charset=utf-8", True),
        ("application/merge-patch+json", True),
        ("text/plain", False),
        ("application/jsonl", False),
    ],
)
def test_the_requests_that_are_checked(content: str, checked: bool) -> None:
    """Bodies that are JSON, whatever the media type adds to it."""
    body = {"content": {content: {"schema": {"$ref": "#/S"}}}}
    document = {"S": {"type": "object"}, "paths": {"/": {"post": {"requestBody": body}}}}
    names = Names({"Odd": ModelName("Odd", "odd", ("/S",), {})}, frozenset(), ())
    assert ("Odd: DEFINITIONS['#/S']" in table_module([], Shapes(document), names)) is checked
