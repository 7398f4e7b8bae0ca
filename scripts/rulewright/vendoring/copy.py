"""Build the tree of a copy, and put it in its place whole or not at all."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from rulewright.errors import InputError
from rulewright.files import Tree, read_tree, replace_tree
from rulewright.generate.manifest import is_edited, read_manifest, reasons, sha256
from rulewright.project import Project
from rulewright.vendoring.verify import MANIFEST, canonical

LICENCE = "LICENSE"


Needs = dict[str, Any]

GITATTRIBUTES: Final = b"""\
# This copy is compared byte for byte, so git stores and checks out its files as they are, whatever core.autocrlf
# and the attributes of the folders above are.
* -text -ident -filter -working-tree-encoding
"""


def read_needs(table: Mapping[str, Any], *, with_cli: bool) -> Needs:
    """Return what a copy needs to run, from the `[project]` table it is released under.

    Args:
        table: The table.
        with_cli: Whether the copy has the command line, whose requirements stand under the extras.

    Raises:
        InputError: The table's requirements are no texts.
    """
    extras = table.get("optional-dependencies", {}) if with_cli else {}
    python, packages = table.get("requires-python", ""), table.get("dependencies", [])
    lists = [packages, *extras.values()] if isinstance(extras, dict) else [None]
    are_texts = all(isinstance(each, list) and all(isinstance(text, str) for text in each) for each in lists)
    if not isinstance(python, str) or not are_texts:
        raise InputError("[project] has dependencies that are no lists of texts", path="pyproject.toml")
    return {"python": python, "packages": packages, "extras": extras}


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
    parts = {f"it needs Python {needs['python']} and, in your requirements:": needs["packages"]}
    parts |= {f"its part {extra!r} also needs:": packages for extra, packages in needs["extras"].items()}
    for file, excluded in manifest["excludes"].items():
        parts[f"to keep your tools from changing or judging it, in {file}:"] = excluded
    return "\n".join("\n  ".join([title, *lines]) for title, lines in parts.items())


INPUTS: Final = "vendored"
"""The folder of a copy that holds what it was generated from, laid out as a project."""
_VERIFIER: Final = Path(__file__).with_name("verify.py")
_MODE: Final = "644"


def build_copy(project: Project, *, with_cli: bool = True) -> tuple[str, dict[str, bytes]]:
    """Return the name of the folder a copy is, and its files: those of the package as they are, and its own.

    Args:
        project: Whose package is copied.
        with_cli: Copy the command line too.

    Raises:
        InputError: The project is out of date.
    """
    record = read_manifest(project)
    why = reasons(record, project)
    if record is None or why or is_edited(read_tree(project.output), record["outputs"]):
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
    name = project.package
    package = read_tree(project.output / name)
    tree = {
        path: content
        for path, content in package.items()
        if with_cli or not (path == "__main__.py" or path.startswith("cli/"))
    }
    own = {LICENCE: licence, _VERIFIER.name: _VERIFIER.read_bytes(), ".gitattributes": GITATTRIBUTES}
    _add(tree, {**own, **{f"{INPUTS}/{path}": content for path, content in _inputs(project).items()}})
    inputs = {path: sha256(content) for path, content in _inputs(project).items()}
    manifest = {
        "about": f"a copy made by rulewright.vendoring; do not edit; check it with: python {_VERIFIER.name}",
        "name": table["name"],
        "release": table["version"],
        "package": name,
        "needs": read_needs(table, with_cli=with_cli),
        "excludes": excludes(name),
        "spec": {path: inputs[path] for path in [project.relative(project.spec)]},
        "overlays": {path: inputs[path] for path in map(project.relative, project.overlays)},
        "tools": record["tools"],
        **{key: record[key] for key in ("pages",) if key in record},
        "files": {path: {"sha256": sha256(tree[path]), "mode": _MODE} for path in sorted(tree)},
        "cli": with_cli,
    }
    _add(tree, {MANIFEST: canonical(manifest)})
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
