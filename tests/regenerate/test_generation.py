"""Optimisations of the generator do not change its output."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.util import cache_from_source
from pathlib import Path
from typing import Any

import pytest
from openapi_python_client.parser.openapi import Endpoint
from rulewright.files import read_tree
from rulewright.generate import openapi_python_client, rewrites
from rulewright.generate.gaps import place_of
from rulewright.generate.openapi_python_client import generate
from rulewright.generate.rewrites import generator_input
from rulewright.merged import merge
from rulewright.project import load_project

ROOT = Path(__file__).resolve().parents[2]
PARCELS = ROOT / "tests/projects/parcels"
THING = {"$ref": "#/components/schemas/Thing"}
LIST = {"type": "array", "items": THING}
ID = [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}]
NESTED = {"type": "object", "properties": {"thing": THING, "id": {"type": "string"}}}


def linked() -> dict[str, Any]:
    """Return a document whose endpoints share classes, and whose parameters are renamed because they collide."""
    media = {"application/json": {"schema": THING}, "application/x-www-form-urlencoded": {"schema": NESTED}}
    own = [
        {"name": "id", "in": "query", "schema": {"type": "string"}},
        {"name": "filter", "in": "query", "schema": THING},
        {"name": "id", "in": "header", "schema": {"type": "string"}},
        {"name": "thing", "in": "query", "schema": NESTED},
    ]
    many = {"type": "array", "items": {"oneOf": [THING, NESTED]}}
    answers: dict[str, Any] = {
        "200": {"description": "one", "content": {"application/json": {"schema": THING}}},
        "404": {"description": "none", "content": {"application/json": {"schema": NESTED}}},
        "default": {"description": "many", "content": {"application/json": {"schema": many}}},
    }
    shared = [
        {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}},
        {"name": "filter", "in": "path", "required": True, "schema": {"type": "string"}},
    ]
    operation = {"parameters": own, "requestBody": {"content": media}, "responses": answers}
    item = {"parameters": shared, "get": {"responses": answers}, "put": operation, "post": operation}
    thing = {"type": "object", "properties": {"next": THING, "kind": {"enum": ["a", "b"], "type": "string"}}}
    return {
        "openapi": "3.0.3",
        "info": {"title": "Linked", "version": "1"},
        "paths": {"/things/{filter}/{id}": item},
        "components": {"schemas": {"Thing": thing}},
    }


def run_generator(document: dict[str, Any], package: Path) -> Any:
    """Generate a package of a document, and return the generator's report."""
    spec = package.parent / f"{package.name}.json"
    spec.parent.mkdir(exist_ok=True)
    spec.write_text(generator_input(document, "things"), encoding="utf-8")
    return generate(spec, package)


def test_sharing_classes_does_not_change_the_output(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The output equals that of the unpatched generator, which copies the classes of every endpoint."""
    spec = tmp_path / "spec.json"
    spec.write_text(generator_input(linked(), "things"), encoding="utf-8")
    ours = generate(spec, tmp_path / "one/things")
    monkeypatch.delattr(Endpoint, "__deepcopy__")
    assert generate(spec, tmp_path / "other/things") == ours
    assert ours["operations"]
    assert not ours["errors"]
    assert read_tree(tmp_path / "one") == read_tree(tmp_path / "other")


def test_a_long_chain_of_schemas_can_be_generated(tmp_path: Path) -> None:
    """The unpatched generator raises RecursionError for a chain of hundreds of schemas."""
    document = linked()
    schemas = document["components"]["schemas"]
    for number in range(300):
        before = {"$ref": f"#/components/schemas/Link{number - 1}"} if number else {"type": "string"}
        schemas[f"Link{number}"] = {"type": "object", "properties": {"before": before}}
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Link299"}}}
    document["paths"]["/chain"] = {"get": {"responses": {"200": {"description": "long", "content": content}}}}
    assert not run_generator(document, tmp_path / "things")["errors"]


@pytest.mark.parametrize(
    "project",
    [
        pytest.param(place, id=place.name, marks=() if place in (ROOT, PARCELS) else pytest.mark.heavy)
        for place in (ROOT, *sorted(path.parent for path in ROOT.glob("tests/[dp]*/*/pyproject.toml")))
    ],
)
def test_extensions_do_not_change_the_output(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, project: Path) -> None:
    """Documents with and without extensions give the same files and names."""
    found, effective = [], merge(load_project(project)).effective
    for name in ("untold", "told"):
        spec = tmp_path / f"{name}.json"
        spec.write_text(generator_input(effective, "things"), encoding="utf-8")
        report = generate(spec, tmp_path / name / "things")
        found.append((spec.read_text(encoding="utf-8"), report, read_tree(tmp_path / name)))
        monkeypatch.setattr(rewrites, "_without_extensions", lambda value: value)
    untold, told = found
    assert "x-rule" not in untold[0]
    assert len(told[0]) > len(untold[0])
    assert untold[1:] == told[1:]


def test_templates_are_compiled_once_where_python_keeps_byte_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cached templates give the same files; nothing is cached where Python writes no byte code."""
    spec = tmp_path / "spec.json"
    spec.write_text(generator_input(linked(), "things"), encoding="utf-8")
    monkeypatch.setattr(sys, "pycache_prefix", str(tmp_path / "kept"))
    folder = Path(cache_from_source(openapi_python_client.__file__)).parent
    trees = []
    for number, (made, silent) in enumerate([(False, False), (True, True), (True, False), (True, False)]):
        if made:
            folder.mkdir(parents=True, exist_ok=True)
        monkeypatch.setattr(sys, "dont_write_bytecode", silent)
        generate(spec, tmp_path / f"{number}/things")
        trees.append(read_tree(tmp_path / str(number)))
        assert any(folder.glob("templates-*.pyc")) == (number > 1)
    assert all(tree == trees[0] for tree in trees)


def test_the_generator_loads_without_an_http_library() -> None:
    """Empty modules replace the HTTP library in the generator's process."""
    script = (
        "import sys\nfrom rulewright.generate._generator_process import without_http\nwithout_http()\n"
        "import rulewright.generate.openapi_python_client\n"
        "assert not hasattr(sys.modules['httpx'], 'get')\n"
        "assert not [name for name in sys.modules if name.startswith(('httpx.', 'httpcore.'))]\n"
    )
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=True)


