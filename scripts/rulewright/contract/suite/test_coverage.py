"""The gate: what a run has to exercise was exercised."""

from __future__ import annotations

import pytest

from rulewright.contract.coverage import Coverage
from rulewright.errors import printable

SHOWN = 20


def test_coverage(measured: Coverage) -> None:
    """Each line was seen on the wire."""
    shown = [f"not exercised: {line}" for line in measured.missed[:SHOWN]]
    more = len(measured.missed) - len(shown)
    lines = [*shown, *([f"... and {more} more"] if more else [])]
    if lines or not measured.lines:
        pytest.fail(printable("\n".join(lines) or "there is nothing to exercise"), pytrace=False)
