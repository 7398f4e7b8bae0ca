"""The typed calls as they are written, of a made-up operation: what a parameter may be, and what a call sends."""

from __future__ import annotations

import ast
import dataclasses
from typing import Any

import pytest
from rulewright.errors import InputError
from rulewright.generate.names import FieldName, Names
from rulewright.generate.variants import required_beside, variants_module
from rulewright.rules.definition import Rule

from tests.rules.parcels import BOX, LARGE, LETTER, both, made, rule

ENDING = "waive: Collection[str]=(), strict: bool | None=None"


def module(*rules: Rule, **how: Any) -> str:
    """Return the module of the variants."""
    variants, value, names = made(*rules, **how)
    return variants_module([variants], value, names)


def methods(source: str, name: str) -> list[ast.FunctionDef]:
    """Return the methods of that name, overloads first."""
    (variants,) = (n for n in ast.parse(source).body if isinstance(n, ast.ClassDef) and n.name == "Variants")
    return [node for node in variants.body if isinstance(node, ast.FunctionDef) and node.name == name]


def signatures(source: str, name: str) -> list[str]:
    """Return the parameters of each method of that name, without `self` and without what they all end with."""
    found = [ast.unparse(node.args) for node in methods(source, name)]
    assert all(text.endswith(ENDING) and text.startswith("self, ") for text in found)
    return [text.removeprefix("self, ").removesuffix(ENDING).rstrip(", ") for text in found]


ANY = "labels: list[str] | tuple[str, ...] | None=None, fast: bool | None=None"


def test_the_general_method_takes_every_field() -> None:
    """Required ones first; it builds the body, adds what the document does not list, and hands both on."""
    (general,) = methods(module(), "send")
    assert ast.unparse(general.args) == (
        f"self, *, kind: ParcelKind, to_whom: str, size: ParcelSize | None=None, {ANY}, "
        f"extra: Mapping[str, Any] | None=None, {ENDING}"
    )
    assert [ast.unparse(line) for line in general.body[1:]] == [
        (
            "body = Parcel(kind=kind, to_whom=to_whom, size=UNSET if size is None else size, "
            "labels=UNSET if labels is None else as_list(labels), fast=UNSET if fast is None else fast)"
        ),
        "body.additional_properties.update(extra or {})",
        "return self._submit(SEND_PARCEL, {'body': body}, waive=waive, strict=strict)",
    ]
    assert ast.get_docstring(general) == (
        "Submit any request of this operation; the rules are checked at run time only.\n"
        "\n"
        "Args:\n"
        "    kind: What it is\n"
        "    to_whom: A name on the label\n"
        "    size: See the vendor's documentation.\n"
        "    labels: See the vendor's documentation.\n"
        "    fast: Deprecated. By air\n"
        "    extra: Fields the document does not list, sent as they are.\n"
        "    waive: Ids of rules to switch off for this call.\n"
        "    strict: Refuse inferred rules too; where it is not given, the client's own setting holds."
    )
    assert ast.unparse(general.returns or general) == "R"


@pytest.mark.parametrize(
    ("more", "takes_extra"),
    [
        ({}, True),
        ({"additionalProperties": True}, True),
        ({"additionalProperties": {"type": "string"}}, True),
        ({"additionalProperties": False}, False),
    ],
)
def test_a_schema_may_close_its_body(more: dict[str, Any], takes_extra: bool) -> None:
    """Then the general method takes nothing that the document does not list, and says nothing of it."""
    variants, value, names = made()
    schema = {**variants.ruled.schema, **more}
    closed = dataclasses.replace(variants, ruled=dataclasses.replace(variants.ruled, schema=schema))
    (general,) = methods(variants_module([closed], value, names), "send")
    extra = "extra: Mapping[str, Any] | None=None, " if takes_extra else ""
    assert ast.unparse(general.args) == (
        f"self, *, kind: ParcelKind, to_whom: str, size: ParcelSize | None=None, {ANY}, {extra}{ENDING}"
    )
    assert ("extra: Fields the document does not list" in str(ast.get_docstring(general))) is takes_extra
    assert [ast.unparse(line).split("(")[0] for line in general.body[1:]] == [
        "body = Parcel", *(["body.additional_properties.update"] if takes_extra else []), "return self._submit",
    ]  # fmt: skip


def test_the_body_may_be_a_reference() -> None:
    """To one among the components of the document; the calls are the same."""
    variants, value, names = made()
    post = value["paths"]["/parcels/{depot}"]["post"]
    value["components"]["requestBodies"] = {"Body": post["requestBody"]}
    post["requestBody"] = {"$ref": "#/components/requestBodies/Body"}
    assert variants_module([variants], value, names) == module()