def bodies(*kinds: tuple[str, dict[str, Any]]) -> dict[str, Any]:
    """Return a document with one operation, whose required body may be of any of some types."""
    content = {name: {"schema": schema} for name, schema in kinds}
    operation = {"requestBody": {"required": True, "content": content}, "responses": {"204": {"description": ""}}}
    document = linked()
    return {**document, "paths": {"/things/{id}": {"put": {"operationId": "put", **operation, "parameters": ID}}}}


def test_a_class_with_files_is_sent_as_a_form(tmp_path: Path) -> None:
    """JSON cannot hold them."""
    upload = {
        "type": "object",
        "properties": {"files": {"type": "array", "items": {"type": "string", "format": "binary"}}},
    }
    schema = {"$ref": "#/components/schemas/Upload"}
    document = bodies(("application/json", schema), ("multipart/form-data", schema))
    document["components"]["schemas"]["Upload"] = upload
    report = run_generator(document, tmp_path / "things")
    assert report["operations"][0]["bodies"] == {"multipart/form-data": "Upload"}


@pytest.mark.parametrize(
    ("kinds", "sent", "left_out"),
    [
        ([("application/json", THING), ("application/xml", {})], ["application/json", "application/xml"], []),
        ([("application/x-www-form-urlencoded", THING), ("a/json+json", THING)], ["a/json+json"], ["a/json+json"]),
        ([("application/xml", {}), ("image/png", {})], ["application/xml"], ["application/xml"]),
        ([("application/xml", {}), ("application/json", {})], ["application/json"], ["application/json"]),
        ([("a/a+json", LIST), ("b/b+json", THING)], ["a/a+json", "b/b+json"], []),
        ([("*/*", THING)], ["application/json"], []),
        ([("application/json;charset=utf-8", THING)], ["application/json;charset=utf-8"], []),
    ],
)
def test_a_body_is_sent_as_one_type(
    tmp_path: Path, kinds: list[tuple[str, dict[str, Any]]], sent: list[str], left_out: list[str]
) -> None:
    """The client chooses the media type by class; of two with the same class, one is a gap."""
    report = run_generator(bodies(*kinds), tmp_path / "things")
    module = (tmp_path / "things/api/default/put.py").read_text(encoding="utf-8")
    assert re.findall(r'headers\["Content-Type"\] = "(.*)"', module) == sent
    assert [place_of(error) for error in report["errors"]] == ["PUT /things/{id}" for _ in left_out]
    assert all(f"sent as {each}, never" in report["errors"][0] for each in left_out)
    assert set(report["operations"][0]["bodies"]) <= {name for name, _ in kinds}
    assert "isinstance(body, list[" not in module
    assert "Unset = UNSET" not in module or "import Unset" in module or ", Unset" in module


def test_a_list_of_anything_needs_no_cast(tmp_path: Path) -> None:
    """Strict mypy refuses a redundant cast."""
    document = linked()
    some = {"type": "array", "items": {}, "nullable": True}
    document["components"]["schemas"]["Thing"]["properties"]["some"] = some
    run_generator(document, tmp_path / "things")
    made = (tmp_path / "things/models/thing.py").read_text(encoding="utf-8")
    assert "some_type_0: list[Any] = data\n" in made
    assert "cast(list[Any], data)" not in made


def test_properties_that_differ_in_punctuation_are_disambiguated(tmp_path: Path) -> None:
    """Each property has its own attribute and is sent under its own name."""
    document = linked()
    votes = {name: {"type": "integer"} for name in ("+1", "-1", "a b", "a-b", "1")}
    document["components"]["schemas"]["Thing"]["properties"] |= votes
    report = run_generator(document, tmp_path / "things")
    fields = report["models"]["Thing"]["fields"]
    assert report["errors"] == []
    assert len({str(field) for field in fields.values()}) == len(votes) + 2
    made = (tmp_path / "things/models/thing.py").read_text(encoding="utf-8")
    assert 'field_dict["+1"] = plus_sign_1' in made
    assert 'field_dict["-1"] = hyphen_minus_1' in made
