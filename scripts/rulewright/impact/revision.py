"""One side of a comparison: a vendor document, what the overlays make of it, and what of them no longer fits."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from rulewright.errors import InputError
from rulewright.merged import Merged
from rulewright.openapi.document import Document
from rulewright.openapi.operations import with_path_items
from rulewright.overlay import AbsorbedError, Action, Overlay, OverlayError, apply
from rulewright.overlay.absorbed import absorbed, without
from rulewright.rules.definition import RuleDefinitionError, RuledSchema, read_rules, with_rules_as_schema
from rulewright.rules.lint import lint
from rulewright.rules.sources import check_quotes
from rulewright.rules.variants import VariantSet, read_variants

_UNREADABLE: Final = (InputError, LookupError, TypeError, AttributeError, ValueError)
"""What reading rules or variants out of a document raises that is not what its overlays were written for."""
DELETED: Final = "regeneration stops there; compared as if it were deleted from the overlay"


@dataclass(frozen=True)
class Misfit:
    """Something of an overlay that does not fit the vendor document any more.

    Args:
        kind: `action` (no longer applies as written), `absorbed` (the document says so already), `pin` (the
            words a rule quotes are gone), `example` (its examples are no requests of the schema any more) or
            `rule` (it cannot be what its author meant).
        place: The overlay file's name and the action, or the rule; the same in every revision.
        reason: The message that strict application gives.
    """

    kind: str
    place: str
    reason: str


@dataclass(frozen=True)
class Revision:
    """One side of a comparison.

    Args:
        label: What the user called it.
        vendor: The vendor document.
        overlays: The overlays, in order.
        value: The document with every action that can be applied.
        ruled: The schemas that carry rules.
        variants: Their variants, where they can be read.
        misfits: What does not fit.
    """

    label: str
    vendor: Document
    overlays: tuple[Overlay, ...]
    value: Any
    ruled: tuple[RuledSchema, ...]
    variants: tuple[VariantSet, ...]
    misfits: tuple[Misfit, ...]

    @property
    def version(self) -> Any:
        """The vendor's own version of the document."""
        info = self.vendor.value.get("info")
        return info.get("version") if isinstance(info, dict) else None

    @cached_property
    def effective(self) -> Any:
        """The merged document whose schemas refuse what the rules refuse."""
        return with_rules_as_schema(self.value, self.ruled)

    def explained(self) -> AbstractContextManager[None]:
        """Refuse the document where something stumbles over it because it is not valid OpenAPI."""
        return self.merged.explained()

    @property
    def merged(self) -> Merged:
        """The same, as the rules' own tools take it."""
        return Merged(self.vendor, self.overlays, self.value, self.ruled)


def revise(label: str, vendor: Document, overlays: Sequence[Overlay]) -> Revision:
    """Apply overlays to a vendor document as far as they fit, and note what does not.

    Raises:
        InputError: The document is not an OpenAPI document at all.
    """
    if not isinstance(vendor.value, dict) or not isinstance(vendor.value.get("paths", {}), dict):
        raise InputError("is not an OpenAPI document: it has no object of paths", path=vendor.path)
    misfits: list[Misfit] = []
    # extends names a file by its path, and a revision may come from anywhere
    free = [dataclasses.replace(overlay, extends=None) for overlay in overlays]
    added = absorbed(vendor, free)
    misfits += (
        Misfit("absorbed", f"{Path(each.overlay).name}, action {each.action}", f"{each}\n  {DELETED}") for each in added
    )
    free = without(free, added)
    try:
        value = apply(vendor, free).value
    except OverlayError:
        value = _apply_each(vendor, free, misfits)
    value = with_path_items(value)
    with Merged(vendor, tuple(overlays), value, ()).explained():
        ruled = _ruled(value, misfits)
        misfits += _pins(vendor, ruled)
        misfits += _lint(value, ruled)
        variants = _variants(value, ruled, misfits)
    return Revision(label, vendor, tuple(overlays), value, ruled, variants, tuple(misfits))


def _apply_each(vendor: Document, overlays: Sequence[Overlay], misfits: list[Misfit]) -> Any:
    """Apply what can be applied, action by action."""
    value = vendor.value
    for overlay in overlays:
        for action in overlay.actions:
            value = _apply(Document(vendor.path, value, vendor.text, vendor.lines), overlay, action, misfits)
    return value


def _apply(document: Document, overlay: Overlay, action: Action, misfits: list[Misfit]) -> Any:
    """Apply one action: strictly, else leniently, else not at all."""
    single = dataclasses.replace(overlay, actions=(action,))
    place = f"{Path(overlay.path).name}, action {action.number}"
    try:
        return apply(document, [single]).value
    except AbsorbedError as error:
        misfits.append(Misfit("absorbed", place, str(error)))
    except OverlayError as error:
        misfits.append(Misfit("action", place, str(error)))
    try:
        return apply(document, [single], lenient=True).value
    except OverlayError:
        return document.value  # the reason has been noted above


def _ruled(value: Any, misfits: list[Misfit]) -> tuple[RuledSchema, ...]:
    try:
        return read_rules(value)
    except _UNREADABLE as error:
        misfits.append(Misfit("rule", "x-rules", str(error)))
        return ()


def _pins(vendor: Document, ruled: Sequence[RuledSchema]) -> Iterator[Misfit]:
    for rule in (rule for schema in ruled for rule in schema.rules):
        try:
            check_quotes(vendor, [rule])
        except RuleDefinitionError as error:
            yield Misfit("pin", rule.id, str(error))


def _lint(value: Any, ruled: Sequence[RuledSchema]) -> Iterator[Misfit]:
    try:
        findings = lint(value, ruled)  # together, since a large document is taken over each time
    except _UNREADABLE as error:
        if len(ruled) > 1:
            for schema in ruled:
                yield from _lint(value, [schema])
        else:
            yield Misfit("rule", ruled[0].pointer, f"its rules cannot be checked: {error}")
        return
    for finding in findings:
        kind = "example" if finding.check == "examples-do-what-they-claim" else "rule"
        yield Misfit(kind, finding.rule, str(finding))


def _variants(value: Any, ruled: Sequence[RuledSchema], misfits: list[Misfit]) -> tuple[VariantSet, ...]:
    found: list[VariantSet] = []
    for schema in ruled:
        try:
            found += read_variants(value, [schema])
        except _UNREADABLE as error:
            misfits.append(Misfit("rule", f"{schema.pointer} x-variants", str(error)))
    return tuple(found)
