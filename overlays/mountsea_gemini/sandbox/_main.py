"""The sandbox's command line."""

from __future__ import annotations

import argparse
import gc
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from ._sandbox import Sandbox
from ._script import Script, ScriptError, Timing
from ._spec import SpecError

EXIT_FAILED = 1


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until interrupted.

    The first line on standard output is the URL alone; what follows on standard error is how sure each
    operation and rule is. Ctrl-C and SIGTERM are the normal way to end it.

    Args:
        arguments: Those after the program's name; None takes them from the process.

    Returns:
        0 after Ctrl-C or SIGTERM, 1 when it cannot start; argparse exits with 2 on wrong usage.
    """
    options = _parser().parse_args(arguments)
    try:
        sandbox = Sandbox(
            options.spec,
            token=options.token,
            seed=options.seed,
            timing=options.speed,
            script=options.outcome,
            strict=options.strict,
        )
        return run(sandbox, options.host, options.port)
    except (SpecError, ScriptError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return EXIT_FAILED


def run(sandbox: Sandbox, host: str = "127.0.0.1", port: int = 0) -> int:
    """Serve a sandbox until SIGINT or SIGTERM; to be called in the main thread.

    Returns:
        0.

    Raises:
        OSError: The address cannot be listened on.
    """
    from ._server import Listener  # noqa: PLC0415  `--help` needs no server

    listener = Listener(sandbox.core, host, port)
    signals = (signal.SIGINT, signal.SIGTERM)
    # uvicorn takes these over while it runs and raises them again at its end, when they must not kill.
    before = {number: signal.signal(number, lambda *_: listener.end()) for number in signals}
    try:
        print(listener.url, flush=True)
        print(*sandbox.labels(), sep="\n", file=sys.stderr, flush=True)
        gc.collect()
        gc.freeze()  # what was made so far stays to the end; no need to look at it again and again
        listener.run()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="sandbox", description="A local server that behaves as the effective spec says."
    )
    parser.add_argument("--spec", type=Path, help="effective spec as JSON (default: the one that comes along)")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=0, help="port to listen on (default: a free one)")
    parser.add_argument("--token", default="sandbox", help="accepted credential (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="decides the ids of tasks (default: %(default)s)")
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
        help="what becomes of tasks, such as failed, flaky, never, '502@poll:2-4' (default: success)",
    )
    parser.add_argument("--strict", action="store_true", help="refuse bodies that break warning-level rules too")
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
