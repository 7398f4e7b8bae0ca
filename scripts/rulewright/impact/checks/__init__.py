"""Every check, one record each, by subject."""

from __future__ import annotations

from typing import Final

from rulewright.impact.checks import (
    answer,
    composition,
    constraint,
    credential,
    document,
    operation,
    reference,
    rule,
    schema,
    sentence,
)
from rulewright.impact.checks.derived import DERIVED, Derived
from rulewright.impact.checks.registry import Check

_SUBJECTS: Final = (
    schema, constraint, composition, operation, answer, credential, document, sentence, rule, reference,
)  # fmt: skip
CHECKS: Final[dict[str, Check]] = {
    name: check for subject in _SUBJECTS for name, check in subject.REGISTRY.checks.items()
}

__all__ = ["CHECKS", "DERIVED", "Check", "Derived"]
