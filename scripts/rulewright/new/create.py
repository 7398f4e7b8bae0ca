"""Make a new project, whole or not at all: of a whole document, or of the operations that were chosen."""

from __future__ import annotations

import json
import keyword
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from importlib.metadata import Distribution, PackageNotFoundError, distribution, packages_distributions
from pathlib import Path
from typing import Any, Final

import yaml
from jsonpath_rfc9535.serialize import canonical_string as quoted

from rulewright.errors import InputError
from rulewright.files import draft_name, hold_drafts, sweep, write_tree
from rulewright.generate.build import build
from rulewright.generate.gaps import ACCEPTED, Coverage, Gap, UnacceptedGapError
from rulewright.generate.generator import Generator, check_tools
from rulewright.generate.manifest import NAME
from rulewright.importing.imported import Imported, correct_by, import_pages, write_record
from rulewright.openapi.document import Document, parse, read_whole
from rulewright.openapi.faults import actions, find_faults
from rulewright.openapi.operations import Operation, operations
from rulewright.openapi.pointer import decode
from rulewright.openapi.references import references
from rulewright.overlay import apply, parse_overlay
from rulewright.project import load_project

DISTRIBUTION: Final = "rulewright"
PART: Final = "00-part.overlay.yaml"
REPAIRED: Final = "00-repairs.overlay.yaml"
NOTED: Final = "05-gaps.overlay.yaml"
_ROUNDS: Final = 5
"""How often a corrected document is looked at again: a correction can uncover another fault."""
_TEMPLATES: Final = Path(__file__).resolve().parent / "templates"
_SUFFIX: Final = ".txt"
SPEC: Final = "openapi.yaml"
_FOLDER: Final = Path(__file__).resolve().parents[2]
_NAME: Final = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_LONGEST: Final = 50
_FOLDERS: Final = frozenset({"conftest", "generated", "noxfile", "overlays", "scripts", "tests"})
# Names of devices, which no file on Windows can have.
_DEVICES: Final = frozenset({"aux", "con", "nul", "prn", *(f"{kind}{n}" for kind in ("com", "lpt") for n in range(10))})
_SECTIONS: Final = ("schemas", "parameters", "responses", "requestBodies", "headers", "examples", "links", "pathItems")
_LONGEST_QUERY: Final = 8000  # characters of a query; an overlay is limited to some more
_SHOWN: Final = 20
Progress = Callable[[str], None]


@dataclass(frozen=True)
class Created:
    """A project that was made.

    Args:
        files: How many it has.
        coverage: What of the document its client has.
        gaps: What its client lacks, because the generator cannot express it; noted in an overlay.
        repairs: What was corrected in the document, in an overlay.
        warnings: What a validator has against the document all the same.
    """

    files: int
    coverage: Coverage
    gaps: tuple[Gap, ...]
    repairs: tuple[str, ...] = ()
    warnings: tuple[InputError, ...] = ()


def create(
    target: Path,
    sources: Sequence[str],
    name: str,
    requirement: str,
    *,
    overlays: Sequence[Path] = (),
    only: Sequence[str] = (),
    progress: Progress = lambda _: None,
) -> Created:
    """Make a project and generate its client.

    Args:
        target: The folder to be; not there yet, or empty.
        sources: The document, or the pages it stands on.
        name: Import name of its package.
        requirement: What installs the pipeline.
        overlays: Overlay documents to begin with.
        only: Tags and paths that the client is made of; all where there are none.
        progress: Called with the name of each stage.

    Returns:
        What was made.

    Raises:
        InputError: An input cannot be used, or the folder cannot be made; nothing is left behind.
    """
    check_tools()
    if target.is_symlink() or (target.exists() and not target.is_dir()):
        raise InputError("is there already and is no folder", path=target.as_posix())
    if target.is_dir() and any(target.iterdir()):
        raise InputError("is not empty; a project is made in a folder of its own", path=target.as_posix())
    progress("reading the document")
    repairs = Repairs(overlays, only)
    try:
        imported = import_pages(sources, repairs.correct)
        if only and not repairs.part:
            repairs.correct(imported.document)
    except InputError as error:
        error.hint = error.hint or "what a vendor has wrong is corrected in an overlay, which --overlay takes"
        raise
    with tempfile.TemporaryDirectory() as folder:
        begun = list(overlays)
        for written, content in repairs.overlays().items():
            begun.append(Path(folder) / written)
            begun[-1].write_bytes(content)
        gaps: tuple[Gap, ...] = ()
        with Generator(name) as generator:
            generator.load()
            try:
                made = _make(target, imported, scaffold(name, requirement, begun), generator, progress)
            except UnacceptedGapError as found:
                progress("noting what the generator cannot express")
                begun.append(Path(folder) / NOTED)
                begun[-1].write_bytes(gaps_overlay(found.gaps))
                gaps = found.gaps
                made = _make(target, imported, scaffold(name, requirement, begun), generator, progress)
    done = tuple(f"{action['target']}: {action['description']}" for action in repairs.actions)
    return Created(*made, gaps, done, imported.warnings)


