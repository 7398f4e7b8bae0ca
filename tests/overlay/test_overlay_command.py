"""`rulewright overlay`: what it prints, writes and refuses."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from rulewright.commands.overlay import main
from rulewright.errors import run_cli
from rulewright.openapi.document import load
from rulewright.overlay.engine import Change

from tests.overlay.undoing import undo

SPEC = "openapi: 3.0.0\ninfo:\n  title: 'T'\n  ratio: '16:9'\n"
FIX = """\
overlay: 1.1.0
info: {title: Fix, version: 1.0.0}
actions:
  - target: $.info
    update: {version: '1'}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the working folder, with a spec and an overlay in it."""
    (tmp_path / "spec.yaml").write_text(SPEC)
    (tmp_path / "fix.overlay.yaml").write_text(FIX)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _run(*arguments: str) -> int:
    return run_cli(lambda: main(arguments))


def test_prints_in_the_format_of_the_spec(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without -o the result goes to standard output, as YAML for a YAML document."""
    assert _run("spec.yaml", "fix.overlay.yaml") == 0
    assert capsys.readouterr().out == "openapi: 3.0.0\ninfo:\n  title: T\n  ratio: '16:9'\n  version: '1'\n"


def test_prints_json_for_json(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """For a JSON document the result is JSON."""
    (folder / "spec.json").write_text('{"info": {"title": "é"}}')
    assert _run("spec.json", "fix.overlay.yaml") == 0
    assert capsys.readouterr().out == '{\n  "info": {\n    "title": "é",\n    "version": "1"\n  }\n}\n'


@pytest.mark.parametrize("name", ["out.json", "out.yaml", "out.yml"])
def test_writes_the_format_of_the_output(folder: Path, name: str) -> None:
    """With -o the suffix of that file decides the format."""
    assert _run("spec.yaml", "fix.overlay.yaml", "-o", name) == 0
    assert (folder / name).read_text().startswith("{") == name.endswith("json")
    assert load(folder / name).value["info"] == {"title": "T", "ratio": "16:9", "version": "1"}


def test_ledger(folder: Path) -> None:
    """--ledger writes every change as JSON, which is enough to undo them."""
    assert _run("spec.yaml", "fix.overlay.yaml", "-o", "out.json", "--ledger", "ledger.json") == 0
    (record,) = json.loads((folder / "ledger.json").read_text())
    kind = record.pop("change")
    result = json.loads((folder / "out.json").read_text())
    assert undo(result, [Change(kind=kind, **record)]) == load("spec.yaml").value


def test_failure_writes_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An overlay that does not fit exits with 1, one message, and leaves the old output alone."""
    (folder / "out.yaml").write_text("old")
    (folder / "bad.yaml").write_text(FIX.replace("$.info", "$.inof"))
    assert _run("spec.yaml", "fix.overlay.yaml", "bad.yaml", "-o", "out.yaml", "--ledger", "l.json") == 1
    assert (folder / "out.yaml").read_text() == "old"
    assert not (folder / "l.json").exists()
    assert "error: bad.yaml:4, action 1: target matched nothing" in capsys.readouterr().err


def test_lenient(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """--lenient accepts a miss, and still lists what was absorbed."""
    (folder / "bad.yaml").write_text(FIX.replace("$.info", "$.inof"))
    assert _run("--lenient", "spec.yaml", "bad.yaml", "fix.overlay.yaml", "fix.overlay.yaml") == 0
    output = capsys.readouterr()
    assert "version: '1'" in output.out
    assert output.err == "fix.overlay.yaml:4, action 1: absorbed upstream: $.info\n"


def test_absorbed_is_a_failure(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Strictly, an action that changes nothing makes the exit code 1."""
    assert _run("spec.yaml", "fix.overlay.yaml", "fix.overlay.yaml") == 1
    assert "1 action changed nothing: absorbed upstream" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[], ["spec.yaml"], ["spec.yaml", "fix.overlay.yaml", "--frobnicate"]])
