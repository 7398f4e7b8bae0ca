"""What can be compared: a vendor document, a page or pages, a project directory, or a git revision of a project."""

from __future__ import annotations

import dataclasses
import subprocess
import tempfile
import tomllib
from pathlib import Path, PurePosixPath
from typing import Final

from rulewright.errors import InputError
from rulewright.impact.revision import Revision, revise
from rulewright.openapi.document import Document, load
from rulewright.overlay import load_overlay
from rulewright.project import Project, load_project

_GIT_TIMEOUT: Final = 60
_PAGES: Final = (".md", ".mdx", ".markdown")
_URLS: Final = ("https://", "http://")
CONFIG: Final = "pyproject.toml"


def read(name: str, project: Path) -> Revision:
    """Return one side of a comparison.

    Args:
        name: A document, a page, a folder of pages, a URL, a project directory, or a git revision of the project.
        project: The project whose overlays apply to a plain document or page, and whose revisions are read.

    Raises:
        InputError: It is none of these, or cannot be read.
    """
    path = Path(name)
    if _is_page(name, path):
        from rulewright.importing.imported import correct_by, import_pages  # noqa: PLC0415  slow to load, seldom needed

        overlays = _overlays(project)
        return _with_overlays(name, import_pages([name], correct_by(overlays) if overlays else None).document, project)
    if path.is_dir():
        return _from_project(name, load_project(path))
    if path.is_file():
        return _with_overlays(name, load(path), project)
    return _from_git(name, project)


def _is_page(name: str, path: Path) -> bool:
    if path.is_dir():
        return not (path / CONFIG).is_file() and any(path.glob("*.md"))
    return name.lower().startswith(_URLS) or (path.suffix.lower() in _PAGES and path.is_file())


def _with_overlays(label: str, document: Document, project: Path) -> Revision:
    return revise(label, document, [load_overlay(each) for each in _overlays(project)])


def _overlays(project: Path) -> tuple[Path, ...]:
    return load_project(project).overlays if (project / CONFIG).is_file() else ()


def _from_project(label: str, project: Project) -> Revision:
    return revise(label, load(project.spec), [load_overlay(path) for path in project.overlays])


def _from_git(name: str, project: Path) -> Revision:
    """Read a project as it was in a revision, without touching the working tree."""
    if name.startswith("-") or not (commit := _git(project, "rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")):
        raise InputError(
            f"{name!r} is neither a file nor a directory, nor a revision of the project in {project}\n"
            "  give a vendor document, a page, a directory with pyproject.toml, or a git revision such as HEAD~1"
        )
    revision = commit.decode().strip()
    with tempfile.TemporaryDirectory(prefix="impact-") as folder:
        root = Path(folder)
        _extract(project, revision, CONFIG, root, name)
        table = tomllib.loads((root / CONFIG).read_text(encoding="utf-8")).get("tool", {}).get("rulewright", {})
        for file in dict.fromkeys([str(table.get("spec", "")), *map(str, table.get("overlays", []))]):
            _extract(project, revision, file, root, name)
        found = _from_project(name, load_project(root))
        return _renamed(found, root.resolve(), name)


def _extract(project: Path, revision: str, file: str, root: Path, name: str) -> None:
    """Write one file of a revision below `root`; a file that is not there is left to whoever reads it."""
    place = PurePosixPath(file)
    if place.is_absolute() or ".." in place.parts or not place.parts:
        return  # the project's own reader refuses it, with the right words
    content = _git(project, "show", f"{revision}:./{place}")
    if content is None:
        raise InputError(f"the revision {name} has no {file}", path=project.as_posix())
    target = root / place
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)


def _git(project: Path, *arguments: str) -> bytes | None:
    """Return what git prints, or None where it fails."""
    try:
        done = subprocess.run(  # noqa: S603  arguments, no shell
            ["git", "-C", str(project), *arguments],  # noqa: S607  whichever git the caller uses
            capture_output=True,
            check=False,
            timeout=_GIT_TIMEOUT,
            stdin=subprocess.DEVNULL,
        )
    except FileNotFoundError as error:
        raise InputError("git is needed to read a revision, and is not installed") from error
    except subprocess.TimeoutExpired as error:
        raise InputError(f"git did not answer within {_GIT_TIMEOUT} s") from error
    return None if done.returncode else done.stdout


def _renamed(revision: Revision, root: Path, label: str) -> Revision:
    """Name files by revision and path, not by where they were written for a moment."""

    def shown(path: str) -> str:
        inside = Path(path).resolve()
        return f"{label}:{inside.relative_to(root).as_posix()}" if inside.is_relative_to(root) else path

    def words(text: str) -> str:
        return text.replace(f"{root.as_posix()}/", f"{label}:")

    return dataclasses.replace(
        revision,
        vendor=_document(revision.vendor, shown(revision.vendor.path)),
        overlays=tuple(
            dataclasses.replace(each, path=shown(each.path), document=_document(each.document, shown(each.path)))
            for each in revision.overlays
        ),
        misfits=tuple(dataclasses.replace(each, reason=words(each.reason)) for each in revision.misfits),
    )


def _document(document: Document, path: str) -> Document:
    return Document(path, document.value, document.text, document.lines)
