"""An id in the answer to a submit was paid for: it reaches the caller, whatever else the answer says."""

from __future__ import annotations

import pytest
from mountsea_gemini import ApiError, SubmitContradicted
from mountsea_gemini.operations import GENERATE_VIDEO
from mountsea_gemini.raw.models import VideoGenerationDto

from tests.client.scripted import PROMPT, TASK, Play, Skin, reply


@pytest.mark.parametrize("status", [202, 307, 400, 401, 402, 409, 422, 429, 500, 503])
def test_an_id_in_an_answer_is_never_lost(skin: Skin, status: int) -> None:
    """Whatever the status says: one POST, and the error leads to the task."""
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
    """Whoever submits with `call` finds the task again, too, where the answer is an error or cannot be read."""
    body = VideoGenerationDto(prompt="a cat", action="text2video", model="veo3_fast")
    for answer in (reply(503, {"taskId": TASK}), reply(300, {"taskId": TASK})):
        with pytest.raises(ApiError) as caught:
            skin.do(skin.client(Play([answer])).call(GENERATE_VIDEO, body=body))
        assert caught.value.task_id == TASK
