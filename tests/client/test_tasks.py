"""Handles of tasks and results: ids, repr, JSON, equality, and the arguments they pass on."""

from __future__ import annotations

import copy
import json
import pickle
from datetime import date
from pathlib import Path
from typing import Any

import attrs
import httpx
import pytest
from mountsea_gemini import (
    AsyncTask,
    ConfigurationError,
    Task,
    TaskOutputMissing,
    TaskResult,
    WaitTimeout,
    _tasks,
)
from mountsea_gemini._operation import Input
from mountsea_gemini._tasks import TaskKey
from mountsea_gemini.operations import GENERATE_IMAGE, GET_TASK_RESULT
from mountsea_gemini.waiters import TASK as WAITER
from mountsea_gemini.waiters import TASKS
from rulewright.testing import FakeClock

from tests.client.scripted import ACCEPTED, BASE, FILE, PROCESSING, SIGNED, TASK, Play, Skin, reply

SHOWN = FILE.partition("?")[0]
TWO = reply(200, {"taskId": TASK, "status": "completed", "result": {"videoUrls": [f"{BASE}/1.bin", f"{BASE}/2.bin"]}})


def kind(skin: Skin) -> Any:
    """Return the class of a skin's handles."""
    return Task if skin.name == "sync" else AsyncTask


def test_a_handle_shows_its_task_and_nothing_else(skin: Skin) -> None:
    """repr, JSON, equality and hash; pickling is refused, because a client cannot be pickled."""
    client = skin.client(Play())
    task = skin.task(client)
    assert (task.id, repr(task)) == (TASK, f"{kind(skin).__name__}('{TASK}')")
    assert task.to_json() == json.dumps({"task": TASK, "operation": "getTaskResult"})
    assert task == skin.task(skin.client(Play()))
    assert hash(task) == hash(skin.task(client))
    other = skin.task(client, "other")
    assert task != other
    assert len({hash(task), hash(other)}) == 2
    assert (task == TASK, task != TASK) == (False, True)
    for spoilt in (pickle.dumps, copy.copy):
        with pytest.raises(TypeError) as caught:
            spoilt(task)
        assert str(caught.value) == "a task handle is not pickled; keep handle.to_json() or its id"


def test_a_handle_comes_back_from_its_json(skin: Skin) -> None:
    """It belongs to the client it is given to, and polls at once."""
    clock = FakeClock()
    seen, noted = record_polls(clock)
    play = Play(poll=[noted])
    client = skin.client(play, clock=clock)
    task = kind(skin).from_json(json.dumps({"task": "a b", "operation": "getTaskResult", "more": 1}), client)
    assert (type(task), task.id) == (kind(skin), "a b")
    with pytest.raises(WaitTimeout):
        skin.do(task.wait(timeout=9))
    assert seen[0] == 0.0
    assert dict(play.of("poll")[0].url.params) == {"taskId": "a b"}


