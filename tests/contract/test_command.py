"""`rulewright contract` on this client, on a copy, and against an address."""

from __future__ import annotations

import copy
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from unittest.mock import MagicMock
from xml.etree import ElementTree as ET

import httpx
import pytest
import yaml
from rulewright.commands.contract import main
from rulewright.commands.vendor import main as vendor
from rulewright.contract.contract import Contract
from rulewright.contract.coverage import goals
from rulewright.contract.live import CHECKS, PAUSE, Server, check_url, plan
from rulewright.errors import InputError
from rulewright.sandbox import Sandbox

from tests.client.test_sockets import RawServer, answer
from tests.contract.conftest import CLIENT, DOCUMENT, HERE, Benches, video
from tests.example import example

CONTRACT = Contract(DOCUMENT)
LOOPBACK = "http://127.0.0.1:9"
ANYTHING = MagicMock()
"""A document as schemathesis reads it that finds every answer right."""


Run = Callable[..., tuple[int, str]]


@pytest.fixture
def contract(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the command in an empty folder, and return its exit code and output."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> tuple[int, str]:
        code = main(arguments)
        return code, "".join(capsys.readouterr())

    return run


def test_one_command_runs_everything(tmp_path: Path, contract: Run) -> None:
    """Full coverage, a JUnit report, and no other file."""
    code, printed = contract(CLIENT, "--", "--junitxml", "report.xml")
    assert code == 0, printed
    assert "coverage: 100.0%" in printed
    assert "contract of mountsea_gemini: kept" in printed
    (suite,) = ET.parse(tmp_path / "report.xml").getroot()  # noqa: S314  our own file
    assert (suite.get("failures"), suite.get("errors")) == ("0", "0")
    names = {case.get("name") for case in suite}
    assert {"test_bodies[generateVideo]", "test_coverage"} <= names
    assert [path.name for path in tmp_path.iterdir()] == ["report.xml"]


def test_the_goals_hold_every_cell_twice(benches: Benches) -> None:
    """1,134 combinations on each side of the frozen page, all fifteen legal pairs, each rule kept and broken."""
    bench = benches(example().effective)
    lines = goals(bench.contract, bench.package)
    cells = [line for line in lines if " cell " in line]
    assert len(cells) == 2 * 1134
    assert len({tuple(line.split()[3:5]) for line in cells if line.endswith("accepted")}) == 15
    for side in ("client", "server"):
        for rule in bench.contract.rules:
            assert {f"{side}: generateVideo rule {rule.id} {sense}" for sense in ("kept", "broken")} <= set(lines)
    assert "server: generateVideo bound rule img2video-needs-images imageList maxItems 2 beyond it" in lines
    assert "server: getTaskResult credential refused" in lines
    assert "client: getTaskResult transition processing -> timeout" in lines


def test_checks_can_be_selected(contract: Run) -> None:
    """Options after `--` are pytest's; a part needs no coverage, and an empty part is an error."""
    code, printed = contract(CLIENT, "--check", "compiled-rules", "--check", "methods", "--skip", "methods")
    assert (code, "coverage" in printed, "1 passed" in printed) == (0, False, True), printed
    code, printed = contract(CLIENT, "--skip", "contnts")
    assert (code, "there is no check 'contnts'; did you mean contents?" in printed) == (2, True), printed
    code, printed = contract(CLIENT, "--", "-k", "nothing_has_this_name")
    assert (code, "no case was tried" in printed) == (1, True), printed


def test_a_vendored_copy_runs_the_checks_on_itself(
    tmp_path: Path, contract: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The copy is part of another package."""
    (tmp_path / "acme").mkdir()
    (tmp_path / "acme/__init__.py").touch()
    assert vendor(["copy", str(tmp_path / "acme"), "--project", str(HERE.parents[1])]) == 0
    monkeypatch.syspath_prepend(str(tmp_path))
    code, printed = contract(
        "acme.mountsea_gemini", "--check", "refused-submits", "--check", "waiving", "--check", "ends"
    )
    assert code == 0, printed
    assert "contract of acme.mountsea_gemini: kept" in printed


@pytest.mark.parametrize("number", [pytest.param(signal.SIGINT, marks=pytest.mark.heavy), signal.SIGTERM])
def test_a_signal_ends_the_run(number: signal.Signals, tmp_path: Path, guarded: dict[str, str]) -> None:
    """The exit code is the signal's, without a traceback."""
    command = [sys.executable, "-m", "rulewright", "contract", CLIENT, "--long"]
    with subprocess.Popen(command, cwd=tmp_path, env=guarded, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.read(1)  # the first check is done
        process.send_signal(number)
        output = process.stdout.read()
        assert process.wait(60) == 128 + number
    assert "contract of mountsea_gemini: interrupted" in output
    assert "Traceback" not in output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["no_such_client"], "no_such_client is not an installed client"),
        (["json"], "json is not an installed client"),
        ([CLIENT, "--url", "ftp://example.com"], "must be an http or https address"),
        ([CLIENT, "--url", "https://user@example.com"], "must be an http or https address"),
        ([CLIENT, "--url", "http://api.example.com"], "must be https"),
        ([CLIENT, "--url", "https://api.example.com"], "set MOUNTSEA_API_KEY"),
    ],
)
def test_what_cannot_be_run_is_refused(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit 2 with what would be right; nothing is sent."""
    monkeypatch.delenv("MOUNTSEA_API_KEY", raising=False)
    if "--url" not in arguments:
        arguments = [*arguments, "--url", "http://127.0.0.1:9"]
    assert main(arguments) == 2
    assert message in capsys.readouterr().err


def test_wrong_usage_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 2, as for every command."""
    with pytest.raises(SystemExit) as ended:
        main([CLIENT, "--allow-spending", "all"])
    assert ended.value.code == 2
    assert "'all' must be a number" in capsys.readouterr().err
    with pytest.raises(InputError, match="https"):
        check_url("http://192.0.2.1")


def test_a_dry_run_announces_and_sends_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """It prints how many requests of each kind, and which may be billed."""
    assert main([CLIENT, "--url", "https://api.example.com", "--allow-spending", "2", "--dry-run"]) == 0
    error = capsys.readouterr().err
    assert "requests will be sent to https://api.example.com" in error
    assert "  2 valid ones; each may be billed (--allow-spending)" in error


def test_nothing_that_could_be_billed_is_planned_without_permission() -> None:
    """Every rule and operation has requests, all of them invalid."""
    planned = plan(CONTRACT, 0)
    assert list(dict.fromkeys(each.check for each in planned)) == [each for each in CHECKS if each != "valid"]
    assert {rule.id for rule in CONTRACT.rules if rule.level == "error"} <= {each.probe.place for each in planned}
    sandbox = Sandbox(DOCUMENT)
    server = Server(LOOPBACK, "sandbox", ANYTHING, transport=sandbox.transport())
    assert [failure for each in planned if (failure := server.put(each))] == []
    assert len(sandbox.core.tasks) == 0
    assert {request.status for request in sandbox.requests} <= {400, 401, 403, 404, 415}
    assert len(plan(CONTRACT, 3)) == len(planned) + 3
    assert {each.name for each in CONTRACT.subjects} == {each.subject.name for each in planned}


def test_a_run_against_an_address_sends_what_it_announced(contract: Run) -> None:
    """One after another, without pauses on this machine."""
    sandbox = Sandbox(DOCUMENT)
    planned = plan(CONTRACT, 1)
    silent = [each for each in CONTRACT.subjects if each.reply(400) is None]
    with sandbox.serve() as server:
        code, printed = contract(CLIENT, "--url", server.url, "--allow-spending", "1")
    assert code == bool(silent), printed
    assert f"{len(planned) + len(CONTRACT.subjects) - len(silent)} passed" in printed
    assert len(sandbox.core.tasks) == 1
    assert PAUSE > 0


def test_an_answer_that_the_document_does_not_describe_is_the_documents_fault() -> None:
    """Each operation has one failure, with the overlay action that adds the response."""
    document = copy.deepcopy(example().effective)
    submit = video(Contract(document))
    responses = document["paths"][submit.operation.path]["post"]["responses"]
    del responses["4XX"]
    contract = Contract(document)
    server = Server(LOOPBACK, "sandbox", ANYTHING, transport=Sandbox(document).transport())
    assert [failure for each in plan(contract, 0) if (failure := server.put(each))] == []
    failures = [failure for each in contract.subjects if (failure := server.silence(contract, each))]
    assert [(each.blame, each.place) for each in failures] == [("document", f"{submit} responses")]
    (action,) = yaml.safe_load(failures[0].wanted.partition("\n")[2])
    assert action["target"] == f"$.paths['{submit.operation.path}'].post.responses"
    assert action["update"] == {"4XX": {"$ref": "#/components/responses/ClientError"}}


@pytest.mark.parametrize(("spending", "sent"), [(0, 1), (3, 3)])
def test_nothing_more_is_sent_after_what_may_cost(spending: int, sent: int) -> None:
    """If the server accepts everything, no more requests are sent than may be billed."""
    planned = [each for each in plan(CONTRACT, 0) if each.probe.ask.method == "POST"]
    accepting = httpx.MockTransport(lambda _: httpx.Response(201, json={"taskId": "t"}))
    for url, count in (("https://api.example.com", sent), (LOOPBACK, len(planned[:9]))):
        server = Server(url, "s3cret", ANYTHING, spending=spending, transport=accepting)
        failures = [server.put(each) for each in planned[:9] if server.may_be_billed]
        assert [failure.blame for failure in failures if failure] == ["server"] * count


def test_a_server_that_accepts_everything_is_at_fault(contract: Run) -> None:
    """On this machine nothing can cost, so all requests are sent."""
    planned = [each for each in plan(CONTRACT, 0) if each.check == "contents"]
    with RawServer(answer(201, b'{"taskId": "t"}', b"Content-Type: application/json\r\n")) as server:
        code, printed = contract(CLIENT, "--url", server.url, "--check", "contents")
    assert code == 1
    assert f"at fault: server, {len(planned)} cases" in printed


def test_a_server_that_is_down_is_found_before_the_first_case(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 2; a server that goes down later is at fault, and no message has the token."""
    assert main([CLIENT, "--url", LOOPBACK]) == 2
    assert capsys.readouterr().err.startswith(f"error: no server answers at {LOOPBACK}: ")

    def down(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("nobody listens")

    server = Server(LOOPBACK, "s3cret", ANYTHING, transport=httpx.MockTransport(down))
    failure = server.put(plan(CONTRACT, 0)[0])
    assert failure is not None
    assert failure.got == "no answer: ConnectError"
    assert "s3cret" not in failure.text(server.url, "T")
