"""For tests of code that uses this package: an API that plays scripts, and a clock that nobody waits for.

    def test_a_failed_task_is_reported():
        with FakeApi("failed") as api, api.client() as client:
            ...  # half an hour of polling takes no time; nothing leaves the process
        assert len(api.submits) == 1

With pytest the fixture whose name ends in `_api` does the same; `plugin` has it and needs no configuration. The
scripts are those of the sandbox, whose libraries (the extra `sandbox`) are needed.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from ._api import FakeApi
    from ._clock import FakeClock
    from ._fault import MissedScript, UnexpectedRequest

__all__ = ["FakeApi", "FakeClock", "MissedScript", "UnexpectedRequest"]

_PLACES: Final = {"FakeApi": "_api", "FakeClock": "_clock", "MissedScript": "_fault", "UnexpectedRequest": "_fault"}


def __getattr__(name: str) -> Any:
    # Loaded on first use: pytest imports this package at every start, also where nobody uses it.
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(f".{_PLACES[name]}", __name__), name)
    globals()[name] = found
    return found
