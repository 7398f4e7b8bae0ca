"""What goes wrong because of an input, as opposed to a fault of the pipeline itself."""

from __future__ import annotations

import contextlib
import functools
import os
import re
import signal
import sys
import threading
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from typing import Final

EXIT_FAILED: Final = 1
EXIT_USAGE: Final = 2
EXIT_INTERRUPTED: Final = 130


_PLAIN: Final = re.compile(r"[\n\t -~]*").fullmatch


class InputError(Exception):
    """An input cannot be used.

    Args:
        message: What was wrong, what was found and what would be right.
        path: The file the fault is in, as the user named it.
        line: 1-based line in that file, where known.
        pointer: JSON pointer (RFC 6901) to the offending value, where known.
        hint: The way out, shown below the place.
        faults: Those it consists of, each with its place, where there may be several.
    """

    def __init__(
        self,
        message: str,
        *,
        path: str | None = None,
        line: int | None = None,
        pointer: str | None = None,
        hint: str = "",
        faults: Sequence[InputError] = (),
    ) -> None:
        super().__init__(message)
        self.faults = faults
        self.message = message
        self.path = path
        self.line = line
        self.pointer = pointer
        self.hint = hint

    def __str__(self) -> str:
        place = _one_line(self.path or "")
        if place and self.line is not None:
            place += f":{self.line}"
        lines = [f"{place}: {self.message}" if place else self.message]
        if self.pointer is not None:
            lines.append(f"  at {_one_line(self.pointer) or '(document root)'}")
        lines += [f"  {line}" for line in self.hint.splitlines()]
        return printable("\n".join(lines))


def _one_line(name: str) -> str:
    """Escape the line feeds of a name, so that it cannot forge a message of its own."""
    return name.replace("\n", "\\n")


def printable(text: str) -> str:
    r"""Return `text` with control, format and bidirectional characters escaped, so no terminal obeys it.

    Line feeds and tabs stay. A spec is foreign input: `\x1b[2J` in a description must not clear a screen.
    """
    if _PLAIN(text):
        return text  # nearly always; the rest takes a hundred times as long
    return "".join(
        char
        if char in "\n\t" or unicodedata.category(char) not in {"Cc", "Cf", "Cs", "Zl", "Zp"}
        else char.encode("unicode_escape").decode("ascii")
        for char in text
    )


@contextlib.contextmanager
def _terminable() -> Iterator[None]:
    """Let SIGTERM raise KeyboardInterrupt; only the main thread may handle signals."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def run_cli(main: Callable[[], int]) -> int:
    """Run a command line's `main` and turn what an input got wrong into one message and an exit code.

    SIGTERM ends it as Ctrl-C does, so that temporary files and child processes go with it.

    Returns:
        `main`'s own exit code, 1 for an unusable input or an unwritable output, 130 for Ctrl-C and SIGTERM.
    """
    if sys.stdout is None:  # a caller of `--help` or `list` must not take a missing output for an empty one
        print("error: standard output is closed", file=sys.stderr)
        return EXIT_FAILED
    try:
        with _terminable():
            code = main()
            sys.stdout.flush()  # so that an output that is closed or full is one line, not a traceback at the end
            return code
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return EXIT_FAILED
    except UnicodeEncodeError as error:
        print(f"error: the output cannot be shown in {error.encoding}; set PYTHONUTF8=1", file=sys.stderr)
        return EXIT_FAILED
    except OSError as error:
        _drop_output()
        print(f"error: {printable(str(error))}", file=sys.stderr)
        return EXIT_FAILED
    except KeyboardInterrupt:
        print("interrupted; nothing was written", file=sys.stderr)
        return EXIT_INTERRUPTED


def command_line(main: Callable[[Sequence[str] | None], int]) -> Callable[..., int]:
    """Decorate the `main` of a command, which takes its arguments or None for those of the process: see `run_cli`."""

    @functools.wraps(main)
    def run(arguments: Sequence[str] | None = None) -> int:
        return run_cli(lambda: main(arguments))

    return run


def _drop_output() -> None:
    """Drop what standard output still buffers if it cannot be written, or the end of the interpreter fails by it."""
    try:
        sys.stdout.flush()
    except OSError:
        with contextlib.suppress(OSError, ValueError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, sys.stdout.fileno())
            os.close(nowhere)
