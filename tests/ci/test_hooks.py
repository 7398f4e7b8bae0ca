"""The pre-commit hooks work in another repository with generated files or a copy."""

from __future__ import annotations

import os
import shlex
import subprocess
import sysconfig
import venv
from pathlib import Path
from typing import Any

import pytest
import yaml
from rulewright.commands.vendor import main as vendor

from tests.copies import ROOT, commit_all, copy_checkout, copy_project, git

HOOKS: dict[str, dict[str, Any]] = {
    hook["id"]: hook for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))
}
COPY = "app/_vendor/mountsea_gemini"


@pytest.fixture
def consumer(tmp_path: Path) -> Path:
    """Another repository: a project laid out like this one, and a copy of the client."""
    root = copy_project(tmp_path / "consumer")
    assert vendor(["copy", str(root / COPY).rpartition("/")[0], "--project", str(ROOT)]) == 0
    return root


def edit(path: Path) -> None:
    """Change a file by hand."""
    path.write_bytes(path.read_bytes() + b"# mine\n")


def test_each_hook_brings_its_tools() -> None:
    """Each installs the tool from inside the clone; no hook waits for a file name."""
    for hook in HOOKS.values():
        assert hook["additional_dependencies"] == ["./scripts"]
        assert (hook["language"], hook["pass_filenames"], hook["always_run"]) == ("python", False, True)


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """What pre-commit makes of this repository: a clone with an environment inside, here with the tools at hand."""
    root = tmp_path / "clone"
    root.mkdir()
    venv.create(root / "py_env-python3", symlinks=True)
    (place,) = (root / "py_env-python3").glob("lib/*/site-packages")
    (place / "tools.pth").write_text(f"{sysconfig.get_path('purelib')}\n{ROOT / 'scripts'}\n", encoding="utf-8")
    program = root / "py_env-python3/bin/rulewright"
    program.write_text(
        f"#!{program.parent / 'python'}\nfrom rulewright.__main__ import main\nraise SystemExit(main())\n",
        encoding="utf-8",
    )
    program.chmod(0o755)
    return root


def run(hook: str, clone: Path, consumer: Path, *arguments: str) -> tuple[int, str]:
    """Run a hook's entry as pre-commit does: split, with its arguments, in the consumer's repository."""
    path = f"{clone / 'py_env-python3/bin'}{os.pathsep}{os.environ['PATH']}"
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"} | {"PATH": path}
    command = [*shlex.split(HOOKS[hook]["entry"]), *arguments]
    done = subprocess.run(command, cwd=consumer, env=environment, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def test_hooks_pass_and_fail_in_another_repository(clone: Path, consumer: Path) -> None:
    """Hooks pass on unchanged files and name edited ones."""
    assert run("drift", clone, consumer)[0] == 0
    assert run("rules-check", clone, consumer)[0] == 0
    assert run("vendor-verify", clone, consumer, COPY)[0] == 0
    edit(consumer / COPY / "_client.py")
    code, said = run("vendor-verify", clone, consumer, COPY)
    assert code == 1
    assert "edited: _client.py" in said
    rules = consumer / "overlays/30-rules.overlay.yaml"
    rules.write_text(rules.read_text("utf-8").replace("hold 1 or 2 image URLs", "be as it should"), encoding="utf-8")
    code, said = run("rules-check", clone, consumer)
    assert code == 1
    assert "img2video-needs-images" in said


@pytest.mark.heavy
def test_pre_commit_itself_runs_them(consumer: Path, tmp_path: Path) -> None:
    """From the configuration a consumer writes, in environments that pre-commit makes from the package index."""
    hooks = copy_checkout(tmp_path / "hooks")
    commit_all(hooks)
    revision = git(hooks, "rev-parse", "HEAD")
    wanted = [{"id": "drift"}, {"id": "rules-check"}, {"id": "vendor-verify", "args": [COPY]}]
    config = {"repos": [{"repo": str(hooks), "rev": revision.strip(), "hooks": wanted}]}
    (consumer / ".pre-commit-config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    git(consumer, "init", "-q")
    git(consumer, "add", "-A")
    command = ["pre-commit", "run", "--all-files", "--verbose"]
    environment = {**os.environ, "PRE_COMMIT_HOME": str(tmp_path / "home")}
    environment.pop("PYTHONPATH", None)

    def failed() -> list[str]:
        done = subprocess.run(command, cwd=consumer, env=environment, capture_output=True, text=True, check=False)
        states = [line.rpartition("...")[2].lstrip(".") for line in done.stdout.splitlines() if "....." in line]
        assert len(states) == 3, done.stdout + done.stderr
        return [name for name, state in zip(HOOKS, states, strict=True) if state == "Failed"]

    assert failed() == []
    edit(consumer / COPY / "_client.py")
    edit(consumer / "generated/mountsea_gemini/raw/types.py")
    assert failed() == ["drift", "vendor-verify"]
