"""What the cores are built from: keys of tasks, and checked requests."""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import attrs
import pytest
from mountsea_gemini import (
    ConfigurationError,
    RequestRefused,
    _request,
    _tasks,
)
from mountsea_gemini._exchange import Answer
from mountsea_gemini._operation import Input
from mountsea_gemini._request import check, private_texts
from mountsea_gemini._secrets import WITHHELD
from mountsea_gemini._settings import Settings, settings
from mountsea_gemini._tasks import TaskKey, download, key, poll_of, start_task
from mountsea_gemini.operations import GENERATE_VIDEO, GET_TASK_RESULT
from mountsea_gemini.raw.models import VideoGenerationDto
from mountsea_gemini.waiters import TASK as WAITER

from tests.client.stage import Stage

BASE = "https://api.example/v1"
FILM = "https://cdn.example/cat.mp4"
POLL = "getTaskResult"
ID = "7f3c"
BODY = {"prompt": "a cat", "action": "text2video", "model": "veo3_fast"}


def make_settings(**changed: Any) -> Settings:
    """Return the settings of a client."""
    plain: dict[str, Any] = {"base_url": BASE, "waive": (), "strict": False, "timeout": 17, "has_transport": False}
    return settings("sk-made-up", **{**plain, "allow_private_downloads": False, "max_download_bytes": 99, **changed})


def answer(code: int = 200, **body: Any) -> Answer:
    """Return an answer of the API."""
    return Answer(code, {}, json.dumps(body).encode())


def task_answer(*urls: str, status: str = "completed") -> Answer:
    """Return a response that lists the task's files."""
    return answer(taskId=ID, status=status, result={"videoUrls": list(urls)}, traceId="trace-1")


def configuration_error(call: Any, *arguments: Any, **named: Any) -> str:
    """Return the message with which a call is refused."""
    with pytest.raises(ConfigurationError) as caught:
        call(*arguments, **named)
    return str(caught.value)


WANTED = "a task id is a text as the submit returned it, got"


@pytest.mark.parametrize(
    ("task_id", "shown"),
    [
        (7, "7"),
        (None, "None"),
        (b"a", "b'a'"),
        ("", "''"),
        (" ", "' '"),
        ("..", "'..'"),
        ("x" * 1001, "'" + "x" * 199),
        (SimpleNamespace(a=1), "namespace(a=1)"),
    ],
)
def test_a_key_needs_an_id(task_id: Any, shown: str) -> None:
    """Anything else is shown in short form."""
    assert configuration_error(key, task_id) == f"{WANTED} {shown}"


class Odd:
    """An object whose repr holds a control character."""

    def __repr__(self) -> str:
        return "odd\x07"


def test_control_characters_in_messages_are_escaped() -> None:
    """This holds for every argument that is shown."""
    assert configuration_error(key, Odd()) == rf"{WANTED} odd\x07"
    assert configuration_error(key, ID, Odd()) == rf"operation must be one of {POLL}, got odd\x07"
    assert configuration_error(
        download, make_settings(), TaskKey(ID, POLL), "x", Odd(), timeout=None, on_poll=None, fresh=False
    ) == (r"index counts a task's files from 0, got odd\x07")


