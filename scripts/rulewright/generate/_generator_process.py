"""The generator's process, started by `generator`: it loads the tool, waits for the effective spec, and works on it.

A process, because the generator's set order depends on PYTHONHASHSEED, which is fixed at interpreter start.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType
from typing import Final

_UNUSED: Final = ("httpcore", "httpx")
"""The generator fetches documents with these. It is given files, and loading them is a third of its start."""


def without_http() -> None:
    """Put empty modules where the generator imports an HTTP client; any use of one would be an error."""
    sys.modules.update({name: ModuleType(name) for name in _UNUSED})


def _run(arguments: Iterable[str]) -> None:
    without_http()
    from rulewright.generate.openapi_python_client import generate  # noqa: PLC0415  it imports what has just been replaced

    spec, package, names = map(Path, arguments)
    sys.stdin.read()  # until it is closed: then the spec is there
    if not spec.exists():
        return  # whoever should have written it has failed
    names.write_text(json.dumps(generate(spec, package)), encoding="utf-8")


if __name__ == "__main__":
    _run(sys.argv[1:])