NO_HANDLE = 'a task handle is JSON like {"task": "...", "operation": "..."}, got something else'


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", NO_HANDLE),
        (None, NO_HANDLE),
        ("[" * 100_000, NO_HANDLE),
        ("[]", NO_HANDLE),
        ('"operation"', NO_HANDLE),
        ('{"task": "a"}', NO_HANDLE),
        ('{"task": "a", "operation": 7}', NO_HANDLE),
        ('{"task": "a", "operation": "other"}', "operation must be one of getTaskResult, got 'other'"),
        ('{"operation": "getTaskResult"}', "a task id is a text as the submit returned it, got None"),
        ('{"task": 7, "operation": "getTaskResult"}', "a task id is a text as the submit returned it, got 7"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_invalid_json_of_a_handle_is_refused(skin: Skin, text: Any, words: str) -> None:
    """The message says what is wrong."""
    with pytest.raises(ConfigurationError) as caught:
        kind(skin).from_json(text, skin.client(Play()))
    assert str(caught.value) == words


def record_polls(clock: FakeClock) -> tuple[list[float], Any]:
    """Return a list, and a reply that records the times of polls in it."""
    seen: list[float] = []

    def noted(request: httpx.Request) -> httpx.Response:
        seen.append(clock.elapsed)
        return PROCESSING(request)

    return seen, noted


@pytest.mark.parametrize("how", ["wait", "download"])
def test_only_the_first_wait_after_a_submit_begins_with_a_pause(skin: Skin, tmp_path: Path, how: str) -> None:
    """This holds for `wait` and `download`; timeout and callback are passed on."""
    clock, statuses = FakeClock(), list[str]()
    path = [tmp_path / "cat.mp4"] * (how == "download")
    seen, noted = record_polls(clock)
    client = skin.client(Play([ACCEPTED], [noted]), clock=clock)
    task = skin.do(client.text_to_video("a cat"))
    for first in (2.5, 0.0):
        began = clock.elapsed
        seen.clear()
        with pytest.raises(WaitTimeout):
            skin.do(getattr(task, how)(*path, timeout=9, on_poll=lambda result: statuses.append(result.status)))
        assert (seen[0] - began, clock.elapsed - began) == (first, 9.0)
    assert set(statuses) == {"processing"}
    known = skin.task(client)
    seen.clear()
    began = clock.elapsed
    with pytest.raises(WaitTimeout):
        skin.do(known.wait(9))
    assert seen[0] == began


def test_a_download_takes_path_and_index_in_this_order(skin: Skin, tmp_path: Path) -> None:
    """The first file is the default."""
    for chosen, named in (([], "1.bin"), ([1], "2.bin")):
        play = Play(poll=[TWO], file=[reply(200, b"x")])
        download: Any = skin.task(skin.client(play)).download
        path = skin.do(download(tmp_path / "cat", *chosen))
        assert (path, path.read_bytes()) == (tmp_path / "cat", b"x")
        assert [str(request.url) for request in play.of("file")] == [f"{BASE}/{named}"]


@pytest.mark.parametrize(
    ("verdict", "done", "succeeded"),
    [
        ("retry", False, False),
        ("unknown", False, False),
        ("success", True, True),
        ("failure", True, False),
        ("cancelled", True, False),
        ("timeout", True, False),
    ],
)
def test_a_result_has_a_flag_for_the_last_state(verdict: Any, done: bool, succeeded: bool) -> None:
    """An unknown state is not terminal."""
    result = TaskResult("a", "word", verdict)
    assert (result.done, result.succeeded) == (done, succeeded)


def test_a_result_shows_no_signature_and_no_words_of_the_vendors() -> None:
    """Its fields hold both."""
    result = TaskResult(TASK, "failed", "failure", (FILE, SHOWN), "no cats", 7, "t-1", {"a": 1})
    assert repr(result) == (
        f"TaskResult(id='{TASK}', status='failed', verdict='failure', urls=('{SHOWN}', '{SHOWN}'), error_code=7,"
        " trace_id='t-1')"
    )
    assert SIGNED in result.urls[0]
    assert result == TaskResult(TASK, "failed", "failure", (FILE, SHOWN), "no cats", 7, "t-1")


def test_a_handle_keeps_what_its_poll_needs(skin: Skin, monkeypatch: pytest.MonkeyPatch) -> None:
    """Poll arguments, and the submit if it has its own waiter, as plain JSON."""
    monkeypatch.setattr(_tasks, "POLL_ARGUMENTS", {GENERATE_IMAGE.id: {"shop": "shop"}})
    day = date(2026, 1, 2)
    key = TaskKey("t", GET_TASK_RESULT.id, (("shop", 7), ("day", day)), GENERATE_IMAGE.id)
    kind = Task if skin.name == "sync" else AsyncTask
    with skin.opened() as client:
        text = kind(client, key).to_json()
        back = kind.from_json(text, client)
        assert json.loads(text) == {
            "task": "t",
            "operation": GENERATE_IMAGE.id,
            "arguments": {"shop": 7, "day": "2026-01-02"},
        }
        assert back.to_json() == text
        assert back._task.waiter is TASKS[GENERATE_IMAGE.id]


def configuration_error(call: Any, *arguments: Any, **named: Any) -> str:
    """Return the message with which a call is refused."""
    with pytest.raises(ConfigurationError) as caught:
        call(*arguments, **named)
    return str(caught.value)


class Odd:
    """An object whose repr holds a control character."""

    def __repr__(self) -> str:
        return "odd\x07"


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
        (Odd(), r"odd\x07"),
    ],
    ids=repr,
)
def test_a_handle_needs_an_id(skin: Skin, task_id: Any, shown: str) -> None:
    """Anything else is shown in short form, with control characters escaped."""
    message = f"a task id is a text as the submit returned it, got {shown}"
    assert configuration_error(skin.client(Play()).task, task_id) == message


