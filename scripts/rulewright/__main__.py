"""The command `rulewright`: one sub-command for each task of the pipeline."""

from __future__ import annotations

import argparse
import difflib
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import version
from typing import Any, Final

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
_COMPLETION: Final = "completion"
_SHELLS: Final = {
    "bash": 'eval "$(rulewright completion bash)" in ~/.bashrc',
    "zsh": 'eval "$(rulewright completion zsh)" in ~/.zshrc, after compinit',
    "fish": "rulewright completion fish > ~/.config/fish/completions/rulewright.fish",
}
_EXAMPLES: Final = """\
examples:
  rulewright import --impact https://vendor.example/docs/video.md
  rulewright regenerate --check
  rulewright rules explain request.json
  rulewright new ../shop --spec openapi.yaml --package our_shop"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the sub-command that the first argument names.

    Returns:
        The sub-command's exit code, 2 for wrong usage.
    """
    if "_ARGCOMPLETE" in os.environ:  # a shell asks what may follow
        _complete(os.environ.get("COMP_LINE", "").split()[1:])
    name, *rest = list(sys.argv[1:] if arguments is None else arguments) or ["--help"]
    if name in {"-h", "--help"}:
        return _show(_usage())
    if name == "--version":
        return _show(version("rulewright"))
    if name == _COMPLETION:
        return run_cli(lambda: _print_completion(rest))
    if name not in _COMMANDS:
        close = difflib.get_close_matches(name, [*_COMMANDS, _COMPLETION], 1)
        hint = f"; did you mean {close[0]}?" if close else ""
        print(f"error: there is no command {printable(name)!r}{hint}\n\n{_usage()}", file=sys.stderr)
        return EXIT_USAGE
    return int(_module(name).main(rest))


def _module(name: str) -> Any:
    # Only the command that runs is imported: schemathesis and the sandbox's server take a second to load.
    return import_module(f"rulewright.commands.{_COMMANDS[name][0]}")


def _show(text: str) -> int:
    def show() -> int:
        print(text)
        return 0

    return run_cli(show)


def _usage() -> str:
    listed = {**{name: about for name, (_, about) in _COMMANDS.items()}, _COMPLETION: "complete commands in a shell"}
    width = max(map(len, listed))
    lines = [f"  {name.ljust(width)}  {about}" for name, about in listed.items()]
    usage = "usage: rulewright [--version] COMMAND ... (COMMAND --help describes one)"
    return "\n".join([usage, "", *lines, "", _EXAMPLES])


def _print_completion(arguments: Sequence[str]) -> int:
    from argcomplete.shell_integration import shellcode  # noqa: PLC0415  this command alone needs it

    options = _completion_parser().parse_args(arguments)
    print(shellcode(["rulewright"], shell=options.shell))
    return 0


def _completion_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="rulewright completion",
        description="Print the script that completes commands, options and values in a shell.",
        epilog="\n".join(["to use it:", *(f"  {shell}: {use}" for shell, use in _SHELLS.items())]),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("shell", metavar="SHELL", choices=tuple(_SHELLS), help=", ".join(_SHELLS))
    return parser


def _complete(words: Sequence[str]) -> None:
    """Print what may follow the words in a shell, and end the process."""
    from argcomplete import autocomplete  # noqa: PLC0415  shells alone need it

    root = argparse.ArgumentParser(prog="rulewright")
    root.add_argument("--version", action="store_true")
    commands = root.add_subparsers()
    for name, (_, about) in _COMMANDS.items():
        parents = [_module(name)._parser()] if words[:1] == [name] else []  # noqa: SLF001  of this program
        commands.add_parser(name, help=about, parents=parents, add_help=not parents, conflict_handler="resolve")
    commands.add_parser(_COMPLETION, parents=[_completion_parser()], add_help=False)
    autocomplete(root)


if __name__ == "__main__":
    sys.exit(main())
