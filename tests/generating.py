"""Regenerate in this process: starting a process for the generator takes two seconds, which few tests need."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import CodeType, TracebackType
from typing import Any
from unittest.mock import patch

import jinja2
from rulewright.files import replace_tree
from rulewright.generate.build import build
from rulewright.generate.generator import Generator, GeneratorError, check
from rulewright.generate.openapi_python_client import generate
from rulewright.project import TIMEOUT, load_project


class Inside(Generator):
    """The generator, run in this process.

    Args:
        package: Import name of the package to generate.
        timeout: Ignored.
        folder: Where its temporary files go; None for where the system puts them.
    """

    def __init__(self, package: str, timeout: float = TIMEOUT, folder: Path | None = None) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="inside-", dir=folder)
        self.package = Path(self._folder.name) / "out" / package
        self.package.parent.mkdir()
        self._given = Path(self._folder.name) / "given.json"
        self._started = ""
        self._found: Mapping[str, Any] = {}

    def load(self) -> Any:
        """Load nothing: it is loaded."""

    def start(self, given: str) -> None:
        """Generate at once; repeat nothing for equal input, as the process does not either."""
        if given == self._started:
            return
        self._started = given
        self._given.write_text(given, encoding="utf-8")
        try:
            with contextlib.redirect_stdout(None), _templates_read_once():  # its process says nothing either
                self._found = generate(self._given, self.package)
        except Exception as error:  # whatever ends the generator's process is a refusal
            raise GeneratorError(f"openapi-python-client failed:\n  {type(error).__name__}: {error}") from error

    def report(self) -> Mapping[str, Any]:
        """Return what the generator says of itself, checked as always."""
        return check(self._found, self.package)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._folder.cleanup()


@contextlib.contextmanager
def in_this_process() -> Iterator[None]:
    """Let the commands `regenerate` and `new` run the generator in this process."""
    with patch("rulewright.commands.regenerate.Generator", Inside), patch("rulewright.new.create.Generator", Inside):
        yield


def regenerate(root: Path, folder: Path | None = None) -> None:
    """Build a project and write its output.

    Args:
        root: The project.
        folder: Where temporary files go; None for where the system puts them.
    """
    project = load_project(root)
    with Inside(project.package, folder=folder) as generator:
        replace_tree(project.output, build(project, generator))


@contextlib.contextmanager
def _templates_read_once() -> Iterator[None]:
    """Compile each template of the generator once: that is most of its work, and the same each time."""
    environment: Any = jinja2.Environment
    original = environment.compile
    environment.compile = lambda self, source, *rest, **more: _compiled(original, self, source, *rest, **more)
    try:
        yield
    finally:
        environment.compile = original


_code: dict[Any, CodeType] = {}


def _compiled(original: Callable[..., CodeType], *arguments: Any, **more: Any) -> CodeType:
    key = (*arguments[1:], *more.items())
    if key not in _code:
        _code[key] = original(*arguments, **more)
    return _code[key]
