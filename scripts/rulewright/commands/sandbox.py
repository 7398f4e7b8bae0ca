"""Command line: `rulewright sandbox [DOCUMENT]`."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Final

from rulewright.errors import EXIT_FAILED, InputError, command_line
from rulewright.project import load_project
from rulewright.sandbox import DOCUMENT, Listener, Sandbox, Script, ScriptError, Timing
from rulewright.sandbox.tasks import SANDBOX_TOKEN

EXIT_SIGNAL: Final = 128
"""A signal's number is added."""

_ENDING: Final = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK") if hasattr(signal, name)
)
_FILES: Final = frozenset({".json", ".yaml", ".yml"})


@command_line
def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until interrupted.

    The first line on standard output is the URL alone; the provenance of each operation and rule follows on
    standard error. Ctrl-C and SIGTERM are the normal way to end it.

    Args:
        arguments: Those after `rulewright sandbox`; None takes them from the process.

    Returns:
        128 and the number of the signal that ended it, 1 when it cannot start; argparse exits with 2 on wrong usage.
    """
    options = _parser().parse_args(arguments)
    sandbox = Sandbox(
        _document(options.document),
        token=options.token,
        seed=options.seed,
        timing=options.speed,
        script=options.outcome,
        strict=options.strict,
    )
    return _serve(sandbox, options.host, options.port)


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


def _serve(sandbox: Sandbox, host: str, port: int) -> int:
    """Serve a sandbox until a signal ends it; to be called in the main thread.

    Returns:
        128 and the signal's number.

    Raises:
        InputError: The address cannot be listened on.
    """
    try:
        listener = Listener(sandbox.core, host, port)
    except OSError as error:
        raise InputError(f"cannot listen on {host!r}, port {port}: {error.strerror or error}") from None
    received: list[int] = []

    def end(number: int, _frame: FrameType | None) -> None:
        received.append(number)
        listener.end()

    # uvicorn handles some of these while it runs and raises them again at its end, when they must not kill.
    before = {number: signal.signal(number, end) for number in _ENDING if signal.getsignal(number) != signal.SIG_IGN}
    try:
        print(listener.url, flush=True)
        print(*sandbox.provenance(), sep="\n", file=sys.stderr, flush=True)
        listener.run()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return EXIT_SIGNAL + received[0] if received else EXIT_FAILED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="rulewright sandbox",
        description="Serve an effective document on this machine until Ctrl-C. Standard output is the URL alone.",
        epilog="example: rulewright sandbox --port 8080 --outcome 'failed 502@poll:2-4'",
    )
    parser.add_argument(
        "document",
        nargs="?",
        metavar="DOCUMENT",
        help="effective document (JSON or YAML), or the name of an installed client package that has one"
        " (default: the document of the project in this folder)",
    )
    parser.add_argument("--host", type=_host, default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=_port, default=0, help="port to listen on (default: a free one)")
    parser.add_argument("--token", default=SANDBOX_TOKEN, help="accepted credential (default: %(default)s)")
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


def _host(text: str) -> str:
    try:
        text.encode("idna")
    except UnicodeError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not the name of a host") from error
    return text


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r}: write a number from 0 to 65535")
    return int(text)


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
