"""Make a new project: whole or not at all."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rulewright.errors import InputError
from rulewright.files import draft_name, drafting, sweep
from rulewright.generate.build import build
from rulewright.generate.gaps import Gap, UnacceptedGapError
from rulewright.generate.generator import Generator
from rulewright.generate.tools import check_tools
from rulewright.generate.tree import write_tree
from rulewright.importing.imported import Imported, UnmendedError, import_pages, mending
from rulewright.importing.origin import write_record
from rulewright.new.noted import NAME as NOTED
from rulewright.new.noted import noted
from rulewright.new.scaffold import EXECUTABLE, SPEC, scaffold
from rulewright.project import load_project

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
        return import_pages(sources, mending(overlays))
    except UnmendedError as error:
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
            write_record(project, tree[SPEC], imported.pages)
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
        # The place that is told is the one it was to have; the other is gone.
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