def test_a_variant_fixes_its_field_and_hands_the_rest_on() -> None:
    """Its documentation has the rules that speak of it, or of every variant."""
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
        "    to_whom: A name on the label\n"
        "    size: See the vendor's documentation.\n"
        "    labels: See the vendor's documentation.\n"
        "    fast: Deprecated. By air\n"
        "    waive: Ids of rules to switch off for this call.\n"
        "    strict: Refuse inferred rules too; where it is not given, the client's own setting holds.\n"
        "\n"
        "Rules:\n"
        "    large-boxes (error): large-boxes must hold\n"
        "    names (warning): names must hold\n"
        "    listed (error): listed must hold\n"
        "    every (error): every must hold"
    )
    assert "Rules:" not in (ast.get_docstring(methods(module(), "send_box")[0]) or "")


def test_a_schema_that_requires_nothing() -> None:
    """Then every field may be left out, but for the one that tells the variants apart, which each of them fixes."""
    variants, value, names = made(required=())
    bare = {key: part for key, part in variants.ruled.schema.items() if key != "required"}
    bared = dataclasses.replace(variants, ruled=dataclasses.replace(variants.ruled, schema=bare))
    source = variants_module([bared], value, names)
    assert signatures(source, "send_box") == [f"*, to_whom: str | None=None, size: ParcelSize | None=None, {ANY}"]


def test_the_lines_of_a_docstring_stand_in_their_method() -> None:
    """Indented as deep as it, with none of blanks alone."""
    lines = module().splitlines()
    assert '        """Submit a request with kind box.' in lines
    assert "            to_whom: A name on the label" in lines
    assert '        """' in lines
    assert not [line for line in lines if line and not line.strip()]


MANY = "tuple[str] | tuple[str, str, *tuple[str, ...]]"
LABELS = {"properties": {"labels": {"minItems": 1}}, "required": ["labels"]}
FEW = {"properties": {"labels": {"maxItems": 1}}}
NO_LABELS = {"not": {"required": ["labels"]}}
SMALLER = {"properties": {"size": {"enum": ["s", "m"]}}}
SIZED = {"required": ["size"]}


@pytest.mark.parametrize(
    ("requirement", "expected"),
    [
        (True, f"size: ParcelSize | None=None, {ANY}"),
        (SMALLER, f"size: Literal['s', 'm'] | None=None, {ANY}"),
        (SIZED, f"size: ParcelSize, {ANY}"),
        (LARGE, f"size: Literal['l'], {ANY}"),
        ({"not": SIZED}, f"size: None=None, {ANY}"),
        (
            LABELS,
            f"size: ParcelSize | None=None, labels: {MANY}, fast: bool | None=None",
        ),
        (
            both(LABELS, FEW),
            "size: ParcelSize | None=None, labels: tuple[str], fast: bool | None=None",
        ),
        (
            FEW,
            "size: ParcelSize | None=None, labels: tuple[()] | tuple[str] | None=None, fast: bool | None=None",
        ),
        (
            {"properties": {"labels": {"minItems": 2, "maxItems": 2}}, "required": ["labels"]},
            "size: ParcelSize | None=None, labels: tuple[str, str], fast: bool | None=None",
        ),
        (
            {"required": ["labels"]},
            "size: ParcelSize | None=None, labels: list[str] | tuple[str, ...], fast: bool | None=None",
        ),
        (NO_LABELS, "size: ParcelSize | None=None, labels: None=None, fast: bool | None=None"),
        (
            {"properties": {"fast": {"const": True}}},
            f"size: ParcelSize | None=None, {ANY}".replace("fast: bool", "fast: Literal[True]"),
        ),
    ],
)
def test_a_parameter_is_as_wide_as_the_rules_leave_it(requirement: Any, expected: str) -> None:
    """Listed values, lengths as tuples, absence as None; a field that the rules leave alone keeps its type."""
    source = module(rule(BOX, requirement))
    assert signatures(source, "send_box") == [f"*, to_whom: str, {expected}"]
    assert signatures(source, "send_letter") == [f"*, to_whom: str, size: ParcelSize | None=None, {ANY}"]


