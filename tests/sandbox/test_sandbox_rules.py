"""Bodies are judged by their schema and its rules; each violation has its place, the value and what is accepted."""

from __future__ import annotations

import json
from typing import Any

import pytest
from rulewright.errors import InputError
from rulewright.sandbox import Sandbox

from tests.sandbox.asking import play, small

TEXT: Any = {"type": "string", "nullable": True}
SUGAR: dict[str, Any] = {
    "id": "sugar-needs-grams",
    "level": "error",
    "message": "grams must be given with sugar",
    "source": {"at": "#", "quote": "with sugar, give grams"},
    "if": {"properties": {"kind": {"const": "sugar"}}, "required": ["kind"]},
    "then": {"required": ["grams"], "properties": {"grams": {"maximum": 9}}},
}
SALT: dict[str, Any] = {
    "id": "salt-is-fine",
    "level": "warning",
    "message": "salt should be fine",
    "source": {"at": "#", "quote": "fine salt"},
    "if": {"properties": {"kind": {"const": "salt"}}, "required": ["kind"]},
    "then": {"properties": {"grain": {"const": "fine"}}},
}
NO_GRAMS = {
    "rule": "sugar-needs-grams",
    "pointer": "/grams",
    "got": "absent",
    "message": "grams must be given with sugar",
    "allowed": {"required": "grams"},
    "source": "with sugar, give grams",
}
COARSE = {
    "rule": "salt-is-fine",
    "pointer": "/grain",
    "got": '"coarse"',
    "message": "salt should be fine",
    "allowed": {"const": "fine"},
    "source": "fine salt",
    "level": "warning",
}
RULE: Any = {"x-rule": {"id": "never"}, "enum": []}
"""A rule as a schema: part of the document for other tools, and judged by its `x-rules` here."""
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
    "Self": {"$ref": "#/components/schemas/Self"},
    "Unused": {"type": "no such type"},
}


def taking(schema: Any, *, version: str = "3.1.0", components: Any = COMPONENTS) -> dict[str, Any]:
    """Return a document with one operation that takes a schema as its body."""
    post = {"requestBody": {"content": {"application/json": {"schema": schema}}}, "responses": {}}
    return small({"/": {"post": post}}, version=version, components={"schemas": components})


def judge(schema: Any, body: Any, *, strict: bool = False, **document: Any) -> tuple[list[dict[str, Any]], list[str]]:
    """Return the violations of a body that is refused, or else the warnings about it."""
    with play(taking(schema, **document), strict=strict) as client:
        answer = client.post("/", content=json.dumps(body), headers={"content-type": "application/json"})
    if answer.status_code == 400:
        return answer.json()["violations"], []
    assert answer.status_code == 204
    return [], list(filter(None, answer.headers.get("x-sandbox-warnings", "").split(",")))


