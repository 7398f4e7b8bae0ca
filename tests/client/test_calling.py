"""One operation called directly: what is sent, who sees the token, and how an answer is read."""

from __future__ import annotations

import base64
import datetime as dt
import json
from collections.abc import Callable
from importlib import resources
from io import BytesIO
from typing import Any
from urllib.parse import parse_qsl

import attrs
import httpx
import pytest
from mountsea_gemini import (
    ApiError,
    AsyncClient,
    Client,
    ConfigurationError,
    ConnectionFailed,
    NotFound,
    OutcomeUnknown,
    ProtocolError,
)
from mountsea_gemini._exchange import Request
from mountsea_gemini._operation import Credential, Operation
from mountsea_gemini._request import as_json, request
from mountsea_gemini._secrets import WITHHELD
from mountsea_gemini.operations import GET_TASK_RESULT, OPERATIONS
from mountsea_gemini.raw.models import TaskResultDto

TOKEN = "tok-en"  # noqa: S105  made up
BEARER = (Credential("header", "Authorization", "bearer"),)


def operation(
    made: dict[str, Any], credentials: tuple[Credential, ...] = BEARER, joined: tuple[str, ...] = ()
) -> Operation[..., Any]:
    """Return an operation whose builder gives what a generated one would."""
    return Operation(
        id="tell",
        method="post",
        path="/x",
        function="tell",
        request=lambda **_: {"method": "post", "url": "/x", **made},
        read=lambda *, response, **_: response.text,
        module="",
        joined=joined,
        credentials=credentials,
    )


def sent(called: Operation[..., Any], answer: httpx.Response | None = None) -> httpx.Request:
    """Return the request of a call."""
    seen: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return answer or httpx.Response(200, text="fine")

    with Client(TOKEN, base_url="https://api.test", transport=httpx.MockTransport(handle)) as client:
        client.call(called)
    return seen[0]


def test_a_call_is_typed_and_read_as_the_document_says() -> None:
    """The operation decides the arguments and what comes back."""

    def handle(request: httpx.Request) -> httpx.Response:
        assert request.url.params["taskId"] == "t 1"
        return httpx.Response(200, json={"taskId": "t 1", "status": "ready", "createdAt": "2026-01-01T00:00:00Z"})

    with Client(TOKEN, transport=httpx.MockTransport(handle)) as client:
        result: TaskResultDto = client.call(GET_TASK_RESULT, task_id="t 1")
    assert (result.status, result.created_at) == ("ready", dt.datetime(2026, 1, 1, tzinfo=dt.UTC))


async def _called(handle: Callable[[httpx.Request], httpx.Response]) -> TaskResultDto:
    async with AsyncClient(TOKEN, transport=httpx.MockTransport(handle)) as client:
        return await client.call(GET_TASK_RESULT, task_id="t")


def test_the_same_on_asyncio() -> None:
    """One core serves both clients."""
    import asyncio

    answer = {"taskId": "t", "status": "ready"}
    assert asyncio.run(_called(lambda _: httpx.Response(200, json=answer))).task_id == "t"


@pytest.mark.parametrize(
    ("made", "content_type", "content"),
    [
        (
            {"json": {"a": [1, None]}, "headers": {"Content-Type": "application/json"}},
            "application/json",
            b'{"a":[1,null]}',
        ),
        (
            {"data": {"a": 1, "b": True, "c": ["x", "y"], "d": {"e": {"f": 2}}, "g": None}},
            "application/x-www-form-urlencoded",
            b"a=1&b=true&c=x&c=y&d%5Be%5D%5Bf%5D=2",
        ),
        ({"content": b"\xff", "headers": {"Content-Type": "image/png"}}, "image/png", b"\xff"),
        ({}, None, b""),
    ],
)
def test_each_kind_of_body_is_sent_as_its_type_is_written(
    made: dict[str, Any], content_type: str | None, content: bytes
) -> None:
    """JSON, a form with lists and nested objects, bytes, nothing."""
    seen = sent(operation(made))
    assert seen.headers.get("content-type") == content_type
    assert seen.content == content


