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
from rulewright.generate.names import FieldName, ModelName, Names
from rulewright.generate.rules_module import module_name, rules_module, table_module
from rulewright.generate.shapes import Shapes
from rulewright.merged import Merged
from rulewright.rules.definition import Rule, RuledSchema, Source

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
    assert code(table_module(["video_generation_dto"], {}, Shapes(merged.value), names)) == code(written)


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
        (True, ["found: list[Broken] = []", "return found"]),
        (field("a", const="x"), [
            "found: list[Broken] = []",
            "if not isinstance(a, Unset) and a != 'x':", "    found.append((R0, '/a', a))",
            "return found"]),
        (field("b", items={"const": "x"}), [
            "found: list[Broken] = []",
            "if isinstance(b, (list, tuple)):", "    for index, item in enumerate(b):", "        if item != 'x':",
            "            found.append((R0, '/b/' + str(index), item))", "            break",
            "return found"]),
        ({"properties": {"a": {"const": "x"}, "b": {"items": {"const": "x"}}}}, [
            "found: list[Broken] = []",
            "if True:",
            "    if not isinstance(a, Unset) and a != 'x':", "        found.append((R0, '/a', a))",
            ("    elif isinstance(b, (list, tuple)) and (bad := next((index for index, item in enumerate(b) if"
             " item != 'x'), None)) is not None:"),
            "        found.append((R0, '/b/' + str(bad), b[bad]))",
            "return found"]),
        ({"allOf": [field("b", minItems=1), field("a", const="x"), field("b", maxItems=2)]}, [
            "found: list[Broken] = []",
            "b_is_list = isinstance(b, (list, tuple))",
            "if True:",
            "    if b_is_list and len(b) < 1:", "        found.append((R0, '/b', b))",
            "    elif not isinstance(a, Unset) and a != 'x':", "        found.append((R0, '/a', a))",
            "    elif b_is_list and len(b) > 2:", "        found.append((R0, '/b', b))",
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


def looks(properties: dict[str, Any], *rules: tuple[Any, Any], **more: Any) -> list[str]:
    """Return the statements of a look at made-up fields, without those that read them and the first and last."""
    more = {"additionalProperties": False, **more}
    lines = function(module(properties, *rules, **more), "look").splitlines()
    assert lines[-1] == "return ()"
    return [line for line in lines[:-1] if " = body." not in line]


NONE = "    return None"


def test_a_schema_that_takes_a_closer_look_has_no_glance() -> None:
    """Then nothing is said at a glance; of an optional field that is no plain one only its absence is known."""
    source = module({"a": {"type": "object"}}, (True, field("a", type="object")), required=["a"])
    assert function(source, "look") == "return None"
    assert '"""Say nothing at a glance: this schema takes a closer look."""' in source
    odd = {"a": {"type": "string", "nullable": True}}
    for rule in ((True, True), (when("x"), False), (True, field("a", const="x"))):
        assert looks(odd, rule) == ["if a is not UNSET:", NONE]
    asked = looks(odd, (True, {"required": ["a"]}))
    assert asked == ["if a is not UNSET:", NONE, "if True:", "    return broken(a)"]
    plain = module({"b": TEXT}, (True, True))
    assert '"""Return what a model breaks that plainly fits its schema; any other takes a closer look."""' in plain


@pytest.mark.parametrize(
    ("wanted", "asked"),
    [
        ({"minItems": 1}, "isinstance(a, (list, tuple)) and len(a) < 1"),
        ({"minLength": 1}, "isinstance(a, str) and len(a) < 1"),
        ({"minimum": 1}, "is_number(a) and a < 1"),
    ],
)
def test_what_is_not_known_is_asked(wanted: Any, asked: str) -> None:
    """What an item is that no schema speaks of is asked before anything is wanted of it."""
    found = looks({"b": {"type": "array"}}, (True, field("b", items=wanted)), required=["b"])
    assert found[2:] == [
        "for item in b:",
        f"    if {asked.replace('a,', 'item,').replace('(a)', '(item)').replace(' a ', ' item ')}:",
        "        return None",
    ]


def test_items_of_any_kind_are_asked_what_they_are() -> None:
    """Of a list whose schema says nothing of its items only the list is known."""
    wanted = (True, field("a", items={"pattern": "x"}))
    assert looks({"a": {"type": "array"}}, wanted, required=["a"]) == [
        "if type(a) is not list:", NONE,
        "for item in a:", "    if isinstance(item, str) and (not _PATTERN_1.search(item)):", "        return None",
    ]  # fmt: skip
    assert looks({"a": LIST}, wanted) == [
        "if a is not UNSET:", "    if type(a) is not list:", "        return None",
        "    for item in a:", "        if type(item) is not str or not _PATTERN_1.search(item):",
        "            return None",
    ]  # fmt: skip


def test_a_rule_of_items_under_a_condition_is_a_loop_of_its_own() -> None:
    """What is wanted of the items only sometimes is asked when it is, after the items are known to fit."""
    only = ({**field("c", const=True), "required": ["c"]}, field("a", items={"const": "x"}))
    assert looks({"a": LIST, "c": {"type": "boolean"}}, only, required=["a"]) == [
        "if type(a) is not list:", NONE,
        "for item in a:", "    if type(item) is not str:", "        return None",
        "if c is not UNSET and type(c) is not bool:", NONE,
        "if equals(c, True):", "    for item in a:", "        if item != 'x':", "            return broken(a, c)",
    ]  # fmt: skip
    inner = looks(
        {"a": LIST, "b": LIST}, (field("b", minItems=1), field("a", items={"const": "x"})), required=["a", "b"]
    )
    assert inner[-4:] == [
        "if len(b) >= 1:", "    for item in a:", "        if item != 'x':", "            return broken(a, b)"
    ]  # fmt: skip


def when(word: str) -> dict[str, Any]:
    """Return the condition that a field holds a word."""
    return {**field("a", const=word), "required": ["a"]}


def test_of_the_rules_for_one_word_only_its_own_are_asked() -> None:
    """The field most rules depend on is branched on, which also asks whether its word is listed."""
    words = {"a": {**TEXT, "enum": ["x", "y", "z"]}, "b": {**TEXT, "enum": ["p", "q"]}, "n": {"type": "integer"}}
    on_b = ({**field("b", const="p"), "required": ["b"]}, field("n", minimum=1))
    rules = [(when("x"), field("n", minimum=2)), on_b, (when("y"), field("n", minimum=3)), (when("x"), False)]
    start = ["if type(b) is not str or b not in {'p', 'q'}:", NONE, "if type(n) is not int:", NONE]
    end = ["if b == 'p' and n < 1:", "    return broken(a, b, n)"]
    branches = [
        "if a == 'x':", "    if n < 2:", "        return broken(a, b, n)",
        "    if True:", "        return broken(a, b, n)",
        "elif a == 'y':", "    if n < 3:", "        return broken(a, b, n)",
    ]  # fmt: skip
    needed = {"required": ["a", "b", "n"]}
    others = ["elif a not in ('z',):", NONE]
    assert looks(words, *rules, **needed) == [*start, *branches, *others, *end]
    every_word = [*rules, (when("z"), True), (when("z"), field("n", minimum=4))]
    closed = ["elif a == 'z':", "    if n < 4:", "        return broken(a, b, n)", "else:", NONE]
    assert looks(words, *every_word, **needed) == [*start, *branches, *closed, *end]
    optional = ["elif a is not UNSET and a not in ('z',):", NONE]
    assert looks(words, *rules, required=["b", "n"]) == [*start, *branches, *optional, *end]
    optional = [*closed[:3], "elif a is not UNSET:", NONE]
    assert looks(words, *every_word, required=["b", "n"]) == [*start, *branches, *optional, *end]


def test_each_rule_of_a_look_is_named() -> None:
    """A comment says which rule asks, also where its items are looked through."""
    rules = ((True, field("b", items={"const": "x"})), (True, field("b", minItems=1)))
    source = module({"b": LIST}, *rules, required=["b"])
    lines = [line.strip() for line in source[source.index("def look") :].splitlines()]
    assert lines[lines.index("# r0") + 1] == "for item in b:"
    assert lines[lines.index("# r1") + 1] == "if len(b) < 1:"


def test_the_alternatives_of_each_field() -> None:
    """Those that can be listed, with absence first where the field is optional; none for free text."""
    rules = (True, {"allOf": [field("a", const="x"), field("b", maxItems=1), field("c", const="y")]})
    properties = {"a": {"enum": ["x", "z"]}, "b": {**LIST, "maxItems": 1}, "c": TEXT, "d": {"type": "boolean"}}
    source = module(properties, rules, required=["a"])
    (keyword,) = (each for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)
                  for each in node.keywords if each.arg == "domains")  # fmt: skip
    assert ast.unparse(keyword.value) == "{'a': ('x', 'z'), 'b': (ABSENT, Length(0), Length(1), Length(2))}"


def test_the_alternatives_of_a_number() -> None:
    """Those that a rule names and those beside its bounds, smallest first; of a text nothing but its absence."""
    wanted = {"allOf": [field("n", maximum=3), field("n", enum=[7, "x"]), field("t", const="x")]}
    written = [{"id": "r0", "level": "error", "if": True, "then": wanted}]
    source = module({"n": {"type": "integer"}, "t": TEXT}, (True, wanted), **{"x-rules": written})
    assert "    domains={'n': (ABSENT, 2, 3, 4, 7,), 't': (ABSENT,)}," in source.splitlines()


def test_a_glance_at_each_kind_of_field() -> None:
    """Exact types, listed words and bounds; optional fields may be absent; a list is looked through in a loop."""

    def glanced(form: Any, **more: Any) -> list[str]:
        return looks({"a": form}, (True, True), **more)

    needed = {"required": ["a"]}
    assert glanced({"type": "number"}, **needed) == ["if type(a) not in (int, float):", NONE]
    integer = {"type": "integer", "minimum": 1, "maximum": 2}
    assert glanced(integer) == ["if a is not UNSET and (type(a) is not int or a < 1 or a > 2):", NONE]
    boolean = ["if type(a) is not bool:", NONE]
    assert glanced({"type": "boolean"}, **needed) == boolean
    assert glanced({"type": "boolean"}, **needed, additionalProperties=True) == [
        "if body.additional_properties:", NONE, *boolean
    ]  # fmt: skip
    assert function(module({"a": {"type": "boolean"}}, (True, True)), "look").splitlines()[1:3] == [
        "if body.additional_properties:", NONE
    ]  # fmt: skip
    assert looks({}, (True, True)) == []
    assert glanced({"type": "array", "items": {"type": "number"}}, **needed) == [
        "if type(a) is not list:", NONE,
        "for item in a:", "    if type(item) not in (int, float):", "        return None",
    ]  # fmt: skip
    words = {"type": "string", "enum": ["x", "y", "x"]}
    assert glanced({"type": "array", "items": words, "minItems": 1}) == [
        "if a is not UNSET:", "    if type(a) is not list or len(a) < 1:", "        return None",
        "    for item in a:", "        if type(item) is not str or item not in {'x', 'y'}:", "            return None",
    ]  # fmt: skip
    assert glanced({"type": "array"}, **needed) == ["if type(a) is not list:", NONE]


@pytest.mark.parametrize(
    ("form", "requirement", "expected"),
    [
        ({"type": "integer"}, {"minimum": 1}, "a < 1"),
        ({"type": "number"}, {"minimum": 1}, "a < 1"),
        ({"type": "string"}, {"minimum": 1}, None),
        ({"type": "string"}, {"minItems": 1}, None),
        ({"type": "boolean"}, {"minLength": 1}, None),
        ({"type": "string"}, {"minLength": 1}, "len(a) < 1"),
        ({"type": "string"}, {"pattern": "^x"}, "not _PATTERN_1.search(a)"),
        ({"type": "string"}, {"pattern": r"\S"}, "not '!' <= a <= '~' and (not a.strip(WHITE_SPACE))"),
        ({"type": "string"}, {"const": 1}, "not equals(a, 1)"),
    ],
)
def test_what_is_known_is_not_asked(form: Any, requirement: Any, expected: str | None) -> None:
    """Of a required field of one type only what a rule wants of such a value remains; what it uses is imported."""
    rule = (True, field("a", **requirement))
    asked = [] if expected is None else [f"if {expected}:", "    return broken(a)"]
    assert looks({"a": form}, rule, required=["a"])[2:] == asked
    source = module({"a": form}, rule, required=["a"])
    assert source.count("re.compile(") == ("PATTERN" in str(expected))
    imported = re.search("from ._values import (.*)", source)
    assert imported is not None
    assert ("equals" in imported[1]) is ("equals" in str(expected))


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
