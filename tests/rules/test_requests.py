"""A whole request is judged: its parameters by their rules, its body as ever, a list of bodies item by item."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

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
WARNED = {**RIGHT, "prompt": " "}
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
    with pytest.warns(RuleWarning, match="ids-are-words") as caught:
        rules.validate_request(GET_TASK_RESULT, {"task_id": "7"})
    assert caught[0].filename == __file__
    with pytest.raises(RuleViolation, match="ids-are-words"):
        rules.validate_request(GET_TASK_RESULT, {"task_id": "7"}, strict=True)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        rules.validate_request(GET_TASK_RESULT, {"task_id": "7"}, waive={"ids-are-words"})
        rules.validate_request(GENERATE_VIDEO, {"body": model(RIGHT)})


def _outside(depth: int) -> None:
    rules.validate_request(GET_TASK_RESULT, {"task_id": "7"}, stacklevel=depth)


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


def test_a_part_that_holds_rules_is_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """The request's own rules are told once, and those of its parts with their place."""
    inner = {"$ref": "#/inner"}
    shape = {"type": "object", "properties": {"one": inner, "many": {"items": inner}}, "x-rules": "own"}
    own = {"x-rules": compiled.RULE_SET.rules[0].id}
    monkeypatch.setattr("mountsea_gemini_api.rules._table.DEFINITIONS", {"#/inner": own})
    found = list(
        _inner.inner_violations({"one": WRONG, "many": [RIGHT, WRONG]}, {**shape, **own}, compiled.RULE_SET, ())
    )
    assert [each.pointer for each in found] == ["/one/imageList", "/many/1/imageList"]
    assert [change.pointer for change in found[1].nearest] == ["/many/1/imageList"]


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
