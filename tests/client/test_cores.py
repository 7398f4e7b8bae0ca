"""What the cores are put together from: keys of tasks, and requests that are checked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import attrs
import pytest
from mountsea_gemini import (
    ApiError,
    ConfigurationError,
    RequestRefused,
    _cores,
)
from mountsea_gemini._cores import TaskKey, check, download, key, poll_of, private_texts, start_task
from mountsea_gemini._exchange import Answer
from mountsea_gemini._operation import Input
from mountsea_gemini._secrets import WITHHELD
from mountsea_gemini._settings import Settings, settings
from mountsea_gemini.operations import GENERATE_VIDEO, GET_TASK_RESULT
from mountsea_gemini.raw.models import VideoGenerationDto
from mountsea_gemini.waiters import TASK as WAITER

from tests.client.stage import Stage

BASE = "https://api.example/v1"
FILM = "https://cdn.example/cat.mp4"
POLL = "getTaskResult"
ID = "7f3c"
BODY = {"prompt": "a cat", "action": "text2video", "model": "veo3_fast"}


def given(**changed: Any) -> Settings:
    """Return the settings of a client."""
    plain: dict[str, Any] = {"base_url": BASE, "waive": (), "strict": False, "timeout": 17, "has_transport": False}
    return settings("sk-made-up", **{**plain, "allow_private_downloads": False, "max_download_bytes": 99, **changed})


def answer(code: int = 200, **body: Any) -> Answer:
    """Return an answer of the API."""
    return Answer(code, {}, json.dumps(body).encode())


def made(*urls: str, status: str = "completed") -> Answer:
    """Return what is told of a task that made those files."""
    return answer(taskId=ID, status=status, result={"videoUrls": list(urls)}, traceId="trace-1")


def refused(call: Any, *arguments: Any, **named: Any) -> str:
    """Return the words with which something is refused."""
    with pytest.raises(ConfigurationError) as caught:
        call(*arguments, **named)
    return str(caught.value)


WANTED = "a task id is a text as the submit returned it, got"


@pytest.mark.parametrize(
    ("task_id", "shown"),
    [(7, "7"), (" ", "' '"), ("..", "'..'"), ("x" * 1001, "'" + "x" * 199), (SimpleNamespace(a=1), "namespace(a=1)")],
)
def test_a_key_takes_an_id(task_id: Any, shown: str) -> None:
    """Which is shown in few words where it is none."""
    assert refused(key, task_id) == f"{WANTED} {shown}"


class Odd:
    """What moves a terminal's cursor."""

    def __repr__(self) -> str:
        return "odd\x07"


def test_a_value_in_a_message_moves_no_cursor() -> None:
    """Whatever it calls itself."""
    assert refused(key, Odd()) == rf"{WANTED} odd\x07"
    assert refused(key, ID, Odd()) == rf"operation must be one of {POLL}, got odd\x07"
    assert refused(download, given(), TaskKey(ID, POLL), "x", Odd(), timeout=None, on_poll=None, fresh=False) == (
        r"index counts a task's files from 0, got odd\x07"
    )


def test_the_only_poll_need_not_be_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there are several, it has to be; and it has to be one of them."""
    assert key(ID) == key(ID, POLL) == TaskKey(ID, POLL, ())
    wanted: list[Any] = ["other", "x" * 300, 7, []]
    for wrong in wanted:
        assert refused(key, ID, wrong) == f"operation must be one of {POLL}, got {repr(wrong)[:200]}"
    monkeypatch.setattr(_cores, "WAITERS", {"other": WAITER, POLL: WAITER})
    assert refused(key, ID) == f"operation must be one of {POLL}, other, got None"
    assert key(ID, "other").operation == "other"


def test_what_a_poll_takes_from_its_submit_has_to_be_given(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every argument of it, by name; other submits have nothing to do with it."""
    monkeypatch.setattr(_cores, "SUBMITS", {"draw": "elsewhere", "make": POLL, "film": POLL, "cut": POLL})
    carried = {"draw": {"x": "x"}, "make": {"shop": "store", "at": "at"}, "cut": {"b": "c"}}
    monkeypatch.setattr(_cores, "POLL_ARGUMENTS", carried)
    told = f"to ask about a task, {POLL} also needs"
    assert refused(key, ID) == f"{told} at, b, shop"
    assert refused(key, ID, None, {"shop": 1}) == f"{told} at, b"
    assert key(ID, None, {"shop": 1, "b": 2, "at": 3}) == TaskKey(ID, POLL, (("shop", 1), ("b", 2), ("at", 3)))


