"""Poll, wait and download with a task's key: order of effects, and errors that name the task."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from mountsea_gemini import (
    ApiError,
    DownloadError,
    TaskOutputMissing,
    TaskResult,
    WaitTimeout,
    _tasks,
)
from mountsea_gemini._exchange import Core, Now
from mountsea_gemini._tasks import TaskKey, attach_task_id, download, poll, wait

from tests.client.stage import START, Head, Stage
from tests.client.test_cores import FILM, ID, POLL, answer, configuration_error, make_settings, task_answer


def test_a_poll_sends_one_request() -> None:
    """Its error names the task."""
    stage = Stage(answers=[task_answer(FILM)])
    assert stage.run(poll(make_settings(), TaskKey(ID, POLL))).urls == (FILM,)
    assert [sent.timeout for sent in stage.sent] == [17.0]
    with pytest.raises(ApiError) as caught:
        Stage(answers=[answer(404)]).run(poll(make_settings(), TaskKey(ID, POLL)))
    assert caught.value.task_id == ID


@pytest.mark.parametrize(
    ("timeout", "fresh", "before", "lasted"),
    [(None, False, 0.0, 2400.0), (30, False, 0.0, 30.0), (30, True, 2.5, 30.0), (0, True, 0.0, 0.0)],
)
def test_a_wait_ends_at_its_timeout(timeout: float | None, fresh: bool, before: float, lasted: float) -> None:
    """The waiter's deadline is the default; a fresh task is polled after a pause."""
    seen: list[tuple[float, str]] = []
    stage = Stage(answers=[task_answer(status="processing")])
    core = wait(
        make_settings(),
        TaskKey(ID, POLL),
        timeout,
        lambda result: seen.append((stage.clock.elapsed - START, result.status)),
        fresh=fresh,
    )
    with pytest.raises(ApiError) as caught:
        stage.run(core)
    assert caught.value.task_id == ID
    assert seen[0] == (before, "processing")
    assert stage.clock.elapsed - START == pytest.approx(lasted)


def test_a_negative_timeout_is_refused() -> None:
    """Zero is allowed, less is not."""
    message = "timeout must be a number of seconds, zero or more, got -1"
    assert configuration_error(wait, make_settings(), TaskKey(ID, POLL), -1, None, fresh=False) == message


def fetch(stage: Stage, path: Any, index: Any = 0, **options: Any) -> Path:
    """Download a file of the task."""
    named: dict[str, Any] = {"timeout": None, "on_poll": None, "fresh": False, **options}
    found: Path = stage.run(download(make_settings(), TaskKey(ID, POLL), path, index, **named))
    return found


def test_a_download_waits_for_the_task(tmp_path: Path) -> None:
    """It reports each poll, then fetches the chosen file."""
    seen: list[tuple[float, str]] = []
    stage = Stage(
        [Head(200, {"content-length": "1"}, [b"x"])], [task_answer(status="processing"), task_answer(FILM, FILM + "2")]
    )
    target = tmp_path / "cat.bin"

    def noted(result: TaskResult) -> None:
        seen.append((stage.clock.elapsed - START, result.status))

    assert fetch(stage, target, 1, on_poll=noted, fresh=True) == target
    assert (seen, target.read_bytes()) == ([(2.5, "processing"), (6.25, "completed")], b"x")
    assert stage.asked == [("GET", FILM + "2", 30.0, True)]
    assert stage.brief == [True, False, True, False, False]


def test_a_download_waits_no_longer_than_it_may(tmp_path: Path) -> None:
    """An address that is refused is shown without the token."""
    stage = Stage(answers=[task_answer(status="processing")])
    with pytest.raises(WaitTimeout) as caught:
        fetch(stage, tmp_path / "cat.bin", timeout=30)
    assert (caught.value.task_id, stage.clock.elapsed - START) == (ID, 30.0)
    with pytest.raises(DownloadError) as other:
        fetch(Stage(answers=[task_answer("http://cdn.example/sk-made-up")]), tmp_path / "cat.bin")
    assert other.value.message == "refused to download [withheld: it repeats the request or the token]: it is not https"


