"""Read bodies: pieces, encodings, and limits on the decompressed size."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib

import pytest
from mountsea_gemini._exchange import Collector

TEXT = b'{"taskId": "t"}'
ZIPPED = gzip.compress(TEXT, mtime=0)


def collect(*pieces: bytes, encoding: str | None = None, limit: int = 100) -> tuple[bytes, str | None]:
    """Return the body that pieces add up to, and why it is not whole."""
    body = Collector(200, {} if encoding is None else {"content-encoding": encoding}, limit)
    for piece in pieces:
        if not body.feed(piece):
            break
    answer = body.answer()
    assert (answer.status, answer.headers) == (200, body.headers)
    return answer.body, answer.broken


def test_an_answer_is_inflated_no_further_than_its_limit() -> None:
    """300 kB of gzip can be 300 MB; what exceeds the limit is never in memory."""
    bomb = gzip.compress(bytes(50 * 2**20))
    body = Collector(200, {"content-encoding": "gzip"}, limit=2**20)
    tracemalloc.start()
    try:
        assert body.feed(bomb) is False
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 5 * 2**20
    assert body.answer().broken == f"its body is larger than {2**20} bytes"


@pytest.mark.parametrize("encoding", ["br", "zstd", "compress", "gzip, br", "x-unknown"])
def test_an_encoding_that_was_not_asked_for_is_named(encoding: str) -> None:
    """Such a body is never parsed as something else."""
    body = Collector(200, {"content-encoding": encoding}, limit=100)
    assert body.feed(b"{}") is False
    assert body.answer().broken == f"its body is encoded as {encoding!r}, which was not asked for"


@pytest.mark.parametrize(
    ("encoding", "sent"),
    [
        (None, TEXT),
        ("", TEXT),
        ("identity", TEXT),
        (" Identity ", TEXT),
        ("gzip", ZIPPED),
        ("x-gzip", ZIPPED),
        ("GZIP", ZIPPED),
        ("deflate", zlib.compress(TEXT)),
    ],
)
def test_a_body_is_decoded_however_it_is_split(encoding: str | None, sent: bytes) -> None:
    """Sent whole, in two pieces, and one byte at a time."""
    for pieces in ([sent], [sent[:7], sent[7:]], [bytes([byte]) for byte in sent]):
        assert collect(*pieces, encoding=encoding) == (TEXT, None)


@pytest.mark.parametrize("encoding", [None, "gzip"])
def test_a_limit_is_kept_to_the_byte(encoding: str | None) -> None:
    """The number of pieces does not matter; what was read is kept for the error."""
    sent = ZIPPED if encoding else TEXT
    pieces = [sent[:5], sent[5:12], sent[12:]]
    assert collect(*pieces, encoding=encoding, limit=len(TEXT)) == (TEXT, None)
    found, broken = collect(*pieces, encoding=encoding, limit=len(TEXT) - 1)
    assert (found, broken) == (TEXT, f"its body is larger than {len(TEXT) - 1} bytes")


def test_a_body_that_cannot_be_decompressed_has_a_reason() -> None:
    """What arrived is kept, because it may hold an id."""
    assert collect(b"plain", encoding="gzip") == (b"plain", "its body is not compressed the way it says")
    assert collect(b"plain", encoding="br") == (b"plain", "its body is encoded as 'br', which was not asked for")
    assert collect(ZIPPED[:-1], encoding="gzip") == (TEXT, "its compressed body is cut")


def test_the_first_reason_is_reported() -> None:
    """The transport's error counts only if the body was not known to be unusable before."""
    body = Collector(200, {"content-encoding": "gzip"}, limit=100)
    assert body.answer("the connection broke").broken == "the connection broke"
    body.feed(b"plain")
    assert body.answer("the connection broke").broken == "its body is not compressed the way it says"


def test_the_name_of_an_encoding_is_cut() -> None:
    """The server chooses it, so it may be long or hold control characters."""
    assert collect(b"", encoding="x" * 41)[1] == f"its body is encoded as {'x' * 40!r}, which was not asked for"
    assert "\u202e" not in str(collect(b"", encoding="\u202e")[1])
