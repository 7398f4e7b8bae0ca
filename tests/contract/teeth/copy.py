"""A copy of the project into which faults are put; the project itself is never touched."""

from __future__ import annotations

import compileall
import contextlib
import os
import py_compile
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.contract.teeth.fault import Fault

ROOT: Final = Path(__file__).resolve().parents[3]
FILES: Final = ("pyproject.toml", "openapi.yaml", "README.md", "LICENSE", "noxfile.py")
FOLDERS: Final = ("overlays", "generated", "scripts", "tests", "bench")
_EFFECTIVE: Final = """
from pathlib import Path
from scripts.document import to_json
from scripts.errors import run_cli
from scripts.merged import merge
from scripts.project import load_project

def write():
    effective = merge(load_project(".")).effective
    Path("generated/openapi.effective.json").write_text(to_json(effective), encoding="utf-8")
    return 0

raise SystemExit(run_cli(write))
"""
_SKIPPED: Final = shutil.ignore_patterns("__pycache__", ".*", "*.orig")


class Copy:
    """A copy of what the tests need.

    Args:
        folder: An empty folder; the copy is made in it.
    """

    def __init__(self, folder: Path) -> None:
        self.root = folder / "project"
        self._sound = folder / "generated"
        self.root.mkdir(parents=True)
        for name in FILES:
            shutil.copy(ROOT / name, self.root / name)
        for name in FOLDERS:
            shutil.copytree(ROOT / name, self.root / name, ignore=_SKIPPED)
        for path in (self.root / "tests/contract/kept").glob("*.json"):
            path.unlink()
        # Checked by hash: a fault that keeps a file's size, seeded within a second, must not be overlooked.
        mode = py_compile.PycInvalidationMode.CHECKED_HASH
        for name in FOLDERS:
            compileall.compile_dir(self.root / name, quiet=2, invalidation_mode=mode)

    @contextlib.contextmanager
    def holding(self, fault: Fault, *, code: bool = True) -> Iterator[str | None]:
        """Put a fault in, and take it out again.

        Args:
            fault: The fault.
            code: Whether what is compiled from it is wanted too, and not the effective spec alone, which is quick.

        Yields:
            Why the changed project could not be regenerated, or None.

        Raises:
            FaultError: It cannot be put in.
        """
        path = self.root / fault.path
        changed = fault.seeded(self.root)
        before = path.read_bytes()
        path.write_text(changed, encoding="utf-8")
        try:
            if not fault.is_compiled:
                yield None
                return
            shutil.copytree(self.root / "generated", self._sound)
            yield self._ran("-m", "scripts.regenerate", "--quiet") if code else self._ran("-c", _EFFECTIVE)
        finally:
            path.write_bytes(before)
            if self._sound.exists():
                shutil.rmtree(self.root / "generated")
                self._sound.rename(self.root / "generated")

    def _ran(self, *arguments: str) -> str | None:
        env = {**os.environ, "PYTHONPATH": str(self.root), "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUTF8": "1"}
        command = [sys.executable, *arguments]
        done = subprocess.run(command, cwd=self.root, env=env, capture_output=True, text=True, check=False)
        return (done.stderr or "no reason was given") if done.returncode else None
