"""Changes somebody decided to live with: each by fingerprint, with author and reason, in a file of the project.

They stand in a file beside the overlays, not in `pyproject.toml`: they come and go with the vendor's pages, are
reviewed with the overlays, and a reason may need more than a line.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rulewright.impact.change import Change
from rulewright.openapi.document import load

FILE: Final = "overlays/accepted-changes.yaml"
_KEYS: Final = ("fingerprint", "author", "reason")


@dataclass(frozen=True)
class Accepted:
    """One accepted change."""

    fingerprint: str
    author: str
    reason: str
    place: str


def read_accepted(path: Path) -> tuple[Accepted, ...]:
    """Read the accepted changes; a file that is not there accepts nothing.

    Raises:
        InputError: An entry lacks its fingerprint, author or reason, or stands twice.
    """
    if not path.is_file():
        return ()
    document = load(path)
    entries = document.value.get("accepted") if isinstance(document.value, dict) else None
    if not isinstance(entries, list) or set(document.value) != {"accepted"}:
        raise document.error("must be an object with one key, accepted: a list")
    found: dict[str, Accepted] = {}
    for index, entry in enumerate(entries):
        at = ("accepted", index)
        if not isinstance(entry, dict) or set(entry) != set(_KEYS):
            raise document.error(f"an accepted change has {', '.join(_KEYS)}", at)
        if not all(isinstance(entry[key], str) and entry[key].strip() for key in _KEYS):
            raise document.error("fingerprint, author and reason are text, and none may be empty", at)
        if entry["fingerprint"] in found:
            raise document.error(f"{entry['fingerprint']} is accepted twice", at)
        place = f"{document.path}:{document.line(at)}"
        found[entry["fingerprint"]] = Accepted(entry["fingerprint"], entry["author"], entry["reason"], place)
    return tuple(found.values())


def accept(changes: Sequence[Change], accepted: Sequence[Accepted]) -> tuple[tuple[Change, ...], tuple[str, ...]]:
    """Return the changes with their acceptance noted, and a complaint for each that matches nothing any more."""
    known = {each.fingerprint: each for each in accepted}
    noted = tuple(
        dataclasses.replace(change, accepted=f"{known[change.fingerprint].author}: {known[change.fingerprint].reason}")
        if change.fingerprint in known
        else change
        for change in changes
    )
    found = {change.fingerprint for change in changes}
    expired = tuple(
        f"{each.place}: the accepted change {each.fingerprint} ({each.author}: {each.reason}) matches nothing "
        "any more; remove the entry"
        for each in accepted
        if each.fingerprint not in found
    )
    return noted, expired
