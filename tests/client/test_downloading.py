"""Download a result: completely or not at all, from public addresses, without the token."""

from __future__ import annotations

import os
import random
import stat
import struct
import threading
import tracemalloc
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from mountsea_gemini import (
    ApiError,
    ConfigurationError,
    DownloadError,
    TaskFailed,
    WaitTimeout,
)
from mountsea_gemini._clock import SystemClock
from mountsea_gemini._files import Partial

from tests.client.scripted import (
    BASE,
    COMPLETED,
    FILE,
    PROCESSING,
    SIGNED,
    TASK,
    TOKEN,
    Play,
    Reply,
    Skin,
    fails,
    reply,
    stream,
)


def box(name: bytes, size: int) -> bytes:
    """Return an MP4 box of that size."""
    return struct.pack(">I4s", size, name) + bytes(size - 8)


FILM = box(b"ftyp", 24) + box(b"moov", 200) + box(b"mdat", 5000)
OLD = b"the older film"
PUBLIC = "https://cdn.example.com/cat.mp4"


def film(data: bytes = FILM, headers: Mapping[str, str] | None = None) -> Reply:
    """Return a reply with a complete film."""
    return reply(200, data, {"Content-Type": "video/mp4", **(headers or {})})


def completed_poll(*urls: str) -> Reply:
    """Return a poll's reply of a task that lists those files."""
    return reply(200, {"taskId": TASK, "status": "completed", "result": {"videoUrls": list(urls)}})


def fetch(skin: Skin, play: Play, path: Any, **options: Any) -> Any:
    """Download the task's file."""
    return skin.do(skin.task(skin.client(play)).download(path, **options))


def download_error(skin: Skin, play: Play, path: Path, **options: Any) -> Any:
    """Download over an older file, and return the error; the older file must still be there."""
    path.write_bytes(OLD)
    before = set(path.parent.iterdir())
    with pytest.raises(ApiError) as caught:
        fetch(skin, play, path, **options)
    assert path.read_bytes() == OLD
    assert set(path.parent.iterdir()) == before
    return caught.value


def test_a_download_waits_for_the_task_and_puts_the_file_in_place(skin: Skin, tmp_path: Path) -> None:
    """The file has the permissions of any new file."""
    play = Play(poll=[PROCESSING, PROCESSING, COMPLETED], file=[film()])
    path = fetch(skin, play, tmp_path / "cat.mp4")
    assert path == tmp_path / "cat.mp4"
    assert path.read_bytes() == FILM
    other = tmp_path / "other"
    other.write_bytes(b"")
    assert path.stat().st_mode == other.stat().st_mode
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["cat.mp4", "other"]