def test_a_poll_is_one_request() -> None:
    """With the id in it, and a reader that keeps the token to itself."""
    plan = poll_of(given(), TaskKey("7 f", POLL))
    assert (plan.task_id, plan.timeout, plan.reader.waiter) == ("7 f", 17.0, WAITER)
    assert (plan.request.method, plan.request.url) == ("GET", f"{BASE}/gemini/task/result?taskId=7%20f")
    assert plan.reader.redact("sk-made-up") == WITHHELD


def test_a_poll_takes_its_other_arguments_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the names the key gives them."""
    shop = Input("shop", "shop", "query", "shop", required=True)
    asked = attrs.evolve(GET_TASK_RESULT, inputs=(*GET_TASK_RESULT.inputs, shop))
    monkeypatch.setattr(_cores, "OPERATIONS", {POLL: asked})
    plan = poll_of(given(), TaskKey("7", POLL, (("shop", 1),)))
    assert plan.request.url.endswith("?taskId=7&shop=1")


def started(stage: Stage, body: Mapping[str, Any] = BODY, **options: Any) -> Any:
    """Submit a request, and return the key of the task."""
    chosen: dict[str, Any] = {"waive": (), "strict": None, "handle": lambda task: task, "on_submitted": None, **options}
    operation = chosen.pop("operation", GENERATE_VIDEO)
    named = chosen.pop("named", {"body": VideoGenerationDto.from_dict(body)})
    return stage.run(start_task(chosen.pop("client", given()), operation, named, **chosen))


def test_a_submit_is_checked_sent_and_reported() -> None:
    """The handle is made of the task's key, and whoever asked for it has it first."""
    told: list[Any] = []
    stage = Stage(answers=[answer(201, taskId=ID)])
    task = started(stage, handle=lambda task: ("handle", task), on_submitted=told.append)
    assert task == ("handle", TaskKey(ID, POLL, ()))
    assert told == [task]
    (sent,) = stage.sent
    assert (sent.request.method, sent.request.url, sent.timeout) == ("POST", f"{BASE}/gemini/video/generate", 17.0)
    assert json.loads(sent.request.content or b"") == BODY


def test_what_a_submit_is_refused_with_repeats_nothing_of_it() -> None:
    """Nor the token; the operation is named."""
    stage = Stage(answers=[answer(400, message="no sk-made-up, no a cat")])
    with pytest.raises(ApiError) as caught:
        started(stage)
    assert str(caught.value) == (
        f"generateVideo was answered with HTTP 400\n  vendor's message: {WITHHELD}\n  the request itself has to change"
    )


def test_an_error_of_a_callback_names_the_task() -> None:
    """It was paid for."""

    def fail(_: Any) -> None:
        raise LookupError("no such table")

    with pytest.raises(LookupError) as caught:
        started(Stage(answers=[answer(201, taskId=ID)]), on_submitted=fail)
    assert caught.value.__notes__ == [f"task {ID} is still running; go on with client.task({ID!r})"]


def test_what_starts_no_task_is_not_submitted() -> None:
    """The error says so."""
    words = refused(started, Stage(), operation=GET_TASK_RESULT, named={"task_id": ID})
    assert words == "getTaskResult starts no task that a waiter knows; nothing was sent"