@pytest.mark.parametrize(
    ("version", "schema", "good", "bad"),
    [
        ("3.0.3", TEXT, ["a", None], [1]),
        ("3.0.3", {"type": "string", "nullable": False}, ["a"], [None]),
        ("3.0.3", {"type": "string", "nullable": "true"}, ["a"], [None]),
        ("3.0.3", {"nullable": True, "maximum": 3}, [None, 3], [4]),
        ("3.0.3", TEXT | {"enum": ["a"]}, ["a", None], ["b"]),
        ("3.0.3", TEXT | {"anyOf": [{"maxLength": 1}]}, ["a", None], ["ab", 1]),
        ("3.0.3", TEXT | {"allOf": [{"enum": ["a"]}]}, ["a", None], ["b"]),
        ("3.0.3", TEXT | {"allOf": [RULE]}, ["a", None], [1]),
        ("3.0.3", {"$ref": "#/components/schemas/Text", "nullable": True}, ["a", None], [1]),
        ("3.0.3", {"properties": {"a": TEXT, "nullable": {"type": "string"}}}, [{"a": None}],
         [{"a": 1}, {"nullable": None}]),
        ("3.0.3", {"items": TEXT}, [["a", None]], [[1]]),
        ("3.0.3", {"additionalProperties": TEXT}, [{"a": None}], [{"a": 1}]),
        ("3.0.3", {"not": TEXT}, [1], ["a", None]),
        ("3.0.3", {"oneOf": [TEXT, {"type": "integer"}]}, ["a", None, 1], [[]]),
        ("3.0.3", {"anyOf": [TEXT, {"type": "integer"}]}, ["a", None, 1], [[]]),
        ("3.0.3", {"allOf": [TEXT, {"maxLength": 1}]}, ["a", None], ["ab", 1]),
        ("3.0.3", {"allOf": [RULE, {"type": "string"}]}, ["a"], [1]),
        ("3.0.3", {"items": {"allOf": [RULE]}}, [["a"]], []),
        ("3.0.3", {"enum": [TEXT, ["a"]]}, [TEXT, ["a"]], [None, "a"]),
        ("3.0.3", {"minimum": 1, "exclusiveMinimum": True}, [2], [1]),
        ("3.0.3", {"additionalProperties": False}, [{}], [{"a": 1}]),
        ("3.0.3", {"format": "date"}, ["2026-01-01"], ["2026-01-32"]),
        ("3.1.0", TEXT, ["a", None], [1]),
        ("3.1.0", {"format": "date"}, ["2026-01-01"], ["2026-01-32"]),
        ("3.1.0", {"exclusiveMinimum": 1}, [2], [1]),
        ("3.1.0", {"const": {"type": "string", "allOf": [RULE]}}, [{"type": "string", "allOf": [RULE]}],
         [{"type": "string"}]),
        *(
            ("3.1.0", {keyword: {"a": {"allOf": [RULE]}}}, [{}, {"a": {}}], [])
            for keyword in ("properties", "patternProperties", "dependentSchemas")
        ),
        ("3.1.0", {"prefixItems": [{"allOf": [RULE]}]}, [[1]], []),
        ("3.1.0", {"if": {"allOf": [RULE]}, "then": {"allOf": [RULE]}, "else": False}, [1], []),
        ("3.1.0", {"if": False, "else": {"allOf": [RULE]}}, [1], []),
        ("3.1.0", {"propertyNames": {"allOf": [RULE]}, "contains": {"allOf": [RULE]}}, [[1], {"a": 1}], [[]]),
        ("3.1.0", {"$ref": "#/components/schemas/Defined/$defs/a"}, [1], []),
        ("3.1.0", {"$ref": "#/components/schemas/Dynamic"}, ["a"], [1]),
        ("3.1.0", True, [1], []),
        ("3.1.0", {"properties": {"a": False}}, [1], [{"a": 1}]),
    ],
)  # fmt: skip
def test_a_schema_is_read_in_the_version_of_its_document(version: str, schema: Any, good: list[Any], bad: Any) -> None:
    """`nullable` counts at any depth of OpenAPI 3.0; members that encode a rule are left out, and only those."""
    assert [value for value in [*good, *bad] if not judge(schema, value, version=version)[0]] == good


