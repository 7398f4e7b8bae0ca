"""Make the vendor document of all the pages given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from scripts.document import Document, parse
from scripts.errors import InputError
from scripts.import_page.check import check_document, read_fragment
from scripts.import_page.fragment import fragments
from scripts.import_page.merge import plan
from scripts.import_page.page import Page, list_pages, read_page
from scripts.import_page.render import render


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


def import_pages(sources: Sequence[str]) -> Imported:
    """Make one vendor document of the documents on these pages.

    Args:
        sources: Pages, folders of pages, or URLs of pages. Together they are the whole document; to add a page to an
            existing document, give that document as a source too.

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
    if additions:
        check_document(merged)
    return Imported(text, merged, tuple(without), tuple(pages))
