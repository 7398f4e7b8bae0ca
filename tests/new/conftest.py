"""Tests generate in this process; fixtures of a module use the generator's process."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.generating import in_this_process


@pytest.fixture(autouse=True)
def _inside() -> Iterator[None]:
    with in_this_process():
        yield
