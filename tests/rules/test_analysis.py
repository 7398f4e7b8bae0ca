"""The analysis of rules: counts are exact, and planted faults are found."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
import yaml
from rulewright.errors import InputError
from rulewright.merged import Merged
from rulewright.openapi.document import parse
from rulewright.overlay import parse_overlay
from rulewright.rules import analysis
from rulewright.rules.analysis import Report, analyse
from rulewright.rules.definition import read_rules

from tests.example import example


@pytest.fixture(scope="module")
def report(merged: Merged) -> Report:
    """The analysis of the project's rules."""
    return analyse(merged.value, merged.ruled, merged.overlays)


def test_counts_are_those_of_the_enumeration() -> None:
    """504 of the 1,134 requests of the frozen page keep the stated rules, 261 the inferred ones too."""
    (schema,) = analyse(example().value, example().ruled, example().overlays).schemas
    assert (schema.total, schema.valid, schema.valid_strict) == (1134, 504, 261)


def test_the_literal_reading_of_the_page_is_reported(report: Report) -> None:
    """The finding names the dead pair, its rule, and where the model remains usable."""
    name = "dead-pair/action=ingredients2video/model=veo31_fast_ingredients"
    (finding,) = [each for schema in report.schemas for each in schema.findings if each.id == name]
    assert finding.rules == ("ingredients-only-veo31-fast",)
    assert "action=text2video (imageList: 1, 2, 3), action=img2video (imageList: 1, 2)" in finding.text
    assert finding.witness is not None
    assert set(finding.witness) == {"prompt", "action", "model"}
    assert finding.accepted is not None


def test_everything_found_is_accepted_and_nothing_accepted_is_gone(report: Report) -> None:
    """Every finding of the project is accepted, and no acceptance has expired."""
    assert (report.unaccepted, report.expired) == ((), ()), report.text()
    assert "accepted: " in report.text()
    assert json.loads(json.dumps(report.data()))["expired"] == []


RULE: dict[str, Any] = {
    "level": "error",
    "message": "a message",
    "source": {"at": "#/info/title", "quote": "t"},
    "examples": {"passes": {}, "breaks": {}},
}


def rule(name: str, condition: Any, requirement: Any, level: str = "error") -> dict[str, Any]:
    """Return a rule for a schema with the fields a and b (x, y, z) and a list c."""
    return {**RULE, "id": name, "if": condition, "then": requirement, "level": level}


def has(field: str, value: str) -> dict[str, Any]:
    """Return the condition that a field holds a value."""
    return {"properties": {field: {"const": value}}, "required": [field]}


def analyse_rules(*rules: dict[str, Any], accepted: Any = None, words: str = "xyz") -> Report:
    """Return the analysis of some rules, given accepted findings."""
    texts = {"type": "array", "items": {"type": "string"}}
    word = {"$ref": "#/components/schemas/Word"}
    fields = {"a": word, "b": word, "c": texts, "d": {"type": "boolean"}, "e": texts}
    schema = {"required": ["a", "b"], "properties": fields, "x-rules": copy.deepcopy(list(rules))}
    schemas = {"S": schema, "Word": {"type": "string", "enum": list(words)}}
    value = {"openapi": "3.1.0", "info": {"title": "t"}, "components": {"schemas": schemas}}
    overlay: dict[str, Any] = {"overlay": "1.1.0", "info": {"title": "t", "version": "1"}, "actions": [{"target": "$"}]}
    if accepted is not None:
        overlay["x-accepted-findings"] = accepted
    merged = Merged(parse("{}", "v"), (parse_overlay(parse(yaml.safe_dump(overlay), "o")),), value, read_rules(value))
    return analyse(merged.value, merged.ruled, merged.overlays)


def findings(*rules: dict[str, Any]) -> set[str]:
    """Return the ids of what the analysis finds in some rules."""
    return {finding.id for schema in analyse_rules(*rules).schemas for finding in schema.findings}


