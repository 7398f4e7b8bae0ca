"""Spoil an answer the way a fault says."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote

from rulewright.sandbox._http import JSON_TYPE, LATIN, Request, Response, answer, error_answer, html_answer, json_text
from rulewright.sandbox._pointer import tokens_of
from rulewright.sandbox._script import Fault
from rulewright.sandbox._spec import Waiter

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
        return error_answer(429, message, (b"retry-after", (argument or "1").encode(LATIN, "replace")))
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
    match fault.kind:
        case "slow":
            response.delay += fault.seconds
        case "drip":
            response.drip = fault.seconds
        case "cut" | "reset" | "drop" as ending:
            response.ending = ending


def _elsewhere(request: Request, argument: str | None) -> bytes:
    if argument:
        return argument.encode(LATIN, "replace")
    name, colon, port = request.host.partition(":")
    other = "localhost" if name == "127.0.0.1" else "127.0.0.1" if name == "localhost" else f"elsewhere.{name}"
    query = b"?" + request.query if request.query else b""
    return f"{request.scheme}://{other}{colon}{port}{quote(request.path)}".encode(LATIN) + query


def _body_fault(fault: Fault, response: Response, waiter: Waiter | None) -> Response:
    """Change a JSON answer; one that is not JSON stays as it is."""
    if JSON_TYPE not in response.headers:
        return response
    value = json.loads(response.body)
    if isinstance(value, dict):
        _BODY[fault.kind](value, fault, waiter)
    others = [header for header in response.headers if header[0] not in {b"content-length", b"content-type"}]
    return answer(response.status, json_text(value).encode(), JSON_TYPE, *others)


def _unknown_state(value: dict[str, Any], fault: Fault, waiter: Waiter | None) -> None:
    if waiter is not None and (found := _holder(value, waiter.state)):
        parent, name = found
        parent[name] = fault.argument or UNKNOWN_STATE


def _extra_field(value: dict[str, Any], fault: Fault, waiter: Waiter | None) -> None:  # noqa: ARG001
    value[fault.argument or EXTRA_FIELD] = {"anything": [1, "two", None]}


def _member(value: dict[str, Any], fault: Fault, waiter: Waiter | None) -> None:  # noqa: ARG001
    """Leave a field out, or give it another value."""
    if found := _holder(value, str(fault.argument)):
        parent, name = found
        if fault.kind == "absent":
            parent.pop(name, None)
        elif fault.kind == "null":
            parent[name] = None
        else:
            parent[name] = [17] if isinstance(parent.get(name), int | float) else 17


_BODY: Final[Mapping[str, Callable[[dict[str, Any], Fault, Waiter | None], None]]] = {
    "unknown-status": _unknown_state,
    "extra-field": _extra_field,
    "absent": _member,
    "null": _member,
    "wrong": _member,
}


def _holder(value: dict[str, Any], pointer: str) -> tuple[dict[str, Any], str] | None:
    """Return the object that holds the member a pointer names, or would hold it, and the member's name."""
    *above, name = tokens_of(pointer)
    parent: Any = value
    for token in above:
        parent = parent.get(token) if isinstance(parent, dict) else None
    return (parent, name) if isinstance(parent, dict) else None
