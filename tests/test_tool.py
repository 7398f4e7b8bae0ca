"""The command `rulewright`: version, help, completion, and unwritable output."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import version

import pytest
from rulewright.__main__ import _COMMANDS, main

PROGRAM = (sys.executable, "-m", "rulewright")


def test_version_and_help_need_no_command(capsys: pytest.CaptureFixture[str]) -> None:
    """The help lists every command, with examples."""
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"{version('rulewright')}\n"
    assert main([]) == 0
    shown = capsys.readouterr().out
    assert "  regenerate  " in shown
    assert "examples:\n  rulewright " in shown


@pytest.mark.parametrize("name", [*_COMMANDS, "completion"])
def test_every_command_explains_itself(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The help ends with an example, usage notes or exit codes."""
    with pytest.raises(SystemExit, match=r"^0$"):
        main([name, "--help"])
    shown = capsys.readouterr().out
    assert shown.startswith(f"usage: rulewright {name} ")
    assert any(word in shown for word in ("example: ", "to use it:", "-- -k", "OLD and NEW", "Exit codes:"))


def test_a_misspelt_command_has_a_suggestion(capsys: pytest.CaptureFixture[str]) -> None:
    """The exit code is that of wrong usage."""
    assert main(["regnerate"]) == 2
    assert capsys.readouterr().err.startswith("error: there is no command 'regnerate'; did you mean regenerate?\n")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_shell_gets_a_script(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    """To be evaluated in the shell's start-up file."""
    assert main(["completion", shell]) == 0
    assert "rulewright" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("line", "completed"),
    [
        ("rulewright reg", {"regenerate"}),
        ("rulewright regenerate --ch", {"--check"}),
        ("rulewright rules ", {"check", "analyse", "list", "explain"}),
        ("rulewright impact --format m", {"markdown"}),
    ],
)
def test_bash_completes_commands_options_and_values(line: str, completed: set[str]) -> None:
    """As the script asks for it."""
    script = (
        f'eval "$(rulewright completion bash)"; COMP_LINE="{line}"; COMP_POINT={len(line)};'
        ' _python_argcomplete rulewright; printf "%s\\n" "${COMPREPLY[@]}"'
    )
    path = os.pathsep.join([os.path.dirname(sys.executable), os.environ["PATH"]])  # noqa: PTH120
    done = subprocess.run(
        ["bash", "-c", script], env={**os.environ, "PATH": path}, capture_output=True, text=True, check=True
    )
    assert completed <= {word.strip() for word in done.stdout.splitlines()}


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["completion", "bash"], ["rules", "list"]])
def test_a_full_disk_is_reported_in_one_line(arguments: list[str]) -> None:
    """The exit code is 1, without a traceback even at interpreter shutdown."""
    with open("/dev/full", "w") as full:  # noqa: PTH123
        done = subprocess.run([*PROGRAM, *arguments], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == "error: [Errno 28] No space left on device\n"


def test_an_output_that_is_closed_is_one_line() -> None:
    """Exit 1, so that nobody takes it for an empty list."""
    command = ["sh", "-c", '"$@" >&-', "sh", *PROGRAM, "rules", "list"]
    done = subprocess.run(command, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "error: standard output is closed\n")
