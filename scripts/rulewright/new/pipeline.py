"""What a new project requires in order to have the pipeline: the one this very process runs."""

from __future__ import annotations

import json
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import Final

from rulewright.errors import InputError

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
        return _installed(distribution(DISTRIBUTION))
    except PackageNotFoundError as error:
        raise InputError("where this pipeline came from is not known; say so with --pipeline") from error


def _installed(found: Distribution) -> str:
    """Return where an installed pipeline came from: a file, a repository, or an index and its version."""
    record = json.loads(found.read_text("direct_url.json") or "{}")
    if "vcs_info" in record:
        return f"{DISTRIBUTION} @ {record['vcs_info']['vcs']}+{record['url']}@{record['vcs_info']['commit_id']}"
    return f"{DISTRIBUTION} @ {record['url']}" if "url" in record else f"{DISTRIBUTION}=={found.version}"
