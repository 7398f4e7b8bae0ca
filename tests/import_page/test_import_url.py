"""Pages by URL, from a local server with scripted and malformed responses."""

from __future__ import annotations

import gzip
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from rulewright.errors import InputError
from rulewright.importing.page import Limits, fetch, origin_of

from tests.import_page.conftest import Run
from tests.import_page.serving import Answer, Vendor, drip, moved, raw, whole

QUICK = Limits(seconds=0.5, size=100_000)
PATIENT = Limits(seconds=20, size=100_000)


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    """A server that knows no page yet."""
    with Vendor() as server:
        yield server


@pytest.fixture
def send(pages: Path) -> bytes:
    """A page."""
    return (pages / "send.md").read_bytes()


def fetch_error(url: str, limits: Limits = PATIENT) -> str:
    """Return why a page cannot be fetched."""
    with pytest.raises(InputError) as error:
        fetch(url, limits)
    return str(error.value)


def test_a_page_by_url_is_the_page_by_file(run: Run, project: Path, pages: Path, vendor: Vendor, send: bytes) -> None:
    """What is written is the same, and nothing but the page was asked for: no compression, no credentials."""
    vendor.answers["/docs/send.md"] = whole(send)
    outcome = run(f"{vendor.url}/docs/send.md#openapi")
    assert (outcome.code, outcome.out) == (0, "openapi.yaml: written\n  POST /parcels  sendParcel\n")
    by_url = (project / "openapi.yaml").read_bytes()
    run(pages / "send.md")
    assert (project / "openapi.yaml").read_bytes() == by_url
    assert vendor.asked == ["/docs/send.md"]
    (request,) = vendor.requests
    assert "accept-encoding: identity\r\n" in request.lower()
    assert "authorization" not in request.lower()


def test_urls_files_and_folders_merge(run: Run, pages: Path, tmp_path: Path, vendor: Vendor, send: bytes) -> None:
    """The pages of a family may come from anywhere."""
    vendor.answers["/send.md"] = whole(send)
    folder = tmp_path / "more"
    folder.mkdir()
    (folder / "track.md").write_bytes((pages / "track.md").read_bytes())
    assert run(f"{vendor.url}/send.md", folder, pages / "cancel.md").out.splitlines() == [
        "openapi.yaml: written",
        "  POST /parcels  sendParcel",
        "  GET /parcels/{id}  getParcel",
        "  DELETE /parcels/{id}  cancelParcel",
    ]


@pytest.mark.parametrize(
    "headers", ["", "Content-Type: application/octet-stream\r\n", "Content-Type: text/html; charset=latin-1\r\n"]
)
def test_the_content_type_is_ignored(vendor: Vendor, send: bytes, headers: str) -> None:
    """A wrong content type or charset changes no byte."""
    vendor.answers["/a"] = whole(send, headers=headers)
    assert fetch(f"{vendor.url}/a") == send


def test_an_error_page_with_status_200_is_refused(run: Run, project: Path, vendor: Vendor) -> None:
    """HTML where Markdown was expected is named by its URL, and nothing is written."""
    vendor.answers["/a"] = whole(b"<!DOCTYPE html><title>Not found</title>", headers="Content-Type: text/markdown\r\n")
    outcome = run(f"{vendor.url}/a")
    assert outcome.code == 1
    assert f"{vendor.url}/a:1: is an HTML page" in outcome.err
    assert not (project / "openapi.yaml").exists()


def test_an_image_is_refused(run: Run, vendor: Vendor) -> None:
    """Bytes that are not UTF-8 are refused."""
    vendor.answers["/a"] = whole(b"\x89PNG\r\n\x1a\n\0\0", headers="Content-Type: image/png\r\n")
    assert "/a:1: is not UTF-8" in run(f"{vendor.url}/a").err


def chunked(*chunks: bytes, end: bytes = b"0\r\n\r\n") -> Answer:
    """Return an answer in chunks."""
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    return raw(head + b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks) + end)


def test_chunks_are_put_together(vendor: Vendor, send: bytes) -> None:
    """Chunks are joined, also where one ends inside a character."""
    vendor.answers["/a"] = chunked(*(send[index : index + 7] for index in range(0, len(send), 7)))
    assert fetch(f"{vendor.url}/a") == send


