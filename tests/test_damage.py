"""Every command answers damaged inputs with a message and a documented exit code, and changes no file.

No command ends with a traceback, runs forever or writes a part of its output.
"""

from __future__ import annotations

import contextlib
import functools
import io
import shutil
import signal
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from rulewright.commands import regenerate
from rulewright.commands.impact import main as impact
from rulewright.commands.importing import main as import_page
from rulewright.commands.overlay import main as overlay
from rulewright.commands.rules import main as rules
from rulewright.errors import run_cli
from rulewright.files import read_tree
from rulewright.generate.build import build
from rulewright.generate.generator import Generator
from rulewright.project import load_project

from tests.damage import PAGES, Damaged, write_damaged
from tests.generating import Inside

SECONDS: Final = 60
"""Limit for one command, after which it counts as endless; a command needs a fraction of a second."""
IMPACT: Final = (0, 1, 10, 20, 30)
GROUPS: Final = 8
PARTS: Final = 3
EACH: Final = 12
LONG: Final = 500


class NeverEndingError(BaseException):
    """A command did not end."""


class Reached(BaseException):
    """Regeneration came as far as it is tried."""


class Front(Generator):
    """Replace the generator: return the report of the undamaged project, and stop before files are formatted."""

    seed: Path

    def __init__(self, package: str, timeout: float) -> None:
        """Start nothing."""

    def load(self) -> Any:
        """Load nothing."""

    def start(self, given: str) -> None:
        """Generate nothing; the report is known."""

    def report(self) -> Any:
        """Return the report of the undamaged project."""
        return _report(self.seed)

    @property
    def package(self) -> Path:  # type: ignore[override]
        """Where the files are that would be formatted now."""
        raise Reached

    def __exit__(self, *_: object) -> None:
        """Leave nothing behind."""


@functools.cache
def _report(seed: Path) -> Any:
    project = load_project(seed)
    with Inside(project.package) as generator:
        build(project, generator)
        return generator.report()


@contextlib.contextmanager
def limit_time() -> Iterator[None]:
    """Raise if the block takes too long, on systems with SIGALRM."""

    def stop(*_: object) -> None:
        raise NeverEndingError

    if not hasattr(signal, "SIGALRM"):
        yield
        return
    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def commands(found: Damaged, folder: Path) -> Iterator[tuple[str, Callable[[], int], tuple[int, ...]]]:
    """Yield each command over a damaged project by name, with its exit codes."""
    imported = str(folder / "imported.yaml")
    if found.seed == PAGES:
        yield "import", lambda: import_page([str(found.root), "-o", imported]), (0, 1)
        yield "impact of pages", lambda: impact([str(PAGES), str(found.root), "--project", str(folder)]), IMPACT
        return
    root, seed = str(found.root), str(found.seed)
    project = load_project(root)
    overlays = [str(each) for each in project.overlays]
    if found.file == project.spec:
        yield "import", lambda: import_page([str(project.spec), "-o", imported]), (0, 1)
    merged = str(folder / "merged.json")
    yield "overlay", lambda: overlay([str(project.spec), *overlays, "-o", merged]), (0, 1)
    yield "rules check", lambda: rules(["check", "--project", root]), (0, 1)
    yield "rules analyse", lambda: rules(["analyse", "--project", root]), (0, 1)
    yield "regenerate", lambda: regenerate.main(["--project", root]), (0, 1)
    yield "impact", lambda: impact([seed, root]), IMPACT
    yield "impact, the other way", lambda: impact([root, seed, "--format", "json"]), IMPACT


def find_failures(found: Damaged, folder: Path) -> Iterator[str]:
    """Run every command over a damaged project, and yield what is wrong with how one ended."""
    Front.seed = found.seed
    before = read_tree(folder)
    for name, command, codes in commands(found, folder):
        out, error = io.StringIO(), io.StringIO()
        code: int | None = None
        try:
            with limit_time(), contextlib.redirect_stdout(out), contextlib.redirect_stderr(error):
                code = run_cli(command)
        except Reached:
            continue
        except BaseException:  # noqa: BLE001  whatever it is, it is what is looked for
            yield f"{name}: {traceback.format_exc()}"
            continue
        if code not in codes:
            yield f"{name}: exit code {code}"
        elif code == 1 and not (error.getvalue() + out.getvalue()).strip():
            yield f"{name}: failed without a message"
        elif "Traceback" in error.getvalue():
            yield f"{name}: {error.getvalue()}"
        after = read_tree(folder)
        if code == 1 and after != before:
            yield f"{name}: failed and changed {sorted(dict(after.items() ^ before.items()))}"
        before = after


@pytest.fixture
def front(monkeypatch: pytest.MonkeyPatch) -> None:
    """Regeneration ends before anything is formatted, without having run the generator."""
    monkeypatch.setattr(regenerate, "Generator", Front)


@pytest.mark.usefixtures("front")
@pytest.mark.parametrize(
    ("group", "size"),
    [
        *(pytest.param(str(group), EACH, id=str(group)) for group in range(PARTS)),
        *(pytest.param(f"long {group}", LONG, id=f"long-{group}", marks=pytest.mark.heavy) for group in range(GROUPS)),
    ],
)
def test_damaged_input_is_refused_and_changes_nothing(tmp_path: Path, group: str, size: int) -> None:
    """Dozens of damaged inputs in each run, some thousand in the long one; the same ones each time."""
    wrong = []
    for number in range(size):
        folder = tmp_path / str(number)
        found = write_damaged(f"{group}/{number}", folder)
        wrong += [f"{group}/{number}: {found.what}\n  {each}" for each in find_failures(found, folder)]
        shutil.rmtree(folder)
    assert not wrong, "\n\n".join(wrong)


@pytest.mark.parametrize("number", range(6))
def test_damaged_input_is_refused_by_the_whole_build(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """The generator and the formatter run; a build that succeeds is complete."""
    monkeypatch.setattr(regenerate, "Generator", Inside)
    found = write_damaged(f"whole {number}", tmp_path)
    assert not list(find_failures(found, tmp_path)), found.what
