"""The name of a new project's package: an import name that hides nothing and stays in its folder."""

from __future__ import annotations

import keyword
import re
import sys
from importlib.metadata import packages_distributions
from typing import Final

from rulewright.errors import InputError

_NAME: Final = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_LONGEST: Final = 50
_FOLDERS: Final = frozenset({"conftest", "generated", "noxfile", "overlays", "scripts", "tests"})
# Names of devices, which no file on Windows can have.
_DEVICES: Final = frozenset({"aux", "con", "nul", "prn", *(f"{kind}{n}" for kind in ("com", "lpt") for n in range(10))})
API: Final = "_api"


def check_name(name: str) -> str:
    """Return the name of a package, if one can be called so.

    Args:
        name: The import name of the hand-written package; the generated one is called the same with `_api`.

    Raises:
        InputError: It is no such name; says why.
    """
    if not _NAME.fullmatch(name) or len(name) > _LONGEST:
        wanted = f"small letters, digits and single underscores, a letter first, at most {_LONGEST} characters"
        raise InputError(f"--package must be {wanted}, got {name!r:.80}")
    if reason := _taken(name) or _taken(name + API):
        raise InputError(f"--package cannot be {name}: {reason}; choose another name")
    return name


def _taken(name: str) -> str | None:
    if keyword.iskeyword(name) or keyword.issoftkeyword(name):
        return f"{name} is a word of Python's"
    if name in sys.stdlib_module_names:
        return f"it would hide the module {name} of Python's library"
    if name in _FOLDERS:
        return f"{name} is a part of every project"
    if name in _DEVICES:
        return f"{name} is the name of a device on Windows"
    if name in packages_distributions():
        return f"it would hide the installed package {name}, of {packages_distributions()[name][0]}"
    return None
