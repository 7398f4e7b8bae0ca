"""Machine-readable findings: commands print annotations, SARIF or JUnit and set the exit code."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from rulewright.__main__ import main
from rulewright.findings import FINDING_FORMATS, Finding

from tests.copies import ROOT, copy_project

HOSTILE = "100% of\r\n::error::a,b:c <&\x1b[2J\u202e\x00 ]]>"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of this project, which is the working directory."""
    monkeypatch.chdir(copy_project(tmp_path))
    return tmp_path


def test_rules_check_names_a_sentence(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A sentence that no rule claims is an annotation of the document; without any, nothing is printed."""
    assert main(["rules", "check", "--format", "github"]) == 0
    assert capsys.readouterr().out == ""
    text = (project / "openapi.yaml").read_text("utf-8")
    line = "INGREDIENTS2VIDEO: 1-3 reference images (required)"
    assert text.count(line) == 1
    (project / "openapi.yaml").write_text(text.replace(line, f"{line}\n\n            Images must be square."), "utf-8")
    assert main(["rules", "check", "--format", "github"]) == 1
    (found,) = capsys.readouterr().out.splitlines()
    assert found.startswith("::error file=openapi.yaml,")
    assert "Images must be square." in found


def test_rules_whose_words_changed_are_annotations_of_their_lines(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each annotation points at the line of its rule in the overlay."""
    text = (project / "openapi.yaml").read_text("utf-8")
    for words in ("1-2 images (start frame", "1-3 reference images"):
        assert words in text
        text = text.replace(words, f"also {words}")
    (project / "openapi.yaml").write_text(text, "utf-8")
    assert main(["rules", "check", "--format", "github"]) == 1
    found = capsys.readouterr().out.splitlines()
    written = (project / "overlays/30-rules.overlay.yaml").read_text("utf-8").splitlines()
    lines = [int(each.partition(",line=")[2].partition(",")[0]) for each in found]
    assert len(set(lines)) == len(found) >= 2
    assert all(each.startswith("::error file=overlays/30-rules.overlay.yaml,") for each in found)
    assert all("quote" in written[line - 1] for line in lines)


def test_a_drifted_file_is_a_failure(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each generated file that differs is a failed test that names it."""
    assert main(["regenerate", "--check", "--format", "junit"]) == 0
    assert ET.fromstring(capsys.readouterr().out).get("failures") == "0"  # noqa: S314  our own output
    with pytest.raises(SystemExit) as exited:
        main(["regenerate", "--format", "junit"])
    assert exited.value.code == 2


def test_an_overlay_that_does_not_fit_is_a_result(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The file and line of the action, as SARIF; the document goes to the file that `-o` names."""
    overlay = project / "overlays/10-corrections.overlay.yaml"
    arguments = ["overlay", "openapi.yaml", str(overlay.relative_to(project)), "--format", "sarif", "-o", "out.yaml"]
    assert main(arguments) == 0
    assert json.loads(capsys.readouterr().out)["runs"][0]["results"] == []
    assert (project / "out.yaml").is_file()
    overlay.write_text(overlay.read_text("utf-8").replace("x-was: '16:9'", "x-was: '4:3'"), encoding="utf-8")
    assert main(arguments) == 1
    ((result,),) = [run["results"] for run in json.loads(capsys.readouterr().out)["runs"]]
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "overlays/10-corrections.overlay.yaml"
    assert place["region"]["startLine"] > 1
    with pytest.raises(SystemExit):
        main(arguments[:-2])


@pytest.mark.heavy
def test_contract_prints_findings_alone(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The output of pytest goes to standard error, so that standard output holds findings only."""
    monkeypatch.chdir(ROOT)
    assert main(["contract", "--check", "credentials", "--format", "junit"]) == 0
    assert ET.fromstring(capsys.readouterr().out).get("name") == "rulewright contract"  # noqa: S314


@pytest.mark.parametrize("form", FINDING_FORMATS)
def test_hostile_text_stays_text(form: str) -> None:
    """Text of a document cannot end a command, a string or an element, or move the cursor."""
    shown = FINDING_FORMATS[form]([Finding(HOSTILE, "error", HOSTILE, f"{HOSTILE}.yaml", 1, 2, "f")], "test")
    assert not {"\x1b", "\x00", "\u202e", "\r"} & set(shown)
    if form == "github":
        assert shown.count("\n") == 1
        assert shown.partition(" ")[2].split("::")[0].count(",") == 3
    elif form == "sarif":
        assert json.loads(shown)["runs"][0]["results"][0]["ruleIndex"] == 0
    else:
        assert ET.fromstring(shown).get("failures") == "1"  # noqa: S314
