"""What was asked of the sandbox, without the credentials it was asked with."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import unquote_plus

from rulewright.sandbox._http import LATIN, Request

MAX_ENTRIES: Final = 1000
MAX_BYTES: Final = 4 * 1024 * 1024
_NEVER_SHOWN: Final = frozenset({b"cookie", b"proxy-authorization", b"authorization"})


@dataclass(slots=True)
class Recorded:
    """One request and the status it was answered with; credentials read `[accepted]` or `[refused]`."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes
    status: int

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON; a body that is not UTF-8 is shown with replacement characters."""
        return {
            "method": self.method,
            "path": self.path,
            "query": self.query,
            "headers": self.headers,
            "body": self.body.decode(errors="replace"),
            "status": self.status,
        }


class Journal:
    """The last requests, at most `MAX_ENTRIES` of them and `MAX_BYTES` of their bodies.

    Args:
        token: The accepted credential, which is never kept.
        names: Header and query names that carry credentials, in small letters.
    """

    def __init__(self, token: str, names: frozenset[str]) -> None:
        self._token = token.encode()
        self._names = _NEVER_SHOWN | {name.encode() for name in names}
        self._queries = names
        self._entries: deque[tuple[str, str, bytes, dict[bytes, bytes], bytes, int]] = deque()
        self._bytes = 0
        self.dropped = 0

    def add(self, request: Request, status: int) -> None:
        """Record one request."""
        entries, names = self._entries, self._names
        self._bytes += len(request.body)
        while entries and (len(entries) >= MAX_ENTRIES or self._bytes > MAX_BYTES):
            self._bytes -= len(entries.popleft()[4])
            self.dropped += 1
        headers = request.named.copy()
        for name in names:
            if name in headers:
                headers[name] = self._mark(headers[name])
        entries.append((request.method, request.path, request.query, headers, request.body, status))

    def _mark(self, value: bytes) -> bytes:
        bearer = value[:7].lower() == b"bearer "
        mark = b"[accepted]" if value[7 if bearer else 0 :] == self._token else b"[refused]"
        return value[:7] + mark if bearer else mark

    def entries(self) -> list[Recorded]:
        """Return what was recorded, oldest first."""
        return [
            Recorded(
                method,
                path,
                self._masked(query.decode(LATIN)),
                {name.decode(LATIN): value.decode(LATIN) for name, value in headers.items()},
                body,
                status,
            )
            for method, path, query, headers, body, status in self._entries
        ]

    def _masked(self, query: str) -> str:
        return "&".join(map(self._hidden, query.split("&")))

    def _hidden(self, part: str) -> str:
        name = part.partition("=")[0]
        return f"{name}=[hidden]" if unquote_plus(name).lower() in self._queries else part

    def clear(self) -> None:
        """Forget everything."""
        self._entries.clear()
        self._bytes = 0
        self.dropped = 0
