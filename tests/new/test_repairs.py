"""Faults of a vendor's document are all reported, and corrected in an overlay where only one correction exists."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml
from rulewright.commands.new import main
from rulewright.commands.regenerate import main as regenerate
from rulewright.openapi.document import to_yaml
from rulewright.openapi.faults import actions, find_faults

ANSWER = {"responses": {"204": {"description": "done"}}}
GET = {"get": ANSWER}


def document(version: str = "3.0.3", **parts: Any) -> dict[str, Any]:
    """Return a document with some parts replaced."""
    return {"openapi": version, "info": {"title": "Frogs", "version": "1"}, "paths": {"/a": GET}, **parts}


def in_schema(version: str = "3.0.3", **keywords: Any) -> dict[str, Any]:
    """Return a document with one schema."""
    return document(version, components={"schemas": {"S": keywords}})


FAULTS = {
    "a version of two numbers": (document("3.1"), "$.openapi", "3.1.0"),
    "no title": (document(info={"version": "1"}), "$.info", {"title": "API"}),
    "a version that is a number": (document(info={"title": "T", "version": 2}), "$.info", {"version": "2"}),
    "no info": (document(info=None), "$", {"info": {"title": "API", "version": "0"}}),
    "no answers": (document(paths={"/a": {"get": {}}}), "$.paths['/a'].get", None),
    "content where HTTP has none": (
        document(paths={"/a": {"get": {"responses": {"204": {"description": "a", "content": {"text/plain": {}}}}}}}),
        "$.paths['/a'].get.responses['204'].content",
        "removed",
    ),
    "one operationId twice": (
        document(
            paths={"/a": {"get": {**ANSWER, "operationId": "x"}}, "/v1/b": {"get": {**ANSWER, "operationId": "x"}}}
        ),
        "$.paths['/v1/b'].get",
        {"operationId": "x_b"},
    ),
    "two operationIds that are one name in Python": (
        document(paths={"/a": {"get": {**ANSWER, "operationId": "getX"}, "put": {**ANSWER, "operationId": "get_x"}}}),
        "$.paths['/a'].put",
        {"operationId": "get_x_a"},
    ),
    "two operations without an operationId that get one name": (
        document(paths={"/a/b": GET, "/a_b": GET}),
        "$.paths['/a_b'].get",
        {"operationId": "get_a_b_a_b"},
    ),
    "paths that differ in a fragment": (document(paths={"/a": GET, "/a#b": GET}), "$.paths['/a#b'].get", "removed"),
    "paths that differ in the names of parameters": (
        document(
            paths={
                f"/a/{{{name}}}": {
                    "get": {**ANSWER, "parameters": [{"name": name, "in": "path", "required": True, "schema": {}}]}
                }
                for name in ("id", "name")
            }
        ),
        "$.paths['/a/{name}'].get",
        "removed",
    ),
    "a placeholder without a parameter": (
        document(paths={"/a/{id}": GET}),
        "$.paths['/a/{id}'].get",
        {"parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}]},
    ),
    "a parameter of a query that has a placeholder": (
        document(paths={"/a?id={id}": {"get": {**ANSWER, "parameters": [{"name": "id", "in": "query"}]}}}),
        "$.paths['/a?id={id}'].get.parameters[0]",
        {"in": "path", "required": True},
    ),
    "a path parameter without a placeholder": (
        document(paths={"/a": {"get": {**ANSWER, "parameters": [{"name": "id", "in": "path", "required": True}]}}}),
        "$.paths['/a'].get.parameters[0]",
        "removed",
    ),
    "a path parameter that is optional": (
        document(paths={"/a/{id}": {"get": {**ANSWER, "parameters": [{"name": "id", "in": "path"}]}}}),
        "$.paths['/a/{id}'].get.parameters[0]",
        {"required": True},
    ),
    "an unknown security scheme": (
        document(security=[{"key": []}]),
        "$",
        {"components": {"securitySchemes": {"key": {"type": "http", "scheme": "bearer"}}}},
    ),
    "an unknown security scheme whose name is clear": (
        document(security=[{"BasicAuth": []}]),
        "$",
        {"components": {"securitySchemes": {"BasicAuth": {"type": "http", "scheme": "basic"}}}},
    ),
    "a reference to nothing": (in_schema(**{"$ref": "#/gone"}), "$.components.schemas.S['$ref']", "removed"),
    "a text in another file": (
        document(tags=[{"name": "a", "description": {"$ref": "a.md"}}]),
        "$.tags[0].description",
        "removed",
    ),
    "an answer without a description": (
        document(paths={"/a": {"get": {"responses": {"200": {"description": None}}}}}),
        "$.paths['/a'].get.responses['200']",
        {"description": ""},
    ),
    "an empty enum": (in_schema(enum=[]), "$.components.schemas.S.enum", "removed"),
    "an empty union": (in_schema("3.1.0", oneOf=[]), "$.components.schemas.S.oneOf", "removed"),
    "a type of another language": (in_schema(type="int"), "$.components.schemas.S", {"type": "integer"}),
    "a type in capitals": (in_schema(type="String"), "$.components.schemas.S", {"type": "string"}),
    "an unknown type": (in_schema(type="frog"), "$.components.schemas.S.type", "removed"),
    "a pattern that is none": (in_schema(pattern="("), "$.components.schemas.S.pattern", "removed"),
    "a pattern with a flag of another language": (
        in_schema(pattern="(?i)^a$"),
        "$.components.schemas.S.pattern",
        "removed",
    ),
    "a pattern between slashes": (in_schema(pattern="/^a$/"), "$.components.schemas.S", {"pattern": "^a$"}),
    "a pattern between slashes, in any case": (
        in_schema(pattern="/^a$/i"),
        "$.components.schemas.S.pattern",
        "removed",
    ),
    "a name that is no pattern": (
        in_schema("3.1.0", patternProperties={"(": {}}),
        "$.components.schemas.S.patternProperties['(']",
        "removed",
    ),
    "required within a property": (in_schema(required=True), "$.components.schemas.S.required", "removed"),
    "an exclusive bound of 3.1": (
        in_schema(type="number", exclusiveMinimum=3),
        "$.components.schemas.S",
        {"exclusiveMinimum": True, "minimum": 3},
    ),
    "an exclusive bound of 3.0": (
        in_schema("3.1.0", type="number", exclusiveMaximum=False),
        "$.components.schemas.S.exclusiveMaximum",
        "removed",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_found_and_corrected(name: str) -> None:
    """The action has target, reason and change; the document is not modified."""
    value, target, change = FAULTS[name]
    before = copy.deepcopy(value)
    found = actions(value, find_faults(value))
    assert [action["target"] for action in found] == [target]
    assert found[0].get("update", "removed") == change or change is None
    assert found[0]["description"].endswith(".")
    assert value == before


def test_a_range_of_statuses_in_small_letters_gets_capitals() -> None:
    """OpenAPI writes ranges in capitals."""
    value = document(paths={"/a": {"get": {"responses": {"4xx": {"description": "refused"}}}}})
    removed, added = actions(value, find_faults(value))
    assert (removed["target"], removed["remove"]) == ("$.paths['/a'].get.responses['4xx']", True)
    assert (added["target"], added["update"]) == ("$.paths['/a'].get.responses", {"4XX": {"description": "refused"}})


def test_an_empty_answer_that_is_shared_with_others_gets_one_of_its_own() -> None:
    """Other responses that share the component may have content."""
    shared = {"responses": {"Done": {"description": "done", "content": {"text/plain": {}}}}}
    one = {"$ref": "#/components/responses/Done"}
    value = document(paths={"/a": {"get": {"responses": {"200": one, "204": one}}}}, components=shared)
    removed, added = actions(value, find_faults(value))
    assert (removed["target"], removed["remove"]) == ("$.paths['/a'].get.responses['204']", True)
    assert (added["target"], added["update"]) == ("$.paths['/a'].get.responses", {"204": {"description": "done"}})


@pytest.mark.parametrize(
    ("keywords", "update"),
    [
        ({"type": ["string", "null"]}, {"type": "string", "nullable": True}),
        ({"type": ["string", "integer"]}, {"anyOf": [{"type": "string"}, {"type": "integer"}]}),
        (
            {"type": ["object", "array"], "anyOf": [{"minItems": 1}]},
            {"allOf": [{"anyOf": [{"type": "object"}, {"type": "array"}]}]},
        ),
    ],
)
def test_a_list_of_types_becomes_a_union(keywords: dict[str, Any], update: dict[str, Any]) -> None:
    """OpenAPI 3.1 has such lists, 3.0 has not."""
    value = in_schema(**keywords)
    removed, added = actions(value, find_faults(value))
    assert (removed["target"], removed["remove"]) == ("$.components.schemas.S.type", True)
    assert (added["target"], added["update"]) == ("$.components.schemas.S", update)
    assert find_faults(in_schema("3.1.0", **keywords)) == []


@pytest.mark.parametrize(
    ("parameters", "body"),
    [
        (
            [{"in": "formData", "name": "a", "required": True, "schema": {"type": "string"}}],
            {
                "required": True,
                "content": {
                    "application/x-www-form-urlencoded": {
                        "schema": {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}
                    }
                },
            },
        ),
        (
            [{"in": "formData", "name": "a", "type": "file"}],
            {
                "required": False,
                "content": {
                    "multipart/form-data": {"schema": {"type": "object", "properties": {"a": {"type": "file"}}}}
                },
            },
        ),
        (
            [{"in": "body", "name": "a", "schema": {"type": "integer"}}],
            {"required": False, "content": {"application/json": {"schema": {"type": "integer"}}}},
        ),
    ],
)
def test_parameters_in_a_body_become_one(parameters: list[dict[str, Any]], body: dict[str, Any]) -> None:
    """They are of Swagger 2.0; where there is a body already, that is the one."""
    query = {"in": "query", "name": "q", "schema": {}}
    operation: dict[str, Any] = {**ANSWER, "parameters": [*parameters, query]}
    added, removed = actions(value := document(paths={"/a": {"post": operation}}), find_faults(value))
    assert (added["target"], added["update"]) == ("$.paths['/a'].post", {"requestBody": body})
    assert (removed["target"], removed["remove"]) == ("$.paths['/a'].post.parameters[0]", True)
    operation["requestBody"] = {"content": {"text/plain": {}}}
    assert [each["target"] for each in actions(value, find_faults(value))] == ["$.paths['/a'].post.parameters[0]"]


@pytest.mark.parametrize(
    ("kind", "given", "meant"),
    [
        ("integer", ["400", "-1", None], [400, -1, None]),
        ("number", ["0.5"], [0.5]),
        ("string", ["a", 1, True], ["a", "1", True]),
    ],
)
def test_listed_values_are_of_their_type(kind: str, given: list[Any], meant: list[Any]) -> None:
    """Texts of numbers among numbers, and numbers among texts; otherwise nothing would fit."""
    value = in_schema(type=kind, enum=given)
    removed, added = actions(value, find_faults(value))
    assert (removed["target"], removed["remove"]) == ("$.components.schemas.S.enum", True)
    assert (added["target"], added["update"]) == ("$.components.schemas.S", {"enum": meant})
    assert find_faults(in_schema(type=kind, enum=meant)) == []


def test_a_reference_in_place_of_named_parts_is_written_out() -> None:
    """OpenAPI has references to each part only; a schema property may be called content."""
    media = {"text/plain": {"schema": {"properties": {"content": {"$ref": "#/components/schemas/S"}}}}}
    answer = {"description": "a", "content": {"$ref": "#/components/x-content/Text"}}
    components = {"schemas": {"S": {}}, "x-content": {"Text": media}}
    value = document(paths={"/a": {"get": {"responses": {"200": answer}}}}, components=components)
    removed, added = actions(value, find_faults(value))
    place = "$.paths['/a'].get.responses['200'].content"
    assert (removed["target"], removed["remove"]) == (f"{place}['$ref']", True)
    assert (added["target"], added["update"]) == (place, media)


def test_a_credential_that_is_declared_as_a_header_becomes_one() -> None:
    """OpenAPI ignores such a parameter: the client could not authenticate."""
    parameter = {"name": "Authorization", "in": "header", "required": True, "schema": {"type": "string"}}
    operation = {**ANSWER, "parameters": [parameter]}
    optional = {**ANSWER, "operationId": "x", "parameters": [{**parameter, "required": False}]}
    value = document(paths={"/a": {"get": operation, "put": optional}})
    added, *asked = actions(value, find_faults(value))
    scheme = {"type": "apiKey", "in": "header", "name": "Authorization"}
    assert added["update"] == {"components": {"securitySchemes": {"authorization": scheme}}}
    assert [action["update"] for action in asked] == [
        {"security": [{"authorization": []}]},
        {"security": [{"authorization": []}, {}]},
    ]
    value |= added["update"]
    value["security"] = [{"authorization": []}]
    assert find_faults(value) == []


def test_two_kinds_of_credentials_in_one_header_become_alternatives() -> None:
    """A request has one header Authorization; what else a requirement names is part of both."""
    schemes = {
        "key": {"type": "apiKey", "in": "header", "name": "Authorization"},
        "bearer": {"type": "http", "scheme": "bearer"},
        "app": {"type": "apiKey", "in": "header", "name": "X-App"},
    }
    value = document(security=[{name: [] for name in schemes}], components={"securitySchemes": schemes})
    removed, added = actions(value, find_faults(value))
    assert (removed["target"], removed["remove"]) == ("$.security[0].bearer", True)
    assert (added["target"], added["update"]) == ("$.security", {"bearer": [], "app": []})
    value["security"] = [{"key": [], "app": []}, {"bearer": [], "app": []}]
    assert find_faults(value) == []


@pytest.mark.parametrize(
    "keywords",
    [
        {"type": "array", "items": {"type": "string"}, "enum": [["a"]]},
        {"properties": {"type": {"type": "string"}, "enum": {"type": "array", "items": {}}, "required": {}}},
        {"type": ["string", "null"], "pattern": r"^\d+$", "exclusiveMinimum": 3},
        {"type": "string", "pattern": r"/a\$/"},
        {"properties": {"pattern": {}, "patternProperties": {}}, "patternProperties": {r"^\p{L}$": {}}},
    ],
)
def test_valid_schemas_have_no_faults(keywords: dict[str, Any]) -> None:
    """Properties may have the names of keywords."""
    assert find_faults(in_schema("3.1.0", **keywords)) == []


def broken() -> dict[str, Any]:
    """Return a document with several faults, one of which only shows when another is corrected."""
    frogs = {
        **ANSWER,
        "operationId": "frogs",
        "parameters": [{"name": "x", "in": "path", "schema": {"type": "int"}}] * 2,
    }
    ponds = {**ANSWER, "operationId": "frogs", "requestBody": {"content": {"application/json": {"schema": {}}}}}
    return document(info={"title": "Frogs"}, paths={"/frogs": {"get": frogs}, "/ponds/{id}": {"post": ponds}})


def test_a_new_project_corrects_its_document(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The repairs are an overlay and are reported; the document stays as published."""
    published = tmp_path / "frogs.yaml"
    published.write_text(to_yaml(broken()), encoding="utf-8")
    made = tmp_path / "made"
    assert main([str(made), "--spec", str(published), "--package", "our_frogs", "--pipeline", "rulewright"]) == 0
    shown = capsys.readouterr().out
    assert "corrected in overlays/00-repairs.overlay.yaml" in shown
    assert "$.paths['/frogs'].get.parameters[1]: the path has no {x}" in shown
    assert (made / "openapi.yaml").read_bytes() == published.read_bytes()
    overlay = yaml.safe_load((made / "overlays/00-repairs.overlay.yaml").read_text(encoding="utf-8"))
    assert all(action["description"] for action in overlay["actions"])
    assert [action.get("x-was", {}).get("operationId") for action in overlay["actions"] if "update" in action] == [
        None,
        "frogs",
        None,
    ]
    assert regenerate(["--project", str(made), "--check", "--quiet"]) == 0