def test_fields_that_depend_on_each_other_become_overloads() -> None:
    """One for each case, and the method itself takes what any of them does."""
    source = module(rule(both(BOX, LARGE), LABELS))
    assert signatures(source, "send_box") == [
        f"*, to_whom: str, size: Literal['s', 'm'] | None=None, {ANY}",
        f"*, to_whom: str, size: Literal['l'], labels: {MANY}, fast: bool | None=None",
        f"*, to_whom: str, size: ParcelSize | None=None, {ANY}",
    ]
    assert [bool(node.decorator_list) for node in methods(source, "send_box")] == [True, True, False]
    assert len(methods(source, "send_letter")) == 1


def test_a_text_whose_presence_depends_on_another_field() -> None:
    """It counts as given or not; its type stays what it is."""
    named = {"required": ["toWhom"]}
    source = module(rule(both(BOX, LARGE), named), rule(LETTER, {"not": named}), required=("kind",))
    assert signatures(source, "send_box")[:2] == [
        f"*, to_whom: None=None, size: Literal['s', 'm'] | None=None, {ANY}",
        f"*, to_whom: str, size: ParcelSize | None=None, {ANY}",
    ]
    assert signatures(source, "send_letter") == [f"*, to_whom: None=None, size: ParcelSize | None=None, {ANY}"]


@pytest.mark.parametrize(
    ("declared", "requirement", "expected"),
    [
        ({"positional": ["toWhom"]}, True, f"to_whom: str, *, size: ParcelSize | None=None, {ANY}"),
        ({"positional": ["size", "toWhom"]}, True, f"size: ParcelSize | None=None, *, to_whom: str, {ANY}"),
        ({"positional": ["size", "toWhom"]}, SIZED, f"size: ParcelSize, to_whom: str, *, {ANY}"),
        ({"positional": ["kind", "toWhom"]}, True, f"to_whom: str, *, size: ParcelSize | None=None, {ANY}"),
        ({"defaults": {"size": "m"}}, True, f"*, to_whom: str, size: ParcelSize='m', {ANY}"),
        ({"defaults": {"size": "m"}}, SMALLER, f"*, to_whom: str, size: Literal['s', 'm']='m', {ANY}"),
        ({"defaults": {"size": "m"}}, LARGE, f"*, to_whom: str, size: Literal['l'], {ANY}"),
    ],
)
def test_what_may_be_left_out_and_what_needs_no_name(declared: Any, requirement: Any, expected: str) -> None:
    """A default holds where the rules allow it; a parameter that needs a value never follows one that does not."""
    assert signatures(module(rule(BOX, requirement), declared=declared), "send_box") == [expected]


ARGUMENTS = (("query:trace", "trace", "UUID", False), ("path:depot", "depot", "Depot", True))
BESIDE = {
    "parameters": [
        {"in": "path", "name": "depot", "description": "Where  it starts"},
        {"in": "query", "name": "trace"},
    ]
}


def test_parameters_beside_the_body_are_arguments_too() -> None:
    """Those that are needed stand before the fields, the others behind; both are handed on by their names."""
    source = module(arguments=ARGUMENTS, more=BESIDE)
    assert signatures(source, "send_box") == [
        f"*, depot: Depot, to_whom: str, size: ParcelSize | None=None, {ANY}, trace: UUID | None=None"
    ]
    (general,) = methods(source, "send")
    assert ast.unparse(general.args) == (
        f"self, *, depot: Depot, kind: ParcelKind, to_whom: str, size: ParcelSize | None=None, {ANY}, "
        f"trace: UUID | None=None, extra: Mapping[str, Any] | None=None, {ENDING}"
    )
    assert ast.unparse(general.body[-1]) == (
        "return self._submit(SEND_PARCEL, {'trace': UNSET if trace is None else trace, 'depot': depot, 'body': body}, "
        "waive=waive, strict=strict)"
    )
    assert ast.unparse(methods(source, "send_box")[0].body[-1]).startswith(
        "return self.send(trace=trace, depot=depot, kind='box', "
    )
    for method in ("send", "send_box"):
        described = (ast.get_docstring(methods(source, method)[0]) or "").split("Args:\n")[1].splitlines()
        assert described[:2] == ["    trace: See the vendor's documentation.", "    depot: Where it starts"]
    variants, value, names = made(arguments=ARGUMENTS, more=BESIDE)
    assert required_beside(variants, value, names) == ["depot"]


@pytest.mark.parametrize("keyword", ["to_whom", "extra", "waive", "strict", "self", "body"])
def test_a_parameter_called_as_a_field_is_an_error(keyword: str) -> None:
    """Nobody could tell which of the two an argument is for."""
    with pytest.raises(InputError) as caught:
        module(arguments=(("query:x", keyword, "str", True),))
    assert str(caught.value) == (
        f"the parameter 'query:x' and a field of the body would both be the argument {keyword}; "
        "x-variants cannot tell them apart\n  at /paths/~1parcels~1{depot}/post"
    )


