"""One download, effect by effect: requests, timeouts, and messages word for word."""

from __future__ import annotations

import logging
import struct
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from mountsea_gemini import DownloadError
from mountsea_gemini._downloading import download_to
from mountsea_gemini._exchange import Core, Failed, Request
from mountsea_gemini._files import Partial
from mountsea_gemini._secrets import Redactor, Secret
from mountsea_gemini._settings import Policy

from tests.client.stage import START, Head, Piece, Stage

URL = "https://cdn.example/cat.mp4?sig=c0ffee"
SHOWN = "https://cdn.example/cat.mp4"
FILM = b"".join(struct.pack(">I4s", 8, name) for name in (b"ftyp", b"moov", b"mdat"))
LENGTH = {"content-length": "24"}
WAY_OUT = "\n  the task's result is not lost; download it again"
SWITCH = "\n  allow_private_downloads=True lets http and private addresses pass"
CUT = Failed(True, "the connection broke")


def whole(pieces: Iterable[Piece] = (FILM,), **headers: str) -> Head:
    """Return a response with the film."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Head(200, {**LENGTH, **named}, pieces)


def fetch(
    stage: Stage,
    folder: Path,
    url: str = URL,
    *,
    name: str = "cat.mp4",
    fresh: Iterable[str] = (),
    trusted: tuple[str, str, int] | None = None,
    private: bool = False,
    limit: int = 1000,
    idle: float = 30.0,
    total: float = 3600.0,
) -> Path:
    """Download, with the API naming fresh URLs in turn, and return the path."""
    left = iter(fresh)

    def renewed() -> Core[Request]:
        yield from ()
        return Request("GET", next(left))

    policy = Policy(trusted, private, limit, idle, total)
    redact = Redactor(Secret("sk-very-secret"))
    path: Path = stage.run(download_to(Request("GET", url), folder / name, policy, redact, renewed))
    assert [entry.name for entry in folder.iterdir()] == [name]
    return path


def download_error(stage: Stage, folder: Path, url: str = URL, **options: Any) -> str:
    """Download in vain, check that nothing is left, and return the message."""
    with pytest.raises(DownloadError) as caught:
        fetch(stage, folder, url, **options)
    assert list(folder.iterdir()) == []
    return str(caught.value)


def test_a_film_is_requested_read_and_renamed(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The connection is guarded, and the total time limits the patience of each read.

    Looking for what killed processes left, the check and the rename may take long; making the file does not.
    """
    stage = Stage([whole([FILM[:9], FILM[9:]])], takes=20.0)
    with caplog.at_level(logging.INFO):
        assert fetch(stage, tmp_path, total=75.0).read_bytes() == FILM
    assert stage.asked == [("GET", URL, 30.0, True)]
    assert stage.patience == [30.0, 30.0, 15.0]
    assert (stage.brief, stage.closed, stage.clock.slept) == ([False, True, False, False], 1, [])
    assert [record.getMessage() for record in caplog.records] == ["downloaded 24 bytes"]


def test_a_read_has_a_minimal_timeout(tmp_path: Path) -> None:
    """Some transports take zero as no timeout."""
    stage = Stage([whole([])], takes=20.0)
    message = f"cannot download {SHOWN} to cat.mp4: 0 bytes came, 24 were announced{WAY_OUT}"
    assert download_error(stage, tmp_path, total=20.0) == message
    assert stage.asked == [("GET", URL, 20.0, True)]
    assert stage.patience == [0.001]


