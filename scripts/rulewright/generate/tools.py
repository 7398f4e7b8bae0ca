"""The pinned tools that decide the bytes of the output."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

from rulewright.errors import InputError

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
