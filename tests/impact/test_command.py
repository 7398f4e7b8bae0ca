"""`rulewright impact`: inputs, exit codes, output and errors."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from rulewright.commands.impact import main

from tests.copies import commit_all, git
from tests.impact.conftest import BASE, ROOT, replaced

PARCELS = ROOT / "tests/projects/parcels"


def edit(path: Path, old: str, new: str) -> None:
    """Replace one text in a file."""
    path.write_text(replaced(path.read_text(encoding="utf-8"), (old, new)), encoding="utf-8")


@pytest.fixture
def parcels(tmp_path: Path) -> Path:
    """A copy of another project."""
    return Path(shutil.copytree(PARCELS, tmp_path / "parcels"))


@pytest.fixture
def shorter(tmp_path: Path) -> Path:
    """A copy of the document in which a text has to be shorter."""
    copy = Path(shutil.copy(BASE, tmp_path / "new.yaml"))
    edit(copy, "maxLength: 20", "maxLength: 10")
    return copy


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("contact: {name: someone}", "contact: {name: another}", 0),
        ("enum: [slow, fast]", "enum: [slow, fast, turbo]", 10),
        ("Only set once sent.", "Only set once lost.", 20),
        ("maxLength: 20", "maxLength: 10", 30),
        ("operationId: createOrder", "frobnicate: createOrder", 1),
    ],
)
def test_exit_codes(old: str, new: str, code: int, tmp_path: Path) -> None:
    """0 nothing for callers, 10 compatible, 20 review, 30 breaking, 1 for a difference that no check understands."""
    copy = Path(shutil.copy(BASE, tmp_path / "new.yaml"))
    edit(copy, old, new)
    assert main([str(BASE), str(copy), "--project", str(tmp_path)]) == code


def test_nothing_changed(capsys: pytest.CaptureFixture[str]) -> None:
    """A document compared with itself is nothing for callers."""
    assert main([str(BASE), str(BASE), "--project", str(BASE.parent)]) == 0
    assert "nothing changed" in capsys.readouterr().out


def test_two_project_directories(parcels: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Projects are compared with their own overlays: a rule that asks for less lets requests through."""
    edit(parcels / "overlays/rules.overlay.yaml", "{minItems: 1, maxItems: 2}", "{minItems: 1, maxItems: 3}")
    edit(parcels / "overlays/rules.overlay.yaml", "hold 1 or 2 notes", "hold 1 to 3 notes")
    assert main([str(PARCELS), str(parcels), "--format", "json"]) == 10
    report = json.loads(capsys.readouterr().out)
    assert {change["check"] for change in report["changes"]} == {"rule-widened", "rule-reworded"}
    (impact, *_) = [each for each in report["requests"] if each["starts"]]
    assert impact["stops"] == []
    assert all(group["causes"] == ["rule fast-letters-carry-notes"] for group in impact["starts"])
    assert [len(group["witness"]["found"]) for group in impact["starts"]] == [3]


