"""What an upgrade means for callers: the impact between what a copy was generated from and the project as it is."""

from __future__ import annotations

from pathlib import Path

from rulewright.errors import InputError
from rulewright.impact.formats import render_text
from rulewright.impact.report import compare
from rulewright.impact.revision import read
from rulewright.project import Project
from rulewright.vendoring.copy import INPUTS


def impact(copy: Path, project: Project) -> str:
    """Return the impact report, as text.

    Changes the maintainer accepted are shown all the same: whoever holds the copy has accepted nothing yet.

    Raises:
        InputError: The copy does not hold what it was generated from, or the comparison fails.
    """
    old = copy / INPUTS
    if not (old / "pyproject.toml").is_file():
        raise InputError("is missing, so the changes since then are unknown", path=old.as_posix())
    return render_text(compare(read(str(old), project.root), read(str(project.root), project.root), ())).rstrip("\n")
