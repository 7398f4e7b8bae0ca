"""Command line: `rulewright vendor copy|verify|upgrade|affected DEST [--project DIR]`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from rulewright.errors import EXIT_FAILED, InputError, command_line, printable
from rulewright.project import Project, load_project
from rulewright.vendoring.copy import build_copy, find_affected, put, show_edits, show_impact, show_needs
from rulewright.vendoring.verify import MANIFEST, NotACopy, describe, findings, read_manifest, report

_ABOUT: Final = {
    "copy": "copy the packages into a folder of another repository, importable under any parent package",
    "verify": "say whether the copy is as it was released, and whether the project has moved on since",
    "upgrade": "replace the copy by one of the project as it is now, whole or not at all",
    "affected": "list the calls in files of yours that an upgrade would break, by the type checker",
}
_PATHS: Final = "files of yours, or folders of them"
_ROOT: Final = "the folder your imports start from (default: found by your imports)"


@command_line
def main(arguments: Sequence[str] | None = None) -> int:
    """Copy, verify or upgrade.

    Returns:
        0 when there is nothing to complain about; 1 when the copy was edited, calls would break or an input is
        unusable; 2 for wrong usage.
    """
    options = _parser().parse_args(arguments)
    try:
        return _COMMANDS[options.command](load_project(options.project), options)
    except NotACopy as error:
        raise InputError(str(error)) from error


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="rulewright vendor",
        description="Copies of the client in other repositories.",
        epilog="example: rulewright vendor copy ../app/app/_vendor",
    )
    commands = parser.add_subparsers(dest="command", required=True)
    for name, about in _ABOUT.items():
        command = commands.add_parser(name, help=about, description=about)
        command.add_argument("dest", metavar="DEST", type=Path, help="the folder the package's folder is in")
        command.add_argument("--project", default=".", metavar="DIR", help="the project to copy from (default: here)")
        if name == "copy":
            command.add_argument("--without-cli", action="store_true", help="leave the command line out")
        elif name == "upgrade":
            command.add_argument("--force", action="store_true", help="replace a copy that was edited, too")
        elif name == "affected":
            command.add_argument("paths", nargs="+", metavar="PATH", type=Path, help=_PATHS)
            command.add_argument("--root", type=Path, metavar="DIR", help=_ROOT)
    return parser


def _copy(project: Project, options: argparse.Namespace) -> int:
    name, tree = build_copy(project, with_cli=not options.without_cli)
    target = options.dest / name
    if target.exists() or target.is_symlink():
        raise InputError("is there already; use upgrade, which looks for edits first", path=target.as_posix())
    put(target, tree)
    print(f"{target.as_posix()}/ written: {len(tree)} files; check it with: python {target.as_posix()}/verify.py")
    print(show_needs(read_manifest(str(target))))
    return 0


def _verify(project: Project, options: argparse.Namespace) -> int:
    root, manifest = _find(options.dest)
    found = findings(str(root))
    print(report(str(root), manifest, found), file=sys.stderr if found else sys.stdout)
    _, fresh = _build_like(manifest, project)
    is_current = fresh[MANIFEST] == (root / MANIFEST).read_bytes()
    print("the project has not changed since" if is_current else printable(show_impact(root, project)))
    return EXIT_FAILED if found else 0


def _upgrade(project: Project, options: argparse.Namespace) -> int:
    root, manifest = _find(options.dest)
    _, fresh = _build_like(manifest, project)
    found = findings(str(root))
    if found:
        diff = show_edits(root, found, manifest, fresh)
        if not options.force:
            message = f"was edited, and an upgrade would lose that; with --force it does\n{diff}"
            raise InputError(message, path=f"{root.as_posix()}/")
        print(f"lost by --force:\n{diff}")
    elif fresh[MANIFEST] == (root / MANIFEST).read_bytes():
        print(f"{describe(manifest)}: this is the project as it is, nothing to do")
        return 0
    changes = printable(show_impact(root, project))  # before the old inputs are gone
    put(root, fresh)
    now = read_manifest(str(root))
    print(f"{changes}\n{root.as_posix()}/: {describe(manifest)} became {describe(now)}")
    if any(now[key] != manifest.get(key) for key in ("needs", "excludes")):
        print(show_needs(now))
    return 0


def _affected(project: Project, options: argparse.Namespace) -> int:
    root, manifest = _find(options.dest)
    _, fresh = _build_like(manifest, project)
    affected = find_affected(root, fresh, options.paths, options.root)
    for each in affected:
        print(each)
    calls = len({(each.path, each.line) for each in affected})
    print(f"{calls} of your calls would break" if calls else "no call of yours would break")
    return EXIT_FAILED if affected else 0


def _find(dest: Path) -> tuple[Path, dict[str, Any]]:
    """Return the folder of the copy under a folder, or the folder itself if it is the copy, and its manifest."""
    if (dest / MANIFEST).is_file():
        return dest, read_manifest(str(dest))
    found = sorted(path.parent for path in dest.glob(f"*/{MANIFEST}"))
    if len(found) != 1:
        names = ", ".join(path.as_posix() for path in found)
        message = f"holds several vendored copies; name one of {names}" if found else "no vendored copy found under it"
        raise InputError(message, path=dest.as_posix())
    return found[0], read_manifest(str(found[0]))


def _build_like(manifest: dict[str, Any], project: Project) -> tuple[str, dict[str, bytes]]:
    """Return a new copy of the same kind.

    Raises:
        InputError: The copy is of another project.
    """
    name, tree = build_copy(project, with_cli=manifest.get("cli", True) is True)
    if name != manifest.get("package"):
        raise InputError(f"the copy holds {manifest.get('package')!r}, but this project gives {name!r}")
    return name, tree


_COMMANDS: Final = {"copy": _copy, "verify": _verify, "upgrade": _upgrade, "affected": _affected}
