"""The sandbox's control paths over HTTP, and its command."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from rulewright.commands.sandbox import main
from rulewright.sandbox import Recorded, Request, Sandbox, Timing, serve

from tests.sandbox.asking import AUTH, JSON, SUBMIT, TEXT, Ask, Send, life, poll, small, start_task, submit

ROOT = Path(__file__).parents[2]
ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join(str(ROOT / name) for name in ("overlays", "generated"))}


def control(send: Send, name: str, body: bytes = b"", method: str = "POST") -> tuple[int, Any]:
    """Send a request to a control path."""
    answer = send(Ask(method, f"/_sandbox/{name}", JSON, body))
    return answer.status, answer.json()


@pytest.mark.parametrize("body", [b'"failed now"', b'{"outcome":"failed","timing":"now"}', b'["failed now"]'])
def test_a_script_can_be_queued_over_http(send: Send, body: bytes) -> None:
    """As text, as an object, or as a list of either."""
    assert control(send, "script", body) == (200, {"queued": 1})
    assert life(send, start_task(send), 1) == ["failed"]


@pytest.mark.parametrize("body", [b"", b"{", b"5", b'["failed", "sideways"]', b'"500@lunch"', b"[" * 100_000])
def test_a_wrong_script_is_refused_whole(send: Send, body: bytes) -> None:
    """Nothing is queued."""
    assert control(send, "script", body)[0] == 400
    assert control(send, "state", method="GET")[1]["queued"] == 0


def test_requests_can_be_read_and_forgotten_over_http(send: Send) -> None:
    """Control requests are not recorded."""
    send(submit())
    status, value = control(send, "requests", method="GET")
    (record,) = value["requests"]
    assert (status, record["method"], record["path"], record["status"]) == (200, "POST", SUBMIT, 201)
    assert record["headers"]["authorization"] == "Bearer [accepted]"
    assert control(send, "reset") == (200, {"reset": True})
    assert control(send, "requests", method="GET")[1] == {"requests": [], "dropped": 0}


TOKEN = "tökén".encode()


def recorded(*headers: tuple[str, bytes], query: bytes = b"", method: str = "GET", body: bytes = b"") -> Recorded:
    """Return the record of a request."""
    schemes = {"key": {"type": "apiKey", "in": "header", "name": "X-Kéy"}, "bearer": {"type": "oauth2"}}
    get: Any = {"security": [{"key": []}, {"bearer": []}], "responses": {}}
    sandbox = Sandbox(small({"/a": {"get": get}}, components={"securitySchemes": schemes}), token=TOKEN.decode())
    sandbox.handle(Request(method, "/a", query, [(name.encode(), value) for name, value in headers], body))
    (entry,) = sandbox.requests
    return entry


def test_a_record_is_the_request_and_its_status() -> None:
    """Repeated headers are joined, and bytes that are not UTF-8 are replaced."""
    found = recorded(("a", b"1"), ("a", b"\xe9"), query=b"a=%20&\xe9", method="PUT", body=b"b\xff")
    assert found == Recorded("PUT", "/a", "a=%20&\xe9", {"a": "1, \xe9"}, b"b\xff", 405)
    assert found.as_json()["body"] == "b\N{REPLACEMENT CHARACTER}"


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("authorization", b"Bearer " + TOKEN, "Bearer [accepted]"),
        ("authorization", b"bEARER " + TOKEN, "bEARER [accepted]"),
        ("authorization", b"Bearer x", "Bearer [refused]"),
        ("authorization", b"Bearer  " + TOKEN, "Bearer [refused]"),
        ("authorization", b"Bearer", "[refused]"),
        ("authorization", TOKEN, "[accepted]"),
        ("cookie", b"a=" + TOKEN, "[refused]"),
        ("proxy-authorization", TOKEN, "[accepted]"),
        ("x-kéy", TOKEN, "[accepted]"),
        ("x-kéy", b"x", "[refused]"),
        ("x-key", b"x", "x"),
    ],
)
def test_a_header_that_may_carry_a_credential_is_not_kept(name: str, value: bytes, shown: str) -> None:
    """The record says only whether it was accepted."""
    assert recorded((name, value)).headers == {name.encode().decode("latin-1"): shown}


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("x-k%C3%A9y=a=b&c=d&X-K%c3%a9Y=", "x-k%C3%A9y=[hidden]&c=d&X-K%c3%a9Y=[hidden]"),
        ("a&authorization&=x", "a&authorization=[hidden]&=x"),
        ("%61uthorization=1", "%61uthorization=[hidden]"),
        ("x=authorization", "x=authorization"),
        ("", ""),
    ],
)
def test_a_credential_in_the_query_is_hidden(query: str, shown: str) -> None:
    """However its name is encoded."""
    assert recorded(query=query.encode()).query == shown


def test_the_newest_bytes_are_kept() -> None:
    """At most four megabytes of bodies; one record is kept whatever its size."""
    sandbox, half = Sandbox(small({"/": {"get": {}}})), bytes(2 * 1024 * 1024)
    for path, body, kept in (
        ("/a", half, ["/a"]),
        ("/b", half, ["/a", "/b"]),
        ("/c", b"c", ["/b", "/c"]),
        ("/d", half, ["/c", "/d"]),
        ("/e", half * 2 + b"e", ["/e"]),
    ):
        sandbox.handle(Request("PUT", path, b"", [], body))
        assert [each.path for each in sandbox.requests] == kept
    with httpx.Client(transport=sandbox.transport(), base_url="http://a.test") as client:
        assert client.get("/_sandbox/requests").json()["dropped"] == 4


def test_state_and_provenance_can_be_read(send: Send) -> None:
    """Number of tasks kept, and the certainty of each behaviour."""
    send(submit())
    assert control(send, "state", method="GET") == (
        200,
        {"tasks": {"kept": 1, "forgotten": 0, "limit": 10_000}, "queued": 0},
    )
    status, labels = control(send, "provenance", method="GET")
    assert (status, labels[0]["provenance"], labels[-1]["provenance"]) == (200, "published", "invented")


def test_web_pages_cannot_reach_the_controls(send: Send) -> None:
    """Cross-origin POSTs without preflight are refused, and so are other methods and names."""
    for media in ("text/plain", "application/x-www-form-urlencoded"):
        assert send(Ask("POST", "/_sandbox/reset", {"content-type": media})).status == 415
    assert send(Ask("GET", "/_sandbox/reset", {})).status == 405
    assert send(Ask("GET", "/_sandbox/nothing", {})).status == 404


def test_serve_makes_and_serves_a_sandbox() -> None:
    """It takes the options of `Sandbox`."""
    with serve("mountsea_gemini", token="k1", timing=Timing("now")) as running:  # noqa: S106  made up
        headers = {"authorization": "Bearer k1"}
        with httpx.Client(base_url=running.url, headers=headers, trust_env=False) as client:
            task_id = client.post(SUBMIT, json=TEXT).json()["taskId"]
            assert client.get(poll(task_id).path).json()["status"] == "completed"


@contextmanager
def command(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run the command, and wait for its first line."""
    with subprocess.Popen(
        [sys.executable, "-m", "rulewright", "sandbox", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=ENVIRONMENT,
    ) as process:
        try:
            assert process.stdout is not None
            yield process, process.stdout.readline().strip()
        finally:
            process.kill()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_command_serves_until_it_is_interrupted(number: int) -> None:
    """It prints its URL, then the provenance on standard error; each signal has its exit code."""
    with command("--token", "k1", "--speed", "now", "--outcome", "failed", "--strict") as (process, url):
        with httpx.Client(base_url=url, headers={"authorization": "Bearer k1"}, trust_env=False) as client:
            task_id = client.post(SUBMIT, json=TEXT).json()["taskId"]
            assert client.get(poll(task_id).path).json()["status"] == "failed"
            assert client.post(SUBMIT, json=TEXT | {"prompt": " "}).status_code == 400
        process.send_signal(number)
        rest, labels = process.communicate(timeout=10)
        assert (process.returncode, rest) == (128 + number, "")
    assert labels.startswith("published  operation  POST ")
    assert "invented" in labels


def test_a_slow_answer_does_not_hold_up_the_end() -> None:
    """A connection that still waits is cut after a second."""
    with command("--outcome", "slow=600@submit") as (process, url), httpx.Client(trust_env=False) as client:
        with pytest.raises(httpx.ReadTimeout):
            client.post(url + SUBMIT, json=TEXT, headers=AUTH, timeout=0.2)
        before = time.monotonic()
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 130
        assert time.monotonic() - before < 5


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--speed", "fast"], "write now, polls=N or seconds=N"),
        (["--speed", "failed now"], "write now, polls=N or seconds=N"),
        (["--outcome", "gremlin@poll"], "'gremlin' is not a fault"),
        (["--port", "x"], "write a number from 0 to 65535"),
        (["--port", "65536"], "write a number from 0 to 65535"),
        (["--port=-1"], "write a number from 0 to 65535"),
        (["--host", "ü..x"], "'ü..x' is not the name of a host"),
    ],
)
def test_wrong_usage_exits_with_2(capsys: pytest.CaptureFixture[str], arguments: list[str], words: str) -> None:
    """The message says what would be right."""
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert words in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["no_such_package"], "error: 'no_such_package': there is no client package of this name"),
        (["no-such-file.yaml"], "error: no-such-file.yaml: cannot be read"),
        (["no-such-file.json"], "error: no-such-file.json: the effective document cannot be read"),
        (["--outcome", "sideways"], "error: 'sideways' is not an outcome"),
        (["--host", "256.0.0.1"], "error: cannot listen on '256.0.0.1'"),
    ],
)
def test_what_cannot_start_exits_with_1(capsys: pytest.CaptureFixture[str], arguments: list[str], words: str) -> None:
    """One line names the cause."""
    assert main(arguments) == 1
    assert capsys.readouterr().err.startswith(words)


def test_without_a_document_the_project_of_the_folder_is_served(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a project or an effective document, the message says what to run."""
    monkeypatch.chdir(tmp_path)
    assert main([]) == 1
    assert "pyproject.toml: cannot be read" in capsys.readouterr().err
    settings = '[tool.rulewright]\nspec = "openapi.yaml"\npackage = "shop_api"\noutput = "generated"\n'
    (tmp_path / "pyproject.toml").write_text(settings)
    assert main([]) == 1
    assert capsys.readouterr().err.endswith("there is no effective document yet\n  run: rulewright regenerate\n")


@pytest.mark.parametrize("suffix", ["json", "yaml"])
def test_a_document_is_json_or_yaml(tmp_path: Path, suffix: str) -> None:
    """Either is served as it is."""
    file = tmp_path / f"document.{suffix}"
    file.write_text('{"openapi": "3.1.0", "paths": {"/ping": {"get": {"responses": {"204": {}}}}}}')
    with serve(file) as running:
        assert httpx.get(f"{running.url}/ping", trust_env=False).status_code == 204
