"""Fixtures for the tests of the test double."""

from __future__ import annotations

import pytest

pytest_plugins = ["pytester"]


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide the token and address of the person who runs the tests."""
    monkeypatch.delenv("MOUNTSEA_API_KEY", raising=False)
    monkeypatch.delenv("MOUNTSEA_BASE_URL", raising=False)
