"""Command line: `rulewright regenerate [--check] [--project DIR]`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from rulewright.commands import show_stage
from rulewright.errors import EXIT_FAILED, InputError, command_line
from rulewright.files import Tree, compare, read_tree, replace_tree, sweep
from rulewright.findings import FINDING_FORMATS, Finding, show_findings
from rulewright.generate.generator import Generator, check_tools
from rulewright.generate.manifest import NAME, is_edited, read_manifest, reasons
from rulewright.project import Project, load_project

MINIMUM_PYTHON = (3, 11)


@command_line
def main(arguments: Sequence[str] | None = None) -> int:
    """Regenerate a project's output, or compare it.

    Returns:
        0 when the output is (now) up to date, 1 when it is not or an input is unusable, 2 for wrong usage.
    """
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.format != "text" and not options.check:
        parser.error("--format is for --check")
    return _run(options) if options.format == "text" else _show_drift(options)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="rulewright regenerate",
        description="Apply the overlays to the vendor document and generate the client from the result.",
        epilog="example: rulewright regenerate --check --project ../shop",
    )
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if the output is out of date")
    parser.add_argument("--project", default=".", metavar="DIR", help="the project to work on (default: here)")
    parser.add_argument("--format", choices=("text", *FINDING_FORMATS), default="text", help="of --check (text)")
    parser.add_argument("--quiet", action="store_true", help="print nothing but errors")
    return parser


def _run(options: argparse.Namespace) -> int:
    if sys.version_info < MINIMUM_PYTHON:
        raise InputError(f"Python 3.11 or later is needed, this is {sys.version.split()[0]}")
    project = load_project(options.project)
    say = _silent if options.quiet else print
    if not options.check:
        sweep(project.output)
    recorded = read_manifest(project)
    name = project.relative(project.output)
    actual, expected, why = _read_and_build(project, recorded, _silent if options.quiet else show_stage)
    if expected is actual:
        say(f"{name}/ is up to date ({len(actual)} files, no input changed)")
        return 0
    difference = compare(actual, expected)
    if not difference:
        say(f"{name}/ is up to date: regenerated {len(actual)} files, all as they were")
        return 0
    count = len(difference.changed) + len(difference.missing) + len(difference.extra)
    if options.check:
        causes = ", ".join(why) or "no input changed, so it was edited by hand"
        print(
            f"error: {name}/ is out of date: {count} file(s) differ ({causes})\n{difference}\n  run: nox -s regenerate",
            file=sys.stderr,
        )
        return EXIT_FAILED
    if recorded is None and difference.extra:
        raise InputError(
            f"holds files that regeneration did not write, such as {difference.extra[0]}, and no {NAME}; "
            "since the whole directory would be replaced, move them away first",
            path=name,
        )
    replace_tree(project.output, expected)
    say(f"{name}/ written: {len(expected)} files, {count} of them new, changed or removed")
    return 0


def _show_drift(options: argparse.Namespace) -> int:
    """Compare, and print each file that differs as a finding."""
    project = load_project(options.project)
    folder = project.relative(project.output)

    def find() -> Iterator[Finding]:
        actual, expected, _ = _read_and_build(project, read_manifest(project), _silent)
        difference = compare(actual, expected)
        kinds = {"differs": difference.changed, "is missing": difference.missing, "is not generated": difference.extra}
        for kind, paths in kinds.items():
            for path in paths:
                yield Finding("drift", "error", f"{path} {kind}; run: nox -s regenerate", f"{folder}/{path}")

    return show_findings(options.format, "regenerate", find)


def _read_and_build(
    project: Project, recorded: dict[str, Any] | None, progress: Callable[[str], None]
) -> tuple[Tree, Tree, list[str]]:
    """Return the output as it is, as it should be, and which inputs changed; without a change nothing runs."""
    check_tools()
    actual, why = read_tree(project.output), reasons(recorded, project)
    if recorded is not None and not why and not is_edited(actual, recorded["outputs"]):
        return actual, actual, why
    with Generator(project.package, project.timeout) as generator:
        generator.load()
        # imported while the generator's process loads its own modules, which takes as long again
        from rulewright.generate.build import build  # noqa: PLC0415

        try:
            return actual, build(project, generator, progress), why
        except InputError as error:
            from rulewright.generate.explain import explain  # noqa: PLC0415  only needed here

            raise explain(project, error) from error


def _silent(text: str) -> None:
    """Print nothing."""