def test_a_failure_is_retried_three_times(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Pauses grow, the log has each reason, and the error the last one."""
    stage = Stage([CUT, Head(503), Head(500), Head(599)])
    with caplog.at_level(logging.INFO):
        assert download_error(stage, tmp_path) == f"cannot download {SHOWN} to cat.mp4: HTTP 599{WAY_OUT}"
    assert (len(stage.asked), stage.closed, stage.clock.slept) == (4, 3, [1.0, 2.0, 4.0])
    assert [record.getMessage() for record in caplog.records] == [
        "download attempt 1 of 4 failed: the connection broke",
        "download attempt 2 of 4 failed: HTTP 503",
        "download attempt 3 of 4 failed: HTTP 500",
    ]


def test_the_fourth_attempt_may_succeed(tmp_path: Path) -> None:
    """Each starts from the beginning."""
    stage = Stage([CUT, Head(429), whole([FILM[:9], CUT]), whole()])
    assert fetch(stage, tmp_path).read_bytes() == FILM


@pytest.mark.parametrize(("total", "slept"), [(1.0, []), (1.5, [1.0]), (3.0, [1.0]), (3.5, [1.0, 2.0])])
def test_no_pause_outlasts_the_transfer(tmp_path: Path, total: float, slept: list[float]) -> None:
    """An attempt that could only start too late is not made."""
    stage = Stage([CUT])
    message = f"cannot download {SHOWN} to cat.mp4: the connection broke{WAY_OUT}"
    assert download_error(stage, tmp_path, total=total) == message
    assert stage.clock.slept == slept
    assert stage.clock.elapsed == START + sum(slept)


def test_an_expired_url_is_renewed_once_and_at_once(tmp_path: Path) -> None:
    """The renewal does not count as an attempt."""
    fresh = "https://cdn.example/fresh.mp4"
    stage = Stage([Head(403), CUT, CUT, CUT, whole()])
    assert fetch(stage, tmp_path, fresh=[fresh]).read_bytes() == FILM
    assert [asked[1] for asked in stage.asked] == [URL, *[fresh] * 4]


@pytest.mark.parametrize(
    ("named", "at"), [([URL], SHOWN), (["https://cdn.example/fresh", URL], "https://cdn.example/fresh")]
)
def test_a_url_that_stays_expired_is_an_error(tmp_path: Path, named: list[str], at: str) -> None:
    """The same URL is not tried again, and no second one is requested."""
    stage = Stage([Head(410)])
    gone = "HTTP 410; the URL seems to have expired\n  the API names no other URL; its files are kept for days only"
    assert download_error(stage, tmp_path, fresh=named) == f"cannot download {at} to cat.mp4: {gone}"
    assert len(stage.asked) == len(named)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("ftp://cdn.example/a.mp4", "it is not an http or https URL"),
        ("https://", "it is not an http or https URL"),
        ("https://user@cdn.example/a.mp4", "it holds a user name"),
        ("https://:word@cdn.example/a.mp4", "it holds a user name"),
        ("http://cdn.example/a.mp4", "it is not https"),
        ("https://10.0.0.1/a.mp4", "its address is not a public one"),
        ("https://cdn.example/" + "x" * 300, "it is the last"),
    ],
)
def test_a_forbidden_address_is_an_error(tmp_path: Path, url: str, why: str) -> None:
    """The message leaves out the user and is short; nothing is requested."""
    shown = url.replace("user@", "").replace(":word@", "")
    if len(shown) > 200:
        shown = f"{shown[:200]}... ({len(shown) - 200} more characters)"
    stage = Stage([Failed(False, "it is the last", refused=True)])
    assert download_error(stage, tmp_path, url) == f"refused to download {shown}: {why}{SWITCH}"
    assert len(stage.asked) == (why == "it is the last")


@pytest.mark.parametrize(
    ("url", "options", "guarded"),
    [
        ("http://127.0.0.1:9/a", {"trusted": ("http", "127.0.0.1", 9)}, False),
        ("https://cdn.example/a", {"trusted": ("http", "127.0.0.1", 9)}, True),
        ("https://cdn.example/a", {"private": True}, False),
        ("http://10.0.0.1/a", {"private": True}, False),
    ],
)
def test_a_connection_is_guarded_unless_the_caller_allows_private_addresses(
    tmp_path: Path, url: str, options: dict[str, Any], guarded: bool
) -> None:
    """A name may resolve to a private address, which shows when connecting."""
    stage = Stage([whole()])
    fetch(stage, tmp_path, url, **options)
    assert stage.asked == [("GET", url, 30.0, guarded)]


def test_redirects_are_followed_one_by_one(tmp_path: Path) -> None:
    """Each response is closed before the next request, and each URL is checked."""
    stage = Stage([Head(301, {"location": "b.mp4"}), Head(308, {"location": "//other.example/c.mp4"}), whole()])
    assert fetch(stage, tmp_path).read_bytes() == FILM
    places = [URL, "https://cdn.example/b.mp4", "https://other.example/c.mp4"]
    assert stage.asked == [("GET", place, 30.0, True) for place in places]
    assert stage.closed == 3


@pytest.mark.parametrize(
    ("headers", "words"),
    [
        ({}, f"refused to download {SHOWN}: it redirects to what is no URL{SWITCH}"),
        ({"location": ""}, f"refused to download {SHOWN}: it redirects to what is no URL{SWITCH}"),
        ({"location": "http://["}, f"refused to download {SHOWN}: it redirects to what is no URL{SWITCH}"),
        ({"location": "http://b.example/x"}, f"refused to download http://b.example/x: it is not https{SWITCH}"),
        ({"location": "mailto:a@b.example"},
         f"refused to download mailto:a@b.example: it is not an http or https URL{SWITCH}"),
        ({"location": URL}, f"cannot download {SHOWN}: more than 5 redirects"),
    ],
)  # fmt: skip
def test_an_unusable_redirect_is_final(tmp_path: Path, headers: dict[str, str], words: str) -> None:
    """A retry would lead to the same place."""
    stage = Stage([Head(302, headers)])
    assert download_error(stage, tmp_path) == words
    assert len(stage.asked) == stage.closed == (6 if "more" in words else 1)


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (418, "cannot download to cat.mp4: HTTP 418"),
        (503, f"cannot download {SHOWN} to cat.mp4: HTTP 503{WAY_OUT}"),
    ],
)
def test_the_error_has_the_status(tmp_path: Path, status: int, words: str) -> None:
    """Callers may decide by it."""
    with pytest.raises(DownloadError) as caught:
        fetch(Stage([Head(404), Head(status)]), tmp_path, fresh=["https://cdn.example/cat.mp4?sig=new"])
    assert (str(caught.value), caught.value.status) == (words, status)


AGAIN = f"cannot download {SHOWN} to {{name}}: {{why}}{WAY_OUT}"
PACKED = "cannot download to cat.mp4: the file comes compressed, although that was not asked for"
LARGE = "cannot download to cat.mp4: it is larger than 24 bytes\n  raise max_download_bytes, if that is right"
ENDLESS = "the server does not say how long it is, so nobody can tell whether it is whole"
JUNK = "it does not begin like an MP4 file (no ftyp box)"
BOX = struct.pack(">I4s", 9, b"free")


@pytest.mark.parametrize(
    ("headers", "pieces", "name", "words"),
    [
        ({"content-length": "25"}, [FILM], "cat.mp4", LARGE),
        ({"content-length": "24"}, [FILM, b"x"], "cat.mp4", LARGE),
        ({}, [FILM, b"x"], "cat.mp4", LARGE),
        ({"content-encoding": "gzip"}, [FILM], "cat.mp4", PACKED),
        ({"content-encoding": " BR"}, [FILM], "cat.mp4", PACKED),
        ({"content-length": "1"}, [b"xx"], "cat.bin", "2 bytes came, 1 were announced"),
        ({"content-length": "9"}, [b"xx", CUT], "cat.bin", "the connection broke, after 2 bytes"),
        ({"content-length": "0"}, [], "cat.bin", "it is empty"),
        ({"content-length": "1", "content-type": "Text/HTML ; charset=x"}, [b"x"], "cat.mp4",
         "a page came instead of a file (text/html)"),
        ({"content-type": "application/json"}, [b"x"], "cat.bin", "a page came instead of a file (application/json)"),
        ({"content-type": "text/xml"}, [b"x"], "cat.bin", "a page came instead of a file (text/xml)"),
        ({"content-type": "application/xml"}, [b"x"], "cat.bin", "a page came instead of a file (application/xml)"),
        ({"content-length": "1", "content-type": "Video/MP4;a"}, [b"x"], "cat.bin", JUNK),
        ({"content-length": "1"}, [b"x"], "cat.MP4", JUNK),
        ({}, [b"x"], "cat.bin", ENDLESS),
        ({"content-type": "image/png"}, [b"x"], "cat.mp4.bin", ENDLESS),
        ({"content-length": "1" * 20}, [b"x"], "cat.bin", ENDLESS),
        ({"content-length": "\u00b2"}, [b"x"], "cat.bin", ENDLESS),
        ({"content-length": "\u0661"}, [b"x"], "cat.bin", ENDLESS),
        ({"content-length": "1, 1"}, [b"x"], "cat.bin", ENDLESS),
        ({"content-length": ""}, [b"x"], "cat.bin", ENDLESS),
        ({}, [FILM[:8]], "cat.mp4", "it has no moov box, so it is cut"),
        ({"content-length": "23"}, [FILM[:23]], "cat.bin", "it ends inside a box header, so it is cut"),
        ({"transfer-encoding": "chunked"}, [FILM[:16], b"xx"], "cat.mp4", "it ends inside a box header, so it is cut"),
        ({"content-length": "24", "content-range": "bytes 0-23/99"}, [FILM], "cat.mp4",
         "a part came, although all was asked for (Content-Range: bytes 0-23/99)"),
        ({"content-length": "1", "content-range": "bytes 1-1/2"}, [b"x"], "cat.bin",
         "a part came, although all was asked for (Content-Range: bytes 1-1/2)"),
        ({"content-length": "1", "content-range": "bytes 0-0/*"}, [b"x"], "cat.bin",
         "a part came, although all was asked for (Content-Range: bytes 0-0/*)"),
        ({"content-length": "1", "content-range": "bytes */1"}, [b"x"], "cat.bin",
         "a part came, although all was asked for (Content-Range: bytes */1)"),
        ({"content-length": "1", "content-range": "a part"}, [b"x"], "cat.bin",
         "a part came, although all was asked for (Content-Range: a part)"),
        ({"content-length": "1", "content-range": ""}, [b"x"], "cat.bin",
         "a part came, although all was asked for (Content-Range: )"),
    ],
)  # fmt: skip
def test_an_incomplete_file_is_an_error(
    tmp_path: Path, headers: dict[str, str], pieces: list[Piece], name: str, words: str
) -> None:
    """The message names the first problem."""
    final = words in {LARGE, PACKED}
    stage = Stage([Head(200, headers, pieces)])
    message = words if final else AGAIN.format(name=name, why=words)
    assert download_error(stage, tmp_path, name=name, limit=24) == message
    assert len(stage.asked) == (1 if final else 4)


@pytest.mark.parametrize(
    ("headers", "pieces", "name"),
    [
        ({"content-length": " 24 ", "content-encoding": "Identity "}, [FILM], "cat.mp4"),
        ({"content-length": "24", "content-encoding": ""}, [FILM], "cat.mp4"),
        ({"content-length": "1"}, [b"x"], "cat.bin"),
        ({"transfer-encoding": "gzip, Chunked"}, [b"x"], "cat.bin"),
        ({"transfer-encoding": "chunked"}, [FILM[:20], FILM[20:]], "cat.mp4"),
        ({"content-length": "24"}, [FILM[:16], struct.pack(">I4s", 0, b"mdat")], "cat.mp4"),
        ({"content-length": "24", "content-range": "Bytes 0-23/24 "}, [FILM], "cat.mp4"),
        ({}, [FILM], "cat.mp4"),
        ({"content-type": "video/mp4"}, [FILM], "cat.bin"),
    ],
)
def test_a_complete_file_is_accepted(tmp_path: Path, headers: dict[str, str], pieces: list[bytes], name: str) -> None:
    """By length, last chunk or boxes; up to the limit itself."""
    stage = Stage([Head(200, headers, pieces)])
    assert fetch(stage, tmp_path, name=name, limit=24).read_bytes() == b"".join(pieces)


def test_a_transfer_that_takes_too_long_is_given_up(tmp_path: Path) -> None:
    """The total time is exact, however much has arrived."""
    pieces = [FILM[:9], FILM[9:]]
    assert fetch(Stage([whole(pieces)], takes=15.0), tmp_path, total=45.5).read_bytes() == FILM
    (tmp_path / "cat.mp4").unlink()
    message = AGAIN.format(name="cat.mp4", why="not done within 45.5 s, after 24 bytes")
    assert download_error(Stage([whole(pieces)], takes=15.5), tmp_path, total=46.5) == message.replace("45.5", "46.5")


@pytest.mark.parametrize("step", ["beside", "write", "commit"])
def test_a_disk_error_ends_the_download(tmp_path: Path, step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message is the system's, and nothing is left."""

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    if step != "write":
        monkeypatch.setattr(Partial, step, full)
    stage = Stage([whole()], full=0 if step == "write" else None)
    assert download_error(stage, tmp_path) == "cannot write cat.mp4: No space left on device"
    assert (len(stage.asked), stage.closed) == (1, 1)


def test_a_part_that_cannot_be_read_ends_the_download(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A film's boxes are checked before the rename."""

    def unread(*_: object) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(Partial, "file", property(unread))
    assert download_error(Stage([whole()]), tmp_path) == "cannot write cat.mp4: Input/output error"
