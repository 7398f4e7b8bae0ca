"""The record of where the vendor document came from: each page and its hash, kept beside the overlays."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any, Final

from rulewright.errors import InputError
from rulewright.files import write_whole
from rulewright.importing.page import Page
from rulewright.openapi.document import to_json
from rulewright.project import Project

RECORD: Final = "overlays/origin.json"


def write_record(project: Project, document: bytes, pages: Sequence[Page]) -> bool:
    """Record the pages of an imported document, unless document and list of pages are those of the record.

    So importing the same document again changes nothing, even where a page changed around it. The record holds
    no dates and no paths of this machine.

    Args:
        project: Whose document was imported.
        document: The vendor document.
        pages: The pages it was made of, in order.

    Returns:
        Whether the record changed.

    Raises:
        InputError: It cannot be written.
    """
    value: dict[str, Any] = {
        "about": "written by rulewright.importing: the pages the vendor document was made of",
        "document": {"name": project.relative(project.spec), "sha256": hashlib.sha256(document).hexdigest()},
        "pages": [{"origin": page.origin, "sha256": page.sha256} for page in pages],
    }
    before = read_record(project)
    if before is not None and before.get("document") == value["document"] and _names(before) == _names(value):
        return False
    place = project.root / RECORD
    try:
        place.parent.mkdir(exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot be made: {error.strerror}", path=place.parent.as_posix()) from error
    return write_whole(place, to_json(value))


def read_record(project: Project) -> dict[str, Any] | None:
    """Return the record, or None if there is none that can be understood."""
    try:
        value = json.loads((project.root / RECORD).read_bytes())
    except (OSError, ValueError):
        return None
    return value if isinstance(value, dict) else None


def _names(record: dict[str, Any]) -> list[Any] | None:
    pages = record.get("pages")
    return [page.get("origin") for page in pages if isinstance(page, dict)] if isinstance(pages, list) else None
