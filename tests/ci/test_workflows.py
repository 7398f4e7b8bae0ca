"""The GitHub workflows: syntax, permissions, injection safety, and their commands."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.copies import ROOT, commit_all
from tests.import_page.serving import Vendor, whole

FILES = sorted((ROOT / ".github/workflows").glob("*.yml"))
UPKEEP = "upkeep.yml"
# What GitHub itself makes and nobody can choose; all else must not even reach an environment variable.
SAFE = {
    "github.token", "github.repository", "github.event.pull_request.base.sha", "github.event.pull_request.number",
    "inputs.pages", "inputs.prefix", "inputs.copy", "inputs.python", "vars.VENDOR_PAGES", "steps.look.outputs.code",
    "matrix.system", "matrix.python", "github.ref_name",
}  # fmt: skip


def workflow(name: str) -> dict[Any, Any]:
    """Return a workflow; YAML 1.1 reads its key `on` as true."""
    value = yaml.safe_load((ROOT / ".github/workflows" / name).read_text("utf-8"))
    assert isinstance(value, dict)
    return value


def steps(name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each step of a workflow with the id of its job."""
    for job, settings in workflow(name)["jobs"].items():
        yield from ((job, step) for step in settings.get("steps", []))


def command(job: str, word: str) -> dict[str, Any]:
    """Return the step of a job whose command holds a word."""
    (step,) = [step for each, step in steps(UPKEEP) if each == job and word in step.get("run", "")]
    return step


@pytest.mark.parametrize("name", [path.name for path in FILES])
def test_a_workflow_may_do_little(name: str) -> None:
    """No right by default; each job asks for its own; who may write runs no code of the repository."""
    value = workflow(name)
    assert value["permissions"] == {}
    for job, settings in value["jobs"].items():
        rights = settings["permissions"]
        assert set(rights) <= {"contents", "pull-requests", "issues", "id-token"}, job
        assert rights.get("contents", "read") == "read" or (name, job) == ("release.yml", "notes")
        if "write" in rights.values() and "steps" in settings:
            assert rights.get("contents") != "read"
            assert not [step for step in settings["steps"] if "checkout" in step.get("uses", "")]
            runs = [step["run"] for step in settings["steps"] if "run" in step]
            assert not [run for run in runs if re.search(r"python|nox|scripts|/run", run)]


@pytest.mark.parametrize("name", [path.name for path in FILES])
def test_actions_are_pinned_and_keep_no_token(name: str) -> None:
    """GitHub's own actions and PyPI's only, each at a commit whose version is beside it; a checkout leaves no token."""
    text = (ROOT / ".github/workflows" / name).read_text("utf-8")
    for used in re.findall(r"uses: ([^.\s]\S*.*)", text):
        assert re.fullmatch(r"(actions/[a-z-]+|pypa/gh-action-pypi-publish)@[0-9a-f]{40} # v\d+\.\d+\.\d+", used), used
    for _, step in steps(name):
        if "checkout" in step.get("uses", ""):
            assert step["with"]["persist-credentials"] is False
    for settings in workflow(name)["jobs"].values():
        assert "runs-on" in settings or settings["uses"].startswith("./.github/workflows/")


@pytest.mark.parametrize("name", [path.name for path in FILES])
def test_nothing_of_an_event_is_written_into_a_command(name: str) -> None:
    """A branch, a title or an input reaches a command as a variable of the shell, or not at all."""
    for job, step in steps(name):
        assert "${{" not in step.get("run", ""), job
    text = re.sub(r"^ +(#|if:).*", "", (ROOT / ".github/workflows" / name).read_text("utf-8"), flags=re.MULTILINE)
    assert {each.strip() for each in re.findall(r"\$\{\{(.*?)\}\}", text)} <= SAFE


