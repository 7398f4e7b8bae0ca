"""Build the tree of a copy, put it in its place whole or not at all, and say what an upgrade of it means.

That is: local edits it would lose, changes for callers, and calls that it breaks.
"""

from __future__ import annotations

import ast
import difflib
import json
import re
import subprocess
import sys
import tempfile
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from rulewright.errors import InputError, printable
from rulewright.files import Tree, git, read_tree, replace_tree, write_tree
from rulewright.generate.manifest import is_edited, read_manifest, reasons, sha256
from rulewright.impact.formats import render_text
from rulewright.impact.report import compare
from rulewright.impact.revision import read_revision
from rulewright.project import Project
from rulewright.vendoring.verify import MANIFEST, Finding, canonical

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


_COMMITS: Final = "200"  # how far back the caller's history is searched for the released text


def show_edits(root: Path, found: Sequence[Finding], manifest: dict[str, Any], fresh: Tree) -> str:
    """Return the differences of a copy as text: a line for each, and a diff of each edited text.

    The released text is not in the copy. It is the new release's where that is the same, else it is looked for
    in the history of the repository the copy is in; where it is nowhere, the diff is against the new release.

    Args:
        root: Folder of the copy.
        found: The differences.
        manifest: The copy's manifest.
        fresh: The tree of the new release.
    """
    lines: list[str] = []
    for finding in found:
        lines.append(str(finding))
        is_listed = finding.path in manifest["files"] or finding.kind == "added"
        if finding.kind in {"edited", "deleted", "added"} and is_listed:
            lines += _diff(root, finding, manifest["files"].get(finding.path, {}).get("sha256"), fresh)
    return printable("\n".join(lines))


def _diff(root: Path, finding: Finding, digest: str | None, fresh: Tree) -> Iterator[str]:
    path, label = finding.path, "as released"
    before = b"" if digest is None else _released_content(root, path, digest, fresh)
    if before is None:
        before, label = fresh.get(path, b""), "in the new release; what was released then is not in this history"
    now = b"" if finding.kind == "deleted" else (root / path).read_bytes()
    try:
        old, new = before.decode().splitlines(), now.decode().splitlines()
    except UnicodeDecodeError:
        yield "  (not text)"
        return
    for line in difflib.unified_diff(old, new, f"{path} ({label})", f"{path} (here)", lineterm=""):
        yield f"  {line}"


def _released_content(root: Path, path: str, digest: str, fresh: Tree) -> bytes | None:
    """Return the content that has this hash, from the new release or from git."""
    if path in fresh and sha256(fresh[path]) == digest:
        return fresh[path]
    log = git(root, "log", f"-{_COMMITS}", "--format=", "--raw", "--no-abbrev", "--no-renames", "--", path) or b""
    for line in log.decode(errors="replace").splitlines():
        for blob in line.split()[2:4]:
            content = git(root, "cat-file", "blob", blob) if set(blob) != {"0"} else None
            if content is not None and sha256(content) == digest:
                return content
    return None


def show_impact(copy: Path, project: Project) -> str:
    """Return what changed for callers between what a copy was made from and the project, as text.

    Changes the maintainer accepted are shown all the same: whoever holds the copy has accepted nothing yet.

    Raises:
        InputError: The copy does not hold what it was generated from, or the comparison fails.
    """
    old = copy / INPUTS
    if not (old / "pyproject.toml").is_file():
        raise InputError("is missing, so what changed since is unknown", path=old.as_posix())
    before, after = (read_revision(str(place), project.root) for place in (old, project.root))
    return render_text(compare(before, after)).rstrip("\n")


_TIMEOUT: Final = 600
_OPTIONS: Final = (
    "--config-file=", "--explicit-package-bases", "--namespace-packages", "--check-untyped-defs", "--output=json",
    "--no-error-summary", "--hide-error-context", "--allow-redefinition", "--disable-error-code=import-untyped",
)  # fmt: skip


@dataclass(frozen=True, order=True)
class Diagnostic:
    """One message of the type checker, about one place in a caller's file.

    Args:
        path: The file, relative to the caller's root.
        line: 1-based.
        column: 0-based, as mypy counts.
        code: mypy's error code.
        message: mypy's words.
        text: The line itself.
    """

    path: str
    line: int
    column: int
    code: str
    message: str
    text: str

    def __str__(self) -> str:
        return printable(f"{self.path}:{self.line}: {self.message} [{self.code}]\n    {self.text}")