def test_a_key_carries_what_the_poll_takes_from_the_submit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the arguments that were given."""
    monkeypatch.setattr(_cores, "POLL_ARGUMENTS", {"generateVideo": {"shop": "body", "at": "place"}})
    stage, body = Stage(answers=[answer(201, taskId=ID)]), VideoGenerationDto.from_dict(BODY)
    assert started(stage, named={"body": body}) == TaskKey(ID, POLL, (("shop", body),))


NEEDS, BLANK = "img2video-needs-images", "prompt-not-blank"
BROKEN = {**BODY, "action": "img2video", "prompt": " "}


@pytest.mark.parametrize(
    ("client", "call", "broken"),
    [
        ({}, {}, {NEEDS, BLANK}),
        ({"waive": [BLANK]}, {}, {NEEDS}),
        ({"strict": True}, {"waive": [NEEDS]}, {BLANK}),
        ({}, {"waive": [NEEDS], "strict": True}, {BLANK}),
    ],
)
def test_a_request_is_held_to_the_rules(client: dict[str, Any], call: dict[str, Any], broken: set[str]) -> None:
    """Of the client and of the call; nothing is sent, and nothing is told twice."""
    stage = Stage()
    with pytest.raises(RequestRefused) as caught:
        started(stage, BROKEN, client=given(**client), **call)
    assert {violation.rule for violation in caught.value.violations} == broken
    assert caught.value.__cause__ is caught.value.__context__ is None
    assert stage.sent == []


@pytest.mark.parametrize(
    ("client", "call"),
    [
        ({}, {"waive": [NEEDS]}),
        ({"strict": True}, {"waive": [NEEDS], "strict": False}),
        ({"waive": [NEEDS], "strict": True}, {"waive": {BLANK}}),
    ],
)
@pytest.mark.filterwarnings("ignore::mountsea_gemini.rules.RuleWarning")
def test_what_is_waived_is_sent(client: dict[str, Any], call: dict[str, Any]) -> None:
    """By the client or by the call; how strict to be is for the call to say, if it does."""
    stage = Stage(answers=[answer(201, taskId=ID)])
    assert started(stage, BROKEN, client=given(**client), **call).id == ID
    assert len(stage.sent) == 1


def test_a_warning_is_put_down_to_the_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    """The frames are counted from where the rules are asked."""
    seen: list[Any] = []
    monkeypatch.setattr(_cores, "validate_request", lambda *_, **named: seen.append(named))
    monkeypatch.setattr(_cores, "_caller", lambda frame: frame.f_globals["__name__"])
    check(GENERATE_VIDEO, {}, {"schema"}, strict=True)
    assert seen == [{"waive": {"schema"}, "strict": True, "stacklevel": _cores.__name__}]


@pytest.mark.parametrize(
    ("names", "level"),
    [
        (["mountsea_gemini._cores", "__main__"], 3),
        (["mountsea_gemini._cores", "mountsea_gemini.methods", "mountsea_gemini._client", "app", "__main__"], 5),
        (["mountsea_gemini._cores", None, "__main__"], 3),
        (["mountsea_gemini._cores"], 2),
    ],
)
def test_frames_of_both_packages_are_passed_over(names: list[str | None], level: int) -> None:
    """And where there are no others, the outermost one it is."""
    frame: Any = None
    for name in reversed(names):
        frame = SimpleNamespace(f_back=frame, f_globals={"__name__": name} if name else {})
    assert _cores._caller(frame) == level


@pytest.mark.parametrize(
    ("arguments", "value", "private"),
    [
        ({"body": object()}, {"a": "cat", "b": 7, "c": [{"d": "dog"}, "bird"]}, ["cat", "dog", "bird"]),
        ({"shop": "corner", "ids": ("seven", 8)}, None, ["corner", "seven"]),
        ({"body": b"a plain text"}, None, ["a plain text"]),
        ({"body": VideoGenerationDto.from_dict({**BODY, "prompt": "fish"})}, None, ["fish"]),
        ({}, {"action": "text2video", "model": "veo3_fast", "aspectRatio": "16:9"}, []),
        ({}, None, []),
    ],
)
def test_all_texts_of_a_request_are_private(arguments: dict[str, Any], value: Any, private: list[str]) -> None:
    """However short and deep, in the body and in parameters; words that the document itself lists are not."""
    found = private_texts(arguments, value)
    texts = ["cat", "dog", "bird", "corner", "seven", "a plain text", "fish", "text2video veo3_fast 16:9"]
    assert [text for text in texts if found.appear_in(f"no {text} please")] == private