NONE = {"properties": {"c": {"maxItems": 0}}}
FEW = {"properties": {"c": {"maxItems": 2}}}
SOME = {"properties": {"c": {"minItems": 1}}, "required": ["c"]}
MANY = {"properties": {"c": {"minItems": 3}}, "required": ["c"]}


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ([rule("r", has("a", "x"), SOME)], set()),
        ([rule("r", has("a", "x"), FEW), rule("s", has("b", "y"), SOME)], set()),
        ([rule("r", has("a", "x"), False)], {"dead-value/a=x", "contradiction/r"}),
        (
            [rule("r", has("a", "x"), False), rule("s", has("a", "y"), has("b", "y"))],
            {"dead-value/a=x", "contradiction/r", "dead-pair/a=y/b=x", "dead-pair/a=y/b=z"},
        ),
        (
            [rule("r", has("b", "x"), False), rule("s", has("a", "y"), has("b", "y"))],
            {"dead-value/b=x", "contradiction/r", "dead-pair/a=y/b=z"},
        ),
        ([rule("r", has("a", "x"), has("b", "y"))], {"dead-pair/a=x/b=x", "dead-pair/a=x/b=z"}),
        (
            [rule("r", has("a", "x"), FEW), rule("s", has("a", "x"), MANY)],
            {"dead-value/a=x", "contradiction/r", "contradiction/s"},
        ),
        ([rule("r", has("a", "x"), MANY), rule("s", has("a", "x"), SOME)], {"implied/s"}),
        ([rule("r", has("a", "x"), has("a", "x"))], {"never-fires/r"}),
        ([rule("r", has("a", "x"), FEW), rule("s", has("b", "y"), MANY)], {"dead-pair/a=x/b=y"}),
        ([rule("r", has("a", "x"), NONE, "warning"), rule("s", has("b", "y"), SOME)], {"strict/dead-pair/a=x/b=y"}),
    ],
)
def test_planted_faults_are_found_and_nothing_else(rules: list[dict[str, Any]], expected: set[str]) -> None:
    """Dead values, dead pairs, implied rules, rules that never fire, contradictions: each by its id, none invented."""
    assert findings(*rules) == expected


def test_rules_about_nested_fields_do_not_contradict() -> None:
    """Two rules may each require another field of one object; examples may hold lists."""
    inner = {
        "type": "object",
        "required": ["n"],
        "properties": {"n": {"type": "integer"}, "front": {"type": "string"}, "size": {"enum": [1, 2]}},
    }
    asks = rule("r", has("a", "x"), {"properties": {"o": {"required": ["front"]}}, "required": ["o"]})
    sized = rule(
        "s", has("b", "y"), {"properties": {"o": {"properties": {"size": {"const": 2}}, "required": ["size"]}}}
    )
    asks["examples"] = {"passes": {"a": "x", "o": {"n": 1, "front": "f"}}, "breaks": {"a": "x", "o": {"n": 1}}}
    many = rule("t", {"required": ["l"]}, {"properties": {"n": {"const": 5}}})
    many["examples"] = {"passes": {"l": ["p"], "n": 5}, "breaks": {"l": ["p"], "n": 1}}
    enum = {"type": "string", "enum": ["x", "y"]}
    outer = {"$ref": "#/components/schemas/Inner"}
    fields = {"a": enum, "b": enum, "o": outer, "l": {"type": "array"}, "n": {"type": "integer"}}
    schema = {"type": "object", "required": ["a", "b", "n"], "properties": fields, "x-rules": [asks, sized, many]}
    value = {"openapi": "3.1.0", "info": {"title": "t"}, "components": {"schemas": {"S": schema, "Inner": inner}}}
    (only,) = analyse(value, read_rules(value), ()).schemas
    assert {finding.id for finding in only.findings} == set()
    assert only.method == "all 112 combinations of a, b, o, l, n evaluated; counted by presence alone: o, l, n"


DEAD_PAIR = [rule("r", has("a", "x"), FEW), rule("s", has("b", "y"), MANY)]