def test_the_only_poll_need_not_be_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there are several polls, one must be named."""
    assert key(ID) == key(ID, POLL) == TaskKey(ID, POLL, ())
    wanted: list[Any] = ["other", "x" * 300, 7, []]
    for wrong in wanted:
        assert configuration_error(key, ID, wrong) == f"operation must be one of {POLL}, got {repr(wrong)[:200]}"
    monkeypatch.setattr(_tasks, "WAITERS", {"other": WAITER, POLL: WAITER})
    assert configuration_error(key, ID) == f"operation must be one of {POLL}, other, got None"
    assert key(ID, "other").operation == "other"


def test_arguments_that_a_poll_takes_from_its_submit_are_required(monkeypatch: pytest.MonkeyPatch) -> None:
    """All are named; those of other submits do not matter."""
    monkeypatch.setattr(_tasks, "SUBMITS", {"draw": "elsewhere", "make": POLL, "film": POLL, "cut": POLL})
    carried = {"draw": {"x": "x"}, "make": {"shop": "store", "at": "at"}, "cut": {"b": "c"}}
    monkeypatch.setattr(_tasks, "POLL_ARGUMENTS", carried)
    message = f"to ask about a task, {POLL} also needs"
    assert configuration_error(key, ID) == f"{message} at, b, shop"
    assert configuration_error(key, ID, None, {"shop": 1}) == f"{message} at, b"
    assert key(ID, None, {"shop": 1, "b": 2, "at": 3}) == TaskKey(ID, POLL, (("shop", 1), ("b", 2), ("at", 3)))


def test_a_poll_is_one_request() -> None:
    """It has the id in its URL, and its reader redacts the token."""
    plan = poll_of(make_settings(), TaskKey("7 f", POLL))
    assert (plan.task_id, plan.timeout, plan.reader.waiter) == ("7 f", 17.0, WAITER)
    assert (plan.request.method, plan.request.url) == ("GET", f"{BASE}/gemini/task/result?taskId=7%20f")
    assert plan.reader.redact("sk-made-up") == WITHHELD


def test_a_poll_takes_its_other_arguments_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """The key holds them by name."""
    shop = Input("shop", "shop", "query", "shop", required=True)
    asked = attrs.evolve(GET_TASK_RESULT, inputs=(*GET_TASK_RESULT.inputs, shop))
    monkeypatch.setattr(_tasks, "OPERATIONS", {POLL: asked})
    plan = poll_of(make_settings(), TaskKey("7", POLL, (("shop", 1),)))
    assert plan.request.url.endswith("?taskId=7&shop=1")


def submit(stage: Stage, body: Mapping[str, Any] = BODY, **options: Any) -> Any:
    """Submit a request, and return the key of the task."""
    chosen: dict[str, Any] = {"waive": (), "strict": None, "handle": lambda task: task, "on_submitted": None, **options}
    operation = chosen.pop("operation", GENERATE_VIDEO)
    named = chosen.pop("named", {"body": VideoGenerationDto.from_dict(body)})
    return stage.run(start_task(chosen.pop("client", make_settings()), operation, named, **chosen))


def test_a_submit_is_checked_sent_and_reported() -> None:
    """The handle is built from the task's key and passed to `on_submitted`."""
    reported: list[Any] = []
    stage = Stage(answers=[answer(201, taskId=ID)])
    task = submit(stage, handle=lambda task: ("handle", task), on_submitted=reported.append)
    assert task == ("handle", TaskKey(ID, POLL, ()))
    assert reported == [task]
    (sent,) = stage.sent
    assert (sent.request.method, sent.request.url, sent.timeout) == ("POST", f"{BASE}/gemini/video/generate", 17.0)
    assert json.loads(sent.request.content or b"") == BODY


def test_an_operation_without_a_task_cannot_be_submitted() -> None:
    """The error says so, and nothing is sent."""
    words = configuration_error(submit, Stage(), operation=GET_TASK_RESULT, named={"task_id": ID})
    assert words == "getTaskResult starts no task that a waiter knows; nothing was sent"


def test_a_key_holds_the_arguments_that_the_poll_takes_from_the_submit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only arguments that were given are kept."""
    monkeypatch.setattr(_tasks, "POLL_ARGUMENTS", {"generateVideo": {"shop": "body", "at": "place"}})
    stage, body = Stage(answers=[answer(201, taskId=ID)]), VideoGenerationDto.from_dict(BODY)
    assert submit(stage, named={"body": body}) == TaskKey(ID, POLL, (("shop", body),))


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
    """Options of the client and of the call both count; nothing is sent."""
    stage = Stage()
    with pytest.raises(RequestRefused) as caught:
        submit(stage, BROKEN, client=make_settings(**client), **call)
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
def test_a_request_whose_violations_are_waived_is_sent(client: dict[str, Any], call: dict[str, Any]) -> None:
    """The client or the call may waive; the call's strictness wins."""
    stage = Stage(answers=[answer(201, taskId=ID)])
    assert submit(stage, BROKEN, client=make_settings(**client), **call).id == ID
    assert len(stage.sent) == 1


def test_a_warning_points_at_the_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    """Frames are counted from the check."""
    seen: list[Any] = []
    monkeypatch.setattr(_request, "validate_request", lambda *_, **named: seen.append(named))
    monkeypatch.setattr(_request, "_caller", lambda frame: frame.f_globals["__name__"])
    check(GENERATE_VIDEO, {}, {"schema"}, strict=True)
    assert seen == [{"waive": {"schema"}, "strict": True, "stacklevel": _request.__name__}]


@pytest.mark.parametrize(
    ("names", "level"),
    [
        (["mountsea_gemini._request", "__main__"], 3),
        (["mountsea_gemini._request", "mountsea_gemini.methods", "mountsea_gemini._client", "app", "__main__"], 5),
        (["mountsea_gemini._request", None, "__main__"], 3),
        (["mountsea_gemini._request"], 2),
    ],
)
def test_frames_of_the_package_are_skipped(names: list[str | None], level: int) -> None:
    """Without any other frame, the outermost one is used."""
    frame: Any = None
    for name in reversed(names):
        frame = SimpleNamespace(f_back=frame, f_globals={"__name__": name} if name else {})
    assert _request._caller(frame) == level


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
    """Short and nested strings too, in body and parameters; values that the document lists are not."""
    found = private_texts(arguments, value)
    texts = ["cat", "dog", "bird", "corner", "seven", "a plain text", "fish", "text2video veo3_fast 16:9"]
    assert [text for text in texts if found.appear_in(f"no {text} please")] == private
