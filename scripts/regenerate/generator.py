"""Run openapi-python-client in a process of its own and refuse anything it left out."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from scripts.emit.names import Names, read_names
from scripts.emit.operations import operations
from scripts.errors import InputError

_ROOT: Final = Path(__file__).resolve().parents[2]
_SHOWN: Final = 20


class Generator:
    """One run of the generator, started at once and collected later.

    Args:
        effective: The file holding the effective spec.
        package: The folder to generate, named like the package; it must not exist.
        scratch: A folder for the report of the names chosen.
    """

    def __init__(self, effective: Path, package: Path, scratch: Path) -> None:
        self._package = package
        self._report = scratch / "names.json"
        self._process = subprocess.Popen(  # noqa: S603  our own module, in this interpreter
            [sys.executable, "-m", "scripts.regenerate._generator_process", effective, package, self._report],
            # a fixed hash seed, because the generator writes some sets in their own order; UTF-8 whatever the locale
            env={**os.environ, "PYTHONHASHSEED": "0", "PYTHONUTF8": "1", "PYTHONPATH": str(_ROOT)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )

    def names(self, document: Any) -> Names:
        """Wait for the generator and return the names it chose.

        Raises:
            InputError: It failed, warned, wrote nothing, or dropped an operation of the document.
        """
        _, errors = self._process.communicate()
        if self._process.returncode or not self._report.exists():
            last = errors.decode(errors="replace").strip().splitlines()[-_SHOWN:]
            raise InputError("openapi-python-client failed:\n  " + "\n  ".join(last or ["without a word"]))
        report: Mapping[str, Any] = json.loads(self._report.read_text(encoding="utf-8"))
        if report["errors"]:
            shown = [line for text in report["errors"][:_SHOWN] for line in text.strip().splitlines()]
            more = len(report["errors"]) - _SHOWN
            tail = [f"... and {more} more"] if more > 0 else []
            raise InputError(
                "openapi-python-client cannot express the whole document, and a client with pieces missing is worse "
                "than none; correct these in an overlay:\n  " + "\n  ".join([*shown, *tail])
            )
        if not (self._package / "__init__.py").is_file():
            raise InputError("openapi-python-client reported success but wrote no package")
        names = read_names(report)
        for operation in operations(document):
            names.operation(operation.method, operation.path)  # raises for one that was dropped
        return names

    def stop(self) -> None:
        """End the process if it still runs."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.communicate()
