"""Which of the caller's own calls an upgrade breaks, by the type checker: its complaints before and after."""

from __future__ import annotations

import ast
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
from typing import Final

from rulewright.errors import InputError, printable
from rulewright.generate.tree import Tree, write_tree

_TIMEOUT: Final = 600
_OPTIONS: Final = (
    "--config-file=", "--explicit-package-bases", "--namespace-packages", "--check-untyped-defs", "--output=json",
    "--no-error-summary", "--hide-error-context", "--allow-redefinition", "--disable-error-code=import-untyped",
)  # fmt: skip


@dataclass(frozen=True, order=True)
class Complaint:
    """What the type checker says of one place in a caller's file.

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


def affected(copy: Path, fresh: Tree, paths: Sequence[Path], root: Path | None = None) -> list[Complaint]:
    """Return what the type checker newly complains about in the caller's files once a copy is upgraded.

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
        before = _complaints(base, names, Path(scratch) / "cache")
        _check_found(before, copy.name)
        after = _complaints(mirror, names, Path(scratch) / "cache")
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


def _complaints(base: Path, names: Sequence[str], cache: Path) -> list[Complaint]:
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
            found.append(Complaint(name, line, entry["column"], entry["code"] or "", entry["message"], text))
    return found


def _check_found(complaints: Iterable[Complaint], name: str) -> None:
    """Refuse to compare when the type checker did not find the copy: then it would find nothing broken, ever."""
    for complaint in complaints:
        if complaint.code.startswith("import") and re.search(rf'"(\w+\.)*{re.escape(name)}[."]', complaint.message):
            raise InputError(f"the type checker does not find the copy by this import; see --root\n{complaint}")
