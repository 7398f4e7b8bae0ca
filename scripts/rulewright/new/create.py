"""Make a new project: whole or not at all."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from rulewright.errors import InputError
from rulewright.files import draft_name, drafting, sweep
from rulewright.generate.build import build
from rulewright.generate.gaps import ACCEPTED, Gap, UnacceptedGapError
from rulewright.generate.generator import Generator
from rulewright.generate.tools import check_tools
from rulewright.generate.tree import write_tree
from rulewright.importing.imported import Imported, InvalidDocumentError, correct_by, import_pages, write_record
from rulewright.project import load_project

NOTED: Final = "05-gaps.overlay.yaml"


def noted(gaps: Sequence[Gap]) -> bytes:
    """Return an overlay that accepts some gaps, each with the generator's message.

    Args:
        gaps: What the generator left out.
    """
    problems: dict[str, list[str]] = {}
    for gap in gaps:
        problems.setdefault(gap.at, []).append(" ".join(gap.problem.split()))
    overlay: dict[str, Any] = {
        "overlay": "1.1.0",
        "info": {
            "title": "Gaps: what the generator cannot express, found when the project was made",
            "version": "1.0.0",
        },
        ACCEPTED: [{"at": at, "reason": "; ".join(texts)} for at, texts in problems.items()],
        "actions": [
            {
                "target": "$.info",
                "description": "Whoever reads the effective document learns what the client goes without. "
                "Correct it in an overlay before this one, and take it out here; one that is none any more fails.",
                "update": {"x-not-in-client": list(problems)},
            }
        ],
    }
    return yaml.safe_dump(overlay, sort_keys=False, allow_unicode=True, width=110).encode()


_TEMPLATES: Final = Path(__file__).resolve().parent / "templates"
_SUFFIX: Final = ".txt"
SPEC: Final = "openapi.yaml"
EXECUTABLE: Final = (".ci/run",)


def scaffold(name: str, requirement: str, overlays: Sequence[Path] = ()) -> dict[str, bytes]:
    """Return every file by its path, with slashes.

    Args:
        name: Import name of the package people will import.
        requirement: What installs the pipeline.
        overlays: Overlay documents to begin with, applied in this order.

    Raises:
        InputError: An overlay cannot be read, or its name is no overlay's.
    """
    given = {f"overlays/{_overlay_name(path)}": _read(path) for path in overlays}
    words = {
        "package": name,
        "program": name.replace("_", "-"),
        "PREFIX": name.upper(),
        "requirement": json.dumps(requirement, ensure_ascii=False),
        "overlays": "".join(f"    {json.dumps(path, ensure_ascii=False)},\n" for path in given),
    }
    files = {_place(path): _filled(path, words) for path in sorted(_TEMPLATES.rglob(f"*{_SUFFIX}"))}
    if taken := sorted(set(files) & set(given)):
        raise InputError(f"every new project has a file {taken[0]}; give the overlay another name")
    return {**given, **files}


def _place(path: Path) -> str:
    """Return where a template belongs; `dot_` stands for a leading point, which packaging would leave out."""
    relative = path.relative_to(_TEMPLATES).as_posix().removesuffix(_SUFFIX)
    return relative.replace("dot_", ".")


def _filled(path: Path, words: dict[str, str]) -> bytes:
    text = path.read_text(encoding="utf-8")
    for word, value in words.items():
        text = text.replace(f"@{word}@", value)
    return text.encode()


def _overlay_name(path: Path) -> str:
    if not path.name.endswith((".yaml", ".yml", ".json")) or not path.name.isprintable():
        raise InputError("is not the name of an overlay; it ends in .yaml, .yml or .json", path=path.as_posix())
    return path.name


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", path=path.as_posix()) from error


Progress = Callable[[str], None]


@dataclass(frozen=True)
class Created:
    """A project that was made.

    Args:
        files: How many it has.
        gaps: What its client goes without, because the generator cannot express it; noted in an overlay.
    """

    files: int
    gaps: tuple[Gap, ...]


def create(
    target: Path,
    sources: Sequence[str],
    name: str,
    requirement: str,
    *,
    overlays: Sequence[Path] = (),
    progress: Progress = lambda _: None,
) -> Created:
    """Make a project and generate its client.

    Args:
        target: The folder to be; not there yet, or empty.
        sources: The document, or the pages it stands on.
        name: Import name of its package.
        requirement: What installs the pipeline.
        overlays: Overlay documents to begin with.
        progress: Called with the name of each stage.

    Returns:
        What was made.

    Raises:
        InputError: An input cannot be used, or the folder cannot be made; nothing is left behind.
    """
    check_tools()
    _refuse_taken(target)
    progress("reading the document")
    imported = _imported(sources, overlays)
    try:
        return Created(_made(target, imported, scaffold(name, requirement, overlays), progress), ())
    except UnacceptedGapError as found:
        progress("noting what the generator cannot express")
        with tempfile.TemporaryDirectory() as folder:
            note = Path(folder) / NOTED
            note.write_bytes(noted(found.gaps))
            files = scaffold(name, requirement, (*overlays, note))
        return Created(_made(target, imported, files, progress), found.gaps)


def _imported(sources: Sequence[str], overlays: Sequence[Path]) -> Imported:
    try:
        return import_pages(sources, correct_by(overlays))
    except InvalidDocumentError as error:
        way_out = "what a vendor has wrong is corrected in an overlay, which --overlay takes"
        raise InputError(f"{error}\n  {way_out}") from error


def _made(target: Path, imported: Imported, files: Mapping[str, bytes], progress: Progress) -> int:
    """Make the folder, and return how many files it has."""
    tree = {**files, SPEC: imported.text.encode()}
    place = target.absolute()
    fresh = draft_name(place)
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with drafting(place):
            write_tree(fresh, tree)
            for path in EXECUTABLE:
                (fresh / path).chmod(0o755)
            project = load_project(fresh)
            write_record(project, tree[SPEC], imported)
            with Generator(project.package, project.timeout) as generator:
                generator.load()
                generated = build(project, generator, progress)
            write_tree(project.output, generated)
            if target.is_dir():
                target.rmdir()  # it is empty
            fresh.rename(place)
    except UnacceptedGapError:
        raise
    except InputError as error:
        # Name the folder the user asked for; the draft is gone.
        shown = error.path.replace(fresh.as_posix(), target.as_posix()) if error.path else None
        raise InputError(error.message, path=shown, line=error.line, pointer=error.pointer) from error
    except OSError as error:
        raise InputError(f"cannot be made: {error.strerror or error}", path=target.as_posix()) from error
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    sweep(place)
    return len(tree) + len(generated)


def _refuse_taken(target: Path) -> None:
    if target.is_symlink() or (target.exists() and not target.is_dir()):
        raise InputError("is there already and is no folder", path=target.as_posix())
    if target.is_dir() and any(target.iterdir()):
        raise InputError("is not empty; a project is made in a folder of its own", path=target.as_posix())
