"""The look at a glance: it lets through what is right, never what is not, and agrees with the close look."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mountsea_gemini_api import rules
from mountsea_gemini_api.models import VideoGenerationDto
from mountsea_gemini_api.rules import _values
from mountsea_gemini_api.rules import video_generation_dto as compiled
from mountsea_gemini_api.types import UNSET
from rulewright.generate.glance import Glance, Plain, Question, known_fields, look, questions
from rulewright.rules.definition import Rule, Source

from tests.rules.test_compiler import PATTERNS, WORDS, rule_schemas
from tests.rules.test_expected import every_case

IMAGE = {"prompt": "a cat", "action": "img2video", "model": "veo3_fast", "imageList": ["https://example.com/1.png"]}


def test_every_request_of_the_table_is_judged_at_a_glance() -> None:
    """What they break is told, and nothing of those that break nothing; a list of odd items is looked at closely."""
    for case in every_case():
        found = compiled.look(VideoGenerationDto.from_dict(case.body))
        expected = [each.rule for each in case.expected]
        assert (found is None) is ("images-are-http-urls" in expected)
        assert found is None or [rule.id for rule, _, _ in found] == expected


@pytest.mark.parametrize(
    ("attribute", "value"),
    [
        ("prompt", 1),
        ("prompt", None),
        ("prompt", UNSET),
        ("action", "dance"),
        ("action", rules.unlisted("dance")),
        ("model", "veo9"),
        ("model", None),
        ("image_list", None),
        ("image_list", "https://example.com/1.png"),
        ("image_list", ("https://example.com/1.png",)),
        ("image_list", [1]),
        ("image_list", ["https://example.com/1.png", None]),
        ("aspect_ratio", "4:3"),
        ("aspect_ratio", None),
        ("translation", 1),
        ("translation", "yes"),
        ("additional_properties", {"imageList": []}),
        ("additional_properties", {"aspectRatio": 1}),
        ("action", ["img2video"]),
        ("model", ["veo3_fast"]),
        ("model", rules.unlisted("veo3_fast")),
        ("image_list", ["1.png"]),
    ],
)
def test_what_does_not_plainly_fit_is_looked_at_closely(attribute: str, value: Any) -> None:
    """The glance says no, and the close look gives what it gives for the JSON object."""
    model = VideoGenerationDto.from_dict(IMAGE)
    setattr(model, attribute, value)
    assert compiled.look(model) is None
    assert rules.violations(model) == rules.violations({**model.to_dict()})


DEFINITIONS = {"#/Word": {"type": "string", "enum": ["x"]}, "#/Again": {"$ref": "#/Again"}}


@pytest.mark.parametrize(
    ("form", "plain"),
    [
        ({"type": "string"}, Plain("string", required=False)),
        ({"type": "string", "minLength": 1, "maxLength": 2}, Plain("string", required=False)),
        ({"type": "string", "enum": ["x"]}, Plain("string", required=False)),
        ({"$ref": "#/Word"}, Plain("string", required=False)),
        ({"type": "boolean"}, Plain("boolean", required=False)),
        ({"type": "integer", "minimum": 1, "maximum": 2}, Plain("integer", required=False)),
        ({"type": "number"}, Plain("number", required=False)),
        ({"type": "array"}, Plain("array", required=False)),
        ({"type": "array", "items": {"$ref": "#/Word"}, "minItems": 1, "maxItems": 2},
         Plain("array", required=False, items="string")),
        ({}, None),
        ({"$ref": "#/Again"}, None),
        ({"type": "null"}, None),
        ({"type": "object"}, None),
        ({"type": ["string", "null"]}, None),
        ({"type": "string", "nullable": True}, None),
        ({"type": "string", "enum": ["x", None]}, None),
        ({"type": "string", "enum": ["x"], "minLength": 1}, None),
        ({"type": "string", "pattern": "x"}, None),
        ({"type": "integer", "enum": [1]}, None),
        ({"type": "integer", "exclusiveMinimum": 1}, None),
        ({"type": "boolean", "not": {}}, None),
        ({"type": "array", "items": {"type": "array"}}, None),
        ({"type": "array", "items": {"type": "object"}}, None),
        ({"enum": ["x"]}, None),
        ({"anyOf": [{}]}, None),
    ],
)  # fmt: skip
def test_what_is_known_of_a_field(form: Any, plain: Plain | None) -> None:
    """A plain field is let through by its type; of any other only the absence is, so it must be optional."""
    shape = {"type": "object", "properties": {"a": form}}
    expected = plain or Plain(None, required=False)
    assert known_fields(shape, DEFINITIONS) == {"a": expected}
    required = known_fields({**shape, "required": ["a"]}, DEFINITIONS)
    assert required == (plain and {"a": Plain(plain.kind, required=True, items=plain.items)})


@pytest.mark.parametrize(
    "more",
    [
        {"type": "array"}, {"type": ["object"]}, {"allOf": []}, {"additionalProperties": {"type": "null"}},
        {"required": ["b"]}, {"minProperties": 1},
    ],
)  # fmt: skip
def test_a_schema_that_takes_a_closer_look(more: dict[str, Any]) -> None:
    """What a glance cannot see all of is left to the close look."""
    shape = {"type": "object", "properties": {"a": {"type": "string"}}}
    assert known_fields(shape, {}) == {"a": Plain("string", required=False)}
    assert known_fields({**shape, **more}, {}) is None


def test_an_object_without_properties_is_known_at_a_glance() -> None:
    """Nothing is known of it but that it is an object."""
    assert known_fields({"type": "object"}, {}) == {}


class Body:
    """A model of made-up fields."""

    def __init__(self, values: dict[str, Any]) -> None:
        self.additional_properties: dict[str, Any] = {}
        self.a, self.b, self.c = (values.get(name, UNSET) for name in "abc")


def function(statements: Iterable[str], patterns: dict[str, str]) -> Callable[[Any], Any]:
    """Return a function of a body whose fields are variables, as the generated module has it."""
    lines = ["def made(body):", "    a, b, c = body.a, body.b, body.c", *statements]
    names = {**vars(_values), **{name: re.compile(text) for text, name in patterns.items()}}
    exec("\n".join(lines), names)  # noqa: S102  our own text
    made: Callable[[Any], Any] = names["made"]
    return made


def kept(condition: Any, requirement: Any, known: dict[str, Plain], *, asked: Iterable[Question] = ()) -> Any:
    """Return the function that says () of a body that keeps a rule, "broken" of one that does not, or None."""
    glance = Glance(lambda owner, name: name if owner == "body" else f"member({owner}, {name!r})", known=known)
    rule = Rule("r", "error", "m", Source("#/", "q"), condition, requirement, {}, {}, ())
    statements = list(look(tuple(asked), [rule], glance, "'broken'"))
    return function(statements, glance.patterns)


SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": True,
    "properties": {
        "a": {"type": "string", "maxLength": 5},
        "b": {"type": "array", "items": {"type": "string"}, "maxItems": 2},
        "c": {"type": "integer", "minimum": -1, "maximum": 3},
    },
    "required": ["a"],
}
LOCAL = {"a": "a", "b": "b", "c": "c"}
KNOWN = {
    "a": Plain("string", required=True),
    "b": Plain("array", required=False, items="string"),
    "c": Plain("integer", required=False),
}
texts = st.sampled_from(WORDS)
FORMS = {
    "a": texts | st.none() | st.just("x" * 5) | st.just("x" * 6),
    "b": st.lists(texts, max_size=3) | st.lists(st.none(), max_size=1) | st.just(()),
    "c": st.integers(-2, 4) | st.booleans() | st.just(1.0),
}
some_bodies = st.fixed_dictionaries({}, optional=FORMS)
fitting_bodies = st.fixed_dictionaries(
    {"a": texts}, optional={"b": st.lists(texts, max_size=2), "c": st.integers(-1, 3)}
)


@settings(max_examples=300, deadline=None)
@given(body=some_bodies)
def test_nothing_is_let_through_that_the_schema_refuses(body: dict[str, Any]) -> None:
    """The glance accepts a body only if a JSON Schema validator does, and all that are of exact types."""
    glance = kept(True, True, {}, asked=questions(SCHEMA, {}, KNOWN, LOCAL))
    plain = all(type(body[name]) is kind for name, kind in (("a", str), ("b", list), ("c", int)) if name in body)
    fits = plain and jsonschema_rs.Draft202012Validator(SCHEMA).is_valid(body)
    assert glance(Body(body)) == (() if fits else None)


@settings(max_examples=400, deadline=None)
@given(condition=rule_schemas(), requirement=rule_schemas(), body=fitting_bodies, again=st.booleans())
def test_rules_at_a_glance_mean_what_json_schema_says(
    condition: Any, requirement: Any, body: dict[str, Any], again: bool
) -> None:
    """What is known of the fields shortens the question; the answer stays that of a JSON Schema validator."""
    asked = questions(SCHEMA, {}, KNOWN, LOCAL) if again else ()
    found = kept(condition, requirement, KNOWN, asked=asked)(Body(body))
    if found is None:
        fits = jsonschema_rs.Draft202012Validator(SCHEMA).is_valid(body)
        assert again
        assert not fits or "items" in f"{condition}{requirement}"  # of a list whose items are wrong nothing is said
    else:
        expected = jsonschema_rs.Draft202012Validator({"if": condition, "then": requirement}).is_valid(body)
        assert found == (() if expected else "broken")


def test_a_field_is_known_to_be_there_before_it_is_looked_into() -> None:
    """What proves a field present stands before what relies on it, however the rule orders them."""
    known = {"a": Plain("string", required=True), "b": Plain("array", required=False, items="string")}
    for inner in ({"not": {"items": False}, "const": None}, {"minItems": 1}, {"items": {"const": "x"}, "minItems": 1}):
        for condition in ({"properties": {"b": inner}, "required": ["b"]}, {"allOf": [{"properties": {"b": inner}}]}):
            for first, then in ((condition, False), (True, condition)):
                glance = kept(first, then, known)
                validator = jsonschema_rs.Draft202012Validator({"if": first, "then": then})
                for body in ({"a": "x"}, {"a": "x", "b": []}, {"a": "x", "b": ["x"]}, {"a": "x", "b": ["x", "y"]}):
                    assert (glance(Body(body)) == ()) is validator.is_valid(body), (first, then, body)


def test_the_patterns_of_the_properties_are_used() -> None:
    """The random schemas above hold regular expressions, which must reach the function that is run."""
    assert r"\S" in PATTERNS
    glance = kept(True, {"properties": {"a": {"pattern": "^x"}}}, {"a": Plain("string", required=True)})
    assert [glance(Body({"a": text})) for text in ("xy", "yx")] == [(), "broken"]


@pytest.mark.parametrize(
    "text", ["", " ", "!", "~", "~a", "\x7f", "é", "\ufeff", "\xa0", "\x85", "\x1c", " a", "\ufeffa"]
)
def test_white_space_is_that_of_json_schema(text: str) -> None:
    """Whatever a text begins with, the short cut for those that begin with a letter changes nothing."""
    requirement = {"properties": {"a": {"pattern": r"\S"}}}
    glance = kept(True, requirement, {"a": Plain("string", required=True)})
    expected = jsonschema_rs.Draft202012Validator(requirement).is_valid({"a": text})
    assert glance(Body({"a": text})) == (() if expected else "broken")
