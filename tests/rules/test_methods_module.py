"""The generated methods of an invented operation: types of parameters and what a call sends."""

from __future__ import annotations

import ast
import dataclasses
from typing import Any

import pytest
from rulewright.errors import InputError
from rulewright.generate.methods import methods_module
from rulewright.generate.names import FieldName, Names, OperationName
from rulewright.generate.operations import read_methods
from rulewright.rules.definition import Rule
from rulewright.rules.variants import VariantSet

from tests.rules.parcels import BOX, LARGE, LETTER, both, build_parcels, methods_of, rule

ENDING = "waive: Collection[str]=(), strict: bool | None=None"
ENDING_TEXT = """\
    waive: Ids of rules to switch off for this call.
    strict: Refuse inferred rules too; where it is not given, the client's own setting holds.

Returns:
    What the API answers.

Raises:
    RequestRefused: The request breaks a rule or its schema; nothing was sent.
    OutcomeUnknown: It may have been carried out; it is not sent again.
    StatusError: It was refused.
    ApiError: It was not answered, or not as the document says."""
"""The end of every method's docstring, without its rules."""


def module(*rules: Rule, **how: Any) -> str:
    """Return the module of the methods."""
    return source_of(*build_parcels(*rules, **how))


def source_of(variants: VariantSet, value: Any, names: Names) -> str:
    """Return the module of the methods."""
    return methods_module(methods_of(variants, value, names), [variants], [variants.ruled], names)


def methods(source: str, name: str) -> list[ast.FunctionDef]:
    """Return the methods of that name, overloads first."""
    (variants,) = (n for n in ast.parse(source).body if isinstance(n, ast.ClassDef) and n.name == "Methods")
    return [node for node in variants.body if isinstance(node, ast.FunctionDef) and node.name == name]


def signatures(source: str, name: str) -> list[str]:
    """Return the parameters of each method of that name, without `self` and the common end."""
    found = [ast.unparse(node.args) for node in methods(source, name)]
    assert all(text.endswith(ENDING) and text.startswith("self, ") for text in found)
    return [text.removeprefix("self, ").removesuffix(ENDING).rstrip(", ") for text in found]


ANY = "labels: list[str] | tuple[str, ...] | None=None, fast: bool | None=None"


FIELDS = "{'kind': kind, 'to_whom': to_whom, 'size': size, 'labels': labels, 'fast': fast}"


def test_the_method_of_an_operation_takes_every_field() -> None:
    """Required fields come first; undocumented fields are passed in `extra`."""
    (general,) = methods(module(), "send")
    assert ast.unparse(general.args) == (
        f"self, *, kind: models.ParcelKind, to_whom: str, size: models.ParcelSize | None=None, {ANY}, "
        f"extra: Mapping[str, Any] | None=None, {ENDING}"
    )
    assert [ast.unparse(line) for line in general.body[1:]] == [
        f"return self._call(_operations.SEND_PARCEL, {FIELDS}, extra, waive=waive, strict=strict)"
    ]
    assert ast.get_docstring(general) == (
        "Call POST /parcels/{depot}.\n"
        "\n"
        "Args:\n"
        "    kind: What it is\n"
        "    to_whom: A name\n"
        "          on the label\n"
        "    size: See the vendor's documentation.\n"
        "    labels: See the vendor's documentation.\n"
        "    fast: Deprecated. By air\n"
        "    extra: Fields the document does not list, sent as they are.\n"
        f"{ENDING_TEXT}"
    )
    assert ast.unparse(general.returns or general) == "Any"


def test_the_coroutine_of_an_operation_has_the_same_parameters() -> None:
    """Its docstring refers to the method."""
    (coroutines,) = (n for n in ast.parse(module()).body if isinstance(n, ast.ClassDef) and n.name == "AsyncMethods")
    found = {node.name: node for node in coroutines.body if isinstance(node, ast.AsyncFunctionDef)}
    assert list(found) == ["send", "send_box", "send_letter"]
    for name, node in found.items():
        (method,) = methods(module(), name)
        assert ast.unparse(node.args) == ast.unparse(method.args)
        assert str(ast.get_docstring(node)).endswith(f"See `Client.{name}`.")
    assert ast.unparse(found["send_box"].body[-1]).startswith("return await self.send(kind='box', ")


def test_a_submit_returns_a_task() -> None:
    """Its docstring lists the errors of tasks."""
    variants, value, names = build_parcels()
    source = methods_module(
        read_methods(value, [variants.ruled], {"sendParcel": "track"}, names), [variants], [variants.ruled], names
    )
    for name in ("send", "send_box"):
        (method,) = methods(source, name)
        assert ast.unparse(method.returns or method) == "Task"
        assert "SubmitOutcomeUnknown: It may have been accepted and billed" in str(ast.get_docstring(method))
    assert "self._start(_operations.SEND_PARCEL" in source


