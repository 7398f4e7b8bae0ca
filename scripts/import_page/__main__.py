"""Command line: `python -m scripts.import_page PAGE... [-o FILE] [--project DIR] [--check]`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from scripts.document import Document, load, parse
from scripts.errors import EXIT_FAILED, InputError, printable, run_cli
from scripts.files import write_whole
from scripts.import_page.check import check_document, read_fragment
from scripts.import_page.fragment import fragments
from scripts.import_page.merge import plan
from scripts.import_page.page import list_pages, read_page
from scripts.import_page.reference import operations
from scripts.import_page.render import render
from scripts.project import load_project


@dataclass(frozen=True)
class Imported:
    """What pages amount to.

    Args:
        text: The vendor document.
        document: The same, read.
        without: Names of pages, out of a folder, that hold no document.
    """

    text: str
    document: Document
    without: tuple[str, ...] = ()


def import_pages(sources: Sequence[str]) -> Imported:
    """Make one vendor document of the documents on these pages.

    Args:
        sources: Pages, or folders of pages. Together they are the whole document; to add a page to an
            existing document, give that document as a source too.

    Raises:
        InputError: A page is not whole, not valid, or disagrees with another; a source has no document.
    """
    documents: list[Document] = []
    without: list[str] = []
    for source in sources:
        before = len(documents)
        for name in list_pages(source):
            found = [read_fragment(fragment) for fragment in fragments(read_page(name))]
            documents += found
            if not found:
                without.append(name)
        if len(documents) == before:
            message = (
                "holds no OpenAPI document: neither a fenced block such as ```yaml POST /path, nor bare YAML"
            )
            raise InputError(message, path=Path(source).as_posix())
    additions = plan(documents)
    text = render(documents, additions)
    merged = parse(text, "the merged document") if additions else documents[0]
    if additions:
        check_document(merged)
    return Imported(text, merged, tuple(without))


def main(arguments: Sequence[str] | None = None) -> int:
    """Import pages, write the vendor document, and say what it holds.

    Returns:
        0, or 1 where `--check` finds that the document would change.
    """
    options = _parser().parse_args(arguments)
    output = Path(options.output) if options.output else load_project(options.project).spec
    name = Path(options.output or output.name).as_posix()
    imported = import_pages(options.pages)
    before = _operations_before(output)
    if options.check:
        same = output.is_file() and output.read_bytes() == imported.text.encode()
        verdict = "up to date" if same else "would change; run the same command without --check"
    else:
        same = not write_whole(output, imported.text)
        verdict = "unchanged" if same else "written"
    print(printable("\n".join([f"{name}: {verdict}", *_report(imported, before)])))
    return EXIT_FAILED if options.check and not same else 0


def _report(imported: Imported, before: dict[str, str]) -> list[str]:
    now = _operations(imported.document)
    lines = [f"  {'new ' if before and key not in before else ''}{key}  {now[key]}".rstrip() for key in now]
    lines += [f"  GONE {key}  {before[key]}".rstrip() for key in before if key not in now]
    return lines + [f"  no document in {name}" for name in imported.without]


def _operations(document: Document) -> dict[str, str]:
    """Return the operationId (or nothing) by method and path."""
    paths = document.value["paths"]
    return {
        f"{method.upper()} {path}": str(paths[path][method].get("operationId", ""))
        for _, path, method in operations(document.value)
    }


def _operations_before(output: Path) -> dict[str, str]:
    """Return the operations of the document that is there; none where it cannot be read, as it is replaced."""
    try:
        return _operations(load(output))
    except (InputError, LookupError, TypeError, AttributeError):
        return {}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m scripts.import_page", description=__doc__)
    parser.add_argument(
        "pages", nargs="+", metavar="PAGE", help="a page, a bare document or a folder of *.md pages"
    )
    parser.add_argument("-o", "--output", metavar="FILE", help="write here instead of the project's spec")
    parser.add_argument("--project", metavar="DIR", default=".", help="the project whose spec is written (.)")
    parser.add_argument(
        "--check", action="store_true", help="write nothing; exit 1 if the document would change"
    )
    return parser


if __name__ == "__main__":
    sys.exit(run_cli(main))
