"""The tables of checks: each check has one case in `checks.yaml`."""

from __future__ import annotations

import json
import re
from pathlib import Path
from string import Formatter
from typing import Any

import pytest
from rulewright.impact.change import PLACEHOLDERS, WHO, Always, Change, Directed, Severity
from rulewright.impact.checks import CHECKS, DERIVED
from rulewright.impact.checks.overlays import Counted
from rulewright.impact.normal import COMPOSITION, EXTENSION, GRAMMAR
from rulewright.impact.report import Report, compare
from rulewright.impact.revision import revise
from rulewright.openapi.document import Document, load, parse

from tests.impact.conftest import Lab, edited

CASES: dict[str, dict[str, Any]] = load(Path(__file__).parent / "checks.yaml").value
IDS = {each.id for each in CHECKS} | {each.id for each in DERIVED}
EFFECTS = re.compile(
    r"refuse|fail|gone|accepted|answered|enough|must|means|reach|named|connect|default|moved|read|lack|type|miss|signed|"
    r"follow|enforced|may|dead|sent"
)


def found(report: Report, name: str) -> dict[str, list[str]]:
    """Return who breaks by the id of each check, without `version-kept` unless it is the tested check."""
    ids = {change.check for change in flat(report)} - ({"version-kept"} - {name})
    return {check: sorted({who for each in flat(report) if each.check == check for who in each.who}) for check in ids}


def flat(report: Report) -> list[Change]:
    """Return every change and its parts."""
    return [each for change in report.changes for each in (change, *change.parts)]


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest, base: Lab, seed: Lab) -> tuple[str, dict[str, Any], Lab]:
    """One fixture, and the document it edits."""
    data = CASES[request.param]
    lab = seed if data.get("document") == "project" else base
    if "first" in data:
        lab = Lab(Document("base", edited(base.vendor.value, data["first"]), "", {}), [])
    return request.param, data, lab


def test_every_check_has_a_fixture_and_every_fixture_a_check() -> None:
    """A check without a fixture, or a fixture without a check, is a failure."""
    assert set(CASES) == IDS


def test_every_row_states_its_purpose_and_names_only_known_placeholders() -> None:
    """A purpose is a sentence; a template with a misspelt placeholder fails here, not when its check is needed."""
    purposes = [*(each.purpose for each in CHECKS), *(each.purpose for each in DERIVED)]
    assert all(purpose.endswith(".") for purpose in purposes)
    for check in CHECKS:
        judge = check.judge
        texts = [judge.effect.effect] if isinstance(judge, Always) else []
        texts += [judge.sent, judge.answered] if isinstance(judge, Directed) else []
        texts += [judge.text] if isinstance(judge, Counted) else []
        for text in texts:
            assert {name for _, name, _, _ in Formatter().parse(text) if name} <= set(PLACEHOLDERS), check.id


def test_a_fixture_has_exactly_the_changes_it_expects(case: tuple[str, dict[str, Any], Lab]) -> None:
    """The edits are found by exactly these checks, break exactly these callers, and have this effect and exit code.

    A message of a breaking change states what happens to callers, not which keyword changed.
    """
    name, data, lab = case
    report = lab.after(*data["edits"])
    assert found(report, name) == data["expect"]
    assert name in data["expect"]
    assert report.exit_code == data["exit"]
    assert data["effect"] in [change.effect for change in flat(report) if change.check == name]
    assert not report.unexplained
    for change in report.changes:
        assert set(change.who) <= set(WHO)
        if change.severity is Severity.BREAKING:
            assert change.who
            assert EFFECTS.search(change.effect), change.effect


def test_a_fixture_undone_has_the_opposite_changes(case: tuple[str, dict[str, Any], Lab]) -> None:
    """The same edits undone are found by exactly the checks of the fixture's `back`."""
    name, data, lab = case
    assert sorted(found(lab.back(*data["edits"]), name)) == data["back"]


