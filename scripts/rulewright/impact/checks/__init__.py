"""Every check: one table for each subject."""

from __future__ import annotations

from typing import Final

from rulewright.impact.change import Check
from rulewright.impact.checks import document, operations, overlays, schemas
from rulewright.impact.checks.overlays import DERIVED, Derived

CHECKS: Final[tuple[Check, ...]] = (*schemas.CHECKS, *operations.CHECKS, *document.CHECKS, *overlays.CHECKS)

__all__ = ["CHECKS", "DERIVED", "Derived"]
