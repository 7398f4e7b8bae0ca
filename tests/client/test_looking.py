"""Reading what a look is answered with: what counts as an answer about the task, and what does not."""

from __future__ import annotations

import gzip
import json

import pytest
from mountsea_gemini import ProtocolError

from tests.client.scripted import FILE, TASK, Play, Reply, Skin, reply, streamed


@pytest.mark.parametrize("kind", ["text/plain", "text/html; charset=latin-1", "", "video/mp4"])
def test_json_is_read_whatever_it_is_called(skin: Skin, kind: str) -> None:
    """A wrong content type on a right answer costs nobody a result."""
    body = b'{"status": "completed", "result": {"videoUrl": "https://example.com/1.mp4"}}'
    play = Play(poll=[reply(200, body, {"Content-Type": kind})])
    assert skin.do(skin.task(skin.client(play)).wait()).urls == ("https://example.com/1.mp4",)


def test_a_compressed_answer_is_read(skin: Skin) -> None:
    """None is asked for, but a proxy may send one all the same."""
    body = gzip.compress(json.dumps({"taskId": TASK, "status": "processing"}).encode())
    play = Play(poll=[streamed(200, [body], {"Content-Encoding": "gzip"})])
    assert skin.do(skin.task(skin.client(play)).result()).status == "processing"


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (reply(200, b" " * (4 * 2**20) + b'{"status": "processing"}'), "larger than 4194304 bytes"),
        (reply(302, {"taskId": TASK, "status": "completed"}, {"Location": FILE}), "redirects are not followed"),
    ],
)
def test_an_answer_without_end_or_from_elsewhere_is_not_read(skin: Skin, answer: Reply, words: str) -> None:
    """Whatever it holds, it tells nothing about the task."""
    with pytest.raises(ProtocolError, match=words):
        skin.do(skin.task(skin.client(Play(poll=[answer]))).result())
