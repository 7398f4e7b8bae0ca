"""A copy works under any parent package, holds what was released, and is written whole or not at all."""

from __future__ import annotations

import itertools
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from rulewright.commands.vendor import main
from rulewright.vendoring.verify import MANIFEST, findings

# Run in an application's root: imports every module of the copy, submits, waits and downloads.
TRIAL = """
import importlib, pkgutil, sys
package = importlib.import_module(sys.argv[1])
for found in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
    if found.name.rpartition(".")[2] not in ("__main__", "verify"):
        importlib.import_module(found.name)
stray = [name for name in sys.modules if name.split(".")[0].startswith("mountsea")]
assert not stray, stray
if len(sys.argv) > 2:
    from rulewright import sandbox
    with sandbox.serve(package.Client, timing=sandbox.Timing("now")) as server:
        client = package.Client("sandbox", base_url=server.url)
        task = client.text_to_video("a cat")
        task.wait()
        task.download(sys.argv[2])
        client.close()
print("fine")
"""


def trial(root: Path, *arguments: str) -> str:
    """Run the trial in an application's root."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", TRIAL, *arguments],
        cwd=root, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.stdout.strip() or done.stderr


def test_a_copy_works_at_any_depth(app: Path) -> None:
    """Imports are relative, so a copy may be moved; none of this project's packages is loaded."""
    (app / "a/b/c").mkdir(parents=True)
    shutil.move(app / "app/_vendor/mountsea_gemini", app / "a/b/c/renamed")
    assert trial(app, "a.b.c.renamed", "cat.mp4") == "fine"
    assert (app / "cat.mp4").stat().st_size > 1000
    assert findings(str(app / "a/b/c/renamed")) == []


def test_the_command_line_can_be_left_out(project: Path, tmp_path: Path) -> None:
    """`--without-cli` copies the client alone; it works, can verify itself, and an upgrade leaves it out again."""
    assert main(["copy", str(tmp_path / "x"), "--without-cli", "--project", str(project)]) == 0
    copy = tmp_path / "x/mountsea_gemini"
    assert not (copy / "cli").exists()
    assert trial(tmp_path, "x.mountsea_gemini") == "fine"
    assert main(["verify", str(tmp_path / "x"), "--project", str(project)]) == 0
    assert main(["upgrade", str(tmp_path / "x"), "--project", str(project)]) == 0
    done = subprocess.run([sys.executable, "-S", "-B", copy / "verify.py"], check=False)
    assert done.returncode == 0


def test_a_copy_is_a_plain_copy(project: Path, copy: Path) -> None:
    """Every file of the package keeps its bytes."""
    package = project / "generated/mountsea_gemini"
    for path in package.rglob("*.*"):
        if path.is_file() and "__pycache__" not in path.parts:
            assert (copy / path.relative_to(package)).read_bytes() == path.read_bytes()


def test_the_manifest_describes_the_copy(project: Path, copy: Path) -> None:
    """Release, hashes of the vendor document and of each overlay, tool versions, and a hash and mode per file."""
    manifest = json.loads((copy / MANIFEST).read_bytes())
    recorded = json.loads((project / "generated/manifest.json").read_bytes())
    assert manifest["release"] in (project / "pyproject.toml").read_text("utf-8")
    for part in ("spec", "overlays"):
        assert manifest[part]
        assert manifest[part].items() <= recorded["inputs"].items()
    assert recorded["tools"].items() <= manifest["tools"].items()
    present = {path.relative_to(copy).as_posix() for path in copy.rglob("*") if path.is_file()}
    assert manifest["files"].keys() == present - {MANIFEST}
    assert {"LICENSE", "verify.py", "py.typed", "cli/_app.py"} <= present
    assert {"openapi.effective.json", "RULES.md"} <= present
    assert str(project) not in (copy / MANIFEST).read_text("utf-8")


def test_two_copies_are_the_same_bytes(project: Path, copy: Path, tmp_path: Path) -> None:
    """Copies of one project are equal."""
    assert main(["copy", str(tmp_path / "x/y"), "--project", str(project)]) == 0
    assert (tmp_path / "x/y/mountsea_gemini" / MANIFEST).read_bytes() == (copy / MANIFEST).read_bytes()


