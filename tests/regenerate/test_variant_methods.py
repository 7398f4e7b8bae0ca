"""Variants of operations: what their methods take, as rules narrow it, and the tables of calls for type checkers."""

from __future__ import annotations

import importlib
import inspect
import itertools
import json
import re
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import jsonschema_rs
import mountsea_gemini
import pytest
from rulewright.errors import InputError

from tests.copies import ROOT
from tests.generating import regenerate

PROPERTIES: dict[str, Any] = {
    "kind": {"type": "string", "enum": ["box", "letter"], "description": "What it is"},
    "toWhom": {"type": "string", "description": "A name\n  on the label"},
    "size": {"type": "string", "enum": ["s", "m", "l"]},
    "labels": {"type": "array", "items": {"type": "string"}},
    "fast": {"type": "boolean", "deprecated": True, "description": "By air"},
}
BOX: dict[str, Any] = {"properties": {"kind": {"const": "box"}}, "required": ["kind"]}
LETTER: dict[str, Any] = {"properties": {"kind": {"const": "letter"}}, "required": ["kind"]}
LARGE: dict[str, Any] = {"properties": {"size": {"const": "l"}}, "required": ["size"]}
SMALLER: dict[str, Any] = {"properties": {"size": {"enum": ["s", "m"]}}}
SIZED = {"required": ["size"]}
LABELS: dict[str, Any] = {"properties": {"labels": {"minItems": 1}}, "required": ["labels"]}
FEW: dict[str, Any] = {"properties": {"labels": {"maxItems": 1}}}
NAMED = {"required": ["toWhom"]}
SIZE, FAST = "size: models.PSize | None=None", "fast: bool | None=None"
LIST = "labels: list[str] | tuple[str, ...] | None=None"
ANY = f"{LIST}, {FAST}"
MANY = "labels: tuple[str] | tuple[str, str, *tuple[str, ...]]"


def both(*schemas: Any) -> dict[str, Any]:
    """Return the conjunction of schemas."""
    return {"allOf": list(schemas)}


CASES: dict[str, tuple[list[tuple[Any, Any]], dict[str, Any], list[str]]] = {
    "plain": ([], {}, [f"*, to_whom: str, {SIZE}, {ANY}"]),
    "a value": ([(BOX, LARGE)], {}, [f"*, to_whom: str, size: Literal['l'], {ANY}"]),
    "some values": ([(BOX, SMALLER)], {}, [f"*, to_whom: str, size: Literal['s', 'm'] | None=None, {ANY}"]),
    "a field": ([(BOX, SIZED)], {}, [f"*, to_whom: str, size: models.PSize, {ANY}"]),
    "no field": ([(BOX, {"not": SIZED})], {}, [f"*, to_whom: str, size: None=None, {ANY}"]),
    "some items": ([(BOX, LABELS)], {}, [f"*, to_whom: str, {SIZE}, {MANY}, {FAST}"]),
    "one item": ([(BOX, both(LABELS, FEW))], {}, [f"*, to_whom: str, {SIZE}, labels: tuple[str], {FAST}"]),
    "few items": ([(BOX, FEW)], {}, [f"*, to_whom: str, {SIZE}, labels: tuple[()] | tuple[str] | None=None, {FAST}"]),
    "two items": ([(BOX, {"properties": {"labels": {"minItems": 2, "maxItems": 2}}, "required": ["labels"]})], {},
                  [f"*, to_whom: str, {SIZE}, labels: tuple[str, str], {FAST}"]),
    "a list": ([(BOX, {"required": ["labels"]})], {},
               [f"*, to_whom: str, {SIZE}, labels: list[str] | tuple[str, ...], {FAST}"]),
    "no list": ([(BOX, {"not": {"required": ["labels"]}})], {},
                [f"*, to_whom: str, {SIZE}, labels: None=None, {FAST}"]),
    "a boolean": ([(BOX, {"properties": {"fast": {"const": True}}})], {},
                  [f"*, to_whom: str, {SIZE}, {LIST}, fast: Literal[True] | None=None"]),
    "dependent": ([(both(BOX, LARGE), LABELS)], {}, [
        f"*, to_whom: str, size: Literal['s', 'm'] | None=None, {ANY}",
        f"*, to_whom: str, size: Literal['l'], {MANY}, {FAST}",
        f"*, to_whom: str, {SIZE}, {ANY}"]),
    "first": ([], {"positional": ["toWhom"]}, [f"to_whom: str, *, {SIZE}, {ANY}"]),
    "optional first": ([], {"positional": ["size", "toWhom"]}, [f"{SIZE}, *, to_whom: str, {ANY}"]),
    "both first": ([(BOX, SIZED)], {"positional": ["size", "toWhom"]}, [f"size: models.PSize, to_whom: str, *, {ANY}"]),
    "fixed first": ([], {"positional": ["kind", "toWhom"]}, [f"to_whom: str, *, {SIZE}, {ANY}"]),
    "default": ([], {"defaults": {"size": "m"}}, [f"*, to_whom: str, size: models.PSize='m', {ANY}"]),
    "narrow default": ([(BOX, SMALLER)], {"defaults": {"size": "m"}},
                       [f"*, to_whom: str, size: Literal['s', 'm']='m', {ANY}"]),
    "wrong default": ([(BOX, LARGE)], {"defaults": {"size": "m"}}, [f"*, to_whom: str, size: Literal['l'], {ANY}"]),
}  # fmt: skip
"""Rules, what `x-variants` declares, and what the method for boxes takes then: its overloads first."""


