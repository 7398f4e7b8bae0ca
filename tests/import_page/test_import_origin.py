"""The record of imported pages, and overlay additions that the page now defines itself."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from pathlib import Path

import pytest
from rulewright.commands.impact import main as impact
from rulewright.commands.rules import main as rules
from rulewright.generate.manifest import read_manifest
from rulewright.importing.imported import RECORD
from rulewright.overlay.absorbed import WAY_OUT
from rulewright.project import load_project

from tests.generating import regenerate
from tests.import_page.conftest import Run, list_overlay
from tests.import_page.serving import Vendor, whole

ADDED = """\
overlay: 1.1.0
info: {title: The operation that tells where a parcel is, version: 1.0.0}
actions:
  - target: $.paths
    description: Not on the imported page.
    update:
      /parcels/{id}:
        get:
          tags: [track]
          operationId: trackParcel
          parameters: [{name: id, in: path, required: true, schema: {type: string}}]
          responses: {'200': {description: Where it is.}}
  - target: $.components
    description: Not on the imported page either.
    update:
      schemas:
        Fault: {type: object, properties: {id: {type: string}}}
        Label: {type: object, properties: {id: {type: string}}}
"""


def recorded(project: Path) -> list[tuple[str, str]]:
    """Return the origin and hash of each recorded page."""
    record = json.loads((project / RECORD).read_bytes())
    return [(page["origin"], page["sha256"]) for page in record["pages"]]


def sha256(path: Path) -> str:
    """Return the hash of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def everything(project: Path) -> dict[str, tuple[bytes, int]]:
    """Return content and modification time of every file."""
    return {path.as_posix(): (path.read_bytes(), path.stat().st_mtime_ns) for path in project.rglob("*.*")}


def test_origin_and_hash_of_each_page_are_recorded(run: Run, project: Path, pages: Path) -> None:
    """URLs are recorded in full, files by name, each with the hash of the page."""
    with Vendor({"/track.md?lang=en": whole((pages / "track.md").read_bytes())}) as vendor:
        run(pages / "send.md", f"{vendor.url}/track.md?lang=en#openapi")
    assert recorded(project) == [
        ("send.md", sha256(pages / "send.md")),
        (f"{vendor.url}/track.md?lang=en", sha256(pages / "track.md")),
    ]
    record = json.loads((project / RECORD).read_bytes())
    assert record["document"] == {"name": "openapi.yaml", "sha256": sha256(project / "openapi.yaml")}


def test_unchanged_content_changes_nothing(run: Run, project: Path, pages: Path) -> None:
    """The second import changes no file and no modification time, even if the page changed around the document."""
    page = project / "send.md"
    shutil.copy(pages / "send.md", page)
    run(page)
    for path in project.rglob("*.*"):
        os.utime(path, ns=(1, 1))
    before = everything(project)
    assert run(page).out.startswith("openapi.yaml: unchanged\n")
    assert everything(project) == before
    page.write_bytes(page.read_bytes() + b"\nA footer that is no part of the document.\n")
    del before[page.as_posix()]
    assert run(page).out.startswith("openapi.yaml: unchanged\n")
    assert {name: state for name, state in everything(project).items() if name != page.as_posix()} == before


def test_a_changed_document_of_the_same_version_is_written(run: Run, project: Path, pages: Path) -> None:
    """`--check` reports the change and writes nothing."""
    page = project / "send.md"
    shutil.copy(pages / "send.md", page)
    run(page)
    page.write_text(page.read_text("utf-8").replace("description: 寄送", "description: 寄件"), encoding="utf-8")
    before = everything(project)
    checked = run(page, "--check")
    assert (checked.code, checked.out.splitlines()[0].split(";")[0]) == (1, "openapi.yaml: would change")
    assert everything(project) == before
    assert run(page).out.startswith("openapi.yaml: written\n")
    assert "寄件" in (project / "openapi.yaml").read_text("utf-8")
    assert recorded(project) == [("send.md", sha256(page))]


