"""The result files are real videos, and are served unchanged."""

from __future__ import annotations

import io
from importlib.resources import files
from typing import Any

import av
import pytest

from tests.sandbox.asking import HOST, TEXT, Ask, Send, poll, start_task
from tests.sandbox.make_videos import make

VIDEOS = files("rulewright.sandbox") / "videos"
SIZES = {"wide": (320, 180), "tall": (180, 320)}


def result(send: Send, body: Any = TEXT, script: str = "now") -> str:
    """Run a task to its end, and return the path of its file."""
    value = send(poll(start_task(send, body, x_sandbox_script=script))).json()
    (url,) = value["result"]["videoUrls"]
    assert url.startswith(f"http://{HOST}/files/")
    return str(url).removeprefix(f"http://{HOST}")


@pytest.mark.parametrize("name", SIZES)
def test_every_frame_decodes(name: str) -> None:
    """H.264 in the right shape, two seconds, a few kilobytes, playable from the start."""
    content = (VIDEOS / f"{name}.mp4").read_bytes()
    with av.open(io.BytesIO(content), "r") as container:
        stream = container.streams.video[0]
        frames = list(container.decode(stream))
        assert stream.codec_context.name == "h264"
        assert (stream.width, stream.height) == SIZES[name]
        assert container.duration == 2_000_000
    assert len(frames) == 24
    assert {(frame.width, frame.height) for frame in frames} == {SIZES[name]}
    assert len({bytes(frame.planes[0]) for frame in frames}) == 24
    assert len(content) < 12_000
    assert content.index(b"moov") < content.index(b"mdat")


@pytest.mark.parametrize("name", SIZES)
def test_the_committed_files_are_what_the_script_makes(name: str) -> None:
    """The pictures match; other encoders may write other bytes."""
    with av.open(io.BytesIO(make(*SIZES[name])), "r") as made, av.open(str(VIDEOS / f"{name}.mp4"), "r") as committed:
        pairs = list(zip(made.decode(video=0), committed.decode(video=0), strict=True))
    for ours, theirs in pairs:
        points = list(zip(bytes(ours.planes[0])[::37], bytes(theirs.planes[0])[::37], strict=True))
        assert sum(abs(one - other) for one, other in points) / len(points) < 2


@pytest.mark.parametrize(
    ("body", "name"),
    [(TEXT, "wide"), (TEXT | {"aspectRatio": "16:9"}, "wide"), (TEXT | {"aspectRatio": "9:16"}, "tall")],
)
def test_the_file_arrives_byte_for_byte_in_the_shape_asked_for(send: Send, body: Any, name: str) -> None:
    """The download needs no credential, and has its type and length."""
    answer = send(Ask("GET", result(send, body), {}))
    content = (VIDEOS / f"{name}.mp4").read_bytes()
    assert answer.status == 200
    assert answer.body == content
    assert {("content-type", "video/mp4"), ("content-length", str(len(content)))} <= set(answer.headers)


@pytest.mark.parametrize(
    ("wanted", "status", "part"),
    [
        ("bytes=0-9", 206, slice(0, 10)),
        ("bytes=3000-", 206, slice(3000, None)),
        ("bytes=-5", 206, slice(-5, None)),
        ("bytes=0-999999", 206, slice(None)),
        ("bytes=a-b", 200, slice(None)),
        ("bytes=-", 200, slice(None)),
        (f"bytes={'9' * 5000}-", 200, slice(None)),
    ],
)
def test_a_range_gives_its_part(send: Send, wanted: str, status: int, part: slice) -> None:
    """As RFC 9110 says; an invalid range is ignored."""
    answer = send(Ask("GET", result(send), {"range": wanted}))
    assert (answer.status, answer.body) == (status, (VIDEOS / "wide.mp4").read_bytes()[part])


@pytest.mark.parametrize("wanted", ["bytes=999999-", "bytes=5-4", "bytes=-0"])
def test_a_range_outside_the_file_is_refused(send: Send, wanted: str) -> None:
    """Content-Range has the size."""
    answer = send(Ask("GET", result(send), {"range": wanted}))
    assert answer.status == 416
    assert any(name == "content-range" and value.startswith("bytes */") for name, value in answer.headers)
