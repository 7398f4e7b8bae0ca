"""The contract checks as others run them: from the installed package, from a copy, and against an address."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import httpx
import pytest
from mountsea_gemini.testing.contract import CHECKS, Bench
from mountsea_gemini.testing.contract._command import main
from mountsea_gemini.testing.contract._live import plan, run_live
from rulewright.commands.vendor import main as vendor
from rulewright.sandbox import Sandbox

HERE = Path(__file__).parent


def test_one_command_runs_everything(tmp_path: Path, guarded: dict[str, str]) -> None:
    """`python -m mountsea_gemini.testing`: exit code 0, and a report in every format."""
    command = [sys.executable, "-W", "error", "-m", "mountsea_gemini.testing", "--report", "reports"]
    done = subprocess.run(command, cwd=tmp_path, env=guarded, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "coverage: 100.0%" in done.stdout
    suite = ET.parse(tmp_path / "reports/junit.xml").getroot()  # noqa: S314  our own file
    assert (suite.get("failures"), len(suite)) == ("0", len(CHECKS) + 1)


def test_a_vendored_copy_runs_the_same_checks_on_itself(tmp_path: Path, guarded: dict[str, str]) -> None:
    """Under a foreign parent, where neither package can be imported by its own name: one command, all checks."""
    (tmp_path / "acme").mkdir()
    (tmp_path / "acme/__init__.py").touch()
    assert vendor(["copy", str(tmp_path / "acme")]) == 0
    names = ["answers as documented", "exactly one rule", "rules can be waived", "every end of a wait"]
    checks = [word for name in names for word in ("--check", name)]
    code = (
        "import runpy, sys; sys.modules['mountsea_gemini'] = sys.modules['mountsea_gemini_api'] = None;"
        f" sys.argv[1:] = {checks!r}; runpy.run_module('acme.mountsea_gemini.testing', run_name='__main__')"
    )
    env = {**guarded, "PYTHONPATH": os.pathsep.join([str(HERE / "guard"), str(tmp_path)])}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert [line.partition(":")[0] for line in done.stdout.splitlines()[:4]] == [f"ok   {name}" for name in names]


def test_a_single_check_can_be_run(capsys: pytest.CaptureFixture[str]) -> None:
    """Only what is named runs, and coverage is not asked for."""
    assert main(["--check", "wrong parameters"]) == 0
    assert capsys.readouterr().out == "ok   wrong parameters: 5 cases, 0 failures\n\npassed: 5 cases, 0 failures\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--check", "no such thing"], "there is no check 'no such thing'; there are: "),
        (["--url", "ftp://example.com"], "must be an http or https address"),
        (["--url", "http://api.example.com"], "must be https"),
        (["--url", "https://api.example.com"], "no token: set MOUNTSEA_API_KEY"),
        (["--waivers", "nowhere.json"], "nowhere.json: cannot be read"),
    ],
)
def test_what_cannot_be_run_is_said(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit code 2 and a line that says what would be right; nothing is sent."""
    monkeypatch.delenv("MOUNTSEA_API_KEY", raising=False)
    assert main(arguments) == 2
    assert message in capsys.readouterr().err


def test_against_an_address_nothing_that_could_be_billed_is_sent(capsys: pytest.CaptureFixture[str]) -> None:
    """By default every request is refused; what is sent and may cost is said before."""
    sandbox = Sandbox("mountsea_gemini_api")
    with sandbox.serve() as server:
        assert main(["--url", server.url]) == 0
    assert len(sandbox.core.tasks) == 0
    told = capsys.readouterr().err
    assert f"{len(sandbox.requests)} requests will be sent to {server.url}" in told
    assert "0 in order; each starts a task and may be billed" in told


def test_spending_has_a_cap() -> None:
    """With --allow-spending 2 exactly two tasks are started."""
    sandbox = Sandbox("mountsea_gemini_api")
    with sandbox.serve() as server:
        assert main(["--url", server.url, "--allow-spending", "2"]) == 0
    assert len(sandbox.core.tasks) == 2


def test_a_dry_run_sends_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """It only says what would be sent; nobody listens at that address."""
    assert main(["--url", "http://127.0.0.1:9", "--dry-run"]) == 0
    assert "requests will be sent" in capsys.readouterr().err


def test_it_stops_at_the_first_request_accepted_that_must_not_be(bench: Bench) -> None:
    """A server that accepts everything is asked once with the token; the failure names it, the token does not show."""
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        refused = request.headers.get("authorization") != "Bearer tok-en"
        return httpx.Response(401, json={}) if refused else httpx.Response(201, json={"taskId": "t"})

    planned = plan(bench, spending=5)
    found = run_live(
        bench, planned, "http://127.0.0.1:9", "tok-en", transport=httpx.MockTransport(answer), pause=lambda _: None
    )
    assert sum(request.headers.get("authorization") == "Bearer tok-en" for request in asked) == 1
    (failure,) = found.failures
    lines = "\n".join(failure.lines(found.base, found.variable))
    assert '-H "Authorization: Bearer $MOUNTSEA_API_KEY"' in lines
    assert "tok-en" not in lines
    assert not found.passed


def test_every_request_planned_as_refused_is_one_the_document_forbids(bench: Bench) -> None:
    """Asked of the judge once more: none of the bodies that count as free is in order."""
    judge = bench.contract.submit.judge
    with bench:
        for probe in plan(bench, spending=0).refused:
            answer = bench.ask(probe.ask)
            assert 400 <= answer.status_code < 500, probe.case
    assert judge is not None
    assert len(bench.sandbox.core.tasks) == 0
