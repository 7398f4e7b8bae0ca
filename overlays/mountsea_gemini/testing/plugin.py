"""A pytest plugin: the fixture that plays the API, and the marker that scripts it.

Their names begin with `FIXTURES` of `_particular`; where that is `vendor`:

    @pytest.mark.vendor("failed", "502@poll:1-3")
    def test_of_mine(vendor_api):
        my_program()  # its own Client() talks to the played API
        assert len(vendor_api.submits) == 2

pytest finds it by itself where this distribution is installed. It loads nothing until a fixture is used.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import pytest

from .._particular import FIXTURES

if TYPE_CHECKING:
    from .. import AsyncClient, Client
    from ._api import FakeApi
    from ._clock import FakeClock

MARKER: Final = FIXTURES
API: Final = f"{FIXTURES}_api"


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line(
        "markers", f"{MARKER}(*scripts): what becomes of the submits of this test, one script each ({API})"
    )


@pytest.fixture(name=f"{FIXTURES}_clock")
def _clock() -> FakeClock:
    """Time that passes only when somebody sleeps."""
    from ._clock import FakeClock  # noqa: PLC0415  (see the module)

    return FakeClock()


@pytest.fixture(name=API)
def _api(request: pytest.FixtureRequest) -> Iterator[FakeApi]:
    """Play the API for every client built in the test; fail on what no script of the test speaks for."""
    try:
        from ._api import FakeApi  # noqa: PLC0415  (see the module)
    except ImportError as error:
        pytest.fail(
            f"the fixture {API} needs {error.name}, which is not installed:"
            " install this distribution with its extra 'sandbox'",
            pytrace=False,
        )
    # The nearest marker comes first there; a class speaks before its methods.
    marks = [*request.node.iter_markers(MARKER)][::-1]
    api = FakeApi(
        *(script for mark in marks for script in mark.args), clock=request.getfixturevalue(f"{FIXTURES}_clock")
    )
    failed = request.session.testsfailed
    with api.installed():
        yield api
    # A test that has failed already is not told a second time.
    if request.session.testsfailed == failed:
        api.verify()


@pytest.fixture(name=f"{FIXTURES}_client")
def _client(request: pytest.FixtureRequest) -> Iterator[Client]:
    """A client of the played API."""
    with request.getfixturevalue(API).client() as client:
        yield client


@pytest.fixture(name=f"{FIXTURES}_async_client")
def _async_client(request: pytest.FixtureRequest) -> AsyncClient:
    """An async client of the played API; it has no connections that would have to be closed."""
    api: FakeApi = request.getfixturevalue(API)
    return api.async_client()
