"""For tests of code that uses a client: an API that plays scripts in this process, and a clock nobody waits for.

    def test_a_failed_task_is_reported():
        with FakeApi(Client, "failed") as api, api.client() as client:
            ...  # half an hour of polling takes no time; nothing leaves the process
        assert len(api.submits) == 1

With pytest the fixture `fake_api` does the same; see `rulewright.pytest_plugin`.
"""

from rulewright.testing.api import FakeApi, MissedScript, UnexpectedRequest
from rulewright.testing.clock import FakeClock

__all__ = ["FakeApi", "FakeClock", "MissedScript", "UnexpectedRequest"]
