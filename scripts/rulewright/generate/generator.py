"""Run openapi-python-client, whose version is pinned, in a process of its own."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Final, Self

from rulewright.errors import InputError
from rulewright.project import TABLE, TIMEOUT

_ROOT: Final = Path(__file__).resolve().parents[2]
_SHOWN: Final = 20


class TimeLimitError(InputError):
    """A program that writes the output was stopped, because it took too long."""

    def __init__(self, program: str, seconds: float) -> None:
        super().__init__(
            f"{program} was stopped, as it did not end within {seconds:g} seconds\n"
            f"  if the document is only large, set a longer timeout in {TABLE} of pyproject.toml"
        )


class GeneratorError(InputError):
    """The generator ended without a word that a user could act on."""


class Generator:
    """One run of the generator; its process can load the tool while the effective spec is still being made.

    A context manager: on leaving, the process, if there was one, and its files are gone.

    Args:
        package: Import name of the package to generate.
        timeout: The seconds it may take.
    """

    def __init__(self, package: str, timeout: float = TIMEOUT) -> None:
        self._timeout = timeout
        self._folder = tempfile.TemporaryDirectory(prefix="regenerate-")
        root = Path(self._folder.name)
        self.package = root / "out" / package
        self.package.parent.mkdir()
        self._given = root / "given.json"
        self._report = root / "names.json"
        self._started = ""
        self._found: Mapping[str, Any] | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._lifeline: IO[bytes] | None = None

    def load(self) -> subprocess.Popen[bytes]:
        """Start the process, unless it runs: it loads the tool and waits."""
        if self._process is not None:
            return self._process
        command = [sys.executable, "-m", "rulewright.generate._generator_process"]
        self._process = subprocess.Popen(  # noqa: S603  our own module, in this interpreter
            [*command, self._given, self.package, self._report],
            # a fixed hash seed, because the generator writes some sets in their own order; UTF-8 whatever the locale
            env={**os.environ, "PYTHONHASHSEED": "0", "PYTHONUTF8": "1", "PYTHONPATH": str(_ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        # `communicate` would close it, and the process ends once it is closed: by us, or by our death
        self._lifeline, self._process.stdin = self._process.stdin, None
        return self._process

    def start(self, given: str) -> None:
        """Let the generator work on what `rewrites.generator_input` returns; it works on the same only once."""
        if given == self._started:
            return
        self._started = given
        self._given.write_text(given, encoding="utf-8")
        self.load()
        if self._lifeline is not None:
            with contextlib.suppress(BrokenPipeError):  # it has ended already; `report` says why
                self._lifeline.write(b"\n")
                self._lifeline.flush()

    def report(self) -> Mapping[str, Any]:
        """Wait for the generator and return what it says of itself: the names it chose, and what it left out.

        Raises:
            InputError: It failed, wrote nothing or took too long.
        """
        if self._found is not None:
            return self._found
        process = self.load()
        try:
            _, errors = process.communicate(timeout=self._timeout)
        except subprocess.TimeoutExpired as error:
            raise TimeLimitError("openapi-python-client", self._timeout) from error
        if process.returncode or not self._report.exists():
            last = errors.decode(errors="replace").strip().splitlines()[-_SHOWN:]
            raise GeneratorError("openapi-python-client failed:\n  " + "\n  ".join(last or ["without a word"]))
        report: Mapping[str, Any] = json.loads(self._report.read_text(encoding="utf-8"))
        self._found = check(report, self.package)
        return self._found

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.communicate()
        if self._lifeline is not None:
            with contextlib.suppress(BrokenPipeError):
                self._lifeline.close()
        self._folder.cleanup()


def check(report: Mapping[str, Any], package: Path) -> Mapping[str, Any]:
    """Return the report of a run, refusing one that wrote nothing although it complained of nothing.

    Raises:
        InputError: There is no package.
    """
    if not report["errors"] and not (package / "__init__.py").is_file():
        raise InputError("openapi-python-client reported success but wrote no package")
    if "operations" not in report:  # it gave up before it came to any
        raise InputError("openapi-python-client cannot read the document:\n  " + "\n  ".join(report["errors"]))
    return report


# openapi-python-client before 0.29.1 executes code from hostile documents; ruff's version decides the layout.
PINNED: Final = {"openapi-python-client": "0.29.1", "ruff": "0.17.6"}


def check_tools() -> None:
    """Refuse to work with a missing tool or another version: the output would differ without a reason.

    Raises:
        InputError: It names the tool, the version found, and how to install the right one.
    """
    for name, wanted in PINNED.items():
        found = _installed_version(name)
        if found != wanted:
            state = "is not installed" if found is None else f"is installed as {found}"
            raise InputError(
                f"{name} {wanted} is needed to regenerate, but it {state}\n"
                f"  run: python -m pip install {name}=={wanted}   (or: nox -s regenerate, which installs it)"
            )


def ruff_binary() -> Path:
    """Return the formatter's program, the one installed beside this interpreter.

    Raises:
        InputError: The package is there but its program is not.
    """
    try:
        return Path(import_module("ruff").find_ruff_bin())  # by name: its absence has been reported before
    except (ImportError, FileNotFoundError) as error:
        raise InputError("ruff is installed, but its program is missing; install it again") from error


def _installed_version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
