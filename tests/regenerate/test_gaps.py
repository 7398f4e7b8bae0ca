"""Rewrites for openapi-python-client, and gaps where no rewrite exists."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from rulewright.errors import InputError
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
from rulewright.generate.media import media_types
from rulewright.generate.rewrites import replace_aliases, rewrite

ENDPOINT = "WARNING parsing GET /things/{id} within things. Endpoint will not be generated.: Two parameters of one name"
SCHEMA = "Unable to process schema /components/schemas/Thing:: str can't be merged with int"


def document(media: dict[str, Any], schemas: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return a document with one answer and some schemas."""
    answer = {"200": {"description": "", "content": media}}
    return {"paths": {"/x": {"get": {"responses": answer}}}, "components": {"schemas": schemas or {}}}


@pytest.mark.parametrize("media", ["image/png", "application/zip", "application/pdf", "audio/mpeg", "application/xml"])
def test_other_media_types_become_bytes(media: str) -> None:
    """A response that is neither JSON nor text is read as bytes, whatever its schema."""
    value = rewrite(document({media: {}}))
    content = value["paths"]["/x"]["get"]["responses"]["200"]["content"]
    assert content == {media: {"schema": {"type": "string", "format": "binary"}}}
    assert media_types(value) == {media: "application/octet-stream"}


@pytest.mark.parametrize("media", ["application/json", "application/problem+json"])
def test_json_is_not_rewritten(media: str) -> None:
    """Supported media types are unchanged, and so is the argument."""
    before = document(
        {media: {"schema": {"const": "a", "x-enum-varnames": ["A"]}}}, {"A": {"properties": {"const": {"const": "1"}}}}
    )
    kept = copy.deepcopy(before)
    assert rewrite(before) == kept
    assert media_types(kept) == {}
    assert before == kept


@pytest.mark.parametrize("media", ["text/csv", "text/plain"])
def test_text_is_text_whatever_its_schema(media: str) -> None:
    """Otherwise the generator would read an object or a file."""
    value = rewrite(document({media: {"schema": {"type": "object"}}}))
    assert value["paths"]["/x"]["get"]["responses"]["200"]["content"] == {media: {"schema": {"type": "string"}}}
    assert media_types(value) == {}


def test_encoded_references_are_decoded() -> None:
    """The generator does not decode references; examples are not references."""
    encoded = {"$ref": "#/components/schemas/Page%C2%ABA%C2%BB"}
    before = document({"application/json": {"schema": encoded}}, {"Page«A»": {"example": encoded}})
    value = rewrite(before)
    content = value["paths"]["/x"]["get"]["responses"]["200"]["content"]
    assert content == {"application/json": {"schema": {"$ref": "#/components/schemas/Page«A»"}}}
    assert value["components"]["schemas"] == before["components"]["schemas"]


def test_ignored_headers_are_left_out() -> None:
    """OpenAPI ignores Accept, Authorization and Content-Type."""
    kept = [{"name": "Authorization", "in": "query"}, {"name": "X-Key", "in": "header"}]
    gone = [{"name": "authorization", "in": "header"}, {"$ref": "#/components/parameters/type"}]
    before = document({})
    before["components"] |= {"parameters": {"type": {"name": "Content-Type", "in": "header"}}}
    before["paths"]["/x"]["parameters"] = [gone[1], kept[0]]
    before["paths"]["/x"]["get"]["parameters"] = [kept[1], gone[0]]
    item = rewrite(before)["paths"]["/x"]
    assert [item["parameters"], item["get"]["parameters"]] == [kept[:1], kept[1:]]


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


