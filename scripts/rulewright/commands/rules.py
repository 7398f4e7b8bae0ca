"""Command line: `rulewright rules check|analyse|list|explain|new [--project DIR]`."""

from __future__ import annotations

import argparse
import dataclasses
import difflib
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from rulewright import findings
from rulewright.errors import EXIT_FAILED, InputError, command_line, printable
from rulewright.generate.explain import explain as explain_error
from rulewright.importing.imported import place_of_page
from rulewright.importing.page import is_url, read_page
from rulewright.merged import Merged, merge
from rulewright.openapi.document import load, parse, to_json, to_yaml
from rulewright.project import Project, load_project
from rulewright.rules.analysis import analyse
from rulewright.rules.definition import Finding, explain
from rulewright.rules.sources import find_sentence, misquotes_of_page, skeleton


@command_line
def main(arguments: Sequence[str] | None = None) -> int:
    """Run one of the commands about rules.

    Returns:
        0 when nothing was found, 1 when something was, 2 for wrong usage.
    """
    options = _parser().parse_args(arguments)
    project = load_project(options.project)
    try:
        return _COMMANDS[options.command](project, options)
    except InputError as error:
        raise explain_error(project, error) from error


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="rulewright rules",
        description="The rules of a project.",
        epilog="example: rulewright rules explain request.json",
    )
    commands = parser.add_subparsers(dest="command", required=True)
    for name, about in (
        ("check", "refuse rules that are malformed or contradict their examples, and prose that no rule claims"),
        ("analyse", "report what the rules together allow, forbid and make useless, each with the smallest request"),
        ("list", "list the rules, and every sentence that sounds like a constraint with what claims it"),
        ("explain", "judge one request by the rules: every violation with its rule, place, message and source"),
        ("new", "print the skeleton of a rule for a sentence of the document: an overlay action to complete"),
    ):
        command = commands.add_parser(name, help=about, description=about)
        command.add_argument("--project", default=".", metavar="DIR", help="the project to work on (default: here)")
        more = tuple(findings.FINDING_FORMATS) if name == "check" else ()
        command.add_argument("--format", choices=("text", "json", *more), default="text")
        if name == "check":
            command.add_argument(
                "--pages", action="store_true", help="also fetch the pages that rules quote, and compare"
            )
        if name == "new":
            command.add_argument("sentence", metavar="SENTENCE", help="words of the sentence, as 'rules list' shows it")
        if name == "explain":
            command.add_argument("request", metavar="FILE", help="the request as JSON or YAML, or - for standard input")
            command.add_argument(
                "--schema", metavar="NAME", help="the schema it is for, such as Order, or 'GET /orders' for parameters"
            )
    return parser


def _check(project: Project, options: argparse.Namespace) -> int:
    if options.format in findings.FINDING_FORMATS:
        return findings.show_findings(options.format, "rules check", lambda: _find_unclaimed(project, options))
    merged = _merge(project, pages=options.pages)
    count, prose = len(merged.rules), merged.prose
    if options.format == "json":
        print(to_json({"rules": count, "unclaimed": [sentence.data() for sentence in prose.unclaimed]}), end="")
    elif prose.unclaimed:
        print(f"error: {prose.unclaimed_error(prose.unclaimed)}", file=sys.stderr)
    else:
        print(f"{count} rules, {len(prose.sentences)} constraint-like sentences, all claimed")
    return EXIT_FAILED if prose.unclaimed else 0


def _misquotes_of_pages(project: Project, merged: Merged) -> Iterator[Finding]:
    """Fetch each page that a rule quotes, once, and yield the rules whose words or whose page changed."""
    quoted = (rule.source.page for rule in merged.rules if rule.source.page)
    for name in dict.fromkeys(place_of_page(project, page) for page in quoted):
        if not is_url(name) and not (project.root / name).is_file():
            print(printable(f"not compared: {name} is no URL, no file, and of no imported site"), file=sys.stderr)
            continue
        page = read_page(name if is_url(name) else str(project.root / name), name)
        yield from misquotes_of_page(name, page.text, page.sha256, merged.rules)


def _merge(project: Project, *, pages: bool) -> Merged:
    """Return a project's merged document, with its rules checked against the last one and, if asked, their pages."""
    merged = merge(project)  # raises for whatever is malformed, misquoted or wrong
    with merged.explain_errors():
        merged.check_against(project.effective)
        if pages:
            merged.refuse(_misquotes_of_pages(project, merged))
    return merged


def _find_unclaimed(project: Project, options: argparse.Namespace) -> Iterator[findings.Finding]:
    """Yield each sentence that no rule claims."""
    prose = _merge(project, pages=options.pages).prose
    for each in prose.unclaimed:
        message = f"no rule claims this sentence, which sounds like a constraint: {each.text}"
        yield findings.Finding("unclaimed-prose", "error", message, prose.path, each.line)


def _analyse(project: Project, options: argparse.Namespace) -> int:
    merged = merge(project)
    with merged.explain_errors():
        report = analyse(merged.value, merged.ruled, merged.overlays)
    print(to_json(report.data()) if options.format == "json" else printable(report.text()), end="")
    return EXIT_FAILED if report.unaccepted or report.expired else 0


def _list(project: Project, options: argparse.Namespace) -> int:
    merged = merge(project)
    prose = merged.prose
    rules = [{**rule.data(), "schema": schema.name} for schema in merged.ruled for rule in schema.rules]
    if options.format == "json":
        sentences = [sentence.data() for sentence in prose.sentences]
        print(to_json({"document": prose.path, "rules": rules, "sentences": sentences}), end="")
    else:
        lines = [f"{each['id']} ({each['level']}, {each['schema']})\n  {each['message']}\n" for each in rules]
        print(printable("".join(lines) + prose.text()), end="")
    return EXIT_FAILED if prose.unclaimed else 0


def _explain(project: Project, options: argparse.Namespace) -> int:
    merged = merge(project)
    request = parse(sys.stdin.read(), "standard input") if options.request == "-" else load(options.request)
    with merged.explain_errors():
        known = {schema.name: schema for schema in merged.ruled if schema.rules}
        if not known:
            raise InputError("no schema of this project has rules")
        if options.schema is None and len(known) > 1:
            raise InputError(f"several schemas have rules; name one with --schema: {', '.join(known)}")
        if options.schema is not None and options.schema not in known:
            close = difflib.get_close_matches(options.schema, known, n=1)
            hint = f"did you mean {close[0]!r}?" if close else f"there are {', '.join(known)}"
            raise InputError(f"--schema {options.schema!r} has no rules; {hint}")
        schema = next(iter(known.values())) if options.schema is None else known[options.schema]
        found = explain(merged.value, schema, request.value)
    if options.format == "json":
        print(to_json({"valid": not found, "violations": [dataclasses.asdict(each) for each in found]}), end="")
    else:
        print(printable("\n".join(map(str, found))) if found else f"{request.path}: no rule is broken")
    return EXIT_FAILED if found else 0


def _new(project: Project, options: argparse.Namespace) -> int:
    merged = merge(project)
    sentence = find_sentence(merged.prose, options.sentence)
    action = skeleton(merged.value, sentence)
    if options.format == "json":
        print(to_json(action), end="")
        return 0
    place = f"{merged.vendor.path}, line {sentence.line}"
    print(printable(f"# {place}. Complete it, and append it to the actions of an overlay."))
    print(printable(to_yaml([action])), end="")
    return 0


_COMMANDS: Final[dict[str, Callable[[Project, argparse.Namespace], int]]] = {
    "check": _check,
    "analyse": _analyse,
    "list": _list,
    "explain": _explain,
    "new": _new,
}
