"""Every folder beside this file is a vendor's document with its overlays: dropping one in is the whole test."""

from __future__ import annotations

import functools
import importlib
import json
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from rulewright.commands.regenerate import main
from rulewright.merged import Merged, merge
from rulewright.project import Project, load_project

from tests.generating import in_this_process

HERE = Path(__file__).parent
FOLDERS = {path.parent.name: path.parent for path in sorted((HERE.parent).glob("[dp]*/*/pyproject.toml"))}
"""The folders here, and the small projects that other tests use."""
NAMES = tuple(FOLDERS)
ONE_WORKER = pytest.mark.xdist_group("documents")
"""All tests here share what was generated once."""


@dataclass(frozen=True)
class Document:
    """A copy of one folder, regenerated."""

    name: str
    project: Project
    merged: Merged

    @property
    def package(self) -> Path:
        """The generated package."""
        return self.project.output / self.project.package

    @property
    def effective(self) -> dict[str, Any]:
        """The effective spec."""
        found: dict[str, Any] = json.loads((self.project.output / "openapi.effective.json").read_bytes())
        return found


@pytest.fixture(scope="package", autouse=True)
def _inside() -> Iterator[None]:
    """Every client here is generated in this process."""
    with in_this_process():
        yield


@pytest.fixture(scope="session")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Document]]:
    """Return the document of a name, generated when first asked for; its package can be imported."""
    root = tmp_path_factory.mktemp("documents")
    before = list(sys.path)

    @functools.cache
    def document(name: str) -> Document:
        folder = Path(shutil.copytree(FOLDERS[name], root / name))
        (folder / "LICENSE").write_text("Made up for a test.\n", encoding="utf-8")
        table = folder / "pyproject.toml"
        text = table.read_text(encoding="utf-8")
        if "[project]" not in text:
            table.write_text(f'[project]\nname = "{name}"\nversion = "1.0"\n\n{text}', encoding="utf-8")
        assert main(["--project", str(folder), "--quiet"]) == 0
        project = load_project(folder)
        sys.path.insert(0, str(project.output))
        return Document(name, project, merge(project))

    yield document
    sys.path[:] = before


@pytest.fixture(params=NAMES)
def document(request: pytest.FixtureRequest, generated: Callable[[str], Document]) -> Document:
    """Each document in turn."""
    return generated(request.param)


@pytest.fixture
def client_of() -> Callable[[Document], Any]:
    """Return the client of a document, imported."""
    return lambda document: importlib.import_module(document.project.package)
