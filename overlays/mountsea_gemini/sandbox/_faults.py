"""Spoil an answer the way a fault says."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any, Final
from urllib.parse import quote

from ._http import JSON_TYPE, Request, Response, answer, error_answer, html_answer, json_text
from ._pointer import tokens_of
from ._script import Fault
from ._spec import Waiter

_PROXY_PAGES: Final = frozenset({502, *range(520, 528)})
UNKNOWN_STATE: Final = "a-state-nobody-documented"
EXTRA_FIELD: Final = "x_sandbox_extra"


def refusal(faults: Sequence[Fault]) -> Response | None:
    """Return the error answer of the first fault that is a status, or None."""
    for fault in faults:
        if fault.kind.isdecimal():
            return _error(int(fault.kind), fault.argument)
    return None


def _error(status: int, argument: str | None) -> Response:
    if status in _PROXY_PAGES:
        return html_answer(status)
    message = "the sandbox was told to answer so"
    if status == 429:
        return error_answer(429, message, (b"retry-after", (argument or "1").encode("latin-1", "replace")))
    if status == 401:
        return error_answer(401, message, (b"www-authenticate", b"Bearer"))
    return error_answer(status, message)


def spoil(response: Response, faults: Sequence[Fault], request: Request, waiter: Waiter | None) -> Response:
    """Return the answer with all faults applied: to its fields, to its whole content, to its delivery."""
    for fault in faults:
        if fault.kind in _BODY:
            response = _body_fault(fault, response, waiter)
    for fault in faults:
        if fault.kind == "html":
            response = html_answer(response.status)
        elif fault.kind == "cut-json":
            response = answer(response.status, response.body[: len(response.body) // 2], JSON_TYPE)
        elif fault.kind == "redirect":
            response = answer(302, b"", (b"location", _elsewhere(request, fault.argument)))
    for fault in faults:
        _deliver(fault, response)
    return response


def _deliver(fault: Fault, response: Response) -> None:
    if fault.kind == "slow":
        response.delay += fault.seconds(1.0)
    elif fault.kind == "drip":
        response.drip = fault.seconds(0.05)
    elif fault.kind == "cut":
        response.ending = "cut"
    elif fault.kind == "reset":
        response.ending = "reset"
    elif fault.kind == "drop":
        response.ending = "drop"


def _elsewhere(request: Request, argument: str | None) -> bytes:
    if argument:
        return argument.encode("ascii", "replace")
    scheme, _, host = request.origin.partition("://")
    name, colon, port = host.partition(":")
    other = "localhost" if name == "127.0.0.1" else "127.0.0.1" if name == "localhost" else f"elsewhere.{name}"
    query = b"?" + request.query if request.query else b""
    return f"{scheme}://{other}{colon}{port}{quote(request.path)}".encode("ascii", "replace") + query


def _body_fault(fault: Fault, response: Response, waiter: Waiter | None) -> Response:
    """Change a JSON answer; one that is not JSON stays as it is."""
    if JSON_TYPE not in response.headers:
        return response
    value = json.loads(response.body)
    if isinstance(value, dict):
        _BODY[fault.kind](value, fault.argument, waiter)
    others = [header for header in response.headers if header[0] not in {b"content-length", b"content-type"}]
    return answer(response.status, json_text(value).encode(), JSON_TYPE, *others)


Change = Callable[[dict[str, Any], str | None, Waiter | None], None]


def _unknown_state(value: dict[str, Any], argument: str | None, waiter: Waiter | None) -> None:
    if waiter is not None:
        _at(value, waiter.state, lambda parent, key: parent.__setitem__(key, argument or UNKNOWN_STATE))


def _extra_field(value: dict[str, Any], argument: str | None, waiter: Waiter | None) -> None:  # noqa: ARG001
    value[argument or EXTRA_FIELD] = {"anything": [1, "two", None]}


def _absent(value: dict[str, Any], argument: str | None, waiter: Waiter | None) -> None:  # noqa: ARG001
    _at(value, argument or "", lambda parent, key: parent.pop(key, None))


def _null(value: dict[str, Any], argument: str | None, waiter: Waiter | None) -> None:  # noqa: ARG001
    _at(value, argument or "", lambda parent, key: parent.__setitem__(key, None))


def _wrong(value: dict[str, Any], argument: str | None, waiter: Waiter | None) -> None:  # noqa: ARG001
    def change(parent: dict[str, Any], key: str) -> None:
        parent[key] = [17] if isinstance(parent.get(key), int | float) else 17

    _at(value, argument or "", change)


_BODY: Final[dict[str, Change]] = {
    "unknown-status": _unknown_state,
    "extra-field": _extra_field,
    "absent": _absent,
    "null": _null,
    "wrong": _wrong,
}


def _at(value: dict[str, Any], pointer: str, change: Callable[[dict[str, Any], str], Any]) -> None:
    """Change the member a pointer names, if the object that would hold it is there."""
    tokens = tokens_of(pointer)
    parent: Any = value
    for token in tokens[:-1]:
        parent = parent.get(token) if isinstance(parent, dict) else None
    if tokens and isinstance(parent, dict):
        change(parent, tokens[-1])
