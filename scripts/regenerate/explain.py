"""Say what is wrong with a document after something stumbled over it."""

from __future__ import annotations

import dataclasses

from scripts.document import load
from scripts.overlay import apply, load_overlay
from scripts.project import Project


def explain(project: Project) -> None:
    """Refuse the vendor document, or what the overlays make of it, if it is not valid OpenAPI.

    Validating takes longer than generating, so it is left until there is something to explain.

    Raises:
        InputError: Names the file, the line and the JSON pointer of the first fault.
    """
    from scripts.import_page.check import check_document  # noqa: PLC0415  slow to load, and seldom needed

    vendor = load(project.spec)
    check_document(vendor)
    overlays = [load_overlay(path) for path in project.overlays]
    check_document(dataclasses.replace(vendor, value=apply(vendor, overlays).value))
