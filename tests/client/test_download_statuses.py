"""What each status of a download means: success, a retry, a fresh URL, or an error."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from mountsea_gemini import DownloadError

from tests.client.scripted import FILE, SIGNED, TASK, Play, Skin, fails, reply
from tests.client.test_downloading import FILM, completed_poll, fetch, film

AGAIN = (408, 425, 429, 500, 502, 503, 504, 520, 599)
EXPIRED = (403, 404, 410)
FINAL = (201, 204, 206, 300, 304, 400, 401, 402, 405, 406, 409, 416, 418, 451)


@pytest.mark.parametrize("status", AGAIN)
def test_a_transient_failure_is_retried(skin: Skin, tmp_path: Path, status: int) -> None:
    """Downloads are free to repeat: four attempts, each from the start."""
    play = Play(file=[reply(status), fails(httpx.ConnectError), film()])
    assert fetch(skin, play, tmp_path / "cat.mp4").read_bytes() == FILM
    lasting = Play(file=[reply(status)])
    with pytest.raises(DownloadError, match=f"HTTP {status}") as caught:
        fetch(skin, lasting, tmp_path / "dog.mp4")
    assert (caught.value.status, len(lasting.of("file"))) == (status, 4)


@pytest.mark.parametrize("status", EXPIRED)
def test_an_expired_url_is_renewed_once(skin: Skin, tmp_path: Path, status: int) -> None:
    """Poll for a fresh URL once; fail where that has expired too, or where the API names the old one again."""
    poll = [completed_poll(FILE), completed_poll(FILE + "-fresh"), completed_poll(FILE + "-fresher")]
    play = Play(poll=poll, file=[reply(status), film()])
    assert fetch(skin, play, tmp_path / "cat.mp4").read_bytes() == FILM
    assert [str(request.url) for request in play.of("file")] == [FILE, FILE + "-fresh"]
    for polls, downloads in ((poll, 2), (poll[:1], 1)):
        play = Play(poll=polls, file=[reply(status)])
        with pytest.raises(DownloadError, match="the API names no other URL") as caught:
            fetch(skin, play, tmp_path / "cat.mp4")
        assert (caught.value.status, caught.value.task_id) == (status, TASK)
        assert (len(play.of("poll")), len(play.of("file"))) == (2, downloads)
        assert SIGNED not in str(caught.value)


@pytest.mark.parametrize("status", FINAL)
def test_any_other_status_is_final(skin: Skin, tmp_path: Path, status: int) -> None:
    """The body is not saved, even if it looks like a film."""
    play = Play(file=[reply(status, FILM, {"content-type": "video/mp4"})])
    with pytest.raises(DownloadError, match=f"HTTP {status}") as caught:
        fetch(skin, play, tmp_path / "cat.mp4")
    assert (caught.value.status, len(play.of("file"))) == (status, 1)
    assert list(tmp_path.iterdir()) == []
