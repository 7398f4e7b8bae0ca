"""A whole request is judged: its parameters by their rules, its body as ever, a list of bodies item by item."""

from __future__ import annotations

import datetime as dt
import warnings
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from mountsea_gemini_api import rules
from mountsea_gemini_api.models import VideoGenerationDto
from mountsea_gemini_api.operations import GENERATE_VIDEO, GET_TASK_RESULT
from mountsea_gemini_api.rules import Rule, RuleViolation, RuleWarning, Source, _inner, _nearest
from mountsea_gemini_api.rules import _engine as engine
from mountsea_gemini_api.rules import video_generation_dto as compiled
from mountsea_gemini_api.rules._arguments import Arguments, plain
from mountsea_gemini_api.rules._violation import ABSENT, Broken
from mountsea_gemini_api.types import UNSET

ONE = "https://example.com/1.png"
RIGHT: dict[str, Any] = {"prompt": "a cat", "action": "img2video", "model": "veo3_fast", "imageList": [ONE]}
WRONG = {name: value for name, value in RIGHT.items() if name != "imageList"}
LONG = Rule("ids-are-short", "error", "task_id must be short", "#/paths/x/get", Source("#/at", "words"))
DOUBTED = Rule("ids-are-words", "warning", "task_id must be a word", "#/paths/x/get", Source("#/at", "words"))


def broken(task_id: Any) -> list[Broken]:
    """Return what an id breaks."""
    found: list[Broken] = [(LONG, "/taskId", task_id)] if isinstance(task_id, str) and len(task_id) > 3 else []
    return [*found, *([(DOUBTED, "/taskId", task_id)] if task_id == "7" else [])]


PARAMETERS = engine.RuleSet(
    model=Arguments,
    rules=(LONG, DOUBTED),
    fields=("taskId",),
    domains={},
    look=engine.unseen,
    model_values=lambda arguments: (plain(arguments.get("task_id", UNSET)),),
    json_values=lambda body: (body.get("taskId", UNSET),),
    broken=broken,
)


@pytest.fixture(autouse=True)
def _ruled(monkeypatch: pytest.MonkeyPatch) -> None:
    """The operation that tells of a task has rules of its parameters."""
    monkeypatch.setattr(rules, "PARAMETERS", {GET_TASK_RESULT.id: PARAMETERS})
    monkeypatch.setattr(rules, "RULES", {**rules.RULES, LONG.id: LONG, DOUBTED.id: DOUBTED})


def model(body: dict[str, Any]) -> VideoGenerationDto:
    """Return a body as the client has it."""
    return VideoGenerationDto.from_dict(body)


def told(operation: Any, arguments: dict[str, Any], **options: Any) -> list[str]:
    """Return rule and place of everything a request breaks."""
    return [f"{each.rule} {each.pointer}" for each in rules.request_violations(operation, arguments, **options)]


def test_parameters_are_judged_by_the_rules_of_their_operation() -> None:
    """By their keywords; those of another operation have none, and what is waived is not told."""
    assert told(GET_TASK_RESULT, {"task_id": "long"}) == ["ids-are-short /taskId"]
    assert told(GET_TASK_RESULT, {"task_id": "abc"}) == []
    assert told(GET_TASK_RESULT, {}) == []
    assert told(GENERATE_VIDEO, {"task_id": "long"}) == []
    assert told(GET_TASK_RESULT, {"task_id": "long"}, waive={"ids-are-short"}) == []


def test_a_body_is_judged_after_the_parameters() -> None:
    """In that order, by its schema and its rules; what is no model is left to others."""
    arguments = {"task_id": "long", "body": model(WRONG)}
    assert told(GET_TASK_RESULT, arguments) == ["ids-are-short /taskId", "img2video-needs-images /imageList"]
    assert told(GENERATE_VIDEO, {"body": model(WRONG)}) == ["img2video-needs-images /imageList"]
    assert told(GENERATE_VIDEO, {"body": model(WRONG)}, waive={"img2video-needs-images"}) == []
    assert told(GENERATE_VIDEO, {"body": "text"}) == []
    assert told(GENERATE_VIDEO, {"body": WRONG}) == []
    assert told(GENERATE_VIDEO, {"body": model({**RIGHT, "prompt": 5})}) == ["schema /prompt"]


def test_the_items_of_a_list_are_judged_each_in_its_place() -> None:
    """What is no model among them is left to others."""
    body = [model(RIGHT), "text", model(WRONG)]
    assert told(GENERATE_VIDEO, {"body": body}) == ["img2video-needs-images /2/imageList"]
    assert told(GENERATE_VIDEO, {"body": body}, waive={"img2video-needs-images"}) == []
    assert told(GET_TASK_RESULT, {"task_id": "long", "body": body}) == [
        "ids-are-short /taskId",
        "img2video-needs-images /2/imageList",
    ]


