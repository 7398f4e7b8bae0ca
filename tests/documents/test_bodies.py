"""What a document demands of a body is demanded by its client before sending, and by its sandbox, alike."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import yaml

from tests.documents.test_styles import Shapes, client_of

pytestmark = pytest.mark.xdist_group("styles")

FREIGHT = """
type: object
properties:
  way: {type: string, enum: [air, sea, road]}
  flight: {type: string}
  vessel: {type: string}
  code: {type: string}
  phone: {type: string}
  tags: {type: array, items: {type: string}}
  weight: {type: number}
"""
CAT = "{type: object, required: [meow], properties: {meow: {type: integer}}, additionalProperties: false}"
DOG = "{type: object, required: [bark], properties: {bark: {type: string, minLength: 2}}, additionalProperties: false}"
RULE = """
  - id: few-meows
    level: error
    message: meow must be at most 3
    source: {at: '#/info/description', quote: three meows}
    if: {required: [meow]}
    then: {properties: {meow: {maximum: 3}}}
    examples: {passes: {meow: 3}, breaks: {meow: 4}}
"""
BODIES: dict[str, tuple[str, list[Any], list[Any]]] = {
    "if and then": (
        FREIGHT + "if: {properties: {way: {const: air}}, required: [way]}\nthen: {required: [flight]}\n"
        "else: {not: {required: [flight]}}",
        [{"way": "air", "flight": "x"}, {"way": "sea"}, {}],
        [{"way": "air"}, {"way": "sea", "flight": "x"}, {"flight": "x"}],
    ),
    "conditions in allOf": (
        FREIGHT + "allOf:\n- if: {properties: {way: {const: air}}, required: [way]}\n  then: {required: [flight]}\n"
        "- if: {properties: {way: {const: sea}}, required: [way]}\n  then: {required: [vessel]}",
        [{"way": "air", "flight": "x"}, {"way": "road"}],
        [{"way": "air"}, {"way": "sea"}],
    ),
    "dependent fields": (FREIGHT + "dependentRequired: {code: [phone]}", [{}, {"phone": "2"}], [{"code": "1"}]),
    "dependent schema": (
        FREIGHT + "dependentSchemas: {code: {properties: {weight: {maximum: 5}}, required: [weight]}}",
        [{"weight": 9}, {"code": "x", "weight": 5}],
        [{"code": "x"}, {"code": "x", "weight": 6}],
    ),
    "not both": (FREIGHT + "not: {required: [flight, vessel]}", [{"flight": "x"}], [{"flight": "x", "vessel": "y"}]),
    "true and false": (
        "{type: object, required: [a], properties: {a: true, b: false}, additionalProperties: false}",
        [{"a": None}, {"a": [1]}],
        [{}, {"a": 1, "b": 1}, {"a": 1, "c": 1}],
    ),
    "one of two": (
        FREIGHT + "oneOf: [{required: [flight]}, {required: [vessel]}]",
        [{"flight": "x"}],
        [{}, {"flight": "x", "vessel": "y"}],
    ),
    "any of two": (FREIGHT + "anyOf: [{required: [flight]}, {required: [vessel]}]", [{"flight": "x"}], [{}]),
    "counted fields": (
        FREIGHT + "minProperties: 1\nmaxProperties: 2", [{"way": "air"}], [{}, {"a": 1, "b": 2, "c": 3}]
    ),
    "no item twice": (
        "{type: object, properties: {tags: {type: array, uniqueItems: true}, n: {type: number, multipleOf: 0.01}}}",
        [{"tags": [1, 2], "n": 1.13}],
        [{"tags": [1, 1.0]}, {"n": 0.001}],
    ),
    "contains": (
        "{type: object, properties: {tags: {type: array, contains: {const: main}, maxContains: 1}}}",
        [{"tags": ["main", "a"]}],
        [{"tags": []}, {"tags": ["main", "main"]}],
    ),
    "names and patterns": (
        "{type: object, propertyNames: {pattern: '^[a-z]+$'}, patternProperties: {'^n': {type: integer}}}",
        [{"name": 1, "other": "x"}],
        [{"name": "x"}, {"A": 1}],
    ),
    "nothing else": (
        "{allOf: [{type: object, properties: {a: {type: integer}}}], unevaluatedProperties: false}",
        [{"a": 1}],
        [{"b": 1}],
    ),
    "a union": (f"{{oneOf: [{CAT}, {DOG}]}}", [{"meow": 1}, {"bark": "wow"}], [{}, {"bark": "w"}, {"meow": "x"}]),
    "a union of one": (f"{{oneOf: [{CAT}]}}", [{"meow": 1}], [{}, {"meow": "x"}]),
    "null or an object": (f"{{anyOf: [{CAT}, {{type: 'null'}}]}}", [{"meow": 1}, None], [{"meow": "x"}, 5]),
    "a list": (f"{{type: array, items: {CAT}, maxItems: 2}}", [[], [{"meow": 1}]], [{}, [{}], [{"meow": 1}] * 3]),
    "a list of free objects": ("{type: array, items: {type: object}}", [[{}, {"a": 1}]], [{}, [1], "x"]),
    "a map": (f"{{type: object, additionalProperties: {CAT}}}", [{"a": {"meow": 1}}], [{"a": {}}, []]),
    "a number": ("{type: integer, minimum: 3}", [3], [2, "3", {}]),
    "a text": ("{type: string, format: uuid}", ["00000000-0000-4000-8000-000000000000"], ["x", 1]),
    "bytes in JSON": (
        "{type: object, required: [value], properties: {value: {type: string, format: binary}}}",
        [{"value": "x"}],
        [{"value": 1}, {"value": None}],
    ),
    "a rule in an alternative": (
        "oneOf:\n- type: object\n  required: [meow]\n  properties: {meow: {type: integer}}\n  x-rules:"
        + RULE.replace("\n", "\n  ") + f"\n- {DOG}",
        [{"meow": 3}, {"bark": "wow"}],
        [{"meow": 4}],
    ),
    "read-only fields": (
        "{type: object, required: [id, name], properties: {id: {type: integer, readOnly: true}, name: {type: string}}}",
        [{"name": "x"}],
        [{}, {"name": 1}],
    ),
}  # fmt: skip
MEMBER = """
type: object
required: [id, name, secret]
properties: {id: {type: integer, readOnly: true}, name: {type: string}, secret: {type: string, writeOnly: true}}
"""
ODD = """
type: object
properties:
  made: {type: string, format: date-time}
  day: {type: string, format: date}
  at: {type: string, format: date-time}
  id: {type: string, format: uuid}
  kind: {type: string, enum: [a]}
  days: {type: array, items: {type: string, format: date}}
