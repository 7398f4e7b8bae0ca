"""What the commands do with what they are given, and what they leave a script to read."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from mountsea_gemini._api import BODIES, VARIANTS
from mountsea_gemini.cli import _app
from mountsea_gemini.cli._app import running_version
from mountsea_gemini.cli._exits import table
from mountsea_gemini.rules import RULES

from tests.cli.running import Ran, Running

Cli = Callable[..., Ran]
Serve = Callable[[str], Running]
ROOT = Path(__file__).parents[2]
IMAGE = "https://example.com/1.png"
TASK_KEYS = {"exit", "id", "status", "state", "urls", "file", "error"}
ERROR_KEYS = {"type", "message", "http_status", "trace_id", "way_out", "violations"}


def sent_body(sandbox: Running) -> Any:
    """Return the body of the one submit that came."""
    (submit,) = [request for request in sandbox.sandbox.requests if request.method == "POST"]
    return json.loads(submit.body)


def test_absent_stays_absent(cli: Cli, serve: Serve) -> None:
    """Only what was given is sent, beside the method's own default and the variant's value."""
    sandbox = serve("now")
    assert cli("text2video", "a cat", *sandbox.options).code == 0
    assert sent_body(sandbox) == {"prompt": "a cat", "action": "text2video", "model": "veo31_fast"}


def test_every_field_arrives(cli: Cli, serve: Serve) -> None:
    """Positional URLs, choices and flags arrive as the fields they stand for."""
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
    """Standard output is the URLs, one in a line; with --quiet standard error stays empty."""
    sandbox = serve("now")
    ran = cli("text2video", "a cat", "--quiet", *sandbox.options)
    assert ran.out.startswith(sandbox.url)
    assert ran.out.endswith(".mp4\n")
    assert ran.err == ""


def test_json_of_a_finished_task(cli: Cli, serve: Serve, tmp_path: Path) -> None:
    """--json prints one object with the documented keys and nothing else."""
    sandbox = serve("now")
    target = tmp_path / "cat.mp4"
    found = cli("text2video", "a cat", "--json", "-o", str(target), *sandbox.options).json
    assert found.keys() == TASK_KEYS
    assert found["urls"][0].startswith(sandbox.url)
    assert (found["exit"], found["status"], found["state"]) == (0, "completed", "succeeded")
    assert (found["file"], found["error"]) == (str(target), None)


def test_json_of_an_error_has_the_same_keys(cli: Cli, serve: Serve) -> None:
    """A failed task gives the same object, with the id and the error in it."""
    found = cli("text2video", "a cat", "--json", *serve("failed now").options).json
    assert found.keys() == TASK_KEYS
    assert found["error"].keys() == ERROR_KEYS
    assert (found["exit"], found["status"], found["state"]) == (6, "failed", "failed")
    assert found["id"] in found["error"]["message"]
    assert found["error"]["type"] == "TaskFailed"


def test_no_wait_prints_the_id_and_stops(cli: Cli, serve: Serve) -> None:
    """--no-wait prints the id alone and does not look at the task."""
    sandbox = serve("")
    ran = cli("text2video", "a cat", "--no-wait", *sandbox.options)
    assert (ran.code, sandbox.sent("GET")) == (0, 0)
    assert cli("status", ran.out.strip(), *sandbox.options).out == "pending\n"


def test_status_prints_the_whole_answer_as_json(cli: Cli, serve: Serve) -> None:
    """`status --json` adds the vendor's answer as it came; a failed task is no failed look."""
    sandbox = serve("failed now")
    task = sandbox.submit()
    ran = cli("status", task, "--json", *sandbox.options)
    assert ran.code == 0
    assert ran.json.keys() == TASK_KEYS | {"answer"}
    assert ran.json["answer"]["taskId"] == task
    text = cli("status", task, *sandbox.options).out.splitlines()
    assert text == ["failed", ran.json["answer"]["errorMessage"]]


def test_wait_prints_the_urls(cli: Cli, serve: Serve) -> None:
    """`wait` goes on with a task that was submitted elsewhere and submits nothing."""
    sandbox = serve("")
    task = sandbox.submit()
    assert cli("wait", task, *sandbox.options).out.endswith(f"{task}.mp4\n")
    assert sandbox.sent("POST") == 1


def test_download_needs_a_file_name(cli: Cli) -> None:
    """`download` without --output is wrong usage."""
    assert cli("download", "some-task").code == 2


def test_an_output_that_cannot_be_written_is_refused_before_the_submit(cli: Cli, serve: Serve, tmp_path: Path) -> None:
    """A misspelt directory costs nothing: the target is checked before anything is sent."""
    sandbox = serve("now")
    ran = cli("text2video", "a cat", "-o", str(tmp_path / "no" / "cat.mp4"), *sandbox.options)
    assert (ran.code, sandbox.sent("POST")) == (2, 0)
    assert "there is no directory" in ran.err


@pytest.mark.parametrize("more", [("--timeout", "-1"), ("--timeout", "nan"), ("--no-wait", "-o", "cat.mp4")])
def test_options_that_make_no_sense_cost_nothing(cli: Cli, serve: Serve, more: tuple[str, ...]) -> None:
    """Options are checked before the submit."""
    sandbox = serve("now")
    assert (cli("text2video", "a cat", *more, *sandbox.options).code, sandbox.sent("POST")) == (2, 0)


