"""Every line written by hand or generated has types that fit, in the eyes of two type checkers."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("checker", ["mypy", "pyright"])
def test_the_project_has_types_that_fit(checker: str) -> None:
    """As `pyproject.toml` says: strict, over the packages, the pipeline and the tests."""
    done = subprocess.run([checker], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