def test_the_only_poll_need_not_be_named(skin: Skin, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there are several polls, one must be named."""
    task, poll = skin.client(Play()).task, GET_TASK_RESULT.id
    assert task(TASK) == task(TASK, poll)
    wrong: list[Any] = ["other", "x" * 300, 7, [], Odd()]
    for each in wrong:
        shown = "odd\\x07" if isinstance(each, Odd) else repr(each)[:200]
        assert configuration_error(task, TASK, each) == f"operation must be one of {poll}, got {shown}"
    monkeypatch.setattr(_tasks, "WAITERS", {"other": WAITER, poll: WAITER})
    assert configuration_error(task, TASK) == f"operation must be one of {poll}, other, got None"
    assert json.loads(task(TASK, "other").to_json())["operation"] == "other"


def test_arguments_that_a_poll_takes_from_its_submit_are_required(skin: Skin, monkeypatch: pytest.MonkeyPatch) -> None:
    """All are named, those of other submits do not matter, and the poll sends them."""
    poll = GET_TASK_RESULT.id
    monkeypatch.setattr(_tasks, "SUBMITS", {"draw": "elsewhere", "make": poll, "film": poll, "cut": poll})
    monkeypatch.setattr(
        _tasks, "POLL_ARGUMENTS", {"draw": {"x": "x"}, "make": {"shop": "store", "at": "at"}, "cut": {"b": "c"}}
    )
    play = Play()
    task, message = skin.client(play).task, f"to ask about a task, {poll} also needs"
    assert configuration_error(task, TASK) == f"{message} at, b, shop"
    assert configuration_error(task, TASK, shop=1) == f"{message} at, b"
    shop = Input("shop", "shop", "query", "shop", required=True)
    asked = attrs.evolve(GET_TASK_RESULT, inputs=(*GET_TASK_RESULT.inputs, shop))
    monkeypatch.setattr(_tasks, "OPERATIONS", {poll: asked})
    monkeypatch.setattr(_tasks, "POLL_ARGUMENTS", {"make": {"shop": "store"}})
    skin.do(task(TASK, shop=1).result())
    assert dict(play.seen[0][1].url.params) == {"taskId": TASK, "shop": "1"}


def test_a_timeout_may_be_zero_but_not_negative(skin: Skin) -> None:
    """Zero polls once."""
    task = skin.task(skin.client(Play(poll=[PROCESSING])))
    with pytest.raises(WaitTimeout):
        skin.do(task.wait(timeout=0))
    message = "timeout must be a number of seconds, zero or more, got -1"
    assert configuration_error(lambda: skin.do(task.wait(timeout=-1))) == message


@pytest.mark.parametrize("index", [-1, True, "0", None, 1.0, "x" * 200, Odd()], ids=lambda index: repr(index)[:20])
def test_an_index_is_a_number_from_zero(skin: Skin, index: Any, tmp_path: Path) -> None:
    """Anything else is shown in short form."""
    shown = r"odd\x07" if isinstance(index, Odd) else repr(index)[:100]
    task = skin.task(skin.client(Play()))
    found = configuration_error(lambda: skin.do(task.download(tmp_path / "cat.bin", index)))
    assert found == f"index counts a task's files from 0, got {shown}"


def test_a_file_that_the_task_did_not_make_is_an_error(skin: Skin, tmp_path: Path) -> None:
    """The message has the number of files; files that are listed no longer are an error with the last result."""
    one = reply(200, {"taskId": TASK, "status": "completed", "result": {"videoUrls": [FILE]}})
    for answer, files in ((one, "1 file"), (TWO, "2 files")):
        task = skin.task(skin.client(Play(poll=[answer])))
        found = configuration_error(lambda task=task: skin.do(task.download(tmp_path / "cat.bin", 2)))
        assert found == f"the task made {files}; there is none with index 2\n  task: {TASK}"
    gone = reply(200, {"taskId": TASK, "status": "completed", "traceId": "trace-1"})
    task = skin.task(skin.client(Play(poll=[one, gone], file=[reply(404)])))
    with pytest.raises(TaskOutputMissing) as caught:
        skin.do(task.download(tmp_path / "cat.bin"))
    error = caught.value
    assert (error.message, error.trace_id, error.task_id) == (f"task {TASK} names no usable URL", "trace-1", TASK)
    assert error.result == TaskResult(TASK, "completed", "success", trace_id="trace-1")
