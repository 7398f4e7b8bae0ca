"""The linter: each mistake in a well-formed rule is reported with message, place and check."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from rulewright.openapi.schemas import SchemaError
from rulewright.rules.definition import read_rules
from rulewright.rules.lint import CHECKS, check, lint

PARCEL: dict[str, Any] = {
    "type": "object",
    "properties": {
        "kind": {"type": "string", "enum": ["box", "letter"]},
        "weight": {"type": "number"},
        "fragile": {"type": "boolean"},
        "labels": {"type": "array", "items": {"$ref": "#/components/schemas/Label"}},
        "codes": {"$ref": "#/components/schemas/Codes"},
        "sender": {"$ref": "#/components/schemas/Alias"},
    },
}
OTHERS: dict[str, Any] = {
    "Codes": {"type": "array", "items": {"properties": {"digits": {}}}},
    "Label": {"type": "object", "properties": {"text": {"type": "string"}}},
    "Person": {"allOf": [{"properties": {"name": {}}}, {"$ref": "#/components/schemas/Label"}]},
    "Alias": {"$ref": "#/components/schemas/Person"},
}
IS_BOX: dict[str, Any] = {"properties": {"kind": {"const": "box"}}, "required": ["kind"]}
HEAVY: dict[str, Any] = {"properties": {"weight": {"minimum": 2}}, "required": ["weight"]}


def rule(**changes: Any) -> dict[str, Any]:
    """Return a correct rule with some parts replaced."""
    return {
        "id": "boxes",
        "level": "error",
        "message": "weight must be at least 2 when kind is box",
        "source": {"at": "#/info/title", "quote": "boxes"},
        "if": IS_BOX,
        "then": HEAVY,
        "examples": {"passes": {"kind": "box", "weight": 2}, "breaks": {"kind": "box", "weight": 1}},
        **changes,
    }


def found(*rules: dict[str, Any], version: str = "3.0.3", **parts: Any) -> list[str]:
    """Return the findings of the linter for some rules, as text."""
    schemas = {"Parcel": {**PARCEL, "x-rules": list(rules), **parts}, **OTHERS}
    value = {"openapi": version, "info": {"title": "boxes"}, "components": {"schemas": schemas}}
    return [str(finding) for finding in lint(value, read_rules(value))]


def says(message: str, check: str, pointer: str, index: int = 0, name: str = "boxes") -> str:
    """Return a finding as it is printed."""
    return f"rule {name}: {message}\n  at /components/schemas/Parcel/x-rules/{index}{pointer} ({check})"


def labelled(**label: Any) -> dict[str, Any]:
    """Return the requirement that each label fits a schema."""
    return {"properties": {"labels": {"items": label}}}


def test_a_correct_rule_has_no_findings() -> None:
    """As an error, as a warning, and about nested fields."""
    nested = rule(
        message="labels and sender of a box: each has a text, the sender a name",
        then={"properties": {"labels": {"items": {"required": ["text"]}}, "sender": {"required": ["name", "text"]}}},
        examples={
            "passes": {"kind": "box", "labels": [{"text": "x"}]},
            "breaks": {"kind": "box", "labels": [{}]},
        },
    )
    assert found(rule()) == found(rule(level="warning")) == found(nested) == []


def test_a_check_is_registered_by_its_functions_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """A decorated function is all that a new check needs."""

    def something_new(rule: Any, context: Any) -> Iterator[tuple[str, Any]]:
        yield "is new", ("if",)

    monkeypatch.setattr("rulewright.rules.lint.CHECKS", {})
    assert check(something_new) is something_new
    assert found(rule()) == [says("is new", "something-new", "/if")]


ABSENT = "the condition also matches a body without {0!r}; add required: [{0}]"
MISTAKES: list[tuple[str, dict[str, Any], str, str]] = [
    ("field-exists", rule(**{"if": {**IS_BOX, "anyOf": [{"required": ["kid"]}, True]}}),
     "the schema has no property 'kid'; did you mean 'kind'?", "/if/anyOf/0"),
    ("field-exists", rule(then={"allOf": [HEAVY, {"not": {"properties": {"zzz": {}}}}]}),
     "the schema has no property 'zzz'; did you mean 'weight'?", "/then/allOf/1/not"),
    ("field-exists", rule(then={**HEAVY, "allOf": [labelled(required=["txt"])]}),
     "the schema has no property 'txt'; did you mean 'text'?", "/then/allOf/0/properties/labels/items"),
    ("field-exists", rule(then={"allOf": [HEAVY, {"properties": {"sender": {"required": ["nam"]}}}]}),
     "the schema has no property 'nam'; did you mean 'name'?", "/then/allOf/1/properties/sender"),
    ("field-exists", rule(then={"allOf": [HEAVY, {"properties": {"codes": {"items": {"required": ["digit"]}}}}]}),
     "the schema has no property 'digit'; did you mean 'digits'?", "/then/allOf/1/properties/codes/items"),
    ("condition-needs-presence", rule(**{"if": {"properties": IS_BOX["properties"]}}), ABSENT.format("kind"), "/if"),
    ("condition-needs-presence", rule(**{"if": {"allOf": [IS_BOX, {"properties": {"fragile": {}}}]}}),
     ABSENT.format("fragile"), "/if/allOf/1"),
    ("condition-needs-presence", rule(**{"if": {"anyOf": [{"properties": {"fragile": {}}}, IS_BOX]}}),
     ABSENT.format("fragile"), "/if/anyOf/0"),
    ("condition-needs-presence",
     rule(**{"if": {"required": ["kind"], "properties": {"kind": {"properties": {"a/b": {}}}}}}),
     ABSENT.format("a/b"), "/if/properties/kind"),
    ("condition-names-a-field", rule(**{"if": True}),
     "the condition names no field; state when the rule applies, at least that a field is required", "/if"),
    ("examples-do-what-they-claim", rule(examples={"passes": {"kind": "box"}, "breaks": {"kind": "box"}}),
     "the example must break no rule, it breaks boxes", "/examples/passes"),
    ("examples-do-what-they-claim", rule(examples={"passes": {"kind": "box", "weight": 2}, "breaks": {"weight": 2}}),
     "the example must break boxes and nothing else, it breaks none", "/examples/breaks"),
    ("examples-do-what-they-claim",
     rule(examples={"passes": {"kind": "box", "weight": "x"}, "breaks": {"kind": "box"}}),
     "the example does not fit the schema: \"x\" is not of type \"number\" at /weight", "/examples/passes"),
    ("condition-can-be-met", rule(examples={"passes": {"kind": "letter"}, "breaks": {"kind": "box"}}),
     "the example does not meet the condition, so it shows nothing", "/examples/passes"),
    ("message-names-what-is-accepted", rule(message="at least 2 for a box"),
     "the message does not name the field 'weight'", "/message"),
    ("message-names-what-is-accepted", rule(message="weight must be large when kind is box"),
     "the message does not name the accepted value 2", "/message"),
]  # fmt: skip


def test_every_check_has_a_mistake_that_it_finds() -> None:
    """A check is registered under the name that its findings end with."""
    assert set(CHECKS) == {name for name, *_ in MISTAKES}


@pytest.mark.parametrize(("name", "wrong", "message", "pointer"), MISTAKES)
def test_a_mistake_is_reported_with_its_place(name: str, wrong: dict[str, Any], message: str, pointer: str) -> None:
    """The finding has the mistake, the remedy, the place and the check."""
    said = [finding for finding in found(wrong) if finding.endswith(f"({name})")]
    assert said == [says(message, name, pointer)]


def test_examples_are_judged_by_all_rules() -> None:
    """An example that breaks two rules is a finding of both."""
    assert found(rule(), rule(id="again", level="warning")) == [
        says(f"the example must break {name} and nothing else, it breaks boxes, again",
             "examples-do-what-they-claim", "/examples/breaks", index, name)
        for index, name in enumerate(("boxes", "again"))
    ]  # fmt: skip


def test_a_schema_may_have_any_name() -> None:
    """The pointer of such a schema is escaped, and its examples are judged."""
    schema = {**PARCEL, "x-rules": [rule(examples={"passes": {"kind": "bag"}, "breaks": {"kind": "box"}})]}
    name = "Pakete/Größe #1~ 50%"
    value = {"openapi": "3.1.0", "info": {"title": "boxes"}, "components": {"schemas": {name: schema, **OTHERS}}}
    (finding, *_) = lint(value, read_rules(value))
    assert str(finding) == (
        'rule boxes: the example does not fit the schema: "bag" is not one of "box" or "letter" at /kind\n'
        "  at /components/schemas/Pakete~1Größe #1~0 50%/x-rules/0/examples/passes (examples-do-what-they-claim)"
    )


def test_a_reference_to_itself_restricts_no_properties() -> None:
    """A circular reference is a mistake of the document, not of the rule."""
    lost = {"$ref": "#/components/schemas/Parcel/properties/lost"}
    inner = {"properties": {"lost": {"required": ["anything"]}}}
    looped = rule(then={**HEAVY, "anyOf": [inner, True]}, message="weight must be at least 2, lost hold anything")
    assert found(looped, properties={**PARCEL["properties"], "lost": lost}) == []


def test_a_recursive_all_of_ends() -> None:
    """The known properties count although `allOf` leads back to the schema."""
    findings = found(rule(then={"required": ["zzz"]}), allOf=[{"$ref": "#/components/schemas/Parcel"}])
    assert says("the schema has no property 'zzz'; did you mean 'weight'?", "field-exists", "/then") in findings


def test_a_schema_that_cannot_be_evaluated_is_the_documents_mistake() -> None:
    """The error names the schema."""
    with pytest.raises(SchemaError) as caught:
        found(rule(), version="3.1.0", properties={**PARCEL["properties"], "lost": {"$ref": "#/gone"}})
    assert str(caught.value) == (
        "a schema of the effective document cannot be compiled: Pointer '/gone' does not exist\n"
        "  at #/components/schemas/Parcel"
    )


def test_a_schema_without_properties_accepts_any_name() -> None:
    """Without properties, and below unknown places, any name may exist."""
    assert found(rule(), properties={}) == []
    inner = {"properties": {"weight": {"required": ["anything"]}, "kind": {"items": {"required": ["anything"]}}}}
    said = found(rule(then={**HEAVY, "anyOf": [inner, True]}, message="weight, kind and anything must be 2"))
    assert said == []


@pytest.mark.parametrize(("version", "fits"), [("3.0.3", True), ("3.1.0", False)])
def test_examples_are_judged_as_the_documents_version_reads_a_schema(version: str, fits: bool) -> None:
    """`exclusiveMinimum` is a boolean in OpenAPI 3.0 and a number in 3.1."""
    properties = {**PARCEL["properties"], "weight": {"type": "number", "maximum": 9, "nullable": True}}
    old = {**properties, "weight": {"minimum": 0, "exclusiveMinimum": True}}
    new = {**properties, "weight": {"exclusiveMinimum": 2}}
    zero = rule(examples={"passes": {"kind": "box", "weight": 2}, "breaks": {"kind": "box", "weight": 0}})
    if fits:
        assert any("does not fit the schema: 0" in finding for finding in found(zero, version=version, properties=old))
    else:
        assert any("does not fit the schema: 2" in finding for finding in found(zero, version=version, properties=new))


@pytest.mark.parametrize(
    ("then", "message", "missing"),
    [
        ({"properties": {"labels": {"minItems": 1, "maxItems": 30}}}, "labels: few", ["1", "30"]),
        ({"properties": {"labels": {"maxItems": 0}}}, "labels: few", ["0"]),
        ({"properties": {"labels": {"maxItems": 0}}}, "labels must be empty", []),
        ({"properties": {"labels": {"maxItems": 0}}}, "no labels", []),
        ({"properties": {"labels": {"maxItems": 0}}}, "labels: none", []),
        ({"properties": {"labels": {"maxItems": 7}}}, "labels must be empty", ["7"]),
        ({"properties": {"weight": {"minimum": 1.5, "maximum": 2.0}}}, "weight", ["1.5", "2"]),
        ({"properties": {"weight": {"exclusiveMinimum": 3, "exclusiveMaximum": 5}}}, "weight", ["3", "5"]),
        ({"properties": {"kind": {"maxLength": 9, "minLength": 1}}}, "kind", ["9"]),
        ({"properties": {"kind": {"enum": ["box", "letter"]}}}, "kind: a (box);", ["letter"]),
        ({"properties": {"fragile": {"const": True}}}, "fragile", ["true"]),
        ({"properties": {"fragile": {"const": None}}}, "fragile or null", []),
        ({"properties": {"kind": {"not": {"const": "box"}}}}, "kind must be another", []),
        ({"anyOf": [{"properties": {"kind": {"const": "box"}}}, {"required": ["weight"]}]}, "kind, weight", ["box"]),
        (labelled(const="x"), "labels", ["x"]),
    ],
)
def test_a_message_names_every_accepted_value(then: Any, message: str, missing: list[str]) -> None:
    """Accepted bounds and values must be in the message; excluded ones need not."""
    said = [finding for finding in found(rule(then=then, message=message)) if "accepted value" in finding]
    assert said == [
        says(f"the message does not name the accepted value {value}", "message-names-what-is-accepted", "/message")
        for value in missing
    ]


@pytest.mark.parametrize(
    ("then", "message", "missing"),
    [
        (HEAVY, "a box needs 2", ["weight"]),
        ({"properties": {"weight": {"minimum": 2}}}, "a box needs 2", ["weight"]),
        (HEAVY, "at least 2 in parcel.weight (kg)", []),
        ({"required": ["weight", "kind"]}, "both are needed", ["weight", "kind"]),
        ({"properties": {"sender": {"required": ["name"]}}}, "sender needs more", ["name"]),
        (labelled(required=["text"]), "labels need more", []),
    ],
)
def test_a_message_names_every_field(then: Any, message: str, missing: list[str]) -> None:
    """Also one inside another, but not what each item of a list holds."""
    said = [finding for finding in found(rule(then=then, message=message)) if "name the field" in finding]
    assert said == [
        says(f"the message does not name the field {name!r}", "message-names-what-is-accepted", "/message")
        for name in missing
    ]
