"""Prepare the request of an operation: check it, and write each parameter and body in the style of the document."""

from __future__ import annotations

import json
import sys
from collections.abc import Collection, Iterator, Mapping
from functools import cache
from types import FrameType
from typing import Any, Final, get_args
from urllib.parse import quote, urlencode

from ._answers import Reader
from ._api import MODELS, OPERATIONS, TASKS, WAITERS, validate_request
from ._calls import ATTEMPTS, Call
from ._errors import ConfigurationError, RequestRefused
from ._exchange import Request
from ._operation import Content, Credential, Input, Operation
from ._secrets import PrivateTexts, printable
from ._settings import Settings, check_waivers
from ._values import is_given, to_json
from ._violation import RuleViolation
from ._waiter import Waiter

FORM: Final = "application/x-www-form-urlencoded"
PARTS: Final = "multipart/form-data"
_DELIMITERS: Final = {"spaceDelimited": "%20", "pipeDelimited": "%7C"}
_RESERVED: Final = ":/?#[]@!$&'()*+,;="
_STEPS: Final = frozenset({"", ".", ".."})
"""What a path cannot hold as a segment: it would name another resource."""
_MISTAKES: Final = (ValueError, TypeError, RecursionError, AttributeError, LookupError)


_USUAL_REASONS: Final = (("message",), ("error", "message"), ("detail",), ("error",), ("title",))
"""Where most servers give an error message (RFC 9457 among them), where no waiter of a document names a place."""

NO_WAITER: Final = Waiter(
    name="",
    operation="",
    argument="",
    submitted=(),
    state=(),
    acceptors={},
    first=0.0,
    factor=1.0,
    max=0.0,
    deadline=0.0,
    not_found_grace=0.0,
    outputs=(),
    error_message=None,
    error_code=None,
    trace=None,
    reasons=tuple(dict.fromkeys(place for waiter in WAITERS.values() for place in waiter.reasons)) or _USUAL_REASONS,
)
"""A waiter without places: the answer is the result, and only errors are read by it, where all operations have them."""

# This package, also where it was copied under another parent.
_OURS = __name__.rpartition(".")[0] + "."


def prepare(
    settings: Settings,
    operation: Operation[..., Any],
    arguments: Mapping[str, Any],
    *,
    waive: Collection[str] = (),
    strict: bool | None = None,
    attempts: int = ATTEMPTS,
) -> Call:
    """Check a request against the rules, and return it ready to be sent.

    Raises:
        RequestRefused: It breaks a rule.
        ConfigurationError: It cannot be built.
    """
    strict = settings.strict if strict is None else strict
    check(operation, arguments, settings.waive | check_waivers(waive), strict=strict)
    sent, value = request(settings, operation, **arguments)
    waiter = TASKS.get(operation.id) or WAITERS.get(operation.poll or operation.id, NO_WAITER)
    polled = ""
    if waiter.by_address:
        # The address of the poll with signs for what it asks for; see `Reader.polled`.
        poll = OPERATIONS[operation.poll or operation.id]
        path = poll.path
        for each in poll.inputs:
            path = path.replace(f"{{{each.name}}}", "{id}" if each.argument == waiter.argument else "{}")
        queried = [each.name for each in poll.inputs if each.place == "query" and each.argument == waiter.argument]
        polled = "?".join([base_of(settings, poll) + path, *queried])
    reader = Reader(waiter, settings.redact, private_texts(arguments, value), sent.url, polled)
    return Call(sent, reader, operation, settings.timeout, attempts)


def arguments_of(
    operation: Operation[..., Any], given: Mapping[str, Any], extra: Mapping[str, Any] | None
) -> dict[str, Any]:
    """Return the arguments of an operation's generated function for those of its method.

    Raises:
        ConfigurationError: No body can be made of them.
    """
    try:
        return operation.arguments_of(given, extra)
    except (TypeError, ValueError, AttributeError, RecursionError) as error:
        why = printable(str(error))[:200]
        raise ConfigurationError(f"{operation.id} cannot be sent: {why}; nothing was sent") from None


