"""What each command sends, prints and returns."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
from mountsea_gemini._api import BODIES, VARIANTS
from mountsea_gemini.cli import _app
from mountsea_gemini.cli._app import running_version
from mountsea_gemini.cli._exits import table
from mountsea_gemini.rules import RULES

from tests.cli.running import Cli, Running, Serve

ROOT = Path(__file__).parents[2]
IMAGE = "https://example.com/1.png"
TASK_KEYS = {"exit", "id", "status", "state", "urls", "file", "error"}
ERROR_KEYS = {"type", "message", "http_status", "trace_id", "way_out", "violations"}


def sent_body(sandbox: Running) -> Any:
    """Return the body of the only submit."""
    (submit,) = [request for request in sandbox.sandbox.requests if request.method == "POST"]
    return json.loads(submit.body)


def test_absent_stays_absent(cli: Cli, serve: Serve) -> None:
    """Only given fields are sent, beside the method's default and the variant's value."""
    sandbox = serve("now")
    assert cli("text2video", "a cat", *sandbox.options).code == 0
    assert sent_body(sandbox) == {"prompt": "a cat", "action": "text2video", "model": "veo31_fast"}


def test_every_field_arrives(cli: Cli, serve: Serve) -> None:
    """Positional URLs, choices and flags become the fields they stand for."""
    sandbox = serve("now")
    more = ("--model", "veo2_fast", "--aspect-ratio", "9:16", "--no-translation")
    assert cli("img2video", "a cat", IMAGE, IMAGE, *more, *sandbox.options).code == 0
    assert sent_body(sandbox) == {
        "prompt": "a cat",
        "action": "img2video",
        "model": "veo2_fast",
        "imageList": [IMAGE, IMAGE],
        "aspectRatio": "9:16",
        "translation": False,
    }


def test_without_output_the_urls_are_printed(cli: Cli, serve: Serve) -> None:
    """One URL a line; with --quiet standard error stays empty."""
    sandbox = serve("now")
    ran = cli("text2video", "a cat", "--quiet", *sandbox.options)
    assert ran.out.startswith(sandbox.url)
    assert ran.out.endswith(".mp4\n")
    assert ran.err == ""


def test_json_of_a_finished_task(cli: Cli, serve: Serve, tmp_path: Path) -> None:
    """--json prints one object with the documented keys."""
    sandbox = serve("now")
    target = tmp_path / "cat.mp4"
    found = cli("text2video", "a cat", "--json", "-o", str(target), *sandbox.options).json
    assert found.keys() == TASK_KEYS
    assert found["urls"][0].startswith(sandbox.url)
    assert (found["exit"], found["status"], found["state"]) == (0, "completed", "succeeded")
    assert (found["file"], found["error"]) == (str(target), None)


def test_json_of_an_error_has_the_same_keys(cli: Cli, serve: Serve) -> None:
    """A failed task has its id and its error in the object."""
    found = cli("text2video", "a cat", "--json", *serve("failed now").options).json
    assert found.keys() == TASK_KEYS
    assert found["error"].keys() == ERROR_KEYS
    assert (found["exit"], found["status"], found["state"]) == (6, "failed", "failed")
    assert found["id"] in found["error"]["message"]
    assert found["error"]["type"] == "TaskFailed"


def test_no_wait_prints_the_id_and_stops(cli: Cli, serve: Serve) -> None:
    """--no-wait sends no poll."""
    sandbox = serve("")
    ran = cli("text2video", "a cat", "--no-wait", *sandbox.options)
    assert (ran.code, sandbox.sent("GET")) == (0, 0)
    assert cli("status", ran.out.strip(), *sandbox.options).out == "pending\n"


def test_status_prints_the_whole_answer_as_json(cli: Cli, serve: Serve) -> None:
    """`status --json` adds the vendor's response; a failed task is no failed command."""
    sandbox = serve("failed now")
    task = sandbox.submit()
    ran = cli("status", task, "--json", *sandbox.options)
    assert ran.code == 0
    assert ran.json.keys() == TASK_KEYS | {"answer"}
    assert ran.json["answer"]["taskId"] == task
    text = cli("status", task, *sandbox.options).out.splitlines()
    assert text == ["failed", ran.json["answer"]["errorMessage"]]


def test_wait_prints_the_urls(cli: Cli, serve: Serve) -> None:
    """`wait` continues with an earlier task, and submits nothing."""
    sandbox = serve("")
    task = sandbox.submit()
    assert cli("wait", task, *sandbox.options).out.endswith(f"{task}.mp4\n")
    assert sandbox.sent("POST") == 1


def test_download_needs_a_file_name(cli: Cli) -> None:
    """`download` without --output is wrong usage."""
    assert cli("download", "some-task").code == 2


@pytest.mark.parametrize("more", [("--timeout", "-1"), ("--timeout", "nan"), ("--no-wait", "-o", "cat.mp4")])
def test_options_that_make_no_sense_cost_nothing(cli: Cli, serve: Serve, more: tuple[str, ...]) -> None:
    """Options are checked before the submit."""
    sandbox = serve("now")
    assert (cli("text2video", "a cat", *more, *sandbox.options).code, sandbox.sent("POST")) == (2, 0)


