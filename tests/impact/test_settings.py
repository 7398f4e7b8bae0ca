"""Settings of impact: failing kinds, levels, sunsets, grouping and machine-readable formats."""

from __future__ import annotations

import copy
import datetime as dt
import json
from importlib import resources
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import jsonschema_rs
import pytest
from rulewright.commands.impact import main
from rulewright.impact.checks import CHECKS, DERIVED
from rulewright.impact.formats import FORMATS
from rulewright.impact.report import Report, compare

from tests.impact.conftest import BASE, Lab, edited, replaced

ORDER = "/components/schemas/Order/properties"
SPEED = ("enum: [slow, fast]", "enum: [fast]")
STATE = ("enum: [waiting, sent]", "enum: [waiting, sent, lost]")
RENAMED = ("operationId: createOrder", "operationId: placeOrder")


@pytest.fixture
def changed(tmp_path: Path) -> Path:
    """A copy of the document with another operation id and a further answered value."""
    path = tmp_path / "new.yaml"
    path.write_text(replaced(BASE.read_text(encoding="utf-8"), RENAMED, STATE), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("kinds", "code"), [((), 20), (("wire",), 20), (("types",), 20), (("source",), 30), (("any",), 30), (("docs",), 20)]
)
def test_a_team_chooses_what_fails(kinds: tuple[str, ...], code: int, changed: Path, tmp_path: Path) -> None:
    """A renamed function and a further answered value fail only for those who ask for it: by option, or in the project."""
    arguments = [str(BASE), str(changed), "--project", str(tmp_path)]
    assert main([*arguments, *(word for kind in kinds for word in ("--fail-on", kind))]) == code
    (tmp_path / "pyproject.toml").write_text(
        f'[tool.rulewright]\nspec = "openapi.yaml"\noverlays = []\npackage = "made"\noutput = "made"\n[tool.rulewright.impact]\nfail-on = {list(kinds)}\n',
        encoding="utf-8",
    )
    assert main(arguments) == code


def test_a_check_has_the_level_of_the_project(
    changed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A level raises one check, or switches it off; `--checks` lists every check with the levels that were chosen."""
    config = '[tool.rulewright]\nspec = "openapi.yaml"\noverlays = []\npackage = "made"\noutput = "made"\n[tool.rulewright.impact.levels]\n'
    config += 'enum-value-added = "breaking"\noperation-renamed = "off"\n'
    (tmp_path / "pyproject.toml").write_text(config, encoding="utf-8")
    assert main([str(BASE), str(changed), "--project", str(tmp_path), "--format", "json"]) == 30
    levels = {each["check"]: each["severity"] for each in json.loads(capsys.readouterr().out)["changes"]}
    assert (levels["enum-value-added"], levels["operation-renamed"]) == ("breaking", "nothing")
    assert main(["--checks", "--project", str(tmp_path)]) == 0
    listed = capsys.readouterr().out
    assert "enum-value-added [breaking]\n  A further value is listed.\n" in listed
    assert {each.id for each in CHECKS} | {each.id for each in DERIVED} <= set(listed.split())


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("fail-on = ['wires']", "unknown kind in fail-on, 'wires': any, docs, rules, source, types, wire"),
        ("fail-on = 'wire'", "fail-on, a list"),
        (
            "levels = {nothing-like-it = 'off'}",
            "unknown check in levels, 'nothing-like-it'; see rulewright impact --checks",
        ),
        ("levels = {enum-value-added = 'loud'}", "unknown level, 'loud': breaking, compatible, off, review"),
        ("colour = 1", "unknown setting, 'colour': fail-on, levels"),
    ],
)
def test_wrong_settings_are_refused(
    table: str, message: str, changed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A misspelt kind, check or level is an error that lists what there is."""
    (tmp_path / "pyproject.toml").write_text(f"[tool.rulewright.impact]\n{table}\n", encoding="utf-8")
    (tmp_path / "overlays").mkdir()
    assert main(["--checks", "--project", str(tmp_path)]) == 1
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("sunset", "code", "words"),
    [
        ("2026-01-31", 10, "as announced: its sunset was 2026-01-31"),
        ("2027-01-31", 30, "before its sunset on 2027-01-31"),
        (None, 30, "the server refuses it"),
    ],
)
def test_an_operation_may_be_removed_after_its_sunset(base: Lab, sunset: str | None, code: int, words: str) -> None:
    """Removing a deprecated operation is breaking only before its `x-sunset`."""
    place = "/paths/~1orders~1{orderId}/get"
    old = edited(base.vendor.value, [{"set": f"{place}/deprecated", "to": True}])
    old = edited(old, [{"set": f"{place}/x-sunset", "to": sunset}]) if sunset else old
    new = edited(old, [{"remove": "/paths/~1orders~1{orderId}"}])
    new = edited(new, [{"remove": "/paths/~1orders/post/responses/201/links"}])
    report = compare(base.revision(old), base.revision(new), (), today=dt.date(2026, 6, 1))
    (gone,) = [each for each in report.changes if each.check == "operation-removed"]
    assert words in gone.effect
    assert int(gone.severity) == code