def test_a_value_that_is_no_choice_is_refused(cli: Cli, serve: Serve) -> None:
    """A wrong model is wrong usage, with the choices, the nearest one and the way to insist."""
    sandbox = serve("now")
    ran = cli("text2video", "a cat", "--model", "veo31_fats", *sandbox.options)
    assert (ran.code, sandbox.sent("POST")) == (2, 0)
    assert "--model must be one of veo2_fast, " in ran.err
    assert "did you mean veo31_fast?" in ran.err
    assert "--allow-unlisted" in ran.err


def test_a_value_that_is_no_choice_can_be_insisted_on(cli: Cli, serve: Serve) -> None:
    """--allow-unlisted sends the value; whether it is right is then the server's to say."""
    sandbox = serve("now")
    ran = cli("text2video", "a cat", "--model", "veo9", "--allow-unlisted", *sandbox.options)
    assert sent_body(sandbox)["model"] == "veo9"
    assert ran.code == 9
    assert "HTTP 400" in ran.err


def test_a_broken_rule_is_refused_before_sending(cli: Cli, serve: Serve) -> None:
    """A broken rule gives exit 3, its id, the nearest valid request and the option that waives it."""
    sandbox = serve("now")
    ran = cli("img2video", "a cat", IMAGE, IMAGE, IMAGE, *sandbox.options)
    assert (ran.code, sandbox.sent("POST")) == (3, 0)
    assert "img2video-needs-images" in ran.err
    assert "nearest valid request: drop the last item of --image" in ran.err
    assert "--waive img2video-needs-images" in ran.err


def test_a_waived_rule_refuses_nothing(cli: Cli, serve: Serve) -> None:
    """--waive lets the request out; here the sandbox, which has not waived it, refuses."""
    sandbox = serve("now")
    more = ("--waive", "img2video-needs-images", "--waive", "images-are-http-urls")
    assert cli("img2video", "a cat", IMAGE, IMAGE, IMAGE, *more, *sandbox.options).code == 9
    assert sandbox.sent("POST") == 1


def test_an_inferred_rule_warns_and_refuses_in_strict_mode(cli: Cli, serve: Serve) -> None:
    """An inferred rule is a note on standard error; --strict makes it exit 3."""
    sandbox = serve("now")
    ran = cli("text2video", " ", *sandbox.options)
    assert ran.code == 0
    assert "warning: prompt-not-blank" in ran.err
    strict = cli("text2video", " ", "--strict", *sandbox.options)
    assert strict.code == 3
    assert "--waive prompt-not-blank" in strict.err


def test_without_a_token_nothing_is_tried(cli: Cli) -> None:
    """Without a token the program says where to put one, and how to do without."""
    ran = cli("text2video", "a cat")
    assert ran.code == 2
    assert "set MOUNTSEA_API_KEY or give --token-file FILE" in ran.err
    assert "--sandbox" in ran.err


def test_sandbox_without_a_submit_has_no_task(cli: Cli) -> None:
    """--sandbox makes no sense for a task that exists, and the error says how it would."""
    ran = cli("status", "some-task", "--sandbox")
    assert ran.code == 2
    assert "--base-url" in ran.err


def test_sandbox_is_for_this_machine(cli: Cli) -> None:
    """--sandbox asks without pause and sends no real token, so it is not for a real server."""
    ran = cli("text2video", "a cat", "--sandbox", "--base-url", "https://api.example.com")
    assert ran.code == 2
    assert "on this machine" in ran.err


def test_rules_lists_every_rule(cli: Cli) -> None:
    """`rules` names every rule; as JSON with its level and the vendor's words."""
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
    """`explain` exits with 0 for a request that would be sent and with 3 for one that would not."""
    path = tmp_path / "body.json"
    path.write_text(json.dumps(body))
    ran = cli("explain", str(path), "--operation", "generate-video", "--json", *options)
    assert ran.code == code
    assert ran.json["valid"] is (code == 0)
    assert [violation["rule"] for violation in ran.json["violations"]] == rules


def test_explain_must_know_what_the_body_is(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By its command, operationId or variant where there are several kinds of body; the only one need not be named."""
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
    """For people, `explain` gives the verdict, each rule, the way to a valid request and the vendor's words."""
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
def test_explain_names_the_place_of_what_is_no_request(cli: Cli, tmp_path: Path, text: bytes, words: str) -> None:
    """What is no JSON object is wrong usage, with its place."""
    path = tmp_path / "body.json"
    path.write_bytes(text)
    ran = cli("explain", str(path))
    assert ran.code == 2
    assert words in ran.err


def test_every_command_has_help(cli: Cli) -> None:
    """Every command explains itself, and the program's help names them all and every exit code."""
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
    """A variant whose value is called like a command, or is no word of a shell, has a name all the same."""
    monkeypatch.setattr(_app, "VARIANTS", {"action": {value: "text_to_video"}})
    assert cli(command, "--help").code == 0


def test_verbose_logs_each_exchange_without_secrets(
    cli: Cli, serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Method, address, status and time; no token, no prompt, no query."""
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


def test_colour_is_for_terminals_and_who_asks_for_it(program: Callable[..., Ran]) -> None:
    """FORCE_COLOR colours the kind of a message in a pipe too; NO_COLOR prevails."""
    assert program("text2vido").err.startswith("error: ")
    assert program("text2vido", FORCE_COLOR="1").err.startswith("\x1b[31merror:\x1b[0m ")
    assert "\x1b" not in program("text2vido", FORCE_COLOR="1", NO_COLOR="1").err


def test_version(cli: Cli, tmp_path: Path) -> None:
    """--version prints the project's version, also where it was never installed; another project's is not taken."""
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
    """A misspelt command is exit 2, with the nearest one."""
    ran = cli("text2vido", "a cat")
    assert ran.code == 2
    assert "text2video" in ran.err