@pytest.mark.parametrize("name", [path.name for path in FILES])
def test_every_command_is_bash_and_every_session_exists(name: str) -> None:
    """`bash -n` reads each command; each nox session it names is in the noxfile."""
    sessions = re.findall(r"^def (\w+)\(session", (ROOT / "noxfile.py").read_text("utf-8"), re.MULTILINE)
    for job, step in steps(name):
        if "run" in step:
            subprocess.run(["bash", "-n", "-c", step["run"]], check=True)
            assert set(re.findall(r"nox -s (\w+)", step["run"])) <= set(sessions), job
    assert (ROOT / ".ci/run").stat().st_mode & 0o111


def test_windows_can_hold_every_file() -> None:
    """No file has the name of a device, or one that differs from another's in the case of letters only."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    files = listed.lower().split("\0")[:-1]
    refused = re.compile(r'(^|/)(con|prn|aux|nul|com\d|lpt\d)(\.|/|$)|[<>:"|?*\\]|[. ](/|$)')
    assert [each for each in files if refused.search(each) or files.count(each) > 1] == []


def test_the_watch_never_blocks_a_pull_request() -> None:
    """It runs on a schedule or by hand; nothing a pull request waits for needs it."""
    jobs = workflow(UPKEEP)["jobs"]
    assert "github.event_name == 'schedule'" in jobs["watch"]["if"]
    assert "pull_request" not in jobs["watch"]["if"]
    assert [job for job, settings in jobs.items() if settings.get("needs") == "watch"] == ["tell"]
    for job in ("drift", "contract", "copy"):
        assert "github.event_name != 'schedule'" in jobs[job]["if"]
    triggers = workflow("ci.yml")[True]
    assert set(triggers) == {"push", "pull_request", "workflow_dispatch", "schedule"}
    assert set(workflow(UPKEEP)[True]) == {"workflow_call"}


@pytest.fixture
def runner(tmp_path: Path) -> dict[str, str]:
    """The environment of a step: this Python, and a `gh` and a `nox` that note how they were called."""
    tools = tmp_path / "tools"
    tools.mkdir()
    gh = '#!/usr/bin/env bash\nprintf "%s\\n" "$*" >> "$CALLS"\nif test "$2" = list; then echo "$OPEN"; fi\n'
    nox = f'#!/usr/bin/env bash\nshift 3\n"{sys.executable}" -m rulewright impact "$@" || test $? -ge 10\n'
    for name, text in {"gh": gh, "nox": nox, "python": f'#!/bin/sh\nexec "{sys.executable}" "$@"\n'}.items():
        (tools / name).write_text(text, encoding="utf-8")
        (tools / name).chmod(0o755)
    (tools / "python3").symlink_to("python")
    return {
        **os.environ,
        "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT / "scripts"),
        "CALLS": str(tmp_path / "calls"),
        "OPEN": "",
        "GITHUB_OUTPUT": str(tmp_path / "output"),
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary"),
    }


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A checkout: the project's inputs, in git."""
    root = tmp_path / "checkout"
    (root / "overlays").mkdir(parents=True)
    for path in [ROOT / "pyproject.toml", ROOT / "openapi.yaml", *(ROOT / "overlays").glob("*.*")]:
        (root / path.relative_to(ROOT)).write_bytes(path.read_bytes())
    commit_all(root)
    return root


def run(step: dict[str, Any], folder: Path, environment: dict[str, str], **more: str) -> int:
    """Run a step's command as GitHub does."""
    shell = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]]
    return subprocess.run(shell, cwd=folder, env={**environment, **more}, check=False, capture_output=True).returncode


def rename_a_model(path: Path) -> str:
    """Change a document; return its text."""
    text = path.read_text("utf-8").replace("- veo3_fast\n", "- veo3_turbo\n")
    path.write_text(text, encoding="utf-8")
    return text


