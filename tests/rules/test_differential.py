"""The compiled checks and a JSON Schema validator judge random schemas and bodies alike."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rulewright.openapi.schemas import Schemas

from tests.rules.compiling import compile_checks
from tests.rules.test_compiler import FIELDS, bodies, values
from tests.rules.test_compiler import schemas as dialect

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


SCHEMAS = st.recursive(dialect(), lambda inner: st.one_of(dialect(), _keywords(inner).map(_few)), max_leaves=6)
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