required: [made]
"""
ODD_REFERENCE = {"$ref": "#/components/schemas/Odd"}
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


def _id(shape: str) -> str:
    return "".join(word.capitalize() for word in shape.replace("-", " ").split())


@pytest.fixture(scope="module")
def bodies(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shapes]:
    """The client of all bodies."""
    paths: dict[str, Any] = {}
    for shape, (schema, _, _) in BODIES.items():
        content = {"application/json": {"schema": yaml.safe_load(schema)}}
        paths[f"/{_id(shape)}"] = _posting(f"send{_id(shape)}", content)
    for form in FORMS:
        schema = yaml.safe_load(
            "{type: object, required: [n], properties: {n: {type: integer, maximum: 3}, b: {type: boolean}}}"
        )
        paths[f"/{form}"] = _posting(f"send{form}", {form: {"schema": schema}})
    member = {"application/json": {"schema": {"$ref": "#/components/schemas/Member"}}}
    paths["/members"] = _posting("addMember", member)
    paths["/members"]["post"]["responses"] = {"201": {"description": "made", "content": member}}
    odd, wrong = ({"application/json": {"schema": each}} for each in (ODD_REFERENCE, {"type": "object", "title": "No"}))
    answers = {"201": {"description": "made", "content": odd}, "default": {"description": "no", "content": wrong}}
    paths["/odd"] = {"get": {"operationId": "getOdd", "responses": answers}}
    document = {
        "openapi": "3.1.0",
        "components": {"schemas": {"Member": yaml.safe_load(MEMBER), "Odd": yaml.safe_load(ODD)}},
        "info": {"title": "Bodies", "version": "1", "description": "A cat has three meows."},
        "servers": [{"url": "https://shapes.example"}],
        "paths": paths,
    }
    yield from client_of(document, tmp_path_factory.mktemp("bodies"), "body_shapes")


def _posting(name: str, content: Any) -> dict[str, Any]:
    body = {"required": True, "content": content}
    return {"post": {"operationId": name, "requestBody": body, "responses": {"204": {"description": "done"}}}}


@pytest.mark.parametrize("shape", BODIES)
def test_client_and_sandbox_take_the_same_bodies(bodies: Shapes, shape: str) -> None:
    """What fits is sent and accepted; what does not is refused before sending, and by the sandbox if it comes."""
    _, right, wrong = BODIES[shape]
    operation = bodies.operation(f"send{_id(shape)}")
    for body in right:
        bodies.client.call(operation, body=body)
    for body in wrong:
        sent = len(bodies.sent)
        with pytest.raises(bodies.package.RequestRefused) as refused:
            bodies.client.call(operation, body=body)
        assert len(bodies.sent) == sent
        with httpx.Client(transport=bodies.sandbox.transport()) as other:
            assert other.post(f"https://shapes.example/{_id(shape)}", json=body).status_code == 400, body
        assert {each.rule for each in refused.value.violations} <= {"schema", "few-meows"}


@pytest.mark.parametrize("form", FORMS)
def test_forms_are_checked_like_json(bodies: Shapes, form: str) -> None:
    """By the types of their fields, which are texts on the way only."""
    operation = bodies.operation(f"send{form}")
    bodies.client.call(operation, body={"n": 3, "b": True})
    for body in ({}, {"n": 4}, {"n": "x"}, {"n": 1, "b": "yes"}):
        with pytest.raises(bodies.package.RequestRefused):
            bodies.client.call(operation, body=body)


def test_a_field_travels_in_its_direction_only(bodies: Shapes) -> None:
    """A request needs nothing that only answers hold, and an answer nothing that only requests hold."""
    models = bodies.package._api.MODELS
    made = bodies.client.call(bodies.operation("addMember"), body=models.Member(name="x", secret="y"))  # noqa: S106
    assert made.id == 1
    assert made.to_dict().keys() == {"id", "name"}
    assert bodies.client.add_member(name="x", secret="y").name == made.name  # noqa: S106
    with pytest.raises(bodies.package.RequestRefused, match="secret is required"):
        bodies.client.call(bodies.operation("addMember"), body=models.Member(name="x"))


ANSWERS: dict[str, tuple[int, Any, str, Any]] = {
    "as documented": (201, {"day": "2026-01-02"}, "day", dt.date(2026, 1, 2)),
    "another success": (200, {"day": "2026-01-02"}, "day", dt.date(2026, 1, 2)),
    "an odd date": (201, {"day": "2 January", "at": "2026-01-02T00:00:00Z"}, "day", "2 January"),
    "no date at all": (201, {"day": "", "at": "never"}, "at", "never"),
    "an odd identifier": (201, {"id": "7"}, "id", "7"),
    "null": (201, {"id": None, "kind": "a"}, "kind", "a"),
    "a new word": (201, {"kind": "b"}, "kind", "b"),
    "an odd date that is required": (201, {"made": "soon"}, "made", "soon"),
    "an odd date in a list": (201, {"days": ["2026-01-02", "soon"]}, "days", [dt.date(2026, 1, 2), "soon"]),
}


@pytest.mark.parametrize("shape", ANSWERS)
def test_an_answer_is_not_lost_for_an_odd_value(bodies: Shapes, shape: str) -> None:
    """A success is read as the documented one, and never as an error; what cannot be read is kept as it came."""
    status, answer, name, value = ANSWERS[shape]
    transport = httpx.MockTransport(lambda _: httpx.Response(status, json={"made": "2026-01-02T00:00:00Z", **answer}))
    with bodies.package.Client("sandbox", base_url="https://shapes.example", transport=transport) as client:
        found = client.call(bodies.operation("getOdd"))
    assert type(found).__name__ == "Odd"
    assert getattr(found, name) == value
    assert found.to_dict().get(name) == answer[name]


def test_bytes_in_json_are_a_text(bodies: Shapes) -> None:
    """There, a model has no file, which no JSON could hold."""
    assert bodies.client.send_bytes_in_json(value="x") is None
    assert bodies.sent[-1].content == b'{"value":"x"}'
