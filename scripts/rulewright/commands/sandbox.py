"""Command line: `rulewright sandbox [DOCUMENT]`."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from rulewright.errors import InputError, run_cli
from rulewright.project import load_project
from rulewright.sandbox import DOCUMENT, Listener, Sandbox, Script, ScriptError, Timing

_FILES: Final = frozenset({".json", ".yaml", ".yml"})


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until interrupted.

    The first line on standard output is the URL alone; the provenance of each operation and rule follows on
    standard error. Ctrl-C and SIGTERM are the normal way to end it.

    Args:
        arguments: Those after `rulewright sandbox`; None takes them from the process.

    Returns:
        0 after Ctrl-C or SIGTERM, 1 when it cannot start; argparse exits with 2 on wrong usage.
    """
    options = _parser().parse_args(arguments)
    return run_cli(lambda: _run(options))


def _run(options: argparse.Namespace) -> int:
    sandbox = Sandbox(
        _document(options.document),
        token=options.token,
        seed=options.seed,
        timing=options.speed,
        script=options.outcome,
        strict=options.strict,
    )
    _serve(sandbox, options.host, options.port)
    return 0


def _document(given: str | None) -> Path | str:
    """Return the file or the client package that the argument names; without one, the document of the project here.

    Raises:
        InputError: There is neither a project here nor its document.
    """
    if given is None:
        path = load_project(".").output / DOCUMENT
        if not path.is_file():
            raise InputError("there is no effective document yet\n  run: rulewright regenerate", path=path.as_posix())
        return path
    path = Path(given)
    return path if path.suffix.lower() in _FILES or len(path.parts) > 1 or path.is_file() else given


def _serve(sandbox: Sandbox, host: str, port: int) -> None:
    """Serve a sandbox until SIGINT or SIGTERM; to be called in the main thread.

    Raises:
        OSError: The address cannot be listened on.
    """
    listener = Listener(sandbox.core, host, port)
    signals = (signal.SIGINT, signal.SIGTERM)
    # uvicorn takes these over while it runs and raises them again at its end, when they must not kill.
    before = {number: signal.signal(number, lambda *_: listener.end()) for number in signals}
    try:
        print(listener.url, flush=True)
        print(*sandbox.provenance(), sep="\n", file=sys.stderr, flush=True)
        listener.run()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="rulewright sandbox",
        description="Serve an effective document on this machine until Ctrl-C. Standard output is the URL alone.",
    )
    parser.add_argument(
        "document",
        nargs="?",
        metavar="DOCUMENT",
        help="effective document (JSON or YAML), or the name of an installed client package that has one"
        " (default: the document of the project in this folder)",
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=0, help="port to listen on (default: a free one)")
    parser.add_argument("--token", default="sandbox", help="accepted credential (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the task ids (default: %(default)s)")
    parser.add_argument(
        "--speed",
        type=_speed,
        default=Timing(),
        metavar="now|polls=N|seconds=N",
        help="how long each state of a task lasts (default: polls=1)",
    )
    parser.add_argument(
        "--outcome",
        type=_script,
        default=Script(),
        metavar="SCRIPT",
        help="how tasks end and what fails on the way, such as failed, flaky, never, '502@poll:2-4' (default: success)",
    )
    parser.add_argument("--strict", action="store_true", help="enforce rules of level warning too")
    return parser


def _speed(text: str) -> Timing:
    script = _script(text)
    if script.timing is None or script != Script(timing=script.timing):
        raise argparse.ArgumentTypeError(f"{text!r}: write now, polls=N or seconds=N")
    return script.timing


def _script(text: str) -> Script:
    try:
        return Script.parse(text)
    except ScriptError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