@pytest.mark.parametrize("version", ["3.0.3", "3.1.0"])
@pytest.mark.parametrize(
    ("reference", "bad"),
    [
        ("Text", 1),
        ("Holder/properties/text", 1),
        ("Listed/allOf/1", 1),
        ("Holder", {"text": 1}),
        ("Holder", {"more": {"a": {"text": 1}}}),
        ("Odd~1a%20b", {"a": {"text": 1}}),
        ("Odd~1a%20b/additionalProperties", {"text": 1}),
    ],
)
def test_a_reference_is_followed(version: str, reference: str, bad: Any) -> None:
    """Through others, in a circle, and with escaped names; a malformed schema that is not used does not matter."""
    schema = {"$ref": f"#/components/schemas/{reference}"}
    assert judge(schema, bad, version=version)[0]
    assert judge({"items": schema}, [bad], version=version)[0]
    assert judge(schema, "a", version=version) == ([], [])


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        ({"$ref": "#/components/schemas/No"}, "#/components/schemas/No: the reference leads nowhere"),
        ({"$ref": "#/components/schemas/Self"}, "#/components/schemas/Self: the reference leads to itself"),
        ({"$ref": "http://127.0.0.1:1/x"}, "http://127.0.0.1:1/x: only references inside the document can be followed"),
        ({"minimum": "x"}, 'a schema of the effective document cannot be compiled: "x" is not of type "number"'),
        ({"pattern": "("}, 'a schema of the effective document cannot be compiled: "(" is not a "regex"'),
        ({"x-rules": [{"id": "r"}]}, "x-rules, rule 'r': 'level' is missing or of the wrong kind"),
        ({"x-rules": [SUGAR | {"source": {}}]},
         "x-rules, rule 'sugar-needs-grams': 'quote' is missing or of the wrong kind"),
        ({"x-rules": [{}]}, "x-rules, rule None: 'id' is missing or of the wrong kind"),
        ({"x-rules": [SUGAR | {"if": {"type": "any"}}]}, "a schema of the effective document cannot be compiled: "),
    ],
)  # fmt: skip
def test_a_malformed_schema_or_rule_is_an_error(schema: Any, message: str) -> None:
    """One line names the mistake; nothing is fetched."""
    with pytest.raises(InputError) as caught:
        Sandbox(taking(schema))
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("schema", "body", "pointer", "got", "message", "allowed"),
    [
        ({"required": ["a/b~"]}, {}, "/a~1b~0", "absent", "must be present", "a/b~"),
        ({"type": "string"}, 4, "", "4", 'must be of type ["string"]', ["string"]),
        ({"type": ["string", "null"]}, {"ö": [1, 2]}, "", '{"ö":[1,2]}', 'must be of type ["null","string"]',
         ["null", "string"]),
        ({"enum": ["a", 1]}, "b", "", '"b"', 'must be one of ["a",1]', ["a", 1]),
        ({"enum": [["a"], []]}, 1, "", "1", 'must be one of [["a"],[]]', [["a"], []]),
        ({"items": {"minimum": 5}}, [6, 4], "/1", "4", "must satisfy minimum 5", 5),
        ({"minItems": 2}, [1], "", "1 items", "must satisfy minItems 2", 2),
        ({"maxItems": 1}, [1, 2, 3], "", "3 items", "must satisfy maxItems 1", 1),
        ({"minLength": 2}, "é", "", "1 characters", "must satisfy minLength 2", 2),
        ({"maxLength": 2}, "x" * 99, "", "99 characters", "must satisfy maxLength 2", 2),
        ({"maxProperties": 0}, {"a": 1}, "", '{"a":1}', "must satisfy maxProperties 0", 0),
        ({"pattern": "^a"}, "x" * 58, "", f'"{"x" * 58}"', 'must satisfy pattern "^a"', "^a"),
        ({"pattern": "^a"}, "x" * 59, "", f'"{"x" * 58}…', 'must satisfy pattern "^a"', "^a"),
        ({"const": "a" * 98}, "x", "", '"x"', f'must satisfy const "{"a" * 98}"', "a" * 98),
        ({"const": "a" * 99}, "x", "", '"x"', f'must satisfy const "{"a" * 98}…', "a" * 99),
        ({"propertyNames": {"maxLength": 2}}, {"abc": 1}, "", '{"abc":1}',
         r'must satisfy propertyNames "\"abc\" is longer than 2 characters"', '"abc" is longer than 2 characters'),
        ({"oneOf": [{"type": "string"}, {"maximum": 3}]}, 4, "", "4",
         r'must satisfy oneOf [["4 is not of type \"string\""],["4 is greater than the maximum of 3"]]',
         [['4 is not of type "string"'], ["4 is greater than the maximum of 3"]]),
    ],
)  # fmt: skip
def test_a_violation_of_the_schema(  # noqa: PLR0917  one row of the table
    schema: Any, body: Any, pointer: str, got: str, message: str, allowed: Any
) -> None:
    """It has place, value, message and the keyword's own value; lists are counted, long values cut."""
    (keyword,) = schema.get("items", schema)
    entry = {"keyword": keyword, "pointer": pointer, "got": got, "message": message, "allowed": allowed}
    assert judge(schema, body) == ([entry], [])


def test_null_is_one_more_type() -> None:
    """A violation names both types of a nullable text."""
    (entry,) = judge(TEXT, 1, version="3.0.3")[0]
    assert (entry["keyword"], entry["allowed"]) == ("type", ["null", "string"])


