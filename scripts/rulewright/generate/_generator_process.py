"""The generator's process, started by `generator`: it loads the tool, waits for the effective spec, and works on it.

A process, because the generator's set order depends on PYTHONHASHSEED, which is fixed at interpreter start. It ends
when its standard input is closed, which happens however the process that started it ends.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType
from typing import Final

_UNUSED: Final = ("httpcore", "httpx")
"""The generator fetches documents with these. It is given files, and loading them is a third of its start."""


_STDIN: Final = 0
"""Read below Python's buffers: a thread that waits inside one makes the end of the interpreter a fatal error."""


def without_http() -> None:
    """Put empty modules where the generator imports an HTTP client; any use of one would be an error."""
    sys.modules.update({name: ModuleType(name) for name in _UNUSED})


def _run(arguments: Iterable[str]) -> None:
    without_http()
    from rulewright.generate.openapi_python_client import generate  # noqa: PLC0415  it imports what has just been replaced

    spec, package, names = map(Path, arguments)
    if not os.read(_STDIN, 1):
        return  # the command that writes the input has failed
    threading.Thread(target=_end_with_the_parent, daemon=True).start()
    names.write_text(json.dumps(generate(spec, package)), encoding="utf-8")


def _end_with_the_parent() -> None:
    os.read(_STDIN, 1)
    os._exit(1)


if __name__ == "__main__":
    _run(sys.argv[1:])