def test_a_request_is_put_together() -> None:
    """Method, address, what is asked for and what is sent, before any transport has its way with them."""
    with Client(TOKEN, base_url="https://api.test/v1/") as client:
        made = {"data": {"a": 1}, "headers": {"X-Y": "z"}, "cookies": {"b": 2}, "params": {"q": True}}
        found, value = request(client.settings, operation(made))
    assert (found.method, found.url, found.content) == ("POST", "https://api.test/v1/x?q=true", b"a=1")
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    assert found.headers == {"Accept": "application/json", "X-Y": "z", **kind, "Cookie": "b=2"}
    assert (found.credentials, value) == (BEARER, {"a": 1})


def test_a_request_of_json_tells_what_it_was_made_of() -> None:
    """For whoever has to name it again; the names of its headers are written as everybody writes them."""
    with Client(TOKEN) as client:
        found, value = request(client.settings, operation({"json": {"a": "\u732b"}}))
        parts, _ = request(client.settings, operation({"files": [("n", (None, b"1", "text/plain"))]}))
    assert (found.content, value) == ('{"a":"\u732b"}'.encode(), {"a": "\u732b"})
    assert list(parts.headers) == ["Accept", "Content-Type"]


def test_what_is_no_json_is_not_written_as_such() -> None:
    """Python would write NaN, which no JSON holds."""
    with pytest.raises(ValueError, match="Out of range float"):
        as_json({"a": float("nan")})


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (TypeError("no date"), "no date"),
        (ValueError(f"not {TOKEN}"), WITHHELD),
        (AttributeError("x" * 201), "x" * 200 + "... (1 more characters)"),
        (RecursionError("too deep"), "too deep"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_what_cannot_be_put_into_a_request_is_not_sent(error: Exception, words: str) -> None:
    """The error says why, and no more than that."""

    def fail(**_: Any) -> Any:
        raise error

    with Client(TOKEN) as client, pytest.raises(ConfigurationError) as caught:
        client.call(attrs.evolve(operation({}), request=fail))
    assert str(caught.value) == f"tell cannot be sent: {words}; nothing was sent"


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ({"a": [{"id": "x", "n": [1, 2]}, {"id": None}]}, [("a[0][id]", "x"), ("a[0][n]", "1"), ("a[0][n]", "2")]),
        ({"a": ("x", {"b": {"c": False}})}, [("a[0]", "x"), ("a[1][b][c]", "false")]),
        ({"a": [[1], [2, 3]]}, [("a[0]", "1"), ("a[1]", "2"), ("a[1]", "3")]),
        ({"a": [], "b": None, "c": {}}, []),
    ],
)
def test_objects_in_the_lists_of_a_form_have_numbers(value: Any, written: list[tuple[str, str]]) -> None:
    """As servers that read nested forms expect it; a list of plain values is repeated without."""
    with Client(TOKEN) as client:
        found, _ = request(client.settings, operation({"data": value}))
    assert parse_qsl(str((found.content or b"").decode())) == written


def test_a_body_of_bytes_may_be_a_stream() -> None:
    """The generated builders give one for a file."""
    assert sent(operation({"content": BytesIO(b"\xff")})).content == b"\xff"
    with Client(TOKEN) as client:
        assert request(client.settings, operation({"content": BytesIO(b"\xff")}))[0].content == b"\xff"


def test_files_are_sent_in_parts() -> None:
    """The boundary announced is the one used."""
    seen = sent(
        operation({"files": [("file", ("a.png", BytesIO(b"png"), "image/png")), ("n", (None, b"1", "text/plain"))]})
    )
    boundary = seen.headers["content-type"].partition("boundary=")[2]
    assert seen.headers["content-type"].startswith("multipart/form-data")
    assert seen.content.count(boundary.encode()) == 3
    assert b'filename="a.png"' in seen.content


def test_parameters_are_written_as_the_document_says() -> None:
    """Lists are repeated, or joined where they shall be; booleans are JSON's; cookies are one header."""
    made = {"params": {"a": [1, 2], "b": [3, 4], "c": False}, "cookies": {"k": "v w", "l": 1}, "headers": {"X-Y": "z"}}
    seen = sent(operation(made, joined=("b",)))
    assert seen.url.query == b"a=1&a=2&b=3%2C4&c=false"
    assert (seen.headers["cookie"], seen.headers["x-y"]) == ("k=v%20w; l=1", "z")


