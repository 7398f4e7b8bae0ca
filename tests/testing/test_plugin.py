"""The pytest plugin, run by a pytest of its own."""

from __future__ import annotations

import subprocess
import sys

import pytest

PLUGIN = ("-p", "mountsea_gemini.testing.plugin", "-p", "no:cacheprovider")


def run(pytester: pytest.Pytester, text: str) -> pytest.RunResult:
    """Run one test file with the plugin."""
    pytester.makepyfile(text)
    return pytester.runpytest_inprocess(*PLUGIN, "--strict-markers")


def test_the_fixture_plays_the_marked_scripts(pytester: pytest.Pytester) -> None:
    """Code that builds its own client meets the scripts of the marker, in order, outer marks first."""
    result = run(
        pytester,
        """
        import pytest
        from mountsea_gemini import Client, TaskFailed

        @pytest.mark.mountsea("now")
        class TestMine:
            @pytest.mark.mountsea("failed now")
            def test_two(self, mountsea_api):
                with Client() as client:
                    client.text_to_video("one").wait()
                    with pytest.raises(TaskFailed):
                        client.text_to_video("two").wait()
                assert len(mountsea_api.submits) == 2
        """,
    )
    result.assert_outcomes(passed=1)


def test_the_clients_and_the_clock_are_of_one_piece(pytester: pytest.Pytester) -> None:
    """The fixtures for clients sleep on the clock fixture."""
    result = run(
        pytester,
        """
        import asyncio, pytest

        def test_sync(mountsea_client, mountsea_api, mountsea_clock):
            mountsea_client.task(mountsea_api.task("seconds=50")).wait()
            assert mountsea_clock.elapsed >= 200

        def test_async(mountsea_async_client, mountsea_api, mountsea_clock):
            asyncio.run(mountsea_async_client.task(mountsea_api.task("seconds=50")).wait())
            assert mountsea_clock.elapsed >= 200
        """,
    )
    result.assert_outcomes(passed=2)


def test_what_was_not_foreseen_fails(pytester: pytest.Pytester) -> None:
    """A submit without script fails the test, a hidden one its end, a script without submit too."""
    result = run(
        pytester,
        """
        import contextlib, pytest

        def test_unexpected(mountsea_client):
            mountsea_client.text_to_video("a cat")

        def test_hidden(mountsea_client):
            with contextlib.suppress(AssertionError):
                mountsea_client.text_to_video("a cat")

        @pytest.mark.mountsea("now")
        def test_missed(mountsea_api):
            pass

        @pytest.mark.mountsea("now")
        def test_failed_by_itself(mountsea_api):
            raise ZeroDivisionError
        """,
    )
    result.assert_outcomes(failed=2, passed=2, errors=2)
    result.stdout.fnmatch_lines(["*UnexpectedRequest: unexpected request: POST *", "*no script is left*"])
    result.stdout.fnmatch_lines(["*MissedScript: 1 script was not asked for*"])


def test_without_the_extra_only_its_users_fail(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run where the sandbox's libraries are missing is undisturbed; a test that uses the fixture is told."""
    pytester.makepyfile(
        jsonschema_rs="raise ModuleNotFoundError('gone', name='jsonschema_rs')",
        test_mine="def test_other(): pass\n\ndef test_user(mountsea_api): pass\n",
    )
    # Other plugins of whoever runs this may need that library themselves.
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    result = pytester.runpytest_subprocess(*PLUGIN)
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*mountsea_api needs jsonschema_rs*extra 'sandbox'*"])


def test_loading_the_plugin_costs_next_to_nothing() -> None:
    """Pytest loads it at every start, so it brings neither httpx nor the sandbox nor the generated client."""
    text = (
        "import sys, pytest; before = set(sys.modules); import mountsea_gemini.testing.plugin;"
        "print(*sorted(name for name in set(sys.modules) - before))"
    )
    env = {"PYTHONPATH": ":".join(sys.path)}
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, check=True, text=True, env=env)
    assert set(done.stdout.split()) == {
        "mountsea_gemini",
        "mountsea_gemini._particular",
        "mountsea_gemini.testing",
        "mountsea_gemini.testing.plugin",
    }