def test_a_waiver_that_names_no_rule_is_a_mistake() -> None:
    """The document's own schema can be waived too."""
    assert told(GENERATE_VIDEO, {"body": model({**RIGHT, "prompt": 5})}, waive={"schema"}) == []
    with pytest.raises(ValueError, match="there is no rule 'ids-are-shor' to waive; did you mean 'ids-are-short'"):
        told(GET_TASK_RESULT, {"task_id": "abc"}, waive={"ids-are-shor"})


def test_a_request_is_refused_or_doubted() -> None:
    """Stated rules refuse; inferred ones warn the caller, and refuse where that is wanted."""
    with pytest.raises(RuleViolation) as refused:
        rules.validate_request(GET_TASK_RESULT, {"task_id": "long"})
    assert [each.rule for each in refused.value.violations] == ["ids-are-short"]
    with pytest.warns(RuleWarning, match="ids-are-words"):
        rules.validate_request(GET_TASK_RESULT, {"task_id": "7"})
    with pytest.raises(RuleViolation, match="ids-are-words"):
        rules.validate_request(GET_TASK_RESULT, {"task_id": "7"}, strict=True)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        rules.validate_request(GET_TASK_RESULT, {"task_id": "7"}, waive={"ids-are-words"})
        rules.validate_request(GENERATE_VIDEO, {"body": model(RIGHT)})


def _outside(depth: int) -> None:
    rules.validate_request(GET_TASK_RESULT, {"task_id": "7"}, stacklevel=depth)


def test_a_request_warns_its_caller() -> None:
    """Where the call stands."""
    with pytest.warns(RuleWarning) as caught:
        rules.validate_request(GET_TASK_RESULT, {"task_id": "7"})
    assert caught[0].filename == __file__


def test_the_frames_between_a_request_and_its_warning_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """One more than was asked for, since the check itself is one."""
    seen: list[dict[str, Any]] = []
    monkeypatch.setattr(rules, "enforce", lambda _, **options: seen.append(options))
    rules.validate_request(GET_TASK_RESULT, {"task_id": "7"})
    rules.validate_request(GET_TASK_RESULT, {"task_id": "7"}, strict=True, stacklevel=5)
    rules.validate_request(GET_TASK_RESULT, {"task_id": "abc"})
    assert seen == [{"strict": False, "stacklevel": 3}, {"strict": True, "stacklevel": 6}]


def test_the_caller_to_blame_can_be_further_out() -> None:
    """As in `warnings.warn`."""
    with pytest.warns(RuleWarning) as caught:
        _outside(3)
    assert caught[0].lineno == test_the_caller_to_blame_can_be_further_out.__code__.co_firstlineno + 3


def cases() -> Iterator[dict[str, Any]]:
    """Yield every combination of action, model and number of images, and prompts that are blank or not."""
    for action in ("text2video", "img2video", "ingredients2video"):
        for name in ("veo3_fast", "veo31_fast", "veo31_fast_ingredients"):
            for count in (None, 0, 1, 2, 3, 4):
                for prompt in ("a cat", " ", "!", "~", "\u00a0", "\u732b"):
                    images = {} if count is None else {"imageList": [ONE] * count}
                    yield {"prompt": prompt, "action": action, "model": name, **images}


def test_a_look_at_a_right_request_is_the_end_of_it() -> None:
    """What plainly fits and keeps every rule gives nothing at once; what breaks one gives all it breaks."""
    for body in cases():
        given = model(body)
        found = compiled.broken(*compiled.model_values(given))
        assert compiled.look(given) == (found or ()), body


FIRST = compiled.RULE_SET.rules[0].id
PART = {"$ref": "#/part"}
PARTS: list[tuple[dict[str, Any], Any, list[str]]] = [
    ({"properties": {"a": PART}}, {"a": WRONG}, ["/a"]),
    ({"properties": {"a": PART}}, {"a": RIGHT, "b": WRONG}, []),
    ({"properties": {"a": PART}}, {"a": "text"}, []),
    ({"properties": {"a~/b": PART}}, {"a~/b": WRONG}, ["/a~0~1b"]),
    ({"additionalProperties": PART, "properties": {"a": {}}}, {"a": WRONG, "b": WRONG}, ["/b"]),
    ({"additionalProperties": False}, {"a": WRONG}, []),
    ({"items": PART}, [RIGHT, WRONG, WRONG], ["/1", "/2"]),
    ({"items": PART}, (WRONG,), ["/0"]),
    ({}, [WRONG], []),
    ({"properties": {"a": {"allOf": [{}, PART]}}}, {"a": WRONG}, ["/a"]),
    ({"allOf": [{"properties": {"a": PART}}]}, {"a": WRONG}, ["/a"]),
    ({"properties": {"a": {"oneOf": [PART, {"type": "string"}]}}}, {"a": WRONG}, ["/a"]),
    ({"properties": {"a": {"anyOf": [PART, {"type": "string"}]}}}, {"a": WRONG}, ["/a"]),
    ({"properties": {"a": {"oneOf": [PART, {"type": "object"}]}}}, {"a": WRONG}, []),
    (
        {"properties": {"a": {"oneOf": [{"type": "string"}, {"properties": {"b": PART}}]}}},
        {"a": {"b": WRONG}},
        ["/a/b"],
    ),
    ({"x-rules": FIRST}, WRONG, []),
    ({"x-rules": FIRST, "properties": {"a": PART}}, {"a": {**WRONG, "b": WRONG}}, ["/a"]),
]


