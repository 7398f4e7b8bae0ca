"""The vendor document with a project's overlays applied, and the rules found in it, checked."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from rulewright.errors import InputError
from rulewright.openapi.document import Document, load
from rulewright.openapi.faults import find_faults, refuse_faults
from rulewright.openapi.operations import with_path_items
from rulewright.openapi.pointer import decode
from rulewright.openapi.references import refuse_circles
from rulewright.overlay import Overlay, apply, load_overlay
from rulewright.overlay.absorbed import refuse_absorbed
from rulewright.overlay.draft import Change, trace
from rulewright.project import Project
from rulewright.rules.definition import RuleDefinitionError, RuledSchema, read_rules, with_rules_as_schema
from rulewright.rules.lint import lint
from rulewright.rules.sources import check_quotes
from rulewright.rules.verdict import UnusableSchemaError

STUMBLES: Final = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError)
"""What goes wrong in whoever relies on a document to be valid OpenAPI."""


@dataclass(frozen=True)
class Merged:
    """A vendor document with overlays applied, and the rules found in it.

    Args:
        vendor: The vendor document as published.
        overlays: The overlays, in order.
        value: The merged document; its schemas carry the rules in `x-rules`.
        ruled: The schemas that have rules.
        ledger: What the overlays changed.
    """

    vendor: Document
    overlays: tuple[Overlay, ...]
    value: Any
    ruled: tuple[RuledSchema, ...]
    ledger: tuple[Change, ...] = ()

    @property
    def effective(self) -> Any:
        """The effective spec: the merged document whose schemas refuse what the rules refuse."""
        return with_rules_as_schema(self.value, self.ruled)

    @contextlib.contextmanager
    def explained(self) -> Iterator[None]:
        """Give what goes wrong with the merged document its cause and its place.

        An error that knows its place in the merged document alone gets the file and the line it comes from. What is
        no error of an input is most likely the work of an invalid document.

        Raises:
            InputError: The document is not valid OpenAPI.
        """
        try:
            yield
        except STUMBLES:
            explain(self.vendor, self.value)
            raise
        except InputError as error:
            if isinstance(error, UnusableSchemaError):
                explain(self.vendor, self.value)
            if error.path is None and error.pointer is not None:
                self._place(error, error.pointer)
            raise

    def _place(self, error: InputError, pointer: str) -> None:
        location, change = trace(self.ledger, decode(pointer))
        if change is None:
            error.path, error.line = self.vendor.path, self.vendor.line(location)
            return
        overlay = next(each for each in self.overlays if each.path == change.overlay)
        error.path, error.line = overlay.path, overlay.actions[change.action - 1].line
        error.message = f"action {change.action}: {error.message}"


def explain(vendor: Document, value: Any) -> None:
    """Refuse a document that is not valid OpenAPI, after something stumbled over it.

    Validating takes longer than generating, so it is left until there is something to explain.

    Args:
        vendor: The vendor document.
        value: What the overlays made of it.

    Raises:
        InputError: Names the file, the line and the JSON pointer of the first fault.
    """
    from rulewright.openapi.validity import check_document  # noqa: PLC0415  slow to load, and seldom needed

    try:
        check_document(dataclasses.replace(vendor, value=value), strict=True)
    except InputError:
        check_document(vendor, strict=True)  # where the fault is the vendor's, its place is named as it is
        raise


def merge(project: Project) -> Merged:
    """Apply a project's overlays to its vendor document, read the rules and check them.

    Raises:
        InputError: An input cannot be read, an action does not fit, or a rule cannot be what its author meant.
    """
    vendor = load(project.spec)
    overlays = tuple(load_overlay(path) for path in project.overlays)
    refuse_absorbed(vendor, overlays)
    applied = apply(vendor, overlays)
    merged = Merged(vendor, overlays, with_path_items(applied.value), (), applied.ledger)
    with merged.explained():
        refuse_faults(dataclasses.replace(vendor, value=merged.value), find_faults(merged.value))
        refuse_circles(vendor, merged.value)
        ruled = read_rules(merged.value)
        check_quotes(vendor, [rule for schema in ruled for rule in schema.rules])
        if findings := lint(merged.value, ruled):
            raise RuleDefinitionError("\n".join(map(str, findings)))
    return dataclasses.replace(merged, ruled=ruled)
