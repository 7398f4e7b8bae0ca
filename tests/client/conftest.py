"""Run every test that takes a skin with both clients."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.client.scripted import Skin


@pytest.fixture(params=["sync", "async"])
def skin(request: pytest.FixtureRequest) -> Iterator[Skin]:
    """Yield the blocking client's skin, then the asyncio client's."""
    made = Skin(request.param)
    yield made
    made.close()


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide the token, address and proxy of the person who runs the tests."""
    for name in ("MOUNTSEA_API_KEY", "MOUNTSEA_BASE_URL", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