def test_a_value_that_is_no_choice_is_refused(cli: Cli, serve: Serve) -> None:
    """The message has the choices, the nearest one, and the option that sends the value anyway."""
    sandbox = serve("now")
    ran = cli("text2video", "a cat", "--model", "veo31_fats", *sandbox.options)
    assert (ran.code, sandbox.sent("POST")) == (2, 0)
    assert "--model must be one of veo2_fast, " in ran.err
    assert "did you mean veo31_fast?" in ran.err
    assert "--allow-unlisted" in ran.err


def test_a_broken_rule_is_refused_before_sending(cli: Cli, serve: Serve) -> None:
    """Exit 3, with id, nearest valid request and the option that waives the rule."""
    sandbox = serve("now")
    ran = cli("img2video", "a cat", IMAGE, IMAGE, IMAGE, *sandbox.options)
    assert (ran.code, sandbox.sent("POST")) == (3, 0)
    assert "img2video-needs-images" in ran.err
    assert "nearest valid request: drop the last item of --image" in ran.err
    assert "--waive img2video-needs-images" in ran.err


def test_a_waived_rule_refuses_nothing(cli: Cli, serve: Serve) -> None:
    """--waive sends the request; here the sandbox refuses it."""
    sandbox = serve("now")
    more = ("--waive", "img2video-needs-images", "--waive", "images-are-http-urls")
    assert cli("img2video", "a cat", IMAGE, IMAGE, IMAGE, *more, *sandbox.options).code == 9
    assert sandbox.sent("POST") == 1


def test_an_inferred_rule_warns_and_refuses_in_strict_mode(cli: Cli, serve: Serve) -> None:
    """A note on standard error; with --strict exit 3."""
    sandbox = serve("now")
    ran = cli("text2video", " ", *sandbox.options)
    assert ran.code == 0
    assert "warning: prompt-not-blank" in ran.err
    strict = cli("text2video", " ", "--strict", *sandbox.options)
    assert strict.code == 3
    assert "--waive prompt-not-blank" in strict.err


def test_without_a_token_nothing_is_tried(cli: Cli) -> None:
    """The message says where to put a token, and how to do without."""
    ran = cli("text2video", "a cat")
    assert ran.code == 2
    assert "set MOUNTSEA_API_KEY or give --token-file FILE" in ran.err
    assert "--sandbox" in ran.err


def test_sandbox_without_a_submit_has_no_task(cli: Cli) -> None:
    """--sandbox makes no sense for an existing task unless --base-url names its server."""
    ran = cli("status", "some-task", "--sandbox")
    assert ran.code == 2
    assert "--base-url" in ran.err


def test_sandbox_is_for_this_machine(cli: Cli) -> None:
    """--sandbox polls without pause and sends no real token."""
    ran = cli("text2video", "a cat", "--sandbox", "--base-url", "https://api.example.com")
    assert ran.code == 2
    assert "on this machine" in ran.err


def test_rules_lists_every_rule(cli: Cli) -> None:
    """With --json, each has the vendor's words."""
    assert all(rule in cli("rules").out for rule in RULES)
    listed = cli("rules", "--json").json["rules"]
    assert {rule["id"]: rule["source"]["quote"] for rule in listed} == {
        rule.id: rule.source.quote for rule in RULES.values()
    }


VALID = {"prompt": "p", "action": "text2video", "model": "veo3_fast"}


@pytest.mark.parametrize(
    ("body", "options", "code", "rules"),
    [
        (VALID, (), 0, []),
        (VALID | {"prompt": ""}, (), 0, ["prompt-not-blank"]),
        (VALID | {"prompt": ""}, ("--strict",), 3, ["prompt-not-blank"]),
        (VALID | {"action": "img2video"}, (), 3, ["img2video-needs-images"]),
        (VALID | {"action": "img2video"}, ("--waive", "img2video-needs-images"), 0, []),
        (VALID | {"model": "veo9"}, (), 3, ["schema"]),
        ({}, (), 3, ["schema", "schema", "schema"]),
    ],
)
def test_explain_judges_a_body(
    cli: Cli, tmp_path: Path, *, body: Any, options: tuple[str, ...], code: int, rules: list[str]
) -> None:
    """Exit 0 for a request that would be sent, and 3 for any other."""
    path = tmp_path / "body.json"
    path.write_text(json.dumps(body))
    ran = cli("explain", str(path), "--operation", "generate-video", "--json", *options)
    assert ran.code == code
    assert ran.json["valid"] is (code == 0)
    assert [violation["rule"] for violation in ran.json["violations"]] == rules