def test_an_answer_without_a_length_ends_with_its_connection(vendor: Vendor, send: bytes) -> None:
    """Such responses are those of HTTP/1.0."""
    vendor.answers["/a"] = raw(b"HTTP/1.0 200 OK\r\n\r\n" + send)
    assert fetch(f"{vendor.url}/a") == send


TRUNCATED: dict[str, Answer] = {
    "a body shorter than said": raw(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nopenapi: 3.0.0\n"),
    "chunks without the last": chunked(b"openapi: 3.0.0\n", end=b""),
    "half a chunk": chunked(end=b"ff\r\nopenapi"),
    "half a head": raw(b"HTTP/1.1 200 OK\r\nContent-Le"),
    "nothing": raw(b""),
    "not HTTP": raw(b"SSH-2.0-OpenSSH_9.6\r\n\r\n"),
    "a status that is none": raw(b"HTTP/1.1 2000 OK\r\n\r\n"),
    "two lengths": whole(b"abc", headers="Content-Length: 1\r\n"),
    "a chunk of no size": raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
}


@pytest.mark.parametrize("kind", TRUNCATED)
def test_a_truncated_response_is_refused(run: Run, project: Path, vendor: Vendor, kind: str) -> None:
    """The URL is named, and the existing document is kept."""
    (project / "openapi.yaml").write_bytes(b"before")
    vendor.answers["/a"] = TRUNCATED[kind]
    outcome = run(f"{vendor.url}/a")
    assert outcome.code == 1
    assert outcome.err.startswith(f"error: {vendor.url}/a: cannot be fetched: ")
    assert "Traceback" not in outcome.err
    assert (project / "openapi.yaml").read_bytes() == b"before"


def test_a_slow_drip_ends_in_time(vendor: Vendor) -> None:
    """The timeout covers the whole response."""
    for head in (b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n", b"HTTP/1.1 200 OK\r\nX: "):
        vendor.answers["/a"] = drip(head, b"x", vendor.stop)
        before = time.monotonic()
        assert fetch_error(f"{vendor.url}/a", QUICK) == f"{vendor.url}/a: did not answer in whole within 0.5 s"
        assert time.monotonic() - before < 5


def test_silence_ends_in_time(vendor: Vendor) -> None:
    """A server that sends nothing runs into the timeout."""
    vendor.answers["/a"] = drip(b"", b"", vendor.stop)
    assert "did not answer in whole within 0.5 s" in fetch_error(f"{vendor.url}/a", QUICK)


def test_redirects_share_the_time(vendor: Vendor) -> None:
    """The timeout covers all redirects together."""

    def slowly(to: str) -> Answer:
        def answer(connection: socket.socket) -> None:
            vendor.stop.wait(0.2)
            moved(to)(connection)

        return answer

    vendor.answers |= {f"/{number}": slowly(f"/{number + 1}") for number in range(5)}
    assert "did not answer in whole within 0.5 s" in fetch_error(f"{vendor.url}/0", QUICK)


def test_a_page_too_large_is_refused_without_reading_it(vendor: Vendor) -> None:
    """Neither an honest length nor an endless stream is read beyond the cap."""
    head = b"HTTP/1.1 200 OK\r\n\r\n"
    vendor.answers["/a"] = drip(head, b"x" * 50_000, vendor.stop)
    assert fetch_error(f"{vendor.url}/a") == f"{vendor.url}/a: is larger than 100000 bytes"
    vendor.answers["/b"] = whole(b"x" * 100_001)
    assert fetch_error(f"{vendor.url}/b") == f"{vendor.url}/b: is larger than 100000 bytes"
    vendor.answers["/c"] = whole(b"x" * 100_000)
    assert len(fetch(f"{vendor.url}/c", PATIENT)) == 100_000


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd", "gzip, gzip", "x\x1b[2J"])
def test_a_compressed_answer_is_refused_unopened(vendor: Vendor, coding: str) -> None:
    """Compression was not requested, and a small response must not become a large one."""
    bomb = gzip.compress(b"\0" * 10_000_000)
    assert len(bomb) < QUICK.size
    vendor.answers["/a"] = whole(bomb, headers=f"Content-Encoding: {coding}\r\n")
    said = fetch_error(f"{vendor.url}/a")
    assert "\x1b" not in said
    assert "answered compressed" in said or "cannot be fetched" in said


@pytest.mark.parametrize("status", ["204 No Content", "206 Partial Content", "401 No", "404 No", "500 No", "304 Same"])
def test_only_200_is_a_page(vendor: Vendor, status: str) -> None:
    """Bodies of other statuses are not read."""
    vendor.answers["/a"] = whole(b"" if status[0] in "23" else b"openapi: 3.0.0\n", status=status)
    assert fetch_error(f"{vendor.url}/a") == f"{vendor.url}/a: answered {status[:3]} instead of 200"


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 Other", "307 Same", "308 Same"])
def test_a_redirect_on_the_same_host_is_followed(vendor: Vendor, send: bytes, status: str) -> None:
    """The location may be a path or a URL."""
    vendor.answers |= {"/a": moved("/b", status), "/b": moved(f"{vendor.url}/c", status), "/c": whole(send)}
    assert fetch(f"{vendor.url}/a") == send
    assert vendor.asked == ["/a", "/b", "/c"]


def test_a_redirect_elsewhere_is_refused(vendor: Vendor, send: bytes) -> None:
    """Another host, port, scheme or user is named and not requested."""
    with Vendor({"/secret": whole(send)}) as other:
        port = vendor.url.rpartition(":")[2]
        for target in (
            f"{other.url}/secret",
            f"//{other.url.partition('//')[2]}/secret",
            f"http://localhost:{port}/a",
            f"http://127.1:{port}/a",
            f"http://user:pass@127.0.0.1:{port}/a",
            "https://docs.example/a",
            "http://169.254.169.254/latest/meta-data/",
            "file:///etc/passwd",
            "gopher://127.0.0.1/",
        ):
            vendor.answers["/a"] = moved(target)
            said = fetch_error(f"{vendor.url}/a")
            assert "which is another place; name it yourself if you trust it" in said
            assert "pass@" not in said
        assert other.asked == []


@pytest.mark.parametrize("target", ["http://[", "http://127.0.0.1:99999999/", "\x1b[2J", "http://\u202e/"])
def test_a_redirect_to_nowhere_is_refused(vendor: Vendor, target: str) -> None:
    """A malformed location is an error, printed escaped."""
    vendor.answers["/a"] = raw(f"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: {target}\r\n\r\n".encode())
    said = fetch_error(f"{vendor.url}/a")
    assert "\x1b" not in said
    assert "\u202e" not in said


def test_a_redirect_loop_ends(vendor: Vendor) -> None:
    """At most 5 redirects are followed."""
    vendor.answers["/a"] = moved("/a")
    assert fetch_error(f"{vendor.url}/a") == f"{vendor.url}/a: redirects more than 5 times"
    assert len(vendor.asked) == 6


def test_a_refused_connection_is_named() -> None:
    """The error names the URL."""
    with Vendor() as gone:
        url = gone.url
    assert f"{url}/a: cannot be fetched: " in fetch_error(f"{url}/a")


NO_URLS = {
    "http://": "it has no host",
    "https:///docs": "it has no host",
    "http://[::1": "is not a URL",
    "http://example:0/": "there is no port 0",
    "http://example:99999/": "port",
    "http://user@example/": "holds credentials",
    "https://user:hunter2@example/page.md": "holds credentials",
}


@pytest.mark.parametrize("url", NO_URLS)
def test_a_malformed_url_is_refused_before_any_request(run: Run, url: str) -> None:
    """A name or password in it would be recorded, so it is refused and not repeated."""
    outcome = run(url)
    assert outcome.code == 1
    assert NO_URLS[url] in outcome.err
    assert "hunter2" not in outcome.err


def test_a_fragment_is_not_part_of_the_origin() -> None:
    """Two links into one page are the same page."""
    assert origin_of("HTTPS://Docs.Example/a.md?x=1#here") == "https://docs.example/a.md?x=1"


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_a_page_cut_without_notice_is_refused(run: Run, vendor: Vendor, send: bytes, share: float) -> None:
    """Without a length, the parser of the page notices that it is cut off."""
    vendor.answers["/a"] = raw(b"HTTP/1.0 200 OK\r\n\r\n" + send[: int(len(send) * share)])
    outcome = run(f"{vendor.url}/a")
    assert outcome.code == 1
    assert outcome.err.startswith(f"error: {vendor.url}/a")
