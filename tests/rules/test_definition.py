"""Definitions of rules: read at any place, and refused with place and remedy if malformed."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from rulewright.rules.definition import Rule, RuleDefinitionError, RuledSchema, Source, read_rules

PARTS = "a rule has id, level, message, source, if, then, examples"
WRITTEN: dict[str, Any] = {
    "id": "boxes-need-weight",
    "level": "error",
    "message": "weight is required when kind is box",
    "source": {"at": "#/info/title", "quote": "boxes need a weight"},
    "if": {"required": ["kind"]},
    "then": {"required": ["weight"]},
    "examples": {"passes": {"weight": 1}, "breaks": {"kind": "box"}},
}


def write_rule(**changes: Any) -> dict[str, Any]:
    """Return the rule with some of its parts replaced."""
    return {**copy.deepcopy(WRITTEN), **changes}


def document(*rules: Any, **schemas: Any) -> dict[str, Any]:
    """Return a document with one schema that carries some rules, and more schemas."""
    return {"components": {"schemas": {"Order": {"type": "object", "x-rules": list(rules)}, **schemas}}}


def refusal(value: Any) -> str:
    """Return the message about a document with malformed rules."""
    with pytest.raises(RuleDefinitionError) as caught:
        read_rules(value)
    return str(caught.value)


def test_a_rule_is_read_with_its_place() -> None:
    """Every part is an attribute; keys that start with x- are ignored."""
    value = document(write_rule(**{"x-note": "mine"}))
    (ruled,) = read_rules(value)
    (rule,) = ruled.rules
    place = ("components", "schemas", "Order", "x-rules", 0)
    assert (ruled.location, rule.location) == (place[:3], place)
    assert ruled.schema is value["components"]["schemas"]["Order"]
    assert rule == Rule(
        "boxes-need-weight",
        "error",
        "weight is required when kind is box",
        Source("#/info/title", "boxes need a weight"),
        {"required": ["kind"]},
        {"required": ["weight"]},
        {"weight": 1},
        {"kind": "box"},
        place,
    )


@pytest.mark.parametrize(
    "source",
    [
        {"at": "#/info", "quote": "q"},
        {"at": "#/info", "quote": "q", "page": "https://vendor.example/a.md"},
        {"at": "#/info", "quote": "q", "page": "a.md", "sha256": "0" * 64},
        {"page": "a.md", "sha256": "0" * 64, "quote": "q"},
    ],
)
def test_a_source_is_a_place_in_the_document_or_on_a_page(source: dict[str, str]) -> None:
    """A source on a page only is located by the page."""
    (ruled,) = read_rules(document(write_rule(source=source)))
    (rule,) = ruled.rules
    assert rule.source.data() == {"at": "a.md", **source}


def test_a_schema_is_called_by_its_place() -> None:
    """The pointer is that of a reference; the name is that of the component."""
    ruled = RuledSchema(("components", "schemas", "a/b"), {}, ())
    assert (ruled.pointer, ruled.name) == ("#/components/schemas/a~1b", "a/b")


def test_rules_are_found_at_any_schema() -> None:
    """Rules are found in document order, in lists and under properties of any name, but not in data."""
    inner = {"x-rules": [write_rule(id="inner")]}
    properties = {name: {"x-rules": [write_rule(id=f"in-{name}")]} for name in ("default", "example", "x-odd")}
    data = {key: [{"x-rules": [7]}] for key in ("example", "examples", "default", "enum", "x-data")}
    value = document(write_rule(id="outer"), Other={"allOf": [{}, inner], "properties": properties, **data})
    assert [(rule.id, rule.location[2:-2]) for ruled in read_rules(value) for rule in ruled.rules] == [
        ("outer", ("Order",)),
        ("inner", ("Other", "allOf", 1)),
        ("in-default", ("Other", "properties", "default")),
        ("in-example", ("Other", "properties", "example")),
        ("in-x-odd", ("Other", "properties", "x-odd")),
    ]


def test_rules_are_a_list() -> None:
    """A single rule must be in a list too."""
    value = {"components": {"x-rules": write_rule()}}
    assert refusal(value) == "x-rules must be a list of rules\n  at /components/x-rules"


def test_an_id_is_used_once() -> None:
    """Callers waive rules by their ids, whichever schema they belong to."""
    value = document(write_rule(id="other"), write_rule(), Other={"x-rules": [write_rule()]})
    assert refusal(value) == (
        "rule boxes-need-weight: the id is taken by the rule at /components/schemas/Order/x-rules/1\n"
        "  at /components/schemas/Other/x-rules/0"
    )


@pytest.mark.parametrize("key", list(WRITTEN))
def test_every_part_is_needed(key: str) -> None:
    """The missing part is named, with all required parts."""
    rule = write_rule()
    del rule[key]
    name = "" if key == "id" else "rule boxes-need-weight: "
    assert refusal(document(rule)) == f"{name}has no {key!r}; {PARTS}\n  at /components/schemas/Order/x-rules/0"


LONG = "x" * 100
NO_EXAMPLES: tuple[Any, ...] = (7, {"passes": {}}, {"passes": {}, "breaks": {}, "more": {}})
NO_SOURCES: tuple[Any, ...] = (
    "#/info",
    {"at": "#/info"},
    {"page": "p", "quote": "q"},
    {"at": "#/a", "quote": "q", "url": "u"},
)
SOURCE_PARTS = "at and quote; at, quote and the page an overlay took the text from; or page, its sha256 and quote"
WRONG: list[tuple[Any, str, str]] = [
    (7, "a rule must be an object, got 7", ""),
    ([LONG], f"a rule must be an object, got ['{'x' * 58}", ""),
    (write_rule(note="mine"), f"rule boxes-need-weight: has an unknown key 'note'; {PARTS}", "/note"),
    *(
        (write_rule(id=name), f"an id must be kebab-case and not reserved, got {name!r:.60}", "/id")
        for name in (7, "", "Boxes", "boxes_need", "1-box", "a--b", "a-", "schema", f"{LONG}_", "box\n", "x'y")
    ),
    *(
        (
            write_rule(level=level),
            f"rule boxes-need-weight: level must be error or warning, got {level!r:.60}",
            "/level",
        )
        for level in ("fatal", None, LONG)
    ),
    *(
        (write_rule(message=text), "rule boxes-need-weight: message must be one line of text", "/message")
        for text in (7, "", " ", "a\nb")
    ),
    (
        write_rule(**{"if": {"anyOf": [{"required": 7}]}}),
        "rule boxes-need-weight: required must be a list of property names, each once, got 7",
        "/if/anyOf/0/required",
    ),
    (
        write_rule(then={"const": 1}),
        "rule boxes-need-weight: const is about the body as a whole; name the property it is about",
        "/then/const",
    ),
    *(
        (
            write_rule(examples=value),
            "rule boxes-need-weight: examples must be an object with passes and breaks",
            "/examples",
        )
        for value in NO_EXAMPLES
    ),
    *(
        (write_rule(source=value), f"rule boxes-need-weight: source must be an object with {SOURCE_PARTS}", "/source")
        for value in NO_SOURCES
    ),
    *(
        (write_rule(source={"at": at, "quote": "q"}), "rule boxes-need-weight: source at must be text", "/source/at")
        for at in (7, "", " ")
    ),
    *(
        (
            write_rule(source={"at": "#/a", "quote": q}),
            "rule boxes-need-weight: source quote must be text",
            "/source/quote",
        )
        for q in (7, "", " ")
    ),
    (
        write_rule(source={"at": "info", "quote": "q"}),
        "rule boxes-need-weight: source at must be a JSON pointer such as #/info, got 'info'",
        "/source/at",
    ),
    (
        write_rule(source={"page": "p.md", "sha256": "A" * 64, "quote": "q"}),
        "rule boxes-need-weight: source sha256 must be 64 hexadecimal digits in lower case",
        "/source/sha256",
    ),
]


@pytest.mark.parametrize(("rule", "message", "place"), WRONG)
def test_a_malformed_rule_is_refused_with_its_place(rule: Any, message: str, place: str) -> None:
    """The message has the rule, the mistake and what would be right."""
    assert (
        refusal(document(write_rule(id="other"), rule)) == f"{message}\n  at /components/schemas/Order/x-rules/1{place}"
    )


@pytest.mark.parametrize("name", ["a", "a1", "veo31-fast", "a-1-b"])
def test_an_id_is_words_and_numbers_with_hyphens(name: str) -> None:
    """Ids are typed on command lines and written in code."""
    (ruled,) = read_rules(document(write_rule(id=name, level="warning")))
    assert [rule.id for rule in ruled.rules] == [name]
