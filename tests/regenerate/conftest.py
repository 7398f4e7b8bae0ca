"""Copies of projects to regenerate and to break."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.copies import ROOT, copy_project
from tests.generating import in_this_process, regenerate

PARCELS = ROOT / "tests/projects/parcels"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of this project's inputs and outputs."""
    return copy_project(tmp_path / "project")


@pytest.fixture(scope="session")
def generated_parcels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of another project, generated once; not to be changed."""
    copy = tmp_path_factory.mktemp("projects") / "parcels"
    shutil.copytree(PARCELS, copy)
    regenerate(copy)
    return copy


@pytest.fixture
def inside() -> Iterator[None]:
    """Run the generator in this process; test_regenerate.py runs it in a process of its own."""
    with in_this_process():
        yield


@pytest.fixture
def parcels(tmp_path: Path) -> Path:
    """A copy of another project, not yet generated."""
    copy = tmp_path / "parcels"
    shutil.copytree(PARCELS, copy)
    return copy
