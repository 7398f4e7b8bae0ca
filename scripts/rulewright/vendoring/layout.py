"""What of a project goes into a copy: its packages, found by where they stand, and who they are."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rulewright.errors import InputError
from rulewright.generate.manifest import edited, read_manifest, reasons
from rulewright.generate.tree import read_tree
from rulewright.project import Project

LICENCE = "LICENSE"


@dataclass(frozen=True)
class Layout:
    """The packages of a project and what its manifest says of it.

    Args:
        name: Name of the distribution.
        release: Its version.
        generated: Folder of the generated package.
        written: Folder of the hand-written package; None where there is none.
        licence: Text of the licence.
        record: The manifest of the last regeneration.
        table: The `[project]` table of pyproject.toml.
    """

    name: str
    release: str
    generated: Path
    written: Path | None
    licence: bytes
    record: dict[str, Any]
    table: dict[str, Any]


def read_layout(project: Project) -> Layout:
    """Find what a copy is made of.

    Raises:
        InputError: The generated package is out of date, or a part is missing; names it.
    """
    record = read_manifest(project)
    why = reasons(record, project)
    if record is None or why or edited(read_tree(project.output), record["outputs"]):
        cause = ", ".join(why) or "edited by hand"
        message = f"is out of date ({cause}), so a copy of it would be of no known release\n  run: nox -s regenerate"
        raise InputError(message, path=f"{project.relative(project.output)}/")
    table = tomllib.loads((project.root / "pyproject.toml").read_text(encoding="utf-8")).get("project", {})
    for key in ("name", "version"):
        if not isinstance(table.get(key), str):
            raise InputError(f"[project] has no {key}; a copy records which release it is", path="pyproject.toml")
    try:
        licence = (project.root / LICENCE).read_bytes()
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}; a copy carries it", path=LICENCE) from error
    generated = project.output / project.package
    return Layout(table["name"], table["version"], generated, written_package(project), licence, record, table)


def written_package(project: Project) -> Path | None:
    """Return the one Python package that stands beside the overlays, if there is one.

    Raises:
        InputError: There is more than one.
    """
    folders = {project.root / "overlays", *(overlay.parent for overlay in project.overlays)} - {project.root}
    found = sorted(path.parent for folder in folders for path in folder.glob("*/__init__.py"))
    if len(found) > 1:
        names = ", ".join(project.relative(path) for path in found)
        raise InputError(f"one hand-written package was expected beside the overlays, there are {names}")
    return found[0] if found else None
