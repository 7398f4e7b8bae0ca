"""The command line: what it writes, what it prints, and when it changes nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from rulewright.commands.importing import main

from tests.import_page.conftest import list_overlay

if TYPE_CHECKING:
    from tests.import_page.conftest import Run


ROOT = Path(__file__).parents[2]


def fenced(page: Path) -> bytes:
    """Return the text of the one block fenced by four backticks, found without a Markdown reader."""
    inside = page.read_bytes().split(b"\n````")[1]
    return inside.split(b"\n", 1)[1].rstrip(b"\n") + b"\n"


def test_writes_the_fenced_text_byte_for_byte(run: Run, project: Path, pages: Path) -> None:
    """One page gives exactly the vendor's text, Chinese, comments and inner fences included."""
    outcome = run(pages / "send.md")
    assert outcome.code == 0
    written = (project / "openapi.yaml").read_bytes()
    assert written == fenced(pages / "send.md")
    assert "寄送" in written.decode()
    assert b"  # one gateway for all" in written


def test_reports_new_and_removed_operations(run: Run, pages: Path) -> None:
    """Importing replaces the whole document, so it lists what callers gain and lose."""
    run(pages / "send.md")
    assert run(pages / "track.md").out.splitlines()[1:] == [
        "  new GET /parcels/{id}  getParcel",
        "  GONE POST /parcels  sendParcel",
    ]


def test_check_compares_and_writes_nothing(run: Run, project: Path, pages: Path) -> None:
    """`--check` fails before the import, creates no file, and passes after it."""
    before = run("--check", pages / "send.md")
    assert before.code == 1
    assert "would change; run the same command without --check" in before.out
    assert not (project / "openapi.yaml").exists()
    run(pages / "send.md")
    assert run("--check", pages / "send.md").code == 0
    assert run("--check", pages / "track.md").code == 1
    assert run("--check", pages / "send.md").code == 0


def test_output_names_another_file_and_needs_no_project(run: Run, project: Path, pages: Path) -> None:
    """`-o` writes there and does not read pyproject.toml."""
    (project / "pyproject.toml").unlink()
    assert run(pages / "send.md", "-o", "vendor.yaml").out.startswith("vendor.yaml: written\n")
    assert (project / "vendor.yaml").read_bytes() == fenced(pages / "send.md")


