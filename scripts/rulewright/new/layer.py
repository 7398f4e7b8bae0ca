"""The client layer: the hand-written package of the project the pipeline comes from, under another name."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from rulewright.errors import InputError
from rulewright.generate.tree import read_tree
from rulewright.new.inputs import API
from rulewright.project import load_project
from rulewright.vendoring.copy import written_package
from rulewright.vendoring.relocate import renamed

_HERE: Final = Path(__file__).resolve().parent
OWN: Final = frozenset({"_particular.py", "demo.py"})
"""Modules that hold what is particular to a project: each writes its own."""


def home() -> Path:
    """Return the project whose layer is carried: packed with the pipeline, or the checkout it is run from."""
    packed = _HERE / "origin"
    return packed if packed.is_dir() else _HERE.parents[2]


def layer(name: str) -> dict[str, bytes]:
    """Return the files of the client layer for a package of another name, without what is particular.

    Args:
        name: Import name of the hand-written package to be.

    Raises:
        InputError: There is no layer where it should be.
    """
    project = load_project(home())
    written = written_package(project)
    if written is None:
        raise InputError("holds no client layer; the pipeline is installed incompletely", path=home().as_posix())
    roots = {written.name: name, project.package: name + API}
    return {
        path: renamed(content, path, roots) if path.endswith(".py") else content
        for path, content in read_tree(written).items()
        if path not in OWN
    }
