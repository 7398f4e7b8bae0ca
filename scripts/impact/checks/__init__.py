"""Every check, one record each, by subject."""

from __future__ import annotations

from typing import Final

from scripts.impact.checks import answer, constraint, credential, document, operation, rule, schema
from scripts.impact.checks.derived import DERIVED, Derived
from scripts.impact.checks.reference import REGISTRY as REFERENCES
from scripts.impact.checks.registry import Check

CHECKS: Final[dict[str, Check]] = {
    name: check
    for registry in (
        schema.REGISTRY, constraint.REGISTRY, operation.REGISTRY, answer.REGISTRY, credential.REGISTRY, document.REGISTRY, rule.REGISTRY,
        REFERENCES,
    )
    for name, check in registry.checks.items()
}  # fmt: skip

__all__ = ["CHECKS", "DERIVED", "Check", "Derived"]
