"""Collect a body under a limit that counts what it inflates to: 0.3 MB of gzip can be 300 MB of memory."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import Any

from attrs import define, field

from ._exchange import Answer
from ._secrets import printable


@define(eq=False)
class Collector:
    """The body of one answer as it comes in.

    Attributes:
        status: The answer's status.
        headers: Its headers, names in lower case.
        limit: Bytes accepted, after decompression.
        broken: Why the body is not whole, once that is known.
    """

    status: int
    headers: Mapping[str, str]
    limit: int
    broken: str | None = None
    _parts: list[bytes] = field(factory=list)
    _size: int = 0
    _inflater: Any = None

    def __attrs_post_init__(self) -> None:
        encoding = self.headers.get("content-encoding", "").strip().lower()
        if encoding in {"gzip", "x-gzip", "deflate"}:
            self._inflater = zlib.decompressobj(wbits=47)  # 32 + 15: gzip or zlib, by its header
        elif encoding not in {"", "identity"}:
            self.broken = f"its body is encoded as {printable(encoding[:40])!r}, which was not asked for"

    def feed(self, chunk: bytes) -> bool:
        """Take a piece; False when no more is wanted."""
        if self.broken is None and self._inflater is not None:
            try:
                chunk = self._inflater.decompress(chunk, self.limit - self._size + 1)
            except zlib.error:
                self.broken = "its body is not compressed the way it says"
        # Also a piece that cannot be decoded: an id may be readable in it.
        self._parts.append(chunk)
        self._size += len(chunk)
        if self.broken is None and self._size > self.limit:
            self.broken = f"its body is larger than {self.limit} bytes"
        return self.broken is None

    def answer(self, broken: str | None = None) -> Answer:
        """Return the answer with what was collected.

        Args:
            broken: Why no more came, if the body did not end by itself.
        """
        broken = self.broken or broken
        if broken is None and self._inflater is not None and not self._inflater.eof:
            broken = "its compressed body is cut"
        return Answer(self.status, self.headers, b"".join(self._parts), broken)
