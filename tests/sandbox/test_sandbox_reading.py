"""Parse bodies: JSON, forms and multipart, or the reason why not."""

from __future__ import annotations

import json
from typing import Any

import pytest
from rulewright.sandbox import Request
from rulewright.sandbox.exchange import error_answer
from rulewright.sandbox.inputs import MISSING
from rulewright.sandbox.inputs import read_body as read
from rulewright.sandbox.spec import Body

from tests.sandbox.asking import spec_of

JSON = "application/json"
PLAIN = "application/x-www-form-urlencoded"
PARTS = "multipart/form-data"
FIELDS: Any = {
    "size": {"type": "integer"},
    "price": {"anyOf": [{"type": "number"}, {"type": "null"}]},
    "gift": {"type": "boolean"},
    "note": {"type": ["string", "boolean"]},
    "tags": {"type": "array", "items": {"type": "integer"}},
    "rows": {"type": "array", "items": {"properties": {"n": {"type": "integer"}}}},
    "any": {"type": "array"},
    "place": {"allOf": [{"properties": {"row": {"type": "integer"}}}], "additionalProperties": {"type": "boolean"}},
}
SCHEMA: Any = {"$ref": "#/components/schemas/Form"}
DOCUMENT: Any = {"schemas": {"Form": {"properties": FIELDS, "additionalProperties": {"type": "number"}}}}
SPEC = spec_of(components=DOCUMENT)
BODY = Body(required=True, media={JSON: {}, PLAIN: SCHEMA, PARTS: SCHEMA, "image/png": {}, "a/b+json": {}})


def read_body(raw: bytes, content_type: str | None = JSON, *, limit: int = 10**6, **headers: str) -> Any:
    """Return the parsed body, or status and message of the refusal."""
    named = {"content-type": content_type, **{name.replace("_", "-"): value for name, value in headers.items()}}
    sent = [(name.encode(), value.encode("latin-1")) for name, value in named.items() if value is not None]
    value, refusal = read(Request("POST", "/", b"", sent, raw), BODY, limit, SPEC)
    if refusal is None:
        return value
    found = json.loads(refusal.body)
    assert refusal == error_answer(found["statusCode"], found["message"])
    assert value in {None, MISSING}
    return found["statusCode"], found["message"]


MEDIA = f"{JSON}, {PLAIN}, {PARTS}, image/png, a/b+json"


@pytest.mark.parametrize(
    ("raw", "content_type", "found"),
    [
        (b'{"a":1}', JSON, {"a": 1}),
        (b" \r\n\t[1] \n", "Application/JSON ; charset=UTF-8", [1]),
        (b"[1]", "a/b+json;x=y", [1]),
        (b"1 ", JSON, 1),
        (b'"\\ud83d\\ude00"', JSON, "\U0001f600"),
        (b'"\\\\ud83d"', JSON, "\\ud83d"),
        (b"anything", "image/png", MISSING),
        (b"", None, (400, f"a body is required ({MEDIA}), got none")),
        (b"1", None, (415, f"the content type must be {MEDIA}, got none")),
        (b"1", "x" * 101, (415, f"the content type must be {MEDIA}, got {'x' * 100}")),
        (b"1", f"{JSON}; charset=latin-1", (400, "the body must be UTF-8; another charset was announced")),
        (b"1", f"{JSON}; Charset=UTF-16", (400, "the body must be UTF-8; another charset was announced")),
        (b"1", f"{JSON}; version=utf-16", 1),
        (b'"\xff"', JSON, (400, "the body is not UTF-8: invalid start byte at byte 1")),
        (b'"\\ud83d"', JSON, (400, "the body holds half of a surrogate pair, which is no text")),
        (b"[" * 200_000, JSON, (400, "the body is nested too deeply")),
        (b"[1", JSON, (400, "the body is not JSON: Expecting ',' delimiter: line 1 column 3 (char 2)")),
        (b"1 2", JSON, (400, "the body is not JSON: Extra data: line 1 column 3 (char 2)")),
        (b"[NaN]", JSON, (400, "the body is not JSON: NaN is not a number in JSON")),
        (b"-Infinity", JSON, (400, "the body is not JSON: -Infinity is not a number in JSON")),
    ],
)
def test_a_body_is_read_or_refused(raw: bytes, content_type: str | None, found: Any) -> None:
    """JSON in UTF-8; another documented media type is not parsed."""
    assert read_body(raw, content_type) == found


