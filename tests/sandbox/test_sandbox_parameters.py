"""Parameters: where each is found, how it is parsed, and how a wrong value is reported."""

from __future__ import annotations

from typing import Any

import pytest
from rulewright.sandbox import Request
from rulewright.sandbox.inputs import Parameters
from rulewright.sandbox.validation import Schemas

from tests.sandbox.asking import spec_of

TEXTS: Any = {"Number": {"type": "integer"}, "Text": {"type": "string"}}


def read(
    parameters: Any,
    query: str = "",
    in_path: dict[str, str] | None = None,
    headers: dict[str, str] | None = None,
    *,
    rules: Any = (),
    strict: bool = False,
    keys: frozenset[tuple[str, str]] = frozenset(),
) -> Any:
    """Return the parsed parameters of a request, and the violations."""
    paths = {"/": {"get": {"responses": {}, "parameters": parameters, "x-rules": rules}}}
    spec = spec_of(paths, components={"schemas": TEXTS})
    named = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in (headers or {}).items()]
    request = Request("GET", "/", query.encode("latin-1"), named, b"")
    return Parameters(Schemas(spec), spec.operations[0], keys, strict=strict).read(request, in_path or {})


def parameter(place: str, name: str, kind: Any = None, *, required: bool = False) -> dict[str, Any]:
    """Return a parameter, a string by default."""
    return {"in": place, "name": name, "required": required, "schema": kind or {"type": "string"}}


def entry(keyword: str, pointer: str, got: str, message: str) -> dict[str, Any]:
    """Return a violation."""
    return {"keyword": keyword, "pointer": pointer, "got": got, "message": message}


EVERYWHERE = [
    parameter("query", "a b"),
    parameter("path", "in"),
    parameter("header", "X-Dry\N{SNOWMAN}\xe9"),
    parameter("cookie", "C"),
]


def test_where_a_parameter_is_found() -> None:
    """Path, query, header and cookie; header names ignore case."""
    headers = {"x-dry?\xe9": "%20\xe9", "cookie": 'x=1; C="a%20b"', "c": "no", "in": "no"}
    values = {"a b": "\xe9 ", "in": "%20", "X-Dry\N{SNOWMAN}\xe9": "%20\xe9", "C": "a b"}
    assert read(EVERYWHERE, "a+b=%C3%A9+", {"in": "%20", "a b": "no"}, headers) == (values, [], [])
    nothing = {"a b": "", "in": "", "X-Dry\N{SNOWMAN}\xe9": "", "C": ""}
    assert read(EVERYWHERE, "a+b=", {"in": ""}, {"x-dry?\xe9": "", "cookie": "C="}) == (nothing, [], [])
    assert read(EVERYWHERE, "in=1&C=1", {"a b": "1"}, {"a b": "1", "cookie": "in=1"}) == ({}, [], [])
    assert read([], "a=1") == ({}, [], [])


@pytest.mark.parametrize("place", ["query", "path", "header", "cookie"])
def test_required_parameters_must_be_present(place: str) -> None:
    """The violation has the place in the request."""
    missing = entry("required", f"/{place}/a~1b", "absent", "must be present")
    assert read([parameter(place, "a/b", required=True), parameter(place, "x")]) == ({}, [missing], [])


LIST = {"type": "array", "items": {"type": "integer"}}


