"""Command line: `rulewright new DIR --spec FILE_OR_PAGE --package NAME`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from rulewright.commands import show_stage
from rulewright.errors import command_line, printable
from rulewright.generate.gaps import describe
from rulewright.new.create import DISTRIBUTION, NOTED, REPAIRED, check_name, create, requirement

_SHOWN: Final = 20


@command_line
def main(arguments: Sequence[str] | None = None) -> int:
    """Make a project for a document: client, overlays, sandbox, tests.

    Returns:
        0 when it is made, 1 when an input is unusable (nothing is left behind), 2 for wrong usage.
    """
    options = _parser().parse_args(arguments)
    name, pipeline = check_name(options.package), requirement(options.pipeline)
    made = create(
        options.dir, options.spec, name, pipeline, overlays=options.overlay, only=options.only, progress=show_stage
    )
    place = printable(options.dir.as_posix())
    print(f"{place}/ made: {made.files} files, {made.coverage}")
    _list(made.repairs, f"corrected in overlays/{REPAIRED}")
    _list([str(each).replace("\n", "") for each in made.warnings], "left as they are, though a validator dislikes them")
    _list(describe(made.gaps), f"missing in the client, noted in overlays/{NOTED}")
    if " @ file:" in pipeline:
        print(
            f"warning: pyproject.toml requires {printable(pipeline)}, a path of this machine; replace it by a release"
            f" or by '{DISTRIBUTION} @ git+URL@COMMIT#subdirectory=scripts' before others use the project",
            file=sys.stderr,
        )
    print(f"  next: cd {place} && nox -s demo && nox -s tests")
    return 0


def _list(found: Sequence[str], title: str) -> None:
    if found:
        print(f"  {title}:")
    for text in found[:_SHOWN]:
        print(f"    {printable(' '.join(text.split()))}")
    if len(found) > _SHOWN:
        print(f"    and {len(found) - _SHOWN} more")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="rulewright new",
        description="Make a project for an OpenAPI document: overlays, typed client, sandbox, tests, CI.",
        epilog="example: rulewright new ../shop --spec openapi.yaml --package our_shop",
    )
    add = parser.add_argument
    add("dir", metavar="DIR", type=Path, help="the folder to make; it must be empty or not there")
    add(
        "--spec",
        action="append",
        required=True,
        metavar="FILE_OR_PAGE",
        help="the document, or a page or folder of pages it stands on, or a URL; may be repeated",
    )
    add("--package", required=True, metavar="NAME", help="import name of the client; the generated part is NAME_api")
    add(
        "--overlay",
        action="append",
        default=[],
        type=Path,
        metavar="FILE",
        help="an overlay to begin with, such as corrections the document or the generator needs; may be repeated",
    )
    add(
        "--only",
        action="append",
        default=[],
        metavar="TAG_OR_PATH",
        help="make a client of the operations with this tag, or with a path that begins so; may be repeated",
    )
    add(
        "--pipeline",
        metavar="REQUIREMENT",
        help="what installs the pipeline there (default: from where this one is run)",
    )
    return parser
