"""Command line: `rulewright impact OLD NEW [--format FORMAT] [-o FILE] [--fail-on KIND] [--project DIR]`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from rulewright.errors import command_line
from rulewright.files import write_whole
from rulewright.impact.change import WHO
from rulewright.impact.checks import CHECKS, DERIVED
from rulewright.impact.formats import EXIT_CODES, FORMATS
from rulewright.impact.report import ACCEPTED_FILE, ANY, LEVELS, Settings, compare, read_accepted, read_settings
from rulewright.impact.revision import read_revision

EPILOG: Final = f"""\
OLD and NEW are vendor documents or pages with one (the project's overlays are applied to both), folders of pages,
URLs of pages, project directories, or git revisions of the project. Only what the overlays and rules no longer fit
is reported; it does not stop the comparison.

A change on the wire fails; --fail-on adds kinds that fail as well (default: rules): {", ".join(WHO)}, or {ANY}.
pyproject.toml may set both, and the level of each check ({", ".join(LEVELS)}):

    [tool.rulewright.impact]
    fail-on = ["source"]
    levels = {{ enum-value-added = "breaking" }}

{EXIT_CODES}"""


@command_line
def main(arguments: Sequence[str] | None = None) -> int:
    """Compare two revisions and report what the change means for callers.

    Returns:
        0, 10, 20 or 30 by the worst change that is not accepted; 1 for an unusable input or report, 2 for wrong usage.
    """
    given = sys.argv[1:] if arguments is None else arguments
    options = _parser("?" if "--checks" in given else None).parse_args(given)
    project = Path(options.project)
    chosen = read_settings(project, options.fail_on)
    if options.checks:
        _list_checks(chosen)
        return 0
    accepted = read_accepted(Path(options.accepted) if options.accepted else project / ACCEPTED_FILE)
    report = compare(read_revision(options.old, project), read_revision(options.new, project), accepted, chosen)
    rendered = FORMATS[options.format](report)
    if options.output:
        write_whole(options.output, rendered)
    else:
        print(rendered, end="")
    return report.exit_code


def _parser(revisions: str | None = None) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="rulewright impact",
        description="Report what a change of the vendor document means for callers.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("old", metavar="OLD", nargs=revisions, help="what callers have")
    parser.add_argument("new", metavar="NEW", nargs=revisions, help="what they would get")
    parser.add_argument("--format", choices=tuple(FORMATS), default="text")
    parser.add_argument("-o", "--output", metavar="FILE", help="write there instead of printing")
    parser.add_argument("--project", default=".", metavar="DIR", help="whose overlays and revisions (default: here)")
    parser.add_argument(
        "--fail-on", action="append", choices=(*WHO, ANY), default=[], help="what fails beside the wire"
    )
    parser.add_argument("--checks", action="store_true", help="list every check with what it finds and its level here")
    parser.add_argument(
        "--accepted", metavar="FILE", help=f"the accepted changes (default: {ACCEPTED_FILE} of the project)"
    )
    return parser


def _list_checks(settings: Settings) -> None:
    found: dict[str, dict[str, None]] = {}
    checks = [*((each.id, each.purpose) for each in CHECKS), *((each.id, each.purpose) for each in DERIVED)]
    for name, purpose in checks:
        found.setdefault(name, {})[purpose] = None
    for name in sorted(found):
        level = f" [{settings.levels[name].word}]" if name in settings.levels else ""
        print(f"{name}{level}\n  {' '.join(found[name])}")
