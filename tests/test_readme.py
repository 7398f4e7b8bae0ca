"""Every command and example of the README runs as written."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Collection, Iterator
from pathlib import Path

import av
import pytest
import yaml
from rulewright.sandbox import Sandbox, Timing

from tests.copies import ROOT, commit_all, copy_checkout

README = (ROOT / "README.md").read_text(encoding="utf-8")
RULES = ROOT / "overlays/30-rules.overlay.yaml"


def blocks(language: str) -> list[str]:
    """Return the fenced blocks of one language."""
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


COMMANDS = [line for block in blocks("sh") for line in block.splitlines()]

MANY = [line for line in COMMANDS if line.startswith("mountsea-gemini ") and "--sandbox" not in line]

# These need no run of their own: the reason is why running them here could show nothing more.
ELSEWHERE = {
    "nox -s tests": "it is the run this test is part of",
    'python -m pip install ".[cli]" ./scripts': "the session that runs this test has installed exactly that",
    'python -m pip install ".[cli,batch]"': "the same",
    "python -m pip install ./scripts": "the same",
    "python -m pip install nox && nox -s demo": "run below without its first half: nox runs this test",
}


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A copy of what a clone holds, to run commands in."""
    return copy_checkout(tmp_path / "clone")


@pytest.fixture
def api() -> Iterator[str]:
    """A sandbox whose tasks are done at the first poll."""
    with Sandbox("mountsea_gemini", timing=Timing("now")).serve() as server:
        yield server.url


def run(command: list[str], folder: Path, codes: Collection[int] = (0,)) -> str:
    """Run a command as a user would, and return what it printed."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("PYTEST_", "MOUNTSEA_"))}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode in codes, done.stdout + done.stderr
    return done.stdout


def test_no_command_is_left_out() -> None:
    """A new command in the README must be added to a test here, or say where it is run."""
    tested = ("mountsea-gemini ", "nox -s ", "rulewright ")
    covered = {*ELSEWHERE, *(line for line in COMMANDS if line.startswith(tested))}
    assert set(COMMANDS) == covered
    assert set(ELSEWHERE) <= set(COMMANDS)


NOX = [[sys.executable, "-m", "nox", "-s", "demo"]]
DEMO = [
    [sys.executable, "-m", "rulewright", "regenerate"],
    [sys.executable, "-m", "mountsea_gemini.demo", "demo-output"],
]
"""What the session runs, in the environment of this test instead of one that it makes and fills."""


@pytest.mark.parametrize("commands", [DEMO, pytest.param(NOX, marks=pytest.mark.heavy)], ids=["commands", "nox"])
def test_the_demo_leaves_videos_that_play(
    clone: Path, monkeypatch: pytest.MonkeyPatch, commands: list[list[str]]
) -> None:
    """The first command regenerates, makes one video of each kind, and shows a refusal with its rule."""
    shutil.rmtree(clone / "generated")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(clone / "generated"), str(clone / "scripts")]))
    printed = "".join(run(command, clone) for command in commands)
    assert "ingredients-only-veo31-fast: model must be veo31_fast" in printed
    for name, size in (("text2video", (320, 180)), ("img2video", (180, 320)), ("ingredients2video", (320, 180))):
        with av.open(str(clone / f"demo-output/{name}.mp4")) as video:
            frames = list(video.decode(video=0))
            assert video.streams.video[0].codec_context.name == "h264"
            assert {(frame.width, frame.height) for frame in frames} == {size}
            assert len(frames) > 1
    golden = {path.relative_to(ROOT): path.read_bytes() for path in (ROOT / "generated").rglob("*.py")}
    assert golden == {path: (clone / path).read_bytes() for path in golden}


@pytest.mark.parametrize("command", [line for line in COMMANDS if "--sandbox" in line])
def test_commands_make_videos(command: str, tmp_path: Path) -> None:
    """Each command of the command-line section works as written."""
    words = [word.strip('"') for word in re.findall(r'"[^"]*"|\S+', command)]
    run([sys.executable, "-m", "mountsea_gemini", *words[1:]], tmp_path)
    if "-o" in words:
        assert (tmp_path / words[words.index("-o") + 1]).read_bytes()[4:8] == b"ftyp"


@pytest.mark.heavy
def test_commands_make_many_videos(api: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The laptop, then the fleet: its commands in order, with a file in the place of the database."""
    monkeypatch.setenv("MOUNTSEA_BASE_URL", api)
    monkeypatch.setenv("MOUNTSEA_API_KEY", "sandbox")
    monkeypatch.chdir(tmp_path)
    row = json.dumps({"prompt": "a cat", "action": "text2video", "model": "veo31_fast"})
    Path("tasks.jsonl").write_text(f"{row}\n" * 3)
    (submit, listing, resume, enqueue, worker) = (
        [
            sys.executable,
            "-m",
            "mountsea_gemini",
            *command.replace("postgresql://tasks@db.example.com/tasks", "fleet").split()[1:],
        ]
        for command in MANY
    )
    agreed = ["--max-submits", "2", "--allow-private-downloads"]
    subprocess.run([*submit, *agreed], check=True)
    assert subprocess.run(listing, capture_output=True, check=True).stdout == b""
    subprocess.run([*resume, *agreed], check=True)
    assert len(list(Path("tasks").iterdir())) == 3
    shutil.rmtree("tasks")
    subprocess.run(enqueue, check=True)
    with subprocess.Popen([*worker, "--allow-private-downloads"]) as process:
        while process.poll() is None and len(list(Path("tasks").glob("*.mp4"))) < 3:
            time.sleep(0.1)
        process.terminate()
    assert process.returncode == 143


