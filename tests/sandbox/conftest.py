"""A sandbox, and a quick way to send requests to it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from rulewright.sandbox import Sandbox

from tests.sandbox.asking import Send, door


@pytest.fixture
def sandbox() -> Sandbox:
    """Return a sandbox with default settings."""
    return Sandbox("mountsea_gemini")


@pytest.fixture
def send(sandbox: Sandbox) -> Iterator[Send]:
    """Send requests to that sandbox in process."""
    with door("transport", sandbox) as way:
        yield way