def test_the_manifest_holds_the_pages(run: Run, project: Path, pages: Path) -> None:
    """The manifest lists the pages if the record belongs to the document."""
    run(pages / "track.md")
    regenerate(project)
    manifest = read_manifest(load_project(project))
    assert manifest is not None
    assert manifest["pages"] == [
        {"origin": "track.md", "sha256": sha256(pages / "track.md"), "operations": ["GET /parcels/{id}"]}
    ]
    document = project / "openapi.yaml"
    document.write_text(document.read_text("utf-8").replace("1.10", "1.11"), encoding="utf-8")
    regenerate(project)
    manifest = read_manifest(load_project(project))
    assert manifest is not None
    assert manifest["pages"] == []


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"pages": []}', b'{"document": 1, "pages": []}', b"\xff"])
def test_a_malformed_record_is_reported_and_rewritten(run: Run, project: Path, pages: Path, content: bytes) -> None:
    """Regeneration refuses it; importing again repairs it."""
    run(pages / "track.md")
    (project / RECORD).write_bytes(content)
    with pytest.raises(Exception, match=r"overlays/origin\.json: is not a record of imported pages; import them again"):
        regenerate(project)
    run(pages / "track.md")
    regenerate(project)


@pytest.fixture
def adding(project: Path, run: Run, pages: Path) -> Path:
    """The project with an overlay that adds an operation and two schemas to the page it was made of."""
    list_overlay(project, "tasks.overlay.yaml")
    (project / "tasks.overlay.yaml").write_text(ADDED, encoding="utf-8")
    outcome = run(pages / "send.md")
    assert "absorbed" not in outcome.out
    regenerate(project)
    return project


def test_additions_that_the_page_now_has_are_absorbed(run: Run, adding: Path, pages: Path) -> None:
    """Each overlay action that adds what the page now defines is named, with the remedy."""
    outcome = run(pages / "send.md", pages / "track.md")
    assert outcome.code == 0
    assert outcome.out.splitlines()[3:] == [
        "  tasks.overlay.yaml:4, action 1 adds GET /parcels/{id}, which the page has now: absorbed upstream",
        "  tasks.overlay.yaml:13, action 2 adds schema Fault, which the page has now: absorbed upstream",
        f"  {WAY_OUT}",
    ]


def test_regeneration_refuses_absorbed_additions(run: Run, adding: Path, pages: Path) -> None:
    """Otherwise both would be merged; deleting the additions is enough."""
    run(pages / "send.md", pages / "track.md")
    with pytest.raises(
        Exception, match=r"action 1 adds GET /parcels/\{id\}, which the page has now: absorbed upstream"
    ):
        regenerate(adding)
    overlay = adding / "tasks.overlay.yaml"
    text = overlay.read_text("utf-8")
    start, end = text.index("  - target: $.paths"), text.index("  - target: $.components")
    text = (text[:start] + text[end:]).replace("        Fault: {type: object, properties: {id: {type: string}}}\n", "")
    overlay.write_text(text, encoding="utf-8")
    regenerate(adding)
    assert (adding / "made/made/raw/api/track/get_parcel.py").is_file()


