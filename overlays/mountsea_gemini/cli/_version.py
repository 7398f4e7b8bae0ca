"""Which version of the package runs."""

from __future__ import annotations

import tomllib
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

from .._particular import DISTRIBUTION

CHECKOUT: Final = Path(__file__).resolve().parents[3]
"""The project's folder, where the package runs from a checkout; any folder otherwise."""


def running_version(checkout: Path = CHECKOUT) -> str:
    """Return the version: the project file's in a checkout, installed or not, else the installed one's."""
    try:
        project = tomllib.loads((checkout / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        if project["name"] == DISTRIBUTION:
            return str(project["version"])
    except (OSError, ValueError, LookupError, TypeError):
        pass  # no checkout, or that of a program which holds a copy of this package
    try:
        return version(DISTRIBUTION)
    except PackageNotFoundError:
        return "unknown: it runs from a copy that was not installed"
