"""The command line of the contract checks."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from ..._addresses import is_loopback, split
from ..._secrets import printable
from ._bench import TOKEN, Bench
from ._checks import CHECKS
from ._coverage import WaiverError, read_waivers
from ._live import plan, run_live
from ._report import text, write
from ._run import Report, Result, run

PASSED: Final = 0
FAILED: Final = 1
USAGE: Final = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the contract checks.

    Args:
        arguments: Those after the program's name; None takes them from the process.

    Returns:
        0 if everything passed, 1 if not, 2 if the checks could not be run as asked for.
    """
    options = _parser().parse_args(arguments)
    try:
        waivers = read_waivers(options.waivers) if options.waivers else ()
        if options.url is not None:
            report = _live(options)
        else:
            report = run(checks=_known(options.check), waivers=waivers, told=_progress)
        if report is None:
            return PASSED
        if options.report:
            write(report, options.report)
    except (ValueError, OSError, WaiverError) as error:
        print(f"error: {printable(str(error))}", file=sys.stderr)
        return USAGE
    sys.stdout.write(text(report))
    return PASSED if report.passed else FAILED


def _known(names: list[str] | None) -> list[str] | None:
    unknown = sorted(set(names or ()) - set(CHECKS))
    if unknown:
        raise ValueError(f"there is no check {unknown[0]!r}; there are: {', '.join(CHECKS)}")
    return names


def _progress(result: Result) -> None:
    if sys.stderr.isatty():
        print(f"  {result.check.name}: {result.seconds:.1f} s", file=sys.stderr)


def _live(options: argparse.Namespace) -> Report | None:
    parts = split(options.url)
    if parts is None or parts.username is not None or parts.query or parts.fragment:
        raise ValueError(f"--url must be an http or https address without user and query, got {options.url!r}")
    home = is_loopback(parts.hostname or "")
    if parts.scheme == "http" and not home:
        raise ValueError("--url must be https, because the token would travel readable")
    token = os.environ.get(Bench.variable, TOKEN if home else "")
    if not token:
        raise ValueError(f"no token: set {Bench.variable}")
    with Bench() as bench:
        planned = plan(bench, options.allow_spending)
        print(*planned.lines(options.url), sep="\n", file=sys.stderr, flush=True)
        if options.dry_run:
            return None
        return run_live(bench, planned, options.url, token, pause=_at_once if home else time.sleep)


def _at_once(_: float) -> None:
    """Wait for nothing: this machine needs no rest between two requests."""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=f"python -m {__name__.rpartition('.contract')[0]}",
        description="Hold client, compiled rules and server to the effective spec. Without --url everything stays in"
        " this process, and nothing is sent anywhere.",
    )
    parser.add_argument("--url", help="a server to check instead: only requests that must be refused are sent")
    parser.add_argument(
        "--allow-spending",
        type=_count,
        default=0,
        metavar="N",
        help="with --url: start at most N tasks, each of which may be billed (default: none)",
    )
    parser.add_argument("--dry-run", action="store_true", help="with --url: say what would be sent, and send nothing")
    parser.add_argument("--check", action="append", help="run this check only; may be repeated")
    parser.add_argument("--waivers", type=Path, help="JSON list of lines that coverage need not show")
    parser.add_argument("--report", type=Path, help="folder for the report as text, Markdown, HTML, JSON and JUnit")
    return parser


def _count(value: str) -> int:
    if not value.isdecimal():
        raise argparse.ArgumentTypeError(f"{value!r} is no number of tasks")
    return int(value)