def _make(
    target: Path, imported: Imported, files: Mapping[str, bytes], generator: Generator, progress: Progress
) -> tuple[int, Coverage]:
    """Make the folder, and return how many files it has and what its client covers."""
    tree = {**files, SPEC: imported.text.encode()}
    place = target.absolute()
    fresh = draft_name(place)
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with hold_drafts(place):
            write_tree(fresh, tree)
            project = load_project(fresh)
            write_record(project, tree[SPEC], imported)
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
        raise InputError(error.message, path=shown, line=error.line, pointer=error.pointer, hint=error.hint) from error
    except OSError as error:
        raise InputError(f"cannot be made: {error.strerror or error}", path=target.as_posix()) from error
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    sweep(place)
    coverage = Coverage(**json.loads(generated[NAME])["operations"])
    return len(tree) + len(generated), coverage


def check_name(name: str) -> str:
    """Return the name of a package, if one can be called so.

    Args:
        name: The import name of the client.

    Raises:
        InputError: It is no such name; gives the reason.
    """
    if not _NAME.fullmatch(name) or len(name) > _LONGEST:
        wanted = f"small letters, digits and single underscores, a letter first, at most {_LONGEST} characters"
        raise InputError(f"--package must be {wanted}, got {name!r:.80}")
    if reason := _is_taken(name):
        raise InputError(f"--package cannot be {name}: {reason}; choose another name")
    return name


def _is_taken(name: str) -> str | None:
    if keyword.iskeyword(name) or keyword.issoftkeyword(name):
        return f"{name} is a word of Python's"
    if name in sys.stdlib_module_names:
        return f"it would hide the module {name} of Python's library"
    if name in _FOLDERS:
        return f"{name} is a part of every project"
    if name in _DEVICES:
        return f"{name} is the name of a device on Windows"
    if name in packages_distributions():
        return f"it would hide the installed package {name}, of {packages_distributions()[name][0]}"
    return None


def requirement(given: str | None) -> str:
    """Return the requirement (PEP 508) of the pipeline.

    Args:
        given: What the user asked for; None for where this pipeline came from.

    Raises:
        InputError: It is no requirement.
    """
    if given is not None:
        if not given.strip() or not given.isprintable():
            raise InputError(f"--pipeline must be a requirement such as '{DISTRIBUTION}==1.2', got {given!r:.80}")
        return given.strip()
    if (_FOLDER / "pyproject.toml").is_file() and (_FOLDER.parent / "pyproject.toml").is_file():
        return f"{DISTRIBUTION} @ {_FOLDER.as_uri()}"
    try:
        return installed_from(distribution(DISTRIBUTION))
    except PackageNotFoundError as error:
        raise InputError("the source of the installed tool is unknown; name it with --pipeline") from error


def installed_from(found: Distribution) -> str:
    """Return where an installed tool came from: a file, a folder of a repository, or an index and its version.

    Source: PEP 610, which records what pip was given.
    """
    record = json.loads(found.read_text("direct_url.json") or "{}")
    if "vcs_info" in record:
        folder = f"#subdirectory={record['subdirectory']}" if "subdirectory" in record else ""
        vcs = record["vcs_info"]
        return f"{DISTRIBUTION} @ {vcs['vcs']}+{record['url']}@{vcs['commit_id']}{folder}"
    return f"{DISTRIBUTION} @ {record['url']}" if "url" in record else f"{DISTRIBUTION}=={found.version}"


def scaffold(name: str, requirement: str, overlays: Sequence[Path] = ()) -> dict[str, bytes]:
    """Return every file by its path, with slashes.

    Args:
        name: Import name of the package people will import.
        requirement: What installs the pipeline.
        overlays: Overlay documents to begin with, applied in this order.

    Raises:
        InputError: An overlay cannot be read, or its name is no overlay's.
    """
    given = {}
    for path in overlays:
        if not path.name.endswith((".yaml", ".yml", ".json")) or not path.name.isprintable():
            raise InputError("is not the name of an overlay; it ends in .yaml, .yml or .json", path=path.as_posix())
        given[f"overlays/{path.name}"] = read_whole(path, path.as_posix())
    words = {
        "package": name,
        "program": name.replace("_", "-"),
        "PREFIX": name.upper(),
        "requirement": json.dumps(requirement, ensure_ascii=False),
        "overlays": "".join(f"    {json.dumps(path, ensure_ascii=False)},\n" for path in given),
    }
    files = {}
    for path in sorted(_TEMPLATES.rglob(f"*{_SUFFIX}")):
        text = path.read_text(encoding="utf-8")
        for word, value in words.items():
            text = text.replace(f"@{word}@", value)
        # `dot_` stands for a leading point, which packaging would leave out
        place = path.relative_to(_TEMPLATES).as_posix().removesuffix(_SUFFIX).replace("dot_", ".")
        files[place] = text.encode()
    if taken := sorted(set(files) & set(given)):
        raise InputError(f"every new project has a file {taken[0]}; give the overlay another name")
    return {**given, **files}


