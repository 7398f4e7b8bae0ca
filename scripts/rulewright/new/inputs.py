"""What a new project is given: the name of its package, and the requirement that installs the tool."""

from __future__ import annotations

import json
import keyword
import re
import sys
from importlib.metadata import Distribution, PackageNotFoundError, distribution, packages_distributions
from pathlib import Path
from typing import Final

from rulewright.errors import InputError

_NAME: Final = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_LONGEST: Final = 50
_FOLDERS: Final = frozenset({"conftest", "generated", "noxfile", "overlays", "scripts", "tests"})
# Names of devices, which no file on Windows can have.
_DEVICES: Final = frozenset({"aux", "con", "nul", "prn", *(f"{kind}{n}" for kind in ("com", "lpt") for n in range(10))})


def check_name(name: str) -> str:
    """Return the name of a package, if one can be called so.

    Args:
        name: The import name of the client.

    Raises:
        InputError: It is no such name; gives the reason.
    """
    if not _NAME.fullmatch(name) or len(name) > _LONGEST:
        wanted = f"small letters, digits and single underscores, a letter first, at most {_LONGEST} characters"
        raise InputError(f"--package must be {wanted}, got {name!r:.80}")
    if reason := _is_taken(name):
        raise InputError(f"--package cannot be {name}: {reason}; choose another name")
    return name


def _is_taken(name: str) -> str | None:
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


DISTRIBUTION: Final = "rulewright"
_FOLDER: Final = Path(__file__).resolve().parents[2]


def requirement(given: str | None) -> str:
    """Return the requirement (PEP 508) of the pipeline.

    Args:
        given: What the user asked for; None for where this pipeline came from.

    Raises:
        InputError: It is no requirement.
    """
    if given is not None:
        if not given.strip() or not given.isprintable():
            raise InputError(f"--pipeline must be a requirement such as '{DISTRIBUTION}==1.2', got {given!r:.80}")
        return given.strip()
    if (_FOLDER / "pyproject.toml").is_file() and (_FOLDER.parent / "pyproject.toml").is_file():
        return f"{DISTRIBUTION} @ {_FOLDER.as_uri()}"
    try:
        return installed_from(distribution(DISTRIBUTION))
    except PackageNotFoundError as error:
        raise InputError("the source of the installed tool is unknown; name it with --pipeline") from error


def installed_from(found: Distribution) -> str:
    """Return where an installed tool came from: a file, a folder of a repository, or an index and its version.

    Source: PEP 610, which records what pip was given.
    """
    record = json.loads(found.read_text("direct_url.json") or "{}")
    if "vcs_info" in record:
        folder = f"#subdirectory={record['subdirectory']}" if "subdirectory" in record else ""
        vcs = record["vcs_info"]
        return f"{DISTRIBUTION} @ {vcs['vcs']}+{record['url']}@{vcs['commit_id']}{folder}"
    return f"{DISTRIBUTION} @ {record['url']}" if "url" in record else f"{DISTRIBUTION}=={found.version}"
