"""One side of a comparison: a vendor document with the overlays applied as far as they fit, and where to read one."""

from __future__ import annotations

import dataclasses
import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from rulewright.errors import InputError
from rulewright.files import git
from rulewright.merged import Merged
from rulewright.openapi.document import Document, decode, load, parse
from rulewright.openapi.operations import with_path_items
from rulewright.overlay import AbsorbedError, Action, Overlay, OverlayError, apply, load_overlay
from rulewright.overlay.absorbed import find_absorbed, without
from rulewright.overlay.model import parse_overlay
from rulewright.project import load_project, read_table
from rulewright.rules.definition import RuledSchema, read_rules
from rulewright.rules.lint import lint
from rulewright.rules.sources import misquotes
from rulewright.rules.variants import VariantSet, read_variants

CONFIG: Final = "pyproject.toml"
_PAGES: Final = (".md", ".mdx", ".markdown")
_URLS: Final = ("https://", "http://")
_UNREADABLE: Final = (InputError, LookupError, TypeError, AttributeError, ValueError)
"""What reading rules or variants raises for a document that its overlays were not written for."""
_SKIPPED: Final = "regeneration stops there; compared as if it were deleted from the overlay"


@dataclass(frozen=True)
class Conflict:
    """A part of an overlay that does not fit the vendor document.

    Args:
        kind: `action` (it does not apply as written), `absorbed` (the document defines the same itself), `source`
            (the words that a rule quotes are gone), `example` (the examples of a rule do not fit the schema) or
            `rule` (the rule cannot work as intended).
        place: The overlay file's name and the action, or the rule; the same in every revision.
        reason: The message of strict application.
        cause: The decision that it comes from, if that is known.
    """

    kind: str
    place: str
    reason: str
    cause: str = ""


