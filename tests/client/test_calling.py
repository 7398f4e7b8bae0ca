"""Call one operation directly: the request, its credentials, and the parsed response."""

from __future__ import annotations

import base64
import datetime as dt
import json
import re
from collections.abc import Callable
from importlib import resources
from io import BytesIO
from typing import Any
from urllib.parse import parse_qsl

import attrs
import httpx
import pytest
from mountsea_gemini import (
    Client,
    ConfigurationError,
)
from mountsea_gemini._exchange import Request
from mountsea_gemini._operation import Content, Credential, Input, Operation
from mountsea_gemini._request import as_json, request
from mountsea_gemini._secrets import WITHHELD
from mountsea_gemini.operations import GET_TASK_RESULT, OPERATIONS
from mountsea_gemini.raw.models import TaskResultDto

from tests.client.stage import Reader

TOKEN = "tok-en"  # noqa: S105  made up
BEARER = (Credential("header", "Authorization", "bearer"),)


FORM = Content("application/x-www-form-urlencoded")
JSON = Content("application/json")
PNG = Content("image/png")
PARTS = Content("multipart/form-data")


def operation(
    *contents: Content, credentials: tuple[Credential, ...] = BEARER, inputs: tuple[Input, ...] = ()
) -> Operation[..., Any]:
    """Return an operation with some media types and parameters."""
    return Operation(
        id="tell",
        method="post",
        path="/x",
        function="tell",
        request=lambda **_: {},
        read=Reader(lambda *, response, **_: response.text),
        module="",
        inputs=inputs,
        contents=contents,
        credentials=credentials,
    )


def parameter(place: str, name: str, **more: Any) -> Input:
    """Return a parameter."""
    return Input(name.lower().replace("-", "_"), name.lower().replace("-", "_"), place, name, required=False, **more)


def send(called: Operation[..., Any], answer: httpx.Response | None = None, **arguments: Any) -> httpx.Request:
    """Return the request that a call sends."""
    seen: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return answer or httpx.Response(200, text="fine")

    with Client(TOKEN, base_url="https://api.test", transport=httpx.MockTransport(handle)) as client:
        client.call(called, **arguments)
    return seen[0]


def test_a_call_is_typed_and_read_as_the_document_says() -> None:
    """The operation decides the arguments and the type of the result."""

    def handle(request: httpx.Request) -> httpx.Response:
        assert request.url.params["taskId"] == "t 1"
        return httpx.Response(200, json={"taskId": "t 1", "status": "ready", "createdAt": "2026-01-01T00:00:00Z"})

    with Client(TOKEN, transport=httpx.MockTransport(handle)) as client:
        result: TaskResultDto = client.call(GET_TASK_RESULT, task_id="t 1")
    assert (result.status, result.created_at) == ("ready", dt.datetime(2026, 1, 1, tzinfo=dt.UTC))


FIELDS = {"a": 1, "b": True, "c": ["x", "y"], "d": {"e": {"f": 2}}, "g": None}


@pytest.mark.parametrize(
    ("contents", "body", "content_type", "content"),
    [
        ((JSON,), {"a": [1, None]}, "application/json", b'{"a":[1,null]}'),
        ((Content("*/*"),), [dt.date(2026, 1, 2)], "application/json", b'["2026-01-02"]'),
        ((Content("application/merge-patch+json"),), "x", "application/merge-patch+json", b'"x"'),
        ((FORM,), FIELDS, FORM.type, b"a=1&b=true&c=x&c=y&d%5Be%5D%5Bf%5D=2"),
        ((Content(FORM.type, "", {"c": {"explode": False}, "d": {"contentType": "application/json"}}),), FIELDS,
         FORM.type, b"a=1&b=true&c=x%2Cy&d=%7B%22e%22%3A%7B%22f%22%3A2%7D%7D"),
        ((Content(FORM.type, "", {"c": {"style": "pipeDelimited", "explode": False}}),), {"c": ["x", "y"]}, FORM.type,
         b"c=x%7Cy"),
        ((Content("text/plain"),), "\u732b", "text/plain", "\u732b".encode()),
        ((JSON, PNG), b"\xff", "image/png", b"\xff"),
        ((PNG,), BytesIO(b"\xff"), "image/png", b"\xff"),
        ((JSON,), None, None, b""),
    ],
)  # fmt: skip
def test_each_kind_of_body_is_encoded_by_its_media_type(
    contents: tuple[Content, ...], body: Any, content_type: str | None, content: bytes
) -> None:
    """JSON, forms with lists and nested objects, text, bytes, and no body."""
    seen = send(operation(*contents), **({} if body is None else {"body": body}))
    assert seen.headers.get("content-type") == content_type
    assert seen.content == content


PLACES = (parameter("query", "q"), parameter("header", "X-Y"), parameter("cookie", "b"))


