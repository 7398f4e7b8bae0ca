"""Small documents, one for each shape that a vendor's document can have: dropping one in is the whole test.

Those of one version of OpenAPI are joined, so that making a client, running it and checking its types is done once for
all of them.
"""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from rulewright.commands.new import main as new
from rulewright.openapi.document import parse, to_yaml

from tests.documents.conftest import ONE_WORKER

pytestmark = ONE_WORKER
ROOT = Path(__file__).resolve().parents[2]
SHAPES = {path.stem: path for path in sorted((Path(__file__).parent / "shapes").glob("*.yaml"))}
FURTHER = Path(os.environ.get("RULEWRIGHT_CASES", ".")) / "documents"
"""Documents that are kept elsewhere."""
VERSIONS = ("3.0.3", "3.1.0")
ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT / "scripts"), str(ROOT)))}


def joined(version: str, beginning: str = "") -> dict[str, Any]:
    """Return the shapes of one version as one document; paths, names and references start with the shape's name.

    Args:
        version: The version.
        beginning: How the names of the shapes begin.
    """
    whole: dict[str, Any] = {"openapi": version, "info": {"title": "Shapes", "version": "1"}, "paths": {}}
    whole |= {"servers": [{"url": "https://shapes.example"}], "components": {}}
    for name, path in SHAPES.items():
        text = path.read_text(encoding="utf-8")
        prefix = "".join(word.capitalize() for word in name.split("-"))
        text = re.sub(r"(operationId: '?)", rf"\g<1>{prefix}_", text)
        value = parse(re.sub(r"(#/components/\w+/)", rf"\g<1>{prefix}", text), path.name).value
        if value["openapi"] != version or not name.startswith(beginning):
            continue
        for template, item in value["paths"].items():
            whole["paths"][f"/{name}{template}"] = item
        for section, parts in value.get("components", {}).items():
            whole["components"].setdefault(section, {}).update({prefix + key: part for key, part in parts.items()})
    return whole


@pytest.fixture(scope="module", params=VERSIONS)
def project(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project made of all shapes of one version, with no edit by hand."""
    folder = tmp_path_factory.mktemp("shapes")
    document = folder / "shapes.yaml"
    document.write_text(to_yaml(joined(request.param)), encoding="utf-8")
    package = f"shapes_{request.param[:3].replace('.', '')}"
    options = ["--spec", str(document), "--package", package, "--pipeline", "rulewright"]
    assert new([str(folder / package), *options]) == 0
    return folder / package


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run Python in a project."""
    return subprocess.run(
        [sys.executable, *command], cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, check=False
    )


def test_each_says_what_it_shows() -> None:
    """In a comment on its first line."""
    assert all(path.read_text(encoding="utf-8").startswith("# ") for path in SHAPES.values())
    assert len(SHAPES) > 40


def test_every_operation_is_made(project: Path) -> None:
    """Nothing is left out, and nothing has to be accepted; every module can be imported."""
    manifest = json.loads((project / "generated/manifest.json").read_bytes())
    assert manifest.get("gaps", []) == []
    assert manifest["operations"]["documented"] == manifest["operations"]["usable"]
    sys.path.insert(0, str(project / "generated"))
    try:
        package = importlib.import_module(project.name)
        for found in pkgutil.walk_packages(package.__path__, f"{project.name}."):
            importlib.import_module(found.name)
    finally:
        sys.path.remove(str(project / "generated"))


def test_every_operation_can_be_called(project: Path) -> None:
    """A valid request of each passes the client's checks and the sandbox, and the client reads the answer."""
    done = run(project, "-m", "rulewright", "contract", "--", "-q", "-k", "test_valid_request")
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-2000:]


@pytest.mark.heavy
def test_the_contract_is_kept(project: Path) -> None:
    """Whatever is wrong with a request is refused by client and sandbox alike."""
    done = run(project, "-m", "rulewright", "contract", "--", "-q")
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-2000:]


@pytest.mark.parametrize("checker", ["mypy", pytest.param("pyright", marks=pytest.mark.heavy)])
def test_type_checkers_find_nothing(project: Path, checker: str) -> None:
    """As strictly as the project itself is set up for."""
    done = run(project, "-m", checker)
    assert done.returncode == 0, done.stdout[-5000:]


FURTHER_SHAPES = sorted(path for path in FURTHER.glob("*.yaml") if not path.stem.endswith(".overlay"))


@pytest.mark.skipif(not FURTHER_SHAPES, reason="no cases: name their folder in RULEWRIGHT_CASES")
@pytest.mark.parametrize("path", FURTHER_SHAPES, ids=lambda path: path.stem)
def test_further_documents_make_a_project(path: Path, tmp_path: Path) -> None:
    """Each alone, with the overlay beside it if there is one; the project keeps its contract without an edit."""
    overlay = path.with_name(f"{path.stem}.overlay.yaml")
    beside = ["--overlay", str(overlay)] if overlay.is_file() else []
    options = ["--spec", str(path), "--package", "our_shape", "--pipeline", "rulewright", *beside]
    assert new([str(tmp_path / "made"), *options]) == 0
    done = run(tmp_path / "made", "-m", "rulewright", "contract", "--", "-q")
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-2000:]
