"""Command line: `rulewright impact OLD NEW [--format text|json|markdown|html] [-o FILE] [--project DIR]`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Final

from rulewright.errors import run_cli
from rulewright.files import write_whole
from rulewright.impact.change import ACCEPTED_FILE, read_accepted
from rulewright.impact.formats import EXIT_CODES, FORMATS
from rulewright.impact.report import compare
from rulewright.impact.revision import read

EPILOG: Final = f"""\
OLD and NEW are vendor documents or pages with one (the project's overlays are applied to both), folders of pages,
URLs of pages, project directories, or git revisions of the project. Only what the overlays and rules no longer fit
is reported; it does not stop the comparison.

{EXIT_CODES}"""


def main(arguments: list[str] | None = None) -> int:
    """Compare two revisions and report what the change means for callers.

    Returns:
        0, 10, 20 or 30 by the worst change that is not accepted; 1 for an unusable input or report, 2 for wrong usage.
    """
    options = _parser().parse_args(arguments)
    return run_cli(lambda: _run(options))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="rulewright impact",
        description="Report what a change of the vendor document means for callers.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("old", metavar="OLD", help="what callers have")
    parser.add_argument("new", metavar="NEW", help="what they would get")
    parser.add_argument("--format", choices=tuple(FORMATS), default="text")
    parser.add_argument("-o", "--output", metavar="FILE", help="write there instead of printing")
    parser.add_argument("--project", default=".", metavar="DIR", help="whose overlays and revisions (default: here)")
    parser.add_argument(
        "--accepted", metavar="FILE", help=f"the accepted changes (default: {ACCEPTED_FILE} of the project)"
    )
    return parser


def _run(options: argparse.Namespace) -> int:
    project = Path(options.project)
    accepted = read_accepted(Path(options.accepted) if options.accepted else project / ACCEPTED_FILE)
    report = compare(read(options.old, project), read(options.new, project), accepted)
    rendered = FORMATS[options.format](report)
    if options.output:
        write_whole(options.output, rendered)
    else:
        print(rendered, end="")
    return report.exit_code