@pytest.mark.parametrize(("schema", "value", "places"), PARTS)
def test_a_part_that_carries_rules_is_found(
    monkeypatch: pytest.MonkeyPatch, schema: dict[str, Any], value: Any, places: list[str]
) -> None:
    """In a field, a list, a map, or a choice where it is clear which alternative is meant; not the whole itself."""
    part = {"type": "object", "x-rules": FIRST}
    monkeypatch.setattr("mountsea_gemini_api.rules._table.DEFINITIONS", {"#/part": part})
    found = list(_inner.inner_violations(value, schema, compiled.RULE_SET, ()))
    assert [each.pointer for each in found] == [f"{place}/imageList" for place in places]
    waived = {"img2video-needs-images"}
    assert list(_inner.inner_violations(value, schema, compiled.RULE_SET, waived)) == []


def test_a_violation_of_a_part_says_the_same_of_the_whole() -> None:
    """What is broken, where in the whole, and what would be right there; that is searched when it is asked for."""
    (found,) = rules.violations(WRONG)
    made = _inner.moved(found, "/many/1")
    told = ("rule", "level", "message", "value", "source")
    assert all(getattr(made, name) == getattr(found, name) for name in told)
    assert made.pointer == "/many/1/imageList"
    assert [each.pointer for each in made.nearest] == ["/many/1/imageList"]
    assert [(each.before, each.after) for each in made.nearest] == [(e.before, e.after) for e in found.nearest]


def test_a_whole_that_has_no_rules_of_its_own_is_a_part_as_any(monkeypatch: pytest.MonkeyPatch) -> None:
    """Such as one that is made of another by `allOf`."""
    found = _inner.inner_violations(WRONG, {"allOf": [{"x-rules": FIRST}]}, None, ())
    assert [each.pointer for each in found] == ["/imageList"]


@pytest.mark.parametrize("check", [rules.violations, rules.rule_violations])
def test_a_request_that_holds_parts_is_looked_into(monkeypatch: pytest.MonkeyPatch, check: Any) -> None:
    """As a model and as JSON; its own rules are told first, and waivers count for both."""
    shape = {"x-rules": FIRST, "properties": {"part": PART}}
    monkeypatch.setattr("mountsea_gemini_api.rules._table.DEFINITIONS", {"#/part": {"x-rules": FIRST}})
    monkeypatch.setattr(rules, "HOLDING", frozenset({VideoGenerationDto}))
    monkeypatch.setattr(rules, "SHAPES", {VideoGenerationDto: shape})
    for body in ({**WRONG, "part": WRONG}, model({**WRONG, "part": WRONG})):
        assert [each.pointer for each in check(body)] == ["/imageList", "/part/imageList"]
    waived = rules.violations({**WRONG, "part": {**WRONG, "prompt": " "}}, waive={"img2video-needs-images"})
    assert [f"{each.rule} {each.pointer}" for each in waived] == ["prompt-not-blank /part/prompt"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, UNSET),
        (dt.date(2026, 1, 2), "2026-01-02"),
        (dt.datetime(2026, 1, 2, 3, 4, tzinfo=dt.UTC), "2026-01-02T03:04:00+00:00"),
        (UUID(int=7), "00000000-0000-0000-0000-000000000007"),
        ([dt.date(2026, 1, 2), 5], ["2026-01-02", 5]),
        (("a",), ["a"]),
        ("a", "a"),
        (True, True),
        (UNSET, UNSET),
    ],
)
def test_arguments_are_judged_as_they_are_sent(value: Any, expected: Any) -> None:
    """What is not sent is absent."""
    assert plain(value) == expected
    assert type(plain(value)) is type(expected)


def number(value: Any) -> list[Broken]:
    """Return what a number breaks that must be 2 to 4."""
    return [] if value is UNSET or 2 <= value <= 4 else [(LONG, "/n", value)]


NUMBERS = engine.RuleSet(
    model=Arguments,
    rules=(LONG,),
    fields=("n",),
    domains={"n": (ABSENT, 1, 2, 4, 5)},
    look=engine.unseen,
    model_values=lambda arguments: (arguments.get("n", UNSET),),
    json_values=lambda body: (body.get("n", UNSET),),
    broken=number,
)


@pytest.mark.parametrize(("value", "nearest"), [(9, 4), (5, 4), (1, 2), (-3, 2), (1.5, 2)])
def test_the_nearest_number_is_the_next_that_is_right(value: float, nearest: int) -> None:
    """Leaving the field out is right as well, and further away."""
    (change,) = _nearest.nearest(NUMBERS, {"n": value}, number(value), ())
    assert (change.pointer, change.before, change.after) == ("/n", value, nearest)
