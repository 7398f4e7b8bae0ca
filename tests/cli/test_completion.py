"""Completion of the client's and the tool's program, in real shells."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

BASH = """
source ./script
words=($1); COMP_WORDS=("${words[@]}"); COMP_CWORD=$((${#words[@]} - 1)); COMP_LINE=$1; COMP_POINT=${#1}; COMP_TYPE=9
ask=$(complete -p "${words[0]}"); ask=${ask#* -F }
"${ask%% *}" "${words[0]}" "${words[-1]}" "${words[-2]}"
printf '%s\\n' "${COMPREPLY[@]}"
"""
ZSH = """
zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell 'PS1=; autoload -Uz compinit && compinit -u -D; eval "$(cat script)"; print READ""Y'
zpty -r -m shell found '*READY*'
zpty -w -n shell "$1"$'\\t'
for ((i = 0; i < 100; i++)); do
  zpty -r -t shell found && all+=$found
  [[ $all == *$2* ]] && break
  sleep 0.1
done
print -r -- $all
zpty -d shell
"""
SHELLS = {
    "bash": ["bash", "--norc", "-c", BASH, "bash"],
    "zsh": ["zsh", "-f", "-c", ZSH, "zsh"],
    "fish": ["fish", "--no-config", "-c", 'source ./script; complete -C"$argv[1]"'],
}


ENVIRONMENT = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}


@functools.cache
def completion(program: str, shell: str) -> bytes:
    """Return the script that a program prints for a shell."""
    return subprocess.run([program, "completion", shell], env=ENVIRONMENT, capture_output=True, check=True).stdout


@pytest.mark.xdist_group("completion")
@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    ("typed", "completed"),
    [
        ("mountsea-gemini img2", "img2video"),
        ("mountsea-gemini text2video --aspect-r", "--aspect-ratio"),
        ("mountsea-gemini text2video --model veo31_fast_", "veo31_fast_ingredients"),
        ("rulewright regen", "regenerate"),
        ("rulewright vendor copy --without-", "--without-cli"),
        ("rulewright impact --format sar", "sarif"),
    ],
)
def test_a_shell_completes(shell: str, typed: str, completed: str, tmp_path: Path) -> None:
    """A command, an option and a value, with the documented script."""
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    script = completion(typed.partition(" ")[0], shell)
    (tmp_path / "script").write_bytes(script)
    command = [*SHELLS[shell], typed, *([completed] if shell == "zsh" else [])]
    done = subprocess.run(
        command, cwd=tmp_path, env=ENVIRONMENT, capture_output=True, text=True, check=False, timeout=60
    )
    words = done.stdout.split() if shell != "zsh" else [done.stdout[done.stdout.rfind(completed) :][: len(completed)]]
    assert completed in words, done.stdout + done.stderr
