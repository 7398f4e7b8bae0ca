"""Exit codes: every error of the client has one, and it is stable."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from mountsea_gemini import ApiError
from mountsea_gemini.cli._exits import CODES, MEANINGS, Exit, exit_code

from tests.cli.running import Cli, Serve
from tests.client.test_sockets import RawServer, answer


def tree(kind: type[ApiError]) -> Iterator[type[ApiError]]:
    """Yield a class and its subclasses that the client defines."""
    yield kind
    for child in kind.__subclasses__():
        if child.__module__ == ApiError.__module__:
            yield from tree(child)


def test_every_error_of_the_client_has_a_code() -> None:
    """Every error class is in the table itself."""
    assert set(tree(ApiError)) == {kind for kind in CODES if issubclass(kind, ApiError)}


def test_every_code_has_a_meaning() -> None:
    """Help and reference are written from the table."""
    assert set(MEANINGS) == set(Exit)


def test_an_error_unknown_to_the_table_has_the_code_of_its_parent() -> None:
    """Any other exception is unexpected."""

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
    """With advice, one submit, no file, and after the submit the id."""
    sandbox = serve(script)
    ran = cli("text2video", "a cat", "-o", str(tmp_path / "cat.mp4"), "--timeout", "0.4", *sandbox.options)
    assert (ran.code, ran.out) == (code, "")
    assert words in ran.err
    assert "Python" not in ran.err
    assert "client.task" not in ran.err
    # Only a 429 with a Retry-After is retried, because it started nothing.
    assert sandbox.sent("POST") == (3 if script == "429@submit" else 1)
    assert not list(tmp_path.iterdir())
    if "@submit" not in script:
        submitted, *rest = ran.err.splitlines()
        assert submitted.split()[-1] in "\n".join(rest)


def test_flaky_polls_are_no_failure(cli: Cli, serve: Serve) -> None:
    """Faults between good answers do not end a wait."""
    assert cli("text2video", "a cat", *serve("flaky").options).code == 0


def test_an_unknown_outcome_never_advises_to_submit_again(cli: Cli, serve: Serve) -> None:
    """It names time and request, and no command that would send it again."""
    err = cli("text2video", "a cat", *serve("reset@submit").options).err
    assert "request sha256" in err
    assert "mountsea-gemini text2video" not in err
    assert "safe to submit again" not in err


@pytest.mark.parametrize("status", [201, 503])
def test_an_unknown_outcome_leads_to_the_task_its_answer_names(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    """The advice is a command, and JSON has the id."""
    monkeypatch.setenv("MOUNTSEA_API_KEY", "k")
    with RawServer(answer(status, b'{"data": {"taskId": "t-1"}}')) as server:
        ran = cli("text2video", "a cat", "--base-url", server.url)
        assert ran.code == Exit.UNKNOWN
        assert f"look at it: mountsea-gemini status --base-url {server.url} t-1" in ran.err
        assert "client.task" not in ran.err
        document = cli("text2video", "a cat", "--base-url", server.url, "--json").json
        assert (document["exit"], document["id"]) == (Exit.UNKNOWN, "t-1")


def test_a_refused_connection_is_a_network_error(cli: Cli) -> None:
    """Nothing was started."""
    ran = cli("text2video", "a cat", "--sandbox", "--base-url", "http://127.0.0.1:1")
    assert ran.code == Exit.UNREACHABLE
    assert "nothing was started or billed" in ran.err


def test_too_large_a_file_names_the_option(cli: Cli, serve: Serve, tmp_path: Path) -> None:
    """The advice is an option, not a Python argument."""
    target = tmp_path / "cat.mp4"
    ran = cli("text2video", "a", "-o", str(target), "--max-download-bytes", "10", *serve("now").options)
    assert ran.code == Exit.DOWNLOAD
    assert "raise --max-download-bytes" in ran.err