@pytest.mark.parametrize("is_open", [True, False])
def test_a_closed_schema_has_no_extra_fields(is_open: bool) -> None:
    """Only an open schema has the parameter `extra`, in signature and docstring."""
    (general,) = methods(module(is_open=is_open), "send")
    extra = "extra: Mapping[str, Any] | None=None, " if is_open else ""
    assert ast.unparse(general.args) == (
        f"self, *, kind: models.ParcelKind, to_whom: str, size: models.ParcelSize | None=None, {ANY}, {extra}{ENDING}"
    )
    assert ("extra: Fields the document does not list" in str(ast.get_docstring(general))) is is_open
    assert (", extra, waive=" in ast.unparse(general.body[-1])) is is_open


def test_the_body_may_be_a_reference() -> None:
    """A reference to a component gives the same methods."""
    variants, value, names = build_parcels()
    post = value["paths"]["/parcels/{depot}"]["post"]
    value["components"]["requestBodies"] = {"Body": post["requestBody"]}
    post["requestBody"] = {"$ref": "#/components/requestBodies/Body"}
    assert source_of(variants, value, names) == module()


def test_a_variant_fixes_its_field_and_passes_the_rest() -> None:
    """Its docstring lists the rules about this variant and about all variants."""
    box = rule(BOX, both(LARGE), "large-boxes")
    names = rule({"required": ["toWhom"]}, {"properties": {"toWhom": {"pattern": "."}}}, "names", "warning")
    listed = rule({"properties": {"kind": {"enum": ["box", "letter"]}}, "required": ["kind"]}, True, "listed")
    rules = (box, rule(LETTER, True, "letters"), names, listed, rule(True, True, "every"))
    (method,) = methods(module(*rules), "send_box")
    assert ast.unparse(method.body[-1]) == (
        "return self.send(kind='box', to_whom=to_whom, size=size, labels=labels, fast=fast, waive=waive, strict=strict)"
    )
    assert ast.get_docstring(method) == (
        "Submit a request with kind box.\n"
        "\n"
        "Args:\n"
        "    to_whom: A name\n"
        "          on the label\n"
        "    size: See the vendor's documentation.\n"
        "    labels: See the vendor's documentation.\n"
        "    fast: Deprecated. By air\n"
        f"{ENDING_TEXT}\n"
        "\n"
        "Rules:\n"
        "    large-boxes (error): large-boxes must hold\n"
        "    names (warning): names must hold\n"
        "    listed (error): listed must hold\n"
        "    every (error): every must hold"
    )
    assert "Rules:" not in (ast.get_docstring(methods(module(), "send_box")[0]) or "")


def test_a_schema_that_requires_nothing() -> None:
    """Every field is optional, except the discriminating field, which each variant fixes."""
    variants, value, names = build_parcels(required=())
    del value["components"]["schemas"]["Parcel"]["required"]
    source = source_of(variants, value, names)
    assert signatures(source, "send_box") == [
        f"*, to_whom: str | None=None, size: models.ParcelSize | None=None, {ANY}"
    ]


MANY = "tuple[str] | tuple[str, str, *tuple[str, ...]]"
LABELS = {"properties": {"labels": {"minItems": 1}}, "required": ["labels"]}
FEW = {"properties": {"labels": {"maxItems": 1}}}
NO_LABELS = {"not": {"required": ["labels"]}}
SMALLER = {"properties": {"size": {"enum": ["s", "m"]}}}
SIZED = {"required": ["size"]}


@pytest.mark.parametrize(
    ("requirement", "expected"),
    [
        (True, f"size: models.ParcelSize | None=None, {ANY}"),
        (SMALLER, f"size: Literal['s', 'm'] | None=None, {ANY}"),
        (SIZED, f"size: models.ParcelSize, {ANY}"),
        (LARGE, f"size: Literal['l'], {ANY}"),
        ({"not": SIZED}, f"size: None=None, {ANY}"),
        (
            LABELS,
            f"size: models.ParcelSize | None=None, labels: {MANY}, fast: bool | None=None",
        ),
        (
            both(LABELS, FEW),
            "size: models.ParcelSize | None=None, labels: tuple[str], fast: bool | None=None",
        ),
        (
            FEW,
            "size: models.ParcelSize | None=None, labels: tuple[()] | tuple[str] | None=None, fast: bool | None=None",
        ),
        (
            {"properties": {"labels": {"minItems": 2, "maxItems": 2}}, "required": ["labels"]},
            "size: models.ParcelSize | None=None, labels: tuple[str, str], fast: bool | None=None",
        ),
        (
            {"required": ["labels"]},
            "size: models.ParcelSize | None=None, labels: list[str] | tuple[str, ...], fast: bool | None=None",
        ),
        (NO_LABELS, "size: models.ParcelSize | None=None, labels: None=None, fast: bool | None=None"),
        (
            {"properties": {"fast": {"const": True}}},
            f"size: models.ParcelSize | None=None, {ANY}".replace("fast: bool", "fast: Literal[True]"),
        ),
    ],
)
def test_rules_narrow_the_type_of_a_parameter(requirement: Any, expected: str) -> None:
    """Values become literals, lengths tuples, absence None; fields without rules keep their type."""
    source = module(rule(BOX, requirement))
    assert signatures(source, "send_box") == [f"*, to_whom: str, {expected}"]
    assert signatures(source, "send_letter") == [f"*, to_whom: str, size: models.ParcelSize | None=None, {ANY}"]


