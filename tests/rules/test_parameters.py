"""Rules on the parameters of an operation are read, refused and encoded like those of a body."""

from __future__ import annotations

from typing import Any

import jsonschema_rs
import pytest
from rulewright.openapi.operations import operation_parameters, parameter_names, parameters_schema
from rulewright.openapi.references import follow
from rulewright.rules.definition import RuleDefinitionError, RuledSchema, read_rules, with_rules_as_schema
from rulewright.rules.lint import lint

METHODS = "get, put, post, delete, options, head, patch, trace, query"
PATH = "/boxes/{id}"
RIGHT = {"id": "a", "size": "l", "page": 1}
WRONG = {"id": "a", "size": "l", "page": 2}
SHARED = {"name": "page", "in": "query", "schema": {"type": "integer"}}


def ruled_document(*rules: Any, **operation: Any) -> dict[str, Any]:
    """Return a document with one operation of three parameters, one of them of its path, and the given rules."""
    own = [
        {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}},
        {"name": "size", "in": "query", "schema": {"$ref": "#/components/schemas/Size"}},
    ]
    get = {"parameters": own, "responses": {}, "x-rules": list(rules), **operation}
    return {
        "openapi": "3.0.3",
        "paths": {PATH: {"parameters": [SHARED], "get": get}},
        "components": {"schemas": {"Size": {"type": "string", "enum": ["s", "l"]}}},
    }


def rule(**changes: Any) -> dict[str, Any]:
    """Return a rule: large boxes have one page."""
    return {
        "id": "large-boxes-have-one-page",
        "level": "error",
        "message": "page must be at most 1 when size is l",
        "source": {"at": "#/info/title", "quote": "t"},
        "if": {"properties": {"size": {"const": "l"}}, "required": ["size"]},
        "then": {"properties": {"page": {"maximum": 1}}},
        "examples": {"passes": RIGHT, "breaks": WRONG},
        **changes,
    }


def read(document: Any) -> RuledSchema:
    """Return what the one operation is ruled by."""
    (found,) = read_rules(document)
    return found


def test_parameters_are_one_object() -> None:
    """Parameters of path and operation are merged by name; the operation overrides the path."""
    document = ruled_document(rule())
    found = read(document)
    assert found.name == "GET /boxes/{id}"
    assert found.pointer == "#/paths/~1boxes~1%7Bid%7D/get"
    assert found.parameters == {"query:page": "page", "path:id": "id", "query:size": "size"}
    assert {key: value for key, value in found.schema.items() if key != "x-rules"} == {
        "type": "object",
        "properties": {
            "page": {"type": "integer"},
            "id": {"type": "string"},
            "size": {"$ref": "#/components/schemas/Size"},
        },
        "required": ["id"],
    }
    again = {"name": "page", "in": "query", "required": True, "schema": {"type": "string"}}
    operation = {"parameters": [again]}
    assert operation_parameters(document, PATH, operation) == (again,)
    assert parameters_schema(document, PATH, operation)["required"] == ["page"]


def test_ignored_headers_are_no_parameters() -> None:
    """OpenAPI ignores Accept, Authorization and Content-Type in headers, in any case."""
    ignored = [{"name": name, "in": "header"} for name in ("Accept", "authorization", "CONTENT-TYPE")]
    said = [{"name": "Accept", "in": "query"}, {"name": "Accept-Language", "in": "header"}]
    found = operation_parameters(ruled_document(), PATH, {"parameters": [*ignored, *said]})
    assert found == (SHARED, *said)


def test_where_nothing_is_required_no_list_is_written() -> None:
    """OpenAPI 3.0 refuses an empty list there."""
    schema = parameters_schema(ruled_document(), PATH, {})
    assert schema == {"type": "object", "properties": {"page": {"type": "integer"}}}


def test_parameters_are_found_through_references() -> None:
    """Dangling references and parameters without a name are left out."""
    header = {"name": "page", "in": "header", "schema": {"type": "string"}}
    document = ruled_document()
    document["components"]["parameters"] = {"Page": header, "Alias": {"$ref": "#/components/parameters/Page"}}
    given = [
        {"$ref": "#/components/parameters/Alias"},
        {"$ref": "#/components/parameters/None"},
        {"name": 7, "in": "query"},
        "page",
    ]
    assert operation_parameters(document, PATH, {"parameters": given}) == (SHARED, header)
    assert parameters_schema(document, PATH, {"parameters": given}) == {
        "type": "object",
        "properties": {"query:page": {"type": "integer"}, "header:page": {"type": "string"}},
    }
    assert operation_parameters(document, PATH, {"parameters": {"page": header}}) == (SHARED,)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"$ref": "#/Deep"}, {"type": "string"}),
        ({"$ref": "#/Far"}, {"type": "string"}),
        ({"$ref": "#/Nowhere"}, None),
        ({"$ref": "elsewhere.yaml"}, None),
        ({"$ref": "#/Loop"}, {"$ref": "#/Loop"}),
        ({"$ref": "#/Seven"}, 7),
        ({"$ref": {"type": "a property of that name"}}, {"$ref": {"type": "a property of that name"}}),
        ({"type": "string"}, {"type": "string"}),
        (7, 7),
    ],
)
def test_references_are_followed(value: Any, expected: Any) -> None:
    """References may be chained; a dangling one gives None."""
    document = {"Deep": {"type": "string"}, "Far": {"$ref": "#/Deep"}, "Loop": {"$ref": "#/Loop"}, "Seven": 7}
    assert follow(document, value) == expected


