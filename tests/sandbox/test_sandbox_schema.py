"""Schemas of a document: compiled without rules, and the rules that bind each part."""

from __future__ import annotations

from typing import Any

import pytest
from rulewright.errors import InputError
from rulewright.openapi.schemas import SchemaError, compile_schema
from rulewright.sandbox.validation import Schemas

from tests.sandbox.asking import spec_of

TEXT: Any = {"type": "string", "nullable": True}
NULLABLE: Any = {"$ref": "#/components/schemas/Text", "nullable": True}
RULE: Any = {"x-rule": {"id": "never"}, "enum": []}
COMPONENTS: Any = {
    "Text": TEXT,
    "Holder": {
        "properties": {
            "text": {"$ref": "#/components/schemas/Text"},
            "more": {"$ref": "#/components/schemas/Odd~1a%20b"},
        }
    },
    "Odd/a b": {"additionalProperties": {"$ref": "#/components/schemas/Holder"}},
    "Dynamic": {"$dynamicRef": "#/components/schemas/Text"},
    "Listed": {"allOf": [{"maxLength": 1}, {"$ref": "#/components/schemas/Text"}]},
    "Defined": {"$defs": {"a": {"allOf": [RULE]}}},
    "Unasked": {"type": "no such type"},
}


def schemas(version: str = "3.0.3", components: Any = COMPONENTS) -> Schemas:
    """Return the schemas of a small document."""
    return Schemas(spec_of(version=version, components={"schemas": components}))


@pytest.mark.parametrize(
    ("schema", "good", "bad"),
    [
        (TEXT, ["a", None], [1]),
        ({"type": "string", "nullable": False}, ["a"], [None]),
        ({"type": "string", "nullable": "true"}, ["a"], [None]),
        ({"nullable": True, "maximum": 3}, [None, 3], [4]),
        ({"type": "string", "nullable": True, "enum": ["a"]}, ["a", None], ["b"]),
        ({"type": "string", "nullable": True, "anyOf": [{"maxLength": 1}]}, ["a", None], ["ab", 1]),
        ({"type": "string", "nullable": True, "allOf": [{"enum": ["a"]}]}, ["a", None], ["b"]),
        ({"type": "string", "nullable": True, "allOf": [RULE]}, ["a", None], [1]),
        (NULLABLE, ["a", None], [1]),
        ({"properties": {"a": TEXT, "nullable": {"type": "string"}}}, [{"a": None}], [{"a": 1}, {"nullable": None}]),
        ({"items": TEXT}, [["a", None]], [[1]]),
        ({"additionalProperties": TEXT}, [{"a": None}], [{"a": 1}]),
        ({"not": TEXT}, [1], ["a", None]),
        ({"oneOf": [TEXT, {"type": "integer"}]}, ["a", None, 1], [[]]),
        ({"anyOf": [TEXT, {"type": "integer"}]}, ["a", None, 1], [[]]),
        ({"allOf": [TEXT, {"maxLength": 1}]}, ["a", None], ["ab", 1]),
        ({"allOf": [RULE]}, ["a", None, 1], []),
        ({"allOf": [RULE, {"type": "string"}]}, ["a"], [1]),
        ({"items": {"allOf": [RULE]}}, [["a"]], []),
        ({"enum": [TEXT, ["a"]]}, [TEXT, ["a"]], [None, "a"]),
        ({"minimum": 1, "exclusiveMinimum": True}, [2], [1]),
        ({"additionalProperties": False}, [{}], [{"a": 1}]),
        ({"format": "date"}, ["2026-01-01"], ["2026-01-32"]),
    ],
)
def test_a_schema_of_3_0(schema: Any, good: list[Any], bad: list[Any]) -> None:
    """`nullable` is supported at any depth; `allOf` members that encode a rule are left out."""
    validator = schemas().validator(schema)
    assert [value for value in [*good, *bad] if validator.is_valid(value)] == good


