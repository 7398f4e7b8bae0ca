"""Read answers: closed going out, open coming in. Nothing a server sends makes these functions raise."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from attrs import field, frozen
from mountsea_gemini_api._waiter import Waiter

from ._errors import (
    AuthenticationError,
    BadRequest,
    NotFound,
    PaymentRequired,
    RateLimited,
    ServerError,
    StatusError,
)
from ._exchange import Answer
from ._result import TaskResult
from ._secrets import SHOWN_LENGTH, Redactor

_TRACE_HEADERS: Final = ("x-trace-id", "x-request-id", "trace-id", "request-id", "x-correlation-id", "cf-ray")
_MAX_DEPTH: Final = 200
"""Levels of nesting read. Deeper JSON is an attack, and would break copying and pickling what holds it."""

ABSENT: Final = object()
Path = tuple[str, ...]


@frozen
class Unreadable:
    """An answer that is not what its status promises.

    Attributes:
        reason: Why it cannot be read.
        said: It gives an error's words instead.
    """

    reason: str
    said: bool = False


@frozen
class Reader:
    """What reading an answer takes besides the answer.

    Attributes:
        waiter: Where things stand, as data.
        redact: Takes secrets out of what is shown.
        private: Strings of the caller's request that no error repeats.
    """

    waiter: Waiter
    redact: Redactor = field(repr=False)
    private: tuple[str, ...] = field(default=(), repr=False)

    def shown(self, answer: Answer) -> str:
        """Return the body fit to be printed."""
        # More than is shown, so that a token at the cut is still seen whole, but not a whole film.
        start = answer.body[: 20 * SHOWN_LENGTH]
        return self.redact(start.decode("utf-8", "replace").strip(), private=self.private)

    def missing(self, document: object, what: str) -> Unreadable:
        """Return why a document is not what it should be: the error's words it gives instead, or else `what`."""
        words = next(filter(None, (text_at(document, place) for place in self.waiter.reasons)), None)
        if words is None:
            return Unreadable(what)
        return Unreadable(f"{what}; it says instead: {self.redact(words, private=self.private)}", said=True)

    def trace(self, answer: Answer, document: object) -> str | None:
        """Return the id to quote to the vendor's support, from the body or else the headers."""
        found = text_at(document, self.waiter.trace)
        for name in _TRACE_HEADERS:
            found = found or answer.headers.get(name)
        return None if not found else self.redact(found, limit=100)


def document_of(answer: Answer) -> Any | Unreadable:
    """Return the JSON an answer holds, or why it holds none."""
    if answer.broken is not None:
        return Unreadable(answer.broken)
    try:
        document = json.loads(answer.body)
    except RecursionError:
        return Unreadable("its JSON is nested too deeply")
    except ValueError:
        kind = answer.headers.get("content-type", "no content type").partition(";")[0][:60]
        return Unreadable(f"its body is not JSON ({kind}, {len(answer.body)} bytes)")
    return Unreadable("its JSON is nested too deeply") if _too_deep(document) else document


def _too_deep(document: object) -> bool:
    level: list[object] = [document]
    for _ in range(_MAX_DEPTH):
        level = [child for node in level for child in _children(node)]
        if not level:
            return False
    return True


def _children(node: object) -> Iterator[object]:
    if isinstance(node, dict):
        yield from node.values()
    elif isinstance(node, list):
        yield from node


def at(document: object, path: Path | None) -> Any:
    """Return the value at `path`, or ABSENT."""
    if path is None:
        return ABSENT
    for name in path:
        if not isinstance(document, Mapping) or name not in document:
            return ABSENT
        document = document[name]
    return document


def text_at(document: object, path: Path | None) -> str | None:
    """Return the text at `path`; a list of texts is joined; anything else counts as not given."""
    value = at(document, path)
    if isinstance(value, list) and value and all(isinstance(item, str) for item in value):
        return "; ".join(value)
    return value if isinstance(value, str) and value.strip() else None


def submitted_id(document: object, path: Path) -> str | None:
    """Return the id a submit was answered with, if the value there can be one."""
    value = at(document, path)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value) if abs(value) < 10**40 else None
    return value if isinstance(value, str) and usable_id(value) else None


def usable_id(value: str) -> bool:
    """Whether `value` can stand in a request and come back as the same id."""
    if not value.strip() or len(value) > 1000:
        return False
    # A lone surrogate has no UTF-8; "." and ".." would walk up a path they stand in.
    return value not in {".", ".."} and not any(0xD800 <= ord(char) <= 0xDFFF for char in value)


def task_result(task_id: str, document: object, reader: Reader, trace_id: str | None) -> TaskResult | Unreadable:
    """Return what `document` says about a task; only the state has to be there."""
    waiter = reader.waiter
    state = at(document, waiter.state)
    if not isinstance(state, str) or not state:
        place = "/" + "/".join(waiter.state)
        found = "nothing" if state is ABSENT else type(state).__name__
        return reader.missing(document, f"it holds {found} at {place}, where the state of the {waiter.name} should be")
    code = at(document, waiter.error_code)
    return TaskResult(
        id=task_id,
        status=state,
        verdict=waiter.acceptors.get(state, "unknown"),
        urls=output_urls(document, waiter.outputs),
        error_message=text_at(document, waiter.error_message),
        error_code=code if isinstance(code, int | float | str) and not isinstance(code, bool) else None,
        trace_id=trace_id,
        raw=document,
    )


def output_urls(document: object, places: tuple[Path, ...]) -> tuple[str, ...]:
    """Return the URLs at the first of `places` that holds any."""
    names = tuple(dict.fromkeys(place[-1] for place in places if place))
    for place in places:
        found = tuple(url for url in _candidates(at(document, place), names) if _is_web_url(url))
        if found:
            return found
    return ()


def _candidates(value: object, names: tuple[str, ...]) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            if isinstance(item, str):
                yield item
            elif isinstance(item, Mapping):
                yield from [item[name] for name in names if isinstance(item.get(name), str)][:1]


def _is_web_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        return False


_BY_STATUS: Final[Mapping[int, type[StatusError]]] = {
    401: AuthenticationError,
    402: PaymentRequired,
    403: AuthenticationError,
    404: NotFound,
    410: NotFound,
}


def status_error(what: str, answer: Answer, reader: Reader, *, wait: float | None) -> StatusError:
    """Return the typed error for an answer whose status is 4xx or 5xx."""
    document = document_of(answer)
    status = answer.status
    message = f"{what} was answered with HTTP {status}"
    shown, trace = reader.shown(answer), reader.trace(answer, document)
    if status == 429:
        if wait is not None:
            message += f", to be tried again in {wait:g} s at the earliest"
        return RateLimited(message, retry_after=wait, status=status, trace_id=trace, body=shown)
    kind = ServerError if status >= 500 else _BY_STATUS.get(status, BadRequest)
    return kind(message, status=status, trace_id=trace, body=shown)