@pytest.mark.parametrize(
    ("body", "strict", "wanted"),
    [
        ({"kind": "sugar", "grams": 9}, False, ([], [])),
        ({"kind": "pepper"}, True, ([], [])),
        ({"kind": "sugar"}, False, ([NO_GRAMS], [])),
        ({"kind": "sugar", "grams": 10}, False, ([NO_GRAMS | {"got": "10", "allowed": {"maximum": 9}}], [])),
        ({"kind": "salt", "grain": "coarse"}, False, ([], ["salt-is-fine"])),
        ({"kind": "salt", "grain": "coarse"}, True, ([COARSE], [])),
        ([{"kind": "sugar"}], False, ([], [])),
    ],
)
def test_a_violation_of_a_rule(body: Any, strict: bool, wanted: Any) -> None:
    """It has the rule's message and source; a warning counts in strict mode only, and shows its level."""
    assert judge({"x-rules": [SUGAR, SALT]}, body, strict=strict) == wanted
    below = [entry | {"pointer": f"/1{entry['pointer']}"} for entry in wanted[0]]
    assert judge({"items": {"x-rules": [SUGAR, SALT]}}, [{}, body], strict=strict) == (below, wanted[1])


def test_all_violations_are_reported_at_once_and_each_warning_once() -> None:
    """Those of the schema first, then broken rules in the document's order."""
    schema = {"maxItems": 3, "items": {"x-rules": [SUGAR, SALT]}}
    coarse = [{"kind": "salt", "grain": "coarse"}, {"kind": "salt", "grain": "big"}]
    entries, _ = judge(schema, [{"kind": "sugar"}, *coarse, {"kind": "sugar"}])
    assert [(entry.get("rule", entry.get("keyword")), entry["pointer"]) for entry in entries] == [
        ("maxItems", ""),
        ("sugar-needs-grams", "/0/grams"),
        ("sugar-needs-grams", "/3/grams"),
    ]
    assert judge(schema, coarse) == ([], ["salt-is-fine"])


def test_a_refusal_stays_small() -> None:
    """At most fifty violations are listed, each with a line of its own in the message."""
    entries, _ = judge({"items": {"type": "string"}}, [0] * 51)
    assert [entry["pointer"] for entry in entries] == [f"/{index}" for index in range(50)]
    with play(taking({"type": "array", "x-rules": [SUGAR]})) as client:
        assert client.post("/", json={"kind": "sugar"}).json()["message"] == [
            'type: must be of type ["array"] (at the root, got {"kind":"sugar"})',
            "sugar-needs-grams: grams must be given with sugar (at /grams, got absent)",
        ]


def size(entry: Any) -> int:
    """Return the number of bytes that a violation takes in a response."""
    return len(json.dumps(entry, ensure_ascii=False, separators=(",", ":")).encode())


@pytest.mark.parametrize(("length", "bytes_taken", "kept"), [(210, 400, True), (211, 177, False)])
def test_a_long_violation_loses_the_documents_text_first(length: int, bytes_taken: int, kept: bool) -> None:
    """Up to 400 bytes it is kept whole."""
    (entry,), _ = judge({"const": "a" * length}, 1)
    assert (size(entry), "allowed" in entry) == (bytes_taken, kept)


@pytest.mark.parametrize(
    ("message", "quote", "shown", "quoted"),
    [
        ("a" * 291, "with sugar, give grams", "a" * 291, "with sugar, give grams"),
        ("a" * 292, "with sugar, give grams", "a" * 288 + "…", "with sugar, give grams"),
        ("é" * 1000, "with sugar, give grams", "é" * 144 + "…", "with sugar, give grams"),
        ("a" * 300, "b" * 301, "a" * 153 + "…", "b" * 154 + "…"),
    ],
)
def test_a_long_violation_loses_its_longest_text_next(message: str, quote: str, shown: str, quoted: str) -> None:
    """Repeatedly, until it has 400 bytes."""
    (entry,), _ = judge({"x-rules": [SUGAR | {"message": message, "source": {"quote": quote}}]}, {"kind": "sugar"})
    wanted = NO_GRAMS | {"message": shown, "source": quoted}
    wanted.pop("allowed")
    assert (entry, size(entry)) == (wanted, 400)


