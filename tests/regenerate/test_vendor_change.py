"""Changes of the page: compatible ones need no edit, others are one finding with the lines to write."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from rulewright.commands.importing import main as import_pages
from rulewright.commands.regenerate import main as regenerate
from rulewright.commands.rules import main as rules
from rulewright.errors import run_cli
from rulewright.openapi.document import load

from tests import generating
from tests.copies import ROOT
from tests.import_page.conftest import find_proposals

Edit = Callable[[str], str]
EXAMPLE = ROOT / "tests/example"
VENDOR = (EXAMPLE / "openapi.yaml").read_text(encoding="utf-8")
EXTEND = """\
openapi: 3.0.0
info: {info}
servers: {servers}
security: []
paths:
  /gemini/video/extend:
    post:
      operationId: ApiPublicController_extend
      requestBody:
        required: true
        content: {{application/json: {{schema: {{$ref: '#/components/schemas/ExtendDto'}}}}}}
      responses:
        '201':
          description: ''
          content: {{application/json: {{schema: {{$ref: '#/components/schemas/TaskIdDto'}}}}}}
      security: [{{bearerAuth: []}}]
components:
  schemas:
    ExtendDto:
      type: object
      properties: {{videoId: {{type: string, description: The video to extend}}}}
      required: [videoId]
"""


@pytest.fixture(scope="module")
def generated_example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The frozen example, generated once; not to be changed."""
    copy = tmp_path_factory.mktemp("example") / "project"
    shutil.copytree(EXAMPLE, copy, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    generating.regenerate(copy)
    return copy


@pytest.fixture
def project(generated_example: Path, tmp_path: Path) -> Path:
    """A copy of the example with its generated files."""
    return Path(shutil.copytree(generated_example, tmp_path / "project"))


def replaced(old: str, new: str) -> Edit:
    """Return a change of the vendor's document that replaces a text once."""

    def edit(text: str) -> str:
        assert old in text, old
        return text.replace(old, new, 1)

    return edit


def page(document: str, announced: str = "POST /gemini/video/generate") -> str:
    """Return a page with a document."""
    return f"# A page\n\n````yaml {announced}\n{document}````\n"


def import_into(project: Path, *pages: str) -> int:
    """Import pages into a project."""
    for number, text in enumerate(pages):
        (project / f"page{number}.md").write_text(text, encoding="utf-8")
    names = [str(project / f"page{number}.md") for number in range(len(pages))]
    return run_cli(lambda: import_pages([*names, "--project", str(project)]))


def is_green(project: Path) -> bool:
    """Return whether rule checks, analysis and drift pass."""
    options = ["--project", str(project)]
    return not (rules(["check", *options]) or rules(["analyse", *options]) or regenerate(["--check", *options]))


MODEL = "            - veo31_fast_ingredients\n"
RATIO = "        aspectRatio:\n"
SEED = "        seed:\n          type: integer\n          description: The seed of the film\n"
COMPATIBLE: dict[str, Edit] = {
    "enum value": replaced(MODEL, f"{MODEL}            - veo4_fast\n"),
    "optional field": replaced(RATIO, f"{SEED}{RATIO}"),
    "reworded sentence": replaced("description: Video aspect ratio", "description: The aspect ratio of the film"),
}


@pytest.mark.parametrize("change", COMPATIBLE)
@pytest.mark.usefixtures("inside")
def test_a_compatible_change_needs_no_edit(project: Path, change: str) -> None:
    """Import and regenerate are all there is to do."""
    assert import_into(project, page(COMPATIBLE[change](VENDOR))) == 0
    assert regenerate(["--project", str(project)]) == 0
    assert is_green(project)


@pytest.mark.usefixtures("inside")
def test_one_more_operation_needs_no_edit(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is a typed operation; the printed overlay actions make it return a task."""
    vendor = load(EXAMPLE / "openapi.yaml").value
    extend = EXTEND.format(info=vendor["info"], servers=vendor["servers"])
    assert import_into(project, page(VENDOR), page(extend, "POST /gemini/video/extend")) == 0
    printed = capsys.readouterr().out
    assert regenerate(["--project", str(project)]) == 0
    assert is_green(project)
    operations = project / "generated/mountsea_gemini/operations.py"
    assert "ApiPublicController_extend" in operations.read_text("utf-8")
    actions = find_proposals(printed)
    assert [each["target"].rpartition(".")[2] for each in actions] == ["responses['201']", "responses"]
    overlay = project / "overlays/40-waiters.overlay.yaml"
    value = yaml.safe_load(overlay.read_text("utf-8"))
    value["actions"] += actions
    overlay.write_text(yaml.safe_dump(value), encoding="utf-8")
    assert regenerate(["--project", str(project)]) == 0
    assert is_green(project)
    waiters = (project / "generated/mountsea_gemini/waiters.py").read_text("utf-8")
    assert '"ApiPublicController_extend": "getTaskResult"' in waiters


@pytest.mark.usefixtures("inside")
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("VideoGenerationDto", "VideoRequestDto"),
        ("/gemini/video/generate", "/gemini/films/generate"),
        ("TaskIdDto", "JobDto"),
    ],
)
def test_a_renamed_part_is_one_finding(project: Path, capsys: pytest.CaptureFixture[str], old: str, new: str) -> None:
    """Every overlay line with the old name is listed; renaming there is enough."""
    changed = VENDOR.replace(old, new)
    assert (
        import_into(project, page(changed, f"POST {new}" if old.startswith("/") else "POST /gemini/video/generate"))
        == 0
    )
    capsys.readouterr()
    code = regenerate(["--project", str(project)])
    error = capsys.readouterr().err
    encoded = [name.replace("/", "~1").removeprefix("~1") for name in (old, new)]
    overlays = [project / f"overlays/{name}.overlay.yaml" for name in ("10-corrections", "20-tasks", "30-rules")]
    if old != "TaskIdDto":  # which no overlay names, so that nothing is to be decided
        assert code == 1
        assert f"{old} is called {new} now; rename it in the overlays:" in error
        for overlay in overlays:
            for number, line in enumerate(overlay.read_text("utf-8").splitlines(), 1):
                is_path = re.search(rf"(schemas|paths)(\.|\['|/~1|/)({re.escape(old)}|{re.escape(encoded[0])})", line)
                assert (f"{overlay.name}:{number}: {line.strip()}" in error) is bool(is_path), line
            text = overlay.read_text("utf-8")
            overlay.write_text(text.replace(old, new).replace(encoded[0], encoded[1]), encoding="utf-8")
        assert regenerate(["--project", str(project)]) == 0
    assert is_green(project)


@pytest.mark.usefixtures("inside")
def test_a_new_constraint_is_one_finding(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Regenerating refuses the sentence, and prints the lines that waive it."""
    changed = replaced("description: Video aspect ratio", "description: Video aspect ratio, only 16:9 for veo2")(VENDOR)
    assert import_into(project, page(changed)) == 0
    capsys.readouterr()
    assert regenerate(["--project", str(project)]) == 1
    error = capsys.readouterr().err
    assert "Video aspect ratio, only 16:9 for veo2" in error
    waiver = "\n".join(line[4:] for line in error.splitlines() if line.startswith("    "))
    overlay = project / "overlays/30-rules.overlay.yaml"
    text = overlay.read_text("utf-8")
    entry = waiver[waiver.index("- at:") :].rstrip().replace("\n", "\n  ")
    overlay.write_text(text.replace("x-waived-prose:\n", f"x-waived-prose:\n  {entry}\n"), encoding="utf-8")
    assert regenerate(["--project", str(project)]) == 0
    assert is_green(project)