def test_impact_compares_without_absorbed_additions(
    run: Run, adding: Path, pages: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The report names what is absorbed and what callers lose with it: here the operation's own name."""
    old = shutil.copytree(adding, tmp_path / "old")
    run(pages / "send.md", pages / "track.md")
    assert impact([str(old), str(adding), "--format", "json", "--fail-on", "source"]) == 30
    report = json.loads(capsys.readouterr().out)
    assert report["unexplained"] == []
    said = {(change["check"], change["effect"]) for change in report["changes"]}
    absorbed = "tasks.overlay.yaml, action {} is absorbed upstream: the vendor document defines the same"
    assert {effect for check, effect in said if check == "overlay-absorbed"} == {
        absorbed.format(1), absorbed.format(2)
    }  # fmt: skip
    (renamed,) = [effect for check, effect in said if check == "operation-renamed"]
    assert renamed.startswith("the operation trackParcel is named getParcel")
    assert not [effect for check, effect in said if check == "parameter-added"]


def test_a_correction_of_the_same_thing_is_no_addition(run: Run, adding: Path, pages: Path) -> None:
    """An action may remove the operation of the page and add its own."""
    overlay = adding / "tasks.overlay.yaml"
    target, removal = "  - target: $.paths['/parcels/{id}']\n", "    remove: true\n"
    text = ADDED.replace("actions:\n", f"actions:\n{target}    description: Ours is better.\n{removal}")
    text = text.replace("        Fault: {type: object, properties: {id: {type: string}}}\n", "")
    overlay.write_text(text, encoding="utf-8")
    assert "absorbed" not in run(pages / "send.md", pages / "track.md").out
    regenerate(adding)
    assert (adding / "made/made/raw/api/track/track_parcel.py").is_file()


LIMITS = b"# Limits\n\nA note has at most\n9 characters.\n"
QUOTING = """\
overlay: 1.1.0
info: {{title: A rule that rests on another page, version: 1.0.0}}
x-waived-prose:
  - {{at: '#/components/schemas/Order/properties/note/description', quote: at most two lines, reason: of any length}}
actions:
  - target: $.components.schemas.Order
    description: The limit stands on the page of limits only.
    update:
      x-rules:
        - id: notes-are-short
          level: error
          message: note must have at most 9 characters
          source: {{page: '{page}', sha256: {sha256}, quote: A note has at most 9 characters}}
          if: {{required: [note]}}
          then: {{properties: {{note: {{maxLength: 9}}}}}}
          examples:
            passes: {{label: '4:3', note: ok}}
            breaks: {{label: '4:3', note: much too long}}
"""


def test_a_page_that_a_rule_quotes_is_compared_when_it_is_read(
    run: Run, project: Path, pages: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`rules check --pages` and imports compare the quote and the hash of the page."""
    run(pages / "send.md")
    with Vendor({"/limits.md": whole(LIMITS)}) as vendor:
        url = f"{vendor.url}/limits.md"
        overlay = QUOTING.format(page=url, sha256=hashlib.sha256(LIMITS).hexdigest())
        (project / "rules.overlay.yaml").write_text(overlay, encoding="utf-8")
        list_overlay(project, "rules.overlay.yaml")
        assert rules(["check", "--pages"]) == 0
        regenerate(project)
        for content, message in (
            (LIMITS + b"More.\n", f"the page {url} changed, but the quoted words still stand there"),
            (LIMITS.replace(b"9", b"7"), f"its words no longer stand on the page {url}"),
        ):
            vendor.answers["/limits.md"] = whole(content)
            assert rules(["check"]) == 0
            capsys.readouterr()
            assert rules(["check", "--pages"]) == 1
            assert f"rules.overlay.yaml:13: rule notes-are-short: {message}" in capsys.readouterr().err
        (project / "rules.overlay.yaml").write_text(overlay.replace(url, "limits.md"), encoding="utf-8")
        assert rules(["check", "--pages"]) == 0
        assert "not compared: limits.md is no URL" in capsys.readouterr().err
        record = project / "overlays/origin.json"
        value = json.loads(record.read_bytes())
        page = {"origin": url, "sha256": "0", "operations": []}
        for known in ({"pages": [page]}, {"index": {"origin": f"{vendor.url}/llms.txt", "sha256": "0"}}):
            record.write_text(json.dumps({**value, **known}), encoding="utf-8")
            assert rules(["check", "--pages"]) == 1
            assert f"its words no longer stand on the page {url}" in capsys.readouterr().err
        (project / "site").mkdir()
        (project / "site/limits.md").write_bytes(LIMITS)
        (project / "site/send.md").write_bytes((pages / "send.md").read_bytes())
        assert "notes-are-short" not in run(project / "site").out
        (project / "site/limits.md").write_bytes(LIMITS.replace(b"9", b"7"))
        (project / "rules.overlay.yaml").write_text(overlay.replace(url, "docs/limits.md"), encoding="utf-8")
        assert "rule notes-are-short: its words no longer stand on the page limits.md" in run(project / "site").out