def test_all_faults_are_named_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each with its line, its place and the action that corrects it, when a project's document has become wrong."""
    published, made = tmp_path / "frogs.yaml", tmp_path / "made"
    published.write_text(to_yaml(document()), encoding="utf-8")
    assert main([str(made), "--spec", str(published), "--package", "our_frogs", "--pipeline", "rulewright"]) == 0
    wrong = broken()
    wrong["info"]["version"] = "1"
    (made / "openapi.yaml").write_text(to_yaml(wrong), encoding="utf-8")
    assert regenerate(["--project", str(made), "--quiet"]) == 1
    shown = capsys.readouterr().err
    assert "openapi.yaml: has 4 faults:\n  line " in shown
    assert "    at /paths/~1ponds~1{id}/post/operationId\n" in shown
    assert "- {target: '$.paths[''/frogs''].get.parameters[0]', x-was: {" in shown


@pytest.mark.parametrize(
    ("text", "way_out"),
    [
        ("swagger: '2.0'\n", "swagger2openapi"),
        (to_yaml(in_schema(**{"$ref": "other.yaml#/S"})), "join its files first"),
        (to_yaml(document(paths={"/a": {"$ref": "a.yaml"}, "/b": {"$ref": "b.yaml"}})), "'a.yaml' and 1 more lead"),
    ],
)
def test_unsupported_documents_have_a_remedy(
    text: str, way_out: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """For another version, and for a document in several files, the error names a tool."""
    (tmp_path / "a.yaml").write_text(text, encoding="utf-8")
    assert main([str(tmp_path / "made"), "--spec", str(tmp_path / "a.yaml"), "--package", "our_frogs"]) == 1
    assert way_out in capsys.readouterr().err
    assert not (tmp_path / "made").exists()


def test_a_client_is_made_of_a_part(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By tag or by path: an overlay removes the other operations and the components that only they need."""
    schemas: dict[str, Any] = {
        name: {"type": "object", "properties": {"x": {"type": "string"}}} for name in ("Frog", "Leg", "Pond")
    }
    schemas["Frog"]["properties"]["legs"] = {"type": "array", "items": {"$ref": "#/components/schemas/Leg"}}

    def read(tag: str, schema: str) -> dict[str, Any]:
        content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}
        return {"tags": [tag], "responses": {"200": {"description": "ok", "content": content}}}

    paths: dict[str, Any] = {"/frogs": {"get": read("frogs", "Frog"), "put": read("ponds", "Pond")}}
    paths |= {"/ponds": {"get": read("ponds", "Pond")}, "/pondside": {"get": {**ANSWER}}}
    published = tmp_path / "frogs.yaml"
    published.write_text(to_yaml(document(paths=paths, components={"schemas": schemas})), encoding="utf-8")
    options = ["--spec", str(published), "--package", "our_frogs", "--pipeline", "rulewright"]
    assert main([str(tmp_path / "none"), *options, "--only", "newts"]) == 1
    assert "no operation has this tag or a path that begins so; tags are frogs, ponds" in capsys.readouterr().err
    made = tmp_path / "made"
    assert main([str(made), *options, "--only", "frogs"]) == 0
    assert "1 of 1 operations usable" in capsys.readouterr().out
    effective = yaml.safe_load((made / "generated/openapi.effective.json").read_bytes())
    assert list(effective["paths"]) == ["/frogs"]
    assert list(effective["components"]["schemas"]) == ["Frog", "Leg"]
    other = tmp_path / "other"
    assert main([str(other), *options, "--only", "/ponds"]) == 0
    effective = yaml.safe_load((other / "generated/openapi.effective.json").read_bytes())
    assert list(effective["paths"]) == ["/ponds"]
    assert list(effective["components"]["schemas"]) == ["Pond"]
