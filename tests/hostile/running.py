"""Run one hostile case through the whole pipeline, in this process, and look at everything it left."""

from __future__ import annotations

import contextlib
import io
import re
import shutil
from dataclasses import dataclass, field
from pathlib import Path

from rulewright.commands.importing import main as import_page
from rulewright.errors import run_cli

from tests.generating import regenerate

CASES = Path(__file__).parent / "cases"
BASE = Path(__file__).resolve().parents[1] / "projects/parcels/openapi.yaml"
CODE = b"open(bytes([99]),bytes([119]).decode())"
"""Python that makes a file named c in the working directory; without quotes, so that it fits into any literal."""
CANARIES = ("c", "canary")
HEADER = 2
"""Lines at the head of each case: what must come of it, and what it tries."""


@dataclass(frozen=True)
class Case:
    """One file under `cases`: its name ends in what it is (.spec.yaml, .overlay.yaml, .page.md)."""

    path: Path

    @property
    def outcome(self) -> str:
        """`generated`, or `refused: PART OF THE MESSAGE`."""
        found = re.match(r"(?:#|<!--) outcome: (.*?)(?: -->)?\n", self.path.read_text("utf-8", "surrogateescape"))
        assert found is not None, f"{self.path.name} does not begin with its outcome"
        return found[1]

    @property
    def package(self) -> str:
        """A name of its own, so that every case's package can be imported beside the others."""
        return "case_" + re.sub(r"\W", "_", self.path.name.partition(".")[0])


@dataclass
class Outcome:
    """What became of a case."""

    code: int
    said: str
    root: Path
    output: Path
    files: list[str] = field(default_factory=list)


def run(case: Case, folder: Path) -> Outcome:
    """Make a project of a case and run the pipeline on it.

    Args:
        case: The case; `@CODE@` in it is Python that makes the canary, `@CANARY@` the canary's path.
        folder: An empty folder; the canary is `folder/canary`.
    """
    root = folder / "project"
    (root / "overlays").mkdir(parents=True)
    canary = (folder / "canary").as_posix()
    text = case.path.read_bytes()
    text = text.replace(b"@CODE@", CODE)
    text = text.replace(b"@CANARY_POINTER@", canary.replace("/", "~1").encode()).replace(b"@CANARY@", canary.encode())
    overlays = "[]"
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        if case.path.name.endswith(".overlay.yaml"):
            shutil.copy(BASE, root / "openapi.yaml")
            (root / "case.overlay.yaml").write_bytes(text)
            overlays = '["case.overlay.yaml"]'
        elif case.path.name.endswith(".spec.yaml"):
            (root / "openapi.yaml").write_bytes(text)
        table = f'[tool.rulewright]\nspec = "openapi.yaml"\noverlays = {overlays}\n'
        table += f'package = "{case.package}"\noutput = "generated"\n'
        (root / "pyproject.toml").write_text(table, encoding="utf-8")
        code = 0
        with contextlib.chdir(root):
            if case.path.name.endswith(".page.md"):
                Path("page.md").write_bytes(b"\n".join(text.split(b"\n")[HEADER:]))
                code = run_cli(lambda: import_page(["page.md"]))
            code = code or run_cli(lambda: _regenerate(folder))
    files = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir())
    return Outcome(code, out.getvalue(), root, root / "generated", files)


def _regenerate(folder: Path) -> int:
    regenerate(Path(), folder)
    return 0
