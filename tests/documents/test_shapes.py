"""Small documents, one for each shape that a vendor's document can have: dropping one in is the whole test.

Those of one version of OpenAPI are joined, so that making a client, running it and checking its types is done once for
all of them.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import os
import pkgutil
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
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


def prefix_of(name: str) -> str:
    """Return what the names of a shape start with where it is joined to others."""
    return "".join(word.capitalize() for word in name.split("-"))


def shape(name: str) -> dict[str, Any]:
    """Return a shape; the names of its components, and what refers to them or is a tag, start with its name."""
    text = re.sub(r"(operationId: '?)", rf"\g<1>{prefix_of(name)}_", SHAPES[name].read_text(encoding="utf-8"))
    value = parse(re.sub(r"(#/components/\w+/)", rf"\g<1>{prefix_of(name)}", text), name).value
    names = value.get("components", {}).get("schemas", {})

    def renamed(part: Any) -> Any:
        if isinstance(part, dict):
            return {key: renamed(child) for key, child in part.items()}
        if isinstance(part, list):
            return [renamed(child) for child in part]
        return prefix_of(name) + part if isinstance(part, str) and part in names else part

    return {key: renamed(part) for key, part in value.items()}


def joined(version: str, beginning: str = "") -> dict[str, Any]:
    """Return the shapes of one version as one document; paths, names and references start with the shape's name.

    Args:
        version: The version.
        beginning: How the names of the shapes begin.
    """
    whole: dict[str, Any] = {"openapi": version, "info": {"title": "Shapes", "version": "1"}, "paths": {}}
    whole |= {"servers": [{"url": "https://shapes.example"}], "components": {}}
    for name in SHAPES:
        prefix, value = prefix_of(name), shape(name)
        if value["openapi"] != version or not name.startswith(beginning):
            continue
        for template, item in value["paths"].items():
            whole["paths"][f"/{name}{template}"] = item
        for section, parts in value.get("components", {}).items():
            whole["components"].setdefault(section, {}).update({prefix + key: part for key, part in parts.items()})
    return whole


@pytest.fixture(scope="module")
def projects(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Projects made of all shapes of each version, with no edit by hand."""
    folder = tmp_path_factory.mktemp("shapes")
    made = {}
    for version in VERSIONS:
        package = f"shapes_{version[:3].replace('.', '')}"
        document = folder / f"{package}.yaml"
        document.write_text(to_yaml(joined(version)), encoding="utf-8")
        options = ["--spec", str(document), "--package", package, "--pipeline", "rulewright"]
        assert new([str(folder / package), *options]) == 0
        made[version] = folder / package
    return made


@pytest.fixture(params=VERSIONS)
def project(request: pytest.FixtureRequest, projects: dict[str, Path]) -> Path:
    """The project of each version in turn."""
    return projects[request.param]


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run Python in a project."""
    return subprocess.run(
        [sys.executable, *command], cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, check=False
    )


def test_each_begins_with_a_comment() -> None:
    """In a comment on its first line."""
    assert all(path.read_text(encoding="utf-8").startswith("# ") for path in SHAPES.values())
    assert len(SHAPES) > 40


@pytest.fixture
def package(project: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Its client, imported."""
    monkeypatch.syspath_prepend(str(project / "generated"))
    return importlib.import_module(project.name)


def test_every_operation_is_made(project: Path, package: Any) -> None:
    """Nothing is left out, and nothing has to be accepted but the `x-gaps` of a shape; every module can be imported."""
    manifest = json.loads((project / "generated/manifest.json").read_bytes())
    accepted = [gap["at"] for gap in manifest.get("gaps", [])]
    assert sorted(accepted) == sorted(gaps_of(f"{project.name[-2]}.{project.name[-1]}"))
    assert manifest["operations"]["documented"] == manifest["operations"]["usable"]
    for found in pkgutil.walk_packages(package.__path__, f"{project.name}."):
        importlib.import_module(found.name)


def gaps_of(version: str) -> Iterator[str]:
    """Yield the places at which the shapes of a version name a gap, as they are where the shapes are joined."""
    for name in SHAPES:
        value = shape(name)
        for place in value.get("x-gaps", ()) if value["openapi"].startswith(version) else ():
            head, path = place.rsplit(" " if " " in place else "/", 1)
            yield f"{head} /{name}{path}" if " " in place else f"{head}/{prefix_of(name)}{path}"


def test_answers_are_read_as_the_shape_shows(package: Any) -> None:
    """Each of `x-answers`, blocking and on asyncio: the class of each place that it names, and nothing is lost."""
    operations = importlib.import_module(f"{package.__name__}.operations").OPERATIONS
    to_json = importlib.import_module(f"{package.__name__}._values").to_json
    for name in SHAPES:
        for each in shape(name).get("x-answers", ()):
            operation = operations.get(f"{prefix_of(name)}_{each['operation']}")
            if operation is not None:
                for read in answers_to(package, operation, each["answer"], each.get("media")):
                    content = read.payload.read() if hasattr(read, "payload") else read
                    found = content.decode() if isinstance(content, bytes) else to_json(content)
                    assert found == each["answer"], name
                    kinds = {place: type(part_of(read, place)).__name__ for place in each["read"]}
                    assert kinds == each["read"], name


def answers_to(package: Any, operation: Any, answer: Any, media: str | None) -> list[Any]:
    """Return what both clients make of an answer: of a media type, or else JSON."""
    content, headers = str(answer) if media else json.dumps(answer), {"content-type": media or "application/json"}
    transport = httpx.MockTransport(lambda _: httpx.Response(200, content=content, headers=headers))

    async def ask() -> Any:
        async with package.AsyncClient("token", transport=transport) as client:
            return await client.call(operation)

    with package.Client("token", transport=transport) as client:
        return [client.call(operation), asyncio.run(ask())]


def part_of(value: Any, place: str) -> Any:
    """Return a part of an answer: an attribute, an item, or a field that is not listed."""
    for step in place.split("/")[1:]:
        is_attribute = hasattr(value, step) and not isinstance(value, dict)
        value = getattr(value, step) if is_attribute else value[int(step) if isinstance(value, list) else step]
    return value


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
def test_type_checkers_find_nothing(projects: dict[str, Path], checker: str) -> None:
    """As strictly as a project itself is set up for; one run reads what both clients import once."""
    first, second = projects.values()
    clients = (f"generated/{first.name}", f"../{second.name}/generated/{second.name}")
    done = run(first, "-m", checker, "tests", *clients)
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
