"""Known holes: what the vendor names without describing it, as data in `x-known-holes` of an overlay."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from rulewright.openapi.document import Document
from rulewright.openapi.pointer import resolve
from rulewright.overlay import Overlay, notes

HOLES: Final = "x-known-holes"
_NEEDED: Final = ("name", "at", "quote", "advice")


@dataclass(frozen=True)
class KnownHole:
    """Something that the vendor document mentions and does not describe.

    Args:
        name: What people call it.
        at: JSON pointer of the text that mentions it.
        quote: The sentence.
        advice: What a caller can do instead.
        path: The end or a part of its path, if it has one; by it, a server recognises requests for it.
    """

    name: str
    at: str
    quote: str
    advice: str
    path: str = ""

    @property
    def reason(self) -> str:
        """Why no rule quotes its sentence."""
        return f"known hole: {self.name}; {self.advice}"

    def data(self) -> dict[str, str]:
        """Return it as JSON."""
        return {key: value for key, value in vars(self).items() if value}


def read_holes(vendor: Document, overlays: Sequence[Overlay]) -> tuple[KnownHole, ...]:
    """Return the known holes.

    Raises:
        InputError: One is malformed, named twice, or quotes words that do not stand there.
    """
    found: dict[str, KnownHole] = {}
    for overlay, index, entry in notes(overlays, HOLES):
        location = (HOLES, index)
        fits = isinstance(entry, dict) and set(_NEEDED) <= set(entry) <= {*_NEEDED, "path"}
        if not fits or not all(isinstance(each, str) and each.strip() for each in entry.values()):
            message = f"a known hole has {', '.join(_NEEDED)}, and may have path, each text"
            raise overlay.document.error(message, location)
        hole = KnownHole(**{key: " ".join(value.split()) for key, value in entry.items()})
        if hole.name in found:
            raise overlay.document.error(f"the known hole {hole.name!r} is named twice", (*location, "name"))
        if hole.quote not in " ".join(str(_text(vendor, hole.at)).split()):
            message = f"the quoted words do not stand at {hole.at} of {vendor.path}; the vendor may describe it by now"
            raise overlay.document.error(message, (*location, "quote"))
        found[hole.name] = hole
    return tuple(found.values())


def _text(vendor: Document, at: str) -> Any:
    try:
        return resolve(vendor.value, at)
    except (LookupError, ValueError):
        return ""
