"""Downloading: whole or not at all, from public addresses, by a client without token."""

from __future__ import annotations

import errno
import os
import random
import socket
import stat
import struct
import threading
import tracemalloc
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
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
    _downloading,
)
from mountsea_gemini._addresses import is_public
from mountsea_gemini._clock import SystemClock
from mountsea_gemini._files import Partial
from rulewright.testing import FakeClock

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
    streamed,
)


def box(name: bytes, size: int) -> bytes:
    """Return an MP4 box of that size."""
    return struct.pack(">I4s", size, name) + bytes(size - 8)


FILM = box(b"ftyp", 24) + box(b"moov", 200) + box(b"mdat", 5000)
OLD = b"the older film"
PUBLIC = "https://cdn.example.com/cat.mp4"


def film(data: bytes = FILM, headers: Mapping[str, str] | None = None) -> Reply:
    """Return a reply with a whole film."""
    return reply(200, data, {"Content-Type": "video/mp4", **(headers or {})})


def completed(*urls: str) -> Reply:
    """Return a poll's answer of a task that made those files."""
    return reply(200, {"taskId": TASK, "status": "completed", "result": {"videoUrls": list(urls)}})


def fetch(skin: Skin, play: Play, path: Any, **options: Any) -> Any:
    """Download the task's file."""
    settings = {
        name: options.pop(name) for name in ("max_download_bytes", "allow_private_downloads") if name in options
    }
    return skin.do(skin.task(skin.client(play, **settings)).download(path, **options))


def refused(skin: Skin, play: Play, path: Path, **options: Any) -> Any:
    """Download over an older file, and return the error that must come of it; the older file must be there still."""
    path.write_bytes(OLD)
    before = set(path.parent.iterdir())
    with pytest.raises(ApiError) as caught:
        fetch(skin, play, path, **options)
    assert path.read_bytes() == OLD
    assert set(path.parent.iterdir()) == before
    return caught.value


def test_a_download_waits_for_the_task_and_puts_the_file_in_place(skin: Skin, tmp_path: Path) -> None:
    """One call from a handle to a file, which has the rights any new file gets."""
    play = Play(poll=[PROCESSING, PROCESSING, COMPLETED], file=[film()])
    path = fetch(skin, play, tmp_path / "cat.mp4")
    assert path == tmp_path / "cat.mp4"
    assert path.read_bytes() == FILM
    other = tmp_path / "other"
    other.write_bytes(b"")
    assert path.stat().st_mode == other.stat().st_mode
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["cat.mp4", "other"]


def test_an_older_file_is_replaced_and_keeps_its_rights(skin: Skin, tmp_path: Path) -> None:
    """Who could read the older file can read the new one, and nobody else."""
    target = tmp_path / "cat.mp4"
    target.write_bytes(OLD)
    target.chmod(0o600)
    fetch(skin, Play(file=[film()]), str(target))
    assert target.read_bytes() == FILM
    assert target.stat().st_mode & 0o777 == 0o600


def test_one_of_several_files_is_chosen_by_index(skin: Skin, tmp_path: Path) -> None:
    """Counted from 0; one that does not exist is named, as is an index that cannot be one."""
    poll = [completed(f"{BASE}/1.mp4", f"{BASE}/2.mp4")]
    play = Play(poll=poll, file=[film()])
    fetch(skin, play, tmp_path / "cat.mp4", index=1)
    assert [str(request.url) for request in play.of("file")] == [f"{BASE}/2.mp4"]
    with pytest.raises(ConfigurationError, match="made 2 files; there is none with index 2") as caught:
        fetch(skin, Play(poll=poll), tmp_path / "cat.mp4", index=2)
    assert caught.value.task_id == TASK
    for index in (-1, True, "0", None):
        with pytest.raises(ConfigurationError, match="index counts"):
            fetch(skin, Play(poll=poll), tmp_path / "cat.mp4", index=index)