def test_a_report_can_be_read() -> None:
    """Counts, what was walked, and each finding with its rules and the smallest request that shows it."""
    assert (
        analyse_rules(*DEAD_PAIR).text()
        == """\
#/components/schemas/S: 108 of 162 requests are valid
  in strict mode: 108
  method: all 54 combinations of a, b, c evaluated; no rule looks at d (x3)

  dead-pair/a=x/b=y
    b=y cannot be used with a=x; it can still be used with a=y (c: 3, 4), a=z (c: 3, 4)
    because of: r, s
    smallest request: {"a": "x", "b": "y"}
    NOT ACCEPTED

NOT ACCEPTED: 1; change the rules, or accept them in an overlay:
  x-accepted-findings:
  - findings:
    - dead-pair/a=x/b=y
    reason: why this is right
"""
    )
    assert (
        '    smallest request: {"a": "猫", "b": "猫"}\n'
        in analyse_rules(rule("r", has("a", "猫"), False), words="猫犬").text()
    )
    assert Report((), ()).text() == "no schema has rules\n"
    (schema,) = analyse_rules(*DEAD_PAIR).data()["schemas"]
    (finding,) = schema.pop("findings")
    assert (schema["total"], schema["valid"], schema["valid_strict"]) == (162, 108, 108)
    assert finding["id"] == "dead-pair/a=x/b=y"
    assert {key: finding[key] for key in ("rules", "witness", "accepted")} == {
        "rules": ["r", "s"], "witness": {"a": "x", "b": "y"}, "accepted": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("rules", "name", "text", "because", "witness"),
    [
        ([rule("r", has("a", "x"), False)], "dead-value/a=x", "a=x can never be used", ("r",), {"a": "x", "b": "x"}),
        (
            [rule("r", has("a", "x"), FEW), rule("s", has("a", "x"), MANY)],
            "contradiction/s",
            "no valid request meets the condition of s: together with the others it asks the impossible",
            ("r", "s"),
            {"a": "x", "b": "x"},
        ),
        (
            [rule("q", has("a", "y"), NONE), rule("r", has("a", "x"), MANY), rule("s", has("a", "x"), SOME)],
            "implied/s",
            "s is implied by the others: whatever breaks it breaks another rule too",
            ("r",),
            {"a": "x", "b": "x"},
        ),
        (
            [rule("r", has("a", "x"), False, "warning"), rule("s", {"allOf": [has("a", "x"), has("b", "y")]}, SOME)],
            "strict/dead-value/a=x",
            "a=x can never be used in strict mode",
            ("r",),
            {"a": "x", "b": "x"},
        ),
        (
            [
                rule("r", has("a", "x"), has("b", "y")),
                rule("s", has("a", "z"), {"allOf": [NONE, {"required": ["e"]}]}),
                rule("t", has("a", "z"), {"properties": {"e": {"maxItems": 1}}}),
            ],
            "dead-pair/a=x/b=x",
            "b=x cannot be used with a=x; it can still be used with a=y, a=z (c: (absent), 0; e: 0, 1)",
            ("r",),
            {"a": "x", "b": "x"},
        ),
        ([rule("r", has("a", "x"), has("a", "x"))], "never-fires/r", "no request breaks r", ("r",), None),
        (
            [rule("r", has("a", "x"), NONE, "warning"), rule("s", has("b", "y"), SOME)],
            "strict/dead-pair/a=x/b=y",
            "b=y cannot be used with a=x in strict mode; it can still be used with a=y (c: 1, 2), a=z (c: 1, 2)",
            ("r", "s"),
            {"a": "x", "b": "y"},
        ),
        (
            [rule("s", {"required": ["d"]}, has("a", "x"))],
            "dead-pair/a=y/d=True",
            "d=True cannot be used with a=y; it can still be used with a=x",
            ("s",),
            {"a": "y", "b": "x", "d": True},
        ),
    ],
)
def test_a_finding_has_text_rules_and_the_smallest_request(
    rules: list[dict[str, Any]], name: str, text: str, because: tuple[str, ...], witness: Any
) -> None:
    """In the words of the fields; of the rules only those that make it so; and a request that fits the schema."""
    (finding,) = [each for each in analyse_rules(*rules).schemas[0].findings if each.id == name]
    assert (finding.text, finding.rules, finding.witness) == (text, because, witness)


def test_a_rule_about_free_text_is_judged_by_its_examples() -> None:
    """No enumerated request breaks such a rule; its example shows that it can be broken."""
    blank = rule("r", {"required": ["t"]}, {"properties": {"t": {"pattern": "x"}}})
    assert findings({**blank, "examples": {"passes": {"t": "x"}, "breaks": {"t": "y"}}}) == set()
    assert findings({**blank, "examples": {"passes": {"t": "x"}, "breaks": {"t": "x"}}}) == {"never-fires/r"}
    warns = {**blank, "level": "warning"}
    assert findings({**warns, "examples": {"passes": {"t": "x"}, "breaks": {"t": "y"}}}) == set()


def test_strict_mode_is_counted_separately() -> None:
    """Both counts cover all fields, including those without rules."""
    warns = analyse_rules(rule("r", has("a", "x"), has("b", "y"), "warning")).schemas[0]
    assert (warns.total, warns.valid, warns.valid_strict) == (27, 27, 21)
    assert warns.method == "all 9 combinations of a, b evaluated; no rule looks at d (x3)"
    every = analyse_rules(rule("r", {"required": ["d"]}, has("a", "x")), rule("s", has("b", "y"), SOME)).schemas[0]
    assert every.method == "all 108 combinations of a, b, c, d evaluated"
    unseen = analyse_rules(rule("r", {"required": ["f"]}, {"required": ["g"]})).schemas[0]
    assert (unseen.total, unseen.valid, unseen.valid_strict) == (27, 27, 27)
    assert unseen.method == "all 1 combinations of no field evaluated; no rule looks at a, b, d (x27)"
    assert analyse_rules().schemas == ()  # without a rule there is nothing to say


