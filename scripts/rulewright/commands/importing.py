"""Command line: `rulewright import PAGE... [-o ACCEPTED_FILE] [--project DIR] [--check] [--impact]`."""

from __future__ import annotations

import argparse
import dataclasses
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from rulewright.errors import EXIT_FAILED, InputError, printable
from rulewright.files import write_whole
from rulewright.impact.change import ACCEPTED_FILE, read_accepted
from rulewright.impact.formats import EXIT_CODES, FORMATS
from rulewright.impact.report import Report, compare
from rulewright.impact.revision import read, revise
from rulewright.importing.imported import Imported, correct_by, import_pages, write_record
from rulewright.openapi.document import Document, load
from rulewright.openapi.operations import operations
from rulewright.overlay import load_overlay
from rulewright.overlay.absorbed import WAY_OUT, absorbed
from rulewright.project import Project, load_project


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
    imported = import_pages(options.pages, correct_by(overlays) if overlays else None)
    before = _operations_before(output)
    impact_report = _impact(imported, project) if options.impact else None
    if options.check:
        same = output.is_file() and output.read_bytes() == imported.text.encode()
        verdict = "up to date" if same else "would change; run the same command without --check"
    else:
        same = not write_whole(output, imported.text)
        if project is not None:
            write_record(project, imported.text.encode(), imported.pages)
        verdict = "unchanged" if same else "written"
    lines = [f"{name}: {verdict}", *_report(imported, before), *_absorbed(imported, project)]
    _show(lines, sys.stdout if options.format == "text" else sys.stderr)
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
    before = dataclasses.replace(read(str(project.spec), project.root), label=project.relative(project.spec))
    overlays = [load_overlay(path) for path in project.overlays]
    after = revise("the imported pages", imported.document, overlays)
    return compare(before, after, read_accepted(project.root / ACCEPTED_FILE))


def _report(imported: Imported, before: dict[str, str]) -> list[str]:
    now = _operations(imported.document)
    lines = [f"  {'new ' if before and key not in before else ''}{key}  {now[key]}" for key in now]
    lines += [f"  GONE {key}  {before[key]}" for key in before if key not in now]
    lines += [f"  no document in {name}" for name in imported.without]
    return [line.rstrip().replace("\n", "\\n") for line in lines]  # a path must not forge a line of ours


def _absorbed(imported: Imported, project: Project | None) -> list[str]:
    """Say which overlay actions add by hand what the page now has; regenerating refuses them."""
    try:
        overlays = [load_overlay(path) for path in project.overlays] if project is not None else []
    except InputError:
        return []  # regenerating says so; the import is done
    found = absorbed(imported.document, overlays)
    return [f"  {addition}" for addition in found] + ([f"  {WAY_OUT}"] if found else [])


def _show(lines: Sequence[str], stream: TextIO) -> None:
    encoding = stream.encoding or "utf-8"  # the file is written: a poor terminal must not end in an error
    print(printable("\n".join(lines)).encode(encoding, "backslashreplace").decode(encoding), file=stream)


def _operations(document: Document) -> dict[str, str]:
    """Return the operationId (or nothing) by method and path."""
    return {each.title: str(each.body.get("operationId", "")) for each in operations(document.value)}


def _operations_before(output: Path) -> dict[str, str]:
    """Return the operations of the document that is there; none where it cannot be read."""
    try:
        return _operations(load(output))
    except (InputError, LookupError, TypeError, AttributeError):
        return {}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="rulewright import",
        description="Write the project's vendor document from the vendor's pages.",
        epilog=f"With --impact:\n{EXIT_CODES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("pages", nargs="+", metavar="PAGE", help="a page, a bare document, a folder of *.md pages, or a URL")
    add("-o", "--output", metavar="ACCEPTED_FILE", help="write here instead of the project's spec")
    add("--project", metavar="DIR", default=".", help="the project whose spec is written (.)")
    add("--check", action="store_true", help="write nothing; exit 1 if the document would change")
    add("--impact", action="store_true", help="say what the change means for callers, and exit by it")
    add("--format", choices=tuple(FORMATS), default="text", help="the form of the impact (text)")
    return parser
