"""What is released: two distributions, reproducible, that hold what they promise and nothing else."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CLIENT = {"generated", "CHANGELOG.md", "LICENSE", "PKG-INFO", "README.md", "pyproject.toml", ".gitignore"}
TOOL = {"rulewright", "LICENSE", "PKG-INFO", "pyproject.toml", ".gitignore"}


def build(folder: Path, target: Path) -> dict[str, bytes]:
    """Build the wheel and the sdist of a folder; return the bytes of each by its name."""
    command = [sys.executable, "-m", "hatchling", "build", "-d", str(target)]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return {path.name: path.read_bytes() for path in sorted(target.iterdir())}


@pytest.mark.parametrize(
    ("folder", "package", "members"), [(ROOT, "mountsea_gemini", CLIENT), (ROOT / "scripts", "rulewright", TOOL)]
)
def test_a_distribution_is_reproducible_and_complete(
    folder: Path, package: str, members: set[str], tmp_path: Path
) -> None:
    """Building twice gives the same bytes; the wheel holds one top-level package, typed, with its license."""
    first, second = build(folder, tmp_path / "1"), build(folder, tmp_path / "2")
    assert first == second
    sdist, wheel = sorted(first, key=lambda name: name.endswith(".whl"))
    with tarfile.open(tmp_path / "1" / sdist) as archive:
        assert {name.split("/")[1] for name in archive.getnames()} == members
    with zipfile.ZipFile(tmp_path / "1" / wheel) as archive:
        names = archive.namelist()
    assert {name.split("/")[0] for name in names if ".dist-info/" not in name} == {package}
    assert f"{package}/py.typed" in names
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_both_distributions_have_the_version_of_the_changelog() -> None:
    """The release workflow takes its notes from the heading of the version."""
    versions = {
        tomllib.loads((ROOT / name).read_text("utf-8"))["project"]["version"]
        for name in ("pyproject.toml", "scripts/pyproject.toml")
    }
    assert len(versions) == 1
    headings = [line for line in (ROOT / "CHANGELOG.md").read_text("utf-8").splitlines() if line.startswith("## ")]
    assert headings[0].split()[1] == versions.pop()
