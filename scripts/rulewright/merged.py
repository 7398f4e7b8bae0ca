"""The vendor document with a project's overlays applied, and the rules found in it, checked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from rulewright.openapi.document import Document, load
from rulewright.openapi.path_items import with_path_items
from rulewright.overlay import Overlay, apply, load_overlay
from rulewright.overlay.absorbed import refuse_absorbed
from rulewright.project import Project
from rulewright.rules.definition import RuleDefinitionError, RuledSchema, read_rules
from rulewright.rules.effective import with_rules_as_schema
from rulewright.rules.lint import lint
from rulewright.rules.pins import check_pins
from scripts.aliases import refuse_circles


@dataclass(frozen=True)
class Merged:
    """A vendor document and everything the overlays say about it.

    Args:
        vendor: The vendor document as published.
        overlays: The overlays, in order.
        value: The merged document; its schemas carry the rules in `x-rules`.
        ruled: The schemas that carry rules.
    """

    vendor: Document
    overlays: tuple[Overlay, ...]
    value: Any
    ruled: tuple[RuledSchema, ...]

    @property
    def effective(self) -> Any:
        """The effective spec: the merged document whose schemas refuse what the rules refuse."""
        return with_rules_as_schema(self.value, self.ruled)

    def notes(self, extension: str) -> Iterator[tuple[Overlay, int, Any]]:
        """Yield the entries of a list that overlays keep under an extension of their own, with its position."""
        for overlay in self.overlays:
            for index, entry in enumerate(overlay.document.value.get(extension, [])):
                yield overlay, index, entry


def merge(project: Project) -> Merged:
    """Apply a project's overlays to its vendor document, read the rules and check them.

    Raises:
        InputError: An input cannot be read, an action does not fit, or a rule cannot be what its author meant.
    """
    vendor = load(project.spec)
    overlays = tuple(load_overlay(path) for path in project.overlays)
    refuse_absorbed(vendor, overlays)
    value = with_path_items(apply(vendor, overlays).value)
    refuse_circles(vendor, value)
    ruled = read_rules(value)
    check_pins(vendor, [rule for schema in ruled for rule in schema.rules])
    if findings := lint(value, ruled):
        raise RuleDefinitionError("\n".join(map(str, findings)))
    return Merged(vendor, overlays, value, ruled)
