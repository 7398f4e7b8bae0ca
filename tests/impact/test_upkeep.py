"""After a change of the page, import reports it, regeneration refuses stale rules, and copies are upgraded."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from rulewright.commands import regenerate as command
from rulewright.commands.impact import main as impact
from rulewright.commands.importing import main as import_page
from rulewright.commands.rules import main as rules
from rulewright.commands.vendor import main as vendor
from rulewright.errors import run_cli
from rulewright.importing.imported import RECORD

from tests.copies import copy_project
from tests.generating import Inside
from tests.impact.conftest import EDITS, ROOT, replaced
from tests.import_page.serving import Vendor, whole

# What a maintainer does about it, file by file.
REPAIRS = {
    "overlays/10-corrections.overlay.yaml": [("x-was: '16:9'", "x-was: '9:16'")],
    "overlays/30-rules.overlay.yaml": [
        ("INGREDIENTS2VIDEO: 1-3 reference images", "INGREDIENTS2VIDEO: 1-4 reference images"),
        ("hold 1 to 3 reference image URLs", "hold 1 to 4 reference image URLs"),
        ("imageList: {minItems: 1, maxItems: 3}", "imageList: {minItems: 1, maxItems: 4}"),
        ("veo3_fast", "veo3_turbo"),
    ],
}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of this project, which is the working directory."""
    copy = copy_project(tmp_path / "project")
    monkeypatch.chdir(copy)
    monkeypatch.setattr(command, "Generator", Inside)
    return copy


def page(text: str) -> str:
    """Return a documentation page with a document on it."""
    return f"# Generate a video\n\nSome words.\n\n````yaml POST /gemini/video/generate\n{text}````\n"


@pytest.fixture
def changed(project: Path) -> Path:
    """The vendor's page, with one value, one count in a sentence and one default changed."""
    text = replaced((ROOT / "openapi.yaml").read_text("utf-8"), *EDITS)
    (project / "page.md").write_text(page(text), encoding="utf-8")
    return project / "page.md"


def changes(report: str) -> set[str]:
    """Return the lines of a report about the vendor's edits, without counts, which a repaired rule changes."""
    wanted = re.compile(r"  POST .*\): (?!\d)|    (also: |\d+ (stop|start) )|.*\{\+")
    lines = [line.strip() for line in report.splitlines() if wanted.match(line)]
    return {re.sub(r"\d+ (?=stop|start)|\(\d+ of the .*\)", "", line) for line in lines}


def test_from_the_page_to_the_copies(project: Path, changed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Import reports it and exits 30; regeneration stops at the rule until it is repaired; `vendor upgrade` reports it too."""
    assert vendor(["copy", "app/_vendor"]) == 0
    capsys.readouterr()

    assert run_cli(lambda: import_page(["--impact", "page.md"])) == 30
    imported = capsys.readouterr().out
    assert imported.startswith("openapi.yaml: written\n")
    assert "openapi.yaml -> the imported pages\n" in imported
    assert 'smallest: {"prompt": "text", "action": "text2video", "model": "veo3_fast"}' in imported
    assert "INGREDIENTS2VIDEO: [-1-3-] {+1-4+} reference images (required)" in imported
    assert "now means 9:16 instead of 16:9" in imported
    assert "the source of the rule ingredients-need-images changed" in imported

    repair(project, "overlays/10-corrections.overlay.yaml")
    before = {path: path.read_bytes() for path in (project / "generated").rglob("*.*")}
    assert command.main([]) == 1
    error = capsys.readouterr().err
    assert "rule ingredients-need-images: the vendor's words have changed at #/components" in error
    assert 'the example does not fit the schema: "veo3_fast" is not one of' in error
    assert "rule ingredients-only-veo31-fast, breaks" in error
    assert {path: path.read_bytes() for path in (project / "generated").rglob("*.*")} == before

    repair(project, "overlays/30-rules.overlay.yaml")
    assert command.main(["--quiet"]) == command.main(["--check", "--quiet"]) == rules(["check"]) == 0
    origin = json.loads((project / "generated/manifest.json").read_bytes())["pages"]
    assert [each["origin"] for each in origin] == ["page.md"]
    capsys.readouterr()

    assert vendor(["upgrade", "app/_vendor"]) == 0
    upgraded = capsys.readouterr().out
    assert changes(upgraded) >= changes(imported)
    assert "rule-widened" in upgraded
    assert len(changes(imported)) > 6
    assert vendor(["verify", "app/_vendor"]) == 0
    assert "the project has not changed since" in capsys.readouterr().out


def repair(project: Path, file: str) -> None:
    """Make a maintainer's edits in one overlay."""
    path = project / file
    text = path.read_text("utf-8")
    for old, new in REPAIRS[file]:
        assert old in text
        text = text.replace(
            old, new, 1 if "Items" in old else -1
        )  # a bound of the repaired rule, the first of its kind
    path.write_text(text, encoding="utf-8")


def test_regeneration_names_everything_that_does_not_fit(
    project: Path, changed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The error has the first fault in full and lists all others."""
    import_page(["page.md"])
    capsys.readouterr()
    assert command.main([]) == 1
    error = capsys.readouterr().err
    assert re.match(
        r"error: overlays/10-corrections\.overlay\.yaml:\d+, action 2: the value underneath has changed", error
    )
    assert (
        "rule ingredients-need-images: the vendor's words have changed"
        in error.partition("these do not fit either:")[2]
    )


def test_checking_writes_nothing(project: Path, changed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--check --impact` is for a watch of the page: the whole report, by exit code, and no file touched."""
    before = (project / "openapi.yaml").read_bytes(), (project / RECORD).read_bytes()
    assert import_page(["--check", "--impact", "--format", "json", "page.md"]) == 30
    printed = capsys.readouterr()
    assert {change["check"] for change in json.loads(printed.out)["changes"]} >= {
        "enum-value-removed",
        "rule-text-changed",
    }
    assert printed.err.startswith("openapi.yaml: would change")
    assert ((project / "openapi.yaml").read_bytes(), (project / RECORD).read_bytes()) == before
    (project / "page.md").write_text(page((ROOT / "openapi.yaml").read_text("utf-8")), encoding="utf-8")
    assert import_page(["--check", "--impact", "page.md"]) == 0
    assert "nothing changed" in capsys.readouterr().out


def test_the_first_import_breaks_nobody(project: Path, changed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a previous document there is nothing to compare; `-o` has no project to compare."""
    (project / "openapi.yaml").unlink()
    assert import_page(["--impact", "page.md"]) == 0
    assert "->" not in capsys.readouterr().out
    assert run_cli(lambda: import_page(["--impact", "page.md", "-o", "other.yaml"])) == 1
    assert "leave -o away" in capsys.readouterr().err
    assert not (project / "other.yaml").exists()


def test_impact_takes_pages_folders_and_urls(project: Path, changed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Pages, folders and URLs can be compared with the project."""
    (project / "pages").mkdir()
    shutil.copy(changed, project / "pages/video.md")
    with Vendor({"/video.md": whole(changed.read_bytes())}) as server:
        for source in ("page.md", "pages", f"{server.url}/video.md"):
            assert impact([".", source, "--format", "json"]) == 30
            report = json.loads(capsys.readouterr().out)
            assert report["new"] == source
            assert [group["count"] for group in report["requests"][0]["stops"]] == [72]
