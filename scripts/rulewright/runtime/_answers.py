"""Parse API responses. Malformed responses never raise; they are returned as `Unreadable`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import parse_qs, unquote, urljoin, urlsplit

from attrs import field, frozen

from ._addresses import origin, split
from ._errors import AuthenticationError, BadRequest, NotFound, PaymentRequired, RateLimited, ServerError, StatusError
from ._exchange import Answer
from ._secrets import NOTHING, SHOWN_LENGTH, PrivateTexts, Redactor
from ._waiter import Place, TaskResult, Verdict, Waiter

# Fractions are not in the RFC, but servers send them and mean what they say.
_SECONDS: Final = re.compile(r"[0-9]{1,300}(?:\.[0-9]{1,300})?")
_DATE: Final = re.compile(r"[A-Z][a-z]{2,8},? .{10,40}")


def retry_after(headers: Mapping[str, str], wall: float) -> float | None:
    """Return how many seconds the server asks to wait, or None where it does not say so readably.

    Args:
        headers: The answer's headers, names in lower case.
        wall: Seconds since 1970, used for a date only where the answer bears no Date of its own: the
            server's clock against itself is right even when ours is not.
    """
    value = headers.get("retry-after", "").strip()
    if _SECONDS.fullmatch(value):
        return float(value)
    moment = _date(value)
    if moment is None:
        return None
    sent = _date(headers.get("date", "").strip())
    return max(0.0, moment - (wall if sent is None else sent))


def _date(value: str) -> float | None:
    if not _DATE.fullmatch(value):
        return None
    try:
        moment = parsedate_to_datetime(value)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def utc(wall: float) -> datetime:
    """Return `wall` as a date people can read."""
    return datetime.fromtimestamp(wall, UTC)


_TRACE_HEADERS: Final = ("x-trace-id", "x-request-id", "trace-id", "request-id", "x-correlation-id", "cf-ray")
_MAX_DEPTH: Final = 200
"""Levels of nesting read. Deeper JSON is an attack, and would break copying and pickling what holds it."""

_CONTENT_TYPES: Final = frozenset(
    {"no content type", "application/json", "application/problem+json", "text/html", "text/plain", "text/xml"}
)

STATUS: Final = "$statusCode"
_HEADER: Final = "$response.header."
_BASE64: Final = re.compile(r"[A-Za-z0-9+/_\-\s]+={0,2}\s*")

ABSENT: Final = object()
Path = tuple[str, ...]


@frozen
class Unreadable:
    """An answer that is not what its status promises.

    Attributes:
        reason: Why it cannot be read.
        is_error: It holds an error message instead.
    """

    reason: str
    is_error: bool = False


@frozen
class Reader:
    """What reading an answer takes besides the answer.

    Attributes:
        waiter: Where things stand, as data.
        redact: Takes secrets out of what is shown.
        private: Texts of the caller's request that no error repeats.
        url: The address of the request; an address in the answer may be relative to it.
        polled: The address of the poll, with `{id}` where the id stands and `{}` for what else is asked for.
    """

    waiter: Waiter
    redact: Redactor = field(repr=False)
    private: PrivateTexts = field(default=NOTHING, repr=False)
    url: str = field(default="", repr=False)
    polled: str = field(default="", repr=False)

    def show(self, text: str, *, limit: int = SHOWN_LENGTH) -> str:
        """Return a text of the server or the transport, fit to be printed."""
        return self.redact(text, limit=limit, private=self.private)

    def state(self, status: str) -> str:
        """Return a state fit to be printed: the waiter's own words are, whatever the request holds."""
        return status if status in self.waiter.acceptors else self.show(status, limit=100)

    def message(self, document: object) -> str | None:
        """Return the vendor's message in a document, if it has one where the waiter names reasons.

        Errors show nothing else of a body: what is no reason may be anything, the request among it.
        """
        places = (place for place in self.waiter.reasons if isinstance(place, tuple))
        found = next(filter(None, (text_of(at(document, place)) for place in places)), None)
        return None if found is None else self.show(found)

    def explain_missing(self, document: object, what: str) -> Unreadable:
        """Return why a document is not what it should be: its error message if it has one, or else `what`."""
        message = self.message(document)
        if message is None:
            return Unreadable(what)
        return Unreadable(f"{what}; its error message: {message}", is_error=True)

    def explain_cut(self, answer: Answer) -> Unreadable | None:
        """Return why a body is not whole, if it is not."""
        return None if answer.broken is None else Unreadable(self.show(answer.broken))

    def document(self, answer: Answer) -> Any | Unreadable:
        """Return the JSON an answer holds, or why it holds none."""
        return self.explain_cut(answer) or document_of(answer)

    def trace(self, answer: Answer, document: object) -> str | None:
        """Return the id to quote to the vendor's support, from the body or else the headers."""
        found = text_of(value_at(answer, document, self.waiter.trace))
        for name in _TRACE_HEADERS:
            found = found or answer.headers.get(name)
        return None if not found else self.show(found, limit=100)


