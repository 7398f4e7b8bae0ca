"""Make the vendor document of all the pages given, and record where it came from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from rulewright.errors import InputError
from rulewright.files import write_whole
from rulewright.importing.fragment import fragments, read_fragment
from rulewright.importing.merge import plan, render
from rulewright.importing.page import Page, list_pages, read_page
from rulewright.openapi.document import Document, parse, to_json
from rulewright.openapi.validity import check_document
from rulewright.overlay import apply, load_overlay
from rulewright.project import Project

Correct = Callable[[Document], Document]


@dataclass(frozen=True)
class Imported:
    """What pages amount to.

    Args:
        text: The vendor document.
        document: The same, read.
        without: Names of pages, out of a folder, that hold no document.
        pages: The pages that hold one.
        disliked: What a validator has against the document, which can be used all the same.
    """

    text: str
    document: Document
    without: tuple[str, ...] = ()
    pages: tuple[Page, ...] = ()
    disliked: tuple[InputError, ...] = ()


def correct_by(overlays: Sequence[Path]) -> Correct:
    """Return what applies overlays to a document.

    Args:
        overlays: The overlays, in order.
    """

    def correct(document: Document) -> Document:
        return replace(document, value=apply(document, [load_overlay(path) for path in overlays]).value)

    return correct


def import_pages(sources: Sequence[str], correct: Correct | None = None) -> Imported:
    """Make one vendor document of the documents on these pages.

    Args:
        sources: Pages, folders of pages, or URLs of pages. Together they are the whole document; to add a page to an
            existing document, give that document as a source too.
        correct: Applies the corrections there are; a document that is valid with them only is taken, as it stands.

    Raises:
        InputError: A page is not whole, not valid, or disagrees with another; a source has no document.
    """
    documents: list[Document] = []
    without: list[str] = []
    pages: list[Page] = []
    for source in sources:
        before = len(documents)
        for name in list_pages(source):
            page = read_page(name)
            found = [read_fragment(fragment) for fragment in fragments(page)]
            documents += found
            if found:
                pages.append(page)
            else:
                without.append(name)
        if len(documents) == before:
            message = "holds no OpenAPI document: no fenced block like ```yaml POST /path, no bare YAML"
            raise InputError(message, path=source)
    additions = plan(documents)
    text = render(documents, additions)
    merged = parse(text, "the merged document") if additions else documents[0]
    return Imported(text, merged, tuple(without), tuple(pages), tuple(_check(merged, correct)))


def _check(document: Document, correct: Correct | None) -> list[InputError]:
    """Refuse a document that is not valid, neither as it stands nor with its corrections."""
    try:
        return check_document(document)
    except InputError:
        if correct is None:
            raise
    return check_document(correct(document))


RECORD: Final = "overlays/origin.json"


def write_record(project: Project, document: bytes, pages: Sequence[Page]) -> bool:
    """Record the pages of an imported document, unless document and list of pages are those of the record.

    So importing the same document again changes nothing, even where a page changed around it. The record holds
    no dates and no paths of this machine.

    Args:
        project: Whose document was imported.
        document: The vendor document.
        pages: The pages it was made of, in order.

    Returns:
        Whether the record changed.

    Raises:
        InputError: It cannot be written.
    """
    value: dict[str, Any] = {
        "about": "written by rulewright.importing: the pages the vendor document was made of",
        "document": {"name": project.relative(project.spec), "sha256": hashlib.sha256(document).hexdigest()},
        "pages": [{"origin": page.origin, "sha256": page.sha256} for page in pages],
    }
    before = read_record(project)
    if before is not None and before.get("document") == value["document"] and _names(before) == _names(value):
        return False
    place = project.root / RECORD
    try:
        place.parent.mkdir(exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot be made: {error.strerror}", path=place.parent.as_posix()) from error
    return write_whole(place, to_json(value))


def read_record(project: Project) -> dict[str, Any] | None:
    """Return the record, or None if there is none that can be understood."""
    try:
        value = json.loads((project.root / RECORD).read_bytes())
    except (OSError, ValueError):
        return None
    return value if isinstance(value, dict) else None


def _names(record: dict[str, Any]) -> list[Any] | None:
    pages = record.get("pages")
    return [page.get("origin") for page in pages if isinstance(page, dict)] if isinstance(pages, list) else None
