"""Compiled rules and checks agree with a JSON Schema validator, for every schema and every JSON value."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from mountsea_gemini.raw.models import TaskIdDto
from mountsea_gemini.raw.types import UNSET
from rulewright.openapi.schemas import Schemas
from rulewright.rules.definition import Rule, Source
from rulewright.rules.dialect import check, lower
from rulewright.rules.expression import Compiler, mismatches, negate, render
from rulewright.runtime import _values
from rulewright.runtime._values import ABSENT

from tests.rules.compiling import compile_checks

FIELDS = ("a", "b", "c")
WORDS = ("x", "y", "https://h/", " ", "é\n", "")
PATTERNS = (r"\S", "^x", "y$", r"^[a-z]+$", r"^https?://[^/?#\s]", r"^\d{1,2}$", ".")

scalars = st.one_of(
    st.none(), st.booleans(), st.integers(-2, 3), st.sampled_from([0.5, 1.0, 2.5]), st.sampled_from(WORDS)
)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS), inner), max_leaves=6
)
bodies = st.dictionaries(st.sampled_from(FIELDS), values, max_size=3)


def schemas() -> st.SearchStrategy[Any]:
    """Any schema of the dialect, down to a modest depth."""
    leaves = st.one_of(
        st.booleans(),
        st.builds(lambda v: {"const": v}, scalars),
        st.builds(lambda v: {"enum": v}, st.lists(scalars, min_size=1, max_size=3)),
        st.builds(
            lambda v: {"type": v},
            st.sampled_from(["string", "number", "integer", "boolean", "array", "object", "null"]),
        ),
        st.builds(lambda v: {"pattern": v}, st.sampled_from(PATTERNS)),
        st.dictionaries(
            st.sampled_from(["minItems", "maxItems", "minLength", "maxLength"]), st.integers(0, 3), min_size=1
        ),
        st.dictionaries(
            st.sampled_from(["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"]),
            st.integers(-1, 3),
            min_size=1,
        ),
        st.builds(lambda v: {"required": v}, st.lists(st.sampled_from(FIELDS), unique=True)),
    )
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.builds(lambda v: {"properties": v}, st.dictionaries(st.sampled_from(FIELDS), inner, max_size=2)),
            st.builds(
                lambda p, r: {"properties": p, "required": r},
                st.dictionaries(st.sampled_from(FIELDS), inner, min_size=1, max_size=2),
                st.lists(st.sampled_from(FIELDS), unique=True),
            ),
            st.builds(lambda v: {"items": v}, inner),
            st.builds(lambda v: {"not": v}, inner),
            st.builds(lambda v: {"allOf": v}, st.lists(inner, min_size=1, max_size=2)),
            st.builds(lambda v: {"anyOf": v}, st.lists(inner, min_size=1, max_size=2)),
        ),
        max_leaves=5,
    )


def rule_schemas() -> st.SearchStrategy[Any]:
    """Any schema a rule may hold: at the level of the body it has properties only."""
    inner = st.dictionaries(st.sampled_from(FIELDS), schemas(), max_size=2)
    plain = st.builds(
        lambda p, r: {"properties": p, "required": r}, inner, st.lists(st.sampled_from(FIELDS), unique=True)
    )
    return st.recursive(
        plain | st.booleans(),
        lambda part: st.one_of(
            st.builds(lambda v: {"not": v}, part),
            st.builds(lambda v: {"allOf": v}, st.lists(part, min_size=1, max_size=2)),
            st.builds(lambda v: {"anyOf": v}, st.lists(part, min_size=1, max_size=2)),
        ),
        max_leaves=3,
    )


def evaluate(compiler: Compiler, text: str, body: dict[str, Any]) -> Any:
    """Evaluate compiled text over a body, as the generated module would."""
    names: dict[str, Any] = {f"field_{name}": body.get(name, ABSENT) for name in FIELDS}
    names |= {name: re.compile(pattern) for pattern, name in compiler.patterns.items()}
    return eval(text, {**vars(_values), **names})  # noqa: S307  our own text


def compiler() -> Compiler:
    """Return a compiler over the three fields."""
    result = Compiler(lambda owner, name: f"field_{name}" if owner == "body" else f"member({owner}, {name!r})")
    result.objects.add("body")
    return result


@settings(max_examples=400, deadline=None)
@given(schema=rule_schemas(), body=bodies)
def test_an_expression_holds_exactly_where_the_schema_accepts(schema: Any, body: dict[str, Any]) -> None:
    """The expression and its negation agree with a JSON Schema 2020-12 validator on every body."""
    expected = jsonschema_rs.Draft202012Validator(schema).is_valid(body)
    subject = compiler()
    expression = subject.holds(schema, "body")
    assert bool(evaluate(subject, render(expression), body)) is expected
    assert bool(evaluate(subject, render(negate(expression)), body)) is not expected


@settings(max_examples=400, deadline=None)
@given(schema=rule_schemas(), body=bodies)
@example(schema={"properties": {"a": {"not": {"required": ["b"]}}}}, body={"a": "no object"})
def test_mismatches_are_found_exactly_where_the_schema_refuses(schema: Any, body: dict[str, Any]) -> None:
    """A body has mismatches if and only if the schema refuses it."""
    expected = jsonschema_rs.Draft202012Validator(schema).is_valid(body)
    subject = compiler()
    found = mismatches(schema, "body", "", subject)
    broken = False
    for mismatch in found:
        text = render(mismatch.condition)
        if mismatch.items is not None:
            text = f"({text}) and any({render(negate(mismatch.items))} for item in {mismatch.value})"
        broken = broken or bool(evaluate(subject, text, body))
    assert broken is not expected


@settings(max_examples=400, deadline=None)
@given(schema=rule_schemas(), body=bodies)
def test_lowering_to_openapi_3_0_keeps_the_meaning(schema: Any, body: dict[str, Any]) -> None:
    """A schema lowered to OpenAPI 3.0 words accepts the same bodies under draft 4, which 3.0 is based on."""
    given_30 = lower(schema, "3.0.3")
    assert jsonschema_rs.Draft4Validator(given_30).is_valid(body) is jsonschema_rs.Draft202012Validator(
        lower(schema, "3.1.0")
    ).is_valid(body)


FORMATS = ("date", "date-time", "time", "uuid", "email", "ipv4", "ipv6", "uri", "hostname", "duration", "int32")
TEXTS = (
    "2026-02-28", "2026-02-30", "2026-01-01T00:00:00Z", "2026-01-01T00:00:00", "2016-12-31t23:59:60+01:00", "1.2.3.4",
    "::1", "a@b", "http://h/?q#f", "00000000-0000-0000-0000-000000000007", "-a.b", "a" * 64, "x y", "12:30:00Z",
)  # fmt: skip
NUMBERS = (0.1, 0.3, 1.13, 4, 10**20, 1e300, -2.5, 1.0)


def _map(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.dictionaries(st.sampled_from(FIELDS), inner, min_size=1, max_size=2)


def _keywords(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Any object of keywords, of which those that belong together often stand together."""
    names = st.lists(st.sampled_from(FIELDS), unique=True, max_size=2)
    some = st.lists(inner, min_size=1, max_size=3)
    count = st.integers(0, 2)
    kinds = st.sampled_from(["object", "object", "object", "array", "string", "number", ["object", "null"]])
    return st.fixed_dictionaries(
        {},
        optional={
            "type": kinds, "properties": _map(inner), "required": names, "if": inner, "then": inner, "else": inner,
            "dependentRequired": _map(names), "dependentSchemas": _map(inner), "minProperties": count,
            "maxProperties": count, "propertyNames": inner, "additionalProperties": inner | st.just(False),
            "patternProperties": st.fixed_dictionaries({"^[ab]": inner}), "unevaluatedProperties": st.just(False),
            "allOf": some, "anyOf": some, "oneOf": some, "not": inner, "uniqueItems": st.booleans(), "contains": inner,
            "minContains": count, "maxContains": count, "prefixItems": some, "items": inner, "nullable": st.booleans(),
            "multipleOf": st.sampled_from([0.1, 0.01, 2, 3]), "format": st.sampled_from(FORMATS),
            "$ref": st.just("#/Part"),
        },
    )  # fmt: skip