BODIES = [
    {name: value for name, value in zip(PROPERTIES, values, strict=True) if value is not None}
    for values in itertools.product(
        ("box", "letter"), ("Ann", None), (None, "s", "m", "l"), (None, [], ["a"], ["a", "b"]), (None, False, True)
    )
]
"""Requests of which the examples of rules are taken."""


def _holds(rule: tuple[Any, Any], body: Any) -> bool:
    return not jsonschema_rs.is_valid(rule[0], body) or jsonschema_rs.is_valid(rule[1], body)


def written(name: str, rules: list[tuple[Any, Any]], declared: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a parcel with rules and variants."""
    listed = []
    for number, (condition, requirement) in enumerate(rules, 1):
        applies = [body for body in BODIES if jsonschema_rs.is_valid(condition, body)]
        keeps = [body for body in applies if all(_holds(rule, body) for rule in rules)]
        broken = [rule is not rules[number - 1] for rule in rules]
        breaks = [body for body in applies if [_holds(rule, body) for rule in rules] == broken]
        listed.append(
            {
                "id": f"{name.replace(' ', '-')}-{number}",
                "level": "error",
                "message": "toWhom, size, labels, fast must be s, m, l, true, 0, 1, 2",
                "source": {"at": "#/info/description", "quote": "words"},
                "if": condition,
                "then": requirement,
                "examples": {"passes": keeps[0], "breaks": breaks[0]},
            }
        )
    return {
        "type": "object",
        "properties": PROPERTIES,
        "required": ["kind", *(["toWhom"] if name != "unnamed" else [])],
        "x-rules": listed,
        "x-variants": {
            "by": "kind",
            "names": {kind: f"{kind}_{name.replace(' ', '_')}" for kind in ("box", "letter")},
            "general": f"send_{name.replace(' ', '_')}",
            **declared,
        },
    }


TAKEN = {
    "to_whom": "to_whom",
    "extra": "extra_query",
    "waive": "waive_query",
    "strict": "strict_query",
    "self": "self_",
    "body": "body_query",
}
"""Names of parameters, and those of the arguments that stand for them."""


def write_project(root: Path, schemas: dict[str, Any]) -> Path:
    """Write a project with one operation for each schema."""
    document: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {"title": "Parcels", "version": "1", "description": "words"},
        "servers": [{"url": "https://parcels.example"}],
        "paths": {},
        "components": {"schemas": {f"P{number}": schema for number, schema in enumerate(schemas.values())}},
    }
    for name in ("close", "list", "Get-Order", "class"):
        document["paths"][f"/{name}"] = {"get": {"operationId": name, "responses": {"204": {"description": ""}}}}
    named = [{"in": "query", "name": name, "schema": {"type": "string"}} for name in TAKEN]
    body = {"content": {"application/json": {"schema": {"type": "object", "properties": {"toWhom": {}}}}}}
    odd = {"operationId": "odd", "parameters": named, "requestBody": body, "responses": {"204": {"description": ""}}}
    document["paths"]["/odd"] = {"post": odd}
    for number, name in enumerate(schemas):
        content = {"application/json": {"schema": {"$ref": f"#/components/schemas/P{number}"}}}
        depot: Any = {"in": "path", "name": "depot", "required": True, "schema": {"type": "string"}}
        trace: Any = {"in": "query", "name": "trace", "schema": {"type": "string", "format": "uuid"}}
        post: Any = {"operationId": f"send {name}", "requestBody": {"required": True, "content": content}}
        post |= {
            "parameters": [depot, trace] if name == "with parameters" else [],
            "responses": {"204": {"description": ""}},
        }
        document["paths"][f"/{number}/{{depot}}" if post["parameters"] else f"/{number}"] = {"post": post}
    root.mkdir(exist_ok=True)
    (root / "openapi.json").write_text(json.dumps(document), encoding="utf-8")
    settings = '[tool.rulewright]\nspec = "openapi.json"\npackage = "sent_parcels"\noutput = "generated"\n'
    (root / "pyproject.toml").write_text(settings, encoding="utf-8")
    return root


OTHERS: dict[str, tuple[list[tuple[Any, Any]], dict[str, Any]]] = {
    "with parameters": ([], {}),
    "fast": ([], {"by": "fast", "names": {"true": "send_fast_ones", "false": "send_slow_ones"}}),
    "open": ([(both(BOX, LARGE), LABELS), (LETTER, {"required": ["fast"]})], {}),
    "unnamed": ([(both(BOX, LARGE), NAMED), (LETTER, {"not": NAMED})], {}),
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with an operation for each case."""
    schemas = {name: written(name, rules, declared) for name, (rules, declared, _) in CASES.items()}
    schemas |= {name: written(name, rules, declared) for name, (rules, declared) in OTHERS.items()}
    root = write_project(tmp_path_factory.mktemp("variants") / "project", schemas)
    regenerate(root)
    return root


@pytest.fixture(scope="module")
def package(project: Path) -> Iterator[Any]:
    """Its client."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(project / "generated"))
        yield importlib.import_module("sent_parcels")


def signatures(function: Any) -> list[str]:
    """Return what a method takes, its overloads first, without the options of every method."""
    found = []
    for each in (*typing.get_overloads(function), function):
        text = str(inspect.signature(each)).replace("'", "").replace('"', "").partition(") -> ")[0]
        own = text.removeprefix("(self, ").partition("waive: ")[0].rstrip(" ,*")
        found.append(re.sub(r"P\d+", "P", own).replace(" = ", "="))
    return found


@pytest.mark.parametrize("name", CASES)
def test_rules_narrow_what_a_variant_takes(package: Any, name: str) -> None:
    """Values become literals, lengths tuples, absence None, dependent fields overloads; other fields keep their type.

    Required arguments come before optional ones, and a default applies where the rules allow it.
    """
    expected = [each.replace("'", "") for each in CASES[name][2]]
    method = getattr(package.Client, f"box_{name.replace(' ', '_')}")
    assert signatures(method) == expected
    assert signatures(getattr(package.AsyncClient, method.__name__)) == expected
    if not CASES[name][1]:
        letter = getattr(package.Client, f"letter_{name.replace(' ', '_')}")
        assert signatures(letter) == [f"*, to_whom: str, {SIZE}, {ANY}"]


def test_a_text_that_another_field_requires(package: Any) -> None:
    """Only its presence is restricted, not its type."""
    assert signatures(package.Client.box_unnamed)[:2] == [
        f"*, to_whom: None=None, size: Literal[s, m] | None=None, {ANY}",
        f"*, to_whom: str, {SIZE}, {ANY}",
    ]
    assert signatures(package.Client.letter_unnamed) == [f"*, to_whom: None=None, {SIZE}, {ANY}"]


def test_the_method_of_an_operation_takes_every_field(package: Any) -> None:
    """Fields that the document does not list are passed in `extra`, and other parameters by keyword."""
    extra = "extra: Mapping[str, Any] | None=None"
    assert signatures(package.Client.send_plain) == [f"*, kind: models.PKind, to_whom: str, {SIZE}, {ANY}, {extra}"]
    trace = "trace: UUID | None=None"
    assert signatures(package.Client.send_with_parameters) == [
        f"*, depot: str, kind: models.PKind, to_whom: str, {trace}, {SIZE}, {ANY}, {extra}"
    ]
    assert signatures(package.Client.box_with_parameters) == [f"*, depot: str, {trace}, to_whom: str, {SIZE}, {ANY}"]


def test_a_method_lists_its_arguments_errors_and_rules(package: Any) -> None:
    """Arguments that the document describes; of the rules those about the variant, and about all variants."""
    described = inspect.getdoc(package.Client.box_open) or ""
    assert described.startswith(
        "Submit a request with kind box.\n\nArgs:\n    to_whom: A name\n          on the label\n"
    )
    assert "size:" not in described.partition("Rules:")[0]
    assert "\n    fast: Deprecated. By air\n" in described
    assert "\nRaises:\n    RequestRefused: The request breaks a rule or its schema; nothing was sent.\n" in described
    assert described.partition("\n\nRules:\n")[2].startswith("    open-1 (error): toWhom, size, ")
    assert "open-2" not in described
    assert (inspect.getdoc(package.AsyncClient.box_open) or "").endswith("See `Client.box_open`.")
    assert "Rules:" not in (inspect.getdoc(package.Client.box_plain) or "")
    general = inspect.getdoc(package.Client.send_with_parameters) or ""
    assert general.startswith("Call POST /20/{depot}.\n\nArgs:\n")
    assert "\n    extra: Fields the document does not list, sent as they are.\n" in general


def test_a_name_that_is_taken_is_changed(package: Any) -> None:
    """An operation that is called as every client's own method, or as a keyword, gets an underscore.

    An argument that every method has keeps its name, and so does a parameter that the body has a field of.
    """
    assert [name for name in ("close_", "list_", "get_order", "class_") if not hasattr(package.Client, name)] == []
    assert {*inspect.signature(package.Client.odd).parameters} >= {*TAKEN.values(), "to_whom_body"}
    assert "fixed" not in signatures(package.Client.send_fast_ones)[0]
    assert package.methods.VARIANTS["fast"] == {"send_fast_ones": "send_fast_ones", "send_slow_ones": "send_slow_ones"}


GIVEN: dict[str, Any] = {
    "prompt": "a cat",
    "image_list_item": "https://example.com/1.png",
    "labels": ["a"],
    "kind": "box",
}


def read_calls(table: Path) -> Iterator[tuple[str, dict[str, Any], list[str]]]:
    """Yield each call of a table, a value for each name in it, and the rules that stand beside it."""
    names: list[str] = []
    for line in table.read_text(encoding="utf-8").splitlines():
        call, _, rules = line.strip().partition("  # ")
        if line.startswith("def "):
            names = re.findall(r"(\w+): ", line)
        elif call.startswith("client."):
            yield call, {name: GIVEN.get(name, "Ann") for name in names}, rules.split(", ")


@pytest.mark.filterwarnings("ignore::mountsea_gemini.rules.RuleWarning", "ignore::DeprecationWarning")
@pytest.mark.parametrize("name", ["sent_parcels", "mountsea_gemini"])
def test_the_tables_of_calls_say_what_the_client_does(project: Path, package: Any, name: str) -> None:
    """Every right call is sent; every wrong one breaks the rules that stand beside it, or has a wrong argument."""
    client_package: Any = package if name == "sent_parcels" else mountsea_gemini
    folder = (project if name == "sent_parcels" else ROOT) / "generated/calls"
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json={"taskId": "1"}))
    with client_package.Client("token", transport=transport) as client:
        right = [call for call, values, _ in read_calls(folder / "right.py") if evaluate(call, client, values)]
        wrong = []
        for call, values, rules in read_calls(folder / "wrong.py"):
            with pytest.raises((client_package.RequestRefused, TypeError)) as caught:
                evaluate(call, client, values)
            wrong.append(call)
            found = [each.rule for each in getattr(caught.value, "violations", ()) if each.level == "error"]
            assert isinstance(caught.value, TypeError) or found == rules, call
    assert len({*right, *wrong}) == len(right) + len(wrong)
    assert right
    assert wrong


def evaluate(call: str, client: Any, values: dict[str, Any]) -> bool:
    """Make a call of a table."""
    eval(call, {**values, "client": client})  # noqa: S307  our own text
    return True


@pytest.mark.parametrize(
    ("declared", "again", "message"),
    [
        ({"names": {"box": "close", "letter": "b"}}, False, "would have a method named close, as every client has"),
        ({}, True, r"exactly one operation must take it as its body, got \['send plain', 'again'\]"),
    ],
)
def test_variants_that_cannot_be_methods_are_refused(tmp_path: Path, declared: Any, again: bool, message: str) -> None:
    """The error has the place in the document."""
    root = write_project(tmp_path / "project", {"plain": written("plain", [], declared)})
    if again:
        value = json.loads((root / "openapi.json").read_text("utf-8"))
        value["paths"]["/again"] = {"post": value["paths"]["/0"]["post"] | {"operationId": "again"}}
        (root / "openapi.json").write_text(json.dumps(value), encoding="utf-8")
    with pytest.raises(InputError, match=message):
        regenerate(root)