@pytest.mark.parametrize("path", [".", "missing/cat.mp4", "", "a\0b", None, 7, "file/cat.mp4", "x" * 300])
def test_a_path_that_cannot_be_written_is_refused_before_anything_is_asked(
    skin: Skin, tmp_path: Path, path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A misspelt directory does not show after half an hour of waiting."""
    monkeypatch.chdir(tmp_path)
    Path("file").write_bytes(b"")
    play = Play(file=[film()])
    with pytest.raises((ConfigurationError, DownloadError), match="cannot write"):
        fetch(skin, play, path)
    assert play.of("submit") == []
    assert (len(play.seen) == 0) or path == "x" * 300
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["file"]


def test_the_name_never_comes_from_the_url_or_the_headers(skin: Skin, tmp_path: Path) -> None:
    """The caller names the file; a server's wish is not even read."""
    play = Play(
        poll=[completed(f"{BASE}/..%2f..%2fevil.mp4")],
        file=[film(headers={"Content-Disposition": 'attachment; filename="../evil.mp4"'})],
    )
    fetch(skin, play, tmp_path / "cat.mp4")
    assert [entry.name for entry in tmp_path.iterdir()] == ["cat.mp4"]


def test_a_symbolic_link_is_replaced_not_followed(skin: Skin, tmp_path: Path) -> None:
    """Nothing outside the directory changes, whoever put the link there."""
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
    """Its reader may come late, and gets the whole film; the pipe stays one."""
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
    """Nor does one wait for a film that will not come."""
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
def test_a_pipe_that_nobody_reads_ends_with_the_transfers_time(skin: Skin, tmp_path: Path) -> None:
    """An hour of the client's clock, and no more; a reader that leaves ends it at once."""
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
    """By its own name or through a link: a command run as root must not make a film of /dev/null."""
    link = tmp_path / "null.mp4"
    link.symlink_to(os.devnull)
    for target in (Path(os.devnull), link):
        before = target.lstat()
        assert fetch(skin, Play(file=[film()]), target) == target
        assert os.path.samestat(before, target.lstat())
        assert stat.S_ISCHR(target.stat().st_mode)
    assert os.listdir(tmp_path) == ["null.mp4"]  # noqa: PTH208


@pytest.mark.skipif(os.name != "posix", reason="sockets with paths are POSIX")
@pytest.mark.parametrize("linked", [False, True])
def test_a_socket_is_refused_before_anything_is_asked(skin: Skin, tmp_path: Path, *, linked: bool) -> None:
    """Replacing one would cut a service off; nothing can be written into it by its path."""
    place, target = tmp_path / "s", tmp_path / ("link" if linked else "s")
    with socket.socket(socket.AF_UNIX) as service:
        service.bind(str(place))
        if linked:
            target.symlink_to(place)
        play = Play(file=[film()])
        with pytest.raises(ConfigurationError, match="it is a socket; name a regular file"):
            fetch(skin, play, target)
        assert play.seen == []
        assert place.is_socket()


@pytest.mark.skipif(os.name != "posix", reason="pipes with names are POSIX")
def test_what_appears_meanwhile_is_not_replaced(skin: Skin, tmp_path: Path) -> None:
    """The target is looked at again right before the rename."""
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


@pytest.mark.parametrize("name", ["cat.mp4", "cat.bin", "cat"])
@pytest.mark.parametrize("kind", ["video/mp4", "application/octet-stream"])
def test_a_film_shorter_than_its_boxes_is_refused(skin: Skin, tmp_path: Path, name: str, kind: str) -> None:
    """Whatever the server says its length is, and whatever the file is called."""
    for cut in (24, 100, 230, 232, len(FILM) - 1):
        play = Play(file=[reply(200, FILM[:cut], {"Content-Type": kind, "Content-Length": str(cut)})])
        assert "so it is cut" in str(refused(skin, play, tmp_path / name))


def test_a_part_of_a_film_is_refused(skin: Skin, tmp_path: Path) -> None:
    """As nothing but the whole was asked for; one that is the whole after all is taken."""
    for part in ("bytes 0-5223/9999", "bytes 1-5224/5225", "bytes 0-5223/*", "bytes */5224", "a part"):
        play = Play(file=[film(headers={"Content-Range": part})])
        assert f"a part came, although all was asked for (Content-Range: {part})" in str(
            refused(skin, play, tmp_path / "cat.mp4")
        )
    whole = Play(file=[film(headers={"Content-Range": f"bytes 0-{len(FILM) - 1}/{len(FILM)}"})])
    assert fetch(skin, whole, tmp_path / "cat.mp4").read_bytes() == FILM


CUTS = sorted(random.Random(3).sample(range(len(FILM)), 200))  # noqa: S311  repeatable on purpose


@pytest.mark.parametrize("framing", ["length", "chunked", "none"])
def test_a_cut_at_any_point_leaves_the_older_file(skin: Skin, tmp_path: Path, framing: str) -> None:
    """200 cut points, however the length was said or not: the old file whole, and no rest beside it."""
    headers = {"length": {"Content-Length": str(len(FILM))}, "chunked": {"Transfer-Encoding": "chunked"}, "none": {}}
    error = httpx.RemoteProtocolError("scripted") if framing == "chunked" else None
    for cut in CUTS:
        play = Play(file=[streamed(200, [FILM[: cut // 2], FILM[cut // 2 : cut]], headers[framing], error=error)])
        failure = refused(skin, play, tmp_path / "cat.mp4")
        assert isinstance(failure, DownloadError)
        assert failure.task_id == TASK


def test_a_film_without_a_length_is_taken_if_its_boxes_fill_it(skin: Skin, tmp_path: Path) -> None:
    """A server that just closes the connection proves nothing; the film's own structure does."""
    assert fetch(skin, Play(file=[streamed(200, [FILM])]), tmp_path / "cat.mp4").read_bytes() == FILM
    other = Play(file=[streamed(200, [FILM])])
    assert "nobody can tell whether it is whole" in str(refused(skin, other, tmp_path / "cat.bin"))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>sorry</html>",
        b"\0\0\0\x18moov" + bytes(16),
        box(b"ftyp", 24),
        box(b"ftyp", 24) + b"\0\0\0\0mdat" + bytes(99),
        box(b"ftyp", 24) + b"\0\0\0\x01mdat" + struct.pack(">Q", 2**63) + bytes(99),
        box(b"ftyp", 24) + b"\0\0\0\x01mdat\0",
        box(b"ftyp", 24) + box(b"moov", 30) + b"\0\0\0\x07mdat",
        FILM + b"\0",
    ],
)
def test_what_is_no_whole_film_is_refused(skin: Skin, tmp_path: Path, body: bytes) -> None:
    """Broken box lengths end in an error, not in a loop."""
    assert isinstance(refused(skin, Play(file=[streamed(200, [body])]), tmp_path / "cat.mp4"), DownloadError)


def test_a_page_under_a_films_name_is_refused(skin: Skin, tmp_path: Path) -> None:
    """Neither a page of HTML nor a JSON error becomes a file."""
    for kind in ("text/html; charset=utf-8", "application/json"):
        play = Play(file=[reply(200, b"<html>", {"Content-Type": kind})])
        assert "a page came instead" in str(refused(skin, play, tmp_path / "cat.gif"))
    assert "no ftyp box" in str(refused(skin, Play(file=[film(b"x" * 99)]), tmp_path / "cat.gif"))


def test_a_failed_attempt_is_tried_again(skin: Skin, tmp_path: Path) -> None:
    """Reading is free; four attempts, each from the start."""
    play = Play(file=[fails(httpx.ConnectError), reply(503, b""), film(FILM[:99], {"Content-Length": "5224"}), film()])
    assert fetch(skin, play, tmp_path / "cat.mp4").read_bytes() == FILM
    play = Play(file=[reply(503, b"")])
    assert refused(skin, play, tmp_path / "cat.mp4").status == 503
    assert len(play.of("file")) == 4


@pytest.mark.parametrize("status", [403, 404, 410])
def test_an_expired_url_is_renewed_once(skin: Skin, tmp_path: Path, status: int) -> None:
    """The task is asked for a fresh URL before a download fails."""
    poll = [completed(FILE), completed(FILE + "-fresh"), completed(FILE + "-fresher")]
    play = Play(poll=poll, file=[reply(status, b""), film()])
    assert fetch(skin, play, tmp_path / "cat.mp4").read_bytes() == FILM
    assert [str(request.url) for request in play.of("file")] == [FILE, FILE + "-fresh"]
    play = Play(poll=poll, file=[reply(status, b"")])
    error = refused(skin, play, tmp_path / "cat.mp4")
    assert (type(error), error.status, error.task_id) == (DownloadError, status, TASK)
    assert (len(play.of("poll")), len(play.of("file"))) == (2, 2)
    assert SIGNED not in str(error)


@pytest.mark.parametrize("status", [201, 204, 206, 304, 400, 401, 402, 418])
def test_any_other_status_is_final(skin: Skin, tmp_path: Path, status: int) -> None:
    """Only 200 brings a whole file."""
    play = Play(file=[reply(status, FILM)])
    assert refused(skin, play, tmp_path / "cat.mp4").status == status
    assert len(play.of("file")) == 1


def test_a_file_larger_than_the_limit_is_refused(skin: Skin, tmp_path: Path) -> None:
    """Announced or not, and never written to the end; nor is a compressed one taken, which could be any size."""
    for answer in (film(), streamed(200, [FILM[:3000], FILM[3000:]])):
        error = refused(skin, Play(file=[answer]), tmp_path / "cat.mp4", max_download_bytes=4000)
        assert "larger than 4000 bytes" in str(error)
    packed = Play(file=[streamed(200, [FILM], {"Content-Encoding": "gzip"})])
    assert "compressed" in str(refused(skin, packed, tmp_path / "cat.mp4"))


@pytest.mark.parametrize("step", ["write", "commit"])
def test_a_full_disk_leaves_the_older_file(
    skin: Skin, tmp_path: Path, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The system's own words, and nothing half-written stays."""

    def full(*args: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    if step == "write":
        monkeypatch.setattr(Partial, "write", full)
    else:
        monkeypatch.setattr(os, "fsync", full)
    error = refused(skin, Play(file=[film()]), tmp_path / "cat.mp4")
    assert "No space left on device" in str(error)
    assert error.task_id == TASK


def test_a_directory_that_cannot_be_written_is_named(
    skin: Skin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rights are found out when the file is made; the error is ours."""

    def forbidden(target: Path) -> Any:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(Partial, "beside", forbidden)
    assert "Permission denied" in str(refused(skin, Play(file=[film()]), tmp_path / "cat.mp4"))


def test_two_writers_of_one_file_both_end_whole(tmp_path: Path) -> None:
    """Each writes a file of its own; the last rename wins."""
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
def test_a_url_that_is_not_public_https_is_not_asked_at_all(skin: Skin, tmp_path: Path, url: str) -> None:
    """The answer of a task must not send the client into the network it runs in; nor may a redirect."""
    play = Play(poll=[completed(url)], file=[film()])
    error = refused(skin, play, tmp_path / "cat.mp4")
    assert play.of("file") == []
    assert error.task_id == TASK
    hop = Play(poll=[completed(PUBLIC)], file=[reply(302, b"", {"Location": url}), film()])
    assert type(refused(skin, hop, tmp_path / "cat.mp4")) is DownloadError
    assert [str(request.url) for request in hop.of("file")] == [PUBLIC]


def test_one_switch_lets_every_address_pass(skin: Skin, tmp_path: Path) -> None:
    """For those whose own network serves the files."""
    play = Play(poll=[completed("http://10.0.0.1/cat.mp4")], file=[film()])
    assert fetch(skin, play, tmp_path / "cat.mp4", allow_private_downloads=True).read_bytes() == FILM


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
    """Each hop is looked at like the first URL, and none is asked with a token or a cookie."""
    hop = reply(302, b"", {"Location": place, "Set-Cookie": "a=b"})
    play = Play(poll=[completed(PUBLIC)], file=[hop, film()])
    if asked is None:
        assert type(refused(skin, play, tmp_path / "cat.mp4")) is DownloadError
    else:
        assert fetch(skin, play, tmp_path / "cat.mp4").read_bytes() == FILM
        assert str(play.of("file")[-1].url) == asked
    for request in play.of("file"):
        assert TOKEN not in str(request.headers.raw)
        assert not {"authorization", "cookie", "referer"} & set(request.headers)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_every_kind_of_redirect_is_followed(skin: Skin, tmp_path: Path, status: int) -> None:
    """For a file that is only read they all say the same."""
    play = Play(poll=[completed(PUBLIC)], file=[reply(status, b"", {"Location": "/b.mp4"}), film()])
    assert fetch(skin, play, tmp_path / "cat.mp4").read_bytes() == FILM


def test_an_empty_file_is_none(skin: Skin, tmp_path: Path) -> None:
    """Also where no container could be looked into."""
    play = Play(poll=[completed(PUBLIC)], file=[reply(200, b"", {"Content-Type": "image/png"})])
    assert "it is empty" in str(refused(skin, play, tmp_path / "cat.png"))


def test_a_circle_of_redirects_ends(skin: Skin, tmp_path: Path) -> None:
    """Five hops and no more."""
    play = Play(poll=[completed(PUBLIC)], file=[reply(302, b"", {"Location": PUBLIC})])
    assert "more than 5 redirects" in str(refused(skin, play, tmp_path / "cat.mp4"))
    assert len(play.of("file")) == 6


def test_a_transfer_that_never_ends_is_given_up(skin: Skin, tmp_path: Path) -> None:
    """However steadily a server drips: an hour, and no more."""
    clock = FakeClock()

    class Dripping(httpx.SyncByteStream, httpx.AsyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            while clock.elapsed < 2 * 3600:
                clock.advance(20.0)
                yield b"x"

        async def __aiter__(self) -> AsyncIterator[bytes]:
            for piece in self:
                yield piece

    play = Play(file=[lambda _: httpx.Response(200, stream=Dripping())])
    with pytest.raises(DownloadError, match="not done within 3600 s"):
        skin.do(skin.task(skin.client(play, clock=clock)).download(tmp_path / "cat.mp4"))
    assert 3600 <= clock.elapsed <= 3640
    assert list(tmp_path.iterdir()) == []


def test_a_download_of_a_task_that_fails_or_times_out_raises_that_error(skin: Skin, tmp_path: Path) -> None:
    """The wait's own errors come through, and no file is made."""
    failed = reply(200, {"taskId": TASK, "status": "failed"})
    assert type(refused(skin, Play(poll=[failed]), tmp_path / "cat.mp4")) is TaskFailed
    assert type(refused(skin, Play(poll=[PROCESSING]), tmp_path / "cat.mp4", timeout=5)) is WaitTimeout


def test_a_large_file_takes_little_memory(skin: Skin, tmp_path: Path) -> None:
    """What is written is not kept: 64 MiB pass through less than 5 MiB."""
    piece = bytes(2**20)
    answer = streamed(200, [piece] * 64, {"Content-Length": str(64 * 2**20)})
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
    """Ctrl-C in the middle of a transfer: the older file, and no other."""

    class Interrupted(httpx.SyncByteStream, httpx.AsyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            yield FILM[:99]
            raise KeyboardInterrupt

        async def __aiter__(self) -> AsyncIterator[bytes]:
            for piece in self:
                yield piece

    target = tmp_path / "cat.mp4"
    target.write_bytes(OLD)
    play = Play(file=[lambda _: httpx.Response(200, stream=Interrupted())])
    client = skin.client(play)
    with pytest.raises(KeyboardInterrupt):
        skin.do(skin.task(client).download(target))
    assert target.read_bytes() == OLD
    assert [entry.name for entry in tmp_path.iterdir()] == ["cat.mp4"]


def test_addresses_are_public_or_not() -> None:
    """The table of special addresses, IPv6 disguises included; what is no address is not public."""
    public: Callable[[str], bool] = is_public
    assert [a for a in ("8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808") if not public(a)] == []
    private = ("127.0.0.1", "::ffff:10.0.0.1", "fe80::1%eth0", "2001:0:0:0:0:0:f5ff:fffe", "localhost", "", "240.0.0.1")
    assert [address for address in private if public(address)] == []
    assert _downloading.MAX_REDIRECTS == 5