def test_a_name_used_in_two_locations_is_qualified() -> None:
    """Otherwise a rule would be ambiguous."""
    header = {"name": "page", "in": "header", "schema": {"type": "string"}}
    found = (SHARED, header, {"name": "size", "in": "query"})
    names = {"query:page": "query:page", "header:page": "header:page", "query:size": "size"}
    assert parameter_names(found) == names


def test_a_parameter_written_in_a_media_type_has_its_schema() -> None:
    """A `content` of one entry stands for `schema` (OpenAPI 3.0, Parameter Object)."""
    given = {"name": "where", "in": "query", "content": {"application/json": {"schema": {"type": "object"}}}}
    empty = {"name": "empty", "in": "query", "content": {}}
    bare = {"name": "bare", "in": "query"}
    schema = parameters_schema(ruled_document(), PATH, {"parameters": [given, empty, bare]})
    assert schema["properties"] == {"page": {"type": "integer"}, "where": {"type": "object"}, "empty": {}, "bare": {}}


def test_right_rules_have_no_findings() -> None:
    """Examples are judged by the schemas of the parameters and the rule."""
    document = ruled_document(rule())
    assert lint(document, read_rules(document)) == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"then": {"properties": {"pages": {"maximum": 1}}}}, "no property 'pages'; did you mean 'page'?"),
        (
            {"examples": {"passes": {"size": "l"}, "breaks": {"id": "a", "size": "l", "page": 2}}},
            "the example does not fit",
        ),
        (
            {"examples": {"passes": {"id": "a", "size": "l"}, "breaks": {"id": "a", "size": "l"}}},
            "the example must break",
        ),
        ({"if": {"properties": {"size": {"const": "l"}}}}, "also matches a body without 'size'"),
    ],
)
def test_mistakes_in_parameter_rules_are_reported(changes: dict[str, Any], words: str) -> None:
    """The linter checks them like the rules of a body."""
    document = ruled_document(rule(**changes))
    assert any(words in str(finding) for finding in lint(document, read_rules(document)))


def test_a_rule_on_an_operation_without_parameters_is_a_finding() -> None:
    """The finding points to the schema of the body."""
    document = ruled_document(rule(), parameters=[])
    del document["paths"][PATH]["parameters"]
    (finding, *_) = lint(document, read_rules(document))
    assert "the operation has no parameters; what its body holds is ruled at the body's schema" in str(finding)


@pytest.mark.parametrize(
    ("edit", "words", "place"),
    [
        (
            lambda path: path.update({"x-rules": [rule()]}),
            f"x-rules stands on a schema or on an operation (one of {METHODS} below a path)",
            "/x-rules",
        ),
        (
            lambda path: path["get"].update({"x-variants": {}}),
            "x-variants stands on the schema of a request body; the parameters of an operation have rules only",
            "/get/x-variants",
        ),
    ],
)
def test_a_declaration_in_the_wrong_place_is_refused(edit: Any, words: str, place: str) -> None:
    """It would have no effect there."""
    document = ruled_document()
    edit(document["paths"][PATH])
    with pytest.raises(RuleDefinitionError) as caught:
        read_rules(document)
    assert str(caught.value) == f"{words}\n  at /paths/~1boxes~1{{id}}{place}"


def test_the_effective_spec_holds_parameters_and_rules_in_one_schema() -> None:
    """`x-parameters` accepts exactly the parameters that keep the error rules; the document is not changed."""
    document = ruled_document(rule(), rule(id="warned", level="warning"))
    effective = with_rules_as_schema(document, read_rules(document))
    schema = effective["paths"][PATH]["get"]["x-parameters"]
    (member,) = schema["allOf"]
    assert member["x-rule"]["id"] == "large-boxes-have-one-page"
    validator = jsonschema_rs.Draft4Validator({"components": effective["components"], **schema})
    asked = (RIGHT, WRONG, {"size": "l"}, {"id": "a", "size": "m"})
    assert [validator.is_valid(each) for each in asked] == [True, False, False, False]
    assert "x-parameters" not in document["paths"][PATH]["get"]