def test_usage(folder: Path, arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Wrong usage exits with 2 and shows the usage."""
    try:
        code = _run(*arguments)
    except SystemExit as error:
        code = int(str(error.code))
    assert code == 2
    assert "usage:" in capsys.readouterr().err


def test_help(capsys: pytest.CaptureFixture[str]) -> None:
    """--help lists the strict rules and the exit codes."""
    with pytest.raises(SystemExit) as caught:
        main(["--help"])
    assert caught.value.code == 0
    text = capsys.readouterr().out
    assert all(word in text for word in ("x-expect", "x-was", "--lenient", "extends", "Exit codes"))


@pytest.mark.parametrize("name", ["out.txt", "out", "spec.yaml", "./fix.overlay.yaml"])
def test_unusable_output(folder: Path, name: str) -> None:
    """An output of unknown format, or one that is an input, is refused and not written."""
    assert _run("spec.yaml", "fix.overlay.yaml", "-o", name) == 1
    assert (folder / "spec.yaml").read_text() == SPEC
    assert (folder / "fix.overlay.yaml").read_text() == FIX
    assert not (folder / "out.txt").exists()


def test_extends_instead_of_spec(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without SPEC the document that every overlay extends is taken, relative to the overlay's folder."""
    (folder / "sub").mkdir()
    (folder / "sub" / "a%20b.yaml").write_text("extends: ../spec%2Eyaml\n" + FIX)
    assert _run("sub/a%20b.yaml") == 0
    assert "version: '1'" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("https://example.com/openapi.yaml", "is not fetched: save the document, and name the file"),
        ("HTTP://example.com/openapi.yaml", "is not fetched"),
        ("ftp://example.com/openapi.yaml", "must name a local file"),
        ("//example.com/openapi.yaml", "must name a local file"),
        ("spec.yaml#/info", "must name a whole file"),
        ("spec.yaml?a=1", "must name a whole file"),
        ("''", "must name a whole file"),
        ("spec%00.yaml", "must name a whole file"),
        ("'http://[bad'", "is not a URI reference"),
        ("missing.yaml", "missing.yaml: cannot be read"),
    ],
)
def test_unusable_extends(folder: Path, reference: str, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    """An extends that names no local file is refused with the way out; nothing is fetched."""
    (folder / "e.yaml").write_text(f"extends: {reference}\n{FIX}")
    assert _run("e.yaml") == 1
    assert message in capsys.readouterr().err


def test_extends_must_agree(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Overlays that extend different documents, or none, need a SPEC; and SPEC must be what they extend."""
    (folder / "one.yaml").write_text("extends: spec.yaml\n" + FIX)
    (folder / "other.yaml").write_text("extends: other-spec.yaml\n" + FIX)
    assert _run("one.yaml", "other.yaml") == 1
    assert "other.yaml: extends other-spec.yaml, while one.yaml extends spec.yaml" in capsys.readouterr().err
    assert _run("one.yaml", "fix.overlay.yaml") == 1
    assert "fix.overlay.yaml: has no extends" in capsys.readouterr().err
    assert _run("spec.yaml", "other.yaml") == 1
    assert "names other-spec.yaml, but the overlay is applied to spec.yaml" in capsys.readouterr().err
    assert _run("--lenient", "spec.yaml", "other.yaml") == 0


def test_extends_as_file_uri(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file URI names a local file."""
    (folder / "one.yaml").write_text(f"extends: {(folder / 'spec.yaml').as_uri()}\n{FIX}")
    assert _run("spec.yaml", "one.yaml") == 0


@pytest.mark.parametrize("name", ["spec.yaml", "spec.json"])
def test_terminal(folder: Path, name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """On a terminal, control and bidirectional characters of the result are escaped, with the same value."""
    (folder / name).write_text('{"info": {"title": "\\u009b2J\\u202e"}}')
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert _run(name, "fix.overlay.yaml") == 0
    out = capsys.readouterr().out
    assert not {"\u009b", "\u202e"} & set(out)
    assert json.loads(out)["info"]["title"] == "\u009b2J\u202e"
