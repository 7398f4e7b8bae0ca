"""Violations of a body, word for word: rule, place, value, requirement."""

from __future__ import annotations

import json
from typing import Any

import pytest
from rulewright.sandbox import SpecError
from rulewright.sandbox.validation import Checks, Entry, Schemas, schema_entry, texts

from tests.sandbox.asking import spec_of

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
NO_GRAMS: Entry = {
    "rule": "sugar-needs-grams",
    "pointer": "/grams",
    "got": "absent",
    "message": "grams must be given with sugar",
    "allowed": {"required": "grams"},
    "source": "with sugar, give grams",
}
COARSE: Entry = {
    "rule": "salt-is-fine",
    "pointer": "/grain",
    "got": '"coarse"',
    "message": "salt should be fine",
    "allowed": {"const": "fine"},
    "source": "fine salt",
    "level": "warning",
}


def checks(schema: Any, *, strict: bool = False) -> Checks:
    """Return the checks of a schema."""
    return Checks(Schemas(spec_of()), schema, strict=strict)


@pytest.mark.parametrize(
    ("schema", "body", "wanted"),
    [
        ({"required": ["a/b~"]}, {}, ("/a~1b~0", "absent", "must be present", "a/b~")),
        ({"type": "string"}, 4, ("", "4", 'must be of type ["string"]', ["string"])),
        (
            {"type": ["string", "null"]},
            {"ö": [1, 2]},
            ("", '{"ö":[1,2]}', 'must be of type ["null","string"]', ["null", "string"]),
        ),
        ({"enum": ["a", 1]}, "b", ("", '"b"', 'must be one of ["a",1]', ["a", 1])),
        ({"items": {"minimum": 5}}, [6, 4], ("/1", "4", "must satisfy minimum 5", 5)),
        ({"minItems": 2}, [1], ("", "1 items", "must satisfy minItems 2", 2)),
        ({"maxItems": 1}, [1, 2, 3], ("", "3 items", "must satisfy maxItems 1", 1)),
        ({"minLength": 2}, "é", ("", "1 characters", "must satisfy minLength 2", 2)),
        ({"maxLength": 2}, "x" * 99, ("", "99 characters", "must satisfy maxLength 2", 2)),
        ({"maxProperties": 0}, {"a": 1}, ("", '{"a":1}', "must satisfy maxProperties 0", 0)),
        ({"pattern": "^a"}, "x" * 58, ("", f'"{"x" * 58}"', 'must satisfy pattern "^a"', "^a")),
        ({"pattern": "^a"}, "x" * 59, ("", f'"{"x" * 58}…', 'must satisfy pattern "^a"', "^a")),
        ({"const": "a" * 98}, "x", ("", '"x"', f'must satisfy const "{"a" * 98}"', "a" * 98)),
        ({"const": "a" * 99}, "x", ("", '"x"', f'must satisfy const "{"a" * 98}…', "a" * 99)),
        (
            {"propertyNames": {"maxLength": 2}},
            {"abc": 1},
            (
                "",
                '{"abc":1}',
                r'must satisfy propertyNames "\"abc\" is longer than 2 characters"',
                '"abc" is longer than 2 characters',
            ),
        ),
        (
            {"oneOf": [{"type": "string"}, {"maximum": 3}]},
            4,
            (
                "",
                "4",
                r'must satisfy oneOf [["4 is not of type \"string\""],["4 is greater than the maximum of 3"]]',
                [['4 is not of type "string"'], ["4 is greater than the maximum of 3"]],
            ),
        ),
        ({"enum": [["a"], []]}, 1, ("", "1", 'must be one of [["a"],[]]', [["a"], []])),
    ],
)
def test_a_schema_error_names_the_value_and_what_is_accepted(
    schema: Any, body: Any, wanted: tuple[str, str, str, Any]
) -> None:
    """Place, value, message and the keyword's own value; lists are counted, long values cut."""
    (keyword,) = schema.get("items", schema)
    entry = {"keyword": keyword} | dict(zip(("pointer", "got", "message", "allowed"), wanted, strict=True))
    assert checks(schema).check(body) == ([entry], [])


def test_an_error_of_a_parameter_has_the_parameters_place() -> None:
    """A parameter is checked by itself."""
    (error,) = Schemas(spec_of()).validator({"items": {"type": "integer"}}).iter_errors([1, "a"])
    assert schema_entry(error, ("query", "a/b"))["pointer"] == "/query/a~1b/1"
    assert schema_entry(error)["pointer"] == "/1"


@pytest.mark.parametrize(
    ("body", "strict", "wanted"),
    [
        ({"kind": "sugar", "grams": 9}, False, ([], [])),
        ({"kind": "pepper"}, True, ([], [])),
        ({"kind": "sugar"}, False, ([NO_GRAMS], [])),
        (
            {"kind": "sugar", "grams": 10},
            False,
            ([NO_GRAMS | {"pointer": "/grams", "got": "10", "allowed": {"maximum": 9}}], []),
        ),
        ({"kind": "salt", "grain": "coarse"}, False, ([], ["salt-is-fine"])),
        ({"kind": "salt", "grain": "coarse"}, True, ([COARSE], [])),
        ([{"kind": "sugar"}], False, ([], [])),
    ],
)
def test_a_broken_rule_is_reported_with_its_message(body: Any, strict: bool, wanted: Any) -> None:
    """A warning counts in strict mode only, and shows its level."""
    assert checks({"x-rules": [SUGAR, SALT]}, strict=strict).check(body) == wanted
    listed = {"items": {"x-rules": [SUGAR, SALT]}}
    below = [entry | {"pointer": f"/1{entry['pointer']}"} for entry in wanted[0]]
    assert checks(listed, strict=strict).check([{}, body]) == (below, wanted[1])


