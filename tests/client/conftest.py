"""Both clients, one after the other, in every test that asks for a skin."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.client.scripted import Skin


@pytest.fixture(params=["sync", "async"])
def skin(request: pytest.FixtureRequest) -> Iterator[Skin]:
    """The blocking client, then the one on asyncio."""
    made = Skin(request.param)
    yield made
    made.close()


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees the token, the address or the proxy of whoever runs it."""
    for name in ("MOUNTSEA_API_KEY", "MOUNTSEA_BASE_URL", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
