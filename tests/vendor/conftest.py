"""This project, the same after a change of the page, and copies of both in an application."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from rulewright.commands.vendor import main

from tests.copies import copy_project
from tests.generating import regenerate

PARENT = "app/_vendor"


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """This project, up to date; not to be changed."""
    return copy_project(tmp_path_factory.mktemp("project"))


@pytest.fixture(scope="session")
def newer(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same project after the vendor renamed a model and the maintainer released again; not to be changed."""
    copy = tmp_path_factory.mktemp("newer") / "project"
    shutil.copytree(project, copy)
    page = copy / "openapi.yaml"
    page.write_text(page.read_text("utf-8").replace("- veo2_quality", "- veo2_best"), encoding="utf-8")
    settings = copy / "pyproject.toml"
    settings.write_text(settings.read_text("utf-8").replace('\nversion = "', '\nversion = "9.', 1), encoding="utf-8")
    regenerate(copy)
    return copy


@pytest.fixture(scope="session")
def released(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An application's root with a copy in it; not to be changed."""
    root = tmp_path_factory.mktemp("released")
    assert main(["copy", str(root / PARENT), "--project", str(project)]) == 0
    return root


@pytest.fixture
def app(released: Path, tmp_path: Path) -> Path:
    """An application's root with a copy in it, to change."""
    root = tmp_path / "root"
    shutil.copytree(released, root)
    return root


@pytest.fixture
def copy(app: Path) -> Path:
    """The folder of the copy in that application."""
    return app / PARENT / "mountsea_gemini"
