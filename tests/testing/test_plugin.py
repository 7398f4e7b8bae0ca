"""The pytest plugin, run by its own pytest."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

PLUGIN = ("-p", "rulewright.pytest_plugin", "-p", "no:cacheprovider")
SETTINGS = "[pytest]\nrulewright_client = mountsea_gemini\n"


def run(pytester: pytest.Pytester, text: str) -> pytest.RunResult:
    """Run one test file with the plugin."""
    pytester.makepyfile(text)
    pytester.makeini(SETTINGS)
    return pytester.runpytest_inprocess(*PLUGIN, "--strict-markers")


def test_the_fixture_plays_the_marked_scripts(pytester: pytest.Pytester) -> None:
    """Outer markers come first."""
    result = run(
        pytester,
        """
        import pytest
        from mountsea_gemini import Client, TaskFailed

        @pytest.mark.fake_api("now")
        class TestMine:
            @pytest.mark.fake_api("failed now")
            def test_two(self, fake_api):
                with Client() as client:
                    client.text_to_video("one").wait()
                    with pytest.raises(TaskFailed):
                        client.text_to_video("two").wait()
                assert len(fake_api.submits) == 2
        """,
    )
    result.assert_outcomes(passed=1)


def test_the_clients_sleep_on_the_clock_of_the_fixture(pytester: pytest.Pytester) -> None:
    """For both clients, and a marker names another client class."""
    result = run(
        pytester,
        """
        import asyncio, pytest
        from mountsea_gemini import AsyncClient

        def test_sync(fake_api, fake_clock):
            fake_api.client().task(fake_api.task("seconds=50")).wait()
            assert fake_clock.elapsed >= 200

        def test_async(fake_api, fake_clock):
            asyncio.run(AsyncClient().task(fake_api.task("seconds=50")).wait())
            assert fake_clock.elapsed >= 200

        @pytest.mark.fake_api("now", client="no_such_package")
        def test_another(fake_api):
            pass
        """,
    )
    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines(["*No module named 'no_such_package'*"])


def test_unexpected_submits_and_unused_scripts_fail(pytester: pytest.Pytester) -> None:
    """A hidden failure shows at the end of the test."""
    result = run(
        pytester,
        """
        import contextlib, pytest

        def test_unexpected(fake_api):
            fake_api.client().text_to_video("a cat")

        def test_hidden(fake_api):
            with contextlib.suppress(AssertionError):
                fake_api.client().text_to_video("a cat")

        @pytest.mark.fake_api("now")
        def test_missed(fake_api):
            pass

        @pytest.mark.fake_api("now")
        def test_failed_by_itself(fake_api):
            raise ZeroDivisionError
        """,
    )
    result.assert_outcomes(failed=2, passed=2, errors=2)
    result.stdout.fnmatch_lines(["*UnexpectedRequest: unexpected request: POST *", "*no scripted outcome left*"])
    result.stdout.fnmatch_lines(["*MissedScript: 1 script is left*"])


def test_without_a_client_only_its_users_fail(pytester: pytest.Pytester) -> None:
    """The message has the setting to add."""
    pytester.makepyfile("def test_other(): pass\n\ndef test_user(fake_api): pass\n")
    result = pytester.runpytest_inprocess(*PLUGIN)
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(['*needs a client: set rulewright_client = "PACKAGE"*'])


def test_loading_the_plugin_costs_next_to_nothing() -> None:
    """Pytest loads it at every start, so it imports neither httpx nor the sandbox."""
    text = (
        "import sys, pytest; before = set(sys.modules); import rulewright.pytest_plugin;"
        "print(*sorted(name for name in set(sys.modules) - before))"
    )
    env = {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, check=True, text=True, env=env)
    assert set(done.stdout.split()) == {"rulewright", "rulewright.pytest_plugin"}
