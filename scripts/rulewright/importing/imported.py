"""Make the vendor document of all the pages given."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rulewright.errors import InputError
from rulewright.importing.fragment import fragments, read_fragment
from rulewright.importing.merge import plan
from rulewright.importing.page import Page, list_pages, read_page
from rulewright.importing.render import render
from rulewright.openapi.document import Document, parse
from rulewright.openapi.validity import check_document
from rulewright.overlay import apply, load_overlay

Mend = Callable[[Document], Document]


@dataclass(frozen=True)
class Imported:
    """What pages amount to.

    Args:
        text: The vendor document.
        document: The same, read.
        without: Names of pages, out of a folder, that hold no document.
        pages: The pages that hold one.
    """

    text: str
    document: Document
    without: tuple[str, ...] = ()
    pages: tuple[Page, ...] = ()


class UnmendedError(InputError):
    """A document that is not valid, and no overlay makes it so."""


def mending(overlays: Sequence[Path]) -> Mend:
    """Return what applies overlays to a document.

    Args:
        overlays: The overlays, in order.
    """

    def mend(document: Document) -> Document:
        return replace(document, value=apply(document, [load_overlay(path) for path in overlays]).value)

    return mend


def import_pages(sources: Sequence[str], mend: Mend | None = None) -> Imported:
    """Make one vendor document of the documents on these pages.

    Args:
        sources: Pages, folders of pages, or URLs of pages. Together they are the whole document; to add a page to an
            existing document, give that document as a source too.
        mend: Applies the corrections there are; a document that is valid with them only is taken, as it stands.

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
            found = [read_fragment(fragment, whole=mend is None) for fragment in fragments(page)]
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
    if mend is not None:
        _check_mended(merged, mend)
    elif additions:
        check_document(merged)
    return Imported(text, merged, tuple(without), tuple(pages))


def _check_mended(document: Document, mend: Mend) -> None:
    """Refuse a document that is not valid, neither as it stands nor with its corrections."""
    try:
        check_document(document)
    except InputError:
        mended = mend(document)
        try:
            check_document(mended)
        except InputError as error:
            raise UnmendedError(error.message, path=error.path, line=error.line, pointer=error.pointer) from error
