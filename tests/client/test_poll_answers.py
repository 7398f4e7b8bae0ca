"""Which responses to a poll are read, and which are refused."""

from __future__ import annotations

import gzip
import json

import pytest
from mountsea_gemini import ProtocolError

from tests.client.scripted import FILE, TASK, Play, Reply, Skin, reply, stream


@pytest.mark.parametrize("kind", ["text/plain", "text/html; charset=latin-1", "", "video/mp4"])
def test_json_is_read_with_any_content_type(skin: Skin, kind: str) -> None:
    """A wrong content type must not cost the result."""
    body = b'{"status": "completed", "result": {"videoUrl": "https://example.com/1.mp4"}}'
    play = Play(poll=[reply(200, body, {"Content-Type": kind})])
    assert skin.do(skin.task(skin.client(play)).wait()).urls == ("https://example.com/1.mp4",)


def test_a_compressed_answer_is_read(skin: Skin) -> None:
    """The client asks for none, but a proxy may compress."""
    body = gzip.compress(json.dumps({"taskId": TASK, "status": "processing"}).encode())
    play = Play(poll=[stream(200, [body], {"Content-Encoding": "gzip"})])
    assert skin.do(skin.task(skin.client(play)).result()).status == "processing"


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (reply(200, b" " * (4 * 2**20) + b'{"status": "processing"}'), "larger than 4194304 bytes"),
        (reply(302, {"taskId": TASK, "status": "completed"}, {"Location": FILE}), "redirects are not followed"),
    ],
)
def test_a_response_that_is_too_large_or_redirected_is_refused(skin: Skin, answer: Reply, words: str) -> None:
    """It says nothing reliable about the task."""
    with pytest.raises(ProtocolError, match=words):
        skin.do(skin.task(skin.client(Play(poll=[answer]))).result())
