"""An id in the response to a submit was paid for, and reaches the caller."""

from __future__ import annotations

import gzip
import json
from typing import Any, Final

import httpx
import pytest
from mountsea_gemini import ApiError, BadRequest, SubmitContradicted, SubmitOutcomeUnknown
from mountsea_gemini.operations import GENERATE_VIDEO
from mountsea_gemini.raw.models import VideoGenerationDto

from tests.client.scripted import PROMPT, TASK, Play, Reply, Skin, reply, stream

_PLAIN: Final = json.dumps({"taskId": TASK}).encode()
_LOST: Final = httpx.ReadError("scripted")
ODD: Final[dict[str, Any]] = {
    "in an envelope": {"code": 0, "data": {"taskId": TASK}},
    "in a list": [{"taskId": TASK}],
    "as a list": {"taskId": [TASK]},
    "in snake case": {"task_id": TASK},
    "in other capitals": {"taskID": TASK},
    "under a key that comes twice": b'{"taskId": "%s", "taskId": null}' % TASK.encode(),
    "beside Latin-1": b'{"taskId": "%s", "note": "caf\xe9"}' % TASK.encode(),
    "before other lines": _PLAIN + b"\n" + _PLAIN,
    "behind a prefix": b")]}',\n" + _PLAIN,
    "beside deep nesting": b'{"taskId": "%s", "x": %s}' % (TASK.encode(), b"[" * 500 + b"]" * 500),
    "in escapes": b'{"data": {"taskId": "%s"}}' % "".join(f"\\u{ord(char):04x}" for char in TASK).encode(),
}
BROKEN: Final = {
    "in a body that ends early": ([_PLAIN], {}, _LOST),
    "in a body cut behind it": ([_PLAIN[:-1], b', "status": "pro'], {}, _LOST),
    "in gzip without its end": ([gzip.compress(_PLAIN)[:-8]], {"Content-Encoding": "gzip"}, None),
    "in what is called gzip": ([_PLAIN], {"Content-Encoding": "gzip"}, None),
    "in what is called br": ([_PLAIN], {"Content-Encoding": "br"}, None),
}


def odd_answers(status: int) -> dict[str, Reply]:
    """Return replies with an id in an unexpected place."""
    soon = {"Retry-After": "0"}
    broken = {
        name: stream(status, pieces, {**soon, **headers}, error=error)
        for name, (pieces, headers, error) in BROKEN.items()
    }
    return {**{name: reply(status, body, soon) for name, body in ODD.items()}, **broken}


@pytest.mark.parametrize("status", [202, 307, 400, 401, 402, 409, 422, 429, 500, 503])
def test_an_id_in_an_answer_is_never_lost(skin: Skin, status: int) -> None:
    """With any status: one POST, and the error names the task."""
    play = Play([reply(status, {"taskId": TASK, "message": "busy"}, {"Retry-After": "1"})])
    if status == 202:
        assert skin.do(skin.client(play).text_to_video(PROMPT)).id == TASK
        return
    with pytest.raises(SubmitContradicted) as caught:
        skin.do(skin.client(play).text_to_video(PROMPT))
    assert (caught.value.task_id, caught.value.status, len(play.seen)) == (TASK, status, 1)
    assert f"client.task({TASK!r})" in str(caught.value)
    assert "may have been accepted and billed" in str(caught.value)


def test_an_id_in_the_answer_to_a_call_is_never_lost(skin: Skin) -> None:
    """`call` finds the task too, in errors and unreadable responses."""
    body = VideoGenerationDto(prompt="a cat", action="text2video", model="veo3_fast")
    for answer in (reply(503, {"taskId": TASK}), reply(300, {"taskId": TASK})):
        with pytest.raises(ApiError) as caught:
            skin.do(skin.client(Play([answer])).call(GENERATE_VIDEO, body=body))
        assert caught.value.task_id == TASK


@pytest.mark.parametrize("status", [201, 400, 429, 503])
@pytest.mark.parametrize("name", [*ODD, *BROKEN])
def test_an_id_is_found_in_an_odd_answer(skin: Skin, name: str, status: int) -> None:
    """Wrapped, cut or garbled; a 429 with an id is not repeated."""
    play = Play([odd_answers(status)[name]])
    with pytest.raises(SubmitOutcomeUnknown) as caught:
        skin.do(skin.client(play).text_to_video(PROMPT))
    assert (caught.value.task_id, len(play.seen)) == (TASK, 1)
    assert f"client.task({TASK!r})" in str(caught.value)


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (b'{"data": {"taskId": 12345}}', "12345"),
        (b'{"taskId": 12345.0}', "12345"),
        (b'{"taskId": %s}' % (b"9" * 41), "9" * 41),
        (b'{"data": {"taskId": 123', None),
        (b'{"data": {"taskId": "7f3c-ta', None),
        (b'{"data": {"taskId": "\\ud800"}}', None),
        (b'{"data": {"taskId": ".."}}', None),
        (b'{"data": {"taskId": ""}}', None),
        (b'{"data": {"taskId": "\\q"}}', None),
        (b'{"data": {"myTaskId": "x"}}', None),
        (json.dumps({"note": '"taskId": "x"'}).encode(), None),
        (b'invalid request: {"prompt": "x", "taskId": "%s"}' % PROMPT.encode(), None),
    ],
)
def test_only_a_whole_id_of_the_servers_own_is_taken_from_an_odd_answer(
    skin: Skin, body: bytes, found: str | None
) -> None:
    """Half an id leads nowhere, and an echo of the request is not an id."""
    with pytest.raises(SubmitOutcomeUnknown) as caught:
        skin.do(skin.client(Play([reply(200, body)])).text_to_video(PROMPT))
    assert caught.value.task_id == found
    assert PROMPT not in str(caught.value)


def test_several_ids_are_all_shown(skin: Skin) -> None:
    """Each may have been paid for."""
    play = Play([reply(201, [{"taskId": "one"}, {"taskId": "two"}])])
    with pytest.raises(SubmitOutcomeUnknown) as caught:
        skin.do(skin.client(play).text_to_video(PROMPT))
    assert caught.value.task_id is None
    assert "client.task('one').result(), client.task('two').result()" in str(caught.value)


def test_a_refusal_without_an_id_is_an_ordinary_error(skin: Skin) -> None:
    """The caller needs its reason."""
    with pytest.raises(BadRequest):
        skin.do(skin.client(Play([reply(400, {"error": {"id": "e-1"}})])).text_to_video(PROMPT))
