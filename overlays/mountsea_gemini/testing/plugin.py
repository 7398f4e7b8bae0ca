"""A pytest plugin: the fixture `mountsea_api`, and the marker that scripts it.

    @pytest.mark.mountsea("failed", "502@poll:1-3")
    def test_of_mine(mountsea_api):
        my_program()  # its own Client() talks to the played API
        assert len(mountsea_api.submits) == 2

pytest finds it by itself where this distribution is installed. It loads nothing until a fixture is used.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from .. import AsyncClient, Client
    from ._api import FakeApi
    from ._clock import FakeClock

MARKER: Final = "mountsea"


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line(
        "markers", f"{MARKER}(*scripts): what becomes of the submits of this test, one script each (mountsea_api)"
    )


@pytest.fixture
def mountsea_clock() -> FakeClock:
    """Time that passes only when somebody sleeps."""
    from ._clock import FakeClock  # noqa: PLC0415  (see the module)

    return FakeClock()


@pytest.fixture
def mountsea_api(request: pytest.FixtureRequest, mountsea_clock: FakeClock) -> Iterator[FakeApi]:
    """Play the API for every client built in the test; fail on what no script of the test speaks for."""
    try:
        from ._api import FakeApi  # noqa: PLC0415  (see the module)
    except ImportError as error:
        pytest.fail(
            f"the fixture mountsea_api needs {error.name}, which is not installed:"
            " install this distribution with its extra 'sandbox'",
            pytrace=False,
        )
    # The nearest marker comes first there; a class speaks before its methods.
    marks = [*request.node.iter_markers(MARKER)][::-1]
    api = FakeApi(*(script for mark in marks for script in mark.args), clock=mountsea_clock)
    failed = request.session.testsfailed
    with api.installed():
        yield api
    # A test that has failed already is not told a second time.
    if request.session.testsfailed == failed:
        api.verify()


@pytest.fixture
def mountsea_client(mountsea_api: FakeApi) -> Iterator[Client]:
    """A client of the played API."""
    with mountsea_api.client() as client:
        yield client


@pytest.fixture
def mountsea_async_client(mountsea_api: FakeApi) -> AsyncClient:
    """An async client of the played API; it has no connections that would have to be closed."""
    return mountsea_api.async_client()