def check(
    operation: Operation[..., Any], arguments: Mapping[str, Any], waive: Collection[str], *, strict: bool
) -> None:
    """Refuse a request that breaks a rule, by its parameters or by its body.

    Raises:
        RequestRefused: With everything it breaks.
    """
    refusal: RequestRefused | None = None
    frame = sys._getframe()  # noqa: SLF001  (the one way below Python 3.12)
    try:
        validate_request(operation, arguments, waive=waive, strict=strict, stacklevel=_caller(frame))
    except RuleViolation as found:
        refusal = RequestRefused(found)
    # Outside, so that the same violations are not printed twice as a cause.
    if refusal is not None:
        raise refusal


def _caller(frame: FrameType) -> int:
    """Return the stack level, seen from what `frame` calls, of the first frame outside both packages."""
    level = 2
    while frame.f_back is not None and f"{frame.f_globals.get('__name__')}.".startswith(_OURS):
        frame, level = frame.f_back, level + 1
    return level


def private_texts(arguments: Mapping[str, Any], value: Any) -> PrivateTexts:
    """Return the texts of a request that errors must not repeat: all but the words that the document lists itself.

    Args:
        arguments: The operation's arguments.
        value: What the body was made from, if it is JSON or a form.
    """
    listed = _listed_words()
    given = arguments if value is None else {**arguments, "body": value}
    return PrivateTexts(text for text in _texts(given) if text not in listed)


@cache
def _listed_words() -> frozenset[str]:
    """Return the words that the document lists as values; a message may name them, as callers did not make them up."""
    return frozenset(word for each in vars(MODELS).values() for word in _words(each))


def _words(kind: Any) -> Iterator[str]:
    for each in get_args(kind):
        if isinstance(each, str):
            yield each
        else:
            yield from _words(each)


