"""Command line: `rulewright import PAGE... [-o ACCEPTED_FILE] [--project DIR] [--check] [--impact]`."""

from __future__ import annotations

import argparse
import dataclasses
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from rulewright.errors import EXIT_FAILED, InputError, command_line, printable
from rulewright.files import write_whole
from rulewright.impact.formats import EXIT_CODES, FORMATS
from rulewright.impact.report import ACCEPTED_FILE, Report, compare, read_accepted, read_settings
from rulewright.impact.revision import read_revision, revise
from rulewright.importing.imported import (
    Imported,
    compare_pages,
    correct_by,
    import_pages,
    needs,
    read_record,
    write_record,
)
from rulewright.importing.page import Choice, index_named_by
from rulewright.merged import READING_ERRORS
from rulewright.openapi.document import Document, load
from rulewright.openapi.operations import operations
from rulewright.overlay import load_overlay
from rulewright.overlay.absorbed import WAY_OUT, find_absorbed
from rulewright.project import Project, load_project
from rulewright.rules.sources import misquotes_of_page


@command_line
def main(arguments: Sequence[str] | None = None) -> int:
    """Import pages, write the vendor document, and say what it holds and, if asked, what it means for callers.

    Returns:
        0, or 1 where `--check` finds that the document would change; with `--impact` the impact's exit code.
    """
    options = _parser().parse_args(arguments)
    project = None if options.output else load_project(options.project)
    output = Path(options.output) if project is None else project.spec
    name = Path(options.output or output.name).as_posix()
    overlays = () if project is None else project.overlays
    choice = Choice(options.prefix, tuple(options.edition))
    imported = import_pages(options.pages, correct_by(overlays) if overlays else None, choice)
    before = _before(output)
    impact_report = _impact(imported, project) if options.impact else None
    record = read_record(project) if project is not None else None
    if options.check:
        same = output.is_file() and output.read_bytes() == imported.text.encode()
        verdict = "up to date" if same else "would change; run the same command without --check"
    else:
        same = not write_whole(output, imported.text)
        if project is not None:
            write_record(project, imported.text.encode(), imported)
        verdict = "unchanged" if same else "written"
    lines = [*_report(imported, before, record), *_overlays(imported, before, project)]
    shown = "\n".join(f"  {line}" for line in "\n".join(lines).splitlines())
    stream = sys.stdout if options.format == "text" else sys.stderr
    encoding = stream.encoding or "utf-8"  # the file is written: a poor terminal must not end in an error
    text = printable(f"{name}: {verdict}\n{shown}")
    print(text.encode(encoding, "backslashreplace").decode(encoding), file=stream)
    if impact_report is not None:
        print(FORMATS[options.format](impact_report), end="")
        return impact_report.exit_code
    return EXIT_FAILED if options.check and not same else 0


def _impact(imported: Imported, project: Project | None) -> Report | None:
    """Compare the new document with the project as it stands, before anything is written.

    Returns:
        The impact, with the project's overlays and accepted changes; None on the first import, which breaks nobody.
    """
    if project is None:
        raise InputError("--impact compares with the project's own document; leave -o away")
    if not project.spec.is_file():
        return None
    before = dataclasses.replace(read_revision(str(project.spec), project.root), label=project.relative(project.spec))
    overlays = [load_overlay(path) for path in project.overlays]
    after = revise("the imported pages", imported.document, overlays)
    return compare(before, after, read_accepted(project.root / ACCEPTED_FILE), read_settings(project.root))


def _report(imported: Imported, before: Document | None, record: dict[str, Any] | None) -> Iterator[str]:
    """Yield the operations and pages of a document, and what is new, gone or wrong about them."""
    old, now = _operations(before), _operations(imported.document)
    if imported.index is not None:
        yield f"index {imported.index.name}: {len(imported.read)} pages read, {len(imported.pages)} with a document"
    lines = [f"{'new ' if old and key not in old else ''}{key}  {now[key]}" for key in now]
    lines += [f"GONE {key}  {old[key]}" for key in old if key not in now]
    lines += compare_pages(record, imported)
    lines += [f"no document in {name}" for name in imported.without]
    yield from (line.rstrip().replace("\n", "\\n") for line in lines)  # a path must not forge a line of ours
    yield from imported.findings
    named = dict.fromkeys(index for page in imported.read if (index := index_named_by(page)))
    if imported.index is None:
        yield from (f"the page names an index of all pages; to import them: rulewright import {url}" for url in named)


def _overlays(imported: Imported, before: Document | None, project: Project | None) -> Iterator[str]:
    """Yield what the overlays add that the page now has, and what they still lack for what the page brings."""
    if project is None:
        return
    try:
        overlays = [load_overlay(path) for path in project.overlays]
        found = find_absorbed(imported.document, overlays)
        yield from map(str, found)
        yield from [WAY_OUT] if found else []
        if before is None:
            return
        revision = revise("", imported.document, overlays)
        for page in imported.read:
            yield from (str(each) for each in misquotes_of_page(page.origin, page.text, page.sha256, revision.rules))
        yield from needs(revision.value, _operations(imported.document).keys() - _operations(before).keys())
        if new := revision.prose.new_since(before.value, revision.value):
            yield revision.prose.unclaimed_error(new).message
    except (InputError, *READING_ERRORS):
        return  # regenerating reports it; the import is done


def _operations(document: Document | None) -> dict[str, str]:
    """Return the operationId (or nothing) by method and path; none where the document cannot be read."""
    if document is None:
        return {}
    try:
        return {each.title: str(each.body.get("operationId", "")) for each in operations(document.value)}
    except (LookupError, TypeError, AttributeError):
        return {}


def _before(output: Path) -> Document | None:
    """Return the document that is there, or None."""
    try:
        return load(output)
    except InputError:
        return None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="rulewright import",
        description="Write the project's vendor document from the vendor's pages.",
        epilog=f"With --impact:\n{EXIT_CODES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add(
        "pages",
        nargs="+",
        metavar="PAGE",
        help="a page, a document, a folder of *.md pages, a URL, or an llms.txt index",
    )
    add("--prefix", metavar="PATH", default="", help="of an index: only pages whose path begins so, in any language")
    add(
        "--edition",
        metavar="LANGUAGE",
        action="append",
        default=[],
        help="of an index: only pages below this language, such as en; of several, texts of the first are taken",
    )
    add("-o", "--output", metavar="ACCEPTED_FILE", help="write here instead of the project's spec")
    add("--project", metavar="DIR", default=".", help="the project whose spec is written (.)")
    add("--check", action="store_true", help="write nothing; exit 1 if the document would change")
    add("--impact", action="store_true", help="say what the change means for callers, and exit by it")
    add("--format", choices=tuple(FORMATS), default="text", help="the form of the impact (text)")
    return parser