@pytest.mark.parametrize("path", [".", "missing/cat.mp4", "", "a\0b", None, 7, "file/cat.mp4", "x" * 300])
def test_a_path_that_cannot_be_written_is_refused_before_any_request(
    skin: Skin, tmp_path: Path, path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A misspelt directory must not surface after half an hour of waiting."""
    monkeypatch.chdir(tmp_path)
    Path("file").write_bytes(b"")
    play = Play(file=[film()])
    with pytest.raises((ConfigurationError, DownloadError), match="cannot write"):
        fetch(skin, play, path)
    assert play.of("submit") == []
    assert (len(play.seen) == 0) or path == "x" * 300
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["file"]


def test_the_name_never_comes_from_the_url_or_the_headers(skin: Skin, tmp_path: Path) -> None:
    """The caller names the file; Content-Disposition is ignored."""
    play = Play(
        poll=[completed_poll(f"{BASE}/..%2f..%2fevil.mp4")],
        file=[film(headers={"Content-Disposition": 'attachment; filename="../evil.mp4"'})],
    )
    fetch(skin, play, tmp_path / "cat.mp4")
    assert [entry.name for entry in tmp_path.iterdir()] == ["cat.mp4"]


def test_a_symbolic_link_is_replaced_not_followed(skin: Skin, tmp_path: Path) -> None:
    """Nothing outside the directory changes."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    precious = elsewhere / "precious"
    precious.write_bytes(OLD)
    link = tmp_path / "cat.mp4"
    link.symlink_to(precious)
    fetch(skin, Play(file=[film()]), link)
    assert precious.read_bytes() == OLD
    assert not link.is_symlink()
    assert link.read_bytes() == FILM
    (tmp_path / "folder.mp4").symlink_to(elsewhere)
    with pytest.raises(ConfigurationError, match="directory"):
        fetch(skin, Play(file=[film()]), tmp_path / "folder.mp4")


@pytest.mark.skipif(os.name != "posix", reason="pipes with names are POSIX")
@pytest.mark.parametrize("linked", [False, True])
def test_a_pipe_is_written_into(skin: Skin, tmp_path: Path, *, linked: bool) -> None:
    """A late reader gets the whole film, and the pipe stays a pipe."""
    pipe, target = tmp_path / "pipe.mp4", tmp_path / ("link.mp4" if linked else "pipe.mp4")
    os.mkfifo(pipe)
    if linked:
        target.symlink_to(pipe)
    large = FILM + box(b"free", 300_000)
    got: list[bytes] = []
    reader = threading.Timer(0.3, lambda: got.append(pipe.read_bytes()))
    reader.start()
    clock = SystemClock()
    play = Play(file=[film(large)])
    assert skin.do(skin.task(skin.client(play, clock=clock)).download(target)) == target
    reader.join(20)
    assert got == [large]
    assert pipe.is_fifo()
    assert target.is_symlink() == linked


@pytest.mark.skipif(os.name != "posix", reason="pipes with names are POSIX")
@pytest.mark.parametrize("body", [FILM[:-1], b"<html>"])
def test_the_reader_of_a_pipe_gets_nothing_of_a_cut_film(skin: Skin, tmp_path: Path, body: bytes) -> None:
    """The download does not wait for a film that will not come."""
    pipe = tmp_path / "pipe.mp4"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        with pytest.raises(DownloadError):
            fetch(skin, Play(file=[film(body)]), pipe)
        assert os.read(reader, 99) == b""
    finally:
        os.close(reader)


@pytest.mark.skipif(os.name != "posix", reason="pipes with names are POSIX")
def test_a_pipe_without_a_reader_times_out(skin: Skin, tmp_path: Path) -> None:
    """After an hour of the client's clock; a reader that leaves ends it at once."""
    pipe = tmp_path / "pipe.mp4"
    os.mkfifo(pipe)
    with pytest.raises(DownloadError, match="did not take everything within 3600 s"):
        fetch(skin, Play(file=[film()]), pipe)
    large = FILM + box(b"free", 300_000)
    leaving = threading.Timer(0.3, lambda: os.close(os.open(pipe, os.O_RDONLY)))
    leaving.start()
    with pytest.raises(DownloadError, match="Broken pipe"):
        skin.do(skin.task(skin.client(Play(file=[film(large)]), clock=SystemClock())).download(pipe))
    leaving.join(20)
    assert pipe.is_fifo()


@pytest.mark.skipif(os.name != "posix", reason="the devices of Windows have no paths like these")
def test_a_device_is_written_into_not_replaced(skin: Skin, tmp_path: Path) -> None:
    """By name or through a link: a command run as root must not replace /dev/null."""
    link = tmp_path / "null.mp4"
    link.symlink_to(os.devnull)
    for target in (Path(os.devnull), link):
        before = target.lstat()
        assert fetch(skin, Play(file=[film()]), target) == target
        assert os.path.samestat(before, target.lstat())
        assert stat.S_ISCHR(target.stat().st_mode)
    assert os.listdir(tmp_path) == ["null.mp4"]  # noqa: PTH208


@pytest.mark.skipif(os.name != "posix", reason="pipes with names are POSIX")
def test_a_pipe_that_appears_meanwhile_is_not_replaced(skin: Skin, tmp_path: Path) -> None:
    """The target is checked again right before the rename."""
    target = tmp_path / "cat.mp4"

    class Slow(httpx.SyncByteStream, httpx.AsyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            yield FILM
            os.mkfifo(target)

        async def __aiter__(self) -> AsyncIterator[bytes]:
            for piece in self:
                yield piece

    with pytest.raises(DownloadError, match="what is there now is not a regular file"):
        fetch(skin, Play(file=[lambda _: httpx.Response(200, stream=Slow())]), target)
    assert [entry.name for entry in tmp_path.iterdir()] == ["cat.mp4"]
    assert target.is_fifo()


CUTS = sorted(random.Random(3).sample(range(len(FILM)), 200))  # noqa: S311  repeatable on purpose


@pytest.mark.parametrize("framing", ["length", "chunked", "none"])
def test_a_cut_at_any_point_leaves_the_older_file(skin: Skin, tmp_path: Path, framing: str) -> None:
    """200 cut points with each framing; nothing remains beside the older file."""
    headers = {"length": {"Content-Length": str(len(FILM))}, "chunked": {"Transfer-Encoding": "chunked"}, "none": {}}
    error = httpx.RemoteProtocolError("scripted") if framing == "chunked" else None
    for cut in CUTS:
        play = Play(file=[stream(200, [FILM[: cut // 2], FILM[cut // 2 : cut]], headers[framing], error=error)])
        failure = download_error(skin, play, tmp_path / "cat.mp4")
        assert isinstance(failure, DownloadError)
        assert failure.task_id == TASK


def test_two_writers_of_one_file_both_end_whole(tmp_path: Path) -> None:
    """Each writes its own part; the last rename wins."""
    target = tmp_path / "cat.mp4"
    first, second = Partial.beside(target), Partial.beside(target)
    first.write(b"first")
    second.write(b"second")
    first.commit()
    assert target.read_bytes() == b"first"
    second.commit()
    assert target.read_bytes() == b"second"
    assert [entry.name for entry in tmp_path.iterdir()] == ["cat.mp4"]


@pytest.mark.parametrize(
    "url",
    [
        "http://cdn.example.com/cat.mp4",
        "http://127.0.0.1:8/other-port.mp4",
        "https://127.0.0.1/cat.mp4",
        "https://localhost/cat.mp4",
        "https://a.localhost./cat.mp4",
        "https://10.0.0.1/",
        "https://192.168.1.1/",
        "https://172.16.0.9/",
        "https://169.254.169.254/latest/meta-data",
        "https://100.64.0.1/",
        "https://0.0.0.0/",
        "https://224.0.0.1/",
        "https://255.255.255.255/",
        "https://[::1]/",
        "https://[fe80::1]/",
        "https://[fc00::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[64:ff9b::7f00:1]/",
        "https://[2002:7f00:1::]/",
        "https://user:password@cdn.example.com/",
        "https://cdn.example.com\\@127.0.0.1/",
        "https://cdn.example.com:0x50/",
    ],
)
def test_a_url_that_is_not_public_https_is_never_requested(skin: Skin, tmp_path: Path, url: str) -> None:
    """Neither a response nor a redirect may send the client into its own network."""
    play = Play(poll=[completed_poll(url)], file=[film()])
    error = download_error(skin, play, tmp_path / "cat.mp4")
    assert play.of("file") == []
    assert error.task_id == TASK
    hop = Play(poll=[completed_poll(PUBLIC)], file=[reply(302, b"", {"Location": url}), film()])
    assert type(download_error(skin, hop, tmp_path / "cat.mp4")) is DownloadError
    assert [str(request.url) for request in hop.of("file")] == [PUBLIC]


@pytest.mark.parametrize(
    ("place", "asked"),
    [
        ("https://other.example.org/b.mp4", "https://other.example.org/b.mp4"),
        ("/b.mp4", "https://cdn.example.com/b.mp4"),
        ("b.mp4?x=1", "https://cdn.example.com/b.mp4?x=1"),
        ("//other.example.org/b.mp4", "https://other.example.org/b.mp4"),
        ("ftp://other.example.org/b.mp4", None),
        ("file:///etc/passwd", None),
        ("javascript:alert(1)", None),
        ("", None),
        ("http://[", None),
    ],
)
def test_redirects_of_a_download_are_followed_by_hand(
    skin: Skin, tmp_path: Path, place: str, asked: str | None
) -> None:
    """Each hop is checked like the first URL, and gets neither token nor cookie."""
    hop = reply(302, b"", {"Location": place, "Set-Cookie": "a=b"})
    play = Play(poll=[completed_poll(PUBLIC)], file=[hop, film()])
    if asked is None:
        assert type(download_error(skin, play, tmp_path / "cat.mp4")) is DownloadError
    else:
        assert fetch(skin, play, tmp_path / "cat.mp4").read_bytes() == FILM
        assert str(play.of("file")[-1].url) == asked
    for request in play.of("file"):
        assert TOKEN not in str(request.headers.raw)
        assert not {"authorization", "cookie", "referer"} & set(request.headers)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_every_kind_of_redirect_is_followed(skin: Skin, tmp_path: Path, status: int) -> None:
    """For a GET they all mean the same."""
    play = Play(poll=[completed_poll(PUBLIC)], file=[reply(status, b"", {"Location": "/b.mp4"}), film()])
    assert fetch(skin, play, tmp_path / "cat.mp4").read_bytes() == FILM


def test_a_download_of_a_task_that_fails_or_times_out_raises_that_error(skin: Skin, tmp_path: Path) -> None:
    """The wait's own error is raised, and no file is made."""
    failed = reply(200, {"taskId": TASK, "status": "failed"})
    assert type(download_error(skin, Play(poll=[failed]), tmp_path / "cat.mp4")) is TaskFailed
    assert type(download_error(skin, Play(poll=[PROCESSING]), tmp_path / "cat.mp4", timeout=5)) is WaitTimeout


def test_a_large_file_takes_little_memory(skin: Skin, tmp_path: Path) -> None:
    """64 MiB pass through less than 5 MiB of memory."""
    piece = bytes(2**20)
    answer = stream(200, [piece] * 64, {"Content-Length": str(64 * 2**20)})
    task = skin.task(skin.client(Play(file=[answer])))
    skin.do(task.result())
    tracemalloc.start()
    try:
        path = skin.do(task.download(tmp_path / "cat.bin"))
        assert tracemalloc.get_traced_memory()[1] < 5 * 2**20
    finally:
        tracemalloc.stop()
    assert path.stat().st_size == 64 * 2**20


def test_an_interrupted_download_leaves_nothing_behind(skin: Skin, tmp_path: Path) -> None:
    """Ctrl-C during a transfer leaves the older file and no other."""
    target = tmp_path / "cat.mp4"
    target.write_bytes(OLD)
    with pytest.raises(KeyboardInterrupt):
        fetch(skin, Play(file=[stream(200, [FILM[:99]], error=KeyboardInterrupt())]), target)
    assert target.read_bytes() == OLD
    assert [entry.name for entry in tmp_path.iterdir()] == ["cat.mp4"]


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