def find_affected(copy: Path, fresh: Tree, paths: Sequence[Path], root: Path | None = None) -> list[Diagnostic]:
    """Return what the type checker newly reports in the caller's files once a copy is upgraded.

    Nothing of the caller's is written: the upgraded copy stands in a temporary folder beside links to the rest.

    Args:
        copy: The folder of the copy as it is.
        fresh: The tree of the new release.
        paths: The caller's files, or folders of them.
        root: The folder the caller's imports start from; None to find it.

    Raises:
        InputError: mypy is missing or fails, no file imports the copy, or the copy cannot be found by its imports.
    """
    if find_spec("mypy") is None:
        raise InputError(
            "mypy is needed to find the calls an upgrade breaks; run: nox -s vendor -- affected ..., which installs it"
        )
    copy = copy.resolve()
    files = sorted({file.resolve() for path in paths for file in _modules(path) if not file.is_relative_to(copy)})
    base = _root(copy, files) if root is None else root.resolve()
    for path in (copy, *files):
        if not path.is_relative_to(base):
            raise InputError(f"is not under {base.name}/, the folder that imports start from", path=path.as_posix())
    names = [file.relative_to(base).as_posix() for file in files]
    with tempfile.TemporaryDirectory(prefix="affected-") as scratch:
        mirror = Path(scratch) / "after"
        _mirror(base, mirror, copy.relative_to(base).parts)
        write_tree(mirror / copy.relative_to(base), fresh)
        before = _diagnostics(base, names, Path(scratch) / "cache")
        for diagnostic in before:  # where the copy is not found, nothing would ever break
            if diagnostic.code.startswith("import") and re.search(
                rf'"(\w+\.)*{re.escape(copy.name)}[."]', diagnostic.message
            ):
                raise InputError(f"the type checker does not find the copy by this import; see --root\n{diagnostic}")
        after = _diagnostics(mirror, names, Path(scratch) / "cache")
    return sorted((Counter(after) - Counter(before)).elements())


def _modules(path: Path) -> Iterable[Path]:
    if path.is_dir():
        return (file for file in path.rglob("*.py") if not any(part.startswith(".") for part in file.parts[1:]))
    if not path.is_file():
        raise InputError("there is no such file or folder", path=path.as_posix())
    return (path,)


def _root(copy: Path, files: Sequence[Path]) -> Path:
    """Return the folder from which the imports of the copy in these files lead to it."""
    found: set[Path] = set()
    importing = False
    for file in files:
        for level, parts in _imports(file):
            if copy.name not in parts:
                continue
            importing = True
            place = parts[: parts.index(copy.name) + 1]
            if level:
                start = file.parents[level - 1] if level <= len(file.parents) else file.parent
                if start.joinpath(*place) == copy:  # then they start where the outermost package is
                    packages = (folder for folder in file.parents if not (folder / "__init__.py").is_file())
                    found.add(next(packages))
            elif copy.parts[-len(place) :] == place:
                found.add(Path(*copy.parts[: -len(place)]))
    if not importing:
        raise InputError(f"none of the {len(files)} files imports {copy.name}, so no upgrade can break them")
    if len(found) != 1:
        raise InputError("the folder that imports start from is not clear; name it with --root", path=copy.as_posix())
    return found.pop()


def _imports(file: Path) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Yield the level and the dotted name of each import of a module, with the names taken from it."""
    try:
        tree = ast.parse(file.read_bytes())
    except (SyntaxError, ValueError, OSError) as error:
        raise InputError(f"cannot be read as Python: {error}", path=file.as_posix()) from error
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((0, tuple(alias.name.split("."))) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parts = tuple(node.module.split(".")) if node.module else ()
            yield from ((node.level, (*parts, *alias.name.split("."))) for alias in node.names)


def _mirror(base: Path, mirror: Path, parts: Sequence[str]) -> None:
    """Make a folder that shows everything under another, but holds nothing yet where the copy is."""
    mirror.mkdir(parents=True)
    for entry in base.iterdir():
        if entry.name == parts[0]:
            if len(parts) > 1:
                _mirror(entry, mirror / entry.name, parts[1:])
        else:
            (mirror / entry.name).symlink_to(entry, target_is_directory=entry.is_dir())
    if len(parts) == 1:
        (mirror / parts[0]).mkdir()


def _diagnostics(base: Path, names: Sequence[str], cache: Path) -> list[Diagnostic]:
    command = [sys.executable, "-P", "-m", "mypy", *_OPTIONS, f"--cache-dir={cache}", "--", *names]
    try:
        done = subprocess.run(  # noqa: S603  the pinned type checker
            command, cwd=base, capture_output=True, text=True, check=False, timeout=_TIMEOUT, stdin=subprocess.DEVNULL
        )
    except subprocess.TimeoutExpired as error:
        raise InputError(f"mypy did not end within {_TIMEOUT} s") from error
    if done.returncode not in {0, 1} or done.stderr.strip():
        raise InputError(f"mypy failed:\n{done.stderr.strip() or done.stdout.strip()}")
    lines = {name: (base / name).read_text(encoding="utf-8", errors="replace").splitlines() for name in names}
    found = []
    for entry in map(json.loads, done.stdout.splitlines()):
        name, line = Path(entry["file"]).as_posix(), entry["line"]
        if entry["severity"] == "error" and name in lines:
            text = "".join(lines[name][line - 1 : line]).strip()
            found.append(Diagnostic(name, line, entry["column"], entry["code"] or "", entry["message"], text))
    return found
