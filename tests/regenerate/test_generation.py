"""What openapi-python-client makes of a document: as if unpatched, without gaps, and with imports that resolve."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.util import cache_from_source
from pathlib import Path
from types import CodeType
from typing import Any

import pytest
from openapi_python_client.parser.openapi import Endpoint
from rulewright.errors import InputError
from rulewright.files import read_tree
from rulewright.generate import openapi_python_client, rewrites
from rulewright.generate.build import check_imports
from rulewright.generate.gaps import (
    Coverage,
    Gap,
    UnacceptedGapError,
    find_dropped,
    place_of,
    read_gaps,
    unsupported_methods,
    unsupported_parameters,
)
from rulewright.generate.generator import PINNED
from rulewright.generate.openapi_python_client import PATCHES, generate
from rulewright.generate.rewrites import generator_input, rewrite
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
        ([("application/x-www-form-urlencoded", THING), ("a/json+json", THING)], ["a/json+json"], []),
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
    """The client chooses the media type by class; of two of one class, one is a gap, unless both are alike."""
    report = run_generator(bodies(*kinds), tmp_path / "things")
    module = (tmp_path / "things/api/default/put.py").read_text(encoding="utf-8")
    assert re.findall(r'headers\["Content-Type"\] = "(.*)"', module) == sent
    assert [place_of(error) for error in report["errors"]] == ["PUT /things/{id}" for _ in left_out]
    assert all(f"sent as {each}, never" in report["errors"][0] for each in left_out)
    assert set(report["operations"][0]["bodies"]) <= {name for name, _ in kinds}
    assert "isinstance(body, list[" not in module
    assert "Unset = UNSET" not in module or "import Unset" in module or ", Unset" in module


def test_each_patch_was_observed_with_the_pinned_version() -> None:
    """A new version of the generator requires a review of each patch."""
    assert {patch.version for patch in PATCHES} == {PINNED["openapi-python-client"]}
    assert len({patch.what for patch in PATCHES}) == len(PATCHES)
    assert all(patch.why for patch in PATCHES)


ENDPOINT = "WARNING parsing GET /things/{id} within things. Endpoint will not be generated.: Two parameters of one name"
SCHEMA = "Unable to process schema /components/schemas/Thing:: str can't be merged with int"


def test_additions_of_openapi_3_2_are_gaps() -> None:
    """The generator gets a 3.1 document; unsupported methods and parameters are gaps."""
    answers = {"responses": {"204": {"description": ""}}}
    whole = {"name": "filter", "in": "querystring", "content": {"application/json": {}}}
    item = {"get": {"parameters": [whole], **answers}, "query": answers, "additionalOperations": {"COPY": answers}}
    before = {"openapi": "3.2.0", "paths": {"/x": item, "/y": {"get": answers}}}
    value = rewrite(before)
    assert value["openapi"] == "3.1.1"
    assert value["paths"]["/x"]["get"]["parameters"] == []
    assert [place_of(each) for each in (*unsupported_methods(before), *unsupported_parameters(before))] == [
        "QUERY /x",
        "COPY /x",
        "GET /x",
    ]
    assert not list(unsupported_methods({**before, "openapi": "3.1.0"}))


ALL, NONE = Coverage(3, 3), Coverage(3, 0)


def test_a_gap_names_its_place_and_reason_and_the_way_out() -> None:
    """A gap is an error that names operation or schema; places with the same problem share a line."""
    others = [ENDPOINT.replace("/things", f"/things{number}") for number in range(4)]
    with pytest.raises(UnacceptedGapError) as caught:
        read_gaps([ENDPOINT, ENDPOINT, SCHEMA, *others], [], ALL)
    text = str(caught.value)
    assert "GET /things/{id}, GET /things0/{id}, GET /things1/{id} and 2 more: WARNING parsing" in text
    assert "/components/schemas/Thing" in text
    assert "x-accepted-gaps" in text
    assert "3 of 3 operations usable" in text


def test_an_accepted_gap_is_recorded_with_its_reason() -> None:
    """Gaps are accepted by place and problem; another problem at the same place is an error."""
    accepted = Gap("GET /things/{id}", "Two parameters of one name", "nobody calls it")
    (gap,) = read_gaps([ENDPOINT], [accepted], ALL)
    assert (gap.at, gap.reason) == ("GET /things/{id}", "nobody calls it")
    assert find_dropped([gap], set()) == {("get", "/things/{id}")}
    assert find_dropped([gap], {("get", "/things/{}")}) == frozenset()
    for other in (SCHEMA, ENDPOINT.replace("Two", "Three")):
        with pytest.raises(UnacceptedGapError):
            read_gaps([ENDPOINT, other], [accepted], ALL)


def test_an_accepted_gap_that_no_longer_exists_is_refused() -> None:
    """A stale acceptance would hide the next gap at its place."""
    with pytest.raises(InputError, match="'GET /gone'"):
        read_gaps([], [Gap("GET /gone", "x", "y")], ALL)


def test_a_client_without_an_operation_is_refused() -> None:
    """However many gaps are accepted."""
    with pytest.raises(InputError, match="would have no operation"):
        read_gaps([ENDPOINT], [Gap("GET /things/{id}", "Two", "y")], NONE)


def test_a_gap_without_a_place_is_about_the_document() -> None:
    """Every gap has a place to accept it by."""
    assert place_of("KeyError: x") == "the document"


def test_a_whole_query_string_is_a_gap() -> None:
    """A `querystring` parameter is not sent."""
    value: Any = {"paths": {"/x": {"get": {"responses": {}}}}}
    assert list(unsupported_parameters(value)) == []
    value["paths"]["/x"]["parameters"] = [{"name": "q", "in": "querystring", "content": {}}]
    (said,) = unsupported_parameters(value)
    assert "the parameter q is a whole query string" in said
    assert place_of(said) == "GET /x"


RESOLVED = {
    "api/__init__.py": "from ._a import A\nfrom . import b",
    "api/_a.py": "try:\n    import json\nexcept ImportError:\n    A = 1\nelse:\n    A = 2",
    "api/b/__init__.py": "def __getattr__(name): ...",
    "api/b/c.py": "from .._a import json\nfrom . import whatever, c as itself",
}


def compile_modules(modules: dict[str, str]) -> list[tuple[str, CodeType]]:
    """Return some modules compiled."""
    return [(path, compile(code, path, "exec")) for path, code in modules.items()]


def test_imports_of_modules_and_of_their_names_pass() -> None:
    """Names may be bound by any statement, in any module."""
    check_imports(compile_modules(RESOLVED))


@pytest.mark.parametrize(
    ("code", "place"),
    [
        ("from ._a import B", "B from api._a"),
        ("from .missing import B", "B from api.missing"),
        ("from . import missing", "missing from api"),
        ("from ... import b", "b from above the package"),
        ("def late():\n    from .b.c import B", "B from api.b.c"),
        ("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from ._a import B", "B from api._a"),
    ],
)
def test_an_unresolved_import_is_refused(code: str, place: str) -> None:
    """Imports in functions and for type checkers are checked too."""
    with pytest.raises(InputError, match=rf"the generated module api\.d imports {place}, which"):
        check_imports(compile_modules({**RESOLVED, "api/d.py": code}))
