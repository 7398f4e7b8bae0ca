"""What a test makes is generated in this process; what a module makes once, by the generator's own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.generating import in_this_process


@pytest.fixture(autouse=True)
def _inside() -> Iterator[None]:
    with in_this_process():
        yield
