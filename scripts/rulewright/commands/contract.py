"""Command line: `rulewright contract [CLIENT]`."""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import os
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Any, Final, NoReturn

from rulewright.errors import EXIT_FAILED, EXIT_INTERRUPTED, EXIT_USAGE, InputError, command_line
from rulewright.findings import FINDING_FORMATS, Finding
from rulewright.project import load_project

_NEEDED: Final = ("pytest", "schemathesis")


@command_line
def main(arguments: Sequence[str] | None = None) -> int:
    """Hold a client, its rules and a server to the effective document.

    Args:
        arguments: Those after `rulewright contract`; None takes them from the process.

    Returns:
        0 if the contract is kept, 1 if it is broken or nothing was tried, 2 for wrong usage, 130 for Ctrl-C and 143
        for SIGTERM.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    passed = given.index("--") if "--" in given else len(given)
    options = _parser().parse_args(given[:passed])
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        print(f"error: contract checks need {missing[0]}: pip install 'rulewright[contract]'", file=sys.stderr)
        return EXIT_USAGE
    try:
        if options.client is None:  # that of the project in this folder
            project = load_project(".")
            sys.path[:0] = [str(project.root / folder) for folder in ("overlays", "generated")]
            options.client = project.package
        if options.url:
            from rulewright.contract.client import ClientPackage  # noqa: PLC0415  the libraries it needs may be missing
            from rulewright.contract.contract import Contract  # noqa: PLC0415
            from rulewright.contract.live import announcement, check_alive, check_url, plan, token_for  # noqa: PLC0415

            package = ClientPackage(options.client)
            url = check_url(options.url)
            if not options.dry_run:
                token_for(url, package.variable)
                check_alive(url)
            planned = plan(Contract(package.document), options.allow_spending)
            print(*announcement(planned, url), sep="\n", file=sys.stderr, flush=True)
        return 0 if options.dry_run else _run(options, given[passed + 1 :])
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return EXIT_USAGE


def _run(options: argparse.Namespace, more: Sequence[str]) -> int:
    import pytest  # noqa: PLC0415  it may be missing

    from rulewright.contract import plugin  # noqa: PLC0415

    live = plugin.SUITE / "test_live.py"
    tests = [str(live)] if options.url else [str(plugin.SUITE), f"--ignore={live}"]
    # What else is installed must not change a verdict; a plugin that somebody wants is named after --.
    plugins = ("no:cacheprovider", "_hypothesis_pytestplugin", "schemathesis.pytest.plugin")
    own = ["-c", str(plugin.SUITE / "pytest.ini"), "--rootdir", str(Path.cwd()), "--disable-plugin-autoload", "-q"]
    ended: list[int] = []

    def terminate(number: int, _: FrameType | None) -> NoReturn:
        ended.append(number)
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, terminate)
    try:
        with tempfile.TemporaryDirectory() as folder:
            os.environ.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", folder)  # else it writes into this one
            own += [word for name in plugins for word in ("-p", name)]
            failures = _Failures(options)
            # the findings alone are printed on standard output, where there is a program to read them
            with contextlib.redirect_stdout(sys.stdout if options.format == "text" else sys.stderr):
                code = pytest.main([*own, *more, *tests], plugins=[plugin, failures])
            if options.format != "text":
                print(FINDING_FORMATS[options.format](failures.found, "contract"), end="")
    finally:
        signal.signal(signal.SIGTERM, before)
    if code == pytest.ExitCode.INTERRUPTED:
        return 128 + ended[0] if ended else EXIT_INTERRUPTED
    return {pytest.ExitCode.OK: 0, pytest.ExitCode.USAGE_ERROR: EXIT_USAGE}.get(pytest.ExitCode(code), EXIT_FAILED)


class _Failures:
    """A plugin of pytest that hands on the options, and keeps each failed check as a finding."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._options = options
        self.found: list[Finding] = []

    def pytest_configure(self, config: Any) -> None:
        """Hand on the options; pytest asks the plugin it was given last first."""
        from rulewright.contract.plugin import OPTIONS  # noqa: PLC0415

        config.stash[OPTIONS] = self._options

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Note a failed check, or one that could not be run."""
        if report.failed:
            name = report.nodeid.rpartition("::")[2]
            self.found.append(Finding(name.partition("[")[0], "error", f"{name}\n{report.longreprtext}"))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="rulewright contract",
        description="Hold a client, its compiled rules and a server to the effective document. Without --url the server"
        " is a sandbox in this process, and nothing is sent anywhere.",
        epilog="Options after -- go to pytest, which runs the checks: -- -k tasks -x --junitxml FILE",
    )
    parser.add_argument(
        "client", nargs="?", metavar="CLIENT", help="import name of the client (default: the project in this folder)"
    )
    for option, purpose in (
        ("--check", "run only this check, such as credentials"),
        ("--skip", "leave out this check"),
    ):
        parser.add_argument(option, action="append", default=[], metavar="NAME", help=f"{purpose}; may be repeated")
    parser.add_argument("--format", choices=("text", *FINDING_FORMATS), default="text", help="of what fails (text)")
    parser.add_argument("--seeds", type=_count, default=0, metavar="N", help="generate requests with N random seeds")
    parser.add_argument("--long", action="store_true", help="try many more generated requests and answers")
    live = parser.add_argument_group("a server at an address")
    live.add_argument("--url", help="the server to check instead: only requests that must be refused are sent")
    live.add_argument(
        "--allow-spending",
        type=_count,
        default=0,
        metavar="N",
        help="send at most N valid requests, which may be billed",
    )
    live.add_argument("--dry-run", action="store_true", help="print what would be sent, and send nothing")
    return parser


def _count(value: str) -> int:
    if not value.isdecimal():
        raise argparse.ArgumentTypeError(f"{value!r} must be a number, such as 3")
    return int(value)
