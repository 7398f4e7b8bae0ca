"""What an upgrade means for callers: the impact between what a copy was generated from and the project as it is."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Final

from scripts.errors import InputError
from scripts.project import Project
from scripts.vendor.copy import INPUTS

_ROOT: Final = Path(__file__).resolve().parents[2]


def impact(copy: Path, project: Project) -> str:
    """Return the impact report, as text.

    Raises:
        InputError: The copy does not hold what it was generated from, or the comparison fails.
    """
    old = copy / INPUTS
    if not (old / "pyproject.toml").is_file():
        raise InputError("is missing, so what changed since cannot be told", path=old.as_posix())
    command = [sys.executable, "-m", "scripts.impact", str(old.resolve()), str(project.root), "--format", "text"]
    # Started at the pipeline's own root, since the module is found from there whatever the caller's folder is.
    done = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, check=False)  # noqa: S603
    if not done.stdout.strip():
        raise InputError(f"the impact cannot be told:\n{done.stderr.strip()[-2000:]}")
    return done.stdout.strip()
