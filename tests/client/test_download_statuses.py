"""What each status of a download means: a film, another try, a fresh address, or the end."""

from __future__ import annotations

from pathlib import Path

import pytest
from mountsea_gemini import DownloadError

from tests.client.scripted import Play, Skin, reply
from tests.client.test_downloading import FILM, fetch, film

AGAIN = (408, 425, 429, 500, 502, 503, 504, 520, 599)
EXPIRED = (403, 404, 410)
FINAL = (201, 204, 206, 300, 304, 400, 401, 402, 405, 406, 409, 416, 451)


@pytest.mark.parametrize("status", AGAIN)
def test_a_status_that_passes_is_tried_again(skin: Skin, tmp_path: Path, status: int) -> None:
    """Reading is free: four times in all, and the film is there when the server has come to itself."""
    play = Play(file=[reply(status), reply(status), film()])
    assert fetch(skin, play, tmp_path / "cat.mp4").read_bytes() == FILM
    lasting = Play(file=[reply(status)])
    with pytest.raises(DownloadError, match=f"HTTP {status}") as caught:
        fetch(skin, lasting, tmp_path / "dog.mp4")
    assert (caught.value.status, len(lasting.of("file"))) == (status, 4)


@pytest.mark.parametrize("status", EXPIRED)
def test_an_address_that_expired_is_asked_for_anew_once(skin: Skin, tmp_path: Path, status: int) -> None:
    """Where the API names the same one again, nothing is gained by trying it."""
    play = Play(file=[reply(status)])
    with pytest.raises(DownloadError, match="the API names no other URL") as caught:
        fetch(skin, play, tmp_path / "cat.mp4")
    assert (caught.value.status, len(play.of("file")), len(play.of("poll"))) == (status, 1, 2)


@pytest.mark.parametrize("status", FINAL)
def test_any_other_status_is_the_end_at_once(skin: Skin, tmp_path: Path, status: int) -> None:
    """It will not change by asking again, and what comes with it is no film, whatever it looks like."""
    play = Play(file=[reply(status, FILM, {"content-type": "video/mp4"})])
    with pytest.raises(DownloadError, match=f"HTTP {status}") as caught:
        fetch(skin, play, tmp_path / "cat.mp4")
    assert (caught.value.status, len(play.of("file"))) == (status, 1)
    assert list(tmp_path.iterdir()) == []