def test_an_expired_file_is_polled_for_once(tmp_path: Path) -> None:
    """The file may have another URL by now."""
    head = Head(200, {"content-length": "1"}, [b"x"])
    stage = Stage(
        [Head(404), head], [task_answer("https://a.example/1", FILM), task_answer("https://a.example/1", FILM + "2")]
    )
    fetch(stage, tmp_path / "cat.bin", 1)
    assert [asked[1] for asked in stage.asked] == [FILM, FILM + "2"]
    assert len(stage.sent) == 2


@pytest.mark.parametrize("index", [-1, True, "0", None, 1.0, "x" * 200])
def test_an_index_is_a_number_from_zero(index: Any, tmp_path: Path) -> None:
    """Anything else is shown in short form."""
    message = f"index counts a task's files from 0, got {repr(index)[:100]}"
    assert configuration_error(fetch, Stage(), tmp_path / "cat.bin", index) == message


@pytest.mark.parametrize(
    ("urls", "words"),
    [
        ((FILM,), "the task made 1 file; there is none with index 2\n  task: 7f3c"),
        ((FILM, FILM + "2"), "the task made 2 files; there is none with index 2\n  task: 7f3c"),
    ],
)
def test_a_missing_file_is_an_error(urls: tuple[str, ...], words: str, tmp_path: Path) -> None:
    """The message has the number of files."""
    assert configuration_error(fetch, Stage(answers=[task_answer(*urls)]), tmp_path / "cat.bin", 2) == words


def test_a_task_whose_files_are_no_longer_listed_is_an_error(tmp_path: Path) -> None:
    """The error has the task's last result and the trace id."""
    stage = Stage([Head(404)], [task_answer(FILM), task_answer()])
    with pytest.raises(TaskOutputMissing) as caught:
        fetch(stage, tmp_path / "cat.bin")
    error = caught.value
    assert (error.message, error.trace_id, error.task_id) == (f"task {ID} names no usable URL", "trace-1", ID)
    assert error.result == TaskResult(ID, "completed", "success", trace_id="trace-1")


def test_a_path_is_checked_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is requested if the path cannot be written."""
    stage = Stage()
    words = configuration_error(fetch, stage, tmp_path)
    assert words == f"cannot write to {tmp_path}: it is a directory; name a file in it\n  task: {ID}"

    def fail(_: object) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(_tasks, "checked_target", fail)
    message = "cannot write to cat\\u202e: Input/output error\n  task: 7f3c"
    assert configuration_error(fetch, stage, "cat\u202e") == message
    assert stage.brief == [True, True]


def raise_through_core(error: BaseException, task_id: str = ID) -> Any:
    """Raise an error inside `attach_task_id`, and return it."""

    def core() -> Core[None]:
        yield Now()
        raise error

    with pytest.raises(type(error)) as caught:
        Stage().run(attach_task_id(task_id, core()))
    assert caught.value is error
    return error


def test_every_error_names_the_task() -> None:
    """Our errors get `task_id`, unless they have one; others get a note."""
    assert raise_through_core(ApiError("no")).task_id == ID
    assert raise_through_core(ApiError("no", task_id="other")).task_id == "other"
    note = r"task a\u202e is still running; go on with client.task('a\u202e')"
    assert raise_through_core(KeyboardInterrupt(), "a\u202e").__notes__ == [note]
    assert getattr(raise_through_core(ApiError("no")), "__notes__", []) == []


def test_a_core_that_is_given_up_is_just_closed() -> None:
    """GeneratorExit gets no note."""
    seen: list[BaseException] = []

    def core() -> Core[None]:
        try:
            yield Now()
        except GeneratorExit as error:
            seen.append(error)
            raise

    whole = attach_task_id(ID, core())
    next(whole)
    whole.close()
    assert [getattr(error, "__notes__", []) for error in seen] == [[]]