def test_explain_needs_the_operation(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By command, operationId or variant, unless there is only one kind of body."""
    path = tmp_path / "body.json"
    path.write_text(json.dumps(VALID))
    for name in ("generate-video", "generateVideo", "text2video", "text-to-video"):
        assert cli("explain", str(path), "--operation", name).code == 0
    wrong = cli("explain", str(path), "--operation", "generate-vide")
    assert (wrong.code, "did you mean generate-video?" in wrong.err) == (2, True)
    bodies = {kind: body for kind, body in BODIES.items() if "generateVideo" in body.operations}
    monkeypatch.setattr("mountsea_gemini._api.BODIES", bodies)
    assert cli("explain", str(path)).code == 0
    monkeypatch.setattr("mountsea_gemini._api.BODIES", {})
    assert "what the request is for: none, as no request" in cli("explain", str(path)).err


def test_explain_names_the_nearest_valid_request_and_the_source(cli: Cli, tmp_path: Path) -> None:
    """The text has verdict, rules, nearest valid request and the vendor's words."""
    path = tmp_path / "body.json"
    path.write_text(json.dumps(VALID | {"action": "ingredients2video", "imageList": [IMAGE]}))
    lines = cli("explain", str(path), "--operation", "generate-video").out.splitlines()
    assert lines[0] == "refused"
    assert '  nearest valid request: model="veo31_fast"' in lines
    assert f"  the vendor's words: {RULES['ingredients-only-veo31-fast'].source.quote}" in lines


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b'{"prompt": "p"\n}}', "body.json:2:2: is not JSON"),
        (b'{"prompt": NaN}', "there is no NaN in JSON"),
        (b"[" * 100_000, "is not JSON"),
        (b"\xff\xfe\xff", "is not JSON"),
        (b'["p"]', "a request is a JSON object, got list"),
    ],
)
def test_explain_names_the_place_of_invalid_json(cli: Cli, tmp_path: Path, text: bytes, words: str) -> None:
    """A value that is no object is wrong usage too."""
    path = tmp_path / "body.json"
    path.write_bytes(text)
    ran = cli("explain", str(path))
    assert ran.code == 2
    assert words in ran.err


def test_every_command_has_help(cli: Cli) -> None:
    """The program's help lists all commands and exit codes."""
    whole = cli("--help").out
    commands = ["status", "wait", "download", "rules", "explain", "completion", *VARIANTS["action"]]
    for command in commands:
        assert command in whole
        assert cli(command, "--help").out.lower().startswith("usage: ")
    assert all(line in whole for line in table().splitlines())


@pytest.mark.parametrize(("value", "command"), [("status", "action-status"), ("two words", "text-to-video")])
def test_a_value_that_cannot_be_a_command_gets_another_name(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, value: str, command: str
) -> None:
    """A variant named like a command, or with a space, gets another name."""
    monkeypatch.setattr(_app, "VARIANTS", {"action": {value: "text_to_video"}})
    assert cli(command, "--help").code == 0


def test_verbose_logs_each_exchange_without_secrets(
    cli: Cli, serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Method, URL, status and time, without token, prompt and query."""
    monkeypatch.setenv("MOUNTSEA_API_KEY", "sandbox")
    sandbox, target = serve("now"), tmp_path / "cat.mp4"
    ran = cli(
        "text2video", "a secret cat", "-v", "-o", str(target), "--base-url", sandbox.url, "--allow-private-downloads"
    )
    lines = [line for line in ran.err.splitlines() if line.startswith("debug: ")]
    assert [line.split()[1] for line in lines] == ["POST", "GET", "GET"]
    assert all(": HTTP 20" in line and line.endswith(" s)") for line in lines)
    assert not any(word in ran.err for word in ("secret", "Bearer", "?"))
    assert "debug" not in cli("text2video", "a cat", *sandbox.options).err


def test_colour_is_for_terminals_and_who_asks_for_it(program: Cli) -> None:
    """FORCE_COLOR works in a pipe too; NO_COLOR wins."""
    assert program("text2vido").err.startswith("error: ")
    assert program("text2vido", FORCE_COLOR="1").err.startswith("\x1b[31merror:\x1b[0m ")
    assert "\x1b" not in program("text2vido", FORCE_COLOR="1", NO_COLOR="1").err


def test_version(cli: Cli, tmp_path: Path) -> None:
    """Works without installation; the version of another project is not used."""
    stated = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    ran = cli("--version")
    assert (ran.code, ran.out) == (0, f"{stated}\n")
    for text in ("not toml", "project = 7", '[project]\nname = "other"\nversion = "9.9.9"'):
        (tmp_path / "pyproject.toml").write_text(text, encoding="utf-8")
        assert running_version(tmp_path) != "9.9.9"
    name = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["name"]
    (tmp_path / "pyproject.toml").write_text(f'[project]\nname = "{name}"\nversion = "9.9.9"', encoding="utf-8")
    assert running_version(tmp_path) == "9.9.9"


def test_an_unknown_command_is_wrong_usage(cli: Cli) -> None:
    """Exit 2, with the nearest command."""
    ran = cli("text2vido", "a cat")
    assert ran.code == 2
    assert "text2video" in ran.err