@pytest.mark.parametrize(
    ("schema", "good", "bad"),
    [
        (TEXT, ["a", None], [1]),
        ({"format": "date"}, ["2026-01-01"], ["2026-01-32"]),
        ({"exclusiveMinimum": 1}, [2], [1]),
        ({"const": {"type": "string", "allOf": [RULE]}}, [{"type": "string", "allOf": [RULE]}], [{"type": "string"}]),
        *(
            ({keyword: {"a": {"allOf": [RULE]}}}, [{}, {"a": {}}], [])
            for keyword in ("properties", "patternProperties", "dependentSchemas")
        ),
        ({"prefixItems": [{"allOf": [RULE]}]}, [[1]], []),
        ({"if": {"allOf": [RULE]}, "then": {"allOf": [RULE]}, "else": False}, [1], []),
        ({"if": False, "else": {"allOf": [RULE]}}, [1], []),
        ({"propertyNames": {"allOf": [RULE]}, "contains": {"allOf": [RULE]}}, [[1], {"a": 1}], [[]]),
        ({"$ref": "#/components/schemas/Defined/$defs/a"}, [1], []),
        (True, [1], []),
        (False, [], [1]),
    ],
)
def test_a_schema_of_3_1(schema: Any, good: list[Any], bad: list[Any]) -> None:
    """Draft 2020-12; rules are left out wherever a schema may be, and only there."""
    validator = schemas("3.1.0").validator(schema)
    assert [value for value in [*good, *bad] if validator.is_valid(value)] == good


@pytest.mark.parametrize("version", ["3.0.3", "3.1.0"])
@pytest.mark.parametrize(
    ("reference", "bad"),
    [
        ("#/components/schemas/Text", 1),
        ("#/components/schemas/Holder/properties/text", 1),
        ("#/components/schemas/Listed/allOf/1", 1),
        ("#/components/schemas/Holder", {"text": 1}),
        ("#/components/schemas/Holder", {"more": {"a": {"text": 1}}}),
        ("#/components/schemas/Odd~1a%20b", {"a": {"text": 1}}),
        ("#/components/schemas/Odd~1a%20b/additionalProperties", {"text": 1}),
    ],
)
def test_a_reference_is_followed(version: str, reference: str, bad: Any) -> None:
    """Through others, in a circle, with escaped names; unused ones are not read."""
    for schema, value in (({"$ref": reference}, bad), ({"items": {"$ref": reference}}, [bad])):
        assert not schemas(version).validator(schema).is_valid(value)
    assert schemas(version).validator({"$ref": reference}).is_valid("a")
    assert not schemas("3.1.0").validator({"$ref": "#/components/schemas/Dynamic"}).is_valid(1)


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        ({"$ref": "#/components/schemas/No"}, "#/components/schemas/No: the reference leads nowhere"),
        ({"minimum": "x"}, 'a schema of the effective document cannot be compiled: "x" is not of type "number"'),
        ({"pattern": "("}, 'a schema of the effective document cannot be compiled: "(" is not a "regex"'),
    ],
)
def test_a_malformed_schema_is_an_error(schema: Any, message: str) -> None:
    """One line names the mistake."""
    with pytest.raises(InputError) as caught:
        schemas("3.1.0").validator(schema)
    assert str(caught.value) == message


def test_nothing_is_fetched() -> None:
    """A reference to another document is an error."""
    with pytest.raises(SchemaError) as caught:
        compile_schema({"$ref": "http://127.0.0.1:1/x"})
    assert str(caught.value) == (
        "a schema of the effective document cannot be compiled: Resource 'http://127.0.0.1:1/x' is not present in "
        "a registry and retrieving it failed: Retrieval is disabled, cannot fetch http://127.0.0.1:1/x"
    )


def with_rule(name: str, **more: Any) -> dict[str, Any]:
    """Return a schema with a rule."""
    return {"x-rules": [{"id": name}], **more}