def test_a_copy_names_what_it_needs(project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Printed to paste and recorded alike: Python, requirements of every part, and excludes."""
    assert main(["copy", str(tmp_path), "--project", str(project)]) == 0
    out = capsys.readouterr().out
    recorded = json.loads((tmp_path / "mountsea_gemini" / MANIFEST).read_bytes())
    table = tomllib.loads((project / "pyproject.toml").read_text("utf-8"))["project"]
    extras = table["optional-dependencies"]
    assert recorded["needs"] == {"python": ">=3.11", "packages": table["dependencies"], "extras": extras}
    lines = [line.strip() for line in out.splitlines()]
    for needed in [
        *table["dependencies"],
        *extras["cli"],
        *itertools.chain(*recorded["excludes"].values()),
    ]:
        assert needed in lines
    assert "it needs Python >=3.11 and, in your requirements:" in lines
    assert main(["copy", str(tmp_path / "plain"), "--without-cli", "--project", str(project)]) == 0
    plain = json.loads((tmp_path / "plain/mountsea_gemini" / MANIFEST).read_bytes())
    assert plain["needs"]["extras"] == {}
    assert 'extend-exclude = ["mountsea_gemini"]' in plain["excludes"]["pyproject.toml"]


def test_the_excludes_keep_a_hosts_tools_away(app: Path, copy: Path) -> None:
    """With the printed excludes, formatter, linter and type checker ignore the copy."""
    excludes = json.loads((copy / MANIFEST).read_bytes())["excludes"]
    (app / "app/main.py").write_text("from app._vendor.mountsea_gemini import Client\n", encoding="utf-8")
    (copy / "cli/_more.py").write_text("x   = (1)\ny: int = ''\n", encoding="utf-8")  # what a tool would notice

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([sys.executable, "-m", *arguments], cwd=app, capture_output=True, text=True, check=False)

    formatted, typed = ("ruff", "format", "--check", "--no-cache", "."), ("mypy", "--cache-dir", os.devnull, "app")
    assert run(*formatted).returncode == 1
    (app / "pyproject.toml").write_text("\n".join(excludes["pyproject.toml"]), encoding="utf-8")
    assert run(*formatted).returncode == 0, run(*formatted).stdout
    done = run(*typed)
    assert done.returncode == 0, done.stdout
    hook = re.compile(excludes[".pre-commit-config.yaml"][0].removeprefix("exclude: '").removesuffix("'"))
    assert hook.search("app/_vendor/mountsea_gemini/_client.py")
    assert hook.search("mountsea_gemini/_client.py")
    assert not hook.search("app/my_mountsea_gemini/_client.py")


def test_copying_over_a_copy_is_refused(project: Path, app: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The copy might have been edited, which `upgrade` checks."""
    assert main(["copy", str(app / "app/_vendor"), "--project", str(project)]) == 1
    assert "is there already; use upgrade" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("file", "change", "message"),
    [
        ("openapi.yaml", "# more\n", "generated/: is out of date (openapi.yaml changed)"),
        ("generated/mountsea_gemini/raw/types.py", "# more\n", "generated/: is out of date (edited by hand)"),
        ("generated/manifest.json", None, "generated/: is out of date (there is no manifest.json)"),
        ("LICENSE", None, "LICENSE: cannot be read"),
        ("pyproject.toml", '[project]\nname = "x"\n[tool.rulewright]', "[project] has no version"),
        ("overlays/mountsea_gemini/more.py", "x = 1\n", "overlays/mountsea_gemini/more.py is new"),
    ],
)
def test_what_cannot_be_copied_is_named(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], *, file: str, change: str | None, message: str
) -> None:
    """A stale or incomplete project is not copied."""
    broken = tmp_path / "project"
    shutil.copytree(project, broken)
    path = broken / file
    if change is None:
        path.unlink()
    elif file == "pyproject.toml":
        rest = path.read_text("utf-8").partition("[tool.rulewright]")[2]
        path.write_text(change + rest, encoding="utf-8")
    else:
        path.parent.mkdir(exist_ok=True)
        path.write_text((path.read_text("utf-8") if path.exists() else "") + change, encoding="utf-8")
    assert main(["copy", str(tmp_path / "app"), "--project", str(broken)]) == 1
    assert message in capsys.readouterr().err
    assert not (tmp_path / "app").exists()