def _overlay(title: str, actions: Sequence[Mapping[str, Any]], **extensions: Any) -> bytes:
    info = {"title": title, "version": "1.0.0"}
    overlay = {"overlay": "1.1.0", "info": info, **extensions, "actions": list(actions)}
    return yaml.safe_dump(overlay, sort_keys=False, allow_unicode=True, width=110).encode()


def gaps_overlay(gaps: Sequence[Gap]) -> bytes:
    """Return an overlay that accepts some gaps, each with the generator's message.

    Args:
        gaps: What the generator left out.
    """
    description = (
        "A reader of the effective document learns what the client lacks. Correct the document in an overlay before "
        "this one, then remove the entry here: one that is no gap any more is an error."
    )
    places = list(dict.fromkeys(gap.at for gap in gaps))
    return _overlay(
        "Gaps: what the generator cannot express, found when the project was made",
        [{"target": "$.info", "description": description, "update": {"x-not-in-client": places}}],
        **{ACCEPTED: [{**asdict(gap), "reason": "found when the project was made"} for gap in gaps]},
    )


class Repairs:
    """The corrections of a document that allow no choice, collected while it is checked.

    Args:
        overlays: Overlays that are applied before.
        only: Tags and paths that the client is made of; all where there are none.
    """

    def __init__(self, overlays: Sequence[Path], only: Sequence[str]) -> None:
        self._correct = correct_by(overlays)
        self._only = only
        self.part: list[dict[str, Any]] = []
        self.actions: list[dict[str, Any]] = []

    def correct(self, document: Document) -> Document:
        """Return a document with the overlays and the repairs applied."""
        document = self._correct(document)
        self.part = part_actions(document.value, self._only) if self._only else []
        document = _apply_repairs(document, self.part)
        for _ in range(_ROUNDS):
            written = actions(document.value, find_faults(document.value))
            self.actions += written
            document = _apply_repairs(document, written)
        return document

    def overlays(self) -> dict[str, bytes]:
        """Return the overlays to write, by name."""
        titles = {
            PART: (f"Part: {', '.join(self._only)} only", self.part),
            REPAIRED: ("Repairs: what the document has wrong, found when the project was made", self.actions),
        }
        return {name: _overlay(title, written) for name, (title, written) in titles.items() if written}


def _apply_repairs(document: Document, written: Sequence[Mapping[str, Any]]) -> Document:
    if not written:
        return document
    overlay = parse_overlay(parse(_overlay("Repairs", written).decode(), REPAIRED))
    return replace(document, value=apply(document, [overlay]).value)


def part_actions(document: Any, only: Sequence[str]) -> list[dict[str, Any]]:
    """Return the overlay actions that remove the operations that were not chosen, and the components only they need.

    Args:
        document: The document.
        only: Tags, and paths that stand for themselves and all below them.

    Raises:
        InputError: One chooses no operation.
    """
    found = list(operations(document))
    for word in only:
        if not any(_is_chosen(operation, [word]) for operation in found):
            tags = dict.fromkeys(tag for operation in found for tag in operation.body.get("tags") or ())
            known = ", ".join(list(tags)[:_SHOWN]) or "none"
            raise InputError(f"--only {word}: no operation has this tag or a path that begins so; tags are {known}")
    kept = [operation for operation in found if _is_chosen(operation, only)]
    paths = {operation.path for operation in kept}
    actions = list(_removals("$.paths", [path for path in document["paths"] if path not in paths]))
    roots = []
    for path in paths:
        own = {operation.method: operation.body for operation in kept if operation.path == path}
        roots.append({"parameters": document["paths"][path].get("parameters"), **own})
        others = [each.method for each in found if each.path == path and each.method not in own]
        actions += _removals(f"$.paths[{quoted(path)}]", others)
    needed = _referenced_components(document, roots)
    components = document.get("components") or {}
    for section in _SECTIONS:
        names = [name for name in components.get(section) or () if (section, name) not in needed]
        actions += _removals(f"$.components.{section}", names)
    return actions


def _is_chosen(operation: Operation, only: Sequence[str]) -> bool:
    tags = operation.body.get("tags") or ()
    return any(word in tags or f"{operation.path}/".startswith(f"{word.rstrip('/')}/") for word in only)


def _referenced_components(document: Any, roots: Sequence[Any]) -> set[tuple[str, str]]:
    """Return section and name of each component that something refers to, directly or not."""
    found: set[tuple[str, str]] = set()
    waiting = list(roots)
    while waiting:
        for _, reference in references(waiting.pop()):
            place = decode(reference) if reference.startswith("#/components/") else ()
            component = (place[1], place[2]) if len(place) > 2 else None
            if component and component not in found:
                found.add(component)
                waiting.append((document["components"].get(component[0]) or {}).get(component[1]))
    return found


def _removals(place: str, names: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Yield actions that remove some members of an object, in queries of a bearable length."""
    chunk: list[str] = []
    for name in [*names, ""]:
        if chunk and (not name or sum(map(len, chunk)) > _LONGEST_QUERY):
            target = f"{place}[{', '.join(chunk)}]"
            expect = {"x-expect": len(chunk)} if len(chunk) > 1 else {}
            yield {"target": target, "description": "No part of this client.", **expect, "remove": True}
            chunk = []
        chunk.append(quoted(name))