def document_of(answer: Answer) -> Any | Unreadable:
    """Return the JSON an answer holds, or why it holds none."""
    if answer.broken is not None:
        return Unreadable(answer.broken)
    try:
        document = json.loads(answer.body)
    except RecursionError:
        return Unreadable("its JSON is nested too deeply")
    except ValueError:
        essence = answer.headers.get("content-type", "no content type").partition(";")[0].strip().lower()
        # No other: it may be a text that the server made up.
        kind = essence if essence in _CONTENT_TYPES else "another content type"
        return Unreadable(f"its body is not JSON ({kind}, {len(answer.body)} bytes)")
    return Unreadable("its JSON is nested too deeply") if _too_deep(document) else document


def may_hide_json(answer: Answer) -> bool:
    """Whether a body that is no JSON may have been some: cut, garbled, or JSON by its type or its beginning."""
    if answer.broken is not None or answer.body.lstrip()[:1] in (b"{", b"["):
        return True
    try:
        text = answer.body.decode()
    except UnicodeDecodeError:
        return True
    return bool(text.strip()) and "json" in answer.headers.get("content-type", "").lower()


def _too_deep(document: object) -> bool:
    level: list[object] = [document]
    for _ in range(_MAX_DEPTH):
        nested = [node.values() if isinstance(node, dict) else node for node in level if isinstance(node, dict | list)]
        level = [child for children in nested for child in children]
        if not level:
            return False
    return True


def at(document: object, path: Path | None) -> Any:
    """Return the value at `path`, or ABSENT."""
    if path is None:
        return ABSENT
    for name in path:
        if not isinstance(document, Mapping) or name not in document:
            return ABSENT
        document = document[name]
    return document


def value_at(answer: Answer, document: object, place: Place | None) -> Any:
    """Return the value at a place of an answer, or ABSENT; a status is text, as headers are.

    Args:
        answer: The answer.
        document: The JSON it holds.
        place: Where to look.
    """
    if not isinstance(place, str):
        return at(document, place)
    return str(answer.status) if place == STATUS else answer.headers.get(place.removeprefix(_HEADER), ABSENT)


def shown_place(place: Place) -> str:
    """Return a place as messages name it."""
    return place if isinstance(place, str) else "/" + "/".join(place)


def text_of(value: object) -> str | None:
    """Return a text; a list of texts is joined; anything else counts as not given."""
    if isinstance(value, list) and value and all(isinstance(item, str) for item in value):
        return "; ".join(value)
    return value if isinstance(value, str) and value.strip() else None


def find_submitted_id(answer: Answer, document: object, reader: Reader) -> str | None:
    """Return the id a submit was answered with, if the value at its place can be one."""
    value = value_at(answer, document, reader.waiter.submitted)
    if reader.waiter.by_address:
        value = _id_in(value, reader) if isinstance(value, str) else None
    return id_of(value)


def _id_in(address: str, reader: Reader) -> str | None:
    """Return the id in the address of a poll; none where it leads to another server or to anything but the poll."""
    try:
        parts = split(urljoin(reader.url, address))
        if parts is None or parts.username is not None or origin(parts.geturl()) != origin(reader.polled):
            return None
        polled = urlsplit(reader.polled)
        kinds = {"{id}": "(.+)", "{}": "[^/]+"}
        pieces = re.split(r"(\{(?:id)?\})", polled.path)
        found = re.fullmatch("".join(kinds.get(each) or re.escape(each) for each in pieces), parts.path)
        values = [unquote(found[1])] if found and found.groups() else parse_qs(parts.query).get(polled.query, [])
    except ValueError:
        return None
    return values[0] if found and values else None