def test_fields_that_depend_on_each_other_become_overloads() -> None:
    """There is one overload for each case, and the implementation accepts all of them."""
    source = module(rule(both(BOX, LARGE), LABELS))
    assert signatures(source, "send_box") == [
        f"*, to_whom: str, size: Literal['s', 'm'] | None=None, {ANY}",
        f"*, to_whom: str, size: Literal['l'], labels: {MANY}, fast: bool | None=None",
        f"*, to_whom: str, size: models.ParcelSize | None=None, {ANY}",
    ]
    assert [bool(node.decorator_list) for node in methods(source, "send_box")] == [True, True, False]
    assert len(methods(source, "send_letter")) == 1


def test_a_text_required_by_another_field() -> None:
    """Only its presence is restricted, not its type."""
    named = {"required": ["toWhom"]}
    source = module(rule(both(BOX, LARGE), named), rule(LETTER, {"not": named}), required=("kind",))
    assert signatures(source, "send_box")[:2] == [
        f"*, to_whom: None=None, size: Literal['s', 'm'] | None=None, {ANY}",
        f"*, to_whom: str, size: models.ParcelSize | None=None, {ANY}",
    ]
    assert signatures(source, "send_letter") == [f"*, to_whom: None=None, size: models.ParcelSize | None=None, {ANY}"]


@pytest.mark.parametrize(
    ("declared", "requirement", "expected"),
    [
        ({"positional": ["toWhom"]}, True, f"to_whom: str, *, size: models.ParcelSize | None=None, {ANY}"),
        ({"positional": ["size", "toWhom"]}, True, f"size: models.ParcelSize | None=None, *, to_whom: str, {ANY}"),
        ({"positional": ["size", "toWhom"]}, SIZED, f"size: models.ParcelSize, to_whom: str, *, {ANY}"),
        ({"positional": ["kind", "toWhom"]}, True, f"to_whom: str, *, size: models.ParcelSize | None=None, {ANY}"),
        ({"defaults": {"size": "m"}}, True, f"*, to_whom: str, size: models.ParcelSize='m', {ANY}"),
        ({"defaults": {"size": "m"}}, SMALLER, f"*, to_whom: str, size: Literal['s', 'm']='m', {ANY}"),
        ({"defaults": {"size": "m"}}, LARGE, f"*, to_whom: str, size: Literal['l'], {ANY}"),
    ],
)
def test_defaults_and_positional_parameters(declared: Any, requirement: Any, expected: str) -> None:
    """A default applies where the rules allow it; required parameters precede optional ones."""
    assert signatures(module(rule(BOX, requirement), declared=declared), "send_box") == [expected]


ARGUMENTS = (("query:trace", "trace", "UUID", False), ("path:depot", "depot", "Depot", True))
BESIDE = {
    "parameters": [
        {"in": "path", "name": "depot", "description": "Where  it starts"},
        {"in": "query", "name": "trace"},
    ]
}


def test_parameters_beside_the_body_are_arguments_too() -> None:
    """They are passed by keyword."""
    source = module(arguments=ARGUMENTS, more=BESIDE)
    assert signatures(source, "send_box") == [
        f"*, depot: Depot, trace: UUID | None=None, to_whom: str, size: models.ParcelSize | None=None, {ANY}"
    ]
    (general,) = methods(source, "send")
    assert ast.unparse(general.args) == (
        "self, *, depot: Depot, kind: models.ParcelKind, to_whom: str, trace: UUID | None=None, "
        f"size: models.ParcelSize | None=None, {ANY}, extra: Mapping[str, Any] | None=None, {ENDING}"
    )
    given = FIELDS.replace("{", "{'trace': trace, 'depot': depot, ")
    assert ast.unparse(general.body[-1]) == (
        f"return self._call(_operations.SEND_PARCEL, {given}, extra, waive=waive, strict=strict)"
    )
    assert ast.unparse(methods(source, "send_box")[0].body[-1]).startswith(
        "return self.send(trace=trace, depot=depot, kind='box', "
    )
    for method in ("send", "send_box"):
        described = (ast.get_docstring(methods(source, method)[0]) or "").split("Args:\n")[1]
        assert "    trace: See the vendor's documentation." in described
        assert "    depot: Where  it starts" in described


