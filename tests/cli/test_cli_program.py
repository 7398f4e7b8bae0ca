"""The real program in its own process."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests.cli.running import Cli, Serve, command, environment, read_until, start, until


@pytest.mark.skipif(os.name != "posix", reason="/dev/stdout is POSIX")
def test_a_film_on_standard_output_is_the_film_alone(tmp_path: Path) -> None:
    """Through a pipe and into a file; the usual result line would corrupt it."""
    called = [*command(), "text2video", "a cat", "--sandbox", "-o"]
    piped = subprocess.run([*called, "-"], env=environment(), capture_output=True, check=True).stdout
    assert (piped[4:8], b"/dev/fd/1" in piped) == (b"ftyp", False)
    redirected = tmp_path / "cat.mp4"
    with redirected.open("wb") as file:
        inode = redirected.stat().st_ino
        subprocess.run([*called, "/dev/stdout"], env=environment(), stdout=file, stderr=subprocess.PIPE, check=True)
    assert (redirected.read_bytes(), redirected.stat().st_ino) == (piped, inode)


def test_a_pipe_gets_plain_lines(program: Cli) -> None:
    """One line for each state, without escape sequences."""
    ran = program("text2video", "a cat", "--sandbox", NO_COLOR="1", FORCE_COLOR="1")
    assert ran.out.startswith("http://127.0.0.1:")
    assert "\x1b" not in ran.err + ran.out
    states = [line.split(": ")[1].split(" ")[0] for line in ran.err.splitlines() if line.startswith("task ")]
    assert states == ["pending", "ready", "assigned", "processing", "completed"]


def test_another_process_comes_back_to_a_task(program: Cli, serve: Serve, tmp_path: Path) -> None:
    """The id is enough."""
    sandbox, target = serve(""), tmp_path / "cat.mp4"
    assert program("download", sandbox.submit(), "-o", str(target), *sandbox.options).code == 0
    assert target.stat().st_size > 1000
    assert sandbox.sent("POST") == 1


def test_explain_reads_standard_input(program: Cli) -> None:
    """`explain -` reads a body from a pipe."""
    ran = program(
        "explain",
        "-",
        "--operation",
        "generate-video",
        stdin='{"prompt": "p", "action": "img2video", "model": "veo3_fast"}',
    )
    assert ran.code == 3
    assert "img2video-needs-images" in ran.out


def test_ctrl_c_while_waiting_prints_how_to_go_on(serve: Serve, tmp_path: Path) -> None:
    """Exit 130, with the id and the command that continues."""
    sandbox = serve("never")
    target = tmp_path / "a cat.mp4"
    with start("text2video", "a cat", "-o", str(target), *sandbox.options) as process:
        task = read_until(process, "submitted task ").split()[-1]
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert f"interrupted by SIGINT; task {task} is still running" in err
    assert f"mountsea-gemini download --base-url {sandbox.url} --sandbox {task} -o '{target}'" in err
    assert not list(tmp_path.iterdir())


def test_a_second_ctrl_c_while_submitting_breaks_off(serve: Serve) -> None:
    """The submit may have been billed, and the message warns of that."""
    sandbox = serve("slow=30@submit")
    with start("text2video", "a cat", *sandbox.options) as process:
        until(lambda: sandbox.sent("POST") == 1)
        process.send_signal(signal.SIGINT)
        read_until(process, "a second Ctrl-C gives up")
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "may have been accepted and billed" in err


def test_ctrl_c_between_two_attempts_starts_nothing(serve: Serve) -> None:
    """It ends the pause after a 429."""
    sandbox = serve("429=60@submit")
    with start("text2video", "a cat", *sandbox.options) as process:
        until(lambda: sandbox.sent("POST") == 1)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "nothing was started" in err
    assert sandbox.sent("POST") == 1


@pytest.mark.parametrize(
    ("library", "arguments", "way_out"),
    [
        ("cyclopts", ["--help"], "extra 'cli'"),
        ("rulewright", ["text2video", "a cat", "--sandbox"], "python -m pip install rulewright"),
    ],
)
def test_a_missing_library_is_named(tmp_path: Path, library: str, arguments: list[str], way_out: str) -> None:
    """Exit 2, with what to install."""
    (tmp_path / f"{library}.py").write_text(f"raise ModuleNotFoundError('gone', name={library!r})")
    env = environment()
    env["PYTHONPATH"] = os.pathsep.join([str(tmp_path), env["PYTHONPATH"]])
    done = subprocess.run(command(*arguments), env=env, capture_output=True, check=False, text=True)
    assert done.returncode == 2
    assert f"needs {library}" in done.stderr
    assert way_out in done.stderr
    assert "Traceback" not in done.stderr