def id_of(value: object) -> str | None:
    """Return the id that a value is, if it can be one."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value) if abs(value) < 10**40 else None
    return value if isinstance(value, str) and usable_id(value) else None


def mentioned_ids(answer: Answer, path: Place) -> tuple[str, ...]:
    """Return the ids that a body holds under the name of a submit's id, wherever they stand.

    The body may be wrapped in another object, cut, or no JSON at all: an id in it was paid for all the same.
    """
    if isinstance(path, str):
        return ()
    letters = "[_-]?".join(map(re.escape, re.sub("[_-]", "", path[-1])))
    text = answer.body.decode(json.detect_encoding(answer.body), "replace")
    found = re.finditer(
        rf'"{letters}"\s*:\s*\[?\s*(?:("(?:[^"\\]|\\.)*")|([0-9]+)(?:\.0*)?\s*[,\]}}])', text, re.IGNORECASE
    )
    values = dict.fromkeys(_unquote(each[1]) if each[1] else each[2] for each in found)
    return tuple(value for value in values if usable_id(value))


def _unquote(text: str) -> str:
    try:
        return str(json.loads(text))
    except ValueError:
        return ""


def usable_id(value: str) -> bool:
    """Whether `value` can stand in a request and come back as the same id."""
    if not value.strip() or len(value) > 1000:
        return False
    # A lone surrogate has no UTF-8; "." and ".." would walk up a path they stand in.
    return value not in {".", ".."} and not any(0xD800 <= ord(char) <= 0xDFFF for char in value)


def task_result(task_id: str, answer: Answer, document: object, reader: Reader) -> TaskResult | Unreadable:
    """Return what an answer says about a task; only the state has to be there."""
    waiter = reader.waiter
    if isinstance(document, Unreadable) and waiter.state != STATUS:
        return document
    state = value_at(answer, document, waiter.state)
    if isinstance(state, int):
        # Some vendors number theirs, or only say whether a task is done.
        word = {True: "true", False: "false"}[state] if isinstance(state, bool) else str(state)
        state = word if word in waiter.acceptors else state
    if not isinstance(state, str) or not state:
        place = shown_place(waiter.state)
        found = "nothing" if state is ABSENT else type(state).__name__
        return reader.explain_missing(
            document, f"it holds {found} at {place}, where the state of the {waiter.name} should be"
        )
    code = value_at(answer, document, waiter.error_code)
    code = code if isinstance(code, int | float | str) and not isinstance(code, bool) else None
    message = text_of(value_at(answer, document, waiter.error_message))
    verdict: Verdict = waiter.acceptors.get(state, "unknown")
    if verdict == "success" and waiter.fails_by_error and (message or code):
        verdict = "failure"
    names_result = not waiter.result and any(isinstance(place, tuple) for place in waiter.outputs)
    if verdict == "success" and names_result and isinstance(document, Unreadable):
        return document
    return TaskResult(
        id=task_id,
        status=state,
        verdict=verdict,
        urls=output_urls(answer, document, reader),
        error_message=message,
        error_code=code,
        trace_id=reader.trace(answer, document),
        raw=None if isinstance(document, Unreadable) else document,
    )


def output_urls(answer: Answer, document: object, reader: Reader) -> tuple[str, ...]:
    """Return the URLs at the first of the places of results that holds any; a file in base64 as a `data:` URL."""
    places, inlined = reader.waiter.outputs, reader.waiter.inlined
    names = tuple(dict.fromkeys(place[-1] for place in places if isinstance(place, tuple) and place))
    for place in places:
        if isinstance(place, str):
            header = value_at(answer, document, place)
            values: Iterator[object] = iter([urljoin(reader.url, header)] if isinstance(header, str) else [])
        else:
            values = _along(document, place)
        texts = [text for value in values for text in _candidates(value, names)]
        found = tuple(filter(None, (_url(text, inlined) for text in texts)))
        if found:
            return found
    return ()


def _url(text: str, inlined: str) -> str | None:
    try:
        parts = urlsplit(text)
        is_web = parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        is_web = False
    if is_web or re.match("data:[^,]*;base64,", text):
        return text
    return f"data:{inlined};base64,{text}" if inlined and _BASE64.fullmatch(text) else None


def _along(document: object, path: Path) -> Iterator[object]:
    """Yield the values at a path; a list on the way stands for each of its items, unless the path names one of them."""
    if not path:
        yield document
    elif isinstance(document, Mapping):
        if path[0] in document:
            yield from _along(document[path[0]], path[1:])
    elif isinstance(document, list):
        if path[0].isdecimal():
            yield from (each for item in document[int(path[0]) :][:1] for each in _along(item, path[1:]))
        else:
            yield from (each for item in document for each in _along(item, path))


def _candidates(value: object, names: tuple[str, ...]) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            if isinstance(item, str):
                yield item
            elif isinstance(item, Mapping):
                yield from [item[name] for name in names if isinstance(item.get(name), str)][:1]


_BY_STATUS: Final[Mapping[int, type[StatusError]]] = {
    401: AuthenticationError,
    402: PaymentRequired,
    403: AuthenticationError,
    404: NotFound,
    410: NotFound,
}


def status_error(what: str, answer: Answer, reader: Reader, *, wait: float | None) -> StatusError:
    """Return the typed error for an answer whose status is 4xx or 5xx."""
    document = reader.document(answer)
    status = answer.status
    message = f"{what} was answered with HTTP {status}"
    reason, trace = reader.message(document), reader.trace(answer, document)
    if status == 429:
        if wait is not None:
            message += f", to be tried again in {wait:g} s at the earliest"
        return RateLimited(message, retry_after=wait, status=status, trace_id=trace, vendor_message=reason)
    kind = ServerError if status >= 500 else _BY_STATUS.get(status, BadRequest)
    return kind(message, status=status, trace_id=trace, vendor_message=reason)