def test_the_impact_of_a_pull_request(folder: Path, runner: dict[str, str]) -> None:
    """The report is the summary and the comment; a breaking change does not fail the job."""
    rename_a_model(folder / "openapi.yaml")
    assert run(command("impact", "impact"), folder, runner, BASE="HEAD") == 0
    report = (folder / "comment.md").read_text("utf-8")
    assert report.startswith("### Impact on callers: ")
    assert "turbo" in report
    assert Path(runner["GITHUB_STEP_SUMMARY"]).read_text("utf-8") == report
    assert run(command("comment", "gh pr"), folder, runner, NUMBER="7") == 0
    assert Path(runner["CALLS"]).read_text() == "pr comment 7 --edit-last --create-if-none --body-file comment.md\n"


def test_the_watch_of_a_page(folder: Path, runner: dict[str, str]) -> None:
    """The watch writes the report only, and outputs the exit code of the impact."""
    document = folder / "openapi.yaml"
    before = document.read_bytes()
    page = f"# Video\n\n````yaml\n{rename_a_model(document)}````\n".encode()
    document.write_bytes(before)
    with Vendor({"/*.md": whole(page)}) as vendor:
        assert run(command("watch", "--impact"), folder, runner, PAGES=f" {vendor.url}/*.md\n") == 0
    assert Path(runner["GITHUB_OUTPUT"]).read_text() == "code=30\n"
    assert "turbo" in (folder / "issue.md").read_text("utf-8")
    assert document.read_bytes() == before


def test_a_page_that_cannot_be_read_fails_the_watch(folder: Path, runner: dict[str, str]) -> None:
    """No issue says that something changed; the run is red; and no page's name is an option or a command."""
    assert run(command("watch", "--impact"), folder, runner, PAGES="--help;touch hacked $(touch hacked)") == 1
    assert not (folder / "hacked").exists()


@pytest.mark.parametrize(("number", "calls"), [("", ["list", "create", "create"]), ("12", ["list", "edit"])])
def test_one_issue_is_opened_and_then_updated(
    folder: Path, runner: dict[str, str], number: str, calls: list[str]
) -> None:
    """An open issue is edited; otherwise one is created."""
    assert run(command("tell", "gh issue"), folder, runner, OPEN=number) == 0
    said = Path(runner["CALLS"]).read_text().splitlines()
    assert [line.split()[1] for line in said] == calls
    assert said[-1].endswith("--body-file issue.md")
    assert number in said[-1]


def test_a_copy_is_verified(runner: dict[str, str], tmp_path: Path) -> None:
    """The copy's own verifier runs in the named folder."""
    (tmp_path / "a b").mkdir()
    (tmp_path / "a b/verify.py").write_text("raise SystemExit(3)\n", encoding="utf-8")
    assert run(command("copy", "verify.py"), tmp_path, runner, COPY="a b") == 3


def test_the_guides_call_what_there_is() -> None:
    """Hooks, inputs and rights of the examples are those of the files; an acceptance has its three fields."""
    readme = "".join((ROOT / f"docs/how-to/{name}.md").read_text("utf-8") for name in ("ci", "upgrade"))
    shown = [yaml.safe_load(block) for block in re.findall(r"^```yaml.*?\n(.*?)^```", readme, re.MULTILINE | re.DOTALL)]
    found = {next(iter(value)): value for value in shown if isinstance(value, dict)}
    hooks = {hook["id"] for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))}
    assert {hook["id"] for repo in found["repos"]["repos"] for hook in repo["hooks"]} <= hooks
    assert all(f"`{hook}`" in readme or f"id: {hook}" in readme for hook in hooks)
    (job,) = found["jobs"]["jobs"].values()
    called = workflow(UPKEEP)
    assert re.search(r"/\.github/workflows/upkeep\.yml@v\d", job["uses"])
    assert set(job["with"]) <= set(called[True]["workflow_call"]["inputs"])
    needed = {right: level for each in called["jobs"].values() for right, level in each["permissions"].items()}
    assert job["permissions"] == needed
    (entry,) = found["accepted"]["accepted"]
    assert set(entry) == {"fingerprint", "author", "reason"}
