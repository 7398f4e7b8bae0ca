"""Compiled rules agree with JSON Schema, for every schema of the dialect and every JSON value."""

from __future__ import annotations

import re
from typing import Any

import jsonschema_rs
from hypothesis import example, given, settings
from hypothesis import strategies as st
from rulewright.rules.dialect import lower
from rulewright.rules.expression import Compiler, mismatches, negate, render
from rulewright.runtime import _values
from rulewright.runtime._values import ABSENT

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