@pytest.mark.parametrize(
    ("schema", "texts", "value"),
    [
        ({"type": "integer"}, ["1"], 1),
        ({"type": "number"}, ["-0.50"], -0.5),
        ({"type": "number"}, ["1e3"], 1000.0),
        ({"type": "number"}, ["-1.5E-300"], -1.5e-300),
        ({"type": "number"}, ["1e999"], "1e999"),
        ({"type": "number"}, ["01"], "01"),
        ({"type": "number"}, ["\u0661"], "\u0661"),
        ({"type": "number"}, ["1."], "1."),
        ({"type": "boolean"}, ["true"], True),
        ({"type": "boolean"}, ["false"], False),
        ({"type": "boolean"}, ["True"], "True"),
        ({"type": "boolean"}, ["1"], "1"),
        ({"type": "integer"}, ["true"], "true"),
        ({"type": "string"}, ["1"], "1"),
        ({"type": ["integer", "string"]}, ["1"], "1"),
        ({"type": ["integer", "null"]}, ["1"], 1),
        ({}, ["1"], "1"),
        ({"type": "string"}, ["true"], "true"),
        ({"$ref": "#/components/schemas/Number"}, ["1"], 1),
        ({"allOf": [{"$ref": "#/components/schemas/Number"}]}, ["1"], 1),
        ({"oneOf": [{"type": "boolean"}, {"type": "integer"}]}, ["1"], 1),
        ({"anyOf": [{"$ref": "#/components/schemas/Text"}, {"type": "integer"}]}, ["1"], "1"),
        ({"anyOf": [{"minimum": 1}, {"type": "integer"}, True]}, ["1"], 1),
        (True, ["1"], "1"),
        (LIST, ["1"], [1]),
        (LIST, ["1", "2", "x"], [1, 2, "x"]),
        ({"type": "array"}, ["1", "2"], ["1", "2"]),
        ({"type": "array", "items": {"$ref": "#/components/schemas/Number"}}, ["1"], [1]),
        ({"type": "array", "items": {"anyOf": [{"type": "integer"}]}}, ["1"], [1]),
        ({"oneOf": [LIST, {"type": "integer"}]}, ["1", "2"], [1, 2]),
        ({"type": "array", "items": LIST}, ["1"], [[1]]),
    ],
)
def test_how_a_value_is_parsed(schema: Any, texts: list[str], value: Any) -> None:
    """As the schema's type if possible, or else as a string."""
    query = "&".join("q=" + "".join(f"%{byte:02x}" for byte in text.encode()) for text in texts)
    assert read([parameter("query", "q", schema)], query)[0] == {"q": value}


@pytest.mark.parametrize(
    ("schema", "query", "entries"),
    [
        ({"type": "integer"}, "q=1&q=2", [entry("type", "/query/q", "2 values", "must be given once")]),
        (
            {"type": "integer"},
            "q=x",
            [entry("type", "/query/q", '"x"', 'must be of type ["integer"]') | {"allowed": ["integer"]}],
        ),
        (
            LIST | {"maxItems": 1},
            "q=1&q=x",
            [
                entry("maxItems", "/query/q", "2 items", "must satisfy maxItems 1") | {"allowed": 1},
                entry("type", "/query/q/1", '"x"', 'must be of type ["integer"]') | {"allowed": ["integer"]},
            ],
        ),
    ],
)
def test_how_a_wrong_value_is_reported(schema: Any, query: str, entries: Any) -> None:
    """The other parameters are parsed all the same."""
    values, found, warnings = read([parameter("query", "q", schema), parameter("query", "r")], query + "&r=1")
    assert sorted(found, key=str) == sorted(entries, key=str)
    assert (values["r"], warnings) == ("1", [])


RULE: Any = {
    "id": "a-needs-b",
    "level": "warning",
    "message": "b must be given with a",
    "source": {"quote": "give b too"},
    "if": {"required": ["query:a"]},
    "then": {"required": ["b"]},
}
TWO_PLACES = [parameter("query", "a"), parameter("header", "a"), parameter("query", "b")]


def test_rules_of_several_parameters() -> None:
    """By name, or by place and name where places share one."""
    broken = {
        "rule": "a-needs-b",
        "pointer": "/b",
        "got": "absent",
        "message": "b must be given with a",
        "allowed": {"required": "b"},
        "source": "give b too",
        "level": "warning",
    }
    assert read(TWO_PLACES, "a=1", rules=[RULE]) == ({"a": "1"}, [], ["a-needs-b"])
    assert read(TWO_PLACES, "a=1", rules=[RULE], strict=True) == ({"a": "1"}, [broken], [])
    assert read(TWO_PLACES, "a=1&b=1", rules=[RULE]) == ({"a": "1", "b": "1"}, [], [])
    assert read(TWO_PLACES, headers={"a": "1"}, rules=[RULE]) == ({"a": "1"}, [], [])


def test_a_parameter_that_carries_the_key_is_not_checked() -> None:
    """The guard checks it; the same name elsewhere is an ordinary parameter."""
    given = [parameter("header", "X-Key", required=True), parameter("query", "x-key", required=True)]
    missing = entry("required", "/query/x-key", "absent", "must be present")
    assert read(given, keys=frozenset({("header", "x-key")})) == ({}, [missing], [])