def test_extensions_for_other_tools_are_no_gaps() -> None:
    """Extensions and rules in `allOf` are removed; names of components and properties are kept."""
    rule = {"x-rule": {"id": "a-needs-b"}, "anyOf": [{"not": {"required": ["a"]}}, {"required": ["b"]}]}
    own = {"$ref": "#/components/schemas/Base"}
    schemas: dict[str, Any] = {
        "Base": {"type": "object"},
        "x-api": {
            "allOf": [own, rule, rule],
            "x-rules": [{"id": "a-needs-b"}],
            "properties": {"x-rules": {"x-was": 1}},
        },
        "properties": {"allOf": [own], "properties": {"responses": {"type": "object", "x-certainty": "page"}}},
    }
    before = {**document({}, schemas), "x-generated": "here", "security": [{"x-key": []}]}
    before["components"] |= {"parameters": {"x-trace": {"name": "x-trace", "in": "query", "x-was": 1}}}
    before["paths"]["/x"]["get"] |= {"x-waiter": {"name": "w"}, "parameters": [{"name": "a", "x-was": 1}]}
    value = rewrite(before)
    assert value["components"]["schemas"].pop("Base") == {"type": "object"}
    assert value["components"]["schemas"] == {
        "x-api": {"allOf": [own, {"type": "object", "properties": {"x-rules": {}}}]},
        "properties": {"allOf": [own, {"type": "object", "properties": {"responses": {"type": "object"}}}]},
    }
    assert value["components"]["parameters"] == {"x-trace": {"name": "x-trace", "in": "query"}}
    assert value["security"] == [{"x-key": []}]
    assert set(value["paths"]["/x"]["get"]) == {"responses", "parameters"}
    assert "x-generated" not in value


def test_a_file_of_openapi_31_becomes_one_of_30() -> None:
    """`contentMediaType` without `contentEncoding` is bytes, with it text."""
    schemas: dict[str, Any] = {
        "A": {"type": "string", "contentMediaType": "image/png"},
        "B": {"type": "string", "contentMediaType": "image/png", "contentEncoding": "base64"},
    }
    value = rewrite(document({}, schemas))["components"]["schemas"]
    assert value["A"]["format"] == "binary"
    assert value["B"] == schemas["B"]


def rewrite_schema(schema: dict[str, Any]) -> Any:
    """Return a schema as the generator is given it."""
    return rewrite(document({}, {"A": schema}))["components"]["schemas"]["A"]


def test_a_default_is_not_sent() -> None:
    """Defaults are removed, except beside `const`."""
    tag = {"const": "cat", "default": "cat"}
    assert rewrite_schema({"properties": {"a": {"type": "integer", "default": 1}, "tag": tag}}) == {
        "properties": {"a": {"type": "integer"}, "tag": tag}
    }
    content = {"text/plain": {"schema": {"type": "string"}, "examples": {"default": {}}}}
    answers = {"default": {"description": "any answer", "content": content}}
    value = {
        "paths": {"/x": {"get": {"responses": answers}}},
        "servers": [{"variables": {"a": {"default": "b"}}}],
        "components": {"securitySchemes": {"default": {"type": "oauth2"}}, "parameters": {"default": {"in": "query"}}},
    }
    assert rewrite(value) == value


OBJECT = {"type": "object", "properties": {"a": {"type": "string"}}}
REFERENCE = {"$ref": "#/components/schemas/O"}
FIELDS = {"properties": {"id": {"type": "string"}}, "required": ["id"]}
DOCUMENT: dict[str, Any] = {
    "O": OBJECT,
    "Text": {"type": "string", "nullable": True},
    "Union": {"oneOf": [REFERENCE, {"type": "string"}]},
    "Kinds": {"type": "integer", "oneOf": [{"const": 1, "title": "A"}, {"const": 0}, {"const": 2}]},
    "Bare": {"required": ["a"]},
}


@pytest.mark.parametrize(
    ("schema", "written"),
    [
        ({"allOf": [REFERENCE], **FIELDS}, {"allOf": [REFERENCE, {"type": "object", **FIELDS}]}),
        ({"allOf": [REFERENCE, {"x-rule": {}}]}, REFERENCE),
        ({"allOf": [REFERENCE], "description": "d"}, REFERENCE),
        ({"type": "object", "allOf": [{"x-rule": {}}]}, {"type": "object"}),
        ({"oneOf": [REFERENCE], "allOf": [REFERENCE]}, REFERENCE),
        ({"oneOf": [OBJECT], "description": "d"}, {**OBJECT, "description": "d"}),
        ({"allOf": [{"$ref": "#/components/schemas/Bare"}, REFERENCE]}, REFERENCE),
        ({"allOf": [{"type": "string", "nullable": True}, {"nullable": False}]}, {"type": "string"}),
        ({"allOf": [{"$ref": "#/components/schemas/Text"}], "maxLength": 3}, {**DOCUMENT["Text"], "maxLength": 3}),
        (
            {"allOf": [{"$ref": "#/components/schemas/Union"}, {"description": "d"}]},
            {"$ref": "#/components/schemas/Union"},
        ),
        ({"enum": [0, 2], "allOf": [{"$ref": "#/components/schemas/Kinds"}]}, {"enum": [0, 2], "type": "integer"}),
    ],
)
def test_compositions_are_rewritten(schema: dict[str, Any], written: dict[str, Any]) -> None:
    """The generator supports only objects in allOf, ignores siblings of one reference, and has no unions of one."""
    made = rewrite(document({}, {**DOCUMENT, "A": schema}))["components"]["schemas"]["A"]
    made.pop("oneOf", None) if "enum" in made else None
    assert made == written


