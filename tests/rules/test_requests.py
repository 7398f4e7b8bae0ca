"""Whole requests: parameters and bodies are judged together."""

from __future__ import annotations

import warnings
from typing import Any

import pytest
from mountsea_gemini import _checks, _rules
from mountsea_gemini._rules import Arguments, Found, RequestChecks, Rules, RuleSet, RuleViolations, Violated, nearest
from mountsea_gemini.operations import GENERATE_VIDEO, GET_TASK_RESULT
from mountsea_gemini.raw.models import VideoGenerationDto
from mountsea_gemini.rules import ABSENT, Rule, RuleViolation, RuleWarning, Source

ONE = "https://example.com/1.png"
RIGHT: dict[str, Any] = {"prompt": "a cat", "action": "img2video", "model": "veo3_fast", "imageList": [ONE]}
WRONG = {name: value for name, value in RIGHT.items() if name != "imageList"}
LONG = Rule("ids-are-short", "error", "task_id must be short", "#/paths/x/get", Source("#/at", "words"))
DOUBTED = Rule("ids-are-words", "warning", "task_id must be a word", "#/paths/x/get", Source("#/at", "words"))


def check(value: Any, at: str, found: Found) -> None:
    """Check an id."""
    task_id = value.get("task_id" if isinstance(value, Arguments) else "taskId", ABSENT)
    violated: list[Violated] = []
    if isinstance(task_id, str) and len(task_id) > 3:
        violated.append((LONG, "/taskId", task_id))
    if task_id == "7":
        violated.append((DOUBTED, "/taskId", task_id))
    if violated:
        found.append(RuleViolations(PARAMETERS, at, {"taskId": task_id}, violated))


PARAMETERS = RuleSet((LONG, DOUBTED), {}, check)
rules = Rules(
    _checks.BODIES,
    (*_checks.RULE_SETS, PARAMETERS),
    {**_checks.REQUESTS, GET_TASK_RESULT.id: RequestChecks(check, _checks.REQUESTS[GENERATE_VIDEO.id].bodies)},
)
"""The checks of the package, and rules of the parameters of the operation that polls a task."""


def model(body: dict[str, Any]) -> VideoGenerationDto:
    """Return a body as the client has it."""
    return VideoGenerationDto.from_dict(body)


def find_violations(operation: Any, arguments: dict[str, Any], **options: Any) -> list[str]:
    """Return rule and place of everything a request breaks."""
    return [f"{each.rule} {each.pointer}" for each in rules.request_violations(operation, arguments, **options)]


def test_parameters_are_judged_by_the_rules_of_their_operation() -> None:
    """Parameters are passed by keyword; rules of other operations and waived rules do not apply."""
    assert find_violations(GET_TASK_RESULT, {"task_id": "long"}) == ["ids-are-short /taskId"]
    assert find_violations(GET_TASK_RESULT, {"task_id": "abc"}) == []
    assert find_violations(GET_TASK_RESULT, {}) == []
    assert find_violations(GENERATE_VIDEO, {"task_id": "long"}) == []
    assert find_violations(GET_TASK_RESULT, {"task_id": "long"}, waive={"ids-are-short"}) == []


def test_a_body_is_judged_after_the_parameters() -> None:
    """Violations of parameters come first; JSON objects are judged like models."""
    arguments = {"task_id": "long", "body": model(WRONG)}
    assert find_violations(GET_TASK_RESULT, arguments) == ["ids-are-short /taskId", "img2video-needs-images /imageList"]
    assert find_violations(GENERATE_VIDEO, {"body": model(WRONG)}) == ["img2video-needs-images /imageList"]
    assert find_violations(GENERATE_VIDEO, {"body": model(WRONG)}, waive={"img2video-needs-images"}) == []
    assert find_violations(GENERATE_VIDEO, {"body": "text"}) == ["schema "]
    assert find_violations(GENERATE_VIDEO, {"body": WRONG}) == ["img2video-needs-images /imageList"]
    assert find_violations(GENERATE_VIDEO, {"body": model({**RIGHT, "prompt": 5})}) == ["schema /prompt"]


def test_an_unknown_waiver_of_a_request_is_an_error() -> None:
    """`schema` is the id of the document's own schema."""
    assert find_violations(GENERATE_VIDEO, {"body": model({**RIGHT, "prompt": 5})}, waive={"schema"}) == []
    with pytest.raises(ValueError, match="there is no rule 'ids-are-shor' to waive; did you mean 'ids-are-short'"):
        find_violations(GET_TASK_RESULT, {"task_id": "abc"}, waive={"ids-are-shor"})


def test_a_request_is_refused_or_warned_about() -> None:
    """Errors refuse; warnings warn, and refuse in strict mode."""
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


def test_a_warning_points_at_the_caller_of_validate_request() -> None:
    """By default its direct caller; `stacklevel` counts further out, as in `warnings.warn`."""

    def validate(depth: int) -> None:
        rules.validate_request(GET_TASK_RESULT, {"task_id": "7"}, stacklevel=depth)

    lines = []
    for depth in (2, 3):
        with pytest.warns(RuleWarning) as caught:
            validate(depth)
        assert caught[0].filename == __file__
        lines.append(caught[0].lineno - validate.__code__.co_firstlineno)
    assert lines == [1, 6]


def test_the_frames_between_a_request_and_its_warning_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """The check adds one frame."""
    seen: list[dict[str, Any]] = []
    monkeypatch.setattr(_rules, "enforce", lambda _, **options: seen.append(options))
    rules.validate_request(GET_TASK_RESULT, {"task_id": "7"})
    rules.validate_request(GET_TASK_RESULT, {"task_id": "7"}, strict=True, stacklevel=5)
    rules.validate_request(GET_TASK_RESULT, {"task_id": "abc"})
    assert seen == [{"strict": False, "stacklevel": 3}, {"strict": True, "stacklevel": 6}]


def number(fields: Any) -> list[Violated]:
    """Return the violations of a number that must be 2 to 4."""
    value = fields.get("n", ABSENT)
    return [] if value is ABSENT or 2 <= value <= 4 else [(LONG, "/n", value)]


@pytest.mark.parametrize(("value", "expected"), [(9, 4), (5, 4), (1, 2), (-3, 2), (1.5, 2)])
def test_the_nearest_number_is_the_next_that_is_right(value: float, expected: int) -> None:
    """Leaving the field out is valid too, but a larger change."""
    (change,) = nearest({"n": (ABSENT, 1, 2, 4, 5)}, {"n": value}, number, ())
    assert (change.pointer, change.before, change.after) == ("/n", value, expected)