def test_project_names_the_folder_whose_spec_is_written(
    run: Run, project: Path, pages: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`--project` works from anywhere."""
    monkeypatch.chdir(tmp_path)
    assert run(pages / "send.md", "--project", "project").code == 0
    assert (project / "openapi.yaml").read_bytes() == fenced(pages / "send.md")


def test_without_a_project_the_error_names_the_missing_file(run: Run, project: Path, pages: Path) -> None:
    """A folder without pyproject.toml is an error, not a guess."""
    (project / "pyproject.toml").unlink()
    outcome = run(pages / "send.md")
    assert outcome.code == 1
    assert "pyproject.toml: cannot be read" in outcome.err


def test_a_folder_gives_all_its_pages_by_name(run: Run, project: Path, pages: Path, tmp_path: Path) -> None:
    """A folder means its *.md pages, sorted; those without a document are named, others are left out."""
    folder = tmp_path / "docs"
    folder.mkdir()
    for name in ("send.md", "track.md", "introduction.md"):
        (folder / name).write_bytes((pages / name).read_bytes())
    (folder / "broken.txt").write_text("not a page", encoding="utf-8")
    outcome = run(folder)
    assert outcome.out.splitlines() == [
        "openapi.yaml: written",
        "  POST /parcels  sendParcel",
        "  GET /parcels/{id}  getParcel",
        f"  no document in {(folder / 'introduction.md').as_posix()}",
    ]


def test_a_page_that_names_a_bare_document_is_accepted(run: Run, project: Path, pages: Path) -> None:
    """YAML and JSON without Markdown are imported unchanged, ended by one line feed."""
    run(pages / "send.md")
    assert run("openapi.yaml", "-o", "again.yaml").code == 0
    assert (project / "again.yaml").read_bytes() == (project / "openapi.yaml").read_bytes()
    text = '{"openapi": "3.1.0", "info": {"title": "T", "version": "1"}, "paths": {"/a": {"get": {}}}}'
    (project / "bare.json").write_text(text + "\r\n\r\n", encoding="utf-8", newline="")
    assert run("bare.json").out.splitlines() == [
        "openapi.yaml: written",
        "  new GET /a",
        "  GONE POST /parcels  sendParcel",
    ]
    assert (project / "openapi.yaml").read_text(encoding="utf-8") == text + "\n"


def test_windows_line_ends_and_byte_order_mark_do_not_matter(run: Run, project: Path, pages: Path) -> None:
    """CRLF, CR and a BOM in the page do not change the document."""
    page = (pages / "send.md").read_text(encoding="utf-8")
    for end in ("\r\n", "\r"):
        changed = "\ufeff" + page.replace("\n", end)
        (project / "page.md").write_bytes(changed.encode())
        run("page.md")
        assert (project / "openapi.yaml").read_bytes() == fenced(pages / "send.md")


def test_a_previous_document_that_is_broken_is_replaced(run: Run, project: Path, pages: Path) -> None:
    """Importing repairs an unreadable document."""
    (project / "openapi.yaml").write_bytes(b"\xff not: [a document")
    assert run(pages / "send.md").code == 0
    assert (project / "openapi.yaml").read_bytes() == fenced(pages / "send.md")


def test_an_operation_name_cannot_forge_a_line_of_the_report(run: Run, project: Path) -> None:
    """Line feeds and terminal escapes in a path or operationId are printed escaped."""
    operation = '{"operationId": "x\\n  GONE GET /b\\u001b[2J\\u202e"}'
    text = '{"openapi": "3.1.0", "info": {"title": "T", "version": "1"}, "paths": {"/a": {"get": %s}}}'
    (project / "bare.json").write_text(text % operation, encoding="utf-8")
    outcome = run("bare.json")
    assert outcome.out == "openapi.yaml: written\n  GET /a  x\\n  GONE GET /b\\x1b[2J\\u202e\n"


def test_an_ascii_terminal_gets_escapes(project: Path) -> None:
    """The document is written, and characters outside ASCII are escaped in the report."""
    (project / "page.json").write_text(
        '{"openapi": "3.1.0", "info": {"title": "T", "version": "1"}, "paths": {"/视频": {"get": {}}}}',
        encoding="utf-8",
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "ascii"}
    command = [sys.executable, "-m", "rulewright", "import", "page.json"]
    done = subprocess.run(command, env=environment, cwd=project, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "openapi.yaml: written\n  GET /\\u89c6\\u9891\n"


def test_harmless_faults_are_accepted(run: Run, project: Path) -> None:
    """Accept an empty title, and a list of `examples` in a schema of OpenAPI 3.0."""
    schema = "{properties: {examples: {examples: [[a]], items: {examples: [a], type: string}, type: array}}}"
    parameter = "{name: a, in: query, examples: {b: {value: 1}}, schema: {examples: [1]}}"
    operation = f"{{get: {{parameters: [{parameter}], responses: {{'204': {{description: ''}}}}}}}}"
    text = f"paths: {{/a: {operation}}}\ncomponents: {{schemas: {{A: {schema}}}}}\nopenapi: 3.0.3\n"
    (project / "bare.yaml").write_text(f"info: {{title: '', version: '1'}}\n{text}", encoding="utf-8")
    assert run("bare.yaml").out == "openapi.yaml: written\n  GET /a\n"
    (project / "bare.yaml").write_text(
        f"info: {{title: '', version: '1'}}\n{text}".replace("components: {", "servers: {a: b}\ncomponents: {")
    )
    assert "is not valid OpenAPI 3.0" in run("bare.yaml").err


def test_faults_that_an_overlay_corrects_are_accepted(run: Run, project: Path) -> None:
    """Faults that the project's overlays leave are reported."""
    answers = "{get: {responses: {'204': {description: done}}}}"
    schemes = "{old: {type: bearer}, key: {type: apiKey, in: header, name: K}}"
    text = f"openapi: 3.0.3\ninfo: {{title: T, version: '1'}}\npaths: {{/a: {answers}}}\n"
    text += f"components: {{securitySchemes: {schemes}}}\n"
    (project / "page.yaml").write_text(text, encoding="utf-8")
    assert "page.yaml:4: is not valid OpenAPI 3.0" in run("page.yaml").err
    list_overlay(project, "mine.yaml")
    for target, code in (("old", 0), ("key", 1)):
        action = f"{{target: $.components.securitySchemes.{target}, remove: true}}"
        overlay = f"overlay: 1.1.0\ninfo: {{title: O, version: '1'}}\nactions: [{action}]\n"
        (project / "mine.yaml").write_text(overlay, encoding="utf-8")
        outcome = run("page.yaml")
        assert outcome.code == code
    assert "page.yaml:4: is not valid OpenAPI 3.0" in outcome.err
    assert (project / "openapi.yaml").read_text(encoding="utf-8") == text


def test_usage_is_an_exit_code_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    """No page at all is a wrong command line (2), not a wrong page (1)."""
    with pytest.raises(SystemExit, match="2"):
        main([])
    assert "usage: rulewright import" in capsys.readouterr().err
