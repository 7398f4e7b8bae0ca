"""Command line: `rulewright rules check|analyse|ledger [--project DIR]`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from typing import Final

from rulewright.errors import EXIT_FAILED, printable, run_cli
from rulewright.merged import merge
from rulewright.openapi.document import to_json
from rulewright.project import Project, load_project
from rulewright.rules.analysis import Report, analyse
from rulewright.rules.ledger import Ledger, read_ledger
from rulewright.rules.pins import check_surroundings
from rulewright.rules.renames import check_renames


def main(arguments: list[str] | None = None) -> int:
    """Run one of the commands about rules.

    Returns:
        0 when there is nothing to complain about, 1 when there is, 2 for wrong usage.
    """
    options = _parser().parse_args(arguments)
    return run_cli(lambda: _COMMANDS[options.command](load_project(options.project), options))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="rulewright rules", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, about in (
        ("check", "refuse rules that cannot be what their author meant, and prose that no rule claims"),
        ("analyse", "say what the rules together allow, forbid and make useless, each with the smallest request"),
        ("ledger", "list every sentence that sounds like a constraint, and what claims it"),
    ):
        command = commands.add_parser(name, help=about, description=about)
        command.add_argument("--project", default=".", metavar="DIR", help="the project to work on (default: here)")
        command.add_argument("--format", choices=("text", "json"), default="text")
    return parser


def _check(project: Project, options: argparse.Namespace) -> int:
    merged = merge(project)  # raises for whatever is malformed, unpinned or wrong
    with merged.explained():
        check_renames(project.output / "openapi.effective.json", merged.ruled)
        check_surroundings(project.output / "openapi.effective.json", merged.value, merged.ruled)
        ledger = read_ledger(merged)
    count = sum(len(schema.rules) for schema in merged.ruled)
    if options.format == "json":
        print(to_json({"rules": count, "unclaimed": [sentence.data() for sentence in ledger.unclaimed]}), end="")
    elif ledger.unclaimed:
        print(f"error: {printable(ledger.complaint())}", file=sys.stderr)
    else:
        print(f"{count} rules, {len(ledger.sentences)} constraint-like sentences, all claimed")
    return EXIT_FAILED if ledger.unclaimed else 0


def _analyse(project: Project, options: argparse.Namespace) -> int:
    merged = merge(project)
    with merged.explained():
        report: Report = analyse(merged)
    print(to_json(report.data()) if options.format == "json" else printable(report.text()), end="")
    return EXIT_FAILED if report.unaccepted or report.expired else 0


def _ledger(project: Project, options: argparse.Namespace) -> int:
    merged = merge(project)
    with merged.explained():
        ledger: Ledger = read_ledger(merged)
    print(to_json(ledger.data()) if options.format == "json" else printable(ledger.text()), end="")
    return EXIT_FAILED if ledger.unclaimed else 0


_COMMANDS: Final[dict[str, Callable[[Project, argparse.Namespace], int]]] = {
    "check": _check,
    "analyse": _analyse,
    "ledger": _ledger,
}