def _texts(value: Any) -> Iterator[str]:
    """Yield the texts of a value, however deep they stand."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, bytes):
        yield value.decode("utf-8", "ignore")
    elif isinstance(value, Mapping):
        for child in value.values():
            yield from _texts(child)
    elif isinstance(value, list | tuple):
        for child in value:
            yield from _texts(child)
    elif hasattr(value, "to_dict"):
        yield from _texts(value.to_dict())


def request(settings: Settings, operation: Operation[..., Any], **arguments: Any) -> tuple[Request, Any]:
    """Return the HTTP request of an operation and the JSON value of its body.

    Raises:
        ConfigurationError: An argument cannot be put into a request.
    """
    try:
        url, headers = _address(settings, operation, arguments)
        value, kind, content = _content(operation, arguments.get("body"))
    except _MISTAKES as error:
        is_half = isinstance(error, UnicodeEncodeError)  # the one text that UTF-8 cannot hold
        why = "a text holds half of a surrogate pair" if is_half else settings.redact(str(error), limit=200)
        raise ConfigurationError(f"{operation.id} cannot be sent: {why}; nothing was sent") from None
    headers = {"Accept": operation.accept, **headers, **({"Content-Type": kind} if kind else {})}
    return Request(operation.method.upper(), url, headers, content, credentials(settings, operation)), value


def credentials(settings: Settings, operation: Operation[..., Any]) -> tuple[Credential, ...]:
    """Return the first alternative of an operation's credentials for which there are tokens.

    Raises:
        ConfigurationError: There is none.
    """
    alternatives = (operation.credentials, *operation.alternatives)
    for each in alternatives:
        if settings.authority.holds(each):
            return each
    wanted = " or ".join(
        "{" + ", ".join(f"{each.key!r}: ..." for each in alternative) + "}" for alternative in alternatives
    )
    raise ConfigurationError(f"{operation.id} needs credentials that the client was not given: token={wanted}")


def _address(
    settings: Settings, operation: Operation[..., Any], arguments: Mapping[str, Any]
) -> tuple[str, dict[str, str]]:
    """Return the URL of a request, and the headers that parameters are."""
    path, query, headers, cookies = operation.path, list[str](), dict[str, str](), list[str]()
    inputs = [each for each in operation.inputs if each.place != "body"]
    if unknown := set(arguments) - {each.argument for each in inputs} - {"body"}:
        raise TypeError(f"it takes no argument {min(unknown)!r}")
    for each in inputs:
        value = arguments.get(each.argument, each.fixed)
        if not is_given(value) or (value is None and not each.nullable):
            if each.required:
                raise TypeError(f"it needs {each.argument}")
            continue
        value = to_json(value)
        if each.place == "path":
            path = path.replace(f"{{{each.name}}}", _segment(each, value))
        elif each.place == "query":
            query += [f"{name}={text}" for name, text in _pairs(each, value)]
        elif each.place == "cookie":
            cookies += [f"{name}={text}" for name, text in _pairs(each, value)]
        else:
            headers[each.name] = _header(each, value)
    if cookies:
        headers["Cookie"] = "; ".join(cookies)
    mark = "&" if "?" in path else "?"  # some documents distinguish operations of one path by a query
    return base_of(settings, operation) + path + (mark + "&".join(query) if query else ""), headers


def base_of(settings: Settings, operation: Operation[..., Any]) -> str:
    """Return the address before the path of an operation."""
    return settings.base_url if settings.is_own_base or not operation.server else operation.server


def _pairs(given: Input, value: Any) -> Iterator[tuple[str, str]]:
    """Yield names and values, encoded, of a parameter of a query or of a cookie."""
    name, style = quote(given.name, safe="[]"), given.style or "form"
    in_cookie = given.place == "cookie"
    exploded = style == "form" if given.explode is None else given.explode
    if given.content:
        yield name, quote(as_json(value).decode(), safe="")
    elif style == "deepObject" and isinstance(value, Mapping):
        yield from _deep(name, value, given)
    elif not isinstance(value, list | Mapping):
        yield name, _encode(value, given)
    elif exploded and isinstance(value, Mapping):
        for key, child in value.items():
            inner = quote(str(key), safe="")
            yield from _deep(inner, child, given) if isinstance(child, Mapping) else [(inner, _encode(child, given))]
    elif exploded and not in_cookie:
        yield from ((name, _encode(item, given)) for item in value)
    else:
        yield name, _join(given, value, _DELIMITERS.get(style, ","))


def _deep(name: str, value: Mapping[str, Any], given: Input) -> Iterator[tuple[str, str]]:
    for key, child in value.items():
        inner = f"{name}[{quote(str(key), safe='')}]"
        if isinstance(child, Mapping):
            yield from _deep(inner, child, given)
        else:
            yield from ((inner, _encode(item, given)) for item in (child if isinstance(child, list) else [child]))


def _join(given: Input, value: Any, delimiter: str, equals: str = "") -> str:
    """Return a list or an object in one text; with `equals`, each member as a pair of its own."""
    if isinstance(value, Mapping):
        pairs = [(quote(str(key), safe=""), _encode(child, given)) for key, child in value.items()]
        texts = [f"{key}{equals or delimiter}{child}" for key, child in pairs]
    else:
        texts = [_encode(item, given) for item in value]
    if delimiter != "," and any(delimiter in text for text in texts if not isinstance(value, Mapping)):
        raise ValueError(f"an item of {given.argument} holds the sign that separates its items")
    return delimiter.join(texts)


def _segment(given: Input, value: Any) -> str:
    """Return a part of a path."""
    style, exploded = given.style or "simple", given.explode is True
    if given.content:
        return quote(as_json(value).decode(), safe="")
    is_one = not isinstance(value, list | Mapping)
    pair = "=" if exploded else ""
    if style == "label":
        text = "." + (_encode(value, given) if is_one else _join(given, value, "." if exploded else ",", pair))
    elif style == "matrix" and exploded and not is_one:
        names = value.items() if isinstance(value, Mapping) else [(given.name, item) for item in value]
        text = "".join(f";{quote(str(name), safe='')}={_encode(item, given)}" for name, item in names)
    elif style == "matrix":
        text = f";{quote(given.name, safe='')}=" + (_encode(value, given) if is_one else _join(given, value, ","))
    elif given.segments and is_one:
        text = "/".join(quote(each, safe="") for each in _text(value).split("/"))
    else:
        text = _encode(value, given) if is_one else _join(given, value, ",", pair)
    text = text.replace("?", "%3F").replace("#", "%23")
    if not _STEPS.isdisjoint(text.split("/")):
        raise ValueError(f"{given.argument} must not be {text!r}, which leads to another address")
    return text


def _header(given: Input, value: Any) -> str:
    if given.content:
        text = as_json(value, ascii_only=True).decode()
    elif isinstance(value, Mapping):
        pairs = [(str(key), _text(child)) for key, child in value.items()]
        text = ",".join(f"{key}={child}" if given.explode else f"{key},{child}" for key, child in pairs)
    else:
        text = ",".join(map(_text, value)) if isinstance(value, list) else _text(value)
    if not (text.isascii() and text.isprintable()):
        raise ValueError(f"{given.argument} holds characters that no header has")
    return text


def _encode(value: Any, given: Input) -> str:
    return quote(_text(value), safe=_RESERVED if given.reserved else "")


def _text(value: Any) -> str:
    """Return a value as the text that stands for it outside of JSON: booleans, numbers and null as in JSON."""
    return value if isinstance(value, str) else as_json(value).decode()


def _content(operation: Operation[..., Any], body: Any) -> tuple[Any, str, bytes | None]:
    """Return a body as JSON, if it can be such; its content type, and its bytes."""
    if not is_given(body) or (body is None and not operation.body_required):
        if operation.body_required:
            raise TypeError("it needs a body")
        return None, "", None
    content = operation.content(body)
    if content is None:
        raise TypeError("it takes no body")
    kind = content.type.partition(";")[0].strip().lower()
    if kind in {FORM, PARTS}:
        value = to_json(body)
        if not isinstance(value, Mapping):
            raise TypeError("a form is an object")
        fields = [field for name, child in value.items() for field in _fields(content, name, child)]
        if kind == FORM:
            return value, content.type, urlencode([(name, text) for name, text, _ in fields]).encode()
        from ._http_raw import in_parts

        kind, written = in_parts([(name, _part(each, media)) for name, each, media in fields])
        without_files = {name: child for name, child in value.items() if not isinstance(child, tuple)}
        return without_files, kind, written
    if content.is_json:
        value = to_json(body)
        return value, "application/json" if "*" in kind else content.type, as_json(value)
    if body is None:
        raise TypeError("it needs a body")
    if isinstance(body, str):
        return body, content.type, body.encode()
    payload = getattr(body, "payload", body)
    return None, content.type, payload if isinstance(payload, bytes) else bytes(payload.read())


def _fields(content: Content, name: str, value: Any) -> Iterator[tuple[str, Any, str]]:
    """Yield the fields of a form that one member of its object is, with the content type of each.

    Lists are repeated; what is nested is named `outer[inner]`, in a list `outer[0][inner]`, in a form of parts JSON.
    """
    encoding = content.encoding.get(name, {})
    media = str(encoding.get("contentType", "")).partition(",")[0].strip()
    style, explode = encoding.get("style"), encoding.get("explode")
    items = value if isinstance(value, list) else [value]
    is_plain = all(not isinstance(item, list | Mapping) for item in items)
    in_parts = content.type.startswith(PARTS)
    if value is None:
        return
    if "json" in media:
        yield name, as_json(value).decode(), media
    elif isinstance(value, list) and (explode is False or (style in _DELIMITERS and explode is not True)):
        sign = {"spaceDelimited": " ", "pipeDelimited": "|"}.get(style or "", ",")
        yield name, sign.join(map(_text, value)), ""
    elif is_plain:
        yield from ((name, item if isinstance(item, tuple) else _text(item), media) for item in items)
    elif in_parts:
        yield from ((name, as_json(item).decode(), media or "application/json") for item in items)
    else:
        yield from ((path, text, "") for path, text in _nest(name, value))


def _nest(name: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for inner, child in value.items():
            yield from _nest(f"{name}[{inner}]", child)
    elif isinstance(value, list):
        is_plain = all(not isinstance(item, list | Mapping) for item in value)
        for index, item in enumerate(value):
            yield from _nest(name if is_plain else f"{name}[{index}]", item)
    elif value is not None:
        yield name, _text(value)


def _part(value: Any, media: str) -> tuple[Any, ...]:
    """Return one part of a form: a file, or a text without a name."""
    if isinstance(value, tuple):
        name, payload, kind = value
        return name or "file", payload, kind or media or "application/octet-stream"
    return None, value.encode(), media or "text/plain"


def as_json(value: Any, *, ascii_only: bool = False) -> bytes:
    """Return `value` as the bytes that are sent: nothing added, nothing escaped that need not be."""
    return json.dumps(value, ensure_ascii=ascii_only, allow_nan=False, separators=(",", ":")).encode()
