"""A pytest plugin: the fixture that plays the API of a client, and the marker that scripts it.

    # pyproject.toml
    [tool.pytest.ini_options]
    rulewright_client = "our_client"

    @pytest.mark.fake_api("failed", "502@poll:1-3")
    def test_of_mine(fake_api):
        my_program()  # the clients it builds, sync and async, talk to the fake API
        assert len(fake_api.submits) == 2

pytest finds it by itself where rulewright is installed. It loads nothing until a fixture is used.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from rulewright.testing import FakeApi, FakeClock

MARKER: Final = "fake_api"
SETTING: Final = "rulewright_client"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Register the setting that names the client."""
    parser.addini(SETTING, f"import name of the client package whose API the fixture {MARKER} plays")


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker."""
    config.addinivalue_line(
        "markers",
        f"{MARKER}(*scripts, client=None): the scripts of this test's submits, one each, and its client package",
    )


@pytest.fixture
def fake_clock() -> FakeClock:
    """Time that passes only when somebody sleeps."""
    from rulewright.testing import FakeClock  # noqa: PLC0415  (see the module)

    return FakeClock()


@pytest.fixture
def fake_api(request: pytest.FixtureRequest, fake_clock: FakeClock) -> Iterator[FakeApi[Any]]:
    """Play the API for every client built in the test; fail on requests that no script of the test covers."""
    from rulewright.testing import FakeApi  # noqa: PLC0415

    marks = list(request.node.iter_markers(MARKER))  # the nearest first
    named = (mark.kwargs["client"] for mark in marks if "client" in mark.kwargs)
    package = next(named, None) or request.config.getini(SETTING)
    if not package:
        pytest.fail(
            f'the fixture {MARKER} needs a client: set {SETTING} = "PACKAGE" in the settings of pytest,'
            f" or @pytest.mark.{MARKER}(client=...)",
            pytrace=False,
        )
    client = import_module(package)
    scripts = [script for mark in reversed(marks) for script in mark.args]  # a class before its methods
    api = FakeApi(client.Client, *scripts, clock=fake_clock)
    failed = request.session.testsfailed
    with api.installed(client.AsyncClient):
        yield api
    # A test that has failed already is not failed again.
    if request.session.testsfailed == failed:
        api.verify()