def test_a_request_is_put_together() -> None:
    """Method, URL, headers and body, before any transport changes them."""
    with Client(TOKEN, base_url="https://api.test/v1/") as client:
        called = operation(FORM, inputs=PLACES)
        found, value = request(client.settings, called, body={"a": 1}, x_y="z", b=2, q=True)
    assert (found.method, found.url, found.content) == ("POST", "https://api.test/v1/x?q=true", b"a=1")
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    assert found.headers == {"Accept": "application/json", "X-Y": "z", **kind, "Cookie": "b=2"}
    assert (found.credentials, value) == (BEARER, {"a": 1})


def test_nan_is_not_written_as_json() -> None:
    """Python would write NaN, which JSON does not have."""
    with pytest.raises(ValueError, match="Out of range float"):
        as_json({"a": float("nan")})


class Odd:
    """A body that cannot be serialised."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def to_dict(self) -> Any:
        """Fail."""
        raise self.error


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
def test_a_body_that_cannot_be_serialised_is_not_sent(error: Exception, words: str) -> None:
    """The error has the shortened reason, without the token."""
    with Client(TOKEN) as client, pytest.raises(ConfigurationError) as caught:
        client.call(operation(JSON), body=Odd(error))
    assert str(caught.value) == f"tell cannot be sent: {words}; nothing was sent"


@pytest.mark.parametrize(
    ("inputs", "arguments", "words"),
    [
        ((), {"x": 1}, "it takes no argument 'x'"),
        ((), {"body": 1}, "it takes no body"),
        ((attrs.evolve(parameter("query", "q"), required=True),), {}, "it needs q"),
        ((parameter("header", "h"),), {"h": "a\r\nb: c"}, "h holds characters that no header has"),
        ((parameter("header", "h"),), {"h": "caf\u00e9"}, "h holds characters that no header has"),
        ((parameter("query", "q"),), {"q": "\ud800"}, "a text holds half of a surrogate pair"),
        ((parameter("query", "q", style="pipeDelimited", explode=False),), {"q": ["a|b"]},
         "an item of q holds the sign that separates its items"),
    ],
)  # fmt: skip
def test_arguments_that_no_request_can_hold(inputs: tuple[Input, ...], arguments: Any, words: str) -> None:
    """The error names them; nothing is sent."""
    with Client(TOKEN) as client, pytest.raises(ConfigurationError, match=re.escape(words)):
        client.call(operation(inputs=inputs), **arguments)


@pytest.mark.parametrize("value", ["", ".", ".."])
def test_a_path_parameter_cannot_change_the_path(value: str) -> None:
    """`..` would lead to another operation."""
    called = attrs.evolve(operation(inputs=(parameter("path", "id"),)), path="/x/{id}")
    with Client(TOKEN) as client, pytest.raises(ConfigurationError, match="leads to another address"):
        client.call(called, id=value)


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
    """Servers that read nested forms expect an index; plain values are repeated without one."""
    with Client(TOKEN) as client:
        found, _ = request(client.settings, operation(FORM), body=value)
    assert parse_qsl(str((found.content or b"").decode())) == written


def test_files_are_sent_in_parts() -> None:
    """The announced boundary is the one used; objects are sent as JSON beside files."""
    body = {"file": ("a.png", BytesIO(b"png"), "image/png"), "n": [1, 2], "o": {"p": True}}
    seen = send(operation(PARTS), body=body)
    boundary = seen.headers["content-type"].partition("boundary=")[2]
    assert seen.headers["content-type"].startswith("multipart/form-data")
    assert seen.content.count(boundary.encode()) == 5
    assert b'filename="a.png"' in seen.content
    assert b'Content-Type: application/json\r\n\r\n{"p":true}' in seen.content


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
    """Header, query or cookie, beside what is there already; nowhere without a requirement."""
    inputs = (parameter("query", "a"), parameter("cookie", "b"))
    assert where(send(operation(credentials=(credential,), inputs=inputs), a=1, b=2))
    alone = send(operation(credentials=(credential,)))
    assert str(alone.url) in {"https://api.test/x", f"https://api.test/x?key={TOKEN}"}
    assert alone.headers.get("cookie") in {None, f"sid={TOKEN}"}
    bare = send(operation(credentials=(), inputs=inputs), a=1, b=2)
    assert TOKEN not in f"{bare.url} {bare.headers!r}"


def test_a_user_and_a_password_may_be_one_token() -> None:
    """HTTP Basic joins them with a colon."""
    credential = Credential("header", "Authorization", "basic")
    with Client("me:word", base_url="https://api.test") as client:
        _, added = client.settings.authority.add_credentials(
            Request("GET", "https://api.test/", credentials=(credential,))
        )
    assert added == {"Authorization": "Basic " + base64.b64encode(b"me:word").decode()}


def test_arguments_must_be_keywords() -> None:
    """A positional argument is refused before anything is sent."""
    with Client(TOKEN) as client, pytest.raises(ConfigurationError, match="have names"):
        client.call(GET_TASK_RESULT, "t")  # type: ignore[call-arg]


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=list(OPERATIONS))
def test_operations_match_the_effective_document(operation: Operation[..., Any]) -> None:
    """Method and path lead to the operationId."""
    text = resources.files("mountsea_gemini").joinpath("openapi.effective.json").read_text(encoding="utf-8")
    assert json.loads(text)["paths"][operation.path][operation.method]["operationId"] == operation.id
