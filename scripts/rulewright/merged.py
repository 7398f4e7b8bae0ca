"""The vendor document with a project's overlays applied, and the rules found in it, checked."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from rulewright.errors import InputError
from rulewright.openapi.document import Document, load, read_written
from rulewright.openapi.faults import find_faults, refuse_faults
from rulewright.openapi.operations import with_meant_types, with_path_items
from rulewright.openapi.pointer import Location, decode
from rulewright.openapi.references import compose_without_circles, refuse_circles
from rulewright.openapi.schemas import SchemaError
from rulewright.openapi.tasks import with_task_links
from rulewright.overlay import Overlay, apply, load_overlay
from rulewright.overlay.absorbed import refuse_absorbed
from rulewright.overlay.engine import Change, trace
from rulewright.overlay.model import place
from rulewright.project import Project
from rulewright.rules.definition import (
    Finding,
    Rule,
    RuleDefinitionError,
    RuledSchema,
    find_renames,
    read_rules,
    with_rules_as_schema,
)
from rulewright.rules.lint import lint
from rulewright.rules.sources import HOLES, Prose, changed_sentences, misquotes, read_holes, read_prose

READING_ERRORS: Final = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError)
"""Errors of code that relies on a document to be valid OpenAPI."""


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

    @cached_property
    def rules(self) -> tuple[Rule, ...]:
        """All rules."""
        return tuple(rule for schema in self.ruled for rule in schema.rules)

    @cached_property
    def prose(self) -> Prose:
        """The sentences of the vendor document that sound like a constraint, and what claims them."""
        with self.explain_errors():
            return read_prose(self.vendor, self.ruled, self.overlays)

    @contextlib.contextmanager
    def explain_errors(self) -> Iterator[None]:
        """Give what goes wrong with the merged document its cause and its place.

        An error that knows its place in the merged document alone gets the file and the line it comes from. What is
        no error of an input is most likely the work of an invalid document.

        Raises:
            InputError: The document is not valid OpenAPI.
        """
        try:
            yield
        except READING_ERRORS:
            explain(self.vendor, self.value)
            raise
        except InputError as error:
            if isinstance(error, SchemaError):
                explain(self.vendor, self.value)
            if error.path is None and error.pointer is not None:
                location, change = trace(self.ledger, decode(error.pointer))
                error.path, error.line = self._source_of(location, change)
                if change is not None:
                    error.message = f"action {change.action}: {error.message}"
            raise

    def _source_of(self, location: Location, change: Change | None) -> tuple[str, int | None]:
        """Return the file and line of a value, from what `trace` returns: of the vendor document, or of an action."""
        if change is None:
            return self.vendor.path, self.vendor.line(location)
        overlay = next(each for each in self.overlays if each.path == change.overlay)
        inside = location[len(decode(change.pointer)) :]
        written = ("actions", change.action - 1, "update", *(change.within or ()), *inside)
        return overlay.path, overlay.document.line(written)

    def where(self, location: Location) -> str:
        """Return the file and line at which a value stands, as text."""
        return place(*self._source_of(*trace(self.ledger, location)))

    def refuse(self, findings: Iterable[Finding]) -> None:
        """Refuse mistakes in rules, each with its file and line; those that share a cause are one.

        Raises:
            RuleDefinitionError: There are any.
        """
        causes: dict[str, list[Finding]] = {}
        for finding in findings:
            causes.setdefault(finding.message, []).append(finding)
        blocks, faults = [], []
        for message, found in causes.items():
            head, *rest = message.split("\n")
            first = found[0]
            for each in found:
                path, line = self._source_of(*trace(self.ledger, each.location))
                faults.append(InputError(f"rule {each.rule}: {message} ({each.check})", path=path, line=line))
            if len(found) == 1:
                blocks += [f"{self.where(first.location)}: rule {first.rule}: {head} ({first.check})", *rest]
            else:
                places = [f"  {self.where(each.location)}: rule {each.rule}, {each.location[-1]}" for each in found]
                blocks += [f"{len(found)} times: {head} ({first.check})", *places, *rest]
        if blocks:
            raise RuleDefinitionError("\n".join(blocks), faults=faults)

    def check_against(self, record: Path) -> None:
        """Compare rules and prose with the effective document that was generated last.

        Args:
            record: That document; where there is none yet, nothing is compared.

        Raises:
            InputError: A rule was renamed, the sentence around a quote changed, or there is a new sentence that sounds
                like a constraint and that nothing claims, in a project that has rules.
        """
        before = read_written(record)
        self.refuse([*find_renames(before, self.ruled), *changed_sentences(before, self.value, self.rules)])
        if self.rules and (new := self.prose.new_since(before, self.value)):
            raise self.prose.unclaimed_error(new)


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
    value = with_task_links(with_meant_types(compose_without_circles(with_path_items(applied.value))))
    if holes := read_holes(vendor, overlays):
        value = {**value, HOLES: [hole.data() for hole in holes]}
    merged = Merged(vendor, overlays, value, (), applied.ledger)
    with merged.explain_errors():
        refuse_faults(dataclasses.replace(vendor, value=value), find_faults(value))
        refuse_circles(vendor, value)
        merged = dataclasses.replace(merged, ruled=read_rules(value))
        merged.refuse([*misquotes(vendor, value, merged.rules), *lint(value, merged.ruled)])
    return merged
