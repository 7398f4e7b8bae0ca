"""The gate: what a run has to exercise was exercised."""

from __future__ import annotations

import pytest

from rulewright.errors import printable

SHOWN = 20


def test_coverage(measured: tuple[tuple[str, ...], list[str]]) -> None:
    """Each line was seen on the wire."""
    every, missed = measured
    shown = [f"not exercised: {line}" for line in missed[:SHOWN]]
    more = len(missed) - len(shown)
    lines = [*shown, *([f"... and {more} more"] if more else [])]
    if lines or not every:
        pytest.fail(printable("\n".join(lines) or "there is nothing to exercise"), pytrace=False)
