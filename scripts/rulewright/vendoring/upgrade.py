"""What an upgrade of a copy means: local edits it would lose, changes for callers, and calls it breaks."""

from __future__ import annotations

import ast
import difflib
import hashlib
import json
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from rulewright.errors import InputError, printable
from rulewright.files import Tree, git, write_tree
from rulewright.impact.formats import render_text
from rulewright.impact.report import compare
from rulewright.impact.revision import read_revision
from rulewright.project import Project
from rulewright.vendoring.copy import INPUTS
from rulewright.vendoring.verify import Finding

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
    if path in fresh and hashlib.sha256(fresh[path]).hexdigest() == digest:
        return fresh[path]
    log = git(root, "log", f"-{_COMMITS}", "--format=", "--raw", "--no-abbrev", "--no-renames", "--", path) or b""
    for line in log.decode(errors="replace").splitlines():
        for blob in line.split()[2:4]:
            content = git(root, "cat-file", "blob", blob) if set(blob) != {"0"} else None
            if content is not None and hashlib.sha256(content).hexdigest() == digest:
                return content
    return None


def show_impact(copy: Path, project: Project) -> str:
    """Return the show_impact report, as text.

    Changes the maintainer accepted are shown all the same: whoever holds the copy has accepted nothing yet.

    Raises:
        InputError: The copy does not hold what it was generated from, or the comparison fails.
    """
    old = copy / INPUTS
    if not (old / "pyproject.toml").is_file():
        raise InputError("is missing, so what changed since is unknown", path=old.as_posix())
    return render_text(
        compare(read_revision(str(old), project.root), read_revision(str(project.root), project.root), ())
    ).rstrip("\n")


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
                found |= {_top(file.parent)} if start.joinpath(*place) == copy else set()
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


def _top(folder: Path) -> Path:
    """Return the folder that holds the outermost package a folder is in."""
    while (folder / "__init__.py").is_file():
        folder = folder.parent
    return folder


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
