"""Every operation of a document is a command with typed options; submits are waited for."""

from __future__ import annotations

import importlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import rulewright.sandbox
from mountsea_gemini._operation import Hole
from mountsea_gemini.operations import HOLES, OPERATIONS

from tests.cli.running import Cli, Ran, Running, until
from tests.generating import regenerate

Gallery = Callable[..., Ran]
PROJECT = """\
[project]
name = "gallery"
version = "1.0"

[tool.rulewright]
spec = "openapi.yaml"
overlays = []
package = "gallery"
output = "generated"
"""


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Build the client of `gallery.yaml`, and return the folder to import it from."""
    root = tmp_path_factory.mktemp("gallery")
    shutil.copy(Path(__file__).with_name("gallery.yaml"), root / "openapi.yaml")
    (root / "pyproject.toml").write_text(PROJECT)
    (root / "LICENSE").write_text("Made up for a test.\n")
    regenerate(root)
    sys.path.insert(0, str(root / "generated"))
    yield root / "generated"
    sys.path.remove(str(root / "generated"))


@pytest.fixture
def hall(built: Path) -> Iterator[Running]:
    """Serve a sandbox of the gallery."""
    sandbox = rulewright.sandbox.Sandbox(built / "openapi.effective.json", script="now")
    with sandbox.serve() as served:
        yield Running(sandbox, served.url)


@pytest.fixture
def gallery(built: Path, hall: Running, capsys: pytest.CaptureFixture[str]) -> Gallery:
    """Run the gallery's program in this process, against its sandbox."""
    assert built.is_dir()
    program = importlib.import_module("gallery.cli")

    def call(*arguments: str) -> Ran:
        capsys.readouterr()
        code = program.run([*arguments, *hall.options])
        seen = capsys.readouterr()
        return Ran(code, seen.out, seen.err)

    return call


def last_request(hall: Running) -> Any:
    """Return the last request that was no poll or download."""
    return [each for each in hall.sandbox.requests if each.method != "GET" or "visitors" in each.path][-1]


def test_every_operation_of_the_document_is_a_command(cli: Cli) -> None:
    """Its help is the document's text."""
    listed = cli("--help").out
    for operation in OPERATIONS.values():
        name = operation.function.replace("_", "-")
        assert name in listed
        shown = cli(name, "--help")
        assert shown.code == 0
        assert operation.summary.split()[0] in shown.out
        assert all(f"--{each.keyword.replace('_', '-')}" in shown.out for each in operation.inputs)


@pytest.mark.parametrize("hole", HOLES, ids=lambda hole: hole.name)
def test_an_operation_without_a_description_is_explained(cli: Cli, hole: Hole) -> None:
    """Exit 2 with the vendor's sentence and what to do instead."""
    name = re.sub(r"(?<=[a-z])(?=[A-Z])", "-", hole.name).lower()
    assert name in cli("--help").out
    ran = cli(name, "something", "--of", "any kind")
    assert (ran.code, ran.out) == (2, "")
    assert f"“{hole.quote}”\n  {hole.advice}\n" in ran.err
    assert cli(name, "--json").json["error"]["way_out"] == [hole.advice]


def test_every_kind_of_field_arrives(gallery: Gallery, hall: Running) -> None:
    """Path, query, header, cookie and body; options of lists are repeated, objects are JSON."""
    more = ["--size", "large", "--frames", "30", "--moods", "calm", "--moods", "wild", "--seed", "7", "--weight", "0.5"]
    more += ["--no-glossy", "--due", "2026-01-02", "--camera", '{"angle": 3}', "--model", "a", "--model-list", "b"]
    more += ["--strokes", '[{"angle": 1}]', "--strokes", '{"angle": 2}', "--field-output", "x", "--anything", "words"]
    more += ["--dry", "--x-trace", "t-1", "--session", "s-1", "--extra", '{"new": true}']
    ran = gallery("start-painting", "hall", "--subject", "a cat", *more)
    assert (ran.code, ran.err.splitlines()[-1].split(" (")[0].endswith(": dry")) == (0, True)
    sent = last_request(hall)
    assert (sent.path, sent.query, sent.headers["x-trace"]) == ("/rooms/hall/paintings", "dry=true", "t-1")
    assert "cookie" in sent.headers  # the sandbox keeps none
    assert json.loads(sent.body) == {
        "subject": "a cat",
        "size": "large",
        "frames": 30,
        "moods": ["calm", "wild"],
        "modelList": ["a", "b"],
        "seed": 7,
        "weight": 0.5,
        "glossy": False,
        "due": "2026-01-02",
        "camera": {"angle": 3},
        "strokes": [{"angle": 1}, {"angle": 2}],
        "output": "x",
        "anything": "words",
        "new": True,
    }


def test_absent_stays_absent(gallery: Gallery, hall: Running) -> None:
    """Only given fields are sent."""
    assert gallery("start-painting", "hall", "--subject", "a cat", "--no-wait").code == 0
    assert json.loads(last_request(hall).body) == {"subject": "a cat"}