def test_all_errors_are_reported_at_once_and_each_warning_once() -> None:
    """Schema errors first, then broken rules in the document's order."""
    schema = {"maxItems": 3, "items": {"x-rules": [SUGAR, SALT]}}
    body = [{"kind": "sugar"}, {"kind": "salt", "grain": "coarse"}, {"kind": "salt", "grain": "big"}, {"kind": "sugar"}]
    entries, warnings = checks(schema).check(body)
    assert [(entry.get("rule", entry.get("keyword")), entry["pointer"]) for entry in entries] == [
        ("maxItems", ""),
        ("sugar-needs-grams", "/0/grams"),
        ("sugar-needs-grams", "/3/grams"),
    ]
    assert warnings == ["salt-is-fine"]
    assert checks({"type": "array", **schema}).check([]) == ([], [])


def test_at_most_fifty_errors_are_reported() -> None:
    """A response stays small."""
    entries, _ = checks({"items": {"type": "string"}}).check([0] * 51)
    assert [entry["pointer"] for entry in entries] == [f"/{index}" for index in range(50)]


def test_messages_name_rule_or_keyword_and_place() -> None:
    """One line for each violation."""
    entries, _ = checks({"type": "array", "x-rules": [SUGAR]}).check({"kind": "sugar"})
    assert texts(entries) == [
        'type: must be of type ["array"] (at the root, got {"kind":"sugar"})',
        "sugar-needs-grams: grams must be given with sugar (at /grams, got absent)",
    ]


def size(entry: Entry) -> int:
    """Return the number of bytes that a violation takes in a response."""
    return len(json.dumps(entry, ensure_ascii=False, separators=(",", ":")).encode())


@pytest.mark.parametrize(("length", "bytes_taken", "kept"), [(210, 400, True), (211, 177, False)])
def test_a_long_violation_loses_the_documents_text_first(length: int, bytes_taken: int, kept: bool) -> None:
    """Up to 400 bytes it is kept whole."""
    (entry,), _ = checks({"const": "a" * length}).check(1)
    assert (size(entry), "allowed" in entry) == (bytes_taken, kept)


@pytest.mark.parametrize(
    ("message", "quote", "shown", "quoted"),
    [
        ("a" * 291, None, "a" * 291, None),
        ("a" * 292, None, "a" * 288 + "…", None),
        ("é" * 1000, None, "é" * 144 + "…", None),
        ("a" * 300, "b" * 301, "a" * 153 + "…", "b" * 154 + "…"),
    ],
)
def test_a_long_violation_loses_its_longest_text_next(
    message: str, quote: str | None, shown: str, quoted: str | None
) -> None:
    """Repeatedly, until it has 400 bytes."""
    rule = SUGAR | {"message": message} | ({"source": {"quote": quote}} if quote else {})
    (entry,), _ = checks({"x-rules": [rule]}).check({"kind": "sugar"})
    wanted = NO_GRAMS | {"message": shown} | ({"source": quoted} if quote else {})
    wanted.pop("allowed")
    assert (entry, size(entry)) == (wanted, 400)


@pytest.mark.parametrize(("length", "kept"), [(90, 35), (100, 30), (1000, 6)])
def test_text_with_escapes_is_cut_further_but_keeps_eight_characters(length: int, kept: int) -> None:
    """One character may take up to six bytes."""
    (entry,), _ = checks({"required": ["\0" * length]}).check({})
    pointer = "/" + "\0" * kept + "…"
    assert entry == {"keyword": "required", "pointer": pointer, "got": "absent", "message": "must be present"}


@pytest.mark.parametrize(
    ("given", "provenance"),
    [({}, "published"), ({"level": "warning"}, "inferred"), ({"x-certainty": "observed"}, "observed")],
)
def test_a_rule_names_its_level(given: dict[str, Any], provenance: str) -> None:
    """The rule's own certainty, or the meaning of its level."""
    (rule,) = checks({"x-rules": [SUGAR | given]}).rules
    assert (rule.id, rule.level, rule.provenance) == ("sugar-needs-grams", given.get("level", "error"), provenance)


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ({"id": "r"}, "x-rules, rule 'r': 'level' is missing or of the wrong kind"),
        (SUGAR | {"source": {}}, "x-rules, rule 'sugar-needs-grams': 'quote' is missing or of the wrong kind"),
        ({}, "x-rules, rule None: 'id' is missing or of the wrong kind"),
    ],
)
def test_a_malformed_rule_is_an_error_with_its_name(rule: dict[str, Any], message: str) -> None:
    """The document is at fault."""
    with pytest.raises(SpecError) as caught:
        checks({"x-rules": [rule]})
    assert str(caught.value) == message
