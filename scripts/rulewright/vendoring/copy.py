"""Build the tree of a copy, and put it in its place whole or not at all."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from rulewright.errors import InputError
from rulewright.generate.manifest import edited, read_manifest, reasons, sha256
from rulewright.generate.tree import Tree, read_tree, replace_tree
from rulewright.project import Project
from rulewright.vendoring.relocate import relocated
from rulewright.vendoring.verify import MANIFEST, canonical

LICENCE = "LICENSE"


@dataclass(frozen=True)
class Layout:
    """The packages of a project and its manifest.

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
        raise InputError(f"cannot be read: {error.strerror}; a copy contains it", path=LICENCE) from error
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


Needs = dict[str, Any]

GITATTRIBUTES: Final = b"""\
# This copy is compared byte for byte, so git stores and checks out its files as they are, whatever core.autocrlf
# and the attributes of the folders above are.
* -text -ident -filter -working-tree-encoding
"""


def read_needs(table: Mapping[str, Any], *, api_only: bool) -> Needs:
    """Return what a copy needs to run, from the `[project]` table it is released under.

    Args:
        table: The table.
        api_only: Leave out what the parts of the hand-written package need, which stand under its extras.

    Raises:
        InputError: The table's requirements are no texts.
    """
    extras = {} if api_only else table.get("optional-dependencies", {})
    python, packages = table.get("requires-python", ""), table.get("dependencies", [])
    lists = [packages, *extras.values()] if isinstance(extras, dict) else [None]
    if not isinstance(python, str) or not all(map(_are_texts, lists)):
        raise InputError("[project] has dependencies that are no lists of texts", path="pyproject.toml")
    return {"python": python, "packages": packages, "extras": extras}


def _are_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def excludes(name: str) -> dict[str, list[str]]:
    """Return the lines that keep a host's tools away from a copy, by the file they belong into.

    They name the folder and not its place, because the same copy may stand anywhere. mypy and pyright follow imports
    into what they exclude, so they are also configured to report nothing there.
    """
    word = re.escape(name)
    return {
        "pyproject.toml": [
            "[tool.ruff]",
            f"extend-exclude = {json.dumps([name])}",
            "[tool.black]",
            f"force-exclude = '(^|/){word}/'",
            "[tool.mypy]",
            f"exclude = ['(^|/){word}/']",
            "[[tool.mypy.overrides]]",
            f"module = {json.dumps([f'{name}.*', f'*.{name}', f'*.{name}.*'])}",
            "ignore_errors = true",
            "[tool.pyright]",
            f"ignore = {json.dumps([f'**/{name}'])}",
        ],
        ".pre-commit-config.yaml": [f"exclude: '(^|/){word}/'"],
    }


def show_needs(manifest: Mapping[str, Any]) -> str:
    """Return what a copy needs of its host, as lines to paste."""
    needs: Needs = manifest["needs"]
    lines = [f"it needs Python {needs['python']} and, in your requirements:", *_indented(needs["packages"])]
    for extra, packages in needs["extras"].items():
        lines += [f"its part {extra!r} also needs:", *_indented(packages)]
    for file, excluded in manifest["excludes"].items():
        lines += [f"to keep your tools from changing or judging it, in {file}:", *_indented(excluded)]
    return "\n".join(lines)


def _indented(lines: Sequence[str]) -> list[str]:
    return [f"  {line}" for line in lines]


INPUTS: Final = "vendored"
"""The folder of a copy that holds what it was generated from, laid out as a project."""
_VERIFIER: Final = Path(__file__).with_name("verify.py")
_MODE: Final = "644"


def build_copy(project: Project, *, api_only: bool = False) -> tuple[str, dict[str, bytes]]:
    """Return the name of the folder a copy is, and its files.

    Args:
        project: Where the packages are.
        api_only: Leave the hand-written package out.

    Raises:
        InputError: The project is out of date, or a file cannot be relocated.
    """
    layout = read_layout(project)
    generated = read_tree(layout.generated)
    if api_only or layout.written is None:
        name, tree = layout.generated.name, dict(generated)
    else:
        name, inner = layout.written.name, layout.generated.name
        tree = {
            path: relocated(content, path, name, inner) if path.endswith((".py", ".pyi")) else content
            for path, content in read_tree(layout.written).items()
        }
        _add(tree, {f"{inner}/{path}": content for path, content in generated.items()})
    own = {LICENCE: layout.licence, _VERIFIER.name: _VERIFIER.read_bytes(), ".gitattributes": GITATTRIBUTES}
    _add(tree, {**own, **{f"{INPUTS}/{path}": content for path, content in _inputs(project).items()}})
    needs = read_needs(layout.table, api_only=name == layout.generated.name)
    _add(tree, {MANIFEST: canonical(_manifest(project, layout, name, tree, needs))})
    return name, tree


def _add(tree: dict[str, bytes], more: Tree) -> None:
    if taken := sorted(set(tree) & set(more)):
        raise InputError(f"the package holds a file {taken[0]!r}, a name that a copy needs for its own")
    tree.update(more)


def _inputs(project: Project) -> dict[str, bytes]:
    """Return what the client was generated from, so that an upgrade can report what changed since."""
    overlays = [project.relative(path) for path in project.overlays]
    table = {"spec": project.relative(project.spec), "overlays": overlays, "package": project.package}
    lines = [f"{key} = {json.dumps(value)}" for key, value in {**table, "output": "generated"}.items()]
    files = {project.relative(path): path.read_bytes() for path in (project.spec, *project.overlays)}
    return {"pyproject.toml": "\n".join(["[tool.rulewright]", *lines, ""]).encode(), **files}


def _manifest(project: Project, layout: Layout, name: str, tree: Tree, needs: Needs) -> dict[str, Any]:
    inputs = {path: sha256(content) for path, content in _inputs(project).items()}
    return {
        "about": f"a copy made by rulewright.vendoring; do not edit; check it with: python {_VERIFIER.name}",
        "name": layout.name,
        "release": layout.release,
        "package": name,
        "needs": needs,
        "excludes": excludes(name),
        "spec": {path: inputs[path] for path in [project.relative(project.spec)]},
        "overlays": {path: inputs[path] for path in map(project.relative, project.overlays)},
        "tools": {**layout.record["tools"], "libcst": version("libcst")},
        **{key: layout.record[key] for key in ("pages",) if key in layout.record},
        "files": {path: {"sha256": sha256(tree[path]), "mode": _MODE} for path in sorted(tree)},
    }


def put(target: Path, tree: Tree) -> None:
    """Give the folder of a copy exactly these files; on failure the old ones stand.

    Raises:
        InputError: It cannot be written.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot be made: {error.strerror}", path=target.parent.as_posix()) from error
    replace_tree(target, tree)
