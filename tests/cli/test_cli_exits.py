"""Exit codes: every error of the client has one, and every script can rely on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from mountsea_gemini import ApiError
from mountsea_gemini.cli._exits import CODES, MEANINGS, Exit, exit_code

from tests.cli.running import Ran, Running
from tests.client.test_sockets import RawServer, answer

Cli = Callable[..., Ran]
Serve = Callable[[str], Running]


def tree(kind: type[ApiError]) -> Iterator[type[ApiError]]:
    """Yield a class and all below it, as far as the client defines them."""
    yield kind
    for child in kind.__subclasses__():
        if child.__module__ == ApiError.__module__:
            yield from tree(child)


def test_every_error_of_the_client_has_a_code() -> None:
    """The table names each class of the error tree by itself, so a new class has to be thought about."""
    assert set(tree(ApiError)) == {kind for kind in CODES if issubclass(kind, ApiError)}


def test_every_code_has_a_meaning() -> None:
    """The help and the reference are written from the table."""
    assert set(MEANINGS) == set(Exit)


def test_an_error_unknown_to_the_table_has_the_code_of_its_parent() -> None:
    """A subclass somebody adds counts as what it is; anything else is unexpected."""

    class SpecialError(ApiError):
        pass

    assert exit_code(SpecialError("x")) is Exit.UNREACHABLE
    assert exit_code(ZeroDivisionError()) is Exit.UNEXPECTED


@pytest.mark.parametrize(
    ("script", "code", "words"),
    [
        ("401@submit", Exit.ACCOUNT, "MOUNTSEA_API_KEY or --token-file"),
        ("402@submit", Exit.ACCOUNT, "top up"),
        ("403@submit", Exit.ACCOUNT, "MOUNTSEA_API_KEY or --token-file"),
        ("404@submit", Exit.UNREACHABLE, "HTTP 404"),
        ("422@submit", Exit.UNREACHABLE, "HTTP 422"),
        ("429@submit", Exit.RATE_LIMITED, "HTTP 429"),
        ("429=3600@submit", Exit.RATE_LIMITED, "3600 s"),
        ("500@submit", Exit.UNKNOWN, "may have been accepted and billed"),
        ("drop@submit", Exit.UNKNOWN, "may have been accepted and billed"),
        ("html@submit", Exit.UNKNOWN, "may have been accepted and billed"),
        ("redirect@submit", Exit.UNKNOWN, "may have been accepted and billed"),
        ("failed now", Exit.ENDED, "not submitted again"),
        ("cancelled now", Exit.ENDED, "not submitted again"),
        ("timeout now", Exit.ENDED, "not submitted again"),
        ("no-url now", Exit.ENDED, "mountsea-gemini status"),
        ("never", Exit.WAIT_OVER, "go on with: mountsea-gemini download"),
        ("401@poll", Exit.ACCOUNT, "--token-file"),
        ("400@poll", Exit.UNREACHABLE, "go on with: mountsea-gemini download"),
        ("now 403@download", Exit.DOWNLOAD, "go on with: mountsea-gemini download"),
        ("now cut@download", Exit.DOWNLOAD, "go on with: mountsea-gemini download"),
        ("now html@download", Exit.DOWNLOAD, "go on with: mountsea-gemini download"),
    ],
)
def test_every_way_to_fail_has_its_code(
    cli: Cli, serve: Serve, tmp_path: Path, *, script: str, code: Exit, words: str
) -> None:
    """Whatever goes wrong: its own code, what to do, one submit, no file; and after the submit, the id."""
    sandbox = serve(script)
    ran = cli("text2video", "a cat", "-o", str(tmp_path / "cat.mp4"), "--timeout", "0.4", *sandbox.options)
    assert (ran.code, ran.out) == (code, "")
    assert words in ran.err
    assert "Python" not in ran.err
    assert "client.task" not in ran.err
    # Only a refusal that names a moment is tried again: nothing was started by it.
    assert sandbox.sent("POST") == (3 if script == "429@submit" else 1)
    assert not list(tmp_path.iterdir())
    if "@submit" not in script:
        submitted, *rest = ran.err.splitlines()
        assert submitted.split()[-1] in "\n".join(rest)


def test_flaky_polls_are_no_failure(cli: Cli, serve: Serve) -> None:
    """Faults between good answers do not end a wait."""
    assert cli("text2video", "a cat", *serve("flaky").options).code == 0


def test_an_unknown_outcome_never_advises_to_submit_again(cli: Cli, serve: Serve) -> None:
    """Exit 8 says when and what was sent, and offers no command that would send it again."""
    err = cli("text2video", "a cat", *serve("reset@submit").options).err
    assert "request sha256" in err
    assert "mountsea-gemini text2video" not in err
    assert "safe to submit again" not in err


@pytest.mark.parametrize("status", [201, 503])
def test_an_unknown_outcome_leads_to_the_task_its_answer_names(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    """By a command rather than a call of Python, and by its id in JSON."""
    monkeypatch.setenv("MOUNTSEA_API_KEY", "k")
    with RawServer(answer(status, b'{"data": {"taskId": "t-1"}}')) as server:
        ran = cli("text2video", "a cat", "--base-url", server.url)
        assert ran.code == Exit.UNKNOWN
        assert f"look at it: mountsea-gemini status --base-url {server.url} t-1" in ran.err
        assert "client.task" not in ran.err
        document = cli("text2video", "a cat", "--base-url", server.url, "--json").json
        assert (document["exit"], document["id"]) == (Exit.UNKNOWN, "t-1")


def test_nobody_there_is_a_network_error(cli: Cli) -> None:
    """A submit that never left says that nothing was started."""
    ran = cli("text2video", "a cat", "--sandbox", "--base-url", "http://127.0.0.1:1")
    assert ran.code == Exit.UNREACHABLE
    assert "nothing was started or billed" in ran.err


def test_too_large_a_file_names_the_option(cli: Cli, serve: Serve, tmp_path: Path) -> None:
    """The way out is said in options of the command line, not of the Python client."""
    target = tmp_path / "cat.mp4"
    ran = cli("text2video", "a", "-o", str(target), "--max-download-bytes", "10", *serve("now").options)
    assert ran.code == Exit.DOWNLOAD
    assert "raise --max-download-bytes" in ran.err
