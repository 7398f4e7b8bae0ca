"""Apply OpenAPI overlays from the command line."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from rulewright.errors import EXIT_USAGE, InputError, command_line, printable
from rulewright.files import write_whole
from rulewright.findings import FINDING_FORMATS, Finding, show_findings
from rulewright.openapi.document import Document, load, to_json, to_yaml
from rulewright.overlay.engine import apply
from rulewright.overlay.model import Overlay, extended_path, load_overlay, parse_overlay

EPILOG: Final = """\
Every action must select exactly one node, unless it carries x-expect: a number, or {min: .., max: ..};
find the value its x-was states: the old value (of an object only the keys given, at every depth), or
sha256:<hex> of its canonical JSON; and change something. With --lenient only the Overlay Specification
counts: an action that selects nothing succeeds, and x-expect, x-was and extends are not looked at.

Where SPEC is left out, every overlay must carry extends, and all must name the same file.

Exit codes: 0 done, 1 an overlay is invalid or does not fit, 2 wrong usage, 130 interrupted.
"""


@command_line
def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return its exit code."""
    parser = _parser()
    options = parser.parse_args(arguments)
    spec, overlays = _inputs(options.files)
    if not overlays:
        parser.print_usage(sys.stderr)
        print(f"error: no overlay to apply to {printable(options.files[0])}", file=sys.stderr)
        return EXIT_USAGE
    as_json = _is_json(options.output or spec.path)
    inputs = [spec.path, *(overlay.path for overlay in overlays)]
    for name in filter(None, (options.output, options.ledger)):
        if Path(name).resolve() in {Path(path).resolve() for path in inputs}:
            raise InputError("is an input and is never written; name another file", path=name)
    if options.format != "text":
        if not options.output:
            parser.error("--format needs -o: the findings are printed in place of the document")
        return show_findings(options.format, "overlay", lambda: _write(spec, overlays, options, as_json=as_json))
    for item in _write(spec, overlays, options, as_json=as_json):
        print(printable(f"{item.path}{'' if item.line is None else f':{item.line}'}, {item.message}"), file=sys.stderr)
    return 0


def _write(
    spec: Document, overlays: Sequence[Overlay], options: argparse.Namespace, *, as_json: bool
) -> Iterator[Finding]:
    """Apply overlays, write or print the result, and yield each action that changed nothing."""
    applied = apply(spec, overlays, lenient=options.lenient)
    text = to_json(applied.value) if as_json else to_yaml(applied.value)
    if options.ledger:
        write_whole(options.ledger, to_json([change.as_json() for change in applied.ledger]))
    if options.output:
        write_whole(options.output, text)
    else:
        sys.stdout.write(_for_terminal(text, applied.value) if sys.stdout.isatty() else text)
    for item in applied.absorbed:
        message = f"action {item.action}: absorbed upstream: {item.target}"
        yield Finding("absorbed", "warning", message, item.overlay, item.line)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="rulewright overlay",
        usage="%(prog)s [-h] [-o FILE] [--ledger FILE] [--lenient] SPEC OVERLAY [OVERLAY ...]",
        description="Apply OpenAPI Overlay 1.0 and 1.1 documents to a document, in the order given.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("files", nargs="+", metavar="SPEC OVERLAY", help="the document, then its overlays")
    parser.add_argument("-o", "--output", metavar="FILE", help="write here; .json or .yaml decides the format")
    parser.add_argument("--ledger", metavar="FILE", help="write every change here, as JSON")
    parser.add_argument("--format", choices=("text", *FINDING_FORMATS), default="text", help="of findings (text)")
    parser.add_argument("--lenient", action="store_true", help="enforce the specification and nothing more")
    return parser


def _inputs(files: Sequence[str]) -> tuple[Document, list[Overlay]]:
    """Read the files; the first is the document, unless it is an overlay and so all are."""
    first = load(files[0])
    rest = [load_overlay(name) for name in files[1:]]
    if not (isinstance(first.value, dict) and "overlay" in first.value):
        return first, rest
    overlays = [parse_overlay(first), *rest]
    named: dict[Path, Overlay] = {}
    for overlay in overlays:
        path = extended_path(overlay)
        if path is None:
            raise InputError("has no extends: name the document it applies to, as SPEC before it", path=overlay.path)
        named.setdefault(path.resolve(), overlay)
    if len(named) > 1:
        one, other = list(named.values())[:2]
        message = f"extends {other.extends}, while {one.path} extends {one.extends}; name one document as SPEC"
        raise InputError(message, path=other.path)
    found = extended_path(overlays[0])
    return load(found or files[0]), overlays


def _is_json(name: str) -> bool:
    suffix = Path(name).suffix.lower()
    if suffix not in {".json", ".yaml", ".yml"}:
        raise InputError(f"must end in .json, .yaml or .yml, got {suffix or 'no suffix'}", path=name)
    return suffix == ".json"


def _for_terminal(text: str, value: Any) -> str:
    """Return the text, or escaped JSON (which is YAML as well) where it holds what a terminal might obey."""
    return text if printable(text) == text else json.dumps(value, indent=2, ensure_ascii=True) + "\n"