def test_git_revisions(parcels: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Two revisions of a project are read out of git; the working tree and its changes are left alone."""
    commit_all(parcels)
    edit(parcels / "openapi.yaml", "minimum: 1, description", "minimum: 2, description")
    git(parcels, "commit", "-qam", "second")
    edit(parcels / "openapi.yaml", "title: Parcels", "title: '[dirty'")
    assert main(["HEAD~1", "HEAD", "--project", str(parcels), "--format", "json"]) == 30
    report = json.loads(capsys.readouterr().out)
    assert (report["old"], report["new"]) == ("HEAD~1", "HEAD")
    commits = [each["commit"] for each in report["documents"].values()]
    assert all(re.fullmatch(r"[0-9a-f]{7,} of \d{4}-\d\d-\d\d", each) for each in commits), commits
    assert len({*commits}) == 2
    assert {change["check"] for change in report["changes"]} == {
        "bound-tightened", "rule-examples-unfit", "version-kept"
    }  # fmt: skip
    text = json.dumps(report)
    assert "impact-" not in text, "names the folder it was read into"
    capsys.readouterr()
    assert main(["HEAD", str(parcels / "openapi.yaml"), "--project", str(parcels), "--format", "json"]) == 0
    documents = json.loads(capsys.readouterr().out)["documents"]
    assert documents["old"]["commit"] == commits[1]
    assert documents["new"]["commit"] is None, "the file has changed since"
    git(parcels, "checkout", "-q", "openapi.yaml")
    assert main(["HEAD~1", str(parcels / "openapi.yaml"), "--project", str(parcels), "--format", "html"]) == 30
    page = capsys.readouterr().out
    assert all(f"commit {each}" in page for each in commits)


@pytest.mark.parametrize("name", ["no-such-thing", "--help-me", "HEAD:x", "../nowhere.yaml"])
def test_an_unknown_name_is_refused(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A name that is no file, directory or revision is refused, with what would be right."""
    assert main([str(BASE), "--project", str(ROOT), "--", name]) == 1
    error = capsys.readouterr().err
    assert "neither a file nor a directory, nor a revision" in error
    assert "HEAD~1" in error


def test_a_file_without_a_document_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file that is no OpenAPI document is an error that names it."""
    other = tmp_path / "list.yaml"
    other.write_text("- a\n", encoding="utf-8")
    assert main([str(BASE), str(other), "--project", str(tmp_path)]) == 1
    assert "list.yaml: is not an OpenAPI document" in capsys.readouterr().err


def test_wrong_usage() -> None:
    """Wrong usage has its own exit code."""
    with pytest.raises(SystemExit) as exited:
        main(["only-one"])
    assert exited.value.code == 2


@pytest.mark.parametrize("form", ["text", "json", "markdown", "html"])
def test_writing_to_a_file(form: str, shorter: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`-o` writes what would have been printed, whole; the exit code stays that of the change."""
    arguments = [str(BASE), str(shorter), "--project", str(tmp_path), "--format", form]
    assert main([*arguments, "-o", str(tmp_path / "out")]) == 30
    assert capsys.readouterr().out == ""
    assert main(arguments) == 30
    assert (tmp_path / "out").read_text(encoding="utf-8") == capsys.readouterr().out


ENTRY = "accepted:\n- {{fingerprint: {}, author: a@b.example, reason: nobody writes that much}}\n"


@pytest.mark.parametrize("named", [False, True], ids=["the file of the project", "--accepted"])
def test_an_accepted_change_does_not_count_until_it_expires(
    shorter: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], *, named: bool
) -> None:
    """With fingerprint, author and reason a change does not decide the exit code; an unused entry is an error."""
    arguments = [str(BASE), str(shorter), "--project", str(tmp_path), "--format", "json"]
    main(arguments)
    (breaking,) = [each for each in json.loads(capsys.readouterr().out)["changes"] if each["severity"] == "breaking"]
    accepted = tmp_path / ("accepted.yaml" if named else "overlays/accepted-changes.yaml")
    accepted.parent.mkdir(exist_ok=True)
    accepted.write_text(ENTRY.format(breaking["fingerprint"]), encoding="utf-8")
    arguments += ["--accepted", str(accepted)] if named else []
    assert main([*arguments, "--format", "text"]) == 0
    assert "accepted by a@b.example: nobody writes that much" in capsys.readouterr().out
    edit(shorter, "maxLength: 10", "maxLength: 9")
    assert main(arguments) == 1
    (message,) = json.loads(capsys.readouterr().out)["expired"]
    assert f"{accepted.name}:2" in message
    assert "no change matches the accepted fingerprint" in message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("accepted: 1\n", "one key, accepted: a list"),
        ("accepted: []\nmore: 1\n", "one key, accepted: a list"),
        ("accepted:\n- {fingerprint: x, reason: y}\n", "has fingerprint, author, reason"),
        ("accepted:\n- {fingerprint: x, author: '', reason: y}\n", "none may be empty"),
        ("accepted:\n- &a {fingerprint: x, author: z, reason: y}\n- *a\n", "accepted twice"),
    ],
)
def test_a_wrong_acceptance(text: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An acceptance without author or reason is refused: nobody could ask why."""
    path = tmp_path / "accepted.yaml"
    path.write_text(text, encoding="utf-8")
    assert main([str(BASE), str(BASE), "--project", str(tmp_path), "--accepted", str(path)]) == 1
    assert message in capsys.readouterr().err