@dataclass(frozen=True)
class Revision(Merged):
    """One side of a comparison: a merged document, with every action that can be applied.

    Args:
        label: What the user called it.
        variants: The variants of the schemas that have rules, if they can be read.
        conflicts: What does not fit.
        commit: The commit the document was read from, or last changed in, with its date; empty if there is none.
    """

    label: str = ""
    variants: tuple[VariantSet, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    commit: str = ""

    @property
    def identity(self) -> dict[str, Any]:
        """What the vendor document can be recognised by."""
        return {
            "path": self.vendor.path,
            "version": self.version if isinstance(self.version, str) else None,
            "sha256": hashlib.sha256(self.vendor.text.encode("utf-8", "surrogatepass")).hexdigest(),
            "commit": self.commit or None,
        }

    @property
    def version(self) -> Any:
        """The vendor's own version of the document."""
        info = self.vendor.value.get("info")
        return info.get("version") if isinstance(info, dict) else None


def revise(label: str, vendor: Document, overlays: Sequence[Overlay]) -> Revision:
    """Apply overlays to a vendor document as far as they fit, and note what does not.

    Raises:
        InputError: The document is not an OpenAPI document.
    """
    if not isinstance(vendor.value, dict) or not isinstance(vendor.value.get("paths", {}), dict):
        raise InputError("is not an OpenAPI document: it has no object of paths", path=vendor.path)
    # extends names a file by its path, and a revision may come from anywhere
    free = [dataclasses.replace(overlay, extends=None) for overlay in overlays]
    added = find_absorbed(vendor, free)
    conflicts = [Conflict("absorbed", _place(each.overlay, each.action), f"{each}\n  {_SKIPPED}") for each in added]
    free = without(free, added)
    try:
        value = apply(vendor, free).value
    except OverlayError:
        document = vendor
        for overlay in free:
            for action in overlay.actions:
                document = dataclasses.replace(document, value=_apply(document, overlay, action, conflicts))
        value = document.value
    value = with_path_items(value)
    revision = Revision(vendor, tuple(overlays), value, (), label=label)
    with revision.explain_errors():
        try:
            revision = dataclasses.replace(revision, ruled=read_rules(value))
        except _UNREADABLE as error:
            conflicts.append(Conflict("rule", "x-rules", str(error)))
        conflicts += [Conflict("source", each.rule, str(each)) for each in misquotes(vendor, value, revision.rules)]
        conflicts += _lint(value, revision.ruled)
        found: list[VariantSet] = []
        for schema in revision.ruled:
            try:
                found += read_variants(value, [schema])
            except _UNREADABLE as error:
                conflicts.append(Conflict("rule", f"{schema.pointer} x-variants", str(error)))
        return dataclasses.replace(revision, variants=tuple(found), conflicts=tuple(conflicts))


def follow_renames(revision: Revision, names: Mapping[str, Mapping[str, str]]) -> Revision:
    """Return the new side as if its overlays named renamed components by their new names.

    A renamed component keeps its rules: only the overlays have to follow, which is one conflict.

    Args:
        revision: The new side.
        names: The new name of each component that has one, by kind and old name.
    """
    moved, stale = list(revision.overlays), []
    for kind, renamed in names.items():
        for old, new in renamed.items():
            name = re.compile(rf"(?<=components[./]{kind}[./]){re.escape(old)}(?![\w-])")
            found = [(each, _replace_name(each.document.value, name, new)) for each in moved]
            files = [Path(each.path).name for each, value in found if value != each.document.value]
            moved = [
                parse_overlay(dataclasses.replace(each.document, value=value)) if value != each.document.value else each
                for each, value in found
            ]
            if files:
                reason = f"{', '.join(files)} must name {new} in place of {old}; regeneration stops until they do"
                stale.append(Conflict("renamed", f"{old} -> {new}", reason, f"rename {old}"))
    if not stale:
        return revision
    followed = revise(revision.label, revision.vendor, moved)
    return dataclasses.replace(followed, overlays=revision.overlays, conflicts=(*followed.conflicts, *stale))


def _replace_name(value: Any, name: re.Pattern[str], new: str) -> Any:
    """Return a JSON value with a name replaced in every text of it."""
    if isinstance(value, str):
        return name.sub(lambda _: new, value)
    if isinstance(value, dict):
        return {key: _replace_name(child, name, new) for key, child in value.items()}
    return [_replace_name(child, name, new) for child in value] if isinstance(value, list) else value


def _place(overlay: str, action: int) -> str:
    return f"{Path(overlay).name}, action {action}"


def _apply(document: Document, overlay: Overlay, action: Action, conflicts: list[Conflict]) -> Any:
    """Apply one action: strictly, else leniently, else not at all."""
    single = dataclasses.replace(overlay, actions=(action,))
    place = _place(overlay.path, action.number)
    try:
        return apply(document, [single]).value
    except AbsorbedError as error:
        conflicts.append(Conflict("absorbed", place, str(error)))
    except OverlayError as error:
        conflicts.append(Conflict("action", place, str(error)))
    try:
        return apply(document, [single], lenient=True).value
    except OverlayError:
        return document.value  # the reason has been noted above


def _lint(value: Any, ruled: Sequence[RuledSchema]) -> Iterator[Conflict]:
    try:
        findings = lint(value, ruled)  # together, since each call copies the document
    except _UNREADABLE as error:
        if len(ruled) > 1:
            for schema in ruled:
                yield from _lint(value, [schema])
        else:
            yield Conflict("rule", ruled[0].pointer, f"its rules cannot be checked: {error}")
        return
    for finding in findings:
        kind = "example" if finding.check == "examples-do-what-they-claim" else "rule"
        yield Conflict(kind, finding.rule, str(finding))


def read_revision(name: str, project: Path) -> Revision:
    """Return one side of a comparison.

    Args:
        name: A document, a page, a folder of pages, a URL, a project directory, or a git revision of the project.
        project: The project whose overlays apply to a plain document or page, and whose revisions are read.

    Raises:
        InputError: It is none of these, or cannot be read.
    """
    path = Path(name)
    overlays = load_project(project).overlays if (project / CONFIG).is_file() else ()
    if _is_page(name, path):
        from rulewright.importing.imported import correct_by, import_pages  # noqa: PLC0415  slow to load, seldom needed

        document = import_pages([name], correct_by(overlays) if overlays else None).document
    elif path.is_dir():
        folder = load_project(path)
        revision = revise(name, load(folder.spec), [load_overlay(each) for each in folder.overlays])
        return dataclasses.replace(revision, commit=_commit_of(folder.spec))
    elif path.is_file():
        document = load(path)
    else:
        return _read_git(name, project)
    revision = revise(name, document, [load_overlay(each) for each in overlays])
    return dataclasses.replace(revision, commit=_commit_of(path)) if path.is_file() else revision


def _commit_of(path: Path) -> str:
    """Return the commit a file was last changed in; empty where it has changed since, or git does not know it."""
    changed = git(path.parent, "diff", "--quiet", "HEAD", "--", path.name) is None
    return "" if changed else _commit(path.parent, "--", path.name)


def _commit(folder: Path, *which: str) -> str:
    return (git(folder, "log", "-1", "--format=%h of %cs", *which) or b"").decode().strip()


def _is_page(name: str, path: Path) -> bool:
    if path.is_dir():
        return not (path / CONFIG).is_file() and any(path.glob("*.md"))
    return name.lower().startswith(_URLS) or (path.suffix.lower() in _PAGES and path.is_file())


def _read_git(name: str, project: Path) -> Revision:
    """Read a project as it was in a git revision, without touching the working tree."""
    if name.startswith("-") or not (commit := git(project, "rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")):
        raise InputError(
            f"{name!r} is neither a file nor a directory, nor a revision of the project in {project}\n"
            "  give a vendor document, a page, a directory with pyproject.toml, or a git revision such as HEAD~1"
        )
    revision = commit.decode().strip()

    def content(file: str) -> bytes:
        found = git(project, "show", f"{revision}:./{file}")
        if found is None:
            raise InputError(f"the revision {name} has no {file}", path=project.as_posix())
        return found

    def document(file: object) -> Document:
        label = f"{name}:{file}"
        return parse(decode(content(str(file)), label), label)

    table = read_table(content(CONFIG), f"{name}:{CONFIG}")
    overlays = [parse_overlay(document(file)) for file in table.get("overlays", ())]
    return dataclasses.replace(revise(name, document(table.get("spec")), overlays), commit=_commit(project, revision))
