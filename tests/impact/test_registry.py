"""The registry of checks: dropping a fixture in is the whole test of a check, and none may lack one."""

from __future__ import annotations

import re
from typing import Any

import pytest
from rulewright.impact.change import WHO, Severity
from rulewright.impact.checks import CHECKS, DERIVED
from rulewright.impact.grammar import EXTENSION, GRAMMAR
from rulewright.impact.report import Report
from rulewright.openapi.document import Document, load

from tests.impact.conftest import FIXTURES, Lab, edited

CASES = sorted(path.stem for path in FIXTURES.glob("[!_]*.yaml"))
IDS = {*CHECKS, *(derived.id for derived in DERIVED)}
EFFECTS = re.compile(
    r"refuse|fail|gone|accepted|answered|enough|must|means|reach|named|served|asked|moved|read|lack|changed|type|became|"
    r"stands first|miss|signed|parts|follow|enforced|takes|may|dead|sent"
)


def spoken(report: Report, name: str) -> dict[str, list[str]]:
    """Return who breaks by the id of each check that spoke; the note on the version only where it is the case."""
    ids = {change.check for change in report.changes} - ({"version-kept"} - {name})
    return {
        check: sorted({who for change in report.changes if change.check == check for who in change.who})
        for check in ids
    }


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest, base: Lab, seed: Lab) -> tuple[str, dict[str, Any], Lab]:
    """One fixture, and the document it edits."""
    data = load(FIXTURES / f"{request.param}.yaml").value
    lab = seed if data.get("document") == "project" else base
    if "first" in data:
        lab = Lab(Document("base", edited(base.vendor.value, data["first"]), "", {}), [])
    return request.param, data, lab


def test_every_check_has_a_fixture_and_every_fixture_a_check() -> None:
    """A check without a case, or a case nobody checks, is a failure."""
    assert set(CASES) == IDS


def test_every_check_has_a_mirror_or_a_reason() -> None:
    """What can be done can be taken back: the mirror exists and names this one, or it is written why there is none."""
    for check in CHECKS.values():
        assert check.mirror in CHECKS, check.id
        assert CHECKS[check.mirror].mirror == check.id, check.id
    for derived in DERIVED:
        assert derived.mirror is None, derived.id
        assert derived.alone, derived.id
    purposes = [*(check.purpose for check in CHECKS.values()), *(derived.purpose for derived in DERIVED)]
    assert all(purpose.endswith(".") for purpose in purposes)


def test_a_case_says_exactly_what_it_should(case: tuple[str, dict[str, Any], Lab]) -> None:
    """The edits of a fixture make exactly its checks speak, for exactly its people, with its exit code."""
    name, data, lab = case
    report = lab.after(*data["edits"])
    assert spoken(report, name) == data["expect"]
    assert name in data["expect"]
    assert report.exit_code == data["exit"]
    assert data["says"] in [change.effect for change in report.changes if change.check == name]
    assert not report.unexplained


def test_a_case_taken_back_says_the_opposite(case: tuple[str, dict[str, Any], Lab]) -> None:
    """The same edits undone make exactly the checks of the fixture's `back` speak, the mirror among them."""
    name, data, lab = case
    report = lab.back(*data["edits"])
    assert sorted(spoken(report, name)) == data["back"]
    if name in CHECKS:
        assert CHECKS[name].mirror in data["back"]


def test_a_message_states_the_effect(case: tuple[str, dict[str, Any], Lab]) -> None:
    """What breaks callers says what happens to them, not which keyword changed; and who breaks is a known word."""
    _, data, lab = case
    for change in lab.after(*data["edits"]).changes:
        assert set(change.who) <= set(WHO)
        if change.severity is Severity.BREAKING:
            assert change.who
            assert EFFECTS.search(change.effect), change.effect


@pytest.mark.parametrize("owner", GRAMMAR)
def test_every_place_of_the_grammar_is_somebodys_business(owner: str) -> None:
    """For each key an object can have there is a check of its coming, its going and its changing."""
    covered = {(place, kind) for check in CHECKS.values() for place in check.at for kind in check.kinds}
    kinds = ("add", "remove", "change")
    missing = []
    for key, kind in {**GRAMMAR[owner], EXTENSION: "extension", "$ref": "reference"}.items():
        place = f"{owner}.{key}"
        if kind[0] in "{[":
            missing += [(f"{place}[]", each) for each in ("add", "remove") if (f"{place}[]", each) not in covered]
            missing += [(place, each) for each in ("add", "remove") if (place, each) not in covered]
        elif kind == "reference":
            missing += [(place, "change")] if (place, "change") not in covered else []
        else:
            wanted = kinds if kind[0] != "@" else ("add", "remove")
            missing += [(place, each) for each in wanted if (place, each) not in covered]
    assert missing == []


def test_the_default_of_a_field_that_must_be_given_concerns_nobody(base: Lab) -> None:
    """No request leaves it out, so no request means something else."""
    report = base.after({"set": "/components/schemas/Order/properties/note/default", "to": "thanks"})
    (change,) = [each for each in report.changes if each.check == "default-changed"]
    assert (change.severity, change.who) == (Severity.NOTHING, ("docs",))
    assert change.effect == "Order.note: the default was none and is thanks; the field must be given all the same"