def test_the_maintainers_commands(clone: Path) -> None:
    """Run import, regenerate and impact in the order of the README on a changed page."""
    commit_all(clone)
    document = (ROOT / "openapi.yaml").read_text("utf-8").replace("Video aspect ratio", "The aspect ratio")
    (clone / "page.md").write_text(
        f"# A page\n\n````yaml POST /gemini/video/generate\n{document}````\n", encoding="utf-8"
    )
    sessions = {"drift": "rulewright regenerate --check", "import_page": "rulewright import"}
    (block,) = [block for block in blocks("sh") if "import_page" in block]
    printed = []
    for line in block.splitlines():
        if line not in ELSEWHERE:
            name, *arguments = line.removeprefix("nox -s ").split()
            words = sessions.get(name, f"rulewright {name}" if line.startswith("nox") else name).split()
            command = [sys.executable, "-m", *words, *(each for each in arguments if each != "--")]
            printed.append(run(command, clone, (0, 20)))
    assert "[-Video-] {+The+} aspect ratio" in printed[0]
    assert "[-Video-] {+The+} aspect ratio" in printed[-1]
    assert (clone / "openapi.yaml").read_text("utf-8") == document


def test_a_copy_and_a_new_project(clone: Path) -> None:
    """The commands that keep a copy and begin anew elsewhere, in the order the README gives them."""
    (clone.parent / "app/app").mkdir(parents=True)
    commands = [line for line in COMMANDS if line.startswith(("rulewright vendor", "rulewright new"))]
    assert len(commands) == 4
    for command in commands:
        run([sys.executable, "-m", *command.split()], clone)
    assert (clone.parent / "shop/generated/our_shop/operations.py").is_file()
    script = "from app._vendor.mountsea_gemini import Client; print(Client('key'))"
    assert "https://api.mountsea.ai" in run([sys.executable, "-c", script], clone.parent / "app")
    run([sys.executable, "-m", "app._vendor.mountsea_gemini.verify"], clone.parent / "app")


@pytest.mark.parametrize("number", range(len(blocks("python"))))
def test_python_examples(
    number: int, api: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each Python example runs as written, against a sandbox."""
    monkeypatch.setenv("MOUNTSEA_BASE_URL", api)
    monkeypatch.setenv("MOUNTSEA_API_KEY", "sandbox")
    monkeypatch.chdir(tmp_path)
    example = compile(blocks("python")[number], f"README.md, example {number + 1}", "exec")
    exec(example, {"__name__": "__main__"})  # noqa: S102  our own text
    videos = [path.read_bytes()[4:8] for path in tmp_path.glob("*.mp4")]
    printed = capsys.readouterr().out
    assert videos == [b"ftyp"] or "ingredients-need-images" in printed or "a cat in a meadow" in printed


def test_the_rule_shown_is_one_of_the_rules() -> None:
    """The rule in the README equals the one in the overlay."""
    (block,) = [block for block in blocks("yaml") if "then:" in block]
    (shown,) = yaml.safe_load(block)
    actions = yaml.safe_load(RULES.read_text(encoding="utf-8"))["actions"]
    rules = {rule["id"]: rule for action in actions for rule in action["update"].get("x-rules", [])}
    assert {key: shown[key] for key in ("if", "then", "examples", "level")} == {
        key: rules[shown["id"]][key] for key in ("if", "then", "examples", "level")
    }
    assert shown["source"]["quote"] in rules[shown["id"]]["source"]["quote"]
