"""The command `rulewright`: one sub-command for each task of the pipeline."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import version
from typing import Final

from rulewright.errors import EXIT_USAGE, printable, run_cli

_COMMANDS: Final = {
    "import": ("importing", "write openapi.yaml from the vendor's pages"),
    "overlay": ("overlay", "apply overlays to a document"),
    "regenerate": ("regenerate", "write generated/, or compare it with --check"),
    "rules": ("rules", "check, analyse and list rules"),
    "impact": ("impact", "report what a change means for callers"),
    "vendor": ("vendor", "copy the client into another repository, verify and upgrade the copy"),
    "sandbox": ("sandbox", "serve an effective document on this machine"),
    "contract": ("contract", "hold client, rules and server to the effective document"),
    "new": ("new", "make a project for another OpenAPI document"),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the sub-command that the first argument names.

    Returns:
        The sub-command's exit code, 2 for wrong usage.
    """
    name, *rest = list(sys.argv[1:] if arguments is None else arguments) or ["--help"]
    if name in {"-h", "--help"}:
        print(_usage())
        return 0
    if name == "--version":
        print(version("rulewright"))
        return 0
    if name not in _COMMANDS:
        print(f"error: there is no command {printable(name)!r}\n\n{_usage()}", file=sys.stderr)
        return EXIT_USAGE
    # Only the command that runs is imported: schemathesis and the sandbox's server take a second to load.
    command = import_module(f"rulewright.commands.{_COMMANDS[name][0]}")
    return run_cli(lambda: int(command.main(rest)))


def _usage() -> str:
    width = max(map(len, _COMMANDS))
    lines = [f"  {name.ljust(width)}  {about}" for name, (_, about) in _COMMANDS.items()]
    return "\n".join(["usage: rulewright COMMAND ... (COMMAND --help describes one)", "", *lines])


if __name__ == "__main__":
    sys.exit(main())