def test_equal_edits_of_many_operations_are_one_change(base: Lab) -> None:
    """The same edit of many operations is one line that counts them, with one fingerprint and each place."""
    paths = {f"/copies/{number}": base.vendor.value["paths"]["/orders"] for number in range(5)}
    paths = {
        path: {"post": {**copy.deepcopy(item["post"]), "operationId": f"copy{path[-1]}"}}
        for path, item in paths.items()
    }
    old = edited(
        base.vendor.value, [{"set": f"/paths/{path.replace('/', '~1')}", "to": item} for path, item in paths.items()]
    )
    drops = [{"remove": f"/paths/{path.replace('/', '~1')}/post/parameters/0"} for path in paths]
    report = compare(base.revision(old), base.revision(edited(old, drops)))
    (gone,) = [each for each in report.changes if each.check == "parameter-removed"]
    assert len(gone.places) == len(gone.spots) == 5
    assert "5 operations (POST /copies/0, POST /copies/1, …): the parameter dryRun (query) is gone" in FORMATS["text"](
        report
    )


def test_fields_removed_together_are_one_change(base: Lab) -> None:
    """Fields removed from one schema are one line that names them, with one fingerprint and each place."""
    fields = {f"{ORDER}/{name}": {"type": "string"} for name in ("old", "older", "oldest")}
    old = edited(base.vendor.value, [{"set": place, "to": schema} for place, schema in fields.items()])
    report = compare(base.revision(old), base.revision(edited(old, [{"remove": place} for place in fields])))
    (gone,) = [each for each in report.changes if each.check == "property-removed"]
    assert gone.effect == "Order.old is gone: the server does not know it; the same holds for older, oldest"
    assert [each.pointer for each, _ in gone.spots] == list(fields)


@pytest.fixture(scope="module")
def report(base: Lab) -> Report:
    """A breaking change in a document with hostile text."""
    return base.after(
        {"set": f"{ORDER}/speed/enum", "to": ["fast"]},
        {"set": "/info/description", "to": "Only 100%,\n::error::injected <b>\x1b[2J ]]>"},
    )


def test_the_json_form_fits_its_published_schema(report: Report, seed: Lab) -> None:
    """The schema is part of the package, and allows no key that it does not describe."""
    schema = json.loads((resources.files("rulewright.impact") / "impact.schema.json").read_text("utf-8"))
    validator = jsonschema_rs.Draft202012Validator(schema)
    other = seed.after(
        {"set": "/frobnicate", "to": 1}, {"set": "/paths/~1gemini~1video~1generate/post/tags", "to": ["x"]}
    )
    for each in (report, other):
        assert not [str(error) for error in validator.iter_errors(json.loads(FORMATS["json"](each)))]


def test_annotations_name_file_line_and_title(report: Report) -> None:
    """Each finding is one workflow command: an error with its place, and nothing of a document becomes another."""
    lines = FORMATS["github"](report).splitlines()
    (error,) = [line for line in lines if line.startswith("::error ")]
    assert error.startswith("::error file=base.yaml,") or ",line=" in error.partition("::")[2]
    assert (
        "title=enum-value-removed%3A POST /orders (request body)%3A Order.speed%3A slow is no longer accepted" in error
    )
    assert all(line.startswith(("::error ", "::warning ", "::notice ")) for line in lines)
    assert "%25" in FORMATS["github"](report)
    assert "\x1b" not in "".join(lines)


def test_sarif_has_results_with_rules_places_and_fingerprints(report: Report) -> None:
    """Code scanning reads the rule, the level, the place and the fingerprint of each result."""
    (run,) = json.loads(FORMATS["sarif"](report))["runs"]
    rules = [each["id"] for each in run["tool"]["driver"]["rules"]]
    (error,) = [each for each in run["results"] if each["level"] == "error"]
    assert rules[error["ruleIndex"]] == error["ruleId"] == "enum-value-removed"
    place: dict[str, Any] = error["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"].endswith("base.yaml")
    assert place["region"]["startLine"] > 1
    (fingerprint,) = [each.fingerprint for each in report.changes if each.check == "enum-value-removed"]
    assert error["partialFingerprints"] == {"rulewright/v1": fingerprint}


def test_junit_counts_what_breaks_as_failures(report: Report, base: Lab) -> None:
    """A break is a failure, other findings are successes with a note, and no finding at all is one success."""
    suite = ET.fromstring(FORMATS["junit"](report))  # noqa: S314  our own output
    assert suite.get("failures") == "1"
    assert [case.get("classname") for case in suite if case.find("failure") is not None] == ["enum-value-removed"]
    quiet = ET.fromstring(FORMATS["junit"](compare(base.old, base.old)))  # noqa: S314
    assert (quiet.get("tests"), quiet.get("failures")) == ("1", "0")