def test_a_finding_can_be_accepted_with_a_reason() -> None:
    """It stays in the report; an acceptance that no longer applies is listed as expired."""
    accepted = [
        {"findings": ["dead-pair/a=x/b=y", "dead-value/a=z"], "reason": "nobody pairs them"},
        {"findings": ["dead-value/a=y"], "reason": "once"},
    ]
    report = analyse_rules(*DEAD_PAIR, accepted=accepted)
    assert report.unaccepted == ()
    assert report.expired == (("dead-value/a=y", "o:13"), ("dead-value/a=z", "o:10"))
    assert report.data()["expired"] == ["dead-value/a=y", "dead-value/a=z"]
    assert report.text().endswith(
        "    accepted: nobody pairs them\n"
        "\n"
        "o:13: the accepted finding 'dead-value/a=y' no longer holds; remove it\n"
        "o:10: the accepted finding 'dead-value/a=z' no longer holds; remove it\n"
    )
    (finding,) = analyse_rules(*DEAD_PAIR).unaccepted
    assert finding.id == "dead-pair/a=x/b=y"


@pytest.mark.parametrize(
    "entry",
    [
        7,
        {"findings": ["x"]},
        {"findings": ["x"], "reason": "r", "more": 1},
        {"findings": "x", "reason": "r"},
        {"findings": ["x"], "reason": " "},
        {"findings": ["x"], "reason": 7},
    ],
)
def test_a_malformed_accepted_finding_is_refused(entry: Any) -> None:
    """With the overlay, the line and the place."""
    right = {"findings": [], "reason": "r"}
    with pytest.raises(InputError) as caught:
        analyse_rules(accepted=[right, entry])
    assert caught.value.message == "an accepted finding has findings (a list of ids) and a reason"
    assert (caught.value.path, caught.value.pointer) == ("o", "/x-accepted-findings/1")


def test_a_space_of_exactly_the_limit_is_enumerated(monkeypatch: pytest.MonkeyPatch) -> None:
    """One combination more and the space is not enumerated."""
    monkeypatch.setattr(analysis, "LIMIT", 54)
    assert analyse_rules(*DEAD_PAIR).schemas[0].valid == 108
    monkeypatch.setattr(analysis, "LIMIT", 53)
    assert analyse_rules(*DEAD_PAIR).schemas[0].valid is None


def test_proof_finds_what_counting_finds(merged: Merged, report: Report, monkeypatch: pytest.MonkeyPatch) -> None:
    """Proof and enumeration find the same on this project, with the same rules."""
    monkeypatch.setattr(analysis, "LIMIT", 1)
    proven = analyse(merged.value, merged.ruled, merged.overlays)
    counted = {each.id: set(each.rules) for schema in report.schemas for each in schema.findings}
    found = {each.id: set(each.rules) for schema in proven.schemas for each in schema.findings}
    assert counted.keys() == found.keys()
    assert all(rules <= counted[name] for name, rules in found.items())
    assert proven.unaccepted == ()
    assert "not counted, proven by containment" in proven.text()


def test_faults_are_found_among_a_thousand_million_requests() -> None:
    """Dead values and pairs, contradictions, an implied rule and one that never fires are found without enumeration."""
    names = [f"f{index}" for index in range(15)]
    fields = {name: {"type": "string", "enum": ["x", "y", "z"]} for name in names}
    rules = [
        rule("everything", {"properties": {name: {"const": "x"} for name in names}, "required": names}, has("f0", "x")),
        rule("no-x", has("f1", "x"), has("f2", "x")),
        rule("no-y", has("f1", "x"), has("f2", "y")),
        rule("pair", has("f3", "x"), {"properties": {"f4": {"enum": ["x", "z"]}}}),
        rule("wide", has("f5", "x"), {"properties": {"f6": {"enum": ["x"]}}}),
        rule("implied", has("f5", "x"), {"properties": {"f6": {"enum": ["x", "y"]}}}),
    ]
    schema = {"type": "object", "properties": fields, "x-rules": rules}
    value = {"openapi": "3.1.0", "info": {"title": "t"}, "components": {"schemas": {"S": schema}}}
    (only,) = analyse(value, read_rules(value), ()).schemas
    assert only.total == 4**15 > 10**9
    assert (only.valid, only.valid_strict) == (None, None)
    assert "questions could not be decided" not in only.method
    assert {each.id: each.rules for each in only.findings} == {
        "dead-value/f1=x": ("no-x", "no-y"),
        "dead-pair/f3=x/f4=y": ("pair",),
        "dead-pair/f5=x/f6=y": ("wide",),
        "dead-pair/f5=x/f6=z": ("implied",),
        "never-fires/everything": ("everything",),
        "contradiction/no-x": ("no-x", "no-y"),
        "contradiction/no-y": ("no-x", "no-y"),
        "implied/implied": ("wide",),
    }
    assert next(each.witness for each in only.findings if each.id == "dead-pair/f3=x/f4=y") == {"f3": "x", "f4": "y"}