TREE: Any = with_rule(
    "whole",
    properties={"a": with_rule("a", type="string"), "b": {"$ref": "#/components/schemas/Kind"}},
    additionalProperties=with_rule("other"),
    items=with_rule("item", items=with_rule("deep")),
    allOf=[
        with_rule("member", properties={"a": with_rule("member-a")}),
        {"x-rule": {}, **with_rule("rule")},
    ],
    oneOf=[with_rule("object", type="object"), with_rule("list", type="array")],
    anyOf=[with_rule("small", maxProperties=1), with_rule("smaller", maxProperties=0), {"type": "array"}],
)
KIND: Any = with_rule("kind", properties={"again": {"$ref": "#/components/schemas/Kind"}})


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (1, [((), "whole"), ((), "member")]),
        (
            {"a": 1, "b": {"again": {}}},
            [
                ((), "whole"),
                ((), "member"),
                (("a",), "member-a"),
                ((), "object"),
                (("a",), "a"),
                (("b",), "kind"),
                (("b", "again"), "kind"),
            ],
        ),
        (
            {"c": 1},
            [((), "whole"), ((), "member"), ((), "object"), ((), "small"), (("c",), "other")],
        ),
        ([[1], 2], [((), "whole"), ((), "member"), ((), "list"), ((0,), "item"), ((0, 0), "deep"), ((1,), "item")]),
    ],
)
def test_which_parts_of_a_value_rules_bind(value: Any, wanted: Any) -> None:
    """Rules of a choice count only if exactly one alternative matches."""
    tree = schemas("3.1.0", {"Kind": KIND})
    found = list(tree.rule_subjects(TREE, value))
    assert [(at, rule["id"]) for at, _, rule in found] == wanted
    assert all(part == _at(value, at) for at, part, _ in found)


def _at(value: Any, location: Any) -> Any:
    for key in location:
        value = value[key]
    return value


def test_the_rules_that_may_bind_a_value() -> None:
    """Each once; those of `allOf` members bind the whole value."""
    tree = schemas("3.1.0", {"Kind": KIND})
    assert [rule["id"] for rule in tree.rules(TREE)] == [
        "whole",
        "member",
        "member-a",
        "a",
        "kind",
        "item",
        "deep",
        "other",
        "object",
        "list",
        "small",
        "smaller",
    ]
    twice = {
        "properties": {"a": with_rule("whole")},
        "allOf": [with_rule("whole"), {"allOf": [with_rule("inner")]}],
    }
    assert [rule["id"] for rule in tree.rules(twice)] == ["whole", "inner"]


@pytest.mark.parametrize("keyword", ["allOf", "oneOf", "anyOf"])
def test_recursive_schemas_end(keyword: str) -> None:
    """At one place, and below it."""
    one, other, below = ({"$ref": f"#/components/schemas/{name}"} for name in ("One", "Other", "Below"))
    components = {
        "One": with_rule("one", **{keyword: [other]}),
        "Other": with_rule("other", allOf=[one], properties={"a": below}),
        "Below": with_rule("below", additionalProperties=one),
    }
    tree = schemas("3.1.0", components)
    assert [rule["id"] for rule in tree.rules(one)] == ["one", "other", "below"]
    found = [(at, rule["id"]) for at, _, rule in tree.rule_subjects(one, {"a": {"b": {}}})]
    round_once = [((), "one"), ((), "other")]
    below_it = [(("a",), "below"), (("a", "b"), "one"), (("a", "b"), "other")]
    assert found == [*round_once, *below_it]


def test_null_is_one_more_type_where_it_can_be() -> None:
    """A violation can then name the types."""
    assert [error.kind.name for error in schemas().validator(TEXT).iter_errors(1)] == ["type"]


@pytest.mark.parametrize("schema", [{}, True, {"x-rules": None, "properties": None, "allOf": None, "oneOf": None}])
def test_a_schema_without_rules(schema: Any) -> None:
    """No rule binds."""
    assert list(schemas().rules(schema)) == []
    assert list(schemas().rule_subjects(schema, {"a": [1]})) == []