@pytest.mark.parametrize(
    ("keyword", "parameter", "field"),
    [
        ("to_whom", "to_whom", "to_whom_body"),
        *((name, f"{name}_query", "to_whom") for name in ("extra", "waive", "strict", "self")),
        ("body", "body", "to_whom"),
    ],
)
def test_a_keyword_that_is_taken_gets_its_place_appended(keyword: str, parameter: str, field: str) -> None:
    """A field gives way to a parameter of its name, and a parameter to an option of every method."""
    (general,) = methods(module(arguments=(("query:x", keyword, "str", True),)), "send")
    names = [each.arg for each in general.args.kwonlyargs]
    assert parameter in names
    assert field in names
    assert f"'{parameter}': {parameter}" in ast.unparse(general.body[-1])


@pytest.mark.parametrize(
    ("operation_id", "name"), [("close", "close_"), ("list", "list_"), ("Get-Order", "get_order"), ("class", "class_")]
)
def test_a_name_that_every_client_has_gets_an_underscore(operation_id: str, name: str) -> None:
    """The same holds for names of types in signatures and for Python keywords."""
    variants, value, names = build_parcels()
    value["paths"]["/parcels/{depot}"]["post"]["operationId"] = operation_id
    declared = {key: part for key, part in variants.ruled.schema.items() if key != "x-variants"}
    ruled = dataclasses.replace(variants.ruled, schema=declared)
    (found,) = read_methods(value, [ruled], {}, names)
    assert found.function == name


def test_two_methods_of_one_name_are_an_error() -> None:
    """A variant may not take the name of a method that every client has."""
    variants, value, names = build_parcels(declared={"general": "send_it", "names": {"box": "close", "letter": "b"}})
    with pytest.raises(InputError, match="would have a method named close, as every client has"):
        source_of(variants, value, names)


def test_exactly_one_operation_takes_the_body() -> None:
    """Otherwise the operation to call is ambiguous."""
    variants, value, names = build_parcels()
    post = value["paths"]["/parcels/{depot}"]["post"]
    for paths, found in (
        ({}, []),
        ({"/parcels/{depot}": {"post": post}, "/b": {"post": {**post, "operationId": "b"}}}, ["sendParcel", "b"]),
    ):
        names = dataclasses.replace(
            names,
            operations=(
                *names.operations,
                OperationName("b", "post", "/b", {}, {}, "Any", {"application/json": "Parcel"}),
            ),
        )
        with pytest.raises(InputError) as caught:
            methods_module(methods_of(variants, {**value, "paths": paths}, names), [variants], [], names)
        assert str(caught.value) == (
            f"has x-variants, so exactly one operation must take it as its body, got {found}\n"
            "  at #/components/schemas/Parcel"
        )


def lines(source: str) -> list[str]:
    """Return the lines of a module that stand outside of classes."""
    return [line for line in source.splitlines() if line and not line.startswith((" ", "class "))]


def test_only_what_is_used_is_imported() -> None:
    """Types are imported from the generated modules; an empty document imports no models."""
    other = {"size": FieldName("size", "datetime.date", None), "kind": FieldName("kind", "str", None)}
    arguments = (("query:a", "a", "UUID", True), ("query:b", "b", "File", True), ("query:c", "c", "ParcelSize", True))
    imports = [line for line in lines(module(fields=other, arguments=arguments)) if "import" in line]
    assert imports[3:7] == [
        "import datetime",
        "from uuid import UUID",
        "from .raw.types import File",
        "from .raw import models",
    ]
    empty = methods_module([], [], [], Names({}, frozenset(), ()))
    assert "models" not in empty
    assert "VARIANTS: Final[Mapping[str, Mapping[str, str]]] = {}" in empty


def test_a_nullable_field_defaults_to_absent() -> None:
    """`None` is a value of the field, so `ABSENT` is the default."""
    (general,) = methods(module(fields={"size": FieldName("size", "None | ParcelSize", None)}), "send")
    assert "size: None | models.ParcelSize | Absent=ABSENT" in ast.unparse(general.args)


def test_a_boolean_variant_is_keyed_by_its_method() -> None:
    """`VARIANTS` is keyed by text, which a boolean does not have."""
    declared = {"by": "fast", "names": {"true": "send_fast", "false": "send_slow"}, "general": "send"}
    source = module(declared=declared, required=("kind", "toWhom", "fast"))
    (table,) = (line for line in source.splitlines() if line.startswith("VARIANTS"))
    assert ast.literal_eval(table.partition(" = ")[2]) == {"fast": {"send_fast": "send_fast", "send_slow": "send_slow"}}
    assert "VARIANTS: Final[Mapping[str, Mapping[str, str]]] = {'kind': {" in module()
