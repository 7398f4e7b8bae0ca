"""The sandbox's command line."""

from __future__ import annotations

import argparse
import gc
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Final

from ._sandbox import Sandbox
from ._script import Script, ScriptError, Timing
from ._spec import SpecError

EXIT_FAILED: Final = 1
EXIT_USAGE: Final = 2
EXIT_SIGNAL: Final = 128
"""A signal's number is added."""

_ENDING: Final = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK") if hasattr(signal, name)
)


class CannotListen(Exception):  # noqa: N818
    """The address cannot be listened on."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until interrupted.

    The first line on standard output is the URL alone; the provenance of each operation and rule follows on
    standard error. Ctrl-C and SIGTERM are the normal way to end it.

    Args:
        arguments: Those after the program's name; None takes them from the process.

    Returns:
        128 and the number of the signal that ended it; 2 for an option that cannot be used, as argparse exits on
        wrong usage; 1 for any other failure.
    """
    options = _parser().parse_args(arguments)
    try:
        return run(_sandbox(options), options.host, options.port)
    except (SpecError, ScriptError, CannotListen) as error:
        print(f"error: {error}", file=sys.stderr)
        return EXIT_USAGE
    except OSError as error:
        print(f"error: {error}", file=sys.stderr)
        return EXIT_FAILED


def _sandbox(options: argparse.Namespace) -> Sandbox:
    try:
        return Sandbox(
            options.spec,
            token=options.token,
            seed=options.seed,
            timing=options.speed,
            script=options.outcome,
            strict=options.strict,
        )
    except (AttributeError, KeyError, TypeError) as error:
        if options.spec is None:
            raise
        raise SpecError(f"{options.spec}: this is not an effective document: {type(error).__name__}: {error}") from None


def run(sandbox: Sandbox, host: str = "127.0.0.1", port: int = 0) -> int:
    """Serve a sandbox until a signal ends it; to be called in the main thread.

    Returns:
        128 and the signal's number.

    Raises:
        CannotListen: The address cannot be listened on.
    """
    from ._server import Listener  # noqa: PLC0415  `--help` needs no server

    try:
        listener = Listener(sandbox.core, host, port)
    except OSError as error:
        raise CannotListen(f"cannot listen on {host!r}, port {port}: {error}") from None
    received: list[int] = []

    def end(number: int, _frame: FrameType | None) -> None:
        received.append(number)
        listener.end()

    # uvicorn handles some of these while it runs and raises them again at its end, when they must not kill.
    before = {number: signal.signal(number, end) for number in _ENDING if signal.getsignal(number) != signal.SIG_IGN}
    try:
        print(listener.url, flush=True)
        print(*sandbox.labels(), sep="\n", file=sys.stderr, flush=True)
        gc.collect()
        gc.freeze()  # what was made so far stays to the end and need not be scanned again
        listener.run()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return EXIT_SIGNAL + received[0] if received else EXIT_FAILED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="sandbox", description="A local server that behaves as the effective spec says."
    )
    parser.add_argument("--spec", type=Path, help="effective document as JSON (default: this package's own)")
    parser.add_argument("--host", type=_host, default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=_port, default=0, help="port to listen on (default: a free one)")
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
        help="outcome of tasks, such as failed, flaky, never, '502@poll:2-4' (default: success)",
    )
    parser.add_argument("--strict", action="store_true", help="refuse bodies that break warning-level rules too")
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