@pytest.mark.parametrize(("length", "kept"), [(90, 35), (100, 30), (1000, 6)])
def test_text_with_escapes_is_cut_further_but_keeps_eight_characters(length: int, kept: int) -> None:
    """One character may take up to six bytes."""
    (entry,), _ = judge({"required": ["\0" * length]}, {})
    pointer = "/" + "\0" * kept + "…"
    assert entry == {"keyword": "required", "pointer": pointer, "got": "absent", "message": "must be present"}


def ruled(name: str, **schema: Any) -> dict[str, Any]:
    """Return a schema with a rule that every value breaks."""
    rule = {"id": name, "level": "error", "message": "m", "source": {"quote": "q"}, "if": True, "then": False}
    return {"x-rules": [rule], **schema}


TREE: Any = ruled(
    "whole",
    properties={"a": ruled("a", type="string"), "b": {"$ref": "#/components/schemas/Kind"}},
    additionalProperties=ruled("other"),
    items=ruled("item", items=ruled("deep")),
    allOf=[ruled("member", properties={"a": ruled("member-a")}), {"x-rule": {}, **ruled("rule")}],
    oneOf=[ruled("object", type="object"), ruled("list", type="array")],
    anyOf=[ruled("small", maxProperties=1), ruled("smaller", maxProperties=0), {"type": "array"}],
)
KIND: Any = ruled("kind", properties={"again": {"$ref": "#/components/schemas/Kind"}})


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (1, ["whole", "member"]),
        ({"a": "x", "b": {"again": {}}},
         ["whole", "member", "member-a /a", "a /a", "kind /b", "kind /b/again", "object"]),
        ({"c": 1}, ["whole", "member", "other /c", "object", "small"]),
        ([[1], 2], ["whole", "member", "item /0", "item /1", "deep /0/0", "list"]),
    ],
)  # fmt: skip
def test_the_parts_of_a_value_that_rules_apply_to(value: Any, wanted: list[str]) -> None:
    """Rules of a choice apply only if exactly one alternative matches."""
    entries, _ = judge(TREE, value, components={"Kind": KIND})
    assert [f"{each['rule']} {each['pointer']}".strip() for each in entries if "rule" in each] == wanted


def rules_of(schema: Any, **components: Any) -> list[str]:
    """Return the ids of the rules that a sandbox has for a body."""
    lines = Sandbox(taking(schema, components=components)).provenance()
    return [line.split()[2] for line in lines if line.split()[1] == "rule"]


def test_each_rule_is_listed_once() -> None:
    """In the order in which they are checked; a rule of several members of `allOf` is one."""
    assert rules_of(TREE, Kind=KIND) == [
        "whole", "member", "member-a", "a", "kind", "item", "deep", "other", "object", "list", "small", "smaller",
    ]  # fmt: skip
    twice = {"properties": {"a": ruled("whole")}, "allOf": [ruled("whole"), {"allOf": [ruled("inner")]}]}
    assert rules_of(twice) == ["whole", "inner"]


@pytest.mark.parametrize("keyword", ["allOf", "oneOf", "anyOf"])
def test_recursive_schemas_end(keyword: str) -> None:
    """At one place, and below it."""
    one, other, below = ({"$ref": f"#/components/schemas/{name}"} for name in ("One", "Other", "Below"))
    components = {
        "One": ruled("one", **{keyword: [other]}),
        "Other": ruled("other", properties={"a": below}),
        "Below": ruled("below", additionalProperties=one),
    }
    assert rules_of(one, **components) == ["one", "other", "below"]
    entries, _ = judge(one, {"a": {"b": {}}}, components=components)
    assert [f"{each['rule']} {each['pointer']}".strip() for each in entries] == [
        "one", "one /a/b", "other", "other /a/b", "below /a",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("given", "provenance"),
    [({}, "published"), ({"level": "warning"}, "inferred"), ({"x-certainty": "observed"}, "observed")],
)
def test_a_rule_has_the_provenance_of_its_level(given: dict[str, Any], provenance: str) -> None:
    """Its own, where the document has one."""
    line = f"{provenance:9}  rule       sugar-needs-grams ({given.get('level', 'error')}): {SUGAR['message']}"
    assert line in Sandbox(taking({"x-rules": [SUGAR | given]})).provenance()