def test_a_union_of_constants_is_an_enum() -> None:
    """Otherwise the generator would keep the first constant only."""
    kinds = rewrite(document({}, DOCUMENT))["components"]["schemas"]["Kinds"]
    assert kinds == {"type": "integer", "enum": [1, 0, 2]}


def test_a_union_of_lists_is_a_list_of_a_union() -> None:
    """The generator distinguishes members of a union by type, and two lists have the same."""
    lists = [{"type": "array", "items": {"type": kind}} for kind in ("string", "integer")]
    made = rewrite(document({}, {"A": {"anyOf": [*lists, {"type": "null"}]}}))["components"]["schemas"]["A"]
    items = {"anyOf": [{"type": "string"}, {"type": "integer"}]}
    assert made == {"anyOf": [{"type": "null"}, {"type": "array", "items": items}]}


def test_aliases_are_replaced() -> None:
    """Otherwise the generator would make two classes; the aliases are returned."""
    value = {"components": {"schemas": {"A": REFERENCE, "B": {"$ref": "#/components/schemas/A"}, "O": OBJECT}}}
    value["components"]["schemas"]["User"] = {"items": {"$ref": "#/components/schemas/B"}}
    assert replace_aliases(value) == {"/components/schemas/A": "O", "/components/schemas/B": "O"}
    assert value["components"]["schemas"] == {"O": OBJECT, "User": {"items": REFERENCE}}


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ({"type": "array"}, {"type": "array", "items": {}}),
        ({"enum": [0.5, 1]}, {"type": "number"}),
        ({"type": "number", "enum": [0.5, 1.5]}, {"type": "number"}),
        ({"enum": [1, "auto"]}, {}),
        ({"enum": ["a", None]}, {"enum": ["a", None]}),
        (
            {"properties": {"properties": {"type": "array"}}},
            {"properties": {"properties": {"type": "array", "items": {}}}},
        ),
    ],
)
def test_unsupported_types_are_widened(schema: dict[str, Any], said: dict[str, Any]) -> None:
    """The checks before sending still use the document."""
    assert rewrite_schema(schema) == said


def test_a_parameter_of_a_media_type_has_its_schema() -> None:
    """Otherwise the generator would ignore it."""
    value = document({})
    written = {"name": "x", "in": "query", "content": {"application/json": {"schema": {"type": "array"}}}}
    value["paths"]["/x"]["get"]["parameters"] = [written]
    (found,) = rewrite(value)["paths"]["/x"]["get"]["parameters"]
    assert found == {"name": "x", "in": "query", "schema": {"type": "array", "items": {}}}


def test_a_response_to_head_has_no_body() -> None:
    """A client must not parse the missing body."""
    value = document({"application/json": {}})
    value["paths"]["/x"]["head"] = value["paths"]["/x"]["get"]
    made = rewrite(value)["paths"]["/x"]
    assert made["head"]["responses"]["200"]["content"] == {}
    assert made["get"]["responses"]["200"]["content"]


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
    value = document({})
    assert list(unsupported_parameters(value)) == []
    value["paths"]["/x"]["parameters"] = [{"name": "q", "in": "querystring", "content": {}}]
    (said,) = unsupported_parameters(value)
    assert "the parameter q is a whole query string" in said
    assert place_of(said) == "GET /x"
