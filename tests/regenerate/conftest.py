"""Throwaway copies of projects, to regenerate and to break."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.generating import in_this_process, regenerate

ROOT = Path(__file__).resolve().parents[2]
PARCELS = ROOT / "tests/projects/parcels"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of this project's inputs and outputs."""
    copy = tmp_path / "project"
    copy.mkdir()
    for name in ("pyproject.toml", "openapi.yaml"):
        shutil.copy(ROOT / name, copy / name)
    for name in ("overlays", "generated"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    return copy


@pytest.fixture(scope="session")
def generated_parcels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of another project, generated once; not to be changed."""
    copy = tmp_path_factory.mktemp("projects") / "parcels"
    shutil.copytree(PARCELS, copy)
    regenerate(copy)
    return copy


@pytest.fixture
def inside() -> Iterator[None]:
    """The command runs the generator in this process; test_regenerate.py runs it as a process of its own."""
    with in_this_process():
        yield


@pytest.fixture
def parcels(tmp_path: Path) -> Path:
    """A copy of another project, not yet generated."""
    copy = tmp_path / "parcels"
    shutil.copytree(PARCELS, copy)
    return copy