def _few(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a schema with at most four of its keywords: one with all of them accepts nothing."""
    return dict(list(schema.items())[:4])


def _without_references(schema: Any) -> Any:
    """Return a schema without references, which could be circular."""
    if isinstance(schema, list):
        return [*map(_without_references, schema)]
    if not isinstance(schema, dict):
        return schema
    return {key: _without_references(child) for key, child in schema.items() if key != "$ref"}


SCHEMAS = st.recursive(schemas(), lambda inner: st.one_of(schemas(), _keywords(inner).map(_few)), max_leaves=6)
VALUES = st.one_of(bodies, values, st.sampled_from(TEXTS), st.sampled_from(NUMBERS), st.lists(values, max_size=4))


def agree(schema: Any, part: Any, value: Any) -> None:
    """Compare the verdicts on a value, unless a keyword is named as unchecked."""
    if not isinstance(schema, dict):
        schema = {} if schema else {"not": {}}
    part = _without_references(part) if isinstance(part, dict) else {}
    document = {"openapi": "3.1.0", "S": schema, "Part": part}
    expected = Schemas(document, "request").validator(schema).is_valid(value)
    if "unevaluatedProperties" in f"{schema}{part}" and expected is False:
        return  # named as a gap where alternatives or conditions stand beside it
    from mountsea_gemini.raw.models import TaskIdDto

    found = compile_checks(schema, Part=part).violations(value, model=TaskIdDto)
    assert (not found) is expected, f"{schema}, {part}, {value}: {found}"


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(schema=SCHEMAS, part=SCHEMAS, value=VALUES)
def test_some_schemas(schema: Any, part: Any, value: Any) -> None:
    """A small sample; the next test runs a large one."""
    agree(schema, part, value)


@pytest.mark.heavy
@settings(max_examples=3_000, deadline=None, suppress_health_check=[HealthCheck.too_slow], report_multiple_bugs=False)
@given(schema=SCHEMAS, part=SCHEMAS, value=VALUES)
def test_many_schemas(schema: Any, part: Any, value: Any) -> None:
    """The large sample."""
    agree(schema, part, value)


ATTRIBUTES = {
    "class": "class_", "self": "self_", "body": "body", "type": "type_", "found": "found", "found_": "found_",
    "len": "len_", "item": "item", "get": "get", "a/b~c": "abc", "猫": "猫", "isinstance": "isinstance", "": "field",
}  # fmt: skip
"""Names that a property may have, and the attribute that a generator could give each."""
NAMES = tuple(ATTRIBUTES)
ODD = '\'; raise SystemExit #\n\\"""'


def p(name: str, **schema: Any) -> dict[str, Any]:
    """Return the schema of a body whose property, if there, fits a schema."""
    return {"properties": {name: schema}}


def has(name: str, **schema: Any) -> dict[str, Any]:
    """Return the schema of a body that has a property, which fits a schema."""
    return {**p(name, **schema), "required": [name]}


CASES: list[tuple[Any, Any]] = [
    (True, {"allOf": [{"allOf": [p("class", minItems=1), {"anyOf": [has("self"), p("body", const="x")]}]}]}),
    (has("type", const="x"), {"allOf": [has("len"), {"not": has("item", const=1)}]}),
    (has("found", const=1.0), p("found_", const=1)),
    (has("found_", const=True), p("found", const=0)),
    (has("class", enum=[1, "1", None, True, [1], {"a": 1}]), p("self", enum=[False, 0.5, ODD])),
    (has("a/b~c", const=ODD), p("猫", const=ODD)),
    (has("猫", const="猫"), has("a/b~c", pattern=r"^\d\w\s.$")),
    (has("", type="string"), p("", minLength=2)),
    ({"not": has("")}, {"not": {"required": ["get"]}}),
    (p("isinstance", type="integer"), has("isinstance", minimum=1, exclusiveMaximum=2)),
    (has("body", items={"const": 1}), p("body", items={"not": {"const": 1.0}}, minItems=1)),
    (has("body", type="object", required=["class"]), p("body", properties={"class": {"items": {"enum": [None, ""]}}})),
    (has("get", type="array", maxItems=0), False),
    ({"anyOf": [has("item"), has("len")]}, {"anyOf": [{"not": has("item")}, {"not": has("len")}]}),
    (has("type", pattern=r"[\]\[^-]"), p("type", pattern="^(?:a|b$)+?")),
]
ODD_VALUES: tuple[Any, ...] = (
    UNSET, None, True, False, 0, 1, 1.0, 1.5, 2, "", "1", "x", "ab", "猫", "1_ x", ODD, [], [1], [True], [1.0, 2],
    ["", 1], {}, {"a": 1}, {"a": True}, {"class": [None, ""]}, {"class": [0]},
)  # fmt: skip


class Anything(TaskIdDto):
    """A model that holds any value under any attribute, as one with an empty schema would."""

    def __init__(self, body: Mapping[str, Any]) -> None:
        self.additional_properties: dict[str, Any] = {}
        for name, attribute in ATTRIBUTES.items():
            setattr(self, attribute, body.get(name, UNSET))


@pytest.mark.parametrize(("condition", "requirement"), CASES)
def test_a_rule_means_the_same_after_generation(condition: Any, requirement: Any) -> None:
    """For every pair of values of its fields the module and the validator agree, as object and as model."""
    for schema in (condition, requirement):
        check(schema)
    text = str((condition, requirement))
    used = [name for name in NAMES if f"'{name}'" in text]
    odd = Rule("odd", "error", ODD, Source("#/", ODD), condition, requirement, {}, {}, ())
    schema = {"type": "object", "properties": {name: {} for name in NAMES}}
    checks = compile_checks(schema, [odd], attributes=ATTRIBUTES)
    validator = jsonschema_rs.Draft202012Validator({"if": condition, "then": requirement})
    for values in itertools.product(ODD_VALUES, repeat=min(2, len(used))):
        body = {name: value for name, value in zip(used, values, strict=False) if value is not UNSET}
        expected = validator.is_valid(body)
        for value in (body, Anything(body)):
            found = checks.violations(value, model=TaskIdDto)
            assert (not found) is expected, (value, found)
