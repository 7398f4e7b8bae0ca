"""Regeneration is reproducible, and drift is reported with its reason."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest
from rulewright.commands import regenerate as command
from rulewright.files import read_tree
from rulewright.generate import generator

ROOT = Path(__file__).resolve().parents[2]


def run(project: Path, *options: str) -> int:
    """Run the command on a project, in this process."""
    return command.main([*options, "--project", str(project)])


def test_a_deleted_tree_comes_back_byte_for_byte_whatever_the_environment(project: Path, tmp_path: Path) -> None:
    """Another directory, locale, time zone and hash seed change no byte."""
    before = read_tree(ROOT / "generated")
    for path in sorted((project / "generated").rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "LC_ALL": "C",
        "TZ": "Asia/Kathmandu",
        "PYTHONHASHSEED": "7",
        "PYTHONUTF8": "0",
    }
    subprocess.run(
        [sys.executable, "-m", "rulewright", "regenerate", "--project", str(project)],
        cwd=elsewhere,
        env=environment,
        check=True,
        capture_output=True,
    )
    assert read_tree(project / "generated") == before


FAULTS: dict[str, tuple[str, Callable[[Path], object]]] = {
    "differ: manifest.json": (
        "manifest.json",
        lambda path: path.write_text(path.read_text("utf-8").replace('"ruff": "', '"ruff": "9'), encoding="utf-8"),
    ),
    "differ: mountsea_gemini/raw/models/__init__.py": (
        "mountsea_gemini/raw/models/__init__.py",
        lambda path: path.write_bytes(path.read_bytes() + b"\n# a quick fix\n"),
    ),
    "differ: mountsea_gemini/raw/types.py": (
        "mountsea_gemini/raw/types.py",
        lambda path: path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n")),
    ),
    "missing: RULES.md": ("RULES.md", Path.unlink),
    "missing: mountsea_gemini/raw/models/task_id_dto.py": (
        "mountsea_gemini/raw/models/task_id_dto.py",
        lambda path: path.rename(path.with_name("faults.py")),
    ),
    "not generated: mountsea_gemini/stray.py": (
        "mountsea_gemini/stray.py",
        lambda path: path.write_bytes(b"x = 1\n"),
    ),
}


@pytest.mark.parametrize(
    "faults", [pytest.param([*FAULTS], id="all"), *(pytest.param([each], marks=pytest.mark.heavy) for each in FAULTS)]
)
def test_drift_names_the_edited_file(project: Path, capsys: pytest.CaptureFixture[str], faults: list[str]) -> None:
    """Every hand edit under generated/ is reported, and one command repairs it."""
    before = read_tree(project / "generated")
    for fault in faults:
        file, apply = FAULTS[fault]
        apply(project / "generated" / file)
    assert run(project, "--check") == 1
    error = capsys.readouterr().err
    listed = [line.strip() for line in error.splitlines()[1:-1]]
    renamed = ["not generated: mountsea_gemini/raw/models/faults.py"] * (
        "missing: mountsea_gemini/raw/models/task_id_dto.py" in faults
    )
    assert sorted(listed) == sorted([*faults, *renamed])
    assert "nox -s regenerate" in error
    assert run(project) == 0
    assert read_tree(project / "generated") == before


@pytest.mark.usefixtures("inside")
def test_drift_names_the_input_that_changed(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A changed vendor document makes the output stale and is named as the cause."""
    spec = project / "openapi.yaml"
    spec.write_text(spec.read_text(encoding="utf-8").replace("version: 2.0.0", "version: 2.0.1"), encoding="utf-8")
    assert run(project, "--check") == 1
    assert "openapi.yaml changed" in capsys.readouterr().err


def test_a_changed_sentence_stops_regeneration_at_its_rule(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A rule whose quoted words are gone is named, with the old words, the new ones and the line."""
    spec = project / "openapi.yaml"
    text = spec.read_text(encoding="utf-8")
    spec.write_text(text.replace("- IMG2VIDEO: 1-2 images", "- IMG2VIDEO: 1-3 images"), encoding="utf-8")
    before = read_tree(project / "generated")
    assert run(project) == 1
    error = capsys.readouterr().err
    assert "rule img2video-needs-images" in error
    assert "IMG2VIDEO: 1-2 images" in error
    assert "IMG2VIDEO: 1-3 images" in error
    assert "ingredients-need-images" not in error
    assert read_tree(project / "generated") == before


@pytest.mark.parametrize("name", ["ruff", "openapi-python-client"])
@pytest.mark.parametrize("found", [None, "0.0.1"])
def test_a_missing_or_other_tool_is_an_error(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, name: str, found: str | None
) -> None:
    """The output depends on formatter and generator, so other versions are refused."""
    installed = {**generator.PINNED, name: found}
    monkeypatch.setattr(generator, "version", lambda tool: installed[tool] or _absent())
    assert run(project, "--check") == run(project) == 1
    assert f"{name} {generator.PINNED[name]} is needed" in capsys.readouterr().err


def _absent() -> str:
    raise PackageNotFoundError


def test_pins_are_those_of_pyproject() -> None:
    """The versions required at run time are the ones the environment installs."""
    text = (ROOT / "scripts/pyproject.toml").read_text(encoding="utf-8")
    for name, wanted in generator.PINNED.items():
        assert f'"{name}=={wanted}"' in text


@pytest.mark.usefixtures("inside")
def test_a_foreign_output_folder_is_not_replaced(parcels: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A folder that regeneration did not write is refused."""
    (parcels / "generated").mkdir()
    (parcels / "generated/thesis.txt").write_text("years of work")
    assert run(parcels) == 1
    assert "thesis.txt" in capsys.readouterr().err
    assert (parcels / "generated/thesis.txt").read_text() == "years of work"


def test_every_generated_file_has_a_header() -> None:
    """Each file names the pipeline it comes from, so nobody edits it by hand."""
    for path, content in read_tree(ROOT / "generated").items():
        assert b"enerated" in content[:1000] or b"rulewright" in content[:1000] or b'"x-generated"' in content, path
