"""Whatever a spec, an overlay or a page holds: nothing of it runs, nothing breaks, nothing leaves its folder.

A file dropped into `cases` is a test. Its first line says what must come of it, its second what it tries.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
import sys
from pathlib import Path

import pytest
import rulewright
from rulewright.commands.rules import main as rules
from rulewright.errors import printable
from rulewright.impact.formats import render_html, render_markdown, render_text
from rulewright.impact.report import compare
from rulewright.impact.revision import read_revision

from tests.hostile.running import BASE, CANARIES, CASES, Case, Outcome, run

SOURCES = Path(rulewright.__file__).parent / "runtime"
ALL = [Case(path) for path in sorted(CASES.iterdir())]
RUNTIME = {
    ".".join(path.relative_to(SOURCES).with_suffix("").parts)
    for path in SOURCES.rglob("*.py")
    if path.relative_to(SOURCES).as_posix() != "cli/_app.py"
}
"""The modules that every package has; the command line is built by one of them, of what the document says."""
INPUTS = {"openapi.yaml", "case.overlay.yaml", "page.md", "pyproject.toml", "overlays/origin.json"}
TAGS = re.compile(r"<script|<img|href=.javascript", re.IGNORECASE)
MARKDOWN = re.compile(TAGS.pattern + r"|(?<!\\)\[[^\]]*\]\(javascript", re.IGNORECASE)


@pytest.mark.parametrize("case", ALL, ids=lambda case: case.path.name)
@pytest.mark.filterwarnings("error")
def test_a_hostile_file_does_nothing(
    case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is refused with one message, or becomes a package that compiles, imports and holds it as text."""
    monkeypatch.chdir(tmp_path)
    outcome = run(case, tmp_path)
    assert_expected(case.outcome, outcome)
    assert_inside(outcome)
    assert_printable(outcome.said)
    if outcome.code == 0:
        assert_harmless(outcome)
        import_all(case.package, outcome.output, monkeypatch)
        assert_reports_are_harmless(outcome, capsys)
    assert not [path for name in CANARIES for path in tmp_path.rglob(name)], "something of the input was run"


def assert_expected(wanted: str, outcome: Outcome) -> None:
    """The first line of a case is kept."""
    kind, _, message = wanted.partition(": ")
    assert kind == "generated" or (kind == "refused" and message)
    if outcome.code == 0:
        assert kind != "refused"
    else:
        assert outcome.code == 1
        assert kind != "generated", outcome.said
        assert outcome.said.startswith(("error: ", "openapi.yaml: written"))
        assert message in outcome.said
        assert "Traceback" not in outcome.said


def assert_inside(outcome: Outcome) -> None:
    """Nothing is written but the output, and nothing at all where the input is refused."""
    inputs = {f"project/{name}" for name in INPUTS}
    written = [name for name in outcome.files if name not in inputs]
    assert all(name.startswith("project/generated/") for name in written), written
    assert outcome.code == 0 or not written


def assert_printable(said: str) -> None:
    """No character reaches a terminal that it would obey."""
    assert said == printable(said)


def assert_harmless(outcome: Outcome) -> None:
    """Each generated file is printable, and its page holds no program."""
    for path in sorted(outcome.output.rglob("*")):
        if not path.is_file():
            continue
        content = path.read_text("utf-8")
        assert_printable(content)
        if path.suffix == ".md":
            assert not MARKDOWN.search(content)


def import_all(package: str, output: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every module imports that is made of the document; the others are the same for all, and tested elsewhere."""
    monkeypatch.syspath_prepend(str(output))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    root = importlib.import_module(package)
    for found in pkgutil.walk_packages(root.__path__, f"{package}."):
        if found.name.partition(".")[2] not in RUNTIME:
            importlib.import_module(found.name)
    for name in [name for name in sys.modules if name.partition(".")[0] == package]:
        del sys.modules[name]


def assert_reports_are_harmless(outcome: Outcome, capsys: pytest.CaptureFixture[str]) -> None:
    """What the other commands say of it is text: on a terminal, in a comment, on a page."""
    for command in ("check", "analyse", "list"):
        rules([command, "--project", str(outcome.root)])
    said = capsys.readouterr()
    assert_printable(said.out + said.err)
    report = compare(read_revision(str(BASE), BASE.parent / "none"), read_revision(str(outcome.root), outcome.root), ())
    terminal, comment, web = render_text(report), render_markdown(report), render_html(report)
    for shown in (terminal, comment, web):
        assert_printable(shown)
    assert not MARKDOWN.search(comment)
    assert not TAGS.search(web.rpartition("<script>")[0])  # the page's own comes last


def test_every_kind_of_case_is_there() -> None:
    """There are at least forty, of each kind, and each says what it tries."""
    names = [case.path.name for case in ALL]
    assert len(names) >= 40
    for kind in (".spec.yaml", ".overlay.yaml", ".page.md"):
        assert sum(name.endswith(kind) for name in names) >= 5
    for case in ALL:
        assert len(case.path.read_bytes().split(b"\n")[1]) > 10
