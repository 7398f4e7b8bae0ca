"""The impact of imported pages on callers of the project."""

from __future__ import annotations

import dataclasses

from rulewright.impact.change import ACCEPTED_FILE, read_accepted
from rulewright.impact.report import Report, compare
from rulewright.impact.revision import Revision, read, revise
from rulewright.openapi.document import Document
from rulewright.overlay import load_overlay
from rulewright.project import Project


def revision_before(project: Project) -> Revision | None:
    """Return the project with the document it has, or None where it has none yet.

    Raises:
        InputError: The document, or an overlay, cannot be read.
    """
    if not project.spec.is_file():
        return None
    return dataclasses.replace(read(str(project.spec), project.root), label=project.relative(project.spec))


def impact(before: Revision, document: Document, project: Project) -> Report:
    """Return what a new document means for callers, with the project's overlays and accepted changes.

    Raises:
        InputError: An overlay, or the file of accepted changes, cannot be read.
    """
    overlays = [load_overlay(path) for path in project.overlays]
    after = revise("the imported pages", document, overlays)
    return compare(before, after, read_accepted(project.root / ACCEPTED_FILE))
