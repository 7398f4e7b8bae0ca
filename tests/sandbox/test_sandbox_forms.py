"""Forms are read as the objects they stand for; HTTP Basic; answers that are not JSON; which path counts."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from rulewright.sandbox import Sandbox

FORM = {
    "type": "object",
    "required": ["size"],
    "properties": {
        "size": {"type": "integer", "minimum": 1},
        "gift": {"type": "boolean"},
        "tags": {"type": "array", "maxItems": 2, "items": {"type": "integer"}},
        "place": {"type": "object", "required": ["row"], "properties": {"row": {"type": "integer"}}},
        "note": {"type": "string"},
        "file": {"type": "string", "format": "binary"},
    },
}


def operation(status: str = "204", content: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """Return an operation with one answer."""
    return {"responses": {status: {"description": "", **({"content": content} if content else {})}}, **more}


SPEC = {
    "openapi": "3.0.3",
    "info": {"title": "Shop", "version": "1"},
    "servers": [{"url": "https://shop.test"}],
    "paths": {
        f"/{name}": {"post": operation(requestBody={"required": True, "content": {media: {"schema": FORM}}})}
        for name, media in (("plain", "application/x-www-form-urlencoded"), ("parts", "multipart/form-data"))
    }
    | {
        "/{box}/{thing}": {"get": operation("200")},
        "/{box}/new": {"get": operation("202")},
        "/picture": {"get": operation("200", {"image/png": {"schema": {"type": "string", "format": "binary"}}})},
        "/events": {"get": operation("200", {"text/event-stream": {"schema": {"type": "string"}}})},
        "/mine": {"get": operation(security=[{"basic": []}])},
    },
    "components": {"securitySchemes": {"basic": {"type": "http", "scheme": "basic"}}},
}


@pytest.fixture
def shop() -> httpx.Client:
    """Ask the shop in process."""
    return httpx.Client(transport=Sandbox(SPEC).transport(), base_url="https://shop.test")


@pytest.mark.parametrize(
    ("fields", "refusal"),
    [
        ("size=2&gift=true&tags=1&tags=2&note=3", None),
        ("size=2&place[row]=4&tags[]=1", None),
        ("note=x", "size"),
        ("size=0", "minimum"),
        ("size=many", "integer"),
        ("size=1&gift=perhaps", "boolean"),
        ("size=1&tags=1&tags=2&tags=3", "maxItems"),
        ("size=1&tags=x", "/tags/0"),
        ("size=1&place[row]=x", "/place/row"),
        ("size=1&place[column]=1", "row"),
        ("size=1&place=x&place[row]=1", "both a value and an object"),
    ],
)
def test_a_form_is_checked_as_the_object_it_stands_for(shop: httpx.Client, fields: str, refusal: str | None) -> None:
    """Numbers, booleans, lists and objects are read from their texts as the schema asks, and judged by it."""
    answer = shop.post("/plain", content=fields, headers={"content-type": "application/x-www-form-urlencoded"})
    assert answer.status_code == (400 if refusal else 204), answer.text
    assert (refusal or "") in answer.text


def test_a_form_in_parts_holds_files_and_json(shop: httpx.Client) -> None:
    """A part with a file name is a file, one of JSON is its value; the rest are texts."""
    parts: list[Any] = [
        ("size", (None, "2")),
        ("place", (None, '{"row": 1}', "application/json")),
        ("file", ("cat.png", b"\xff\x00")),
    ]
    assert shop.post("/parts", files=parts).status_code == 204
    assert "size" in shop.post("/parts", files=parts[1:]).text
    broken = shop.post("/parts", content=b"--x", headers={"content-type": "multipart/form-data; boundary=y"})
    assert (broken.status_code, "not a valid form" in broken.text) == (400, True)


def test_basic_credentials_hold_the_token_as_user_or_as_password(shop: httpx.Client) -> None:
    """Vendors put the key into either half; anything else is refused."""
    for good in (("sandbox", ""), ("me", "sandbox")):
        assert shop.get("/mine", auth=good).status_code == 204
    for bad in ({"authorization": "Basic !"}, {"authorization": "Bearer sandbox"}, {}):
        assert shop.get("/mine", headers=bad).status_code == 401
    assert shop.get("/mine", auth=("sand", "box")).status_code == 401


def test_the_path_that_is_written_out_counts_first(shop: httpx.Client) -> None:
    """OpenAPI 3, Paths Object: a concrete path is matched before a template."""
    assert shop.get("/a/b").status_code == 200
    assert shop.get("/a/new").status_code == 202


def test_answers_that_are_not_json_have_their_media_type(shop: httpx.Client) -> None:
    """Bytes for a picture, one event for a stream."""
    picture, events = shop.get("/picture"), shop.get("/events")
    assert (picture.headers["content-type"], len(picture.content)) == ("image/png", 8)
    assert (events.headers["content-type"], events.text) == ("text/event-stream", "data: text\n\n")