def test_the_response_of_an_operation_without_a_task_is_printed(
    gallery: Gallery, hall: Running, tmp_path: Path
) -> None:
    """Readable JSON, one object for a script, or a file."""
    assert json.loads(gallery("list-visitors", "--limit", "3", "--kind", "child", "--kind", "adult").out) == []
    assert last_request(hall).query == "limit=3&kind=child&kind=adult"
    found = gallery("greet", "--name", "Ann", "--json").json
    assert (found["exit"], found["error"], found.keys()) == (0, None, {"exit", "answer", "file", "error"})
    assert isinstance(found["answer"]["name"], str)
    target = tmp_path / "greeting.json"
    assert gallery("greet", "--name", "Ann", "-o", str(target)).out == f"{target}\n"
    assert json.loads(target.read_text()) == found["answer"]
    assert gallery("operation-status", "7").out == ""
    assert last_request(hall).path == "/visitors/7"


def test_a_binary_response_needs_an_output_file(gallery: Gallery, hall: Running, tmp_path: Path) -> None:
    """The command is refused before the request."""
    ran = gallery("photograph", "hall", "--json")
    assert (ran.code, hall.sandbox.requests) == (2, [])
    assert "--output FILE names where to write it" in ran.err
    target = tmp_path / "hall.png"
    assert gallery("photograph", "hall", "-o", str(target), "--json").json["file"] == str(target)
    assert target.stat().st_size > 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("start-painting", "hall"), "--subject requires an argument"),
        (("start-painting", "--subject", "a cat"), "--room requires an argument"),
        (("start-painting", "hall", "--subjct", "a cat"), "--subject"),
        (
            ("start-painting", "hall", "--subject", "x", "--size", "lrge"),
            "--size must be one of small, large, got 'lrge';",
        ),
        (("start-painting", "hall", "--subject", "x", "--frames", "25"), "--frames must be one of 24, 30, got '25'"),
        (("start-painting", "hall", "--subject", "x", "--moods", "wilt"), "did you mean wild?"),
        (("start-painting", "hall", "--subject", "x", "--seed", "seven"), "--seed"),
        (("start-painting", "hall", "--subject", "x", "--camera", "{angle"), "--camera"),
        (("start-painting", "hall", "--subject", "x", "--due", "soon"), "--due"),
        (("start-painting", "hall", "--subject", "@missing"), "missing: cannot be read"),
        (("list-visitors", "surplus"), "unexpected arguments: 'surplus'"),
    ],
)
def test_wrong_usage_names_the_option_and_sends_nothing(
    gallery: Gallery, hall: Running, arguments: tuple[str, ...], words: str
) -> None:
    """With --json, the error is one object."""
    ran = gallery(*arguments)
    assert (ran.code, ran.out, hall.sandbox.requests) == (2, "", [])
    assert words in ran.err
    assert gallery(*arguments, "--json").json["exit"] == 2


def test_a_value_outside_the_choices_can_be_insisted_on(gallery: Gallery, hall: Running) -> None:
    """A single value and an item of a list."""
    given = ("--size", "huge", "--moods", "angry", "--allow-unlisted", "--no-wait")
    gallery("start-painting", "hall", "--subject", "x", *given)
    body = json.loads(last_request(hall).body)
    assert (body["size"], body["moods"]) == ("huge", ["angry"])


def test_a_schema_that_is_broken_is_named_by_the_option_as_typed(gallery: Gallery) -> None:
    """The option has several names."""
    ran = gallery("start-painting", "hall", "--subject", "x", *("--model-list", "y") * 3)
    assert ran.code == 3
    assert "  at --model-list, got 3 items" in ran.err