@pytest.mark.parametrize(
    ("credential", "where"),
    [
        (Credential("header", "Authorization", "bearer"), lambda r: r.headers["authorization"] == f"Bearer {TOKEN}"),
        (Credential("header", "X-Key", ""), lambda r: r.headers["x-key"] == TOKEN),
        (Credential("query", "key", ""), lambda r: r.url.params.multi_items() == [("a", "1"), ("key", TOKEN)]),
        (Credential("cookie", "sid", ""), lambda r: r.headers["cookie"] == f"b=2; sid={TOKEN}"),
        (
            Credential("header", "Authorization", "basic"),
            lambda r: base64.b64decode(r.headers["authorization"][6:]) == f"{TOKEN}:".encode(),
        ),
    ],
    ids=lambda value: value.place if isinstance(value, Credential) else "",
)
def test_the_token_goes_where_the_document_wants_it(
    credential: Credential, where: Callable[[httpx.Request], bool]
) -> None:
    """Header, query or cookie, beside what is there already; without a requirement it goes nowhere."""
    made = {"params": {"a": 1}, "cookies": {"b": 2}}
    assert where(sent(operation(made, credentials=(credential,))))
    alone = sent(operation({}, credentials=(credential,)))
    assert str(alone.url) in {"https://api.test/x", f"https://api.test/x?key={TOKEN}"}
    assert alone.headers.get("cookie") in {None, f"sid={TOKEN}"}
    bare = sent(operation(made, credentials=()))
    assert TOKEN not in f"{bare.url} {bare.headers!r}"


def test_a_user_and_a_password_may_be_one_token() -> None:
    """With a colon between them, as HTTP Basic writes them."""
    credential = Credential("header", "Authorization", "basic")
    with Client("me:word", base_url="https://api.test") as client:
        _, added = client.settings.authority.carried(Request("GET", "https://api.test/", credentials=(credential,)))
    assert added == {"Authorization": "Basic " + base64.b64encode(b"me:word").decode()}


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (httpx.Response(404, json={"message": "no"}), NotFound, "tell was answered with HTTP 404"),
        (httpx.Response(302, headers={"location": "/y"}), OutcomeUnknown, "unknown: HTTP 302"),
        (httpx.Response(308, headers={"location": "/y"}), ProtocolError, "HTTP 308, a redirect to /y"),
    ],
)
def test_what_is_no_success_is_a_typed_error(answer: httpx.Response, kind: type[ApiError], words: str) -> None:
    """Errors have the operation's name and the status."""
    with pytest.raises(kind, match=words):
        sent(operation({}), answer)


def test_an_answer_that_does_not_fit_is_told() -> None:
    """A success whose body cannot be read is no success, and the error says why."""
    with (
        Client(TOKEN, transport=httpx.MockTransport(lambda _: httpx.Response(200, json=[]))) as client,
        pytest.raises(
            ProtocolError, match="getTaskResult was answered with HTTP 200, but its body is not what the doc"
        ),
    ):
        client.call(GET_TASK_RESULT, task_id="t")


def test_an_answer_that_never_came_says_whether_the_request_left() -> None:
    """A call is sent once; whoever repeats it knows what that may mean."""

    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    with (
        Client(TOKEN, transport=httpx.MockTransport(refuse)) as client,
        pytest.raises(ConnectionFailed, match="never sent"),
    ):
        client.call(GET_TASK_RESULT, task_id="t")


def test_arguments_have_names() -> None:
    """A positional argument is refused before anything is sent."""
    with Client(TOKEN) as client, pytest.raises(ConfigurationError, match="have names"):
        client.call(GET_TASK_RESULT, "t")  # type: ignore[call-arg]


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=list(OPERATIONS))
def test_an_operation_is_what_the_document_calls_so(operation: Operation[..., Any]) -> None:
    """Its method and its path lead to its id in the effective spec."""
    text = resources.files("mountsea_gemini").joinpath("openapi.effective.json").read_text(encoding="utf-8")
    assert json.loads(text)["paths"][operation.path][operation.method]["operationId"] == operation.id
