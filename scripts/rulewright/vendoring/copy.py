"""Build the tree of a copy, and put it in its place whole or not at all."""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from rulewright.errors import InputError
from rulewright.generate.manifest import sha256
from rulewright.generate.tree import Tree, read_tree, replace_tree
from rulewright.project import Project
from rulewright.vendoring.layout import LICENCE, Layout, read_layout
from rulewright.vendoring.needs import GITATTRIBUTES, Needs, excludes, read_needs
from rulewright.vendoring.relocate import relocated
from rulewright.vendoring.verify import MANIFEST, canonical

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
    """Return what the client was generated from, so that an upgrade can say what changed since."""
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
