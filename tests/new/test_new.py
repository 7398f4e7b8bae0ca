"""`rulewright new` makes a working project of any document, or nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from importlib.metadata import Distribution
from pathlib import Path
from typing import Any

import pytest
import yaml
from rulewright.commands.new import main
from rulewright.commands.regenerate import main as regenerate
from rulewright.generate.openapi_python_client import generate
from rulewright.new.create import DISTRIBUTION, check_name, installed_from, requirement

from tests.new.newcomer import DOCUMENTS, ROOT, inputs

PYTHONPATH = os.pathsep.join([str(ROOT), "overlays", "generated"])


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project made of a document with a rule of its own; not to be changed."""
    folder = tmp_path_factory.mktemp("new") / "accounts"
    assert main([str(folder), "--package", "our_accounts", *inputs(DOCUMENTS / "accounts.json")]) == 0
    return folder


def run(project: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run Python in a project, with the pipeline where the requirement would have put it."""
    environment = {**os.environ, "PYTHONPATH": PYTHONPATH, "PYTHONUTF8": "1"}
    return subprocess.run(
        [sys.executable, *command], cwd=project, env=environment, capture_output=True, text=True, check=False
    )


def test_its_own_tests_pass_at_once(project: Path) -> None:
    """The tests of a new project pass without an edit."""
    done = run(project, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist")
    assert done.returncode == 0, done.stdout
    assert " skipped" not in done.stdout


def test_its_contract_is_kept_at_once(project: Path) -> None:
    """The contract checks pass, and `-vv` names them."""
    done = run(project, "-m", "rulewright", "contract", "--", "-vv")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "test_valid_request[open-account-sync] PASSED" in done.stdout
    assert "contract of our_accounts: kept" in done.stdout


def test_it_has_the_layout_of_this_project_and_no_copy_of_the_pipeline(project: Path) -> None:
    """The tool is a requirement, not a copy."""
    names = {path.name for path in project.iterdir()}
    assert {"openapi.yaml", "overlays", "generated", "tests", "noxfile.py", "pyproject.toml", "README.md"} <= names
    assert {"CHANGELOG.md", "LICENSE", ".github", ".gitignore", ".gitattributes"} <= names
    assert "scripts" not in names
    table = tomllib.loads((project / "pyproject.toml").read_text("utf-8"))
    assert table["dependency-groups"]["generate"] == [f"{DISTRIBUTION} @ {(ROOT / 'scripts').as_uri()}"]
    assert table["tool"]["rulewright"]["overlays"] == ["overlays/accounts.overlay.yaml"]
    assert (project / "openapi.yaml").read_bytes() == (DOCUMENTS / "accounts.json").read_bytes()
    workflow = yaml.safe_load((project / ".github/workflows/tests.yml").read_text("utf-8"))
    assert workflow["jobs"]["tests"]["steps"][-1]["run"].endswith("nox -s tests")
    written = [path for path in project.rglob("*") if path.is_file() and path.name != "openapi.yaml"]
    ours = [path for path in written if not path.is_relative_to(project / "generated")]
    lines = sum(len(path.read_text("utf-8").splitlines()) for path in ours if path.suffix not in {".json", ".pyc"})
    assert lines - len((project / "overlays/accounts.overlay.yaml").read_text("utf-8").splitlines()) <= 310


def test_it_bears_no_name_of_the_project_the_pipeline_comes_from(project: Path) -> None:
    """No file of the new project names this project."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    words = {
        settings["project"]["name"],
        *settings["project"]["name"].split("-"),
        settings["tool"]["rulewright"]["package"],
    }
    for path in project.rglob("*"):
        if path.is_file() and path.suffix not in {".mp4", ".pyc"}:
            text = path.read_text("utf-8").lower().replace(ROOT.as_posix().lower(), "")
            assert not [word for word in words if word in text], path
            assert "@package@" not in text


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("", "must be small letters"),
        ("Shop", "must be small letters"),
        ("my-shop", "must be small letters"),
        ("_shop", "must be small letters"),
        ("shop_", "must be small letters"),
        ("1shop", "must be small letters"),
        ("shöp", "must be small letters"),
        ("../shop", "must be small letters"),
        ("a/b", "must be small letters"),
        ("shop\n", "must be small letters"),
        ('x"; import os', "must be small letters"),
        ("x" * 51, "must be small letters"),
        ("class", "is a word of Python's"),
        ("match", "is a word of Python's"),
        ("json", "would hide the module json"),
        ("tests", "is a part of every project"),
        ("scripts", "is a part of every project"),
        ("nul", "is the name of a device"),
        ("httpx", "would hide the installed package httpx"),
        ("yaml", "would hide the installed package yaml"),
    ],
)
def test_an_invalid_package_name_is_refused(
    name: str, reason: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A package name shadows nothing, is no keyword and stays in its folder."""
    assert main([str(tmp_path / "new"), f"--package={name}", "--spec", str(DOCUMENTS / "bare.yaml")]) == 1
    assert reason in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_valid_package_name_is_accepted() -> None:
    """The name is returned unchanged."""
    assert check_name("our_shop2") == "our_shop2"


def run_new(target: Path, *options: str) -> int:
    """Run the command for a valid document."""
    return main([str(target), "--package", "our_shop", *(options or ("--spec", str(DOCUMENTS / "bare.yaml")))])


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is overwritten, and nothing is added."""
    (tmp_path / "mine.txt").write_text("mine")
    assert run_new(tmp_path) == 1
    assert "is not empty" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
    assert run_new(tmp_path / "mine.txt") == 1
    assert "is no folder" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "place"),
    [
        ("not: a document", "shop.yaml"),
        ("openapi: 3.0.0\ninfo: {title: x, version: '1'}\npaths: {/a: {get: 7}}", "shop.yaml:3"),
        ("", "shop.yaml"),
    ],
)
def test_a_malformed_document_leaves_nothing_behind(
    content: str, place: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The error names the file as given; no folder is left."""
    document = tmp_path / "shop.yaml"
    document.write_text(content)
    assert run_new(tmp_path / "made" / "new", "--spec", str(document)) == 1
    assert f"error: {document.parent.as_posix()}/{place}" in capsys.readouterr().err
    assert not (tmp_path / "made").exists()


def test_an_error_of_an_overlay_names_the_path_in_the_new_project(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The error does not name the temporary folder, and nothing is left behind."""
    overlay = tmp_path / "mine.overlay.yaml"
    overlay.write_text("overlay: 1.1.0\ninfo: {title: x, version: '1'}\nactions:\n- {target: $.gone, remove: true}\n")
    target = tmp_path / "new"
    assert run_new(target, "--spec", str(DOCUMENTS / "bare.yaml"), "--overlay", str(overlay)) == 1
    error = capsys.readouterr().err
    assert f"{target.as_posix()}/overlays/mine.overlay.yaml" in error
    assert ".draft/" not in error
    assert [path.name for path in tmp_path.iterdir()] == ["mine.overlay.yaml"]


def test_an_invalid_document_needs_an_overlay(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The document stays as published; without an overlay the error suggests one."""
    document, overlay = tmp_path / "shop.yaml", tmp_path / "mine.overlay.yaml"
    document.write_text(
        "openapi: 3.0.3\ninfo: {title: '', version: '1'}\nservers: [{url: 'https://shop.example'}]\n"
        "paths: {/a: {get: {responses: {'204': {description: done}}}}}\n"
        "components: {securitySchemes: {old: {type: bearer}}}\n"
    )
    overlay.write_text(
        "overlay: 1.1.0\ninfo: {title: x, version: '1'}\n"
        "actions: [{target: $.components.securitySchemes.old, remove: true}]\n"
    )
    target = tmp_path / "new"
    assert run_new(target, "--spec", str(document)) == 1
    error = capsys.readouterr().err
    assert f"error: {document.as_posix()}:5: is not valid OpenAPI 3.0" in error
    assert "corrected in an overlay, which --overlay takes" in error
    assert main([str(target), "--package", "our_shop", "--spec", str(document), "--overlay", str(overlay)]) == 0
    assert (target / "openapi.yaml").read_bytes() == document.read_bytes()
    assert regenerate(["--project", str(target), "--check", "--quiet"]) == 0


def test_gaps_are_reported_and_accepted_in_an_overlay(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The project is made, and an overlay accepts its gaps; the generator runs once."""
    runs: list[Path] = []

    def counted(spec: Path, package: Path) -> Any:
        runs.append(package)
        return generate(spec, package)

    monkeypatch.setattr("tests.generating.generate", counted)
    document = tmp_path / "shop.yaml"
    answers = "responses: {'204': {description: done}}"
    picture = "{schema: {type: string, format: binary}}"
    body = f"requestBody: {{content: {{image/png: {picture}, image/jpeg: {picture}}}}}"
    document.write_text(
        "openapi: 3.0.3\ninfo: {title: x, version: '1'}\nservers: [{url: 'https://shop.example'}]\n"
        f"paths: {{/a: {{get: {{{answers}}}, put: {{{body}, {answers}}}}}}}\n"
    )
    target = tmp_path / "new"
    assert main([str(target), "--package", "our_shop", "--spec", str(document)]) == 0
    assert "overlays/05-gaps.overlay.yaml:\n    PUT /a: body: it is sent as image/png" in capsys.readouterr().out
    overlay = yaml.safe_load((target / "overlays/05-gaps.overlay.yaml").read_text())
    assert [gap["at"] for gap in overlay["x-accepted-gaps"]] == ["PUT /a"]
    assert len(runs) == 1
    assert regenerate(["--project", str(target), "--check", "--quiet"]) == 0
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["new", "shop.yaml"]


def test_bodies_of_every_media_type_pass_the_contract(tmp_path: Path) -> None:
    """Types with parameters, of any type, and several of one operation are sent as the sandbox expects them."""
    target = tmp_path / "new"
    assert main([str(target), "--package", "our_notices", *inputs(DOCUMENTS / "notices.yaml")]) == 0
    done = run(target, "-m", "rulewright", "contract")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "contract of our_notices: kept" in done.stdout


@pytest.mark.parametrize("name", ["10-corrections.overlay.yaml", "mine.txt"])
def test_an_overlay_of_an_invalid_name_is_refused(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its name must not replace a file of the project, and must end as overlays do."""
    overlay = tmp_path / name
    overlay.write_text("overlay: 1.1.0")
    assert run_new(tmp_path / "new", "--spec", str(DOCUMENTS / "bare.yaml"), "--overlay", str(overlay)) == 1
    assert capsys.readouterr().err
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("options", [[], ["--package", "x"], ["dir"], ["dir", "--package", "x"]])
def test_wrong_usage_has_an_exit_code_of_its_own(options: list[str]) -> None:
    """Exit code 2, as for every command of the pipeline."""
    with pytest.raises(SystemExit) as ended:
        main(options)
    assert ended.value.code == 2


def test_the_requirement_of_the_tool_can_be_given(capsys: pytest.CaptureFixture[str]) -> None:
    """Any requirement on one line; by default the location of this tool."""
    assert requirement("rulewright==1.2") == "rulewright==1.2"
    assert requirement(None).startswith("rulewright @ file://")
    assert main(["dir", "--package", "our_shop", "--spec", "x", "--pipeline", "a\nb"]) == 1
    assert "must be a requirement" in capsys.readouterr().err


GIT = "https://example.com/r.git"


@pytest.mark.parametrize(
    ("record", "wanted"),
    [
        (
            {
                "url": "https://example.com/r.git",
                "vcs_info": {"vcs": "git", "commit_id": "1f"},
                "subdirectory": "scripts",
            },
            "rulewright @ git+https://example.com/r.git@1f#subdirectory=scripts",
        ),
        (
            {"url": GIT, "vcs_info": {"vcs": "git", "commit_id": "1f"}},
            "rulewright @ git+https://example.com/r.git@1f",
        ),
        ({"url": "file:///rulewright.whl", "archive_info": {}}, "rulewright @ file:///rulewright.whl"),
        (None, "rulewright==9.1"),
    ],
)
def test_a_project_requires_the_tool_from_where_it_was_installed(
    tmp_path: Path, record: dict[str, Any] | None, wanted: str
) -> None:
    """A repository with its commit and the folder in it, a file, or a release."""
    place = tmp_path / "rulewright-9.1.dist-info"
    place.mkdir()
    (place / "METADATA").write_text("Metadata-Version: 2.1\nName: rulewright\nVersion: 9.1\n", encoding="utf-8")
    if record is not None:
        (place / "direct_url.json").write_text(json.dumps(record), encoding="utf-8")
    assert installed_from(Distribution.at(place)) == wanted


def test_a_requirement_that_is_a_local_path_is_warned_about(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The message shows a requirement that works on other machines."""
    assert project
    target = tmp_path / "again"
    arguments = [str(target), "--package", "our_again", "--spec", str(DOCUMENTS / "bare.yaml")]
    assert main(arguments) == 0
    assert "#subdirectory=scripts' before others use the project" in capsys.readouterr().err