def test_exactly_one_operation_takes_the_body() -> None:
    """Otherwise it is not clear what to call."""
    variants, value, names = made()
    post = value["paths"]["/parcels/{depot}"]["post"]
    for paths, found in (
        ({}, []),
        ({"/a": {"put": {**post, "operationId": "a"}}, "/b": {"put": {**post, "operationId": "b"}}}, ["a", "b"]),
    ):
        with pytest.raises(InputError) as caught:
            variants_module([variants], {**value, "paths": paths}, names)
        assert str(caught.value) == (
            f"has x-variants, so exactly one operation must take it as its body, got {found}\n"
            "  at #/components/schemas/Parcel"
        )


def lines(source: str) -> list[str]:
    """Return the lines of a module that stand outside of classes."""
    return [line for line in source.splitlines() if line and not line.startswith((" ", "class "))]


def test_the_module_around_the_methods() -> None:
    """Imports of what is used, the class that only builds bodies, a function for each method, and a table of them."""
    assert lines(module()) == [
        '"""One typed call for each variant of an operation, narrowed by the rules."""',
        "from __future__ import annotations",
        "from abc import ABC, abstractmethod",
        "from collections.abc import Collection, Mapping",
        "from typing import Any, Generic, Literal, TypeVar, overload",
        "from .raw.models import Parcel, ParcelKind, ParcelSize",
        "from ._operation import Operation",
        "from ._values import as_list",
        "from .operations import SEND_PARCEL",
        "from .rules import validate_request",
        "from .raw.types import UNSET",
        'R = TypeVar("R", covariant=True)',
        "_BODIES = Bodies()",
        "send = _BODIES.send",
        "send_box = _BODIES.send_box",
        "send_letter = _BODIES.send_letter",
        "VARIANTS: Mapping[str, Mapping[str, str]] = {'kind': {'box': 'send_box', 'letter': 'send_letter'}}",
    ]
    classes = [node for node in ast.parse(module()).body if isinstance(node, ast.ClassDef)]
    assert [(node.name, ast.get_docstring(node)) for node in classes] == [
        ("Variants", "Every variant as a method; a subclass decides what submitting means and returns."),
        ("Bodies", "Builds and checks the request body, and sends nothing."),
    ]
    given = (
        "self, operation: Operation[..., Any], arguments: Mapping[str, Any], *, waive: Collection[str], "
        "strict: bool | None"
    )
    (abstract, *_), (building,) = ([n for n in node.body if isinstance(n, ast.FunctionDef)] for node in classes)
    assert ast.unparse(abstract) == (
        f'@abstractmethod\ndef _submit({given}) -> R:\n    """Do what this class does with a request."""'
    )
    assert ast.unparse(building) == (
        f"def _submit({given}) -> Any:\n"
        "    validate_request(operation, arguments, waive=waive, strict=bool(strict), stacklevel=4)\n"
        "    return arguments['body']"
    )


def test_only_what_is_used_is_imported() -> None:
    """Types of parameters come from where the generator put them; a document without variants needs none."""
    other = {"size": FieldName("size", "datetime.date", None), "kind": FieldName("kind", "str", None)}
    arguments = (("query:a", "a", "UUID", True), ("query:b", "b", "File", True), ("query:c", "c", "ParcelSize", True))
    imports = [line for line in lines(module(fields=other, arguments=arguments)) if "import" in line]
    assert imports[4:9] == [
        "import datetime",
        "from uuid import UUID",
        "from .raw.types import File",
        "from .raw import models",
        "from .raw.models import Parcel",
    ]
    empty = variants_module([], {}, Names({}, frozenset(), ()))
    assert "from .operations" not in empty
    assert "models" not in empty
    assert "VARIANTS: Mapping[str, Mapping[str, str]] = {}" in empty


def test_a_value_that_is_no_text_is_told_by_the_name_of_its_method() -> None:
    """The table of methods goes by what people write; a switch has no word of its own."""
    declared = {"by": "fast", "names": {"true": "send_fast", "false": "send_slow"}, "general": "send"}
    source = module(declared=declared, required=("kind", "toWhom", "fast"))
    (table,) = (line for line in source.splitlines() if line.startswith("VARIANTS"))
    assert ast.literal_eval(table.partition(" = ")[2]) == {"fast": {"send_fast": "send_fast", "send_slow": "send_slow"}}
    assert "VARIANTS: Mapping[str, Mapping[str, str]] = {'kind': {" in module()