def test_the_size_and_the_encoding_of_a_body() -> None:
    """Within the limit, and not compressed."""
    assert read_body(b"12", limit=2) == 12
    assert read_body(b"123", limit=2) == (413, "the body is larger than 2 bytes")
    assert read_body(b"1", content_encoding="identity") == 1
    assert read_body(b"1", content_encoding="gzip") == (415, "the body must be sent without a content-encoding")
    optional = Body(required=False, media=BODY.media)
    assert read(Request("POST", "/", b"", [], b""), optional, 9, SPEC) == (MISSING, None)


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (b"size=2&price=1.5&gift=True&note=true", {"size": 2, "price": 1.5, "gift": True, "note": "true"}),
        (b"size=2.5&gift=FALSE&note=False", {"size": 2.5, "gift": False, "note": "False"}),
        (b"size=x&gift=perhaps&price=true", {"size": "x", "gift": "perhaps", "price": "true"}),
        (b"size=&note=", {"size": "", "note": ""}),
        (b"size=1&size=2&note=a&note=b", {"size": ["1", "2"], "note": ["a", "b"]}),
        (b"tags=1", {"tags": [1]}),
        (b"tags=1&tags=2&tags[]=x", {"tags": [1, 2, "x"]}),
        (b"tags[]=1", {"tags": [1]}),
        (b"tags[10]=3&tags[9]=2&tags[0]=1", {"tags": [1, 2, 3]}),
        (b"tags[x]=1", {"tags": {"x": "1"}}),
        (b"tags[0]=1&tags[x]=1", {"tags": {"0": "1", "x": "1"}}),
        (b"tags[1234567890]=1", {"tags": {"1234567890": "1"}}),
        (b"tags[123456789]=1", {"tags": [1]}),
        (b"size[0]=1", {"size": {"0": "1"}}),
        (b"rows[0][n]=1&rows[0][m]=x&rows[1][n]=2", {"rows": [{"n": 1, "m": "x"}, {"n": 2}]}),
        (b"size[]=1", {"size": ["1"]}),
        (b"any=1&any=true", {"any": ["1", "true"]}),
        (b"place[row]=1&place[column]=true&place[x][y]=1", {"place": {"row": 1, "column": True, "x": {"y": "1"}}}),
        (b"place[row][]=1&place[row][]=2", {"place": {"row": ["1", "2"]}}),
        (b"place[row]=1&place=x", {"place": [{"row": "1"}, "x"]}),
        (b"other=1&x[y]=1", {"other": 1, "x": {"y": "1"}}),
        (b"a%5Bb%5D+c=1&[b]=2&d[=3&e]=4&=5", {"a[b] c": 1, "[b]": 2, "d[": 3, "e]": 4, "": 5}),
        (b"note=%C3%A9+%26", {"note": "é &"}),
    ],
)
def test_a_form_is_the_object_it_stands_for(raw: bytes, value: Any) -> None:
    """Values are converted by the schema at any depth; malformed names are plain names."""
    assert read_body(raw, PLAIN) == value
    assert read_body(raw, f"{PLAIN.upper()} ; charset=utf-8") == value


def part(head: str, content: bytes) -> bytes:
    """Return a part of a multipart body."""
    return b"--b\r\n" + head.encode() + b"\r\n\r\n" + content + b"\r\n"


NAMED = 'Content-Disposition: form-data; name="{}"'


@pytest.mark.parametrize(
    ("parts", "value"),
    [
        ([part(NAMED.format("size"), b"2"), part(NAMED.format("tags[]"), b"3")], {"size": 2, "tags": [3]}),
        ([part(NAMED.format("note"), "é\r\nb".encode())], {"note": "é\r\nb"}),
        (
            [part(NAMED.format("note") + "\r\nContent-Type: multipart/mixed; boundary=c", b"--c\r\n\r\nx\r\n--c--")],
            {"note": ""},
        ),
        ([part(NAMED.format("note"), b"\xff")], {"note": "\N{REPLACEMENT CHARACTER}"}),
        ([part(NAMED.format("note") + '; filename="x"', b"\xff\xe9")], {"note": "\xff\xe9"}),
        (
            [part(NAMED.format("place") + "\r\nContent-Type: application/json", b'{"row": "1", "x": 2}')],
            {"place": {"row": 1, "x": 2}},
        ),
        ([part(NAMED.format("tags") + "\r\nContent-Type: application/json", b"[1]")] * 2, {"tags": [1, 1]}),
    ],
)
def test_a_form_in_parts(parts: list[bytes], value: Any) -> None:
    """A part with a file name is bytes, one of JSON its value, any other text."""
    assert read_body(b"".join(parts) + b"--b--\r\n", f"{PARTS}; boundary=b") == value


@pytest.mark.parametrize(
    ("raw", "content_type", "reason"),
    [
        (b"a=x&a[b]=1", PLAIN, "the field 'a' is both a value and an object"),
        (b"x" * 70 + b"=x&" + b"x" * 70 + b"[b]=1", PLAIN, f"the field '{'x' * 60}' is both a value and an object"),
        (b"\xff", PLAIN, "'utf-8' codec can't decode byte 0xff in position 0: invalid start byte"),
        (b"--c", f"{PARTS}; boundary=b", "no part was found; is the boundary the announced one?"),
        (part("X-Y: z", b"1") + b"--b--", f"{PARTS}; boundary=b", "a part has no name"),
        (part(NAMED.format(""), b"1") + b"--b--", f"{PARTS}; boundary=b", "a part has no name"),
    ],
)
def test_a_malformed_form_is_an_error(raw: bytes, content_type: str, reason: str) -> None:
    """The message has the reason."""
    assert read_body(raw, content_type) == (400, f"the body is not a valid form: {reason}")