@pytest.mark.parametrize("owner", GRAMMAR)
def test_every_place_of_the_grammar_has_a_check(owner: str) -> None:
    """Each key of an object has a check of its addition, its removal and its change.

    A list or map is compared by its entries, and a schema that is composed in another way as a whole.
    """
    covered = {(place, kind) for check in CHECKS for place in check.at for kind in check.kinds}
    kinds = ("add", "remove", "change")
    missing = []
    for key, kind in {**GRAMMAR[owner], EXTENSION: "extension", "$ref": "reference"}.items():
        place = f"{owner}.{key}"
        if kind[0] in "{[":
            missing += [(f"{place}[]", each) for each in ("add", "remove") if (f"{place}[]", each) not in covered]
        elif owner == "Schema" and key in COMPOSITION:
            missing += [] if ("Schema.composition", "change") in covered else [(place, "change")]
        elif kind == "reference":
            missing += [(place, "change")] if (place, "change") not in covered else []
        else:
            wanted = kinds if kind[0] != "@" else ("add", "remove")
            missing += [(place, each) for each in wanted if (place, each) not in covered]
    assert missing == []


def test_the_default_of_a_required_field_does_not_matter(base: Lab) -> None:
    """No request can leave the field out."""
    report = base.after({"set": "/components/schemas/Order/properties/note/default", "to": "thanks"})
    (change,) = [each for each in report.changes if each.check == "default-changed"]
    assert (change.severity, change.who) == (Severity.NOTHING, ("docs",))
    assert change.effect == "Order.note: the default was none and is thanks, but the field is required"


def test_two_spellings_of_any_further_field_are_the_same(base: Lab) -> None:
    """`additionalProperties: true` and `{}` both allow every field."""
    place = "/components/schemas/Order/additionalProperties"
    old, new = (
        base.revision(edited(base.vendor.value, [{"set": place, "to": value}])) for value in (True, dict[str, Any]())
    )
    for report in (compare(old, new), compare(new, old)):
        assert report.exit_code == 0
        assert {change.check for change in report.changes} == {"restated", "version-kept"}


SIZE = {"type": "object", "properties": {"width": {"type": "integer"}}}
WORDS = {"type": "string", "enum": ["small", "large"]}


def boxes(box: dict[str, Any], name: str = "Size") -> dict[str, Any]:
    """Return a document that takes a box."""
    media = {"application/json": {"schema": {"$ref": "#/components/schemas/Box"}}}
    own = {
        "name": "id",
        "in": "path",
        "required": True,
        "schema": {"type": "string", "pattern": "^(?=B)[A-Z][0-9]{4}$"},
    }
    operation = {
        "operationId": "pack",
        "parameters": [own],
        "requestBody": {"content": media},
        "responses": {"204": {"description": "Packed."}},
    }
    return {
        "openapi": "3.0.3",
        "info": {"title": "Boxes", "version": "1"},
        "paths": {"/boxes/{id}": {"post": operation}},
        "components": {"schemas": {"Box": {"type": "object", "properties": box}, name: SIZE}},
    }


def compare_pair(old: dict[str, Any], new: dict[str, Any]) -> Report:
    """Compare two documents."""
    before, after = (revise("x", parse(json.dumps(each), "openapi.json"), ()) for each in (old, new))
    return compare(before, after)


@pytest.mark.parametrize("keyword", ["anyOf", "oneOf"])
def test_an_alternative_with_another_name_is_not_gone(keyword: str) -> None:
    """Only the generated class is renamed; the same requests are accepted."""
    before, after = (
        boxes({"size": {keyword: [{"$ref": f"#/components/schemas/{name}"}, WORDS]}}, name)
        for name in ("Size", "Measure")
    )
    found = {change.check: change.effect for change in compare_pair(before, after).changes}
    assert found.keys() == {"component-renamed", "restated", "version-kept"}
    assert found["component-renamed"] == "Size is named Measure: imports of its generated class fail"


def test_a_value_that_was_not_counted_may_have_been_sent() -> None:
    """Only one sample of a union is counted, so the others may have been sent."""
    before, after = (
        boxes({"size": {"anyOf": [{"$ref": "#/components/schemas/Size"}, {**WORDS, "enum": words}]}})
        for words in (["small", "large"], ["small"])
    )
    (gone,) = [change for change in compare_pair(before, after).changes if change.check == "enum-value-removed"]
    assert "no accepted request" not in gone.effect
    assert "wire" in gone.who


def test_what_neither_side_accepts_is_not_counted() -> None:
    """Without a sample for a pattern no request is counted, although some exist."""
    same = boxes({"size": WORDS})
    changed = boxes({"size": {**WORDS, "enum": ["small"]}})
    found = [each for each in compare_pair(same, changed).requests if each.where == "parameters"]
    assert [(each.total, each.method.partition(":")[0]) for each in found] == [(0, "not counted")] * len(found)