def test_texts_and_json_come_from_files_and_standard_input(
    gallery: Gallery, hall: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`@FILE`, `-` for standard input, and `@@` for text that begins with @."""
    text, camera = tmp_path / "subject.txt", tmp_path / "camera.json"
    text.write_text("a cat\nand a dog\n")
    camera.write_text('{"angle": 9}')
    given = ("--subject", f"@{text}", "--camera", f"@{camera}", "--field-output", "@@home", "--no-wait")
    assert gallery("start-painting", "hall", *given).code == 0
    body = json.loads(last_request(hall).body)
    assert (body["subject"], body["camera"], body["output"]) == ("a cat\nand a dog", {"angle": 9}, "@home")
    with text.open() as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        assert gallery("start-painting", "hall", "--subject", "-", "--no-wait").code == 0
    assert json.loads(last_request(hall).body)["subject"] == "a cat\nand a dog"


def test_help_is_grouped_by_tag_and_holds_the_texts_of_the_document(
    gallery: Gallery, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Summary, description, choices and deprecations; brackets are not markup."""
    monkeypatch.setenv("COLUMNS", "200")
    listed = gallery("--help").out
    assert listed.index("Operations: Painting") < listed.index("start-painting") < listed.index("Operations: Visitors")
    shown = gallery("start-painting", "--help").out
    assert "Paint a picture." in shown
    assert "It takes a while." in shown
    assert " or not. [choices: small, large]" in shown
    assert "Deprecated. Whether it shines." in shown
    assert "Returns:" not in shown
    assert "How many, in [brackets]." in gallery("list-visitors", "--help").out
    assert "Deprecated. See a visitor out." in listed


def test_the_use_of_a_deprecated_option_is_one_warning(gallery: Gallery) -> None:
    """It goes to standard error, and names the option as typed."""
    ran = gallery("start-painting", "hall", "--subject", "a cat", "--no-glossy", "--no-wait")
    assert (ran.code, len(ran.out.split())) == (0, 1)
    warned = [line for line in ran.err.splitlines() if line.startswith("warning: ")]
    assert warned == ["warning: --no-glossy is deprecated: Whether it shines."]
    ran = gallery("operation-status", "3")
    assert (ran.code, ran.err) == (0, "warning: status is deprecated\n")


@pytest.mark.parametrize(("script", "code"), [("500@submit", 8), ("drop@submit", 8), ("torn now", 6)])
def test_a_submit_of_any_document_is_safe_with_money(built: Path, script: str, code: int) -> None:
    """One POST, with the exit codes of every submit."""
    sandbox = rulewright.sandbox.Sandbox(built / "openapi.effective.json", script=script)
    with sandbox.serve() as served:
        program = importlib.import_module("gallery.cli")
        given = ["start-painting", "hall", "--subject", "x", "--sandbox", "--base-url", served.url]
        assert program.run(given) == code
    assert len([each for each in sandbox.requests if each.method == "POST"]) == 1


def test_advice_of_an_operation_without_a_task_mentions_none(built: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a response, the server may have processed the request."""
    program = importlib.import_module("gallery.cli")
    sandbox = rulewright.sandbox.Sandbox(built / "openapi.effective.json", script="500@submit")
    with sandbox.serve() as served:
        code = program.run(["greet", "--name", "Ann", "--sandbox", "--base-url", served.url])
    err = capsys.readouterr().err
    assert code == 8
    assert "may have been carried out" in err
    assert "task" not in err


def terminate(built: Path, seconds: float, *arguments: str) -> tuple[str, str]:
    """Send SIGTERM while the server takes some seconds to answer, and return what the command printed."""
    sandbox = rulewright.sandbox.Sandbox(built / "openapi.effective.json", script=f"slow={seconds}@submit")
    with sandbox.serve() as served:
        words = [sys.executable, "-m", "gallery", *arguments, "--sandbox", "--base-url", served.url]
        environment = {**os.environ, "PYTHONPATH": str(built)}
        with subprocess.Popen(
            words, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as process:
            until(lambda: len(sandbox.requests) == 1)
            process.send_signal(signal.SIGTERM)
            printed = process.communicate(timeout=15)
    assert process.returncode == 128 + signal.SIGTERM
    return printed


@pytest.mark.skipif(os.name != "posix", reason="signals are POSIX")
def test_a_signal_does_not_cut_off_what_may_be_billed(built: Path) -> None:
    """The response is awaited and printed; the exit code is the signal's."""
    out, err = terminate(built, 2, "greet", "--name", "Ann")
    assert json.loads(out)["name"]
    assert "waiting for the answer" in err


def test_a_signal_cuts_off_an_idempotent_request(built: Path) -> None:
    """The message says that it may be repeated."""
    _, err = terminate(built, 20, "operation-status", "7")
    assert "it may have been carried out; sending it again changes nothing more" in err


@pytest.fixture
def completion(built: Path, capsys: pytest.CaptureFixture[str]) -> Callable[[str], str]:
    """Return a function that prints the completion script of a shell."""
    assert built.is_dir()

    def script(shell: str) -> str:
        assert importlib.import_module("gallery.cli").run(["completion", shell]) == 0
        return capsys.readouterr().out

    return script


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells_complete_commands_options_and_choices(completion: Callable[[str], str], shell: str) -> None:
    """The script has the commands, options and choices of the document."""
    script = completion(shell)
    assert all(word in script for word in ("start-painting", "subject", "list-visitors", "kind", "adult"))


def test_bash_completes_and_runs_nothing_of_the_document(completion: Callable[[str], str], tmp_path: Path) -> None:
    """Text of a document must not be executed."""
    asking = """
        ask() { COMP_WORDS=(gallery "$@"); COMP_CWORD=$#; COMPREPLY=(); _gallery; echo "${COMPREPLY[@]}"; }
        ask list-; ask start-painting --sub; ask list-visitors --kind ""
    """
    done = subprocess.run(
        ["bash", "-c", completion("bash") + asking], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert done.stdout.splitlines() == ["list-visitors", "--subject", "child adult"]
    assert not list(tmp_path.iterdir())
